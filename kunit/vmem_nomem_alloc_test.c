// SPDX-License-Identifier: GPL-2.0
/*
 * Requests while memory allocations fail and the arena's segment pool is
 * exhausted.
 */
#include <linux/sched/mm.h>

#include "vmem_test_nomem.h"

enum how { ALLOC, ALIGNED, WINDOW, ADD };

/**
 * struct request - a call, and whether it may fail
 * @name: name of this KUnit parameter
 * @how: vmem_alloc(), vmem_xalloc() aligned or with a window, or vmem_add()
 * @vmflag: flags of the call
 * @fails: the call may fail for lack of memory
 */
struct request {
	const char *name;
	enum how how;
	int vmflag;
	bool fails;
};

static const struct request requests[] = {
	{ "instant fit", ALLOC, VM_NOSLEEP, true },
	{ "first fit", ALLOC, VM_NOSLEEP | VM_FIRSTFIT, true },
	{ "next fit", ALLOC, VM_NOSLEEP | VM_NEXTFIT, true },
	{ "endalloc", ALLOC, VM_NOSLEEP | VM_ENDALLOC, true },
	{ "pushpage", ALLOC, VM_NOSLEEP | VM_PUSHPAGE, true },
	{ "nosleep abort", ALLOC, VM_NOSLEEP | VM_ABORT, true },
	{ "aligned", ALIGNED, VM_NOSLEEP, true },
	{ "window", WINDOW, VM_NOSLEEP, true },
	{ "add", ADD, VM_NOSLEEP, true },
	{ "sleep", ALLOC, VM_SLEEP, false },
	{ "sleep next fit", ALLOC, VM_SLEEP | VM_NEXTFIT, false },
	{ "sleep pushpage", ALLOC, VM_SLEEP | VM_PUSHPAGE, false },
	{ "sleep abort", ALLOC, VM_SLEEP | VM_ABORT, false },
	{ "sleep window", WINDOW, VM_SLEEP, false },
	{ "sleep add", ADD, VM_SLEEP, false },
};

static const struct request populator_requests[] = {
	{ "nosleep", ALLOC, VM_NOSLEEP, true },
	{ "pushpage", ALLOC, VM_NOSLEEP | VM_PUSHPAGE, true },
	{ "add pushpage", ADD, VM_NOSLEEP | VM_PUSHPAGE, true },
	{ "sleep pushpage", WINDOW, VM_SLEEP | VM_PUSHPAGE, false },
	{ "sleep add", ADD, VM_SLEEP, false },
};

static void describe_request(const struct request *r, char *desc)
{
	strscpy(desc, r->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(request, requests, describe_request);
KUNIT_ARRAY_PARAM(populator_request, populator_requests, describe_request);

/*
 * Place the rotor inside a free segment, because a failed request must not move
 * the rotor.
 */
static void arrange_exhausted(struct kunit *test, struct vn *w)
{
	w->vm = vt_ids(test, 10000);
	vt_free(w->vm, vt_alloc(w->vm, 10, VM_SLEEP | VM_NEXTFIT), 10);
	vn_exhaust_pool(test, w->vm, 4000);
}

static void arrange_exhausted_populator(struct kunit *test, struct vn *w)
{
	w->vm = vt_track(test, vmem_init("heap", (void *)1, 10000, 1, NULL,
					 NULL));
	vn_exhaust_pool(test, w->vm, 4000);
}

static bool call_request(struct vn *w)
{
	const struct request *r = w->arg;
	void *addr = NULL;

	switch (r->how) {
	case ALLOC:
		addr = vmem_alloc(w->vm, 20, r->vmflag);
		break;
	case ALIGNED:
		addr = vmem_xalloc(w->vm, 20, 64, 8, 128, NULL, NULL,
				   r->vmflag);
		break;
	case WINDOW:
		addr = vmem_xalloc(w->vm, 20, 0, 0, 0, (void *)7000,
				   (void *)8000, r->vmflag);
		break;
	case ADD:
		addr = vmem_add(w->vm, (void *)20000, 20, r->vmflag);
		break;
	}
	w->addr = (unsigned long)addr;
	return addr;
}

/* [25] vmem_free() and vmem_xfree() need no memory. */
static void undo_request(struct vn *w)
{
	const struct request *r = w->arg;

	if (r->how == ALLOC)
		vt_free(w->vm, w->addr, 20);
	else if (r->how != ADD)
		vt_xfree(w->vm, w->addr, 20);
}

static void run_request(struct kunit *test,
			void (*arrange)(struct kunit *test, struct vn *w))
{
	const struct request *r = test->param_value;
	struct vn w = {
		.arrange = arrange,
		.call = call_request,
		.undo = undo_request,
		.fails = r->how != ADD,
		.arg = r,
	};

	if (r->fails)
		vn_may_fail(test, &w);
	else
		vn_never_fails(test, &w);
}

/*
 * [23] [24] A VM_NOSLEEP request that needs memory fails without memory and
 * changes nothing, and a VM_SLEEP request does not fail.
 */
static void request_without_memory(struct kunit *test)
{
	run_request(test, arrange_exhausted);
}

/*
 * [35] In a populator arena whose reserve is exhausted, a VM_NOSLEEP request
 * fails and changes nothing, and a VM_SLEEP request does not fail.
 */
static void populator_without_reserve(struct kunit *test)
{
	run_request(test, arrange_exhausted_populator);
}

/*
 * [35] A VM_PUSHPAGE request takes structures from the reserve, and
 * vmem_xfree() returns them to the reserve. With at most six allocations at a
 * time, VM_PUSHPAGE requests never need memory.
 */
static void reserve_serves_pushpage_forever(struct kunit *test)
{
	static const int flags[] = { VM_NOSLEEP, VM_SLEEP };
	vmem_t *vm = vt_track(test, vmem_init("heap", (void *)1, 10000, 1, NULL,
					      NULL));
	unsigned int i, j, round, bad = 0, attempts = 0;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		for (round = 0; round < 500; round++) {
			void *held[6];

			vn_arm(round % 2 ? VN_ALL : 1);
			for (j = 0; j < ARRAY_SIZE(held); j++) {
				unsigned long at = 1000 * (j + 1) + round % 7;

				held[j] = vmem_xalloc(vm, 1, 0, 0, 0,
						      (void *)at,
						      (void *)(at + 1),
						      VM_PUSHPAGE | flags[i]);
				bad += held[j] != (void *)at;
			}
			for (j = 0; j < ARRAY_SIZE(held); j++)
				if (held[j])
					vmem_xfree(vm, held[j], 1);
			attempts += round % 2 ? 0 : vn_disarm(1);
			vn_disarm(VN_ALL);
		}
	}
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_EQ(test, attempts, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 0ULL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 10000 });
}

