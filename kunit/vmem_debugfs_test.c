// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: what the files hold.
 */
#include "../vmem/arena/arena.h"
#include "vmem_test_file.h"

#define PAGE	4096

/* A file of one arena. */
static char *arena_file(struct kunit *test, vmem_t *vm, const char *name,
			size_t size)
{
	char path[192];

	snprintf(path, sizeof(path), "%u-%s/%s", vm->id, vm->label, name);
	return vt_debugfs(test, path, size);
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *at;

	for (at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, line, len) && (!at[len] || at[len] == '\n'))
			return true;
	}
	return false;
}

static const char * const names[] = {
	"mem_inuse", "mem_import", "mem_total", "vmem_source", "alloc", "free",
	"wait", "fail", "lookup", "search", "populate_wait", "populate_fail",
	"contains", "contains_search",
};

static void fourteen(const struct vmem_stats *s, u64 *value)
{
	const u64 v[] = {
		s->mem_inuse, s->mem_import, s->mem_total, s->vmem_source,
		s->alloc, s->free, s->wait, s->fail, s->lookup, s->search,
		s->populate_wait, s->populate_fail, s->contains,
		s->contains_search,
	};

	BUILD_BUG_ON(ARRAY_SIZE(v) != ARRAY_SIZE(names));
	memcpy(value, v, sizeof(v));
}

/* An arena in which most statistics differ from one another. */
static vmem_t *busy_arena(struct kunit *test, const char *name)
{
	vmem_t *vm = vt_adopt(test, vmem_create(name, (void *)(16 * U), 16 * U,
						U, NULL, NULL, NULL, 0,
						VM_SLEEP));
	unsigned int i;

	for (i = 0; i < 7; i++)
		vt_alloc(vm, U, VM_SLEEP);
	vt_free(vm, 17 * U, U);
	vt_free(vm, 19 * U, U);
	for (i = 0; i < 3; i++)
		vt_alloc(vm, 100 * U, VM_NOSLEEP);
	for (i = 0; i < 5; i++)
		vmem_contains(vm, (void *)(16 * U), U);
	return vm;
}

/* [33] stats: the fourteen first, in order, "name value" a line. */
static void stats_are_in_order(struct kunit *test)
{
	vmem_t *vm = busy_arena(test, "busy");
	char *text = arena_file(test, vm, "stats", PAGE);
	struct vmem_stats s = vt_stats(vm);
	u64 value[ARRAY_SIZE(names)];
	char *at = text, *line;
	unsigned int i;
	char want[64];

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_TRUE(test, has_line(text, "alloc 7"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "misuse 0"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "fail_injected 0"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "quantum 4096"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "spans 1"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "buckets 16"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "waiters 0"));
	fourteen(&s, value);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(want, sizeof(want), "%s %llu", names[i], value[i]);
		line = strsep(&at, "\n");
		KUNIT_ASSERT_NOT_NULL(test, line);
		KUNIT_EXPECT_STREQ(test, line, want);
	}
	kvfree(text);
}

/* [33] stats: all 64 bits of a value, and of the source its number alone. */
static void stats_are_of_64_bits(struct kunit *test)
{
	vmem_t *vm, *top = vt_ids(test, 1);
	char *text;

	vm = vt_adopt(test, vmem_create("large", NULL, 0, 1, NULL, NULL, top, 0,
					VM_SLEEP));
	vm->space.stats.wait = 0x500000003;
	vm->space.stats.fail = 0x700000000;
	text = arena_file(test, vm, "stats", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_TRUE(test, has_line(text, "wait 21474836483"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "fail 30064771072"));
	kvfree(text);
}

/* [33] kstat: every statistic of every arena, "vmem:id:name:stat<TAB>value". */
static void kstat_has_every_statistic(struct kunit *test)
{
	vmem_t *a = busy_arena(test, "same");
	vmem_t *b = vt_adopt(test, vmem_create("same", NULL, 0, 1, NULL, NULL, a,
					       0, VM_SLEEP));
	char *text = vt_debugfs(test, "kstat", 16 * PAGE);
	struct vmem_stats s = vt_stats(a);
	u64 value[ARRAY_SIZE(names)];
	char want[128];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, text);
	fourteen(&s, value);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(want, sizeof(want), "vmem:%u:same:%s\t%llu", a->id,
			 names[i], value[i]);
		KUNIT_EXPECT_TRUE_MSG(test, has_line(text, want), "%s", want);
	}
	snprintf(want, sizeof(want), "vmem:%u:same:vmem_source\t%u", b->id,
		 a->id);
	KUNIT_EXPECT_TRUE_MSG(test, has_line(text, want), "%s", want);
	kvfree(text);
}

