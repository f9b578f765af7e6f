// SPDX-License-Identifier: GPL-2.0
/*
 * Who has what: audit of one arena, the file consumers, and the groups that are
 * named when an arena is destroyed with allocations outstanding.
 */
#include "../vmem/qcache/qcache.h"
#include "../vmem/report/consumers.h"
#include "vmem_test_file.h"
#include "vmem_test_report.h"

#define TEXT	(2048 * 1024)

static char all[16];

/* Run in the arena's directory; 0 if it could. */
static int in_dir(vmem_t *vm, const char *command)
{
	char dir[192];

	snprintf(dir, sizeof(dir), "cd " VT_DEBUGFS "%u-%s && ", vm->id,
		 vm->label);
	return vt_shell(dir, command);
}

/* No arena is audited but by its own switch; that is put back afterwards. */
static int consumers_init(struct kunit *test)
{
	if (!vt_has_debugfs())
		kunit_skip(test, "no debugfs at /sys/kernel/debug");
	if (vt_param("audit", "Y", all, sizeof(all)))
		kunit_skip(test, "the kernel has no stack depot");
	if (vt_param("audit", "N", NULL, 0))
		return -EIO;
	return vt_init(test);
}

static void consumers_exit(struct kunit *test)
{
	if (all[0])
		vt_param("audit", all, NULL, 0);
	vt_exit(test);
}

static vmem_t *audited_ids(struct kunit *test, size_t n)
{
	vmem_t *vm = vt_ids(test, n);

	if (in_dir(vm, "echo 1 >audit"))
		kunit_skip(test, "no shell to write to audit");
	return vm;
}

/* The lines of the file, ended by NULs, without the heading. */
struct lines {
	char *text;
	unsigned int n;
	char *line[VMEM_CONSUMERS_MAX + 8];
};

static struct lines *show(struct kunit *test, vmem_t *vm)
{
	struct lines *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	char path[192];
	char *at;

	KUNIT_ASSERT_NOT_NULL(test, l);
	snprintf(path, sizeof(path), "%u-%s/consumers", vm->id, vm->label);
	l->text = vt_debugfs(test, path, TEXT);
	KUNIT_ASSERT_NOT_NULL(test, l->text);
	at = l->text;
	KUNIT_EXPECT_STREQ(test, strsep(&at, "\n"), "# segments size who");
	while (at && *at && l->n < ARRAY_SIZE(l->line))
		l->line[l->n++] = strsep(&at, "\n");
	return l;
}

static void done(struct kunit *test, struct lines *l)
{
	kvfree(l->text);
	kunit_kfree(test, l);
}

/* A line: so many, of that size together, and @who somewhere in the rest. */
static void expect_line(struct kunit *test, const struct lines *l,
			unsigned int i, unsigned long n, unsigned long size,
			const char *who)
{
	unsigned long got, sum;
	int read;

	KUNIT_ASSERT_LT(test, i, l->n);
	read = sscanf(l->line[i], "%lu %lu ", &got, &sum);
	KUNIT_ASSERT_EQ_MSG(test, read, 2, "%s", l->line[i]);
	KUNIT_EXPECT_EQ_MSG(test, got, n, "%s", l->line[i]);
	KUNIT_EXPECT_EQ_MSG(test, sum, size, "%s", l->line[i]);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(l->line[i], who), "%s, not by %s",
				  l->line[i], who);
}

/* As often as it says, all with the same stack. */
static noinline void often(unsigned long (*who)(vmem_t *vm, size_t size),
			   vmem_t *vm, size_t size, unsigned int n)
{
	while (n--)
		who(vm, size);
}

/* Three clients, each with a name of its own. */
static noinline unsigned long ann(vmem_t *vm, size_t size)
{
	unsigned long addr = vt_alloc(vm, size, VM_SLEEP);

	OPTIMIZER_HIDE_VAR(addr);
	return addr + !addr;
}

static noinline unsigned long bob(vmem_t *vm, size_t size)
{
	unsigned long addr = vt_alloc(vm, size, VM_SLEEP | VM_BESTFIT);

	OPTIMIZER_HIDE_VAR(addr);
	return addr + 2 * !addr;
}

