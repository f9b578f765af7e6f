/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hostile clients for the liveness rules: import and release functions that
 * block until the test lets them continue, and a check that a request is served
 * while these functions block.
 *
 * A suite sets .suite_init = vl_suite_init, .suite_exit = vl_suite_exit, .init
 * = vl_init and .exit = vl_exit. Periodic maintenance is off, so that a lost
 * wake-up causes a hang. A test must free all its allocations. vl_exit() opens
 * the gate, waits for background work, and verifies and destroys the arenas.
 */
#ifndef VMEM_TEST_LIVE_H
#define VMEM_TEST_LIVE_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/timer.h>

#include "vmem_test_file.h"
#include "vmem_test_report.h"
#include "vmem_test_thread.h"

/* Number of integers in a slab of an identifier arena. */
#define VL_SLAB		64

/*
 * Upper bound of the retries of a request that sleeps. It retries when a
 * segment becomes free or reclaim ends, at most a hundred times a second. A
 * request that spins retries thousands of times.
 */
#define VL_RETRIES	1000

/*
 * A request that takes longer than this limit counts as hung. The limit is
 * below the timeout of the hung task detector.
 */
#define VL_LIMIT_MS	(VT_LIMIT_MS / 2)

/*
 * Like vt_poll(), but with the limit VL_LIMIT_MS. In a test that has already
 * failed, the limit is four seconds: the test must end before the timeout of
 * KUnit.
 */
#define vl_poll(test, cond)						\
({									\
	unsigned long __end = jiffies + vl_poll_limit(test);		\
	bool __so;							\
									\
	while (!(__so = (cond)) && time_before(jiffies, __end))		\
		msleep(20);						\
	__so;								\
})

static inline unsigned long vl_poll_limit(struct kunit *test)
{
	return msecs_to_jiffies(test->status == KUNIT_FAILURE ? 4000 :
				VL_LIMIT_MS);
}

static char vl_interval[16];

/* A test of the suite hangs and still uses @vl, so no later test may run. */
static bool vl_stuck;

static inline int vl_suite_init(struct kunit_suite *suite)
{
	if (vt_param("interval", "3600", vl_interval, sizeof(vl_interval)))
		vl_interval[0] = '\0';
	/* The longer interval delays the next periodic round: run one. */
	vmem_update(NULL);
	return 0;
}

static inline void vl_suite_exit(struct kunit_suite *suite)
{
	if (vl_interval[0])
		vt_param("interval", vl_interval, NULL, 0);
}

/**
 * struct vl_state - control of the import and release functions, and a record
 * of their calls
 * @next: start of the next range that vl_import() returns; 0 makes vl_import()
 *	fail
 * @imports: number of calls of the import functions
 * @imports_done: number of import calls that have returned
 * @vmflags: bitwise or of the flags of all import calls
 * @releases: number of calls of the release functions
 * @releases_done: number of release calls that have returned
 * @requester: the task that is inside vl_request(), or NULL
 * @in_request: number of release calls by @requester
 * @closed: the gate is closed: functions that call vl_gate_pass() block
 * @entered: completed by each function that is about to block at the gate
 * @opened: completed when the gate opens
 * @expecting: vl_exit() must tell the log checker to accept no more reports
 */
static struct vl_state {
	unsigned long next;
	atomic_t imports;
	atomic_t imports_done;
	atomic_t vmflags;
	atomic_t releases;
	atomic_t releases_done;
	struct task_struct *requester;
	atomic_t in_request;
	bool closed;
	struct completion entered;
	struct completion opened;
	bool expecting;
} vl;

static inline void vl_gate_close(void)
{
	reinit_completion(&vl.entered);
	reinit_completion(&vl.opened);
	WRITE_ONCE(vl.closed, true);
}

static inline void vl_gate_open(void)
{
	WRITE_ONCE(vl.closed, false);
	complete_all(&vl.opened);
}

/* Block while the gate is closed. */
static inline void vl_gate_pass(void)
{
	if (!READ_ONCE(vl.closed))
		return;
	complete(&vl.entered);
	wait_for_completion(&vl.opened);
}

/* Wait until a function blocks at the gate. */
static inline bool vl_gate_wait(struct kunit *test)
{
	bool entered = vl_poll(test, try_wait_for_completion(&vl.entered));

	KUNIT_EXPECT_TRUE_MSG(test, entered, "nothing blocks at the gate");
	return entered;
}

/*
 * Record a release and block at the gate. A release in the context of a request
 * is an error: count it and do not block.
 */
static inline void vl_note_release(void)
{
	atomic_inc(&vl.releases);
	if (READ_ONCE(vl.requester) == current)
		atomic_inc(&vl.in_request);
	else
		vl_gate_pass();
}

/*
 * Allocate. During this request, vl_note_release() counts the releases by this
 * task in vl.in_request.
 */
