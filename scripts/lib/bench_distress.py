# SPDX-License-Identifier: GPL-2.0
"""The operations of the load "distress" and their limits.

A limit is a multiple of the baseline, the cost when no request waits, plus a number
of instructions.  A factor of None means: printed, not judged.
"""

LOAD = {"load": "distress", "instrument": "instructions"}

# op: description, factor, instructions
ROWS = {
    "wake": ("a free that n waiters wait for: cost for the freeing task",
             0, 5000),
    "serve": ("n waiters served one by one: total cost per waiter", 1, 20000),
    "pass_by": ("an import and its release while n waiters wait that it cannot "
                "serve", 1.1, 0),
    "pass_by_all": ("the same, and all work until the CPU is idle", 1, 5000),
    "drain_wait": ("the depot returns n objects for a waiter: longest time "
                   "without scheduling", 1, 20000),
    "drain_update": ("the same in maintenance", 1, 20000),
    "drain_destroy": ("the same when the arena is destroyed", 1, 20000),
    "maintain": ("a round of maintenance over n small cached arenas: cost per "
                 "arena; baseline: without caches", 1.1, 0),
    # All n arenas must be visited.
    "tree_sleep": ("a request waits for the source of n cached arenas: cost "
                   "until it sleeps", 0, 150000),
    "tree_second": ("all work in the following second", None, 0),
    "tree_destroy": ("the destruction of one of the n arenas during the wait", 1,
                     50000),
    "poll": ("a cached pair while a client polls a sibling arena of an exhausted "
             "source with VM_ABORT", 1.1, 0),
    "wait_own": ("a cached pair in a span that is not imported while a request "
                 "waits elsewhere in the tree", 1.1, 0),
    "wait_import": ("the same in an imported span", 2, 0),
    "sleep_beside": ("a sleep and its wake-up while an arena of another tree has "
                     "caches; baseline: no arena has caches", 1.1, 0),
    "own_import": ("a pair while a function of the client fails to import a slab; "
                   "baseline: vmem_alloc() fails", 1.1, 0),
}


def rows(figures):
    """Yield op, text, n, cost, baseline, limit of each measured operation, in
    order."""
    for op, (text, factor, more) in ROWS.items():
        for row, cost in figures.all("cost", op=op, **LOAD):
            n = row["n"]
            baseline = figures.get("calm", op=op, n=n, **LOAD) or 0
            limit = None if factor is None else factor * baseline + more
            yield op, text, int(n), cost, baseline, limit
