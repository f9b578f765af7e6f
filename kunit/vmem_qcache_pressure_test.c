// SPDX-License-Identifier: GPL-2.0
/*
 * Quantum caches under memory pressure, and the debugfs files that show them.
 */
#include "vmem_test_qcache.h"

#define MANY	100000

/*
 * Wait for more than a second, then run all shrinkers: the shrinker of vmem
 * drains the caches at most once per second. Returns false if the shrinkers
 * cannot be run.
 */
static bool shrink_all(void)
{
	struct file *f = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t n;

	msleep(1100);
	if (IS_ERR(f))
		return false;
	n = kernel_write(f, "2", 1, &pos);
	vt_file_close(f);
	return n == 1;
}

/* The shrinker drains magazines and releases wholly free slabs. */
static void shrinker_drains_the_caches(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 300, 0);
	vmem_t *vm = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 300);
	unsigned int round;

	/*
	 * The second iteration creates magazines. No request fails, because a
	 * failed request would drain the magazines.
	 */
	for (round = 0; round < 2; round++) {
		while (s->sum < 64 * 250)
			KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1 + s->n % 2,
						       VM_NOSLEEP));
		vq_put_all(s, vm);
	}
	KUNIT_EXPECT_GT(test, vq_in_depot(vm, 2), 0UL);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
	if (!shrink_all())
		kunit_skip(test, "no /proc/sys/vm/drop_caches to write to");
	KUNIT_EXPECT_TRUE(test, vq_poll(!vmem_size(src, VMEM_ALLOC)));
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 2), 0UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	/* The caches still work. */
	vq_random_ops(s, vm, 1000, 1);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
}

/* The shrinker does not touch allocated objects. */
static void shrinker_spares_allocated_objects(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 4);
	struct vq_set *s = vq_set(test, MANY);
	unsigned int i;

	for (i = 1; i <= 4; i++)
		vq_supply_magazines(test, s, vm, i, 10);
	while (s->n < 800)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1 + s->n % 4,
					       VM_NOSLEEP));
	for (i = 0; i < 400; i++)
		vq_put(s, vm, i % s->n);
	for (i = 1; i <= 4; i++) {
		KUNIT_EXPECT_GT(test, vq_on_cpu(vm, i, raw_smp_processor_id()),
				0UL);
		KUNIT_EXPECT_GT(test, vq_in_depot(vm, i), 0UL);
	}
	if (!shrink_all())
		kunit_skip(test, "no /proc/sys/vm/drop_caches to write to");
	KUNIT_EXPECT_TRUE(test, vq_poll(!vq_on_cpus(vm) &&
					!vq_in_depot(vm, 1) &&
					!vq_in_depot(vm, 4)));
	vt_check(test, vm);
	while (s->n < 800)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1 + s->n % 4,
					       VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put_all(s, vm);
}

/* Returns the text of an arena's debugfs file qcaches, or NULL on error. */
static char *qcaches_file(struct kunit *test, vmem_t *vm)
{
	char path[192];

	if (!vt_has_debugfs())
		kunit_skip(test, "no debugfs at /sys/kernel/debug");
	snprintf(path, sizeof(path), "%u-%s/qcaches", vm->id, vm->label);
	return vt_debugfs(test, path, 8192);
}

/*
 * Returns the number in the column @heading of the line for the cached size
 * @size, or -1 if there is no such column or line.
 */
static long column(const char *text, unsigned long size, const char *heading)
{
	char *copy = kstrdup(text, GFP_KERNEL), *rest = copy;
	char *head = strsep(&rest, "\n"), *word, *line;
	unsigned long value, first;
	long found = -1;
	int at, i;

	if (!copy)
		return -1;
	/* The headings begin after "# ". */
	strsep(&head, " ");
	for (at = 0; (word = strsep(&head, " ")); at++)
		if (!strcmp(word, heading))
			break;
	while (word && (line = strsep(&rest, "\n"))) {
		for (i = 0; (word = strsep(&line, " ")); i++) {
			if (kstrtoul(word, 10, &value))
				break;
			if (!i)
				first = value;
			if (i == at && first == size)
				found = value;
		}
		word = copy;
	}
	kfree(copy);
	return found;
}

