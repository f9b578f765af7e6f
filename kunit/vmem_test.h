/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by all vmem suites: short forms of the calls under test, and arenas
 * that vt_exit() verifies and destroys.
 *
 * A suite sets .init = vt_init and .exit = vt_exit. KUnit calls vt_exit() even
 * if the test failed. vt_exit() verifies each arena of the test with
 * vmem_verify(), frees its allocated segments, verifies it again and destroys
 * it. vt_exit() starts with the youngest arena, because a client must be
 * destroyed before its source.
 */
#ifndef VMEM_TEST_H
#define VMEM_TEST_H

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmem.h>

#define VT_ARENAS	128

/* Unit of sizes and addresses, and the quantum of most address arenas. */
#define U		0x1000UL

/**
 * struct vt - the state of one running test
 * @arenas: arenas to verify and destroy at the end, in order of creation
 * @n: number of @arenas
 * @stuck: a thread hangs and may still use an arena, so vt_exit() destroys no
 *	arena
 */
struct vt {
	vmem_t *arenas[VT_ARENAS];
	unsigned int n;
	bool stuck;
};

struct vt_range {
	unsigned long start;
	size_t size;
};

/* Counts the segments that a walk visits, and stores the first @max of them. */
struct vt_walk {
	struct vt_range *range;
	unsigned int max;
	unsigned int n;
	size_t sum;
};

static inline void vt_walk_add(void *arg, void *start, size_t size)
{
	struct vt_walk *w = arg;

	if (w->n < w->max) {
		w->range[w->n].start = (unsigned long)start;
		w->range[w->n].size = size;
	}
	w->n++;
	w->sum += size;
}

static inline struct vmem_stats vt_stats(vmem_t *vm)
{
	struct vmem_stats stats;

	vmem_get_stats(vm, &stats);
	return stats;
}

/* Number of segments of the given types. */
static inline unsigned int vt_count(vmem_t *vm, int typemask)
{
	struct vt_walk w = { };

	vmem_walk(vm, typemask, vt_walk_add, &w);
	return w.n;
}

/* All segments of the given types. The caller frees the array with kvfree(). */
static inline struct vt_range *vt_ranges(struct kunit *test, vmem_t *vm,
					 int typemask, unsigned int *n)
{
	struct vt_walk w = { .max = vt_count(vm, typemask) };

	w.range = kvmalloc_array(w.max + 1, sizeof(*w.range), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w.range);
	vmem_walk(vm, typemask, vt_walk_add, &w);
	*n = w.n;
	return w.range;
}

static inline void vt_expect_walk(struct kunit *test, vmem_t *vm, int typemask,
				  const struct vt_range *want, unsigned int n,
				  int line)
{
	unsigned int i, seen;
	struct vt_range *r = vt_ranges(test, vm, typemask, &seen);

	KUNIT_EXPECT_EQ_MSG(test, seen, n, "segments at line %d", line);
	for (i = 0; i < min(seen, n); i++) {
		KUNIT_EXPECT_EQ_MSG(test, r[i].start, want[i].start,
				    "start of segment %u at line %d", i, line);
		KUNIT_EXPECT_EQ_MSG(test, r[i].size, want[i].size,
				    "size of segment %u at line %d", i, line);
	}
	kvfree(r);
}

/* Expect exactly these segments of the given types, in list order. */
#define VT_EXPECT_WALK(test, vm, typemask, ...)				\
do {									\
	const struct vt_range __want[] = { __VA_ARGS__ };		\
									\
	vt_expect_walk(test, vm, typemask, __want,			\
		       ARRAY_SIZE(__want), __LINE__);			\
} while (0)

/* [33] The statistics agree with the segments that a walk visits. */
static inline void vt_check(struct kunit *test, vmem_t *vm)
{
	struct vt_walk used = { };
	struct vmem_stats s;

	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	vmem_walk(vm, VMEM_ALLOC, vt_walk_add, &used);
	s = vt_stats(vm);
	KUNIT_EXPECT_EQ(test, s.mem_inuse, (u64)used.sum);
	KUNIT_EXPECT_EQ(test, s.alloc - s.free, (u64)used.n);
	KUNIT_EXPECT_EQ(test, s.mem_total,
			(u64)vmem_size(vm, VMEM_ALLOC | VMEM_FREE));
	KUNIT_EXPECT_EQ(test, s.mem_inuse, (u64)vmem_size(vm, VMEM_ALLOC));
	KUNIT_EXPECT_EQ(test, s.mem_total - s.mem_inuse,
			(u64)vmem_size(vm, VMEM_FREE));
}

