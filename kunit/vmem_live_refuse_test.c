// SPDX-License-Identifier: GPL-2.0
/*
 * Imports that the arena refuses, import functions that return NULL, and flags
 * of requests. A VM_SLEEP request that finds no space sleeps, after each kind
 * of failed import. A VM_NOSLEEP request tries the caches of its arena before
 * it fails or panics.
 *
 * A request that calls the import function too often within a second counts as
 * spinning. A spinning request may keep every other task from running, so after
 * this second a timer adds a span that serves the request.
 */
#include "vmem_test_live.h"

static const char misaligned[] = "not a multiple of the quantum";
static const char overlaps[] = "overlaps a span";
static const char wraps[] = "wraps";
static const char lowered[] = "its size was lowered";

/* Start of the span that the timer adds. */
#define LATE_SPAN		(1024 * U)

/*
 * Expect that the request has slept until the timer added a span, and that the
 * span serves the request.
 */
static void expect_sleep(struct kunit *test, vmem_t *vm, struct vt_thread *t)
{
	vl_rescue_wait();
	KUNIT_EXPECT_LE(test, vt_stats(vm).import_fail, (u64)VL_RETRIES);
	KUNIT_EXPECT_LE(test, vt_stats(vm).wait, (u64)VL_RETRIES);
	KUNIT_EXPECT_GE(test, vt_stats(vm).wait, 1ULL);
	vl_served(test, t, "a request whose imports are refused");
}

/*
 * Make a request that nothing can serve until the timer adds a span. Expect
 * that the request sleeps.
 */
static void request_sleeps(struct kunit *test, vmem_t *vm, size_t size)
{
	struct vt_thread *t;
	unsigned long addr;

	t = vt_thread_start(test, vt_thread_alloc, vm, size, VM_SLEEP);
	KUNIT_ASSERT_NOT_NULL(test, t);
	vl_rescue_add(vm);
	vl_rescue_start(LATE_SPAN, 64 * U, 1000);
	wake_up_process(t->task);
	expect_sleep(test, vm, t);
	addr = vl_join_free(test, t);
	KUNIT_EXPECT_GE(test, addr, LATE_SPAN);
}

/* A source whose only span is misaligned for the arenas that import from it. */
static vmem_t *source_off_quantum(struct kunit *test, size_t qcache_max)
{
	return vt_track(test, vmem_create("source", (void *)512, 64 * U, 512,
					  NULL, NULL, NULL, qcache_max,
					  VM_SLEEP));
}

static vmem_t *page_importer(struct kunit *test, vmem_t *src, size_t qcache_max)
{
	return vt_track(test, vmem_create("importer", NULL, 0, U, vmem_alloc,
					  vmem_free, src, qcache_max,
					  VM_SLEEP));
}

/*
 * [43] A request does not spin if every import is misaligned and is returned to
 * the source at once.
 */
static void misaligned_imports_do_not_spin(struct kunit *test)
{
	vmem_t *vm = page_importer(test, source_off_quantum(test, 0), 0);

	vl_expect_reports(misaligned);
	request_sleeps(test, vm, U);
	KUNIT_EXPECT_GE(test, vt_stats(vm).misuse, 1ULL);
}

/*
 * [43] With caches in both arenas, requests do not spin if every import is
 * misaligned. The test requests a cached size and an uncached size.
 */
static void misaligned_slabs_do_not_spin(struct kunit *test)
{
	vmem_t *src = source_off_quantum(test, 4096);

	vl_expect_reports(misaligned);
	request_sleeps(test, page_importer(test, src, 4 * U), U);
	request_sleeps(test, page_importer(test, src, 4 * U), 5 * U);
}

/* [43] A request does not spin if every import overlaps a span of its arena. */
static void overlapping_imports_do_not_spin(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 8 * U, U);
	vmem_t *vm = page_importer(test, src, 0);

	vl_expect_reports(overlaps);
	vmem_add(vm, (void *)(16 * U), 8 * U, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_SLEEP), 16 * U);
	request_sleeps(test, vm, U);
	vt_free(vm, 16 * U, 8 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
}

/*
 * [43] A request in a child does not spin if the source of the child refuses
 * every range that the source imports.
 */
