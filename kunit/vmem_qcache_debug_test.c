// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse of cached sizes. In an arena that was created with the module
 * parameter debug, vmem checks every object when a client frees it. In other
 * arenas, vmem checks an object only when the object returns to its slab.
 *
 * vt_misuse_end() expects exactly one report and an unchanged arena.
 */
#include "vmem_test_qcache.h"

/*
 * [20] An arena that was created with the debug parameter, and an object of
 * each size from 1 to 3.
 */
struct checked {
	vmem_t *vm;
	unsigned long addr[4];
};

static vmem_t *checked_arena(struct kunit *test, size_t n)
{
	vmem_t *vm;

	if (vt_param("debug", "Y", NULL, 0))
		kunit_skip(test, "no module parameter to set in sysfs");
	vm = vq_ids(test, n, 4);
	KUNIT_ASSERT_EQ(test, vt_param("debug", "N", NULL, 0), 0);
	return vm;
}

static void checked_init(struct kunit *test, struct checked *c)
{
	unsigned int i;

	c->vm = checked_arena(test, 100000);
	for (i = 1; i < 4; i++) {
		c->addr[i] = vt_alloc(c->vm, i, VM_SLEEP);
		KUNIT_ASSERT_NE(test, c->addr[i], 0UL);
	}
}

static void checked_exit(struct checked *c)
{
	unsigned int i;

	for (i = 1; i < 4; i++)
		vt_free(c->vm, c->addr[i], i);
}

/*
 * Expect that vmem_free() reports misuse. The second call tests that the first
 * call has not changed the arena.
 */
static void expect_refused(struct kunit *test, vmem_t *vm, unsigned long addr,
			   size_t size)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct vt_misuse *m = vt_misuse_begin(test, vm, "vmem_free(");
		unsigned long held = vq_cache(vm, size)->nfree;
		unsigned long on_cpus = vq_on_cpus(vm);

		vt_free(vm, addr, size);
		vt_misuse_end(test, m);
		KUNIT_EXPECT_EQ(test, vq_cache(vm, size)->nfree, held);
		KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), on_cpus);
	}
}

/*
 * [20] A double free is misuse, whether or not other objects were freed after
 * the first free.
 */
static void double_free_is_reported(struct kunit *test)
{
	unsigned long a, b;
	struct checked c;

	checked_init(test, &c);
	a = vt_alloc(c.vm, 2, VM_SLEEP);
	b = vt_alloc(c.vm, 2, VM_SLEEP);
	vt_free(c.vm, a, 2);
	expect_refused(test, c.vm, a, 2);
	vt_free(c.vm, b, 2);
	expect_refused(test, c.vm, a, 2);
	expect_refused(test, c.vm, b, 2);
	/* No object is in the cache twice. */
	KUNIT_EXPECT_NE(test, vt_alloc(c.vm, 2, VM_SLEEP),
			vt_alloc(c.vm, 2, VM_SLEEP));
	vt_free(c.vm, a, 2);
	vt_free(c.vm, b, 2);
	checked_exit(&c);
}

/* [20] It is misuse to free an object with the size of another cache. */
static void wrong_size_is_reported(struct kunit *test)
{
	struct checked c;

	checked_init(test, &c);
	expect_refused(test, c.vm, c.addr[2], 1);
	expect_refused(test, c.vm, c.addr[2], 3);
	expect_refused(test, c.vm, c.addr[1], 4);
	expect_refused(test, c.vm, c.addr[3], 2);
	checked_exit(&c);
}

/*
 * [20] It is misuse to free an object with an uncached size, or an uncached
 * segment with a cached size.
 */
static void uncached_size_is_reported(struct kunit *test)
{
	struct vt_misuse *m;
	unsigned long big;
	struct checked c;

	checked_init(test, &c);
	big = vt_alloc(c.vm, 10, VM_SLEEP);
	m = vt_misuse_begin(test, c.vm, "vmem_free(");
	vt_free(c.vm, c.addr[2], 10);
	vt_misuse_end(test, m);
	expect_refused(test, c.vm, big, 2);
	expect_refused(test, c.vm, big + 2, 2);
	vt_free(c.vm, big, 10);
	checked_exit(&c);
}

/*
 * [20] It is misuse to free an address inside an object, or in the unused end
 * of a slab.
 */
static void inside_of_an_object_is_reported(struct kunit *test)
{
	struct checked c;

	checked_init(test, &c);
	expect_refused(test, c.vm, c.addr[3] + 1, 3);
	expect_refused(test, c.vm, c.addr[3] + 2, 3);
	expect_refused(test, c.vm, c.addr[2] + 1, 2);
	expect_refused(test, c.vm, c.addr[3] + 63, 3);
	checked_exit(&c);
}

