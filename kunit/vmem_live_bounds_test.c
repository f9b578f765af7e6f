// SPDX-License-Identifier: GPL-2.0
/*
 * Bounds: a free neither allocates nor sleeps nor does the work of reclaim, and a
 * request that does not sleep does a bounded part of it and calls no release
 * function.
 *
 * Time is not measured. The work that a call does is judged by the segments that
 * come up in the arena during the call, and by what it allocates.
 */
#include "vmem_test_live.h"

#include <trace/events/kmem.h>

/* Identifiers: enough that reclaim of all is beyond every bound. */
#define MANY		(2048UL * VL_SLAB)

/* A free may take one slab apart; there may be some slack. */
#define FREE_BOUND	(4 * VL_SLAB)

/* 16 slabs, a thousand objects of the depot, the magazines of this CPU. */
#define NOSLEEP_BOUND	4096

/*
 * With several CPUs the reclaim that the call asks for runs beside it, and what
 * it does cannot be told from what the call does.
 */
static void needs_one_cpu(struct kunit *test)
{
	if (num_online_cpus() > 1)
		kunit_skip(test, "reclaim runs on the other CPUs meanwhile");
}

/*
 * An arena of single identifiers, cached, of which every second one is free: every
 * slab is partial.
 */
static vmem_t *half_free_arena(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, MANY, 1);
	unsigned long id, got = 0;

	for (id = 1; id <= MANY; id++)
		got += !!vt_alloc(vm, 1, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, got, MANY);
	for (id = 2; id <= MANY; id += 2)
		vt_free(vm, id, 1);
	return vm;
}

static void free_the_other_half(vmem_t *vm, unsigned long from)
{
	unsigned long id;

	for (id = from; id <= MANY; id += 2)
		vt_free(vm, id, 1);
}

static unsigned int segments(vmem_t *vm)
{
	return vt_count(vm, VMEM_ALLOC | VMEM_FREE);
}

/* Frees of single identifiers, and the most segments that one has made. */
static struct frees {
	struct timer_list timer;
	vmem_t *vm;
	unsigned long next;
	unsigned int left;
	unsigned int most;
	struct completion done;
} frees;

static void frees_init(vmem_t *vm)
{
	memset(&frees, 0, sizeof(frees));
	frees.vm = vm;
	frees.next = 1;
	frees.left = 100;
	init_completion(&frees.done);
}

/* Free one of the other half, with interrupts off. */
static void free_one_and_count(void)
{
	unsigned int before, after;
	unsigned long flags;

	local_irq_save(flags);
	before = segments(frees.vm);
	vt_free(frees.vm, frees.next, 1);
	after = segments(frees.vm);
	local_irq_restore(flags);
	frees.next += 2;
	frees.left--;
	if (after > before)
		frees.most = max(frees.most, after - before);
}

/* What @t asked for is there when all is free. */
static void frees_end(struct kunit *test, struct vt_thread *t)
{
	KUNIT_EXPECT_LE(test, frees.most, (unsigned int)FREE_BOUND);
	free_the_other_half(frees.vm, frees.next);
	vl_served(test, t, "the waiter for all of the arena");
}

static void frees_do_bounded_work(struct kunit *test, vmem_t *vm,
				  struct vt_thread *t)
{
	frees_init(vm);
	while (frees.left)
		free_one_and_count();
	frees_end(test, t);
}

static void free_in_timer(struct timer_list *timer)
{
	free_one_and_count();
	if (frees.left)
		mod_timer(timer, jiffies + 1);
	else
		complete(&frees.done);
}

/*
 * [39] Interrupts free identifiers before the request, while the work item does
 * what the request has asked for, and after.
 */
static void free_during_reclaim_does_bounded_work(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *vm;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	vm = half_free_arena(test);
	frees_init(vm);
	timer_setup(&frees.timer, free_in_timer, 0);
	mod_timer(&frees.timer, jiffies + 1);
	t = vt_request(test, vm, MANY, VM_SLEEP);
	wait_for_completion(&frees.done);
	frees_end(test, t);
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
}

/* [39] A free does not do the work of reclaim, whatever waits. */
static void free_beside_a_waiter_does_bounded_work(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *vm;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	vm = half_free_arena(test);
	t = vt_request(test, vm, MANY, VM_SLEEP);
	vl_wait_waiters(test, vm, 1);
	frees_do_bounded_work(test, vm, t);
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
}

