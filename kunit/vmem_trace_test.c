// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events, as probes see them.
 */
#include <trace/events/vmem.h>

#include "vmem_test_file.h"
#include "vmem_test_qcache.h"

#define SEEN	512
#define TRACING	"/sys/kernel/tracing/"

/* Which event it was. */
enum which {
	ALLOC, FREE, FAIL, IMPORT, RELEASE, WAIT, WAKE, REAP, RESCALE, MISUSE,
	KINDS
};

/**
 * struct event - one that a probe saw
 * @kind: which
 * @vm: of which arena
 * @addr: the address, or what the number is called that comes first
 * @size: the size, or the number after it
 * @flags: the flags, or a reason
 * @cached: of a cached size
 * @caller: who allocated
 * @ns: how long it took
 */
struct event {
	enum which kind;
	const struct vmem *vm;
	unsigned long addr;
	unsigned long size;
	unsigned int flags;
	bool cached;
	unsigned long caller;
	u64 ns;
};

static DEFINE_RAW_SPINLOCK(lock);
static struct event seen[SEEN];
static unsigned int nseen;
static char text[256];

static void see(struct event e)
{
	unsigned long irq;

	raw_spin_lock_irqsave(&lock, irq);
	if (nseen < SEEN)
		seen[nseen] = e;
	nseen++;
	raw_spin_unlock_irqrestore(&lock, irq);
}

static void see_alloc(void *data, const struct vmem *vm, unsigned long addr,
		      unsigned long size, int vmflag, bool cached,
		      unsigned long caller)
{
	see((struct event){ ALLOC, vm, addr, size, vmflag, cached, caller });
}

static void see_free(void *data, const struct vmem *vm, unsigned long addr,
		     unsigned long size, bool cached)
{
	see((struct event){ FREE, vm, addr, size, 0, cached });
}

static void see_fail(void *data, const struct vmem *vm, unsigned long size,
		     int vmflag, unsigned int reason)
{
	see((struct event){ FAIL, vm, vmflag, size, reason });
}

static void see_import(void *data, const struct vmem *vm,
		       const struct vmem *source, unsigned long asked,
		       unsigned long addr, unsigned long size, int vmflag,
		       u64 ns)
{
	see((struct event){ IMPORT, vm, addr, asked, vmflag, false, size, ns });
}

static void see_release(void *data, const struct vmem *vm,
			const struct vmem *source, unsigned long addr,
			unsigned long size, u64 ns)
{
	see((struct event){ RELEASE, vm, addr, size, 0, false, 0, ns });
}

static void see_wait(void *data, const struct vmem *vm, unsigned long size,
		     int vmflag, unsigned int what)
{
	see((struct event){ WAIT, vm, 0, size, what });
}

static void see_wake(void *data, const struct vmem *vm, unsigned long size,
		     int vmflag, unsigned int what, u64 ns)
{
	see((struct event){ WAKE, vm, 0, size, what, false, 0, ns });
}

static void see_reap(void *data, const struct vmem *vm, unsigned int what,
		     unsigned long before, unsigned long after, u64 ns)
{
	see((struct event){ REAP, vm, before, after, what, false, 0, ns });
}

static void see_rescale(void *data, const struct vmem *vm,
			unsigned long segments, unsigned long from,
			unsigned long to, u64 ns)
{
	see((struct event){ RESCALE, vm, from, to, segments, false, 0, ns });
}

static void see_misuse(void *data, const struct vmem *vm, const char *what)
{
	strscpy(text, what, sizeof(text));
	see((struct event){ MISUSE, vm });
}

/* Which there are, so that they all go whatever a test does. */
static bool probing[KINDS];

/* Put the probe of an event in place, or take it away. */
#define PROBE(name, on)							\
	((on) ? register_trace_vmem_##name(see_##name, NULL) :		\
		unregister_trace_vmem_##name(see_##name, NULL))

static int probe_switch(enum which kind, bool on)
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

static int probe(enum which kind, bool on)
{
	int err = probing[kind] == on ? 0 : probe_switch(kind, on);

	if (!err)
		probing[kind] = on;
	return err;
}

static void forget(void)
{
	raw_spin_lock_irq(&lock);
	nseen = 0;
	raw_spin_unlock_irq(&lock);
}

/* From now on see this kind of event. */
static void want(struct kunit *test, enum which kind)
{
	KUNIT_ASSERT_EQ(test, probe(kind, true), 0);
	forget();
}

static void want_no_more(void)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++)
		probe(i, false);
	tracepoint_synchronize_unregister();
}

