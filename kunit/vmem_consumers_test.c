// SPDX-License-Identifier: GPL-2.0
/*
 * Audit of a single arena, the debugfs file "consumers", and the report of
 * leaks, which vmem_destroy() groups by stack.
 */
#include "../vmem/qcache/qcache.h"
#include "../vmem/debugfs/debugfs.h"
#include "vmem_test_file.h"
#include "vmem_test_report.h"

#define CONSUMERS_TEXT	(2048 * 1024)

static char saved_audit[16];

/*
 * Run a command in the arena's debugfs directory. Returns 0 if the command
 * succeeded.
 */
static int run_in_dir(vmem_t *vm, const char *command)
{
	char dir[192];

	snprintf(dir, sizeof(dir), "cd " VT_DEBUGFS "%u-%s && ", vm->id,
		 vm->label);
	return vt_shell(dir, command);
}

/*
 * Disable the global switch of audit, so that only an arena's own switch
 * enables audit. consumers_exit() restores the global switch.
 */
static int consumers_init(struct kunit *test)
{
	if (!vt_has_debugfs())
		kunit_skip(test, "no debugfs at /sys/kernel/debug");
	if (vt_param("audit", "Y", saved_audit, sizeof(saved_audit)))
		kunit_skip(test, "the kernel has no stack depot");
	if (vt_param("audit", "N", NULL, 0))
		return -EIO;
	return vt_init(test);
}

static void consumers_exit(struct kunit *test)
{
	if (saved_audit[0])
		vt_param("audit", saved_audit, NULL, 0);
	vt_exit(test);
}

static vmem_t *audited_ids(struct kunit *test, size_t n)
{
	vmem_t *vm = vt_ids(test, n);

	if (run_in_dir(vm, "echo 1 >audit"))
		kunit_skip(test, "no shell to write to audit");
	return vm;
}

/* The lines of the file "consumers", without the heading. */
struct lines {
	char *text;
	unsigned int n;
	char *line[VMEM_CONSUMERS_MAX + 8];
};

static struct lines *read_consumers(struct kunit *test, vmem_t *vm)
{
	struct lines *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	char path[192];
	char *at;

	KUNIT_ASSERT_NOT_NULL(test, l);
	snprintf(path, sizeof(path), "%u-%s/consumers", vm->id, vm->label);
	l->text = vt_debugfs(test, path, CONSUMERS_TEXT);
	KUNIT_ASSERT_NOT_NULL(test, l->text);
	at = l->text;
	KUNIT_EXPECT_STREQ(test, strsep(&at, "\n"), "# segments size who");
	while (at && *at && l->n < ARRAY_SIZE(l->line))
		l->line[l->n++] = strsep(&at, "\n");
	return l;
}

static void free_lines(struct kunit *test, struct lines *l)
{
	kvfree(l->text);
	kunit_kfree(test, l);
}

/*
 * Expect that line @i shows @n segments with the total size @size, and contains
 * @consumer.
 */
static void expect_line(struct kunit *test, const struct lines *l,
			unsigned int i, unsigned long n, unsigned long size,
			const char *consumer)
{
	unsigned long got, sum;
	int read;

	KUNIT_ASSERT_LT(test, i, l->n);
	read = sscanf(l->line[i], "%lu %lu ", &got, &sum);
	KUNIT_ASSERT_EQ_MSG(test, read, 2, "%s", l->line[i]);
	KUNIT_EXPECT_EQ_MSG(test, got, n, "%s", l->line[i]);
	KUNIT_EXPECT_EQ_MSG(test, sum, size, "%s", l->line[i]);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(l->line[i], consumer), "%s: not by %s",
				  l->line[i], consumer);
}

/* Call @client @n times with the same stack. */
static noinline void call_repeatedly(unsigned long (*client)(vmem_t *vm,
							     size_t size),
				     vmem_t *vm, size_t size, unsigned int n)
{
	while (n--)
		client(vm, size);
}

/* Three clients, which differ in the symbols in their stacks. */
static noinline unsigned long client_a(vmem_t *vm, size_t size)
{
	unsigned long addr = vt_alloc(vm, size, VM_SLEEP);

	OPTIMIZER_HIDE_VAR(addr);
	return addr + !addr;
}

static noinline unsigned long client_b(vmem_t *vm, size_t size)
{
	unsigned long addr = vt_alloc(vm, size, VM_SLEEP | VM_BESTFIT);

	OPTIMIZER_HIDE_VAR(addr);
	return addr + 2 * !addr;
}

static noinline unsigned long client_c(vmem_t *vm, size_t size)
{
	unsigned long addr = vt_alloc(vm, size, VM_SLEEP | VM_NEXTFIT);

	OPTIMIZER_HIDE_VAR(addr);
	return addr + 3 * !addr;
}

