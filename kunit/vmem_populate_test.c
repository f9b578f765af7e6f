// SPDX-License-Identifier: GPL-2.0
/*
 * Segment structures: requests while the slab allocator fails.
 *
 * fail_nth makes the next slab allocation of this task fail, unless the
 * allocation has __GFP_NOFAIL. fail_nth needs no other set-up of fault
 * injection. A VM_NOSLEEP request does not retry a failed slab allocation, so
 * VM_NOSLEEP requests with an armed failure exhaust the segment pool of an
 * arena.
 */
#include <linux/types.h>
#include <linux/fault-inject.h>	/* needs the types before it */
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/tracepoint.h>
#include <trace/events/kmem.h>

#include "vmem_test_import.h"

#ifdef CONFIG_FAILSLAB
#define NEEDS_FAILSLAB(test)	do { } while (0)

static void arm_failure(void)
{
	current->fail_nth = 1;
}

/* Returns true if a slab allocation has failed since arm_failure(). */
static bool disarm_failure(void)
{
	bool used = !current->fail_nth;

	current->fail_nth = 0;
	return used;
}
#else
#define NEEDS_FAILSLAB(test)						\
	kunit_skip(test, "the kernel has no CONFIG_FAILSLAB")

static void arm_failure(void)
{
}

static bool disarm_failure(void)
{
	return false;
}
#endif

/*
 * Allocate single integers until the segment pool of the arena is exhausted.
 * Returns the number of allocations.
 */
static unsigned int exhaust_pool(struct kunit *test, vmem_t *vm, int vmflag)
{
	unsigned long at;

	for (at = 2; at < 1000; at += 2) {
		void *addr;

		arm_failure();
		addr = vmem_xalloc(vm, 1, 0, 0, 0, (void *)at,
				   (void *)(at + 1), VM_NOSLEEP | vmflag);
		if (disarm_failure() && !addr)
			return at / 2 - 1;
		KUNIT_ASSERT_PTR_EQ(test, addr, (void *)at);
	}
	KUNIT_FAIL(test, "the pool is never exhausted");
	return 0;
}

/*
 * [23] If the pool is exhausted and the slab allocator fails, a VM_NOSLEEP
 * request returns NULL, counts in "fail" and "populate_fail", and changes
 * nothing else.
 */
static void nosleep_without_structures_fails(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	struct vmem_stats s;
	unsigned int n;

	NEEDS_FAILSLAB(test);
	exhaust_pool(test, vm, 0);
	s = vt_stats(vm);
	n = vt_count(vm, VMEM_ALLOC | VMEM_FREE);
	KUNIT_EXPECT_EQ(test, s.fail, 1ULL);
	KUNIT_EXPECT_EQ(test, s.populate_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, s.populate_wait, 0ULL);
	arm_failure();
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 5000, 1), 0UL);
	KUNIT_EXPECT_TRUE(test, disarm_failure());
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE), n);
	/* Without an armed failure, the same request succeeds. */
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 5000, 1), 5000UL);
}

/*
 * [24] If the pool is exhausted and the slab allocator fails, a VM_SLEEP
 * request makes a blocking slab allocation and succeeds.
 */
static void sleep_without_structures_succeeds(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	unsigned long id;

	NEEDS_FAILSLAB(test);
	exhaust_pool(test, vm, 0);
	arm_failure();
	id = (unsigned long)vmem_xalloc(vm, 1, 0, 0, 0, (void *)5000,
					(void *)5001, VM_SLEEP);
	KUNIT_EXPECT_TRUE(test, disarm_failure());
	KUNIT_EXPECT_EQ(test, id, 5000UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_wait, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
}

/*
 * [8] If the pool is exhausted and the slab allocator fails, vmem_add() with
 * VM_NOSLEEP returns NULL and adds nothing.
 */
static void add_without_structures_fails(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	void *addr;

	NEEDS_FAILSLAB(test);
	exhaust_pool(test, vm, 0);
	arm_failure();
	addr = vmem_add(vm, (void *)20000, 10, VM_NOSLEEP);
	KUNIT_EXPECT_TRUE(test, disarm_failure());
	KUNIT_EXPECT_NULL(test, addr);
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)20000, 1));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)20000, 10, VM_SLEEP));
}

