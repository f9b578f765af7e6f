#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Say how much of vmem/ a run of the tests has reached.

usage: coverage.py LOG REASONS OUTPUT

LOG is that of a guest whose vmem.ko counts (see init-check).  OUTPUT, a directory,
gets the counts (vmem.info) for genhtml, and what this program prints is a line for
each file, what was not reached without a reason, and reasons without anything to
explain.

A line was reached if any copy of it was: a function of a header is in several
files.  A branch is one way out of a condition.  The compiler numbers those of a
line; copies of a line that have all of them are added up, and a copy in which the
compiler already knows a condition has fewer, and says nothing.

Not counted are branches in a statement of ours in which there is no condition.  They
are in what the kernel's macros make of a lock, of lockdep_assert_held(), of
might_sleep() and so on, and choose between ways of the kernel's debugging.
A condition is what CONDITION below finds.  Nothing else is left out.

A line of REASONS is "file | what | why it was not reached".  What: "name()" is
all of a function, anything else a text that the line or branch has in its
statement.  A reason that begins with "by chance:" is for what a run may reach or not;
any other one must have something to explain.
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

LINES = 97		# percent of the lines, at least
BRANCHES = 90		# and of the branches

CONDITION = re.compile(
    r"\b(if|while|for|switch)\b|&&|\|\||\?|\b(hlist_entry_safe|min|max|clamp)(_t)?\("
    r"|\w*for_each\w*\(")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def counts(log, directory):
    """Unpack what the guest has sent."""
    packed, digest = [], None
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            if "vmem-gcov: " in line:
                packed.append(line.split("vmem-gcov: ")[1])
            elif "vmem-gcov-sum: " in line:
                digest = line.split("vmem-gcov-sum: ")[1].strip()
    data = base64.b64decode("".join(packed))
    if hashlib.sha256(data).hexdigest() != digest:
        raise SystemExit(f"{log}: the counts did not arrive whole")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        tar.extractall(directory)


def built_in(log, directory):
    """Where vmem.ko was built."""
    before = os.path.join(directory, "before")
    for path in glob.glob(os.path.join(before, "**/vmem/main.gcda"),
                          recursive=True, include_hidden=True):
        return "/" + os.path.relpath(path[:-len("/vmem/main.gcda")], before)
    raise SystemExit(f"{log}: no counts of vmem/")


def gcov(directory, tree):
    """What gcov makes of it, one object file after the other, from each of the times
    at which the guest gathered counts."""
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
    """A file of vmem/ with what was reached of it."""

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
        """For each line the text of the statement that it is in."""
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
            # A ")" may end an if or a line in the middle.
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
        """Lines, then branches on lines that were reached: line, what."""
        for number, count in sorted(self.lines.items()):
            if not count:
                yield number, "line"
                continue
            ways = self.branches.get(number, ())
            never = sum(not way for way in ways)
            if never:
                yield number, f"{never} of {len(ways)} branches"

    def figures(self):
        ways = [way for line in self.branches.values() for way in line]
        return (sum(map(bool, self.lines.values())), len(self.lines),
                sum(map(bool, ways)), len(ways))

    def info(self, top):
        """The lines of a trace file."""
        yield "TN:"
        yield f"SF:{os.path.join(top, self.name)}"
        for name, (first, _, count) in self.functions.items():
            yield f"FN:{first},{name}"
            yield f"FNDA:{count},{name}"
        for number, ways in sorted(self.branches.items()):
            for index, way in enumerate(ways):
                taken = way if self.lines[number] else "-"
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
    tree = built_in(log, counted)

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
    print(f"({excluded} branches within the kernel's macros are not counted)")
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
        print(f"stale: {reason.file} | {reason.what}: all of it was reached")

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
