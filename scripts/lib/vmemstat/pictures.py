# SPDX-License-Identifier: GPL-2.0
"""The map of an arena's integers, and the histogram of its free segments."""

import math

from . import read
from .cells import COLUMNS, Cells
from .columns import number

FREE = (0.93, 0.93, 0.91)
OUTSIDE = (1.0, 1.0, 1.0)
FRAME = "#c2410c"
GAP = "#111111"
FRAMES = 400            # maximum number of framed spans


def library():
    """Return matplotlib and pyplot, configured for reproducible files."""
    try:
        # pylint: disable=import-outside-toplevel
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise read.needs("the library matplotlib", "python3-matplotlib",
                         "the picture") from None
    matplotlib.rcParams.update({
        "svg.hashsalt": "vmem", "svg.fonttype": "none", "font.size": 9,
        "font.family": "DejaVu Sans"})
    return matplotlib, pyplot


def finish(pyplot, figure, path, kind):
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(path, format=kind, dpi=110, bbox_inches="tight",
                   metadata=metadata)
    pyplot.close(figure)


def count(n, what):
    return f"{n} {what}" + ("" if n == 1 else "s")


def short(value):
    """Format a size that is probably a power of two."""
    if 1024 <= value < 1 << 20 and value % 1024 == 0:
        return f"{value // 1024}Ki"
    if value % (1 << 20) == 0 and 0 < value < 1000 << 20:
        return f"{value >> 20}Mi"
    return number(value)


def title_of(one):
    return (f"{one.label} (id {one.id}): {number(one.stats['mem_inuse'])} of "
            f"{short(one.stats['mem_total'])} in use, {one.use:.0f} %")


def address_map(forest, one, path, kind):
    """Draw rows of cells, by address, from left to right and top to bottom."""
    matplotlib, pyplot = library()
    cells = Cells(lambda: forest.segments(one))
    # Omit the palest colours, which are too similar to FREE.
    colours = matplotlib.colors.LinearSegmentedColormap.from_list(
        "sizes", pyplot.get_cmap("viridis_r")(
            [0.2 + 0.8 * step / 31 for step in range(32)]))
    logs = [weight / taken for weight, taken in zip(cells.weight, cells.taken)
            if taken]
    low, high = (min(logs), max(logs)) if logs else (0, 1)
    high = max(high, low + 1)
    scale = matplotlib.colors.Normalize(math.floor(low), math.ceil(high))

    height = max(0.4, 0.17 * cells.rows) + 0.9
    figure, axes = pyplot.subplots(figsize=(10.5, height))
    axes.imshow(colour_cells(cells, colours, scale), aspect="auto",
                interpolation="nearest", extent=(0, COLUMNS, cells.rows, 0))
    for row in range(1, cells.rows):
        axes.axhline(row, color="white", linewidth=1.6)
    notes = draw_marks(axes, cells)
    label_rows(axes, cells)
    axes.set_xticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    notes = [count(cells.allocated, "allocated segment"),
             count(cells.segments - cells.allocated, "free one"),
             count(len(cells.starts), "span"),
             f"a row is {short(cells.size * COLUMNS)}"] + notes
    axes.set_title(f"{title_of(one)}\n{', '.join(notes)}", loc="left",
                   fontsize=10)
    legend(matplotlib, pyplot, figure, axes, cells, colours, scale)
    finish(pyplot, figure, path, kind)


def colour_cells(cells, colours, scale):
    """Return the colours of the cells: by the size of the allocated segments, paler if
    the cell is partly free."""
    room = cells.capacity()
    image = []
    for row in range(cells.rows):
        line = []
        for cell in range(row * COLUMNS, (row + 1) * COLUMNS):
            if not room[cell]:
                line.append(OUTSIDE)
            elif not cells.taken[cell]:
                line.append(FREE)
            else:
                share = min(1.0, cells.taken[cell] / room[cell])
                share = 0.25 + 0.75 * share     # keep small shares visible
                colour = colours(scale(cells.weight[cell] / cells.taken[cell]))
                line.append(tuple(share * c + (1 - share) * f
                                  for c, f in zip(colour, FREE)))
        image.append(line)
    return image