/*
 * Allocates an integer. The stack is unique for @path: each of the lowest
 * @steps bits of @path selects left() or right() for one stack frame.
 */
static unsigned long left(vmem_t *vm, unsigned int path, unsigned int steps);

static noinline unsigned long right(vmem_t *vm, unsigned int path,
				    unsigned int steps)
{
	unsigned long addr;

	if (!steps)
		addr = vt_alloc(vm, 1, VM_SLEEP);
	else if (path % 2)
		addr = left(vm, path / 2, steps - 1);
	else
		addr = right(vm, path / 2, steps - 1);
	OPTIMIZER_HIDE_VAR(addr);
	return addr + 5 * !addr;
}

static noinline unsigned long left(vmem_t *vm, unsigned int path,
				   unsigned int steps)
{
	unsigned long addr;

	if (!steps)
		addr = vt_alloc(vm, 1, VM_SLEEP);
	else if (path % 2)
		addr = left(vm, path / 2, steps - 1);
	else
		addr = right(vm, path / 2, steps - 1);
	OPTIMIZER_HIDE_VAR(addr);
	return addr + 7 * !addr;
}

static bool is_recorded(struct kunit *test, vmem_t *vm, unsigned long addr)
{
	char path[192], want[40];
	char *text, *at;
	bool yes;

	snprintf(path, sizeof(path), "%u-%s/segments", vm->id, vm->label);
	text = vt_debugfs(test, path, 16 * 4096);
	KUNIT_ASSERT_NOT_NULL(test, text);
	snprintf(want, sizeof(want), "alloc %#lx ", addr);
	at = strstr(text, want);
	KUNIT_EXPECT_NOT_NULL(test, at);
	if (at)
		*strchrnul(at, '\n') = '\0';
	yes = at && strstr(at, " pid=");
	kvfree(text);
	return yes;
}

/* An arena is audited while its own switch or the global switch is on. */
static void switches_combine_by_or(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 100), *other = vt_ids(test, 100);

	KUNIT_EXPECT_EQ(test, run_in_dir(vm, "[ $(cat audit) = 1 ]"), 0);
	KUNIT_EXPECT_EQ(test, run_in_dir(other, "[ $(cat audit) = 0 ]"), 0);
	KUNIT_EXPECT_TRUE(test, is_recorded(test, vm, client_a(vm, 1)));
	KUNIT_EXPECT_FALSE(test, is_recorded(test, other, client_a(other, 1)));

	KUNIT_EXPECT_EQ(test, vt_param("audit", "Y", NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, run_in_dir(other, "[ $(cat audit) = 0 ]"), 0);
	KUNIT_EXPECT_TRUE(test, is_recorded(test, vm, client_a(vm, 1)));
	KUNIT_EXPECT_TRUE(test, is_recorded(test, other, client_a(other, 1)));
	KUNIT_EXPECT_EQ(test, run_in_dir(vm, "echo 0 >audit"), 0);
	KUNIT_EXPECT_TRUE(test, is_recorded(test, vm, client_a(vm, 1)));
	KUNIT_EXPECT_EQ(test, run_in_dir(other, "echo 1 >audit"), 0);

	KUNIT_EXPECT_EQ(test, vt_param("audit", "N", NULL, 0), 0);
	KUNIT_EXPECT_FALSE(test, is_recorded(test, vm, client_a(vm, 1)));
	KUNIT_EXPECT_TRUE(test, is_recorded(test, other, client_a(other, 1)));
	KUNIT_EXPECT_EQ(test, run_in_dir(other, "echo 0 >audit"), 0);
	KUNIT_EXPECT_FALSE(test, is_recorded(test, other, client_a(other, 1)));
}

/* Writing an invalid value does not change the switch. */
static void invalid_switch_value_is_refused(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 10);

	KUNIT_EXPECT_NE(test, run_in_dir(vm, "echo 2 >audit 2>/dev/null"), 0);
	KUNIT_EXPECT_NE(test, run_in_dir(vm, "echo on >audit 2>/dev/null"), 0);
	KUNIT_EXPECT_EQ(test, run_in_dir(vm, "echo 1 >audit && [ $(cat audit) = 1 ]"),
			0);
	KUNIT_EXPECT_TRUE(test, is_recorded(test, vm, client_a(vm, 1)));
	KUNIT_EXPECT_EQ(test, run_in_dir(vm, "echo 0 >audit && echo 0 >audit"),
			0);
	KUNIT_EXPECT_FALSE(test, is_recorded(test, vm, client_a(vm, 1)));
}

