#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test scripts/contract: it finds each fault that a test puts into a small tree.

usage: test_contract.py [unittest ARGUMENT]...
"""

import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "..", "..", "scripts", "lib", "contract.py")

PAGE = """\
.. _rule-1:

[1] One (`tests <tests-1_>`__)
    Text, see [2].

.. _rule-2:

[2] Two (`tests <tests-2_>`__)
    Text.

.. _rule-3:

[3] Three *(planned)*
    Text.
"""

SUITE = """\
/* About the suite. */
#include <kunit/test.h>

static const struct row rows[] = {
	/* [1] */
	{ 1, "x[2]" },
};
KUNIT_ARRAY_PARAM(row, rows, NULL);

static void with_rows(struct kunit *test)
{
}

/* [2] The rule, and t[3] is not a citation. */
static void alone(struct kunit *test)
{
#ifdef CONFIG_X
	char buf[7];	/* at most [8], no: buf[8] */
#endif
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(with_rows, row_gen_params),
	KUNIT_CASE(alone),
	{}
};

static struct kunit_suite suite = {
	.name = "vmem_small",
	.test_cases = cases,
};
"""

MODEL = """\
/*
 * check first | -DFIRST | safety | [1] a check
 */
"""

FILES = {
    "Documentation/contract.rst": PAGE,
    "kunit/vmem_small_test.c": SUITE.replace("at most [8], no: ", ""),
    "kunit/helper.h": "/* [1] A helper. */\nint helper(void);\n",
    "model/small.pml": MODEL,
}


class Contract(unittest.TestCase):
    def setUp(self):
        tree = tempfile.TemporaryDirectory()
        self.addCleanup(tree.cleanup)
        self.tree = tree.name
        for path, text in FILES.items():
            os.makedirs(os.path.join(self.tree, os.path.dirname(path)), exist_ok=True)
            self.put(path, text)
        self.run_script(0, "--write")

    def put(self, path, text):
        with open(os.path.join(self.tree, path), "w", encoding="utf-8") as file:
            file.write(text)

    def change(self, path, old, new):
        text = FILES[path]
        self.assertEqual(text.count(old), 1)
        self.put(path, text.replace(old, new))

    def run_script(self, status, *args):
        done = subprocess.run([sys.executable, SCRIPT, "--tree", self.tree, *args],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        return done.stdout

    def finds(self, *texts):
        """Check that the script reports exactly these problems, one per line."""
        lines = self.run_script(1).splitlines()
        self.assertEqual(len(lines), len(texts) + 1, lines)
        for text, line in zip(texts, lines):
            self.assertIn(text, line)

    def test_table(self):
        self.run_script(0)
        with open(os.path.join(self.tree, "Documentation/contract-tests.inc"),
                  encoding="utf-8") as file:
            table = file.read()
        self.assertEqual(table[table.index("   * - .. _tests-1:"):], """\
   * - .. _tests-1:

       `[1] <rule-1_>`__ One
     - ``vmem_small``
     - ``with_rows``
   * -
     - ``model/small.pml``
     - ``first``
   * -
     - in shared code
     - ``kunit/helper.h``
   * - .. _tests-2:

       `[2] <rule-2_>`__ Two
     - ``vmem_small``
     - ``alone``
""")

    def test_no_such_rule(self):
        self.put("kunit/vmem_small_test.c", SUITE)
        self.finds("kunit/vmem_small_test.c:18: there is no rule [8]")

    def test_no_such_rule_in_a_page(self):
        self.put("Documentation/other.rst", "As said [4].\n")
        self.finds("Documentation/other.rst:1: there is no rule [4]")

    def test_planned_rule(self):
        self.change("kunit/vmem_small_test.c", "[2] The rule", "[2] [3] The rule")
        self.finds("kunit/vmem_small_test.c:14: rule [3] is only planned")

    def test_rule_without_test(self):
        self.change("kunit/vmem_small_test.c", "[2] The rule", "[1] The rule")
        self.finds("no test case in kunit/ cites rule [2]", "--write")

    def test_unregistered_case(self):
        self.change("kunit/vmem_small_test.c", "	KUNIT_CASE(alone),\n", "")
        self.finds("no test case in kunit/ cites rule [2]", "--write")

    def test_renamed_case(self):
        text = FILES["kunit/vmem_small_test.c"]
        self.put("kunit/vmem_small_test.c", text.replace("alone", "by_itself"))
        self.finds("run scripts/contract --write")
        self.run_script(0, "--write")
        self.run_script(0)

    def test_gap(self):
        self.change("Documentation/contract.rst", "rule-3:\n\n[3]", "rule-4:\n\n[4]")
        self.finds("there is no rule [3]")

    def test_same_number(self):
        self.change("Documentation/contract.rst", ".. _rule-2:\n\n[2] Two (`tests "
                    "<tests-2_>", ".. _rule-1:\n\n[1] Two (`tests <tests-1_>")
        self.assertIn("there is a rule [1] already", self.run_script(1))

    def test_form(self):
        self.change("Documentation/contract.rst", "<tests-2_>", "<tests-1_>")
        self.assertIn("contract.rst:8: the first line of rule [2] has another form",
                      self.run_script(1))

    def test_label(self):
        self.change("Documentation/contract.rst", ".. _rule-2:\n\n", "")
        self.assertIn("contract.rst:6: the label of rule [2] is missing", self.run_script(1))

    def test_label_without_rule(self):
        self.change("Documentation/contract.rst", "[2] Two (`tests <tests-2_>`__)",
                    "Two")
        self.assertIn("contract.rst:6: no rule follows", self.run_script(1))


if __name__ == "__main__":
    unittest.main()