static void refusal_in_the_source_does_not_spin(struct kunit *test)
{
	vmem_t *src = source_off_quantum(test, 0);
	vmem_t *mid = page_importer(test, src, 0);
	vmem_t *leaf = page_importer(test, mid, 4 * U);
	struct vt_thread *t;

	vl_expect_reports(misaligned);
	t = vt_thread_start(test, vt_thread_alloc, leaf, U, VM_SLEEP);
	KUNIT_ASSERT_NOT_NULL(test, t);
	vl_rescue_add(mid);
	vl_rescue_start(LATE_SPAN, 64 * U, 1000);
	wake_up_process(t->task);
	vl_rescue_wait();
	KUNIT_EXPECT_LE(test, vt_stats(mid).import_fail, (u64)VL_RETRIES);
	KUNIT_EXPECT_LE(test, vt_stats(leaf).import_fail, (u64)VL_RETRIES);
	KUNIT_EXPECT_LE(test, vt_stats(mid).wait, (u64)VL_RETRIES);
	vl_served(test, t, "a request of the child");
	vl_join_free(test, t);
}

#define NR_REQUESTS	4

/*
 * [43] Requests in two arenas with one source do not spin, although each
 * request imports and refuses the range that another request has returned to
 * the source.
 */
static void refusals_do_not_wake_one_another(struct kunit *test)
{
	vmem_t *src = source_off_quantum(test, 0);
	struct vt_thread *t[NR_REQUESTS];
	vmem_t *vm[2];
	unsigned int i;

	vl_expect_reports(misaligned);
	vm[0] = page_importer(test, src, 0);
	vm[1] = page_importer(test, src, 2 * U);
	for (i = 0; i < NR_REQUESTS; i++) {
		t[i] = vt_thread_start(test, vt_thread_alloc, vm[i % 2], U,
				       VM_SLEEP);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
	}
	vl_rescue_add(vm[0]);
	vl_rescue_add(vm[1]);
	vl_rescue_start(LATE_SPAN, 64 * U, 1000);
	for (i = 0; i < NR_REQUESTS; i++)
		wake_up_process(t[i]->task);
	vl_rescue_wait();
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_LE(test, vt_stats(vm[i]).import_fail,
				(u64)(NR_REQUESTS * VL_RETRIES));
	for (i = 0; i < NR_REQUESTS; i++) {
		vl_served(test, t[i], "a request whose imports are refused");
		vl_join_free(test, t[i]);
	}
}

/*
 * [43] VM_NOSLEEP requests that fail because their imports are refused do not
 * make a waiter spin.
 */
static void failing_nosleep_does_not_make_a_waiter_spin(struct kunit *test)
{
	vmem_t *vm = page_importer(test, source_off_quantum(test, 0), 0);
	unsigned int i, served = 0;
	struct vt_thread *t;

	vl_expect_reports(misaligned);
	t = vt_thread_start(test, vt_thread_alloc, vm, U, VM_SLEEP);
	KUNIT_ASSERT_NOT_NULL(test, t);
	vl_rescue_add(vm);
	vl_rescue_start(LATE_SPAN, 64 * U, 1000);
	wake_up_process(t->task);
	vl_poll(test, vt_stats(vm).waiters || completion_done(&t->done));
	/* Each failure may wake the waiter once. */
	for (i = 0; i < 20; i++)
		served += !!vt_alloc(vm, 65 * U, VM_NOSLEEP);
	KUNIT_EXPECT_EQ(test, served, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 20ULL);
	expect_sleep(test, vm, t);
	vl_join_free(test, t);
}

/* [41] [43] After a refused import, a good import serves the waiter. */
static void good_import_after_refused_ones_serves(struct kunit *test)
{
	vmem_t *src = source_off_quantum(test, 0);
	vmem_t *vm = page_importer(test, src, 0);
	struct vt_thread *t;
	unsigned long addr;

	vl_expect_reports(misaligned);
	/*
	 * Only the misaligned page at 512 is free, and @vm refuses to import
	 * it.
	 */
	addr = vt_alloc_at(src, 512 + U, 63 * U);
	KUNIT_EXPECT_EQ(test, addr, 512 + U);
	t = vt_thread_start(test, vt_thread_alloc, vm, U, VM_SLEEP);
	KUNIT_ASSERT_NOT_NULL(test, t);
	vl_rescue_add(vm);
	vl_rescue_start(LATE_SPAN, U, VL_LIMIT_MS / 3);
	wake_up_process(t->task);
	vl_wait_waiters(test, vm, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(src, 512, U), 512UL);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(src, (void *)(256 * U), U,
					     VM_SLEEP));
	vl_served(test, t, "a waiter that can import");
	vl_rescue_cancel();
	KUNIT_EXPECT_EQ(test, vl_join_free(test, t), 256 * U);
	vt_xfree(src, addr, 63 * U);
	vt_xfree(src, 512, U);
}

