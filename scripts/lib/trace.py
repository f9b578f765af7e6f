#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Convert recorded events into a trace for vmem_bench.

usage: trace.py EVENTS KERNEL

EVENTS has lines "+ ADDRESS BYTES" and "- ADDRESS".  The trace is text: "#" begins a
comment; N allocates N units of 16 bytes; "-0" frees the latest allocation, "-1" the one
before it, and so on.  If an allocation precedes the recording, the program ignores the
event of its free.
"""

import sys

UNIT = 16


def main():
    live = {}           # address: number of the allocation
    number = 0
    lines = []
    with open(sys.argv[1], encoding="ascii", errors="replace") as events:
        for event in events:
            words = event.split()
            if len(words) == 3 and words[0] == "+":
                live[words[1]] = number
                number += 1
                lines.append(str(max(1, -(-int(words[2]) // UNIT))))
            elif len(words) == 2 and words[0] == "-":
                born = live.pop(words[1], None)
                if born is not None:
                    lines.append(f"-{number - 1 - born}")
    if not number:
        print("no allocations", file=sys.stderr)
        return 1
    print(f"# Slab allocations of Linux {sys.argv[2]}, in units of {UNIT} bytes.")
    print("# Made by scripts/trace-record; N: allocate N units; -N: free the allocation")
    print("# N allocations before the latest.")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
