# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Building the checkout's modules for a kernel: not in the checkout but in a
# copy in the cache, one for each kernel and set of make's arguments, so that
# kernels do not trample each other and the next build only compiles what has
# changed.

# checkout_files: the files of the checkout that are, or could become, git's.
checkout_files() {
	git -c safe.directory='*' -C "$TOP" ls-files -co --exclude-standard |
		sort -u | while read -r file; do
			[ -e "$TOP/$file" ] && printf '%s\n' "$file"
		done
}

# modules_build KERNEL DIR [MAKE ARGUMENT]...: build everything; afterwards the
# modules lie in DIR, with their list in modules.order, and the compiler's
# output in DIR/log.  Returns 1 if the build failed.  Sets KDIR.
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

	# A file that changed gets the time of now, whatever its time was:
	# make must see that it changed.
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
		# Full paths; their names end in .o since 6.3.
		sed -e 's/\.o$/.ko/' -e "s|^$TREE/||" "$TREE/modules.order" \
			>"$out/modules.order"
		while read -r file; do
			cp "$TREE/$file" "$out/"
		done <"$out/modules.order"
	fi
	unlock "tree-$name"
	return $status
}

# base_of FILE: lines of a plan for what a test module depends on besides vmem.ko, with
# its arguments.
base_of() {
	local name

	for name in $(modinfo -F depends "$1" | tr , ' '); do
		case $name in
		vmem | kunit)	;;
		*)		echo "base $name.ko ${OPS:+ops=$OPS} ${SEED:+seed=$SEED}" ;;
		esac
	done
}

# modules_forget: let the next such build be one of everything.
modules_forget() {
	rm -f "$TREE.kdir"
}
