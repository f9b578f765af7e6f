// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas do not wait for one another: a sleeping request is served as soon as
 * there is space, even while import and release functions of other arenas block
 * or take a lock that the sleeping task holds.
 *
 * In these tests a function blocks until all other requests have made progress,
 * not for a fixed time.
 */
#include <linux/mutex.h>

#include "vmem_test_live.h"

/* Number of identifiers, large enough that the caches use magazines. */
#define NR_IDS	6000UL

/*
 * Allocate @n identifiers of a cached size and free them again. Then the
 * magazines, the depot and the slabs hold the identifiers.
 */
static void fill_caches(struct kunit *test, vmem_t *vm, size_t n)
{
	unsigned long *addr = kvcalloc(n, sizeof(*addr), GFP_KERNEL);
	unsigned long i, got = 0;

	KUNIT_EXPECT_NOT_NULL(test, addr);
	if (!addr)
		return;
	for (i = 0; i < n; i++) {
		addr[i] = vt_alloc(vm, 1, VM_SLEEP);
		got += !!addr[i];
	}
	KUNIT_EXPECT_EQ(test, got, n);
	for (i = 0; i < n; i++)
		vt_free(vm, addr[i], 1);
	kvfree(addr);
}

/**
 * struct blocked - a tree whose release function blocks
 * @vm: the arena with this release function
 * @t: the request that has started reclaim
 */
struct blocked {
	vmem_t *vm;
	struct vt_thread *t;
};

static void block_tree(struct kunit *test, struct blocked *b)
{
	b->vm = vl_idle_importer(test);
	vl_gate_close();
	b->t = vt_request(test, b->vm, VL_SLAB + 1, VM_SLEEP);
	vl_gate_wait(test);
}

/* Check that the release function is still blocked, then unblock it. */
static void unblock_tree(struct kunit *test, struct blocked *b)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.releases), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.releases_done), 0);
	vl_gate_open();
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(b->vm, (void *)0x800000,
					     VL_SLAB + 1, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vl_join_free(test, b->t), 0x800000UL);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases_done) == 1));
}

/*
 * [41] While a release function blocks, reclaim of another tree empties the
 * caches of an arena to serve a request in this arena.
 */
static void blocked_release_delays_no_reclaim_of_other_tree(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, NR_IDS, 2);
	struct vt_thread *t;
	struct blocked b;

	fill_caches(test, vm, NR_IDS);
	block_tree(test, &b);
	t = vt_request(test, vm, NR_IDS, VM_SLEEP);
	vl_served(test, t, "a request of another tree");
	unblock_tree(test, &b);
	vl_join_free(test, t);
}

/*
 * [41] While a release function blocks, a segment that is freed in another tree
 * serves requests that already wait there.
 */
static void free_in_other_tree_serves_waiters(struct kunit *test)
{
	static const size_t qcache_max[] = { 0, 4 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(qcache_max); i++) {
		vmem_t *vm = vl_ids(test, 100, qcache_max[i]);
		unsigned long addr = vt_alloc(vm, 100, VM_SLEEP);
		struct vt_thread *t[2];
		struct blocked b;

		atomic_set(&vl.releases, 0);
		atomic_set(&vl.releases_done, 0);
		block_tree(test, &b);
		t[0] = vt_request(test, vm, 30, VM_SLEEP);
		t[1] = vt_request(test, vm, 3, VM_SLEEP | VM_NEXTFIT);
		vl_wait_waiters(test, vm, 2);
		vt_free(vm, addr, 100);
		vl_served(test, t[0], "a waiter of another tree");
		vl_served(test, t[1], "a waiter for a small size");
		unblock_tree(test, &b);
		vl_join_free(test, t[0]);
		vl_join_free(test, t[1]);
		if (((struct vt *)test->priv)->stuck)
			return;
	}
}

/*
 * [41] While a release function blocks, a segment that is freed in a populator
 * arena of another tree serves a waiter with VM_PUSHPAGE.
 */
