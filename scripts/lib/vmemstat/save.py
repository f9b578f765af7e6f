# SPDX-License-Identifier: GPL-2.0
"""Copy vmem's files, to read them elsewhere or later.

Files in debugfs have no size: tar and rsync would create empty copies.  The additional
file "saved" in the copy holds the time and the kernel of the copy.

The copy is not an atomic snapshot: each file is read at a different time.
"""

import os
import platform
import shutil
import time

from . import forest, read

ALL = "arenas", "kstat", "metadata"
ONE = ("stats", "segments", "freelists", "qcaches", "mtbf", "audit", "consumers",
       "waiters")


def copy(source, target):
    """Copy a file and return its size, or 0 if it cannot be read."""
    try:
        with open(source, "rb") as what, \
                open(target + ".part", "wb") as where:
            shutil.copyfileobj(what, where)
    except OSError:
        if os.path.exists(target + ".part"):
            os.remove(target + ".part")
        return 0
    os.rename(target + ".part", target)
    return os.path.getsize(target)


def save(root, target):
    """Copy all files and return a summary."""
    try:
        os.makedirs(target, mode=0o700, exist_ok=True)
        if os.listdir(target):
            raise read.Error(read.USAGE, f"{target} is not empty")
        about = [f"uptime {root.uptime():.3f}",
                 f"date {time.strftime('%Y-%m-%dT%H:%M:%S%z')}",
                 f"kernel {platform.release()}"]
        if root.saved:
            about = [f"{name} {value}" for name, value in root.about().items()]
        arenas = forest.Forest(root).arenas
        size = sum(copy(os.path.join(root.path, name), os.path.join(target, name))
                   for name in ALL)
        for arena in arenas:
            directory = os.path.join(target, arena.directory)
            os.mkdir(directory)
            size += sum(copy(os.path.join(root.path, arena.directory, name),
                             os.path.join(directory, name)) for name in ONE)
        with open(os.path.join(target, "saved"), "w", encoding="ascii") as file:
            file.write("\n".join(about) + "\n")
    except OSError as error:
        raise read.Error(read.BAD_FILE,
                         f"{error.filename}: {error.strerror}") from None
    return f"{len(arenas)} arenas, {size} bytes: vmemstat --root {target}"