static inline unsigned long vl_request(vmem_t *vm, size_t size, int vmflag,
				       bool irqs_off)
{
	unsigned long flags = 0, addr;

	WRITE_ONCE(vl.requester, current);
	if (irqs_off)
		local_irq_save(flags);
	addr = vt_alloc(vm, size, vmflag);
	if (irqs_off)
		local_irq_restore(flags);
	WRITE_ONCE(vl.requester, NULL);
	return addr;
}

/*
 * Import function. Takes the range at vl.next and does not allocate from @src,
 * which has no spans. Fails if vl.next is 0.
 */
static inline void *vl_import(vmem_t *src, size_t size, int vmflag)
{
	unsigned long addr = vl.next;

	atomic_inc(&vl.imports);
	atomic_or(vmflag, &vl.vmflags);
	if (addr)
		vl.next += size;
	atomic_inc(&vl.imports_done);
	return (void *)addr;
}

static inline void vl_release(vmem_t *src, void *addr, size_t size)
{
	vl_note_release();
	atomic_inc(&vl.releases_done);
}

/*
 * Import function. Allocates from @src with vmem_alloc(). vmem treats the
 * import function of a client differently from vmem_alloc() itself.
 */
static inline void *vl_import_from(vmem_t *src, size_t size, int vmflag)
{
	void *addr;

	atomic_inc(&vl.imports);
	atomic_or(vmflag, &vl.vmflags);
	addr = vmem_alloc(src, size, vmflag);
	atomic_inc(&vl.imports_done);
	return addr;
}

static inline void vl_release_to(vmem_t *src, void *addr, size_t size)
{
	vl_note_release();
	vmem_free(src, addr, size);
	atomic_inc(&vl.releases_done);
}

/*
 * Arena of the integers 1 to @n, or without a span if @n is 0. Sizes up to and
 * including @qcache_max are cached.
 */