static void free_in_other_tree_serves_pushpage(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create("populator", (void *)1, 100, 1,
						NULL, NULL, NULL, 4,
						VM_SLEEP | VMC_IDENTIFIER |
						VMC_POPULATOR));
	unsigned long addr = vt_alloc(vm, 100, VM_SLEEP);
	struct vt_thread *t;
	struct blocked b;

	block_tree(test, &b);
	t = vt_request(test, vm, 100, VM_SLEEP | VM_PUSHPAGE);
	vl_wait_waiters(test, vm, 1);
	vt_free(vm, addr, 100);
	vl_served(test, t, "a request with VM_PUSHPAGE");
	unblock_tree(test, &b);
	vl_join_free(test, t);
}

/*
 * [41] While a release function blocks, reclaim of another tree empties the
 * caches two levels below the root to serve a request in the root.
 */
static void blocked_release_delays_no_deep_reclaim(struct kunit *test)
{
	vmem_t *root = vl_ids(test, NR_IDS, 0);
	vmem_t *mid = vl_client(test, root, 2);
	vmem_t *leaf = vl_client(test, mid, 2);
	struct vt_thread *t;
	struct blocked b;

	fill_caches(test, leaf, NR_IDS / 2);
	block_tree(test, &b);
	t = vt_request(test, root, NR_IDS, VM_SLEEP);
	vl_served(test, t, "a request for all of another tree");
	unblock_tree(test, &b);
	vl_join_free(test, t);
}

/*
 * A mutex of a client, which the client's release function takes. client_lock()
 * gives up when a test sets @give_up, so that a test that has failed does not
 * hang.
 */
static DEFINE_MUTEX(client_mutex);
static bool give_up;
static bool gave_up;

static void client_lock(void)
{
	while (!mutex_trylock(&client_mutex)) {
		if (READ_ONCE(give_up)) {
			WRITE_ONCE(gave_up, true);
			return;
		}
		vl_gate_pass();
		msleep(20);
	}
	mutex_unlock(&client_mutex);
}

static void release_under_mutex(vmem_t *src, void *addr, size_t size)
{
	atomic_inc(&vl.releases);
	client_lock();
	atomic_inc(&vl.releases_done);
}

/* Like vl_idle_importer(), but releases with release_under_mutex(). */
static vmem_t *idle_importer_with_mutex(struct kunit *test)
{
	vmem_t *label = vl_ids(test, 0, 0);
	vmem_t *vm = vl_child(test, label, 4, vl_import, release_under_mutex);

	give_up = false;
	gave_up = false;
	vl.next = 0x100000;
	vt_free(vm, vt_alloc(vm, 1, VM_NOSLEEP), 1);
	vl.next = 0;
	return vm;
}

static struct completion mutex_held;

static void request_under_mutex(struct vt_thread *t)
{
	mutex_lock(&client_mutex);
	complete(&mutex_held);
	t->addr = vt_alloc(t->vm, t->size, VM_SLEEP);
	mutex_unlock(&client_mutex);
}

/*
 * [42] When reclaim calls a release function, the function may take a mutex
 * that a waiter in another tree holds.
 */
static void release_takes_the_mutex_of_a_waiter(struct kunit *test)
{
	vmem_t *y = vl_ids(test, NR_IDS, 2);
	vmem_t *x = idle_importer_with_mutex(test);
	unsigned long addr = vt_alloc(y, NR_IDS, VM_SLEEP);
	struct vt_thread *holder, *t;

	init_completion(&mutex_held);
	holder = vl_run(test, request_under_mutex, y, NR_IDS);
	wait_for_completion(&mutex_held);
	vl_wait_waiters(test, y, 1);
	/* Reclaim calls the release function, which blocks on the mutex. */
	t = vt_request(test, x, VL_SLAB + 1, VM_SLEEP);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases) == 1));
	vt_free(y, addr, NR_IDS);
	vl_served(test, holder, "the waiter with the mutex");
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases_done) == 1));
	WRITE_ONCE(give_up, true);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(gave_up));
	vmem_add(x, (void *)0x800000, VL_SLAB + 1, VM_SLEEP);
	vl_join_free(test, t);
	vl_join_free(test, holder);
}

