#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare the figures of scripts/bench with the targets.

usage: bench_judge.py RESULTS.CSV [RST]

Print for each target whether it is met, or by how much it is missed.  A target compares
only figures of the same run of the same kernel.  If RST is given, the results are also
written to that file, as a table.  The last line is "N met, N missed".
"""

import sys

from bench_distress import rows as distress_rows
from bench_figures import Figures, mean_share

BEATEN = ["genalloc", "ida", "drm_mm", "maple", "idr"]
INSTRUMENTS = {"instructions": "instructions", "time": "ns"}
# Limits of single calls with interrupts off, in instructions.
CALLS = {"free": 50000, "request": 500000}


class Judge:
    """The targets, and the distances of the figures from the targets."""

    def __init__(self, figures):
        self.figures = figures
        self.lines = []

    def say(self, what, value, limit, unit, where=""):
        """Add the target that @value is at most @limit."""
        if value is None or limit is None:
            self.lines.append((False, what, "no figure", "", where))
            return
        good = value <= limit
        off = "" if good else f"{100 * (value - limit) / limit:.0f} % over"
        self.lines.append((good, what, f"{value:.1f} of {limit:.1f} {unit}",
                           off, where))

    def pair(self, instrument, peer, live, size):
        return self.figures.get("median", instrument=instrument, load="pair",
                                peer=peer, live=live, size=size, op="pair")

    def lives(self, instrument):
        return [int(live) for live in
                self.figures.values("live", instrument=instrument,
                                    load="pair", op="pair")]

    def cached(self):
        """Targets of a cached pair: at most twice the cost of a bare per-CPU stack, and
        below all peers."""
        for instrument, unit in INSTRUMENTS.items():
            for live in self.lives(instrument):
                mine = max((self.pair(instrument, peer, live, 1)
                            for peer in ("vmem-ids", "vmem-cached")),
                           key=lambda value: value or float("inf"))
                floor = self.pair(instrument, "stack", live, 1)
                self.say("cached pair, twice the floor", mine,
                         floor and 2 * floor, unit, f"{live} live")
                others = {peer: self.pair(instrument, peer, live, 1)
                          for peer in self.figures.values(
                              "peer", instrument=instrument, load="pair")
                          if peer != "stack" and not peer.startswith("vmem")}
                peer, least = min(
                    ((p, v) for p, v in others.items() if v is not None),
                    key=lambda pair: pair[1], default=("", None))
                self.say("cached pair, below every peer", mine, least, unit,
                         f"{live} live, {peer}")

    def uncached(self):
        """Targets of an uncached pair of any size: below the peers in BEATEN, at most 300
        instructions, and independent of the number of live allocations."""
        figures = self.figures
        for instrument, unit in INSTRUMENTS.items():
            worst = {}
            for live in self.lives(instrument):
                for size in figures.values("size", instrument=instrument,
                                           load="pair", live=live):
                    mine = self.pair(instrument, "vmem", live, size)
                    for peer in BEATEN:
                        other = self.pair(instrument, peer, live, size)
                        if mine is None or other is None:
                            continue
                        ratio = mine / other
                        if peer not in worst or ratio > worst[peer][0]:
                            worst[peer] = (ratio, mine, other, live, size)
            for peer in BEATEN:
                _, mine, other, live, size = worst.get(
                    peer, (0, None, None, "", ""))
                self.say(f"uncached pair, below {peer}", mine, other, unit,
                         f"closest: {live} live, size {size}")
        for live in self.lives("instructions"):
            for size in figures.values("size", instrument="instructions",
                                       load="pair", live=live):
                self.say("uncached pair, 300 instructions",
                         self.pair("instructions", "vmem", live, size), 300,
                         "instructions", f"{live} live, size {size}")
        most = max(self.lives("instructions"), default=0)
        for size in figures.values("size", instrument="instructions",
                                   load="pair", live=most):
            few = self.pair("instructions", "vmem", 1000, size)
            many = self.pair("instructions", "vmem", most, size)
            self.say("uncached pair, many live to few live",
                     few and many and 100 * abs(many - few) / few, 10, "%",
                     f"1000 and {most} live, size {size}")

    def fragmentation(self):
        shares = {peer: mean_share(self.figures.share("trace", peer,
                                                      "instructions"))
                  for peer in ("vmem", "vmem-best")}
        if None in shares.values():
            self.say("fragmentation on the trace", None, None, "")
            return
        # Targets are upper bounds, but a greater share is better: compare inverses.
        self.say("largest free piece on the trace, to best fit's",
                 100 * shares["vmem-best"] / shares["vmem"], 105, "%",
                 f"shares {shares['vmem']:.3f}, {shares['vmem-best']:.3f}")

    def bookkeeping(self):
        most = max(self.lives("instructions"), default=0)
        for peer, limit in (("vmem", 72), ("vmem-ids", 4)):
            self.say(f"bookkeeping of {peer}", self.figures.get(
                "each", instrument="instructions", load="pair", peer=peer,
                live=most, op="bytes"), limit, "bytes", f"{most} live")

    def locked(self):
        holds = [(late, row["op"]) for row, late in self.figures.all(
            "late", instrument="instructions", load="locked")
            if row["op"] not in ("idle", "kmalloc", "kfree")]
        late, longest = max(holds, default=(None, ""))
        self.say("lock held, at most", late and late / 1000, 50, "us",
                 f"longest: {longest.replace('_', ' ')}")

    def calls(self):
        """Targets of the most expensive vmem_free() and VM_NOSLEEP request."""
        calls = [(max_call, row["op"]) for row, max_call in self.figures.all(
            "max_call", instrument="instructions", load="locked")]
        for kind, limit in CALLS.items():
            max_call, op = max(
                ((max_call, op) for max_call, op in calls
                 if ("free" in op.split("_")) == (kind == "free")),
                default=(None, ""))
            self.say(f"one {kind} without sleeping, at most", max_call, limit,
                     "instructions", f"most expensive: {op.replace('_', ' ')}")

    def distress(self):
        found = False
        for op, _, n, cost, _, limit in distress_rows(self.figures):
            found = True
            if limit is not None:
                self.say(f"in distress: {op.replace('_', ' ')}", cost, limit,
                         "instructions", f"n = {n}")
        if not found:
            self.say("in distress", None, None, "")


def table(path, lines):
    with open(path, "w", encoding="utf-8") as out:
        out.write(".. list-table::\n   :header-rows: 1\n\n"
                  "   * - target\n     - of\n     - figure and limit\n"
                  "     - \n")
        for good, what, value, off, where in lines:
            out.write(f"   * - {what}\n     - {where}\n     - {value}\n"
                      f"     - {'met' if good else 'missed ' + off}\n")


def main():
    judge = Judge(Figures(sys.argv[1]))
    judge.cached()
    judge.uncached()
    judge.fragmentation()
    judge.bookkeeping()
    judge.locked()
    judge.calls()
    judge.distress()
    for good, what, value, off, where in judge.lines:
        print(f"{'met   ' if good else 'MISSED'} {what:45} {value:28} "
              f"{where:32} {off}".rstrip())
    if len(sys.argv) > 2:
        table(sys.argv[2], judge.lines)
    met = sum(good for good, *_ in judge.lines)
    print(f"{met} met, {len(judge.lines) - met} missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
