#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run a guest (a User Mode Linux kernel, QEMU) with a time limit.

usage: guest.py SECONDS LOG WHAT COMMAND...

The output of the guest goes to LOG.  On a timeout, if GUEST_MONITOR is the socket of
QEMU's monitor, the program appends the state of the guest's CPUs to LOG.

The guest runs in its own session.  At the end of the guest, on a timeout and on a
signal, the program kills the whole session: User Mode Linux leaves processes behind
when it crashes, and kills its whole process group when it panics.

Exit status: 0 if the guest ended, for any reason; 124 on a timeout.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PROGRESS_INTERVAL = 15.0
MONITOR_TIMEOUT = 5.0


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def stop(signum, _frame):
    raise SystemExit(128 + signum)


def children():
    """Return all child processes, including orphans of the guest: this process is
    their subreaper."""
    with open(f"/proc/self/task/{os.getpid()}/children",
              encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def kill_all(session):
    """Kill all processes of a guest, until none is left."""
    for _ in range(100):
        try:
            os.killpg(session, signal.SIGKILL)
        except ProcessLookupError:
            pass
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.02)


def cpu_state(monitor):
    """Return the state of QEMU's CPUs, or the error of the monitor."""
    said = b""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(MONITOR_TIMEOUT)
            line.connect(monitor)
            for command in (b"info status", b"info registers -a"):
                line.sendall(command + b"\n")
            while data := line.recv(1 << 16):
                said += data
    except OSError as error:
        if b"RIP=" not in said and b"EIP=" not in said:
            said += f"the emulator does not answer: {error}".encode()
    return said.replace(b"\r", b"") + b"\n"


def main():
    limit, log, what, command = (float(sys.argv[1]), sys.argv[2], sys.argv[3],
                                 sys.argv[4:])
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, stop)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    start = time.monotonic()
    next_progress = start + PROGRESS_INTERVAL
    with open(log, "wb") as output:
        guest = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    try:
        while True:
            try:
                guest.wait(0.05)
                return 0
            except subprocess.TimeoutExpired:
                pass
            now = time.monotonic()
            if now - start > limit:
                print(f"{what}: timeout after {limit:.0f} s", flush=True)
                if "GUEST_MONITOR" in os.environ:
                    with open(log, "ab") as output:
                        output.write(cpu_state(os.environ["GUEST_MONITOR"]))
                return 124
            if now > next_progress:
                next_progress = now + PROGRESS_INTERVAL
                with open(log, "rb") as output:
                    lines = sum(1 for _ in output)
                print(f"{what}: {now - start:.0f} s, {lines} lines of log",
                      flush=True)
    finally:
        kill_all(guest.pid)


if __name__ == "__main__":
    sys.exit(main())
