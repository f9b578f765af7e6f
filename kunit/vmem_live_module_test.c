// SPDX-License-Identifier: GPL-2.0
/*
 * Functions of arenas that sleep for long, or for ever: while their module goes
 * away, while other arenas are used and destroyed; and reclaim without memory.
 *
 * The module is vmem_sleeper.ko; where `make check` has not put it those tests are
 * skipped.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/oom.h>

#include "vmem_sleeper.h"
#include "vmem_test_deep.h"
#include "vmem_test_failslab.h"

/* What the source of a blocked arena has: one slab. */
#define MORE	(VD_SLAB + 1)

static struct vmem_sleeper *met;
static bool inserted;
static vmem_t *source;

static int module_suite_init(struct kunit_suite *suite)
{
	vn_instrument(true);
	return vd_suite_init(suite);
}

static void module_suite_exit(struct kunit_suite *suite)
{
	vd_suite_exit(suite);
	if (vn_ready)
		vn_instrument(false);
	vn_ready = false;
}

/* A test that hangs leaves its arenas, threads and functions to themselves. */
static bool hangs;

static int module_init_test(struct kunit *test)
{
	if (hangs)
		kunit_skip(test, "an earlier test hangs");
	met = kzalloc(sizeof(*met), GFP_KERNEL);
	if (!met)
		return -ENOMEM;
	init_completion(&met->entered);
	init_completion(&met->proceed);
	inserted = false;
	return vt_init(test);
}

static void module_exit_test(struct kunit *test)
{
	if (!test->priv)
		return;
	vt_param("interval", "3600", NULL, 0);
	WRITE_ONCE(met->block_take, false);
	WRITE_ONCE(met->block_give, false);
	hangs = vd_stuck(test);
	if (hangs)
		return;
	complete_all(&met->proceed);
	if (inserted)
		KUNIT_EXPECT_EQ(test, vt_shell("rmmod vmem_sleeper", ""), 0);
	vd_exit(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&met->late), 0);
	kfree(met);
}

/* Insert the module; its arenas take from @n integers. */
static void meet(struct kunit *test, size_t n)
{
	char to[40];

	source = vd_ids(test, "source", n, 0);
	if (vt_shell("[ -e /modules/vmem_sleeper.ko ]", ""))
		kunit_skip(test, "no /modules/vmem_sleeper.ko");
	snprintf(to, sizeof(to), " to=%lu", (unsigned long)met);
	KUNIT_ASSERT_EQ(test, vt_shell("insmod /modules/vmem_sleeper.ko", to),
			0);
	inserted = true;
}

/* An arena with the module's functions. */
static vmem_t *module_client(struct kunit *test, size_t qcache_max)
{
	return vt_adopt(test, vmem_create("client", NULL, 0, 1, met->take,
					  met->give, source, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

static void remove_module(struct vt_thread *t)
{
	t->errors += !!vt_shell("rmmod vmem_sleeper", "");
	WRITE_ONCE(met->gone, true);
	t->errors += atomic_read(&met->inside);
}

static struct vt_thread *leave(struct kunit *test)
{
	struct vt_thread *t = vt_thread_start(test, remove_module, NULL, 0, 0);

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	inserted = false;
	if (!vd_soon(test, READ_ONCE(met->leaving)))
		KUNIT_FAIL(test, "the module is not removed");
	return t;
}

/* [47] No function is called, or still running, once the removal has gone on. */
static void left(struct kunit *test, struct vt_thread *t)
{
	unsigned int errors = 0;

	vd_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
}

/* Threads still use the arenas of this test, or functions block in it. */
static void leave_all(struct kunit *test)
{
	struct vt *vt = test->priv;

	if (!vt->stuck)
		__module_get(THIS_MODULE);
	vt->stuck = true;
}

/* A function is about to block. */
static bool blocks(struct kunit *test)
{
	if (vd_soon(test, try_wait_for_completion(&met->entered)))
		return true;
	KUNIT_FAIL(test, "the function is not called");
	leave_all(test);
	return false;
}

/*
 * The thread is not done while a function blocks. If it is, the function must never
 * go on: its code may be gone. Everything is left as it is.
 */
static bool still_waits(struct kunit *test, struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		if (completion_done(&t->done)) {
			KUNIT_FAIL(test, "it did not wait for a function");
			leave_all(test);
			return false;
		}
		msleep(100);
	}
	return true;
}

/*
 * A request for more than there is has reclaim take the caches' only slab; the
 * span that it was goes back to the source by a work item. Returns the request.
 */
static struct vt_thread *release_by_work_item(struct kunit *test, vmem_t *vm)
{
	unsigned long id = vt_alloc(vm, 1, VM_SLEEP);

	KUNIT_EXPECT_NE(test, id, 0UL);
	vt_free(vm, id, 1);
	WRITE_ONCE(met->block_give, true);
	return vt_request(test, vm, MORE, VM_SLEEP);
}

/* The request gets a span of its own, and gives that back. */
static void serve(struct kunit *test, vmem_t *vm, struct vt_thread *t,
		  unsigned long at)
{
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)at, MORE, VM_SLEEP));
	if (!vd_served(test, t)) {
		KUNIT_FAIL(test, "a request waits for a function");
		complete_all(&met->proceed);
	}
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), at);
	if (!vd_stuck(test))
		vt_free(vm, at, MORE);
}

