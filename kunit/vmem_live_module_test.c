// SPDX-License-Identifier: GPL-2.0
/*
 * Import and release functions that block while their module is removed, or
 * while the test uses and destroys other arenas. Reclaim without memory.
 *
 * The functions are in vmem_sleeper.ko. The tests that need vmem_sleeper.ko are
 * skipped unless `make check` has installed it.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/oom.h>

#include "vmem_sleeper.h"
#include "vmem_test_deep.h"
#include "vmem_test_failslab.h"

/* Size of a request that a source with space for one slab cannot serve. */
#define TOO_LARGE	(VD_SLAB + 1)

static struct vmem_sleeper *sleeper;
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

/* An earlier test hangs and still uses its arenas: skip all later tests. */
static bool earlier_test_hangs;

static int module_init_test(struct kunit *test)
{
	if (earlier_test_hangs)
		kunit_skip(test, "an earlier test hangs");
	sleeper = kzalloc(sizeof(*sleeper), GFP_KERNEL);
	if (!sleeper)
		return -ENOMEM;
	init_completion(&sleeper->entered);
	init_completion(&sleeper->proceed);
	inserted = false;
	return vt_init(test);
}

static void module_exit_test(struct kunit *test)
{
	if (!test->priv)
		return;
	vt_param("interval", "3600", NULL, 0);
	WRITE_ONCE(sleeper->block_take, false);
	WRITE_ONCE(sleeper->block_give, false);
	earlier_test_hangs = vd_stuck(test);
	if (earlier_test_hangs)
		return;
	complete_all(&sleeper->proceed);
	if (inserted)
		KUNIT_EXPECT_EQ(test, vt_shell("rmmod vmem_sleeper", ""), 0);
	vd_exit(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->late), 0);
	kfree(sleeper);
}

/* Create a source with @n integers and insert the module. */
static void insert_module(struct kunit *test, size_t n)
{
	char to[40];

	source = vd_ids(test, "source", n, 0);
	if (vt_shell("[ -e /modules/vmem_sleeper.ko ]", ""))
		kunit_skip(test, "no /modules/vmem_sleeper.ko");
	snprintf(to, sizeof(to), " to=%lu", (unsigned long)sleeper);
	KUNIT_ASSERT_EQ(test, vt_shell("insmod /modules/vmem_sleeper.ko", to),
			0);
	inserted = true;
}

/* Create an arena with the module's import and release functions. */
static vmem_t *module_client(struct kunit *test, size_t qcache_max)
{
	return vt_track(test, vmem_create("client", NULL, 0, 1, sleeper->take,
					  sleeper->give, source, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER));
}

static void remove_module(struct vt_thread *t)
{
	t->errors += !!vt_shell("rmmod vmem_sleeper", "");
	WRITE_ONCE(sleeper->gone, true);
	t->errors += atomic_read(&sleeper->inside);
}

static struct vt_thread *start_removal(struct kunit *test)
{
	struct vt_thread *t = vt_thread_start(test, remove_module, NULL, 0, 0);

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	inserted = false;
	if (!vd_poll(test, READ_ONCE(sleeper->leaving)))
		KUNIT_FAIL(test, "the module is not removed");
	return t;
}

/*
 * [47] Expect that no function of the module runs after the removal of the
 * module has completed.
 */
static void expect_removed(struct kunit *test, struct vt_thread *t)
{
	unsigned int errors = 0;

	vd_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
}

/*
 * Leak the arenas of this test and pin this module, because threads still use
 * the arenas or functions still block.
 */
static void leak_all(struct kunit *test)
{
	struct vt *vt = test->priv;

	if (!vt->stuck)
		__module_get(THIS_MODULE);
	vt->stuck = true;
}

/* Wait until an import or release function is about to block. */
static bool wait_blocked(struct kunit *test)
{
	if (vd_poll(test, try_wait_for_completion(&sleeper->entered)))
		return true;
	KUNIT_FAIL(test, "the import or release function is not called");
	leak_all(test);
	return false;
}

