#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Show and judge what the guest of `make demo` printed.

usage: judge_demo.py LOG

See scripts/guest/init-demo for what it prints.  Everything has to be there, and
to have worked; each arena must have its fourteen statistics, in their order; and
the kernel must have had nothing to complain about.
"""

import re
import sys

from judge import begins, read

STATISTICS = """mem_inuse mem_import mem_total vmem_source alloc free wait fail
    lookup search populate_wait populate_fail contains contains_search""".split()

# A line of the trace that is about an arena of heap.ko.
EVENT = (r": vmem_%s: arena=\d+ name=heap_\w+ (source=\d+ )?(asked=\d+ )?"
         r"addr=0x[0-9a-f]+ size=\d+ ?")


def sections(lines):
    """The lines of each section by its title."""
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
        yield "it did not come to its end"
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
            yield f"no event vmem_{name} that makes sense"
    if not re.search(r"^\d+ \d+ by .*\[heap\]", "\n".join(
            line for title in found if title.endswith("/consumers")
            for line in found[title]), re.MULTILINE):
        yield "heap.ko is no consumer of what it has"
    for name in ("arenas", "metadata", "segments"):
        if not any(title.endswith("/" + name) and
                   [line for line in found[title] if line] for title in found):
            yield f"{name} is missing or empty"
    going = [line for title in found if title.startswith("a CPU goes")
             for line in found[title] if line.startswith("CPU 1 is ")]
    if going != ["CPU 1 is 0", "CPU 1 is 1"]:
        yield "the CPU did not go and come back"
    if "vmem_qcache 0" not in found.get("what is left", []):
        yield "something was left behind"
    for title, text in found.items():
        for line in text:
            if title.startswith("the kernel log") and begins(line) \
                    or re.search("Kernel panic", line):
                yield "the kernel says: " + line


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