/* [47] A release function sleeps in a work item while its module is removed. */
static void removal_waits_for_a_work_item(struct kunit *test)
{
	struct vt_thread *t, *rm;
	vmem_t *vm;
	int calls;

	meet(test, VD_SLAB);
	vm = module_client(test, VD_CACHED);
	t = release_by_work_item(test, vm);
	if (!blocks(test))
		return;
	rm = leave(test);
	if (!still_waits(test, rm))
		return;
	complete(&met->proceed);
	left(test, rm);
	calls = atomic_read(&met->calls);
	vmem_update(NULL);
	serve(test, vm, t, 1000);
	vmem_update(NULL);
	if (vd_stuck(test))
		return;
	vd_close(test, vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&met->calls), calls);
}

/* [47] An import function sleeps on behalf of a request. */
static void removal_waits_for_an_import(struct kunit *test)
{
	struct vt_thread *t, *rm;
	unsigned long addr;
	vmem_t *vm;
	int calls;

	meet(test, VD_SLAB);
	vm = module_client(test, 0);
	WRITE_ONCE(met->block_take, true);
	t = vt_request(test, vm, 5, VM_SLEEP);
	if (!blocks(test))
		return;
	rm = leave(test);
	if (!still_waits(test, rm))
		return;
	complete(&met->proceed);
	left(test, rm);
	calls = atomic_read(&met->calls);
	/* Whether it may still use what it was given is not said. */
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)1000, 5, VM_SLEEP));
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_NE(test, addr, 0UL);
	vt_free(vm, addr, 5);
	vd_close(test, vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&met->calls), calls);
	/* Nothing releases the span any more. */
	vt_drain(test, source);
}

static void free_in_thread(struct vt_thread *t)
{
	vt_free(t->vm, t->addr, t->size);
}

static struct vt_thread *start_free(struct kunit *test, vmem_t *vm,
				    unsigned long addr, size_t size)
{
	struct vt_thread *t = vt_thread_start(test, free_in_thread, vm, size,
					      0);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->addr = addr;
	wake_up_process(t->task);
	return t;
}

/* [47] A release function sleeps in a client's vmem_free(). */
static void removal_waits_for_a_free(struct kunit *test)
{
	struct vt_thread *t, *rm;
	unsigned long addr;
	vmem_t *vm;

	meet(test, VD_SLAB);
	vm = module_client(test, 0);
	addr = vt_alloc(vm, 5, VM_SLEEP);
	KUNIT_ASSERT_NE(test, addr, 0UL);
	WRITE_ONCE(met->block_give, true);
	t = start_free(test, vm, addr, 5);
	if (!blocks(test))
		return;
	rm = leave(test);
	if (!still_waits(test, rm))
		return;
	complete(&met->proceed);
	left(test, rm);
	vd_join(test, t, NULL);
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)0);
}

