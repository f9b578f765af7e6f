# SPDX-License-Identifier: GPL-2.0
"""The command line of vmemstat."""

import argparse
import itertools
import json
import os
import sys
import time

from . import columns, forest, plain, rates, read, save

DESCRIPTION = """\
Show the state of vmem's arenas, from /sys/kernel/debug/vmem.

  vmemstat [INTERVAL [COUNT]]            the table of arenas: live on a terminal,
                                         else one table after each interval
  vmemstat --once                        one table at once, with totals
  vmemstat tree                          the tree of arenas
  vmemstat arena ARENA [INTERVAL [COUNT]]  all details of one arena
  vmemstat consumers ARENA               the allocated segments by consumer
  vmemstat map ARENA -o FILE             a picture of the integers of an arena
  vmemstat frag ARENA -o FILE            a histogram of the free segments
  vmemstat tree -o FILE                  a picture of the tree
  vmemstat save DIRECTORY                a copy of the files, for --root

INTERVAL is in seconds (1).  ARENA is an id or a name.  FILE ends in .svg or .png.
"""

EPILOG = f"""\
columns: {" ".join(columns.NAMES)}.
  alloc, free, fail and wait are rates per second; with --once they are totals.
  "cached" counts allocations that the quantum caches served without the arena; "hit"
  is the percentage of these allocations that magazines served.  "load" is the number
  of allocated segments per bucket of the segment table.  "waiters" is the number of
  waiting requests of the arena; "longest" is their longest waiting time.

exit status: 0; {read.NO_ARENA}: no such arena; {read.USAGE}: bad arguments;
  {read.NO_DEBUGFS}: debugfs is not mounted; {read.NO_PERMISSION}: not permitted;
  {read.NO_MODULE}: vmem is not loaded; {read.NO_LIBRARY}: a library is missing;
  {read.BAD_FILE}: a file was not understood, or cannot be read or written.

files: vmemstat and the directory lib/vmemstat next to it, or /usr/local/sbin/vmemstat
  and /usr/local/lib/vmemstat/.  vmemstat needs python3; the live view needs
  python3-rich, map and frag need python3-matplotlib, the picture of the tree needs
  graphviz.
"""

COMMANDS = {"tree": 0, "arena": 1, "consumers": 1, "map": 1, "frag": 1, "save": 1}


def make_parser():
    parser = argparse.ArgumentParser(
        prog="vmemstat", description=DESCRIPTION, epilog=EPILOG,
        usage="vmemstat [COMMAND] [ARENA] [INTERVAL [COUNT]] [OPTION]...",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--root", metavar="DIR",
                        help="read a copy of the files, made by vmemstat save")
    parser.add_argument("--since", metavar="DIR",
                        help="show changes since this earlier copy")
    parser.add_argument("--once", action="store_true",
                        help="print one report at once")
    parser.add_argument("--plain", action="store_true",
                        help="no live view, even on a terminal")
    parser.add_argument("--json", action="store_true",
                        help="print one line of JSON for each report")
    parser.add_argument("--sort", metavar="COLUMN", default="tree",
                        choices=columns.NAMES,
                        help="sort by this column, largest first")
    parser.add_argument("--exact", action="store_true",
                        help="print numbers in full")
    parser.add_argument("--rows", metavar="N", type=positive,
                        help="maximum number of arenas, consumers or waiters")
    parser.add_argument("-o", metavar="FILE", dest="output",
                        help="file for the picture")
    return parser


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def parse_words(parser, options):
    """Return the command, its arena or directory, interval and count."""
    words = list(options.words)
    command = words.pop(0) if words and words[0] in COMMANDS else "table"
    if len(words) < COMMANDS.get(command, 0):
        parser.error(f"{command} needs " + ("a directory" if command == "save"
                                            else "an arena: its id or name"))
    subject = words.pop(0) if COMMANDS.get(command) else None
    if words and command not in ("table", "arena"):
        parser.error(f"unexpected argument: {words[0]}")
    interval, count = None, None
    try:
        if words:
            interval = float(words.pop(0))
        if words:
            count = positive(words.pop(0))
    except ValueError:
        parser.error("not a command, an interval or a count")
    if words:
        parser.error(f"unexpected argument: {words[0]}")
    if interval is not None and not 0.01 <= interval < 1e6:
        parser.error("the interval must be at least 0.01 seconds")
    return command, subject, interval, count