/*
 * Expect that the thread waits while an import or release function blocks. If
 * the thread is done, the code of the blocked function may be unloaded: never
 * unblock the function.
 */
static bool expect_waiting(struct kunit *test, struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		if (completion_done(&t->done)) {
			KUNIT_FAIL(test, "the thread did not wait for the blocked function");
			leak_all(test);
			return false;
		}
		msleep(100);
	}
	return true;
}

/*
 * Make a request that nothing can serve. Reclaim then frees the only slab in
 * the caches, and a work item calls the release function, which blocks. Returns
 * the thread of the request.
 */
static struct vt_thread *release_by_work_item(struct kunit *test, vmem_t *vm)
{
	unsigned long id = vt_alloc(vm, 1, VM_SLEEP);

	KUNIT_EXPECT_NE(test, id, 0UL);
	vt_free(vm, id, 1);
	WRITE_ONCE(sleeper->block_give, true);
	return vt_request(test, vm, TOO_LARGE, VM_SLEEP);
}

/*
 * Add a span. Expect that the span serves the request although a function
 * blocks.
 */
static void serve_by_add(struct kunit *test, vmem_t *vm, struct vt_thread *t,
			 unsigned long at)
{
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)at, TOO_LARGE,
					     VM_SLEEP));
	if (!vd_served(test, t)) {
		KUNIT_FAIL(test, "a request waits for the blocked function");
		complete_all(&sleeper->proceed);
	}
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), at);
	if (!vd_stuck(test))
		vt_free(vm, at, TOO_LARGE);
}

/*
 * [47] The removal of a module waits while a work item runs the module's
 * release function.
 */
static void removal_waits_for_a_work_item(struct kunit *test)
{
	struct vt_thread *t, *rm;
	vmem_t *vm;
	int calls;

	insert_module(test, VD_SLAB);
	vm = module_client(test, VD_CACHED);
	t = release_by_work_item(test, vm);
	if (!wait_blocked(test))
		return;
	rm = start_removal(test);
	if (!expect_waiting(test, rm))
		return;
	complete(&sleeper->proceed);
	expect_removed(test, rm);
	calls = atomic_read(&sleeper->calls);
	vmem_update(NULL);
	serve_by_add(test, vm, t, 1000);
	vmem_update(NULL);
	if (vd_stuck(test))
		return;
	vd_close(test, vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->calls), calls);
}

/*
 * [47] The removal of a module waits while a request runs the module's import
 * function.
 */
static void removal_waits_for_an_import(struct kunit *test)
{
	struct vt_thread *t, *rm;
	unsigned long addr;
	vmem_t *vm;
	int calls;

	insert_module(test, VD_SLAB);
	vm = module_client(test, 0);
	WRITE_ONCE(sleeper->block_take, true);
	t = vt_request(test, vm, 5, VM_SLEEP);
	if (!wait_blocked(test))
		return;
	rm = start_removal(test);
	if (!expect_waiting(test, rm))
		return;
	complete(&sleeper->proceed);
	expect_removed(test, rm);
	calls = atomic_read(&sleeper->calls);
	/* The contract does not say if the imported range may still be used. */
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)1000, 5, VM_SLEEP));
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_NE(test, addr, 0UL);
	vt_free(vm, addr, 5);
	vd_close(test, vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->calls), calls);
	/* The release function is gone, so the span stays allocated. */
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

/*
 * [47] The removal of a module waits while vmem_free() runs the module's
 * release function.
 */