/*
 * [42] While a release function blocks on a mutex, the holder of the mutex may
 * wait in another tree for space that only reclaim of the other tree frees.
 */
static void waiter_with_the_mutex_needs_reclaim(struct kunit *test)
{
	vmem_t *y = vl_ids(test, NR_IDS, 2);
	vmem_t *x = idle_importer_with_mutex(test);
	struct vt_thread *holder, *t;

	fill_caches(test, y, NR_IDS);
	mutex_lock(&client_mutex);
	t = vt_request(test, x, VL_SLAB + 1, VM_SLEEP);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases) == 1));
	/*
	 * Hold the release function at the gate while another thread takes the
	 * mutex.
	 */
	vl_gate_close();
	vl_gate_wait(test);
	mutex_unlock(&client_mutex);
	init_completion(&mutex_held);
	holder = vl_run(test, request_under_mutex, y, NR_IDS);
	wait_for_completion(&mutex_held);
	vl_gate_open();
	vl_served(test, holder, "the waiter with the mutex");
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases_done) == 1));
	WRITE_ONCE(give_up, true);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(gave_up));
	vmem_add(x, (void *)0x800000, VL_SLAB + 1, VM_SLEEP);
	vl_join_free(test, t);
	vl_join_free(test, holder);
}

static void free_in_thread(struct vt_thread *t)
{
	vt_free(t->vm, t->addr, t->size);
}

/*
 * [42] When vmem_free() calls a release function, the function may take a mutex
 * that a waiter in another tree holds.
 */
static void free_takes_the_mutex_of_a_waiter(struct kunit *test)
{
	vmem_t *y = vl_ids(test, 100, 4);
	vmem_t *x = idle_importer_with_mutex(test);
	unsigned long addr = vt_alloc(y, 100, VM_SLEEP);
	struct vt_thread *holder, *t;

	init_completion(&mutex_held);
	holder = vl_run(test, request_under_mutex, y, 100);
	wait_for_completion(&mutex_held);
	vl_wait_waiters(test, y, 1);
	vl.next = 0x200000;
	t = vt_thread_start(test, free_in_thread, x, 200, 0);
	t->addr = vt_alloc(x, 200, VM_SLEEP);
	vl.next = 0;
	wake_up_process(t->task);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases) >= 1));
	vt_free(y, addr, 100);
	vl_served(test, holder, "the waiter with the mutex");
	vl_served(test, t, "the thread in vmem_free()");
	WRITE_ONCE(give_up, true);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(gave_up));
	vt_join(test, t, NULL);
	vl_join_free(test, holder);
}

static vmem_t *other_arena;

/* A release function that waits for space in another tree. */
static void release_that_allocates(vmem_t *src, void *addr, size_t size)
{
	unsigned long got;

	atomic_inc(&vl.releases);
	got = vt_alloc(other_arena, 10, VM_SLEEP);
	vt_free(other_arena, got, 10);
	atomic_inc(&vl.releases_done);
}

/*
 * [42] A release function may wait for space in another tree. Reclaim of the
 * other tree frees the space.
 */
static void release_may_wait_for_another_tree(struct kunit *test)
{
	vmem_t *y = vl_ids(test, VL_SLAB, 4);
	vmem_t *label = vl_ids(test, 0, 0);
	vmem_t *x = vl_child(test, label, 4, vl_import, release_that_allocates);
	struct vt_thread *t[2];
	unsigned long addr;

	other_arena = y;
	vl.next = 0x100000;
	vt_free(x, vt_alloc(x, 1, VM_NOSLEEP), 1);
	vl.next = 0;
	addr = vt_alloc(y, 1, VM_SLEEP);
	t[0] = vt_request(test, x, VL_SLAB + 1, VM_SLEEP);
	/*
	 * Only one object of the slab is in use, so the release function may
	 * already have returned.
	 */
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases) == 1));
	t[1] = vt_request(test, y, VL_SLAB, VM_SLEEP);
	vt_free(y, addr, 1);
	if (!vl_poll(test, atomic_read(&vl.releases_done) == 1)) {
		/*
		 * The worker may block forever: leak the arenas, and pin this
		 * module.
		 */
		((struct vt *)test->priv)->stuck = true;
		__module_get(THIS_MODULE);
		KUNIT_FAIL(test, "the release function is not served");
		return;
	}
	vl_served(test, t[1], "the other waiter");
	vmem_add(x, (void *)0x800000, VL_SLAB + 1, VM_SLEEP);
	vl_join_free(test, t[0]);
	vl_join_free(test, t[1]);
}

