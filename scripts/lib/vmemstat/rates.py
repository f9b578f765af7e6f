# SPDX-License-Identifier: GPL-2.0
"""The changes of an arena between two snapshots, or since its creation."""

COUNTERS = """alloc free wait fail lookup search populate_wait populate_fail contains
    contains_search misuse fail_injected import import_fail giveback release rescale
    rescale_fail""".split()


class Change:
    """The increments of the counters of an arena during @seconds.

    Without an earlier snapshot, @seconds is None and the increments are totals.
    """

    def __init__(self, arena, before=None, seconds=None):
        self.seconds = seconds
        if before is not None and (before.label != arena.label or
                                   before.stats["alloc"] > arena.stats["alloc"]):
            before = None       # vmem was reloaded, and another arena has this id
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
        """Return the rate per second, or the total without an interval."""
        return count / self.seconds if self.seconds else count

    @property
    def hit_rate(self):
        """The percentage of requests to caches that a magazine served, or None."""
        asked = self.hits + self.misses
        return 100 * self.hits / asked if asked else None

    @property
    def chain_steps(self):
        """The mean number of steps, beyond the first, that vmem_free() takes along a
        hash chain of the segment table: the load of the table."""
        frees = self.count["free"]
        return self.count["lookup"] / frees if frees else None


def changes(forest, before=None):
    """Return {id: Change} of all arenas since the earlier snapshot."""
    seconds = None
    earlier = {}
    if before is not None:
        seconds = max(forest.uptime - before.uptime, 1e-3)
        earlier = {arena.id: arena for arena in before.arenas}
    return {arena.id: Change(arena, earlier.get(arena.id), seconds)
            for arena in forest.arenas}