/* The line of arenas that is about this one, or NULL. */
static char *arenas_line(char *text, vmem_t *vm)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		unsigned int id;

		if (sscanf(line, " %u", &id) == 1 && id == vm->id)
			return line;
	}
	return NULL;
}

/* [33] arenas: a line each, clients indented below their source. */
static void arenas_are_a_tree(struct kunit *test)
{
	vmem_t *src = busy_arena(test, "the-source");
	vmem_t *vm = vt_adopt(test, vmem_create("the-client", NULL, 0, U,
						vmem_alloc, vmem_free, src, 0,
						VM_SLEEP));
	char *text = vt_debugfs(test, "arenas", 16 * PAGE);
	char *copy, *above, *below;

	KUNIT_ASSERT_NOT_NULL(test, text);
	copy = kvmalloc(16 * PAGE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, text, 16 * PAGE);
	above = arenas_line(text, src);
	below = arenas_line(copy, vm);
	KUNIT_ASSERT_NOT_NULL(test, above);
	KUNIT_ASSERT_NOT_NULL(test, below);
	KUNIT_EXPECT_LT(test, above - text, below - copy);
	KUNIT_ASSERT_NOT_NULL(test, strstr(above, "the-source"));
	KUNIT_ASSERT_NOT_NULL(test, strstr(below, "the-client"));
	/* Behind the id, six wide, and two for each step down. */
	KUNIT_EXPECT_EQ(test, strstr(above, "the-source") - above, 7);
	KUNIT_EXPECT_EQ(test, strstr(below, "the-client") - below, 9);
	/* In use, total, use %, allocs, fails: 5 of 16 units, 7, 3. */
	KUNIT_EXPECT_NOT_NULL(test, strstr(above, " 20480 "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(above, " 65536 "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(above, " 31% "));
	KUNIT_EXPECT_STREQ(test, strrchr(above, ' '), " 3");
	kvfree(text);
	kvfree(copy);
}

/* [29] segments: spans and their segments, in list order. */
static void segments_are_in_list_order(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 0x20000, 0x4000, 0x1000);
	char *text;

	vmem_add(vm, (void *)0x10000, 0x1000, VM_SLEEP);
	vt_take(vm, 0x21000, 0x1001);
	text = arena_file(test, vm, "segments", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_ASSERT_NOT_NULL(test, strstr(text, "span "));
	KUNIT_EXPECT_STREQ(test, strstr(text, "span "),
			   "span 0x20000 0x23fff 16384\n"
			   "  free 0x20000 0x20fff 4096\n"
			   "  alloc 0x21000 0x22000 4097\n"
			   "  free 0x23000 0x23fff 4096\n"
			   "span 0x10000 0x10fff 4096\n"
			   "  free 0x10000 0x10fff 4096\n");
	kvfree(text);
}

/* [6] A span that ends at the top of the word is shown without wrapping. */
static void segments_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, -2 * U, 2 * U, U);
	char *text = arena_file(test, vm, "segments", PAGE);
	char want[80];

	KUNIT_ASSERT_NOT_NULL(test, text);
	snprintf(want, sizeof(want), "  free %#lx %#lx 8192", -2 * U,
		 ULONG_MAX);
	KUNIT_EXPECT_TRUE_MSG(test, has_line(text, want), "%s", text);
	kvfree(text);
}

/* [33] segments: a span says whether it was imported. */
static void segments_tell_imported_spans(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 16 * U, U);
	vmem_t *vm = vt_adopt(test, vmem_create(test->name, (void *)(64 * U), U,
						U, vmem_alloc, vmem_free, src,
						0, VM_SLEEP));
	char *text;

	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 2 * U, VM_SLEEP), 16 * U);
	text = arena_file(test, vm, "segments", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_TRUE_MSG(test, has_line(text, "span 0x40000 0x40fff 4096"),
			      "%s", text);
	KUNIT_EXPECT_TRUE_MSG(test, has_line(text, "span 0x10000 0x11fff 8192 imported"),
			      "%s", text);
	KUNIT_EXPECT_TRUE_MSG(test, has_line(text, "  alloc 0x10000 0x11fff 8192"),
			      "%s", text);
	kvfree(text);
}

