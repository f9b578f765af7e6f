// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse in the creation and destruction of arenas. The suite vmem_misuse tests
 * all other misuse.
 */
#include <linux/delay.h>

#include "vmem_test_import.h"
#include "vmem_test_report.h"

#define HALF	(1UL << (BITS_PER_LONG - 1))

/**
 * struct badarena - arguments of a creation that must fail
 * @base: argument of vmem_create()
 * @size: argument of vmem_create()
 * @quantum: argument of vmem_create()
 * @vmflag: argument of vmem_create()
 * @why: text that the report contains
 */
struct badarena {
	unsigned long base;
	size_t size, quantum;
	int vmflag;
	const char *why;
};

static const char power[] = "the quantum must be a power of two";
static const char off[] = "base and size must be multiples of the quantum";
static const char wraps[] = "the span wraps";
static const char flags[] = "flags unknown, or not valid for this function";

static const struct badarena badarenas[] = {
	/* Invalid quanta. */
	{ U, U, 0, 0, power },
	{ 3 * U, 3 * U, 3 * U, 0, power },
	{ U, U, U + 1, 0, power },
	{ 0, 0, SIZE_MAX, 0, power },
	{ 0, 0, 0, 0, power },
	/* [7] [8] Invalid first spans. */
	{ 0, U, U, 0, "a span must not begin at 0" },
	{ U, 0, U, 0, "a span must not be empty" },
	{ U + 1, U, U, 0, off },
	{ U, U + 1, U, 0, off },
	{ U, U - 1, U, 0, off },
	{ -U, 2 * U, U, 0, wraps },
	{ 2 * U, -U, U, 0, wraps },
	{ HALF, HALF + U, U, 0, wraps },
	{ 2, SIZE_MAX, 1, 0, wraps },
	/* [12] Invalid flags. */
	{ U, U, U, VMC_XALLOC, flags },
	{ U, U, U, VMC_XALIGN, flags },
	{ U, U, U, VMC_XALLOC | VMC_XALIGN, flags },
	{ U, U, U, 0x00200000, flags },
	{ U, U, U, 0x40000000, flags },
	{ U, U, U, VM_BESTFIT, flags },
	{ U, U, U, VM_NEXTFIT | VM_ENDALLOC, flags },
	{ U, U, U, VM_ABORT, flags },
};

/*
 * [8] Creation fails with an invalid quantum or an invalid first span. [12]
 * Creation also fails with invalid flags.
 */
static void invalid_arena_is_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(badarenas); i++) {
		const struct badarena *b = &badarenas[i];
		struct vt_misuse *m;

		m = vt_misuse_begin(test, NULL, b->why);
		KUNIT_EXPECT_NULL_MSG(test, vmem_create("bad", (void *)b->base,
							b->size, b->quantum,
							NULL, NULL, NULL, 0,
							b->vmflag),
				      "case %u", i);
		vt_misuse_end(test, m);
	}
}

/*
 * Creation fails without a name. With VM_NOSLEEP, creation of an arena with
 * quantum caches fails.
 */
static void create_without_name_or_sleep_is_refused(struct kunit *test)
{
	struct vt_misuse *m;

	m = vt_misuse_begin(test, NULL, "vmem_create(name='(null)'");
	KUNIT_EXPECT_NULL(test, vmem_create(NULL, (void *)U, U, U, NULL, NULL,
					    NULL, 0, VM_SLEEP));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, NULL, "quantum caches need VM_SLEEP");
	KUNIT_EXPECT_NULL(test, vmem_create("nosleep", (void *)U, U, U, NULL,
					    NULL, NULL, U, VM_NOSLEEP));
	vt_misuse_end(test, m);
	/*
	 * Creation without caches accepts VM_NOSLEEP: here qcache_max is below
	 * the quantum, or sets only the minimum import.
	 */
	vt_track(test, vmem_create("nosleep", (void *)U, U, U, NULL, NULL, NULL,
				   U - 1, VM_NOSLEEP));
	vt_track(test, vmem_create("nosleep", (void *)U, U, U, NULL, NULL, NULL,
				   U, VM_NOSLEEP | VMC_NO_QCACHE));
}

#define MANY	130

/*
 * All failed creations share one rate limit for their reports. vmem counts the
 * reports that the limit suppresses.
 */
