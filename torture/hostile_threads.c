// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of hostile clients: two trade in the arenas of each, and the keeper
 * allocates and frees the own spans of all middle arenas.
 */
#include "hostile.h"

#define SPELL		48

struct hostile {
	struct tt_trader trader;
	unsigned int left;
};

static int begin(struct tt_thread *t)
{
	struct hostile *h = t->data;

	/* One of the two has few segments, so that it often may wait. */
	tt_trader_init(&h->trader, t, t->n % 2 ? 24 : 3);
	h->trader.waits = true;
	return 0;
}

static void step(struct tt_thread *t)
{
	struct tt_client *c = &tt_clients[t->n / 2];
	struct hostile *h = t->data;

	if (!h->left) {
		tt_put_all(&h->trader);
		h->trader.arena = &c->arena[MIDDLE + tt_random(&t->rnd, 2)];
		h->left = SPELL;
	}
	tt_trade(&h->trader);
	if (!(--h->left % 16))
		tt_pause(500);
}

static void ebb(struct tt_thread *t)
{
	struct hostile *h = t->data;

	tt_put_all(&h->trader);
	h->left = 0;
}

const struct tt_job tt_hostile_job = {
	.name = "hostile", .size = sizeof(struct hostile), .begin = begin,
	.step = step, .ebb = ebb,
};

/**
 * struct keeper - allocates the own spans of the middle arenas and frees them
 * @held: what it has of each
 * @n: how many segments that are
 * @begun: whether it has done so since the last drain phase
 */
struct keeper {
	void *held[TT_CLIENTS][OWN_UNITS];
	unsigned int n[TT_CLIENTS];
	bool begun;
};

static void keep(struct keeper *k, unsigned int i)
{
	vmem_t *vm = tt_clients[i].arena[MIDDLE].vm;
	void *max = (void *)(OWN_BASE + OWN_UNITS * Q);
	void *addr;

	while (k->n[i] < OWN_UNITS) {
		addr = vmem_xalloc(vm, Q, 0, 0, 0, (void *)OWN_BASE, max,
				   VM_NOSLEEP);
		if (!addr)
			break;
		k->held[i][k->n[i]++] = addr;
	}
}

static void give(struct keeper *k, unsigned int i)
{
	while (k->n[i])
		vmem_xfree(tt_clients[i].arena[MIDDLE].vm,
			   k->held[i][--k->n[i]], Q);
}

static void step_keeper(struct tt_thread *t)
{
	struct keeper *k = t->data;
	unsigned int i;

	for (i = 0; i < TT_CLIENTS; i++) {
		/* What a client allocates in its functions needs room. */
		unsigned int often = tt_clients[i].conduct & BAD ? 2 : 6;

		if (!tt_takes_part(&tt_clients[i]))
			continue;
		tt_doing(t, "keeper", tt_clients[i].name[MIDDLE], 0, VM_NOSLEEP);
		if (!k->begun || tt_random(&t->rnd, often))
			keep(k, i);
		else
			give(k, i);
	}
	k->begun = true;
	tt_doing(t, NULL, NULL, 0, 0);
	tt_pause(50000);
}

static void ebb_keeper(struct tt_thread *t)
{
	struct keeper *k = t->data;
	unsigned int i;

	for (i = 0; i < TT_CLIENTS; i++)
		give(k, i);
	k->begun = false;
}

const struct tt_job tt_keeper_job = {
	.name = "keeper", .size = sizeof(struct keeper), .step = step_keeper,
	.ebb = ebb_keeper,
};
