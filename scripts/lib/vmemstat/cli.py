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
What vmem's arenas do, from /sys/kernel/debug/vmem.

  vmemstat [INTERVAL [COUNT]]            the table of arenas: live on a terminal,
                                         else a table at the end of each interval
  vmemstat --once                        one table at once, with totals
  vmemstat tree                          the tree of arenas
  vmemstat arena ARENA [INTERVAL [COUNT]]  all about one arena
  vmemstat consumers ARENA               who holds what is allocated
  vmemstat map ARENA -o FILE             a picture of its integers
  vmemstat frag ARENA -o FILE            a histogram of what is free
  vmemstat tree -o FILE                  a picture of the tree
  vmemstat save DIRECTORY                a copy of the files, for --root

INTERVAL is in seconds (1).  ARENA is an id or a name.  FILE ends in .svg or .png.
"""

EPILOG = f"""\
columns: {" ".join(columns.NAMES)}.
  alloc, free, fail and wait are counts a second, or totals under --once.  What
  quantum caches serve does not reach the arena and is in "cached"; "hit" is the
  share of it that magazines had.  "load" is how many allocated segments there are to
  a bucket of the segment table.  "waiters" is the number of requests made to this
  arena that wait now, "longest" for how long the one among them that waits longest.

exit status: 0; {read.NO_ARENA}: no such arena; {read.USAGE}: bad arguments;
  {read.NO_DEBUGFS}: debugfs is not mounted; {read.NO_PERMISSION}: not permitted;
  {read.NO_MODULE}: vmem is not loaded; {read.NO_LIBRARY}: a library is missing;
  {read.BAD_FILE}: a file was not understood, or cannot be read or written.

files: the program is vmemstat and the directory lib/vmemstat beside it.  On another
  machine: /usr/local/sbin/vmemstat and /usr/local/lib/vmemstat/.  It needs python3;
  the live view python3-rich, map and frag python3-matplotlib, the picture of the
  tree graphviz.
"""

COMMANDS = {"tree": 0, "arena": 1, "consumers": 1, "map": 1, "frag": 1, "save": 1}


def parser():
    made = argparse.ArgumentParser(
        prog="vmemstat", description=DESCRIPTION, epilog=EPILOG,
        usage="vmemstat [COMMAND] [ARENA] [INTERVAL [COUNT]] [OPTION]...",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    made.add_argument("--root", metavar="DIR",
                      help="a copy of the files, made by vmemstat save")
    made.add_argument("--since", metavar="DIR",
                      help="an earlier copy: what happened since then")
    made.add_argument("--once", action="store_true",
                      help="at once and once, and not a live view")
    made.add_argument("--plain", action="store_true",
                      help="not a live view, even on a terminal")
    made.add_argument("--json", action="store_true",
                      help="one line of JSON for each report")
    made.add_argument("--sort", metavar="COLUMN", default="tree",
                      choices=columns.NAMES, help="by this column, largest first")
    made.add_argument("--exact", action="store_true", help="numbers in full")
    made.add_argument("--rows", metavar="N", type=positive,
                      help="no more than so many arenas, consumers or waiters")
    made.add_argument("-o", metavar="FILE", dest="output",
                      help="where the picture goes")
    return made


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def words_of(made, options):
    """The command, what it is about, interval and count."""
    words = list(options.words)
    command = words.pop(0) if words and words[0] in COMMANDS else "table"
    if len(words) < COMMANDS.get(command, 0):
        made.error(f"{command} needs " + ("a directory" if command == "save"
                                          else "an arena: its id or name"))
    subject = words.pop(0) if COMMANDS.get(command) else None
    if words and command not in ("table", "arena"):
        made.error(f"unexpected: {words[0]}")
    interval, count = None, None
    try:
        if words:
            interval = float(words.pop(0))
        if words:
            count = positive(words.pop(0))
    except ValueError:
        made.error("not a command, an interval or a count")
    if words:
        made.error(f"unexpected: {words[0]}")
    if interval is not None and not 0.01 <= interval < 1e6:
        made.error("an interval is at least 0.01 seconds")
    return command, subject, interval, count


def looks(options, interval, count):
    """Pairs of a forest and its changes: one at once, or one for each interval."""
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


def say(lines):
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
    for number, (now, changes) in enumerate(looks(options, interval, count)):
        if options.json:
            say([json.dumps(columns.as_json(now, changes))])
            continue
        if number:
            print()
        say(plain.table(now, changes, options.sort, options.exact, options.rows))


def arena(options, subject, interval, count):
    for number, (now, changes) in enumerate(looks(options, interval, count)):
        one = now.find(subject)
        if options.json:
            say([json.dumps(columns.as_json(now, changes, [one]))])
            continue
        if number:
            print()
        say(plain.arena(now, one, changes[one.id], options.rows or 10))


def picture(options, command, subject):
    """A file that is complete or not there."""
    if not options.output:
        raise read.Trouble(read.USAGE, f"{command} needs -o FILE")
    kind = os.path.splitext(options.output)[1][1:]
    if kind not in ("svg", "png"):
        raise read.Trouble(read.USAGE, f"{options.output}: a name that ends in "
                                       ".svg or .png, please")
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
        raise read.Trouble(read.BAD_FILE, f"{options.output}: {error.strerror}") \
            from None
    finally:
        if os.path.exists(part):
            os.remove(part)
    print(options.output)


def run(made, options):
    command, subject, interval, count = words_of(made, options)
    if command == "table":
        table(options, interval, count)
    elif command == "arena":
        arena(options, subject, interval, count)
    elif command == "consumers":
        now = forest.Forest(read.Root(options.root))
        say(plain.consumers(now, now.find(subject), options.rows))
    elif command == "save":
        print(save.save(read.Root(options.root), subject))
    elif command == "tree" and not options.output:
        now = forest.Forest(read.Root(options.root))
        if options.json:
            say([json.dumps(columns.as_json(now, rates.changes(now)))])
        else:
            say(plain.tree(now))
    else:
        picture(options, command, subject)


def main(arguments):
    made = parser()
    try:
        run(made, made.parse_args(arguments))
        return 0
    except read.Trouble as trouble:
        print(f"vmemstat: {trouble}", file=sys.stderr)
        return trouble.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
