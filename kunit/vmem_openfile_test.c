// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs while arenas change and go away under open files.
 */
#include <linux/bitmap.h>

#include "../vmem/arena/registry.h"
#include "vmem_test_file.h"

#define PAGE	4096

static struct file *open_arena_file(struct kunit *test, vmem_t *vm,
				    const char *name)
{
	char path[224];
	struct file *f;

	snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s/%s", vm->id, vm->label,
		 name);
	f = filp_open(path, O_RDONLY, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(f));
	return f;
}

/* [30] A file held open, half read, while its arena goes: an error, no more. */
static void open_file_outlives_its_arena(struct kunit *test)
{
	static const char * const file[] = { "segments", "stats", "freelists",
					     "consumers", "waiters" };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(file); i++) {
		vmem_t *vm = vt_ids(test, 64);
		struct file *unread, *half;
		loff_t pos = 0, start = 0;
		char buf[40];

		for (j = 0; j < 32; j++)
			vt_alloc(vm, 1, VM_SLEEP);
		unread = open_arena_file(test, vm, file[i]);
		half = open_arena_file(test, vm, file[i]);
		KUNIT_EXPECT_GT(test, vt_seq_read(half, buf, sizeof(buf), &pos),
				(ssize_t)0);
		vt_close(test, vm);
		KUNIT_EXPECT_EQ(test, vt_seq_read(unread, buf, sizeof(buf),
						  &start), (ssize_t)-EIO);
		KUNIT_EXPECT_EQ(test, vt_seq_read(half, buf, sizeof(buf), &pos),
				(ssize_t)-EIO);
		vt_file_close(unread);
		vt_file_close(half);
	}
}

/* [30] The table of arenas, half read while arenas come and go. */
static void arenas_come_and_go_while_read(struct kunit *test)
{
	static const char * const file[] = { VT_DEBUGFS "arenas",
					     VT_DEBUGFS "kstat" };
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(file); i++) {
		vmem_t *vm[6], *stay = vt_arena(test, U, U, U);
		struct file *f = filp_open(file[i], O_RDONLY, 0);
		char *buf = kvzalloc(32 * PAGE, GFP_KERNEL);
		size_t len = 0;
		loff_t pos = 0;
		char want[24];
		ssize_t n;

		KUNIT_ASSERT_FALSE(test, IS_ERR(f));
		KUNIT_ASSERT_NOT_NULL(test, buf);
		for (round = 0; round < ARRAY_SIZE(vm); round++)
			vm[round] = vt_arena(test, U, U, U);
		for (round = 0; len < 32 * PAGE - 64; round++) {
			n = vt_seq_read(f, buf + len, 64, &pos);
			KUNIT_EXPECT_GE(test, n, (ssize_t)0);
			if (n <= 0)
				break;
			len += n;
			if (round % 2 == 0 && round / 2 < ARRAY_SIZE(vm)) {
				vt_close(test, vm[round / 2]);
				vt_arena(test, U, U, U);
			}
		}
		vt_file_close(f);
		KUNIT_EXPECT_LT(test, len, (size_t)(32 * PAGE - 64));
		snprintf(want, sizeof(want), i ? "vmem:%u:" : "\n%6u ",
			 stay->id);
		KUNIT_EXPECT_NOT_NULL(test, strstr(buf, want));
		kvfree(buf);
		while (((struct vt *)test->priv)->n)
			vt_close(test, ((struct vt *)test->priv)->arenas[0]);
	}
}

/* Read on, a few bytes at a time, until it is this one's turn; or to the end. */
static void read_up_to(struct kunit *test, struct file *f, vmem_t *vm,
		       char *buf, size_t size, loff_t *pos)
{
	struct seq_file *m = f->private_data;
	struct vmem_registry_cursor *cur = m->private;
	size_t len = strlen(buf);
	ssize_t n;

	while (len < size - 64 && (!vm || cur->next != vm)) {
		n = vt_seq_read(f, buf + len, 63, pos);
		KUNIT_EXPECT_GE(test, n, (ssize_t)0);
		if (n <= 0)
			break;
		len += n;
		buf[len] = '\0';
	}
}

static bool shows(const char *text, u32 id)
{
	char want[24];

	snprintf(want, sizeof(want), "vmem:%u:", id);
	return strstr(text, want);
}

/*
 * [30] An arena goes that others have as a label, when it is its turn, that of
 * the first below it, or that of the second: they stand on their own from now on.
 * Whatever stays is shown.
 */