/* [20] It is misuse to free an address at which no object is allocated. */
static void free_of_an_unallocated_address_is_reported(struct kunit *test)
{
	struct checked c;

	checked_init(test, &c);
	expect_refused(test, c.vm, c.addr[1] + 1, 1);
	expect_refused(test, c.vm, 0, 1);
	expect_refused(test, c.vm, 50000, 1);
	expect_refused(test, c.vm, 200000, 2);
	expect_refused(test, c.vm, -1UL, 1);
	checked_exit(&c);
}

/*
 * [20] If an object of one arena is freed to another arena, the other arena
 * counts the misuse.
 */
static void wrong_arena_is_reported(struct kunit *test)
{
	struct checked a, b;
	unsigned long foreign;

	checked_init(test, &a);
	checked_init(test, &b);
	while ((foreign = vt_alloc(b.vm, 4, VM_SLEEP)) < 300)
		;
	expect_refused(test, a.vm, foreign, 4);
	for (; foreign > 192; foreign -= 4)
		vt_free(b.vm, foreign, 4);
	KUNIT_EXPECT_EQ(test, vt_stats(b.vm).misuse, 0ULL);
	checked_exit(&a);
	checked_exit(&b);
}

static void expect_xfree_refused(struct kunit *test, vmem_t *vm,
				 unsigned long addr, size_t size)
{
	struct vt_misuse *m = vt_misuse_begin(test, vm, "vmem_xfree(");

	vt_xfree(vm, addr, size);
	vt_misuse_end(test, m);
}

/* [20] vmem_xfree() of an object is misuse, even in an arena without debug. */
static void xfree_of_an_object_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 2, VM_SLEEP);

	/* a is the first object of its slab, b is the second one. */
	expect_xfree_refused(test, vm, a, 2);
	expect_xfree_refused(test, vm, b, 2);
	vt_free(vm, a, 2);
	vt_free(vm, b, 2);
}

/* [20] vmem_xfree() of a single object, which has no slab, is misuse. */
static void xfree_of_a_single_object_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 8, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);

	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 1, 2 });
	expect_xfree_refused(test, vm, a, 2);
	vt_free(vm, a, 2);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
}

/*
 * [20] In an arena with debug, vmem_free() of a segment that vmem_xalloc() has
 * allocated is misuse, even if the segment has a cached size.
 */
static void free_of_an_xallocated_segment_is_reported(struct kunit *test)
{
	vmem_t *vm = checked_arena(test, 100000);

	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 500, 2), 500UL);
	expect_refused(test, vm, 500, 2);
	expect_refused(test, vm, 500, 1);
	vt_xfree(vm, 500, 2);
}

/*
 * [20] vmem checks every vmem_free() to an arena without magazines, even if the
 * arena was created without debug.
 */
static void small_arenas_check_every_free(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 70, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 2, VM_SLEEP);

	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 69, 2), 69UL);
	expect_refused(test, vm, 69, 2);
	expect_refused(test, vm, a + 1, 2);
	vt_free(vm, b, 2);
	expect_refused(test, vm, b, 2);
	vt_free(vm, a, 2);
	vt_xfree(vm, 69, 2);
}

/* [20] It is misuse to free the segment of a slab. */
static void free_of_a_slab_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);
	struct vt_misuse *m;

	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { a, 64 });
	expect_xfree_refused(test, vm, a, 64);
	m = vt_misuse_begin(test, vm, "vmem_free(");
	vt_free(vm, a, 64);
	vt_misuse_end(test, m);
	vt_free(vm, a, 2);
}

/* It is misuse to free an object twice, even if its slab has been split. */
static void double_free_after_a_split_is_reported(struct kunit *test)
{
	vmem_t *vm = checked_arena(test, 64);
	unsigned long a, b, c;

	a = vt_alloc(vm, 2, VM_SLEEP);
	b = vt_alloc(vm, 2, VM_SLEEP);
	c = vt_alloc(vm, 40, VM_NOSLEEP);
	KUNIT_ASSERT_NE(test, c, 0UL);
	vt_free(vm, a, 2);
	expect_refused(test, vm, a, 2);
	expect_refused(test, vm, b, 1);
	expect_refused(test, vm, b + 1, 2);
	vt_free(vm, b, 2);
	vt_free(vm, c, 40);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
}

/*
 * [13] vmem_destroy() reports exactly the objects that clients hold, not the
 * free objects in magazines and slabs.
 */
