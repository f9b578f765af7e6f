// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that trade: some on each CPU, some anywhere; and those that have nothing
 * and wait for it.
 */
#include "torture.h"

/* Operations in one arena before going to another. */
#define SPELL	1500

struct traffic {
	struct tt_trader trader;
	unsigned int left;
};

static int begin(struct tt_thread *t)
{
	struct traffic *data = t->data;

	tt_trader_init(&data->trader, t, TT_HELD);
	data->trader.waits = true;
	return 0;
}

static int begin_taking(struct tt_thread *t)
{
	struct traffic *data = t->data;

	tt_trader_init(&data->trader, t, 1);
	data->trader.waits = true;
	return 0;
}

static void step(struct tt_thread *t)
{
	struct traffic *data = t->data;
	struct tt_trader *trader = &data->trader;

	if (!data->left) {
		tt_put_all(trader);
		trader->arena = tt_arena(prandom_u32_state(&t->rnd));
		data->left = SPELL;
	}
	tt_trade(trader);
	if (!(--data->left % 64))
		tt_pause(50);
}

/* In the small arenas others take everything: there one has to wait. */
static void step_taking(struct tt_thread *t)
{
	struct traffic *data = t->data;
	struct tt_trader *trader = &data->trader;

	if (!data->left) {
		tt_put_all(trader);
		do
			trader->arena = tt_arena(prandom_u32_state(&t->rnd));
		while (!trader->arena->patient);
		data->left = 100;
	}
	tt_trade(trader);
	if (!(--data->left % 2))
		tt_pause(20);
}

/* What the arenas are may change at a calm moment: begin anew. */
static void ebb(struct tt_thread *t)
{
	struct traffic *data = t->data;

	tt_put_all(&data->trader);
	data->left = 0;
}

const struct tt_job tt_trading_job = {
	.name = "trade", .size = sizeof(struct traffic),
	.begin = begin, .step = step, .ebb = ebb,
};

const struct tt_job tt_taking_job = {
	.name = "take", .size = sizeof(struct traffic),
	.begin = begin_taking, .step = step_taking, .ebb = ebb,
};
