# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Common functions of all scripts: paths, messages, long-running commands with
# progress, locks between runs, and cleanup.
#
# A script sources this file, which sources the others.  Functions return results in
# variables, which their comments name: standard output is for messages to the user.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SCRIPTS=$TOP/scripts
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vmem-linux
JOBS=${JOBS:-$(nproc)}
RUN=				# temporary directory of this run, see run_dir()
CLOSING=			# last line to print if the script dies
CHILDREN=()			# process groups in the background

export LC_ALL=C

say() {
	printf '%s: %s\n' "${0##*/}" "$*"
}

die() {
	say "error: $*" >&2
	[ -z "${CLOSING:-}" ] || echo "$CLOSING"
	exit 2
}

# Exit handler: kill the children, remove the temporary directory.
cleanup() {
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
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# run_dir: create the temporary directory RUN, which cleanup() removes.
run_dir() {
	[ -n "$RUN" ] || RUN=$(mktemp -d "${TMPDIR:-/tmp}/vmem-${0##*/}.XXXXXX")
}

declare -A LOCKS

# lock NAME: take a lock in the cache, held until unlock() or the end of the script.
lock() {
	local fd

	mkdir -p "$CACHE/locks"
	exec {fd}>"$CACHE/locks/$1"
	if ! flock -n "$fd"; then
		say "waiting for another run that holds the lock $1"
		flock "$fd"
	fi
	LOCKS[$1]=$fd
}

unlock() {
	local fd=${LOCKS[$1]}

	exec {fd}>&-
	unset "LOCKS[$1]"
}

# progress WHAT LOG COMMAND...: run a command with its output in LOG and print its
# progress from time to time.  Returns the command's status; on failure, prints the end
# of the log.
progress() {
	local what=$1 log=$2 start=$SECONDS next=10 status=0 group count
	shift 2

	mkdir -p "${log%/*}"
	: >"$log"
	set -m			# put the job in its own process group
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
		say "$what: failed with status $status; end of its output:" >&2
		tail -n 30 "$log" >&2
	fi
	return "$status"
}

# run COMMAND...: run a command that prints its own progress.  It runs in the
# background, so that a signal ends this script and the command at once.
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

# run_through FILTER COMMAND...: like run(), and filter the output through the function
# FILTER.  With a pipe, bash would defer traps until the command ends.
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

# hash_of COMMAND...: set HASH to a short hash of the command's output.
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
