// SPDX-License-Identifier: GPL-2.0
/*
 * Deep trees: waiting requests, reclaim and imports that must sleep, through
 * any number of arenas, with and without caches at each level.
 *
 * Maintenance does not run: if a wake-up is lost or reclaim misses an arena, a
 * request waits forever.
 */
#include <linux/bitmap.h>

#include "vmem_test_deep.h"

KUNIT_ARRAY_PARAM(shape, vd_shapes, vd_describe_shape);

/*
 * [45] [41] A segment that is freed in the root serves a request that waits in
 * the leaf.
 */
static void root_serves_the_leaf(struct kunit *test)
{
	static const size_t sizes[] = { 1, VD_CACHED, 50 };
	const struct vd_shape *s = test->param_value;
	struct vd_path *c = vd_path(test, s, 200);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long all = vd_alloc_nosleep(test, c->vm[0], 200), addr;
		struct vt_thread *t;
		u64 waits;

		if (!all)
			return;
		t = vt_request(test, c->leaf, sizes[i], VM_SLEEP);
		vd_wait_waiters(test, c->vm[0], 1);
		KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
		waits = vd_stable_waits(c->vm[0]);
		vt_xfree(c->vm[0], all, 200);
		addr = vd_join(test, t, NULL);
		if (vd_stuck(test))
			return;
		KUNIT_EXPECT_NE(test, addr, 0UL);
		KUNIT_EXPECT_LE(test, vt_stats(c->vm[0]).wait, waits + 1);
		vd_wait_waiters(test, c->vm[0], 0);
		vt_free(c->leaf, addr, sizes[i]);
	}
}

/*
 * [38] [45] A request in the root gets the contents of all caches below the
 * root.
 */
static void root_gets_cached_space_of_all_levels(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	size_t size = vd_slabs_size(s);
	struct vd_path *c = vd_path(test, s, size);
	unsigned int i;

	for (i = 0; i < c->n; i++)
		vt_free(c->vm[i], vt_alloc(c->vm[i], 1, VM_SLEEP), 1);
	vd_alloc_whole(test, c->vm[0], size);
}

/*
 * [38] [45] A request in the root gets the only slab, which a cache of the leaf
 * holds.
 */
static void root_gets_cached_space_of_the_leaf(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	struct vd_path *c = vd_path(test, s, VD_SLAB);

	vt_free(c->leaf, vt_alloc(c->leaf, 1, VM_SLEEP), 1);
	vd_alloc_whole(test, c->vm[0], VD_SLAB);
}

/*
 * [38] [45] A request in a leaf gets the contents of the caches of another
 * branch.
 */
static void leaf_gets_cached_space_of_another_branch(struct kunit *test)
{
	static const struct vd_shape other = { "other", 12, 1 };
	const struct vd_shape *s = test->param_value;
	size_t size = vd_slabs_size(s);
	struct vd_path *c = vd_path(test, s, size);
	struct vd_path *o = vd_path_below(test, c->vm[0], &other);
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < c->n; i++)
		vt_free(c->vm[i], vt_alloc(c->vm[i], 1, VM_SLEEP), 1);
	addr = vd_join(test, vt_request(test, o->leaf, size, VM_SLEEP), NULL);
	if (vd_stuck(test))
		return;
	vt_free(o->leaf, addr, size);
	for (i = 0; i < o->n; i++)
		vt_free(o->vm[i], vt_alloc(o->vm[i], 3, VM_SLEEP), 3);
	addr = vd_join(test, vt_request(test, c->leaf, size, VM_SLEEP), NULL);
	if (!vd_stuck(test))
		vt_free(c->leaf, addr, size);
}

/*
 * [38] [41] While a request waits in the root, caches below the root keep no
 * free objects.
 */
static void frees_at_all_levels_serve_the_root(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	size_t size = vd_slabs_size(s);
	struct vd_path *c = vd_path(test, s, size);
	unsigned long addr[VD_DEPTH + 1];
	struct vt_thread *t;
	unsigned int i;

	for (i = 0; i < c->n; i++)
		addr[i] = vt_alloc(c->vm[i], 3, VM_SLEEP);
	t = vt_request(test, c->vm[0], size, VM_SLEEP);
	vd_wait_waiters(test, c->vm[0], 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	for (i = 0; i < c->n; i++)
		vt_free(c->vm[i], addr[i], 3);
	vd_join_whole(test, t);
}

/*
 * [38] [45] A VM_NOSLEEP request that fails starts reclaim. A later request
 * gets the reclaimed integers.
 */
static void nosleep_gets_cached_space_of_all_levels(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	size_t size = vd_slabs_size(s);
	struct vd_path *c = vd_path(test, s, size);
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < c->n; i++)
		vt_free(c->vm[i], vt_alloc(c->vm[i], 1, VM_SLEEP), 1);
	addr = vd_alloc_nosleep(test, c->vm[0], size);
	if (addr)
		vt_xfree(c->vm[0], addr, size);
}

