# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Ramdisks: a static busybox, a script as /init, and modules.

# ramdisk FILE INIT MODULES: make the ramdisk FILE with the script INIT as /init and
# the directory MODULES as /modules, for the kernel in KDIR.
ramdisk() {
	local file=$1 init=$2 modules=$3 root=$1.root busybox=/bin/busybox

	need "making ramdisks" busybox-static cpio
	if ! grep -q '^CONFIG_64BIT=y' "$KDIR/.config"; then
		busybox32
		busybox=$BUSYBOX
	fi
	rm -rf "$root"
	mkdir -p "$root/bin"
	cp "$busybox" "$root/bin/busybox"
	cp "$init" "$root/init"
	chmod 755 "$root/init"
	cp -r "$modules" "$root/modules"
	(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$file"
	rm -r "$root"
}

# busybox32: set BUSYBOX to a busybox for 32-bit kernels.
busybox32() {
	local dir=$CACHE/busybox-i386 release

	lock busybox-i386
	if [ ! -e "$dir" ]; then
		rm -rf "$dir.part"
		# shellcheck source=/dev/null
		release=$(. /etc/os-release && echo "$VERSION_CODENAME")
		unpack "$release:i386" busybox-static "$dir.part"
		mv "$dir.part" "$dir"
	fi
	unlock busybox-i386
	BUSYBOX=$dir/bin/busybox
}