static void source_goes_while_read(struct kunit *test)
{
	unsigned int turn, i;

	for (turn = 0; turn < 3; turn++) {
		vmem_t *vm[3], *beside;
		struct file *f;
		char *buf = kvzalloc(32 * PAGE, GFP_KERNEL);
		loff_t pos = 0;
		u32 gone;

		KUNIT_ASSERT_NOT_NULL(test, buf);
		vt_arena(test, U, U, U);
		vm[0] = vt_arena(test, U, U, U);
		for (i = 1; i < ARRAY_SIZE(vm); i++)
			vm[i] = vt_adopt(test, vmem_create("below", NULL, 0, U,
							   NULL, NULL, vm[0], 0,
							   VM_SLEEP));
		beside = vt_arena(test, U, U, U);
		f = filp_open(VT_DEBUGFS "kstat", O_RDONLY, 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR(f));
		read_up_to(test, f, vm[turn], buf, 32 * PAGE, &pos);
		gone = vm[0]->id;
		vt_close(test, vm[0]);
		read_up_to(test, f, NULL, buf, 32 * PAGE, &pos);
		vt_file_close(f);
		KUNIT_EXPECT_EQ_MSG(test, shows(buf, gone), turn > 0,
				    "turn %u", turn);
		KUNIT_EXPECT_TRUE_MSG(test, shows(buf, vm[1]->id), "turn %u",
				      turn);
		KUNIT_EXPECT_TRUE_MSG(test, shows(buf, vm[2]->id), "turn %u",
				      turn);
		KUNIT_EXPECT_TRUE_MSG(test, shows(buf, beside->id), "turn %u",
				      turn);
		kvfree(buf);
		while (((struct vt *)test->priv)->n)
			vt_close(test, ((struct vt *)test->priv)->arenas[0]);
	}
}

#define BIG	10000

/* [29] A big arena in small pieces: what is untouched is shown just once. */
static void big_arena_is_shown_once(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 2 * BIG);
	unsigned long *seen = bitmap_zalloc(2 * BIG + 1, GFP_KERNEL);
	char *buf = kvmalloc(2 * PAGE, GFP_KERNEL);
	unsigned int i, twice = 0, lines = 0, missed = 0;
	struct file *f;
	size_t len = 0;
	loff_t pos = 0;
	ssize_t n;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	/* Every other identifier stays; between them there is coming and going. */
	for (i = 1; i <= 2 * BIG; i++)
		vt_alloc(vm, 1, VM_SLEEP);
	for (i = 4; i <= 2 * BIG; i += 4)
		vt_free(vm, i, 1);
	f = open_arena_file(test, vm, "segments");
	while ((n = vt_seq_read(f, buf + len, PAGE, &pos)) > 0) {
		char *at = buf, *end;
		unsigned long id;

		len += n;
		buf[len] = '\0';
		while ((end = strchr(at, '\n'))) {
			*end = '\0';
			if (sscanf(at, " alloc %lx", &id) == 1 && id % 2) {
				twice += test_and_set_bit(id, seen);
				lines++;
			}
			at = end + 1;
		}
		len -= at - buf;
		memmove(buf, at, len);
		/* Segments at both ends come, go and coalesce. */
		for (i = 0; i < 8; i++)
			vt_alloc(vm, 1, VM_NOSLEEP | (i & 1 ? VM_ENDALLOC : 0));
		for (i = 2; i <= 2 * BIG; i += 4)
			if ((i / 4 + pos) % 512 == 0 && vt_take(vm, i, 1) == 0)
				vt_free(vm, i, 1);
	}
	vt_file_close(f);
	for (i = 1; i <= 2 * BIG; i += 2)
		missed += !test_bit(i, seen);
	KUNIT_EXPECT_EQ(test, n, (ssize_t)0);
	KUNIT_EXPECT_EQ(test, twice, 0U);
	KUNIT_EXPECT_EQ(test, missed, 0U);
	KUNIT_EXPECT_EQ(test, lines, (unsigned int)BIG);
	kvfree(buf);
	bitmap_free(seen);
}

static struct kunit_case vmem_openfile_cases[] = {
	KUNIT_CASE(open_file_outlives_its_arena),
	KUNIT_CASE(arenas_come_and_go_while_read),
	KUNIT_CASE(source_goes_while_read),
	KUNIT_CASE(big_arena_is_shown_once),
	{}
};

static struct kunit_suite vmem_openfile_suite = {
	.name = "vmem_openfile",
	.init = vt_debugfs_init,
	.exit = vt_exit,
	.test_cases = vmem_openfile_cases,
};

kunit_test_suite(vmem_openfile_suite);

MODULE_DESCRIPTION("KUnit: files of vmem that are held open");
MODULE_LICENSE("GPL");