/* Free every allocated segment. */
static inline void vt_drain(struct kunit *test, vmem_t *vm)
{
	unsigned int i, n;
	struct vt_range *r = vt_ranges(test, vm, VMEM_ALLOC, &n);

	for (i = 0; i < n; i++)
		vmem_xfree(vm, (void *)r[i].start, r[i].size);
	kvfree(r);
}

static inline void vt_destroy(struct kunit *test, vmem_t *vm)
{
	vt_check(test, vm);
	vt_drain(test, vm);
	vt_check(test, vm);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC), 0U);
	vmem_destroy(vm);
}

static inline int vt_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct vt), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static inline void vt_exit(struct kunit *test)
{
	struct vt *vt = test->priv;

	if (!vt || vt->stuck)
		return;
	while (vt->n)
		vt_destroy(test, vt->arenas[--vt->n]);
}

/*
 * On PREEMPT_RT, skip a test that calls vmem with interrupts off: vmem and the
 * slab allocator must not be called in this context.
 */
static inline void vt_needs_irqs_off(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "PREEMPT_RT: no requests with interrupts off");
}

/* Assert that the arena exists, and let vt_exit() destroy it. */
static inline vmem_t *vt_track(struct kunit *test, vmem_t *vm)
{
	struct vt *vt = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	KUNIT_ASSERT_LT(test, vt->n, (unsigned int)VT_ARENAS);
	vt->arenas[vt->n++] = vm;
	return vm;
}

/* Remove the arena from the list of arenas that vt_exit() destroys. */
static inline void vt_untrack(struct kunit *test, vmem_t *vm)
{
	struct vt *vt = test->priv;
	unsigned int i, kept = 0;

	for (i = 0; i < vt->n; i++)
		if (vt->arenas[i] != vm)
			vt->arenas[kept++] = vt->arenas[i];
	vt->n = kept;
}

/* Verify and destroy the arena now instead of at the end of the test. */
static inline void vt_close(struct kunit *test, vmem_t *vm)
{
	vt_untrack(test, vm);
	vt_destroy(test, vm);
}

/*
 * An arena without a source. It has one span, or no span if @base and @size are
 * 0.
 */
static inline vmem_t *vt_arena(struct kunit *test, unsigned long base,
			       size_t size, size_t quantum)
{
	return vt_track(test, vmem_create(test->name, (void *)base, size,
					  quantum, NULL, NULL, NULL, 0,
					  VM_SLEEP));
}

/* Arena of the integers 1 to @n. */
static inline vmem_t *vt_ids(struct kunit *test, size_t n)
{
	return vt_track(test, vmem_create(test->name, (void *)1, n, 1, NULL,
					  NULL, NULL, 0,
					  VM_SLEEP | VMC_IDENTIFIER));
}

static inline unsigned long vt_alloc(vmem_t *vm, size_t size, int vmflag)
{
	return (unsigned long)vmem_alloc(vm, size, vmflag);
}

static inline void vt_free(vmem_t *vm, unsigned long addr, size_t size)
{
	vmem_free(vm, (void *)addr, size);
}

/*
 * Allocate exactly the range [addr, addr + size): the window allows no other
 * range.
 */
static inline unsigned long vt_alloc_at(vmem_t *vm, unsigned long addr,
					size_t size)
{
	return (unsigned long)vmem_xalloc(vm, size, 0, 0, 0, (void *)addr,
					  (void *)(addr + size), VM_NOSLEEP);
}

static inline void vt_xfree(vmem_t *vm, unsigned long addr, size_t size)
{
	vmem_xfree(vm, (void *)addr, size);
}

/*
 * Make the given ranges the only free segments: allocate all free segments,
 * then free the given ranges in the given order. No two of these ranges may be
 * adjacent.
 */
static inline void vt_holes(struct kunit *test, vmem_t *vm,
			    const struct vt_range *hole, unsigned int n)
{
	unsigned int i, left;
	struct vt_range *r;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, hole[i].start,
						  hole[i].size),
				hole[i].start);
	r = vt_ranges(test, vm, VMEM_FREE, &left);
	for (i = 0; i < left; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, r[i].start, r[i].size),
				r[i].start);
	kvfree(r);
	KUNIT_ASSERT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
	for (i = 0; i < n; i++)
		vt_xfree(vm, hole[i].start, hole[i].size);
	KUNIT_ASSERT_EQ(test, vt_count(vm, VMEM_FREE), n);
}

#define VT_HOLES(test, vm, ...)					\
do {									\
	const struct vt_range __hole[] = { __VA_ARGS__ };		\
									\
	vt_holes(test, vm, __hole, ARRAY_SIZE(__hole));		\
} while (0)

#endif /* VMEM_TEST_H */
