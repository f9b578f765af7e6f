#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare the output of scripts/drgn/vmem.py on a dump with copies of debugfs.

usage: judge_postmortem.py DIRECTORY DRGN...

DIRECTORY holds kstat, arenas, and segments and waiters of each arena; DRGN is the
command line up to the arguments of vmem.py.  The last line is "N passed, N failed".
"""

import difflib
import os
import re
import subprocess
import sys


class Judge:
    """Count and print the results."""

    def __init__(self, drgn):
        self.drgn = drgn
        self.passed = self.failed = 0

    def run(self, *arguments):
        done = subprocess.run([*self.drgn, *arguments], capture_output=True,
                              text=True, check=False)
        if done.returncode:
            print(done.stderr[-2000:])
        return done.returncode, done.stdout.splitlines()

    def same(self, what, expected, found):
        differ = list(difflib.unified_diff(expected, found, "debugfs", "drgn",
                                           lineterm="", n=1))
        good = bool(expected) and not differ
        self.say(good, f"{what}, {len(expected)} lines")
        for line in differ[:20]:
            print("    " + line)

    def say(self, good, what):
        print(f"postmortem: {'pass' if good else 'FAIL'}: {what}")
        self.passed += good
        self.failed += not good


def lines_of(*names):
    with open(os.path.join(*names), encoding="ascii") as file:
        return file.read().splitlines()


def normal(line):
    """Return a line of the file segments without the parts that differ in drgn: the size
    and the module of a function, and the name of the kernel's entry point."""
    line = re.sub(r"/0x[0-9a-f]+( \[\w+\])?", "", line)
    return re.sub(r"<entry_SYSCALL_64\w*\+0x[0-9a-f]+", "<entry", line)


def without_time(lines):
    """Yield the lines of the file waiters without the waiting times, which are longer in
    the dump."""
    for line in lines:
        words = line.split(" ", 5)
        yield " ".join(words[:4] + words[5:])


def table(lines, address):
    """Yield the rows of a table, with one blank between their columns."""
    for line in lines:
        if not line.startswith("#"):
            words = line.split()[address:]
            yield " ".join(words[:7])


def waiters(judge, name, expected):
    """Compare the waiters of an arena, and return their number."""
    found = judge.run("vmem_waiters", name.partition("-")[0])[1]
    judge.same(f"waiters of {name}", list(without_time(expected)),
               list(without_time(found)))
    if len(expected) > 1:
        judge.say(all(int(then.split()[4]) <= int(now.split()[4])
                      for then, now in zip(expected[1:], found[1:])),
                  f"waiters of {name}: waiting times grew")
    return len(expected) - 1


def main():
    directory, *drgn = sys.argv[1:]
    judge = Judge(drgn)
    kstat = [line for line in lines_of(directory, "kstat")
             if not line.startswith("vmem:0:")]
    judge.same("kstat", kstat, judge.run("vmem", "-k")[1])
    judge.same("arenas", list(table(lines_of(directory, "arenas"), 0)),
               list(table(judge.run("vmem")[1], 1)))
    stacks = waiting = 0
    for name in sorted(os.listdir(directory)):
        if not os.path.isdir(os.path.join(directory, name)):
            continue
        number = name.partition("-")[0]
        expected = lines_of(directory, name, "segments")
        stacks += sum(" by " in line for line in expected)
        judge.same(f"segments of {name}",
                   list(map(normal, expected)),
                   list(map(normal, judge.run("vmem_seg", number)[1])))
        waiting += waiters(judge, name, lines_of(directory, name, "waiters"))
        for kind in ("alloc", "free"):
            walk = [f"{line.split()[1]} {line.split()[3]}" for line in expected
                    if line.split()[0] == kind]
            if walk:
                judge.same(f"{kind} of {name}", walk,
                           judge.run("vmem_walk", name.partition("-")[2],
                                     kind)[1])
    judge.say(stacks > 0, f"{stacks} lines with stacks")
    judge.say(waiting == 12, f"{waiting} waiting requests")
    judge.say(judge.run("vmem_seg", "nobody")[0] == 1,
              "an unknown arena is an error")
    print(f"{judge.passed} passed, {judge.failed} failed")
    return 1 if judge.failed else 0


if __name__ == "__main__":
    sys.exit(main())
