#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the tests of vmemstat that need no guest.

usage: run.py [NAME...]

The program prints a line for each test; the last line is "N passed, N failed".
"""

import sys
import unittest

import common


class Result(unittest.TestResult):
    """Print a line for each test, and its errors."""

    def __init__(self):
        super().__init__()
        self.wrong = {}         # test: errors

    def name(self, test):
        return f"{type(test).__module__}.{type(test).__name__}." \
               f"{test._testMethodName}"    # pylint: disable=protected-access

    def addError(self, test, err):
        self.wrong.setdefault(test, []).append(self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err:
            self.addError(test, err)

    def stopTest(self, test):
        if not hasattr(test, "_testMethodName"):
            return
        print(f"see: {'FAIL' if test in self.wrong else 'pass'}:",
              self.name(test))
        for text in self.wrong.get(test, []):
            print("    " + text.rstrip().replace("\n", "\n    "))
        sys.stdout.flush()


def main():
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in sys.argv[1:]] or None
    result = Result()
    loader.discover(common.HERE).run(result)
    failed = len(result.wrong)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
