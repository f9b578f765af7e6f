// SPDX-License-Identifier: GPL-2.0
/*
 * Files in debugfs, maintenance of the segment hash table and audit while
 * memory allocations fail.
 */
#include "vmem_test_nomem.h"

/**
 * struct file_name - a file in debugfs
 * @name: name of the file
 * @arena: the file is in the directory of the arena
 * @read: the file is a seq_file, which a test can read
 */
struct file_name {
	const char *name;
	bool arena;
	bool read;
};

static const struct file_name files[] = {
	{ "arenas", false, true },
	{ "kstat", false, true },
	{ "metadata", false, true },
	{ "stats", true, true },
	{ "segments", true, true },
	{ "freelists", true, true },
	{ "qcaches", true, true },
	{ "waiters", true, true },
	{ "verify", true, true },
	{ "mtbf", true, false },
};

static void describe_file(const struct file_name *f, char *desc)
{
	strscpy(desc, f->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(file, files, describe_file);

static char path[256], piece[512];

static void arrange_file(struct kunit *test, struct vn *w)
{
	const struct file_name *f = w->arg;
	unsigned long at;

	w->vm = vq_ids(test, 10000, 4);
	/* More segments than fit into one buffer of a seq_file. */
	for (at = 5000; at < 5600; at += 2)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(w->vm, at, 1), at);
	/* Complete the rescale of the hash table before the test. */
	flush_work(&w->vm->rescale);
	snprintf(path, sizeof(path), VT_DEBUGFS "%s", f->name);
	if (f->arena)
		snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s/%s", w->vm->id,
			 w->vm->label, f->name);
}

/* Read the whole file. The only possible error is -ENOMEM. */
static bool call_file(struct vn *w)
{
	const struct file_name *f = w->arg;
	struct file *file = filp_open(path, O_RDONLY, 0);
	size_t sum = 0;
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file)) {
		KUNIT_EXPECT_EQ(w->test, PTR_ERR(file), (long)-ENOMEM);
		return false;
	}
	do {
		n = f->read ? vt_seq_read(file, piece, sizeof(piece), &pos) : 0;
		sum += n > 0 ? n : 0;
	} while (n > 0);
	vt_file_close(file);
	if (n < 0)
		KUNIT_EXPECT_EQ(w->test, n, (ssize_t)-ENOMEM);
	else if (f->read)
		KUNIT_EXPECT_GT(w->test, sum, (size_t)8);
	return !n;
}

static void undo_file(struct vn *w)
{
	unsigned long at;

	for (at = 5000; at < 5600; at += 2)
		vt_xfree(w->vm, at, 1);
	KUNIT_EXPECT_TRUE(w->test, hlist_empty(&w->vm->segmap.cursors));
}

/* A failed open or read leaves no cursor in the arena. */
static void file_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_file,
		.call = call_file,
		.undo = undo_file,
		.arg = test->param_value,
	};
	char old[8] = "0";

	/* The file "verify" needs the debug parameter. */
	vt_param("debug", "1", old, sizeof(old));
	vn_may_fail(test, &w);
	vt_param("debug", old, NULL, 0);
}

/*
 * Number of segments at which maintenance enlarges the hash table, but an
 * allocation does not.
 */
#define NR_IDS	120

static void arrange_full_table(struct kunit *test, struct vn *w)
{
	unsigned int i;

	w->vm = vt_ids(test, 10000);
	for (i = 0; i < NR_IDS; i++)
		KUNIT_ASSERT_NE(test, vt_alloc(w->vm, 1, VM_SLEEP), 0UL);
}

/*
 * Run maintenance. If there is memory, the hash table grows. If not,
 * rescale_fail counts the failure.
 */
