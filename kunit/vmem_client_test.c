// SPDX-License-Identifier: GPL-2.0
/*
 * If a module is removed before it has destroyed its arenas, vmem reports the
 * arenas and no longer calls functions of the module. The tests remove
 * vmem_leaver.ko. They are skipped unless `make check` has installed this
 * module.
 */
#include "../vmem/arena.h"
#include "vmem_leaver.h"
#include "vmem_test_file.h"
#include "vmem_test_report.h"

/* The init function of the module fills in this structure. */
static struct vmem_leaver leaver;
/* Arenas of this suite. */
static vmem_t *source, *both_funcs, *ffunc_only;

static vmem_t *client(struct kunit *test, const char *name,
		      vmem_alloc_t *afunc, vmem_free_t *ffunc)
{
	return vt_track(test, vmem_create(name, NULL, 0, 1, afunc, ffunc,
					  source, 0,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/*
 * Number of lines in the log since @from that name the module and the arena and
 * contain @text.
 */
static unsigned int reports(struct kmsg_dump_iter from, vmem_t *vm,
			    const char *text)
{
	unsigned int n = 0;
	char arena[32];
	char line[256];
	size_t len;

	snprintf(arena, sizeof(arena), "arena %u '", vm->id);
	while (kmsg_dump_get_line(&from, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		n += strstr(line, "module vmem_leaver was removed") &&
		     strstr(line, arena) && strstr(line, text);
	}
	return n;
}

/*
 * Insert the module. Its init function creates the arenas, and then fails if
 * @fail is true.
 */
static void insert_leaver(struct kunit *test, bool fail)
{
	char to[40];

	memset(&leaver, 0, sizeof(leaver));
	source = vt_ids(test, 100);
	if (vt_shell("[ -e /modules/vmem_leaver.ko ]", ""))
		kunit_skip(test, "no /modules/vmem_leaver.ko");
	snprintf(to, sizeof(to), " to=%lu fail=%u", (unsigned long)&leaver,
		 fail);
	leaver.source = source;
	KUNIT_ASSERT_EQ(test, !!vt_shell("insmod /modules/vmem_leaver.ko", to),
			fail);
	KUNIT_ASSERT_NOT_NULL(test, leaver.plain);
	vt_track(test, leaver.plain);
	vt_track(test, leaver.below);
	vt_track(test, leaver.import);
	vt_track(test, leaver.ximport);
}

/* Insert the module, and create arenas with functions of the module. */
static void insert_and_use_leaver(struct kunit *test)
{
	insert_leaver(test, false);
	both_funcs = client(test, "both-funcs", leaver.take, leaver.give);
	ffunc_only = client(test, "ffunc-only", vmem_alloc, leaver.give);
}

static void remove_leaver(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, vt_shell("rmmod vmem_leaver", ""), 0);
}

static struct kmsg_dump_iter log_end(void)
{
	struct kmsg_dump_iter log;

	kmsg_dump_rewind(&log);
	log.cur_seq = log.next_seq;
	return log;
}

/*
 * vmem reports each arena of the module once, with its state, and reports no
 * other arena.
 */
static void removed_module_is_reported(struct kunit *test)
{
	struct kmsg_dump_iter log;
	vmem_t *late, *other;

	insert_and_use_leaver(test);
	other = client(test, "other", vmem_alloc, vmem_free);
	late = vt_track(test, leaver.make());
	KUNIT_ASSERT_NE(test, vt_alloc(late, 2, VM_SLEEP), 0UL);
	KUNIT_ASSERT_NE(test, vt_alloc(late, 5, VM_SLEEP), 0UL);
	log = log_end();
	remove_leaver(test);

	KUNIT_EXPECT_EQ(test, reports(log, leaver.plain, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.plain, "with 0 identifiers in 0"),
			1U);
	KUNIT_EXPECT_EQ(test, reports(log, late, "with 7 identifiers in 2"),
			1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.plain, "are off"), 0U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.below, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.below, "are off"), 0U);
	KUNIT_EXPECT_EQ(test, reports(log, late, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, late, "are off"), 0U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.import, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.import, "releases are off"),
			1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.ximport, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.ximport, "releases are off"),
			1U);
	/*
	 * The suite has created both_funcs and ffunc_only with functions of the
	 * module.
	 */
	KUNIT_EXPECT_EQ(test, reports(log, both_funcs, "without"), 0U);
	KUNIT_EXPECT_EQ(test, reports(log, both_funcs, "are off"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, ffunc_only, "are off"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, source, ""), 0U);
	KUNIT_EXPECT_EQ(test, reports(log, other, ""), 0U);
	KUNIT_EXPECT_NE(test, vt_alloc(other, 1, VM_SLEEP), 0UL);
}

