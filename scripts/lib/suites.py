#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print which KUnit suites are in which module.

usage: suites.py MODULE.ko...

Prints a line for each module: its file name, then its suites' names.  They are
read from the module itself (a 64-bit ELF object): its section
.kunit_test_suites holds a pointer to each suite, and a suite begins with its
name.  So it is known what should run even if nothing ever does.
"""

import os
import struct
import sys

SUITES = b".kunit_test_suites"


def text(data, offset):
    return data[offset:data.index(b"\0", offset)]


def suites(path):
    with open(path, "rb") as file:
        elf = file.read()
    if elf[:5] != b"\x7fELF\x02":
        raise SystemExit(f"{path}: not a 64-bit ELF object")
    start, = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3a)
    # name, type, flags, address, offset, size, link, info, alignment, entry size
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, start + i * size)
                for i in range(count)]
    names = sections[names][4]

    found = []
    for section in sections:
        if text(elf, names + section[0]) != b".rela" + SUITES:
            continue
        symbols = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], 24):
            _, info, addend = struct.unpack_from("<QQq", elf, at)
            _, _, _, where, value, _ = struct.unpack_from(
                "<IBBHQQ", elf, symbols + (info >> 32) * 24)
            name = text(elf, sections[where][4] + value + addend)
            found.append(name.decode())
    return found


for module in sys.argv[1:]:
    print(os.path.basename(module), *suites(module))