/* [39] The same for a waiter above, whose need frees below may meet. */
static void free_below_a_waiter_does_bounded_work(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *src, *vm;
	unsigned long id;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	src = vl_ids(test, MANY, 0);
	vm = vl_client(test, src, 1);
	for (id = 1; id <= MANY; id++)
		vt_alloc(vm, 1, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_FREE), (size_t)0);
	for (id = 2; id <= MANY; id += 2)
		vt_free(vm, id, 1);
	t = vt_request(test, src, MANY, VM_SLEEP);
	vl_wait_waiters(test, src, 1);
	frees_do_bounded_work(test, vm, t);
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
}

/*
 * [39] The same before reclaim has done anything: a release function of another
 * tree blocks, and should that hold up reclaim of this one, the free must not do
 * its work.
 */
static void free_before_reclaim_does_bounded_work(struct kunit *test)
{
	struct vt_thread *other, *t;
	vmem_t *idle, *vm;
	unsigned int i;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	vm = half_free_arena(test);
	idle = vl_idle_importer(test);
	vl_gate_close();
	other = vt_request(test, idle, VL_SLAB + 1, VM_SLEEP);
	vl_gate_wait(test);
	t = vt_request(test, vm, MANY, VM_SLEEP);
	for (i = 0; i < 50 && !vt_stats(vm).waiters; i++)
		msleep(20);
	frees_do_bounded_work(test, vm, t);
	vl_gate_open();
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
	vmem_add(idle, (void *)0x800000, VL_SLAB + 1, VM_SLEEP);
	vl_join_free(test, other);
}

/* What one failing request without sleep brings about in @vm's @in. */
static unsigned int failing_nosleep(struct kunit *test, vmem_t *vm, vmem_t *in)
{
	unsigned int before, after;
	unsigned long flags, addr;

	local_irq_save(flags);
	before = segments(in);
	addr = vt_alloc(vm, 2, VM_NOSLEEP);
	after = segments(in);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, addr, 0UL);
	return after > before ? after - before : 0;
}

/* [40] A request that fails takes a bounded part of the caches apart. */
static void failing_nosleep_does_bounded_work(struct kunit *test)
{
	vmem_t *vm;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	vm = half_free_arena(test);
	KUNIT_EXPECT_LE(test, failing_nosleep(test, vm, vm),
			(unsigned int)NOSLEEP_BOUND);
	KUNIT_EXPECT_LE(test, failing_nosleep(test, vm, vm),
			(unsigned int)NOSLEEP_BOUND);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 2ULL);
	free_the_other_half(vm, 1);
}

/* [40] The same when the request comes from an arena that imports. */
static void failing_import_does_bounded_work(struct kunit *test)
{
	vmem_t *src, *vm;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	src = half_free_arena(test);
	vm = vl_client(test, src, 0);
	KUNIT_EXPECT_LE(test, failing_nosleep(test, vm, src),
			(unsigned int)NOSLEEP_BOUND);
	free_the_other_half(src, 1);
}

/* [40] A request that is served takes no more apart than one that fails. */
static void served_nosleep_does_bounded_work(struct kunit *test)
{
	unsigned int before, after;
	unsigned long flags, addr;
	vmem_t *vm;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	vm = half_free_arena(test);
	free_the_other_half(vm, 1);
	local_irq_save(flags);
	before = segments(vm);
	addr = vt_alloc(vm, 2, VM_NOSLEEP);
	after = segments(vm);
	local_irq_restore(flags);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	KUNIT_EXPECT_LE(test, before > after ? before - after : after - before,
			(unsigned int)NOSLEEP_BOUND);
	if (addr)
		vt_free(vm, addr, 2);
}

#ifdef CONFIG_TRACEPOINTS

/* Allocations of memory by vmem, in the task that is watched. */
static struct task_struct *watched;
static unsigned int allocations;

static void count_allocation(unsigned long call_site)
{
	char where[128];

	if (READ_ONCE(watched) != current || !in_task())
		return;
	snprintf(where, sizeof(where), "%ps", (void *)call_site);
	/* What checkers of the kernel allocate is not vmem's. */
	if (strstr(where, "vmem"))
		allocations++;
}

static void probe_cache(void *data, unsigned long call_site, const void *ptr,
			struct kmem_cache *cache, gfp_t gfp, int node)
{
	count_allocation(call_site);
}

