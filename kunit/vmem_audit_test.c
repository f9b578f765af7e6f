// SPDX-License-Identifier: GPL-2.0
/*
 * Audit records the stack, task and time of each allocation, and shows them in
 * the debugfs file "segments".
 */
#include <linux/kallsyms.h>
#include <linux/stacktrace.h>

#include "../vmem/arena.h"
#include "../vmem/compat.h"
#include "vmem_test_file.h"
#include "vmem_test_report.h"
#include "vmem_test_thread.h"

static char saved_audit[16];

/* Enable audit. audit_exit() restores the old setting. */
static int audit_init(struct kunit *test)
{
	if (!vt_has_debugfs())
		kunit_skip(test, "no debugfs at /sys/kernel/debug");
	if (vt_param("audit", "Y", saved_audit, sizeof(saved_audit)))
		kunit_skip(test, "the kernel has no stack depot");
	return vt_init(test);
}

static void audit_exit(struct kunit *test)
{
	if (saved_audit[0])
		vt_param("audit", saved_audit, NULL, 0);
	vt_exit(test);
}

/*
 * Copy the line about the allocation at @addr from the file "segments" to
 * @line. Set @line to "" if the file has no such line.
 */
static void segment_line(struct kunit *test, vmem_t *vm, unsigned long addr,
			 char *line, size_t size)
{
	char path[192], want[40];
	char *text, *at;

	snprintf(path, sizeof(path), "%u-%s/segments", vm->id, vm->label);
	text = vt_debugfs(test, path, 8 * 4096);
	KUNIT_ASSERT_NOT_NULL(test, text);
	snprintf(want, sizeof(want), "alloc %#lx ", addr);
	at = strstr(text, want);
	line[0] = '\0';
	if (at) {
		*strchrnul(at, '\n') = '\0';
		strscpy(line, at, size);
	}
	kvfree(text);
}

/* Audit records the stack, the task and the time of an allocation. */
static void allocation_is_recorded(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	char *line = kunit_kzalloc(test, 4096, GFP_KERNEL);
	char pid[24];

	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 20 * U, U), 20 * U);
	snprintf(pid, sizeof(pid), "pid=%d ", task_pid_nr(current));
	segment_line(test, vm, 16 * U, line, 4096);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, pid), "%s", line);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, __func__),
				  "%s", line);
	segment_line(test, vm, 20 * U, line, 4096);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, pid), "%s", line);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, __func__),
				  "%s", line);
}

/* The recorded stack ends with the outermost frame of this task's stack. */
static void stack_is_complete(struct kunit *test)
{
#ifdef CONFIG_STACKTRACE
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	char *line = kunit_kzalloc(test, 4096, GFP_KERNEL);
	unsigned long frames[32];
	unsigned int n = stack_trace_save(frames, ARRAY_SIZE(frames), 0);
	char outermost[KSYM_SYMBOL_LEN];

	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_ASSERT_GT(test, n, 1U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
	segment_line(test, vm, 16 * U, line, 4096);
	snprintf(outermost, sizeof(outermost), "%pS", (void *)frames[n - 1]);
	KUNIT_ASSERT_NOT_NULL_MSG(test, strrchr(line, '<'), "%s", line);
	KUNIT_EXPECT_STREQ(test, strrchr(line, '<') + 1, outermost);
#else
	kunit_skip(test, "the kernel records no stacks");
#endif
}

/* The recorded stack begins in the client, not in vmem. */
static void stack_begins_with_the_client(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	char *line = kunit_kzalloc(test, 4096, GFP_KERNEL);
	char *first;

	KUNIT_ASSERT_NOT_NULL(test, line);
#ifndef MODULE
	kunit_skip(test, "the kernel has no modules");
#endif
	/*
	 * Audit needs frame pointers or tail calls in vmem to find the client's
	 * frame. Instrumented functions make no tail calls.
	 */
	if (!IS_ENABLED(CONFIG_FRAME_POINTER) &&
	    (IS_ENABLED(CONFIG_KCSAN) || IS_ENABLED(CONFIG_KASAN)))
		kunit_skip(test, "functions are instrumented");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 16 * U);
	segment_line(test, vm, 16 * U, line, 4096);
	first = strstr(line, " by ");
	KUNIT_ASSERT_NOT_NULL_MSG(test, first, "%s", line);
	*strchrnul(first, '<') = '\0';
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(first, "[" KBUILD_MODNAME "]"),
				  "%s", first);
}

/* Audit records the allocating task, not the task that reads the file. */
static void allocating_task_is_recorded(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	char *line = kunit_kzalloc(test, 4096, GFP_KERNEL);
	struct vt_thread *t;
	char pid[24];

	KUNIT_ASSERT_NOT_NULL(test, line);
	t = vt_thread_start(test, vt_thread_alloc, vm, U, VM_SLEEP);
	KUNIT_ASSERT_NOT_NULL(test, t);
	snprintf(pid, sizeof(pid), "pid=%d ", task_pid_nr(t->task));
	wake_up_process(t->task);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 16 * U);
	segment_line(test, vm, 16 * U, line, 4096);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, pid), "%s", line);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, "vt_thread_alloc"), "%s",
				  line);
}

