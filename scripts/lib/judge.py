#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judge the logs of `make check`.

usage: judge.py [--plan PLAN --suites SUITES LOG] [--panic NAME TEXT LOG]...

LOG is the log of a guest with scripts/guest/init-check as its /init, PLAN is the plan
of the guest, SUITES is the output of suites.py.  A result that PLAN and SUITES imply
but the log lacks is a failure.  A LOG after --panic must end in a kernel panic with
TEXT.

The program judges:

- The results of KUnit, in KTAP.  KUnit indents the results of cases by four blanks, and
  the results of parameters by eight.  A case with parameters counts once.

- The steps of the guest: inserting and removing modules.  A failed step was skipped
  if a module logged "vmem-test: skip: REASON".

- The reports of the kernel after the insertion of vmem.ko: warnings, bugs, reports of
  KASAN, lockdep and kmemleak, misuse of vmem.  A report fails its case or step, unless
  the test announced it in the kernel log with

      vmem-test: expect N "TEXT"
      ... the reports ...
      vmem-test: end

  Then exactly N reports must contain TEXT (at least one if N is *, any number if N is
  ?); other reports still fail the case.  A report consists of the line that identifies
  it and the dump that follows.  Data races of the kernel, without vmem on a stack, are
  counted but are not failures.

The last line is "N passed, N failed, N skipped"; the exit status is 0 only if no case
failed and at least one case passed.
"""

import argparse
import re
import sys

EXCERPT = 40			# lines of log to show for a failure
FAULTS = 8			# faults of a case to show

STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
TREE = re.compile(r"/\S*/vmem-linux/trees/[^/]+/")
MARK = re.compile(r"^vmem-check: (begin|end|output|done)\b[ :]*(.*)$")
EXPECT = re.compile(r'vmem-test: expect (\d+|[*?]) "(.*)"$')
SKIP_STEP = re.compile(r"vmem-test: skip: (.+)$")
EXPECT_END = re.compile(r"vmem-test: end$")
SUBTEST = re.compile(r"^    # Subtest: (.+)$")
PLAN = re.compile(r"^    1\.\.(\d+)$")
CASE = re.compile(r"^    (ok|not ok) (\d+)(?: -)? (.*?)(?: # (SKIP|TODO|skip)(.*))?$")
PARAMETER = re.compile(r"^        ok \d+(?: -)? .*? # (?:SKIP|skip) *(.*)$")
SUITE = re.compile(r"^(ok|not ok) \d+(?: -)? (.*?)(?: # .*)?$")
KTAP = re.compile(r"^ *(KTAP version|TAP version|1\.\.\d+$|# Subtest:|ok \d|not ok \d"
                  r"|# \S+: pass:|# Totals:|# module:)")

# The first lines of reports.
CUT = re.compile(r"^-+\[ cut here \]-+$")
CUT_END = re.compile(r"^---\[ end trace")
RULE = re.compile(r"^={20,}$")		# a ruler of lockdep, KASAN, SLUB
BEGIN = re.compile(
    r"WARNING:|BUG:?\b|INFO: |KASAN|UBSAN|KCSAN|ODEBUG:|DEBUG_LOCKS_WARN_ON"
    r"|possible (recursive|circular|irq|deadlock)|sleeping function called"
    r"|Objects remaining|still has objects|slab error|list_(add|del) corruption"
    r"|general protection fault|unable to handle|Oops|Kernel panic"
    r"|refcount_t:|workqueue lockup|Call Trace:|kmemleak: "
    r"|rcu: .*(stall|starved|detected)|(soft|hard) lockup"
    r"|blocked for more than|scheduling while atomic|bad: scheduling|divide error"
    r"|invalid opcode|double fault|NMI watchdog|stack guard page|Invalid wait context"
    r"|vmem: (misuse|leak|verify)|printk messages dropped", re.I)
# Lines that match BEGIN but do not begin a report.  The guest prints the reports of
# kmemleak in full, so the line that announces them is not a report.
HARMLESS = re.compile(r"INFO: lockdep is turned off|kmemleak: .*initialized"
                      r"|kmemleak: \d+ new suspected memory leaks"
                      r"|Disabling lock debugging|^ +(\? )?(\[<[0-9a-f]+>\]|\S+\+0x)"
                      r"|^RIP: ")
# Lines of the dumps of reports.
DUMP = re.compile(
    r"^\s|^$|^task:|^\"echo 0 >|^(CPU|RIP|RSP|RAX|RDX|RBP|R\d\d|FS|CS|CR2|Code|EFLAGS): ?"
    r"|^(Modules linked in|Hardware name|Workqueue|Stack|Call Trace|irq event stamp"
    r"|(hard|soft)irqs last|Tainted|stack backtrace|Preemption disabled|Showing all"
    r"|other info|locks held|\d+ locks? held|no locks held|\d+ lock|Slab |Object |Redzone |Padding |Bytes "
    r"|Allocated |Freed |Memory state|The buggy|page:|raw:|flags:|page dumped|object allocation"
    r"|Disabling lock debugging|INFO: lockdep is turned off|in_atomic|preempt_count|RCU nest"
    r"|rcu_scheduler_active|unreferenced object|backtrace|hex dump|comm )"
    r"|^(-{20,}|={20,})$|^---\[|^[>#]|^\S+\+0x[0-9a-f]+/0x")
NOISE = re.compile(r"^ \[<[0-9a-f]+>\] \? |^( [0-9a-f]{8,16}){2,4}$|^Stack:$")
TRACE = re.compile(r"Call Trace:|backtrace:")


def begins(line):
    return bool(BEGIN.search(line) and not HARMLESS.search(line))


class Report:
    """A report of the kernel: a warning, a bug, a misuse."""

    def __init__(self, line):
        self.cut = bool(CUT.match(line))
        self.ruled = bool(RULE.match(line))
        self.lines = [line]
        self.begun = not (self.cut or self.ruled)
        self.traced = bool(TRACE.search(line))
        self.ended = False

    def takes(self, line):
        """Add the line and return True if it belongs to the report."""
        if self.ended or CUT.match(line):
            return False
        if self.cut:
            self.ended = bool(CUT_END.match(line))
        elif self.ruled and not self.begun:
            self.ended = len(self.lines) > 2
        elif self.ruled and not self.traced or self.sanitizer():
            self.ended = bool(RULE.match(line))
        elif RULE.match(line):
            return False
        elif begins(line) and not TRACE.search(line):
            return False
        elif not DUMP.search(line) and (self.traced or
                                        not line.startswith("vmem: ")):
            return False
        self.begun = self.begun or begins(line)
        self.traced = self.traced or bool(TRACE.search(line))
        self.lines.append(line)
        return True

    def sanitizer(self):
        """True if the report begins and ends with a ruler."""
        return self.ruled and re.search("KASAN|UBSAN|KCSAN", self.lines[1])

    def foreign(self):
        """True for a data race without vmem on a stack."""
        return "KCSAN" in self.title() and not re.search(r"\[vmem\w*\]",
                                                        self.text())

    def real(self):
        """False for a ruler without a report."""
        return self.begun or self.cut

    def text(self):
        return "\n".join(self.lines)

    def title(self):
        for line in self.lines:
            if begins(line) and not line.startswith("WARNING: CPU"):
                return line
        return " / ".join(self.lines[1:3])


class Expectation:
    def __init__(self, count, text):
        self.count = count
        self.text = text
        self.seen = 0

    def fault(self):
        if self.count == "?" or (self.count == "*" and self.seen):
            return None
        if self.count.isdigit() and self.seen == int(self.count):
            return None
        return (f"expected {self.count} of \"{self.text}\" in the log, "
                f"found {self.seen}")


class Case:
    def __init__(self, name, result, reason=""):
        self.name = name
        self.result = result	# "passed", "failed", "skipped"
        self.reason = reason
        self.partly = None	# the reason why some of its parameters were skipped
        self.faults = []
        self.excerpt = []


class Suite:
    def __init__(self, name):
        self.name = name
        self.planned = None
        self.cases = []

    def count(self, result):
        return sum(case.result == result for case in self.cases)

    def fail(self, name, *faults, excerpt=()):
        case = Case(name, "failed")
        case.faults = list(faults)
        case.excerpt = list(excerpt)
        self.cases.append(case)

    def show(self):
        numbers = ", ".join(
            f"{self.count(result)} {result}"
            for result in ("passed", "failed", "skipped")
            if self.count(result) or result == "passed")
        verdict = "FAIL" if self.count("failed") else "ok  "
        print(f"{verdict} {self.name}: {numbers}")
        for case in self.cases:
            if case.result == "skipped":
                print(f"     skipped: {case.name}: {case.reason}")
            if case.partly:
                print(f"     skipped: {case.name}, partly: {case.partly}")
            if case.result != "failed":
                continue
            faults = case.faults
            if len(faults) == 1 and not case.excerpt:
                print(f"     FAILED: {case.name}: {faults[0]}")
                continue
            print(f"     FAILED: {case.name}")
            for fault in faults[:FAULTS]:
                print(f"         {fault}")
            if len(faults) > FAULTS:
                print(f"         (and {len(faults) - FAULTS} more)")
            lines = [line for line in case.excerpt if not NOISE.match(line)]
            for line in lines[:EXCERPT]:
                print(f"         | {line}")
            if len(lines) > EXCERPT:
                print(f"         | ({len(lines) - EXCERPT} more lines in the log)")


def read(path):
    """Return the lines of a log without time stamps, the build directory of the
    modules, and the lines for coverage.py."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return [TREE.sub("", STAMP.sub("", line.rstrip("\r\n")))
                for line in file if not line.startswith("vmem-gcov")]