/* [25] vmem_xfree() needs no segment structures. */
static void free_needs_no_structures(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	unsigned int n, i;

	NEEDS_FAILSLAB(test);
	n = exhaust_pool(test, vm, 0);
	for (i = 1; i <= n; i++) {
		arm_failure();
		vt_xfree(vm, 2 * i, 1);
		KUNIT_EXPECT_FALSE(test, disarm_failure());
	}
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 10000 });
}

/*
 * Returns the number of requests that the reserve of a VMC_POPULATOR arena
 * serves. Exhausts the pools of such an arena and of an ordinary arena. The
 * result is the difference between the numbers of served requests.
 */
static unsigned int reserve_cuts(struct kunit *test, int vmflag)
{
	vmem_t *plain = vt_ids(test, 10000);
	vmem_t *vm = vt_track(test, vmem_create("populator", (void *)1, 10000, 1,
						NULL, NULL, NULL, 0, VM_SLEEP |
						VMC_IDENTIFIER |
						VMC_POPULATOR));
	unsigned int few = exhaust_pool(test, plain, vmflag);
	unsigned int many = exhaust_pool(test, vm, vmflag);

	KUNIT_ASSERT_GT(test, many, few);
	return many - few;
}

/*
 * [35] The reserve of 12 structures serves at least six VM_PUSHPAGE requests,
 * since each request takes at most two structures.
 */
static void reserve_serves_pushpage(struct kunit *test)
{
	NEEDS_FAILSLAB(test);
	KUNIT_EXPECT_GE(test, reserve_cuts(test, VM_PUSHPAGE), 6U);
}

/*
 * [35] If the slab allocator fails, the reserve serves at least six VM_NOSLEEP
 * requests.
 */
static void reserve_serves_nosleep(struct kunit *test)
{
	NEEDS_FAILSLAB(test);
	KUNIT_EXPECT_GE(test, reserve_cuts(test, 0), 6U);
}

/* [35] A VM_PUSHPAGE request uses the reserve before the slab allocator. */
static void pushpage_takes_the_reserve_first(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_init("heap", (void *)1, 10000, 1, NULL,
					      NULL));
	unsigned long at;

	NEEDS_FAILSLAB(test);
	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_SLEEP), 1UL);
	for (at = 1000; at < 1006; at++) {
		arm_failure();
		KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 1, 0, 0, 0,
						      (void *)(2 * at),
						      (void *)(2 * at + 1),
						      VM_NOSLEEP | VM_PUSHPAGE),
				    (void *)(2 * at));
		KUNIT_EXPECT_FALSE(test, disarm_failure());
	}
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 0ULL);
}

/*
 * [35] A task that reclaims memory cannot use __GFP_NOFAIL. If the slab
 * allocator fails, the reserve serves a VM_SLEEP request of this task.
 */
static void reserve_serves_memalloc(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_init("heap", (void *)1, 10000, 1, NULL,
					      NULL));
	unsigned int old;
	unsigned long id;

	NEEDS_FAILSLAB(test);
	exhaust_pool(test, vm, 0);
	/* This request refills the reserve. */
	KUNIT_ASSERT_NE(test, vt_alloc(vm, 1, VM_SLEEP), 0UL);
	old = memalloc_noreclaim_save();
	arm_failure();
	id = (unsigned long)vmem_xalloc(vm, 1, 0, 0, 0, (void *)5000,
					(void *)5001, VM_SLEEP);
	disarm_failure();
	memalloc_noreclaim_restore(old);
	KUNIT_EXPECT_EQ(test, id, 5000UL);
}

static void exhaust_during_import(void)
{
	vmem_t *vm = vt_imp.importer;
	unsigned int i;

	vt_imp.during = NULL;
	for (i = 0; i < 200; i++) {
		arm_failure();
		if (!vmem_xalloc(vm, 1, 2, 1, 0, (void *)101, NULL, VM_NOSLEEP))
			break;
	}
	disarm_failure();
	/*
	 * Detect a slab allocation that the importing request makes after the
	 * import.
	 */
	arm_failure();
}

/*
 * [35] If the pool is exhausted during the import, the structures set aside
 * suffice for the new span and for the allocation from the span.
 */
