# SPDX-License-Identifier: GPL-2.0
"""Tests of vmemstat in a guest on the real files of debugfs.  The order matters: each
test relies on the state that the previous test left."""

import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

import pyte
from common import VMEMSTAT, Case, arenas_file, run
from run import Result
from vmemstat import forest, read

DEBUGFS = "/sys/kernel/debug"
VMEM = os.path.join(DEBUGFS, "vmem")
TIMEOUT = 60            # seconds; the host may be busy


def command(*words):
    subprocess.run(words, check=True, capture_output=True)


def insert(module, *arguments):
    command("insmod", f"/modules/{module}.ko", *arguments)


def remove(module):
    """Remove a module; retry while an open file uses it."""
    for _ in range(200):
        if subprocess.run(["rmmod", module], check=False,
                          capture_output=True).returncode == 0:
            return
        time.sleep(0.05)
    command("rmmod", module)


def run_steps(number, case="case_leak", parameter="run"):
    with open(f"/sys/module/{case}/parameters/{parameter}", "w",
              encoding="ascii") as file:
        file.write(str(number))


class Terminal:
    """vmemstat on a terminal, and the contents of its screen."""

    def __init__(self, *arguments, columns=110, lines=24):
        self.main, self.terminal = os.openpty()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self.terminal)
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        self.process = subprocess.Popen(
            [sys.executable, VMEMSTAT, *arguments], stdin=self.terminal,
            stdout=self.terminal, stderr=subprocess.PIPE, close_fds=True,
            start_new_session=True, preexec_fn=self.set_controlling)

    def set_controlling(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def read(self, seconds):
        if select.select([self.main], [], [], seconds)[0]:
            data = os.read(self.main, 65536)
            self.bytes += data
            self.stream.feed(data)

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def wait_for(self, test):
        """Read until the lines of the screen satisfy the test, and return them."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if test(self.lines()):
                return self.lines()
            self.read(0.1)
        raise AssertionError("timeout; the screen is:\n" + "\n".join(self.lines()))

    def row(self, name):
        """Return the words in the line of an arena."""
        for line in self.lines():
            if name in line.split()[1:2]:
                return line.split()
        return []

    def press(self, key):
        os.write(self.main, key.encode())

    def wait_exit(self):
        """Wait until vmemstat ends; return (exit status, errors)."""
        end = time.monotonic() + TIMEOUT
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
        while select.select([self.main], [], [], 0)[0]:
            self.read(0)
        if self.process.poll() is None:
            self.process.kill()
            raise AssertionError("vmemstat did not end")
        errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        after = termios.tcgetattr(self.terminal)
        os.close(self.main)
        os.close(self.terminal)
        if after != self.before:
            raise AssertionError("the terminal settings were not restored")
        if b"\x1b[?1049h" in self.bytes and \
                not self.bytes.rstrip().endswith(b"\x1b[?25h") and \
                b"\x1b[?1049l" not in self.bytes:
            raise AssertionError("the alternate screen was not left")
        return self.process.returncode, errors


class Guest(Case):
    """The tests; ORDER below lists them."""

    def test_not_mounted(self):
        self.assertIn("mount -t debugfs", self.bad(read.NO_DEBUGFS, "--once"))

    def test_not_loaded(self):
        command("mount", "-t", "debugfs", "debugfs", DEBUGFS)
        self.assertIn("modprobe vmem", self.bad(read.NO_MODULE, "--once"))

    def test_no_arenas(self):
        # No maintenance: it changes statistics between a copy and the comparison.
        insert("vmem", "audit=1", "interval=86400")
        self.assertIn("there are no arenas", self.good("--once"))

    def test_not_permitted(self):
        status, output, errors = run("--once", preexec_fn=self.drop_root)
        self.assertEqual((status, output), (read.NO_PERMISSION, ""), errors)
        self.assertIn("only root", errors)

    def drop_root(self):
        os.setgid(65534)
        os.setuid(65534)

    def test_agrees(self):
        """The output agrees with the files arenas and stats."""
        insert("minors")
        insert("pids", "rounds=2000", "live=100")
        insert("heap", "rounds=2000", "objects=500", "megabytes=1")
        insert("case_leak")
        run_steps(500)
        rows = [line.split() for line in
                self.good("--once", "--exact").splitlines()[1:]]
        expected = arenas_file(VMEM)
        self.assertEqual(
            [(row[0], row[1], row[2], row[3], row[5], row[7]) for row in rows],
            [(str(number), row[1], str(row[2]), str(row[3]), str(row[5]),
              str(row[6])) for number, row in expected.items()])
        made = json.loads(self.good("--once", "--json"))
        for arena in made["arenas"]:
            stats = read.Root(VMEM).parse(
                read.parse_pairs, f"{arena['id']}-{arena['name']}", "stats")
            self.assertEqual(arena["stats"], stats)
        self.assertEqual(self.good("tree").count(" of "), len(expected))

    def test_since(self):
        """--since counts the client's steps since a copy."""
        self.good("save", self.path("then"))
        run_steps(1000)
        made = json.loads(self.good("--json", "--once", "--since",
                                    self.path("then")))
        for arena in made["arenas"]:
            count = arena["rates"]["alloc"] * made["interval"]
            self.assertAlmostEqual(count, 2000 * (arena["name"] == "card_memory"),
                                   delta=10)

    def test_save(self):
        """A copy equals the files, and all commands accept it."""
        self.good("save", self.path("copy"))
        for arena in forest.Forest(read.Root(VMEM)).arenas:
            for name in ("stats", "segments", "freelists", "qcaches"):
                with open(os.path.join(VMEM, arena.directory, name), "rb") as file, \
                        open(self.path("copy", arena.directory, name),
                             "rb") as copy:
                    self.assertEqual(copy.read(), file.read())
        for arguments in (["--once"], ["tree"], ["arena", "card_memory"],
                          ["consumers", "card_memory"]):
            self.assertEqual(self.good(*arguments),
                             self.good(*arguments, "--root", self.path("copy")))

    def test_consumers(self):
        """The leaked states are the largest group of consumers."""
        now = forest.Forest(read.Root(VMEM))
        groups = now.consumers(now.find("card_memory"))
        most = max(groups, key=lambda group: group.count)
        self.assertGreaterEqual(most.count, 150)
        self.assertEqual(most.bytes, 448 * most.count)
        self.assertTrue(any(frame.startswith("session_state+")
                            for frame in most.frames), most)
        self.assertIn("session_state+", self.good("consumers", "card_memory"))

    def test_interval(self):
        """There is a report for each interval, and each allocation is in one report."""
        with subprocess.Popen([sys.executable, VMEMSTAT, "0.2", "30", "--json"],
                              stdout=subprocess.PIPE, text=True) as process:
            first = json.loads(process.stdout.readline())
            self.assertGreaterEqual(first["interval"], 0.2)
            run_steps(400)
            count = 0
            reports = 1
            for line in process.stdout:
                made = json.loads(line)
                reports += 1
                count += sum(arena["rates"]["alloc"] for arena in
                             made["arenas"]) * made["interval"]
            self.assertEqual(process.wait(), 0)
        self.assertEqual(reports, 30)
        self.assertAlmostEqual(count, 800, delta=20)

    def waiters(self):
        now = forest.Forest(read.Root(VMEM))
        return now.find("disk_tags").waiters

    def wait_for_waiters(self, test):
        """Wait until the waiters satisfy the test, and return them."""
        end = time.monotonic() + TIMEOUT
        while not test(self.waiters()):
            self.assertLess(time.monotonic(), end, self.waiters())
            time.sleep(0.05)
        return self.waiters()

    def test_waiters(self):
        """All reports show the waiting tasks, until their requests have succeeded."""
        insert("case_stuck")
        self.assertEqual(self.waiters(), [])
        run_steps(120, "case_stuck")
        before = self.wait_for_waiters(lambda waiters: len(waiters) == 12 and all(
            waiter.state == "waiting" and waiter.ms >= 1000
            for waiter in waiters))
        for waiter in before:
            with open(f"/proc/{waiter.pid}/comm", encoding="ascii") as file:
                self.assertEqual(file.read().rstrip(), waiter.comm)
            self.assertRegex(waiter.comm, "^disk_io/1[01][0-9]$")
            self.assertEqual((waiter.size, waiter.flags), (1, 0))
        time.sleep(0.3)
        after = self.waiters()
        self.assertEqual([waiter.pid for waiter in after],
                         [waiter.pid for waiter in before])
        for waiter, earlier in zip(after, before):
            self.assertGreaterEqual(waiter.ms, earlier.ms + 200)

        self.good("save", self.path("copy"))
        for root in ([], ["--root", self.path("copy")]):
            made = json.loads(self.good("--once", "--json", *root))
            for arena in made["arenas"]:
                count = 12 * (arena["name"] == "disk_tags")
                self.assertEqual(len(arena["waiters"]), count)
                self.assertEqual(arena["counts"]["waiters"], count)
            line = next(line for line in self.good("--once", *root).splitlines()
                        if "disk_tags" in line)
            self.assertRegex(line, r" 12 +[0-9.]+[sm] ")
            self.assertRegex(self.good("tree", *root),
                             "disk_tags .* 12 waiting, the longest for [0-9]")
            text = self.good("arena", "disk_tags", "--rows", "20", *root)
            self.assertEqual(text.count(" disk_io/1"), 12)
            self.assertEqual(text.count(" VM_SLEEP  waiting  "), 12)

        run_steps(1, "case_stuck", "reset")
        self.assertEqual(self.waiters(), [])
        remove("case_stuck")

    def test_live(self):
        """The live table shows rates, sorts, and quits with q."""
        with self.subTest("live"):
            terminal = Terminal("0.3")
            terminal.wait_for(lambda lines: terminal.row("card_memory"))
            terminal.wait_for(lambda lines: any("alloc/s" in line
                                                for line in lines))
            self.assertTrue(any("6 arenas" in line for line in terminal.lines()))
            for _ in range(TIMEOUT * 3):
                run_steps(50)
                terminal.read(0.2)
                row = terminal.row("card_memory")
                if len(row) > 5 and row[5].isdigit() and int(row[5]) > 0:
                    break
            else:
                self.fail("the table shows no allocation\n"
                          + "\n".join(terminal.lines()))
            # The columns after "tree" are id and name.
            self.assertEqual(terminal.row("minors")[0], "1")
            terminal.press("s")
            terminal.wait_for(lambda lines: any("by id;" in line for line in lines))
            terminal.press("s")
            lines = terminal.wait_for(lambda lines: any("by name;" in line
                                                        for line in lines))
            names = [line.split()[1] for line in lines
                     if line.split() and line.split()[0].isdigit()
                     and "arenas" not in line]
            self.assertEqual(names, sorted(names))
            self.assertEqual(names[0], "card_memory")
            terminal.press("r")
            terminal.wait_for(lambda lines: any("by tree;" in line
                                                for line in lines))
            terminal.press("q")
            self.assertEqual(terminal.wait_exit(), (0, ""))

    def test_live_small(self):
        """A small terminal shows the rows and columns that fit, untruncated."""
        terminal = Terminal("0.3", columns=60, lines=9)
        lines = terminal.wait_for(lambda lines: "fail/s" in lines[1] and any(
            "and 3 more" in line for line in lines))
        self.assertIn("id  name", lines[1])
        self.assertNotIn("load", lines[1])
        self.assertFalse(any("…" in line for line in lines[1:5]), lines)
        terminal.press("q")
        self.assertEqual(terminal.wait_exit(), (0, ""))

    def test_live_count(self):
        terminal = Terminal("0.1", "2")
        self.assertEqual(terminal.wait_exit(), (0, ""))

    def test_live_interrupt(self):
        """Ctrl-C and SIGTERM restore the terminal."""
        terminal = Terminal("0.3")
        terminal.wait_for(lambda lines: terminal.row("minors"))
        terminal.press("\x03")
        self.assertEqual(terminal.wait_exit()[0], 130)
        terminal = Terminal("0.3")
        terminal.wait_for(lambda lines: terminal.row("minors"))
        terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.wait_exit()[0], 143)

    def test_arena_destroyed(self):
        """The table omits a destroyed arena, and the report of that arena ends."""
        with subprocess.Popen([sys.executable, VMEMSTAT, "0.1", "--json"],
                              stdout=subprocess.PIPE, text=True) as table, \
                subprocess.Popen([sys.executable, VMEMSTAT, "arena", "minors",
                                  "0.1"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True) as one:
            names = [arena["name"] for arena in
                     json.loads(table.stdout.readline())["arenas"]]
            self.assertIn("minors", names)
            one.stdout.readline()
            remove("minors")
            for _ in range(100):
                names = [arena["name"] for arena in
                         json.loads(table.stdout.readline())["arenas"]]
                if "minors" not in names:
                    break
            self.assertNotIn("minors", names)
            self.assertIn("pids", names)
            one.stdout.read()
            self.assertEqual(one.wait(TIMEOUT), read.NO_ARENA)
            self.assertEqual(len(one.stderr.read().splitlines()), 1)
            table.terminate()
            table.stdout.read()

    def test_module_removed(self):
        """The live view ends with an error when vmem is removed."""
        terminal = Terminal("0.2")
        terminal.wait_for(lambda lines: terminal.row("pids"))
        for module in ("case_leak", "heap", "pids", "vmem"):
            remove(module)
        status, errors = terminal.wait_exit()
        self.assertEqual(status, read.NO_MODULE, errors)
        self.assertEqual(len(errors.splitlines()), 1, errors)


ORDER = """not_mounted not_loaded no_arenas not_permitted agrees since save consumers
    interval waiters live live_small live_count live_interrupt arena_destroyed
    module_removed""".split()


def main():
    result = Result()
    result.failfast = False
    unittest.TestSuite(Guest(f"test_{name}") for name in ORDER).run(result)
    return 1 if result.wrong or result.testsRun != len(ORDER) else 0


if __name__ == "__main__":
    sys.exit(main())
