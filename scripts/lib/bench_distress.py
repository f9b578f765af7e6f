# SPDX-License-Identifier: GPL-2.0
"""What the load "distress" measures, and what each may cost.

A limit is a factor of the cost when nothing waits ("calm"), plus so many
instructions.  A limit of None: shown, not judged.
"""

LOAD = {"load": "distress", "instrument": "instructions"}

# op: what it is, factor, instructions
ROWS = {
    "wake": ("a free of what each of n waiters wants: for the freeing task",
             0, 5000),
    "serve": ("n waiters served one by one: all in all, each", 1, 20000),
    "pass_by": ("an import and its release beside n waiters that it cannot "
                "serve", 1.1, 0),
    "pass_by_all": ("what comes of that until the CPU is idle", 1, 5000),
    "drain_wait": ("n objects leave the depot for a waiter: longest time "
                   "without scheduling", 1, 20000),
    "drain_update": ("n objects leave the depot for maintenance: the same",
                     1, 20000),
    "drain_destroy": ("n objects leave the depot of an arena destroyed: "
                      "the same", 1, 20000),
    "maintain": ("a round of maintenance over n small cached arenas: each; "
                 "calm: without caches", 1.1, 0),
    # Each of the n has to be looked at.
    "tree_sleep": ("a request has to wait for the source of n cached arenas: "
                   "until it sleeps", 0, 150000),
    "tree_second": ("everything in the second after that", None, 0),
    "tree_destroy": ("one of the n is destroyed meanwhile", 1, 50000),
    "poll": ("a client polls an arena of an exhausted source with VM_ABORT: "
             "a sibling's cached pair", 1.1, 0),
    "wait_own": ("a request waits elsewhere in the tree: a cached pair in a "
                 "span that is not imported", 1.1, 0),
    "wait_import": ("the same in an imported span", 2, 0),
    "sleep_beside": ("a sleep and the wake-up from it, while an arena of "
                     "another tree has caches; calm: while none has", 1.1, 0),
    "own_import": ("a pair where a client's own function fails to import a "
                   "slab; calm: vmem_alloc() does", 1.1, 0),
}


def rows(figures):
    """Each that was measured: op, text, n, cost, calm, limit, in order."""
    for op, (text, factor, more) in ROWS.items():
        for row, cost in figures.all("cost", op=op, **LOAD):
            n = row["n"]
            calm = figures.get("calm", op=op, n=n, **LOAD) or 0
            limit = None if factor is None else factor * calm + more
            yield op, text, int(n), cost, calm, limit
