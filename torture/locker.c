// SPDX-License-Identifier: GPL-2.0
/*
 * The locker waits for space in an arena while it holds the mutex that the
 * release functions of another tree take, rule [42].
 *
 * The filler frees that space without the mutex. So a deadlock is possible only
 * if vmem lets a waiter of one tree wait for a release function of another
 * tree.
 */
#include <linux/mutex.h>

#include "torture.h"

#define UNITS		64UL
#define MAX_SIZE		16

static vmem_t *pool_root, *pool;

static void step_locker(struct tt_thread *t)
{
	size_t size = 1 + tt_random(&t->rnd, MAX_SIZE);
	bool root = tt_random(&t->rnd, 2);
	struct tt_request_args w = {
		.arena = root ? "tt-pool-root" : "tt-pool",
		.vm = root ? pool_root : pool, .size = size,
	};
	struct mutex *lock = tt_hostile_mutex();
	struct tt_request *r;
	void *addr;

	tt_set_call(t, "locker: mutex_lock", w.arena, size, VM_SLEEP);
	mutex_lock(lock);
	tt_set_call(t, "locker: vmem_alloc", w.arena, size, VM_SLEEP);
	r = tt_wait_begin(&w);
	addr = vmem_alloc(w.vm, size, VM_SLEEP);
	tt_wait_end(r);
	tt_usleep(200);
	mutex_unlock(lock);
	tt_count(TT_LOCKED_WAIT);
	tt_set_call(t, "locker: free", w.arena, size, 0);
	vmem_free(w.vm, addr, size);
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_usleep(2000);
}

const struct tt_job tt_locker_job = { .name = "locker", .step = step_locker };

/* Allocate all free space, and free it some milliseconds later. */
static void step_filler(struct tt_thread *t)
{
	void *held[UNITS];
	unsigned int n;

	tt_set_call(t, "filler", "tt-pool", 1, VM_NOSLEEP);
	for (n = 0; n < UNITS; n++) {
		held[n] = vmem_alloc(pool, 1, VM_NOSLEEP);
		if (!held[n])
			break;
	}
	tt_usleep(2000 + tt_random(&t->rnd, 20000));
	while (n)
		vmem_free(pool, held[--n], 1);
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_usleep(1000);
}

const struct tt_job tt_filler_job = { .name = "filler", .step = step_filler };

int tt_locker_init(void)
{
	const int vmflag = VM_SLEEP | VMC_IDENTIFIER;

	pool_root = vmem_create("tt-pool-root", (void *)1, UNITS, 1, NULL, NULL,
				NULL, 0, vmflag);
	if (!pool_root)
		return -ENOMEM;
	pool = vmem_create("tt-pool", NULL, 0, 1, vmem_alloc, vmem_free,
			   pool_root, 2, vmflag);
	return pool ? 0 : -ENOMEM;
}

void tt_locker_exit(void)
{
	if (pool)
		vmem_destroy(pool);
	if (pool_root) {
		tt_expect_unused("tt-pool-root", pool_root);
		vmem_destroy(pool_root);
	}
	pool = NULL;
	pool_root = NULL;
}