static noinline unsigned long cat(vmem_t *vm, size_t size)
{
	unsigned long addr = vt_alloc(vm, size, VM_SLEEP | VM_NEXTFIT);

	OPTIMIZER_HIDE_VAR(addr);
	return addr + 3 * !addr;
}

/*
 * Callers no two of which have the same stack: each bit of @who, of so many steps,
 * is one of two functions on the way.
 */
static unsigned long left(vmem_t *vm, unsigned int who, unsigned int steps);

static noinline unsigned long right(vmem_t *vm, unsigned int who,
				    unsigned int steps)
{
	unsigned long addr;

	if (!steps)
		addr = vt_alloc(vm, 1, VM_SLEEP);
	else if (who % 2)
		addr = left(vm, who / 2, steps - 1);
	else
		addr = right(vm, who / 2, steps - 1);
	OPTIMIZER_HIDE_VAR(addr);
	return addr + 5 * !addr;
}

static noinline unsigned long left(vmem_t *vm, unsigned int who,
				   unsigned int steps)
{
	unsigned long addr;

	if (!steps)
		addr = vt_alloc(vm, 1, VM_SLEEP);
	else if (who % 2)
		addr = left(vm, who / 2, steps - 1);
	else
		addr = right(vm, who / 2, steps - 1);
	OPTIMIZER_HIDE_VAR(addr);
	return addr + 7 * !addr;
}

static bool recorded(struct kunit *test, vmem_t *vm, unsigned long addr)
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

/* An arena is audited while its own switch is on or that of all arenas is. */
static void switches_combine_by_or(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 100), *other = vt_ids(test, 100);

	KUNIT_EXPECT_EQ(test, in_dir(vm, "[ $(cat audit) = 1 ]"), 0);
	KUNIT_EXPECT_EQ(test, in_dir(other, "[ $(cat audit) = 0 ]"), 0);
	KUNIT_EXPECT_TRUE(test, recorded(test, vm, ann(vm, 1)));
	KUNIT_EXPECT_FALSE(test, recorded(test, other, ann(other, 1)));

	KUNIT_EXPECT_EQ(test, vt_param("audit", "Y", NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, in_dir(other, "[ $(cat audit) = 0 ]"), 0);
	KUNIT_EXPECT_TRUE(test, recorded(test, vm, ann(vm, 1)));
	KUNIT_EXPECT_TRUE(test, recorded(test, other, ann(other, 1)));
	KUNIT_EXPECT_EQ(test, in_dir(vm, "echo 0 >audit"), 0);
	KUNIT_EXPECT_TRUE(test, recorded(test, vm, ann(vm, 1)));
	KUNIT_EXPECT_EQ(test, in_dir(other, "echo 1 >audit"), 0);

	KUNIT_EXPECT_EQ(test, vt_param("audit", "N", NULL, 0), 0);
	KUNIT_EXPECT_FALSE(test, recorded(test, vm, ann(vm, 1)));
	KUNIT_EXPECT_TRUE(test, recorded(test, other, ann(other, 1)));
	KUNIT_EXPECT_EQ(test, in_dir(other, "echo 0 >audit"), 0);
	KUNIT_EXPECT_FALSE(test, recorded(test, other, ann(other, 1)));
}

/* What is no position of the switch leaves it where it is. */
static void switch_has_two_positions(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 10);

	KUNIT_EXPECT_NE(test, in_dir(vm, "echo 2 >audit 2>/dev/null"), 0);
	KUNIT_EXPECT_NE(test, in_dir(vm, "echo on >audit 2>/dev/null"), 0);
	KUNIT_EXPECT_EQ(test, in_dir(vm, "echo 1 >audit && [ $(cat audit) = 1 ]"),
			0);
	KUNIT_EXPECT_TRUE(test, recorded(test, vm, ann(vm, 1)));
	KUNIT_EXPECT_EQ(test, in_dir(vm, "echo 0 >audit && echo 0 >audit"), 0);
	KUNIT_EXPECT_FALSE(test, recorded(test, vm, ann(vm, 1)));
}

