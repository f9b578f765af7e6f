# SPDX-License-Identifier: GPL-2.0
"""Tables of the figures of scripts/bench, for a terminal and for the documentation.

The ratio of vmem's figure to the figure of a peer follows the peer's figure: 0.25 means
that vmem needs a quarter of the peer's cost.
"""

from bench_distress import rows as distress_rows
from bench_figures import PEERS, mean_share

MISSING = "-"
UNITS = {"instructions": "instructions", "time": "ns"}


class Table:
    """A table: title, heads of the columns, lines of cells."""

    def __init__(self, name, title, heads, lines):
        self.name = name
        self.title = title
        self.heads = heads
        self.lines = [line for line in lines
                      if any(cell != MISSING for cell in line[1:])]

    def text(self):
        width = [max(len(line[i]) for line in [self.heads, *self.lines])
                 for i in range(len(self.heads))]
        out = [self.title]
        for line in [self.heads, *self.lines]:
            out.append("  ".join(cell.ljust(width[i]) if not i
                                 else cell.rjust(width[i])
                                 for i, cell in enumerate(line)).rstrip())
        return "\n".join(out) + "\n"

    def rst(self):
        out = [f".. list-table:: {self.title}", "   :header-rows: 1", ""]
        for line in [self.heads, *self.lines]:
            out += [f"   {'*' if not i else ' '} - {cell}"
                    for i, cell in enumerate(line)]
        return "\n".join(out) + "\n"


def number(value):
    if value is None:
        return MISSING
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def ratio(value):
    """Format a ratio with at least two significant digits."""
    if value >= 10:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def with_ratios(value, *mine):
    """Format the figure @value, and the ratios of vmem's figures @mine to @value."""
    if value is None:
        return MISSING
    ratios = ", ".join(ratio(m / value) for m in mine
                       if m is not None and value)
    return f"{number(value)} ({ratios})" if ratios else number(value)


def many(live):
    live = int(live)
    for unit, name in ((1000000, "M"), (1000, "k")):
        if live >= unit and live % unit == 0:
            return f"{live // unit} {name}"
    return str(live)


def pair_tables(figures, instrument):
    """Tables of pairs by number of live allocations, one for each size."""
    lives = figures.values("live", instrument=instrument, load="pair")
    unit = UNITS[instrument]
    for size in figures.values("size", instrument=instrument, load="pair"):
        for op, metric, what in (("pair", "median", "median"),
                                 ("single", "tail", "99.9th percentile")):
            def get(peer, live, metric=metric, op=op, size=size):
                return figures.get(metric, instrument=instrument, load="pair",
                                   peer=peer, live=live, size=size, op=op)
            lines = []
            for peer, name in PEERS.items():
                cells = []
                for live in lives:
                    mine = [get("vmem", live)]
                    if int(size) <= 8:
                        mine.insert(0, get("vmem-cached", live))
                    cells.append(with_ratios(get(peer, live), *mine))
                lines.append([name, *cells])
            yield Table(f"pair-{size}-{op}-{instrument}",
                        f"A pair of size {size}: {unit}, {what}",
                        ["peer", *(f"{many(live)} live" for live in lives)],
                        lines)


def bytes_table(figures):
    lives = [live for live in figures.values("live", load="pair", op="bytes",
                                             instrument="instructions")
             if int(live) >= 100000]

    def get(peer, live):
        keys = {"instrument": "instructions", "load": "pair", "op": "bytes",
                "peer": peer, "live": live}
        each = figures.get("each", **keys)
        client = figures.get("client", **keys)
        return None if each is None else each + client
    lines = [[name, *(with_ratios(get(peer, live),
                                  get("vmem-ids" if peer in ONE_SIZE else "vmem",
                                      live)) for live in lives)]
             for peer, name in PEERS.items() if peer != "stack"]
    yield Table("bytes", "Bookkeeping: bytes per live allocation",
                ["peer", *(f"{many(live)} live" for live in lives)], lines)


ONE_SIZE = {"stack", "kmem_cache", "ida", "idr", "sbitmap", "vmem-ids"}


def churn_tables(figures, instrument):
    for full in figures.values("full", instrument=instrument, load="churn"):
        keys = {"instrument": instrument, "load": "churn", "full": full}
        lines = []
        for peer, name in PEERS.items():
            ours = "vmem-ids" if peer in ONE_SIZE else "vmem"
            cells = [with_ratios(figures.get(metric, peer=peer, op=op, **keys),
                                 figures.get(metric, peer=ours, op=op, **keys))
                     for op in ("alloc", "free")
                     for metric in ("median", "tail")]
            cells += [number(figures.get(metric, peer=peer, op="failures",
                                         **keys))
                      for metric in ("steps", "failures", "first", "reached")]
            share = mean_share(figures.share("churn", peer, instrument,
                                             full=full))
            cells.append(MISSING if share is None else f"{share:.3f}")
            lines.append([name, *cells])
        yield Table(f"churn-{full}-{instrument}",
                    f"Random lifetimes, {full} % full: {UNITS[instrument]}",
                    ["peer", "alloc, median", "99.9th", "free, median",
                     "99.9th", "frees", "failures", "first at, %",
                     "full, %", "largest free"], lines)


