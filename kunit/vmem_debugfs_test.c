// SPDX-License-Identifier: GPL-2.0
/* Contents of the files in debugfs. */
#include "../vmem/arena.h"
#include "vmem_test_file.h"
#include "vmem_test_import.h"
#include "vmem_test_thread.h"

#define PAGE	4096

/* Read a file in the directory of an arena. */
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

static void first_statistics(const struct vmem_stats *s, u64 *value)
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

/* An arena in which most statistics have different values. */
static vmem_t *used_arena(struct kunit *test, const char *name)
{
	vmem_t *vm = vt_track(test, vmem_create(name, (void *)(16 * U), 16 * U,
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

/*
 * [33] The file "stats" begins with the first fourteen statistics in order, one
 * "name value" per line.
 */
static void stats_are_in_order(struct kunit *test)
{
	vmem_t *vm = used_arena(test, "busy");
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
	first_statistics(&s, value);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(want, sizeof(want), "%s %llu", names[i], value[i]);
		line = strsep(&at, "\n");
		KUNIT_ASSERT_NOT_NULL(test, line);
		KUNIT_EXPECT_STREQ(test, line, want);
	}
	kvfree(text);
}

/* [33] The file "stats" shows values of 64 bits. */
static void stats_are_of_64_bits(struct kunit *test)
{
	vmem_t *vm, *top = vt_ids(test, 1);
	char *text;

	vm = vt_track(test, vmem_create("large", NULL, 0, 1, NULL, NULL, top, 0,
					VM_SLEEP));
	vm->segmap.stats.wait = 0x500000003;
	vm->segmap.stats.fail = 0x700000000;
	text = arena_file(test, vm, "stats", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_TRUE(test, has_line(text, "wait 21474836483"));
	KUNIT_EXPECT_TRUE(test, has_line(text, "fail 30064771072"));
	kvfree(text);
}

/*
 * [33] The file "kstat" shows all statistics of all arenas, as
 * "vmem:id:name:stat<TAB>value".
 */
static void kstat_has_every_statistic(struct kunit *test)
{
	vmem_t *a = used_arena(test, "same");
	vmem_t *b = vt_track(test, vmem_create("same", NULL, 0, 1, NULL, NULL, a,
					       0, VM_SLEEP));
	char *text = vt_debugfs(test, "kstat", 16 * PAGE);
	struct vmem_stats s = vt_stats(a);
	u64 value[ARRAY_SIZE(names)];
	char want[128];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, text);
	first_statistics(&s, value);
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

/* Returns the line about @vm in the file "arenas", or NULL. */
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

/*
 * [33] The file "arenas" has one line per arena. The name of a client is
 * indented below the name of its source.
 */
static void arenas_are_a_tree(struct kunit *test)
{
	vmem_t *src = used_arena(test, "the-source");
	vmem_t *vm = vt_track(test, vmem_create("the-client", NULL, 0, U,
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
	/*
	 * The name follows the id (6 columns) and is indented by 2 columns per
	 * level.
	 */
	KUNIT_EXPECT_EQ(test, strstr(above, "the-source") - above, 7);
	KUNIT_EXPECT_EQ(test, strstr(below, "the-client") - below, 9);
	/*
	 * mem_inuse is 5 units, mem_total 16 units, use 31 %, alloc 7 and fail
	 * 3.
	 */
	KUNIT_EXPECT_NOT_NULL(test, strstr(above, " 20480 "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(above, " 65536 "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(above, " 31% "));
	KUNIT_EXPECT_STREQ(test, strrchr(above, ' '), " 3");
	kvfree(text);
	kvfree(copy);
}

/* [29] The file "segments" shows the spans and their segments in list order. */
static void segments_are_in_list_order(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 0x20000, 0x4000, 0x1000);
	char *text;

	vmem_add(vm, (void *)0x10000, 0x1000, VM_SLEEP);
	vt_alloc_at(vm, 0x21000, 0x1001);
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

/* [6] The file "segments" shows ULONG_MAX as the end of a span at the top. */
static void segments_do_not_wrap_at_the_top(struct kunit *test)
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

/* [33] The file "segments" marks imported spans. */
static void segments_mark_imported_spans(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 16 * U, U);
	vmem_t *vm = vt_track(test, vmem_create(test->name, (void *)(64 * U), U,
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

/*
 * [15] The file "freelists" shows the number and total size of the free
 * segments of each class.
 */
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

#define WAITERS		"pid size flags state ms comm\n"

/*
 * Check that the line at *@at of the file "waiters" describes the request of
 * @t, with the given state and task name. Moves *@at to the next line. Returns
 * the time in milliseconds that the request has waited.
 */
static unsigned int waiter_line(struct kunit *test, char **at,
				const struct vt_thread *t, const char *state,
				const char *comm)
{
	char *line = strsep(at, "\n"), *rest;
	unsigned int ms = 0;
	char want[64];
	size_t len;

	KUNIT_EXPECT_NOT_NULL(test, line);
	if (!line)
		return 0;
	len = scnprintf(want, sizeof(want), "%d %zu 0x%x %s ",
			task_pid_nr(t->task), t->size, t->vmflag, state);
	KUNIT_EXPECT_TRUE_MSG(test, !strncmp(line, want, len),
			      "'%s' does not begin with '%s'", line, want);
	if (strncmp(line, want, len))
		return 0;
	rest = line + len;
	KUNIT_EXPECT_EQ(test, kstrtouint(strsep(&rest, " "), 10, &ms), 0);
	KUNIT_EXPECT_NOT_NULL(test, rest);
	if (rest)
		KUNIT_EXPECT_STREQ(test, rest, comm);
	return ms;
}

/* Expect that the file "waiters" has only the heading. */
static void expect_no_waiters(struct kunit *test, vmem_t *vm)
{
	char *text = arena_file(test, vm, "waiters", PAGE);

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_STREQ(test, text, WAITERS);
	kvfree(text);
}

/*
 * [48] The file "waiters" has one line per waiting request, the oldest first.
 */
static void waiters_are_listed_oldest_first(struct kunit *test)
{
	static const int flags[] = {
		VM_SLEEP, VM_SLEEP | VM_BESTFIT, VM_PUSHPAGE | VM_ENDALLOC,
	};
	struct vt_thread *t[40];	/* more waiters than one GROUP */

	unsigned int i, ms, earlier;
	vmem_t *vm = vt_ids(test, 1000);
	unsigned long all;
	char *text, *at;

	expect_no_waiters(test, vm);
	all = vt_alloc(vm, 1000, VM_SLEEP);
	/* A request that does not wait has no line. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	t[0] = vt_request(test, vm, 1, VM_SLEEP | VM_ABORT);
	KUNIT_EXPECT_EQ(test, vt_join(test, t[0], NULL), 0UL);
	expect_no_waiters(test, vm);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_request(test, vm, 1 + (i * 7) % 20,
				  flags[i % ARRAY_SIZE(flags)]);
		vt_wait_asleep(test, vm, i + 1);
	}
	msleep(50);
	text = arena_file(test, vm, "waiters", 4 * PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_TRUE(test, !strncmp(text, WAITERS, strlen(WAITERS)));
	at = text + strlen(WAITERS);
	for (earlier = UINT_MAX, i = 0; i < ARRAY_SIZE(t); i++) {
		ms = waiter_line(test, &at, t[i], "waiting", "vmem-test");
		KUNIT_EXPECT_LE(test, ms, earlier);
		earlier = ms;
	}
	KUNIT_EXPECT_GE(test, earlier, 40U);
	KUNIT_EXPECT_STREQ(test, at, "");
	kvfree(text);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).waiters, (u64)ARRAY_SIZE(t));
	text = arena_file(test, vm, "stats", PAGE);
	KUNIT_EXPECT_TRUE(test, has_line(text, "waiters 40"));
	kvfree(text);

	vt_free(vm, all, 1000);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		size_t size = t[i]->size;
		unsigned long addr = vt_join(test, t[i], NULL);

		KUNIT_EXPECT_NE(test, addr, 0UL);
		vt_free(vm, addr, size);
	}
	expect_no_waiters(test, vm);
}

/* [48] The time in the file "waiters" rises while the request sleeps. */
static void waiters_show_the_time(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10);
	unsigned long all = vt_alloc(vm, 10, VM_SLEEP);
	struct vt_thread *t = vt_request(test, vm, 3, VM_SLEEP);
	unsigned int i, ms[2];
	char *text, *at;

	vt_wait_asleep(test, vm, 1);
	for (i = 0; i < 2; i++) {
		if (i)
			msleep(2000);
		text = arena_file(test, vm, "waiters", PAGE);
		KUNIT_ASSERT_NOT_NULL(test, text);
		at = text + strlen(WAITERS);
		ms[i] = waiter_line(test, &at, t, "waiting", "vmem-test");
		kvfree(text);
	}
	KUNIT_EXPECT_GE(test, ms[1], ms[0] + 1980);
	vt_free(vm, all, 10);
	vt_free(vm, vt_join(test, t, NULL), 3);
}

/*
 * [48] The file "waiters" of an arena lists the requests made to this arena,
 * not those made to its importers.
 */
static void waiter_is_listed_in_its_own_arena(struct kunit *test)
{
	vmem_t *src = vt_ids(test, 10);
	vmem_t *vm = vt_track(test, vmem_create("client", NULL, 0, 1, vmem_alloc,
						vmem_free, src, 0,
						VM_SLEEP | VMC_IDENTIFIER));
	unsigned long all = vt_alloc(src, 10, VM_SLEEP);
	struct vt_thread *t = vt_request(test, vm, 3, VM_SLEEP);
	char *text, *at;

	vt_wait_asleep(test, vm, 1);
	expect_no_waiters(test, src);
	text = arena_file(test, vm, "waiters", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	at = text + strlen(WAITERS);
	waiter_line(test, &at, t, "waiting", "vmem-test");
	KUNIT_EXPECT_STREQ(test, at, "");
	kvfree(text);
	/*
	 * The statistic "waiters" counts the request in both arenas, because
	 * the request waits in both.
	 */
	text = arena_file(test, src, "stats", PAGE);
	KUNIT_EXPECT_TRUE(test, has_line(text, "waiters 1"));
	kvfree(text);
	vt_free(src, all, 10);
	vt_free(vm, vt_join(test, t, NULL), 3);
	KUNIT_EXPECT_EQ(test, vt_stats(src).waiters, 0ULL);
}

/*
 * The last column of the file "waiters" is the name of the task, in which line
 * breaks, tabs and backslashes are escaped.
 */
static void waiters_escape_names(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10);
	unsigned long all = vt_alloc(vm, 10, VM_SLEEP);
	struct vt_thread *t = vt_thread_start(test, vt_thread_alloc, vm, 3,
					      VM_SLEEP);
	char *text, *at;

	KUNIT_ASSERT_NOT_NULL(test, t);
	/* The task does not run yet, so the test can change its name. */
	strscpy(t->task->comm, "a b\tc\nd\\e", sizeof(t->task->comm));
	wake_up_process(t->task);
	vt_wait_asleep(test, vm, 1);
	text = arena_file(test, vm, "waiters", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	at = text + strlen(WAITERS);
	waiter_line(test, &at, t, "waiting", "a b\\011c\\012d\\134e");
	KUNIT_EXPECT_STREQ(test, at, "");
	kvfree(text);
	vt_free(vm, all, 10);
	vt_free(vm, vt_join(test, t, NULL), 3);
}

static struct completion importing, may_import;

/* The first import fails. The second import blocks, then succeeds. */
static void second_import_blocks(void)
{
	if (vt_imp.imports == 1)
		return;
	complete(&importing);
	wait_for_completion(&may_import);
	vt_imp.next = 1000;
}

/*
 * [48] The file "waiters" shows a request inside its import function with the
 * state "importing".
 */
static void waiters_show_the_state(struct kunit *test)
{
	struct vt_thread *t;
	unsigned long left;
	char *text, *at;
	vmem_t *vm;

	memset(&vt_imp, 0, sizeof(vt_imp));
	init_completion(&importing);
	init_completion(&may_import);
	vm = vt_importer(test, 1, vt_release, 1, 0, 0);
	vt_imp.during = second_import_blocks;
	t = vt_request(test, vm, 3, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	vmem_update(NULL);
	left = wait_for_completion_timeout(&importing,
					   msecs_to_jiffies(VT_LIMIT_MS));
	KUNIT_EXPECT_NE(test, left, 0UL);
	text = arena_file(test, vm, "waiters", PAGE);
	KUNIT_ASSERT_NOT_NULL(test, text);
	at = text + strlen(WAITERS);
	waiter_line(test, &at, t, "importing", "vmem-test");
	KUNIT_EXPECT_STREQ(test, at, "");
	kvfree(text);
	complete(&may_import);
	vt_free(vm, vt_join(test, t, NULL), 3);
	expect_no_waiters(test, vm);
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

/*
 * [33] The memory that the file "metadata" shows grows and shrinks with the
 * arenas.
 */
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

/* A segment structure fits in a cache line, even with audit configured. */
static void segment_structure_fits_a_cache_line(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, sizeof(struct vmem_seg), (size_t)64);
}

/*
 * [33] All files escape special characters in names in the same manner, so that
 * a name breaks no path or line.
 */
static void names_are_escaped(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create("a/b:c d\\e\n\x7f\xc3\xa4",
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

/* Names are truncated to 29 characters before they are escaped. */
static void names_are_truncated(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create("0123456789abcdefghijABCDEFGHIJ",
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

	vm = vt_track(test, vmem_create("////////////////////////////////////",
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

/*
 * Only root can read addresses: directories have mode 0700, read-only files
 * 0400, and writable files 0600.
 */
static void files_are_for_root_only(struct kunit *test)
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
	snprintf(path, sizeof(path), VT_DEBUGFS "%u-%s/waiters", vm->id,
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
	KUNIT_CASE(segments_do_not_wrap_at_the_top),
	KUNIT_CASE(segments_mark_imported_spans),
	KUNIT_CASE(freelists_count_by_class),
	KUNIT_CASE(waiters_are_listed_oldest_first),
	KUNIT_CASE(waiters_show_the_time),
	KUNIT_CASE(waiter_is_listed_in_its_own_arena),
	KUNIT_CASE(waiters_escape_names),
	KUNIT_CASE(waiters_show_the_state),
	KUNIT_CASE(metadata_follows_use),
	KUNIT_CASE(segment_structure_fits_a_cache_line),
	KUNIT_CASE(names_are_escaped),
	KUNIT_CASE(names_are_truncated),
	KUNIT_CASE(files_are_for_root_only),
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
