/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports in the kernel log, and the check that a misuse changes no arena.
 *
 * A test opens a window before a call that must cause a report, and closes the
 * window after the call. A test with many reports also reads the window while
 * the window is open. A window reads the messages from the kernel log, so it
 * needs no tracepoints. A window also prints two lines that begin with
 * "vmem-test:". The two lines tell the log checker the number and the text of
 * the reports to accept between the lines.
 */
#ifndef VMEM_TEST_REPORT_H
#define VMEM_TEST_REPORT_H

#include <linux/kmsg_dump.h>
#include <linux/string.h>

#include "vmem_test.h"

#define VT_REPORT	"vmem: misuse:"

/**
 * struct vt_window - the messages between two points in the kernel log
 * @log: iterator over the kernel log, at the next line to read
 * @what: text that the expected reports contain
 * @reports: number of misuse reports with @what
 * @others: number of misuse reports without @what
 * @stacks: number of stack dumps
 * @also: another text to count, or NULL
 * @also_lines: number of lines with @also
 * @line: buffer for one line
 */
struct vt_window {
	struct kmsg_dump_iter log;
	const char *what;
	unsigned int reports;
	unsigned int others;
	unsigned int stacks;
	const char *also;
	unsigned int also_lines;
	char line[512];
};

static inline void vt_window_open(struct vt_window *w, const char *what,
				  const char *count)
{
	memset(w, 0, sizeof(*w));
	w->what = what;
	pr_info("vmem-test: expect %s \"%s\"\n", count, what);
	kmsg_dump_rewind(&w->log);
	w->log.cur_seq = w->log.next_seq;
}

/*
 * Read the messages since the window was opened or read, before the kernel log
 * overwrites them.
 */
static inline void vt_window_read(struct vt_window *w)
{
	char *line = w->line;
	size_t len;

	while (kmsg_dump_get_line(&w->log, false, line, sizeof(w->line) - 1,
				  &len)) {
		line[len] = '\0';
		if (strstr(line, "Call Trace:") || strstr(line, "Call trace:"))
			w->stacks++;
		if (w->also && strstr(line, w->also))
			w->also_lines++;
		if (!strstr(line, VT_REPORT))
			continue;
		if (strstr(line, w->what))
			w->reports++;
		else
			w->others++;
	}
}

static inline void vt_window_close(struct vt_window *w)
{
	vt_window_read(w);
	pr_info("vmem-test: end\n");
}

static const int vt_masks[] = {
	VMEM_ALLOC | VMEM_FREE, VMEM_ALLOC, VMEM_FREE,
};

/* The visible state of an arena: its statistics, and its segments by type. */
struct vt_state {
	struct vmem_stats stats;
	struct vt_range *range[ARRAY_SIZE(vt_masks)];
	unsigned int n[ARRAY_SIZE(vt_masks)];
};

static inline void vt_state_take(struct kunit *test, vmem_t *vm,
				 struct vt_state *s)
{
	unsigned int i;

	vmem_get_stats(vm, &s->stats);
	for (i = 0; i < ARRAY_SIZE(vt_masks); i++)
		s->range[i] = vt_ranges(test, vm, vt_masks[i], &s->n[i]);
}

static inline void vt_state_drop(struct vt_state *s)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vt_masks); i++)
		kvfree(s->range[i]);
}

/*
 * Expect that two states differ at most in the statistics misuse and lookup. A
 * look-up that finds nothing may count steps in lookup.
 */
static inline void vt_state_same(struct kunit *test, struct vt_state *a,
				 struct vt_state *b)
{
	unsigned int i;

	b->stats.misuse = a->stats.misuse;
	b->stats.lookup = a->stats.lookup;
	KUNIT_EXPECT_EQ(test, memcmp(&a->stats, &b->stats, sizeof(a->stats)),
			0);
	for (i = 0; i < ARRAY_SIZE(vt_masks); i++) {
		KUNIT_EXPECT_EQ(test, a->n[i], b->n[i]);
		if (a->n[i] == b->n[i])
			KUNIT_EXPECT_EQ(test, memcmp(a->range[i], b->range[i],
						     a->n[i] *
						     sizeof(**a->range)), 0);
	}
}

/**
 * struct vt_misuse - one misuse in progress
 * @window: captures the report of the misuse
 * @vm: the misused arena, NULL for a failed creation
 * @before: state of each arena of the test before the misuse
 */
struct vt_misuse {
	struct vt_window window;
	vmem_t *vm;
	struct vt_state before[VT_ARENAS];
};

/*
 * Between this call and vt_misuse_end() the test misuses @vm once. The report
 * must contain @what.
 */
static inline struct vt_misuse *vt_misuse_begin(struct kunit *test, vmem_t *vm,
						const char *what)
{
	struct vt_misuse *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct vt *vt = test->priv;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->vm = vm;
	for (i = 0; i < vt->n; i++)
		vt_state_take(test, vt->arenas[i], &m->before[i]);
	vt_window_open(&m->window, what, "1");
	return m;
}

/*
 * [17] Expect exactly one report, with a stack trace. The misuse counts once,
 * in the misused arena. No arena of the test has changed otherwise.
 */
static inline void vt_misuse_end(struct kunit *test, struct vt_misuse *m)
{
	struct vt *vt = test->priv;
	unsigned int i;

	vt_window_close(&m->window);
	KUNIT_EXPECT_EQ_MSG(test, m->window.reports, 1U, "\"%s\"",
			    m->window.what);
	KUNIT_EXPECT_EQ(test, m->window.others, 0U);
	KUNIT_EXPECT_EQ(test, m->window.stacks, 1U);
	for (i = 0; i < vt->n; i++) {
		vmem_t *vm = vt->arenas[i];
		struct vt_state after;

		vt_state_take(test, vm, &after);
		KUNIT_EXPECT_EQ(test,
				after.stats.misuse - m->before[i].stats.misuse,
				(u64)(vm == m->vm));
		vt_state_same(test, &m->before[i], &after);
		vt_state_drop(&after);
		vt_state_drop(&m->before[i]);
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	}
	kunit_kfree(test, m);
}

#endif /* VMEM_TEST_REPORT_H */
