// SPDX-License-Identifier: GPL-2.0
/* Trace events, which the probes of this suite record. */
#include <trace/events/vmem.h>

#include "vmem_test_file.h"
#include "vmem_test_qcache.h"

#define MAX_EVENTS	512
#define TRACING	"/sys/kernel/tracing/"

enum event_kind {
	ALLOC, FREE, FAIL, IMPORT, RELEASE, WAIT, WAKE, REAP, RESCALE, MISUSE,
	KINDS
};

/**
 * struct event - a recorded event
 * @kind: kind of the event
 * @vm: arena of the event, or NULL
 * @addr: the address, the flags of a failure, or the value before a change
 * @size: the size (of an import, the requested size), or the value after a
 *	change
 * @flags: the flags, the reason or kind, or a number of segments
 * @cached: true if the size is a cached size
 * @caller: the return address of an allocation, or the size of the imported
 *	range
 * @ns: the duration in nanoseconds
 */
struct event {
	enum event_kind kind;
	const struct vmem *vm;
	unsigned long addr;
	unsigned long size;
	unsigned int flags;
	bool cached;
	unsigned long caller;
	u64 ns;
};

static DEFINE_RAW_SPINLOCK(lock);
static struct event events[MAX_EVENTS];
static unsigned int nr_events;
static char misuse_text[256];

static void record(struct event e)
{
	unsigned long irq;

	raw_spin_lock_irqsave(&lock, irq);
	if (nr_events < MAX_EVENTS)
		events[nr_events] = e;
	nr_events++;
	raw_spin_unlock_irqrestore(&lock, irq);
}

static void record_alloc(void *data, const struct vmem *vm, unsigned long addr,
			 unsigned long size, int vmflag, bool cached,
			 unsigned long caller)
{
	record((struct event){ ALLOC, vm, addr, size, vmflag, cached, caller });
}

static void record_free(void *data, const struct vmem *vm, unsigned long addr,
			unsigned long size, bool cached)
{
	record((struct event){ FREE, vm, addr, size, 0, cached });
}

static void record_fail(void *data, const struct vmem *vm, unsigned long size,
			int vmflag, unsigned int reason)
{
	record((struct event){ FAIL, vm, vmflag, size, reason });
}

static void record_import(void *data, const struct vmem *vm,
			  const struct vmem *source, unsigned long asked,
			  unsigned long addr, unsigned long size, int vmflag,
			  u64 ns)
{
	record((struct event){ IMPORT, vm, addr, asked, vmflag, false, size,
	       ns });
}

static void record_release(void *data, const struct vmem *vm,
			   const struct vmem *source, unsigned long addr,
			   unsigned long size, u64 ns)
{
	record((struct event){ RELEASE, vm, addr, size, 0, false, 0, ns });
}

static void record_wait(void *data, const struct vmem *vm, unsigned long size,
			int vmflag, unsigned int what, u64 ns)
{
	record((struct event){ WAIT, vm, 0, size, what });
}

static void record_wake(void *data, const struct vmem *vm, unsigned long size,
			int vmflag, unsigned int what, u64 ns)
{
	record((struct event){ WAKE, vm, 0, size, what, false, 0, ns });
}

static void record_reap(void *data, const struct vmem *vm, unsigned int what,
			unsigned long before, unsigned long after, u64 ns)
{
	record((struct event){ REAP, vm, before, after, what, false, 0, ns });
}

static void record_rescale(void *data, const struct vmem *vm,
			   unsigned long segments, unsigned long from,
			   unsigned long to, u64 ns)
{
	record((struct event){ RESCALE, vm, from, to, segments, false, 0, ns });
}

static void record_misuse(void *data, const struct vmem *vm, const char *what)
{
	strscpy(misuse_text, what, sizeof(misuse_text));
	record((struct event){ MISUSE, vm });
}

/* The registered probes, which trace_exit() unregisters. */
static bool registered[KINDS];