/* An arena that goes takes its switch along, and nobody else's. */
static void switch_goes_with_its_arena(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 10), *stays = audited_ids(test, 10);

	vt_close(test, vm);
	KUNIT_EXPECT_TRUE(test, recorded(test, stays, ann(stays, 1)));
	vm = vt_ids(test, 10);
	KUNIT_EXPECT_FALSE(test, recorded(test, vm, ann(vm, 1)));
	vt_close(test, stays);
	KUNIT_EXPECT_FALSE(test, recorded(test, vm, ann(vm, 1)));
}

/* Those of one stack are one line, with their number and size; most first. */
static void allocations_are_grouped(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 1000);
	struct lines *l;
	unsigned int i;

	often(ann, vm, 10, 5);
	often(bob, vm, 30, 5);
	often(cat, vm, 20, 5);
	l = show(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 3U);
	expect_line(test, l, 0, 5, 150, "bob");
	expect_line(test, l, 1, 5, 100, "cat");
	expect_line(test, l, 2, 5, 50, "ann");
	done(test, l);

	/* What is freed counts no more; of the same size the more come first. */
	vt_drain(test, vm);
	for (i = 0; i < 8; i++)
		often(i % 2 ? ann : cat, vm, i % 2 ? 10 : 20, i % 2 ? 2 : 1);
	l = show(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 2U);
	expect_line(test, l, 0, 8, 80, "ann");
	expect_line(test, l, 1, 4, 80, "cat");
	done(test, l);
}

/* What was not recorded is one line; an arena without allocations has none. */
static void what_is_not_recorded_is_said(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1000);
	struct lines *l = show(test, vm);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, l->n, 0U);
	done(test, l);
	for (i = 0; i < 4; i++)
		ann(vm, 3);
	bob(vm, 1);
	KUNIT_EXPECT_EQ(test, in_dir(vm, "echo 1 >audit"), 0);
	cat(vm, 12);
	l = show(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 2U);
	expect_line(test, l, 0, 5, 13, "(not recorded)");
	expect_line(test, l, 1, 1, 12, "cat");
	done(test, l);
}

/* A slab is the cache's, whoever made it take one; clients have the rest. */
static void slabs_are_the_caches(struct kunit *test)
{
	vmem_t *vm = vt_adopt(test, vmem_create(test->name, (void *)1, 100000,
						1, NULL, NULL, NULL, 4,
						VM_SLEEP | VMC_IDENTIFIER));
	static unsigned long addr[200];
	unsigned long large;
	unsigned long slab = vm->qcaches->slab_size;
	struct vmem_qcache *qc = &vm->qcaches->cache[0];
	struct lines *l;
	unsigned int i;

	if (in_dir(vm, "echo 1 >audit"))
		kunit_skip(test, "no shell to write to audit");
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = ann(vm, 1);
	large = bob(vm, slab);
	KUNIT_ASSERT_GT(test, qc->nslabs, 1UL);
	l = show(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 2U);
	expect_line(test, l, 0, qc->nslabs, qc->nslabs * slab,
		    "(slabs of quantum caches)");
	expect_line(test, l, 1, 1, slab, "bob");
	done(test, l);
	vt_free(vm, large, slab);
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		vt_free(vm, addr[i], 1);
	/* What magazines and slabs hold is no client's either. */
	l = show(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 1U);
	expect_line(test, l, 0, qc->nslabs, qc->nslabs * slab,
		    "(slabs of quantum caches)");
	done(test, l);
	vt_disown(test, vm);
	vmem_destroy(vm);
}

#define MORE	40

/* Stacks beyond what is told apart are one line at the end, which says so. */
static void number_of_stacks_is_bounded(struct kunit *test)
{
	unsigned int i, n = VMEM_CONSUMERS_MAX + MORE, steps = order_base_2(n);
	vmem_t *vm = audited_ids(test, 2 * n);
	unsigned long got, sum;
	struct lines *l;
	char want[40];

	/* In the end again by the first: they have their lines. */
	for (i = 0; i < n + MORE; i++)
		right(vm, i % n, steps);
	l = show(test, vm);
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
	done(test, l);
}

#define MANY	6000