static void probe_kmalloc(void *data, unsigned long call_site, const void *ptr,
			  size_t req, size_t got, gfp_t gfp, int node)
{
	count_allocation(call_site);
}

static bool watch_begin(void)
{
	if (register_trace_kmem_cache_alloc(probe_cache, NULL))
		return false;
	if (register_trace_kmalloc(probe_kmalloc, NULL)) {
		unregister_trace_kmem_cache_alloc(probe_cache, NULL);
		return false;
	}
	allocations = 0;
	return true;
}

static void watch_end(void)
{
	unregister_trace_kmalloc(probe_kmalloc, NULL);
	unregister_trace_kmem_cache_alloc(probe_cache, NULL);
	tracepoint_synchronize_unregister();
}

#define watched_do(what)						\
do {									\
	WRITE_ONCE(watched, current);					\
	what;								\
	WRITE_ONCE(watched, NULL);					\
} while (0)

/* Allocate @n units by vmem_alloc() and free them, watching the frees. */
static void watch_frees(struct kunit *test, vmem_t *vm, size_t size,
			unsigned int n)
{
	unsigned long *addr = kvcalloc(n, sizeof(*addr), GFP_KERNEL);
	unsigned int i;

	KUNIT_EXPECT_NOT_NULL(test, addr);
	if (!addr)
		return;
	for (i = 0; i < n; i++)
		addr[i] = vt_alloc(vm, size, VM_SLEEP);
	for (i = 0; i < n; i++)
		watched_do(vt_free(vm, addr[i], size));
	kvfree(addr);
}

/* [39] A free never allocates: through magazines, depot, slab or arena. */
static void free_allocates_nothing(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, 20000, 3);
	vmem_t *child = vl_client(test, vm, 2);
	unsigned long addr;
	unsigned int i;

	if (!watch_begin()) {
		kunit_skip(test, "no tracepoints of the slab allocator");
		return;
	}
	/* The instrument sees what an allocation allocates. */
	watched_do(addr = vt_alloc(child, 1, VM_SLEEP));
	KUNIT_EXPECT_GT(test, allocations, 0U);
	allocations = 0;
	watched_do(vt_free(child, addr, 1));
	for (i = 0; i < 3; i++) {
		/* Not cached. */
		watch_frees(test, vm, 5, 500);
		/* Cached: more than the magazines of a CPU hold. */
		watch_frees(test, vm, 1, 6000);
		watch_frees(test, vm, 3, 2000);
		watch_frees(test, child, 2, 3000);
		watch_frees(test, child, 100, 20);
	}
	watch_end();
	KUNIT_EXPECT_EQ(test, allocations, 0U);
}

/* [39] Nor does it while requests wait in its arena and in the source. */
static void free_beside_waiters_allocates_nothing(struct kunit *test)
{
	vmem_t *src = vl_ids(test, 6000, 3);
	vmem_t *vm = vl_client(test, src, 2);
	struct vt_thread *t[2];
	unsigned long *addr;
	unsigned int n, i;

	addr = kunit_kcalloc(test, 6001, sizeof(*addr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	for (n = 0; n < 6000; n++) {
		addr[n] = vt_alloc(vm, 1, VM_NOSLEEP);
		if (!addr[n])
			break;
	}
	KUNIT_EXPECT_GT(test, n, 5000U);
	if (!watch_begin()) {
		while (n--)
			vt_free(vm, addr[n], 1);
		kunit_skip(test, "no tracepoints of the slab allocator");
		return;
	}
	t[0] = vt_request(test, src, 5000, VM_SLEEP);
	vl_wait_waiters(test, src, 1);
	t[1] = vt_request(test, vm, 70, VM_SLEEP);
	vl_wait_waiters(test, src, 2);
	for (i = 0; i < n; i++)
		watched_do(vt_free(vm, addr[i], 1));
	/* Each of the two can have what it asked for, one after the other. */
	for (i = 0; i < 2; i++)
		vl_served(test, t[i], "a waiter");
	for (i = 0; i < 2; i++)
		vl_join_free(test, t[i]);
	watch_end();
	KUNIT_EXPECT_EQ(test, allocations, 0U);
}

#else

static void free_allocates_nothing(struct kunit *test)
{
	kunit_skip(test, "no tracepoints");
}

static void free_beside_waiters_allocates_nothing(struct kunit *test)
{
	kunit_skip(test, "no tracepoints");
}

#endif

/*
 * [39] A free with interrupts off serves waiters of its own arena, and of the two
 * above it, and leaves interrupts off.
 */
static void free_with_interrupts_off_serves_all(struct kunit *test)
{
	vmem_t *root = vl_ids(test, 2 * VL_SLAB, 2);
	vmem_t *mid = vl_client(test, root, 2);
	vmem_t *leaf = vl_client(test, mid, 2);
	unsigned long a, b, flags;
	struct vt_thread *t;
	vmem_t *at[3];
	unsigned int i;
	bool on;

	vt_needs_irqs_off(test);
	at[0] = leaf;
	at[1] = mid;
	at[2] = root;
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		/* All of the root is in the leaf, in one slab and one range. */
		a = vt_alloc(leaf, 1, VM_SLEEP);
		b = vt_alloc(leaf, VL_SLAB, VM_SLEEP);
		t = vt_request(test, at[i], VL_SLAB + 1, VM_SLEEP);
		vl_wait_waiters(test, root, 1);
		local_irq_save(flags);
		vt_free(leaf, b, VL_SLAB);
		vt_free(leaf, a, 1);
		on = !irqs_disabled();
		local_irq_restore(flags);
		KUNIT_EXPECT_FALSE(test, on);
		vl_served(test, t, "the waiter");
		vl_join_free(test, t);
		if (((struct vt *)test->priv)->stuck)
			return;
	}
}

static void expect_sent_home(struct kunit *test, unsigned int n)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases_done) == n));
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
}

