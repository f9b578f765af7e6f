// SPDX-License-Identifier: GPL-2.0
/*
 * The segment table's hash and the maintenance that rescales it.
 *
 * The interval is an hour while these tests run: a round in between would move
 * a table to a size that is right at that moment and, being near enough, stays.
 */
#include "../vmem/arena/arena.h"
#include "vmem_test_file.h"
#include "vmem_test_thread.h"

static char interval[16];

static int hash_suite_init(struct kunit_suite *suite)
{
	if (vt_param("interval", "3600", interval, sizeof(interval)))
		interval[0] = '\0';
	return 0;
}

static void hash_suite_exit(struct kunit_suite *suite)
{
	if (interval[0])
		vt_param("interval", interval, NULL, 0);
}

static unsigned int buckets(vmem_t *vm)
{
	return 1 << READ_ONCE(vm->space.hash.bits);
}

/* Single identifiers 1 to n allocated, and no others. */
static void resize(struct kunit *test, vmem_t *vm, unsigned int n)
{
	unsigned int i = vmem_size(vm, VMEM_ALLOC);

	for (; i < n; i++)
		KUNIT_ASSERT_EQ(test, vt_take(vm, i + 1, 1), i + 1UL);
	for (; i > n; i--)
		vt_xfree(vm, i, 1);
}

/* The size that the contract wants for n segments. */
static unsigned int wanted(unsigned int n)
{
	return max(16, 1 << (ilog2(3 * n + 4) - 1));
}

/* [32] The table starts with 16 buckets. */
static void table_starts_with_16(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1000);

	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).rescale, 0ULL);
}

/**
 * struct step - one step of growing and shrinking
 * @n: allocated segments
 * @buckets: size after maintenance
 */
struct step {
	u16 n;
	u16 buckets;
};

static const struct step steps[] = {
	/* 32 is wanted from 20 on: twice as much is near enough. */
	{ 0, 16 }, { 19, 16 }, { 20, 16 }, { 41, 16 },
	/* 64 is wanted from 42 on, of which 32 is half. */
	{ 42, 32 }, { 83, 32 },
	/* 128 from 84 on. */
	{ 84, 64 }, { 169, 64 },
	/* 32 is wanted below 42, and 64 is twice as much; below 20 it is 16. */
	{ 42, 64 }, { 20, 64 }, { 19, 16 },
	/* Before it is crowded, or it moves by itself in between. */
	{ 127, 64 },
	/* 256 from 170 on. */
	{ 300, 256 }, { 84, 256 }, { 83, 64 }, { 0, 16 },
};

/* [32] The wanted size, and no change up to twice or down to half of it. */
static void size_follows_the_number_of_segments(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1000);
	unsigned int i, changes = 0, was = 16;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		resize(test, vm, steps[i].n);
		vmem_update(NULL);
		KUNIT_EXPECT_EQ_MSG(test, buckets(vm),
				    (unsigned int)steps[i].buckets,
				    "%u segments, step %u", steps[i].n, i);
		/* And no larger than that. */
		if (buckets(vm) > 16)
			KUNIT_EXPECT_EQ(test, ksize(vm->space.hash.heads),
					buckets(vm) * sizeof(void *));
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
		changes += steps[i].buckets != was;
		was = steps[i].buckets;
		KUNIT_EXPECT_EQ(test, vt_stats(vm).rescale, (u64)changes);
	}
}

/*
 * [32] After maintenance the size is at most a factor of two off, always; and a
 * table that has grown has no more buckets than segments.
 */
static void size_is_near_what_is_wanted(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 40000);
	static const u16 n[] = {
		100, 1000, 2730, 2731, 30000, 12345, 500, 40000, 1, 0,
	};
	unsigned int i, was = 16;

	for (i = 0; i < ARRAY_SIZE(n); i++) {
		resize(test, vm, n[i]);
		vmem_update(NULL);
		KUNIT_EXPECT_LE(test, buckets(vm), 2 * wanted(n[i]));
		KUNIT_EXPECT_GE(test, 2 * buckets(vm), wanted(n[i]));
		if (buckets(vm) > was)
			KUNIT_EXPECT_LE(test, buckets(vm), (unsigned int)n[i]);
		was = buckets(vm);
		KUNIT_EXPECT_NULL(test, vm->space.hash.old);
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	}
}

/* [32] A crowded table is rescaled at once, not at the next interval. */
static void crowded_table_is_rescaled_at_once(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 5000);

	resize(test, vm, 5000);
	KUNIT_EXPECT_TRUE(test, vt_poll(vt_stats(vm).rescale >= 1));
	KUNIT_EXPECT_GT(test, buckets(vm), 16U);
}

/* [32] Everything can still be freed by address, and look-ups are short. */
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
	/* In an order that is neither up nor down: 7919 is prime to 20000. */
	for (i = 0; i < 20000; i++)
		vt_free(vm, (64 + i * 7919 % 20000) * U, U);
	steps = vt_stats(vm).lookup - steps;
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 20000ULL);
	KUNIT_EXPECT_LE(test, steps, 20000ULL);
}