/* Thousands are counted piece by piece, each once, whatever lies between. */
static void thousands_are_counted_once(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, MANY);
	unsigned int i, n = 0;
	struct lines *l;

	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_NE(test, i % 3 ? ann(vm, 1) : bob(vm, 1), 0UL);
	for (i = 1; i <= MANY; i += 7, n++)
		vt_free(vm, i, 1);
	KUNIT_EXPECT_EQ(test, in_dir(vm, "echo 0 >audit"), 0);
	for (i = 1; i <= MANY; i += 14, n--)
		KUNIT_EXPECT_EQ(test, vt_take(vm, i, 1), (unsigned long)i);
	l = show(test, vm);
	KUNIT_EXPECT_EQ(test, l->n, 3U);
	/* Of each of the two one in seven has gone. */
	expect_line(test, l, 0, 4000 - (4000 + 6) / 7, 4000 - (4000 + 6) / 7,
		    "ann");
	expect_line(test, l, 1, 2000 - (2000 + 6) / 7, 2000 - (2000 + 6) / 7,
		    "bob");
	expect_line(test, l, 2, (MANY + 13) / 14, (MANY + 13) / 14,
		    "(not recorded)");
	done(test, l);
}

/* Lines of the log from a window on that have a text. */
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

/* [13] Leaks are named by who has most of them, after the first of them. */
static void leaks_are_grouped(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 1000);
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct kmsg_dump_iter log;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_disown(test, vm);
	for (i = 0; i < 10; i++)
		ann(vm, 3);
	bob(vm, 100);
	KUNIT_EXPECT_EQ(test, in_dir(vm, "echo 0 >audit"), 0);
	cat(vm, 5);
	vt_window_open(w, "135 identifiers still allocated in 12 segments", "1");
	log = w->log;
	w->also = "vmem:  leaked 0x";
	vmem_destroy(vm);
	vt_window_close(w);
	KUNIT_EXPECT_EQ(test, w->reports, 1U);
	KUNIT_EXPECT_EQ(test, w->alsos, 8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  and 4 more"), 1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "size 3, by task "), 8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  1 leaked, size 100, by"),
			1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  10 leaked, size 30, by"),
			1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  1 leaked, size 5, not recorded"),
			1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, " bob"), 1U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, " others"), 0U);
}

/* [13] However many have leaked, what is said of them has an end. */
static void leaks_fill_no_log(struct kunit *test)
{
	vmem_t *vm = audited_ids(test, 1000);
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct kmsg_dump_iter log;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_disown(test, vm);
	for (i = 0; i < 11; i++)
		right(vm, i, 4);
	vt_window_open(w, "11 identifiers still allocated in 11 segments", "1");
	log = w->log;
	w->also = "vmem:  leaked 0x";
	vmem_destroy(vm);
	vt_window_close(w);
	KUNIT_EXPECT_EQ(test, w->reports, 1U);
	KUNIT_EXPECT_EQ(test, w->alsos, 8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  1 leaked, size 1, by"),
			8U);
	KUNIT_EXPECT_EQ(test, lines_with(&log, "vmem:  and by 3 others"), 1U);
}

static struct kunit_case vmem_consumers_cases[] = {
	KUNIT_CASE(switches_combine_by_or),
	KUNIT_CASE(switch_has_two_positions),
	KUNIT_CASE(switch_goes_with_its_arena),
	KUNIT_CASE(allocations_are_grouped),
	KUNIT_CASE(what_is_not_recorded_is_said),
	KUNIT_CASE(slabs_are_the_caches),
	KUNIT_CASE(number_of_stacks_is_bounded),
	KUNIT_CASE(thousands_are_counted_once),
	KUNIT_CASE(leaks_are_grouped),
	KUNIT_CASE(leaks_fill_no_log),
	{}
};

static struct kunit_suite vmem_consumers_suite = {
	.name = "vmem_consumers",
	.init = consumers_init,
	.exit = consumers_exit,
	.test_cases = vmem_consumers_cases,
};

kunit_test_suite(vmem_consumers_suite);

MODULE_DESCRIPTION("KUnit: who has what of an arena of vmem");
MODULE_LICENSE("GPL");
