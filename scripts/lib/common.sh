# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script here needs: where the checkout and the cache are, saying
# what goes on, running something long with a line of progress now and then,
# locks between runs, and leaving nothing behind.
#
# Scripts read this file; it reads the others.  Functions hand back results in variables (named in their comments), not on
# standard output: that belongs to whoever watches.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SCRIPTS=$TOP/scripts
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vmem-linux
JOBS=${JOBS:-$(nproc)}
RUN=				# this run's own directory, see run_dir()
CLOSING=			# the last line of a script that could not do its work
CHILDREN=()			# process groups that run in the background

export LC_ALL=C

say() {
	printf '%s: %s\n' "${0##*/}" "$*"
}

die() {
	say "error: $*" >&2
	[ -z "${CLOSING:-}" ] || echo "$CLOSING"
	exit 2
}

# End what still runs, remove what this run made.  On every way out.
leave() {
	local group

	for group in "${CHILDREN[@]}"; do
		kill -TERM -- "-$group" 2>/dev/null && sleep 1
		kill -KILL -- "-$group" 2>/dev/null
	done
	if [ -n "$RUN" ]; then
		rm -rf "$RUN"
	fi
	return 0
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# RUN: a fresh directory, gone when the script ends.
run_dir() {
	[ -n "$RUN" ] || RUN=$(mktemp -d "${TMPDIR:-/tmp}/vmem-${0##*/}.XXXXXX")
}

# A lock on a name in the cache, held until unlock or the end of the script.
declare -A LOCKS

lock() {
	local fd

	mkdir -p "$CACHE/locks"
	exec {fd}>"$CACHE/locks/$1"
	if ! flock -n "$fd"; then
		say "waiting for another run that uses $1"
		flock "$fd"
	fi
	LOCKS[$1]=$fd
}

unlock() {
	local fd=${LOCKS[$1]}

	exec {fd}>&-
	unset "LOCKS[$1]"
}

# progress WHAT LOG COMMAND...: run a command with its output in LOG, and say
# every now and then how far it is.  Returns the command's status; a failure
# shows the end of the log.
progress() {
	local what=$1 log=$2 start=$SECONDS next=10 status=0 group count
	shift 2

	mkdir -p "${log%/*}"
	: >"$log"
	set -m			# a process group of its own
	"$@" >"$log" 2>&1 </dev/null &
	group=$!
	set +m
	CHILDREN+=("$group")
	while kill -0 "$group" 2>/dev/null; do
		sleep 0.1
		if [ $((SECONDS - start)) -ge "$next" ]; then
			count=$(grep -cE '^  (CC|HOSTCC|AS|LD|AR) ' "$log") || true
			if [ "$count" -gt 0 ]; then
				say "$what: $count objects, $((SECONDS - start)) s"
			else
				say "$what: $((SECONDS - start)) s"
			fi
			next=$((next + 20))
		fi
	done
	wait "$group" || status=$?
	unset 'CHILDREN[-1]'
	if [ "$status" -ne 0 ]; then
		say "$what: failed with status $status; the end of its output:" >&2
		tail -n 30 "$log" >&2
	fi
	return "$status"
}

# run COMMAND...: run a command that says itself how far it is, so that it ends
# at once when this script has to.
run() {
	local status=0 group

	set -m
	"$@" </dev/null &
	group=$!
	set +m
	CHILDREN+=("$group")
	wait "$group" || status=$?
	unset 'CHILDREN[-1]'
	return "$status"
}

# run_through FILTER COMMAND...: the same, with what the command prints going
# through the function FILTER.  (A pipe would leave traps without effect until the
# command ends.)
run_through() {
	local filter=$1 status=0 fd pid
	shift

	exec {fd}> >("$filter")
	pid=$!
	run "$@" >&"$fd" 2>&1 || status=$?
	exec {fd}>&-
	wait "$pid"
	return "$status"
}

# hash_of COMMAND...: HASH is a short hash of what the command prints.
hash_of() {
	HASH=$("$@" | sha256sum | cut -c1-12)
}

# shellcheck source=SCRIPTDIR/packages.sh
. "$SCRIPTS/lib/packages.sh"
# shellcheck source=SCRIPTDIR/kernels.sh
. "$SCRIPTS/lib/kernels.sh"
# shellcheck source=SCRIPTDIR/kunit.sh
. "$SCRIPTS/lib/kunit.sh"
# shellcheck source=SCRIPTDIR/modules.sh
. "$SCRIPTS/lib/modules.sh"
# shellcheck source=SCRIPTDIR/ramdisk.sh
. "$SCRIPTS/lib/ramdisk.sh"
# shellcheck source=SCRIPTDIR/guest.sh
. "$SCRIPTS/lib/guest.sh"
