// SPDX-License-Identifier: GPL-2.0
/*
 * What quantum caches keep although nobody uses it, who may have it, and who may
 * not: idle magazines, wholly free slabs, arenas that are only listed below.
 */
#include "vmem_test_import.h"
#include "vmem_test_qcache.h"

#define MANY	100000

static int idle_init(struct kunit *test)
{
	memset(&vt_imp, 0, sizeof(vt_imp));
	return vq_init(test);
}

/* Many objects in use that have been in magazines, which are empty now. */
static vmem_t *with_empty_magazines(struct kunit *test, struct vq_set *s)
{
	vmem_t *vm = vq_ids(test, MANY, 1);

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

/* What the depot did not need from one round of maintenance to the next goes. */
static void idle_empty_magazines_go(struct kunit *test)
{
	struct vq_set *s = vq_set(test, MANY);
	vmem_t *vm = with_empty_magazines(test, s);
	struct vmem_depot *d = &vq_cache(vm, 1)->depot;
	unsigned int n, needed;

	vmem_update(NULL);
	n = d->nempty;
	KUNIT_ASSERT_GT(test, n, 10U);
	/* Some are needed in between: so many stay, for one round more. */
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

static bool ask_shrinkers(void)
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

/* Memory is short: empty magazines go at once, however often that is asked. */
static void shrinker_frees_empty_magazines(struct kunit *test)
{
	struct vq_set *s = vq_set(test, MANY);
	vmem_t *vm = with_empty_magazines(test, s);
	vmem_t *other = vq_ids(test, MANY, 0);
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!ask_shrinkers())
			kunit_skip(test, "no /proc/sys/vm/drop_caches");
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->depot.nempty, 0U);
	KUNIT_EXPECT_EQ(test, vmem_verify(other), 0);
	KUNIT_EXPECT_EQ(test, s->n, 2000U);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
}

/*
 * [38] Somebody has just become hungry, and reclaim has not begun: an object that
 * is freed makes its slab wholly free, and that is the arena's, or its source's.
 */
static void wholly_free_slab_feeds_the_hungry(struct kunit *test)
{
	/* Too small for magazines. */
	vmem_t *src = vq_ids(test, 100, 0);
	vmem_t *vm = vq_ids(test, 100, 1);
	vmem_t *client = vq_client(test, src, 1);
	unsigned long a = vt_alloc(vm, 1, VM_SLEEP);
	unsigned long b = vt_alloc(client, 1, VM_SLEEP);

	KUNIT_ASSERT_EQ(test, vq_cache(vm, 1)->nslabs, 1UL);
	WRITE_ONCE(vm->hungry, 1);
	vt_free(vm, a, 1);
	WRITE_ONCE(vm->hungry, 0);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 0UL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 100 });

	KUNIT_ASSERT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)64);
	WRITE_ONCE(client->hungry, 1);
	vt_free(client, b, 1);
	WRITE_ONCE(client->hungry, 0);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)0);
}

static void become_hungry(void)
{
	WRITE_ONCE(vt_imp.importer->hungry, 1);
}

/* [38] Or while a slab is being imported: all but what was asked for is fed. */
static void fresh_slab_feeds_the_hungry(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 1, 0);

	vt_imp.next = 64;
	vt_imp.during = become_hungry;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 64UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 0UL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 64, 1 }, { 65, 63 });
	WRITE_ONCE(vm->hungry, 0);
	vt_free(vm, 64, 1);
	vq_settle(test);
	vmem_update(NULL);
	vmem_update(NULL);
}

/*
 * [24] [37] Reclaim has given all there was: what wakes is looked for in the arena
 * alone, until maintenance tells everybody to try again with all means.
 */
static void hungry_sleeps_again(struct kunit *test)
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
	vt_wait_asleep(test, vm, 2);
	vmem_update(NULL);
	vt_wait_asleep(test, vm, 3);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), (size_t)1);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 3ULL);
	vt_free(vm, 11, 1);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 10UL);
	vt_free(vm, 10, 2);
	for (id = 1; id <= 640; id++)
		if (id != 10 && id != 11)
			vt_free(vm, id, 1);
}

static vmem_t *label_child(struct kunit *test, vmem_t *parent)
{
	return vt_adopt(test, vmem_create("label", (void *)1, MANY, 1, NULL,
					  NULL, parent, 1,
					  VM_SLEEP | VMC_IDENTIFIER));
}

/* [38] Arenas that import nothing are asked for nothing, wherever they are listed. */
static void who_does_not_import_is_left_alone(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 100, 0);
	vmem_t *label[3], *vm, *below;
	struct vq_set *s = vq_set(test, MANY);
	unsigned long addr, held[3];
	unsigned int i;

	/* Before, below and after those that do. */
	label[0] = label_child(test, src);
	vm = vq_client(test, src, 1);
	label[1] = label_child(test, vm);
	below = vq_client(test, vm, 1);
	label[2] = label_child(test, src);
	for (i = 0; i < ARRAY_SIZE(label); i++) {
		while (s->n < 200)
			KUNIT_ASSERT_TRUE(test, vq_get(s, label[i], 1,
						       VM_NOSLEEP));
		vq_put_all(s, label[i]);
		held[i] = vq_on_cpus(label[i]) + vq_in_depot(label[i], 1);
		KUNIT_ASSERT_GE(test, held[i], 100UL);
	}
	vt_free(below, vt_alloc(below, 1, VM_SLEEP), 1);
	KUNIT_ASSERT_GT(test, vmem_size(src, VMEM_ALLOC), (size_t)0);

	addr = vt_alloc(src, 64 * 100, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	for (i = 0; i < ARRAY_SIZE(label); i++) {
		KUNIT_EXPECT_EQ(test, vq_on_cpus(label[i]) +
				vq_in_depot(label[i], 1), held[i]);
		KUNIT_EXPECT_FALSE(test, label[i]->squeezed);
	}
	vt_free(src, addr, 64 * 100);
	/* The client goes first, and what is listed below it stays. */
	vq_close(test, below);
	vq_close(test, vm);
}

static struct kunit_case vmem_qcache_idle_cases[] = {
	KUNIT_CASE(idle_empty_magazines_go),
	KUNIT_CASE(shrinker_frees_empty_magazines),
	KUNIT_CASE(wholly_free_slab_feeds_the_hungry),
	KUNIT_CASE(fresh_slab_feeds_the_hungry),
	KUNIT_CASE(hungry_sleeps_again),
	KUNIT_CASE(who_does_not_import_is_left_alone),
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

MODULE_DESCRIPTION("KUnit: what vmem's quantum caches keep");
MODULE_LICENSE("GPL");