/* The n-th event of that kind about an arena, from 0 on, or NULL. */
static const struct event *nth(enum which kind, const struct vmem *vm,
			       unsigned int n)
{
	const struct event *e = NULL;
	unsigned int i;

	raw_spin_lock_irq(&lock);
	for (i = 0; i < min_t(unsigned int, nseen, SEEN) && !e; i++)
		if (seen[i].kind == kind && seen[i].vm == vm && !n--)
			e = &seen[i];
	raw_spin_unlock_irq(&lock);
	return e;
}

static unsigned int count(enum which kind, const struct vmem *vm)
{
	unsigned int n = 0;

	while (nth(kind, vm, n))
		n++;
	return n;
}

static int trace_init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "the kernel has no tracepoints");
	forget();
	return vq_init(test);
}

static void trace_exit(struct kunit *test)
{
	want_no_more();
	vq_exit(test);
}

/* Is the address in a function of this module, as far as can be told? */
static bool ours(unsigned long addr)
{
#ifdef MODULE
	return within_module(addr, THIS_MODULE);
#else
	return true;
#endif
}

/* [14] Every allocation that clients make of the arena itself, and its free. */
static void uncached_pairs_are_seen(struct kunit *test)
{
	static const int flags[] = {
		VM_NOSLEEP, VM_SLEEP, VM_NOSLEEP | VM_BESTFIT,
		VM_SLEEP | VM_NEXTFIT, VM_NOSLEEP | VM_ENDALLOC,
	};
	vmem_t *vm = vt_ids(test, 1000);
	const struct event *e;
	unsigned long addr;
	unsigned int i;

	want(test, ALLOC);
	want(test, FREE);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		addr = vt_alloc(vm, 10 + i, flags[i]);
		KUNIT_ASSERT_EQ(test, count(ALLOC, vm), i + 1);
		KUNIT_ASSERT_EQ(test, count(FREE, vm), i);
		e = nth(ALLOC, vm, i);
		KUNIT_EXPECT_EQ(test, e->addr, addr);
		KUNIT_EXPECT_EQ(test, e->size, 10UL + i);
		KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)flags[i]);
		KUNIT_EXPECT_FALSE(test, e->cached);
		KUNIT_EXPECT_NE(test, e->caller, 0UL);
		vt_free(vm, addr, 10 + i);
		KUNIT_ASSERT_EQ(test, count(FREE, vm), i + 1);
		e = nth(FREE, vm, i);
		KUNIT_EXPECT_EQ(test, e->addr, addr);
		KUNIT_EXPECT_EQ(test, e->size, 10UL + i);
		KUNIT_EXPECT_FALSE(test, e->cached);
	}

	addr = vt_take(vm, 77, 5);
	KUNIT_EXPECT_EQ(test, addr, 77UL);
	vt_xfree(vm, addr, 5);
	e = nth(ALLOC, vm, i);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, 77UL);
	e = nth(FREE, vm, i);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, 77UL);
	KUNIT_EXPECT_EQ(test, count(ALLOC, vm), i + 1);
	KUNIT_EXPECT_EQ(test, count(FREE, vm), i + 1);
}

/* The caller is the client, and not vmem. */
static void caller_is_the_client(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	const struct event *e;
	unsigned int i;

	/* There the calls in between are no jumps, and nobody can look up. */
	if (!IS_ENABLED(CONFIG_FRAME_POINTER) &&
	    (IS_ENABLED(CONFIG_KCSAN) || IS_ENABLED(CONFIG_KASAN)))
		kunit_skip(test, "functions are instrumented");
	want(test, ALLOC);
	vt_free(vm, vt_alloc(vm, 100, VM_NOSLEEP), 100);
	vt_free(vm, vt_alloc(vm, 2, VM_NOSLEEP), 2);
	vt_free(vm, vt_alloc(vm, 2, VM_NOSLEEP), 2);
	vt_xfree(vm, vt_take(vm, 99000, 1), 1);
	KUNIT_ASSERT_EQ(test, count(ALLOC, vm), 4U);
	for (i = 0; (e = nth(ALLOC, vm, i)); i++)
		KUNIT_EXPECT_TRUE_MSG(test, ours(e->caller), "%u: %pS", i,
				      (void *)e->caller);
}

