// SPDX-License-Identifier: GPL-2.0
/*
 * Bounds of the work of a call. vmem_free() neither allocates memory nor sleeps
 * nor does the work of reclaim. A VM_NOSLEEP request does a bounded part of the
 * work of reclaim and calls no release function.
 *
 * The suite measures no time. It measures the work of a call by the number of
 * segments that the call adds to the arena, and by the memory allocations of
 * the call.
 */
#include "vmem_test_live.h"

#include <trace/events/kmem.h>

/*
 * Number of identifiers. A reclaim of all identifiers adds more segments than
 * either bound below allows.
 */
#define NR_IDS		(2048UL * VL_SLAB)

/*
 * Upper bound of the segments that vmem_free() adds. vmem_free() may split one
 * slab; the rest of the bound is slack.
 */
#define FREE_BOUND	(4 * VL_SLAB)

/*
 * Upper bound of the segments that a VM_NOSLEEP request adds: from 16 slabs,
 * 1024 objects of the depot, and the magazines of this CPU.
 */
#define NOSLEEP_BOUND	4096

/*
 * Skip the test on several CPUs: the reclaim that a call requests would run
 * concurrently with the call, and the test cannot distinguish the work of
 * reclaim from the work of the call.
 */
static void needs_one_cpu(struct kunit *test)
{
	if (num_online_cpus() > 1)
		kunit_skip(test, "reclaim runs concurrently on another CPU");
}

/*
 * An arena whose only cache is for single identifiers. Every second identifier
 * is free, so every slab is partial.
 */
static vmem_t *half_free_arena(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, NR_IDS, 1);
	unsigned long id, got = 0;

	for (id = 1; id <= NR_IDS; id++)
		got += !!vt_alloc(vm, 1, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, got, NR_IDS);
	for (id = 2; id <= NR_IDS; id += 2)
		vt_free(vm, id, 1);
	return vm;
}

static void free_the_other_half(vmem_t *vm, unsigned long from)
{
	unsigned long id;

	for (id = from; id <= NR_IDS; id += 2)
		vt_free(vm, id, 1);
}

static unsigned int segments(vmem_t *vm)
{
	return vt_count(vm, VMEM_ALLOC | VMEM_FREE);
}

/**
 * struct frees - a series of calls of vmem_free() for single identifiers
 * @timer: calls vmem_free() in an interrupt, in some tests
 * @vm: the arena
 * @next: the next identifier to free
 * @left: number of identifiers to free
 * @most: maximum number of segments that one call of vmem_free() has added
 * @done: completed when @timer has freed the last identifier
 */
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

/*
 * Free one identifier with interrupts off, and count the segments that
 * vmem_free() adds.
 */
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

/* Expect that the request of @t is served once all identifiers are free. */
static void frees_end(struct kunit *test, struct vt_thread *t)
{
	KUNIT_EXPECT_LE(test, frees.most, (unsigned int)FREE_BOUND);
	free_the_other_half(frees.vm, frees.next);
	vl_served(test, t, "the request for the whole arena");
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
 * [39] vmem_free() in an interrupt does bounded work before a request, during
 * the reclaim that the request starts, and after the reclaim.
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
	t = vt_request(test, vm, NR_IDS, VM_SLEEP);
	wait_for_completion(&frees.done);
	frees_end(test, t);
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
}

/*
 * [39] vmem_free() does not do the work of reclaim, even while a request waits
 * in the arena.
 */
static void free_beside_a_waiter_does_bounded_work(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *vm;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	vm = half_free_arena(test);
	t = vt_request(test, vm, NR_IDS, VM_SLEEP);
	vl_wait_waiters(test, vm, 1);
	frees_do_bounded_work(test, vm, t);
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
}

/*
 * [39] vmem_free() in a child does not do the work of reclaim, even while a
 * request waits in the source.
 */
static void free_below_a_waiter_does_bounded_work(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *src, *vm;
	unsigned long id;

	needs_one_cpu(test);
	vt_needs_irqs_off(test);
	src = vl_ids(test, NR_IDS, 0);
	vm = vl_client(test, src, 1);
	for (id = 1; id <= NR_IDS; id++)
		vt_alloc(vm, 1, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_FREE), (size_t)0);
	for (id = 2; id <= NR_IDS; id += 2)
		vt_free(vm, id, 1);
	t = vt_request(test, src, NR_IDS, VM_SLEEP);
	vl_wait_waiters(test, src, 1);
	frees_do_bounded_work(test, vm, t);
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
}

