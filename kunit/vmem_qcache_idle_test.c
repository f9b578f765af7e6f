// SPDX-License-Identifier: GPL-2.0
/*
 * Idle contents of quantum caches: empty magazines, wholly free slabs, and the
 * caches of arenas that do not import.
 */
#include "vmem_test_import.h"
#include "vmem_test_qcache.h"

#define MANY	100000

static int idle_init(struct kunit *test)
{
	memset(&vt_imp, 0, sizeof(vt_imp));
	return vq_init(test);
}

/*
 * An arena with 2000 allocated objects and more than 10 empty magazines in the
 * depot.
 */
static vmem_t *arena_with_empty_magazines(struct kunit *test, struct vq_set *s)
{
	vmem_t *vm = vq_ids(test, MANY, 1);

	vq_supply_magazines(test, s, vm, 1,
			    DIV_ROUND_UP(2000, vq_capacity(1)));
	while (s->n < 2000)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	vq_put_all(s, vm);
	KUNIT_ASSERT_GT(test, vq_cache(vm, 1)->depot.nfull, 10U);
	while (s->n < 2000)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_ASSERT_EQ(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_ASSERT_GT(test, vq_cache(vm, 1)->depot.nempty, 10U);
	return vm;
}

/* Maintenance frees empty magazines that were unused since the last round. */
static void maintenance_frees_idle_magazines(struct kunit *test)
{
	struct vq_set *s = vq_set(test, MANY);
	vmem_t *vm = arena_with_empty_magazines(test, s);
	struct vmem_depot *d = &vq_cache(vm, 1)->depot;
	unsigned int n, needed;

	vmem_update(NULL);
	n = d->nempty;
	KUNIT_ASSERT_GT(test, n, 10U);
	/* Magazines that are used after a round survive the next round. */
	while (s->n > 2000 - 100)
		vq_put(s, vm, s->n - 1);
	needed = n - d->nempty;
	KUNIT_EXPECT_GT(test, needed, 0U);
	KUNIT_EXPECT_LT(test, needed, n);
	while (s->n < 2000)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	vmem_update(NULL);
	KUNIT_EXPECT_GT(test, d->nempty, 0U);
	KUNIT_EXPECT_LT(test, d->nempty, n);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, d->nempty, 0U);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put_all(s, vm);
}

static bool run_shrinkers(void)
{
	struct file *f = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(f))
		return false;
	n = kernel_write(f, "2", 1, &pos);
	vt_file_close(f);
	return n == 1;
}

/* The shrinker frees empty magazines at once. Repeated calls do no harm. */
static void shrinker_frees_empty_magazines(struct kunit *test)
{
	struct vq_set *s = vq_set(test, MANY);
	vmem_t *vm = arena_with_empty_magazines(test, s);
	vmem_t *other = vq_ids(test, MANY, 0);
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!run_shrinkers())
			kunit_skip(test, "no /proc/sys/vm/drop_caches");
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->depot.nempty, 0U);
	KUNIT_EXPECT_EQ(test, vmem_verify(other), 0);
	KUNIT_EXPECT_EQ(test, s->n, 2000U);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
}

/*
 * [38] While a request waits, a slab that becomes wholly free returns to the
 * arena at once, without reclaim. If the slab was imported, the arena releases
 * the slab to the source.
 */
static void wholly_free_slab_returns_for_waiters(struct kunit *test)
{
	/* The arenas are too small for magazines. */
	vmem_t *src = vq_ids(test, 100, 0);
	vmem_t *vm = vq_ids(test, 100, 1);
	vmem_t *client = vq_client(test, src, 1);
	unsigned long a = vt_alloc(vm, 1, VM_SLEEP);
	unsigned long b = vt_alloc(client, 1, VM_SLEEP);

	KUNIT_ASSERT_EQ(test, vq_cache(vm, 1)->nslabs, 1UL);
	WRITE_ONCE(vm->waiters, 1);
	vt_free(vm, a, 1);
	WRITE_ONCE(vm->waiters, 0);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 0UL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 100 });

	KUNIT_ASSERT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)64);
	WRITE_ONCE(client->waiters, 1);
	vt_free(client, b, 1);
	WRITE_ONCE(client->waiters, 0);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
}

static struct kunit *current_test;
static struct vt_thread *waiter;

/* Runs during the import of a slab. Starts a second request, which waits. */
static void begin_to_wait(void)
{
	vmem_t *vm = vt_imp.importer;

	if (waiter)
		return;
	vt_imp.next = 0;
	waiter = vt_thread_start(current_test, vt_thread_alloc, vm, 20,
				 VM_SLEEP);
	if (waiter)
		wake_up_process(waiter->task);
	vt_wait_asleep(current_test, vm, 1);
	vt_imp.next = 64;
}