/* [47] All of these at once: the removal waits for the last of them. */
static void removal_waits_for_all(struct kunit *test)
{
	struct vt_thread *t[3], *rm;
	unsigned long addr;
	vmem_t *vm[3];
	unsigned int i;

	meet(test, 2 * VD_SLAB);
	for (i = 0; i < 3; i++)
		vm[i] = module_client(test, i ? 0 : VD_CACHED);
	/* 64 in a slab, 60 allocated, 4 left in the source. */
	addr = vt_alloc(vm[1], VD_SLAB - 4, VM_SLEEP);
	KUNIT_ASSERT_NE(test, addr, 0UL);
	t[0] = release_by_work_item(test, vm[0]);
	if (!blocks(test))
		return;
	t[1] = start_free(test, vm[1], addr, VD_SLAB - 4);
	if (!blocks(test))
		return;
	WRITE_ONCE(met->block_take, true);
	t[2] = vt_request(test, vm[2], 3, VM_SLEEP);
	if (!blocks(test))
		return;
	rm = leave(test);
	for (i = 0; i < 3; i++) {
		if (!still_waits(test, rm))
			return;
		complete(&met->proceed);
	}
	left(test, rm);
	serve(test, vm[0], t[0], 1000);
	vd_join(test, t[1], NULL);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm[2], (void *)1000, 3, VM_SLEEP));
	addr = vd_join(test, t[2], NULL);
	if (vd_stuck(test))
		return;
	vt_free(vm[2], addr, 3);
	for (i = 3; i--;)
		vd_close(test, vm[i]);
	vt_drain(test, source);
}

/* Arenas of another tree, created, used in every way and destroyed. */
static void use_other_arenas(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		vmem_t *root = vmem_create("other", (void *)1, 200, 1, NULL,
					   NULL, NULL, 0,
					   VM_SLEEP | VMC_IDENTIFIER);
		vmem_t *vm = vmem_create("client", NULL, 0, 1, vmem_alloc,
					 vmem_free, root, VD_CACHED,
					 VM_SLEEP | VMC_IDENTIFIER);
		unsigned long addr;

		vt_free(vm, vt_alloc(vm, 1, VM_SLEEP), 1);
		/* This needs what the caches hold. */
		addr = vt_alloc(root, 200, VM_SLEEP);
		t->errors += addr != 1;
		vt_free(root, addr, 200);
		vmem_update(NULL);
		t->errors += vmem_verify(root) || vmem_verify(vm);
		vmem_destroy(vm);
		vmem_destroy(root);
	}
}

static void others_go_on(struct kunit *test)
{
	struct vt_thread *t = vt_thread_start(test, use_other_arenas, NULL, 0,
					      0);
	unsigned int errors = 0;

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	if (!vd_served(test, t)) {
		KUNIT_FAIL(test, "another tree waits for a function");
		complete_all(&met->proceed);
	}
	vt_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
}

/* [47] [41] Meanwhile nothing else waits for the module that leaves. */
static void others_go_on_while_a_module_leaves(struct kunit *test)
{
	struct vt_thread *t, *rm;
	vmem_t *vm;

	meet(test, VD_SLAB);
	vm = module_client(test, VD_CACHED);
	t = release_by_work_item(test, vm);
	if (!blocks(test))
		return;
	rm = leave(test);
	if (!still_waits(test, rm))
		return;
	others_go_on(test);
	complete(&met->proceed);
	left(test, rm);
	serve(test, vm, t, 1000);
}

