#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judge what the guests of `make torture` printed.

usage: judge_torture.py [KERNEL CPUS SECONDS LOG]...

See scripts/guest/init-torture for what a guest does.  Its log is cut into cycles,
each with modules inserted, tortured, and removed.  Wrong is

- a cycle without an end line, or a guest that did not come to its finish;
- a violation, and for a planted one that there is none;
- a step that failed;
- anything that the kernel has to complain about, from the first cycle on, see
  judge.py; but for the stack of a thread that a planted violation stops.

The last line is "N passed, N failed", a kernel each.
"""

import re
import sys

from judge import CUT, RULE, Report, begins, read

GUEST = re.compile(r"^vmem-torture: guest: (.*)$")
VIOLATION = re.compile(r"^vmem-torture: VIOLATION: (.*)$")
END = re.compile(r"^vmem-torture: end: .* (\d+) s, (\d+) allocs, .* (\d+) violations$")
OURS = re.compile(r"^vmem-torture: ")
ACCESS = re.compile(r"^(read|write|assert|race at)\b.*\b(by|bytes)\b")
STUCK = re.compile(r"^Call Trace:")
CYCLES = ["planted", "planted", "long", "long", "cut", "cut", "cut"]
SHOWN = 12			# faults of a kernel to show
EXCERPT = 50			# lines of a report to show


def races(report):
    """Whether a data race is vmem's: the kernel has some of its own. It is whose
    function, or whose caller, one of the two accesses is in."""
    lines = report.lines
    return any("[vmem" in line
               for number, line in enumerate(lines) if ACCESS.match(line)
               for line in lines[number + 1:number + 3])


class Cycle:
    """From insertion to removal."""

    def __init__(self, name):
        self.name = name
        self.ended = False
        self.allocs = None
        self.violations = []
        self.count = 0


class Log:
    """What the log of a guest says."""

    def __init__(self, path):
        self.cycles = []
        self.reports = []
        self.faults = []
        self.started = self.finished = False
        self.report = None
        for line in read(path):
            self.line(line)
        self.end_report()
        self.judge()

    def end_report(self):
        report, self.report = self.report, None
        if report is None or not report.real():
            return
        if self.cycles and self.cycles[-1].name == "planted" and \
                STUCK.match(report.title()):
            return
        if "KCSAN: data-race" in report.title() and not races(report):
            return
        self.reports.append(report)

    def line(self, line):
        guest = GUEST.match(line)
        if guest:
            self.guest(guest.group(1))
        if not self.started:
            return
        if self.report and (OURS.match(line) or not self.report.takes(line)):
            self.end_report()
        if not self.report and not OURS.match(line) and (
                CUT.match(line) or RULE.match(line) or begins(line)):
            self.report = Report(line)
        if not self.cycles:
            return
        cycle = self.cycles[-1]
        violation = VIOLATION.match(line)
        end = END.match(line)
        if violation:
            cycle.violations.append(violation.group(1))
        elif end:
            cycle.allocs, cycle.count = int(end.group(2)), int(end.group(3))

    def guest(self, text):
        if text == "start":
            self.started = True
        elif text == "finish":
            self.finished = True
        elif text.startswith("begin "):
            self.end_report()
            self.cycles.append(Cycle(re.split("[ :]", text)[1]))
        elif text.startswith("end ") and self.cycles:
            self.end_report()
            self.cycles[-1].ended = True
        elif text.startswith("failed: "):
            self.faults.append(text)

    def judge(self):
        if not self.started:
            self.faults.append("the guest did not come up")
        elif [cycle.name for cycle in self.cycles] != CYCLES:
            self.faults.append(f"{len(self.cycles)} of {len(CYCLES)} cycles")
        for number, cycle in enumerate(self.cycles):
            where = f"cycle {number + 1} ({cycle.name})"
            if cycle.allocs is None:
                self.faults.append(f"{where}: no end line")
            elif not cycle.allocs:
                self.faults.append(f"{where}: nothing was done")
            if not cycle.ended:
                self.faults.append(f"{where}: the log ends in it")
            if cycle.name == "planted":
                if not cycle.count:
                    self.faults.append(f"{where}: the violation was not found")
                continue
            self.faults += [f"{where}: {text}" for text in cycle.violations]
        if not self.finished:
            self.faults.append("the guest did not come to its end")

    def violations(self):
        return sum(max(cycle.count, len(cycle.violations))
                   for cycle in self.cycles if cycle.name != "planted")

    def allocs(self):
        return sum(cycle.allocs or 0 for cycle in self.cycles)


def show(log):
    for fault in log.faults[:SHOWN]:
        print(f"     {fault}")
    if len(log.faults) > SHOWN:
        print(f"     (and {len(log.faults) - SHOWN} more)")
    titles = {}
    for report in log.reports:
        titles.setdefault(report.title(), []).append(report)
    for title, reports in titles.items():
        print(f"     {len(reports)} x {title}")
        for line in reports[0].lines[:EXCERPT]:
            print(f"         | {line}")


def main():
    args = sys.argv[1:]
    passed = failed = 0
    print(f"     {'kernel':<12} {'CPUs':>4} {'seconds':>7} {'allocations':>12} "
          f"{'violations':>10} {'reports':>7}")
    for kernel, cpus, seconds, path in zip(*[iter(args)] * 4):
        log = Log(path)
        bad = bool(log.faults or log.reports)
        print(f"{'FAIL' if bad else 'ok  '} {kernel:<12} {cpus:>4} "
              f"{seconds:>7} {log.allocs():>12} {log.violations():>10} "
              f"{len(log.reports):>7}")
        if bad:
            show(log)
            failed += 1
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
