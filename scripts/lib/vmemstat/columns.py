# SPDX-License-Identifier: GPL-2.0
"""The table of arenas: its columns, their format and order."""

from . import read


def number(value, exact=False):
    """Format a count or a size in at most seven characters, without a unit: the
    integers of an arena need not be bytes."""
    if value is None:
        return "-"
    if exact or abs(value) < 1 << 20:
        return str(value)
    for prefix in ("Mi", "Gi", "Ti", "Pi", "Ei"):
        value /= 1 << (20 if prefix == "Mi" else 10)
        if abs(value) < 1000:
            return f"{value:.1f}{prefix}" if abs(value) < 100 \
                else f"{value:.0f}{prefix}"
    return f"{value:.0f}Ei"


def rate(value, exact=False):
    if value is None:
        return "-"
    if isinstance(value, int):
        if exact or value < 10 ** 6:
            return str(value)
    elif exact or 0 < value < 10:
        return f"{value:.1f}" if not exact else f"{value:.3f}"
    for prefix in ("", "k", "M", "G"):
        if value < 99999.5:
            return f"{value:.0f}{prefix}"
        value /= 1000
    return f"{value:.0f}T"


def percent(value, _exact=False):
    return "-" if value is None else f"{value:.0f}%"


def ratio(value, _exact=False):
    return "-" if value is None else f"{value:.2f}"


def age(seconds, exact=False):
    """Format a time in at most five characters, rounded down."""
    if seconds is None:
        return "-"
    if exact:
        return f"{seconds:.3f}s"
    if seconds < 10:
        return f"{int(seconds * 10) / 10:.1f}s"
    for unit, limit in (("s", 60), ("m", 60), ("h", 48)):
        if seconds < limit:
            return f"{int(seconds)}{unit}"
        seconds /= limit if unit != "h" else 24
    return f"{int(seconds)}d"


class Column:
    """A column: its name in --sort and --json, its headings, its value and format."""

    def __init__(self, name, heading, value, write, total=None):
        self.name = name
        self.headings = heading, total or heading
        self.value = value
        self.write = write

    def heading(self, totals):
        return self.headings[totals]


def counter(name, short=None):
    short = short or name
    return Column(name, short + "/s",
                  lambda arena, change: change.rate(change.count[name]), rate,
                  short)


COLUMNS = [
    Column("in_use", "in_use", lambda arena, change: arena.stats["mem_inuse"],
           number),
    Column("total", "total", lambda arena, change: arena.stats["mem_total"],
           number),
    Column("use", "use%", lambda arena, change: arena.use, percent),
    counter("alloc"),
    counter("free"),
    counter("fail"),
    counter("wait"),
    Column("waiters", "waiters",
           lambda arena, change: None if arena.waiters is None
           else len(arena.waiters), number),
    Column("longest", "longest", lambda arena, change: arena.longest, age),
    Column("cached", "cached/s", lambda arena, change: change.rate(change.hits),
           rate, "cached"),
    Column("hit", "hit%", lambda arena, change: change.hit_rate, percent),
    Column("load", "load", lambda arena, change: arena.load, ratio),
]
NAMES = ["tree", "id", "name"] + [column.name for column in COLUMNS]


def row(arena, change):
    return {column.name: column.value(arena, change) for column in COLUMNS}


def ordered(forest, changes, by):
    """Return the arenas sorted by a column: numbers in descending order."""
    if by == "tree":
        return list(forest.arenas)
    if by == "id":
        return sorted(forest.arenas, key=lambda arena: arena.id)
    if by == "name":
        return sorted(forest.arenas, key=lambda arena: (arena.label, arena.id))
    column = next((column for column in COLUMNS if column.name == by), None)
    if column is None:
        raise read.Error(read.USAGE, f"no column {by}; there are: "
                                     + " ".join(NAMES))

    def key(arena):
        value = column.value(arena, changes[arena.id])
        return (value is not None, value or 0)
    return sorted(forest.arenas, key=key, reverse=True)


def table(forest, changes, by="tree", exact=False, limit=None):
    """Return (headings, rows, arenas of the rows, number of omitted arenas).  Headings
    and rows are lists of strings, beginning with id and name."""
    totals = all(change.seconds is None for change in changes.values())
    head = ["id", "name"] + [column.heading(totals) for column in COLUMNS]
    body = []
    arenas = ordered(forest, changes, by)
    more = len(arenas[limit:]) if limit else 0
    arenas = arenas[:limit]
    for arena in arenas:
        indent = "  " * min(arena.depth, 8) if by == "tree" else ""
        change = changes[arena.id]
        body.append([str(arena.id), indent + arena.label] +
                    [column.write(column.value(arena, change), exact)
                     for column in COLUMNS])
    return head, body, arenas, more


def waiting(arena):
    """Describe the number of waiters and the longest wait."""
    return f"{len(arena.waiters)} waiting, the longest for {age(arena.longest)}"


def waiters(arena):
    """Return the waiters of an arena for --json."""
    if arena.waiters is None:
        return None
    return [dict(waiter._asdict(), flags=read.flag_names(waiter.flags))
            for waiter in arena.waiters]


def as_json(forest, changes, arenas=None):
    """Return all data for --json."""
    seconds = next((change.seconds for change in changes.values()), None)
    return {
        "uptime": round(forest.uptime, 3),
        "interval": round(seconds, 3) if seconds else None,
        "misuse": forest.misuse,
        "metadata": forest.metadata,
        "arenas": [{
            "id": arena.id,
            "name": arena.label,
            "depth": arena.depth,
            "source": arena.source,
            "stats": arena.stats,
            "qcaches": [qc._asdict() for qc in arena.qcaches],
            "waiters": waiters(arena),
            "counts" if seconds is None else "rates": row(arena, changes[arena.id]),
        } for arena in (arenas or forest.arenas)],
    }
