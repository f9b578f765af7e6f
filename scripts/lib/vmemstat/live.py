# SPDX-License-Identifier: GPL-2.0
"""The live table on a terminal, redrawn after each interval.

Keys: q quits, s sorts by the next column, r sorts by tree.
"""

import contextlib
import os
import select
import signal
import sys
import termios
import time
import tty

from . import columns, forest, rates, read

# Columns to omit on a narrow terminal, in this order.
OPTIONAL = "load", "cached", "hit", "free", "wait", "total", "in_use", "waiters"
GAP = 2


def library():
    try:
        # pylint: disable=import-outside-toplevel
        from rich import live, table, text
    except ImportError:
        raise read.needs("the library rich", "python3-rich",
                         "the live view (not --once and --plain)") from None
    return live, table, text


@contextlib.contextmanager
def keys():
    """Provide unbuffered input: a file descriptor, or None without a terminal."""
    if not sys.stdin.isatty():
        yield None
        return
    fd = sys.stdin.fileno()
    saved = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield fd
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, saved)


def wait_for_key(fd, deadline):
    """Return a key that is pressed before the deadline, or None."""
    left = max(0, deadline - time.monotonic())
    if fd is None:
        time.sleep(left)
        return None
    if select.select([fd], [], [], left)[0]:
        return os.read(fd, 1).decode("ascii", "replace") or "q"
    return None


def fitting_columns(names, head, body, width):
    """Return the indices of the columns that fit into the width."""
    wide = [max(len(line[i]) for line in [head] + body) for i in range(len(head))]
    shown = list(range(len(names)))
    for name in OPTIONAL:
        if sum(wide[i] + GAP for i in shown) - GAP <= width:
            break
        shown.remove(names.index(name))
    return shown


class Screen:
    """The state of the view: sorting and format."""

    def __init__(self, by, exact):
        self.by = by
        self.exact = exact
        _, self.table, self.text = library()

    def cell_style(self, arena, name, value):
        """Return the style of a cell; highlight failures, waits and high usage."""
        if value in ("-", "0"):
            return "dim"
        if name == "fail":
            return "bold red"
        if name in ("wait", "waiters", "longest"):
            return "yellow"
        return "yellow" if name == "use" and arena.tight else ""

    def draw(self, now, changes, console):
        head, body, arenas, more = columns.table(now, changes, self.by, self.exact,
                                         max(1, console.height - 6))
        names = ["id", "name"] + [column.name for column in columns.COLUMNS]
        meta = columns.number(sum(now.metadata.values()))
        title = f"{len(now.arenas)} arenas, {meta} for vmem's own structures"
        if now.misuse or any(arena.stats["misuse"] for arena in now.arenas):
            title += "; calls were refused: see the kernel log"
        drawn = self.table.Table(
            title=title, box=None, pad_edge=False, padding=(0, GAP, 0, 0), title_justify="left",
            title_style="bold", caption_justify="left",
            caption=(f"... and {more} more; " if more else "")
            + f"by {self.by}; q: quit, s: sort by the next column, r: sort by tree")
        shown = fitting_columns(names, head, body, console.width)
        for i in shown:
            chosen = names[i] == self.by
            drawn.add_column(head[i], justify="left" if i == 1 else "right",
                             no_wrap=True, overflow="ellipsis",
                             header_style="reverse" if chosen else "bold")
        for arena, line in zip(arenas, body):
            drawn.add_row(*(self.text.Text(line[i], self.cell_style(
                arena, names[i], line[i])) for i in shown))
        return drawn

    def key(self, key):
        """Handle a key; return False to quit."""
        if key in ("q", "Q", "\x03", "\x04"):
            return False
        if key == "s":
            at = columns.NAMES.index(self.by) + 1
            self.by = columns.NAMES[at % len(columns.NAMES)]
        elif key == "r":
            self.by = "tree"
        return True


def show(root, interval, count, by, exact):
    """Show the table until the user quits, or @count times."""
    live = library()[0]
    screen = Screen(by, exact)
    before, now = None, forest.Forest(root)
    changes = rates.changes(now)
    rounds = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with keys() as fd, live.Live(screen=True, auto_refresh=False) as view:
        while True:
            view.update(screen.draw(now, changes, view.console),
                        refresh=True)
            if count is not None and rounds >= count:
                return
            deadline = time.monotonic() + interval
            while time.monotonic() < deadline:
                key = wait_for_key(fd, deadline)
                if key is None:
                    continue
                if not screen.key(key):
                    return
                view.update(screen.draw(now, changes, view.console),
                            refresh=True)
            before, now = now, forest.Forest(root)
            changes = rates.changes(now, before)
            rounds += 1
