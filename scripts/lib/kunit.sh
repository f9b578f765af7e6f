# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034	# results are in variables
#
# KUnit for kernels that were configured without it, such as Debian's own: built
# from the source of the same version as a module by itself.
#
# In such a kernel neither struct task_struct nor struct module has a place for
# KUnit, and the headers must go on saying so: CONFIG_KUNIT is set for make alone,
# never for the compiler.  So KUnit's own files are changed a little, in a copy in
# the cache.  The test that runs is in a variable instead of in its task, and a
# test module hands over its suites in its init function, see
# kernels/kunit-suites.inc.  (The two other things that CONFIG_KUNIT stands for,
# devices and user memory of a test, are not needed here.)

KUNIT_FILES="assert attributes debugfs device executor hooks platform resource
	static_stub string-stream test try-catch"

# kunit_get KERNEL: KUNIT is kunit.ko, or empty if the kernel has KUnit built in;
# KUNIT_MAKE is what make needs to be told to build tests.  Sets KDIR.
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

# What decides how it comes out.
kunit_recipe() {
	echo "$KUNIT_FILES"
	declare -f kunit_copy
	cat "$SCRIPTS/kernels/kunit-suites.inc"
}

# kunit_copy DIR: what to build.
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