static unsigned int count_lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* The file qcaches has one line for each cache, with the state of the cache. */
static void qcaches_file_shows_each_cache(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 4);
	struct vq_set *s = vq_set(test, MANY);
	unsigned int i, cap = vq_capacity(1), fast;
	char *text;

	/* Create four magazines, enough for 50 objects. */
	vq_supply_magazines(test, s, vm, 3, 4);
	/* The 50 objects need three slabs of 21 objects. */
	while (s->n < 50)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 3, VM_NOSLEEP));
	text = qcaches_file(test, vm);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_EQ(test, count_lines(text), 5U);
	for (i = 1; i <= 4; i++)
		KUNIT_EXPECT_EQ(test, column(text, i, "size"), (long)i);
	KUNIT_EXPECT_EQ(test, column(text, 5, "size"), -1L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "slabs"), 3L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "slab_free"), 13L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "hits"), 0L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "misses"), 50L + 4 * cap);
	KUNIT_EXPECT_EQ(test, column(text, 3, "free_hits"), 0L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "free_misses"), 4L * cap);
	KUNIT_EXPECT_EQ(test, column(text, 3, "empty"), 4L);
	KUNIT_EXPECT_EQ(test, column(text, 2, "slabs"), 0L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "magazine"),
			(long)vq_capacity(vq_cache(vm, 3)->kind));
	kvfree(text);

	vq_put_all(s, vm);
	while (s->n < 5)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 3, VM_NOSLEEP));
	fast = vq_cpu(vm, 3, raw_smp_processor_id())->allocs;
	text = qcaches_file(test, vm);
	KUNIT_EXPECT_EQ(test, column(text, 3, "hits"), (long)fast);
	KUNIT_EXPECT_EQ(test, column(text, 3, "hits"), 5L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "misses"), 50L + 4 * cap);
	KUNIT_EXPECT_EQ(test, column(text, 3, "free_hits"), 50L);
	KUNIT_EXPECT_EQ(test, column(text, 3, "free_misses"), 4L * cap);
	KUNIT_EXPECT_EQ(test, column(text, 3, "full"),
			(long)vq_cache(vm, 3)->depot.nfull);
	kvfree(text);
	vq_put_all(s, vm);
}

/*
 * The file qcaches counts the single objects of an arena that is too small for
 * a slab.
 */
static void qcaches_file_counts_singles(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 10, 2);
	unsigned long a = vt_alloc(vm, 1, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 1, VM_SLEEP);
	char *text = qcaches_file(test, vm);

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_EQ(test, column(text, 1, "singles"), 2L);
	KUNIT_EXPECT_EQ(test, column(text, 1, "slabs"), 0L);
	kvfree(text);
	vt_free(vm, a, 1);
	vt_free(vm, b, 1);
}

/* The file qcaches of an arena without caches has only the heading. */
static void qcaches_file_without_caches_has_only_a_heading(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100, 0);
	char *text = qcaches_file(test, vm);

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_EQ(test, count_lines(text), 1U);
	KUNIT_EXPECT_EQ(test, column(text, 1, "size"), -1L);
	kvfree(text);
}

/* Returns the number in the line "vmem_qcache" of the debugfs file metadata. */
static unsigned long metadata(struct kunit *test)
{
	char *text = vt_debugfs(test, "metadata", 4096);
	char *at = text ? strstr(text, "vmem_qcache ") : NULL;
	unsigned long value = 0;

	KUNIT_EXPECT_NOT_NULL(test, at);
	if (at)
		KUNIT_EXPECT_EQ(test, sscanf(at, "vmem_qcache %lu", &value), 1);
	kvfree(text);
	return value;
}

/*
 * The line "vmem_qcache" of the file metadata counts the bytes of per-CPU
 * structures, slab descriptors and magazines.
 */
static void metadata_counts_caches(struct kunit *test)
{
	struct vq_set *s = vq_set(test, MANY);
	unsigned long before, made, slabs, magazines;
	vmem_t *vm;

	if (!vt_has_debugfs())
		kunit_skip(test, "no debugfs at /sys/kernel/debug");
	before = metadata(test);
	vm = vq_ids(test, MANY, 2);
	made = metadata(test);
	KUNIT_EXPECT_GE(test, made - before, num_possible_cpus() *
			sizeof(struct vmem_cpu));
	while (s->n < 640)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	slabs = metadata(test);
	KUNIT_EXPECT_GE(test, slabs - made, 10 * sizeof(struct vmem_slab));
	KUNIT_EXPECT_LE(test, slabs - made, 20 * sizeof(struct vmem_slab));
	vq_put_all(s, vm);
	/*
	 * The allocations create no slab, but one magazine of 128 bytes for
	 * every 14 objects that were freed.
	 */
	while (s->n < 640)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	magazines = metadata(test);
	KUNIT_EXPECT_EQ(test, magazines - slabs, 128UL * DIV_ROUND_UP(640, 14));
	vq_put_all(s, vm);
	vq_close(test, vm);
	KUNIT_EXPECT_EQ(test, metadata(test), before);
	/* An arena without caches does not change the number. */
	vm = vq_ids(test, MANY, 0);
	KUNIT_EXPECT_EQ(test, metadata(test), before);
}

static struct kunit_case vmem_qcache_pressure_cases[] = {
	KUNIT_CASE(shrinker_drains_the_caches),
	KUNIT_CASE(shrinker_spares_allocated_objects),
	KUNIT_CASE(qcaches_file_shows_each_cache),
	KUNIT_CASE(qcaches_file_counts_singles),
	KUNIT_CASE(qcaches_file_without_caches_has_only_a_heading),
	KUNIT_CASE(metadata_counts_caches),
	{}
};

static struct kunit_suite vmem_qcache_pressure_suite = {
	.name = "vmem_qcache_pressure",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_pressure_cases,
};

kunit_test_suite(vmem_qcache_pressure_suite);

MODULE_DESCRIPTION("KUnit: quantum caches under memory pressure and in debugfs");
MODULE_LICENSE("GPL");