/* [40] A span that the caches gave back is of no use: the work item releases it. */
static void nosleep_calls_no_release_function(struct kunit *test)
{
	vmem_t *vm = vl_idle_importer(test);

	KUNIT_EXPECT_EQ(test, vl_noted(vm, VL_SLAB + 1, VM_NOSLEEP, false), 0UL);
	expect_sent_home(test, 1);
}

/* [40] The same with interrupts off. */
static void nosleep_in_atomic_context_calls_none(struct kunit *test)
{
	vmem_t *vm;

	vt_needs_irqs_off(test);
	vm = vl_idle_importer(test);
	KUNIT_EXPECT_EQ(test, vl_noted(vm, VL_SLAB + 1, VM_NOSLEEP, true), 0UL);
	expect_sent_home(test, 1);
}

/* [40] A span that the caches gave back and that suffices serves the request. */
static void nosleep_is_served_by_what_caches_gave_back(struct kunit *test)
{
	vmem_t *vm = vl_idle_importer(test);
	unsigned long addr = vl_noted(vm, VL_SLAB - 1, VM_NOSLEEP, false);

	KUNIT_EXPECT_EQ(test, addr, 0x100000UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.releases), 0);
	if (addr)
		vt_free(vm, addr, VL_SLAB - 1);
}

/*
 * [40] The span belongs to an arena above: the import on behalf of the request
 * calls no release function either.
 */
static void import_calls_no_release_function(struct kunit *test)
{
	vmem_t *mid = vl_idle_importer(test);
	vmem_t *leaf = vl_client(test, mid, 0);

	KUNIT_EXPECT_EQ(test, vl_noted(leaf, VL_SLAB + 1, VM_NOSLEEP, false),
			0UL);
	expect_sent_home(test, 1);
}

/*
 * [40] The span belongs to another arena below the same source. The reclaim that
 * the request asks for brings it home, and a later request has it.
 */
static void siblings_release_function_is_not_called(struct kunit *test)
{
	vmem_t *root = vl_ids(test, VL_SLAB, 0);
	vmem_t *a = vl_child(test, root, 2, vl_import_from, vl_release_to);
	vmem_t *b = vl_child(test, root, 2, vl_import_from, vl_release_to);
	unsigned long addr = 0;

	vt_free(a, vt_alloc(a, 1, VM_NOSLEEP), 1);
	KUNIT_EXPECT_EQ(test, vmem_size(root, VMEM_FREE), (size_t)0);
	vl_poll(test, (addr = vl_noted(b, VL_SLAB, VM_NOSLEEP, false)));
	KUNIT_EXPECT_NE(test, addr, 0UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	if (addr)
		vt_free(b, addr, VL_SLAB);
}

static void noted_request(struct vt_thread *t)
{
	t->addr = vl_noted(t->vm, t->size, VM_SLEEP, false);
}

/* A request that may sleep calls none either: the work item does. */
static void sleeping_request_calls_no_release_function(struct kunit *test)
{
	vmem_t *vm = vl_idle_importer(test);
	struct vt_thread *t = vl_run(test, noted_request, vm, VL_SLAB + 1);

	expect_sent_home(test, 1);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)0x800000, VL_SLAB + 1,
					     VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 0x800000UL);
}

