# SPDX-License-Identifier: GPL-2.0
"""The figures of scripts/bench: parse logs of guests, write and read CSV.

A row is one figure: a dictionary with the keys COLUMNS.  Columns that do not apply to
the figure are empty.
"""

import csv

COLUMNS = ["instrument", "load", "peer", "live", "size", "full", "how",
           "threads", "at", "n", "op", "metric", "value"]
KEYS = COLUMNS[:-2]
# Names that are parameters, and not figures, in a line of results.
PARAMETERS = set(COLUMNS[1:-2])

# Names and titles of the peers, in the order of the tables.
PEERS = {
    "stack": "per-CPU stack",
    "kmem_cache": "kmem_cache",
    "ida": "ida",
    "idr": "idr, cyclic",
    "sbitmap": "sbitmap",
    "genalloc": "genalloc",
    "iova": "iova, cached",
    "drm_mm": "drm_mm",
    "maple": "maple tree",
    "vmem-ids": "vmem, cached identifiers",
    "vmem-cached": "vmem, cached",
    "vmem": "vmem, instant fit",
    "vmem-best": "vmem, best fit",
    "vmem-next": "vmem, next fit",
}


class Log:
    """The log of a guest: rows, missing figures, failures."""

    def __init__(self, instrument, path):
        self.rows = []
        self.missing = []
        self.failed = []
        ended = False
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                _, found, rest = line.strip().partition("bench: ")
                if not found:
                    continue
                word = rest.split()[0] if rest else ""
                if word == "missing":
                    self.missing.append(rest[len("missing "):])
                elif word == "failed":
                    self.failed.append(rest[len("failed "):])
                elif word == "end":
                    ended = True
                else:
                    self.line(instrument, rest)
        if not ended:
            self.failed.append(f"{instrument}: the guest did not finish: {path}")

    def line(self, instrument, rest):
        """Parse a line of results: each figure becomes a row."""
        pairs = [word.split("=", 1) for word in rest.split() if "=" in word]
        row = {"instrument": instrument}
        row.update((name, value) for name, value in pairs
                   if name in PARAMETERS)
        if rest.startswith("clock"):
            row["load"] = "clock"
        for name, value in pairs:
            if name not in PARAMETERS:
                self.rows.append({**row, "metric": name, "value": value})


def best(rows):
    """Keep the minimum of each repeated figure: noise only increases it."""
    least = {}
    for row in rows:
        key = tuple(row.get(name) for name in COLUMNS[:-1])
        if key not in least:
            least[key] = row
        elif float(row["value"]) < float(least[key]["value"]):
            least[key] = row
    return list(least.values())


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


class Figures:
    """All figures, indexed by their parameters."""

    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))
        # Index by metric and load: each query names a load, and most name a metric.
        self.parts = {}
        for row in self.rows:
            for part in ((row["metric"], row["load"]), (None, row["load"])):
                self.parts.setdefault(part, []).append(row)

    def get(self, metric, **keys):
        """Return the figure with these parameters, or None."""
        found = self.all(metric, **keys)
        return found[0][1] if found else None

    def word(self, metric, **keys):
        """Return a figure that is a string, or None."""
        found = list(self.fitting(metric, **keys))
        return found[0]["value"] if found else None

    def fitting(self, metric, load, **keys):
        """Return the rows with this metric, load and other parameters."""
        keys = [(name, str(value)) for name, value in keys.items()]
        return (row for row in self.parts.get((metric, load), [])
                if all(row[name] == value for name, value in keys))

    def all(self, metric, **keys):
        """Return all figures with these parameters: pairs of a row and a number."""
        return [(row, float(row["value"]))
                for row in self.fitting(metric, **keys)]

    def values(self, column, **keys):
        """Return the values, numbers or names, of a column in the rows with these
        parameters, sorted."""
        found = {row[column] for row in self.fitting(None, **keys)
                 if row[column]}
        if all(value.isdigit() for value in found):
            return sorted(found, key=int)
        return [peer for peer in PEERS if peer in found] or sorted(found)

    def share(self, load, peer, instrument, op="free", **keys):
        """Return the largest free piece as a share of the free space over time: a list
        of (number of operations so far, share)."""
        columns = [self.all(metric, load=load, peer=peer,
                            instrument=instrument, op=op, **keys)
                   for metric in ("done", "largest", "free")]
        return [(done, largest / free)
                for (_, done), (_, largest), (_, free) in zip(*columns)
                if free]


def mean(numbers):
    return sum(numbers) / len(numbers) if numbers else None


def mean_share(shares):
    """Return the mean of the shares that Figures.share() returned."""
    return mean([share for _, share in shares])
