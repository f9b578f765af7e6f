#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judge the logs of the guests of `make torture`.

usage: judge_torture.py [KERNEL CPUS SECONDS LOG]...

The log of a guest (see scripts/guest/init-torture) consists of cycles; each cycle
inserts, runs and removes the modules.  Faults are:

- a cycle without an end line, or a guest that did not finish;
- a violation or a liveness alarm; in a "seeded" cycle, a seeded fault without either;
- in a run of 20 s or more, a kind of call that no hostile client has made;
- a failed step;
- a report of the kernel after the start (see judge.py).

Two kinds of reports are not faults: the stack of a thread that a seeded fault stops,
and the reports that hostile clients provoke: refused imports in the arenas "tt-bad" and
"tt-misfit", and arenas "tt-left..." that are destroyed with allocations.  Reports are
rate limited: the torture module compares the numbers of refusals and leaks with the
statistics.

The last line is "N passed, N failed"; each kernel counts once.
"""

import re
import sys

from judge import CUT, RULE, Report, begins, read

GUEST = re.compile(r"^vmem-torture: guest: (.*)$")
VIOLATION = re.compile(r"^vmem-torture: VIOLATION: (.*)$")
END = re.compile(r"^vmem-torture: end: .* (\d+) s, (\d+) allocs, .* (\d+) violations$")
ALARM = re.compile(r"^vmem-torture: ALARM: (.*)$")
SEEDED_WAIT = re.compile(r"^tt-controller ")
HOSTILE = re.compile(r"^vmem-torture: hostile 0x[0-9a-f]+:(.*) (\d+) alarms$")
HOSTILE_COUNT = re.compile(r"(\d+) ([^,]+),")
EXPECTED = re.compile(
    r"^vmem: misuse: arena \d+ '(tt-bad|tt-misfit)': (vmem_x?alloc|.*import)"
    r"|^vmem: misuse: arena \d+ 'tt-left[^']*': vmem_destroy\(\): .* still allocated")
ENOUGH = 20			# seconds after which each kind of call must have happened
OURS = re.compile(r"^vmem-torture: ")
ACCESS = re.compile(r"^(read|write|assert|race at)\b.*\b(by|bytes)\b")
STUCK = re.compile(r"^Call Trace:")
FRAME = re.compile(r"\+0x[0-9a-f]+/0x[0-9a-f]+")
DUMP_STACK = re.compile(r"\bdump_stack\S*\+0x")
KERNEL_DATA = re.compile(r"^\s*(ktime_get|timekeeping_|hrtimer_|schedule_hrtimeout|"
                         r"trace_clock_)")
WARN_ALLOC = re.compile(r"\bwarn_alloc\S*\+0x")
MISUSE = re.compile(r"\bvmem_misuse\S*\+0x")
CYCLES = ["seeded", "seeded", "seeded", "long", "long", "cut", "cut", "cut"]
SHOWN = 12			# faults of a kernel to show
EXCERPT = 50			# lines of a report to show


def races(report):
    """True for a data race of vmem: one of the two accesses is in a function of vmem, or
    in a function that vmem calls. The functions of KERNEL_DATA do not count: they access
    only data of the kernel."""
    lines = report.lines
    for number, line in enumerate(lines):
        if not ACCESS.match(line) or number + 1 == len(lines):
            continue
        function = lines[number + 1]
        if "[vmem" in function:
            return True
        if not KERNEL_DATA.match(function) and \
                any("[vmem" in caller for caller in lines[number + 2:number + 3]):
            return True
    return False


def cut_short(report):
    """True if the stack ends below dump_stack(), because another report begins at that
    line. The title of the other report is judged on its own."""
    frames = [line for line in report.lines if FRAME.search(line)]
    return bool(frames) and all(DUMP_STACK.search(line) for line in frames)


def out_of_memory(report):
    """True for a warning that the kernel has no memory for a process of the guest: the
    stress test provokes such warnings. vmem's allocations never warn."""
    text = report.text()
    return bool(WARN_ALLOC.search(text)) and "[vmem]" not in text