static void destroy_reports_outstanding_objects(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	struct vq_set *s = vq_set(test, 100000);
	struct vt_window w;
	unsigned int i;

	vt_untrack(test, vm);
	for (i = 1; i <= 4; i++)
		vq_supply_magazines(test, s, vm, i,
				    DIV_ROUND_UP(125, vq_capacity(1)));
	for (i = s->n; i < 500; i++)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1 + i % 4, VM_SLEEP));
	/* Keep objects 100, 101 and 102, of sizes 1, 2 and 3. */
	for (i = 500; i--;)
		if (i < 100 || i > 102)
			vt_free(vm, s->range[i].start, s->range[i].size);
	for (i = 1; i <= 4; i++) {
		KUNIT_EXPECT_GT(test, vq_on_cpu(vm, i, raw_smp_processor_id()),
				0UL);
		KUNIT_EXPECT_GT(test, vq_in_depot(vm, i), 0UL);
	}
	vt_window_open(&w, "6 identifiers still allocated in 3 segments", "1");
	w.also = "vmem:  leaked";
	vmem_destroy(vm);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, w.others, 0U);
	KUNIT_EXPECT_EQ(test, w.also_lines, 3U);
}

/* [13] vmem_destroy() reports the objects of a slab without free objects. */
static void destroy_reports_the_objects_of_a_full_slab(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 1);
	size_t n = vm->qcaches->slab_size;
	struct vt_window w;
	char want[64];

	vt_untrack(test, vm);
	snprintf(want, sizeof(want),
		 "%zu identifiers still allocated in %zu segments", n, n);
	while (vq_cache(vm, 1)->nslabs < 1 || vq_cache(vm, 1)->nfree)
		KUNIT_ASSERT_TRUE(test, vt_alloc(vm, 1, VM_SLEEP));
	vt_window_open(&w, want, "1");
	w.also = "vmem:  leaked";
	vmem_destroy(vm);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, w.others, 0U);
	KUNIT_EXPECT_GT(test, w.also_lines, 0U);
}

/*
 * [13] If all objects are free, vmem_destroy() reports nothing and releases all
 * spans.
 */
static void destroy_empties_the_caches(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 300, 0);
	vmem_t *vm = vq_client(test, src, 4);
	struct vq_set *s = vq_set(test, 64 * 300);

	vq_random_ops(s, vm, 5000, 1);
	vq_fill(s, vm, 2);
	vq_put_all(s, vm);
	KUNIT_EXPECT_GT(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
	vq_close(test, vm);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
}

/* [20] vmem_free() of 0 is misuse, and no magazine accepts the 0. */
static void free_of_null_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 1);
	struct vq_set *s = vq_set(test, 40);

	expect_refused(test, vm, 0, 1);
	expect_refused(test, checked_arena(test, 100000), 0, 1);

	/* A magazine that is not full does not accept 0 either. */
	vq_supply_magazines(test, s, vm, 1, 1);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 1UL);
	expect_refused(test, vm, 0, 1);
	KUNIT_EXPECT_TRUE(test, vq_get(s, vm, 1, VM_SLEEP));
	expect_refused(test, vm, 0, 1);
	vq_put_all(s, vm);
}

static void debug_exit(struct kunit *test)
{
	vt_param("debug", "N", NULL, 0);
	vq_exit(test);
}

static struct kunit_case vmem_qcache_debug_cases[] = {
	KUNIT_CASE(double_free_is_reported),
	KUNIT_CASE(wrong_size_is_reported),
	KUNIT_CASE(uncached_size_is_reported),
	KUNIT_CASE(inside_of_an_object_is_reported),
	KUNIT_CASE(free_of_an_unallocated_address_is_reported),
	KUNIT_CASE(free_of_null_is_reported),
	KUNIT_CASE(wrong_arena_is_reported),
	KUNIT_CASE(xfree_of_an_object_is_reported),
	KUNIT_CASE(xfree_of_a_single_object_is_reported),
	KUNIT_CASE(free_of_an_xallocated_segment_is_reported),
	KUNIT_CASE(small_arenas_check_every_free),
	KUNIT_CASE(free_of_a_slab_is_reported),
	KUNIT_CASE(double_free_after_a_split_is_reported),
	KUNIT_CASE(destroy_reports_outstanding_objects),
	KUNIT_CASE(destroy_reports_the_objects_of_a_full_slab),
	KUNIT_CASE(destroy_empties_the_caches),
	{}
};

static struct kunit_suite vmem_qcache_debug_suite = {
	.name = "vmem_qcache_debug",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = debug_exit,
	.test_cases = vmem_qcache_debug_cases,
};

kunit_test_suite(vmem_qcache_debug_suite);

MODULE_DESCRIPTION("KUnit: misuse of cached sizes");
MODULE_LICENSE("GPL");
