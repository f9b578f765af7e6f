// SPDX-License-Identifier: GPL-2.0
/*
 * Without memory: requests that import, where every arena on the way has used up
 * its structures.
 */
#include "vmem_test_nomem.h"

/**
 * struct request - a request that must import
 * @name: for people
 * @levels: arenas between the requests and the top
 * @aligned: by vmem_xalloc()
 * @vmflag: its flags
 * @fails: it may fail for want of memory
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

/* More than a client's own span, which is there to be used up. */
#define SIZE	3000

static vmem_t *client_of(struct kunit *test, vmem_t *source, unsigned long own)
{
	vmem_t *vm = vt_adopt(test, vmem_create("client", (void *)own, 2000, 1,
						vmem_alloc, vmem_free, source, 0,
						VM_SLEEP | VMC_IDENTIFIER));

	vn_use_up(test, vm, own);
	return vm;
}

static void arrange_tree(struct kunit *test, struct vn *w)
{
	const struct request *r = w->arg;
	unsigned int i;

	w->vm = vt_ids(test, 50000);
	vn_use_up(test, w->vm, 4000);
	for (i = 1; i <= r->levels; i++)
		w->vm = client_of(test, w->vm, 100000 * i);
}

static bool call_request(struct vn *w)
{
	const struct request *r = w->arg;

	if (r->aligned)
		w->addr = (unsigned long)vmem_xalloc(w->vm, SIZE, 1024, 512, 0,
						     NULL, NULL, r->vmflag);
	else
		w->addr = vt_alloc(w->vm, SIZE, r->vmflag);
	return w->addr;
}

/* [3] It all goes home, to the top; vn_once() looks whether it came there. */
static void undo_request(struct vn *w)
{
	const struct request *r = w->arg;

	KUNIT_EXPECT_GE(w->test, vt_stats(w->vm).mem_import, (u64)SIZE);
	if (r->aligned)
		vt_xfree(w->vm, w->addr, SIZE);
	else
		vt_free(w->vm, w->addr, SIZE);
	KUNIT_EXPECT_EQ(w->test, vt_stats(w->vm).mem_import, 0ULL);
}

/* [35] What fails anywhere on the way leaves all arenas as they were. */
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
 * struct function - an import function of the test's own
 * @name: for people
 * @vmflag: creation flags
 * @raise: how much more than asked for it gets
 * @release: there is a release function
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

/* An import function that needs memory itself. */
static void *import_by_memory(vmem_t *src, size_t *size, size_t align,
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
	w->vm = vt_adopt(test, vmem_xcreate("client", (void *)100000, 2000, 1,
					    import_by_memory,
					    f->release ? vt_release : NULL,
					    label, 0, VM_SLEEP | f->vmflag));
	vn_use_up(test, w->vm, 100000);
}

/* [21] A range that cannot be let in is not asked for, or goes back. */
static bool call_function(struct vn *w)
{
	w->addr = (unsigned long)vmem_xalloc(w->vm, SIZE, 4096, 0, 0, NULL,
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

	vt_xfree(w->vm, w->addr, SIZE);
	KUNIT_EXPECT_EQ(w->test, vt_imp.releases, (unsigned int)f->release);
}

/* [35] The same with import functions that may do as they like. */
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

/* [35] Two populators, one above the other, go on without any memory. */
static void populators_import_for_ever(struct kunit *test)
{
	vmem_t *heap = vt_adopt(test, vmem_create("heap", (void *)1, 50000, 1,
						  NULL, NULL, NULL, 0, VM_SLEEP |
						  VMC_IDENTIFIER |
						  VMC_POPULATOR));
	vmem_t *vm = vt_adopt(test, vmem_create("client", NULL, 0, 1,
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
	KUNIT_CASE(populators_import_for_ever),
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
