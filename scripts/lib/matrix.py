#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the results of several runs of `make check` as one table.

usage: matrix.py FILE...

Each FILE is named after a kernel and holds the output of scripts/check on that kernel.
All failures and the reasons for skipped cases follow the table.  The last line is "N
passed, N failed, N skipped"; the exit status is 0 only if no case failed and at least
one case passed on every kernel.
"""

import os
import re
import sys

SUITE = re.compile(r"^(ok  |FAIL) (.+): (\d+ (?:passed|failed|skipped).*)$")
COUNT = re.compile(r"(\d+) (passed|failed|skipped)")
SKIPPED = re.compile(r"^     skipped: (.+?): (.*)$")
NOT_COUNTED = re.compile(r"^     not counted: (.*)$")
TOTAL = re.compile(r"^\d+ passed, \d+ failed(, \d+ skipped)?$")
NO_VERDICT = "(the run)"


class Run:
    """The parsed output of the run on one kernel."""

    def __init__(self, path):
        self.kernel = os.path.basename(path)
        self.suites = {}	# suite: {"passed": n, "failed": n, "skipped": n}
        self.failures = []	# the lines of failed suites
        self.skipped = []	# (suite, case, reason)
        self.notes = []
        self.total = dict.fromkeys(("passed", "failed", "skipped"), 0)
        with open(path, encoding="utf-8", errors="replace") as file:
            self.read(file.read().splitlines())

    def read(self, lines):
        suite, failed = None, False
        for line in lines:
            match = SUITE.match(line)
            if match:
                suite, failed = match.group(2), match.group(1) == "FAIL"
                self.suites[suite] = counts(match.group(3))
            elif SKIPPED.match(line):
                self.skipped.append((suite, *SKIPPED.match(line).groups()))
            elif NOT_COUNTED.match(line):
                self.notes += NOT_COUNTED.match(line).groups()
                failed = False
            elif not line.startswith("     "):
                failed = False
            if failed and not SKIPPED.match(line):
                self.failures.append(line)
        if lines and TOTAL.match(lines[-1]):
            self.total = counts(lines[-1])
        if not self.suites or not self.total["passed"]:
            # No test ran: show the end of the output.
            self.suites[NO_VERDICT] = counts("1 failed")
            self.total["failed"] = self.total["failed"] or 1
            self.failures += [f"FAIL {NO_VERDICT}:"] + [
                f"     {line}" for line in lines[-15:]]

    def cell(self, suite):
        count = self.suites.get(suite)
        if count is None:
            return "-"
        if count["failed"]:
            return "FAIL"
        if count["skipped"]:
            return f"skipped {count['skipped']}"
        return "ok"


def counts(text):
    found = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for number, what in COUNT.findall(text):
        found[what] = int(number)
    return found


def table(runs):
    suites = {suite: None for run in runs for suite in run.suites}
    rows = [["", *(run.kernel for run in runs)]]
    for suite in suites:
        rows.append([suite, *(run.cell(suite) for run in runs)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(text.ljust(width)
                        for text, width in zip(row, widths)).rstrip())


def failures(runs):
    for run in runs:
        if run.failures:
            print(f"\nfailed on {run.kernel}:")
            print("\n".join(run.failures))


def reasons(runs):
    """Print each reason once, with its cases and kernels."""
    found = {}
    for run in runs:
        for suite, case, reason in run.skipped:
            cases = found.setdefault((suite, reason), {})
            cases.setdefault(case, []).append(run.kernel)
    if found:
        print("\nskipped:")
    for (suite, reason), cases in found.items():
        print(f"  {suite}: {reason}")
        groups = {}
        for case, kernels in cases.items():
            groups.setdefault(tuple(kernels), []).append(case)
        for kernels, names in groups.items():
            print(f"    on {', '.join(kernels)}: {', '.join(names)}")
    for run in runs:
        for note in run.notes:
            print(f"\nnot counted on {run.kernel}: {note}")


def main():
    runs = [Run(path) for path in sys.argv[1:]]
    print()
    table(runs)
    failures(runs)
    reasons(runs)
    passed, failed, skipped = (sum(run.total[what] for run in runs)
                               for what in ("passed", "failed", "skipped"))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not all(run.total["passed"] for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
