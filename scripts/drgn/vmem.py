#!/usr/bin/drgn
# SPDX-License-Identifier: GPL-2.0
"""vmem's arenas and segments in the running kernel or in a dump.

usage: drgn [-c DUMP] -s VMLINUX -s VMEM.KO vmem.py COMMAND [ARGUMENT]...

    vmem [-k]           the tree of arenas; -k: all statistics, as in kstat
    vmem_seg ARENA      the segments of an arena, as in the debugfs file segments
    vmem_waiters ARENA  the waiting requests of an arena, as in the debugfs file
                        waiters
    vmem_walk ARENA [alloc|free]
                        start and size of each allocated or free segment, or both

ARENA is an id, a name or the address of a struct vmem.  Without -c the script reads
the running kernel (/proc/kcore), whose arenas may change during the read.  In an
interactive drgn: "from vmem import *", then vmem(prog), vmem_seg(prog, "name"), and
so on; arenas(prog) and segments(arena) return objects.

vmem.ko and the kernel must be built with debugging information (CONFIG_DEBUG_INFO).
"""

import re
import sys

import drgn
from drgn import Object, cast, container_of
from drgn.helpers.linux.list import list_for_each_entry

# Types of segments: vmem defines them as macros, which debugging information lacks.
ALLOC, FREE, SPAN = 1, 2, 0x10
# Escapes as in the kernel's output of task names.
ESCAPES = {ord(char): f"\\{ord(char):03o}" for char in "\t\n\\"}
NAMES = {ALLOC: "  alloc", FREE: "  free", SPAN: "span"}


class Damaged(Exception):
    """A list is corrupt, which can happen in a crash."""


def arenas(prog):
    """Yield each arena, a struct vmem *, and its depth in the tree."""
    def below(head, depth):
        if depth > 1000:
            raise Damaged("the tree of arenas has no end")
        for arena in list_for_each_entry("struct vmem", head, "list"):
            yield arena, depth
            yield from below(arena.children.address_of_(), depth + 1)
    yield from below(prog.variable("roots", "arena/registry.c").address_of_(), 0)


def label(arena):
    return arena.label.string_().decode("ascii", "backslashreplace")


def unescape(text):
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), text)


def find(prog, wanted):
    """Return the arena with that id, name or address."""
    found = [arena for arena, _ in arenas(prog)
             if str(wanted) in (str(arena.id.value_()), label(arena),
                                unescape(label(arena)))
             or str(wanted).startswith("0x")
             and int(str(wanted), 16) == arena.value_()]
    if len(found) != 1:
        raise LookupError(f"there are {len(found)} arenas {wanted}")
    return found[0]


def statistics(arena):
    """Return {name: value} in the order of struct vmem_stats.  Members that are not
    counters are valid only in the copies that vmem_get_stats() makes: read their values
    from other structures."""
    stats = arena.segmap.stats
    found = {member.name: getattr(stats, member.name).value_()
             for member in stats.type_.members}
    for name, value in (("quantum", arena.segmap.quantum),
                        ("spans", arena.segmap.nspans),
                        ("buckets", 1 << arena.segmap.hash.bits.value_()),
                        ("waiters", arena.waiters)):
        if name in found:
            found[name] = int(value)
    return found


def segments(arena):
    """Yield each segment, a struct vmem_seg *, in list order."""
    end = arena.segmap.end.address_of_()
    node = arena.segmap.list.first
    # Upper bound: each segment results from an allocation, a free or a span.
    limit = 16 + 4 * (arena.segmap.stats.alloc.value_() +
                      arena.segmap.stats.free.value_() +
                      arena.segmap.nspans.value_())
    for _ in range(limit):
        if not node:
            raise Damaged("the segment list ends without the end marker")
        segment = container_of(node, "struct vmem_seg", "order")
        if segment == end:
            return
        yield segment
        node = node.next
    raise Damaged("the segment list has no end")


class Stacks:
    """The kernel's stack depot, indexed by the handles in segments."""

    def __init__(self, prog):
        self.prog = prog
        self.known = {}
        self.slabs = None
        for name in ("stack_slabs", "stack_pools"):     # since 6.3
            try:
                self.slabs = prog.variable(name)
                break
            except LookupError:
                pass

    def frames(self, handle):
        """Return the addresses of a stack, innermost first."""
        if not handle or self.slabs is None:
            return []
        parts = Object(self.prog, "union handle_parts", {"handle": handle})
        names = [member.name for member in parts.type_.members[1].type.members]
        slab = getattr(parts, names[0]).value_()
        if names[0] == "pool_index_plus_1":             # since 6.9
            slab -= 1
        record = cast("struct stack_record *", self.slabs[slab]
                      + (parts.offset.value_() << 4))
        return [record.entries[i].value_() for i in range(record.size.value_())]

    def symbol(self, address):
        """Format an address as the kernel does, but without the size of the symbol:
        drgn and the kernel disagree about this size."""
        try:
            symbol = self.prog.symbol(address)
        except LookupError:
            return f"{address:#x}"
        return f"{symbol.name}+{address - symbol.address:#x}"

    def text(self, handle):
        if handle not in self.known:
            self.known[handle] = "<".join(map(self.symbol, self.frames(handle)))
        return self.known[handle]


