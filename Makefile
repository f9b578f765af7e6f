# SPDX-License-Identifier: GPL-2.0
#
# Targets for the command line: build the modules against a kernel and run the
# checks.  kbuild does not read this file; the objects are listed in Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build

# uname does not report User Mode Linux as an architecture.
ifneq ($(shell grep -s '^CONFIG_UML=y' $(KDIR)/.config),)
export ARCH := um
endif
# A kernel built with clang needs modules built with clang.
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
	@echo 'Modules (KDIR=<build directory of a kernel>, currently'
	@echo '         $(KDIR))'
	@echo '  modules  build vmem.ko, the tests and the samples (the default);'
	@echo '           EXTRAS=n: only vmem.ko'
	@echo '  install  install the modules of the last build'
	@echo '  clean    remove build output'
	@echo
	@echo 'Checks (they install the packages they need, and keep kernels in'
	@echo '        $${XDG_CACHE_HOME:-~/.cache}/vmem-linux)'
	@echo '  check    run the tests under User Mode Linux;'
	@echo '           SUITE=<name>: only that suite, test module or panic scenario'
	@echo '           KERNEL=um-7.2: with two CPUs and preemption (slower)'
	@echo '  matrix   run the tests on all kernels; KERNEL=<name>: only on that kernel'
	@echo '  demo     run vmem and its samples in QEMU and print their output'
	@echo '  mutants  mutation test: change vmem in one place at a time and check'
	@echo '           that a test fails (half an hour); see scripts/mutants'
	@echo '  static   checkpatch, sparse, gcc and clang with W=1, kernel-doc,'
	@echo '           shellcheck, scripts/words (all sentences) and scripts/contract'
	@echo '           (rules and their tests)'
	@echo '  model    check every state of the models in model/ with Spin'
	@echo '  builds   build for all supported kernels'
	@echo '  coverage measure the lines and branches of vmem/ that the tests reach'
	@echo '  measure  measure the cost of vmem in instructions and bytes in QEMU'
	@echo '  bench    compare vmem with the other integer allocators of Linux'
	@echo '  see      test scripts/vmemstat'
	@echo '  cases    run faulty clients and write the output of vmemstat to'
	@echo '           Documentation/debugging'
	@echo '  postmortem  test scripts/drgn/vmem.py on a memory dump'
	@echo '  torture  stress test on several CPUs, a minute each in two kernels;'
	@echo '           MINUTES=10 KERNELS="kcsan-7.2 kasan-6.12"'
	@echo '  docs     build the documentation as HTML in Documentation/output'

.PHONY: modules install clean check matrix coverage demo static builds measure bench \
	see cases postmortem docs mutants torture model help