def snapshots(options, interval, count):
    """Yield (forest, changes): one pair at once, or one pair per interval."""
    root = read.Root(options.root)
    since = forest.Forest(read.Root(options.since)) if options.since else None
    now = forest.Forest(root)
    if options.once or interval is None:
        yield now, rates.changes(now, since)
        return
    before = now
    for _ in itertools.count() if count is None else range(count):
        time.sleep(interval)
        now = forest.Forest(root)
        yield now, rates.changes(now, before)
        before = now


def print_lines(lines):
    for line in lines:
        print(line)
    sys.stdout.flush()


def table(options, interval, count):
    root = read.Root(options.root)
    once = options.once or (root.saved and interval is None)
    if not (once or options.plain or options.json) and sys.stdout.isatty():
        from . import live  # pylint: disable=import-outside-toplevel
        live.show(root, interval or 1.0, count, options.sort, options.exact)
        return
    if not once and interval is None:
        interval = 1.0
    for number, (now, changes) in enumerate(snapshots(options, interval, count)):
        if options.json:
            print_lines([json.dumps(columns.as_json(now, changes))])
            continue
        if number:
            print()
        print_lines(plain.table(now, changes, options.sort, options.exact,
                                options.rows))


def arena(options, subject, interval, count):
    for number, (now, changes) in enumerate(snapshots(options, interval, count)):
        one = now.find(subject)
        if options.json:
            print_lines([json.dumps(columns.as_json(now, changes, [one]))])
            continue
        if number:
            print()
        print_lines(plain.arena(now, one, changes[one.id], options.rows or 10))


def picture(options, command, subject):
    """Write a picture: to a temporary file, which is renamed when complete."""
    if not options.output:
        raise read.Error(read.USAGE, f"{command} needs -o FILE")
    kind = os.path.splitext(options.output)[1][1:]
    if kind not in ("svg", "png"):
        raise read.Error(read.USAGE, f"{options.output}: the name must end in .svg "
                                     "or .png")
    now = forest.Forest(read.Root(options.root))
    # pylint: disable=import-outside-toplevel
    part = f"{options.output}.part"
    try:
        if command == "tree":
            from . import dot
            dot.tree(now, part, kind)
        else:
            from . import pictures
            one = now.find(subject)
            {"map": pictures.address_map, "frag": pictures.histogram}[command](
                now, one, part, kind)
        os.replace(part, options.output)
    except OSError as error:
        raise read.Error(read.BAD_FILE, f"{options.output}: {error.strerror}") \
            from None
    finally:
        if os.path.exists(part):
            os.remove(part)
    print(options.output)


def run(parser, options):
    command, subject, interval, count = parse_words(parser, options)
    if command == "table":
        table(options, interval, count)
    elif command == "arena":
        arena(options, subject, interval, count)
    elif command == "consumers":
        now = forest.Forest(read.Root(options.root))
        print_lines(plain.consumers(now, now.find(subject), options.rows))
    elif command == "save":
        print(save.save(read.Root(options.root), subject))
    elif command == "tree" and not options.output:
        now = forest.Forest(read.Root(options.root))
        if options.json:
            print_lines([json.dumps(columns.as_json(now, rates.changes(now)))])
        else:
            print_lines(plain.tree(now))
    else:
        picture(options, command, subject)


def main(arguments):
    parser = make_parser()
    try:
        run(parser, parser.parse_args(arguments))
        return 0
    except read.Error as error:
        print(f"vmemstat: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has closed the pipe. Prevent an error when stdout is flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