static inline vmem_t *vl_ids(struct kunit *test, size_t n, size_t qcache_max)
{
	return vt_track(test, vmem_create(test->name, n ? (void *)1 : NULL, n,
					  1, NULL, NULL, NULL, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/* An arena that imports from @source with the given functions. */
static inline vmem_t *vl_child(struct kunit *test, vmem_t *source,
			       size_t qcache_max, vmem_alloc_t *afunc,
			       vmem_free_t *ffunc)
{
	return vt_track(test, vmem_create("child", NULL, 0, 1, afunc, ffunc,
					  source, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

static inline vmem_t *vl_client(struct kunit *test, vmem_t *source,
				size_t qcache_max)
{
	return vl_child(test, source, qcache_max, vmem_alloc, vmem_free);
}

/*
 * An arena with one imported span. The span is a slab of a cache, and the slab
 * has no allocated object. When reclaim runs in the arena's tree, the span
 * becomes wholly free and vmem calls vl_release().
 */
static inline vmem_t *vl_idle_importer(struct kunit *test)
{
	vmem_t *label = vl_ids(test, 0, 0);
	vmem_t *vm = vl_child(test, label, 4, vl_import, vl_release);

	vl.next = 0x100000;
	vt_free(vm, vt_alloc(vm, 1, VM_NOSLEEP), 1);
	vl.next = 0;
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)VL_SLAB);
	return vm;
}

/*
 * Expect that the request is served while the gate is closed and functions
 * block there.
 */
static inline bool vl_served(struct kunit *test, struct vt_thread *t,
			     const char *what)
{
	bool served = vl_poll(test, completion_done(&t->done));

	KUNIT_EXPECT_TRUE_MSG(test, served, "%s is not served", what);
	return served;
}

/* Start a thread that runs @fn. */
static inline struct vt_thread *vl_run(struct kunit *test,
				       void (*fn)(struct vt_thread *t),
				       vmem_t *vm, size_t size)
{
	struct vt_thread *t = vt_thread_start(test, fn, vm, size, VM_SLEEP);

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	return t;
}

/* Wait for a thread, and free the result of its request. */
static inline unsigned long vl_join_free(struct kunit *test,
					 struct vt_thread *t)
{
	vmem_t *vm = t->vm;
	size_t size = t->size;
	unsigned long addr = vt_join(test, t, NULL);

	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, size);
	return addr;
}

/* Wait until at least @n requests sleep in the arena. */
static inline bool vl_wait_waiters(struct kunit *test, vmem_t *vm, u64 n)
{
	bool asleep = vl_poll(test, vt_stats(vm).waiters >= n);

	KUNIT_EXPECT_TRUE_MSG(test, asleep,
			      "%llu requests wait, expected at least %llu",
			      vt_stats(vm).waiters, n);
	return asleep;
}

#define VL_RESCUES	2

/**
 * struct vl_rescue - a timer that adds a span to arenas whose requests may spin
 * @timer: the timer, which fires a second or more after its start
 * @vm: the arenas, one for each request
 * @n: number of arenas
 * @addr: start of the span to add
 * @size: size of the span to add
 * @put_off: number of times that @timer may still be rearmed, to give the
 *	requests time to sleep or spin
 * @fired: completed when the span has been added
 */
static struct vl_rescue {
	struct timer_list timer;
	vmem_t *vm[VL_RESCUES];
	unsigned int n;
	unsigned long addr;
	size_t size;
	unsigned int put_off;
	struct completion fired;
} vl_rescue;

/*
 * Add the span, or rearm the timer. An interrupt adds the span, because a
 * spinning request may keep all tasks from running.
 */
static inline void vl_rescue_fire(struct timer_list *timer)
{
	unsigned int n = READ_ONCE(vl_rescue.n), i, asleep = 0;
	bool spins = false;

	for (i = 0; i < n; i++) {
		struct vmem_stats stats = vt_stats(vl_rescue.vm[i]);

		asleep += !!stats.wait;
		spins |= stats.import_fail > VL_RETRIES;
	}
	if (asleep < n && !spins && vl_rescue.put_off) {
		vl_rescue.put_off--;
		mod_timer(timer, jiffies + HZ / 10 + 1);
		return;
	}
	for (i = 0; i < n; i++)
		vmem_add(vl_rescue.vm[i], (void *)vl_rescue.addr,
			 vl_rescue.size, VM_NOSLEEP);
	complete(&vl_rescue.fired);
}

static inline void vl_rescue_add(vmem_t *vm)
{
	vl_rescue.vm[vl_rescue.n++] = vm;
}

/*
 * Start the timer, which adds a span to the arenas after at least @ms
 * milliseconds.
 */
static inline void vl_rescue_start(unsigned long addr, size_t size,
				   unsigned int ms)
{
	vl_rescue.addr = addr;
	vl_rescue.size = size;
	vl_rescue.put_off = VL_LIMIT_MS / 100;
	reinit_completion(&vl_rescue.fired);
	mod_timer(&vl_rescue.timer, jiffies + msecs_to_jiffies(ms));
}

static inline void vl_rescue_wait(void)
{
	wait_for_completion(&vl_rescue.fired);
	vl_rescue.n = 0;
}

/*
 * Make the timer fire now without adding a span, unless it has already fired.
 */
static inline void vl_rescue_cancel(void)
{
	WRITE_ONCE(vl_rescue.n, 0);
	mod_timer_pending(&vl_rescue.timer, jiffies + 1);
	vl_rescue_wait();
}

/*
 * Make the log checker accept reports with this text until the end of the test.
 */
static inline void vl_expect_reports(const char *what)
{
	pr_info("vmem-test: expect * \"%s\"\n", what);
	/* vmem_destroy() may report the number of suppressed reports. */
	pr_info("vmem-test: expect ? \"held back\"\n");
	vl.expecting = true;
}

static inline int vl_init(struct kunit *test)
{
	if (vl_stuck) {
		kunit_err(test, "an earlier test hangs\n");
		return -EBUSY;
	}
	memset(&vl, 0, sizeof(vl));
	init_completion(&vl.entered);
	init_completion(&vl.opened);
	memset(&vl_rescue, 0, sizeof(vl_rescue));
	init_completion(&vl_rescue.fired);
	timer_setup(&vl_rescue.timer, vl_rescue_fire, 0);
	return vt_init(test);
}

/*
 * Wait until the statistics of all arenas are stable. Then the reclaim and the
 * releases that the test has caused have ended.
 */
static inline void vl_settle(struct kunit *test)
{
	struct vt *vt = test->priv;
	struct vmem_stats *before, now;
	unsigned int i, same = 0, tries;

	before = kunit_kcalloc(test, VT_ARENAS, sizeof(*before), GFP_KERNEL);
	if (!before)
		return;
	for (tries = 0; same < 3 && tries < 200; tries++) {
		msleep(30);
		same++;
		for (i = 0; i < vt->n; i++) {
			memset(&now, 0, sizeof(now));
			vmem_get_stats(vt->arenas[i], &now);
			if (memcmp(&now, &before[i], sizeof(now)))
				same = 0;
			before[i] = now;
		}
	}
	kunit_kfree(test, before);
}

static inline void vl_exit(struct kunit *test)
{
	struct vt *vt = test->priv;

	if (!vt)
		return;
	vl_gate_open();
	if (vt->stuck) {
		vl_stuck = true;
		return;
	}
	vl_settle(test);
	while (vt->n) {
		vmem_t *vm = vt->arenas[--vt->n];

		vt_check(test, vm);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).waiters, 0ULL);
		vmem_destroy(vm);
	}
	if (vl.expecting)
		pr_info("vmem-test: end\n");
}

#endif /* VMEM_TEST_LIVE_H */