static void reports_without_arena_are_limited(struct kunit *test)
{
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned long began;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	/* Let the rate limit recover from earlier reports. */
	ssleep(6);
	began = jiffies;
	vt_window_open(w, "vmem_create(name='many'", "*");
	w->also = "vmem: 30 reports held back";
	for (i = 0; i < MANY; i++) {
		KUNIT_EXPECT_NULL(test, vmem_create("many", NULL, 0, 0, NULL,
						    NULL, NULL, 0, VM_SLEEP));
		vt_window_read(w);
	}
	if (time_after(jiffies, began + 4 * HZ)) {
		vt_window_close(w);
		kunit_skip(test, "the reports take longer than the period of the limit");
	}
	ssleep(6);
	KUNIT_EXPECT_NULL(test, vmem_create("many", NULL, 0, 0, NULL, NULL,
					    NULL, 0, VM_SLEEP));
	vt_window_close(w);
	KUNIT_EXPECT_EQ(test, w->reports, 101U);
	KUNIT_EXPECT_EQ(test, w->also_lines, 1U);
}

/* vmem_destroy(NULL) is a no-op. */
static void destroy_of_null_is_a_noop(struct kunit *test)
{
	vmem_destroy(NULL);
}

/* [12] vmem_xcreate() accepts neither VMC_XALLOC nor VMC_POPULATOR. */
static void invalid_xcreate_flags_are_refused(struct kunit *test)
{
	static const int bad[] = { VMC_XALLOC, VMC_POPULATOR, 0x00400000 };
	vmem_t *src = vt_label(test, U);
	struct vt_misuse *m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = vt_misuse_begin(test, NULL, flags);
		KUNIT_EXPECT_NULL(test, vmem_xcreate("bad", NULL, 0, U,
						     vt_ximport, vt_release,
						     src, 0, bad[i]));
		vt_misuse_end(test, m);
	}
}

/* [8] vmem_init() fails with an invalid quantum or an invalid first span. */
static void invalid_root_is_refused(struct kunit *test)
{
	struct vt_misuse *m;

	m = vt_misuse_begin(test, NULL, power);
	KUNIT_EXPECT_NULL(test, vmem_init("bad", (void *)U, U, 0, NULL, NULL));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, NULL, "vmem_init(");
	KUNIT_EXPECT_NULL(test, vmem_init("bad", NULL, U, U, NULL, NULL));
	vt_misuse_end(test, m);
}

/* [11] Identifier arenas and memory arenas cannot import from each other. */
static void source_of_other_kind_is_refused(struct kunit *test)
{
	vmem_t *ids = vt_ids(test, 64);
	vmem_t *mem = vt_arena(test, U, U, 1);
	struct vt_misuse *m;

	m = vt_misuse_begin(test, NULL, "source has VMC_IDENTIFIER");
	KUNIT_EXPECT_NULL(test, vmem_create("bad", NULL, 0, 1, vmem_alloc,
					    vmem_free, ids, 0, VM_SLEEP));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, NULL, "source has VMC_IDENTIFIER");
	KUNIT_EXPECT_NULL(test, vmem_create("bad", NULL, 0, 1, vmem_alloc,
					    vmem_free, mem, 0,
					    VM_SLEEP | VMC_IDENTIFIER));
	vt_misuse_end(test, m);
	/* An identifier arena may import from another identifier arena. */
	vt_track(test, vmem_create("good", NULL, 0, 1, vmem_alloc, vmem_free,
				   ids, 0, VM_SLEEP | VMC_IDENTIFIER));
}

/* [8] An import function requires a source. */
static void import_without_source_is_refused(struct kunit *test)
{
	struct vt_misuse *m;

	m = vt_misuse_begin(test, NULL, "an import function needs a source");
	KUNIT_EXPECT_NULL(test, vmem_create("bad", NULL, 0, U, vt_import,
					    vt_release, NULL, 0, VM_SLEEP));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, NULL, "an import function needs a source");
	KUNIT_EXPECT_NULL(test, vmem_xcreate("bad", NULL, 0, U, vt_ximport,
					     vt_release, NULL, 0, VM_SLEEP));
	vt_misuse_end(test, m);
}

/*
 * [13] vmem_destroy() reports the total size of the leaked allocations, and
 * lists the first eight allocations.
 */