/* Does the fast path find magazines that are always in use? */
static bool turned_off(const vmem_t *vm)
{
	return vm->fast != vm->cpu;
}

/*
 * [14] Of cached sizes too, also those that magazines serve and take, which go on
 * doing so; and when nobody wants to see them, the fast path is as it was.
 */
static void cached_pairs_are_seen(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	struct vmem_cpu_cache *cc;
	unsigned long addr[32], allocs;
	unsigned int i, k, round;

	/* Have magazines: the first frees miss them. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			addr[i] = vt_alloc(vm, 2, VM_NOSLEEP);
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			vt_free(vm, addr[i], 2);
	}
	cc = vq_cpu(vm, 2, raw_smp_processor_id());
	KUNIT_ASSERT_GT(test, cc->rounds, (u16)0);
	KUNIT_EXPECT_FALSE(test, turned_off(vm));

	for (round = 0; round < 2; round++) {
		allocs = cc->allocs;
		want(test, ALLOC);
		want(test, FREE);
		KUNIT_EXPECT_TRUE(test, turned_off(vm));
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			addr[i] = vt_alloc(vm, 2, VM_NOSLEEP);
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			vt_free(vm, addr[i], 2);
		KUNIT_EXPECT_GT(test, cc->allocs, allocs);
		KUNIT_ASSERT_EQ(test, count(ALLOC, vm),
				(unsigned int)ARRAY_SIZE(addr));
		KUNIT_ASSERT_EQ(test, count(FREE, vm),
				(unsigned int)ARRAY_SIZE(addr));
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			for (k = ALLOC; k <= FREE; k++) {
				const struct event *e = nth(k, vm, i);

				KUNIT_EXPECT_EQ(test, e->addr, addr[i]);
				KUNIT_EXPECT_EQ(test, e->size, 2UL);
				KUNIT_EXPECT_TRUE(test, e->cached);
			}
		/* Each event by itself is reason enough. */
		probe(round ? ALLOC : FREE, false);
		KUNIT_EXPECT_TRUE(test, turned_off(vm));
		probe(round ? FREE : ALLOC, false);
		KUNIT_EXPECT_FALSE(test, turned_off(vm));
		forget();
		allocs = cc->allocs;
		vt_free(vm, vt_alloc(vm, 2, VM_NOSLEEP), 2);
		KUNIT_EXPECT_EQ(test, cc->allocs, allocs + 1);
		KUNIT_EXPECT_EQ(test, nseen, 0U);
	}
}

/* An arena made meanwhile is seen as well, one with checks too. */
static void arena_made_meanwhile_is_seen(struct kunit *test)
{
	unsigned int debug;
	vmem_t *vm;

	for (debug = 0; debug < 2; debug++) {
		unsigned long addr;

		want(test, ALLOC);
		want(test, FREE);
		vt_param("debug", debug ? "Y" : "N", NULL, 0);
		vm = vq_ids(test, 100000, 4);
		vt_param("debug", "N", NULL, 0);
		addr = vt_alloc(vm, 3, VM_SLEEP);
		vt_free(vm, addr, 3);
		addr = vt_alloc(vm, 3, VM_SLEEP);
		vt_free(vm, addr, 3);
		KUNIT_EXPECT_EQ(test, count(ALLOC, vm), 2U);
		KUNIT_EXPECT_EQ(test, count(FREE, vm), 2U);
		/* And it can go meanwhile. */
		vq_close(test, vm);
		want_no_more();
	}
}

/* Switched while in use: nothing is lost, nothing handed out twice. */
static void switching_disturbs_nobody(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	struct vq_set *s = vq_set(test, 100000);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, probe(i % 2 ? ALLOC : FREE, true), 0);
		vq_mix(s, vm, 300, i);
		probe(i % 2 ? ALLOC : FREE, false);
		vq_mix(s, vm, 300, 100 + i);
	}
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
}