#define NR_IDS	1000

static DECLARE_BITMAP(taken, NR_IDS + 1);

static void take_all(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < NR_IDS; i++) {
		unsigned long id = vt_alloc(t->vm, 1, VM_SLEEP);

		t->errors += !id || id > NR_IDS ||
			     __test_and_set_bit(id, taken);
	}
}

/*
 * [38] [45] VM_SLEEP requests in a leaf get every integer, although other
 * levels have caches.
 */
static void leaf_gets_every_integer(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	struct vd_path *c = vd_path(test, s, NR_IDS);
	unsigned int i, errors = 0;
	struct vt_thread *t;

	for (i = 0; i < c->n; i++) {
		size_t size = 1 + i % VD_CACHED;
		unsigned long id = vt_alloc(c->vm[i], size, VM_NOSLEEP);

		if (id)
			vt_free(c->vm[i], id, size);
	}
	bitmap_zero(taken, NR_IDS + 1);
	t = vt_thread_start(test, take_all, c->leaf, 1, VM_SLEEP);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vd_join(test, t, &errors);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_EQ(test, bitmap_weight(taken, NR_IDS + 1), NR_IDS);
	KUNIT_EXPECT_EQ(test, vt_alloc(c->leaf, 1, VM_NOSLEEP), 0UL);
	for_each_set_bit(i, taken, NR_IDS + 1)
		vt_free(c->leaf, i, 1);
}

/*
 * [45] [28] A span added at any level serves a request that waits in the leaf.
 */
static void span_added_at_any_level_serves_the_leaf(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	struct vd_path *c = vd_path(test, s, 0);
	unsigned long addr[VD_DEPTH + 1], at;
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		struct vt_thread *t = vt_request(test, c->leaf, 8, VM_SLEEP);

		vd_wait_waiters(test, c->leaf, 1);
		KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
		at = 1000 * (i + 1);
		KUNIT_EXPECT_NOT_NULL(test, vmem_add(c->vm[i], (void *)at, 8,
						     VM_SLEEP));
		addr[i] = vd_join(test, t, NULL);
		if (vd_stuck(test))
			return;
		KUNIT_EXPECT_EQ(test, addr[i], at);
	}
	while (i--)
		vt_free(c->leaf, addr[i], 8);
}

/*
 * [45] [38] While a request waits in the root, arenas that are created below
 * the root keep no free objects in their caches.
 */
static void arenas_created_below_a_waiter_cache_nothing(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	size_t size = vd_slabs_size(s) + VD_SLAB;
	vmem_t *root = vd_ids(test, "root", size, vd_qcache_max(s, 0));
	unsigned long hold = vd_xalloc(root, VD_SLAB, VM_SLEEP);
	struct vt_thread *t = vt_request(test, root, size, VM_SLEEP);
	unsigned long addr[VD_DEPTH + 1];
	struct vd_path *c;
	unsigned int i;

	vd_wait_waiters(test, root, 1);
	c = vd_path_below(test, root, s);
	for (i = 0; i < c->n; i++) {
		addr[i] = vt_alloc(c->vm[i], 1, VM_NOSLEEP);
		KUNIT_EXPECT_NE(test, addr[i], 0UL);
		/*
		 * The integers with an even index are freed only after @hold.
		 */
		if (addr[i] && i % 2)
			vt_free(c->vm[i], addr[i], 1);
	}
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vt_xfree(root, hold, VD_SLAB);
	for (i = 0; i < c->n; i += 2)
		if (addr[i])
			vt_free(c->vm[i], addr[i], 1);
	vd_join_whole(test, t);
}

/*
 * [45] [38] While a request waits in the root, a child that is created below
 * the root returns its only slab when the last object of the slab is freed.
 */
