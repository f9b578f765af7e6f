# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034	# functions return results in variables that callers read
#
# KUnit for kernels that are configured without it, such as Debian's: built as a
# separate module from the source of the same version.
#
# In such a kernel struct task_struct and struct module have no members for KUnit, so
# the compiler must not see CONFIG_KUNIT: only make sees it.  The KUnit
# files are modified in a copy in the cache: a global variable instead of a member of
# the task holds the current test, and the init function of a test module registers
# its suites, see kernels/kunit-suites.inc.  The two other uses of CONFIG_KUNIT,
# devices and user memory of a test, are not needed here.

KUNIT_FILES="assert attributes debugfs device executor hooks platform resource
	static_stub string-stream test try-catch"

# kunit_get KERNEL: set KUNIT to kunit.ko, or to nothing if the kernel has KUnit built
# in; set KUNIT_MAKE to the arguments of make for building tests.  Sets KDIR.
kunit_get() {
	local kernel=$1 dir

	KUNIT=
	KUNIT_MAKE=()
	kernel_get "$kernel"
	! grep -q '^CONFIG_KUNIT=y' "$KDIR/.config" || return 0

	source_get "${kernel#*-}"
	hash_of kunit_recipe
	lock "kunit-$kernel"
	dir=$CACHE/kunit/${KDIR##*/}-${SRC##*/}-$HASH
	if [ ! -e "$dir" ]; then
		rm -rf "$dir.part"
		mkdir -p "$dir.part"
		kunit_copy "$dir.part"
		progress "building KUnit for $kernel" "$CACHE/logs/kunit-$kernel" \
			make -C "$KDIR" M="$dir.part" -j"$JOBS" modules ||
			die "cannot build KUnit for $kernel"
		mv "$dir.part" "$dir"
	fi
	unlock "kunit-$kernel"
	KUNIT=$dir/kunit.ko
	KUNIT_MAKE=(CONFIG_KUNIT=m "NOSTDINC_FLAGS=-nostdinc -I$dir/include"
		KBUILD_EXTRA_SYMBOLS="$dir/Module.symvers")
}

# All inputs of the build, for the hash in the name of the directory.
kunit_recipe() {
	echo "$KUNIT_FILES"
	declare -f kunit_copy
	cat "$SCRIPTS/kernels/kunit-suites.inc"
}

# kunit_copy DIR: copy the files of KUnit to DIR and modify them.
kunit_copy() {
	local dir=$1 file

	mkdir "$dir/include"
	cp -r "$SRC/include/kunit" "$dir/include/"
	cp "$SRC"/lib/kunit/*.h "$dir/"
	echo "obj-m := kunit.o" >"$dir/Kbuild"
	for file in $KUNIT_FILES; do
		[ -e "$SRC/lib/kunit/$file.c" ] || continue
		cp "$SRC/lib/kunit/$file.c" "$dir/"
		echo "kunit-objs += $file.o"
	done >>"$dir/Kbuild"
	cat >>"$dir/Kbuild" <<-'END'
		NOSTDINC_FLAGS += -I$(src)/include
		ccflags-y := -DCONFIG_KUNIT_DEFAULT_ENABLED -DCONFIG_KUNIT_DEBUGFS
		ccflags-y += -DCONFIG_KUNIT_AUTORUN_ENABLED
	END
	sed -i -e 's/IS_\(ENABLED\|MODULE\)(CONFIG_KUNIT)/1/' \
		-e 's/current->kunit_test\b/kunit_current_test/' \
		-e 's/^#ifdef CONFIG_MODULES$/#if 0/' \
		"$dir"/*.c "$dir"/include/kunit/*.h
	cat "$SCRIPTS/kernels/kunit-suites.inc" >>"$dir/include/kunit/test.h"
	sed -i '1i struct kunit;\nextern struct kunit *kunit_current_test;' \
		"$dir/include/kunit/test-bug.h"
	sed -i '$a struct kunit *kunit_current_test;' "$dir/test.c"
}
