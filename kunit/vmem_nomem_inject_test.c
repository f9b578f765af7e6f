// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection in vmem, by mtbf and by fail_vmem. The tests repeat each
 * call, for cached and uncached sizes, and each time another fault point of the
 * call fails. Requests that must not fail succeed.
 */
#include "vmem_test_nomem.h"

enum kind { PLAIN, CACHED, CLIENT, CACHED_CLIENT, SINGLE };
enum how { ALLOC, XALLOC, ADD };

/**
 * struct request - a call, and the number of its fault points
 * @name: name of this KUnit parameter
 * @kind: kind of arena
 * @how: the function that is called
 * @size: size of the request or span
 * @vmflag: flags of the call
 * @faults: number of fault points that can make the call fail
 */
struct request {
	const char *name;
	enum kind kind;
	enum how how;
	size_t size;
	int vmflag;
	unsigned int faults;
};

static const struct request requests[] = {
	{ "instant fit", PLAIN, ALLOC, 5, VM_NOSLEEP, 1 },
	{ "best fit", PLAIN, ALLOC, 5, VM_NOSLEEP | VM_BESTFIT, 1 },
	{ "first fit", PLAIN, ALLOC, 5, VM_NOSLEEP | VM_FIRSTFIT, 1 },
	{ "next fit", PLAIN, ALLOC, 5, VM_NOSLEEP | VM_NEXTFIT, 1 },
	{ "endalloc", PLAIN, ALLOC, 5, VM_NOSLEEP | VM_ENDALLOC, 1 },
	{ "pushpage", PLAIN, ALLOC, 5, VM_NOSLEEP | VM_PUSHPAGE, 1 },
	{ "abort", PLAIN, ALLOC, 5, VM_NOSLEEP | VM_ABORT, 1 },
	{ "xalloc", PLAIN, XALLOC, 5, VM_NOSLEEP, 1 },
	{ "xalloc best fit", PLAIN, XALLOC, 5, VM_NOSLEEP | VM_BESTFIT, 1 },
	{ "cached", CACHED, ALLOC, 5, VM_NOSLEEP, 1 },
	{ "cached, next fit", CACHED, ALLOC, 5, VM_NOSLEEP | VM_NEXTFIT, 1 },
	{ "cached, no space for a slab", SINGLE, ALLOC, 5, VM_NOSLEEP, 1 },
	{ "above the cached sizes", CACHED, ALLOC, 9, VM_NOSLEEP, 1 },
	{ "cached size, xalloc", CACHED, XALLOC, 5, VM_NOSLEEP, 1 },
	{ "client", CLIENT, ALLOC, 5, VM_NOSLEEP, 2 },
	{ "client, xalloc", CLIENT, XALLOC, 5, VM_NOSLEEP, 2 },
	/* If the slab import fails, a single object serves the request. */
	{ "cached client", CACHED_CLIENT, ALLOC, 5, VM_NOSLEEP, 1 },
	{ "sleep", PLAIN, ALLOC, 5, VM_SLEEP, 0 },
	{ "sleep abort", PLAIN, ALLOC, 5, VM_SLEEP | VM_ABORT, 0 },
	{ "sleep xalloc", PLAIN, XALLOC, 5, VM_SLEEP, 0 },
	{ "sleep cached", CACHED, ALLOC, 5, VM_SLEEP, 0 },
	{ "sleep client", CLIENT, ALLOC, 5, VM_SLEEP, 0 },
	{ "sleep cached client", CACHED_CLIENT, ALLOC, 5, VM_SLEEP, 0 },
	{ "panic", PLAIN, ALLOC, 5, VM_NOSLEEP | VM_PANIC, 0 },
	{ "panic cached", CACHED, ALLOC, 5, VM_NOSLEEP | VM_PANIC, 0 },
	{ "add", PLAIN, ADD, 5, VM_NOSLEEP, 0 },
};

