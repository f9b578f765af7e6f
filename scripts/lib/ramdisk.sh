# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Ramdisks: a static busybox, an /init of ours, the modules.

# ramdisk FILE INIT MODULES: make FILE with the script INIT as /init and the
# directory MODULES as /modules.
ramdisk() {
	local file=$1 init=$2 modules=$3 root=$1.root

	need "making ramdisks" busybox-static cpio
	rm -rf "$root"
	mkdir -p "$root/bin"
	cp /bin/busybox "$root/bin/busybox"
	cp "$init" "$root/init"
	chmod 755 "$root/init"
	cp -r "$modules" "$root/modules"
	(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$file"
	rm -r "$root"
}