static void use_table(struct vmem_hash *h, struct hlist_head *heads,
		      unsigned int bits)
{
	h->heads = heads;
	h->bits = bits;
	h->down = BITS_PER_LONG - bits;
}

/* A table that is half way from 16 buckets to 64, as if caught in the move. */
static void move_by_half(struct vmem_hash *h, struct hlist_head *heads)
{
	struct hlist_node *node;

	h->old = h->heads;
	h->old_bits = h->bits;
	use_table(h, heads, 6);
	for (h->old_next = 0; h->old_next < 8; h->old_next++) {
		while ((node = h->old[h->old_next].first)) {
			vmem_hash_del(node);
			vmem_hash_add(h, node, vmem_hash_key(node, h->offset));
		}
	}
}

/* [32] Look-ups know both tables while the segments move. */
static void lookups_know_both_tables(struct kunit *test)
{
	struct hlist_head *heads = kvcalloc(64, sizeof(*heads), GFP_KERNEL);
	vmem_t *vm = vt_ids(test, 200);
	struct vmem_hash *h = &vm->space.hash;
	unsigned int i, left = 0;

	KUNIT_ASSERT_NOT_NULL(test, heads);
	resize(test, vm, 100);
	KUNIT_ASSERT_PTR_EQ(test, h->heads, &h->first[0]);
	spin_lock_irq(&vm->space.lock);
	move_by_half(h, heads);
	spin_unlock_irq(&vm->space.lock);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);

	/* Some more, to the new table; then all of them by address. */
	for (i = 101; i <= 120; i++)
		KUNIT_EXPECT_EQ(test, vt_take(vm, i, 1), (unsigned long)i);
	for (i = 1; i <= 120; i++)
		vt_xfree(vm, i, 1);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 120ULL);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);

	spin_lock_irq(&vm->space.lock);
	for (i = 0; i < 16; i++)
		left += !hlist_empty(&h->first[i]);
	for (i = 0; i < 64; i++)
		left += !hlist_empty(&heads[i]);
	use_table(h, h->first, 4);
	h->old = NULL;
	spin_unlock_irq(&vm->space.lock);
	KUNIT_EXPECT_EQ(test, left, 0U);
	kvfree(heads);
}

/* Grows and shrinks in waves, so that the wanted size goes up and down. */
static void wave(struct vt_thread *t)
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
				vt_pause();
		}
		for (i = 0; i < 2000; i++) {
			vt_free(t->vm, id[i], 1);
			if (i % 64 == t->seed)
				vt_pause();
		}
	}
	kvfree(id);
}

/* [32] Clients go on while the table moves: look-ups know both tables. */
static void clients_go_on_while_the_table_moves(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 6000);
	struct vt_thread *t[3];
	unsigned int i, errors = 0;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, wave, vm, 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = 13 * i;
		wake_up_process(t[i]->task);
	}
	for (i = 0; i < 100; i++) {
		vmem_update(NULL);
		vt_pause();
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_GT(test, vt_stats(vm).rescale, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 3ULL * 4 * 2000);
}

/* [32] The time of the rescaling may come while nobody uses the arena. */
static void empty_arena_is_rescaled_back(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 3000);

	resize(test, vm, 3000);
	vmem_update(NULL);
	KUNIT_EXPECT_GE(test, buckets(vm), 2048U);
	resize(test, vm, 0);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	KUNIT_EXPECT_EQ(test, vt_take(vm, 1, 3000), 1UL);
}

/* [32] Crowded while it moves: that is what it moves for. */
static void crowded_table_that_moves_is_left_alone(struct kunit *test)
{
	static struct hlist_head emptied[1 << VMEM_HASH_MIN_BITS];
	vmem_t *vm = vt_ids(test, 1000);
	struct vmem_hash *h = &vm->space.hash;

	/* All but the end of a move. */
	h->old = emptied;
	h->old_bits = VMEM_HASH_MIN_BITS;
	h->old_next = 0;
	resize(test, vm, 500);
	flush_work(&vm->rescale);
	KUNIT_EXPECT_PTR_EQ(test, h->old, &emptied[0]);
	KUNIT_EXPECT_EQ(test, buckets(vm), 16U);
	h->old = NULL;
	/* The next time that structures are needed. */
	resize(test, vm, 600);
	flush_work(&vm->rescale);
	/* Half of what is wanted at the end, if it moved in the middle. */
	KUNIT_EXPECT_GE(test, buckets(vm), 256U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).rescale, 1ULL);
}

static struct kunit_case vmem_hash_cases[] = {
	KUNIT_CASE(table_starts_with_16),
	KUNIT_CASE(size_follows_the_number_of_segments),
	KUNIT_CASE(size_is_near_what_is_wanted),
	KUNIT_CASE(crowded_table_is_rescaled_at_once),
	KUNIT_CASE(crowded_table_that_moves_is_left_alone),
	KUNIT_CASE(lookups_stay_short),
	KUNIT_CASE(lookups_know_both_tables),
	KUNIT_CASE(clients_go_on_while_the_table_moves),
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