/**
 * struct bad_import - a result that an import function must not return
 * @next: start of the range
 * @raise: the size of the range minus the requested size
 * @why: text that the misuse report contains
 */
struct bad_import {
	unsigned long next;
	long raise;
	const char *why;
};

static struct bad_import bad_import;
static vmem_t *importer;
static void (*in_release)(void);

static void *import_badly(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	atomic_inc(&vl.imports);
	*size += bad_import.raise;
	return (void *)bad_import.next;
}

static void release_of_bad(vmem_t *src, void *addr, size_t size)
{
	atomic_inc(&vl.releases);
	if (in_release)
		in_release();
}

static vmem_t *bad_importer(struct kunit *test, const struct bad_import *bad,
			    vmem_free_t *ffunc)
{
	vmem_t *label = vt_arena(test, 0, 0, U);

	bad_import = *bad;
	in_release = NULL;
	importer = vt_track(test, vmem_xcreate("importer", NULL, 0, U,
					       import_badly, ffunc, label, 0,
					       VM_SLEEP));
	vmem_add(importer, (void *)(16 * U), 16 * U, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_alloc(importer, 16 * U, VM_SLEEP), 16 * U);
	return importer;
}

static const struct bad_import bad_imports[] = {
	{ 64 * U + 512, 0, misaligned },
	{ 64 * U, 512, misaligned },
	{ 64 * U, -4L * (long)U, lowered },
	{ 64 * U, -8L * (long)U, lowered },
	{ -2 * U, 0, wraps },
	{ -8 * U, 4 * U, wraps },
	{ 16 * U, 0, overlaps },
	{ 12 * U, 4 * U, overlaps },
	{ 8 * U, 64 * U, overlaps },
};

/*
 * [43] A request does not spin if the client's import function returns a bad
 * result. The test tries each kind of bad result.
 */
static void bad_results_do_not_spin(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_imports); i++) {
		bool releases = i % 2;
		vmem_t *vm;

		if (!vl.expecting)
			vl_expect_reports("vmem: misuse:");
		atomic_set(&vl.imports, 0);
		vm = bad_importer(test, &bad_imports[i],
				  releases ? release_of_bad : NULL);
		request_sleeps(test, vm, 8 * U);
		KUNIT_EXPECT_LE_MSG(test, atomic_read(&vl.imports), VL_RETRIES,
				    "case %u", i);
		if (((struct vt *)test->priv)->stuck)
			return;
		vt_free(vm, 16 * U, 16 * U);
	}
}

/*
 * [43] If the import function returns NULL, a request calls it a bounded number
 * of times.
 */
static void failing_import_does_not_spin(struct kunit *test)
{
	vmem_t *label = vt_arena(test, 0, 0, U);
	unsigned int size;

	for (size = 1; size <= 60; size += 59) {
		atomic_set(&vl.imports, 0);
		request_sleeps(test,
			       vt_track(test, vmem_create("importer", NULL, 0,
							  U, vl_import,
							  vl_release, label,
							  4 * U, VM_SLEEP)),
			       size * U);
		KUNIT_EXPECT_LE(test, atomic_read(&vl.imports), VL_RETRIES);
	}
}

static size_t churn_size;

static void *import_and_churn(vmem_t *src, size_t size, int vmflag)
{
	atomic_inc(&vl.imports);
	vt_free(importer, 16 * U, churn_size);
	if (vt_alloc(importer, churn_size, VM_NOSLEEP | VM_ABORT) != 16 * U)
		atomic_inc(&vl.in_request);
	return NULL;
}

/*
 * [43] A request does not spin if each call of the import function frees a
 * segment of the importing arena and allocates the segment again before the
 * function returns.
 */
static void import_function_churns(struct kunit *test, size_t size)
{
	vmem_t *label = vt_arena(test, 0, 0, U);

	churn_size = size;
	importer = vt_track(test, vmem_create("importer", (void *)(16 * U),
					      size, U, import_and_churn,
					      NULL, label, 0, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_alloc(importer, size, VM_SLEEP), 16 * U);
	request_sleeps(test, importer, 8 * U);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.in_request), 0);
	KUNIT_EXPECT_LE(test, atomic_read(&vl.imports), VL_RETRIES);
	vt_free(importer, 16 * U, size);
}