static void child_created_below_a_waiter_keeps_no_slab(struct kunit *test)
{
	vmem_t *root = vd_ids(test, "root", 2 * VD_SLAB, 0);
	unsigned long hold = vt_alloc(root, VD_SLAB, VM_SLEEP), id;
	struct vt_thread *t = vt_request(test, root, 2 * VD_SLAB, VM_SLEEP);
	vmem_t *child;

	vd_wait_waiters(test, root, 1);
	vd_stable_waits(root);
	child = vd_client(test, "child", root, VD_CACHED);
	id = vt_alloc(child, 1, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, id, 0UL);
	vt_free(root, hold, VD_SLAB);
	if (id)
		vt_free(child, id, 1);
	vd_join_whole(test, t);
}

/*
 * [45] [25] If one request waits at every level and the root has exactly enough
 * integers for all requests, all requests are served.
 */
static void every_level_is_served(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	size_t size = VD_CACHED * (s->depth + 1);
	struct vd_path *c = vd_path(test, s, size);
	unsigned long all = vd_xalloc(c->vm[0], size, VM_SLEEP);
	struct vt_thread **t;
	unsigned long *addr;
	unsigned int i;

	t = kunit_kcalloc(test, c->n, sizeof(*t), GFP_KERNEL);
	addr = kunit_kcalloc(test, c->n, sizeof(*addr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	for (i = c->n; i--;)
		t[i] = vt_request(test, c->vm[i], VD_CACHED, VM_SLEEP);
	vd_wait_waiters(test, c->vm[0], c->n);
	vt_xfree(c->vm[0], all, size);
	for (i = 0; i < c->n; i++) {
		addr[i] = vd_join(test, t[i], NULL);
		if (vd_stuck(test))
			return;
		KUNIT_EXPECT_NE(test, addr[i], 0UL);
	}
	for (i = 0; i < c->n; i++)
		vt_free(c->vm[i], addr[i], VD_CACHED);
}

/**
 * struct sleeping - state of import_must_sleep() and release_sleeping()
 * @next: start of the next range that is imported
 * @calls: number of calls of the import function
 * @bad_flags: number of @calls with flags that an import function must not
 *	receive
 * @imported: number of imported integers
 * @released: number of released integers
 */
static struct sleeping {
	unsigned long next;
	atomic_t calls;
	atomic_t bad_flags;
	atomic_long_t imported;
	atomic_long_t released;
} sleeping;

static void sleeping_reset(void)
{
	memset(&sleeping, 0, sizeof(sleeping));
	sleeping.next = 1;
}

/* An import function that succeeds only with VM_SLEEP. */
static void *import_must_sleep(vmem_t *src, size_t size, int vmflag)
{
	unsigned long addr;

	atomic_inc(&sleeping.calls);
	if (vmflag & ~(VM_NOSLEEP | VM_PUSHPAGE))
		atomic_inc(&sleeping.bad_flags);
	if (vmflag & VM_NOSLEEP)
		return NULL;
	msleep(20);
	addr = sleeping.next;
	sleeping.next += size + 1;
	atomic_long_add(size, &sleeping.imported);
	return (void *)addr;
}

static void release_sleeping(vmem_t *src, void *addr, size_t size)
{
	atomic_long_add(size, &sleeping.released);
}

/*
 * [44] A VM_SLEEP request in the leaf calls the import function of the top
 * arena with VM_SLEEP, at any depth, even if another tree has caches to
 * reclaim.
 */
static void import_at_the_top_may_sleep(struct kunit *test)
{
	static const size_t sizes[] = { 1, VD_CACHED, 50, 500 };
	const struct vd_shape *s = test->param_value;
	struct vd_path *c;
	unsigned int i;
	vmem_t *top;

	sleeping_reset();
	vd_unrelated_arena(test);
	top = vt_track(test, vmem_create("top", NULL, 0, 1, import_must_sleep,
					 release_sleeping,
					 vd_ids(test, "label", 0, 0),
					 vd_qcache_max(s, 0),
					 VM_SLEEP | VMC_IDENTIFIER));
	c = vd_path_below(test, top, s);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long addr;

		addr = vd_join(test, vt_request(test, c->leaf, sizes[i],
						VM_SLEEP), NULL);
		if (vd_stuck(test))
			return;
		KUNIT_EXPECT_NE(test, addr, 0UL);
		vt_free(c->leaf, addr, sizes[i]);
	}
	/* [43] Each request calls the import function only a few times. */
	KUNIT_EXPECT_LE(test, atomic_read(&sleeping.calls), 40);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeping.bad_flags), 0);
	while (c->n > 1)
		vd_close(test, c->vm[--c->n]);
	vd_close(test, top);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&sleeping.released),
			atomic_long_read(&sleeping.imported));
}

