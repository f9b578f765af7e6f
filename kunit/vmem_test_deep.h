/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Source paths, and requests that wait in them. A source path is a chain of
 * arenas, in which each arena except the root imports from the arena above it
 * with vmem_alloc(). The suites vmem_live_deep, vmem_live_waiters and
 * vmem_live_module include this header. The header uses only the public
 * interface and debugfs.
 *
 * A suite sets .suite_init = vd_suite_init, .suite_exit = vd_suite_exit, .init
 * = vt_init and .exit = vd_exit. Maintenance runs only when a test calls
 * vmem_update(). A test must free all its allocations. vd_exit() cannot free
 * them, because in an arena with quantum caches an allocated segment may be a
 * slab.
 */
#ifndef VMEM_TEST_DEEP_H
#define VMEM_TEST_DEEP_H

#include "vmem_test_file.h"
#include "vmem_test_thread.h"

#define VD_DEPTH	100	/* arenas below the root, at most */
#define VD_CACHED	4	/* qcache_max of arenas with caches */
#define VD_SLAB		64	/* size of a slab if qcache_max is VD_CACHED */

static char vd_interval[16];

static inline int vd_suite_init(struct kunit_suite *suite)
{
	if (vt_param("interval", "3600", vd_interval, sizeof(vd_interval)))
		vd_interval[0] = '\0';
	/* The longer interval delays the next periodic round: run one. */
	vmem_update(NULL);
	return 0;
}

static inline void vd_suite_exit(struct kunit_suite *suite)
{
	if (vd_interval[0])
		vt_param("interval", vd_interval, NULL, 0);
}

static inline unsigned int vd_limit(struct kunit *test)
{
	return test->status == KUNIT_FAILURE ? 1000 : VT_LIMIT_MS / 2;
}

/*
 * Poll until @cond holds. Returns false after half the time limit of vt_join(),
 * so that a test which detects a hang can still free its allocations. In a test
 * that has already failed, returns false after a second.
 */
#define vd_poll(test, cond)						\
({									\
	unsigned int __ms = 0;						\
	bool __so;							\
									\
	while (!(__so = (cond)) && __ms < vd_limit(test)) {		\
		msleep(20);						\
		__ms += 20;						\
	}								\
	__so;								\
})

/* [33] The statistics agree with the segments that a walk visits. */
static inline bool vd_stats_agree(vmem_t *vm)
{
	struct vt_walk used = { };
	struct vmem_stats s;

	vmem_walk(vm, VMEM_ALLOC, vt_walk_add, &used);
	s = vt_stats(vm);
	return s.mem_inuse == used.sum && s.alloc - s.free == used.n &&
	       !s.waiters;
}

/*
 * Poll until the statistics agree with a walk: work items may still be
 * releasing spans.
 */
static inline void vd_check(struct kunit *test, vmem_t *vm)
{
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	if (!vd_poll(test, vd_stats_agree(vm)))
		KUNIT_FAIL(test, "the statistics differ from a walk");
}

/* Verify all arenas, then destroy them, starting with the youngest. */
static inline void vd_exit(struct kunit *test)
{
	struct vt *vt = test->priv;
	unsigned int i;

	if (!vt || vt->stuck)
		return;
	for (i = 0; i < vt->n; i++)
		vd_check(test, vt->arenas[i]);
	while (vt->n) {
		vmem_t *vm = vt->arenas[--vt->n];

		vd_check(test, vm);
		vmem_destroy(vm);
	}
}

/* Verify and destroy the arena now. */
static inline void vd_close(struct kunit *test, vmem_t *vm)
{
	vt_untrack(test, vm);
	vd_check(test, vm);
	vmem_destroy(vm);
}

static inline bool vd_stuck(struct kunit *test)
{
	return ((struct vt *)test->priv)->stuck;
}

/*
 * Arena of the integers 1 to @n, or without a span if @n is 0. Sizes up to and
 * including @qcache_max are cached.
 */
