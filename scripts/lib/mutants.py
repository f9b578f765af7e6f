#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Build mutants of vmem.ko, run the tests on each, and print the survivors.

usage: mutants.py [OPTION...] [--stage DIR]...

scripts/mutants starts this program.  A stage is a kernel that runs some or all tests;
scripts/mutants prepares its directory, which holds

    kernel      the kernel's name
    kdir        the kernel's build directory
    boot        additional arguments of the kernel's command line
    modules/    all modules, built from the unchanged checkout
    plan        the plan for scripts/guest/init-check
    suites      the output of suites.py
    panics      boots that must end in a panic, as in scripts/panics

A mutant that survives a stage goes to the next stage.

The verdicts are:

    caught      a test failed, the kernel reported a fault, or the guest was silent
    survived    all tests passed without a fault
    same        the mutant has the same object code as the original
    stillborn   the mutant does not compile

Only caught and survived mutants count.  If a mutant gets another verdict, the next
mutant of the same file runs in its place.

Verdicts are stored with a hash of their inputs, so that a run continues where the
previous one was interrupted.  scripts/mutants.explained lists survivors that no test
can catch; an entry that matches no survivor is a failure.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import judge
import mutate

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRESS_INTERVAL = 15.0
SLACK = 10.0			# CPU seconds within which a healthy guest prints
FACTOR = 4			# maximum slowdown of a step
ASLEEP = 0.005			# share of the CPU below which a guest is idle
LOG_LIMIT = 64 << 20		# maximum bytes of log
SHARE = 90			# minimum percentage of caught mutants

stopping = threading.Event()


def say(text):
    print(f"mutants: {text}", flush=True)


def die(text):
    say(f"error: {text}")
    print("0 passed, 1 failed")
    sys.exit(2)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def files_hash(top, *directories):
    """Return a hash of all source files in these directories."""
    total = hashlib.sha256()
    for directory in directories:
        for path, _, names in sorted(os.walk(os.path.join(top, directory))):
            for name in sorted(names):
                if re.search(r"\.[ch]$|^Kbuild$", name) and \
                        not name.endswith(".mod.c"):
                    with open(os.path.join(path, name), "rb") as file:
                        total.update(name.encode() + b"\0" + file.read())
    return total.hexdigest()[:12]


