/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that allocate, and functions that wait for a state.
 *
 * A timeout turns a hang into a failure. Apart from timeouts, no result depends
 * on the duration of an operation.
 */
#ifndef VMEM_TEST_THREAD_H
#define VMEM_TEST_THREAD_H

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "vmem_test.h"

#define VT_LIMIT_MS	120000

/* Poll until @cond holds. Returns false after the time limit. */
#define vt_poll(cond)							\
({									\
	unsigned int __ms = 0;						\
	bool __holds;							\
									\
	while (!(__holds = (cond)) && __ms < VT_LIMIT_MS) {		\
		msleep(20);						\
		__ms += 20;						\
	}								\
	__holds;							\
})

/* Let other threads run. */
static inline void vt_yield(void)
{
	usleep_range(10, 20);
}

/**
 * struct vt_thread - a thread of a test
 * @task: the thread
 * @done: completed when @fn has returned
 * @fn: the function that it runs
 * @vm: the arena that it uses
 * @size: size of its request
 * @vmflag: flags of its request
 * @addr: result of its request
 * @seed: distinguishes threads with the same function
 * @errors: number of errors that @fn has found
 */
struct vt_thread {
	struct task_struct *task;
	struct completion done;
	void (*fn)(struct vt_thread *t);
	vmem_t *vm;
	size_t size;
	int vmflag;
	unsigned long addr;
	unsigned int seed;
	unsigned int errors;
};

static inline int vt_thread_main(void *data)
{
	struct vt_thread *t = data;

	t->fn(t);
	complete(&t->done);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static inline void vt_thread_alloc(struct vt_thread *t)
{
	t->addr = vt_alloc(t->vm, t->size, t->vmflag);
}

static inline struct vt_thread *vt_thread_start(struct kunit *test,
						void (*fn)(struct vt_thread *),
						vmem_t *vm, size_t size,
						int vmflag)
{
	struct vt_thread *t = kzalloc(sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	init_completion(&t->done);
	t->fn = fn;
	t->vm = vm;
	t->size = size;
	t->vmflag = vmflag;
	t->task = kthread_create(vt_thread_main, t, "vmem-test");
	if (IS_ERR(t->task)) {
		kfree(t);
		KUNIT_FAIL(test, "cannot create a thread");
		return NULL;
	}
	return t;
}

/* Start a thread that makes one request. */
static inline struct vt_thread *vt_request(struct kunit *test, vmem_t *vm,
					   size_t size, int vmflag)
{
	struct vt_thread *t = vt_thread_start(test, vt_thread_alloc, vm, size,
					      vmflag);

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	return t;
}

/*
 * Wait until the thread's function returns, and return the result of its
 * request. If the thread hangs, leak the arenas and the thread, and pin this
 * module.
 */
static inline unsigned long vt_join(struct kunit *test, struct vt_thread *t,
				    unsigned int *errors)
{
	struct vt *vt = test->priv;
	unsigned long addr;

	if (!wait_for_completion_timeout(&t->done,
					 msecs_to_jiffies(VT_LIMIT_MS))) {
		vt->stuck = true;
		__module_get(THIS_MODULE);
		KUNIT_FAIL(test, "a thread hangs");
		return 0;
	}
	addr = t->addr;
	if (errors)
		*errors += t->errors;
	kthread_stop(t->task);
	kfree(t);
	return addr;
}

/* [24] Poll until requests have slept at least @n times in the arena. */
static inline void vt_wait_asleep(struct kunit *test, vmem_t *vm, u64 n)
{
	KUNIT_EXPECT_TRUE(test, vt_poll(vt_stats(vm).wait >= n));
}

#endif /* VMEM_TEST_THREAD_H */
