# SPDX-License-Identifier: GPL-2.0
"""Tests of the parsers: recorded files are consistent, and damaged files are
reported."""

import os

from common import Case, arenas_file, copies, recorded
from vmemstat import forest, read


class Recorded(Case):
    """The files of a copy of an idle machine are consistent, see debugfs.rst."""

    def each(self):
        self.assertGreaterEqual(len(copies()), 3)
        for name in copies():
            root = read.Root(recorded(name))
            self.assertTrue(root.saved)
            now = forest.Forest(root)
            self.assertGreaterEqual(len(now.arenas), 5)
            for arena in now.arenas:
                with self.subTest(copy=name, arena=arena.directory):
                    yield now, arena

    def test_arenas(self):
        """kstat and arenas show the same tree."""
        for name in copies():
            now = forest.Forest(read.Root(recorded(name)))
            expected = arenas_file(recorded(name))
            self.assertEqual([arena.id for arena in now.arenas], list(expected))
            for arena in now.arenas:
                stats = arena.stats
                self.assertEqual(
                    (arena.depth, arena.label, stats["mem_inuse"],
                     stats["mem_total"], int(arena.use), stats["alloc"],
                     stats["fail"]), expected[arena.id])

    def test_stats(self):
        """kstat and stats agree."""
        for now, arena in self.each():
            self.assertEqual(now.parse(arena, read.parse_pairs, "stats"),
                             arena.stats)

    def test_segments(self):
        """Segments are within their spans, and their sums equal the statistics."""
        for now, arena in self.each():
            sums = {"span": 0, "alloc": 0, "free": 0}
            count = dict(sums)
            imported = 0
            at, end = None, None
            for segment in now.segments(arena):
                sums[segment.type] += segment.size
                count[segment.type] += 1
                self.assertEqual(segment.last - segment.start + 1, segment.size)
                if segment.type == "span":
                    imported += segment.size * segment.imported
                    at, end = segment.start, segment.last
                    continue
                self.assertGreaterEqual(segment.start, at)
                self.assertLessEqual(segment.last, end)
                at = segment.last + 1
            self.assertEqual(sums["alloc"], arena.stats["mem_inuse"])
            self.assertEqual(sums["span"], arena.stats["mem_total"])
            self.assertEqual(imported, arena.stats["mem_import"])
            self.assertEqual(count["alloc"], arena.live)

    def test_freelists(self):
        """Each class counts the free segments of its sizes."""
        for now, arena in self.each():
            sizes = [segment.size for segment in now.segments(arena)
                     if segment.type == "free"]
            classes = now.parse(arena, read.parse_freelists, "freelists")
            self.assertEqual(sum(c.segments for c in classes), len(sizes))
            for c in classes:
                inside = [size for size in sizes
                          if c.smallest <= size <= c.largest]
                self.assertEqual((len(inside), sum(inside)),
                                 (c.segments, c.size))

    def test_qcaches(self):
        """Cache sizes are multiples of the smallest size; at least one cache was used."""
        used = 0
        for _, arena in self.each():
            for number, qc in enumerate(arena.qcaches):
                self.assertEqual(qc.size, (number + 1) * arena.qcaches[0].size)
                used += qc.hits + qc.misses
        self.assertGreater(used, 0)

    def test_consumers(self):
        """The consumers account for all allocated segments."""
        for now, arena in self.each():
            groups = now.consumers(arena)
            self.assertEqual(sum(group.count for group in groups), arena.live)
            self.assertEqual(sum(group.bytes for group in groups),
                             arena.stats["mem_inuse"])


