# SPDX-License-Identifier: GPL-2.0
#
# For people: builds the modules against a kernel, and runs the checks.  What is
# built is in Kbuild, which is all that the kernel's own make reads.

KDIR ?= /lib/modules/$(shell uname -r)/build

# The architecture cannot be told from the machine: User Mode Linux is one, too.
ifneq ($(shell grep -s '^CONFIG_UML=y' $(KDIR)/.config),)
export ARCH := um
endif
# A kernel built with clang wants its modules built with it.
ifneq ($(shell grep -s '^CONFIG_CC_IS_CLANG=y' $(KDIR)/.config),)
export LLVM ?= 1
endif

KMAKE = $(MAKE) -C $(KDIR) M=$(CURDIR)

modules:
	+$(KMAKE) modules

install:
	+$(KMAKE) modules_install

clean:
ifneq ($(wildcard $(KDIR)/.),)
	+$(KMAKE) clean
else
	git clean -qfX -- $(CURDIR)
endif

check:
	@scripts/check

matrix:
	@scripts/matrix

demo:
	@scripts/demo

mutants:
	@scripts/mutants

static:
	@scripts/static

model:
	@scripts/model

builds:
	@scripts/builds

coverage:
	@scripts/coverage

measure:
	@scripts/measure

torture:
	@scripts/torture $(KERNELS)

bench:
	@scripts/bench

see:
	@scripts/see

cases:
	@scripts/cases

postmortem:
	@scripts/postmortem

docs:
	+@$(MAKE) -C Documentation html KDIR=$(KDIR)

help:
	@echo 'Modules (KDIR=<build directory of a kernel>, now:'
	@echo '         $(KDIR))'
	@echo '  modules  build vmem.ko, the tests and the samples (the default);'
	@echo '           EXTRAS=n: only vmem.ko'
	@echo '  install  install what was built last'
	@echo '  clean    remove what was built here'
	@echo
	@echo 'Checks (they install what they need, and keep kernels in'
	@echo '        $${XDG_CACHE_HOME:-~/.cache}/vmem-linux)'
	@echo '  check    run the tests under User Mode Linux;'
	@echo '           SUITE=<name>: only that suite, test module or panic scenario'
	@echo '           KERNEL=um-7.2: with two CPUs and preemption, and slower'
	@echo '  matrix   run them on all kernels; KERNEL=<name>: only on that one'
	@echo '  demo     show vmem and its samples at work in QEMU'
	@echo '  mutants  change vmem in one place after the other, and see that the'
	@echo '           tests notice: half an hour; scripts/mutants has options'
	@echo '  static   checkpatch, sparse, gcc and clang with W=1, kernel-doc'
	@echo '  model    check the models in model/ with Spin: every state'
	@echo '  builds   build for all supported kernels'
	@echo '  coverage how much of vmem/ the tests reach'
	@echo '  measure  instructions and bytes, in QEMU'
	@echo '  bench    vmem beside everything else that hands out integers'
	@echo '  see      what arenas are looked at with: scripts/vmemstat'
	@echo '  cases    clients with a fault, looked at; into Documentation/debugging'
	@echo '  postmortem  arenas in a memory dump, with drgn: scripts/drgn/vmem.py'
	@echo '  torture  everything at once on several CPUs, a minute each in'
	@echo '           two kernels; MINUTES=10 KERNELS="kcsan-7.2 kasan-6.12"'
	@echo '  docs     the documentation as HTML, in Documentation/output'

.PHONY: modules install clean check matrix coverage demo static builds measure bench see cases postmortem docs mutants torture model help
