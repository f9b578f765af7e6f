// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads pass the only integer of an arena to each other. A thread frees
 * the integer when the other thread requests it, in most cases only after the
 * other thread sleeps. The thread continues only after the other thread has got
 * the integer. So vmem_free() must wake a waiter, and a lost wake-up stops both
 * threads.
 */
#include "torture.h"

/* A pair has one arena or two arenas of one source, with or without caches. */
#define KINDS	4

/**
 * struct pingpong - a pair of threads
 * @source: the source of the two arenas, NULL if there is only one arena
 * @vm: the arena in which each thread requests the integer
 * @slept: statistic "wait" of the arena in @vm before the thread's request
 * @requesting: a request of the thread is under way; written after @slept
 * @got: number of requests of the thread that were served
 * @holders: number of threads that hold the integer
 */
struct pingpong {
	vmem_t *source;
	vmem_t *vm[2];
	u64 slept[2];
	bool requesting[2];
	unsigned int got[2];
	atomic_t holders;
};

static struct pingpong pingpongs[KINDS];

static u64 sleep_count(vmem_t *vm)
{
	struct vmem_stats s;

	vmem_get_stats(vm, &s);
	return s.wait;
}

static void wait_for_request(struct tt_thread *t, struct pingpong *p,
			     unsigned int other)
{
	/* Pairs with smp_store_release() in step(). */
	while (!smp_load_acquire(&p->requesting[other]) && !tt_should_drain())
		tt_usleep(5);
	/* Once in four times, do not wait until the other thread sleeps. */
	if (!tt_random(&t->rnd, 4))
		return;
	while (sleep_count(p->vm[other]) == READ_ONCE(p->slept[other]) &&
	       !tt_should_drain())
		tt_usleep(5);
}

static void wait_for_success(struct pingpong *p, unsigned int other,
			     unsigned int got)
{
	while (READ_ONCE(p->requesting[other]) &&
	       READ_ONCE(p->got[other]) == got && !tt_should_drain())
		tt_usleep(5);
}

static void step(struct tt_thread *t)
{
	struct pingpong *p = &pingpongs[t->n / 2];
	unsigned int me = t->n % 2, got;
	vmem_t *vm = p->vm[me];
	struct tt_request_args w = {
		.arena = "tt-pingpong", .vm = vm, .size = 1,
	};
	struct tt_request *request;
	void *addr;

	tt_set_call(t, "pingpong: vmem_alloc", "tt-pingpong", 1, VM_SLEEP);
	WRITE_ONCE(p->slept[me], sleep_count(vm));
	/* Pairs with smp_load_acquire() in wait_for_request(). */
	smp_store_release(&p->requesting[me], true);
	request = tt_wait_begin(&w);
	addr = vmem_alloc(vm, 1, VM_SLEEP);
	tt_wait_end(request);
	if (addr != (void *)1 || atomic_inc_return(&p->holders) != 1)
		tt_violation("tt-pingpong/%u got %#lx, expected 1, which no thread holds",
			     t->n, (unsigned long)addr);
	WRITE_ONCE(p->got[me], p->got[me] + 1);
	WRITE_ONCE(p->requesting[me], false);
	tt_count(TT_PINGPONG);

	tt_set_call(t, "pingpong: holding", "tt-pingpong", 1, VM_SLEEP);
	wait_for_request(t, p, !me);
	got = READ_ONCE(p->got[!me]);
	atomic_dec(&p->holders);
	vmem_free(vm, addr, 1);
	tt_set_call(t, "pingpong: waiting", "tt-pingpong", 1, VM_SLEEP);
	wait_for_success(p, !me, got);
	tt_set_call(t, NULL, NULL, 0, 0);
}

const struct tt_job tt_pingpong_job = { .name = "pingpong", .step = step };

static int create(struct pingpong *p, unsigned int kind)
{
	const int id = VM_SLEEP | VMC_IDENTIFIER;
	size_t cached = kind / 2;
	vmem_t *vm;

	vm = vmem_create("tt-pingpong", (void *)1, 1, 1, NULL, NULL, NULL,
			 cached, id);
	p->vm[0] = vm;
	p->vm[1] = vm;
	if (!vm || !(kind % 2))
		return vm ? 0 : -ENOMEM;
	p->source = vm;
	p->vm[0] = vmem_create("tt-pingpong-0", NULL, 0, 1, vmem_alloc,
			       vmem_free, vm, cached, id);
	p->vm[1] = vmem_create("tt-pingpong-1", NULL, 0, 1, vmem_alloc,
			       vmem_free, vm, cached, id);
	return p->vm[0] && p->vm[1] ? 0 : -ENOMEM;
}

int tt_pingpong_init(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < KINDS; i++)
		err = err ?: create(&pingpongs[i], i);
	return err;
}

void tt_pingpong_exit(void)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		struct pingpong *p = &pingpongs[i];

		if (p->source) {
			vmem_destroy(p->vm[1]);
			vmem_destroy(p->vm[0]);
			p->vm[0] = p->source;
		}
		if (p->vm[0])
			tt_expect_unused("tt-pingpong", p->vm[0]);
		vmem_destroy(p->vm[0]);
		memset(p, 0, sizeof(*p));
	}
}