static inline vmem_t *vd_ids(struct kunit *test, const char *name, size_t n,
			     size_t qcache_max)
{
	return vt_track(test, vmem_create(name, n ? (void *)1 : NULL, n, 1,
					  NULL, NULL, NULL, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

static inline vmem_t *vd_client(struct kunit *test, const char *name,
				vmem_t *source, size_t qcache_max)
{
	return vt_track(test, vmem_create(name, NULL, 0, 1, vmem_alloc,
					  vmem_free, source, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/*
 * An arena that is not in the tree of any other arena. Its caches hold a slab
 * without allocated objects.
 */
static inline vmem_t *vd_unrelated_arena(struct kunit *test)
{
	vmem_t *vm = vd_ids(test, "bystander", 10 * VD_SLAB, VD_CACHED);

	vt_free(vm, vt_alloc(vm, 1, VM_SLEEP), 1);
	return vm;
}

/**
 * struct vd_shape - form of a source path
 * @name: name of this KUnit parameter
 * @depth: number of arenas below the root
 * @every: each @every-th arena, counted from the leaf, has caches; 0 if no
 *	arena has caches
 */
struct vd_shape {
	const char *name;
	unsigned int depth;
	unsigned int every;
};

static const struct vd_shape __maybe_unused vd_shapes[] = {
	{ "1 deep, cached", 1, 1 },
	{ "7 deep, cached", 7, 1 },
	{ "8 deep, cached", 8, 1 },
	{ "12 deep", 12, 0 },
	{ "12 deep, cached", 12, 1 },
	{ "12 deep, every third cached", 12, 3 },
	{ "12 deep, leaf cached", 12, VD_DEPTH + 1 },
	{ "100 deep", 100, 0 },
	{ "100 deep, cached", 100, 1 },
	{ "100 deep, leaf cached", 100, VD_DEPTH + 1 },
};

static inline void vd_describe_shape(const struct vd_shape *s, char *desc)
{
	strscpy(desc, s->name, KUNIT_PARAM_DESC_SIZE);
}

/**
 * struct vd_path - a source path
 * @vm: the arenas of the path, from the root to the leaf
 * @leaf: the last arena in @vm
 * @n: number of arenas in @vm
 */
struct vd_path {
	vmem_t *vm[VD_DEPTH + 1];
	vmem_t *leaf;
	unsigned int n;
};

static inline size_t vd_qcache_max(const struct vd_shape *s, unsigned int level)
{
	if (!s->every || (s->depth - level) % s->every)
		return 0;
	return VD_CACHED;
}

/* Create a source path below the existing arena @root. */
static inline struct vd_path *vd_path_below(struct kunit *test, vmem_t *root,
					    const struct vd_shape *s)
{
	struct vd_path *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->vm[0] = root;
	for (c->n = 1; c->n <= s->depth; c->n++)
		c->vm[c->n] = vd_client(test, "level", c->vm[c->n - 1],
					vd_qcache_max(s, c->n));
	c->leaf = c->vm[s->depth];
	return c;
}

/* Create a source path whose root has the integers 1 to @size. */
static inline struct vd_path *vd_path(struct kunit *test,
				      const struct vd_shape *s, size_t size)
{
	return vd_path_below(test, vd_ids(test, "root", size,
					  vd_qcache_max(s, 0)), s);
}

/* Number of integers in the slabs of a source path with one slab per arena. */
static inline size_t vd_slabs_size(const struct vd_shape *s)
{
	return (size_t)VD_SLAB * (s->depth + 1);
}

/* Allocate with vmem_xalloc(), which bypasses the caches. */
static inline unsigned long vd_xalloc(vmem_t *vm, size_t size, int vmflag)
{
	return (unsigned long)vmem_xalloc(vm, size, 0, 0, 0, NULL, NULL,
					  vmflag);
}

/*
 * [38] Repeat the request with VM_NOSLEEP until it succeeds. Each attempt that
 * fails requests reclaim.
 */
static inline unsigned long vd_alloc_nosleep(struct kunit *test, vmem_t *vm,
					     size_t size)
{
	unsigned long addr = 0;
	unsigned int ms;

	for (ms = 0; !addr && ms < vd_limit(test); ms += 20) {
		if (ms)
			msleep(20);
		addr = vd_xalloc(vm, size, VM_NOSLEEP);
	}
	if (!addr)
		KUNIT_FAIL(test, "no allocation of size %zu", size);
	return addr;
}

/* Poll until exactly @n requests wait in this arena. */
static inline void vd_wait_waiters(struct kunit *test, vmem_t *vm, u64 n)
{
	if (!vd_poll(test, vt_stats(vm).waiters == n))
		KUNIT_FAIL(test, "%llu requests wait, expected %llu",
			   vt_stats(vm).waiters, n);
}

/* Poll until requests have slept at least @n times in this arena. */
static inline void vd_wait_asleep(struct kunit *test, vmem_t *vm, u64 n)
{
	if (!vd_poll(test, vt_stats(vm).wait >= n))
		KUNIT_FAIL(test, "requests slept %llu times, expected at least %llu",
			   vt_stats(vm).wait, n);
}

/*
 * Wait until the number of sleeps of requests in this arena is stable, and
 * return it. While reclaim runs, waiters may wake and sleep again.
 */
static inline u64 vd_stable_waits(vmem_t *vm)
{
	u64 before, now = vt_stats(vm).wait;
	unsigned int i = 0;

	do {
		before = now;
		msleep(500);
		now = vt_stats(vm).wait;
	} while (now != before && i++ < 20);
	return now;
}

static inline bool vd_served(struct kunit *test, struct vt_thread *t)
{
	return vd_poll(test, completion_done(&t->done));
}

/*
 * Expect that the request is served without maintenance. Otherwise the test
 * fails, and a round of maintenance makes the request retry, so that later
 * tests can run.
 */
static inline unsigned long vd_join(struct kunit *test, struct vt_thread *t,
				    unsigned int *errors)
{
	if (!vd_served(test, t)) {
		KUNIT_FAIL(test, "a request is not served");
		vmem_update(NULL);
	}
	return vt_join(test, t, errors);
}

/* Expect that a thread's request for all integers of an arena is served. */
static inline void vd_join_whole(struct kunit *test, struct vt_thread *t)
{
	vmem_t *vm = t->vm;
	size_t size = t->size;
	unsigned long addr = vd_join(test, t, NULL);

	if (!addr)
		return;
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	vt_free(vm, addr, size);
}

static inline void vd_alloc_whole(struct kunit *test, vmem_t *vm, size_t size)
{
	vd_join_whole(test, vt_request(test, vm, size, VM_SLEEP));
}

/*
 * Returns the id of an arena. The statistics of an arena contain the id of its
 * source, so create an arena whose source is @vm.
 */
static inline unsigned int vd_id(struct kunit *test, vmem_t *vm)
{
	vmem_t *label = vmem_create("label", NULL, 0, 1, NULL, NULL, vm, 0,
				    VM_SLEEP);
	unsigned int id;

	KUNIT_ASSERT_NOT_NULL(test, label);
	id = vt_stats(label).vmem_source;
	vmem_destroy(label);
	return id;
}

/**
 * struct vd_waiter - a line of the debugfs file "waiters"
 * @pid: pid of the waiting task
 * @size: size of the request
 * @flags: flags of the request
 * @state: state of the request
 * @ms: number of milliseconds that the request has waited
 * @comm: name of the task
 */
struct vd_waiter {
	int pid;
	unsigned long size;
	unsigned int flags;
	char state[16];
	unsigned long long ms;
	char comm[32];
};

/*
 * Read the file "waiters" of an arena. Stores at most @max waiters and returns
 * the number of waiters in the file, or UINT_MAX if the file cannot be opened.
 */
static inline unsigned int vd_waiters(struct kunit *test, unsigned int id,
				      const char *name, struct vd_waiter *w,
				      unsigned int max)
{
	char path[64], *text, *at, *line;
	unsigned int n = 0;

	snprintf(path, sizeof(path), "%u-%s/waiters", id, name);
	text = vt_debugfs(test, path, 65536);
	if (!text)
		return UINT_MAX;
	at = text;
	line = strsep(&at, "\n");
	KUNIT_EXPECT_STREQ(test, line, "pid size flags state ms comm");
	while ((line = strsep(&at, "\n")) && *line) {
		struct vd_waiter x = { };
		int fields = sscanf(line, "%d %lu 0x%x %15s %llu %31[^\n]",
				    &x.pid, &x.size, &x.flags, x.state, &x.ms,
				    x.comm);

		KUNIT_EXPECT_EQ_MSG(test, fields, 6, "\"%s\"", line);
		if (n++ < max)
			*w++ = x;
	}
	kvfree(text);
	return n;
}

#endif /* VMEM_TEST_DEEP_H */
