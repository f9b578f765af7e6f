# SPDX-License-Identifier: GPL-2.0
"""What happened between two looks at the arenas, or since an arena was made."""

COUNTERS = """alloc free wait fail lookup search populate_wait populate_fail contains
    contains_search misuse fail_injected import import_fail giveback release rescale
    rescale_fail""".split()


class Change:
    """The counters of an arena: how far they went, and in how many seconds.

    Without an earlier look, @seconds is None and the counts are totals.
    """

    def __init__(self, arena, before=None, seconds=None):
        self.seconds = seconds
        if before is not None and (before.label != arena.label or
                                   before.stats["alloc"] > arena.stats["alloc"]):
            before = None       # the module was loaded again
        then = before.stats if before else {}
        self.count = {name: value - then.get(name, 0)
                      for name, value in arena.stats.items() if name in COUNTERS}
        self.inuse = arena.stats["mem_inuse"] - then.get("mem_inuse", 0)
        earlier = {qc.size: qc for qc in before.qcaches} if before else {}
        self.hits, self.misses = (
            sum(max(0, getattr(qc, name) -
                    getattr(earlier.get(qc.size), name, 0))
                for qc in arena.qcaches) for name in ("hits", "misses"))

    def rate(self, count):
        """Per second; a total if there is no interval."""
        return count / self.seconds if self.seconds else count

    @property
    def hit_rate(self):
        """Per cent of what caches were asked for that a magazine had, or None."""
        asked = self.hits + self.misses
        return 100 * self.hits / asked if asked else None

    @property
    def chain(self):
        """How far a free had to walk along a chain of the segment table, beyond
        the first step: how crowded the table is."""
        frees = self.count["free"]
        return self.count["lookup"] / frees if frees else None


def changes(forest, before=None):
    """{id: Change} of all arenas since the earlier look."""
    seconds = None
    earlier = {}
    if before is not None:
        seconds = max(forest.uptime - before.uptime, 1e-3)
        earlier = {arena.id: arena for arena in before.arenas}
    return {arena.id: Change(arena, earlier.get(arena.id), seconds)
            for arena in forest.arenas}
