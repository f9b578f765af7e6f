// SPDX-License-Identifier: GPL-2.0
/* Imports: their size, their use and their release. */
#include "vmem_test_import.h"

/* An arena that imports from @src. */
static vmem_t *client(struct kunit *test, vmem_t *src, size_t quantum,
		      vmem_free_t *ffunc)
{
	return vt_track(test, vmem_create(test->name, NULL, 0, quantum,
					  vmem_alloc, ffunc, src, 0, VM_SLEEP));
}

/*
 * [35] An imported span serves the request and is included in the statistics.
 */
static void import_serves_the_request(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 64 * U, 4 * U);
	vmem_t *vm = client(test, src, U, vmem_free);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 16 * U, U },
		       { 17 * U, 3 * U });
	VT_EXPECT_WALK(test, src, VMEM_ALLOC, { 16 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(4 * U));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_total, (u64)(4 * U));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 1ULL);
	/* A request does not import if a free segment fits. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_SLEEP), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5 * U, VM_SLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(12 * U));
	KUNIT_EXPECT_EQ(test, vt_stats(src).mem_inuse, (u64)(12 * U));
}

/* [3] An imported span is released as soon as it is wholly free. */
static void free_span_is_released_at_once(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 64 * U, 4 * U);
	vmem_t *vm = client(test, src, U, vmem_free);

	vt_alloc(vm, U, VM_SLEEP);
	vt_alloc(vm, U, VM_SLEEP);
	vt_free(vm, 16 * U, U);
	KUNIT_EXPECT_EQ(test, vt_stats(src).mem_inuse, (u64)(4 * U));
	vt_free(vm, 17 * U, U);
	KUNIT_EXPECT_EQ(test, vt_stats(src).mem_inuse, 0ULL);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).release, 1ULL);
}

/*
 * [3] A span that vmem_add() has added is not released when it is wholly free.
 */
static void added_span_stays(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	vmem_add(vm, (void *)(8 * U), 2 * U, VM_SLEEP);
	vt_imp.next = 32 * U;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 8 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 32 * U);
	vt_free(vm, 8 * U, 2 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
	vt_free(vm, 32 * U, 2 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 32 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, 2 * U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 8 * U, 2 * U });
}

/* [3] Without a release function an imported span stays and is reused. */
static void import_without_ffunc_stays(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, NULL, U, 0, 0);

	vt_imp.next = 32 * U;
	vt_free(vm, vt_alloc(vm, 2 * U, VM_NOSLEEP), 2 * U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 32 * U, 2 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 32 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(2 * U));
}

/* [2] Adjacent imports are separate spans and are released separately. */
static void touching_imports_are_released_separately(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	vt_imp.next = 32 * U;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 32 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 33 * U);
	vt_free(vm, 32 * U, U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 32 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, U);
	vt_free(vm, 33 * U, U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 33 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 2U);
}

/**
 * struct import_size - a request and the size of its import
 * @quantum: quantum of the arena
 * @source: quantum of the source
 * @size: size of the request
 * @align: alignment of the request
 * @phase: phase of the request
 * @vmflag: flags of the arena
 * @want: expected size of the import, or 0 if there must be no import
 */
struct import_size {
	size_t quantum, source;
	size_t size, align, phase;
	int vmflag;
	size_t want;
};

#define K	1024UL

