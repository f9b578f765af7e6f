/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traffic in an arena by many at once, threads and interrupts, each integer with
 * one owner at any time.
 */
#ifndef VMEM_TEST_TRAFFIC_H
#define VMEM_TEST_TRAFFIC_H

#include "vmem_test_qcache.h"

/* Integers that the traffic is about: 1 to this many. */
#define VQ_POOL		6000
#define VQ_HELD		40

static DECLARE_BITMAP(vq_owned, VQ_POOL + 1);

/* Each returns how many integers were another's, or nobody's. */
static inline unsigned int vq_claim(unsigned long at, size_t size)
{
	unsigned int bad = 0;

	if (!at || at + size > VQ_POOL + 1)
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
 * struct vq_trader - one who allocates and frees at random
 * @vm: the arena
 * @rnd: the order
 * @held: what he has
 * @n: how many
 * @most: has no more than that
 * @sizes: asks for 1 to this many
 * @vmflag: of his requests
 * @errors: integers that were another's as well
 */
struct vq_trader {
	vmem_t *vm;
	struct rnd_state rnd;
	struct vt_range held[VQ_HELD];
	unsigned int n;
	unsigned int most;
	unsigned int sizes;
	int vmflag;
	unsigned int errors;
};

static inline void vq_trade_init(struct vq_trader *t, vmem_t *vm,
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

static inline void vq_trade_give(struct vq_trader *t, unsigned int i)
{
	struct vt_range r = t->held[i];

	t->held[i] = t->held[--t->n];
	t->errors += vq_disclaim(r.start, r.size);
	vt_free(t->vm, r.start, r.size);
}

/* One allocation or free. */
static inline void vq_trade(struct vq_trader *t)
{
	u32 r = prandom_u32_state(&t->rnd);
	struct vt_range h;

	if (t->n == t->most || (t->n && r % 16 < 7)) {
		vq_trade_give(t, (r >> 8) % t->n);
		return;
	}
	h.size = 1 + (r >> 8) % t->sizes;
	h.start = vt_alloc(t->vm, h.size, t->vmflag);
	if (!h.start)
		return;
	t->errors += vq_claim(h.start, h.size);
	t->held[t->n++] = h;
}

static inline void vq_trade_end(struct vq_trader *t)
{
	while (t->n)
		vq_trade_give(t, t->n - 1);
}

/* A thread that trades until told to stop. */
static bool vq_stop;

static inline void vq_trading_thread(struct vt_thread *t)
{
	struct vq_trader *trader = kzalloc(sizeof(*trader), GFP_KERNEL);
	unsigned int i;

	if (!trader) {
		t->errors++;
		return;
	}
	vq_trade_init(trader, t->vm, VQ_HELD, t->size, t->seed + 1);
	trader->vmflag = t->vmflag;
	for (i = 0; !READ_ONCE(vq_stop); i++) {
		vq_trade(trader);
		if (i % 64 == t->seed)
			vt_pause();
	}
	vq_trade_end(trader);
	t->errors += trader->errors;
	kfree(trader);
}

/* Start @n such threads, on all CPUs in turn. */
static inline void vq_traffic_start(struct kunit *test, struct vt_thread **t,
				    unsigned int n, vmem_t *vm, size_t sizes,
				    int vmflag)
{
	unsigned int i, cpu = cpumask_first(cpu_online_mask);

	WRITE_ONCE(vq_stop, false);
	for (i = 0; i < n; i++) {
		t[i] = vt_thread_start(test, vq_trading_thread, vm, sizes,
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

/* Stop them: every integer had one owner, and has none now. */
static inline void vq_traffic_stop(struct kunit *test, struct vt_thread **t,
				   unsigned int n)
{
	unsigned int i, errors = 0;

	WRITE_ONCE(vq_stop, true);
	for (i = 0; i < n; i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(vq_owned, VQ_POOL + 1));
	bitmap_zero(vq_owned, VQ_POOL + 1);
}

#endif /* VMEM_TEST_TRAFFIC_H */
