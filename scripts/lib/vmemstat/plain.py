# SPDX-License-Identifier: GPL-2.0
"""Reports as text: the table, the tree, one arena, consumers."""

import sys

from . import columns, read

BAR = 40


def align(head, body, left=2):
    """Yield the lines of a table; align all columns to the right, except columns 1 to
    @left - 1."""
    body = [head] + body
    widths = [max(len(line[i]) for line in body) for i in range(len(head))]
    for line in body:
        yield "  ".join(
            cell.ljust(width) if 0 < i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))).rstrip()


def table(forest, changes, by="tree", exact=False, limit=None):
    head, body, _, more = columns.table(forest, changes, by, exact, limit)
    yield from align(head, body)
    if not body:
        yield "there are no arenas"
    if more:
        yield f"... and {more} more"
    if forest.misuse:
        yield f"{forest.misuse} refused calls without an arena: see the kernel log"


def bar(percent, width, unicode=None):
    """Return a bar for a percentage: empty only for 0 %, full only for 100 %."""
    if unicode is None:
        unicode = can_show("█·")
    full = round(width * percent / 100)
    if percent > 0:
        full = max(full, 1)
    if percent < 100:
        full = min(full, width - 1)
    full = min(full, width)
    return ("█" if unicode else "#") * full + \
        ("·" if unicode else ".") * (width - full)


def can_show(text):
    try:
        text.encode(sys.stdout.encoding or "ascii")
        return True
    except UnicodeEncodeError:
        return False


def tree(forest, unicode=None):
    """Yield the lines of the tree: each arena below its source."""
    if unicode is None:
        unicode = can_show("└├│█")
    last, more, skip, line = ("└─ ", "├─ ", "   ", "│  ") if unicode else \
        ("`- ", "|- ", "   ", "|  ")
    lines = []
    roots = [arena for arena in forest.arenas if arena.depth == 0]
    stack = [(arena, "", "") for arena in reversed(roots)]
    while stack:
        arena, branch, below = stack.pop()
        marks = [f"{arena.stats[name]} {what}" for name, what in
                 (("fail", "failed"), ("misuse", "refused")) if arena.stats[name]]
        if arena.waiters:
            marks.append(columns.waiting(arena))
        lines.append((branch + arena.label, arena, ", ".join(marks)))
        for child in reversed(arena.children):
            final = child is arena.children[-1]
            stack.append((child, below + (last if final else more),
                          below + (skip if final else line)))
    width = max((len(name) for name, _, _ in lines), default=0)
    for name, arena, marks in lines:
        yield (f"{name.ljust(width)}  {arena.id:>4}  "
               f"{columns.number(arena.stats['mem_inuse']):>7} of "
               f"{columns.number(arena.stats['mem_total']):<7} "
               f"{bar(arena.use, 20, unicode)} {arena.use:3.0f}%  {marks}").rstrip()


def arena(forest, one, change, limit=10):
    """Yield all details of one arena, except its segments."""
    stats = one.stats
    names = {other.id: other for other in forest.arenas}
    path = [one]
    while path[0].source in names and len(path) < len(names):
        path.insert(0, names[path[0].source])
    yield f"{one.label}, id {one.id}"
    if len(path) > 1:
        yield "  imports from: " + " < ".join(
            other.label for other in reversed(path[:-1]))
    if one.children:
        yield "  arenas that import from it: " + " ".join(
            child.label for child in one.children)
    yield (f"  in use {stats['mem_inuse']} of {stats['mem_total']}, "
           f"in {one.live} segments")
    yield f"  {bar(one.use, BAR)} {one.use:.1f}%"
    yield ""
    yield from statistics(one, change)
    if one.waiters:
        yield ""
        yield from waiters(one, limit)
    if one.qcaches:
        yield ""
        yield from caches(one)
    yield ""
    yield from freelists(forest.parse(one, read.parse_freelists, "freelists"))
    if forest.has(one, "consumers"):
        yield ""
        yield from consumers(forest, one, limit, "  ")


def statistics(one, change):
    """Yield the counters that are not 0, two per line."""
    unit = "per second" if change.seconds else "so far"
    cells = [f"{name:<16}{columns.rate(change.rate(count)):>10}"
             for name, count in change.count.items() if count]
    yield f"  events {unit}:" if cells else "  no events"
    half = (len(cells) + 1) // 2
    for i in range(half):
        yield "    " + "    ".join(cells[i::half])
    if one.stats.get("waiters"):
        yield f"  requests that wait for space in this arena: {one.stats['waiters']}"
    if one.load is not None:
        yield f"  allocated segments per bucket of the segment table: {one.load:.2f}"
    if change.chain_steps is not None:
        yield f"  steps along a hash chain per free: {change.chain_steps:.2f}"


def waiters(one, limit=None):
    """Yield the lines of the waiting requests of an arena."""
    head = ["pid", "comm", "flags", "state", "size", "for"]
    body = [[str(waiter.pid), waiter.comm,
             "|".join(read.flag_names(waiter.flags)), waiter.state,
             str(waiter.size), columns.age(waiter.ms / 1000)]
            for waiter in one.waiters[:limit]]
    yield "  waiting requests of this arena, in the order of service:"
    for line in align(head, body, 4):
        yield "    " + line
    if limit is not None and len(one.waiters) > limit:
        yield f"    ... and {len(one.waiters) - limit} more; " \
              f"the longest wait is {columns.age(one.longest)}"


def caches(one):
    head = ["size", "magazine", "loaded", "full", "slabs", "slab_free", "hits",
            "misses", "hit%", "singles"]
    body = []
    for qc in one.qcaches:
        asked = qc.hits + qc.misses
        hit = f"{100 * qc.hits / asked:.0f}%" if asked else "-"
        body.append([str(qc.size), str(qc.magazine), str(qc.loaded), str(qc.full),
                     str(qc.slabs), str(qc.slab_free), str(qc.hits),
                     str(qc.misses), hit, str(qc.singles)])
    yield "  quantum caches:"
    for line in align(head, body, 0):
        yield "    " + line


def freelists(classes):
    total = sum(c.size for c in classes)
    if not total:
        yield "  no free segments"
        return
    yield f"  free: {total} in {sum(c.segments for c in classes)} segments, " \
          f"none as large as {classes[-1].largest + 1}"
    wide = len(f"{classes[-1].smallest:#x}")
    for c in classes:
        share = 100 * c.size / total
        yield (f"    from {c.smallest:<#{wide}x} {c.segments:>9} segments "
               f"{columns.number(c.size):>7} {bar(share, 20)} {share:3.0f}%")


def consumers(forest, one, limit=None, indent=""):
    """Yield the lines of the consumers, the largest first."""
    groups = forest.consumers(one)
    yield indent + ("consumers of allocated segments:" if groups else
                    "no allocated segments")
    for group in groups[:limit]:
        amount = f"{indent}  {group.count} segments, {columns.number(group.bytes)}"
        yield f"{amount}, by" if group.frames else f"{amount} {group.note}"
        for frame in group.frames:
            yield f"{indent}    {frame}"
    if limit is not None and len(groups) > limit:
        yield f"{indent}  ... and {len(groups) - limit} more groups"