static void removal_waits_for_a_free(struct kunit *test)
{
	struct vt_thread *t, *rm;
	unsigned long addr;
	vmem_t *vm;

	insert_module(test, VD_SLAB);
	vm = module_client(test, 0);
	addr = vt_alloc(vm, 5, VM_SLEEP);
	KUNIT_ASSERT_NE(test, addr, 0UL);
	WRITE_ONCE(sleeper->block_give, true);
	t = start_free(test, vm, addr, 5);
	if (!wait_blocked(test))
		return;
	rm = start_removal(test);
	if (!expect_waiting(test, rm))
		return;
	complete(&sleeper->proceed);
	expect_removed(test, rm);
	vd_join(test, t, NULL);
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)0);
}

/*
 * [47] The removal of a module waits while a work item, vmem_free() and a
 * request each run a function of the module.
 */
static void removal_waits_for_all(struct kunit *test)
{
	struct vt_thread *t[3], *rm;
	unsigned long addr;
	vmem_t *vm[3];
	unsigned int i;

	insert_module(test, 2 * VD_SLAB);
	for (i = 0; i < 3; i++)
		vm[i] = module_client(test, i ? 0 : VD_CACHED);
	/*
	 * The slab of vm[0] will take 64 integers. Then 4 integers are left for
	 * vm[2].
	 */
	addr = vt_alloc(vm[1], VD_SLAB - 4, VM_SLEEP);
	KUNIT_ASSERT_NE(test, addr, 0UL);
	t[0] = release_by_work_item(test, vm[0]);
	if (!wait_blocked(test))
		return;
	t[1] = start_free(test, vm[1], addr, VD_SLAB - 4);
	if (!wait_blocked(test))
		return;
	WRITE_ONCE(sleeper->block_take, true);
	t[2] = vt_request(test, vm[2], 3, VM_SLEEP);
	if (!wait_blocked(test))
		return;
	rm = start_removal(test);
	for (i = 0; i < 3; i++) {
		if (!expect_waiting(test, rm))
			return;
		complete(&sleeper->proceed);
	}
	expect_removed(test, rm);
	serve_by_add(test, vm[0], t[0], 1000);
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

/* Create, use and destroy arenas of another tree. */
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
		/* The request needs the integers in the caches of @vm. */
		addr = vt_alloc(root, 200, VM_SLEEP);
		t->errors += addr != 1;
		vt_free(root, addr, 200);
		vmem_update(NULL);
		t->errors += vmem_verify(root) || vmem_verify(vm);
		vmem_destroy(vm);
		vmem_destroy(root);
	}
}

static void expect_other_trees_served(struct kunit *test)
{
	struct vt_thread *t = vt_thread_start(test, use_other_arenas, NULL, 0,
					      0);
	unsigned int errors = 0;

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	if (!vd_served(test, t)) {
		KUNIT_FAIL(test, "another tree waits for the blocked function");
		complete_all(&sleeper->proceed);
	}
	vt_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
}

/*
 * [47] [41] A module removal that waits does not delay requests in other trees.
 */
static void removal_delays_no_other_tree(struct kunit *test)
{
	struct vt_thread *t, *rm;
	vmem_t *vm;

	insert_module(test, VD_SLAB);
	vm = module_client(test, VD_CACHED);
	t = release_by_work_item(test, vm);
	if (!wait_blocked(test))
		return;
	rm = start_removal(test);
	if (!expect_waiting(test, rm))
		return;
	expect_other_trees_served(test);
	complete(&sleeper->proceed);
	expect_removed(test, rm);
	serve_by_add(test, vm, t, 1000);
}

/*
 * [47] [45] One request waits in an arena and one below this arena, while the
 * module with the functions of this arena is removed. Added spans serve both
 * requests.
 */
static void waiters_are_served_after_removal(struct kunit *test)
{
	static const struct vd_shape s = { "below", 12, 3 };
	struct vt_thread *t[2];
	struct vd_path *c;
	unsigned long addr;
	vmem_t *vm;
	int calls;

	insert_module(test, 3);
	vm = module_client(test, 0);
	c = vd_path_below(test, vm, &s);
	t[0] = vt_request(test, c->leaf, 50, VM_SLEEP);
	t[1] = vt_request(test, vm, 60, VM_SLEEP);
	vd_wait_waiters(test, vm, 2);
	expect_removed(test, start_removal(test));
	calls = atomic_read(&sleeper->calls);
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
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->calls), calls);
}