/* Destroying an arena does not change the switch of another arena. */
static void destroy_clears_only_its_own_switch(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 10), *stays = audited_ids(test, 10);

	vt_close(test, vm);
	KUNIT_EXPECT_TRUE(test, is_recorded(test, stays, client_a(stays, 1)));
	vm = vt_ids(test, 10);
	KUNIT_EXPECT_FALSE(test, is_recorded(test, vm, client_a(vm, 1)));
	vt_close(test, stays);
	KUNIT_EXPECT_FALSE(test, is_recorded(test, vm, client_a(vm, 1)));
}

/*
 * Allocations with the same stack share one line, which shows their number and
 * total size. The lines are sorted by size.
 */
static void allocations_are_grouped_by_stack(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 1000);
	struct lines *l;
	unsigned int i;

	call_repeatedly(client_a, vm, 10, 5);
	call_repeatedly(client_b, vm, 30, 5);
	call_repeatedly(client_c, vm, 20, 5);
	l = read_consumers(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 3U);
	expect_line(test, l, 0, 5, 150, "client_b");
	expect_line(test, l, 1, 5, 100, "client_c");
	expect_line(test, l, 2, 5, 50, "client_a");
	free_lines(test, l);

	/*
	 * Freed allocations do not count. Lines of equal size are sorted by the
	 * number of allocations.
	 */
	vt_drain(test, vm);
	for (i = 0; i < 8; i++)
		call_repeatedly(i % 2 ? client_a : client_c, vm,
				i % 2 ? 10 : 20, i % 2 ? 2 : 1);
	l = read_consumers(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 2U);
	expect_line(test, l, 0, 8, 80, "client_a");
	expect_line(test, l, 1, 4, 80, "client_c");
	free_lines(test, l);
}

/*
 * Allocations that audit has not recorded share a line. An arena without
 * allocations has no lines.
 */
static void unrecorded_allocations_share_a_line(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1000);
	struct lines *l = read_consumers(test, vm);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, l->n, 0U);
	free_lines(test, l);
	for (i = 0; i < 4; i++)
		client_a(vm, 3);
	client_b(vm, 1);
	KUNIT_EXPECT_EQ(test, run_in_dir(vm, "echo 1 >audit"), 0);
	client_c(vm, 12);
	l = read_consumers(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 2U);
	expect_line(test, l, 0, 5, 13, "(not recorded)");
	expect_line(test, l, 1, 1, 12, "client_c");
	free_lines(test, l);
}

/*
 * The file shows a slab as an allocation of the caches, not of the client whose
 * request created the slab.
 */
static void slabs_belong_to_the_caches(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create(test->name, (void *)1, 100000,
						1, NULL, NULL, NULL, 4,
						VM_SLEEP | VMC_IDENTIFIER));
	static unsigned long addr[200];
	unsigned long large;
	unsigned long slab = vm->qcaches->slab_size;
	struct vmem_qcache *qc = &vm->qcaches->cache[0];
	struct lines *l;
	unsigned int i;

	if (run_in_dir(vm, "echo 1 >audit"))
		kunit_skip(test, "no shell to write to audit");
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = client_a(vm, 1);
	large = client_b(vm, slab);
	KUNIT_ASSERT_GT(test, qc->nslabs, 1UL);
	l = read_consumers(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 2U);
	expect_line(test, l, 0, qc->nslabs, qc->nslabs * slab,
		    "(slabs of quantum caches)");
	expect_line(test, l, 1, 1, slab, "client_b");
	free_lines(test, l);
	vt_free(vm, large, slab);
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		vt_free(vm, addr[i], 1);
	/*
	 * The file shows even wholly free slabs as allocations of the caches.
	 */
	l = read_consumers(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 1U);
	expect_line(test, l, 0, qc->nslabs, qc->nslabs * slab,
		    "(slabs of quantum caches)");
	free_lines(test, l);
	vt_untrack(test, vm);
	vmem_destroy(vm);
}

#define MORE	40

/*
 * Stacks beyond the maximum number share the last line, which states the
 * maximum.
 */
static void number_of_stacks_is_bounded(struct kunit *test)
{
	unsigned int i, n = VMEM_CONSUMERS_MAX + MORE, steps = order_base_2(n);
	vmem_t *vm = audited_ids(test, 2 * n);
	unsigned long got, sum;
	struct lines *l;
	char want[40];

	/*
	 * The last MORE allocations repeat the first MORE stacks, which have
	 * their own lines.
	 */
	for (i = 0; i < n + MORE; i++)
		right(vm, i % n, steps);
	l = read_consumers(test, vm);
	KUNIT_ASSERT_EQ(test, l->n, (unsigned int)VMEM_CONSUMERS_MAX + 1);
	snprintf(want, sizeof(want), "(stacks beyond %u)", VMEM_CONSUMERS_MAX);
	expect_line(test, l, l->n - 1, MORE, MORE, want);
	expect_line(test, l, 0, 2, 2, "right");
	expect_line(test, l, MORE - 1, 2, 2, "right");
	for (i = MORE; i < l->n - 1; i++) {
		if (sscanf(l->line[i], "%lu %lu ", &got, &sum) != 2 ||
		    got != 1 || sum != 1)
			break;
	}
	KUNIT_EXPECT_EQ(test, i, l->n - 1);
	free_lines(test, l);
}