/* [47] [45] Requests wait below an arena whose functions go: both can be served. */
static void waiters_outlast_a_module(struct kunit *test)
{
	static const struct vd_shape s = { "below", 12, 3 };
	struct vt_thread *t[2];
	struct vd_chain *c;
	unsigned long addr;
	vmem_t *vm;
	int calls;

	meet(test, 3);
	vm = module_client(test, 0);
	c = vd_below(test, vm, &s);
	t[0] = vt_request(test, c->leaf, 50, VM_SLEEP);
	t[1] = vt_request(test, vm, 60, VM_SLEEP);
	vd_wait_waiters(test, vm, 2);
	left(test, leave(test));
	calls = atomic_read(&met->calls);
	vmem_update(NULL);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)1000, 50, VM_SLEEP));
	addr = vd_join(test, t[0], NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, addr, 1000UL);
	vt_free(c->leaf, addr, 50);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)2000, 60, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vd_join(test, t[1], NULL), 2000UL);
	if (vd_stuck(test))
		return;
	vt_free(vm, 2000, 60);
	while (c->n > 1)
		vd_close(test, c->vm[--c->n]);
	vd_close(test, vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&met->calls), calls);
}

/* [47] What caches hold can still be had; their spans stay where they are. */
static void nothing_is_called_afterwards(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *vm;
	int calls;

	meet(test, VD_SLAB);
	vm = module_client(test, VD_CACHED);
	vt_free(vm, vt_alloc(vm, 1, VM_SLEEP), 1);
	left(test, leave(test));
	calls = atomic_read(&met->calls);
	t = vt_request(test, vm, VD_SLAB, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), 1UL);
	if (vd_stuck(test))
		return;
	vt_free(vm, 1, VD_SLAB);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)VD_SLAB);
	t = vt_request(test, vm, MORE, VM_SLEEP);
	vd_wait_waiters(test, vm, 1);
	vmem_update(NULL);
	serve(test, vm, t, 1000);
	if (vd_stuck(test))
		return;
	vd_close(test, vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&met->calls), calls);
	vt_drain(test, source);
}

static bool stop_traffic;

static void traffic(struct vt_thread *t)
{
	unsigned int i;

	for (i = t->seed; !READ_ONCE(stop_traffic); i++) {
		size_t size = 1 + i % 9;
		unsigned long addr = vt_alloc(t->vm, size, VM_NOSLEEP);

		if (i % 3 == 0)
			vt_pause();
		if (addr)
			vt_free(t->vm, addr, size);
	}
}

/* [47] Clients allocate and free while the functions are turned off. */
static void module_leaves_amid_traffic(struct kunit *test)
{
	struct vt_thread *t[4], *rm;
	unsigned int i;
	vmem_t *vm[2];
	int calls;

	meet(test, 1000);
	vm[0] = module_client(test, 0);
	vm[1] = module_client(test, VD_CACHED);
	WRITE_ONCE(stop_traffic, false);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, traffic, vm[i % 2], 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
		wake_up_process(t[i]->task);
	}
	msleep(200);
	rm = leave(test);
	if (!vd_served(test, rm))
		KUNIT_FAIL(test, "the module is not removed");
	calls = atomic_read(&met->calls);
	msleep(200);
	KUNIT_EXPECT_EQ(test, atomic_read(&met->calls), calls);
	WRITE_ONCE(stop_traffic, true);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vd_join(test, t[i], NULL);
	left(test, rm);
	if (vd_stuck(test))
		return;
	vd_close(test, vm[1]);
	vd_close(test, vm[0]);
	vt_drain(test, source);
}

/* Functions of this module, of the same kind. */
static void *own_take(vmem_t *src, size_t size, int vmflag)
{
	return vmem_alloc(src, size, vmflag | VM_NOSLEEP);
}

static void own_give(vmem_t *src, void *addr, size_t size)
{
	if (READ_ONCE(met->block_give)) {
		complete(&met->entered);
		wait_for_completion(&met->proceed);
	}
	vmem_free(src, addr, size);
	atomic_inc(&met->calls);
}

/* An arena whose release function is about to block in a work item. */
static vmem_t *blocked_client(struct kunit *test, struct vt_thread **t)
{
	vmem_t *vm;

	source = vd_ids(test, "source", VD_SLAB, 0);
	vm = vt_adopt(test, vmem_create("client", NULL, 0, 1, own_take,
					own_give, source, VD_CACHED,
					VM_SLEEP | VMC_IDENTIFIER));
	*t = release_by_work_item(test, vm);
	return blocks(test) ? vm : NULL;
}