static atomic_t bad_flags;

/*
 * An import function for an arena in the middle of a tree. It imports from the
 * source, but only with VM_SLEEP.
 */
static void *import_from_arena_must_sleep(vmem_t *src, size_t size, int vmflag)
{
	if (vmflag & ~(VM_NOSLEEP | VM_PUSHPAGE))
		atomic_inc(&bad_flags);
	if (vmflag & VM_NOSLEEP)
		return NULL;
	msleep(20);
	return vmem_alloc(src, size, vmflag);
}

/*
 * [44] If several arenas of a source path have an import function that must
 * sleep, a VM_SLEEP request in the leaf calls each import function with
 * VM_SLEEP. Other arenas are above, between and below these arenas.
 */
static void imports_in_the_middle_may_sleep(struct kunit *test)
{
	static const struct vd_shape part = { "part", 4, 2 };
	vmem_t *at = vd_ids(test, "root", 1000, VD_CACHED), *root = at;
	unsigned long all, addr;
	struct vt_thread *t;
	unsigned int i;

	atomic_set(&bad_flags, 0);
	vd_unrelated_arena(test);
	for (i = 0; i < 3; i++) {
		at = vd_path_below(test, at, &part)->leaf;
		at = vt_track(test, vmem_create("middle", NULL, 0, 1,
						import_from_arena_must_sleep,
						vmem_free, at, i * 2,
						VM_SLEEP | VMC_IDENTIFIER));
	}
	at = vd_path_below(test, at, &part)->leaf;
	for (i = 1; i < 200; i += 33) {
		addr = vd_join(test, vt_request(test, at, i, VM_SLEEP), NULL);
		if (vd_stuck(test))
			return;
		KUNIT_EXPECT_NE(test, addr, 0UL);
		vt_free(at, addr, i);
	}
	/*
	 * While the root is exhausted, the request waits in the root, inside
	 * the uppermost import function.
	 */
	all = vd_join(test, vt_request(test, root, 1000, VM_SLEEP), NULL);
	if (vd_stuck(test))
		return;
	t = vt_request(test, at, 300, VM_SLEEP);
	vd_wait_waiters(test, root, 1);
	vt_free(root, all, 1000);
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	vt_free(at, addr, 300);
	KUNIT_EXPECT_EQ(test, atomic_read(&bad_flags), 0);
}

static const struct vd_shape nests[] = {
	{ "2 deep", 2, 1 },
	{ "12 deep", 12, 1 },
	{ "24 deep", 24, 1 },
};

KUNIT_ARRAY_PARAM(nest, nests, vd_describe_shape);

/*
 * Create a source path. Each arena below the root has four times the quantum
 * and four times the slab size of the arena below it. So a slab of the lower
 * arena has exactly the largest cached size of the upper arena. The root has
 * space for exactly one slab of the next arena.
 */
static vmem_t *make_nest(struct kunit *test, unsigned int depth, size_t size,
			 vmem_t **root)
{
	size_t quantum = size / VD_SLAB;
	vmem_t *vm = vt_arena(test, size, size, quantum);

	*root = vm;
	for (; depth--; quantum /= 4)
		vm = vt_track(test, vmem_create("nest", NULL, 0, quantum,
						vmem_alloc, vmem_free, vm,
						16 * quantum, VM_SLEEP));
	return vm;
}

/*
 * [38] [45] If each slab is a cached object of the arena above, all slabs
 * return to the root, starting with the slab of the lowest arena.
 */
static void nested_slabs_return_to_the_root(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	size_t size = (size_t)VD_SLAB << 2 * (s->depth - 1);
	unsigned long addr;
	struct vt_thread *t;
	vmem_t *root, *leaf;

	if (BITS_PER_LONG < 64 && s->depth > 10)
		kunit_skip(test, "integers are too small");
	leaf = make_nest(test, s->depth, size, &root);

	/* Reclaim returns the slabs from the caches of an idle tree. */
	vt_free(leaf, vt_alloc(leaf, 1, VM_SLEEP), 1);
	addr = vd_join(test, vt_request(test, root, size, VM_SLEEP), NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, addr, size);
	vt_free(root, addr, size);

	/*
	 * While a request waits in the root, the slabs return when the only
	 * allocated object is freed.
	 */
	addr = vt_alloc(leaf, 1, VM_SLEEP);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	t = vt_request(test, root, size, VM_SLEEP);
	vd_wait_waiters(test, root, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vt_free(leaf, addr, 1);
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, addr, size);
	vt_free(root, addr, size);
}