/*
 * [41] A blocked release function does not delay a waiter in another arena with
 * the same source.
 */
static void blocked_release_delays_no_sibling(struct kunit *test)
{
	vmem_t *root = vl_ids(test, 4 * VL_SLAB, 0);
	vmem_t *a = vl_child(test, root, 4, vl_import_from, vl_release_to);
	vmem_t *b = vl_client(test, root, 4);
	unsigned long addr = vt_alloc(root, 3 * VL_SLAB, VM_SLEEP);
	struct vt_thread *t[2];

	vt_free(a, vt_alloc(a, 1, VM_SLEEP), 1);
	KUNIT_EXPECT_EQ(test, vmem_size(root, VMEM_FREE), (size_t)0);
	vl_gate_close();
	t[0] = vt_request(test, b, VL_SLAB + 20, VM_SLEEP);
	vl_gate_wait(test);
	t[1] = vt_request(test, b, 1, VM_SLEEP);
	vl_wait_waiters(test, root, 2);
	vt_free(root, addr, 3 * VL_SLAB);
	vl_served(test, t[0], "a waiter in the tree of the blocked function");
	vl_served(test, t[1], "a waiter for a cached size");
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.releases_done), 0);
	vl_gate_open();
	vl_join_free(test, t[0]);
	vl_join_free(test, t[1]);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.releases_done) == 1));
}

/*
 * [41] A blocked release function does not delay a waiter that needs space from
 * the caches of another arena in the same tree.
 */
static void blocked_release_delays_no_reclaim_of_sibling(struct kunit *test)
{
	vmem_t *root = vl_ids(test, NR_IDS, 0);
	vmem_t *a = vl_child(test, root, 4, vl_import_from, vl_release_to);
	vmem_t *b = vl_client(test, root, 2);
	struct vt_thread *t[2];

	vt_free(a, vt_alloc(a, 1, VM_SLEEP), 1);
	vl_gate_close();
	t[0] = vt_request(test, root, NR_IDS, VM_SLEEP);
	vl_gate_wait(test);
	fill_caches(test, b, NR_IDS / 2);
	t[1] = vt_request(test, root, NR_IDS - VL_SLAB, VM_SLEEP);
	vl_served(test, t[1], "a request that does not need the blocked span");
	KUNIT_EXPECT_FALSE(test, completion_done(&t[0]->done));
	KUNIT_EXPECT_EQ(test, atomic_read(&vl.releases_done), 0);
	vl_gate_open();
	vl_join_free(test, t[1]);
	vl_join_free(test, t[0]);
}

/* An import function that always fails, and whose first call blocks. */
static void *import_blocks_once(vmem_t *src, size_t size, int vmflag)
{
	if (atomic_inc_return(&vl.imports) == 1)
		vl_gate_pass();
	return NULL;
}

/* [41] A blocked import function delays only the request that called it. */
static void blocking_import_delays_only_its_request(struct kunit *test)
{
	vmem_t *label = vl_ids(test, 0, 0);
	vmem_t *vm = vl_child(test, label, 4, import_blocks_once, NULL);
	vmem_t *child = vl_client(test, vm, 2);
	vmem_t *other = vl_ids(test, NR_IDS, 2);
	struct vt_thread *t[4];
	unsigned int i;

	fill_caches(test, other, NR_IDS);
	vl_gate_close();
	t[0] = vt_request(test, vm, 100, VM_SLEEP);
	vl_gate_wait(test);
	t[1] = vt_request(test, vm, 3, VM_SLEEP);
	t[2] = vt_request(test, child, 30, VM_SLEEP);
	t[3] = vt_request(test, other, NR_IDS, VM_SLEEP);
	vl_served(test, t[3], "a request of another tree");
	vl_wait_waiters(test, vm, 2);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)1, 50, VM_SLEEP));
	vl_served(test, t[1], "a request that needs no import");
	vl_served(test, t[2], "a request of the child");
	vl_gate_open();
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)1000, 100, VM_SLEEP));
	vl_served(test, t[0], "the request whose import blocked");
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vl_join_free(test, t[i]);
}

