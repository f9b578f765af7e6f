// SPDX-License-Identifier: GPL-2.0
/* Creation and destruction of arenas while memory allocations fail. */
#include <linux/percpu.h>
#include <linux/tracepoint.h>
#include <trace/events/percpu.h>

#include "vmem_test_nomem.h"

enum maker { CREATE, XCREATE, INIT };

/**
 * struct kind - a kind of creation
 * @name: name of this KUnit parameter
 * @maker: the function that creates the arena
 * @span: size of the initial span, or 0 if there is none
 * @qcache_max: argument of @maker
 * @vmflag: argument of @maker
 * @fails: the creation may fail for lack of memory
 */
struct kind {
	const char *name;
	enum maker maker;
	size_t span;
	size_t qcache_max;
	int vmflag;
	bool fails;
};

static const struct kind kinds[] = {
	{ "nosleep", CREATE, 0, 0, VM_NOSLEEP, true },
	{ "nosleep, with a span", CREATE, 10000, 0, VM_NOSLEEP, true },
	{ "nosleep, populator", CREATE, 10000, 0, VM_NOSLEEP | VMC_POPULATOR,
	  true },
	{ "nosleep, no caches", CREATE, 10000, 16,
	  VM_NOSLEEP | VMC_NO_QCACHE, true },
	{ "nosleep, pushpage", CREATE, 10000, 0, VM_NOSLEEP | VM_PUSHPAGE,
	  true },
	{ "xcreate, nosleep", XCREATE, 10000, 0, VM_NOSLEEP | VMC_XALIGN,
	  true },
	{ "sleep", CREATE, 0, 0, VM_SLEEP, false },
	{ "sleep, with a span", CREATE, 10000, 0, VM_SLEEP, false },
	{ "sleep, populator", CREATE, 10000, 0, VM_SLEEP | VMC_POPULATOR,
	  false },
	{ "sleep, pushpage", CREATE, 10000, 0, VM_SLEEP | VM_PUSHPAGE, false },
	{ "xcreate, sleep", XCREATE, 10000, 0, VM_SLEEP, false },
	{ "init", INIT, 10000, 0, VM_SLEEP, false },
	/*
	 * Per-CPU memory and large tables are allocated without __GFP_NOFAIL,
	 * so even a VM_SLEEP creation may fail.
	 */
	{ "one cache", CREATE, 10000, 1, VM_SLEEP, true },
	{ "xcreate, one cache", XCREATE, 10000, 1, VM_SLEEP, true },
};

static void describe_kind(const struct kind *k, char *desc)
{
	strscpy(desc, k->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, describe_kind);

static void *no_import(vmem_t *src, size_t size, int vmflag)
{
	return NULL;
}

static void *no_ximport(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	return NULL;
}

static vmem_t *created;

static void arrange_source(struct kunit *test, struct vn *w)
{
	created = NULL;
	vt_track(test, vmem_create("source", NULL, 0, 1, NULL, NULL, NULL, 0,
				   VM_SLEEP | VMC_IDENTIFIER));
}

static bool call_create(struct vn *w)
{
	struct vt *vt = w->test->priv;
	const struct kind *k = w->arg;
	void *base = k->span ? (void *)1 : NULL;

	switch (k->maker) {
	case CREATE:
		created = vmem_create("created", base, k->span, 1, no_import,
				      NULL, vt->arenas[0], k->qcache_max,
				      k->vmflag | VMC_IDENTIFIER);
		break;
	case XCREATE:
		created = vmem_xcreate("created", base, k->span, 1,
				       no_ximport, NULL, vt->arenas[0],
				       k->qcache_max,
				       k->vmflag | VMC_IDENTIFIER);
		break;
	case INIT:
		created = vmem_init("created", base, k->span, 1, NULL, NULL);
		break;
	}
	return created;
}

/* Check, use and destroy the arena while memory allocations fail. */
static void undo_create(struct vn *w)
{
	struct kunit *test = w->test;
	const struct kind *k = w->arg;
	struct vmem_stats s = vt_stats(created);
	unsigned long id;

	KUNIT_EXPECT_EQ(test, s.mem_total, (u64)k->span);
	KUNIT_EXPECT_EQ(test, vmem_verify(created), 0);
	if (k->span) {
		id = vt_alloc(created, 1, VM_SLEEP);
		KUNIT_EXPECT_NE(test, id, 0UL);
		vt_free(created, id, 1);
	}
	vmem_destroy(created);
}

/*
 * [8] A failed creation frees all its memory. A successful creation yields a
 * complete arena.
 */
static void create_without_memory(struct kunit *test)
{
	const struct kind *k = test->param_value;
	struct vn w = {
		.arrange = arrange_source,
		.call = call_create,
		.undo = undo_create,
		.arg = k,
	};

	if (k->fails)
		vn_may_fail(test, &w);
	else
		vn_never_fails(test, &w);
}

/*
 * [9] The table of sixteen caches can be larger than a page. kvzalloc() then
 * falls back to vmalloc(), and the kernel warns when vmalloc() fails.
 */
static void create_with_caches_without_memory(struct kunit *test)
{
	static const struct kind k = {
		"caches", CREATE, 10000, 16, VM_SLEEP, true
	};
	struct vt_window *window = kunit_kzalloc(test, sizeof(*window),
						 GFP_KERNEL);
	struct vn w = {
		.arrange = arrange_source,
		.call = call_create,
		.undo = undo_create,
		.arg = &k,
	};
	bool large = struct_size(w.vm->qcaches, cache, k.qcache_max) > PAGE_SIZE;

	KUNIT_ASSERT_NOT_NULL(test, window);
	if (large)
		vt_window_open(window, "vmem_create", "*");
	vn_may_fail(test, &w);
	if (large)
		vt_window_close(window);
}

#define MAX_PERCPU	20000

static void __percpu **percpu;
static unsigned int nr_percpu;

static void percpu_begin(struct kunit *test)
{
	if (num_possible_cpus() > 1)
		kunit_skip(test, "other CPUs may extend the per-CPU memory");
	percpu = kvcalloc(MAX_PERCPU, sizeof(*percpu), GFP_KERNEL);
	nr_percpu = 0;
	KUNIT_ASSERT_NOT_NULL(test, percpu);
}

static void percpu_end(void)
{
	while (nr_percpu)
		free_percpu(percpu[--nr_percpu]);
	kvfree(percpu);
}

/*
 * Allocate the per-CPU memory of an arena with caches. With GFP_NOWAIT the
 * allocator adds no chunk to the per-CPU memory.
 */
static void __percpu *alloc_percpu_atomic(void)
{
	return __alloc_percpu_gfp(sizeof(struct vmem_cpu),
				  __alignof__(struct vmem_cpu),
				  GFP_NOWAIT | __GFP_NOWARN);
}

/* Use up the per-CPU memory, so that the next creation needs a new chunk. */
static void arrange_no_percpu(struct kunit *test, struct vn *w)
{
	arrange_source(test, w);
	while (nr_percpu < MAX_PERCPU) {
		percpu[nr_percpu] = alloc_percpu_atomic();
		if (!percpu[nr_percpu])
			return;
		nr_percpu++;
	}
	KUNIT_FAIL(test, "per-CPU memory is not used up");
}

/*
 * The task whose per-CPU allocations are counted, and the number of its
 * allocations that are not freed yet.
 */
static struct task_struct *counted_task;
static int outstanding;

static void probe_alloc(void *data, unsigned long call_site, bool reserved,
			bool is_atomic, size_t size, size_t align,
			void *base_addr, int off, void __percpu *ptr,
			size_t bytes_alloc, gfp_t gfp)
{
	if (current == counted_task)
		outstanding++;
}

static void probe_free(void *data, void *base_addr, int off,
		       void __percpu *ptr)
{
	if (current == counted_task)
		outstanding--;
}

static void register_probes(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, "percpu_alloc_percpu"))
		*(int *)found += !tracepoint_probe_register(tp, probe_alloc,
							    NULL);
	if (!strcmp(tp->name, "percpu_free_percpu"))
		*(int *)found += !tracepoint_probe_register(tp, probe_free,
							    NULL);
}