static void destroy_reports_leaks(struct kunit *test)
{
	static const char * const unit[] = { "bytes", "identifiers" };
	unsigned int ids, i;

	for (ids = 0; ids < 2; ids++) {
		vmem_t *vm = ids ? vt_ids(test, 100) : vt_arena(test, 1, 100, 1);
		struct vt_window w;
		char what[64];

		for (i = 0; i < 20; i++)
			vt_alloc(vm, 2, VM_SLEEP);
		vt_untrack(test, vm);
		vt_check(test, vm);
		snprintf(what, sizeof(what), "vmem_destroy(): 40 %s", unit[ids]);
		vt_window_open(&w, what, "1");
		w.also = "leaked 0x";
		vmem_destroy(vm);
		vt_window_close(&w);
		KUNIT_EXPECT_EQ(test, w.reports, 1U);
		KUNIT_EXPECT_EQ(test, w.others, 0U);
		KUNIT_EXPECT_EQ(test, w.stacks, 1U);
		KUNIT_EXPECT_EQ(test, w.also_lines, 8U);
	}
}

/* [13] A report of eight leaked allocations does not claim that there are more. */
static void report_of_eight_leaks_is_complete(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 100);
	struct vt_window w;
	unsigned int i;

	for (i = 0; i < 8; i++)
		vt_alloc(vm, 2, VM_SLEEP);
	vt_untrack(test, vm);
	vt_check(test, vm);
	vt_window_open(&w, "vmem_destroy(): 16 identifiers", "1");
	w.also = " more";
	vmem_destroy(vm);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, w.others, 0U);
	KUNIT_EXPECT_EQ(test, w.also_lines, 0U);
}

/*
 * [13] A span with leaked allocations stays allocated in the source. All other
 * spans are released.
 */
static void leaks_stay_allocated_in_the_source(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 16 * U, U);
	vmem_t *vm = vmem_create("client", NULL, 0, U, vmem_alloc, vmem_free,
				 src, 0, VM_SLEEP);
	struct vt_window w;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_SLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_SLEEP), 18 * U);
	vt_free(vm, 16 * U, 2 * U);
	vt_window_open(&w, "vmem_destroy()", "1");
	vmem_destroy(vm);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	VT_EXPECT_WALK(test, src, VMEM_ALLOC, { 18 * U, 3 * U });
}

/* [13] vmem_destroy() refuses an arena from which another arena imports. */
static void source_in_use_is_not_destroyed(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 16 * U, U);
	vmem_t *vm = vt_track(test, vmem_create("client", NULL, 0, U,
						vmem_alloc, vmem_free, src, 0,
						VM_SLEEP));
	struct vt_misuse *m;

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
	m = vt_misuse_begin(test, src, "vmem_destroy()");
	vmem_destroy(src);
	vt_misuse_end(test, m);
	vt_free(vm, 16 * U, U);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
	/* vmem_destroy() refuses @src even while @vm has no imported span. */
	m = vt_misuse_begin(test, src, "vmem_destroy()");
	vmem_destroy(src);
	vt_misuse_end(test, m);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_SLEEP), 16 * U);
}

/* [13] An arena without an import function may outlive its source. */
static void label_may_be_destroyed_first(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 16 * U, U);
	vmem_t *vm = vt_track(test, vmem_create("client", (void *)U, U, U, NULL,
						NULL, src, 0, VM_SLEEP));
	u32 id = vt_stats(vm).vmem_source;

	vt_close(test, src);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).vmem_source, id);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), U);
}

static struct kunit_case vmem_badarena_cases[] = {
	KUNIT_CASE(invalid_arena_is_refused),
	KUNIT_CASE(create_without_name_or_sleep_is_refused),
	KUNIT_CASE(invalid_xcreate_flags_are_refused),
	KUNIT_CASE(invalid_root_is_refused),
	KUNIT_CASE(source_of_other_kind_is_refused),
	KUNIT_CASE(import_without_source_is_refused),
	KUNIT_CASE(destroy_reports_leaks),
	KUNIT_CASE(report_of_eight_leaks_is_complete),
	KUNIT_CASE(leaks_stay_allocated_in_the_source),
	KUNIT_CASE(source_in_use_is_not_destroyed),
	KUNIT_CASE(label_may_be_destroyed_first),
	KUNIT_CASE(reports_without_arena_are_limited),
	KUNIT_CASE(destroy_of_null_is_a_noop),
	{}
};

static struct kunit_suite vmem_badarena_suite = {
	.name = "vmem_badarena",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_badarena_cases,
};

kunit_test_suite(vmem_badarena_suite);

MODULE_DESCRIPTION("KUnit: misuse in the creation and destruction of vmem arenas");
MODULE_LICENSE("GPL");
