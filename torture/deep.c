// SPDX-License-Identifier: GPL-2.0
/*
 * A tree twelve arenas deep, with quantum caches at every level, rule [45].
 *
 * Threads allocate and free at all levels. Now and then a thread requests all
 * space of the root. The other threads then free everything, and the request
 * must get the objects that the caches of twelve arenas hold on all CPUs.
 */
#include "torture.h"

#define DEPTH		12
#define UNITS		8192UL
#define USERS		2
#define OPS_PER_ARENA	200

static struct tt_map map;
static struct tt_arena arenas[DEPTH];

/*
 * True while a request for the whole root is under way. No lock: WRITE_ONCE()
 * and READ_ONCE().
 */
static bool whole_requested;

/* True for each thread that may hold segments: WRITE_ONCE(), READ_ONCE(). */
static bool busy[USERS];

struct deep {
	struct tt_user user;
	unsigned int left;
};

static int begin(struct tt_thread *t)
{
	struct deep *d = t->data;

	tt_user_init(&d->user, t, 32);
	d->user.waits = true;
	return 0;
}

static void drain(struct tt_thread *t)
{
	struct deep *d = t->data;

	tt_free_all(&d->user);
	d->left = 0;
	WRITE_ONCE(busy[t->n], false);
}

static void step(struct tt_thread *t)
{
	struct deep *d = t->data;

	if (READ_ONCE(whole_requested)) {
		drain(t);
		tt_usleep(1000);
		return;
	}
	WRITE_ONCE(busy[t->n], true);
	if (!d->left) {
		tt_free_all(&d->user);
		/* In half of all cases, choose the leaf. */
		d->user.arena = &arenas[tt_random(&t->rnd, 2) ? DEPTH - 1 :
					tt_random(&t->rnd, DEPTH)];
		d->left = OPS_PER_ARENA;
	}
	tt_alloc_or_free(&d->user);
	tt_count(TT_DEEP);
	if (!(--d->left % 8))
		tt_usleep(200);
}

const struct tt_job tt_deep_job = {
	.name = "deep", .size = sizeof(struct deep), .begin = begin,
	.step = step, .drain = drain,
};

static bool all_freed(void *unused)
{
	unsigned int i;

	for (i = 0; i < USERS; i++)
		if (READ_ONCE(busy[i]))
			return false;
	return true;
}

static void alloc_whole_root(struct tt_thread *t)
{
	struct tt_request_args w = {
		.arena = arenas[0].name, .vm = arenas[0].vm, .size = UNITS,
		.by_x = true, .is_free = all_freed,
	};
	struct tt_request *r;
	void *addr;

	tt_set_call(t, "whole: vmem_xalloc", w.arena, UNITS, VM_SLEEP);
	WRITE_ONCE(whole_requested, true);
	r = tt_wait_begin(&w);
	addr = vmem_xalloc(w.vm, UNITS, 0, 0, 0, NULL, NULL, VM_SLEEP);
	tt_wait_end(r);
	if (addr != (void *)1)
		tt_violation("%s: got %#lx for the whole root, expected 1",
			     w.arena, (unsigned long)addr);
	vmem_xfree(w.vm, addr, UNITS);
	WRITE_ONCE(whole_requested, false);
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_count(TT_WHOLE);
}

static void step_whole(struct tt_thread *t)
{
	tt_usleep(20000);
	if (!tt_random(&t->rnd, 16))
		alloc_whole_root(t);
}

const struct tt_job tt_whole_job = {
	.name = "whole", .step = step_whole, .quiesce = alloc_whole_root,
};

int tt_deep_create(void)
{
	static const char * const names[DEPTH] = {
		"tt-deep-1", "tt-deep-2", "tt-deep-3", "tt-deep-4", "tt-deep-5",
		"tt-deep-6", "tt-deep-7", "tt-deep-8", "tt-deep-9",
		"tt-deep-10", "tt-deep-11", "tt-deep-12",
	};
	unsigned int i;

	for (i = 0; i < DEPTH; i++) {
		struct tt_arena *a = &arenas[i];

		*a = (struct tt_arena) {
			.name = names[i], .map = &map, .quantum = 1,
			.max_quanta = 32, .may_wait = true,
		};
		a->vm = vmem_create(names[i], i ? NULL : (void *)1,
				    i ? 0 : UNITS, 1, i ? vmem_alloc : NULL,
				    i ? vmem_free : NULL,
				    i ? arenas[i - 1].vm : NULL, 1 + i % 4,
				    VM_SLEEP | VMC_IDENTIFIER);
		if (!a->vm) {
			tt_deep_destroy();
			return -ENOMEM;
		}
		tt_count(TT_ARENA);
	}
	return 0;
}

void tt_deep_destroy(void)
{
	unsigned int i = DEPTH;

	while (i--) {
		if (arenas[i].vm)
			vmem_destroy(arenas[i].vm);
		arenas[i].vm = NULL;
	}
}

/* Called when all threads have drained. */
void tt_deep_check(void)
{
	struct vmem_stats s;
	unsigned int i;
	int faults;

	for (i = 0; i < DEPTH; i++) {
		faults = vmem_verify(arenas[i].vm);
		if (faults)
			tt_violation("%s: vmem_verify() finds %d faults",
				     arenas[i].name, faults);
		vmem_get_stats(arenas[i].vm, &s);
		if (s.misuse)
			tt_violation("%s: vmem refused %llu calls, expected 0",
				     arenas[i].name, s.misuse);
	}
	tt_map_expect_empty(&map, "tt-deep");
}

int tt_deep_init(void)
{
	return tt_map_init(&map, 1, 0, UNITS);
}

void tt_deep_exit(void)
{
	tt_map_exit(&map);
}