/*
 * [47] After the removal of a module, vmem calls no function of the module. The
 * cached integers remain usable, and their span stays in the arena.
 */
static void no_function_is_called_after_removal(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *vm;
	int calls;

	insert_module(test, VD_SLAB);
	vm = module_client(test, VD_CACHED);
	vt_free(vm, vt_alloc(vm, 1, VM_SLEEP), 1);
	expect_removed(test, start_removal(test));
	calls = atomic_read(&sleeper->calls);
	t = vt_request(test, vm, VD_SLAB, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), 1UL);
	if (vd_stuck(test))
		return;
	vt_free(vm, 1, VD_SLAB);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)VD_SLAB);
	t = vt_request(test, vm, TOO_LARGE, VM_SLEEP);
	vd_wait_waiters(test, vm, 1);
	vmem_update(NULL);
	serve_by_add(test, vm, t, 1000);
	if (vd_stuck(test))
		return;
	vd_close(test, vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->calls), calls);
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
			vt_yield();
		if (addr)
			vt_free(t->vm, addr, size);
	}
}

/* [47] The removal of a module completes while clients allocate and free. */
static void removal_completes_under_traffic(struct kunit *test)
{
	struct vt_thread *t[4], *rm;
	unsigned int i;
	vmem_t *vm[2];
	int calls;

	insert_module(test, 1000);
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
	rm = start_removal(test);
	if (!vd_served(test, rm))
		KUNIT_FAIL(test, "the module is not removed");
	calls = atomic_read(&sleeper->calls);
	msleep(200);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->calls), calls);
	WRITE_ONCE(stop_traffic, true);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vd_join(test, t[i], NULL);
	expect_removed(test, rm);
	if (vd_stuck(test))
		return;
	vd_close(test, vm[1]);
	vd_close(test, vm[0]);
	vt_drain(test, source);
}

/* Import and release functions of this module. */
static void *own_import(vmem_t *src, size_t size, int vmflag)
{
	return vmem_alloc(src, size, vmflag | VM_NOSLEEP);
}

static void own_release(vmem_t *src, void *addr, size_t size)
{
	if (READ_ONCE(sleeper->block_give)) {
		complete(&sleeper->entered);
		wait_for_completion(&sleeper->proceed);
	}
	vmem_free(src, addr, size);
	atomic_inc(&sleeper->calls);
}

/* Create an arena whose release function blocks in a work item. */
static vmem_t *blocked_client(struct kunit *test, struct vt_thread **t)
{
	vmem_t *vm;

	source = vd_ids(test, "source", VD_SLAB, 0);
	vm = vt_track(test, vmem_create("client", NULL, 0, 1, own_import,
					own_release, source, VD_CACHED,
					VM_SLEEP | VMC_IDENTIFIER));
	*t = release_by_work_item(test, vm);
	return wait_blocked(test) ? vm : NULL;
}

static void destroy_in_thread(struct vt_thread *t)
{
	vmem_destroy(t->vm);
	t->errors += !atomic_read(&sleeper->calls);
}

static struct vt_thread *start_destroy(struct kunit *test, vmem_t *vm)
{
	struct vt_thread *t = vt_thread_start(test, destroy_in_thread, vm, 0,
					      0);

	KUNIT_ASSERT_NOT_NULL(test, t);
	vt_untrack(test, vm);
	wake_up_process(t->task);
	return t;
}