static void destroy_in_thread(struct vt_thread *t)
{
	vmem_destroy(t->vm);
	t->errors += !atomic_read(&met->calls);
}

static struct vt_thread *start_destroy(struct kunit *test, vmem_t *vm)
{
	struct vt_thread *t = vt_thread_start(test, destroy_in_thread, vm, 0,
					      0);

	KUNIT_ASSERT_NOT_NULL(test, t);
	vt_disown(test, vm);
	wake_up_process(t->task);
	return t;
}

/* [41] An arena is destroyed while a release function of another one sleeps. */
static void destroying_waits_for_no_other_arena(struct kunit *test)
{
	struct vt_thread *t, *d;
	vmem_t *vm, *other[3];
	unsigned int i;

	vm = blocked_client(test, &t);
	if (!vm)
		return;
	/* A sibling, a child of it, and one of another tree. */
	other[0] = vd_client(test, "sibling", source, VD_CACHED);
	other[1] = vd_client(test, "child", vm, VD_CACHED);
	other[2] = vd_bystander(test);
	for (i = 0; i < 3; i++) {
		d = start_destroy(test, other[i]);
		if (!vd_served(test, d)) {
			KUNIT_FAIL(test, "destroying %u waits", i);
			complete_all(&met->proceed);
		}
		vt_join(test, d, NULL);
		if (vd_stuck(test))
			return;
	}
	others_go_on(test);
	complete(&met->proceed);
	serve(test, vm, t, 1000);
}

/* [41] It delays none of its arena's requests that do without it. */
static void release_delays_no_request(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *vm;

	vm = blocked_client(test, &t);
	if (!vm)
		return;
	serve(test, vm, t, 1000);
	if (vd_stuck(test))
		return;
	t = vt_request(test, vm, MORE + 1, VM_SLEEP);
	vd_wait_waiters(test, vm, 1);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)2000, MORE + 1,
					     VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), 2000UL);
	if (vd_stuck(test))
		return;
	vt_free(vm, 2000, MORE + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&met->calls), 0);
	complete(&met->proceed);
}

/* [47] vmem_destroy() returns when no span is on its way to the source. */
static void destroying_waits_for_its_own_release(struct kunit *test)
{
	struct vt_thread *t, *d;
	unsigned int errors = 0;
	vmem_t *vm;

	vm = blocked_client(test, &t);
	if (!vm)
		return;
	serve(test, vm, t, 1000);
	/* The function has had to go on already. */
	if (vd_stuck(test) || test->status == KUNIT_FAILURE)
		return;
	d = start_destroy(test, vm);
	if (!still_waits(test, d))
		return;
	complete(&met->proceed);
	vd_join(test, d, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)0);
	vd_close(test, source);
}

static bool may_import;
static atomic_t asked;

static void *late_import(vmem_t *src, size_t size, int vmflag)
{
	atomic_inc(&asked);
	return READ_ONCE(may_import) ? (void *)1 : NULL;
}

static void drop(vmem_t *src, void *addr, size_t size)
{
}

static void update_in_thread(struct vt_thread *t)
{
	vmem_update(NULL);
}