/*
 * [39] vmem_free() does not do the work of reclaim, even if reclaim has not
 * started. In this test, a blocked release function of another tree might delay
 * the reclaim.
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
	t = vt_request(test, vm, NR_IDS, VM_SLEEP);
	for (i = 0; i < 50 && !vt_stats(vm).waiters; i++)
		msleep(20);
	frees_do_bounded_work(test, vm, t);
	vl_gate_open();
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 1UL);
	vmem_add(idle, (void *)0x800000, VL_SLAB + 1, VM_SLEEP);
	vl_join_free(test, other);
}

/*
 * Make a VM_NOSLEEP request in @vm, which must fail. Returns the number of
 * segments that the request adds to @in.
 */
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

/* [40] A VM_NOSLEEP request that fails splits a bounded number of slabs. */
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

/*
 * [40] A VM_NOSLEEP request that fails in an importing arena splits a bounded
 * number of slabs in the source.
 */
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

/*
 * [40] A VM_NOSLEEP request that succeeds changes the number of segments by at
 * most NOSLEEP_BOUND.
 */
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

/* The task whose memory allocations are counted, and their number. */
static struct task_struct *counted_task;
static unsigned int allocations;

static void count_allocation(unsigned long call_site)
{
	char where[128];

	if (READ_ONCE(counted_task) != current || !in_task())
		return;
	snprintf(where, sizeof(where), "%ps", (void *)call_site);
	/*
	 * Count only allocations by vmem, not by the kernel's debug checkers.
	 */
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

static bool counting_begin(void)
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

static void counting_end(void)
{
	unregister_trace_kmalloc(probe_kmalloc, NULL);
	unregister_trace_kmem_cache_alloc(probe_cache, NULL);
	tracepoint_synchronize_unregister();
}

#define count_during(what)						\
do {									\
	WRITE_ONCE(counted_task, current);				\
	what;								\
	WRITE_ONCE(counted_task, NULL);					\
} while (0)

/*
 * Allocate @n segments, then free them and count the memory allocations of
 * vmem_free().
 */
static void count_during_frees(struct kunit *test, vmem_t *vm, size_t size,
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
		count_during(vt_free(vm, addr[i], size));
	kvfree(addr);
}

/*
 * [39] vmem_free() allocates no memory, whether it frees into a magazine, the
 * depot, a slab or the arena.
 */
static void free_allocates_nothing(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, 20000, 3);
	vmem_t *child = vl_client(test, vm, 2);
	unsigned long addr;
	unsigned int i;

	if (!counting_begin()) {
		kunit_skip(test, "no tracepoints of the slab allocator");
		return;
	}
	/* Check that the probes count: a first request allocates memory. */
	count_during(addr = vt_alloc(child, 1, VM_SLEEP));
	KUNIT_EXPECT_GT(test, allocations, 0U);
	allocations = 0;
	count_during(vt_free(child, addr, 1));
	for (i = 0; i < 3; i++) {
		/* Not a cached size. */
		count_during_frees(test, vm, 5, 500);
		/*
		 * Cached sizes, and more objects than the magazines of a CPU
		 * hold.
		 */
		count_during_frees(test, vm, 1, 6000);
		count_during_frees(test, vm, 3, 2000);
		count_during_frees(test, child, 2, 3000);
		count_during_frees(test, child, 100, 20);
	}
	counting_end();
	KUNIT_EXPECT_EQ(test, allocations, 0U);
}

/*
 * [39] vmem_free() allocates no memory while requests wait in the arena and in
 * the source of the arena.
 */
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
	if (!counting_begin()) {
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
		count_during(vt_free(vm, addr[i], 1));
	/* All integers are free, so both requests can be served. */
	for (i = 0; i < 2; i++)
		vl_served(test, t[i], "a waiter");
	for (i = 0; i < 2; i++)
		vl_join_free(test, t[i]);
	counting_end();
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
 * [39] vmem_free() in the leaf with interrupts off serves waiters in the leaf
 * and in the two arenas above the leaf. vmem_free() leaves interrupts off.
 */
static void free_with_irqs_off_serves_every_level(struct kunit *test)
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
		/*
		 * Make the leaf import all integers of the root: one slab and
		 * one segment.
		 */
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

static void expect_released(struct kunit *test, unsigned int n)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases_done) == n));
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
}

/*
 * [40] If the caches return a span that is too small for a VM_NOSLEEP request,
 * a work item, not the request, releases the span.
 */
static void nosleep_calls_no_release_function(struct kunit *test)
{
	vmem_t *vm = vl_idle_importer(test);

	KUNIT_EXPECT_EQ(test, vl_request(vm, VL_SLAB + 1, VM_NOSLEEP, false), 0UL);
	expect_released(test, 1);
}

/* [40] A VM_NOSLEEP request with interrupts off calls no release function. */
static void atomic_nosleep_calls_no_release_function(struct kunit *test)
{
	vmem_t *vm;

	vt_needs_irqs_off(test);
	vm = vl_idle_importer(test);
	KUNIT_EXPECT_EQ(test, vl_request(vm, VL_SLAB + 1, VM_NOSLEEP, true), 0UL);
	expect_released(test, 1);
}

