# SPDX-License-Identifier: GPL-2.0
"""The operations of the load "distress" and their limits.

A limit is a multiple of the baseline plus a number of instructions.  The baseline is the
cost when no request waits.  An operation with the factor None has no limit.
"""

LOAD = {"load": "distress", "instrument": "instructions"}

# op: (description, factor, additional instructions)
ROWS = {
    "wake": ("vmem_free() while n requests wait for the space: cost for the caller",
             0, 5000),
    "serve": ("n waiting requests succeed one by one: total cost per request",
              1, 20000),
    "pass_by": ("an import and its release while n requests wait that do not fit",
                1.1, 0),
    "pass_by_all": ("an import and its release while n requests wait that do not "
                    "fit: all work until the CPU is idle", 1, 5000),
    "drain_wait": ("the depot returns n objects for a waiting request: longest time "
                   "without scheduling", 1, 20000),
    "drain_update": ("the depot returns n objects in maintenance: longest time "
                     "without scheduling", 1, 20000),
    "drain_destroy": ("the depot returns n objects when the arena is destroyed: "
                      "longest time without scheduling", 1, 20000),
    "maintain": ("a round of maintenance over n small cached arenas: cost per "
                 "arena; baseline: without caches", 1.1, 0),
    # The limit allows the request to visit all n arenas.
    "tree_sleep": ("a request waits for the source of n cached arenas: cost "
                   "until it sleeps", 0, 150000),
    "tree_second": ("a request waits for the source of n cached arenas: all work in "
                    "the second after it sleeps", None, 0),
    "tree_destroy": ("one of n cached arenas is destroyed while a request waits for "
                     "their source", 1, 50000),
    "poll": ("a cached pair while a client polls a sibling arena of an exhausted "
             "source with VM_ABORT", 1.1, 0),
    "wait_own": ("a cached pair in a span that is not imported while a request "
                 "waits elsewhere in the tree", 1.1, 0),
    "wait_import": ("a cached pair in an imported span while a request waits "
                    "elsewhere in the tree", 2, 0),
    "sleep_beside": ("a sleep and its wake-up while an arena of another tree has "
                     "caches; baseline: no arena has caches", 1.1, 0),
    "own_import": ("a pair while a function of the client fails to import a slab; "
                   "baseline: vmem_alloc() fails", 1.1, 0),
}


def rows(figures):
    """Yield (op, text, n, cost, baseline, limit) of each measured operation, in the
    order of ROWS."""
    for op, (text, factor, more) in ROWS.items():
        for row, cost in figures.all("cost", op=op, **LOAD):
            n = row["n"]
            baseline = figures.get("baseline", op=op, n=n, **LOAD) or 0
            limit = None if factor is None else factor * baseline + more
            yield op, text, int(n), cost, baseline, limit
