# SPDX-License-Identifier: GPL-2.0
"""What vmemstat is made of.

read        the files in debugfs, and what can be wrong with them
forest      the arenas as a tree; finding one
rates       what happened between two looks
columns     the table of arenas
plain       tables and trees as text
live        the table on a terminal, redrawn (needs rich)
save        a copy of the files, to be looked at elsewhere
cells       an address space as a bounded number of cells
pictures    the map and the histogram (need matplotlib)
dot         the tree as a picture (needs graphviz)
cli         the command line
"""