static void unregister_probes(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "percpu_alloc_percpu"))
		tracepoint_probe_unregister(tp, probe_alloc, NULL);
	if (!strcmp(tp->name, "percpu_free_percpu"))
		tracepoint_probe_unregister(tp, probe_free, NULL);
}

static bool call_create_counted(struct vn *w)
{
	bool ok;

	outstanding = 0;
	counted_task = current;
	ok = call_create(w);
	counted_task = NULL;
	KUNIT_EXPECT_EQ(w->test, outstanding, (int)ok);
	return ok;
}

/*
 * [9] Creation fails if it needs a new chunk of per-CPU memory and there is no
 * memory for the chunk.
 */
static void create_without_percpu(struct kunit *test)
{
	static const struct kind k = {
		"caches", CREATE, 10000, 2, VM_SLEEP, true
	};
	struct vt_window *window = kunit_kzalloc(test, sizeof(*window),
						 GFP_KERNEL);
	struct vn w = {
		.arrange = arrange_no_percpu,
		.call = call_create,
		.undo = undo_create,
		.arg = &k,
	};

	KUNIT_ASSERT_NOT_NULL(test, window);
	percpu_begin(test);
	/* The per-CPU allocator prints a warning with a stack. */
	vt_window_open(window, "pcpu_alloc", "*");
	vn_may_fail(test, &w);
	vt_window_close(window);
	percpu_end();
}

/* [8] A failed creation frees its per-CPU memory. */
static void failed_create_keeps_no_percpu(struct kunit *test)
{
	static const struct kind k = {
		"caches", CREATE, 10000, 2, VM_SLEEP, true
	};
	struct vn w = {
		.arrange = arrange_source,
		.call = call_create_counted,
		.undo = undo_create,
		.arg = &k,
	};
	int found = 0;

	check_trace_callback_type_percpu_alloc_percpu(probe_alloc);
	check_trace_callback_type_percpu_free_percpu(probe_free);
	for_each_kernel_tracepoint(register_probes, &found);
	if (found == 2)
		vn_may_fail(test, &w);
	for_each_kernel_tracepoint(unregister_probes, NULL);
	tracepoint_synchronize_unregister();
	if (found != 2)
		kunit_skip(test, "no tracepoints in the per-CPU allocator");
}

static struct kunit_case vmem_nomem_create_cases[] = {
	KUNIT_CASE_PARAM(create_without_memory, kind_gen_params),
	KUNIT_CASE(create_with_caches_without_memory),
	KUNIT_CASE(create_without_percpu),
	KUNIT_CASE(failed_create_keeps_no_percpu),
	{}
};

static struct kunit_suite vmem_nomem_create_suite = {
	.name = "vmem_nomem_create",
	.suite_init = vn_suite_init,
	.suite_exit = vn_suite_exit,
	.init = vn_init,
	.exit = vn_exit,
	.test_cases = vmem_nomem_create_cases,
};

kunit_test_suite(vmem_nomem_create_suite);

MODULE_DESCRIPTION("KUnit: creation of vmem arenas without memory");
MODULE_LICENSE("GPL");
