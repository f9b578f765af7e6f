# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Build the modules of the checkout for a kernel.  The cache holds one copy of the
# checkout for each combination of kernel and make arguments.  So builds do not
# interfere, and later builds are incremental.

# checkout_files: print the files of the checkout that git tracks or does not ignore.
checkout_files() {
	git -c safe.directory='*' -C "$TOP" ls-files -co --exclude-standard |
		sort -u | while read -r file; do
			[ -e "$TOP/$file" ] && printf '%s\n' "$file"
		done
}

# modules_build KERNEL DIR [MAKE ARGUMENT]...: build all modules and copy them to DIR,
# with their list in DIR/modules.order and the output of make in DIR/log.  Returns 1 if
# the build failed.  Sets KDIR.
modules_build() {
	local kernel=$1 out=$2 name status=0 file
	shift 2

	kernel_get "$kernel"
	hash_of echo "$@"
	name=$kernel-$HASH
	TREE=$CACHE/trees/$name
	lock "tree-$name"
	if [ "$(cat "$TREE.kdir" 2>/dev/null)" != "$KDIR" ]; then
		rm -rf "$TREE"
		mkdir -p "$TREE"
		echo "$KDIR" >"$TREE.kdir"
	fi

	# rsync without -t: a changed file gets the current time, so that make
	# rebuilds it.
	checkout_files >"$TREE.new"
	[ ! -e "$TREE.files" ] ||
		comm -23 "$TREE.files" "$TREE.new" | while read -r file; do
			rm -f "$TREE/$file"
		done
	rsync -rlp --checksum --force --files-from="$TREE.new" "$TOP/" "$TREE/" ||
		die "cannot copy the checkout"
	mv "$TREE.new" "$TREE.files"

	rm -f "$TREE/modules.order"
	mkdir -p "$out"
	progress "building modules for $kernel" "$CACHE/logs/modules-$name" \
		make -C "$TREE" KDIR="$KDIR" -j"$JOBS" "$@" || status=1
	cp "$CACHE/logs/modules-$name" "$out/log"
	: >"$out/modules.order"
	if [ $status -eq 0 ]; then
		# Make the paths relative; the names end in .o since 6.3.
		sed -e 's/\.o$/.ko/' -e "s|^$TREE/||" "$TREE/modules.order" \
			>"$out/modules.order"
		while read -r file; do
			cp "$TREE/$file" "$out/"
		done <"$out/modules.order"
	fi
	unlock "tree-$name"
	return $status
}

# base_of FILE: print a line of the plan for each module that the test module FILE
# depends on, except vmem.ko and KUnit.
base_of() {
	local name

	for name in $(modinfo -F depends "$1" | tr , ' '); do
		case $name in
		vmem | kunit)	;;
		*)		echo "base $name.ko ${OPS:+ops=$OPS} ${SEED:+seed=$SEED}" ;;
		esac
	done
}

# modules_forget: make the next modules_build() in TREE a full build.
modules_forget() {
	rm -f "$TREE.kdir"
}