/* [21] Imports, those in vain too, and [3] what goes back to the source. */
static void imports_and_releases_are_seen(struct kunit *test)
{
	vmem_t *src = vt_ids(test, 100);
	vmem_t *vm = vq_client(test, src, 0);
	const struct event *e;
	unsigned long addr;

	want(test, IMPORT);
	want(test, RELEASE);
	addr = vt_alloc(vm, 10, VM_NOSLEEP);
	e = nth(IMPORT, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, addr);
	KUNIT_EXPECT_EQ(test, e->size, 10UL);
	KUNIT_EXPECT_EQ(test, e->caller, 10UL);
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VM_NOSLEEP);
	KUNIT_EXPECT_EQ(test, count(RELEASE, vm), 0U);
	vt_free(vm, addr, 10);
	e = nth(RELEASE, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, addr);
	KUNIT_EXPECT_EQ(test, e->size, 10UL);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 101, VM_NOSLEEP), 0UL);
	e = nth(IMPORT, vm, 1);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->addr, 0UL);
	KUNIT_EXPECT_EQ(test, e->size, 101UL);
	KUNIT_EXPECT_EQ(test, count(RELEASE, vm), 1U);
}

/* [23] What fails says why, once. */
static void failures_have_a_reason(struct kunit *test)
{
	vmem_t *src = vt_ids(test, 100), *vm = vq_client(test, src, 0);
	const struct event *e;

	want(test, FAIL);
	KUNIT_EXPECT_EQ(test, vt_alloc(src, 101, VM_NOSLEEP | VM_BESTFIT), 0UL);
	KUNIT_EXPECT_EQ(test, count(FAIL, src), 1U);
	e = nth(FAIL, src, 0);
	KUNIT_EXPECT_EQ(test, e->size, 101UL);
	KUNIT_EXPECT_EQ(test, e->addr, (unsigned long)(VM_NOSLEEP | VM_BESTFIT));
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VMEM_FAIL_SPACE);

	forget();
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 101, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, count(FAIL, vm), 1U);
	KUNIT_EXPECT_EQ(test, nth(FAIL, vm, 0)->flags,
			(unsigned int)VMEM_FAIL_IMPORT);

	forget();
	WRITE_ONCE(src->mtbf, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(src, 1, VM_NOSLEEP), 0UL);
	WRITE_ONCE(src->mtbf, 0);
	KUNIT_EXPECT_EQ(test, count(FAIL, src), 1U);
	KUNIT_EXPECT_EQ(test, nth(FAIL, src, 0)->flags,
			(unsigned int)VMEM_FAIL_INJECTED);
	KUNIT_EXPECT_EQ(test, vt_stats(src).fail_injected, 1ULL);
}

/* [24] Who waits is seen when he begins and when he goes on. */
static void waits_are_seen(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10);
	unsigned long addr = vt_alloc(vm, 10, VM_SLEEP);
	u64 before = ktime_get_ns();
	const struct event *e;
	struct vt_thread *t;

	want(test, WAIT);
	want(test, WAKE);
	t = vt_request(test, vm, 7, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	KUNIT_EXPECT_TRUE(test, vt_poll(count(WAIT, vm) == 1));
	KUNIT_EXPECT_EQ(test, count(WAKE, vm), 0U);
	msleep(20);
	vt_free(vm, addr, 10);
	addr = vt_join(test, t, NULL);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	vt_free(vm, addr, 7);

	e = nth(WAIT, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->size, 7UL);
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VMEM_WAIT_SPACE);
	e = nth(WAKE, vm, 0);
	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_EQ(test, e->size, 7UL);
	KUNIT_EXPECT_EQ(test, e->flags, (unsigned int)VMEM_WAIT_SPACE);
	KUNIT_EXPECT_GT(test, e->ns, 0ULL);
	KUNIT_EXPECT_LE(test, e->ns, ktime_get_ns() - before);
	KUNIT_EXPECT_EQ(test, count(WAIT, vm), count(WAKE, vm));
}