/* Register or unregister the probe of an event. */
#define PROBE(name, on)							\
	((on) ? register_trace_vmem_##name(record_##name, NULL) :	\
		unregister_trace_vmem_##name(record_##name, NULL))

static int switch_probe(enum event_kind kind, bool on)
{
	switch (kind) {
	case ALLOC:
		return PROBE(alloc, on);
	case FREE:
		return PROBE(free, on);
	case FAIL:
		return PROBE(fail, on);
	case IMPORT:
		return PROBE(import, on);
	case RELEASE:
		return PROBE(release, on);
	case WAIT:
		return PROBE(wait, on);
	case WAKE:
		return PROBE(wake, on);
	case REAP:
		return PROBE(reap, on);
	case RESCALE:
		return PROBE(rescale, on);
	case MISUSE:
		return PROBE(misuse, on);
	default:
		return -EINVAL;
	}
}

static int set_probe(enum event_kind kind, bool on)
{
	int err = registered[kind] == on ? 0 : switch_probe(kind, on);

	if (!err)
		registered[kind] = on;
	return err;
}

static void clear_events(void)
{
	raw_spin_lock_irq(&lock);
	nr_events = 0;
	raw_spin_unlock_irq(&lock);
}

/* Start to record a kind of event, and drop all earlier events. */
static void start_recording(struct kunit *test, enum event_kind kind)
{
	KUNIT_ASSERT_EQ(test, set_probe(kind, true), 0);
	clear_events();
}

static void stop_recording(void)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++)
		set_probe(i, false);
	tracepoint_synchronize_unregister();
}

/*
 * Returns event number @n, counted from 0, of a kind and an arena, or NULL if
 * there is none.
 */
static const struct event *nth_event(enum event_kind kind,
				     const struct vmem *vm, unsigned int n)
{
	const struct event *e = NULL;
	unsigned int i;

	raw_spin_lock_irq(&lock);
	for (i = 0; i < min_t(unsigned int, nr_events, MAX_EVENTS) && !e; i++)
		if (events[i].kind == kind && events[i].vm == vm && !n--)
			e = &events[i];
	raw_spin_unlock_irq(&lock);
	return e;
}

static unsigned int count_events(enum event_kind kind, const struct vmem *vm)
{
	unsigned int n = 0;

	while (nth_event(kind, vm, n))
		n++;
	return n;
}

static int trace_init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "the kernel has no tracepoints");
	clear_events();
	return vq_init(test);
}

static void trace_exit(struct kunit *test)
{
	stop_recording();
	vq_exit(test);
}

/*
 * Returns true if the address is in this module, or if the tests are built in.
 */
static bool in_this_module(unsigned long addr)
{
#ifdef MODULE
	return within_module(addr, THIS_MODULE);
#else
	return true;
#endif
}

/* [14] Allocations and frees of uncached sizes are traced. */
static void uncached_operations_are_traced(struct kunit *test)
{
	static const int flags[] = {
		VM_NOSLEEP, VM_SLEEP, VM_NOSLEEP | VM_BESTFIT,
		VM_SLEEP | VM_NEXTFIT, VM_NOSLEEP | VM_ENDALLOC,
	};
	vmem_t *vm = vt_ids(test, 1000);
	const struct event *e;
	unsigned long addr;
	unsigned int i;

	start_recording(test, ALLOC);
	start_recording(test, FREE);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		addr = vt_alloc(vm, 10 + i, flags[i]);
		KUNIT_ASSERT_EQ(test, count_events(ALLOC, vm), i + 1);
		KUNIT_ASSERT_EQ(test, count_events(FREE, vm), i);
		e = nth_event(ALLOC, vm, i);
		KUNIT_EXPECT_EQ(test, e->addr, addr);
		KUNIT_EXPECT_EQ(test, e->size, 10UL + i);
		KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)flags[i]);
		KUNIT_EXPECT_FALSE(test, e->cached);
		KUNIT_EXPECT_NE(test, e->caller, 0UL);
		vt_free(vm, addr, 10 + i);
		KUNIT_ASSERT_EQ(test, count_events(FREE, vm), i + 1);
		e = nth_event(FREE, vm, i);
		KUNIT_EXPECT_EQ(test, e->addr, addr);
		KUNIT_EXPECT_EQ(test, e->size, 10UL + i);
		KUNIT_EXPECT_FALSE(test, e->cached);
	}

	addr = vt_alloc_at(vm, 77, 5);
	KUNIT_EXPECT_EQ(test, addr, 77UL);
	vt_xfree(vm, addr, 5);
	e = nth_event(ALLOC, vm, i);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, 77UL);
	e = nth_event(FREE, vm, i);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, 77UL);
	KUNIT_EXPECT_EQ(test, count_events(ALLOC, vm), i + 1);
	KUNIT_EXPECT_EQ(test, count_events(FREE, vm), i + 1);
}

