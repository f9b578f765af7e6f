/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to the contents of an arena's quantum caches. A struct vq_set records
 * the allocated integers and detects an integer that is allocated twice.
 *
 * A suite sets .suite_init = vq_suite_init, .suite_exit = vq_suite_exit, .init
 * = vq_init and .exit = vq_exit. Periodic maintenance is off and a test stays
 * on one CPU, so that the contents of each magazine are known. vq_exit()
 * verifies and destroys the arenas. A test must free all its allocations.
 */
#ifndef VMEM_TEST_QCACHE_H
#define VMEM_TEST_QCACHE_H

#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/prandom.h>

#include "../vmem/arena/wait.h"
#include "../vmem/qcache/qcache.h"
#include "vmem_test_file.h"
#include "vmem_test_report.h"
#include "vmem_test_thread.h"

static char vq_interval[16];

static inline int vq_suite_init(struct kunit_suite *suite)
{
	if (vt_param("interval", "3600", vq_interval, sizeof(vq_interval)))
		vq_interval[0] = '\0';
	/* The longer interval delays the next periodic round: run one. */
	vmem_update(NULL);
	return 0;
}

static inline void vq_suite_exit(struct kunit_suite *suite)
{
	if (vq_interval[0])
		vt_param("interval", vq_interval, NULL, 0);
}

/*
 * Like vt_poll(), but with a limit below the timeout of the hung task detector.
 */
#define vq_poll(cond)							\
({									\
	unsigned int __tries = 0;					\
	bool __so;							\
									\
	while (!(__so = (cond)) && __tries++ < 400)			\
		msleep(20);						\
	__so;								\
})