/* [35] A VM_NOSLEEP request uses the reserve when the slab allocator fails. */
static void reserve_serves_nosleep(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_init("heap", (void *)1, 10000, 1, NULL,
					      NULL));
	unsigned int n = 0;

	for (; n < 200; n++) {
		unsigned long at = 2 * n + 2, got;

		vn_without_memory(got = vt_alloc_at(vm, at, 1));
		if (!got)
			break;
	}
	KUNIT_EXPECT_GE(test, n, 6U);
	KUNIT_EXPECT_LT(test, n, 200U);
	KUNIT_EXPECT_LT(test, vm->segmap.pool.n, 2U);
	vt_drain(test, vm);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 10000 });
}

static struct task_struct *task_without_memory;

static void restore_memory(struct work_struct *work)
{
	vn_disarm_task(task_without_memory);
}

static DECLARE_DELAYED_WORK(restore_work, restore_memory);

/*
 * [24] A task that reclaims memory must not use __GFP_NOFAIL. If the segment
 * pool is exhausted, the task's request waits until there is memory and then
 * succeeds.
 */
static void memalloc_waits_for_memory(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	unsigned int old;
	unsigned long id;

	vn_exhaust_pool(test, vm, 4000);
	task_without_memory = current;
	old = memalloc_noreclaim_save();
	schedule_delayed_work(&restore_work, HZ / 2);
	vn_arm(VN_ALL);
	id = (unsigned long)vmem_xalloc(vm, 1, 0, 0, 0, (void *)7000,
					(void *)7001, VM_SLEEP);
	vn_disarm(VN_ALL);
	memalloc_noreclaim_restore(old);
	cancel_delayed_work_sync(&restore_work);
	KUNIT_EXPECT_EQ(test, id, 7000UL);
	KUNIT_EXPECT_GT(test, vt_stats(vm).populate_wait, 1ULL);
	/* One failure in vn_exhaust_pool(), then one for each attempt. */
	KUNIT_EXPECT_GT(test, vt_stats(vm).populate_fail, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vm->waiters, 0U);
	vt_xfree(vm, id, 1);
}

static unsigned int visited;

/* Allocate and free during a reentrant walk. */
static void visit_and_alloc(void *arg, void *start, size_t size)
{
	unsigned long id = vt_alloc(arg, 1, VM_NOSLEEP);

	visited++;
	if (id)
		vt_free(arg, id, 1);
}

static void visit(void *arg, void *start, size_t size)
{
	visited++;
}

/* [29] Walks, queries and vmem_verify() need no memory. */
static void walks_and_queries_need_no_memory(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 10000);
	unsigned int n;
	bool used;

	vn_exhaust_pool(test, vm, 4000);
	n = vt_count(vm, VMEM_ALLOC);
	visited = 0;
	vn_arm(1);
	vmem_walk(vm, VMEM_ALLOC, visit, NULL);
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, visit, NULL);
	visited += vmem_contains(vm, (void *)4000, 10);
	visited += vmem_size(vm, VMEM_ALLOC) == n;
	visited += !vmem_verify(vm);
	used = vn_disarm(1);
	KUNIT_EXPECT_EQ(test, visited, 2 * n + 3);
	KUNIT_EXPECT_FALSE(test, used);

	visited = 0;
	vn_without_memory(vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT,
				    visit_and_alloc, vm));
	KUNIT_EXPECT_EQ(test, visited, n);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)n);
}

static struct kunit_case vmem_nomem_alloc_cases[] = {
	KUNIT_CASE_PARAM(request_without_memory, request_gen_params),
	KUNIT_CASE_PARAM(populator_without_reserve,
			 populator_request_gen_params),
	KUNIT_CASE(reserve_serves_pushpage_forever),
	KUNIT_CASE(reserve_serves_nosleep),
	KUNIT_CASE(memalloc_waits_for_memory),
	KUNIT_CASE(walks_and_queries_need_no_memory),
	{}
};

static struct kunit_suite vmem_nomem_alloc_suite = {
	.name = "vmem_nomem_alloc",
	.suite_init = vn_suite_init,
	.suite_exit = vn_suite_exit,
	.init = vn_init,
	.exit = vn_exit,
	.test_cases = vmem_nomem_alloc_cases,
};

kunit_test_suite(vmem_nomem_alloc_suite);

MODULE_DESCRIPTION("KUnit: vmem requests without memory");
MODULE_LICENSE("GPL");