/* The recorded caller is the client, not a function of vmem. */
static void caller_is_the_client(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	const struct event *e;
	unsigned int i;

	/*
	 * If the kernel has no frame pointers, and functions of vmem make no
	 * tail calls, the recorded caller is a function of vmem.
	 */
	if (!IS_ENABLED(CONFIG_FRAME_POINTER) &&
	    (IS_ENABLED(CONFIG_KCSAN) || IS_ENABLED(CONFIG_KASAN)))
		kunit_skip(test, "instrumented functions make no tail calls");
	start_recording(test, ALLOC);
	vt_free(vm, vt_alloc(vm, 100, VM_NOSLEEP), 100);
	vt_free(vm, vt_alloc(vm, 2, VM_NOSLEEP), 2);
	vt_free(vm, vt_alloc(vm, 2, VM_NOSLEEP), 2);
	vt_xfree(vm, vt_alloc_at(vm, 99000, 1), 1);
	KUNIT_ASSERT_EQ(test, count_events(ALLOC, vm), 4U);
	for (i = 0; (e = nth_event(ALLOC, vm, i)); i++)
		KUNIT_EXPECT_TRUE_MSG(test, in_this_module(e->caller),
				      "%u: %pS", i, (void *)e->caller);
}

/* Returns true if the fast path finds the busy stub instead of magazines. */
static bool fast_path_is_off(const vmem_t *vm)
{
	return vm->fast != vm->cpu;
}

/*
 * [14] vmem_alloc() and vmem_free() of cached sizes are traced. Magazines still
 * serve these calls. After the probes are unregistered, the fast path is on
 * again.
 */
static void cached_operations_are_traced(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	struct vmem_cpu_cache *cc;
	unsigned long addr[32], allocs;
	unsigned int i, k, round;

	/*
	 * In the first iteration vmem_free() finds no magazines, so the second
	 * iteration creates magazines.
	 */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			addr[i] = vt_alloc(vm, 2, VM_NOSLEEP);
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			vt_free(vm, addr[i], 2);
	}
	cc = vq_cpu(vm, 2, raw_smp_processor_id());
	KUNIT_ASSERT_GT(test, cc->rounds, (u16)0);
	KUNIT_EXPECT_FALSE(test, fast_path_is_off(vm));

	for (round = 0; round < 2; round++) {
		allocs = cc->allocs;
		start_recording(test, ALLOC);
		start_recording(test, FREE);
		KUNIT_EXPECT_TRUE(test, fast_path_is_off(vm));
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			addr[i] = vt_alloc(vm, 2, VM_NOSLEEP);
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			vt_free(vm, addr[i], 2);
		KUNIT_EXPECT_GT(test, cc->allocs, allocs);
		KUNIT_ASSERT_EQ(test, count_events(ALLOC, vm),
				(unsigned int)ARRAY_SIZE(addr));
		KUNIT_ASSERT_EQ(test, count_events(FREE, vm),
				(unsigned int)ARRAY_SIZE(addr));
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			for (k = ALLOC; k <= FREE; k++) {
				const struct event *e = nth_event(k, vm, i);

				KUNIT_EXPECT_EQ(test, e->addr, addr[i]);
				KUNIT_EXPECT_EQ(test, e->size, 2UL);
				KUNIT_EXPECT_TRUE(test, e->cached);
			}
		/* Each of the two probes alone keeps the fast path off. */
		set_probe(round ? ALLOC : FREE, false);
		KUNIT_EXPECT_TRUE(test, fast_path_is_off(vm));
		set_probe(round ? FREE : ALLOC, false);
		KUNIT_EXPECT_FALSE(test, fast_path_is_off(vm));
		clear_events();
		allocs = cc->allocs;
		vt_free(vm, vt_alloc(vm, 2, VM_NOSLEEP), 2);
		KUNIT_EXPECT_EQ(test, cc->allocs, allocs + 1);
		KUNIT_EXPECT_EQ(test, nr_events, 0U);
	}
}