static void *import_blocks_then_fails(vmem_t *src, size_t size, int vmflag)
{
	atomic_inc(&vl.imports);
	vl_gate_pass();
	return NULL;
}

/*
 * [41] [37] If a segment is freed while an import function blocks, and the
 * function then fails, the request uses the segment and does not sleep.
 */
static void free_during_a_failing_import_serves(struct kunit *test)
{
	vmem_t *label = vl_ids(test, 0, 0);
	vmem_t *vm = vl_child(test, label, 4, import_blocks_then_fails, NULL);
	struct vt_thread *t[2];
	unsigned long addr;

	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)1, 100, VM_SLEEP));
	addr = vt_alloc(vm, 100, VM_SLEEP);
	vl_gate_close();
	t[0] = vt_request(test, vm, 50, VM_SLEEP);
	t[1] = vt_request(test, vm, 2, VM_SLEEP);
	KUNIT_EXPECT_TRUE(test, vl_poll(test, atomic_read(&vl.imports) == 2));
	vt_free(vm, addr, 100);
	vl_gate_open();
	vl_served(test, t[0], "a request whose import was refused");
	vl_served(test, t[1], "a request for a cached size");
	vl_join_free(test, t[0]);
	vl_join_free(test, t[1]);
}

static void destroy_in_thread(struct vt_thread *t)
{
	vmem_destroy(t->vm);
}

/*
 * Make a request that fails. The request queues a reclaim, which may still be
 * pending when the test destroys the arena.
 */
static void ask_for_reclaim(struct kunit *test, vmem_t *vm)
{
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * NR_IDS, VM_NOSLEEP), 0UL);
	msleep(50);
}

/*
 * A blocked release function does not delay vmem_destroy() of an arena in
 * another tree.
 */
static void blocked_release_delays_no_destroy_of_other_tree(struct kunit *test)
{
	vmem_t *vm = vl_ids(test, NR_IDS, 2);
	struct vt_thread *t;
	struct blocked b;

	fill_caches(test, vm, NR_IDS);
	block_tree(test, &b);
	ask_for_reclaim(test, vm);
	vt_untrack(test, vm);
	t = vl_run(test, destroy_in_thread, vm, 0);
	vl_served(test, t, "vmem_destroy() of another tree");
	unblock_tree(test, &b);
	vt_join(test, t, NULL);
}

/*
 * A blocked release function does not delay vmem_destroy() of another arena
 * with the same source.
 */
static void blocked_release_delays_no_destroy_of_sibling(struct kunit *test)
{
	vmem_t *root = vl_ids(test, 4 * VL_SLAB, 0);
	vmem_t *a = vl_child(test, root, 4, vl_import_from, vl_release_to);
	vmem_t *b = vl_client(test, root, 4);
	struct vt_thread *t[2];

	vt_free(a, vt_alloc(a, 1, VM_SLEEP), 1);
	vl_gate_close();
	t[0] = vt_request(test, root, 4 * VL_SLAB, VM_SLEEP);
	vl_gate_wait(test);
	vt_free(b, vt_alloc(b, 1, VM_SLEEP), 1);
	ask_for_reclaim(test, b);
	vt_untrack(test, b);
	t[1] = vl_run(test, destroy_in_thread, b, 0);
	vl_served(test, t[1], "vmem_destroy() of a sibling");
	KUNIT_EXPECT_FALSE(test, completion_done(&t[0]->done));
	vl_gate_open();
	vt_join(test, t[1], NULL);
	vl_join_free(test, t[0]);
}