/* [41] vmem_destroy() does not wait for a release function of another arena. */
static void destroy_waits_for_no_other_arena(struct kunit *test)
{
	struct vt_thread *t, *d;
	vmem_t *vm, *other[3];
	unsigned int i;

	vm = blocked_client(test, &t);
	if (!vm)
		return;
	/* A sibling, a child of @vm, and an arena of another tree. */
	other[0] = vd_client(test, "sibling", source, VD_CACHED);
	other[1] = vd_client(test, "child", vm, VD_CACHED);
	other[2] = vd_unrelated_arena(test);
	for (i = 0; i < 3; i++) {
		d = start_destroy(test, other[i]);
		if (!vd_served(test, d)) {
			KUNIT_FAIL(test, "destroying arena %u waits", i);
			complete_all(&sleeper->proceed);
		}
		vt_join(test, d, NULL);
		if (vd_stuck(test))
			return;
	}
	expect_other_trees_served(test);
	complete(&sleeper->proceed);
	serve_by_add(test, vm, t, 1000);
}

/* [41] A blocked release function delays no request in the importing arena. */
static void blocked_release_delays_no_request(struct kunit *test)
{
	struct vt_thread *t;
	vmem_t *vm;

	vm = blocked_client(test, &t);
	if (!vm)
		return;
	serve_by_add(test, vm, t, 1000);
	if (vd_stuck(test))
		return;
	t = vt_request(test, vm, TOO_LARGE + 1, VM_SLEEP);
	vd_wait_waiters(test, vm, 1);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)2000, TOO_LARGE + 1,
					     VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), 2000UL);
	if (vd_stuck(test))
		return;
	vt_free(vm, 2000, TOO_LARGE + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->calls), 0);
	complete(&sleeper->proceed);
}

/* [47] vmem_destroy() waits for release calls of the arena that it destroys. */
static void destroy_waits_for_its_own_release(struct kunit *test)
{
	struct vt_thread *t, *d;
	unsigned int errors = 0;
	vmem_t *vm;

	vm = blocked_client(test, &t);
	if (!vm)
		return;
	serve_by_add(test, vm, t, 1000);
	/* If serve_by_add() failed, it has unblocked the release function. */
	if (vd_stuck(test) || test->status == KUNIT_FAILURE)
		return;
	d = start_destroy(test, vm);
	if (!expect_waiting(test, d))
		return;
	complete(&sleeper->proceed);
	vd_join(test, d, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, vmem_size(source, VMEM_ALLOC), (size_t)0);
	vd_close(test, source);
}

static bool may_import;
static atomic_t late_imports;

static void *late_import(vmem_t *src, size_t size, int vmflag)
{
	atomic_inc(&late_imports);
	return READ_ONCE(may_import) ? (void *)1 : NULL;
}

static void release_nothing(vmem_t *src, void *addr, size_t size)
{
}

static void update_in_thread(struct vt_thread *t)
{
	vmem_update(NULL);
}

/* [41] [24] A blocked release function does not delay maintenance. */
static void blocked_release_delays_no_maintenance(struct kunit *test)
{
	struct vt_thread *t, *late, *update;
	vmem_t *vm, *importer;
	unsigned long addr;
	int before;

	WRITE_ONCE(may_import, false);
	vm = blocked_client(test, &t);
	if (!vm)
		return;
	importer = vt_track(test, vmem_create("late", NULL, 0, 1, late_import,
					      release_nothing, source, 0,
					      VM_SLEEP | VMC_IDENTIFIER));
	late = vt_request(test, importer, 1, VM_SLEEP);
	vd_wait_waiters(test, importer, 1);
	vd_stable_waits(importer);

	/* Test vmem_update() first, then periodic maintenance. */
	before = atomic_read(&late_imports);
	update = vt_thread_start(test, update_in_thread, NULL, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, update);
	wake_up_process(update->task);
	if (!vd_served(test, update))
		KUNIT_FAIL(test, "vmem_update() waits for a release function");
	if (!vd_poll(test, atomic_read(&late_imports) > before))
		KUNIT_FAIL(test, "vmem_update() did not retry the import");
	WRITE_ONCE(may_import, true);
	if (!vt_param("interval", "1", NULL, 0) && !vd_served(test, late))
		KUNIT_FAIL(test, "periodic maintenance does not run");
	vt_param("interval", "3600", NULL, 0);

	complete_all(&sleeper->proceed);
	vt_join(test, update, NULL);
	addr = vd_join(test, late, NULL);
	if (vd_stuck(test))
		return;
	vt_free(importer, addr, 1);
	serve_by_add(test, vm, t, 1000);
}