/* [41] [24] A release function that does not return stops no maintenance. */
static void maintenance_goes_on_beside_a_release(struct kunit *test)
{
	struct vt_thread *t, *late, *update;
	vmem_t *vm, *importer;
	unsigned long addr;
	int before;

	WRITE_ONCE(may_import, false);
	vm = blocked_client(test, &t);
	if (!vm)
		return;
	importer = vt_adopt(test, vmem_create("late", NULL, 0, 1, late_import,
					      drop, source, 0,
					      VM_SLEEP | VMC_IDENTIFIER));
	late = vt_request(test, importer, 1, VM_SLEEP);
	vd_wait_waiters(test, importer, 1);
	vd_rested(importer);

	/* By hand, then by itself. */
	before = atomic_read(&asked);
	update = vt_thread_start(test, update_in_thread, NULL, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, update);
	wake_up_process(update->task);
	if (!vd_served(test, update))
		KUNIT_FAIL(test, "vmem_update() waits for a release function");
	if (!vd_soon(test, atomic_read(&asked) > before))
		KUNIT_FAIL(test, "vmem_update() did not retry the import");
	WRITE_ONCE(may_import, true);
	if (!vt_param("interval", "1", NULL, 0) && !vd_served(test, late))
		KUNIT_FAIL(test, "there is no maintenance any more");
	vt_param("interval", "3600", NULL, 0);

	complete_all(&met->proceed);
	vt_join(test, update, NULL);
	addr = vd_join(test, late, NULL);
	if (vd_stuck(test))
		return;
	vt_free(importer, addr, 1);
	serve(test, vm, t, 1000);
}

static void starved_request(struct vt_thread *t)
{
	vn_arm(VN_ALL);
	t->addr = vt_alloc(t->vm, t->size, t->vmflag);
	vn_disarm(VN_ALL);
}

/* No allocation succeeds, in this task or in any worker. */
static void starve(bool on)
{
	if (on) {
		vn_starve_workers(true);
		vn_arm(VN_ALL);
	} else {
		vn_disarm(VN_ALL);
		vn_starve_workers(false);
	}
}

static void needs_failslab(struct kunit *test)
{
	if (!vn_ready)
		kunit_skip(test, "no failslab, or no shell to set it up by");
}

#define SLABS	20

static const char * const when[] = { "all at last", "half before" };

static void describe_when(const char * const *w, char *desc)
{
	strscpy(desc, *w, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(when, when, describe_when);

/*
 * Every integer of @heap is one cached object of @cached. A request at @vm for all
 * of them waits; they are freed while there is no memory at all.
 */
static void free_without_memory(struct kunit *test, vmem_t *heap,
				vmem_t *cached, vmem_t *vm)
{
	unsigned int i, n = 0, half = SLABS * VD_SLAB / 2;
	bool first = test->param_value != when, served;
	unsigned long *id, addr;
	struct vt_thread *t;

	id = kunit_kcalloc(test, SLABS * VD_SLAB, sizeof(*id), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, id);
	while (n < SLABS * VD_SLAB && (id[n] = vt_alloc(cached, 1, VM_SLEEP)))
		n++;
	KUNIT_ASSERT_EQ(test, n, (unsigned int)SLABS * VD_SLAB);
	/* Of each slab. */
	for (i = 0; first && i < half; i++)
		vt_free(cached, id[2 * i], 1);

	t = vt_thread_start(test, starved_request, vm, SLABS * VD_SLAB,
			    VM_SLEEP | VM_PUSHPAGE);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vd_wait_waiters(test, vm, 1);
	vd_rested(heap);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));

	starve(true);
	for (i = 0; i < n; i++)
		if (!first || i % 2)
			vt_free(cached, id[i], 1);
	served = vd_served(test, t);
	starve(false);
	if (!served)
		KUNIT_FAIL(test, "the request waits for memory");
	addr = vd_join(test, t, NULL);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	if (!vd_stuck(test))
		vt_free(vm, addr, SLABS * VD_SLAB);
}

static vmem_t *heap_of(struct kunit *test, size_t n, size_t qcache_max)
{
	return vt_adopt(test, vmem_create("heap", (void *)1, n, 1, NULL, NULL,
					  NULL, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER |
					  VMC_POPULATOR));
}

/* [46] Reclaim gives a populator arena what a client has freed, without memory. */
static void reclaim_needs_no_memory(struct kunit *test)
{
	vmem_t *heap = heap_of(test, SLABS * VD_SLAB, 0);

	needs_failslab(test);
	free_without_memory(test, heap, vd_client(test, "client", heap,
						  VD_CACHED), heap);
}

