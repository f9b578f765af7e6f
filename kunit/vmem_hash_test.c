// SPDX-License-Identifier: GPL-2.0
/*
 * The hash table of segments and its rescaling by maintenance.
 *
 * The tests set the maintenance interval to an hour. Otherwise periodic
 * maintenance could rescale a table before the test calls vmem_update(), to a
 * size within a factor of two of the ideal size. vmem_update() would then keep
 * this size, although the test expects another size.
 */
#include "../vmem/arena.h"
#include "vmem_test_file.h"
#include "vmem_test_thread.h"

static char saved_interval[16];

static int hash_suite_init(struct kunit_suite *suite)
{
	if (vt_param("interval", "3600", saved_interval, sizeof(saved_interval)))
		saved_interval[0] = '\0';
	return 0;
}

static void hash_suite_exit(struct kunit_suite *suite)
{
	if (saved_interval[0])
		vt_param("interval", saved_interval, NULL, 0);
}

static unsigned int buckets(vmem_t *vm)
{
	return 1 << READ_ONCE(vm->segmap.hash.bits);
}

/* Make the identifiers 1 to @n the only allocations, one allocation each. */
static void set_allocated(struct kunit *test, vmem_t *vm, unsigned int n)
{
	unsigned int i = vmem_size(vm, VMEM_ALLOC);

	for (; i < n; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, i + 1, 1), i + 1UL);
	for (; i > n; i--)
		vt_xfree(vm, i, 1);
}

/* The ideal number of buckets for @n segments, according to the contract. */
static unsigned int ideal_buckets(unsigned int n)
{
	return max(16, 1 << (ilog2(3 * n + 4) - 1));
}

/* [32] The table starts with 16 buckets. */
static void table_starts_with_16_buckets(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1000);

	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).rescale, 0ULL);
}

/**
 * struct step - a step in which the table grows, shrinks or keeps its size
 * @n: number of allocated segments
 * @buckets: number of buckets after maintenance
 */
struct step {
	u16 n;
	u16 buckets;
};

static const struct step steps[] = {
	/*
	 * Starting at 20 segments, 32 buckets are ideal. The table keeps 16
	 * buckets, because 16 is within a factor of two.
	 */
	{ 0, 16 }, { 19, 16 }, { 20, 16 }, { 41, 16 },
	/*
	 * Starting at 42 segments, 64 buckets are ideal. The table grows to
	 * half of the ideal size.
	 */
	{ 42, 32 }, { 83, 32 },
	/* Starting at 84 segments, 128 buckets are ideal. */
	{ 84, 64 }, { 169, 64 },
	/*
	 * Below 42 segments, 32 buckets are ideal. The table keeps 64 buckets,
	 * because 64 is within a factor of two. Below 20 segments, 16 buckets
	 * are ideal.
	 */
	{ 42, 64 }, { 20, 64 }, { 19, 16 },
	/*
	 * In a table of 16 buckets, 127 segments do not cause a rescale before
	 * the test calls vmem_update().
	 */
	{ 127, 64 },
	/* Starting at 170 segments, 256 buckets are ideal. */
	{ 300, 256 }, { 84, 256 }, { 83, 64 }, { 0, 16 },
};

/*
 * [32] The table keeps its size while the size is within a factor of two of the
 * ideal size.
 */
static void size_follows_the_number_of_segments(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1000);
	unsigned int i, changes = 0, was = 16;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		set_allocated(test, vm, steps[i].n);
		vmem_update(NULL);
		KUNIT_EXPECT_EQ_MSG(test, buckets(vm),
				    (unsigned int)steps[i].buckets,
				    "%u segments, step %u", steps[i].n, i);
		/* The memory allocation has exactly the size of the table. */
		if (buckets(vm) > 16)
			KUNIT_EXPECT_EQ(test, ksize(vm->segmap.hash.heads),
					buckets(vm) * sizeof(void *));
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
		changes += steps[i].buckets != was;
		was = steps[i].buckets;
		KUNIT_EXPECT_EQ(test, vt_stats(vm).rescale, (u64)changes);
	}
}

