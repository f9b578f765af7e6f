// SPDX-License-Identifier: GPL-2.0
/*
 * A module that is removed without destroying its arenas: it is named, and nothing
 * calls into what is gone. The module is vmem_leaver.ko; where `make check` has not
 * put it there is nothing to test.
 */
#include "../vmem/arena/arena.h"
#include "vmem_leaver.h"
#include "vmem_test_file.h"
#include "vmem_test_report.h"

/* What its init function has told, and what is made with it. */
static struct vmem_leaver met;
static vmem_t *source, *lent, *released;

static vmem_t *client(struct kunit *test, const char *name,
		      vmem_alloc_t *afunc, vmem_free_t *ffunc)
{
	return vt_adopt(test, vmem_create(name, NULL, 0, 1, afunc, ffunc,
					  source, 0,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/* Lines of the log from @from on that have @text and the arena's number in them. */
static unsigned int said(struct kmsg_dump_iter from, vmem_t *vm,
			 const char *text)
{
	unsigned int n = 0;
	char arena[32];
	char line[256];
	size_t len;

	snprintf(arena, sizeof(arena), "arena %u '", vm->id);
	while (kmsg_dump_get_line(&from, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		n += strstr(line, "module vmem_leaver is gone") &&
		     strstr(line, arena) && strstr(line, text);
	}
	return n;
}

/* Have it inserted and make its arenas; perhaps it fails in the end. */
static void meet_arenas(struct kunit *test, bool fail)
{
	char to[40];

	memset(&met, 0, sizeof(met));
	source = vt_ids(test, 100);
	if (vt_shell("[ -e /modules/vmem_leaver.ko ]", ""))
		kunit_skip(test, "no /modules/vmem_leaver.ko");
	snprintf(to, sizeof(to), " to=%lu fail=%u", (unsigned long)&met, fail);
	met.source = source;
	KUNIT_ASSERT_EQ(test, !!vt_shell("insmod /modules/vmem_leaver.ko", to),
			fail);
	KUNIT_ASSERT_NOT_NULL(test, met.plain);
	vt_adopt(test, met.plain);
	vt_adopt(test, met.below);
	vt_adopt(test, met.import);
	vt_adopt(test, met.ximport);
}

/* Insert the module, have arenas made with its functions. */
static void meet(struct kunit *test)
{
	meet_arenas(test, false);
	lent = client(test, "lent", met.take, met.give);
	released = client(test, "released", vmem_alloc, met.give);
}

static void leave(struct kunit *test)
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

/* Each arena is named once, with what becomes of it; others are not. */
static void who_leaves_is_named(struct kunit *test)
{
	struct kmsg_dump_iter log;
	vmem_t *late, *other;

	meet(test);
	other = client(test, "other", vmem_alloc, vmem_free);
	late = vt_adopt(test, met.make());
	KUNIT_ASSERT_NE(test, vt_alloc(late, 2, VM_SLEEP), 0UL);
	KUNIT_ASSERT_NE(test, vt_alloc(late, 5, VM_SLEEP), 0UL);
	log = log_end();
	leave(test);

	KUNIT_EXPECT_EQ(test, said(log, met.plain, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.plain, "with 0 identifiers in 0"),
			1U);
	KUNIT_EXPECT_EQ(test, said(log, late, "with 7 identifiers in 2"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.plain, "are off"), 0U);
	KUNIT_EXPECT_EQ(test, said(log, met.below, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.below, "are off"), 0U);
	KUNIT_EXPECT_EQ(test, said(log, late, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, late, "are off"), 0U);
	KUNIT_EXPECT_EQ(test, said(log, met.import, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.import, "releases are off"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.ximport, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.ximport, "releases are off"), 1U);
	/* Made by us with its functions. */
	KUNIT_EXPECT_EQ(test, said(log, lent, "leaves"), 0U);
	KUNIT_EXPECT_EQ(test, said(log, lent, "are off"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, released, "are off"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, source, ""), 0U);
	KUNIT_EXPECT_EQ(test, said(log, other, ""), 0U);
	KUNIT_EXPECT_NE(test, vt_alloc(other, 1, VM_SLEEP), 0UL);
}

/* One that could not be inserted after all has gone, too. */
static void who_fails_is_named(struct kunit *test)
{
	struct kmsg_dump_iter log = log_end();

	meet_arenas(test, true);
	KUNIT_EXPECT_EQ(test, said(log, met.plain, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.below, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.import, "releases are off"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, met.ximport, "releases are off"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, source, ""), 0U);
	KUNIT_EXPECT_EQ(test, vt_alloc(met.import, 1, VM_NOSLEEP), 0UL);
}

/* What comes to lie where it was has not made its arenas. */
static void who_left_is_named_once(struct kunit *test)
{
	struct kmsg_dump_iter log;
	vmem_t *plain, *import;

	meet_arenas(test, false);
	plain = met.plain;
	import = met.import;
	leave(test);
	log = log_end();
	meet_arenas(test, false);
	leave(test);
	KUNIT_EXPECT_EQ(test, said(log, met.plain, "leaves"), 1U);
	KUNIT_EXPECT_EQ(test, said(log, plain, ""), 0U);
	KUNIT_EXPECT_EQ(test, said(log, import, ""), 0U);
}

/* Nothing is imported or released any more; what is there can still be used. */
static void what_is_gone_is_not_called(struct kunit *test)
{
	vmem_t *vm[3];
	unsigned long addr[3];
	unsigned int i;

	meet(test);
	vm[0] = met.import;
	vm[1] = met.ximport;
	vm[2] = lent;
	for (i = 0; i < ARRAY_SIZE(vm); i++) {
		addr[i] = vt_alloc(vm[i], 2, VM_NOSLEEP);
		KUNIT_ASSERT_NE(test, addr[i], 0UL);
		KUNIT_EXPECT_EQ(test, vt_stats(vm[i]).mem_import, 2ULL);
	}
	leave(test);

	for (i = 0; i < ARRAY_SIZE(vm); i++) {
		KUNIT_EXPECT_EQ(test, vt_alloc(vm[i], 1, VM_NOSLEEP), 0UL);
		/* The span stays. */
		vt_free(vm[i], addr[i], 2);
		KUNIT_EXPECT_EQ(test, vt_stats(vm[i]).mem_import, 2ULL);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm[i], 2, VM_NOSLEEP), addr[i]);
	}
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)6);

	/* Imports by vmem_alloc() go on; what comes stays. */
	addr[0] = vt_alloc(released, 4, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, addr[0], 0UL);
	vt_free(released, addr[0], 4);
	KUNIT_EXPECT_EQ(test, vt_stats(released).mem_import, 4ULL);
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)10);
}

static struct kunit_case vmem_client_cases[] = {
	KUNIT_CASE(who_leaves_is_named),
	KUNIT_CASE(who_fails_is_named),
	KUNIT_CASE(who_left_is_named_once),
	KUNIT_CASE(what_is_gone_is_not_called),
	{}
};

static struct kunit_suite vmem_client_suite = {
	.name = "vmem_client",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_client_cases,
};

kunit_test_suite(vmem_client_suite);

MODULE_DESCRIPTION("KUnit: clients of vmem that go away");
MODULE_LICENSE("GPL");
