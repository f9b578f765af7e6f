# SPDX-License-Identifier: GPL-2.0
"""A snapshot of the tree of arenas."""

import os

from . import read


class Arena:
    """An arena and the contents of its files.

    @waiters: the waiting requests of this arena, in the order of service; None if
        there is no such file, as in copies of an older vmem
    """

    def __init__(self, number, label, stats, qcaches=()):
        self.id = number
        self.label = label
        self.stats = stats
        self.qcaches = list(qcaches)
        self.waiters = None
        self.depth = 0
        self.children = []

    @property
    def directory(self):
        return f"{self.id}-{self.label}"

    @property
    def source(self):
        return self.stats["vmem_source"]

    @property
    def use(self):
        """The percentage of the total that is in use."""
        total = self.stats["mem_total"]
        return 100 * self.stats["mem_inuse"] / total if total else 0.0

    @property
    def load(self):
        """Allocated segments per bucket of the segment table; None if the number of
        buckets is unknown."""
        buckets = self.stats.get("buckets")
        return self.live / buckets if buckets else None

    @property
    def tight(self):
        """True if at least 90 % of the total are in use.  False for an arena that has
        imported: it can import more from its source."""
        return not self.stats["mem_import"] and self.use >= 90

    @property
    def longest(self):
        """The longest waiting time in seconds; None if no request waits."""
        return max((waiter.ms for waiter in self.waiters), default=0) / 1000 \
            if self.waiters else None

    @property
    def live(self):
        """The number of allocated segments."""
        return self.stats["alloc"] - self.stats["free"]


class Forest:
    """All arenas in the order of the tree: each arena follows its source."""

    def __init__(self, root):
        self.root = root
        self.uptime = root.uptime()
        try:
            kstat = root.parse(read.parse_kstat, "kstat")
            self.metadata = root.parse(read.parse_pairs, "metadata")
        except read.Gone as error:
            raise read.Error(read.NO_MODULE,
                             f"{error} has disappeared: was vmem removed?") \
                from None
        self.misuse = kstat.pop(0, ("vmem", {}))[1].get("misuse", 0)
        self.arenas = []
        by_id = {}
        for number, (label, stats) in kstat.items():
            arena = Arena(number, label, stats)
            try:
                arena.qcaches = root.parse(read.parse_qcaches, arena.directory,
                                           "qcaches")
            except read.Gone:
                if not root.saved:
                    continue
            try:
                arena.waiters = root.parse(read.parse_waiters, arena.directory,
                                           "waiters")
            except read.Gone:
                pass            # an older vmem has no such file
            by_id[number] = arena
        for arena in by_id.values():
            if arena.source in by_id and arena.source != arena.id:
                by_id[arena.source].children.append(arena)
            else:
                self.add(arena, 0)
        self.sort_by_tree()

    def add(self, arena, depth):
        arena.depth = depth
        self.arenas.append(arena)

    def sort_by_tree(self):
        """Replace the list of roots by the list of all arenas, in tree order."""
        stack = [(arena, 0) for arena in reversed(self.arenas)]
        self.arenas = []
        while stack:
            arena, depth = stack.pop()
            self.add(arena, depth)
            stack += [(child, depth + 1) for child in reversed(arena.children)]

    def find(self, wanted):
        """Return the arena with that id, name, or directory name."""
        found = [arena for arena in self.arenas
                 if wanted in (str(arena.id), arena.directory)] or \
                [arena for arena in self.arenas
                 if wanted in (arena.label, read.unescape(arena.label))]
        if len(found) == 1:
            return found[0]
        if found:
            raise read.Error(read.NO_ARENA, f"there are {len(found)} arenas "
                             f"{wanted}: select one by its id, "
                             + " or ".join(str(arena.id) for arena in found))
        names = " ".join(arena.label for arena in self.arenas) or "none"
        if len(names) > 200:
            names = names[:200] + " ..."
        raise read.Error(read.NO_ARENA,
                         f"there is no arena {wanted}; there are: {names}")

    def has(self, arena, name):
        return os.path.exists(os.path.join(self.root.path, arena.directory, name))

    def parse(self, arena, parser, name):
        """Parse a file of an arena; raise an error if the arena was destroyed."""
        try:
            return self.root.parse(parser, arena.directory, name)
        except read.Gone:
            raise destroyed(arena) from None

    def segments(self, arena):
        try:
            yield from self.root.segments(arena.directory)
        except read.Gone:
            raise destroyed(arena) from None

    def consumers(self, arena):
        """Return the consumers, from the file consumers or else from the segments."""
        if self.has(arena, "consumers"):
            return self.parse(arena, read.parse_consumers, "consumers")
        return read.group(self.segments(arena))


def destroyed(arena):
    return read.Error(read.NO_ARENA, f"arena {arena.directory} has been "
                                     "destroyed, or its file is missing")
