# SPDX-License-Identifier: GPL-2.0
"""An address space as a bounded number of cells, for any number of segments.

The spans are concatenated in the order of their addresses, without the gaps between
them: every integer has a place, and a sparse arena takes no more places than a dense
arena.  The places are divided into equal cells.  A cell records the number of its
allocated integers and the sizes of the segments of these integers.
"""

import bisect
import math
from array import array

COLUMNS = 256
ROWS = 48
MAX_REGION_ROWS = 24    # if there are no more regions, each region begins a new row
MIN_EDGE = 3            # size in cells of the smallest segments whose edges are drawn


class Cells:
    """The cells of an arena.

    @regions: adjacent spans, merged: [(first, last)]
    @size: integers in a cell, a power of two
    @rows: rows of COLUMNS cells
    @taken: allocated integers in each cell, including integers lost to rounding up
        to the quantum
    @weight: sum of log2(size of the segment) over the allocated integers of each cell
    @edges: starts, in cells, of the segments of at least MIN_EDGE cells
    """

    def __init__(self, segments):
        """@segments: a function; each call returns a new iterator of the segments."""
        self.starts, self.lasts = array("Q"), array("Q")
        imported = bytearray()
        for segment in segments():
            if segment.type == "span":
                self.starts.append(segment.start)
                self.lasts.append(segment.last)
                imported.append(segment.imported)
        order = sorted(range(len(self.starts)), key=self.starts.__getitem__)
        self.imported = bytearray(imported[i] for i in order)
        self.starts = array("Q", (self.starts[i] for i in order))
        self.lasts = array("Q", (self.lasts[i] for i in order))
        self.regions = self.join()
        self.total = sum(last - first + 1
                         for first, last in zip(self.starts, self.lasts))
        self.lay_out()
        self.taken = array("d", bytes(8 * self.rows * COLUMNS))
        self.weight = array("d", bytes(8 * self.rows * COLUMNS))
        self.edges = array("d")
        self.segments = 0
        self.allocated = 0
        self.fill(segments())

    def join(self):
        """Merge adjacent spans into regions."""
        regions = []
        for first, last in zip(self.starts, self.lasts):
            if regions and regions[-1][1] + 1 == first:
                regions[-1][1] = last
            else:
                regions.append([first, last])
        return regions

    def lay_out(self):
        """Compute the size of a cell and the place of each region."""
        region_rows = len(self.regions) <= MAX_REGION_ROWS
        self.size = 1
        while self.rows_for(self.size, region_rows) > ROWS:
            self.size *= 2
        if region_rows:
            # Use the smallest cells that fit into ROWS.
            while self.size > 1 and \
                    self.rows_for(self.size // 2, region_rows) <= ROWS:
                self.size //= 2
        self.region_rows = region_rows
        self.rows = self.rows_for(self.size, region_rows)
        self.firsts = [first for first, _ in self.regions]
        self.places = []
        place = 0
        for first, last in self.regions:
            self.places.append(place)
            place += last - first + 1
            if region_rows:
                row = self.size * COLUMNS
                place = -(-place // row) * row
        self.end = place

    def rows_for(self, size, region_rows):
        if not region_rows:
            return max(1, -(-self.total // (size * COLUMNS)))
        return max(1, sum(-(-(last - first + 1) // (size * COLUMNS))
                          for first, last in self.regions))

    def place(self, address):
        """Return the place of an integer of the arena."""
        region = bisect.bisect_right(self.firsts, address) - 1
        return self.places[region] + address - self.firsts[region]

    def address(self, place):
        """Return the integer at a place.  If the place is in no region, return the last
        integer of the region at lower places."""
        region = bisect.bisect_right(self.places, place) - 1
        first, last = self.regions[region]
        return min(first + place - self.places[region], last)

    def fill(self, segments):
        """Add all allocated segments.  A segment extends to the next segment, or to the
        end of its span."""
        span_last, held = None, None
        for segment in segments:
            if held is not None:
                end = span_last if segment.type == "span" else segment.start - 1
                self.add(held.start, end, held.size)
                held = None
            if segment.type == "span":
                span_last = segment.last
            else:
                self.segments += 1
                if segment.type == "alloc":
                    held = segment
        if held is not None:
            self.add(held.start, span_last, held.size)

    def add(self, first, last, size):
        if last < first or not self.regions or first < self.firsts[0]:
            return              # the arena changed while it was read
        place = self.place(first)
        end = min(place + last - first + 1, self.rows * COLUMNS * self.size)
        if end <= place:
            return
        self.allocated += 1
        if end - place >= MIN_EDGE * self.size:
            self.edges.append(place / self.size)
        log = math.log2(size) if size > 0 else 0.0
        cell, final = place // self.size, (end - 1) // self.size
        if cell == final:
            self.count(cell, end - place, log)
            return
        self.count(cell, (cell + 1) * self.size - place, log)
        self.count(final, end - final * self.size, log)
        whole = final - cell - 1
        if whole > 0:
            self.taken[cell + 1:final] = array("d", [self.size]) * whole
            self.weight[cell + 1:final] = array("d", [log * self.size]) * whole

    def count(self, cell, integers, log):
        self.taken[cell] += integers
        self.weight[cell] += log * integers

    def cells_of(self, first, last):
        """Return a range in cells, with fractions: (from, to)."""
        place = self.place(first)
        return place / self.size, (place + last - first + 1) / self.size

    def capacity(self):
        """Return the number of integers of the arena in each cell."""
        room = array("d", bytes(8 * self.rows * COLUMNS))
        for (first, last), place in zip(self.regions, self.places):
            end = place + last - first + 1
            cell, final = place // self.size, (end - 1) // self.size
            if cell == final:
                room[cell] += end - place
                continue
            room[cell] += (cell + 1) * self.size - place
            room[final] += end - final * self.size
            if final - cell > 1:
                room[cell + 1:final] = array("d", [self.size]) * (final - cell - 1)
        return room