/* When audit is switched off, it keeps old records and makes no new ones. */
static void switching_off_keeps_records(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	char *line = kunit_kzalloc(test, 4096, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, line);
	vt_alloc(vm, U, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_param("audit", "N", NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 17 * U);
	segment_line(test, vm, 16 * U, line, 4096);
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, "pid="));
	segment_line(test, vm, 17 * U, line, 4096);
	KUNIT_EXPECT_NE(test, line[0], '\0');
	KUNIT_EXPECT_NULL(test, strstr(line, "pid="));
	/* A reused segment structure has no stale record. */
	vt_free(vm, 16 * U, U);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 16 * U, U), 16 * U);
	segment_line(test, vm, 16 * U, line, 4096);
	KUNIT_EXPECT_NULL(test, strstr(line, "pid="));
}

/* [13] The report of a leak contains the stack of the allocation. */
static void leak_report_shows_the_stack(struct kunit *test)
{
	vmem_t *vm = vmem_create("leaky", (void *)U, U, U, NULL, NULL, NULL, 0,
				 VM_SLEEP);
	struct vt_window w;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP), U);
	vt_window_open(&w, "vmem_destroy(): 4096 bytes", "1");
	/*
	 * Search only for the name of this test function: its symbol may have a
	 * suffix such as .cold.
	 */
	w.also = __func__;
	vmem_destroy(vm);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	/*
	 * The stack of the report and the stack of the allocation contain the
	 * name.
	 */
	KUNIT_EXPECT_GE(test, w.also_lines, 2U);
}

/* [23] Audit does not change the result of a request, in any context. */
static void audit_changes_no_result(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	unsigned long flags, addr;

	vt_needs_irqs_off(test);
	local_irq_save(flags);
	addr = vt_alloc(vm, U, VM_NOSLEEP);
	vt_free(vm, addr, U);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, addr, 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP | VM_NEXTFIT), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_SLEEP | VM_ENDALLOC), 31 * U);
}

static unsigned long timer_addr;

static enum hrtimer_restart alloc_in_timer(struct hrtimer *timer)
{
	vmem_t **vm = (vmem_t **)(timer + 1);

	timer_addr = vt_alloc(*vm, U, VM_NOSLEEP | VM_PUSHPAGE);
	return HRTIMER_NORESTART;
}

/*
 * For an allocation in an interrupt, audit records pid 0. With PREEMPT_RT the
 * timer function runs in a task, so the test does not check the pid.
 */
static void interrupt_is_recorded_as_pid_0(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	char *line = kunit_kzalloc(test, 4096, GFP_KERNEL);
	struct {
		struct hrtimer timer;
		vmem_t *vm;
	} *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->vm = vm;
	timer_addr = 0;
	vmem_hrtimer_setup(&t->timer, alloc_in_timer);
	hrtimer_start(&t->timer, ns_to_ktime(30000), HRTIMER_MODE_REL_PINNED);
	KUNIT_EXPECT_TRUE(test, vt_poll(READ_ONCE(timer_addr)));
	hrtimer_cancel(&t->timer);
	KUNIT_EXPECT_EQ(test, timer_addr, 16 * U);
	segment_line(test, vm, 16 * U, line, 4096);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, "pid=0 "), "%s",
					  line);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(line, "alloc_in_timer"), "%s",
				  line);
}

/*
 * A write to the module parameter "audit" changes nothing if the value is
 * invalid or equals the current value.
 */
static void invalid_switch_value_is_refused(struct kunit *test)
{
	char value[8];

	KUNIT_EXPECT_EQ(test, vt_param("audit", "perhaps", NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, vt_param("audit", NULL, value, sizeof(value)),
			0);
	KUNIT_EXPECT_STREQ(test, value, "Y");
	KUNIT_EXPECT_EQ(test, vt_param("audit", "1", NULL, 0), 0);
	allocation_is_recorded(test);
	KUNIT_EXPECT_EQ(test, vt_param("audit", "N", NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, vt_param("audit", "0", NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, vt_param("audit", NULL, value, sizeof(value)),
			0);
	KUNIT_EXPECT_STREQ(test, value, "N");
}

static struct kunit_case vmem_audit_cases[] = {
	KUNIT_CASE(allocation_is_recorded),
	KUNIT_CASE(stack_is_complete),
	KUNIT_CASE(stack_begins_with_the_client),
	KUNIT_CASE(allocating_task_is_recorded),
	KUNIT_CASE(switching_off_keeps_records),
	KUNIT_CASE(leak_report_shows_the_stack),
	KUNIT_CASE(audit_changes_no_result),
	KUNIT_CASE(interrupt_is_recorded_as_pid_0),
	KUNIT_CASE(invalid_switch_value_is_refused),
	{}
};

static struct kunit_suite vmem_audit_suite = {
	.name = "vmem_audit",
	.init = audit_init,
	.exit = audit_exit,
	.test_cases = vmem_audit_cases,
};

kunit_test_suite(vmem_audit_suite);

MODULE_DESCRIPTION("KUnit: audit of vmem");
MODULE_LICENSE("GPL");