def hash_load(arena):
    """Return the number of allocated segments per bucket of the segment table."""
    stats = arena.segmap.stats
    live = stats.alloc.value_() - stats.free.value_()
    return live / (1 << arena.segmap.hash.bits.value_())


def vmem(prog, kstat=False):
    """Print the arenas."""
    if kstat:
        for arena, _ in arenas(prog):
            for name, value in statistics(arena).items():
                print(f"vmem:{arena.id.value_()}:{label(arena)}:{name}\t{value}")
        return
    print(f"{'#':<19}{'id':>4} {'name':<30} {'in_use':>20} {'total':>20} use% "
          f"{'allocs':>11} {'fails':>8} {'waiters':>7} {'load':>5}")
    for arena, depth in arenas(prog):
        stats = statistics(arena)
        total = stats["mem_total"]
        use = stats["mem_inuse"] * 100 // total if total else 0
        name = "  " * min(depth, 8) + label(arena)
        print(f"{arena.value_():#x} {arena.id.value_():>4} {name:<30} "
              f"{stats['mem_inuse']:>20} {total:>20} {use:>3}% "
              f"{stats['alloc']:>11} {stats['fail']:>8} "
              f"{arena.waiters.value_():>7} {hash_load(arena):>5.2f}")


def milliseconds(prog, since):
    """Return the milliseconds since a time in jiffies."""
    mask = (1 << 8 * since.type_.size) - 1
    jiffies = (prog["jiffies_64"].value_() - since.value_()) & mask
    # HZ is a macro: compute it from the length of a tick.  Round, because NTP adjusts
    # that length.
    hz = round(10 ** 9 / prog["tick_nsec"].value_())
    return jiffies * 1000 // hz


def waiters(arena):
    """Yield the waiting requests of an arena, each a struct vmem_waiter *, in the
    order of service."""
    for number, waiter in enumerate(list_for_each_entry(
            "struct vmem_waiter", arena.own_waiters.address_of_(), "own")):
        if number > 1 << 22:            # upper bound of tasks
            raise Damaged("the list of waiters has no end")
        yield waiter


def vmem_waiters(prog, wanted):
    """Print the waiting requests of an arena."""
    print("pid size flags state ms comm")
    for waiter in waiters(find(prog, wanted)):
        name = {value: name for name, value in waiter.state.type_.enumerators}.get(
            waiter.state.value_(), "?")
        comm = waiter.task.comm.string_().decode("ascii", "backslashreplace")
        print(waiter.task.pid.value_(), waiter.size.value_(),
              f"{waiter.flags.value_():#x}",
              name.replace("VMEM_", "").lower(),
              milliseconds(prog, waiter.since), comm.translate(ESCAPES))


def vmem_seg(prog, wanted):
    """Print the segments of an arena."""
    stacks = Stacks(prog)
    print("# type start last size")
    for segment in segments(find(prog, wanted)):
        start, size = segment.start.value_(), segment.size.value_()
        kind = segment.type.value_()
        line = (f"{NAMES.get(kind, f'  type {kind:#x}')} {start:#x} "
                f"{start + size - 1:#x} {size}")
        if kind == SPAN and segment.imported:
            line += " imported"
        if kind == ALLOC and segment.stack:
            line += (f" pid={segment.pid.value_()} time={segment.when.value_()}s"
                     f" by {stacks.text(segment.stack.value_())}")
        print(line)


def vmem_walk(prog, wanted, what=None):
    """Print start and size of the allocated segments, the free segments, or both."""
    kinds = {"alloc": (ALLOC,), "free": (FREE,), None: (ALLOC, FREE)}[what]
    for segment in segments(find(prog, wanted)):
        if segment.type.value_() in kinds:
            print(f"{segment.start.value_():#x} {segment.size.value_()}")


def main(prog, arguments):
    command, *rest = arguments or [""]
    try:
        if command == "vmem" and rest in ([], ["-k"]):
            vmem(prog, bool(rest))
        elif command == "vmem_seg" and len(rest) == 1:
            vmem_seg(prog, rest[0])
        elif command == "vmem_waiters" and len(rest) == 1:
            vmem_waiters(prog, rest[0])
        elif command == "vmem_walk" and len(rest) in (1, 2) and \
                rest[1:] in ([], ["alloc"], ["free"]):
            vmem_walk(prog, *rest)
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except (LookupError, Damaged, drgn.FaultError) as error:
        print(f"vmem.py: {error}", file=sys.stderr)
        return 1
    return 0


__all__ = ["arenas", "find", "hash_load", "segments", "statistics", "vmem",
           "vmem_seg", "vmem_waiters", "vmem_walk", "waiters"]

if __name__ == "__main__":
    # drgn passes the program under this name.
    sys.exit(main(globals()["prog"], sys.argv[1:]))
