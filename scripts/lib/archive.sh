# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Archives of guests: a guest prints a tar archive in base64 between the lines
# "== archive" and "== end" of its console.

# archive_of LOG DIR: unpack the archive in LOG.  Fails if the archive is
# missing or incomplete.
archive_of() {
	mkdir -p "$2"
	grep -q '^== end' "$1" &&
		tr -d '\r' <"$1" | sed '1,/^== archive/d; /^== end/,$d' |
		base64 -d 2>/dev/null | tar -xzf - -C "$2"
}