static void request_without_memory(struct vt_thread *t)
{
	vn_arm(VN_ALL);
	t->addr = vt_alloc(t->vm, t->size, t->vmflag);
	vn_disarm(VN_ALL);
}

/* If @on, make all memory allocations of this task and of all workers fail. */
static void fail_allocations(bool on)
{
	if (on) {
		vn_fail_workers(true);
		vn_arm(VN_ALL);
	} else {
		vn_disarm(VN_ALL);
		vn_fail_workers(false);
	}
}

static void needs_failslab(struct kunit *test)
{
	if (!vn_ready)
		kunit_skip(test, "no failslab, or no shell to set it up");
}

#define SLABS	20

static const char * const free_order[] = {
	"all freed without memory", "half freed before",
};

static void describe_free_order(const char * const *w, char *desc)
{
	strscpy(desc, *w, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(free_order, free_order, describe_free_order);

/*
 * Allocate every integer of @heap as an object of a cache of @cached. Let a
 * request in @vm wait for all integers. Then free the objects while every
 * memory allocation fails, and expect that the request is served.
 */
static void free_without_memory(struct kunit *test, vmem_t *heap,
				vmem_t *cached, vmem_t *vm)
{
	unsigned int i, n = 0, half = SLABS * VD_SLAB / 2;
	bool half_before = test->param_value != free_order, served;
	unsigned long *id, addr;
	struct vt_thread *t;

	id = kunit_kcalloc(test, SLABS * VD_SLAB, sizeof(*id), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, id);
	while (n < SLABS * VD_SLAB && (id[n] = vt_alloc(cached, 1, VM_SLEEP)))
		n++;
	KUNIT_ASSERT_EQ(test, n, (unsigned int)SLABS * VD_SLAB);
	/* Free half of each slab. */
	for (i = 0; half_before && i < half; i++)
		vt_free(cached, id[2 * i], 1);

	t = vt_thread_start(test, request_without_memory, vm, SLABS * VD_SLAB,
			    VM_SLEEP | VM_PUSHPAGE);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vd_wait_waiters(test, vm, 1);
	vd_stable_waits(heap);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));

	fail_allocations(true);
	for (i = 0; i < n; i++)
		if (!half_before || i % 2)
			vt_free(cached, id[i], 1);
	served = vd_served(test, t);
	fail_allocations(false);
	if (!served)
		KUNIT_FAIL(test, "the request waits for memory");
	addr = vd_join(test, t, NULL);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	if (!vd_stuck(test))
		vt_free(vm, addr, SLABS * VD_SLAB);
}

static vmem_t *populator_heap(struct kunit *test, size_t n, size_t qcache_max)
{
	return vt_track(test, vmem_create("heap", (void *)1, n, 1, NULL, NULL,
					  NULL, qcache_max,
					  VM_SLEEP | VMC_IDENTIFIER |
					  VMC_POPULATOR));
}

/* [46] Reclaim for a populator arena works without memory. */
static void reclaim_needs_no_memory(struct kunit *test)
{
	vmem_t *heap = populator_heap(test, SLABS * VD_SLAB, 0);

	needs_failslab(test);
	free_without_memory(test, heap, vd_client(test, "client", heap,
						  VD_CACHED), heap);
}

/*
 * [46] Reclaim works without memory for a request that imports through several
 * populator arenas.
 */