static bool call_update(struct vn *w)
{
	unsigned int bits = w->vm->segmap.hash.bits;
	struct vmem_stats old = vt_stats(w->vm), new;
	bool larger;

	vmem_update(NULL);
	new = vt_stats(w->vm);
	larger = w->vm->segmap.hash.bits > bits;
	KUNIT_EXPECT_EQ(w->test, new.rescale - old.rescale, (u64)larger);
	KUNIT_EXPECT_EQ(w->test, new.rescale_fail - old.rescale_fail,
			(u64)!larger);
	KUNIT_EXPECT_EQ(w->test, vmem_verify(w->vm), 0);
	/* Hide the failure from the comparison of statistics. */
	if (!larger)
		w->vm->segmap.stats.rescale_fail--;
	return larger;
}

static void undo_full_table(struct vn *w)
{
	unsigned int i;

	/* Look-ups work in the old and in the larger hash table. */
	for (i = 1; i <= NR_IDS; i++) {
		vt_free(w->vm, i, 1);
		KUNIT_EXPECT_EQ(w->test, vt_alloc(w->vm, 1, VM_NOSLEEP),
				(unsigned long)i);
	}
}

/*
 * [32] The segment hash table keeps its size until there is memory for a larger
 * one.
 */
static void rescale_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_full_table,
		.call = call_update,
		.undo = undo_full_table,
	};

	vn_may_fail(test, &w);
}

/*
 * [32] Neither shrinking the hash table nor destroying the arena needs memory.
 */
static void shrink_without_memory(struct kunit *test)
{
	struct vn w = { .test = test };
	unsigned int bits;

	arrange_full_table(test, &w);
	bits = w.vm->segmap.hash.bits;
	vmem_update(NULL);
	KUNIT_EXPECT_GT(test, w.vm->segmap.hash.bits, bits);
	vt_drain(test, w.vm);
	vn_without_memory(vmem_update(NULL));
	KUNIT_EXPECT_EQ(test, w.vm->segmap.hash.bits, bits);
	KUNIT_EXPECT_EQ(test, vt_stats(w.vm).rescale_fail, 0ULL);
}

static void arrange_ids(struct kunit *test, struct vn *w)
{
	w->vm = vt_ids(test, 10000);
}

/*
 * Allocate at the end of a recursion of @depth calls. The stack depot may not
 * have this stack trace yet.
 */
static noinline unsigned long alloc_at_depth(vmem_t *vm, unsigned int depth)
{
	unsigned long id;

	if (!depth)
		return vt_alloc(vm, 5, VM_NOSLEEP);
	id = alloc_at_depth(vm, depth - 1);
	OPTIMIZER_HIDE_VAR(id);
	return id;
}

static bool call_audited(struct vn *w)
{
	static unsigned int calls;

	w->addr = alloc_at_depth(w->vm, calls++ % 16);
	return w->addr;
}

static void undo_audited(struct vn *w)
{
	vt_free(w->vm, w->addr, 5);
}

/* An allocation succeeds although there is no memory for its stack trace. */
static void audit_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_ids,
		.call = call_audited,
		.undo = undo_audited,
	};

	if (vt_param("audit", "1", NULL, 0))
		kunit_skip(test, "no audit, or no parameter to set in sysfs");
	vn_fail_each(test, &w);
	KUNIT_EXPECT_EQ(test, vt_param("audit", "0", NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
}

static struct kunit_case vmem_nomem_module_cases[] = {
	KUNIT_CASE_PARAM(file_without_memory, file_gen_params),
	KUNIT_CASE(rescale_without_memory),
	KUNIT_CASE(shrink_without_memory),
	KUNIT_CASE(audit_without_memory),
	{}
};

static struct kunit_suite vmem_nomem_module_suite = {
	.name = "vmem_nomem_module",
	.suite_init = vn_suite_init,
	.suite_exit = vn_suite_exit,
	.init = vn_init,
	.exit = vn_exit,
	.test_cases = vmem_nomem_module_cases,
};

kunit_test_suite(vmem_nomem_module_suite);

MODULE_DESCRIPTION("KUnit: files and maintenance of vmem without memory");
MODULE_LICENSE("GPL");
