# SPDX-License-Identifier: GPL-2.0
"""Tests of the pictures: cells account for all segments, the size of a picture is
bounded, and files are reproducible."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree

from common import VMEMSTAT, Case, copies, recorded
from vmemstat import cells, forest, read

TOP = (1 << 64) - 1
MILLION = 1000000


def cells_of(path, name):
    now = forest.Forest(read.Root(path))
    one = now.find(name)
    return cells.Cells(lambda: now.segments(one)), one


class Cells(Case):
    """The conversion of segments to cells."""

    def check_cells(self, made, taken):
        """The cells hold all allocated integers, and no cell exceeds its capacity."""
        room = made.capacity()
        self.assertEqual(sum(room), float(made.total))
        self.assertEqual(sum(made.taken), float(taken))
        self.assertLessEqual(made.rows, cells.ROWS)
        for cell_taken, cell_room in zip(made.taken, room):
            self.assertLessEqual(cell_taken, cell_room)

    def test_recorded(self):
        """The cells of each recorded arena hold all allocated integers; integers lost to
        rounding count as allocated."""
        for name in copies():
            for arena in forest.Forest(read.Root(recorded(name))).arenas:
                made, one = cells_of(recorded(name), str(arena.id))
                free = sum(c.size for c in forest.Forest(
                    read.Root(recorded(name))).parse(
                        one, read.parse_freelists, "freelists"))
                self.check_cells(made, made.total - free)
                self.assertEqual(made.allocated, one.live)

    def test_one_segment(self):
        """A segment may fill its span, even at the first and at the last integer."""
        for first, last in ((1, 1), (0x1000, 0x1fff), (TOP - 4095, TOP),
                            (1, TOP)):
            path = self.make_segments("copy", [
                (first, last, False, [("alloc", first, last - first + 1)])])
            made, _ = cells_of(path, "one")
            self.check_cells(made, last - first + 1)

    def test_far_apart(self):
        """Each of a few distant spans begins a row, and gaps take no cells."""
        spans = [(1 << bits, (1 << bits) + 4095, True,
                  [("alloc", 1 << bits, 64), ("free", (1 << bits) + 64, 4032)])
                 for bits in (62, 20, 40)]
        made, _ = cells_of(self.make_segments("copy", spans), "one")
        self.check_cells(made, 3 * 64)
        self.assertTrue(made.region_rows)
        self.assertEqual([made.address(place) for place in made.places],
                         [1 << 20, 1 << 40, 1 << 62])
        for place in made.places:
            self.assertEqual(place % (cells.COLUMNS * made.size), 0)

    def test_many_spans(self):
        """Many separate spans do not begin a row each."""
        spans = [(i << 20, (i << 20) + 4095, True,
                  [("alloc", i << 20, 4096 if i % 2 else 1024)]
                  + ([] if i % 2 else [("free", (i << 20) + 1024, 3072)]))
                 for i in range(1, 20001)]
        made, _ = cells_of(self.make_segments("copy", spans), "one")
        self.check_cells(made, 10000 * (4096 + 1024))
        self.assertFalse(made.region_rows)
        self.assertEqual(len(made.regions), 20000)

    def test_touching(self):
        """Adjacent spans form one region, whatever their order in the file."""
        spans = [(first, first + 0xfff, True, [("free", first, 0x1000)])
                 for first in (0x3000, 0x1000, 0x2000)]
        made, _ = cells_of(self.make_segments("copy", spans), "one")
        self.assertEqual(made.regions, [[0x1000, 0x3fff]])
        self.check_cells(made, 0)

    def test_empty(self):
        made, _ = cells_of(self.make_segments("copy", []), "one")
        self.check_cells(made, 0)


class Files(Case):
    """The files of pictures."""

    def picture(self, *arguments, root=None):
        self.good(*arguments, "--root", root or recorded("samples"))
        with open(arguments[arguments.index("-o") + 1], "rb") as file:
            return file.read()

    def test_same(self):
        """The file of an arena is SVG and reproducible."""
        for command in (["map", "heap_objects"], ["frag", "heap_objects"],
                        ["tree"]):
            made = [self.picture(*command, "-o", self.path(f"{n}.svg"))
                    for n in range(2)]
            self.assertEqual(made[0], made[1])
            root = xml.etree.ElementTree.fromstring(made[0])
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")

    def test_png(self):
        for command in (["map", "pids"], ["frag", "pids"], ["tree"]):
            made = self.picture(*command, "-o", self.path("a.png"))
            self.assertEqual(made[:8], b"\x89PNG\r\n\x1a\n")

    def test_every_arena(self):
        """Every arena has pictures, even without free or allocated segments."""
        now = forest.Forest(read.Root(recorded("full-3")))
        for arena in now.arenas:
            for command in ("map", "frag"):
                self.picture(command, str(arena.id), "-o", self.path("a.svg"),
                             root=recorded("full-3"))

    def test_tree_says(self):
        """The tree shows each arena, its use and its failures."""
        made = self.picture("tree", "-o", self.path("a.svg"),
                            root=recorded("full-3")).decode()
        text = re.sub("<[^>]*>", "", made)
        for arena in forest.Forest(read.Root(recorded("full-3"))).arenas:
            self.assertIn(arena.label, text)
            self.assertIn(f"{arena.use:.0f}&#160;%".replace("&#160;", " "), text)
            if arena.stats["fail"]:
                self.assertIn(f"{arena.stats['fail']} failed", text)

    def test_map_says(self):
        """The map shows the number of segments and spans, and the first address."""
        made = self.picture("map", "heap_objects", "-o",
                            self.path("a.svg")).decode()
        now = forest.Forest(read.Root(recorded("samples")))
        one = now.find("heap_objects")
        spans = [segment for segment in now.segments(one)
                 if segment.type == "span"]
        self.assertIn(f"{one.live} allocated segments", made)
        self.assertIn(f"{len(spans)} spans", made)
        self.assertIn(f"{min(span.start for span in spans):#x}", made)
        self.assertIn("imported span", made)

    def test_no_such_directory(self):
        self.bad(read.BAD_FILE, "map", "pids", "-o", self.path("no", "a.svg"),
                 "--root", recorded("samples"))


class Million(Case):
    """A million segments take bounded memory and make a picture of bounded size."""

    def test_map(self):
        path = self.make("copy", [(1, "one", {
            "alloc": MILLION // 2, "mem_inuse": 32 * MILLION,
            "mem_total": 64 * MILLION})])
        with open(os.path.join(path, "1-one", "segments"), "w",
                  encoding="ascii") as file:
            file.write(f"span 0x1000 {0xfff + 64 * MILLION:#x} {64 * MILLION}\n")
            for i in range(MILLION):
                start = 0x1000 + 64 * i
                file.write(f"  {'alloc' if i % 2 else 'free'} {start:#x} "
                           f"{start + 63:#x} 64\n")
        with subprocess.Popen([sys.executable, VMEMSTAT, "map", "one", "--root",
                               path, "-o", self.path("a.svg")],
                              stdout=subprocess.PIPE) as process:
            process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(os.path.getsize(self.path("a.svg")), 300000)
        # Python and matplotlib use most of this memory.
        self.assertLess(usage.ru_maxrss, 250 * 1024)
        print(f"see: the map of a million segments: {usage.ru_maxrss // 1024} MiB, "
              f"{usage.ru_utime:.1f} s of CPU, "
              f"{os.path.getsize(self.path('a.svg')) // 1024} KiB")