/* [15] freelists: per class how many free segments there are, how much. */
static void freelists_count_by_class(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 64);
	unsigned long lo, hi, n, size, sum = 0, all = 0;
	char *text, *at, *line;

	VT_HOLES(test, vm, { 2, 3 }, { 8, 2 }, { 20, 1 }, { 40, 9 });
	text = arena_file(test, vm, "freelists", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	at = text;
	while ((line = strsep(&at, "\n"))) {
		if (sscanf(line, "%lx %lx %lu %lu", &lo, &hi, &n, &size) != 4)
			continue;
		KUNIT_EXPECT_EQ(test, hi, 2 * lo - 1);
		if (lo == 1)
			KUNIT_EXPECT_TRUE(test, n == 1 && size == 1);
		else if (lo == 2)
			KUNIT_EXPECT_TRUE(test, n == 2 && size == 5);
		else
			KUNIT_EXPECT_TRUE(test, lo == 8 && n == 1 && size == 9);
		sum += size;
		all += n;
	}
	KUNIT_EXPECT_EQ(test, sum, 15UL);
	KUNIT_EXPECT_EQ(test, all, 4UL);
	kvfree(text);
}

static unsigned long metadata(struct kunit *test, const char *name)
{
	char *text = vt_debugfs(test, "metadata", PAGE);
	unsigned long value = 0;
	char *at;

	KUNIT_ASSERT_NOT_NULL(test, text);
	at = strstr(text, name);
	KUNIT_EXPECT_NOT_NULL(test, at);
	if (at)
		KUNIT_EXPECT_EQ(test, sscanf(at + strlen(name), " %lu", &value),
				1);
	kvfree(text);
	return value;
}

/* [33] metadata: what vmem itself occupies grows and shrinks with its use. */
static void metadata_follows_use(struct kunit *test)
{
	unsigned long vmem = metadata(test, "vmem_vmem");
	unsigned long seg = metadata(test, "vmem_seg");
	unsigned long hash = metadata(test, "vmem_hash");
	vmem_t *vm = vt_ids(test, 5000);
	unsigned int i;

	for (i = 0; i < 5000; i++)
		vt_alloc(vm, 1, VM_SLEEP);
	vmem_update(NULL);
	KUNIT_EXPECT_GE(test, metadata(test, "vmem_vmem"),
			vmem + sizeof(struct vmem));
	KUNIT_EXPECT_GE(test, metadata(test, "vmem_seg"),
			seg + 5000 * sizeof(struct vmem_seg));
	KUNIT_EXPECT_GE(test, metadata(test, "vmem_hash"),
			hash + 2048 * sizeof(void *));
	vt_close(test, vm);
	KUNIT_EXPECT_EQ(test, metadata(test, "vmem_vmem"), vmem);
	KUNIT_EXPECT_EQ(test, metadata(test, "vmem_seg"), seg);
	KUNIT_EXPECT_EQ(test, metadata(test, "vmem_hash"), hash);
}

/* A segment structure is one cache line, audit included. */
static void segment_structure_is_small(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, sizeof(struct vmem_seg), (size_t)64);
}

/* [33] Names that would break a path or a line, in one way in every file. */
static void names_are_escaped(struct kunit *test)
{
	vmem_t *vm = vt_adopt(test, vmem_create("a/b:c d\\e\n\x7f\xc3\xa4",
						(void *)U, U, U, NULL, NULL,
						NULL, 0, VM_SLEEP));
	static const char *label =
		"a\\057b\\072c\\040d\\134e\\012\\177\\303\\244";
	char path[128];
	char *text;

	snprintf(path, sizeof(path), "%u-%s/stats", vm->id, label);
	text = vt_debugfs(test, path, PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_TRUE(test, has_line(text, "mem_total 4096"));
	kvfree(text);
	text = vt_debugfs(test, "kstat", 16 * PAGE);
	snprintf(path, sizeof(path), "vmem:%u:%s:mem_total\t4096", vm->id,
		 label);
	KUNIT_EXPECT_TRUE(test, has_line(text, path));
	kvfree(text);
	text = vt_debugfs(test, "arenas", 16 * PAGE);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, label));
	kvfree(text);
}