/* [38] What caches are told to give back, by who may not wait and in the end. */
static void reaps_are_seen(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 1000, 4);
	unsigned long addr[100];
	unsigned int i, at_hand = 0, everything = 0;

	for (i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = vt_alloc(vm, 1, VM_NOSLEEP);
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		vt_free(vm, addr[i], 1);
	want(test, REAP);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1001, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1000, VM_NOSLEEP), 1UL);
	vt_free(vm, 1, 1000);
	vq_settle(test);
	for (i = 0; i < nseen; i++) {
		if (seen[i].vm != vm)
			continue;
		at_hand += seen[i].flags == VMEM_REAP_AT_HAND;
		everything += seen[i].flags == VMEM_REAP_ALL;
		KUNIT_EXPECT_LE(test, seen[i].size, seen[i].addr);
	}
	KUNIT_EXPECT_GE(test, at_hand, 1U);
	KUNIT_EXPECT_EQ(test, everything, 1U);
}

/* While a request waits its tree's caches give back what they hold, over and over. */
static void waiter_has_caches_drained(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100, 4);
	unsigned long most = vt_alloc(vm, 50, VM_SLEEP);
	unsigned long some = vt_alloc(vm, 10, VM_SLEEP);
	struct vt_thread *t;
	unsigned int n;

	want(test, REAP);
	t = vt_request(test, vm, 60, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	n = count(REAP, vm);
	KUNIT_EXPECT_GE(test, n, 1U);
	vt_free(vm, some, 10);
	KUNIT_EXPECT_TRUE(test, vq_soon(count(REAP, vm) > n));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 1ULL);
	vt_free(vm, most, 50);
	vt_free(vm, vt_join(test, t, NULL), 60);
}

/* [32] The segment table's way from one size to the next. */
static void rescales_are_seen(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 3000);
	const struct event *e;
	unsigned int i;

	for (i = 0; i < 3000; i++)
		vt_alloc(vm, 1, VM_SLEEP);
	/* Have out of the way what was done on the way. */
	flush_work(&vm->rescale);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).buckets, 2048ULL);
	want(test, RESCALE);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, count(RESCALE, vm), 0U);
	for (i = 1; i <= 3000; i++)
		vt_free(vm, i, 1);
	vmem_update(NULL);
	KUNIT_ASSERT_EQ(test, count(RESCALE, vm), 1U);
	e = nth(RESCALE, vm, 0);
	KUNIT_EXPECT_EQ(test, e->addr, 2048UL);
	KUNIT_EXPECT_EQ(test, e->size, 16UL);
	KUNIT_EXPECT_EQ(test, e->flags, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).buckets, 16ULL);
}

/* [17] Misuse with the words of its report, also without an arena. */
static void misuse_is_seen(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10);
	struct vt_window w;

	want(test, MISUSE);
	vt_window_open(&w, "vmem_free(addr=0x5, size=2)", "1");
	vt_free(vm, 5, 2);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, count(MISUSE, vm), 1U);
	KUNIT_EXPECT_STREQ(test, text,
			   "vmem_free(addr=0x5, size=2): no allocation begins there");
	vt_window_open(&w, "quantum", "1");
	KUNIT_EXPECT_NULL(test, vmem_create("bad", NULL, 0, 3, NULL, NULL, NULL,
					    0, VM_SLEEP));
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, count(MISUSE, NULL), 1U);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "power of two"));
}

/* Where the kernel prints events, it says of which arena they are. */
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
	KUNIT_CASE(uncached_pairs_are_seen),
	KUNIT_CASE(caller_is_the_client),
	KUNIT_CASE(cached_pairs_are_seen),
	KUNIT_CASE(arena_made_meanwhile_is_seen),
	KUNIT_CASE(switching_disturbs_nobody),
	KUNIT_CASE(imports_and_releases_are_seen),
	KUNIT_CASE(failures_have_a_reason),
	KUNIT_CASE(waits_are_seen),
	KUNIT_CASE(reaps_are_seen),
	KUNIT_CASE(waiter_has_caches_drained),
	KUNIT_CASE(rescales_are_seen),
	KUNIT_CASE(misuse_is_seen),
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