/*
 * [43] A request does not spin if the import function frees and allocates a
 * segment that is too small for the request.
 */
static void churn_of_too_little_does_not_spin(struct kunit *test)
{
	import_function_churns(test, U);
}

/*
 * [43] A request does not spin if the import function frees and allocates a
 * segment that is large enough for the request. By [37] the request searches
 * again, but not forever.
 */
static void churn_of_enough_does_not_spin(struct kunit *test)
{
	import_function_churns(test, 16 * U);
}

static void *import_and_free(vmem_t *src, size_t *size, size_t align,
			     int vmflag)
{
	if (atomic_inc_return(&vl.imports) == 1)
		vt_free(importer, 16 * U, 16 * U);
	*size += bad_import.raise;
	return (void *)bad_import.next;
}

/* [22] [36] A segment that is freed during a bad import serves the request. */
static void free_during_a_bad_import_serves(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_imports); i++) {
		vmem_t *label = vt_arena(test, 0, 0, U);
		struct vt_thread *t;

		if (!vl.expecting)
			vl_expect_reports("vmem: misuse:");
		atomic_set(&vl.imports, 0);
		atomic_set(&vl.releases, 0);
		in_release = NULL;
		bad_import = bad_imports[i];
		importer = vt_track(test, vmem_xcreate("importer", NULL, 0, U,
						       import_and_free,
						       release_of_bad, label,
						       0, VM_SLEEP));
		vmem_add(importer, (void *)(16 * U), 16 * U, VM_SLEEP);
		vt_alloc(importer, 16 * U, VM_SLEEP);
		t = vt_request(test, importer, 8 * U, VM_SLEEP);
		if (!vl_served(test, t, "a request with space in its arena"))
			vmem_add(importer, (void *)LATE_SPAN, 8 * U, VM_SLEEP);
		vl_join_free(test, t);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&vl.imports), 1,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&vl.releases), 1,
				    "case %u", i);
	}
}

/* Number of segments that a hostile release function allocates. */
#define HOLES	13

/* The segment that a hostile release function frees first. */
static struct vt_range freed_in_release;
static unsigned long made_in_release[HOLES];
static unsigned int nr_made;

/* Free a segment, then use up the segment structures in the arena's pool. */
static void use_up_structures(void)
{
	if (nr_made)
		return;
	vt_xfree(importer, freed_in_release.start, freed_in_release.size);
	for (nr_made = 0; nr_made < HOLES; nr_made++)
		made_in_release[nr_made] =
			(unsigned long)vmem_xalloc(importer, U, 0, 0, 0,
				(void *)(freed_in_release.start +
					 (2 * nr_made + 1) * U),
				(void *)(freed_in_release.start +
					 (2 * nr_made + 2) * U),
				VM_NOSLEEP | VM_ABORT);
}

static void allocate_from_freed(void)
{
	if (nr_made)
		return;
	vt_xfree(importer, freed_in_release.start, freed_in_release.size);
	for (nr_made = 0; nr_made < HOLES; nr_made++)
		made_in_release[nr_made] = vt_alloc(importer, U,
						    VM_NOSLEEP | VM_ABORT);
}

static void aligned_request(struct vt_thread *t)
{
	t->addr = (unsigned long)vmem_xalloc(t->vm, t->size, 64 * U, 0, 0,
					     NULL, NULL, t->vmflag);
}

/*
 * [36] The two segment structures that were set aside for a request stay set
 * aside while a refused import is released. The release function frees one
 * segment and allocates many from it. The request then needs both structures to
 * cut its range out of the middle of a free segment.
 */
