// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that must import, while memory allocations fail and the segment pool
 * of every arena on the source path is exhausted.
 */
#include "vmem_test_nomem.h"

/**
 * struct request - a request that must import
 * @name: name of this KUnit parameter
 * @levels: number of arenas below the root
 * @aligned: vmem_xalloc() makes the request, with an alignment; otherwise
 *	vmem_alloc() makes the request
 * @vmflag: flags of the request
 * @fails: the request may fail for lack of memory
 */
struct request {
	const char *name;
	unsigned int levels;
	bool aligned;
	int vmflag;
	bool fails;
};

static const struct request requests[] = {
	{ "one level", 1, false, VM_NOSLEEP, true },
	{ "pushpage", 1, false, VM_NOSLEEP | VM_PUSHPAGE, true },
	{ "aligned", 1, true, VM_NOSLEEP, true },
	{ "two levels", 2, false, VM_NOSLEEP, true },
	{ "two levels, aligned", 2, true, VM_NOSLEEP | VM_ENDALLOC, true },
	{ "sleep", 1, false, VM_SLEEP, false },
	{ "sleep, aligned", 2, true, VM_SLEEP, false },
};

static void describe_request(const struct request *r, char *desc)
{
	strscpy(desc, r->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(request, requests, describe_request);

/*
 * Size of the requests: larger than the first span of a client, so they import.
 */
#define LARGE	3000

static vmem_t *exhausted_client(struct kunit *test, vmem_t *source,
				unsigned long own)
{
	vmem_t *vm = vt_track(test, vmem_create("client", (void *)own, 2000, 1,
						vmem_alloc, vmem_free, source, 0,
						VM_SLEEP | VMC_IDENTIFIER));

	vn_exhaust_pool(test, vm, own);
	return vm;
}

static void arrange_tree(struct kunit *test, struct vn *w)
{
	const struct request *r = w->arg;
	unsigned int i;

	w->vm = vt_ids(test, 50000);
	vn_exhaust_pool(test, w->vm, 4000);
	for (i = 1; i <= r->levels; i++)
		w->vm = exhausted_client(test, w->vm, 100000 * i);
}

static bool call_request(struct vn *w)
{
	const struct request *r = w->arg;

	if (r->aligned)
		w->addr = (unsigned long)vmem_xalloc(w->vm, LARGE, 1024, 512, 0,
						     NULL, NULL, r->vmflag);
	else
		w->addr = vt_alloc(w->vm, LARGE, r->vmflag);
	return w->addr;
}

/*
 * [3] The free operation releases the imported span of every arena.
 * vn_run_once() checks the arenas.
 */
static void undo_request(struct vn *w)
{
	const struct request *r = w->arg;

	KUNIT_EXPECT_GE(w->test, vt_stats(w->vm).mem_import, (u64)LARGE);
	if (r->aligned)
		vt_xfree(w->vm, w->addr, LARGE);
	else
		vt_free(w->vm, w->addr, LARGE);
	KUNIT_EXPECT_EQ(w->test, vt_stats(w->vm).mem_import, 0ULL);
}

/*
 * [35] If memory is missing at any level, the request fails and leaves all
 * arenas unchanged.
 */
static void import_without_memory(struct kunit *test)
{
	const struct request *r = test->param_value;
	struct vn w = {
		.arrange = arrange_tree,
		.call = call_request,
		.undo = undo_request,
		.fails = 1,
		.arg = r,
	};

	if (r->fails)
		vn_may_fail(test, &w);
	else
		vn_never_fails(test, &w);
}

/**
 * struct function - a kind of import function
 * @name: name of this KUnit parameter
 * @vmflag: creation flags
 * @raise: size of the imported range minus the requested size
 * @release: the arena has a release function
 */
struct function {
	const char *name;
	int vmflag;
	long raise;
	bool release;
};

static const struct function functions[] = {
	{ "exact", 0, 0, true },
	{ "raised", 0, 1024, true },
	{ "raised and kept", 0, 1024, false },
	{ "aligned by itself", VMC_XALIGN, 0, true },
};

static void describe_function(const struct function *f, char *desc)
{
	strscpy(desc, f->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(function, functions, describe_function);

/* An import function that allocates memory itself. */
static void *import_with_kmalloc(vmem_t *src, size_t *size, size_t align,
				 int vmflag)
{
	void *p = kmalloc(40, GFP_NOWAIT | __GFP_NOWARN), *addr;

	if (!p)
		return NULL;
	addr = vt_ximport(src, size, align, vmflag);
	kfree(p);
	return addr;
}

static void arrange_function(struct kunit *test, struct vn *w)
{
	const struct function *f = w->arg;
	vmem_t *label = vt_label(test, 1);

	memset(&vt_imp, 0, sizeof(vt_imp));
	vt_imp.next = 65536;
	vt_imp.raise = f->raise;
	w->vm = vt_track(test, vmem_xcreate("client", (void *)100000, 2000, 1,
					    import_with_kmalloc,
					    f->release ? vt_release : NULL,
					    label, 0, VM_SLEEP | f->vmflag));
	vn_exhaust_pool(test, w->vm, 100000);
}

/* [21] If the request fails, each imported range has been released again. */
static bool call_function(struct vn *w)
{
	w->addr = (unsigned long)vmem_xalloc(w->vm, LARGE, 4096, 0, 0, NULL,
					     NULL, VM_NOSLEEP);
	if (!w->addr)
		KUNIT_EXPECT_EQ(w->test, vt_imp.imports, vt_imp.releases);
	else
		KUNIT_EXPECT_EQ(w->test, vt_imp.imports, 1U);
	return w->addr;
}

static void undo_function(struct vn *w)
{
	const struct function *f = w->arg;

	vt_xfree(w->vm, w->addr, LARGE);
	KUNIT_EXPECT_EQ(w->test, vt_imp.releases, (unsigned int)f->release);
}

/*
 * [35] With any kind of import function, a request that fails for lack of
 * memory leaves the arenas unchanged.
 */
static void import_function_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_function,
		.call = call_function,
		.undo = undo_function,
		.fails = 1,
		.arg = test->param_value,
	};

	vn_may_fail(test, &w);
}

/*
 * [35] VM_PUSHPAGE requests to a populator arena that imports from another
 * populator arena need no memory.
 */
static void populators_import_without_memory(struct kunit *test)
{
	vmem_t *heap = vt_track(test, vmem_create("heap", (void *)1, 50000, 1,
						  NULL, NULL, NULL, 0, VM_SLEEP |
						  VMC_IDENTIFIER |
						  VMC_POPULATOR));
	vmem_t *vm = vt_track(test, vmem_create("client", NULL, 0, 1,
						vmem_alloc, vmem_free, heap, 0,
						VM_SLEEP | VMC_IDENTIFIER |
						VMC_POPULATOR));
	unsigned int i, bad = 0;

	for (i = 0; i < 1000; i++) {
		int vmflag = VM_PUSHPAGE | (i % 2 ? VM_SLEEP : VM_NOSLEEP);
		unsigned long a, b;

		vn_arm(VN_ALL);
		a = vt_alloc(vm, 100, vmflag);
		b = vt_alloc(vm, 50, vmflag);
		bad += !a + !b;
		if (a)
			vt_free(vm, a, 100);
		if (b)
			vt_free(vm, b, 50);
		vn_disarm(VN_ALL);
	}
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, vt_stats(vm).release);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 2000ULL);
	VT_EXPECT_WALK(test, heap, VMEM_ALLOC | VMEM_FREE, { 1, 50000 });
}

static struct kunit_case vmem_nomem_import_cases[] = {
	KUNIT_CASE_PARAM(import_without_memory, request_gen_params),
	KUNIT_CASE_PARAM(import_function_without_memory, function_gen_params),
	KUNIT_CASE(populators_import_without_memory),
	{}
};

static struct kunit_suite vmem_nomem_import_suite = {
	.name = "vmem_nomem_import",
	.suite_init = vn_suite_init,
	.suite_exit = vn_suite_exit,
	.init = vn_init,
	.exit = vn_exit,
	.test_cases = vmem_nomem_import_cases,
};

kunit_test_suite(vmem_nomem_import_suite);

MODULE_DESCRIPTION("KUnit: vmem imports without memory");
MODULE_LICENSE("GPL");
