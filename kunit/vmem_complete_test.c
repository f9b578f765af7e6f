// SPDX-License-Identifier: GPL-2.0
/*
 * Random requests, checked with a bitmap of the arena. A successful request
 * must return a free range that meets the constraints. A request may fail only
 * if it fits in no free segment.
 */
#include <linux/bitmap.h>
#include <linux/prandom.h>

#include "vmem_test.h"

#define UNITS	96	/* number of units of the model */
#define LIVE	48	/* maximum number of allocations at a time */

/* Two adjacent spans and a separate span, in units, not sorted by address. */
static const struct vt_range spans[] = {
	{ 48, 32 }, { 3, 29 }, { 32, 12 },
};

struct model {
	DECLARE_BITMAP(used, UNITS);
	struct vt_range live[LIVE];
	unsigned int n;
	size_t quantum;
	struct rnd_state rnd;
};

struct request {
	size_t size;
	unsigned int align, phase, nocross, min, max;
};

static unsigned int rnd(struct model *m, unsigned int below)
{
	return prandom_u32_state(&m->rnd) % below;
}

static unsigned int span_of(unsigned int unit)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spans); i++)
		if (unit - spans[i].start < spans[i].size)
			break;
	return i;
}

static unsigned int units(const struct model *m, const struct request *r)
{
	return DIV_ROUND_UP(r->size, m->quantum);
}

/* True if the request fits at unit @at. The constraints of @r are in units. */
static bool fits_at(const struct model *m, const struct request *r,
		    unsigned int at)
{
	unsigned int last = at + units(m, r) - 1;
	size_t start = at * m->quantum, end = start + r->size - 1;

	if (last >= UNITS || span_of(at) == ARRAY_SIZE(spans) ||
	    span_of(at) != span_of(last))
		return false;
	if (find_next_bit(m->used, UNITS, at) <= last)
		return false;
	if (at % (r->align ?: 1) != r->phase)
		return false;
	if (r->nocross && start / (r->nocross * m->quantum) !=
	    end / (r->nocross * m->quantum))
		return false;
	if (at < r->min)
		return false;
	return !r->max || end < r->max * m->quantum;
}

static bool fits_anywhere(const struct model *m, const struct request *r)
{
	unsigned int at;

	for (at = 0; at < UNITS; at++)
		if (fits_at(m, r, at))
			return true;
	return false;
}

/*
 * A random request whose constraints are valid by [17], but may be hard to
 * meet.
 */
static struct request random_request(struct model *m)
{
	struct request r = { };
	unsigned int n = 1 + rnd(m, rnd(m, 2) ? 4 : 24);
	unsigned int whole;

	r.size = n * m->quantum;
	if (m->quantum > 1 && rnd(m, 2))
		r.size -= rnd(m, m->quantum);
	if (rnd(m, 2)) {
		r.align = 1 << rnd(m, 5);
		r.phase = rnd(m, 2) ? rnd(m, r.align) : 0;
	}
	if (!rnd(m, 3)) {
		whole = roundup(r.phase + n, r.align ?: 1);
		r.nocross = roundup_pow_of_two(whole) << rnd(m, 2);
	}
	if (!rnd(m, 3))
		r.min = rnd(m, UNITS);
	if (!rnd(m, 3))
		r.max = r.min + n + rnd(m, 16);
	return r;
}

static void alloc_constrained(struct kunit *test, struct model *m, vmem_t *vm,
			      int vmflag)
{
	struct request r = random_request(m);
	bool fits = fits_anywhere(m, &r);
	unsigned long addr;

	addr = (unsigned long)vmem_xalloc(vm, r.size, r.align * m->quantum,
					  r.phase * m->quantum,
					  r.nocross * m->quantum,
					  (void *)(r.min * m->quantum),
					  (void *)(r.max * m->quantum),
					  VM_NOSLEEP | vmflag);
	/* [34] The request fails if and only if it fits in no free segment. */
	KUNIT_EXPECT_EQ_MSG(test, addr != 0, fits,
			    "size %zu align %u phase %u nocross %u window %u %u flags %x",
			    r.size, r.align, r.phase, r.nocross, r.min, r.max,
			    vmflag);
	if (!addr)
		return;
	/* [16] The result meets the constraints. */
	KUNIT_ASSERT_EQ(test, addr % m->quantum, 0UL);
	KUNIT_ASSERT_TRUE_MSG(test, fits_at(m, &r, addr / m->quantum),
			      "%lx: size %zu align %u phase %u nocross %u window %u %u flags %x",
			      addr, r.size, r.align, r.phase, r.nocross, r.min,
			      r.max, vmflag);
	bitmap_set(m->used, addr / m->quantum, units(m, &r));
	m->live[m->n].start = addr;
	m->live[m->n++].size = r.size;
}

/*
 * Make a request by vmem_alloc(), which has a fast path, and check the result.
 */