static void structures_of_a_refused_import_stay_set_aside(struct kunit *test)
{
	static void (*const hostile[])(void) = {
		use_up_structures, allocate_from_freed,
	};
	static const int flags[] = { VM_SLEEP, VM_NOSLEEP };
	unsigned int i, j;

	vl_expect_reports(misaligned);
	for (i = 0; i < 2 * ARRAY_SIZE(hostile); i++) {
		static const struct bad_import bad = {
			4096 * U + 512, 0, misaligned
		};
		vmem_t *vm = bad_importer(test, &bad, release_of_bad);
		struct vt_thread *t;
		unsigned long addr;

		nr_made = 0;
		in_release = hostile[i / 2];
		freed_in_release.start = 129 * U;
		freed_in_release.size = 256 * U - 2 * U;
		vmem_add(vm, (void *)freed_in_release.start,
			 freed_in_release.size, VM_SLEEP);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, freed_in_release.size,
					       VM_SLEEP),
				freed_in_release.start);
		t = vt_thread_start(test, aligned_request, vm, U, flags[i % 2]);
		KUNIT_ASSERT_NOT_NULL(test, t);
		wake_up_process(t->task);
		vl_served(test, t, "a request with space in its arena");
		addr = vt_join(test, t, NULL);
		if (((struct vt *)test->priv)->stuck)
			return;
		KUNIT_EXPECT_NE(test, addr, 0UL);
		KUNIT_EXPECT_EQ(test, addr % (64 * U), 0UL);
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
		for (j = 0; j < nr_made; j++)
			KUNIT_EXPECT_NE_MSG(test, made_in_release[j], 0UL,
					    "segment %u", j);
		vt_drain(test, vm);
	}
}

/*
 * [23] If the source is exhausted, but the caches of the arena hold a free
 * slab, a VM_NOSLEEP request uses the slab and does not panic.
 */
static void nosleep_tries_the_caches_before_panic(struct kunit *test)
{
	vmem_t *src = vl_ids(test, VL_SLAB, 0);
	vmem_t *vm = vl_client(test, src, 2);
	unsigned long addr;

	vt_free(vm, vt_alloc(vm, 1, VM_SLEEP), 1);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_FREE), (size_t)0);
	addr = vt_alloc(vm, VL_SLAB - 10, VM_NOSLEEP | VM_PANIC);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, VL_SLAB - 10);
}

/*
 * [23] If the source has no free space except a free slab in the caches of the
 * source, a VM_NOSLEEP request uses the slab and does not panic.
 */
static void nosleep_tries_the_source_caches_before_panic(struct kunit *test)
{
	vmem_t *src = vl_ids(test, VL_SLAB, 0);
	vmem_t *mid = vl_client(test, src, 2);
	vmem_t *vm = vl_client(test, mid, 2);
	unsigned long addr;

	vt_free(mid, vt_alloc(mid, 2, VM_SLEEP), 2);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_FREE), (size_t)0);
	addr = vt_alloc(vm, VL_SLAB - 10, VM_NOSLEEP | VM_PANIC);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, VL_SLAB - 10);
}

/*
 * [23] If no slab can be imported for a cached size, but another cache has a
 * free slab, a VM_NOSLEEP request uses the slab and does not panic.
 */
static void nosleep_tries_another_cache_before_panic(struct kunit *test)
{
	vmem_t *src = vl_ids(test, VL_SLAB, 0);
	vmem_t *vm = vl_client(test, src, 2);
	unsigned long addr;

	vt_free(vm, vt_alloc(vm, 1, VM_SLEEP), 1);
	addr = vt_alloc(vm, 2, VM_NOSLEEP | VM_PANIC);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, 2);
}

/* [23] Import functions never get VM_PANIC. */
static void import_functions_never_get_vm_panic(struct kunit *test)
{
	vmem_t *label = vl_ids(test, 0, 0);
	vmem_t *vm = vl_child(test, label, 2, vl_import, vl_release);
	vmem_t *child = vl_client(test, vm, 2);
	static const int flags[] = {
		VM_NOSLEEP | VM_PANIC, VM_SLEEP | VM_PANIC,
		VM_NOSLEEP | VM_PANIC | VM_PUSHPAGE,
		VM_SLEEP | VM_PANIC | VM_ABORT,
	};
	unsigned long addr[2];
	unsigned int i;

	vl.next = 0x1000;
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		addr[0] = vt_alloc(vm, 100, flags[i]);
		addr[1] = vt_alloc(child, 200, flags[i]);
		KUNIT_EXPECT_NE(test, addr[0], 0UL);
		KUNIT_EXPECT_NE(test, addr[1], 0UL);
		vt_free(vm, addr[0], 100);
		vt_free(child, addr[1], 200);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.imports),
			2 * (int)ARRAY_SIZE(flags));
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.vmflags) & VM_PANIC, 0);
}