/*
 * [38] If a request creates a slab, the objects that the request does not use
 * serve a waiter.
 */
static void new_slab_serves_waiters(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 1, 0);
	unsigned long addr;

	current_test = test;
	waiter = NULL;
	vt_imp.next = 64;
	vt_imp.during = begin_to_wait;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 64UL);
	vt_imp.next = 0;
	KUNIT_ASSERT_NOT_NULL(test, waiter);
	addr = vt_join(test, waiter, NULL);
	KUNIT_EXPECT_GE(test, addr, 65UL);
	KUNIT_EXPECT_LE(test, addr, 108UL);
	vt_free(vm, addr, 20);
	vt_free(vm, 64, 1);
	vq_settle(test);
	vmem_update(NULL);
	vmem_update(NULL);
	vq_settle(test);
}

/*
 * [24] [37] After reclaim has drained the caches, a waiter sleeps until space
 * that may serve the waiter appears, or until maintenance makes the waiter
 * search again.
 */
static void waiter_sleeps_until_woken(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 640, 1);
	struct vq_set *s = vq_set(test, 640);
	struct vt_thread *t;
	unsigned long id;

	vq_fill(s, vm, 1);
	KUNIT_ASSERT_EQ(test, s->sum, 640UL);
	t = vt_request(test, vm, 2, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	vt_free(vm, 10, 1);
	vmem_update(NULL);
	vt_wait_asleep(test, vm, 2);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 2ULL);
	vt_free(vm, 11, 1);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 10UL);
	vt_free(vm, 10, 2);
	for (id = 1; id <= 640; id++)
		if (id != 10 && id != 11)
			vt_free(vm, id, 1);
}

static vmem_t *non_importing_client(struct kunit *test, vmem_t *parent)
{
	return vt_track(test, vmem_create("client", (void *)1, MANY, 1, NULL,
					  NULL, parent, 1,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/*
 * [38] A request to a source does not drain the caches of clients that do not
 * import.
 */
static void arena_that_imports_nothing_keeps_its_caches(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 100, 0);
	vmem_t *client[3], *vm, *below;
	struct vq_set *s = vq_set(test, MANY);
	unsigned long addr, held[3];
	unsigned int i;

	/*
	 * The first client precedes vm among the clients of src, and the third
	 * follows vm. The second client is a client of vm.
	 */
	client[0] = non_importing_client(test, src);
	vm = vq_client(test, src, 1);
	client[1] = non_importing_client(test, vm);
	below = vq_client(test, vm, 1);
	client[2] = non_importing_client(test, src);
	for (i = 0; i < 2 * ARRAY_SIZE(client); i++) {
		/*
		 * Allocate and free twice per client. The second iteration
		 * creates magazines.
		 */
		while (s->n < 200)
			KUNIT_ASSERT_TRUE(test, vq_get(s, client[i / 2], 1,
						       VM_NOSLEEP));
		vq_put_all(s, client[i / 2]);
	}
	for (i = 0; i < ARRAY_SIZE(client); i++) {
		held[i] = vq_on_cpus(client[i]) + vq_in_depot(client[i], 1);
		KUNIT_ASSERT_GE(test, held[i], 100UL);
	}
	vt_free(below, vt_alloc(below, 1, VM_SLEEP), 1);
	KUNIT_ASSERT_GT(test, vmem_size(src, VMEM_ALLOC), (size_t)0);

	addr = vt_alloc(src, 64 * 100, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	for (i = 0; i < ARRAY_SIZE(client); i++) {
		KUNIT_EXPECT_EQ(test, vq_on_cpus(client[i]) +
				vq_in_depot(client[i], 1), held[i]);
	}
	vt_free(src, addr, 64 * 100);
	/*
	 * An arena may be destroyed before a client that does not import: vm is
	 * destroyed before the second client.
	 */
	vq_close(test, below);
	vq_close(test, vm);
}

static struct kunit_case vmem_qcache_idle_cases[] = {
	KUNIT_CASE(maintenance_frees_idle_magazines),
	KUNIT_CASE(shrinker_frees_empty_magazines),
	KUNIT_CASE(wholly_free_slab_returns_for_waiters),
	KUNIT_CASE(new_slab_serves_waiters),
	KUNIT_CASE(waiter_sleeps_until_woken),
	KUNIT_CASE(arena_that_imports_nothing_keeps_its_caches),
	{}
};

static struct kunit_suite vmem_qcache_idle_suite = {
	.name = "vmem_qcache_idle",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = idle_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_idle_cases,
};

kunit_test_suite(vmem_qcache_idle_suite);

MODULE_DESCRIPTION("KUnit: idle contents of vmem's quantum caches");
MODULE_LICENSE("GPL");
