// SPDX-License-Identifier: GPL-2.0
/*
 * Segment structures: what happens when the slab allocator has none.
 *
 * fail_nth makes the next allocation of this task that may fail do so, in the
 * slab allocator, without any set-up. A request stops at the first try that
 * fails, so arming it anew for every request starves the arena for good.
 */
#include <linux/types.h>
#include <linux/fault-inject.h>	/* needs the types before it */
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/tracepoint.h>
#include <trace/events/kmem.h>

#include "vmem_test_import.h"

#ifdef CONFIG_FAILSLAB
#define STARVE(test)	do { } while (0)

static void arm(void)
{
	current->fail_nth = 1;
}

/* Did the request get as far as to ask the slab allocator? */
static bool disarm(void)
{
	bool used = !current->fail_nth;

	current->fail_nth = 0;
	return used;
}
#else
#define STARVE(test)	kunit_skip(test, "the kernel has no CONFIG_FAILSLAB")

static void arm(void)
{
}

static bool disarm(void)
{
	return false;
}
#endif

/* Units that can be allocated from the middle of 10000 before it starves. */
static unsigned int starve(struct kunit *test, vmem_t *vm, int vmflag)
{
	unsigned long at;

	for (at = 2; at < 1000; at += 2) {
		void *addr;

		arm();
		addr = vmem_xalloc(vm, 1, 0, 0, 0, (void *)at,
				   (void *)(at + 1), VM_NOSLEEP | vmflag);
		if (disarm() && !addr)
			return at / 2 - 1;
		KUNIT_ASSERT_PTR_EQ(test, addr, (void *)at);
	}
	KUNIT_FAIL(test, "it never starves");
	return 0;
}

/* [23] No structures: NULL, one failure, populate_fail, nothing changed. */
static void nosleep_without_structures_fails(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	struct vmem_stats s;
	unsigned int n;

	STARVE(test);
	starve(test, vm, 0);
	s = vt_stats(vm);
	n = vt_count(vm, VMEM_ALLOC | VMEM_FREE);
	KUNIT_EXPECT_EQ(test, s.fail, 1ULL);
	KUNIT_EXPECT_EQ(test, s.populate_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, s.populate_wait, 0ULL);
	arm();
	KUNIT_EXPECT_EQ(test, vt_take(vm, 5000, 1), 0UL);
	KUNIT_EXPECT_TRUE(test, disarm());
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE), n);
	/* And it recovers by itself. */
	KUNIT_EXPECT_EQ(test, vt_take(vm, 5000, 1), 5000UL);
}

/* [24] VM_SLEEP succeeds all the same: a blocking try follows. */
static void sleep_without_structures_succeeds(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	unsigned long id;

	STARVE(test);
	starve(test, vm, 0);
	arm();
	id = (unsigned long)vmem_xalloc(vm, 1, 0, 0, 0, (void *)5000,
					(void *)5001, VM_SLEEP);
	KUNIT_EXPECT_TRUE(test, disarm());
	KUNIT_EXPECT_EQ(test, id, 5000UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_wait, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
}

/* [8] vmem_add() without structures: NULL, and nothing is added. */
static void add_without_structures_fails(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	void *addr;

	STARVE(test);
	starve(test, vm, 0);
	arm();
	addr = vmem_add(vm, (void *)20000, 10, VM_NOSLEEP);
	KUNIT_EXPECT_TRUE(test, disarm());
	KUNIT_EXPECT_NULL(test, addr);
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)20000, 1));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)20000, 10, VM_SLEEP));
}

/* [25] Freeing needs no structures. */
static void free_without_structures(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	unsigned int n, i;

	STARVE(test);
	n = starve(test, vm, 0);
	for (i = 1; i <= n; i++) {
		arm();
		vt_xfree(vm, 2 * i, 1);
		KUNIT_EXPECT_FALSE(test, disarm());
	}
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 10000 });
}

/* How many more requests a populator serves than an ordinary arena does. */
static unsigned int reserve(struct kunit *test, int vmflag)
{
	vmem_t *plain = vt_ids(test, 10000);
	vmem_t *vm = vt_adopt(test, vmem_create("populator", (void *)1, 10000, 1,
						NULL, NULL, NULL, 0, VM_SLEEP |
						VMC_IDENTIFIER |
						VMC_POPULATOR));
	unsigned int few = starve(test, plain, vmflag);
	unsigned int many = starve(test, vm, vmflag);

	KUNIT_ASSERT_GT(test, many, few);
	return many - few;
}

/* [35] A populator keeps 12 structures: six cuts more, for VM_PUSHPAGE. */
static void reserve_serves_pushpage(struct kunit *test)
{
	STARVE(test);
	KUNIT_EXPECT_GE(test, reserve(test, VM_PUSHPAGE), 6U);
}

/* [35] And for VM_NOSLEEP when the slab allocator has nothing. */
static void reserve_serves_nosleep(struct kunit *test)
{
	STARVE(test);
	KUNIT_EXPECT_GE(test, reserve(test, 0), 6U);
}

