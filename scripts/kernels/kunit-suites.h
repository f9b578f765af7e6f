/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of <kunit/test.h> where KUnit is a module of its own, see
 * scripts/lib/kunit.sh: the kernel's module loader knows nothing of suites, so
 * they are run by the init function of their module.  They stay in their section:
 * scripts/lib/suites.py reads it.
 */
#undef __kunit_test_suites
#define __kunit_test_suites(suites, ...)				\
	static struct kunit_suite *suites[]				\
	__aligned(sizeof(struct kunit_suite *))				\
	__used __section(".kunit_test_suites") = { __VA_ARGS__ };	\
	static int __init kunit_suites_init(void)			\
	{								\
		return __kunit_test_suites_init(suites,			\
						ARRAY_SIZE(suites));	\
	}								\
	module_init(kunit_suites_init);					\
	static void __exit kunit_suites_exit(void)			\
	{								\
		__kunit_test_suites_exit(suites, ARRAY_SIZE(suites));	\
	}								\
	module_exit(kunit_suites_exit)
