# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Python for guests: Debian's Python and its libraries in a second ramdisk, which the
# caller appends to the first.  The kernel unpacks both.

# Parts of the standard library that guests do not need.
PYTHON_EXCLUDE="config-* idlelib lib2to3 ensurepip pydoc_data turtledemo tkinter test
	distutils lib-dynload/_ssl* lib-dynload/_hashlib* lib-dynload/_curses*
	lib-dynload/readline* lib-dynload/_tkinter* lib-dynload/_dbm*"

# python_ramdisk FILE [PACKAGE DIRECTORY]... [-- PATH]...: make the ramdisk FILE with
# Python, these directories of Debian's Python packages, and these paths of the checkout
# in /vmem.
python_ramdisk() {
	local file=$1 root=$1.root lib name excludes=()
	shift

	need "making ramdisks" python3 cpio rsync
	rm -rf "$root"
	mkdir -p "$root/usr/bin" "$root/usr/lib/python3/dist-packages" "$root/vmem"
	for name in $PYTHON_EXCLUDE; do
		excludes+=(--exclude="/$name")
	done
	lib=$(/usr/bin/python3 -c 'import os; print(os.path.dirname(os.__file__))')
	rsync -a "${excludes[@]}" "$lib" "$root/usr/lib/"
	cp "$(readlink -f /usr/bin/python3)" "$root/usr/bin/python3"
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		cp -r "/usr/lib/python3/dist-packages/$1" \
			"$root/usr/lib/python3/dist-packages/" ||
			die "no such Python package: $1"
		shift
	done
	shift
	for name; do
		rsync -a --relative "$TOP/./$name" "$root/vmem/"
	done

	# Copy the shared libraries of these files, and the dynamic loader.
	find "$root/usr" -type f \( -name '*.so' -o -path '*/bin/*' \) \
		-exec ldd {} + 2>/dev/null |
		grep -o '/[^ :]*\.so[^ :]*' | grep -vF "$root" | sort -u |
		while read -r name; do
			mkdir -p "$root${name%/*}"
			cp -L "$name" "$root$name"
		done
	(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$file"
	rm -r "$root"
}
