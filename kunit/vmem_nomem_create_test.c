// SPDX-License-Identifier: GPL-2.0
/*
 * Without memory: arenas that are made and ended.
 */
#include <linux/percpu.h>
#include <linux/tracepoint.h>
#include <trace/events/percpu.h>

#include "vmem_test_nomem.h"

enum maker { CREATE, XCREATE, INIT };

/**
 * struct kind - a way to make an arena
 * @name: for people
 * @maker: the function
 * @span: how many integers it has from the start
 * @qcache_max: as for vmem_create()
 * @vmflag: as for vmem_create()
 * @fails: it may fail for want of memory
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
	/* Per-CPU memory and large tables have no no-fail. */
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

static vmem_t *made;

static void arrange_source(struct kunit *test, struct vn *w)
{
	made = NULL;
	vt_adopt(test, vmem_create("source", NULL, 0, 1, NULL, NULL, NULL, 0,
				   VM_SLEEP | VMC_IDENTIFIER));
}

static bool call_create(struct vn *w)
{
	struct vt *vt = w->test->priv;
	const struct kind *k = w->arg;
	void *base = k->span ? (void *)1 : NULL;

	switch (k->maker) {
	case CREATE:
		made = vmem_create("made", base, k->span, 1, no_import, NULL,
				   vt->arenas[0], k->qcache_max,
				   k->vmflag | VMC_IDENTIFIER);
		break;
	case XCREATE:
		made = vmem_xcreate("made", base, k->span, 1, no_ximport, NULL,
				    vt->arenas[0], k->qcache_max,
				    k->vmflag | VMC_IDENTIFIER);
		break;
	case INIT:
		made = vmem_init("made", base, k->span, 1, NULL, NULL);
		break;
	}
	return made;
}

/* It is what was asked for, then it ends; and all that without memory. */
static void undo_create(struct vn *w)
{
	struct kunit *test = w->test;
	const struct kind *k = w->arg;
	struct vmem_stats s = vt_stats(made);
	unsigned long id;

	KUNIT_EXPECT_EQ(test, s.mem_total, (u64)k->span);
	KUNIT_EXPECT_EQ(test, vmem_verify(made), 0);
	if (k->span) {
		id = vt_alloc(made, 1, VM_SLEEP);
		KUNIT_EXPECT_NE(test, id, 0UL);
		vt_free(made, id, 1);
	}
	vmem_destroy(made);
}

/* [8] What could not be made has left nothing; the rest is what it should be. */
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
 * [9] With sixteen caches the table of them can be large enough to come from
 * vmalloc() when it has to; the kernel says so when that has nothing either.
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

#define PERCPU	20000

static void __percpu **percpu;
static unsigned int npercpu;

static void percpu_init(struct kunit *test)
{
	if (num_possible_cpus() > 1)
		kunit_skip(test, "others make per-CPU memory meanwhile");
	percpu = kvcalloc(PERCPU, sizeof(*percpu), GFP_KERNEL);
	npercpu = 0;
	KUNIT_ASSERT_NOT_NULL(test, percpu);
}

static void percpu_exit(void)
{
	while (npercpu)
		free_percpu(percpu[--npercpu]);
	kvfree(percpu);
}

/* What an arena with caches needs, if it is there. */
static void __percpu *percpu_get(void)
{
	return __alloc_percpu_gfp(sizeof(struct vmem_cpu),
				  __alignof__(struct vmem_cpu),
				  GFP_NOWAIT | __GFP_NOWARN);
}

/* Until there is none for another arena's CPUs, and a chunk must be made. */
static void arrange_no_percpu(struct kunit *test, struct vn *w)
{
	arrange_source(test, w);
	while (npercpu < PERCPU) {
		percpu[npercpu] = percpu_get();
		if (!percpu[npercpu])
			return;
		npercpu++;
	}
	KUNIT_FAIL(test, "per-CPU memory has no end");
}

/* Whose per-CPU allocations are counted, and how many are not freed. */
static struct task_struct *watched;
static int outstanding;

static void probe_alloc(void *data, unsigned long call_site, bool reserved,
			bool is_atomic, size_t size, size_t align,
			void *base_addr, int off, void __percpu *ptr,
			size_t bytes_alloc, gfp_t gfp)
{
	if (current == watched)
		outstanding++;
}

static void probe_free(void *data, void *base_addr, int off,
		       void __percpu *ptr)
{
	if (current == watched)
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

static bool call_create_watched(struct vn *w)
{
	bool ok;

	outstanding = 0;
	watched = current;
	ok = call_create(w);
	watched = NULL;
	KUNIT_EXPECT_EQ(w->test, outstanding, (int)ok);
	return ok;
}

/* [9] Per-CPU memory comes in large pieces: it fails when another is needed. */
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
	percpu_init(test);
	/* It says so with a stack. */
	vt_window_open(window, "pcpu_alloc", "*");
	vn_may_fail(test, &w);
	vt_window_close(window);
	percpu_exit();
}

/* [8] An arena that could not be made gives its per-CPU memory back. */
static void failed_create_keeps_no_percpu(struct kunit *test)
{
	static const struct kind k = {
		"caches", CREATE, 10000, 2, VM_SLEEP, true
	};
	struct vn w = {
		.arrange = arrange_source,
		.call = call_create_watched,
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

MODULE_DESCRIPTION("KUnit: vmem arenas made without memory");
MODULE_LICENSE("GPL");
