// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that allocate and free in the shared arenas. Some threads are bound
 * to a CPU, some are unbound. Further threads hold at most one segment each,
 * and often wait for it.
 */
#include "torture.h"

/* Operations in one arena before the thread chooses another. */
#define OPS_PER_ARENA	1500

struct traffic {
	struct tt_user user;
	unsigned int left;
};

static int begin(struct tt_thread *t)
{
	struct traffic *data = t->data;

	tt_user_init(&data->user, t, TT_HELD);
	data->user.waits = true;
	return 0;
}

static int begin_waiting(struct tt_thread *t)
{
	struct traffic *data = t->data;

	tt_user_init(&data->user, t, 1);
	data->user.waits = true;
	return 0;
}

static void step(struct tt_thread *t)
{
	struct traffic *data = t->data;
	struct tt_user *user = &data->user;

	if (!data->left) {
		tt_free_all(user);
		user->arena = tt_arena(prandom_u32_state(&t->rnd));
		data->left = OPS_PER_ARENA;
	}
	tt_alloc_or_free(user);
	if (!(--data->left % 64))
		tt_usleep(50);
}

/* Other threads exhaust the small arenas, so that requests there must wait. */
static void step_waiting(struct tt_thread *t)
{
	struct traffic *data = t->data;
	struct tt_user *user = &data->user;

	if (!data->left) {
		tt_free_all(user);
		do
			user->arena = tt_arena(prandom_u32_state(&t->rnd));
		while (!user->arena->may_wait);
		data->left = 100;
	}
	tt_alloc_or_free(user);
	if (!(--data->left % 2))
		tt_usleep(20);
}

/*
 * Free all allocations. The arenas may be recreated before the next RUN phase,
 * so make the next step choose an arena.
 */
static void drain(struct tt_thread *t)
{
	struct traffic *data = t->data;

	tt_free_all(&data->user);
	data->left = 0;
}

const struct tt_job tt_traffic_job = {
	.name = "traffic", .size = sizeof(struct traffic),
	.begin = begin, .step = step, .drain = drain,
};

const struct tt_job tt_waiting_job = {
	.name = "wait", .size = sizeof(struct traffic),
	.begin = begin_waiting, .step = step_waiting, .drain = drain,
};
