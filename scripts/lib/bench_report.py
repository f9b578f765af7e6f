#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Write tables, plots and figures of scripts/bench from the logs of its guests.

usage: bench_report.py DIRECTORY ABOUT INSTRUMENT=LOG...

Write results.csv, the plots, the tables in tables/ and tables/about.inc (the lines
"NAME: VALUE" of the file ABOUT) to DIRECTORY, and print the tables.  The exit status is
1 if a guest failed.
"""

import os
import sys

from bench_figures import Figures, Log, best, write
from bench_plots import all_plots
from bench_tables import all_tables


def main():
    directory, about = sys.argv[1:3]
    rows, missing, failed = [], [], []
    for argument in sys.argv[3:]:
        instrument, path = argument.split("=", 1)
        log = Log(instrument, path)
        rows += best(log.rows)
        failed += log.failed
        missing += [f"{line} ({instrument})" for line in log.missing]
    os.makedirs(f"{directory}/tables", exist_ok=True)
    for old in os.listdir(f"{directory}/tables"):
        os.unlink(f"{directory}/tables/{old}")
    for old in os.listdir(directory):
        if old.endswith(".svg"):
            os.unlink(f"{directory}/{old}")
    write(f"{directory}/results.csv", rows)
    figures = Figures(f"{directory}/results.csv")
    for table in all_tables(figures):
        if table.lines:
            print(table.text())
            with open(f"{directory}/tables/{table.name}.inc", "w",
                      encoding="utf-8") as out:
                out.write(table.rst())
    all_plots(figures, directory)
    with open(f"{directory}/tables/about.inc", "w", encoding="utf-8") as out, \
            open(about, encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.strip().partition(": ")
            out.write(f":{name}: {value}\n")
        for line in sorted(set(missing)):
            print("missing:", line)
            out.write(f":missing: {line}\n")
    for line in failed:
        print("FAILED:", line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