/*
 * [40] If the caches return a span that is large enough for a VM_NOSLEEP
 * request, the span serves the request.
 */
static void nosleep_is_served_by_a_span_from_the_caches(struct kunit *test)
{
	vmem_t *vm = vl_idle_importer(test);
	unsigned long addr = vl_request(vm, VL_SLAB - 1, VM_NOSLEEP, false);

	KUNIT_EXPECT_EQ(test, addr, 0x100000UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.releases), 0);
	if (addr)
		vt_free(vm, addr, VL_SLAB - 1);
}

/*
 * [40] The import on behalf of a VM_NOSLEEP request calls no release function,
 * even if the caches of the source return a span.
 */
static void import_calls_no_release_function(struct kunit *test)
{
	vmem_t *mid = vl_idle_importer(test);
	vmem_t *leaf = vl_client(test, mid, 0);

	KUNIT_EXPECT_EQ(test, vl_request(leaf, VL_SLAB + 1, VM_NOSLEEP, false),
			0UL);
	expect_released(test, 1);
}

/*
 * [40] A VM_NOSLEEP request does not call the release function of another arena
 * with the same source. The reclaim that the request starts releases the span
 * of the other arena to the source. The span then serves a later request.
 */
static void siblings_release_function_is_not_called(struct kunit *test)
{
	vmem_t *root = vl_ids(test, VL_SLAB, 0);
	vmem_t *a = vl_child(test, root, 2, vl_import_from, vl_release_to);
	vmem_t *b = vl_child(test, root, 2, vl_import_from, vl_release_to);
	unsigned long addr = 0;

	vt_free(a, vt_alloc(a, 1, VM_NOSLEEP), 1);
	KUNIT_EXPECT_EQ(test, vmem_size(root, VMEM_FREE), (size_t)0);
	vl_poll(test, (addr = vl_request(b, VL_SLAB, VM_NOSLEEP, false)));
	KUNIT_EXPECT_NE(test, addr, 0UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	if (addr)
		vt_free(b, addr, VL_SLAB);
}

static void noted_request(struct vt_thread *t)
{
	t->addr = vl_request(t->vm, t->size, VM_SLEEP, false);
}

/*
 * A request with VM_SLEEP calls no release function. A work item releases the
 * span.
 */
static void sleeping_request_calls_no_release_function(struct kunit *test)
{
	vmem_t *vm = vl_idle_importer(test);
	struct vt_thread *t = vl_run(test, noted_request, vm, VL_SLAB + 1);

	expect_released(test, 1);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)0x800000, VL_SLAB + 1,
					     VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 0x800000UL);
}

/*
 * [40] While a work item blocks in the release function, requests with
 * interrupts off succeed or fail without waiting for the work item.
 */
static void blocking_release_runs_in_the_work_item(struct kunit *test)
{
	unsigned long addr;
	vmem_t *vm;

	vt_needs_irqs_off(test);
	vm = vl_idle_importer(test);
	vl_gate_close();
	KUNIT_EXPECT_EQ(test, vl_request(vm, VL_SLAB + 1, VM_NOSLEEP, true), 0UL);
	vl_gate_wait(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)0x800000, VL_SLAB,
					     VM_NOSLEEP));
	addr = vl_request(vm, 10, VM_NOSLEEP, true);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, 10);
	KUNIT_EXPECT_EQ(test, vl_request(vm, 1000, VM_NOSLEEP, true), 0UL);
	vl_gate_open();
	expect_released(test, 1);
}

/*
 * [40] 5000 VM_NOSLEEP requests that fail wake a waiter at most VL_RETRIES
 * times. A segment that is freed later serves the waiter.
 */
static void failing_nosleep_does_not_wake_a_waiter(struct kunit *test)
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
	KUNIT_CASE(free_with_irqs_off_serves_every_level),
	KUNIT_CASE(nosleep_calls_no_release_function),
	KUNIT_CASE(atomic_nosleep_calls_no_release_function),
	KUNIT_CASE(nosleep_is_served_by_a_span_from_the_caches),
	KUNIT_CASE(import_calls_no_release_function),
	KUNIT_CASE(siblings_release_function_is_not_called),
	KUNIT_CASE(sleeping_request_calls_no_release_function),
	KUNIT_CASE(blocking_release_runs_in_the_work_item),
	KUNIT_CASE(failing_nosleep_does_not_wake_a_waiter),
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

MODULE_DESCRIPTION("KUnit: bounded work of frees and requests of vmem");
MODULE_LICENSE("GPL");