class Judge:
    """Parse a log line by line, and assign each result and report to its case,
    suite and step."""

    def __init__(self):
        self.suites = []
        self.life = Suite("inserting and removing")
        self.step = None	# the current step
        self.steps = {}		# step: its status, None while it runs
        self.ran = {}		# step: names of the suites that ran in it
        self.suite = None	# the current suite
        self.report = None
        self.skip = None	# reason to skip the current step
        self.reasons = {}	# reasons for skipped parameters of the current case
        self.foreign = 0	# number of data races without vmem
        self.expected = []
        self.faults = []	# faults since the last result
        self.excerpt = []	# lines since the last result

    # --- reports ---

    def end_report(self):
        report, self.report = self.report, None
        if report is None or not report.real():
            return
        if report.foreign():
            self.foreign += 1
            return
        for expectation in self.expected:
            if expectation.text in report.text():
                expectation.seen += 1
                return
        self.faults.append("unannounced: " + report.title())

    def end_expectations(self, complaint=None):
        for expectation in self.expected:
            self.faults.append(complaint or expectation.fault())
        self.faults = [fault for fault in self.faults if fault]
        self.expected = []

    # --- results ---

    def case(self, match):
        self.end_expectations('"vmem-test: expect" without "vmem-test: end"')
        result, _, name, skip, reason = match.groups()
        case = Case(name, "passed" if result == "ok" else "failed")
        if skip:
            case.result = "skipped"
            case.reason = ((reason or "").strip() or
                           ", ".join(self.reasons) or "no reason given")
        elif self.reasons:
            case.partly = ", ".join(self.reasons)
        self.reasons = {}
        if self.faults:
            case.result = "failed"
        case.faults = self.faults
        case.excerpt = self.excerpt
        self.suite.cases.append(case)
        self.faults, self.excerpt = [], []

    def end_suite(self):
        suite, self.suite = self.suite, None
        if suite is None:
            return
        self.end_expectations('"vmem-test: expect" without "vmem-test: end"')
        missing = (suite.planned or 0) - len(suite.cases)
        if suite.planned is None:
            suite.fail("(the suite)", "no plan", excerpt=self.excerpt)
        for number in range(missing):
            suite.fail(f"(case {suite.planned - missing + number + 1} of "
                       f"{suite.planned})", "no result",
                       *([] if number else self.faults),
                       excerpt=[] if number else self.excerpt)
        if not missing and self.faults:
            suite.fail("(after the last case)", *self.faults,
                       excerpt=self.excerpt)
        if not suite.cases:
            suite.fail("(the suite)", "no cases")
        self.faults, self.excerpt = [], []

    def mark(self, kind, rest):
        if kind == "output":
            self.excerpt.append(rest)
        elif kind == "begin":
            self.end_step(None)
            self.step = rest
            self.steps[rest] = None
            self.ran[rest] = []
        elif kind == "end":
            self.end_step(rest.rpartition(": ")[2])

    def end_step(self, status):
        """End the current step.  @status is None if the log ended before the step."""
        step, self.step = self.step, None
        self.end_suite()
        if step is None:
            if self.faults:
                self.life.fail("(between two steps)", *self.faults,
                               excerpt=self.excerpt)
        else:
            self.end_expectations()
            self.steps[step] = status
            if status is None:
                self.faults.append("the log ends here")
            elif status != "0" and not self.skip:
                self.faults.append(f"status {status}")
            if self.faults:
                self.life.fail(step, *self.faults, excerpt=self.excerpt)
            elif self.skip:
                self.life.cases.append(Case(step, "skipped", self.skip))
            elif not step.startswith("test "):
                self.life.cases.append(Case(step, "passed"))
        self.faults, self.excerpt, self.skip = [], [], None

    # --- lines ---

    def line(self, line):
        mark = MARK.match(line)
        if mark:
            self.end_report()
            self.mark(*mark.groups())
            return
        if self.step is None and not self.steps:
            return			# before the insertion of vmem.ko
        expect = EXPECT.search(line)
        expect_end = EXPECT_END.search(line)
        if expect or expect_end or KTAP.match(line):
            self.end_report()
        if self.report and not self.report.takes(line):
            self.end_report()
        if not self.report and not expect and not KTAP.match(line):
            if CUT.match(line) or RULE.match(line) or begins(line):
                self.report = Report(line)

        skip = SKIP_STEP.search(line)
        if skip and self.step and not self.step.startswith("test "):
            self.skip = skip.group(1)
        if expect:
            self.expected.append(Expectation(*expect.groups()))
        elif expect_end:
            self.end_expectations()
        elif SUBTEST.match(line):
            self.end_suite()
            self.suite = Suite(SUBTEST.match(line).group(1))
            self.suites.append(self.suite)
            if self.step:
                self.ran[self.step].append(self.suite.name)
        elif self.suite and PLAN.match(line):
            self.suite.planned = int(PLAN.match(line).group(1))
        elif self.suite and CASE.match(line):
            self.case(CASE.match(line))
        elif self.suite and PARAMETER.match(line):
            self.reasons[PARAMETER.match(line).group(1)] = True
        elif self.suite and SUITE.match(line):
            self.end_suite()
        elif not re.match(r"^ *KTAP version", line):
            self.excerpt.append(line)

    def run(self, lines):
        for line in lines:
            self.line(line)
        self.end_report()
        self.end_step(None)

    # --- missing results ---

    def missing(self, plan, suites):
        """Add a failure for each step and suite of the plan that the log lacks."""
        tests = [name for kind, name in plan if kind == "test"]
        bases = [name for kind, name in plan if kind == "base"]
        samples = [name for kind, name in plan if kind == "sample"]
        steps = ["insert vmem"]
        for name in bases:
            steps += [f"insert {name}", f"remove {name}"]
        for name in tests:
            steps += [f"test {name}", f"remove {name}"]
        steps += [f"insert {name}" for name in samples]
        steps += [f"remove {name}" for name in reversed(samples)]
        steps += ["remove vmem", "check for remaining slab caches",
                  "insert vmem again", "remove vmem again",
                  "check for memory leaks"]
        if any(kind == "nomem" for kind, _ in plan):
            steps.append("insert vmem without memory")
        for step in steps:
            if step not in self.steps and not step.startswith("test "):
                self.life.fail(step, "did not run")
        for name in tests:
            if not suites[name]:
                self.life.fail(f"test {name}", "the module has no suites")
            for suite in suites[name]:
                if suite not in self.ran.get(f"test {name}", []):
                    missing = Suite(suite)
                    missing.fail("(the suite)", "did not run")
                    self.suites.append(missing)