static const struct import_size import_sizes[] = {
	/*
	 * q is the larger of quantum and source. align <= q: size + phase,
	 * rounded up to q
	 */
	{ 4 * K, 4 * K, 4 * K, 0, 0, 0, 4 * K },
	{ 4 * K, 4 * K, 4 * K + 1, 0, 0, 0, 8 * K },
	{ 4 * K, 64 * K, 4 * K, 0, 0, 0, 64 * K },
	{ 4 * K, 64 * K, 64 * K + 1, 0, 0, 0, 128 * K },
	{ 4 * K, 64 * K, 60 * K, 64 * K, 0, 0, 64 * K },
	{ 4 * K, 64 * K, 60 * K, 64 * K, 4 * K, 0, 64 * K },
	{ 4 * K, 64 * K, 60 * K, 64 * K, 8 * K, 0, 128 * K },
	{ 64 * K, 4 * K, 1, 0, 0, 0, 64 * K },
	{ 64 * K, 4 * K, 64 * K, 64 * K, 0, 0, 64 * K },
	/* align > q: size + align - q if phase is a multiple of q */
	{ 4 * K, 64 * K, 4 * K, 128 * K, 0, 0, 128 * K },
	{ 4 * K, 64 * K, 64 * K, 128 * K, 0, 0, 128 * K },
	{ 4 * K, 64 * K, 68 * K, 128 * K, 0, 0, 192 * K },
	{ 4 * K, 64 * K, 60 * K, 128 * K, 64 * K, 0, 128 * K },
	{ 4 * K, 4 * K, 4 * K, 32 * K, 0, 0, 32 * K },
	{ 4 * K, 4 * K, 8 * K, 32 * K, 12 * K, 0, 36 * K },
	{ 64 * K, 4 * K, 64 * K, 256 * K, 64 * K, 0, 256 * K },
	/* align > q, other phases: size + align - quantum of the arena */
	{ 4 * K, 64 * K, 60 * K, 128 * K, 4 * K, 0, 192 * K },
	{ 4 * K, 64 * K, 4 * K, 128 * K, 4 * K, 0, 128 * K },
	{ 4 * K, 64 * K, 8 * K, 128 * K, 124 * K, 0, 192 * K },
	{ 1, 16, 1, 64, 1, 0, 64 },
	{ 1, 16, 2, 64, 1, 0, 80 },
	/* VMC_XALIGN: size + phase for any align */
	{ 4 * K, 64 * K, 60 * K, 128 * K, 0, VMC_XALIGN, 64 * K },
	{ 4 * K, 64 * K, 60 * K, 128 * K, 4 * K, VMC_XALIGN, 64 * K },
	{ 4 * K, 64 * K, 60 * K, 128 * K, 8 * K, VMC_XALIGN, 128 * K },
	{ 4 * K, 64 * K, 60 * K, 128 * K, 64 * K, VMC_XALIGN, 128 * K },
	/* The sum wraps: no import. */
	{ 4 * K, 4 * K, -8 * K, 32 * K, 0, 0, 0 },
	{ 4 * K, 64 * K, -4 * K, 0, 0, 0, 0 },
	{ 4 * K, 4 * K, -8 * K, 16 * K, 12 * K, VMC_XALIGN, 0 },
	/* The largest sums that do not wrap. */
	{ 4 * K, 4 * K, -4 * K, 0, 0, 0, -4 * K },
	{ 4 * K, 4 * K, -16 * K, 16 * K, 12 * K, 0, -4 * K },
};

/* [35] The import is large enough, wherever the imported span starts. */
static void import_size_suffices_for_any_start(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(import_sizes); i++) {
		const struct import_size *a = &import_sizes[i];
		vmem_t *vm = vt_ximporter(test, a->quantum, vt_release,
					  a->source, a->vmflag);

		vt_imp.size = 0;
		vt_imp.align = 0;
		KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, a->size, a->align,
						    a->phase, 0, NULL, NULL,
						    VM_NOSLEEP));
		KUNIT_EXPECT_EQ_MSG(test, vt_imp.size, a->want, "case %u", i);
		if (a->want)
			KUNIT_EXPECT_EQ_MSG(test, vt_imp.align,
					    a->align ?: a->quantum, "case %u",
					    i);
		KUNIT_EXPECT_EQ_MSG(test, vt_stats(vm).import_fail, 1ULL,
				    "case %u", i);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
		vt_close(test, vm);
		vt_close(test, ((struct vt *)test->priv)->arenas[0]);
	}
}

/* [35] The imported span serves the request, wherever the span starts. */
static void import_serves_request_at_any_start(struct kunit *test)
{
	unsigned int at, phase;

	for (at = 0; at < 8; at++) {
		for (phase = 0; phase < 32; phase++) {
			vmem_t *vm = vt_ximporter(test, 1, vt_release, 4, 0);
			unsigned long addr;

			vt_imp.next = 1024 + 4 * at;
			addr = (unsigned long)vmem_xalloc(vm, 7, 32, phase, 0,
							  NULL, NULL,
							  VM_NOSLEEP);
			KUNIT_EXPECT_NE(test, addr, 0UL);
			KUNIT_EXPECT_EQ(test, addr % 32, (unsigned long)phase);
			KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 1ULL);
			vt_close(test, vm);
			vt_close(test, ((struct vt *)test->priv)->arenas[0]);
		}
	}
}

/* [35] A request with nocross, minaddr or maxaddr does not import. */
static void constrained_request_does_not_import(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	vt_imp.next = 32 * U;
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 0, 0, 16 * U, NULL, NULL,
					    VM_NOSLEEP));
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 0, 0, 0, (void *)U, NULL,
					    VM_NOSLEEP));
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 0, 0, 0, NULL,
					    (void *)(64 * U), VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 3ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import_fail, 0ULL);
}