/* [24] A request with VM_PANIC and VM_SLEEP waits for space. */
static void sleep_with_vm_panic_waits(struct kunit *test)
{
	vmem_t *src = vl_ids(test, VL_SLAB, 0);
	vmem_t *vm = vl_client(test, src, 2);
	unsigned long addr = vt_alloc(vm, VL_SLAB, VM_SLEEP);
	struct vt_thread *t[2];

	t[0] = vt_request(test, vm, 1, VM_SLEEP | VM_PANIC);
	t[1] = vt_request(test, src, 10, VM_SLEEP | VM_PANIC);
	vl_wait_waiters(test, src, 2);
	vt_free(vm, addr, VL_SLAB);
	vl_served(test, t[0], "a request with VM_PANIC");
	vl_served(test, t[1], "a request with VM_PANIC in the source");
	vl_join_free(test, t[0]);
	vl_join_free(test, t[1]);
}

/* [17] Unknown flags are reported even for cached sizes. */
static void unknown_flags_are_reported_for_cached_sizes(struct kunit *test)
{
	static const int vmflag[] = { VM_NOSLEEP, VM_SLEEP };
	static const size_t sizes[] = { 1, 3, 4 };
	unsigned int bit, i;

	for (bit = 16; bit < 32; bit++) {
		vmem_t *vm = vl_ids(test, 1000, 4);

		/* Fill the caches with an object of each size. */
		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			vt_free(vm, vt_alloc(vm, sizes[i], VM_SLEEP), sizes[i]);
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct vt_misuse *m;

			m = vt_misuse_begin(test, vm, "): unknown flags");
			KUNIT_EXPECT_EQ(test, vt_alloc(vm, sizes[i],
						       (int)BIT(bit) |
						       vmflag[i % 2]), 0UL);
			vt_misuse_end(test, m);
		}
		KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 3ULL);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
		vt_untrack(test, vm);
		vmem_destroy(vm);
	}
}

/*
 * [17] A request with unknown flags returns at once, even if the arena is
 * exhausted and another request waits.
 */
static void unknown_flags_do_not_wait(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, VL_SLAB, 4);
	unsigned long addr = vt_alloc(vm, VL_SLAB, VM_SLEEP);
	struct vt_thread *t = vt_request(test, vm, 2, VM_SLEEP);
	struct vt_misuse *m;

	vl_wait_waiters(test, vm, 1);
	vl_settle(test);
	m = vt_misuse_begin(test, vm, "): unknown flags");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, VM_SLEEP | 0x10000), 0UL);
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm, "): unknown flags");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 20, VM_SLEEP | 0x10000), 0UL);
	vt_misuse_end(test, m);
	vt_free(vm, addr, VL_SLAB);
	vl_served(test, t, "the waiter");
	vl_join_free(test, t);
}

static struct kunit_case vmem_live_refuse_cases[] = {
	KUNIT_CASE(misaligned_imports_do_not_spin),
	KUNIT_CASE(misaligned_slabs_do_not_spin),
	KUNIT_CASE(overlapping_imports_do_not_spin),
	KUNIT_CASE(refusal_in_the_source_does_not_spin),
	KUNIT_CASE(refusals_do_not_wake_one_another),
	KUNIT_CASE(failing_nosleep_does_not_make_a_waiter_spin),
	KUNIT_CASE(good_import_after_refused_ones_serves),
	KUNIT_CASE(bad_results_do_not_spin),
	KUNIT_CASE(failing_import_does_not_spin),
	KUNIT_CASE(churn_of_too_little_does_not_spin),
	KUNIT_CASE(churn_of_enough_does_not_spin),
	KUNIT_CASE(free_during_a_bad_import_serves),
	KUNIT_CASE(structures_of_a_refused_import_stay_set_aside),
	KUNIT_CASE(nosleep_tries_the_caches_before_panic),
	KUNIT_CASE(nosleep_tries_the_source_caches_before_panic),
	KUNIT_CASE(nosleep_tries_another_cache_before_panic),
	KUNIT_CASE(import_functions_never_get_vm_panic),
	KUNIT_CASE(sleep_with_vm_panic_waits),
	KUNIT_CASE(unknown_flags_are_reported_for_cached_sizes),
	KUNIT_CASE(unknown_flags_do_not_wait),
	{}
};

static struct kunit_suite vmem_live_refuse_suite = {
	.name = "vmem_live_refuse",
	.suite_init = vl_suite_init,
	.suite_exit = vl_suite_exit,
	.init = vl_init,
	.exit = vl_exit,
	.test_cases = vmem_live_refuse_cases,
};

kunit_test_suite(vmem_live_refuse_suite);

MODULE_DESCRIPTION("KUnit: refused imports and flags of vmem");
MODULE_LICENSE("GPL");