/*
 * An arena that is created while probes are registered is traced, both with and
 * without debug.
 */
static void later_arena_is_traced(struct kunit *test)
{
	unsigned int debug;
	vmem_t *vm;

	for (debug = 0; debug < 2; debug++) {
		unsigned long addr;

		start_recording(test, ALLOC);
		start_recording(test, FREE);
		vt_param("debug", debug ? "Y" : "N", NULL, 0);
		vm = vq_ids(test, 100000, 4);
		vt_param("debug", "N", NULL, 0);
		addr = vt_alloc(vm, 3, VM_SLEEP);
		vt_free(vm, addr, 3);
		addr = vt_alloc(vm, 3, VM_SLEEP);
		vt_free(vm, addr, 3);
		KUNIT_EXPECT_EQ(test, count_events(ALLOC, vm), 2U);
		KUNIT_EXPECT_EQ(test, count_events(FREE, vm), 2U);
		/* Destroy the arena while the probes are registered. */
		vq_close(test, vm);
		stop_recording();
	}
}

/*
 * No integer is allocated twice if probes are registered and unregistered while
 * the arena is in use.
 */
static void tracing_is_switched_in_use(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	struct vq_set *s = vq_set(test, 100000);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, set_probe(i % 2 ? ALLOC : FREE, true), 0);
		vq_random_ops(s, vm, 300, i);
		set_probe(i % 2 ? ALLOC : FREE, false);
		vq_random_ops(s, vm, 300, 100 + i);
	}
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
}

/*
 * [21] Successful and failed imports are traced. [3] Releases to the source are
 * traced.
 */
static void imports_and_releases_are_traced(struct kunit *test)
{
	vmem_t *src = vt_ids(test, 100);
	vmem_t *vm = vq_client(test, src, 0);
	const struct event *e;
	unsigned long addr;

	start_recording(test, IMPORT);
	start_recording(test, RELEASE);
	addr = vt_alloc(vm, 10, VM_NOSLEEP);
	e = nth_event(IMPORT, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, addr);
	KUNIT_EXPECT_EQ(test, e->size, 10UL);
	KUNIT_EXPECT_EQ(test, e->caller, 10UL);
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VM_NOSLEEP);
	KUNIT_EXPECT_EQ(test, count_events(RELEASE, vm), 0U);
	vt_free(vm, addr, 10);
	e = nth_event(RELEASE, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, addr);
	KUNIT_EXPECT_EQ(test, e->size, 10UL);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 101, VM_NOSLEEP), 0UL);
	e = nth_event(IMPORT, vm, 1);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, 0UL);
	KUNIT_EXPECT_EQ(test, e->size, 101UL);
	KUNIT_EXPECT_EQ(test, count_events(RELEASE, vm), 1U);
}

/* [23] A failure is traced once, with its reason. */
static void failures_have_a_reason(struct kunit *test)
{
	vmem_t *src = vt_ids(test, 100), *vm = vq_client(test, src, 0);
	const struct event *e;

	start_recording(test, FAIL);
	KUNIT_EXPECT_EQ(test, vt_alloc(src, 101, VM_NOSLEEP | VM_BESTFIT), 0UL);
	KUNIT_EXPECT_EQ(test, count_events(FAIL, src), 1U);
	e = nth_event(FAIL, src, 0);
	KUNIT_EXPECT_EQ(test, e->size, 101UL);
	KUNIT_EXPECT_EQ(test, e->addr, (unsigned long)(VM_NOSLEEP | VM_BESTFIT));
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VMEM_FAIL_SPACE);

	clear_events();
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 101, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, count_events(FAIL, vm), 1U);
	KUNIT_EXPECT_EQ(test, nth_event(FAIL, vm, 0)->flags,
			(unsigned int)VMEM_FAIL_IMPORT);

	clear_events();
	WRITE_ONCE(src->mtbf, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(src, 1, VM_NOSLEEP), 0UL);
	WRITE_ONCE(src->mtbf, 0);
	KUNIT_EXPECT_EQ(test, count_events(FAIL, src), 1U);
	KUNIT_EXPECT_EQ(test, nth_event(FAIL, src, 0)->flags,
			(unsigned int)VMEM_FAIL_INJECTED);
	KUNIT_EXPECT_EQ(test, vt_stats(src).fail_injected, 1ULL);
}