/* [46] The same through populators that import from one another. */
static void reclaim_for_an_importer_needs_no_memory(struct kunit *test)
{
	vmem_t *heap = heap_of(test, SLABS * VD_SLAB, 0), *vm = heap;
	unsigned int i;

	needs_failslab(test);
	for (i = 0; i < 3; i++)
		vm = vt_adopt(test, vmem_create("importer", NULL, 0, 1,
						vmem_alloc, vmem_free, vm, 0,
						VM_SLEEP | VMC_IDENTIFIER |
						VMC_POPULATOR));
	free_without_memory(test, heap, vd_client(test, "client", heap,
						  VD_CACHED), vm);
}

/* [46] [45] From the caches of twelve arenas above one another. */
static void deep_reclaim_needs_no_memory(struct kunit *test)
{
	static const struct vd_shape s = { "below", 12, 1 };
	size_t size = vd_slabs(&s);
	vmem_t *heap = heap_of(test, size, 0);
	unsigned long id[VD_DEPTH + 1];
	struct vt_thread *t;
	struct vd_chain *c;
	unsigned int i;
	bool served;

	needs_failslab(test);
	c = vd_below(test, heap, &s);
	for (i = 1; i < c->n; i++)
		id[i] = vt_alloc(c->vm[i], 1 + i % VD_CACHED, VM_SLEEP);
	t = vt_thread_start(test, starved_request, heap, size,
			    VM_SLEEP | VM_PUSHPAGE);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vd_wait_waiters(test, heap, 1);
	vd_rested(heap);

	starve(true);
	for (i = 1; i < c->n; i++)
		vt_free(c->vm[i], id[i], 1 + i % VD_CACHED);
	served = vd_served(test, t);
	starve(false);
	if (!served)
		KUNIT_FAIL(test, "the request waits for memory");
	vd_join_whole(test, t);
}

/* Pages that nothing else can have meanwhile. */
static LIST_HEAD(hogged);
static DEFINE_SPINLOCK(hog_lock);

static unsigned int unhog(unsigned int n)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < n; i++) {
		spin_lock_irq(&hog_lock);
		page = list_first_entry_or_null(&hogged, struct page, lru);
		if (page)
			list_del(&page->lru);
		spin_unlock_irq(&hog_lock);
		if (!page)
			break;
		__free_page(page);
	}
	return i;
}

/* All but workers get memory before the OOM killer looks for a victim. */
static int oom(struct notifier_block *nb, unsigned long action, void *freed)
{
	if (!(current->flags & PF_WQ_WORKER))
		*(unsigned long *)freed += unhog(64);
	return NOTIFY_OK;
}

static struct notifier_block oom_nb = { .notifier_call = oom };

/* Take every page that can be had. */
static void hog(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct page *page;

		while ((page = alloc_page(GFP_NOWAIT | __GFP_NOWARN |
					  __GFP_NOMEMALLOC))) {
			spin_lock_irq(&hog_lock);
			list_add(&page->lru, &hogged);
			spin_unlock_irq(&hog_lock);
		}
		msleep(20);
	}
}

/**
 * struct lack - how memory lacks
 * @name: for people
 * @fails: allocations fail, in place of all pages being in use
 * @child: the caches are those of an arena that imports from the populator arena,
 *	in place of its own
 */
struct lack {
	const char *name;
	bool fails;
	bool child;
};

static const struct lack lacks[] = {
	{ "allocations fail", true, false },
	{ "allocations fail, child", true, true },
	{ "no pages", false, false },
	{ "no pages, child", false, true },
};