/*
 * [35] The import function receives only flags in VM_KMFLAGS, and not VM_ABORT.
 */
static void only_kmflags_are_passed_on(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	vt_alloc(vm, U, VM_NOSLEEP | VM_PUSHPAGE | VM_BESTFIT | VM_ABORT);
	KUNIT_EXPECT_EQ(test, vt_imp.vmflag & 0xf, VM_NOSLEEP | VM_PUSHPAGE);
	KUNIT_EXPECT_EQ(test, vt_imp.vmflag & ~VM_KMFLAGS, 0);
	vt_alloc(vm, U, VM_SLEEP | VM_ABORT | VM_NEXTFIT | VM_MEMLOAD |
		 VM_NORELOC | VM_ENDALLOC);
	KUNIT_EXPECT_EQ(test, vt_imp.vmflag, VM_SLEEP);
	vt_imp.next = 32 * U;
	vt_alloc(vm, U, VM_NOSLEEP | VM_PANIC);
	/* VM_PANIC is not passed on: the request itself panics if it fails. */
	KUNIT_EXPECT_EQ(test, vt_imp.vmflag, VM_NOSLEEP);
}

/*
 * [3] If the import function raises the size, the span has the raised size, and
 * is released as a whole.
 */
static void raised_size_becomes_the_span(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, U, vt_release, 4 * U, 0);

	vt_imp.next = 32 * U;
	vt_imp.raise = 8 * U;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 32 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.size, 4 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.align, U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 34 * U, 10 * U });
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(12 * U));
	vt_free(vm, 32 * U, 2 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 32 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, 12 * U);
}

/*
 * [23] If the import fails, the request fails. The statistics count both
 * failures.
 */
static void failed_import_fails_the_request(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_GE(test, vt_stats(vm).import_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 0ULL);
	KUNIT_EXPECT_GE(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
}

/*
 * [3] On a source path of three arenas, a vmem_free() in the lowest arena
 * causes the release of the imported spans in the two lower arenas.
 */
static void release_propagates_to_the_root(struct kunit *test)
{
	vmem_t *top = vt_arena(test, 64 * U, 256 * U, 64 * U);
	vmem_t *mid = client(test, top, 8 * U, vmem_free);
	vmem_t *low = client(test, mid, U, vmem_free);

	KUNIT_EXPECT_EQ(test, vt_alloc(low, U, VM_NOSLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(low, VMEM_ALLOC | VMEM_FREE), 8 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(mid, VMEM_ALLOC | VMEM_FREE), 64 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(mid, VMEM_ALLOC), 8 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(top, VMEM_ALLOC), 64 * U);
	vt_free(low, 64 * U, U);
	KUNIT_EXPECT_EQ(test, vmem_size(low, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	KUNIT_EXPECT_EQ(test, vmem_size(mid, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	KUNIT_EXPECT_EQ(test, vmem_size(top, VMEM_ALLOC), (size_t)0);
	/* [23] A request for more than the root contains fails in the root. */
	KUNIT_EXPECT_EQ(test, vt_alloc(low, 257 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(top).fail, 1ULL);
}

/*
 * [34] A request does not import while a free segment fits, even if this
 * segment is in the possible class.
 */
static void no_import_while_something_fits(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	vmem_add(vm, (void *)(16 * U), 16 * U, VM_SLEEP);
	VT_HOLES(test, vm, { 20 * U, 3 * U }, { 25 * U, 2 * U });
	vt_imp.next = 64 * U;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 0U);
}

static struct kunit_case vmem_import_cases[] = {
	KUNIT_CASE(import_serves_the_request),
	KUNIT_CASE(free_span_is_released_at_once),
	KUNIT_CASE(added_span_stays),
	KUNIT_CASE(import_without_ffunc_stays),
	KUNIT_CASE(touching_imports_are_released_separately),
	KUNIT_CASE(import_size_suffices_for_any_start),
	KUNIT_CASE(import_serves_request_at_any_start),
	KUNIT_CASE(constrained_request_does_not_import),
	KUNIT_CASE(only_kmflags_are_passed_on),
	KUNIT_CASE(raised_size_becomes_the_span),
	KUNIT_CASE(failed_import_fails_the_request),
	KUNIT_CASE(release_propagates_to_the_root),
	KUNIT_CASE(no_import_while_something_fits),
	{}
};

static struct kunit_suite vmem_import_suite = {
	.name = "vmem_import",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_import_cases,
};

kunit_test_suite(vmem_import_suite);

MODULE_DESCRIPTION("KUnit: imports of vmem");
MODULE_LICENSE("GPL");
