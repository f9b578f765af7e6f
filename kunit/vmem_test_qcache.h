/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arenas with quantum caches: what their caches hold, as seen from inside, and
 * sets of integers that tell when one is handed out twice.
 *
 * A suite sets .suite_init = vq_suite_init, .suite_exit = vq_suite_exit, .init =
 * vq_init and .exit = vq_exit. Maintenance does not run by itself meanwhile, and
 * a test stays on its CPU, so that what is in which magazine is certain.
 * vq_exit() verifies and destroys: what a test has allocated it must have freed.
 */
#ifndef VMEM_TEST_QCACHE_H
#define VMEM_TEST_QCACHE_H

#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/prandom.h>

#include "../vmem/arena/tree.h"
#include "../vmem/qcache/qcache.h"
#include "vmem_test_file.h"
#include "vmem_test_report.h"
#include "vmem_test_thread.h"

static char vq_interval[16];

static inline int vq_suite_init(struct kunit_suite *suite)
{
	if (vt_param("interval", "3600", vq_interval, sizeof(vq_interval)))
		vq_interval[0] = '\0';
	/* Have the pending round out of the way. */
	vmem_update(NULL);
	return 0;
}

static inline void vq_suite_exit(struct kunit_suite *suite)
{
	if (vq_interval[0])
		vt_param("interval", vq_interval, NULL, 0);
}

/* As vt_poll(), but shorter than the kernel takes a sleeper for hung. */
#define vq_soon(cond)							\
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

/* Have done what failed requests have left to be done in the background. */
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

/* Verify and destroy an arena; nothing is left allocated in it. */
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
	KUNIT_EXPECT_EQ_MSG(test, reports, 0U, "when it was destroyed");
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

/* The test is done with this one. */
static inline void vq_close(struct kunit *test, vmem_t *vm)
{
	vq_settle(test);
	vt_disown(test, vm);
	vq_destroy(test, vm);
}

/* Integers from 1 to n, in caches up to @qcache_max. */
static inline vmem_t *vq_ids(struct kunit *test, size_t n, size_t qcache_max)
{
	return vt_adopt(test, vmem_create(test->name, n ? (void *)1 : NULL, n,
					  1, NULL, NULL, NULL, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/* An arena of integers that imports from another. */
static inline vmem_t *vq_client(struct kunit *test, vmem_t *source,
				size_t qcache_max)
{
	return vt_adopt(test, vmem_create("client", NULL, 0, 1, vmem_alloc,
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

/* Objects in the magazines of one CPU, which is not using them. */
static inline unsigned long vq_on_cpu(vmem_t *vm, size_t size, unsigned int cpu)
{
	struct vmem_cpu_cache *cc = vq_cpu(vm, size, cpu);

	return cc->rounds + (cc->prev ? cc->prev->rounds : 0);
}

/* Integers in the magazines of all CPUs, in all sizes. */
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

/* Objects in the depot of an arena that is not in use. */
static inline unsigned long vq_in_depot(vmem_t *vm, size_t size)
{
	struct vmem_magazine *mag;
	unsigned long sum = 0;

	for (mag = vq_cache(vm, size)->depot.full; mag; mag = mag->next)
		sum += mag->rounds;
	return sum;
}

/* Rounds of a magazine of the given kind. */
static inline unsigned int vq_capacity(unsigned int kind)
{
	return ((64U << kind) - sizeof(struct vmem_magazine)) /
		sizeof(unsigned long);
}

/**
 * struct vq_set - integers that a test has
 * @owned: a bit for each integer
 * @top: the largest integer there can be
 * @range: the allocations
 * @n: how many
 * @sum: integers in them
 * @bad: integers handed out twice, or that are not the arena's
 */
struct vq_set {
	unsigned long *owned;
	unsigned long top;
	struct vt_range *range;
	unsigned int n;
	unsigned long sum;
	unsigned int bad;
};

/* Room for as many allocations as there are integers. */
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

/* It is the test's now. */
static inline void vq_own(struct vq_set *s, unsigned long addr, size_t size)
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
	vq_own(s, addr, size);
	return true;
}

static inline void vq_forget(struct vq_set *s, unsigned int i)
{
	struct vt_range *r = &s->range[i];

	bitmap_clear(s->owned, r->start, r->size);
	s->sum -= r->size;
	*r = s->range[--s->n];
}

static inline void vq_put(struct vq_set *s, vmem_t *vm, unsigned int i)
{
	struct vt_range r = s->range[i];

	vq_forget(s, i);
	vt_free(vm, r.start, r.size);
}

static inline void vq_put_all(struct vq_set *s, vmem_t *vm)
{
	while (s->n)
		vq_put(s, vm, s->n - 1);
}

/* As many as there are, without sleeping. */
static inline void vq_fill(struct vq_set *s, vmem_t *vm, size_t size)
{
	while (vq_get(s, vm, size, VM_NOSLEEP))
		;
}

/*
 * Have a magazine for each of the next frees: allocations make as many as earlier
 * frees have missed.
 */
static inline void vq_make_magazines(struct vq_set *s, vmem_t *vm, size_t size)
{
	vq_fill(s, vm, size);
	vq_put_all(s, vm);
}

/*
 * Have exactly @k empty magazines in the depot of a cache that has none yet, and
 * no free counted as missed. A free allocates nothing, so it takes the traffic of a
 * client: frees of @k magazines' worth that go to their slabs, then @k allocations
 * that each make a magazine. @s has @k objects more afterwards.
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

/* Traffic of all cached sizes, the same for the same seed. Nothing is kept. */
static inline void vq_mix(struct vq_set *s, vmem_t *vm, unsigned int steps,
			  unsigned int seed)
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
