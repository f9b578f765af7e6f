#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Judge the copies of debugfs that scripts/cases made of the clients of cases/.

usage: judge_cases.py DIRECTORY

Each case must show the fault that Documentation/debugging.rst describes.  The last
line is "N passed, N failed".
"""

import os
import sys

from vmemstat import forest, rates, read


class Copies:
    """The copies, indexed by name."""

    def __init__(self, directory):
        self.directory = directory

    def forest(self, name):
        return forest.Forest(read.Root(os.path.join(self.directory, name)))

    def text(self, name):
        with open(os.path.join(self.directory, name), encoding="utf-8",
                  errors="replace") as file:
            return file.read()


def leak(copies):
    """2000 steps leak 200 states of 448 bytes, and no other arena grows."""
    before, now = copies.forest("leak-1"), copies.forest("leak-2")
    changes = rates.changes(now, before)
    for arena in now.arenas:
        grown = changes[arena.id].inuse
        lost = 200 * 448 if arena.label == "card_memory" else 0
        # Allow for open sessions, which differ in size.
        if abs(grown - lost) > 8192:
            yield f"{arena.label} grew by {grown}, not by about {lost}"
    if "179200 bytes still allocated in 400 segments" not in \
            copies.text("leak.log"):
        yield "the kernel did not report the leak"
    yield from holds(now, "card_memory", "session_state", 400)


def full(copies):
    """Allocations for video fail because audio holds the memory."""
    now = copies.forest("full-3")
    change = rates.changes(now, copies.forest("full-2"))[now.find("video").id]
    if change.count["fail"] != 250 or change.count["import_fail"] != 250:
        yield f"video failed {change.count['fail']} times, not 250"
    if now.find("video").stats["mem_inuse"] != 2 << 20:
        yield "video does not have its 2 MiB"
    if now.find("device_memory").use < 98:
        yield "the device's memory is not full"
    if any(arena.stats["fail"] for arena in copies.forest("full-1").arenas):
        yield "an allocation failed while the player was reading"
    yield from holds(now, "audio", "audio_queue_packet", 3000)


def ragged(copies):
    """Requests fail in an almost empty arena that is fragmented."""
    now = copies.forest("ragged-2")
    window = now.find("bus_window")
    if window.use > 1:
        yield f"{window.use} % in use"
    if window.stats["fail"] != 88:
        yield f"{window.stats['fail']} requests failed, not 88"
    classes = now.parse(window, read.parse_freelists, "freelists")
    if classes[-1].largest >= 1 << 20:
        yield "there is a free segment of a megabyte or more"
    apart = copies.forest("apart").find("bus_window")
    if apart.stats["fail"] or apart.stats["mem_inuse"] != 131072:
        yield "requests fail although the descriptors have their own arena"


def stuck(copies):
    """12 requests wait, and succeed when the client frees tags."""
    now = copies.forest("stuck")
    tags = now.find("disk_tags")
    if len(tags.waiters) != 12 or tags.stats["waiters"] != 12:
        yield f"{len(tags.waiters)} requests wait, not 12"
    for waiter in tags.waiters:
        if waiter.state != "waiting" or waiter.size != 1 or \
                not waiter.comm.startswith("disk_io/") or waiter.ms < 4000:
            yield f"unexpected waiter: {waiter}"
    yield from holds(now, "disk_tags", "disk_send", 16)
    later = copies.forest("stuck-reset").find("disk_tags")
    if later.waiters or later.live:
        yield "requests wait or hold a tag after the reset"


def holds(now, name, function, least):
    """Yield a fault if the largest group of consumers whose stack contains the function
    has fewer than @least segments."""
    groups = now.consumers(now.find(name))
    groups = [group for group in groups
              if any(frame.startswith(function + "+") for frame in group.frames)]
    if not groups or groups[0].count < least:
        yield f"consumers of {name}: fewer than {least} by {function}: {groups}"


CASES = leak, full, ragged, stuck


def main():
    copies = Copies(sys.argv[1])
    failed = 0
    for case in CASES:
        faults = list(case(copies))
        print(f"cases: {'FAIL' if faults else 'pass'}: {case.__name__}: "
              f"{case.__doc__.lower().rstrip('.')}")
        for fault in faults:
            print("cases:   ", fault)
        failed += bool(faults)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