/* [35] VM_PUSHPAGE goes to the reserve first, not to the slab allocator. */
static void pushpage_takes_the_reserve_first(struct kunit *test)
{
	vmem_t *vm = vt_adopt(test, vmem_init("heap", (void *)1, 10000, 1, NULL,
					      NULL));
	unsigned long at;

	STARVE(test);
	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_SLEEP), 1UL);
	for (at = 1000; at < 1006; at++) {
		arm();
		KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 1, 0, 0, 0,
						      (void *)(2 * at),
						      (void *)(2 * at + 1),
						      VM_NOSLEEP | VM_PUSHPAGE),
				    (void *)(2 * at));
		KUNIT_EXPECT_FALSE(test, disarm());
	}
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 0ULL);
}

/* [35] A task that reclaims memory must not insist: the reserve serves it. */
static void reserve_serves_memalloc(struct kunit *test)
{
	vmem_t *vm = vt_adopt(test, vmem_init("heap", (void *)1, 10000, 1, NULL,
					      NULL));
	unsigned int old;
	unsigned long id;

	STARVE(test);
	starve(test, vm, 0);
	/* Full again, so that there is a reserve to take from. */
	KUNIT_ASSERT_NE(test, vt_alloc(vm, 1, VM_SLEEP), 0UL);
	old = memalloc_noreclaim_save();
	arm();
	id = (unsigned long)vmem_xalloc(vm, 1, 0, 0, 0, (void *)5000,
					(void *)5001, VM_SLEEP);
	disarm();
	memalloc_noreclaim_restore(old);
	KUNIT_EXPECT_EQ(test, id, 5000UL);
}

static void eat_what_is_there(void)
{
	vmem_t *vm = vt_imp.importer;
	unsigned int i;

	vt_imp.during = NULL;
	for (i = 0; i < 200; i++) {
		arm();
		if (!vmem_xalloc(vm, 1, 2, 1, 0, (void *)101, NULL, VM_NOSLEEP))
			break;
	}
	disarm();
	/* And none for the request when it comes back. */
	arm();
}

/*
 * [35] Others use up every structure during the import: those set aside serve
 * the new span and the cut, and the request asks for no more.
 */
static void structures_set_aside_survive_starving(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	u64 starved;

	STARVE(test);
	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)100, 1000, VM_SLEEP));
	vt_imp.next = 10000;
	vt_imp.raise = 1000;
	vt_imp.during = eat_what_is_there;
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 2000, 16, 8, 0, NULL, NULL,
					      VM_NOSLEEP), (void *)10008);
	starved = vt_stats(vm).populate_fail;
	KUNIT_EXPECT_FALSE(test, disarm());
	KUNIT_EXPECT_EQ(test, starved, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 1ULL);
}

/* [23] Not even the import is tried without structures for its span. */
static void no_import_without_structures(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 0, 0);
	unsigned int imports;

	STARVE(test);
	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)1, 10000, VM_SLEEP));
	starve(test, vm, 0);
	imports = vt_imp.imports;
	vt_imp.next = 20000;
	arm();
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10001, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_TRUE(test, disarm());
	KUNIT_EXPECT_EQ(test, vt_imp.releases, vt_imp.imports - imports);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, 0ULL);
}

/* Called by the slab allocator, among others on behalf of vmem. */
static struct task_struct *watched;
static unsigned int populating;

static void probe_alloc(void *data, unsigned long call_site, const void *ptr,
			struct kmem_cache *s, gfp_t gfp, int node)
{
	if (current == watched && in_task() && vmem_is_populator())
		populating++;
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

/* [35] vmem_is_populator(): just while this task obtains structures. */
static void populator_is_known(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	int err = -ENOENT;

	STARVE(test);
	check_trace_callback_type_kmem_cache_alloc(probe_alloc);
	for_each_kernel_tracepoint(register_probe, &err);
	if (err)
		kunit_skip(test, "no tracepoint in the slab allocator");
	KUNIT_EXPECT_EQ(test, vmem_is_populator(), 0);
	starve(test, vm, 0);
	populating = 0;
	watched = current;
	arm();
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 1, 0, 0, 0, (void *)5000,
					      (void *)5001, VM_SLEEP),
			    (void *)5000);
	KUNIT_EXPECT_TRUE(test, disarm());
	watched = NULL;
	for_each_kernel_tracepoint(unregister_probe, NULL);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_GT(test, populating, 0U);
	KUNIT_EXPECT_EQ(test, vmem_is_populator(), 0);
}

static int populator_in_import;

static void ask_populator(void)
{
	populator_in_import = vmem_is_populator();
}

/* [35] An import function is not called while structures are obtained. */
static void import_is_not_populating(struct kunit *test)
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
	KUNIT_CASE(free_without_structures),
	KUNIT_CASE(reserve_serves_pushpage),
	KUNIT_CASE(reserve_serves_nosleep),
	KUNIT_CASE(pushpage_takes_the_reserve_first),
	KUNIT_CASE(reserve_serves_memalloc),
	KUNIT_CASE(structures_set_aside_survive_starving),
	KUNIT_CASE(no_import_without_structures),
	KUNIT_CASE(populator_is_known),
	KUNIT_CASE(import_is_not_populating),
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
