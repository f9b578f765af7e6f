# SPDX-License-Identifier: GPL-2.0
"""The output of vmemstat for recorded and generated copies, and its errors."""

import json
import os
import signal
import subprocess
import sys

from common import STATISTICS, VMEMSTAT, Case, arenas_file, copies, recorded
from vmemstat import columns, read

SAMPLES = recorded("samples")


class Table(Case):
    """The table."""

    def test_agrees_with_arenas(self):
        """Id, name, totals and failures agree with the file arenas."""
        for name in copies():
            lines = self.good("--once", "--exact", "--root",
                              recorded(name)).splitlines()
            self.assertEqual(lines[0].split()[:5],
                             "id name in_use total use%".split())
            expected = arenas_file(recorded(name))
            self.assertEqual(len(lines), 1 + len(expected))
            for line, (number, row) in zip(lines[1:], expected.items()):
                words = line.split()
                self.assertEqual(words[:4], [str(number), row[1], str(row[2]),
                                             str(row[3])])
                self.assertLessEqual(abs(int(words[4][:-1]) - row[4]), 1)
                self.assertEqual((words[5], words[7]),
                                 (str(row[5]), str(row[6])))

    def test_json(self):
        """The output has all values of kstat."""
        made = json.loads(self.good("--once", "--json", "--root", SAMPLES))
        kstat = {}
        for arena in made["arenas"]:
            for name, value in arena["stats"].items():
                kstat[f"vmem:{arena['id']}:{arena['name']}:{name}"] = value
        with open(os.path.join(SAMPLES, "kstat"), encoding="ascii") as file:
            lines = [line.split() for line in file]
        self.assertEqual(kstat, {name: int(value) for name, value in lines
                                 if not name.startswith("vmem:0:")})
        self.assertGreaterEqual(set(made["arenas"][0]["stats"]), set(STATISTICS))
        self.assertIsNone(made["interval"])

    def test_rates(self):
        """Rates are changes between two copies; an arena that is younger than the first
        copy counts from 0, even if an older arena had the same id."""
        self.make("then", [(1, "a", {"alloc": 100, "free": 50, "lookup": 10}),
                           (2, "b", {"alloc": 9})], 100)
        self.make("now", [(1, "a", {"alloc": 300, "free": 150, "fail": 7,
                                    "lookup": 60}),
                          (2, "c", {"alloc": 30}), (3, "d", {"alloc": 40})], 110)
        made = json.loads(self.good("--json", "--root", self.path("now"),
                                    "--since", self.path("then")))
        rates = [arena["rates"] for arena in made["arenas"]]
        self.assertEqual(made["interval"], 10)
        self.assertEqual([rate["alloc"] for rate in rates], [20, 3, 4])
        self.assertEqual((rates[0]["free"], rates[0]["fail"]), (10, 0.7))
        self.assertEqual(rates[0]["load"], None)
        text = self.good("--root", self.path("now"), "--since",
                         self.path("then")).splitlines()
        self.assertIn("alloc/s", text[0])
        self.assertIn("  0.7  ", text[1])

    def test_load(self):
        """The load is shown if the number of buckets is known."""
        path = self.make("copy", [(1, "a", {"alloc": 50, "free": 10})])
        with open(self.path("copy", "kstat"), "a", encoding="ascii") as file:
            file.write("vmem:1:a:buckets\t16\n")
        made = json.loads(self.good("--once", "--json", "--root", path))
        self.assertEqual(made["arenas"][0]["counts"]["load"], 2.5)
        self.assertIn(" 2.50", self.good("--once", "--root", path))

    def test_sort(self):
        """--sort accepts each column: tree, id and name ascend, other columns descend."""
        for name in columns.NAMES:
            made = self.good("--once", "--exact", "--sort", name, "--root",
                             SAMPLES).splitlines()
            self.assertEqual(len(made), 1 + len(arenas_file(SAMPLES)))
            head = made[0].split()
            if name in ("tree", "id"):
                shown = [int(line.split()[0]) for line in made[1:]]
                self.assertEqual(shown, sorted(shown))
            elif name == "name":
                shown = [line.split()[1] for line in made[1:]]
                self.assertEqual(shown, sorted(shown))
            else:
                at = next(i for i, cell in enumerate(head)
                          if cell.rstrip("%") == name)
                shown = [line.split()[at].rstrip("%") for line in made[1:]]
                values = [-1.0 if cell == "-" else float(cell) for cell in shown]
                self.assertEqual(values, sorted(values, reverse=True))

    def test_rows(self):
        lines = self.good("--once", "--rows", "2", "--root", SAMPLES).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(lines[3],
                         f"... and {len(arenas_file(SAMPLES)) - 2} more")

    def test_no_arenas(self):
        self.make("none", [])
        self.assertIn("there are no arenas",
                      self.good("--once", "--root", self.path("none")))

    def test_numbers(self):
        """Numbers have at most seven characters."""
        for value in (0, 1, 1048575, 1 << 20, 999 << 20, 1000 << 20, 1 << 40,
                      (1 << 64) - 1):
            self.assertLessEqual(len(columns.number(value)), 7)
            value %= 10 ** 16
            self.assertLessEqual(len(columns.rate(value)), 7)
            self.assertLessEqual(len(columns.rate(float(value))), 7)
        self.assertEqual(columns.number(1 << 20), "1.0Mi")
        self.assertEqual(columns.number((1 << 64) - 1), "16.0Ei")
        self.assertEqual(columns.rate(0.25), "0.2")