#define MANY	6000

/*
 * The file counts each of thousands of segments once, although it counts them
 * in batches.
 */
static void large_arena_is_counted_once(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, MANY);
	unsigned int i, n = 0;
	struct lines *l;

	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_NE(test, i % 3 ? client_a(vm, 1) :
					      client_b(vm, 1), 0UL);
	for (i = 1; i <= MANY; i += 7, n++)
		vt_free(vm, i, 1);
	KUNIT_EXPECT_EQ(test, run_in_dir(vm, "echo 0 >audit"), 0);
	for (i = 1; i <= MANY; i += 14, n--)
		KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, i, 1), (unsigned long)i);
	l = read_consumers(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 3U);
	/* One in seven allocations of each client has been freed. */
	expect_line(test, l, 0, 4000 - (4000 + 6) / 7, 4000 - (4000 + 6) / 7,
		    "client_a");
	expect_line(test, l, 1, 2000 - (2000 + 6) / 7, 2000 - (2000 + 6) / 7,
		    "client_b");
	expect_line(test, l, 2, (MANY + 13) / 14, (MANY + 13) / 14,
		    "(not recorded)");
	free_lines(test, l);
}

/* Number of lines with @text in the log since @from. */
static noinline unsigned int lines_with(const struct kmsg_dump_iter *from,
					const char *text)
{
	struct kmsg_dump_iter log = *from;
	unsigned int n = 0;
	char line[256];
	size_t len;

	while (kmsg_dump_get_line(&log, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		n += !!strstr(line, text);
	}
	return n;
}

/*
 * [13] The report lists the first leaked allocations, then all leaked
 * allocations, grouped by stack and sorted by size.
 */
static void leaks_are_grouped_by_stack(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 1000);
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct kmsg_dump_iter log;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_untrack(test, vm);
	for (i = 0; i < 10; i++)
		client_a(vm, 3);
	client_b(vm, 100);
	KUNIT_EXPECT_EQ(test, run_in_dir(vm, "echo 0 >audit"), 0);
	client_c(vm, 5);
	vt_window_open(w, "135 identifiers still allocated in 12 segments", "1");
	log = w->log;
	w->also = "vmem:  leaked 0x";
	vmem_destroy(vm);
	vt_window_close(w);
	KUNIT_EXPECT_EQ(test, w->reports, 1U);
	KUNIT_EXPECT_EQ(test, w->also_lines, 8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  and 4 more"), 1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "size 3, by task "), 8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  1 leaked, size 100, by"),
			1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  10 leaked, size 30, by"),
			1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  1 leaked, size 5, not recorded"),
			1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, " client_b"), 1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, " others"), 0U);
}

/* [13] The report lists a bounded number of leaked allocations and stacks. */
static void leak_report_is_bounded(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 1000);
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct kmsg_dump_iter log;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_untrack(test, vm);
	for (i = 0; i < 11; i++)
		right(vm, i, 4);
	vt_window_open(w, "11 identifiers still allocated in 11 segments", "1");
	log = w->log;
	w->also = "vmem:  leaked 0x";
	vmem_destroy(vm);
	vt_window_close(w);
	KUNIT_EXPECT_EQ(test, w->reports, 1U);
	KUNIT_EXPECT_EQ(test, w->also_lines, 8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  1 leaked, size 1, by"),
			8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  and by 3 others"), 1U);
}

static struct kunit_case vmem_consumers_cases[] = {
	KUNIT_CASE(switches_combine_by_or),
	KUNIT_CASE(invalid_switch_value_is_refused),
	KUNIT_CASE(destroy_clears_only_its_own_switch),
	KUNIT_CASE(allocations_are_grouped_by_stack),
	KUNIT_CASE(unrecorded_allocations_share_a_line),
	KUNIT_CASE(slabs_belong_to_the_caches),
	KUNIT_CASE(number_of_stacks_is_bounded),
	KUNIT_CASE(large_arena_is_counted_once),
	KUNIT_CASE(leaks_are_grouped_by_stack),
	KUNIT_CASE(leak_report_is_bounded),
	{}
};

static struct kunit_suite vmem_consumers_suite = {
	.name = "vmem_consumers",
	.init = consumers_init,
	.exit = consumers_exit,
	.test_cases = vmem_consumers_cases,
};

kunit_test_suite(vmem_consumers_suite);

MODULE_DESCRIPTION("KUnit: consumers of a vmem arena");
MODULE_LICENSE("GPL");
