// SPDX-License-Identifier: GPL-2.0
/*
 * vmem against its model: random sequences in each kind of world, all short ones
 * in a very small one, and the checker itself, which must find out a model that
 * lies, and say how in few words.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "../vmem_test_file.h"
#include "../vmem_test_report.h"
#include "engine.h"

/* Of the exhaustive checks. An emulated CPU is slow. */
#define LENGTH	(IS_ENABLED(CONFIG_UML) ? 7 : 6)

static void check(struct kunit *test, enum mc_kind kind, unsigned long ops)
{
	struct mc_failure f;

	if (!mc_random(kind, ops, MC_TRUTH, &f))
		KUNIT_FAIL(test, "%s: seed=%u, see the log", f.why, f.seed);
}

/* The same with arenas that are made while debug is set. */
static void check_both(struct kunit *test, enum mc_kind kind)
{
	unsigned long ops = mc_share(kind);

	check(test, kind, ops - ops / 4);
	if (vt_param("debug", "Y", NULL, 0))
		kunit_info(test, "no parameters to set: not with debug\n");
	check(test, kind, ops / 4);
	vt_param("debug", "N", NULL, 0);
}

/* A failure is found, and made short: one request is all it takes. */
static void shrinks_to_a_request(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_ASSERT_FALSE(test, mc_random(MC_PLAIN, 20000, MC_SEVEN_FAIL, &f));
	KUNIT_EXPECT_GT(test, f.steps, 0U);
	KUNIT_EXPECT_LE(test, f.steps, 1U);
}

/* An allocation, its free, and perhaps what shows that it was not a free. */
static void shrinks_to_a_free(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_ASSERT_FALSE(test, mc_random(MC_TREE, 20000, MC_THREE_STAY, &f));
	KUNIT_EXPECT_GT(test, f.steps, 0U);
	KUNIT_EXPECT_LE(test, f.steps, 4U);
}

/* One arena: policies, constraints, spans, walks. */
static void plain(struct kunit *test)
{
	check_both(test, MC_PLAIN);
}

/* [21] It imports by functions that fail, raise the size, or never release. */
static void import(struct kunit *test)
{
	check_both(test, MC_IMPORT);
}

/* Arenas that import from one another. */
static void tree(struct kunit *test)
{
	check_both(test, MC_TREE);
}

/* [38] Quantum caches keep nothing from anybody. */
static void cached(struct kunit *test)
{
	check_both(test, MC_CACHED);
}

/* [17] Bad calls among good ones change nothing. */
static void misuse(struct kunit *test)
{
	unsigned long ops = mc_share(MC_MISUSE);

	pr_info("vmem-test: expect * \"%s\"\n", VT_REPORT);
	check(test, MC_MISUSE, ops < 1000 ? 1000 : ops);
	pr_info("vmem-test: end\n");
}

/* Every sequence of LENGTH operations on six units. */
static void exhaustive(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_EXPECT_TRUE_MSG(test, mc_exhaustive(1, LENGTH, &f), "%s", f.why);
}

/* [2] On two spans of three units that touch. */
static void exhaustive_spans(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_EXPECT_TRUE_MSG(test, mc_exhaustive(2, LENGTH - 1, &f), "%s", f.why);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(shrinks_to_a_request),
	KUNIT_CASE(shrinks_to_a_free),
	KUNIT_CASE(plain),
	KUNIT_CASE(import),
	KUNIT_CASE(tree),
	KUNIT_CASE(cached),
	KUNIT_CASE(misuse),
	KUNIT_CASE(exhaustive),
	KUNIT_CASE(exhaustive_spans),
	{ }
};

static struct kunit_suite suite = {
	.name = "vmem_model",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("vmem against a model");
MODULE_LICENSE("GPL");
