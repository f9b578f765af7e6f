// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse of cached sizes: with the module parameter debug every free is checked;
 * without it, those that go to slabs.
 *
 * vt_misuse_end() checks that there was one report, and that the arena is as it was.
 */
#include "vmem_test_qcache.h"

/* [20] An arena that checks: with one object of each size 1 to 3 allocated. */
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

static void check_arena(struct kunit *test, struct checked *c)
{
	unsigned int i;

	c->vm = checked_arena(test, 100000);
	for (i = 1; i < 4; i++) {
		c->addr[i] = vt_alloc(c->vm, i, VM_SLEEP);
		KUNIT_ASSERT_NE(test, c->addr[i], 0UL);
	}
}

static void uncheck(struct checked *c)
{
	unsigned int i;

	for (i = 1; i < 4; i++)
		vt_free(c->vm, c->addr[i], i);
}

/* One free that must be refused; twice, so that nothing was half done. */
static void refused(struct kunit *test, vmem_t *vm, unsigned long addr,
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

/* [20] A double free, at once and after others. */
static void double_free_is_reported(struct kunit *test)
{
	unsigned long a, b;
	struct checked c;

	check_arena(test, &c);
	a = vt_alloc(c.vm, 2, VM_SLEEP);
	b = vt_alloc(c.vm, 2, VM_SLEEP);
	vt_free(c.vm, a, 2);
	refused(test, c.vm, a, 2);
	vt_free(c.vm, b, 2);
	refused(test, c.vm, a, 2);
	refused(test, c.vm, b, 2);
	/* It was not put back twice. */
	KUNIT_EXPECT_NE(test, vt_alloc(c.vm, 2, VM_SLEEP),
			vt_alloc(c.vm, 2, VM_SLEEP));
	vt_free(c.vm, a, 2);
	vt_free(c.vm, b, 2);
	uncheck(&c);
}

/* [20] The wrong size: of another cache, larger and smaller. */
static void wrong_size_is_reported(struct kunit *test)
{
	struct checked c;

	check_arena(test, &c);
	refused(test, c.vm, c.addr[2], 1);
	refused(test, c.vm, c.addr[2], 3);
	refused(test, c.vm, c.addr[1], 4);
	refused(test, c.vm, c.addr[3], 2);
	uncheck(&c);
}

/* [20] A size that is not cached, for an object that is, and the other way. */
static void uncached_size_is_reported(struct kunit *test)
{
	struct vt_misuse *m;
	unsigned long big;
	struct checked c;

	check_arena(test, &c);
	big = vt_alloc(c.vm, 10, VM_SLEEP);
	m = vt_misuse_begin(test, c.vm, "vmem_free(");
	vt_free(c.vm, c.addr[2], 10);
	vt_misuse_end(test, m);
	refused(test, c.vm, big, 2);
	refused(test, c.vm, big + 2, 2);
	vt_free(c.vm, big, 10);
	uncheck(&c);
}

/* [20] Inside of an object, and at an end of a slab that is no object. */
static void inside_of_an_object_is_reported(struct kunit *test)
{
	struct checked c;

	check_arena(test, &c);
	refused(test, c.vm, c.addr[3] + 1, 3);
	refused(test, c.vm, c.addr[3] + 2, 3);
	refused(test, c.vm, c.addr[2] + 1, 2);
	refused(test, c.vm, c.addr[3] + 63, 3);
	uncheck(&c);
}

/* [20] An object that was never allocated, and addresses of nothing. */
static void free_of_nothing_is_reported(struct kunit *test)
{
	struct checked c;

	check_arena(test, &c);
	refused(test, c.vm, c.addr[1] + 1, 1);
	refused(test, c.vm, 0, 1);
	refused(test, c.vm, 50000, 1);
	refused(test, c.vm, 200000, 2);
	refused(test, c.vm, -1UL, 1);
	uncheck(&c);
}

/* [20] Another arena's object: reported for the arena that was named. */
static void wrong_arena_is_reported(struct kunit *test)
{
	struct checked a, b;
	unsigned long foreign;

	check_arena(test, &a);
	check_arena(test, &b);
	while ((foreign = vt_alloc(b.vm, 4, VM_SLEEP)) < 300)
		;
	refused(test, a.vm, foreign, 4);
	for (; foreign > 192; foreign -= 4)
		vt_free(b.vm, foreign, 4);
	KUNIT_EXPECT_EQ(test, vt_stats(b.vm).misuse, 0ULL);
	uncheck(&a);
	uncheck(&b);
}

static void xfree_refused(struct kunit *test, vmem_t *vm, unsigned long addr,
			  size_t size)
{
	struct vt_misuse *m = vt_misuse_begin(test, vm, "vmem_xfree(");

	vt_xfree(vm, addr, size);
	vt_misuse_end(test, m);
}

/* [20] vmem_xfree() of an object: also without debug. */
static void xfree_of_an_object_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 2, VM_SLEEP);

	/* The first object of its slab, and another one. */
	xfree_refused(test, vm, a, 2);
	xfree_refused(test, vm, b, 2);
	vt_free(vm, a, 2);
	vt_free(vm, b, 2);
}