static void describe_lack(const struct lack *l, char *desc)
{
	strscpy(desc, l->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lack, lacks, describe_lack);

/* A machine for tests has less. */
#define HOG_MAX		((4UL << 30) / PAGE_SIZE)

static void no_memory(const struct lack *l, bool on)
{
	if (l->fails) {
		starve(on);
	} else if (on) {
		register_oom_notifier(&oom_nb);
		hog();
	} else {
		unhog(UINT_MAX);
		unregister_oom_notifier(&oom_nb);
	}
}

static void pushpage_request(struct vt_thread *t)
{
	if (t->seed)
		vn_arm(VN_ALL);
	t->addr = vt_alloc(t->vm, t->size, t->vmflag);
	vn_disarm(VN_ALL);
}

#define PARTIAL	(200 * VD_SLAB)

/*
 * [46] [41] Reclaim finds slabs only that are half in use: to split them it needs
 * thousands of segment structures. It must not hold up a request that gets what it
 * needs from a client.
 */
static void reclaim_without_memory_delays_no_request(struct kunit *test)
{
	const struct lack *l = test->param_value;
	unsigned long direct, addr, *id;
	bool waited, served;
	vmem_t *heap, *client;
	struct vt_thread *t;
	unsigned int i;

	if (l->fails)
		needs_failslab(test);
	else if (totalram_pages() > HOG_MAX)
		kunit_skip(test, "too much memory to take all of it");
	heap = heap_of(test, PARTIAL + 100, l->child ? 0 : VD_CACHED);
	client = l->child ? vd_client(test, "client", heap, VD_CACHED) : heap;
	id = kunit_kcalloc(test, PARTIAL, sizeof(*id), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, id);
	direct = vt_alloc(heap, 100, VM_SLEEP);
	for (i = 0; i < PARTIAL; i++)
		id[i] = vt_alloc(client, 1, VM_SLEEP);
	for (i = 0; i < PARTIAL; i += 2)
		vt_free(client, id[i], 1);
	t = vt_thread_start(test, pushpage_request, heap, 100,
			    VM_SLEEP | VM_PUSHPAGE);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->seed = l->fails;

	no_memory(l, true);
	wake_up_process(t->task);
	waited = vd_soon(test, vt_stats(heap).waiters == 1);
	msleep(500);
	vt_free(heap, direct, 100);
	served = vd_served(test, t);
	no_memory(l, false);

	KUNIT_EXPECT_TRUE(test, waited);
	if (!served)
		KUNIT_FAIL(test, "the request waits for memory");
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_NE(test, addr, 0UL);
	vt_free(heap, addr, 100);
	for (i = 1; i < PARTIAL; i += 2)
		vt_free(client, id[i], 1);
	vd_whole(test, heap, PARTIAL + 100);
}

static struct kunit_case vmem_live_module_cases[] = {
	KUNIT_CASE_PARAM(reclaim_needs_no_memory, when_gen_params),
	KUNIT_CASE_PARAM(reclaim_for_an_importer_needs_no_memory,
			 when_gen_params),
	KUNIT_CASE(deep_reclaim_needs_no_memory),
	KUNIT_CASE_PARAM(reclaim_without_memory_delays_no_request,
			 lack_gen_params),
	KUNIT_CASE(waiters_outlast_a_module),
	KUNIT_CASE(nothing_is_called_afterwards),
	KUNIT_CASE(module_leaves_amid_traffic),
	KUNIT_CASE(destroying_waits_for_no_other_arena),
	KUNIT_CASE(release_delays_no_request),
	KUNIT_CASE(destroying_waits_for_its_own_release),
	KUNIT_CASE(maintenance_goes_on_beside_a_release),
	KUNIT_CASE(removal_waits_for_an_import),
	KUNIT_CASE(removal_waits_for_a_free),
	KUNIT_CASE(removal_waits_for_a_work_item),
	KUNIT_CASE(removal_waits_for_all),
	KUNIT_CASE(others_go_on_while_a_module_leaves),
	{}
};

static struct kunit_suite vmem_live_module_suite = {
	.name = "vmem_live_module",
	.suite_init = module_suite_init,
	.suite_exit = module_suite_exit,
	.init = module_init_test,
	.exit = module_exit_test,
	.test_cases = vmem_live_module_cases,
};

kunit_test_suite(vmem_live_module_suite);

MODULE_DESCRIPTION("KUnit: vmem beside functions that sleep, and without memory");
MODULE_LICENSE("GPL");
