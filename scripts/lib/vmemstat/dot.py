# SPDX-License-Identifier: GPL-2.0
"""The tree of arenas as a picture, drawn by graphviz."""

import html
import subprocess

from . import read
from .columns import number, waiting

WIDTH = 140             # size of the usage bar, in points


def tree(forest, path, kind):
    try:
        done = subprocess.run(["dot", f"-T{kind}", "-Gdpi=96" if kind == "png"
                               else "-Gdpi=72", "-o", path],
                              input=graph(forest), text=True, encoding="utf-8",
                              capture_output=True, check=False)
    except FileNotFoundError:
        raise read.needs("the program dot", "graphviz", "the picture") from None
    if done.returncode:
        raise read.Error(read.BAD_FILE, "dot: " + done.stderr.strip()[-200:])


def graph(forest):
    lines = ['digraph vmem {', 'graph [rankdir=TB, nodesep=0.35, ranksep=0.45,'
             ' fontname="DejaVu Sans"];',
             'node [shape=plain, fontname="DejaVu Sans", fontsize=10];',
             'edge [dir=back, color="#777777", fontname="DejaVu Sans",'
             ' fontsize=8, fontcolor="#555555"];']
    for arena in forest.arenas:
        lines.append(f"a{arena.id} [label=<{node(arena)}>];")
        for child in arena.children:
            spans = child.stats["mem_import"]
            label = f' [label=" {number(spans)} imported"]' if spans else ""
            lines.append(f"a{arena.id} -> a{child.id}{label};")
    return "\n".join(lines + ["}"])


def colour(arena):
    if arena.stats["fail"]:
        return "#c2410c"
    return "#d9a400" if arena.tight else "#3b6ea5"


def node(arena):
    """Return a node, an HTML table: name, usage bar, numbers, failures."""
    stats = arena.stats
    full = round(WIDTH * min(arena.use, 100) / 100)
    if arena.use > 0:
        full = max(full, 2)
    bar = "".join(f'<td width="{width}" height="9" fixedsize="true" '
                  f'bgcolor="{fill}"></td>'
                  for width, fill in ((full, colour(arena)),
                                      (WIDTH - full, "#e7e7e4")) if width > 0)
    failures = "<br/>".join(f"{stats[name]} {what}" for name, what in
                            (("fail", "failed"), ("wait", "waits"),
                             ("import_fail", "imports failed"),
                             ("misuse", "refused")) if stats[name])
    if arena.waiters:
        failures += ("<br/>" if failures else "") + waiting(arena)
    if failures:
        failures = f'<tr><td><font color="#c2410c">{failures}</font></td></tr>'
    return (f'<table border="1" cellborder="0" cellspacing="0" cellpadding="3" '
            f'color="#999999" style="rounded">'
            f'<tr><td><b>{html.escape(arena.label)}</b> '
            f'<font color="#777777">{arena.id}</font></td></tr>'
            f'<tr><td><table border="0" cellborder="0" cellspacing="0" '
            f'cellpadding="0"><tr>{bar}</tr></table></td></tr>'
            f'<tr><td>{number(stats["mem_inuse"])} of {number(stats["mem_total"])}'
            f', {arena.use:.0f} %</td></tr>{failures}</table>')