/*
 * [40] The release function blocks. The request with interrupts off has failed
 * before, and the arena serves others while it blocks.
 */
static void blocking_release_is_left_to_the_work_item(struct kunit *test)
{
	unsigned long addr;
	vmem_t *vm;

	vt_needs_irqs_off(test);
	vm = vl_idle_importer(test);
	vl_gate_close();
	KUNIT_EXPECT_EQ(test, vl_noted(vm, VL_SLAB + 1, VM_NOSLEEP, true), 0UL);
	vl_gate_wait(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)0x800000, VL_SLAB,
					     VM_NOSLEEP));
	addr = vl_noted(vm, 10, VM_NOSLEEP, true);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, 10);
	KUNIT_EXPECT_EQ(test, vl_noted(vm, 1000, VM_NOSLEEP, true), 0UL);
	vl_gate_open();
	expect_sent_home(test, 1);
}

/*
 * [40] A request fails again and again while another waits: it does not wake the
 * waiter, which is served as soon as it can be.
 */
static void failing_nosleep_beside_a_waiter(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, 16 * VL_SLAB, 2);
	unsigned long a = vt_alloc(vm, 8 * VL_SLAB, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 8 * VL_SLAB - 1, VM_SLEEP);
	struct vt_thread *t = vt_request(test, vm, 2 * VL_SLAB, VM_SLEEP);
	unsigned int i, served = 0;
	u64 waits;

	vl_wait_waiters(test, vm, 1);
	waits = vt_stats(vm).wait;
	for (i = 0; i < 5000; i++)
		served += !!vt_alloc(vm, 3, VM_NOSLEEP);
	KUNIT_EXPECT_EQ(test, served, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 5000ULL);
	KUNIT_EXPECT_LE(test, vt_stats(vm).wait - waits, (u64)VL_RETRIES);
	vt_free(vm, a, 8 * VL_SLAB);
	vl_served(test, t, "the waiter");
	vl_join_free(test, t);
	vt_free(vm, b, 8 * VL_SLAB - 1);
}

static struct kunit_case vmem_live_bounds_cases[] = {
	KUNIT_CASE(free_beside_a_waiter_does_bounded_work),
	KUNIT_CASE(free_below_a_waiter_does_bounded_work),
	KUNIT_CASE(free_during_reclaim_does_bounded_work),
	KUNIT_CASE(free_before_reclaim_does_bounded_work),
	KUNIT_CASE(failing_nosleep_does_bounded_work),
	KUNIT_CASE(failing_import_does_bounded_work),
	KUNIT_CASE(served_nosleep_does_bounded_work),
	KUNIT_CASE(free_allocates_nothing),
	KUNIT_CASE(free_beside_waiters_allocates_nothing),
	KUNIT_CASE(free_with_interrupts_off_serves_all),
	KUNIT_CASE(nosleep_calls_no_release_function),
	KUNIT_CASE(nosleep_in_atomic_context_calls_none),
	KUNIT_CASE(nosleep_is_served_by_what_caches_gave_back),
	KUNIT_CASE(import_calls_no_release_function),
	KUNIT_CASE(siblings_release_function_is_not_called),
	KUNIT_CASE(sleeping_request_calls_no_release_function),
	KUNIT_CASE(blocking_release_is_left_to_the_work_item),
	KUNIT_CASE(failing_nosleep_beside_a_waiter),
	{}
};

static struct kunit_suite vmem_live_bounds_suite = {
	.name = "vmem_live_bounds",
	.suite_init = vl_suite_init,
	.suite_exit = vl_suite_exit,
	.init = vl_init,
	.exit = vl_exit,
	.test_cases = vmem_live_bounds_cases,
};

kunit_test_suite(vmem_live_bounds_suite);

MODULE_DESCRIPTION("KUnit: bounds of what frees and requests do in vmem");
MODULE_LICENSE("GPL");
