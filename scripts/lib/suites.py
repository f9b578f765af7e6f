#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the KUnit suites of modules.

usage: suites.py MODULE.ko...

Print a line for each module: its file name, then the names of its suites.  The names
come from the section .kunit_test_suites of the module, which holds a pointer to each
struct kunit_suite; the structure begins with the name.  judge.py needs the names to
detect suites that did not run.
"""

import os
import struct
import sys

SUITES = b".kunit_test_suites"

# Formats of 32-bit and 64-bit ELF.
#
# 1. prefix of the names of relocation sections
# 2. header, starting at e_shoff: format, offset
# 3. section: format
# 4. relocation: format, shift of the symbol
# 5. symbol: format, indices of section and value
#
# Fields of a section: name, type, flags, address, offset, size, link, info, ...
SIZES = {
    1: (b".rel", "<I10xHHH", 0x20, "<10I", "<II", 8, "<IIIBBH", (5, 1)),
    2: (b".rela", "<Q10xHHH", 0x28, "<IIQQQQIIQQ", "<QQq", 32, "<IBBHQQ", (3, 4)),
}


def text(data, offset):
    return data[offset:data.index(b"\0", offset)]


def suites(path):
    with open(path, "rb") as file:
        elf = file.read()
    if elf[:4] != b"\x7fELF" or elf[4] not in SIZES or elf[5] != 1:
        raise SystemExit(f"{path}: not a little-endian ELF object")
    (prefix, header, start, section_of, reloc_of, shift, symbol_of,
     (where, value)) = SIZES[elf[4]]
    start, size, count, names = struct.unpack_from(header, elf, start)
    sections = [struct.unpack_from(section_of, elf, start + i * size)
                for i in range(count)]
    names = sections[names][4]

    found = []
    for section in sections:
        if text(elf, names + section[0]) != prefix + SUITES:
            continue
        symbols = sections[section[6]][4]
        target = sections[section[7]][4]
        for reloc in struct.iter_unpack(
                reloc_of, elf[section[4]:section[4] + section[5]]):
            symbol = struct.unpack_from(
                symbol_of, elf,
                symbols + (reloc[1] >> shift) * struct.calcsize(symbol_of))
            # A rela relocation holds its addend; for rel, the section holds it.
            addend = (reloc[2] if len(reloc) > 2 else
                      struct.unpack_from("<I", elf, target + reloc[0])[0])
            name = text(elf, sections[symbol[where]][4] + symbol[value] + addend)
            found.append(name.decode())
    return found


for module in sys.argv[1:]:
    print(os.path.basename(module), *suites(module))
