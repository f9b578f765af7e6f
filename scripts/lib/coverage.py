#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Report the coverage of vmem/ by a run of the tests.

usage: coverage.py LOG REASONS OUTPUT

LOG is the log of a guest whose vmem.ko is built with gcov (see init-check).  The
program writes the counts for genhtml (vmem.info) to the directory OUTPUT.  It prints a
line for each file, the unreached lines and branches without a reason, and the reasons
that explain nothing.

A function of a header has copies in several files; a line was reached if one of its
copies was reached.  A branch is an outcome of a condition.  The compiler numbers the
branches of a line.  The program adds up the counts of the copies with the most branches.
It ignores copies with fewer branches: there the compiler has evaluated a condition.

Branches in a statement without a condition (see CONDITION) are not counted: they come
from macros of the kernel, such as locks, lockdep_assert_held() or might_sleep().  All
other branches are counted.

A line of REASONS is "FILE | TEXT | REASON".  The text "name()" means the whole
function; any other text must occur in the statement of the line or branch.  Every
reason must explain an unreached line or branch, unless it begins with "by chance:".
"""

import base64
import collections
import glob
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile

LINES = 97		# minimum percentage of lines
BRANCHES = 90		# minimum percentage of branches

CONDITION = re.compile(
    r"\b(if|while|for|switch)\b|&&|\|\||\?|\b(hlist_entry_safe|min|max|clamp)(_t)?\("
    r"|\w*for_each\w*\(")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def counts(log, directory):
    """Unpack the counts from the log of the guest."""
    packed, digest = [], None
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            if "vmem-gcov: " in line:
                packed.append(line.split("vmem-gcov: ")[1])
            elif "vmem-gcov-sum: " in line:
                digest = line.split("vmem-gcov-sum: ")[1].strip()
    data = base64.b64decode("".join(packed))
    if hashlib.sha256(data).hexdigest() != digest:
        raise SystemExit(f"{log}: the counts are missing or damaged")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        tar.extractall(directory)


def build_directory(log, directory):
    """Return the directory in which vmem.ko was built."""
    before = os.path.join(directory, "before")
    for path in glob.glob(os.path.join(before, "**/vmem/main.gcda"),
                          recursive=True, include_hidden=True):
        return "/" + os.path.relpath(path[:-len("/vmem/main.gcda")], before)
    raise SystemExit(f"{log}: no counts of vmem/")


def gcov(directory, tree):
    """Yield the output of gcov for each object file and each copy of the counts."""
    pattern = os.path.join(directory, "*", tree.lstrip("/"), "vmem/**/*.gcda")
    for path in sorted(glob.glob(pattern, recursive=True)):
        when = os.path.relpath(path, directory).split("/")[0]
        notes = "/" + os.path.relpath(path, os.path.join(directory, when))
        notes = notes[:-len("gcda")] + "gcno"
        here = path[:-len("gcda")] + "gcno"
        if os.path.lexists(here):
            os.remove(here)
        os.symlink(notes, here)
        out = subprocess.run(
            ["gcov", "--json-format", "--stdout", "--branch-probabilities",
             path], check=True, capture_output=True).stdout
        yield from json.loads(out)["files"]


class Source:
    """A file of vmem/ and its counts."""

    def __init__(self, name, text):
        self.name = name
        blank = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
        self.text = blank.split("\n")
        self.statement = self.statements()
        self.lines = collections.Counter()
        self.function = {}	# line: the function it is in
        self.functions = {}	# name: first line, last line, count
        self.copies = collections.defaultdict(list)
        self.excluded = 0
        self.branches = {}	# line: counts

    def statements(self):
        """Return {line: text of its statement}."""
        found, first = {}, 0
        depth = 0
        for number, line in enumerate(self.text):
            if not line.strip():
                if depth == 0:
                    first = number + 1
                continue
            depth += line.count("(") - line.count(")")
            if depth > 0 or not re.search(r"[;{}:)]\s*$", line):
                continue
            # A ")" ends a statement only after a condition or for_each.
            text = " ".join(part.strip()
                            for part in self.text[first:number + 1])
            if line.rstrip().endswith(")") and not re.match(
                    r"(\} )?(else )?(if|while|for|switch)\b|\w*for_each", text):
                continue
            for line_number in range(first, number + 1):
                found[line_number + 1] = text
            first, depth = number + 1, 0
        return found

    def add(self, data):
        for function in data["functions"]:
            name = function["demangled_name"]
            old = self.functions.get(name, (0, 0, 0))
            self.functions[name] = (function["start_line"],
                                    function["end_line"],
                                    old[2] + function["execution_count"])
        for line in data["lines"]:
            number = line["line_number"]
            self.lines[number] += line["count"]
            if line["branches"]:
                self.copies[number].append(
                    [branch["count"] for branch in line["branches"]])

    def finish(self):
        for number, copies in self.copies.items():
            if not CONDITION.search(self.statement.get(number, "")):
                self.excluded += max(map(len, copies))
                continue
            most = max(map(len, copies))
            self.branches[number] = [
                sum(column) for column in
                zip(*(copy for copy in copies if len(copy) == most))]

    def function_of(self, number):
        for name, (first, last, _) in self.functions.items():
            if first <= number <= last:
                return name
        return ""

    def missing(self):
        """Yield unreached lines, and unreached branches of reached lines: line
        number, description."""
        for number, count in sorted(self.lines.items()):
            if not count:
                yield number, "line"
                continue
            branches = self.branches.get(number, ())
            never = sum(not count for count in branches)
            if never:
                yield number, f"{never} of {len(branches)} branches"

    def figures(self):
        branches = [count for line in self.branches.values() for count in line]
        return (sum(map(bool, self.lines.values())), len(self.lines),
                sum(map(bool, branches)), len(branches))

    def info(self, top):
        """Yield the lines of a trace file of lcov."""
        yield "TN:"
        yield f"SF:{os.path.join(top, self.name)}"
        for name, (first, _, count) in self.functions.items():
            yield f"FN:{first},{name}"
            yield f"FNDA:{count},{name}"
        for number, branches in sorted(self.branches.items()):
            for index, count in enumerate(branches):
                taken = count if self.lines[number] else "-"
                yield f"BRDA:{number},0,{index},{taken}"
        for number, count in sorted(self.lines.items()):
            yield f"DA:{number},{count}"
        yield "end_of_record"


class Reason:
    def __init__(self, line):
        self.file, self.what, self.why = (part.strip()
                                          for part in line.split("|", 2))
        self.used = False

    def fits(self, source, number):
        if source.name != self.file:
            return False
        if re.fullmatch(r"\w+\(\)", self.what):
            return source.function_of(number) == self.what[:-2]
        return self.what in source.statement.get(number,
                                                 source.text[number - 1])


def read_reasons(path):
    with open(path, encoding="utf-8") as file:
        return [Reason(line) for line in file
                if line.strip() and not line.startswith("#")]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    log, reasons, output = sys.argv[1:]
    top = os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))
    counted = os.path.join(output, "counts")
    counts(log, counted)
    tree = build_directory(log, counted)

    sources = {}
    for data in gcov(counted, tree):
        name = os.path.relpath(os.path.realpath(data["file"]), tree)
        if not name.startswith("vmem/"):
            continue
        if name not in sources:
            with open(os.path.join(tree, name), encoding="utf-8") as file:
                sources[name] = Source(name, file.read())
        sources[name].add(data)

    total = [0, 0, 0, 0]
    print("   lines          branches       file")
    for name, source in sorted(sources.items()):
        source.finish()
        figures = source.figures()
        total = [a + b for a, b in zip(total, figures)]
        print("{:4}/{:<4} {:5.1f} {:4}/{:<4} {:5.1f} {}".format(
            *figures[:2], percent(*figures[:2]), *figures[2:],
            percent(*figures[2:]), name))
    excluded = sum(source.excluded for source in sources.values())
    print(f"({excluded} branches in macros of the kernel are not counted)")
    with open(os.path.join(output, "vmem.info"), "w",
              encoding="utf-8") as file:
        for _, source in sorted(sources.items()):
            print(*source.info(top), sep="\n", file=file)

    reasons = read_reasons(reasons)
    unexplained = explained = 0
    for _, source in sorted(sources.items()):
        for number, what in source.missing():
            why = [reason for reason in reasons
                   if reason.fits(source, number)]
            for reason in why:
                reason.used = True
            if why:
                explained += 1
                continue
            unexplained += 1
            print(f"unexplained: {source.name}:{number}: {what}: "
                  f"{source.text[number - 1].strip()}")
    stale = [reason for reason in reasons
             if not reason.used and not reason.why.startswith("by chance:")]
    for reason in stale:
        print(f"stale: {reason.file} | {reason.what}: explains nothing")

    verdicts = [
        (percent(*total[:2]) >= LINES,
         "{1} of {2} lines, {0:.1f} % (at least {3} %)".format(
             percent(*total[:2]), *total[:2], LINES)),
        (percent(*total[2:]) >= BRANCHES,
         "{1} of {2} branches, {0:.1f} % (at least {3} %)".format(
             percent(*total[2:]), *total[2:], BRANCHES)),
        (not unexplained, f"{unexplained} places unexplained, "
         f"{explained} explained"),
        (not stale, f"{len(stale)} of {len(reasons)} reasons stale"),
    ]
    for good, text in verdicts:
        print("ok  " if good else "FAIL", text)
    failed = sum(not good for good, _ in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