static inline int vq_pin(unsigned int cpu)
{
	return set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static inline int vq_init(struct kunit *test)
{
	vq_pin(raw_smp_processor_id());
	return vt_init(test);
}

/* Wait for the background work that failed requests have queued. */
static inline void vq_settle(struct kunit *test)
{
	struct vt *vt = test->priv;
	unsigned int i;

	for (i = vt->n; i--;) {
		flush_delayed_work(&vt->arenas[i]->tree->reclaim);
		flush_work(&vt->arenas[i]->split);
		flush_work(&vt->arenas[i]->release);
	}
}

/* Verify and destroy an arena without allocated objects. */
static inline void vq_destroy(struct kunit *test, vmem_t *vm)
{
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int reports = 0;
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_check(test, vm);
	kmsg_dump_rewind(&w->log);
	w->log.cur_seq = w->log.next_seq;
	vmem_destroy(vm);
	while (kmsg_dump_get_line(&w->log, false, w->line, sizeof(w->line) - 1,
				  &len)) {
		w->line[len] = '\0';
		reports += !!strstr(w->line, VT_REPORT);
	}
	KUNIT_EXPECT_EQ_MSG(test, reports, 0U, "misuse reports by vmem_destroy()");
	kunit_kfree(test, w);
}

static inline void vq_exit(struct kunit *test)
{
	struct vt *vt = test->priv;

	if (!vt || vt->stuck)
		return;
	vq_settle(test);
	while (vt->n)
		vq_destroy(test, vt->arenas[--vt->n]);
}

/* Verify and destroy the arena now instead of at the end of the test. */
static inline void vq_close(struct kunit *test, vmem_t *vm)
{
	vq_settle(test);
	vt_untrack(test, vm);
	vq_destroy(test, vm);
}

/*
 * Arena of the integers 1 to @n, or without a span if @n is 0. Sizes up to and
 * including @qcache_max are cached.
 */
static inline vmem_t *vq_ids(struct kunit *test, size_t n, size_t qcache_max)
{
	return vt_track(test, vmem_create(test->name, n ? (void *)1 : NULL, n,
					  1, NULL, NULL, NULL, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/* An arena of integers that imports from @source. */
static inline vmem_t *vq_client(struct kunit *test, vmem_t *source,
				size_t qcache_max)
{
	return vt_track(test, vmem_create("client", NULL, 0, 1, vmem_alloc,
					  vmem_free, source, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

static inline struct vmem_qcache *vq_cache(vmem_t *vm, size_t size)
{
	return &vm->qcaches->cache[vmem_qcache_index(vm, size)];
}

static inline struct vmem_cpu_cache *vq_cpu(vmem_t *vm, size_t size,
					    unsigned int cpu)
{
	return &per_cpu_ptr(vm->cpu, cpu)->cache[vmem_qcache_index(vm, size)];
}

/*
 * Number of objects of one cache in the magazines of a CPU. The CPU must not
 * use the magazines during the call.
 */
static inline unsigned long vq_on_cpu(vmem_t *vm, size_t size, unsigned int cpu)
{
	struct vmem_cpu_cache *cc = vq_cpu(vm, size, cpu);

	return cc->rounds + (cc->prev ? cc->prev->rounds : 0);
}

/* Number of integers in the magazines of all CPUs, for all cached sizes. */
static inline unsigned long vq_on_cpus(vmem_t *vm)
{
	unsigned long sum = 0;
	unsigned int cpu, i;

	for (i = 0; i < vm->qcaches->n; i++) {
		size_t size = vm->qcaches->cache[i].size;

		for_each_possible_cpu(cpu)
			sum += size * vq_on_cpu(vm, size, cpu);
	}
	return sum;
}

/* Number of objects in the depot of a cache. The arena must be idle. */
static inline unsigned long vq_in_depot(vmem_t *vm, size_t size)
{
	struct vmem_magazine *mag;
	unsigned long sum = 0;

	for (mag = vq_cache(vm, size)->depot.full; mag; mag = mag->next)
		sum += mag->rounds;
	return sum;
}

/* Number of objects that a magazine of the given kind can hold. */
static inline unsigned int vq_capacity(unsigned int kind)
{
	return ((64U << kind) - sizeof(struct vmem_magazine)) /
		sizeof(unsigned long);
}

/**
 * struct vq_set - integers that a test has allocated
 * @owned: a bit for each integer, set while the integer is allocated
 * @top: the largest integer of the arena
 * @range: the allocations
 * @n: number of allocations
 * @sum: number of integers in all allocations
 * @bad: number of integers that were allocated twice or are not in the arena
 */
struct vq_set {
	unsigned long *owned;
	unsigned long top;
	struct vt_range *range;
	unsigned int n;
	unsigned long sum;
	unsigned int bad;
};

/* A set for an arena of the integers 1 to @top. */
static inline struct vq_set *vq_set(struct kunit *test, unsigned long top)
{
	struct vq_set *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->top = top;
	s->owned = kunit_kcalloc(test, BITS_TO_LONGS(top + 1), sizeof(long),
				 GFP_KERNEL);
	s->range = kunit_kcalloc(test, top + 1, sizeof(*s->range), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->owned);
	KUNIT_ASSERT_NOT_NULL(test, s->range);
	return s;
}

/* Add an allocation to the set. */
static inline void vq_set_add(struct vq_set *s, unsigned long addr, size_t size)
{
	s->range[s->n++] = (struct vt_range){ addr, size };
	s->sum += size;
	for (; size; size--, addr++)
		s->bad += !addr || addr > s->top ||
			  __test_and_set_bit(addr, s->owned);
}

static inline bool vq_get(struct vq_set *s, vmem_t *vm, size_t size, int vmflag)
{
	unsigned long addr = s->n > s->top ? 0 : vt_alloc(vm, size, vmflag);

	if (!addr)
		return false;
	vq_set_add(s, addr, size);
	return true;
}

static inline void vq_set_remove(struct vq_set *s, unsigned int i)
{
	struct vt_range *r = &s->range[i];

	bitmap_clear(s->owned, r->start, r->size);
	s->sum -= r->size;
	*r = s->range[--s->n];
}

static inline void vq_put(struct vq_set *s, vmem_t *vm, unsigned int i)
{
	struct vt_range r = s->range[i];

	vq_set_remove(s, i);
	vt_free(vm, r.start, r.size);
}

static inline void vq_put_all(struct vq_set *s, vmem_t *vm)
{
	while (s->n)
		vq_put(s, vm, s->n - 1);
}

/* Allocate with VM_NOSLEEP until a request fails. */
static inline void vq_fill(struct vq_set *s, vmem_t *vm, size_t size)
{
	while (vq_get(s, vm, size, VM_NOSLEEP))
		;
}

/*
 * Allocate all objects and free them. The cache counts in @missed the objects
 * for which it has no magazine, so the next allocations create the missing
 * magazines.
 */
static inline void vq_make_magazines(struct vq_set *s, vmem_t *vm, size_t size)
{
	vq_fill(s, vm, size);
	vq_put_all(s, vm);
}

/*
 * Put exactly @k empty magazines into the depot of a cache. At first the depot
 * must be empty and @missed of the cache 0. Only allocations create magazines,
 * because vmem_free() allocates no memory. So this function first allocates and
 * frees as many objects as @k magazines can hold. Each object returns to its
 * slab and raises @missed by 1. Then this function makes @k allocations, each
 * of which creates a magazine, and leaves these @k objects in @s.
 */
static inline void vq_supply_magazines(struct kunit *test, struct vq_set *s,
				       vmem_t *vm, size_t size, unsigned int k)
{
	struct vmem_qcache *qc = vq_cache(vm, size);
	unsigned int cap = vq_capacity(qc->kind), n = s->n;

	KUNIT_ASSERT_EQ(test, qc->missed, 0U);
	KUNIT_ASSERT_EQ(test, qc->depot.nfull + qc->depot.nempty, 0U);
	KUNIT_ASSERT_EQ(test, vq_on_cpu(vm, size, raw_smp_processor_id()), 0UL);
	while (s->n < n + k * cap)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, size, VM_NOSLEEP));
	while (s->n > n)
		vq_put(s, vm, s->n - 1);
	KUNIT_ASSERT_EQ(test, qc->missed, k * cap);
	while (s->n < n + k)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, size, VM_NOSLEEP));
	KUNIT_ASSERT_EQ(test, qc->missed, 0U);
	KUNIT_ASSERT_EQ(test, qc->depot.nempty, k);
	KUNIT_ASSERT_EQ(test, (unsigned int)qc->depot.empty->capacity, cap);
}

/*
 * Allocate and free objects of all cached sizes at random. @seed determines the
 * sequence. At the end, free all allocations.
 */
static inline void vq_random_ops(struct vq_set *s, vmem_t *vm,
				 unsigned int steps, unsigned int seed)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	while (steps--) {
		u32 r = prandom_u32_state(&rnd);

		if (s->n && r % 8 < 3)
			vq_put(s, vm, (r >> 8) % s->n);
		else
			vq_get(s, vm, 1 + (r >> 8) % vm->qcaches->n,
			       VM_NOSLEEP);
	}
	vq_put_all(s, vm);
}

#endif /* VMEM_TEST_QCACHE_H */
