// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of hostile clients. Two threads for each client allocate and free in
 * the client's arenas. One thread allocates and frees the own spans of all
 * middle arenas.
 */
#include "hostile.h"

#define OPS_PER_ARENA		48

struct hostile {
	struct tt_user user;
	unsigned int left;
};

static int begin(struct tt_thread *t)
{
	struct hostile *h = t->data;

	/* One of each two threads holds few segments, to wait often. */
	tt_user_init(&h->user, t, t->n % 2 ? 24 : 3);
	h->user.waits = true;
	return 0;
}

static void step(struct tt_thread *t)
{
	struct tt_client *c = &tt_clients[t->n / 2];
	struct hostile *h = t->data;

	if (!h->left) {
		tt_free_all(&h->user);
		h->user.arena = &c->arena[MIDDLE + tt_random(&t->rnd, 2)];
		h->left = OPS_PER_ARENA;
	}
	tt_alloc_or_free(&h->user);
	if (!(--h->left % 16))
		tt_usleep(500);
}

static void drain(struct tt_thread *t)
{
	struct hostile *h = t->data;

	tt_free_all(&h->user);
	h->left = 0;
}

const struct tt_job tt_hostile_job = {
	.name = "hostile", .size = sizeof(struct hostile), .begin = begin,
	.step = step, .drain = drain,
};

/**
 * struct own_span - data of the thread that allocates and frees the own spans
 * @held: segments held in the own span of each middle arena
 * @n: number of segments held in the own span of each middle arena
 * @allocated_before: the thread has allocated since the last DRAIN phase
 */
struct own_span {
	void *held[TT_CLIENTS][OWN_UNITS];
	unsigned int n[TT_CLIENTS];
	bool allocated_before;
};

static void alloc_own_span(struct own_span *o, unsigned int i)
{
	vmem_t *vm = tt_clients[i].arena[MIDDLE].vm;
	void *max = (void *)(OWN_BASE + OWN_UNITS * Q);
	void *addr;

	while (o->n[i] < OWN_UNITS) {
		addr = vmem_xalloc(vm, Q, 0, 0, 0, (void *)OWN_BASE, max,
				   VM_NOSLEEP);
		if (!addr)
			break;
		o->held[i][o->n[i]++] = addr;
	}
}

static void free_own_span(struct own_span *o, unsigned int i)
{
	while (o->n[i])
		vmem_xfree(tt_clients[i].arena[MIDDLE].vm,
			   o->held[i][--o->n[i]], Q);
}

static void step_own_span(struct tt_thread *t)
{
	struct own_span *o = t->data;
	unsigned int i;

	for (i = 0; i < TT_CLIENTS; i++) {
		/* BAD clients call reenter(), which needs space: free often. */
		unsigned int often = tt_clients[i].behaviour & BAD ? 2 : 6;

		if (!tt_client_enabled(&tt_clients[i]))
			continue;
		tt_set_call(t, "own-span", tt_clients[i].name[MIDDLE], 0,
			    VM_NOSLEEP);
		if (!o->allocated_before || tt_random(&t->rnd, often))
			alloc_own_span(o, i);
		else
			free_own_span(o, i);
	}
	o->allocated_before = true;
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_usleep(50000);
}

static void drain_own_span(struct tt_thread *t)
{
	struct own_span *o = t->data;
	unsigned int i;

	for (i = 0; i < TT_CLIENTS; i++)
		free_own_span(o, i);
	o->allocated_before = false;
}

const struct tt_job tt_own_span_job = {
	.name = "own-span", .size = sizeof(struct own_span),
	.step = step_own_span, .drain = drain_own_span,
};