static void reclaim_for_an_importer_needs_no_memory(struct kunit *test)
{
	vmem_t *heap = populator_heap(test, SLABS * VD_SLAB, 0), *vm = heap;
	unsigned int i;

	needs_failslab(test);
	for (i = 0; i < 3; i++)
		vm = vt_track(test, vmem_create("importer", NULL, 0, 1,
						vmem_alloc, vmem_free, vm, 0,
						VM_SLEEP | VMC_IDENTIFIER |
						VMC_POPULATOR));
	free_without_memory(test, heap, vd_client(test, "client", heap,
						  VD_CACHED), vm);
}

/*
 * [46] [45] Reclaim from the caches of twelve levels of arenas works without
 * memory.
 */
static void deep_reclaim_needs_no_memory(struct kunit *test)
{
	static const struct vd_shape s = { "below", 12, 1 };
	size_t size = vd_slabs_size(&s);
	vmem_t *heap = populator_heap(test, size, 0);
	unsigned long id[VD_DEPTH + 1];
	struct vt_thread *t;
	struct vd_path *c;
	unsigned int i;
	bool served;

	needs_failslab(test);
	c = vd_path_below(test, heap, &s);
	for (i = 1; i < c->n; i++)
		id[i] = vt_alloc(c->vm[i], 1 + i % VD_CACHED, VM_SLEEP);
	t = vt_thread_start(test, request_without_memory, heap, size,
			    VM_SLEEP | VM_PUSHPAGE);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vd_wait_waiters(test, heap, 1);
	vd_stable_waits(heap);

	fail_allocations(true);
	for (i = 1; i < c->n; i++)
		vt_free(c->vm[i], id[i], 1 + i % VD_CACHED);
	served = vd_served(test, t);
	fail_allocations(false);
	if (!served)
		KUNIT_FAIL(test, "the request waits for memory");
	vd_join_whole(test, t);
}

/* Pages that the test withholds from the rest of the kernel. */
static LIST_HEAD(hog_list);
static DEFINE_SPINLOCK(hog_lock);

static unsigned int unhog_pages(unsigned int n)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < n; i++) {
		spin_lock_irq(&hog_lock);
		page = list_first_entry_or_null(&hog_list, struct page, lru);
		if (page)
			list_del(&page->lru);
		spin_unlock_irq(&hog_lock);
		if (!page)
			break;
		__free_page(page);
	}
	return i;
}

/*
 * OOM notifier, called before the OOM killer selects a task. Frees withheld
 * pages, unless the task that needs memory is a worker.
 */
static int on_oom(struct notifier_block *nb, unsigned long action, void *freed)
{
	if (!(current->flags & PF_WQ_WORKER))
		*(unsigned long *)freed += unhog_pages(64);
	return NOTIFY_OK;
}

static struct notifier_block oom_nb = { .notifier_call = on_oom };

/* Allocate every free page. */
static void hog_pages(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct page *page;

		while ((page = alloc_page(GFP_NOWAIT | __GFP_NOWARN |
					  __GFP_NOMEMALLOC))) {
			spin_lock_irq(&hog_lock);
			list_add(&page->lru, &hog_list);
			spin_unlock_irq(&hog_lock);
		}
		msleep(20);
	}
}

/**
 * struct shortage - a kind of memory shortage
 * @name: name of this KUnit parameter
 * @fails: the kernel's fault injection makes allocations fail; otherwise all
 *	pages are in use
 * @child: the caches are in an arena that imports from the populator arena;
 *	otherwise they are in the populator arena itself
 */
struct shortage {
	const char *name;
	bool fails;
	bool child;
};

static const struct shortage shortages[] = {
	{ "allocations fail", true, false },
	{ "allocations fail, child", true, true },
	{ "no pages", false, false },
	{ "no pages, child", false, true },
};