/* [24] The beginning and the end of a wait are traced. */
static void waits_are_traced(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10);
	unsigned long addr = vt_alloc(vm, 10, VM_SLEEP);
	u64 before = ktime_get_ns();
	const struct event *e;
	struct vt_thread *t;

	start_recording(test, WAIT);
	start_recording(test, WAKE);
	t = vt_request(test, vm, 7, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	KUNIT_EXPECT_TRUE(test, vt_poll(count_events(WAIT, vm) == 1));
	KUNIT_EXPECT_EQ(test, count_events(WAKE, vm), 0U);
	msleep(20);
	vt_free(vm, addr, 10);
	addr = vt_join(test, t, NULL);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	vt_free(vm, addr, 7);

	e = nth_event(WAIT, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->size, 7UL);
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VMEM_WAIT_SPACE);
	e = nth_event(WAKE, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->size, 7UL);
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VMEM_WAIT_SPACE);
	KUNIT_EXPECT_GT(test, e->ns, 0ULL);
	KUNIT_EXPECT_LE(test, e->ns, ktime_get_ns() - before);
	KUNIT_EXPECT_EQ(test, count_events(WAIT, vm), count_events(WAKE, vm));
}

/*
 * [38] A drain of caches is traced as a reap, whether a request that may not
 * sleep or a work item drains the caches.
 */
static void reaps_are_traced(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 1000, 4);
	unsigned long addr[100];
	unsigned int i, at_hand = 0, everything = 0;

	for (i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = vt_alloc(vm, 1, VM_NOSLEEP);
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		vt_free(vm, addr[i], 1);
	start_recording(test, REAP);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1001, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1000, VM_NOSLEEP), 1UL);
	vt_free(vm, 1, 1000);
	vq_settle(test);
	for (i = 0; i < nr_events; i++) {
		if (events[i].vm != vm)
			continue;
		at_hand += events[i].flags == VMEM_REAP_AT_HAND;
		everything += events[i].flags == VMEM_REAP_ALL;
		KUNIT_EXPECT_LE(test, events[i].size, events[i].addr);
	}
	KUNIT_EXPECT_GE(test, at_hand, 1U);
	KUNIT_EXPECT_EQ(test, everything, 1U);
}

/* While a request waits, reclaim drains the caches of the tree repeatedly. */
static void caches_are_drained_while_a_request_waits(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100, 4);
	unsigned long most = vt_alloc(vm, 50, VM_SLEEP);
	unsigned long some = vt_alloc(vm, 10, VM_SLEEP);
	struct vt_thread *t;
	unsigned int n;

	start_recording(test, REAP);
	t = vt_request(test, vm, 60, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	n = count_events(REAP, vm);
	KUNIT_EXPECT_GE(test, n, 1U);
	vt_free(vm, some, 10);
	KUNIT_EXPECT_TRUE(test, vq_poll(count_events(REAP, vm) > n));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 1ULL);
	vt_free(vm, most, 50);
	vt_free(vm, vt_join(test, t, NULL), 60);
}

/* [32] Rescaling of the segment table is traced. */
static void rescales_are_traced(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 3000);
	const struct event *e;
	unsigned int i;

	for (i = 0; i < 3000; i++)
		vt_alloc(vm, 1, VM_SLEEP);
	/* Complete the rescaling that the allocations have started. */
	flush_work(&vm->rescale);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).buckets, 2048ULL);
	start_recording(test, RESCALE);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, count_events(RESCALE, vm), 0U);
	for (i = 1; i <= 3000; i++)
		vt_free(vm, i, 1);
	vmem_update(NULL);
	KUNIT_ASSERT_EQ(test, count_events(RESCALE, vm), 1U);
	e = nth_event(RESCALE, vm, 0);
	KUNIT_EXPECT_EQ(test, e->addr, 2048UL);
	KUNIT_EXPECT_EQ(test, e->size, 16UL);
	KUNIT_EXPECT_EQ(test, e->flags, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).buckets, 16ULL);
}