/*
 * [32] After maintenance the size is within a factor of two of the ideal size.
 * A table that has grown has no more buckets than segments.
 */
static void size_is_within_a_factor_of_two(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 40000);
	static const u16 n[] = {
		100, 1000, 2730, 2731, 30000, 12345, 500, 40000, 1, 0,
	};
	unsigned int i, was = 16;

	for (i = 0; i < ARRAY_SIZE(n); i++) {
		set_allocated(test, vm, n[i]);
		vmem_update(NULL);
		KUNIT_EXPECT_LE(test, buckets(vm), 2 * ideal_buckets(n[i]));
		KUNIT_EXPECT_GE(test, 2 * buckets(vm), ideal_buckets(n[i]));
		if (buckets(vm) > was)
			KUNIT_EXPECT_LE(test, buckets(vm), (unsigned int)n[i]);
		was = buckets(vm);
		KUNIT_EXPECT_NULL(test, vm->segmap.hash.old);
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	}
}

/* [32] A crowded table is rescaled before the next periodic maintenance. */
static void crowded_table_is_rescaled_at_once(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 5000);

	set_allocated(test, vm, 5000);
	KUNIT_EXPECT_TRUE(test, vt_poll(vt_stats(vm).rescale >= 1));
	KUNIT_EXPECT_GT(test, buckets(vm), 16U);
}

/*
 * [32] After a rescale, the look-up of a segment by address takes at most one
 * step on average.
 */
static void lookups_stay_short(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 64 * U, 20000 * U, U);
	unsigned long i;
	u64 steps;

	for (i = 0; i < 20000; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP),
				(64 + i) * U);
	vmem_update(NULL);
	steps = vt_stats(vm).lookup;
	/* Free in mixed order: 7919 and 20000 are coprime. */
	for (i = 0; i < 20000; i++)
		vt_free(vm, (64 + i * 7919 % 20000) * U, U);
	steps = vt_stats(vm).lookup - steps;
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 20000ULL);
	KUNIT_EXPECT_LE(test, steps, 20000ULL);
}

static void set_table(struct vmem_hash *h, struct hlist_head *heads,
		      unsigned int bits)
{
	h->heads = heads;
	h->bits = bits;
	h->shift = BITS_PER_LONG - bits;
}

/*
 * Put the table into the state halfway through a rescale from 16 to 64 buckets.
 */
static void rescale_by_half(struct vmem_hash *h, struct hlist_head *heads)
{
	struct hlist_node *node;

	h->old = h->heads;
	h->old_bits = h->bits;
	set_table(h, heads, 6);
	for (h->old_next = 0; h->old_next < 8; h->old_next++) {
		while ((node = h->old[h->old_next].first)) {
			vmem_hash_del(node);
			vmem_hash_add(h, node, vmem_hash_key(node, h->offset));
		}
	}
}

/* [32] Look-ups search both tables during a rescale. */
static void lookups_search_both_tables(struct kunit *test)
{
	struct hlist_head *heads = kvcalloc(64, sizeof(*heads), GFP_KERNEL);
	vmem_t *vm = vt_ids(test, 200);
	struct vmem_hash *h = &vm->segmap.hash;
	unsigned int i, left = 0;

	KUNIT_ASSERT_NOT_NULL(test, heads);
	set_allocated(test, vm, 100);
	KUNIT_ASSERT_PTR_EQ(test, h->heads, &h->small[0]);
	spin_lock_irq(&vm->segmap.lock);
	rescale_by_half(h, heads);
	spin_unlock_irq(&vm->segmap.lock);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);

	/*
	 * Add segments to the new table, then free the segments of both tables.
	 */
	for (i = 101; i <= 120; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, i, 1), (unsigned long)i);
	for (i = 1; i <= 120; i++)
		vt_xfree(vm, i, 1);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 120ULL);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);

	spin_lock_irq(&vm->segmap.lock);
	for (i = 0; i < 16; i++)
		left += !hlist_empty(&h->small[i]);
	for (i = 0; i < 64; i++)
		left += !hlist_empty(&heads[i]);
	set_table(h, h->small, 4);
	h->old = NULL;
	spin_unlock_irq(&vm->segmap.lock);
	KUNIT_EXPECT_EQ(test, left, 0U);
	kvfree(heads);
}