def constrained_table(figures, instrument):
    lives = figures.values("live", instrument=instrument, load="constrained")
    heads, cells = ["peer"], {peer: [] for peer in PEERS}
    for how in ("aligned", "within", "at"):
        for live in lives:
            keys = {"instrument": instrument, "load": "constrained",
                    "how": how, "live": live, "op": "alloc"}
            heads.append(f"{how}, {many(live)} live")
            for peer in PEERS:
                cells[peer].append(
                    with_ratios(figures.get("median", peer=peer, **keys),
                                figures.get("median", peer="vmem", **keys)))
    yield Table(f"constrained-{instrument}",
                f"Constrained allocation: {UNITS[instrument]}, median", heads,
                [[PEERS[peer], *row] for peer, row in cells.items()])


def cyclic_table(figures, instrument):
    lives = figures.values("live", instrument=instrument, load="cyclic")
    heads, cells = ["peer"], {peer: [] for peer in PEERS}
    for live in lives:
        for op in ("alloc", "free"):
            heads.append(f"{op}, {many(live)} live")
            keys = {"instrument": instrument, "load": "cyclic", "live": live,
                    "op": op}
            for peer in PEERS:
                cells[peer].append(
                    with_ratios(figures.get("median", peer=peer, **keys),
                                figures.get("median", peer="vmem-next", **keys)))
    yield Table(f"cyclic-{instrument}",
                f"Cyclic identifiers: {UNITS[instrument]}, median", heads,
                [[PEERS[peer], *row] for peer, row in cells.items()])


def trace_table(figures, instrument):
    keys = {"instrument": instrument, "load": "trace"}
    lines = []
    for peer, name in PEERS.items():
        cells = [with_ratios(figures.get(metric, peer=peer, op=op, **keys),
                             figures.get(metric, peer="vmem", op=op, **keys))
                 for op in ("alloc", "free") for metric in ("median", "tail")]
        share = mean_share(figures.share("trace", peer, instrument))
        cells.append(number(figures.get("events", peer=peer, op="failures",
                                        **keys)))
        cells.append(number(figures.get("failures", peer=peer, op="failures",
                                        **keys)))
        cells.append(MISSING if share is None else f"{share:.3f}")
        lines.append([name, *cells])
    yield Table(f"trace-{instrument}", f"The trace: {UNITS[instrument]}",
                ["peer", "alloc, median", "99.9th", "free, median", "99.9th",
                 "events", "failures", "largest free"], lines)


def threads_table(figures):
    threads = figures.values("threads", load="threads",
                             instrument="threads")
    lines = []
    for peer, name in PEERS.items():
        rate = [figures.get("persecond", instrument="threads", load="threads",
                            peer=peer, threads=n) for n in threads]
        ours = [figures.get("persecond", instrument="threads", load="threads",
                            peer="vmem-cached", threads=n) for n in threads]
        # The inverse ratio of the rates: as in the other tables, a ratio below 1
        # means that vmem is faster.
        lines.append([name, *(MISSING if not a or not rate[0] else
                              f"{a / rate[0]:.2f} ({a / b:.2f})" if b else
                              f"{a / rate[0]:.2f}"
                              for a, b in zip(rate, ours))])
    yield Table("threads", "Threads: times the work of one",
                ["peer", *(f"{n} thread{'s' if int(n) > 1 else ''}"
                          for n in threads)], lines)


def name(by):
    """Format the name of a function, which may be missing in the log."""
    return MISSING if by in (None, "0x0") else by


def locked_table(figures):
    keys = {"load": "locked", "instrument": "instructions"}
    lines = []
    for row, late in figures.all("late", **keys):
        op = row["op"]
        max_call = figures.get("max_call", op=op, **keys)
        lines.append([op.replace("_", " "), f"{late / 1000:.1f}",
                      name(figures.word("by", op=op, **keys)),
                      f"{figures.get('others', op=op, **keys) / 1000:.1f}",
                      name(figures.word("others_by", op=op, **keys)),
                      MISSING if max_call is None else f"{max_call:.0f}"])
    yield Table("locked", "Delay of a timer, in us of guest instructions",
                ["load", "by vmem", "function", "by others", "function",
                 "most expensive call, instructions"], lines)


def distress_table(figures):
    lines = [[text, str(n), number(cost),
              number(baseline) if baseline else MISSING,
              MISSING if limit is None else number(limit)]
             for _, text, n, cost, baseline, limit in distress_rows(figures)]
    yield Table("distress", "While requests wait or fail: instructions",
                ["event", "n", "cost", "baseline", "limit"], lines)


def all_tables(figures):
    for instrument in ("instructions", "time"):
        for make in (pair_tables, churn_tables, constrained_table,
                     cyclic_table, trace_table):
            yield from make(figures, instrument)
    yield from bytes_table(figures)
    yield from threads_table(figures)
    yield from locked_table(figures)
    yield from distress_table(figures)