static void alloc_plain(struct kunit *test, struct model *m, vmem_t *vm,
			int vmflag)
{
	struct request r = { .size = random_request(m).size };
	unsigned long addr;

	addr = vt_alloc(vm, r.size, VM_NOSLEEP | vmflag);
	KUNIT_EXPECT_EQ_MSG(test, addr != 0, fits_anywhere(m, &r),
			    "size %zu flags %x", r.size, vmflag);
	if (!addr)
		return;
	KUNIT_ASSERT_TRUE(test, fits_at(m, &r, addr / m->quantum));
	bitmap_set(m->used, addr / m->quantum, units(m, &r));
	m->live[m->n].start = addr;
	m->live[m->n++].size = r.size;
}

static void free_random(struct model *m, vmem_t *vm)
{
	unsigned int i = rnd(m, m->n);

	bitmap_clear(m->used, m->live[i].start / m->quantum,
		     DIV_ROUND_UP(m->live[i].size, m->quantum));
	vt_xfree(vm, m->live[i].start, m->live[i].size);
	m->live[i] = m->live[--m->n];
}

static void run_random(struct kunit *test, size_t quantum, int vmflag, u64 seed)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	vmem_t *vm = vt_arena(test, 0, 0, quantum);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->quantum = quantum;
	prandom_seed_state(&m->rnd, seed);
	for (i = 0; i < ARRAY_SIZE(spans); i++)
		KUNIT_ASSERT_NOT_NULL(test,
				      vmem_add(vm, (void *)(spans[i].start *
							    quantum),
					       spans[i].size * quantum,
					       VM_SLEEP));
	for (i = 0; i < 3000; i++) {
		if (m->n == LIVE || (m->n && rnd(m, 5) < 2))
			free_random(m, vm);
		else if (rnd(m, 3))
			alloc_constrained(test, m, vm, vmflag);
		else
			alloc_plain(test, m, vm, vmflag);
		if (i % 64 == 0)
			KUNIT_ASSERT_EQ(test, vmem_verify(vm), 0);
	}
	while (m->n)
		free_random(m, vm);
	/* [1] Free segments are merged. */
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE),
			(unsigned int)ARRAY_SIZE(spans));
	vt_close(test, vm);
}

/* [34] Instant fit fails only if no free segment fits. */
static void instant_fit_is_complete(struct kunit *test)
{
	run_random(test, 1, 0, 1);
	run_random(test, U, 0, 2);
}

/* [34] Best fit fails only if no free segment fits. */
static void bestfit_is_complete(struct kunit *test)
{
	run_random(test, 1, VM_BESTFIT, 3);
	run_random(test, U, VM_BESTFIT, 4);
}

/* [34] First fit fails only if no free segment fits. */
static void firstfit_is_complete(struct kunit *test)
{
	run_random(test, 1, VM_FIRSTFIT, 5);
	run_random(test, U, VM_FIRSTFIT, 6);
}

/* [34] Next fit fails only if no free segment fits. */
static void nextfit_is_complete(struct kunit *test)
{
	run_random(test, 1, VM_NEXTFIT, 7);
	run_random(test, U, VM_NEXTFIT, 8);
}

/*
 * [19] With every policy, a VM_ENDALLOC request fails only if no free segment
 * fits.
 */
static void endalloc_is_complete(struct kunit *test)
{
	run_random(test, 1, VM_ENDALLOC, 9);
	run_random(test, U, VM_ENDALLOC, 10);
	run_random(test, U, VM_ENDALLOC | VM_BESTFIT, 11);
	run_random(test, U, VM_ENDALLOC | VM_FIRSTFIT, 12);
}

/* [34] A request with VM_ABORT fails only if no free segment fits. */
static void abort_is_complete(struct kunit *test)
{
	run_random(test, U, VM_ABORT, 13);
}

/*
 * [34] With every policy, requests for single integers use all integers of the
 * arena.
 */
static void last_integer_is_found(struct kunit *test)
{
	static const int flags[] = {
		0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT, VM_ENDALLOC,
	};
	vmem_t *vm = vt_ids(test, 100);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		DECLARE_BITMAP(seen, 101) = { };

		for (j = 0; j < 100; j++) {
			unsigned long id = vt_alloc(vm, 1,
						    VM_NOSLEEP | flags[i]);

			KUNIT_ASSERT_TRUE(test, id >= 1 && id <= 100);
			KUNIT_ASSERT_FALSE(test, test_and_set_bit(id, seen));
		}
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | flags[i]),
				0UL);
		vt_drain(test, vm);
	}
}

static struct kunit_case vmem_complete_cases[] = {
	KUNIT_CASE(instant_fit_is_complete),
	KUNIT_CASE(bestfit_is_complete),
	KUNIT_CASE(firstfit_is_complete),
	KUNIT_CASE(nextfit_is_complete),
	KUNIT_CASE(endalloc_is_complete),
	KUNIT_CASE(abort_is_complete),
	KUNIT_CASE(last_integer_is_found),
	{}
};

static struct kunit_suite vmem_complete_suite = {
	.name = "vmem_complete",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_complete_cases,
};

kunit_test_suite(vmem_complete_suite);

MODULE_DESCRIPTION("KUnit: vmem finds every free segment that fits");
MODULE_LICENSE("GPL");
