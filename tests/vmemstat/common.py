# SPDX-License-Identifier: GPL-2.0
"""Helpers of the tests of vmemstat: recorded and generated copies of debugfs, and
running vmemstat."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
RECORDED = os.path.join(HERE, "recorded")
VMEMSTAT = os.path.join(TOP, "scripts", "vmemstat")
sys.path.insert(0, os.path.join(TOP, "scripts", "lib"))

STATISTICS = """mem_inuse mem_import mem_total vmem_source alloc free wait fail lookup
    search populate_wait populate_fail contains contains_search misuse fail_injected
    import import_fail giveback release rescale rescale_fail""".split()


def recorded(name):
    return os.path.join(RECORDED, name)


def copies():
    """Return the names of the recorded copies."""
    return sorted(os.listdir(RECORDED))


def run(*arguments, **options):
    """Run vmemstat with these arguments; return (exit status, output, errors)."""
    options.setdefault("env", dict(os.environ, LC_ALL="C.UTF-8"))
    done = subprocess.run([sys.executable, VMEMSTAT, *arguments],
                          capture_output=True, text=True, check=False,
                          encoding="utf-8", timeout=300, **options)
    return done.returncode, done.stdout, done.stderr


class Case(unittest.TestCase):
    """A test case with a temporary directory."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="vmem-test.")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def good(self, *arguments, **options):
        """Run vmemstat, which must succeed, and return its output."""
        status, output, errors = run(*arguments, **options)
        self.assertEqual((status, errors), (0, ""))
        return output

    def bad(self, status, *arguments, **options):
        """Run vmemstat, which must fail with that exit status and print one line, and
        return that line."""
        got, output, errors = run(*arguments, **options)
        self.assertEqual((got, output), (status, ""), errors)
        self.assertEqual(len(errors.splitlines()), 1, errors)
        self.assertRegex(errors, "^vmemstat: ")
        return errors

    def make(self, name, arenas, uptime=100.0):
        """Make a copy with arenas [(id, label, {statistic: value})]."""
        lines = ["vmem:0:vmem:misuse\t0\n"]
        for number, label, stats in arenas:
            for statistic in STATISTICS:
                lines.append(f"vmem:{number}:{label}:{statistic}\t"
                             f"{stats.get(statistic, 0)}\n")
            self.write(f"{name}/{number}-{label}/qcaches", "# size\n")
        self.write(f"{name}/kstat", "".join(lines))
        self.write(f"{name}/metadata", "vmem_seg 0\n")
        self.write(f"{name}/saved", f"uptime {uptime}\n")
        return self.path(name)

    def make_segments(self, name, spans):
        """Make a copy with one arena, "one", of spans [(first, last, imported, [(type,
        first, size), ...])]."""
        total = sum(last - first + 1 for first, last, _, _ in spans)
        inuse = sum(size for *_, parts in spans for kind, _, size in parts
                    if kind == "alloc")
        path = self.make(name, [(1, "one", {"mem_total": total,
                                            "mem_inuse": inuse})])
        with open(os.path.join(path, "1-one", "segments"), "w",
                  encoding="ascii") as file:
            file.write("# type start last size\n")
            for first, last, imported, parts in spans:
                file.write(f"span {first:#x} {last:#x} {last - first + 1}"
                           f"{' imported' if imported else ''}\n")
                for kind, start, size in parts:
                    file.write(f"  {kind} {start:#x} {start + size - 1:#x} "
                               f"{size}\n")
        return path


def arenas_file(path):
    """Parse the file arenas, which vmemstat does not read: {id: (depth, name, in_use,
    total, use, allocs, fails)}."""
    found = {}
    with open(os.path.join(path, "arenas"), encoding="ascii") as file:
        for line in file:
            if line.startswith("#"):
                continue
            match = re.match(r" *(\d+) ( *)(\S+) +(\d+) +(\d+) +(\d+)% +(\d+) "
                             r"+(\d+)$", line)
            found[int(match[1])] = (len(match[2]) // 2, match[3],
                                    *map(int, match.groups()[3:]))
    return found
