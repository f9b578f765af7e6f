#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Test scripts/words: the sentences that it finds, and the words that it reports.

usage: test_words.py [unittest ARGUMENT]...
"""

import contextlib
import io
import os
import sys
import unittest

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TOP, "scripts", "lib"))

import sentences  # noqa: E402  pylint: disable=wrong-import-position
import words  # noqa: E402  pylint: disable=wrong-import-position

RULES = """\
whoever | the noun
^what(?!.*\\?) | the noun first
"""


def found(path, text):
    """The sentences of a file: [(line, text)]."""
    return [(sentence.line, sentence.text)
            for sentence in sentences.sentences_of(path, text)]


class Extractor(unittest.TestCase):
    """The sentences of each type of file."""

    def test_comment_wraps(self):
        self.assertEqual(found("a.c", """\
// SPDX-License-Identifier: GPL-2.0
/*
 * The first sentence wraps
 * here. The second
 * one, too.
 *
 * - an item of a list
 *   that wraps
 * - another item
 */
int a;	/* counts the calls */
"""), [(3, "The first sentence wraps here."), (4, "The second one, too."),
            (7, "an item of a list that wraps"), (9, "another item"),
            (11, "counts the calls")])

    def test_kernel_doc(self):
        self.assertEqual(found("a.h", """\
/**
 * vmem_free() - free an allocation
 * @vm: the arena
 * @size: the size that was
 *	passed to vmem_alloc()
 *
 * It never sleeps.
 * Context: any.
 * Return: nothing at all.
 */
"""), [(2, "free an allocation"), (3, "the arena"),
            (4, "the size that was passed to vmem_alloc()"),
            (7, "It never sleeps."), (8, "any."), (9, "nothing at all.")])

    def test_strings_in_c(self):
        self.assertEqual(found("a.c", """\
#include "no message at all"
static int f(void)
{
	pr_err("vmem: %s: the arena "
	       "is in use\\n", name);
	seq_puts(m, "# id name in use\\n");
	return strcmp(a, "id=%d size=%d");
}
"""), [(4, "vmem: %s: the arena is in use")])

    def test_where(self):
        comments = sentences.sentences_of("a.c", """\
/* Return the size. */
static int size_of(struct a *a)
{
	/* The lock is held. */
	return a->size;
}
""")
        self.assertEqual([sentence.where for sentence in comments],
                         ["size_of", "size_of"])

    def test_rst(self):
        self.assertEqual(found("a.rst", """\
.. SPDX-License-Identifier: GPL-2.0

A heading
=========

The command wraps over
two lines::

    this is code

::

    more of the code

======= =====================
file    contents
======= =====================
``one`` a cell that wraps
        over lines
two     another cell
======= =====================

.. include:: what/this/is

The end of the page.
"""), [(3, "A heading"), (6, "The command wraps over two lines:"), (16, "file"),
            (16, "contents"), (18, "a cell that wraps over lines"), (20, "two"),
            (20, "another cell"), (25, "The end of the page.")])

    def test_markdown(self):
        self.assertEqual(found("README.md", """\
Run a check:

    make check    # run every test

```c
/* this is code */
```
| file | contents |
| --- | --- |
| `a` | the first file |
"""), [(1, "Run a check:"), (3, "run every test"), (8, "file"), (8, "contents"),
            (10, "the first file")])

    def test_shell(self):
        self.assertEqual(found("a.sh", """\
#!/bin/bash
# Boot a kernel
# and wait.
die() {
	say "there is no kernel here" # the kernel is missing
	grep "$a#b" 'not a message at all'
}
"""), [(2, "Boot a kernel and wait."), (5, "the kernel is missing"),
            (5, "there is no kernel here")])

    def test_help_of_make(self):
        self.assertEqual(found("Makefile", """\
help:
	@echo '  check    run the tests'
	@echo '           in a guest'
	@echo '  clean    remove the build output'
"""), [(2, "run the tests in a guest"), (4, "remove the build output")])

    def test_python(self):
        self.assertEqual(found("a.py", '''\
"""Run the guest.

It wraps
here.
"""
PATTERN = "some (words|names) .* here"
# A comment that
# wraps.
print(f"the guest {name} has stopped")
'''), [(1, "Run the guest."), (3, "It wraps here."), (7, "A comment that wraps."),
            (9, "the guest {} has stopped")])

    def test_kconfig(self):
        self.assertEqual(found("Kconfig", """\
config A
	tristate "A small test module"
	help
	  The tests of it. If unsure,
	  say N.
"""), [(2, "A small test module"), (4, "The tests of it."), (4, "If unsure, say N.")])

    def test_no_type(self):
        self.assertEqual(found("trace.xz", "Whoever reads this."), [])


class Check(unittest.TestCase):
    """The words that are reported."""

    def hits(self, text, exceptions="", path="a.c"):
        self.words = words.WordList(RULES + exceptions)
        return [(line, word) for sentence in sentences.sentences_of(path, text)
                for line, word, _ in self.words.hits(sentence)]

    def test_line_of_the_word(self):
        self.assertEqual(self.hits("/*\n * It wakes the task or\n * whoever waits.\n */\n"),
                         [(3, "whoever")])

    def test_start_of_a_sentence(self):
        self.assertEqual(self.hits("/* What is left goes. It says what is left. */\n"),
                         [(1, "What")])
        self.assertEqual(self.hits("/* What is left? */\n"), [])

    def test_code_is_not_checked(self):
        self.assertEqual(self.hits(
            "/* It calls whoever(), @whoever, `whoever` and whoever_waits. */\n"), [])

    def test_string_and_docstring(self):
        self.assertEqual(self.hits('f("whoever waits is woken");\n'), [(1, "whoever")])
        self.assertEqual(self.hits('"""It wakes whoever waits."""\n', path="a.py"),
                         [(1, "whoever")])

    def test_exception(self):
        text = "/* Whoever waits is woken by whoever frees. */\n"
        self.assertEqual(self.hits(text, "except | *.c | whoever waits | a quotation\n"),
                         [(1, "whoever")])
        self.assertEqual(self.words.unused(), [])
        self.hits(text, "except | *.h | whoever waits | a quotation\n")
        self.assertEqual(len(self.words.unused()), 1)

    def test_exception_without_reason(self):
        for line in ("except | *.c | whoever", "except | *.c | whoever | "):
            with self.assertRaisesRegex(words.ListError, "words.list:3: "):
                words.WordList(RULES + line + "\n")

    def test_rule_without_advice(self):
        with self.assertRaises(words.ListError):
            words.WordList("whoever\n")

    def test_report(self):
        found_here = sentences.sentences_of("a.c", "/* It wakes whoever waits. */\n")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertFalse(words.check(words.WordList(RULES), found_here, True))
        self.assertEqual(out.getvalue().splitlines()[0],
                         "a.c:1: 'whoever': say the noun")


class Sample(unittest.TestCase):
    """The random sentences."""

    def draw(self, seed):
        tree = sentences.sentences_of(
            "a.c", "".join(f"/* The sentence with the number {number}. */\n"
                           for number in range(100)))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            words.sample(tree, 5, seed)
        return out.getvalue()

    def test_same_seed(self):
        self.assertEqual(self.draw(1), self.draw(1))
        self.assertNotEqual(self.draw(1), self.draw(2))
        self.assertTrue(self.draw(1).startswith("seed 1: 5 of 100 sentences\n"))


if __name__ == "__main__":
    unittest.main()