/*
 * [17] Misuse is traced with the text of the report, even if there is no arena.
 */
static void misuse_is_traced(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10);
	struct vt_window w;

	start_recording(test, MISUSE);
	vt_window_open(&w, "vmem_free(addr=0x5, size=2)", "1");
	vt_free(vm, 5, 2);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, count_events(MISUSE, vm), 1U);
	KUNIT_EXPECT_STREQ(test, misuse_text,
			   "vmem_free(addr=0x5, size=2): no allocation begins there");
	vt_window_open(&w, "quantum", "1");
	KUNIT_EXPECT_NULL(test, vmem_create("bad", NULL, 0, 3, NULL, NULL, NULL,
					    0, VM_SLEEP));
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, count_events(MISUSE, NULL), 1U);
	KUNIT_EXPECT_NOT_NULL(test, strstr(misuse_text, "power of two"));
}

/* A printed event has the id and the name of the arena. */
static void printed_events_name_the_arena(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10);
	char *find = kunit_kzalloc(test, 200, GFP_KERNEL);
	struct vt_window w;

	KUNIT_ASSERT_NOT_NULL(test, find);
	if (vt_shell("test -w ", TRACING "events/vmem/enable"))
		kunit_skip(test, "no events at " TRACING);
	KUNIT_EXPECT_EQ(test, vt_shell("echo >", TRACING "trace"), 0);
	KUNIT_EXPECT_EQ(test, vt_shell("echo 1 >",
				       TRACING "events/vmem/vmem_fail/enable"), 0);
	KUNIT_EXPECT_EQ(test, vt_shell("echo 1 >",
				       TRACING "events/vmem/vmem_misuse/enable"), 0);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 11, VM_NOSLEEP), 0UL);
	vt_window_open(&w, "quantum", "1");
	KUNIT_EXPECT_NULL(test, vmem_create("bad", NULL, 0, 3, NULL, NULL, NULL,
					    0, VM_SLEEP));
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, vt_shell("echo 0 >", TRACING "events/vmem/enable"),
			0);

	snprintf(find, 200,
		 "grep -q 'vmem_fail: arena=%u name=%s size=11 flags=VM_NOSLEEP reason=space' ",
		 vm->id, vm->label);
	KUNIT_EXPECT_EQ(test, vt_shell(find, TRACING "trace"), 0);
	KUNIT_EXPECT_EQ(test, vt_shell("grep -q 'vmem_misuse: arena=0 name=- ' ",
				       TRACING "trace"), 0);
}

static struct kunit_case vmem_trace_cases[] = {
	KUNIT_CASE(uncached_operations_are_traced),
	KUNIT_CASE(caller_is_the_client),
	KUNIT_CASE(cached_operations_are_traced),
	KUNIT_CASE(later_arena_is_traced),
	KUNIT_CASE(tracing_is_switched_in_use),
	KUNIT_CASE(imports_and_releases_are_traced),
	KUNIT_CASE(failures_have_a_reason),
	KUNIT_CASE(waits_are_traced),
	KUNIT_CASE(reaps_are_traced),
	KUNIT_CASE(caches_are_drained_while_a_request_waits),
	KUNIT_CASE(rescales_are_traced),
	KUNIT_CASE(misuse_is_traced),
	KUNIT_CASE(printed_events_name_the_arena),
	{}
};

static struct kunit_suite vmem_trace_suite = {
	.name = "vmem_trace",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = trace_init,
	.exit = trace_exit,
	.test_cases = vmem_trace_cases,
};

kunit_test_suite(vmem_trace_suite);

MODULE_DESCRIPTION("KUnit: trace events of vmem");
MODULE_LICENSE("GPL");