static void describe_shortage(const struct shortage *l, char *desc)
{
	strscpy(desc, l->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shortage, shortages, describe_shortage);

/*
 * A test that allocates every free page is skipped on a machine with more than
 * this number of pages.
 */
#define HOG_MAX		((4UL << 30) / PAGE_SIZE)

static void set_shortage(const struct shortage *l, bool on)
{
	if (l->fails) {
		fail_allocations(on);
	} else if (on) {
		register_oom_notifier(&oom_nb);
		hog_pages();
	} else {
		unhog_pages(UINT_MAX);
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

#define CLIENT_IDS	(200 * VD_SLAB)

/*
 * [46] [41] Reclaim without memory does not delay a request that a freed
 * segment can serve. Half of each slab is in use, so reclaim needs thousands of
 * segment structures to split the slabs.
 */
static void reclaim_without_memory_delays_no_request(struct kunit *test)
{
	const struct shortage *l = test->param_value;
	unsigned long direct, addr, *id;
	bool waited, served;
	vmem_t *heap, *client;
	struct vt_thread *t;
	unsigned int i;

	if (l->fails)
		needs_failslab(test);
	else if (totalram_pages() > HOG_MAX)
		kunit_skip(test, "too much memory to take all of it");
	heap = populator_heap(test, CLIENT_IDS + 100, l->child ? 0 : VD_CACHED);
	client = l->child ? vd_client(test, "client", heap, VD_CACHED) : heap;
	id = kunit_kcalloc(test, CLIENT_IDS, sizeof(*id), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, id);
	direct = vt_alloc(heap, 100, VM_SLEEP);
	for (i = 0; i < CLIENT_IDS; i++)
		id[i] = vt_alloc(client, 1, VM_SLEEP);
	for (i = 0; i < CLIENT_IDS; i += 2)
		vt_free(client, id[i], 1);
	t = vt_thread_start(test, pushpage_request, heap, 100,
			    VM_SLEEP | VM_PUSHPAGE);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->seed = l->fails;

	set_shortage(l, true);
	wake_up_process(t->task);
	waited = vd_poll(test, vt_stats(heap).waiters == 1);
	msleep(500);
	vt_free(heap, direct, 100);
	served = vd_served(test, t);
	set_shortage(l, false);

	KUNIT_EXPECT_TRUE(test, waited);
	if (!served)
		KUNIT_FAIL(test, "the request waits for memory");
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_NE(test, addr, 0UL);
	vt_free(heap, addr, 100);
	for (i = 1; i < CLIENT_IDS; i += 2)
		vt_free(client, id[i], 1);
	vd_alloc_whole(test, heap, CLIENT_IDS + 100);
}

static struct kunit_case vmem_live_module_cases[] = {
	KUNIT_CASE_PARAM(reclaim_needs_no_memory, free_order_gen_params),
	KUNIT_CASE_PARAM(reclaim_for_an_importer_needs_no_memory,
			 free_order_gen_params),
	KUNIT_CASE(deep_reclaim_needs_no_memory),
	KUNIT_CASE_PARAM(reclaim_without_memory_delays_no_request,
			 shortage_gen_params),
	KUNIT_CASE(waiters_are_served_after_removal),
	KUNIT_CASE(no_function_is_called_after_removal),
	KUNIT_CASE(removal_completes_under_traffic),
	KUNIT_CASE(destroy_waits_for_no_other_arena),
	KUNIT_CASE(blocked_release_delays_no_request),
	KUNIT_CASE(destroy_waits_for_its_own_release),
	KUNIT_CASE(blocked_release_delays_no_maintenance),
	KUNIT_CASE(removal_waits_for_an_import),
	KUNIT_CASE(removal_waits_for_a_free),
	KUNIT_CASE(removal_waits_for_a_work_item),
	KUNIT_CASE(removal_waits_for_all),
	KUNIT_CASE(removal_delays_no_other_tree),
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

MODULE_DESCRIPTION("KUnit: vmem with functions that block, and without memory");
MODULE_LICENSE("GPL");
