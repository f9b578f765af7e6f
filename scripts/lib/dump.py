#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Dump the memory of a guest in QEMU as a core file, and end the guest.

usage: dump.py SOCKET LOG FILE SECONDS

SOCKET is the socket of QEMU's machine protocol.  The guest is ready when its LOG has
the line "== end".
"""

import json
import os
import socket
import sys
import time


class Monitor:
    """A connection to QEMU's machine protocol."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.file.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments})
                        + "\n")
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "error" in answer:
                raise SystemExit(f"dump: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise SystemExit(f"dump: {command}: QEMU has ended")

    def end(self):
        """End QEMU.  Read until the socket is closed: otherwise QEMU may not quit."""
        self.file.write('{"execute": "quit"}\n')
        self.file.flush()
        try:
            for _ in self.file:
                pass
        except ConnectionResetError:
            pass


def ready(log):
    try:
        with open(log, "rb") as file:
            return any(line.rstrip() == b"== end" for line in file)
    except FileNotFoundError:
        return False


def main():
    path, log, target, seconds = sys.argv[1:]
    end = time.monotonic() + float(seconds)
    while not (os.path.exists(path) and ready(log)):
        if time.monotonic() > end:
            raise SystemExit("dump: timeout: the guest is not ready")
        time.sleep(0.2)
    monitor = Monitor(path)
    monitor.do("stop")
    # paging=True: drgn needs the virtual addresses to find the page tables.
    monitor.do("dump-guest-memory", paging=True, protocol=f"file:{target}")
    monitor.end()


if __name__ == "__main__":
    main()
