// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection by the global mtbf, by the mtbf of an arena, and by the
 * kernel's framework.
 */
#include "../vmem/arena.h"
#include "vmem_test_file.h"
#include "vmem_test_import.h"

static bool set_global(const char *value)
{
	return !vt_param("mtbf", value, NULL, 0);
}

static void fault_exit(struct kunit *test)
{
	set_global("0");
	vt_exit(test);
}

/*
 * Set the mtbf of an arena. With an mtbf of 1 each VM_NOSLEEP request fails,
 * because the clock modulo 1 is 0.
 */
static void set_mtbf(vmem_t *vm, unsigned long mtbf)
{
	WRITE_ONCE(vm->mtbf, mtbf);
}

/*
 * [23] With an mtbf of 1, every VM_NOSLEEP request to an arena without caches
 * fails. The statistics count injected failures separately from other failures.
 */
static void mtbf_fails_nosleep(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	set_mtbf(vm, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_NEXTFIT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_PUSHPAGE |
				       VM_ENDALLOC), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 20 * U, U), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 4ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 0ULL);
	set_mtbf(vm, 0);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 4ULL);
}

/* [24] Fault injection does not fail requests with VM_SLEEP or VM_PANIC. */
static void mtbf_spares_sleep_and_panic(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	set_mtbf(vm, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP | VM_ABORT), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_PANIC), 18 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 0ULL);
}

/*
 * [23] Fault injection decides once whether a request fails, before the request
 * imports.
 */
static void request_is_decided_once(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	set_mtbf(vm, 1);
	vt_imp.next = 32 * U;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 1ULL);
}

/*
 * [23] A failure injected into the source makes the import of the client fail.
 */
static void injected_failure_fails_the_import(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 16 * U, U);
	vmem_t *vm = vt_track(test, vmem_create("client", NULL, 0, U,
						vmem_alloc, vmem_free, src, 0,
						VM_SLEEP));

	set_mtbf(src, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_ABORT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(src).fail_injected, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
}

/* [23] The global mtbf affects all arenas, even those created later. */
static void global_mtbf_affects_all_arenas(struct kunit *test)
{
	vmem_t *a = vt_arena(test, 16 * U, 16 * U, U);
	vmem_t *b;

	if (!set_global("1"))
		kunit_skip(test, "no module parameter to set in sysfs");
	b = vt_arena(test, 16 * U, 16 * U, U);
	KUNIT_EXPECT_EQ(test, vt_alloc(a, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(b, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(b, U, VM_SLEEP), 16 * U);
	KUNIT_EXPECT_TRUE(test, set_global("0"));
	KUNIT_EXPECT_EQ(test, vt_alloc(a, U, VM_NOSLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(a).fail_injected, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(b).fail_injected, 1ULL);
}

/*
 * [23] vmem combines the global mtbf and the arena's mtbf by bitwise or. If
 * either mtbf has its top bit set, the result exceeds the clock. So the clock
 * modulo the result is not 0, and no request fails.
 */
static void mtbf_values_are_ored(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	const unsigned long top = 1UL << (BITS_PER_LONG - 1);
	char text[24];

	if (BITS_PER_LONG < 64)
		kunit_skip(test, "the clock is past the top of the word");
	snprintf(text, sizeof(text), "%lu", top);
	if (!set_global("1"))
		kunit_skip(test, "no module parameter to set in sysfs");
	set_mtbf(vm, top);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 16 * U);
	KUNIT_EXPECT_TRUE(test, set_global(text));
	set_mtbf(vm, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 17 * U);
	KUNIT_EXPECT_TRUE(test, set_global("0"));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
}

/*
 * A write of an invalid value to the module parameter "mtbf" fails and changes
 * nothing.
 */
static void invalid_mtbf_is_refused(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	if (!set_global("1"))
		kunit_skip(test, "no module parameter to set in sysfs");
	KUNIT_EXPECT_EQ(test, vt_param("mtbf", "often", NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_TRUE(test, set_global("0"));
	KUNIT_EXPECT_EQ(test, vt_param("mtbf", "never", NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 16 * U);
}

/* [25] Fault injection affects nothing but requests. */
static void mtbf_affects_only_requests(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 16 * U);
	set_mtbf(vm, 1);
	vt_free(vm, 16 * U, U);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)(64 * U), U,
					     VM_NOSLEEP));
	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)(64 * U), U));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 0ULL);
}

/*
 * [23] fail_vmem, which uses the kernel's fault injection, makes requests fail.
 * The test sets up fail_vmem by a shell.
 */
static void fail_vmem_fails_requests(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
	static const char * const dir = "cd " VT_DEBUGFS "fail_vmem && ";
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	if (vt_shell(dir, "echo 0 >verbose && echo -1 >times") ||
	    vt_shell(dir, "echo 100 >probability"))
		kunit_skip(test, "no shell or no debugfs");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 20 * U, U), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
	/* fail_vmem stays enabled for only one more failure. */
	KUNIT_EXPECT_EQ(test, vt_shell(dir, "echo 1 >times"), 0);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 20 * U, U), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 20 * U, U), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_shell(dir, "echo 0 >probability"), 0);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 3ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
#else
	kunit_skip(test, "the kernel has no fault injection in debugfs");
#endif
}

/* [23] The debugfs file "mtbf" of an arena sets and shows the arena's mtbf. */
static void mtbf_file_sets_the_value(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	char dir[160];

	snprintf(dir, sizeof(dir), "cd " VT_DEBUGFS "%u-%s && ", vm->id,
		 vm->label);
	if (vt_shell(dir, "echo 1 >mtbf && [ $(cat mtbf) = 1 ]"))
		kunit_skip(test, "no shell or no debugfs");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 1ULL);
}

static struct kunit_case vmem_fault_cases[] = {
	KUNIT_CASE(mtbf_fails_nosleep),
	KUNIT_CASE(mtbf_spares_sleep_and_panic),
	KUNIT_CASE(request_is_decided_once),
	KUNIT_CASE(injected_failure_fails_the_import),
	KUNIT_CASE(global_mtbf_affects_all_arenas),
	KUNIT_CASE(mtbf_values_are_ored),
	KUNIT_CASE(invalid_mtbf_is_refused),
	KUNIT_CASE(mtbf_affects_only_requests),
	KUNIT_CASE(fail_vmem_fails_requests),
	KUNIT_CASE(mtbf_file_sets_the_value),
	{}
};

static struct kunit_suite vmem_fault_suite = {
	.name = "vmem_fault",
	.init = vt_import_init,
	.exit = fault_exit,
	.test_cases = vmem_fault_cases,
};

kunit_test_suite(vmem_fault_suite);

MODULE_DESCRIPTION("KUnit: fault injection of vmem");
MODULE_LICENSE("GPL");