class Lines(Case):
    """Parsers of lines."""

    def test_more_columns(self):
        """Lines of qcaches and segments may have additional columns."""
        self.assertEqual(
            read.parse_qcaches(["# size\n", "8 " * 12 + "9 9\n"]),
            [read.Qcache(*[8] * 12)])
        segments = list(read.parse_segments([
            "# type start last size\n",
            "span 0x10 0x1f 16 imported more\n",
            "  alloc 0x10 0x11 2 pid=1 time=2s by f+0x1/0x2<g+0x3/0x4\n",
            "  free 0x12 0x1f 14\n"]))
        self.assertEqual(segments, [
            read.Segment("span", 16, 31, 16, True),
            read.Segment("alloc", 16, 17, 2, False, "f+0x1/0x2<g+0x3/0x4"),
            read.Segment("free", 18, 31, 14, False)])

    def test_consumers(self):
        """Groups may have a stack or a note."""
        self.assertEqual(
            read.parse_consumers([
                "# segments size who\n", "3 300 by a+0x1/0x2 [m]<b+0x3/0x4\n",
                "2 20 (not recorded)\n", "1 9 (slabs of quantum caches)\n"]),
            [read.Consumer(3, 300, ["a+0x1/0x2 [m]", "b+0x3/0x4"]),
             read.Consumer(2, 20, [], "(not recorded)"),
             read.Consumer(1, 9, [], "(slabs of quantum caches)")])

    def test_waiters(self):
        """Waiters are in the order of the file; the heading names the columns."""
        self.assertEqual(read.parse_waiters([]), [])
        self.assertEqual(
            read.parse_waiters(["pid size flags state ms more comm\n",
                                "7 4096 0x100 waiting 12 x  a b \n"]),
            [read.Waiter(7, 4096, 0x100, "waiting", 12, " a b ")])
        for lines in (["pid size flags state comm\n"],
                      ["pid size flags state ms comm\n", "7 4096 0x0 waiting\n"],
                      ["pid size flags state ms comm\n", "7 1 0x0 waiting x a\n"]):
            self.assertRaises(ValueError, read.parse_waiters, lines)

    def test_group(self):
        """Consumers can be computed from segments."""
        self.assertEqual(
            read.group(read.parse_segments([
                "span 0x0 0xff 256\n", "  alloc 0x0 0x1 2\n",
                "  alloc 0x2 0x2 1 pid=1 time=1s by a<b\n", "  free 0x3 0x3 1\n",
                "  alloc 0x4 0x7 4 pid=1 time=1s by a<b\n"])),
            [read.Consumer(2, 5, ["a", "b"]),
             read.Consumer(1, 2, [], "(not recorded)")])

    def test_names(self):
        """An arena is found by its escaped and by its original name."""
        path = self.make("copy", [(7, r"net\057rx\040ring", {})])
        now = forest.Forest(read.Root(path))
        for name in ("7", r"net\057rx\040ring", "net/rx ring",
                     r"7-net\057rx\040ring"):
            self.assertEqual(now.find(name).id, 7)

    def test_tree(self):
        """A source precedes its children, whatever the order in the file.  An arena
        is a root if its source is missing or is the arena itself."""
        path = self.make("copy", [(3, "c", {"vmem_source": 2}),
                                  (2, "b", {"vmem_source": 1}), (1, "a", {}),
                                  (4, "d", {"vmem_source": 99}),
                                  (5, "e", {"vmem_source": 5})])
        self.assertEqual([(arena.label, arena.depth) for arena
                          in forest.Forest(read.Root(path)).arenas],
                         [("a", 0), ("b", 1), ("c", 2), ("d", 0), ("e", 0)])


class NotUnderstood(Case):
    """Damaged files."""

    def test_files(self):
        good = self.make("good", [(1, "a", {})])
        for name, text in (("kstat", "vmem:1:a:alloc 5\n"),
                           ("kstat", "vmem:1:alloc\t5\n"),
                           ("kstat", "vmem:1:a:alloc\tfive\n"),
                           ("metadata", "vmem_seg\n")):
            with open(os.path.join(good, name), encoding="ascii") as file:
                saved = file.read()
            self.write(f"good/{name}", text)
            self.assertIn(f"{name}: not understood",
                          self.bad(read.BAD_FILE, "--root", good))
            self.write(f"good/{name}", saved)
        self.write("good/1-a/waiters", "pid size\n")
        self.assertIn("waiters: not understood",
                      self.bad(read.BAD_FILE, "--root", good))
        os.remove(self.path("good", "1-a", "waiters"))
        self.write("good/1-a/segments", "chunk 0x1 0x2 2\n")
        self.bad(read.BAD_FILE, "map", "a", "-o", self.path("map.svg"),
                 "--root", good)
        self.assertFalse(os.path.exists(self.path("map.svg")))
        self.assertFalse(os.path.exists(self.path("map.svg.part")))