static void describe_request(const struct request *r, char *desc)
{
	strscpy(desc, r->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(request, requests, describe_request);

static void arrange(struct kunit *test, struct vn *w)
{
	const struct request *r = w->arg;

	switch (r->kind) {
	case PLAIN:
		w->vm = vt_ids(test, 10000);
		break;
	case CACHED:
		w->vm = vq_ids(test, 10000, 8);
		break;
	case SINGLE:
		w->vm = vq_ids(test, 10, 8);
		break;
	case CLIENT:
		w->vm = vq_client(test, vt_ids(test, 10000), 0);
		break;
	case CACHED_CLIENT:
		w->vm = vq_client(test, vt_ids(test, 10000), 8);
		break;
	}
}

static bool call(struct vn *w)
{
	const struct request *r = w->arg;
	void *addr = NULL;

	switch (r->how) {
	case ALLOC:
		addr = vmem_alloc(w->vm, r->size, r->vmflag);
		break;
	case XALLOC:
		addr = vmem_xalloc(w->vm, r->size, 16, 8, 0, NULL, NULL,
				   r->vmflag);
		break;
	case ADD:
		addr = vmem_add(w->vm, (void *)20000, r->size, r->vmflag);
		break;
	}
	w->addr = (unsigned long)addr;
	return addr;
}

/* [25] vmem_free() and vmem_xfree() never fail. */
static void undo(struct vn *w)
{
	const struct request *r = w->arg;

	if (r->how == ALLOC)
		vt_free(w->vm, w->addr, r->size);
	else if (r->how == XALLOC)
		vt_xfree(w->vm, w->addr, r->size);
}

/*
 * [23] The call fails if one of its fault points fails, and for no other
 * reason.
 */
static void fail_vmem_fails_each(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
	static const char * const dir = "cd " VT_DEBUGFS "fail_vmem && ";
	const struct request *r = test->param_value;
	struct vn w = {
		.arrange = arrange,
		.call = call,
		.undo = undo,
		.fails = 1,
		.injected = true,
		.arg = r,
	};

	if (!vn_ready)
		kunit_skip(test, "no failslab, or no shell to set it up");
	if (vt_shell(dir, "echo 0 >verbose && echo -1 >times") ||
	    vt_shell(dir, "echo Y >task-filter && echo 100 >probability"))
		kunit_skip(test, "no fail_vmem, or no shell to set it up");
	vn_fail_each(test, &w);
	KUNIT_EXPECT_EQ(test, vt_shell(dir, "echo 0 >probability"), 0);
	KUNIT_EXPECT_EQ(test, vt_shell(dir, "echo N >task-filter"), 0);
	/*
	 * One failure for each fault point, and one failure when all of them
	 * fail.
	 */
	KUNIT_EXPECT_EQ(test, w.failed, r->faults ? r->faults + 1 : 0);
#else
	kunit_skip(test, "the kernel has no fault injection in debugfs");
#endif
}

/*
 * [23] With an mtbf of 1, a call that reaches a fault point of the arena fails,
 * and changes nothing except fail_injected.
 */
static void mtbf_fails_each(struct kunit *test)
{
	const struct request *r = test->param_value;
	struct vn w = { .test = test, .arg = r };
	struct vt *vt = test->priv;
	struct vt_state before, after;
	unsigned int i;

	arrange(test, &w);
	vt_state_take(test, w.vm, &before);
	WRITE_ONCE(w.vm->mtbf, 1);
	KUNIT_EXPECT_EQ(test, call(&w), !r->faults);
	if (r->faults) {
		vt_state_take(test, w.vm, &after);
		KUNIT_EXPECT_EQ(test, after.stats.fail_injected, 1ULL);
		after.stats.fail_injected = 0;
		vt_state_same(test, &before, &after);
		vt_state_drop(&after);
		WRITE_ONCE(w.vm->mtbf, 0);
		KUNIT_EXPECT_TRUE(test, call(&w));
		WRITE_ONCE(w.vm->mtbf, 1);
	}
	undo(&w);
	/* A request that a slab or a magazine serves has no fault point. */
	for (i = 0; i < 3 && w.vm->qcaches && r->kind != SINGLE &&
	     r->how == ALLOC && r->size <= 8; i++) {
		KUNIT_EXPECT_TRUE(test, call(&w));
		undo(&w);
	}
	KUNIT_EXPECT_EQ(test, vt_stats(w.vm).fail_injected, (u64)!!r->faults);
	KUNIT_EXPECT_EQ(test, vt_stats(w.vm).fail, 0ULL);
	vt_state_drop(&before);

	/*
	 * If the source has an mtbf of 1, the import fails, and therefore the
	 * request fails.
	 */
	if (vt->n == 2) {
		vmem_t *src = vt->arenas[0];

		WRITE_ONCE(w.vm->mtbf, 0);
		vmem_destroy(w.vm);
		vt_untrack(test, w.vm);
		w.vm = NULL;
		KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
		w.vm = vq_client(test, src, r->kind == CLIENT ? 0 : 8);
		WRITE_ONCE(src->mtbf, 1);
		KUNIT_EXPECT_EQ(test, call(&w), !r->faults);
		KUNIT_EXPECT_EQ(test, vt_stats(w.vm).fail, (u64)!!r->faults);
		KUNIT_EXPECT_EQ(test, vt_stats(w.vm).fail_injected, 0ULL);
		WRITE_ONCE(src->mtbf, 0);
		if (w.addr)
			undo(&w);
	}
}

static struct kunit_case vmem_nomem_inject_cases[] = {
	KUNIT_CASE_PARAM(fail_vmem_fails_each, request_gen_params),
	KUNIT_CASE_PARAM(mtbf_fails_each, request_gen_params),
	{}
};

static struct kunit_suite vmem_nomem_inject_suite = {
	.name = "vmem_nomem_inject",
	.suite_init = vn_suite_init,
	.suite_exit = vn_suite_exit,
	.init = vq_init,	/* mtbf needs no failslab */
	.exit = vn_exit,
	.test_cases = vmem_nomem_inject_cases,
};

kunit_test_suite(vmem_nomem_inject_suite);

MODULE_DESCRIPTION("KUnit: fault injection in every call of vmem");
MODULE_LICENSE("GPL");