static void destroy_after_releases(struct vt_thread *t)
{
	vmem_destroy(t->vm);
	t->errors = atomic_read(&vl.releases_done) != atomic_read(&vl.releases);
}

/*
 * vmem_destroy() waits for the release of a span. When vmem_destroy() returns,
 * the source has the span again and can be destroyed.
 */
static void destroy_waits_for_its_release(struct kunit *test)
{
	vmem_t *root = vl_ids(test, VL_SLAB, 0);
	vmem_t *vm = vl_child(test, root, 4, vl_import_from, vl_release_to);
	unsigned int errors = 0;
	struct vt_thread *t;

	vt_free(vm, vt_alloc(vm, 1, VM_SLEEP), 1);
	vl_gate_close();
	KUNIT_EXPECT_EQ(test, vl_request(vm, VL_SLAB + 1, VM_NOSLEEP, false),
			0UL);
	vl_gate_wait(test);
	vt_untrack(test, vm);
	t = vl_run(test, destroy_after_releases, vm, 0);
	/* Give the thread time to start waiting. */
	msleep(200);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vl_gate_open();
	vt_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_EQ(test, vmem_size(root, VMEM_ALLOC), (size_t)0);
	vt_untrack(test, root);
	vmem_destroy(root);
}

static void update_in_thread(struct vt_thread *t)
{
	vmem_update(NULL);
}

/* import_later() fails until this is set, then imports from the source. */
static bool import_serves;

static void *import_later(vmem_t *src, size_t size, int vmflag)
{
	return READ_ONCE(import_serves) ? vmem_alloc(src, size, vmflag) : NULL;
}

/*
 * Expect that maintenance serves all other arenas while a release function
 * blocks.
 */
static void expect_maintenance(struct kunit *test,
			       void (*block)(struct kunit *test,
					     struct blocked *b))
{
	vmem_t *root = vl_ids(test, 100, 0);
	vmem_t *vm = vl_child(test, root, 0, import_later, vmem_free);
	vmem_t *hash = vl_ids(test, 2000, 0);
	struct vt_thread *t, *round;
	unsigned long id;
	struct blocked b;
	u64 buckets;

	import_serves = false;
	t = vt_request(test, vm, 10, VM_SLEEP);
	vl_wait_waiters(test, vm, 1);
	block(test, &b);
	for (id = 1; id <= 2000; id++)
		vt_alloc(hash, 1, VM_SLEEP);
	buckets = vt_stats(hash).buckets;
	WRITE_ONCE(import_serves, true);
	round = vl_run(test, update_in_thread, NULL, 0);
	vl_served(test, round, "a round of maintenance");
	vl_served(test, t, "a waiter that maintenance wakes");
	KUNIT_EXPECT_TRUE(test, vl_poll(test, vt_stats(hash).buckets > buckets ||
					vt_stats(hash).rescale));
	unblock_tree(test, &b);
	vt_join(test, round, NULL);
	vl_join_free(test, t);
	for (id = 1; id <= 2000; id++)
		vt_free(hash, id, 1);
}

/*
 * [41] A release function that blocks after a reclaim does not delay
 * maintenance.
 */
static void blocked_reclaim_release_delays_no_maintenance(struct kunit *test)
{
	expect_maintenance(test, block_tree);
}

static void update_until_release(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 50 && !atomic_read(&vl.releases); i++)
		vmem_update(NULL);
}

static struct vt_thread *blocked_round;

/*
 * Make a release function block during a round of maintenance. The round drains
 * the magazines that the depot did not need, returns the slabs that become
 * free, and releases the spans of these slabs.
 */
static void block_maintenance(struct kunit *test, struct blocked *b)
{
	vmem_t *label = vl_ids(test, 0, 0);

	b->vm = vl_child(test, label, 4, vl_import, vl_release);
	vl.next = 0x100000;
	fill_caches(test, b->vm, NR_IDS);
	vl.next = 0;
	b->t = NULL;
	vl_gate_close();
	blocked_round = vl_run(test, update_until_release, NULL, 0);
	vl_poll(test, completion_done(&blocked_round->done) ||
		completion_done(&vl.entered));
}

