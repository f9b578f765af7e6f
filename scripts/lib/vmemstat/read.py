# SPDX-License-Identifier: GPL-2.0
"""Open and parse the files of vmem in debugfs, or in a saved copy.

Documentation/debugfs.rst describes the files.  The file segments can have a million
lines: it is read line by line and not kept in memory.
"""

import errno
import os
import re
import time
from collections import namedtuple

DEBUGFS = "/sys/kernel/debug"

# Exit statuses; --help lists them.
NO_ARENA, USAGE, NO_DEBUGFS, NO_PERMISSION, NO_MODULE, NO_LIBRARY, BAD_FILE = \
    range(1, 8)

Qcache = namedtuple("Qcache", """size magazine full empty loaded slabs slab_free
                    hits misses free_hits free_misses singles""")
Class = namedtuple("Class", "smallest largest segments size")
Segment = namedtuple("Segment", "type start last size imported stack",
                     defaults=("",))
Consumer = namedtuple("Consumer", "count bytes frames note", defaults=("",))
Waiter = namedtuple("Waiter", "pid size flags state ms comm")

# The flags of requests, as in vmem.h.
FLAGS = {0x1: "VM_NOSLEEP", 0x2: "VM_PANIC", 0x4: "VM_PUSHPAGE",
         0x100: "VM_BESTFIT", 0x200: "VM_FIRSTFIT", 0x400: "VM_NEXTFIT",
         0x800: "VM_MEMLOAD", 0x1000: "VM_NORELOC", 0x2000: "VM_ABORT",
         0x4000: "VM_ENDALLOC"}