static void structures_set_aside_serve_the_import(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	u64 populate_fail;

	NEEDS_FAILSLAB(test);
	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)100, 1000, VM_SLEEP));
	vt_imp.next = 10000;
	vt_imp.raise = 1000;
	vt_imp.during = exhaust_during_import;
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 2000, 16, 8, 0, NULL, NULL,
					      VM_NOSLEEP), (void *)10008);
	populate_fail = vt_stats(vm).populate_fail;
	KUNIT_EXPECT_FALSE(test, disarm_failure());
	KUNIT_EXPECT_EQ(test, populate_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 1ULL);
}

/*
 * [23] A request that lacks segment structures for a new span fails, and
 * releases its import if it has one.
 */
static void no_import_without_structures(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 0, 0);
	unsigned int imports;

	NEEDS_FAILSLAB(test);
	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)1, 10000, VM_SLEEP));
	exhaust_pool(test, vm, 0);
	imports = vt_imp.imports;
	vt_imp.next = 20000;
	arm_failure();
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10001, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_TRUE(test, disarm_failure());
	KUNIT_EXPECT_EQ(test, vt_imp.releases, vt_imp.imports - imports);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, 0ULL);
}

/*
 * probe_alloc() counts the slab allocations of this task during which
 * vmem_is_populator() is true.
 */
static struct task_struct *counted_task;
static unsigned int nr_populating;

static void probe_alloc(void *data, unsigned long call_site, const void *ptr,
			struct kmem_cache *s, gfp_t gfp, int node)
{
	if (current == counted_task && in_task() && vmem_is_populator())
		nr_populating++;
}

static void register_probe(struct tracepoint *tp, void *err)
{
	if (!strcmp(tp->name, "kmem_cache_alloc"))
		*(int *)err = tracepoint_probe_register(tp, probe_alloc, NULL);
}

static void unregister_probe(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "kmem_cache_alloc"))
		tracepoint_probe_unregister(tp, probe_alloc, NULL);
}

/*
 * [35] vmem_is_populator() is true while this task allocates segment
 * structures.
 */
static void is_populator_while_allocating(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	int err = -ENOENT;

	NEEDS_FAILSLAB(test);
	check_trace_callback_type_kmem_cache_alloc(probe_alloc);
	for_each_kernel_tracepoint(register_probe, &err);
	if (err)
		kunit_skip(test, "no tracepoint in the slab allocator");
	KUNIT_EXPECT_EQ(test, vmem_is_populator(), 0);
	exhaust_pool(test, vm, 0);
	nr_populating = 0;
	counted_task = current;
	arm_failure();
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 1, 0, 0, 0, (void *)5000,
					      (void *)5001, VM_SLEEP),
			    (void *)5000);
	KUNIT_EXPECT_TRUE(test, disarm_failure());
	counted_task = NULL;
	for_each_kernel_tracepoint(unregister_probe, NULL);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_GT(test, nr_populating, 0U);
	KUNIT_EXPECT_EQ(test, vmem_is_populator(), 0);
}

static int populator_in_import;

static void ask_populator(void)
{
	populator_in_import = vmem_is_populator();
}

/* [35] vmem_is_populator() is false in an import function. */
static void is_no_populator_in_an_import(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	populator_in_import = -1;
	vt_imp.next = 64 * U;
	vt_imp.during = ask_populator;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, populator_in_import, 0);
}

static struct kunit_case vmem_populate_cases[] = {
	KUNIT_CASE(nosleep_without_structures_fails),
	KUNIT_CASE(sleep_without_structures_succeeds),
	KUNIT_CASE(add_without_structures_fails),
	KUNIT_CASE(free_needs_no_structures),
	KUNIT_CASE(reserve_serves_pushpage),
	KUNIT_CASE(reserve_serves_nosleep),
	KUNIT_CASE(pushpage_takes_the_reserve_first),
	KUNIT_CASE(reserve_serves_memalloc),
	KUNIT_CASE(structures_set_aside_serve_the_import),
	KUNIT_CASE(no_import_without_structures),
	KUNIT_CASE(is_populator_while_allocating),
	KUNIT_CASE(is_no_populator_in_an_import),
	{}
};

static struct kunit_suite vmem_populate_suite = {
	.name = "vmem_populate",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_populate_cases,
};

kunit_test_suite(vmem_populate_suite);

MODULE_DESCRIPTION("KUnit: segment structures of vmem");
MODULE_LICENSE("GPL");