/* Grow and shrink the table repeatedly. */
static void grow_and_shrink(struct vt_thread *t)
{
	unsigned long *id = kvmalloc_array(2000, sizeof(*id), GFP_KERNEL);
	unsigned int round, i;

	if (!id) {
		t->errors++;
		return;
	}
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 2000; i++) {
			id[i] = vt_alloc(t->vm, 1, VM_SLEEP);
			if (i % 64 == t->seed)
				vt_yield();
		}
		for (i = 0; i < 2000; i++) {
			vt_free(t->vm, id[i], 1);
			if (i % 64 == t->seed)
				vt_yield();
		}
	}
	kvfree(id);
}

/* [32] Clients can allocate and free during a rescale. */
static void clients_run_during_a_rescale(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 6000);
	struct vt_thread *t[3];
	unsigned int i, errors = 0;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, grow_and_shrink, vm, 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = 13 * i;
		wake_up_process(t[i]->task);
	}
	for (i = 0; i < 100; i++) {
		vmem_update(NULL);
		vt_yield();
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_GT(test, vt_stats(vm).rescale, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 3ULL * 4 * 2000);
}

/*
 * [32] Maintenance shrinks the table of an arena that has no allocations left.
 */
static void empty_arena_is_rescaled_back(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 3000);

	set_allocated(test, vm, 3000);
	vmem_update(NULL);
	KUNIT_EXPECT_GE(test, buckets(vm), 2048U);
	set_allocated(test, vm, 0);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 1, 3000), 1UL);
}

/*
 * [32] A crowded table does not start a second rescale while one is in
 * progress.
 */
static void rescale_in_progress_is_not_restarted(struct kunit *test)
{
	static struct hlist_head emptied[1 << VMEM_HASH_MIN_BITS];
	vmem_t *vm = vt_ids(test, 1000);
	struct vmem_hash *h = &vm->segmap.hash;

	/* Simulate a rescale that has moved all segments but has not ended. */
	h->old = emptied;
	h->old_bits = VMEM_HASH_MIN_BITS;
	h->old_next = 0;
	set_allocated(test, vm, 500);
	flush_work(&vm->rescale);
	KUNIT_EXPECT_PTR_EQ(test, h->old, &emptied[0]);
	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	h->old = NULL;
	/* The next allocation of segment structures starts the rescale. */
	set_allocated(test, vm, 600);
	flush_work(&vm->rescale);
	/*
	 * A rescale sets the size to the ideal size, here 512 buckets, or to
	 * half of the ideal size.
	 */
	KUNIT_EXPECT_GE(test, buckets(vm), 256U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).rescale, 1ULL);
}

static struct kunit_case vmem_hash_cases[] = {
	KUNIT_CASE(table_starts_with_16_buckets),
	KUNIT_CASE(size_follows_the_number_of_segments),
	KUNIT_CASE(size_is_within_a_factor_of_two),
	KUNIT_CASE(crowded_table_is_rescaled_at_once),
	KUNIT_CASE(rescale_in_progress_is_not_restarted),
	KUNIT_CASE(lookups_stay_short),
	KUNIT_CASE(lookups_search_both_tables),
	KUNIT_CASE(clients_run_during_a_rescale),
	KUNIT_CASE(empty_arena_is_rescaled_back),
	{}
};

static struct kunit_suite vmem_hash_suite = {
	.name = "vmem_hash",
	.suite_init = hash_suite_init,
	.suite_exit = hash_suite_exit,
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_hash_cases,
};

kunit_test_suite(vmem_hash_suite);

MODULE_DESCRIPTION("KUnit: the segment table of vmem");
MODULE_LICENSE("GPL");
