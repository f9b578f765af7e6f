# SPDX-License-Identifier: GPL-2.0
"""The modules of vmemstat.

read        parsers of the files in debugfs, and errors
forest      the tree of arenas
rates       changes between two snapshots
columns     the table of arenas
plain       tables and trees as text
live        the live table on a terminal (needs rich)
save        copies of the files
cells       an address space as a bounded number of cells
pictures    the map and the histogram (need matplotlib)
dot         the tree as a picture (needs graphviz)
cli         the command line
"""