class Others(Case):
    """The commands tree, arena, save and consumers."""

    def test_tree(self):
        """The tree uses box characters if the encoding has them."""
        lines = self.good("tree", "--root", SAMPLES).splitlines()
        names = [line.split()[0] for line in lines if line[0] not in "└├ "]
        self.assertEqual(names, [row[1] for row in arenas_file(SAMPLES).values()
                                 if row[0] == 0])
        self.assertTrue(any(line.startswith("└─ heap_pages") for line in lines))
        self.assertTrue(any(line.startswith("   └─ heap_objects")
                            for line in lines))
        plain = self.good("tree", "--root", SAMPLES, env=dict(
            os.environ, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0",
            PYTHONIOENCODING="ascii"))
        self.assertIn("`- heap_pages", plain)
        self.assertTrue(plain.isascii())

    def test_arena(self):
        """An arena is found by id and by name; the report has all parts."""
        one = self.good("arena", "heap_objects", "--root", SAMPLES)
        number = next(number for number, row in arenas_file(SAMPLES).items()
                      if row[1] == "heap_objects")
        self.assertEqual(one, self.good("arena", str(number), "--root", SAMPLES))
        for text in ("imports from: heap_pages < heap_root",
                     "quantum caches:", " none as large as ", "import "):
            self.assertIn(text, one)

    def test_save(self):
        """A copy of a copy equals the first copy."""
        self.good("save", self.path("copy"), "--root", SAMPLES)
        done = subprocess.run(["diff", "-r", SAMPLES, self.path("copy")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout + done.stderr, "")
        self.assertEqual(os.stat(self.path("copy")).st_mode & 0o777, 0o700)
        self.assertIn("is not empty", self.bad(
            read.USAGE, "save", self.path("copy"), "--root", SAMPLES))

    def test_consumers(self):
        """Consumers are grouped by stack, one frame per line."""
        path = self.make("copy", [(1, "a", {"alloc": 5, "mem_inuse": 320})])
        self.bad(read.NO_ARENA, "consumers", "a", "--root", path)
        self.write("copy/1-a/consumers", "# count bytes\n"
                   "3 300 by grab+0x1/0x2 [m]<init+0x3/0x4 [m]\n"
                   "2 20 (not recorded)\n")
        self.write("copy/1-a/freelists", "# smallest\n")
        text = self.good("consumers", "a", "--root", path)
        self.assertEqual([line.strip() for line in text.splitlines()][1:], [
            "3 segments, 300, by", "grab+0x1/0x2 [m]", "init+0x3/0x4 [m]",
            "2 segments, 20 (not recorded)"])
        self.assertIn("and 1 more groups", self.good(
            "arena", "a", "--rows", "1", "--root", path))


class Waiters(Case):
    """Waiting requests."""

    HEAD = "pid size flags state ms comm\n"

    def setUp(self):
        super().setUp()
        self.copy = self.make("copy", [
            (1, "a", {"alloc": 3}), (2, "b", {"vmem_source": 1}), (3, "c", {})])
        with open(self.path("copy", "kstat"), "a", encoding="ascii") as file:
            file.write("vmem:1:a:waiters\t4\nvmem:2:b:waiters\t1\n")
        self.write("copy/1-a/waiters", self.HEAD
                   + "10 4096 0x0 waiting 252417 kworker/0:1 x\n"
                   "11 1 0x104 searching 340 disk io\n"
                   "12 4096 0x8000 reclaiming 0 \n")
        self.write("copy/2-b/waiters", self.HEAD
                   + "13 16 0x0 importing 59999 b\r\x1b[2J\\011\n")
        self.write("copy/3-c/waiters", self.HEAD)
        for name in ("1-a", "2-b", "3-c"):
            self.write(f"copy/{name}/freelists", "# smallest\n")
            self.write(f"copy/{name}/segments", "# type start last size\n")

    def rows(self, *arguments):
        """Return {arena: {heading: cell}} of the table."""
        head, *lines = self.good("--once", "--root", self.copy,
                                 *arguments).splitlines()
        return {words[1]: dict(zip(head.split(), words))
                for words in map(str.split, lines)}

    def test_table(self):
        """The table shows the number of waiters and the longest wait of each arena."""
        rows = self.rows()
        self.assertEqual([(row["waiters"], row["longest"]) for row in rows.values()],
                         [("3", "4m"), ("1", "59s"), ("0", "-")])
        self.assertEqual(self.rows("--exact")["b"]["longest"], "59.999s")
        for by in ("waiters", "longest"):
            self.assertEqual(list(self.rows("--sort", by)), ["a", "b", "c"])

    def test_older(self):
        """Without the file waiters, only the waiters of the arena are unknown."""
        os.remove(self.path("copy", "1-a", "waiters"))
        rows = self.rows()
        self.assertEqual((rows["a"]["waiters"], rows["a"]["longest"]), ("-", "-"))
        self.assertEqual(rows["b"]["waiters"], "1")
        made = json.loads(self.good("--once", "--json", "--root", self.copy))
        self.assertEqual([arena["waiters"] is None for arena in made["arenas"]],
                         [True, False, False])
        self.assertNotIn("order of service",
                         self.good("arena", "a", "--root", self.copy))

    def test_tree(self):
        lines = self.good("tree", "--root", self.copy).splitlines()
        self.assertTrue(lines[0].endswith("  3 waiting, the longest for 4m"))
        self.assertTrue(lines[1].endswith("  1 waiting, the longest for 59s"))
        self.assertTrue(lines[2].endswith("%"))

    def test_arena(self):
        """The report has a line for each waiter in the order of the file; control
        characters in names are escaped."""
        text = self.good("arena", "a", "--root", self.copy)
        self.assertIn("requests that wait for space in this arena: 4\n", text)
        at = text.index("in the order of service:\n")
        self.assertEqual([line.split() for line in text[at:].splitlines()[1:5]], [
            "pid comm flags state size for".split(),
            "10 kworker/0:1 x VM_SLEEP waiting 4096 4m".split(),
            "11 disk io VM_SLEEP|VM_PUSHPAGE|VM_BESTFIT searching 1 0.3s".split(),
            "12 VM_SLEEP|0x8000 reclaiming 4096 0.0s".split()])
        self.assertIn("... and 2 more; the longest wait is 4m\n", self.good(
            "arena", "a", "--rows", "1", "--root", self.copy))
        text = self.good("arena", "b", "--root", self.copy)
        self.assertIn(r"13  b\015\033[2J\011  ", text)
        self.assertNotIn("order of service",
                         self.good("arena", "c", "--root", self.copy))

    def test_json(self):
        made = json.loads(self.good("--once", "--json", "--root", self.copy))
        self.assertEqual(made["arenas"][0]["waiters"][1], {
            "pid": 11, "size": 1, "state": "searching", "ms": 340,
            "flags": ["VM_SLEEP", "VM_PUSHPAGE", "VM_BESTFIT"],
            "comm": "disk io"})
        self.assertEqual(made["arenas"][0]["counts"]["longest"], 252.417)
        self.assertEqual(made["arenas"][2]["waiters"], [])

    def test_save(self):
        self.good("save", self.path("again"), "--root", self.copy)
        self.assertEqual(self.good("--once", "--root", self.copy),
                         self.good("--once", "--root", self.path("again")))

    def test_age(self):
        """Times have at most five characters and are rounded down."""
        for seconds, text in ((None, "-"), (0, "0.0s"), (0.39, "0.3s"),
                              (9.99, "9.9s"), (10, "10s"), (59.9, "59s"),
                              (60, "1m"), (3599, "59m"), (3600, "1h"),
                              (172799, "47h"), (172800, "2d")):
            self.assertEqual(columns.age(seconds), text)


class Errors(Case):
    """An error prints one line and returns the exit status that --help lists."""

    def test_arguments(self):
        for arguments in (["arena"], ["map"], ["save"], ["0"], ["-1"], ["1", "0"],
                          ["1", "2", "3"], ["soon"], ["tree", "1"],
                          ["--sort", "colour"], ["--rows", "0"]):
            status = subprocess.run([sys.executable, VMEMSTAT, "--root", SAMPLES,
                                     *arguments], capture_output=True,
                                    check=False).returncode
            self.assertEqual(status, read.USAGE, arguments)
        self.bad(read.USAGE, "map", "minors", "--root", SAMPLES)
        self.bad(read.USAGE, "map", "minors", "-o", "map.jpeg", "--root", SAMPLES)

    def test_no_arena(self):
        message = self.bad(read.NO_ARENA, "arena", "nobody", "--root", SAMPLES)
        self.assertIn("there are: minors pids", message)
        path = self.make("two", [(1, "a", {}), (2, "a", {})])
        self.assertIn("by its id, 1 or 2",
                      self.bad(read.NO_ARENA, "arena", "a", "--root", path))

    def test_no_copy(self):
        self.bad(read.NO_DEBUGFS, "--root", self.path("nowhere"))
        self.bad(read.NO_MODULE, "--root", self.dir)

    def test_no_rich(self):
        """Without rich, the live view names the missing package."""
        self.hide("rich")
        main, terminal = os.openpty()
        status = subprocess.run(
            [sys.executable, VMEMSTAT, "1", "--root", SAMPLES], stdin=terminal,
            stdout=terminal, stderr=subprocess.PIPE, text=True, check=False,
            env=self.without())
        os.close(terminal)
        os.close(main)
        self.assertEqual(status.returncode, read.NO_LIBRARY)
        self.assertIn("apt-get install python3-rich", status.stderr)

    def test_nothing_needed(self):
        """--once, --json, tree and arena need no library."""
        for library in ("rich", "matplotlib", "numpy"):
            self.hide(library)
        for arguments in (["--once"], ["--json"], ["tree"], ["arena", "minors"],
                          ["save", self.path("copy")]):
            self.good(*arguments, "--root", SAMPLES, env=self.without())

    def test_no_matplotlib(self):
        self.hide("matplotlib")
        self.assertIn("apt-get install python3-matplotlib", self.bad(
            read.NO_LIBRARY, "map", "minors", "-o", self.path("a.svg"), "--root",
            SAMPLES, env=self.without()))

    def test_no_graphviz(self):
        env = self.without()
        env["PATH"] = self.dir
        self.assertIn("apt-get install graphviz", self.bad(
            read.NO_LIBRARY, "tree", "-o", self.path("a.svg"), "--root", SAMPLES,
            env=env))

    def hide(self, library):
        self.write(f"hidden/{library}.py", "raise ImportError('hidden')\n")

    def without(self):
        return dict(os.environ, PYTHONPATH=self.path("hidden"),
                    LC_ALL="C.UTF-8")

    def test_closed_pipe(self):
        """vmemstat ends without an error when the reader closes the pipe."""
        with subprocess.Popen([sys.executable, VMEMSTAT, "0.01", "--root", SAMPLES],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            self.assertEqual(process.wait(20), 0)

    def test_interrupt(self):
        # Background jobs of a shell and their children ignore SIGINT by default.
        with subprocess.Popen([sys.executable, VMEMSTAT, "0.01", "--root", SAMPLES],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=lambda: signal.signal(
                                  signal.SIGINT, signal.default_int_handler)
                              ) as process:
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            self.assertEqual(process.stderr.read(), b"")
            self.assertEqual(process.wait(20), 130)