/* [20] And of one that came from the arena by itself. */
static void xfree_of_a_single_object_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 8, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);

	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 1, 2 });
	xfree_refused(test, vm, a, 2);
	vt_free(vm, a, 2);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
}

/* [20] vmem_free() of what vmem_xalloc() returned, of a cached size. */
static void free_of_an_xallocated_segment_is_reported(struct kunit *test)
{
	vmem_t *vm = checked_arena(test, 100000);

	KUNIT_ASSERT_EQ(test, vt_take(vm, 500, 2), 500UL);
	refused(test, vm, 500, 2);
	refused(test, vm, 500, 1);
	vt_xfree(vm, 500, 2);
}

/* [20] Where there are no magazines, that is told without debug. */
static void small_arenas_check_all(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 70, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 2, VM_SLEEP);

	KUNIT_ASSERT_EQ(test, vt_take(vm, 69, 2), 69UL);
	refused(test, vm, 69, 2);
	refused(test, vm, a + 1, 2);
	vt_free(vm, b, 2);
	refused(test, vm, b, 2);
	vt_free(vm, a, 2);
	vt_xfree(vm, 69, 2);
}

/* [20] No client may free the segment of a slab. */
static void free_of_a_slab_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	unsigned long a = vt_alloc(vm, 2, VM_SLEEP);
	struct vt_misuse *m;

	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { a, 64 });
	xfree_refused(test, vm, a, 64);
	m = vt_misuse_begin(test, vm, "vmem_free(");
	vt_free(vm, a, 64);
	vt_misuse_end(test, m);
	vt_free(vm, a, 2);
}

/* A double free of what was a slab's object when it was dissolved. */
static void double_free_after_dissolving_is_reported(struct kunit *test)
{
	vmem_t *vm = checked_arena(test, 64);
	unsigned long a, b, c;

	a = vt_alloc(vm, 2, VM_SLEEP);
	b = vt_alloc(vm, 2, VM_SLEEP);
	c = vt_alloc(vm, 40, VM_NOSLEEP);
	KUNIT_ASSERT_NE(test, c, 0UL);
	vt_free(vm, a, 2);
	refused(test, vm, a, 2);
	refused(test, vm, b, 1);
	refused(test, vm, b + 1, 2);
	vt_free(vm, b, 2);
	vt_free(vm, c, 40);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
}

/*
 * [13] Destroying with objects outstanding names exactly those, whatever the
 * magazines and slabs held besides.
 */
static void destroy_names_outstanding_objects(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	struct vq_set *s = vq_set(test, 100000);
	struct vt_window w;
	unsigned int i;

	vt_disown(test, vm);
	for (i = 1; i <= 4; i++)
		vq_supply_magazines(test, s, vm, i,
				    DIV_ROUND_UP(125, vq_capacity(1)));
	for (i = s->n; i < 500; i++)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1 + i % 4, VM_SLEEP));
	/* Keep the objects 100, 101 and 102: of sizes 1, 2 and 3. */
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
	KUNIT_EXPECT_EQ(test, w.alsos, 3U);
}

/* [13] The same of a slab that is allocated from its start to its end. */
static void destroy_names_the_objects_of_a_full_slab(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 1);
	size_t n = vm->qcaches->slab_size;
	struct vt_window w;
	char want[64];

	vt_disown(test, vm);
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
	KUNIT_EXPECT_GT(test, w.alsos, 0U);
}

/* [13] Without any, there is nothing to say, and the source gets all back. */
static void destroy_empties_the_caches(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 300, 0);
	vmem_t *vm = vq_client(test, src, 4);
	struct vq_set *s = vq_set(test, 64 * 300);

	vq_mix(s, vm, 5000, 1);
	vq_fill(s, vm, 2);
	vq_put_all(s, vm);
	KUNIT_EXPECT_GT(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
	vq_close(test, vm);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
}

/* [20] 0 is no integer of any arena, and no magazine takes it. */
static void free_of_null_is_reported(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 1);
	struct vq_set *s = vq_set(test, 40);

	refused(test, vm, 0, 1);
	refused(test, checked_arena(test, 100000), 0, 1);

	/* The same where there is a magazine with room. */
	vq_supply_magazines(test, s, vm, 1, 1);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 1UL);
	refused(test, vm, 0, 1);
	KUNIT_EXPECT_TRUE(test, vq_get(s, vm, 1, VM_SLEEP));
	refused(test, vm, 0, 1);
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
	KUNIT_CASE(free_of_nothing_is_reported),
	KUNIT_CASE(free_of_null_is_reported),
	KUNIT_CASE(wrong_arena_is_reported),
	KUNIT_CASE(xfree_of_an_object_is_reported),
	KUNIT_CASE(xfree_of_a_single_object_is_reported),
	KUNIT_CASE(free_of_an_xallocated_segment_is_reported),
	KUNIT_CASE(small_arenas_check_all),
	KUNIT_CASE(free_of_a_slab_is_reported),
	KUNIT_CASE(double_free_after_dissolving_is_reported),
	KUNIT_CASE(destroy_names_outstanding_objects),
	KUNIT_CASE(destroy_names_the_objects_of_a_full_slab),
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