/*
 * [41] A release function that blocks after a round of maintenance does not
 * delay the next round, which wakes the waiters of other arenas.
 */
static void blocked_maintenance_release_delays_no_round(struct kunit *test)
{
	vmem_t *root = vl_ids(test, 100, 0);
	vmem_t *vm = vl_child(test, root, 0, import_later, vmem_free);
	struct vt_thread *t, *round;
	struct blocked b;

	import_serves = false;
	t = vt_request(test, vm, 10, VM_SLEEP);
	vl_wait_waiters(test, vm, 1);
	block_maintenance(test, &b);
	WRITE_ONCE(import_serves, true);
	round = vl_run(test, update_in_thread, NULL, 0);
	vl_served(test, round, "a round of maintenance");
	vl_served(test, t, "a waiter that maintenance wakes");
	vl_gate_open();
	vt_join(test, blocked_round, NULL);
	vt_join(test, round, NULL);
	vl_join_free(test, t);
}

static unsigned long object;

/*
 * An import function that always fails. Its first call frees an object of the
 * requested size.
 */
static void *import_and_free_object(vmem_t *src, size_t size, int vmflag)
{
	if (atomic_inc_return(&vl.imports) == 1)
		vt_free(other_arena, object, 2);
	return NULL;
}

/*
 * [41] If an object of the requested size is freed while a request imports, the
 * object serves the request, although the request has already searched the
 * caches. The object goes to a magazine or a slab, because no request waits
 * yet.
 */
static void object_freed_during_an_import_serves(struct kunit *test)
{
	static const size_t others[] = { 0, 1, 3, 10 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		vmem_t *label = vl_ids(test, 0, 0);
		vmem_t *vm = vl_child(test, label, 4, import_and_free_object,
				      NULL);
		size_t total = VL_SLAB + others[i];
		unsigned int n = total / 2, k;
		unsigned long *addr, rest = 0;
		struct vt_thread *t;

		addr = kunit_kcalloc(test, n, sizeof(*addr), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, addr);
		/* The import function frees nothing yet. */
		atomic_set(&vl.imports, 1);
		other_arena = vm;
		vmem_add(vm, (void *)1, total, VM_SLEEP);
		for (k = 0; k < n; k++)
			addr[k] = vt_alloc(vm, 2, VM_SLEEP);
		if (total % 2)
			rest = vt_alloc(vm, 1, VM_SLEEP);
		KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), (size_t)0);
		object = addr[n / 2];
		atomic_set(&vl.imports, 0);
		t = vt_request(test, vm, 2, VM_SLEEP);
		if (!vl_served(test, t, "a request for the freed object"))
			vmem_add(vm, (void *)1000, VL_SLAB, VM_SLEEP);
		addr[n / 2] = vt_join(test, t, NULL);
		if (((struct vt *)test->priv)->stuck)
			return;
		KUNIT_EXPECT_EQ(test, addr[n / 2], object);
		while (n--)
			vt_free(vm, addr[n], 2);
		if (rest)
			vt_free(vm, rest, 1);
	}
}

/*
 * [41] Each freed object of a cached size serves a waiter for this size,
 * although an older waiter needs more space than is free.
 */
