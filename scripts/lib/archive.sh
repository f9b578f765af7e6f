# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a guest hands over: a tar archive, which it prints in base64 between the lines
# "== archive" and "== end".

# archive_of LOG DIR: unpack it.  Returns 1 if there is none, or not a whole one.
archive_of() {
	mkdir -p "$2"
	grep -q '^== end' "$1" &&
		tr -d '\r' <"$1" | sed '1,/^== archive/d; /^== end/,$d' |
		base64 -d 2>/dev/null | tar -xzf - -C "$2"
}
