// SPDX-License-Identifier: GPL-2.0
/*
 * Compares vmem with its model: random sequences in each kind of world, and all
 * short sequences in a very small world. Also tests the checker, which must
 * detect a defect of the model and find a short sequence that shows this
 * defect.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "../vmem_test_file.h"
#include "../vmem_test_report.h"
#include "engine.h"

/*
 * Length of the sequences of the exhaustive test. An emulated CPU is slow and
 * runs shorter sequences.
 */
#define LENGTH	(IS_ENABLED(CONFIG_UML) ? 7 : 6)

static void check(struct kunit *test, enum mc_kind kind, unsigned long ops)
{
	struct mc_failure f;

	if (!mc_random(kind, ops, MC_NO_DEFECT, &f))
		KUNIT_FAIL(test, "%s: seed=%u, see the log", f.why, f.seed);
}

/*
 * Check without and with the module parameter debug, which affects new arenas.
 */
static void check_with_debug(struct kunit *test, enum mc_kind kind)
{
	unsigned long ops = mc_nr_ops(kind);

	check(test, kind, ops - ops / 4);
	if (vt_param("debug", "Y", NULL, 0))
		kunit_info(test, "cannot set the parameter debug\n");
	check(test, kind, ops / 4);
	vt_param("debug", "N", NULL, 0);
}

/*
 * If the model wrongly refuses a request, the checker reduces the sequence to
 * this request.
 */
static void failure_shrinks_to_one_request(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_ASSERT_FALSE(test, mc_random(MC_PLAIN, 20000, MC_REFUSE_SEVEN,
					   &f));
	KUNIT_EXPECT_GT(test, f.steps, 0U);
	KUNIT_EXPECT_LE(test, f.steps, 1U);
}

/*
 * If a free has no effect in the model, the checker reduces the sequence to an
 * allocation, its free, and requests that show the difference.
 */
static void lost_free_shrinks_to_four_steps(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_ASSERT_FALSE(test, mc_random(MC_TREE, 20000, MC_KEEP_THREE, &f));
	KUNIT_EXPECT_GT(test, f.steps, 0U);
	KUNIT_EXPECT_LE(test, f.steps, 4U);
}

/* One arena follows the model: policies, constraints, spans, walks. */
static void one_arena_follows_the_model(struct kunit *test)
{
	check_with_debug(test, MC_PLAIN);
}

/*
 * [21] An importing arena follows the model. Its import function may fail or
 * raise the size, and it may have no release function.
 */
static void importing_arena_follows_the_model(struct kunit *test)
{
	check_with_debug(test, MC_IMPORT);
}

/* Arenas that each import from the previous arena follow the model. */
static void tree_follows_the_model(struct kunit *test)
{
	check_with_debug(test, MC_TREE);
}

/* [38] Integers in quantum caches remain available. */
static void cached_arena_withholds_nothing(struct kunit *test)
{
	check_with_debug(test, MC_CACHED);
}

/* [17] Misuse between valid calls changes nothing. */
static void misuse_changes_nothing(struct kunit *test)
{
	unsigned long ops = mc_nr_ops(MC_MISUSE);

	pr_info("vmem-test: expect * \"%s\"\n", VT_REPORT);
	check(test, MC_MISUSE, ops < 1000 ? 1000 : ops);
	pr_info("vmem-test: end\n");
}

/*
 * vmem follows the model in every sequence of LENGTH operations on six units.
 */
static void short_sequences_follow_the_model(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_EXPECT_TRUE_MSG(test, mc_exhaustive(1, LENGTH, &f), "%s", f.why);
}

/*
 * [2] vmem follows the model in every sequence of LENGTH - 1 operations on two
 * adjacent spans of three units.
 */
static void short_sequences_on_two_spans(struct kunit *test)
{
	struct mc_failure f;

	KUNIT_EXPECT_TRUE_MSG(test, mc_exhaustive(2, LENGTH - 1, &f), "%s", f.why);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(failure_shrinks_to_one_request),
	KUNIT_CASE(lost_free_shrinks_to_four_steps),
	KUNIT_CASE(one_arena_follows_the_model),
	KUNIT_CASE(importing_arena_follows_the_model),
	KUNIT_CASE(tree_follows_the_model),
	KUNIT_CASE(cached_arena_withholds_nothing),
	KUNIT_CASE(misuse_changes_nothing),
	KUNIT_CASE(short_sequences_follow_the_model),
	KUNIT_CASE(short_sequences_on_two_spans),
	{ }
};

static struct kunit_suite suite = {
	.name = "vmem_model",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("Compares vmem with a model");
MODULE_LICENSE("GPL");