#define VERY_DEEP	400

static const struct vd_shape very_deep[] = {
	{ "no caches", VERY_DEEP, 0 },
	{ "caches", VERY_DEEP, 1 },
};

KUNIT_ARRAY_PARAM(very_deep, very_deep, vd_describe_shape);

/*
 * [45] A request in the lowest of 400 arenas succeeds or waits as in a short
 * source path. The kernel stack has no space for a frame per arena.
 */
static void depth_has_no_limit(struct kunit *test)
{
	const struct vd_shape *s = test->param_value;
	vmem_t **vm = kvcalloc(VERY_DEEP, sizeof(*vm), GFP_KERNEL), *leaf;
	vmem_t *root = vd_ids(test, "root", VD_SLAB, 0);
	unsigned int i, n, bad = 0;
	struct vt_thread *t;
	unsigned long addr;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	leaf = root;
	for (n = 0; n < VERY_DEEP; n++) {
		vm[n] = vmem_create("deep", NULL, 0, 1, vmem_alloc, vmem_free,
				    leaf, s->every ? VD_CACHED : 0,
				    VM_SLEEP | VMC_IDENTIFIER);
		if (!vm[n])
			break;
		leaf = vm[n];
	}
	KUNIT_EXPECT_EQ(test, n, VERY_DEEP + 0U);

	addr = vt_alloc(leaf, 1, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(leaf, addr, 1);
	addr = vt_alloc(leaf, 1, VM_SLEEP);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	vt_free(leaf, addr, 1);

	addr = vd_join(test, vt_request(test, root, VD_SLAB, VM_SLEEP), NULL);
	if (vd_stuck(test))
		return;
	t = vt_request(test, leaf, 1, VM_SLEEP);
	vd_wait_waiters(test, root, 1);
	vt_free(root, addr, VD_SLAB);
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_NE(test, addr, 0UL);

	t = vt_request(test, root, VD_SLAB, VM_SLEEP);
	vd_wait_waiters(test, root, 1);
	vt_free(leaf, addr, 1);
	vd_join_whole(test, t);
	if (vd_stuck(test))
		return;

	for (i = 0; i < n; i++)
		bad += vmem_verify(vm[i]) != 0;
	KUNIT_EXPECT_EQ(test, bad, 0U);
	while (n)
		vmem_destroy(vm[--n]);
	kvfree(vm);
}

static struct kunit_case vmem_live_deep_cases[] = {
	KUNIT_CASE_PARAM(root_serves_the_leaf, shape_gen_params),
	KUNIT_CASE_PARAM(root_gets_cached_space_of_all_levels,
			 shape_gen_params),
	KUNIT_CASE_PARAM(root_gets_cached_space_of_the_leaf, shape_gen_params),
	KUNIT_CASE_PARAM(leaf_gets_cached_space_of_another_branch,
			 shape_gen_params),
	KUNIT_CASE_PARAM(frees_at_all_levels_serve_the_root, shape_gen_params),
	KUNIT_CASE_PARAM(nosleep_gets_cached_space_of_all_levels,
			 shape_gen_params),
	KUNIT_CASE_PARAM(leaf_gets_every_integer, shape_gen_params),
	KUNIT_CASE_PARAM(span_added_at_any_level_serves_the_leaf,
			 shape_gen_params),
	KUNIT_CASE_PARAM(arenas_created_below_a_waiter_cache_nothing,
			 shape_gen_params),
	KUNIT_CASE(child_created_below_a_waiter_keeps_no_slab),
	KUNIT_CASE_PARAM(every_level_is_served, shape_gen_params),
	KUNIT_CASE_PARAM(import_at_the_top_may_sleep, shape_gen_params),
	KUNIT_CASE(imports_in_the_middle_may_sleep),
	KUNIT_CASE_PARAM(nested_slabs_return_to_the_root, nest_gen_params),
	KUNIT_CASE_PARAM(depth_has_no_limit, very_deep_gen_params),
	{}
};

static struct kunit_suite vmem_live_deep_suite = {
	.name = "vmem_live_deep",
	.suite_init = vd_suite_init,
	.suite_exit = vd_suite_exit,
	.init = vt_init,
	.exit = vd_exit,
	.test_cases = vmem_live_deep_cases,
};

kunit_test_suite(vmem_live_deep_suite);

MODULE_DESCRIPTION("KUnit: vmem in deep trees");
MODULE_LICENSE("GPL");
