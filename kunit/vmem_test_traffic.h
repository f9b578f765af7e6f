/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random allocations and frees by several threads and interrupts at once. A
 * bitmap detects an integer with two owners.
 */
#ifndef VMEM_TEST_TRAFFIC_H
#define VMEM_TEST_TRAFFIC_H

#include "vmem_test_qcache.h"

/*
 * The arena has the integers 1 to VQ_INTEGERS. Each thread holds at most
 * VQ_HELD allocations.
 */
#define VQ_INTEGERS	6000
#define VQ_HELD		40

static DECLARE_BITMAP(vq_owned, VQ_INTEGERS + 1);

/*
 * vq_claim() sets and vq_disclaim() clears the bits of a range. Both return the
 * number of integers whose bit had the wrong value. vq_claim() returns 1 for a
 * range outside the arena.
 */
static inline unsigned int vq_claim(unsigned long at, size_t size)
{
	unsigned int bad = 0;

	if (!at || at + size > VQ_INTEGERS + 1)
		return 1;
	while (size--)
		bad += test_and_set_bit(at++, vq_owned);
	return bad;
}

static inline unsigned int vq_disclaim(unsigned long at, size_t size)
{
	unsigned int bad = 0;

	while (size--)
		bad += !test_and_clear_bit(at++, vq_owned);
	return bad;
}

/**
 * struct vq_churn - random allocations and frees by one thread or interrupt
 * @vm: the arena
 * @rnd: state of the random number generator
 * @held: the current allocations
 * @n: number of @held
 * @most: upper bound of @n
 * @sizes: upper bound of the requested sizes
 * @vmflag: flags of the requests
 * @errors: sum of the results of vq_claim() and vq_disclaim()
 */
struct vq_churn {
	vmem_t *vm;
	struct rnd_state rnd;
	struct vt_range held[VQ_HELD];
	unsigned int n;
	unsigned int most;
	unsigned int sizes;
	int vmflag;
	unsigned int errors;
};

static inline void vq_churn_init(struct vq_churn *t, vmem_t *vm,
				 unsigned int most, unsigned int sizes,
				 unsigned int seed)
{
	memset(t, 0, sizeof(*t));
	t->vm = vm;
	t->most = most;
	t->sizes = sizes;
	t->vmflag = VM_NOSLEEP;
	prandom_seed_state(&t->rnd, seed);
}

static inline void vq_churn_free(struct vq_churn *t, unsigned int i)
{
	struct vt_range r = t->held[i];

	t->held[i] = t->held[--t->n];
	t->errors += vq_disclaim(r.start, r.size);
	vt_free(t->vm, r.start, r.size);
}

/* Make one call of vmem_alloc() or vmem_free(). */
static inline void vq_churn_step(struct vq_churn *t)
{
	u32 r = prandom_u32_state(&t->rnd);
	struct vt_range h;

	if (t->n == t->most || (t->n && r % 16 < 7)) {
		vq_churn_free(t, (r >> 8) % t->n);
		return;
	}
	h.size = 1 + (r >> 8) % t->sizes;
	h.start = vt_alloc(t->vm, h.size, t->vmflag);
	if (!h.start)
		return;
	t->errors += vq_claim(h.start, h.size);
	t->held[t->n++] = h;
}

static inline void vq_churn_end(struct vq_churn *t)
{
	while (t->n)
		vq_churn_free(t, t->n - 1);
}

/* Tells the threads to stop. */
static bool vq_stop;

static inline void vq_churn_thread(struct vt_thread *t)
{
	struct vq_churn *churn = kzalloc(sizeof(*churn), GFP_KERNEL);
	unsigned int i;

	if (!churn) {
		t->errors++;
		return;
	}
	vq_churn_init(churn, t->vm, VQ_HELD, t->size, t->seed + 1);
	churn->vmflag = t->vmflag;
	for (i = 0; !READ_ONCE(vq_stop); i++) {
		vq_churn_step(churn);
		if (i % 64 == t->seed)
			vt_yield();
	}
	vq_churn_end(churn);
	t->errors += churn->errors;
	kfree(churn);
}

/* Start @n threads that allocate and free, distributed over all CPUs. */
static inline void vq_traffic_start(struct kunit *test, struct vt_thread **t,
				    unsigned int n, vmem_t *vm, size_t sizes,
				    int vmflag)
{
	unsigned int i, cpu = cpumask_first(cpu_online_mask);

	WRITE_ONCE(vq_stop, false);
	for (i = 0; i < n; i++) {
		t[i] = vt_thread_start(test, vq_churn_thread, vm, sizes,
				       vmflag);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
		kthread_bind(t[i]->task, cpu);
		wake_up_process(t[i]->task);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
}

/*
 * Stop the threads. Expect that no integer had two owners, and that none has an
 * owner at the end.
 */
static inline void vq_traffic_stop(struct kunit *test, struct vt_thread **t,
				   unsigned int n)
{
	unsigned int i, errors = 0;

	WRITE_ONCE(vq_stop, true);
	for (i = 0; i < n; i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(vq_owned, VQ_INTEGERS + 1));
	bitmap_zero(vq_owned, VQ_INTEGERS + 1);
}

#endif /* VMEM_TEST_TRAFFIC_H */
