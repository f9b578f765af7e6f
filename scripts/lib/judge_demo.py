#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print and judge the output of the guest of `make demo`.

usage: judge_demo.py LOG

scripts/guest/init-demo prints the output in sections.  All sections must exist, and no
command may have failed; each arena must have its fourteen statistics in their order;
and the kernel must have reported no fault.
"""

import re
import sys

from judge import begins, read

STATISTICS = """mem_inuse mem_import mem_total vmem_source alloc free wait fail
    lookup search populate_wait populate_fail contains contains_search""".split()

# An event of an arena of heap.ko in the trace.
EVENT = (r": vmem_%s: arena=\d+ name=heap_\w+ (source=\d+ )?(asked=\d+ )?"
         r"addr=0x[0-9a-f]+ size=\d+ ?")


def sections(lines):
    """Return {title: lines} of the sections."""
    found = {}
    title = None
    for line in lines:
        if line.startswith("== "):
            title = line[3:]
            found[title] = []
        elif title:
            found[title].append(line)
    return found


def faults(lines):
    found = sections(lines)
    if "end" not in found:
        yield "the guest did not finish"
    for line in lines:
        if line.startswith("!! "):
            yield line[3:]
    arenas = [title for title in found if title.endswith("/stats")]
    if not arenas:
        yield "there are no arenas"
    for title in arenas:
        names = [line.split()[0] for line in found[title] if line]
        if names[:len(STATISTICS)] != STATISTICS:
            yield f"{title} does not begin with the {len(STATISTICS)} statistics"
    events = "\n".join(found.get("some events", []))
    for name in ("alloc", "free", "import", "release"):
        if not re.search(EVENT % name, events):
            yield f"no plausible event vmem_{name}"
    if not re.search(r"^\d+ \d+ by .*\[heap\]", "\n".join(
            line for title in found if title.endswith("/consumers")
            for line in found[title]), re.MULTILINE):
        yield "heap.ko is not among its arena's consumers"
    for name in ("arenas", "metadata", "segments"):
        if not any(title.endswith("/" + name) and
                   [line for line in found[title] if line] for title in found):
            yield f"{name} is missing or empty"
    hotplug = [line for title in found if title.startswith("CPU hotplug")
               for line in found[title] if line.startswith("CPU 1 is ")]
    if hotplug != ["CPU 1 is 0", "CPU 1 is 1"]:
        yield "CPU 1 did not go offline and online"
    if "vmem_qcache 0" not in found.get("memory after the clients were removed", []):
        yield "a quantum cache was leaked"
    for title, text in found.items():
        for line in text:
            if title.startswith("the kernel log") and begins(line) \
                    or re.search("Kernel panic", line):
                yield "kernel report: " + line


def main():
    lines = read(sys.argv[1])
    start = next((number for number, line in enumerate(lines)
                  if line.startswith("== ")), 0)
    shown = lines[start:]
    if "== end" in shown:
        del shown[shown.index("== end"):]
    print("\n".join(shown))
    wrong = list(faults(lines))
    for fault in wrong:
        print("demo: wrong:", fault)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