/* vmem reports the arenas of a module whose init function fails. */
static void failed_module_is_reported(struct kunit *test)
{
	struct kmsg_dump_iter log = log_end();

	insert_leaver(test, true);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.plain, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.below, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.import, "releases are off"),
			1U);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.ximport, "releases are off"),
			1U);
	KUNIT_EXPECT_EQ(test, reports(log, source, ""), 0U);
	KUNIT_EXPECT_EQ(test, vt_alloc(leaver.import, 1, VM_NOSLEEP), 0UL);
}

/*
 * When the module is inserted and removed a second time, vmem reports only the
 * arenas of the second insertion.
 */
static void arenas_are_reported_once(struct kunit *test)
{
	struct kmsg_dump_iter log;
	vmem_t *plain, *import;

	insert_leaver(test, false);
	plain = leaver.plain;
	import = leaver.import;
	remove_leaver(test);
	log = log_end();
	insert_leaver(test, false);
	remove_leaver(test);
	KUNIT_EXPECT_EQ(test, reports(log, leaver.plain, "without"), 1U);
	KUNIT_EXPECT_EQ(test, reports(log, plain, ""), 0U);
	KUNIT_EXPECT_EQ(test, reports(log, import, ""), 0U);
}

/*
 * vmem does not call functions of a removed module. The spans of the module's
 * arenas remain usable.
 */
static void removed_functions_are_not_called(struct kunit *test)
{
	vmem_t *vm[3];
	unsigned long addr[3];
	unsigned int i;

	insert_and_use_leaver(test);
	vm[0] = leaver.import;
	vm[1] = leaver.ximport;
	vm[2] = both_funcs;
	for (i = 0; i < ARRAY_SIZE(vm); i++) {
		addr[i] = vt_alloc(vm[i], 2, VM_NOSLEEP);
		KUNIT_ASSERT_NE(test, addr[i], 0UL);
		KUNIT_EXPECT_EQ(test, vt_stats(vm[i]).mem_import, 2ULL);
	}
	remove_leaver(test);

	for (i = 0; i < ARRAY_SIZE(vm); i++) {
		KUNIT_EXPECT_EQ(test, vt_alloc(vm[i], 1, VM_NOSLEEP), 0UL);
		/*
		 * The arena keeps the wholly free span, because vmem must not
		 * call the release function.
		 */
		vt_free(vm[i], addr[i], 2);
		KUNIT_EXPECT_EQ(test, vt_stats(vm[i]).mem_import, 2ULL);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm[i], 2, VM_NOSLEEP), addr[i]);
	}
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)6);

	/*
	 * The arena ffunc_only imports with vmem_alloc(), so it still imports,
	 * but it cannot release the spans.
	 */
	addr[0] = vt_alloc(ffunc_only, 4, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, addr[0], 0UL);
	vt_free(ffunc_only, addr[0], 4);
	KUNIT_EXPECT_EQ(test, vt_stats(ffunc_only).mem_import, 4ULL);
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)10);
}

static struct kunit_case vmem_client_cases[] = {
	KUNIT_CASE(removed_module_is_reported),
	KUNIT_CASE(failed_module_is_reported),
	KUNIT_CASE(arenas_are_reported_once),
	KUNIT_CASE(removed_functions_are_not_called),
	{}
};

static struct kunit_suite vmem_client_suite = {
	.name = "vmem_client",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_client_cases,
};

kunit_test_suite(vmem_client_suite);

MODULE_DESCRIPTION("KUnit: removed client modules of vmem");
MODULE_LICENSE("GPL");
