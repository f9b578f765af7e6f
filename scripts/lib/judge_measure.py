#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the figures of scripts/measure with their limits.

usage: judge_measure.py LIVE FILE

FILE has lines "measure: NAME VALUE"; LIVE is the number of live allocations of the
guest. Limits are upper bounds. The last line is "N passed, N failed".
"""

import sys

# (text, name of the figure, limit). A limit is None, a number, or the name of another
# figure. The limit for emptying an arena includes the longest delay by kfree(), because
# the arena frees its segment structures to the slab allocator.
ROWS = [
    ("pair of a bare per-CPU stack", "stack_pair", None),
    ("cached pair, 100 k others live", "cached_pair", 90),
    ("cached pair, size 8", "cached_pair_8", 90),
    ("cached pair, from a slab each time", "slab_pair", None),
    ("cached allocation, from a slab each time", "slab_alloc", 145),
    ("uncached allocation", "uncached_alloc", None),
    ("uncached allocation, mean of {live} in a row", "uncached_alloc_live", None),
    ("uncached pair, nothing else live", "uncached_pair_empty", 300),
    ("uncached pair, 1 k others live", "uncached_pair_1k", 300),
    ("uncached pair, {live} others live", "uncached_pair_live", 300),
    ("uncached pair, size 100, 1 k others live", "uncached_pair_100_1k", 300),
    ("uncached pair, size 100, {live} others live", "uncached_pair_100_live", 300),
    ("delay of a timer in an idle kernel", "late_idle", None),
    ("delay of a timer during {live} kmalloc()", "late_kmalloc", None),
    ("delay of a timer during {live} kfree()", "late_kfree", None),
    ("delay of a timer while filling to {live}", "late_filling", 50000),
    ("delay of a timer while rescaling {live}", "late_rescaling_up", 50000),
    ("delay of a timer while emptying", "late_emptying", "late_kfree"),
    ("delay of a timer while rescaling back", "late_rescaling_down", 50000),
    ("read stats of {live} segments", "read_stats_ns", 200000),
    ("read freelists", "read_freelists_ns", 200000),
    ("read segments, per allocation", "read_segments_ns/live", 5000),
    ("read consumers, per allocation", "read_consumers_ns/live", 60),
    ("delay of a timer while reading segments", "read_segments_late", 50000),
    ("delay of a timer while reading consumers", "read_consumers_late", 50000),
    ("peak memory use while reading segments, in KiB", "read_segments_kilobytes", 128),
    ("peak memory use while reading consumers, in KiB", "read_consumers_kilobytes", 128),
    ("memory for an uncached allocation, in bytes", "hold_uncached.bytes/live", 76),
    ("memory for a cached identifier, in bytes", "hold_cached.bytes/live", 4),
]


def value_of(name, figures, live):
    """Return a figure, divided by LIVE if its name ends in "/live"; None if the figure is
    missing."""
    base, _, divisor = name.partition("/")
    value = figures.get(base)
    if value is not None and divisor:
        value /= live
    return value


def main():
    live = int(sys.argv[1])
    figures = {}
    failed = 0
    with open(sys.argv[2], encoding="utf-8", errors="replace") as lines:
        for line in lines:
            _, name, value = (line.split(maxsplit=2) + ["", ""])[:3]
            if name == "failed":
                print("FAILED:", value.strip())
                failed += 1
            elif value:
                figures[name] = float(value)

    passed = 0
    print(f"{'in instructions, or in the given unit':48} {'figure':>10} {'limit':>8}")
    for what, name, limit in ROWS:
        value = value_of(name, figures, live)
        if isinstance(limit, str):
            slack = 50000 if limit.startswith("late") else 0
            limit = (value_of(limit, figures, live) or 0) + slack
        good = value is not None and (limit is None or value <= limit)
        passed += good
        failed += not good
        shown = "missing" if value is None else f"{value:.1f}"
        print(f"{what.format(live=live):48} {shown:>10} {'' if limit is None else f'{limit:.0f}':>8}"
              f"{'' if good else '  FAILED'}")

    one = figures.get("uncached_pair_1k")
    many = figures.get("uncached_pair_live")
    if one and many:
        good = abs(many - one) <= one / 10
        passed += good
        failed += not good
        print(f"{'ratio of uncached pairs, many live to few live':48} {many / one:>10.2f} "
              f"{'0.9..1.1':>8}{'' if good else '  FAILED'}")
    # The host is shared: print times without a limit.
    floor = figures.get("time.stack_pair")
    if floor:
        print(f"time relative to a bare per-CPU stack: cached "
              f"{figures.get('time.cached_pair', 0) / floor:.2f}, uncached "
              f"{figures.get('time.uncached_pair_1k', 0) / floor:.2f}")
    print(f"{figures.get('threads', 0):.0f} CPUs do "
          f"{figures.get('threads_speedup', 0):.2f} times the work of one")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