def pieces(begin, end):
    """Split a range of cells by rows: yield (row, from, to, is first, is last)."""
    row = int(begin // COLUMNS)
    while row * COLUMNS < end:
        left, right = max(begin, row * COLUMNS), min(end, (row + 1) * COLUMNS)
        if right > left:
            yield (row, left - row * COLUMNS, right - row * COLUMNS,
                   left == begin, right == end)
        row += 1


class Strokes:
    """Many lines drawn as one path, which makes the file small."""

    def __init__(self):
        self.xs, self.ys = [], []

    def add(self, x1, y1, x2, y2):
        self.xs += [x1, x2, math.nan]
        self.ys += [y1, y2, math.nan]

    def draw(self, axes, **style):
        if self.xs:
            axes.plot(self.xs, self.ys, **style)


def draw_marks(axes, cells):
    """Draw edges of segments, frames of imported spans, and gaps.  Omit frames and gaps
    if there are too many, and return notes about them."""
    notes = []
    edges, frames, gaps = Strokes(), Strokes(), Strokes()
    for place in cells.edges:
        row = int(place // COLUMNS)
        x = place - row * COLUMNS
        edges.add(x, row + 0.06, x, row + 0.94)
    imported = [(first, last) for first, last, yes
                in zip(cells.starts, cells.lasts, cells.imported) if yes]
    if len(imported) > FRAMES:
        notes.append(f"{len(imported)} imported spans are not framed")
        imported = []
    for first, last in imported:
        for row, left, right, begins, ends in pieces(*cells.cells_of(first, last)):
            top, bottom = row + 0.1, row + 0.9
            frames.add(left, top, right, top)
            frames.add(left, bottom, right, bottom)
            for x, here in ((left, begins), (right, ends)):
                if here:
                    frames.add(x, top, x, bottom)
    places = cells.places[1:]
    if places:
        notes.append(count(len(places), "gap") + " left out")
    for place in places if len(places) <= FRAMES else []:
        row = int(place // cells.size // COLUMNS)
        x = place / cells.size - row * COLUMNS
        if cells.region_rows:
            gaps.add(0, row, COLUMNS, row)
        else:
            gaps.add(x, row + 0.02, x, row + 0.98)
    edges.draw(axes, color="white", linewidth=0.5, alpha=0.7)
    frames.draw(axes, color=FRAME, linewidth=1)
    gaps.draw(axes, color=GAP, linewidth=1 if cells.region_rows else 1.4,
              linestyle=(0, (4, 3)) if cells.region_rows else "-")
    return notes


def label_rows(axes, cells):
    """Label rows with their first address."""
    step = -(-cells.rows // 32)
    rows = range(0, cells.rows, step)
    axes.set_yticks([row + 0.5 for row in rows],
                    [f"{cells.address(row * COLUMNS * cells.size):#x}"
                     if cells.regions else "" for row in rows],
                    family="monospace", fontsize=8)
    axes.tick_params(length=0)


def legend(matplotlib, pyplot, figure, axes, cells, colours, scale):
    patches = [matplotlib.patches.Patch(facecolor=FREE, edgecolor="#999999",
                                        label="free")]
    if any(cells.imported):
        patches.append(matplotlib.patches.Patch(facecolor="none",
                                                edgecolor=FRAME,
                                                label="imported span"))
    if len(cells.regions) > 1:
        patches.append(matplotlib.lines.Line2D(
            [], [], color=GAP,
            linestyle=(0, (4, 3)) if cells.region_rows else "-", label="gap"))
    axes.legend(handles=patches, loc="upper left", ncol=3, frameon=False,
                bbox_to_anchor=(0, 0), borderaxespad=0.2)
    bar = figure.colorbar(
        pyplot.cm.ScalarMappable(norm=scale, cmap=colours), ax=axes, pad=0.015,
        fraction=0.03, aspect=max(4, cells.rows))
    ticks = range(math.floor(scale.vmin), math.ceil(scale.vmax) + 1)
    ticks = list(ticks)[::max(1, len(ticks) // 8)]
    bar.set_ticks(ticks, labels=[short(1 << max(0, tick)) for tick in ticks])
    bar.set_label("size of allocated segments")


def histogram(forest, one, path, kind):
    """Draw the free segments by size class: their total size and their number."""
    _, pyplot = library()
    classes = {c.smallest.bit_length() - 1: c for c in
               forest.parse(one, read.parse_freelists, "freelists")}
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10.5, 3.6),
                                            sharey=True)
    figure.subplots_adjust(wspace=0.06)
    free = sum(c.size for c in classes.values())
    bits = range(min(classes), max(classes) + 1) if classes else range(1)
    for axes, values, what, top in (
            (left, {b: 100 * c.size / free for b, c in classes.items()},
             "per cent of all that is free", "{:.1f} %"),
            (right, {b: c.segments for b, c in classes.items()},
             "segments", "{}")):
        drawn = axes.barh(list(bits), [values.get(b, 0) for b in bits],
                          color="#3b6ea5" if axes is left else "#7a9cc0")
        for rectangle, b in zip(drawn, bits):
            if values.get(b):
                axes.annotate(top.format(values[b]),
                              (rectangle.get_width(), b), xytext=(3, 0),
                              textcoords="offset points", va="center", fontsize=8)
        axes.set_xlabel(what)
        axes.margins(x=0.14)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    step = -(-len(bits) // 24)
    shown = list(bits)[::step]
    left.set_yticks(shown, [f"{short(1 << b)} to under {short(2 << b)}"
                            for b in shown])
    left.set_ylabel("size of a free segment")
    text = f"{number(free)} free in {sum(c.segments for c in classes.values())} " \
           "segments"
    if classes:
        text += f", none as large as {short(2 << max(classes))}"
    figure.suptitle(f"{title_of(one)}\n{text}", x=0.125, y=1.0, ha="left",
                    fontsize=10)
    finish(pyplot, figure, path, kind)