def check_panic(suite, name, text, path):
    """Add a case that passes if the log has a kernel panic with this text."""
    lines = read(path)
    panics = [line for line in lines if "Kernel panic - not syncing" in line]
    if any(text in line for line in panics):
        suite.cases.append(Case(name, "passed"))
    else:
        suite.fail(name, f'no panic with "{text}"; panics: '
                   + ("; ".join(panics) or "none"), excerpt=lines[-15:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan")
    parser.add_argument("--suites")
    parser.add_argument("--panic", nargs=3, action="append", default=[])
    parser.add_argument("log", nargs="?")
    args = parser.parse_args()

    found = []
    foreign = 0
    if args.log:
        with open(args.plan, encoding="ascii") as file:
            plan = [(words[0], words[1].removesuffix(".ko"))
                    for words in map(str.split, file)]
        with open(args.suites, encoding="ascii") as file:
            suites = {words[0].removesuffix(".ko"): words[1:]
                      for words in map(str.split, file)}
        judge = Judge()
        judge.run(read(args.log))
        judge.missing(plan, suites)
        found += judge.suites + [judge.life]
        foreign = judge.foreign
    if args.panic:
        panics = Suite("panics")
        for name, text, path in args.panic:
            check_panic(panics, name, text, path)
        found.append(panics)

    for suite in found:
        suite.show()
    if foreign:
        print(f"     not counted: data races of the kernel: {foreign}")
    passed, failed, skipped = (sum(suite.count(result) for suite in found)
                               for result in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed"
          + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