class Error(Exception):
    """An error that ends vmemstat: a message of one line, and the exit status."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Gone(Exception):
    """A file does not exist, or its arena was destroyed during the read."""


def needs(library, package, what):
    return Error(NO_LIBRARY, f"{what} needs {library}: "
                             f"apt-get install {package}")


def unescape(label):
    """Replace the octal escapes in the name of an arena by the original characters."""
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), label)


def parse_kstat(lines):
    """Return {id: (label, {statistic: value})}, in the order of the file."""
    arenas = {}
    for line in lines:
        key, tab, value = line.rstrip("\n").partition("\t")
        words = key.split(":")
        if not tab or len(words) != 4 or words[0] != "vmem":
            raise ValueError(line)
        arenas.setdefault(int(words[1]), (words[2], {}))[1][words[3]] = int(value)
    return arenas


def parse_pairs(lines):
    """Parse stats or metadata: return {name: number}."""
    pairs = {}
    for line in lines:
        name, value = line.split()
        pairs[name] = int(value)
    return pairs


def rows(lines):
    """Return the words of each line that is not a heading."""
    return (line.split() for line in lines if not line.startswith("#"))


def parse_qcaches(lines):
    """Parse qcaches; ignore additional columns."""
    return [Qcache(*map(int, words[:len(Qcache._fields)]))
            for words in rows(lines)]


def parse_freelists(lines):
    return [Class(int(smallest, 16), int(largest, 16), int(segments), int(size))
            for smallest, largest, segments, size in rows(lines)]


def parse_segments(lines):
    """Yield the segments in list order."""
    for line in lines:
        if line.startswith("#"):
            continue
        words = line.split(None, 4)
        if words[0] not in ("span", "alloc", "free"):
            raise ValueError(line)
        more = words[4] if len(words) > 4 else ""
        yield Segment(words[0], int(words[1], 16), int(words[2], 16),
                      int(words[3]), more.startswith("imported"),
                      more.partition(" by ")[2].rstrip("\n"))


def parse_consumers(lines):
    """Return the groups, the largest first.  A group without a stack has a note."""
    groups = []
    for line in lines:
        if line.startswith("#"):
            continue
        count, size, who = line.rstrip("\n").split(" ", 2)
        by, _, stack = who.partition(" ")
        groups.append(Consumer(int(count), int(size), stack.split("<"))
                      if by == "by" else
                      Consumer(int(count), int(size), [], who))
    return groups


def parse_waiters(lines):
    """Return the waiters in the order of service.  The heading names all columns, even
    columns that this version does not know; the last column may contain blanks."""
    lines = iter(lines)
    names = next(lines, "").split()
    if names and (names[-1] != "comm" or not set(names) >= set(Waiter._fields)):
        raise ValueError(" ".join(names))
    waiters = []
    for line in lines:
        words = line.rstrip("\n").split(" ", len(names) - 1)
        if len(words) != len(names):
            raise ValueError(line)
        cell = dict(zip(names, words))
        waiters.append(Waiter(int(cell["pid"]), int(cell["size"]),
                              int(cell["flags"], 16), cell["state"],
                              int(cell["ms"]), printable(cell["comm"])))
    return waiters


def printable(text):
    """Escape control characters: a task can choose any name."""
    return "".join(char if char.isprintable() else f"\\{ord(char):03o}"
                   for char in text)


def flag_names(flags):
    """Return the names of VM_* flags."""
    names = [] if flags & 1 else ["VM_SLEEP"]
    names += [name for bit, name in FLAGS.items() if flags & bit]
    unknown = flags & ~sum(FLAGS)
    return names + [f"{unknown:#x}"] if unknown else names


def group(segments):
    """Compute the consumers from the segments, for copies without the file
    consumers."""
    groups = {}
    for segment in segments:
        if segment.type == "alloc":
            sums = groups.setdefault(segment.stack, [0, 0])
            sums[0] += 1
            sums[1] += segment.size
    return sorted((Consumer(count, size, stack.split("<")) if stack else
                   Consumer(count, size, [], "(not recorded)")
                   for stack, (count, size) in groups.items()),
                  key=lambda consumer: -consumer.bytes)


class Root:
    """vmem's directory in debugfs, or a copy of it.

    @saved: true for a copy made by save.py, which does not change
    """

    def __init__(self, path=None):
        self.path = path or os.path.join(DEBUGFS, "vmem")
        if path and not os.path.exists(os.path.join(path, "kstat")) and \
                os.path.exists(os.path.join(path, "vmem", "kstat")):
            self.path = os.path.join(path, "vmem")
        self.check(path is not None)
        self.saved = os.path.exists(os.path.join(self.path, "saved"))

    def check(self, elsewhere):
        """Raise an error that states the reason if kstat cannot be read."""
        kstat = os.path.join(self.path, "kstat")
        try:
            with open(kstat, encoding="ascii"):
                return
        except OSError as error:
            reason = error
        if elsewhere:
            if not os.path.isdir(self.path):
                raise Error(NO_DEBUGFS, f"{self.path}: no such directory")
            if isinstance(reason, PermissionError):
                raise Error(NO_PERMISSION, f"{kstat}: permission denied")
            raise Error(NO_MODULE, f"{self.path}: not a copy of vmem's "
                                   "directory: it has no kstat")
        if isinstance(reason, PermissionError):
            raise Error(NO_PERMISSION, f"only root may read {DEBUGFS}: try sudo")
        if not mounted(DEBUGFS):
            raise Error(NO_DEBUGFS, f"debugfs is not mounted: "
                                    f"mount -t debugfs none {DEBUGFS}")
        if not os.path.exists("/sys/module/vmem"):
            raise Error(NO_MODULE, "vmem is not loaded: modprobe vmem")
        raise Error(NO_MODULE, f"vmem is loaded, but {kstat} cannot be read: "
                               f"{reason.strerror}")

    def open(self, *names):
        path = os.path.join(self.path, *names)
        try:
            # newline: names of tasks may contain a carriage return.
            return open(path, encoding="ascii", errors="backslashreplace",
                        newline="\n")
        except PermissionError:
            raise Error(NO_PERMISSION, f"{path}: permission denied") from None
        except FileNotFoundError:
            raise Gone(path) from None

    def parse(self, parser, *names):
        """Apply a parser to a file and return its result."""
        with self.open(*names) as file:
            try:
                return parser(file)
            except OSError as error:
                raise gone(error, file.name) from None
            except ValueError as error:
                raise not_understood(file.name, error) from None

    def segments(self, directory):
        """Yield the segments of an arena."""
        with self.open(directory, "segments") as file:
            try:
                yield from parse_segments(file)
            except OSError as error:
                raise gone(error, file.name) from None
            except (ValueError, IndexError) as error:
                raise not_understood(file.name, error) from None

    def uptime(self):
        """Return the uptime in seconds: of this machine, or at the time of the copy."""
        if not self.saved:
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return float(self.about().get("uptime", 0))

    def about(self):
        """Return the contents of the file "saved" of a copy: {name: value}."""
        try:
            with self.open("saved") as file:
                return dict(line.rstrip("\n").split(" ", 1) for line in file)
        except (Gone, ValueError):
            return {}


def mounted(path):
    try:
        with open("/proc/mounts", encoding="utf-8", errors="replace") as mounts:
            return any(line.split()[1] == path for line in mounts)
    except OSError:
        return os.path.ismount(path)


def gone(error, name):
    if error.errno in (errno.EIO, errno.ENOENT, errno.ENODEV):
        return Gone(name)
    return Error(BAD_FILE, f"{name}: {error.strerror}")


def not_understood(name, error):
    return Error(BAD_FILE, f"{name}: not understood: {str(error).strip()!r}")