class Cycle:
    """One cycle: the guest inserts, runs and removes the modules."""

    def __init__(self, name, text=""):
        self.name = name
        self.fault = text.partition("seeded_fault=")[2].partition(" ")[0]
        self.ended = False
        self.allocs = None
        self.violations = []
        self.count = 0
        self.alarms = []
        self.hostile = None	# calls of hostile clients: {kind: count}
        self.alarm_count = 0


class Log:
    """The parsed log of a guest."""

    def __init__(self, path, seconds):
        self.seconds = seconds
        self.cycles = []
        self.expected = 0
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
        if self.cycles and self.cycles[-1].name == "seeded" and \
                STUCK.match(report.title()):
            return
        # Concurrent reports of CPUs mix up their titles and stacks. An unexpected
        # title is always a separate report.
        if EXPECTED.match(report.title()) or \
                STUCK.match(report.title()) and (
                    MISUSE.search(report.text()) or cut_short(report) or
                    out_of_memory(report)):
            self.expected += 1
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
        alarm = ALARM.match(line)
        hostile = HOSTILE.match(line)
        if alarm:
            cycle.alarms.append(alarm.group(1))
        elif hostile:
            cycle.hostile = {what: int(count) for count, what in
                             HOSTILE_COUNT.findall(hostile.group(1))}
            cycle.alarm_count = int(hostile.group(2))
        elif violation:
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
            self.cycles.append(Cycle(re.split("[ :]", text)[1], text))
        elif text.startswith("end ") and self.cycles:
            self.end_report()
            self.cycles[-1].ended = True
        elif text.startswith("failed: "):
            self.faults.append(text)

    def judge(self):
        if not self.started:
            self.faults.append("the guest did not boot")
        elif [cycle.name for cycle in self.cycles] != CYCLES:
            self.faults.append(f"{len(self.cycles)} of {len(CYCLES)} cycles")
        for number, cycle in enumerate(self.cycles):
            where = f"cycle {number + 1} ({cycle.name})"
            if cycle.allocs is None:
                self.faults.append(f"{where}: no end line")
            elif not cycle.allocs:
                self.faults.append(f"{where}: no allocations")
            if not cycle.ended:
                self.faults.append(f"{where}: the log ends during this cycle")
            if cycle.name == "seeded":
                found = cycle.count
                if cycle.fault == "wait":
                    found = any(SEEDED_WAIT.match(alarm)
                                for alarm in cycle.alarms)
                if not found:
                    self.faults.append(f"{where}: the fault was not found")
                continue
            self.faults += [f"{where}: {text}" for text in cycle.violations]
            self.faults += [f"{where}: alarm: {text}" for text in cycle.alarms]
            if cycle.alarm_count and not cycle.alarms:
                self.faults.append(f"{where}: {cycle.alarm_count} alarms")
        if self.seconds >= ENOUGH:
            self.faults += [f"hostile clients: no {what}"
                            for what, count in self.hostile().items()
                            if not count]
        if not self.finished:
            self.faults.append("the guest did not finish")

    def hostile(self):
        """Return the calls of hostile clients in all cycles: {kind: count}."""
        total = {}
        for cycle in self.cycles:
            if cycle.name == "seeded":
                continue
            for what, count in (cycle.hostile or {}).items():
                total[what] = total.get(what, 0) + count
        return total

    def alarms(self):
        return sum(max(cycle.alarm_count, len(cycle.alarms))
                   for cycle in self.cycles if cycle.name != "seeded")

    def violations(self):
        return sum(max(cycle.count, len(cycle.violations))
                   for cycle in self.cycles if cycle.name != "seeded")

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
          f"{'hostile':>9} {'violations':>10} {'alarms':>6} {'reports':>7}")
    for kernel, cpus, seconds, path in zip(*[iter(args)] * 4):
        log = Log(path, int(seconds))
        bad = bool(log.faults or log.reports)
        print(f"{'FAIL' if bad else 'ok  '} {kernel:<12} {cpus:>4} "
              f"{seconds:>7} {log.allocs():>12} "
              f"{sum(log.hostile().values()):>9} {log.violations():>10} "
              f"{log.alarms():>6} {len(log.reports):>7}")
        if bad:
            show(log)
            failed += 1
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