/* Names are cut after 29 characters, not refused; escaped they are longer. */
static void names_are_cut(struct kunit *test)
{
	vmem_t *vm = vt_adopt(test, vmem_create("0123456789abcdefghijABCDEFGHIJ",
						(void *)U, U, U, NULL, NULL,
						NULL, 0, VM_SLEEP));
	char path[256];
	char *text;
	unsigned int i, n;

	snprintf(path, sizeof(path), "%u-0123456789abcdefghijABCDEFGHI/stats",
		 vm->id);
	text = vt_debugfs(test, path, PAGE);
	KUNIT_EXPECT_NOT_NULL(test, text);
	kvfree(text);

	vm = vt_adopt(test, vmem_create("////////////////////////////////////",
					(void *)U, U, U, NULL, NULL, NULL, 0,
					VM_SLEEP));
	n = snprintf(path, sizeof(path), "%u-", vm->id);
	for (i = 0; i < 29; i++)
		n += snprintf(path + n, sizeof(path) - n, "\\057");
	snprintf(path + n, sizeof(path) - n, "/stats");
	text = vt_debugfs(test, path, PAGE);
	KUNIT_EXPECT_NOT_NULL(test, text);
	kvfree(text);
}

static umode_t mode_of(const char *path)
{
	struct file *f = filp_open(path, O_RDONLY, 0);
	umode_t mode;

	if (IS_ERR(f))
		return 0;
	mode = file_inode(f)->i_mode & 0777;
	vt_file_close(f);
	return mode;
}

/* Addresses are nobody's business: directories 0700, files 0400, mtbf 0600. */
static void files_are_private(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, U, U, U);
	char path[224];

	KUNIT_EXPECT_EQ(test, mode_of("/sys/kernel/debug/vmem"), (umode_t)0700);
	KUNIT_EXPECT_EQ(test, mode_of(VT_DEBUGFS "arenas"), (umode_t)0400);
	KUNIT_EXPECT_EQ(test, mode_of(VT_DEBUGFS "kstat"), (umode_t)0400);
	KUNIT_EXPECT_EQ(test, mode_of(VT_DEBUGFS "metadata"), (umode_t)0400);
	snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s", vm->id, vm->label);
	KUNIT_EXPECT_EQ(test, mode_of(path), (umode_t)0700);
	snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s/segments", vm->id,
		 vm->label);
	KUNIT_EXPECT_EQ(test, mode_of(path), (umode_t)0400);
	snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s/consumers", vm->id,
		 vm->label);
	KUNIT_EXPECT_EQ(test, mode_of(path), (umode_t)0400);
	snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s/mtbf", vm->id,
		 vm->label);
	KUNIT_EXPECT_EQ(test, mode_of(path), (umode_t)0600);
	snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s/audit", vm->id,
		 vm->label);
	KUNIT_EXPECT_EQ(test, mode_of(path), (umode_t)0600);
}

static struct kunit_case vmem_debugfs_cases[] = {
	KUNIT_CASE(stats_are_in_order),
	KUNIT_CASE(stats_are_of_64_bits),
	KUNIT_CASE(kstat_has_every_statistic),
	KUNIT_CASE(arenas_are_a_tree),
	KUNIT_CASE(segments_are_in_list_order),
	KUNIT_CASE(segments_at_the_top),
	KUNIT_CASE(segments_tell_imported_spans),
	KUNIT_CASE(freelists_count_by_class),
	KUNIT_CASE(metadata_follows_use),
	KUNIT_CASE(segment_structure_is_small),
	KUNIT_CASE(names_are_escaped),
	KUNIT_CASE(names_are_cut),
	KUNIT_CASE(files_are_private),
	{}
};

static struct kunit_suite vmem_debugfs_suite = {
	.name = "vmem_debugfs",
	.init = vt_debugfs_init,
	.exit = vt_exit,
	.test_cases = vmem_debugfs_cases,
};

kunit_test_suite(vmem_debugfs_suite);

MODULE_DESCRIPTION("KUnit: debugfs of vmem");
MODULE_LICENSE("GPL");
