// SPDX-License-Identifier: GPL-2.0
/* Reads of open debugfs files while arenas change and are destroyed. */
#include <linux/bitmap.h>

#include "../vmem/arena/registry.h"
#include "vmem_test_file.h"

#define PIECE	4096

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

/* [30] Reads of an open file return -EIO once its arena is destroyed. */
static void open_file_fails_once_its_arena_is_destroyed(struct kunit *test)
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

/*
 * [30] If arenas are created and destroyed while a file that lists the arenas
 * is read, the file still shows each arena that exists throughout.
 */
static void list_of_arenas_survives_changes(struct kunit *test)
{
	static const char * const file[] = { VT_DEBUGFS "arenas",
					     VT_DEBUGFS "kstat" };
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(file); i++) {
		vmem_t *vm[6], *kept = vt_arena(test, U, U, U);
		struct file *f = filp_open(file[i], O_RDONLY, 0);
		char *buf = kvzalloc(32 * PIECE, GFP_KERNEL);
		size_t len = 0;
		loff_t pos = 0;
		char want[24];
		ssize_t n;

		KUNIT_ASSERT_FALSE(test, IS_ERR(f));
		KUNIT_ASSERT_NOT_NULL(test, buf);
		for (round = 0; round < ARRAY_SIZE(vm); round++)
			vm[round] = vt_arena(test, U, U, U);
		for (round = 0; len < 32 * PIECE - 64; round++) {
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
		KUNIT_EXPECT_LT(test, len, (size_t)(32 * PIECE - 64));
		snprintf(want, sizeof(want), i ? "vmem:%u:" : "\n%6u ",
			 kept->id);
		KUNIT_EXPECT_NOT_NULL(test, strstr(buf, want));
		kvfree(buf);
		while (((struct vt *)test->priv)->n)
			vt_close(test, ((struct vt *)test->priv)->arenas[0]);
	}
}

/*
 * Read the file in small pieces until @vm is the next arena that the file will
 * show, or to the end of the file if @vm is NULL.
 */
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

static bool is_shown(const char *text, u32 id)
{
	char want[24];

	snprintf(want, sizeof(want), "vmem:%u:", id);
	return strstr(text, want);
}

/*
 * [30] While a file that lists the arenas is read, a source whose two clients
 * do not import is destroyed. At that time, the next arena that the file would
 * show is the source, the first client or the second client. Afterwards the
 * file shows all remaining arenas.
 */
static void list_of_arenas_survives_destroy_of_a_source(struct kunit *test)
{
	unsigned int next, i;

	for (next = 0; next < 3; next++) {
		vmem_t *vm[3], *other;
		struct file *f;
		char *buf = kvzalloc(32 * PIECE, GFP_KERNEL);
		loff_t pos = 0;
		u32 destroyed_id;

		KUNIT_ASSERT_NOT_NULL(test, buf);
		vt_arena(test, U, U, U);
		vm[0] = vt_arena(test, U, U, U);
		for (i = 1; i < ARRAY_SIZE(vm); i++)
			vm[i] = vt_track(test, vmem_create("below", NULL, 0, U,
							   NULL, NULL, vm[0], 0,
							   VM_SLEEP));
		other = vt_arena(test, U, U, U);
		f = filp_open(VT_DEBUGFS "kstat", O_RDONLY, 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR(f));
		read_up_to(test, f, vm[next], buf, 32 * PIECE, &pos);
		destroyed_id = vm[0]->id;
		vt_close(test, vm[0]);
		read_up_to(test, f, NULL, buf, 32 * PIECE, &pos);
		vt_file_close(f);
		KUNIT_EXPECT_EQ_MSG(test, is_shown(buf, destroyed_id), next > 0,
				    "next %u", next);
		KUNIT_EXPECT_TRUE_MSG(test, is_shown(buf, vm[1]->id), "next %u",
				      next);
		KUNIT_EXPECT_TRUE_MSG(test, is_shown(buf, vm[2]->id), "next %u",
				      next);
		KUNIT_EXPECT_TRUE_MSG(test, is_shown(buf, other->id), "next %u",
				      next);
		kvfree(buf);
		while (((struct vt *)test->priv)->n)
			vt_close(test, ((struct vt *)test->priv)->arenas[0]);
	}
}

#define NR_ODD	10000

/*
 * [29] If the file "segments" of a large arena is read in pieces while other
 * segments change, the file shows each unchanged segment once.
 */
static void unchanged_segment_is_shown_once(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 2 * NR_ODD);
	unsigned long *seen = bitmap_zalloc(2 * NR_ODD + 1, GFP_KERNEL);
	char *buf = kvmalloc(2 * PIECE, GFP_KERNEL);
	unsigned int i, twice = 0, lines = 0, missed = 0;
	struct file *f;
	size_t len = 0;
	loff_t pos = 0;
	ssize_t n;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	/*
	 * Odd identifiers stay allocated. Even identifiers change; the
	 * multiples of 4 are free at first.
	 */
	for (i = 1; i <= 2 * NR_ODD; i++)
		vt_alloc(vm, 1, VM_SLEEP);
	for (i = 4; i <= 2 * NR_ODD; i += 4)
		vt_free(vm, i, 1);
	f = open_arena_file(test, vm, "segments");
	while ((n = vt_seq_read(f, buf + len, PIECE, &pos)) > 0) {
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
		/*
		 * Allocate eight free identifiers. Of the even identifiers that
		 * are not multiples of 4, free some that are allocated, and
		 * allocate some that are free.
		 */
		for (i = 0; i < 8; i++)
			vt_alloc(vm, 1, VM_NOSLEEP | (i & 1 ? VM_ENDALLOC : 0));
		for (i = 2; i <= 2 * NR_ODD; i += 4)
			if ((i / 4 + pos) % 512 == 0 && vt_alloc_at(vm, i, 1) == 0)
				vt_free(vm, i, 1);
	}
	vt_file_close(f);
	for (i = 1; i <= 2 * NR_ODD; i += 2)
		missed += !test_bit(i, seen);
	KUNIT_EXPECT_EQ(test, n, (ssize_t)0);
	KUNIT_EXPECT_EQ(test, twice, 0U);
	KUNIT_EXPECT_EQ(test, missed, 0U);
	KUNIT_EXPECT_EQ(test, lines, (unsigned int)NR_ODD);
	kvfree(buf);
	bitmap_free(seen);
}

static struct kunit_case vmem_openfile_cases[] = {
	KUNIT_CASE(open_file_fails_once_its_arena_is_destroyed),
	KUNIT_CASE(list_of_arenas_survives_changes),
	KUNIT_CASE(list_of_arenas_survives_destroy_of_a_source),
	KUNIT_CASE(unchanged_segment_is_shown_once),
	{}
};

static struct kunit_suite vmem_openfile_suite = {
	.name = "vmem_openfile",
	.init = vt_debugfs_init,
	.exit = vt_exit,
	.test_cases = vmem_openfile_cases,
};

kunit_test_suite(vmem_openfile_suite);

MODULE_DESCRIPTION("KUnit: open debugfs files of vmem");
MODULE_LICENSE("GPL");