static void freed_object_serves_the_small_waiter(struct kunit *test)
{
	vmem_t *root = vl_ids(test, 2 * VL_SLAB, 0);
	vmem_t *vm = vl_client(test, root, 4);
	vmem_t *leaf = vl_client(test, vm, 4);
	struct vt_thread *large, *t = NULL;
	unsigned long *addr, got;
	unsigned int n, i;

	addr = kunit_kcalloc(test, 2 * VL_SLAB, sizeof(*addr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, addr);
	for (n = 0; n < 2 * VL_SLAB; n++) {
		addr[n] = vt_alloc(n % 2 ? leaf : vm, 3, VM_NOSLEEP);
		if (!addr[n])
			break;
	}
	large = vt_request(test, vm, 2 * VL_SLAB - 1, VM_SLEEP);
	vl_wait_waiters(test, root, 1);
	for (i = 0; i < n; i++) {
		t = vt_request(test, i % 2 ? leaf : vm, 3, VM_SLEEP);
		vl_wait_waiters(test, root, 2);
		vt_free(i % 2 ? leaf : vm, addr[i], 3);
		if (!vl_served(test, t, "the small waiter"))
			break;
		got = vt_join(test, t, NULL);
		KUNIT_EXPECT_NE(test, got, 0UL);
		addr[i] = got;
		if (((struct vt *)test->priv)->stuck)
			return;
	}
	if (i < n) {
		vmem_add(root, (void *)1000, 8 * VL_SLAB, VM_SLEEP);
		vl_join_free(test, t);
		addr[i] = 0;
	}
	for (i = 0; i < n; i++)
		if (addr[i])
			vt_free(i % 2 ? leaf : vm, addr[i], 3);
	vl_served(test, large, "the large waiter");
	vl_join_free(test, large);
}

#define ROUNDS	400

static void alloc_and_free(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		size_t size = 1 + (i + t->seed) % 3;
		unsigned long addr = vt_alloc(t->vm, size, VM_SLEEP);

		if (!addr) {
			t->errors++;
			continue;
		}
		if (i % 8 == t->seed % 8)
			vt_yield();
		vt_free(t->vm, addr, size);
	}
}

/*
 * [41] [37] No thread sleeps while there is space for its request. More threads
 * allocate cached sizes than the arena has space for, and the import function
 * of the arena fails.
 */
static void cached_sizes_lose_no_wake_up(struct kunit *test)
{
	vmem_t *label = vl_ids(test, 0, 0);
	vmem_t *vm = vl_child(test, label, 3, vl_import, vl_release);
	struct vt_thread *t[8];
	unsigned int i, errors = 0;

	vmem_add(vm, (void *)1, 7, VM_SLEEP);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, alloc_and_free, vm, 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		wake_up_process(t[i]->task);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vl_served(test, t[i], "a thread");
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

static struct kunit_case vmem_live_trees_cases[] = {
	KUNIT_CASE(blocked_release_delays_no_reclaim_of_other_tree),
	KUNIT_CASE(free_in_other_tree_serves_waiters),
	KUNIT_CASE(free_in_other_tree_serves_pushpage),
	KUNIT_CASE(blocked_release_delays_no_deep_reclaim),
	KUNIT_CASE(release_takes_the_mutex_of_a_waiter),
	KUNIT_CASE(waiter_with_the_mutex_needs_reclaim),
	KUNIT_CASE(free_takes_the_mutex_of_a_waiter),
	KUNIT_CASE(release_may_wait_for_another_tree),
	KUNIT_CASE(blocked_release_delays_no_sibling),
	KUNIT_CASE(blocked_release_delays_no_reclaim_of_sibling),
	KUNIT_CASE(blocking_import_delays_only_its_request),
	KUNIT_CASE(free_during_a_failing_import_serves),
	KUNIT_CASE(blocked_release_delays_no_destroy_of_other_tree),
	KUNIT_CASE(blocked_release_delays_no_destroy_of_sibling),
	KUNIT_CASE(destroy_waits_for_its_release),
	KUNIT_CASE(blocked_reclaim_release_delays_no_maintenance),
	KUNIT_CASE(blocked_maintenance_release_delays_no_round),
	KUNIT_CASE(object_freed_during_an_import_serves),
	KUNIT_CASE(freed_object_serves_the_small_waiter),
	KUNIT_CASE(cached_sizes_lose_no_wake_up),
	{}
};

static struct kunit_suite vmem_live_trees_suite = {
	.name = "vmem_live_trees",
	.suite_init = vl_suite_init,
	.suite_exit = vl_suite_exit,
	.init = vl_init,
	.exit = vl_exit,
	.test_cases = vmem_live_trees_cases,
};

kunit_test_suite(vmem_live_trees_suite);

MODULE_DESCRIPTION("KUnit: vmem's arenas do not wait for one another");
MODULE_LICENSE("GPL");