class Children:
    """The running commands, which stop() terminates."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = set()

    def start(self, command, **options):
        with self.lock:
            if stopping.is_set():
                raise SystemExit(130)
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
            self.running.add(child)
        return child

    def ended(self, child):
        child.wait()
        with self.lock:
            self.running.discard(child)

    def run(self, command, **options):
        """Run a command and return its status and output."""
        child = self.start(command, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, **options)
        output = child.communicate()[0].decode(errors="replace")
        self.ended(child)
        return child.returncode, output

    def must(self, command, **options):
        status, output = self.run(command, **options)
        if status and not stopping.is_set():
            raise RuntimeError(f"{' '.join(command)}: status {status}\n{output}")

    def stop(self):
        stopping.set()
        with self.lock:
            for child in self.running:
                child.terminate()


children = Children()


def cpu_time(pid):
    """Return the CPU time of the guest that this process of guest.py runs, or 0 if the
    guest has ended."""
    try:
        guest = read(f"/proc/{pid}/task/{pid}/children").split()[0]
        fields = read(f"/proc/{guest}/stat").rpartition(")")[2].split()
    except (IndexError, OSError):
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


# --- a boot ---

class Boot:
    """A guest that runs the tests until the first fault."""

    def __init__(self, stage, directory, name):
        self.stage = stage
        self.log = os.path.join(directory, name + ".log")
        self.directory = directory
        self.fault = None	# the first fault
        self.step = None	# the step of the fault
        self.times = {}		# step: seconds

    def start(self):
        tmp = "/dev/shm"
        if shutil.disk_usage(tmp).free < 3 << 30:
            tmp = self.directory
        command = [os.path.join(HERE, "guest.py"), "7200", self.log, "a guest",
                   os.path.join(self.stage.kdir, "linux"), "mem=1G",
                   "initrd=" + os.path.join(self.directory, "ramdisk"),
                   f"uml_dir={self.directory}/", "con=null", "con0=fd:0,fd:1",
                   "panic=-1", *self.stage.boot, "ignore_loglevel",
                   "printk.devkmsg=on", "kasan_multi_shot"]
        return children.start(command, env=dict(os.environ, TMPDIR=tmp),
                              cwd=self.directory, stdout=subprocess.DEVNULL)

    def follow(self, line):
        """Call line() for each new line of the log, until it returns True or the guest
        is silent for too long.  Times are CPU times of the guest: they do not depend on
        the load of the host, and sleeps in the guest take no time."""
        open(self.log, "wb").close()
        child = self.start()
        rest = b""
        used = last = begun = 0.0
        last_wall = time.monotonic()
        try:
            with open(self.log, "rb") as log:
                while True:
                    ended = child.poll() is not None
                    used = cpu_time(child.pid) or used
                    data = rest + log.read()
                    *lines, rest = data.split(b"\n")
                    for one in lines:
                        text = one.decode(errors="replace").rstrip("\r")
                        text = judge.STAMP.sub("", text)
                        mark = judge.MARK.match(text)
                        if mark and mark.group(1) == "begin":
                            self.step, begun = mark.group(2), used
                        elif mark and mark.group(1) == "end" and self.step:
                            self.times[self.step] = used - begun
                        if line(text):
                            return
                    if lines:
                        last, last_wall = used, time.monotonic()
                    if ended:
                        return
                    silent = used - last
                    wall = time.monotonic() - last_wall
                    limit = self.stage.limit(self.step)
                    if silent > limit or (wall > limit
                                          and silent < ASLEEP * wall):
                        self.fault = (f"silent for {silent:.0f} s of CPU time, "
                                      f"{wall:.0f} s of real time")
                        return
                    if log.tell() > LOG_LIMIT:
                        self.fault = "the log is too long"
                        return
                    time.sleep(0.05)
        finally:
            if child.poll() is None:
                child.terminate()
            children.ended(child)

    def tests(self, plan):
        """Run the tests and set the fault, if any."""
        result = judge.Judge()
        lines = []

        def line(text):
            lines.append(text)
            result.line(text)
            if lines[-1].startswith("Kernel panic"):
                self.fault = text
            elif result.faults:
                self.fault = result.faults[0]
            elif result.suite and result.suite.count("failed"):
                self.fault = next(case.name for case in result.suite.cases
                                  if case.result == "failed")
            elif result.life.count("failed"):
                case = result.life.cases[-1]
                self.fault = f"{case.name}: {(case.faults or ['?'])[0]}"
            return self.fault

        self.follow(line)
        if self.fault:
            return
        result.end_report()
        result.end_step(None)
        result.missing(plan, self.stage.suites)
        for suite in result.suites + [result.life]:
            for case in suite.cases:
                if case.result == "failed" and not self.fault:
                    self.fault = f"{case.name}: {(case.faults or ['?'])[0]}"

    def panic(self, text):
        """Run a boot that must end in a panic with that text."""
        seen = []

        def line(one):
            if "Kernel panic - not syncing" in one:
                seen.append(one)
            return False

        self.follow(line)
        if not self.fault and not any(text in one for one in seen):
            self.fault = f'no panic with "{text}"'


# --- a stage ---

class Stage:
    def __init__(self, directory, args):
        self.directory = directory
        self.kernel = read(directory, "kernel").strip()
        self.kdir = read(directory, "kdir").strip()
        self.boot = read(directory, "boot").split()
        self.plan = []
        self.bases = {}         # test: the lines "base" before it in the plan
        bases = []
        for line in read(directory, "plan").splitlines():
            kind, name = line.split()[:2]
            name = name.removesuffix(".ko")
            if kind == "base":
                bases.append(line)
                continue
            self.plan.append((kind, name))
            self.bases[name], bases = bases, []
        self.suites = {words[0].removesuffix(".ko"): words[1:] for words in
                       map(str.split, read(directory, "suites").splitlines())}
        self.panics = [line.split("|") for line
                       in read(directory, "panics").splitlines()]
        self.cache = os.path.join(args.cache, self.kernel)
        self.state = self.hash(args.source)
        self.times = None
        self.make_base()

    def hash(self, source):
        """Return a hash of all inputs that may change a verdict."""
        total = hashlib.sha256("\n".join([self.kdir, source, *self.boot, read(
            self.directory, "plan"), read(self.directory, "panics")]).encode())
        modules = os.path.join(self.directory, "modules")
        for name in sorted(os.listdir(modules)):
            if name.endswith(".ko") and name != "vmem.ko":
                with open(os.path.join(modules, name), "rb") as file:
                    total.update(hashlib.sha256(file.read()).digest())
        return total.hexdigest()[:12]

    def make_base(self):
        """Make the base: the part of the ramdisk that all mutants share."""
        root = os.path.join(self.directory, "root")
        os.makedirs(os.path.join(root, "bin"))
        shutil.copy("/bin/busybox", os.path.join(root, "bin/busybox"))
        shutil.copy(os.path.join(HERE, "../guest/init-check"),
                    os.path.join(root, "init"))
        os.chmod(os.path.join(root, "init"), 0o755)
        shutil.copytree(os.path.join(self.directory, "modules"),
                        os.path.join(root, "modules"))
        os.remove(os.path.join(root, "modules/vmem.ko"))
        archive = os.path.join(self.directory, "base.cpio")
        children.must(["bash", "-c", "set -o pipefail; cd \"$1\" && find . | cpio "
                       "--quiet -o -H newc | gzip -1 >\"$2\"", "-", root, archive])
        shutil.rmtree(root)

    def ramdisk(self, directory, module, plan):
        """Make a ramdisk of the module, the plan and the base: the kernel unpacks both
        archives."""
        root = os.path.join(directory, "root")
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(os.path.join(root, "modules"))
        shutil.copy(module, os.path.join(root, "modules/vmem.ko"))
        with open(os.path.join(root, "modules/plan"), "w",
                  encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in plan)
        children.must(["bash", "-c", "set -o pipefail; cd \"$1\" && find . | cpio "
                       "--quiet -o -H newc | cat - \"$2\" >\"$3\"", "-", root,
                       os.path.join(self.directory, "base.cpio"),
                       os.path.join(directory, "ramdisk")])

    def limit(self, step):
        return SLACK + FACTOR * (self.times or {}).get(step, 10 * SLACK)

    def run(self, directory, module, order):
        """Run all tests on a module and return its fault, (step, text), or None."""
        tests = sorted((name for kind, name in self.plan if kind == "test"),
                       key=order)
        samples = [name for kind, name in self.plan if kind == "sample"]
        plan = ([("vmem", "vmem")] + [("test", name) for name in tests]
                + [("sample", name) for name in samples])
        self.ramdisk(directory, module,
                     [line for kind, name in plan
                      for line in self.bases.get(name, []) + [f"{kind} {name}.ko"]])
        boot = Boot(self, directory, self.kernel)
        boot.tests(plan)
        if boot.fault or self.times is None:
            self.times = self.times or boot.times
            return (boot.step, boot.fault) if boot.fault else None
        for name, args, test, text in self.panics:
            lines = [f"vmem vmem.ko {args}"]
            if test != "-":
                words = test.split()
                lines.append(" ".join(["test", words[0] + ".ko", *words[1:]]))
            self.ramdisk(directory, module, lines)
            boot = Boot(self, directory, "panic")
            boot.panic(text)
            if boot.fault:
                return name, boot.fault
        return None


# --- a worker's tree ---

class Tree:
    """A copy of the checkout in which only vmem.ko is built.  Test modules are not
    rebuilt: they always use the original headers of vmem."""

    def __init__(self, top, stage, path):
        self.path = path
        self.stage = stage
        self.pristine = path + ".pristine"
        os.makedirs(path, exist_ok=True)
        # rsync without -t: changed files get the current time.
        children.must(["rsync", "-rlp", "--checksum", "--exclude=*.mod.c",
                       "--include=*/", "--include=*.[ch]", "--include=Kbuild",
                       "--exclude=*", f"{top}/vmem", f"{top}/include", f"{path}/"])
        kbuild = [line for line in read(top, "Kbuild").splitlines()
                  if not line.startswith("obj-") or line.endswith(" vmem/")]
        text = "\n".join(kbuild) + "\n"
        kbuild = os.path.join(path, "Kbuild")
        if not os.path.exists(kbuild) or read(kbuild) != text:
            with open(kbuild, "w", encoding="utf-8") as file:
                file.write(text)
        status, output = self.make()
        if status:
            raise RuntimeError(f"the original does not build:\n{output}")
        self.original = self.code()
        children.must(["rsync", "-a", "--delete", path + "/",
                       self.pristine + "/"])

    @property
    def module(self):
        return os.path.join(self.path, "vmem/vmem.ko")

    def make(self):
        arch = ["ARCH=um"] if "CONFIG_UML=y" in read(self.stage.kdir, ".config") \
            else []
        return children.run(["make", "-s", "-C", self.stage.kdir,
                             "M=" + self.path, *arch, "modules"])

    def code(self):
        """Return a hash of the object code without debugging information."""
        out = os.path.join(self.path, ".code")
        children.must(["objcopy", "--strip-debug",
                       os.path.join(self.path, "vmem/vmem.o"), out])
        with open(out, "rb") as file:
            return hashlib.sha256(file.read()).digest()

    def build(self, mutant, source):
        """Build a mutant.  Return its verdict if it need not run, else None."""
        with open(os.path.join(self.path, mutant.file), "wb") as file:
            file.write(mutant.apply(source))
        status, _ = self.make()
        if status:
            return "stillborn"
        return "same" if self.code() == self.original else None

    def restore(self):
        # -a restores the modification times, so that make does not rebuild anything.
        children.must(["rsync", "-a", "--delete", self.pristine + "/",
                       self.path + "/"])


# --- verdicts ---

class Results:
    """The verdicts of this run and of earlier runs."""

    def __init__(self, path, reuse):
        self.path = path
        self.lock = threading.Lock()
        self.known = {}		# (name, state): verdict
        self.latest = {}	# name: verdict
        self.kills = collections.Counter()	# (file, step)
        self.reuse = reuse
        if os.path.exists(path):
            for line in read(path).splitlines():
                try:
                    self.note(json.loads(line))
                except ValueError:
                    pass	# incomplete line of a killed run

    def note(self, result):
        self.known[result["name"], result["state"]] = result
        self.latest[result["name"], result["kernel"]] = result
        if result["verdict"] == "caught":
            self.kills[result["name"].split(":")[0], result["step"]] += 1

    def add(self, result):
        with self.lock:
            self.note(result)
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")

    def get(self, mutant, stage):
        with self.lock:
            result = self.known.get((mutant.name, stage.state + mutant.version))
            if result is None and self.reuse:
                result = self.latest.get((mutant.name, stage.kernel))
                if result and result["verdict"] == "survived":
                    result = None
            return result

    def order(self, mutant, stage):
        """Return a sort key for tests: the suites named in mutants.chosen first, then
        fast tests that caught many mutants, slow tests last."""
        with self.lock:
            near, all_ = collections.Counter(), collections.Counter()
            for (where, step), count in self.kills.items():
                all_[step] += count
                if where == mutant.file:
                    near[step] += count

        def cost(name):
            step = "test " + name
            expected = not set(stage.suites.get(name, ())).isdisjoint(mutant.suites)
            return (not expected, (stage.times.get(step, 1) + 0.05)
                    / (1 + all_[step] + 5 * near[step]), name)

        return cost


class Run:
    def __init__(self, args, stages, files, results):
        self.args = args
        self.stages = stages
        self.files = files
        self.results = results
        self.lock = threading.Lock()
        self.verdicts = {}	# mutant: result
        self.running = set()
        self.begun = time.monotonic()
        self.fresh = 0		# verdicts that were not cached
        self.queues = {}
        self.quota = {}
        self.choose()

    def choose(self):
        candidates = {name: file.mutants for name, file in self.files.items()
                      if file.mutants}
        sizes = {name: len(mutants) for name, mutants in candidates.items()}
        chosen = {name: [mutant for mutant in mutants if mutant.suites]
                  for name, mutants in candidates.items()}
        sample = mutate.shares({name: size - len(chosen[name])
                                for name, size in sizes.items()}, self.args.count)
        self.quota = {name: len(chosen[name]) + share
                      for name, share in sample.items()}
        if self.args.chosen:
            candidates = {name: mutants for name, mutants in chosen.items()
                          if mutants}
        if self.args.all or self.args.id or self.args.chosen:
            self.quota = {name: len(mutants)
                          for name, mutants in candidates.items()}
        if self.args.file:
            candidates = {name: mutants for name, mutants in candidates.items()
                          if any(fnmatch.fnmatch(name, "*" + pattern)
                                 for pattern in self.args.file)}
            if not candidates:
                die("no such file, or it has no mutants")
        if self.args.id:
            wanted = set(self.args.id)
            candidates = {name: [mutant for mutant in mutants
                                 if mutant.id in wanted]
                          for name, mutants in candidates.items()}
            lost = wanted - {mutant.id for mutants in candidates.values()
                             for mutant in mutants}
            if lost:
                die("no such mutant: " + " ".join(sorted(lost)))
        self.quota = {name: self.quota[name] for name in candidates}
        # take() takes the first mutant of each file, then the second of each file ...
        for name, mutants in candidates.items():
            self.queues[name] = mutate.ranked(mutants, self.args.seed) \
                if mutants else []

    def take(self):
        """Return the next mutant to run; None if a running mutant may need a
        replacement; False if there are no more mutants."""
        with self.lock:
            best = None
            for name, queue in self.queues.items():
                counted = waiting = 0
                for place, mutant in enumerate(queue):
                    if counted + waiting >= self.quota[name]:
                        break
                    if mutant in self.verdicts:
                        counted += self.verdicts[mutant]["verdict"] in (
                            "caught", "survived")
                    elif mutant in self.running:
                        waiting += 1
                    else:
                        if best is None or place < best[0]:
                            best = place, mutant
                        break
            if best:
                self.running.add(best[1])
                return best[1]
            return None if self.running else False

    def put(self, mutant, result, fresh):
        with self.lock:
            self.running.discard(mutant)
            self.verdicts[mutant] = result
            self.fresh += fresh

    def worker(self, number):
        directory = os.path.join(self.args.run, f"worker{number}")
        os.makedirs(directory)
        trees = {}
        while not stopping.is_set():
            mutant = self.take()
            if mutant is False:
                return
            if mutant is None:
                time.sleep(0.2)
                continue
            result, fresh = None, False
            for stage in self.stages:
                if stage is not self.stages[0] and mutant.name in self.args.excused:
                    break
                known = self.results.get(mutant, stage)
                if known is None:
                    if stage not in trees:
                        trees[stage] = Tree(self.args.top, stage, os.path.join(
                            stage.cache, f"tree{number}"))
                    known = self.try_one(mutant, stage, trees[stage], directory)
                    if stopping.is_set():
                        return
                    self.results.add(known)
                    fresh = True
                    say(f"{mutant.id} {known['verdict']}"
                        f"{' by ' + known['step'] if known['step'] else ''}"
                        f"{': ' + known['fault'] if known['fault'] else ''}"
                        f" ({stage.kernel}, {known['seconds']:.0f} s)")
                result = known
                if result["verdict"] != "survived":
                    break
            self.put(mutant, result, fresh)

    def try_one(self, mutant, stage, tree, directory):
        begun = time.monotonic()
        step = fault = None
        verdict = tree.build(mutant, self.files[mutant.file].source)
        if verdict is None:
            found = stage.run(directory, tree.module,
                              self.results.order(mutant, stage))
            verdict = "caught" if found else "survived"
            step, fault = found or (None, None)
        if not stopping.is_set():
            tree.restore()
        return {"name": mutant.name, "state": stage.state + mutant.version,
                "kernel": stage.kernel, "verdict": verdict, "step": step,
                "fault": fault, "seconds": time.monotonic() - begun}

    def progress(self):
        with self.lock:
            count = collections.Counter(result["verdict"] for result
                                        in self.verdicts.values())
            done, want = (count["caught"] + count["survived"],
                          sum(self.quota.values()))
            text = (f"{done} of {want}: {count['caught']} caught, "
                    f"{count['survived']} survived; {count['same']} same, "
                    f"{count['stillborn']} stillborn")
            if self.fresh > 4 and done:
                seconds = time.monotonic() - self.begun
                left = seconds / self.fresh * max(0, want - done)
                text += f"; {left / 60:.0f} min left"
        say(text)

    def all(self):
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            workers = [pool.submit(self.worker, number)
                       for number in range(self.args.jobs)]
            said = time.monotonic()
            while not all(worker.done() for worker in workers):
                if any(worker.done() and worker.exception()
                       for worker in workers):
                    children.stop()
                time.sleep(0.2)
                if time.monotonic() - said > PROGRESS_INTERVAL:
                    said = time.monotonic()
                    self.progress()
            for worker in workers:
                worker.result()


# --- the unchanged module ---

def check_original(args, stage):
    """Run the tests on the original, which must pass, and record the times of its
    steps."""
    path = os.path.join(stage.cache, "healthy.json")
    if os.path.exists(path):
        known = json.loads(read(path))
        if known["state"] == stage.state:
            stage.times = known["times"]
            return
    say(f"running the tests on the original, {stage.kernel}")
    directory = os.path.join(args.run, "healthy")
    os.makedirs(directory, exist_ok=True)
    fault = stage.run(directory, os.path.join(stage.directory, "modules/vmem.ko"),
                      lambda name: name)
    if fault:
        die(f"the original fails on {stage.kernel}: {fault[0]}: {fault[1]}; see "
            "make check")
    os.makedirs(stage.cache, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"state": stage.state, "times": stage.times}, file)


# --- explanations ---

def explanations(path):
    """Read scripts/mutants.explained and return {name of a mutant: reason}."""
    found = {}
    name = None
    for line in read(path).splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace():
            found[name] = (found[name] + " " + line.strip()).strip()
        else:
            name = line.strip()
            if name in found:
                die(f"{path}: duplicate entry: {name}")
            found[name] = ""
    for name, reason in found.items():
        if not reason:
            die(f"{path}: no reason for {name}")
    return found


def report(run, args):
    columns = ["caught", "survived", "explained", "same", "stillborn"]
    table = collections.defaultdict(collections.Counter)
    survivors = []
    stale = []
    names = {mutant.name for file in run.files.values()
             for mutant in file.mutants}
    for mutant, result in run.verdicts.items():
        verdict = result["verdict"]
        explained = mutant.name in args.excused
        if verdict == "survived" and explained:
            verdict = "explained"
        elif verdict == "survived":
            survivors.append(mutant)
        elif explained:
            stale.append(f"{mutant.name}: {verdict}")
        table[mutant.file][verdict] += 1
        table["total"][verdict] += 1
    for name in args.excused:
        if name not in names:
            stale.append(f"{name}: no such mutant")

    width = max(map(len, table), default=0)
    print(f"{'':{width}}  mutants " + " ".join(f"{c:>9}" for c in columns))
    for name in sorted(set(table) - {"total"}) + ["total"]:
        row = table[name]
        mutants = row["caught"] + row["survived"] + row["explained"]
        print(f"{name:{width}}  {mutants:7} "
              + " ".join(f"{row[c] or '':>9}" for c in columns))
    if survivors:
        print("\nSurvivors:")
    for mutant in sorted(survivors, key=lambda mutant: mutant.name):
        print(f"\n{mutant.id}  {mutant.name}")
        for line in mutant.diff(run.files[mutant.file].source):
            print("    " + line)
    if stale:
        print("\nExplained, but not survivors:")
        for line in sorted(stale):
            print("    " + line)
    total = table["total"]
    caught, survived, explained = (total[c] for c in columns[:3])
    mutants = caught + survived + explained
    percent = 100 * caught // mutants if mutants else 0
    print(f"\n{percent} % of {mutants} mutants caught")
    failed = survived + len(stale)
    if percent < SHARE and not (args.file or args.id or args.chosen):
        print(f"less than {SHARE} %")
        failed += 1
    print(f"{caught} caught, {survived} survived, {explained} explained")
    print(f"{caught + explained} passed, {failed} failed", flush=True)
    return 1 if failed or not mutants else 0


def main():
    parser = argparse.ArgumentParser(prog="mutants")
    parser.add_argument("--all", action="store_true",
                        help="run all mutants: takes a day")
    parser.add_argument("--count", type=int, default=180,
                        help="size of the sample, divided among the files by size "
                        "(default: %(default)s)")
    parser.add_argument("--chosen", action="store_true",
                        help="run only the mutants in mutants.chosen")
    parser.add_argument("--file", action="append",
                        help="run only mutants of files whose names end with FILE")
    parser.add_argument("--id", action="append", help="run only this mutant")
    parser.add_argument("--seed", default="", help="take another sample")
    parser.add_argument("--survivors", action="store_true",
                        help="skip mutants that were caught in an earlier run, even "
                        "if the source has changed since")
    parser.add_argument("--list", action="store_true",
                        help="list the mutants, do not run them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--top", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cache", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--run", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--stage", action="append", default=[],
                        help=argparse.SUPPRESS)
    args = parser.parse_args()

    files = {}
    for path, _, names in os.walk(os.path.join(args.top, "vmem")):
        for name in names:
            if re.search(r"\.[ch]$", name) and not name.endswith(".mod.c"):
                path_name = os.path.join(path, name)
                with open(path_name, "rb") as file:
                    name = os.path.relpath(path_name, args.top)
                    files[name] = mutate.File(name, file.read())
    files = dict(sorted(files.items()))
    try:
        for chosen in mutate.read_chosen(os.path.join(args.top,
                                                      "scripts/mutants.chosen")):
            if chosen.file not in files:
                raise ValueError(f"{chosen.file}: {chosen.text}: no such file")
            file = files[chosen.file]
            file.mutants.append(chosen.mutant(file.source))
    except ValueError as error:
        die(f"mutants.chosen: {error}")
    args.excused = explanations(os.path.join(args.top,
                                             "scripts/mutants.explained"))
    args.source = files_hash(args.top, "vmem", "include")
    os.makedirs(args.cache, exist_ok=True)
    results = Results(os.path.join(args.cache, "results"), args.survivors)

    if args.list:
        run = Run(args, [], files, results)
        for name, queue in run.queues.items():
            for mutant in queue[:run.quota[name]]:
                print(mutant.id, mutant.name)
        return 0

    def stop(signum, _frame):
        children.stop()
        sys.exit(128 + signum)

    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, stop)
    stages = [Stage(directory, args) for directory in args.stage]
    for stage in stages:
        check_original(args, stage)
    run = Run(args, stages, files, results)
    say(f"{sum(len(file.mutants) for file in files.values())} mutants of "
        f"{len(files)} files, running {sum(run.quota.values())} of them")
    run.all()
    run.progress()
    return report(run, args)


if __name__ == "__main__":
    sys.exit(main())
