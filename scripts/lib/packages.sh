# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034	# results are in variables
#
# Debian packages, in two ways.  What only runs here (compilers, QEMU) is
# installed, and only what is missing.  Kernels are not: installing one would
# change how the machine boots.  Those are downloaded into the cache and
# unpacked there, also from suites that the machine does not use; for these
# apt gets a state of its own in the cache, so that the machine's stays as it
# is.  The mirror is always the one that the machine's apt is configured for.

# need PURPOSE PACKAGE...: install what is missing.
need() {
	local purpose=$1 package missing=()
	shift

	for package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	say "installing ${missing[*]}: $purpose"
	[ "$(id -u)" -eq 0 ] || die "only root can install packages"
	lock packages
	if ! apt-get install -qq -s "${missing[@]}" >/dev/null 2>&1; then
		apt_update
	fi
	apt_install "${missing[@]}" || {
		apt_update	# the list was too old for the mirror
		apt_install "${missing[@]}" || die "cannot install ${missing[*]}"
	}
	unlock packages
}

apt_install() {
	progress "installing packages" "$CACHE/logs/apt-install" \
		env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		-o DPkg::Lock::Timeout=300 --no-install-recommends "$@"
}

apt_update() {
	progress "updating the list of packages" "$CACHE/logs/apt-update" \
		apt-get update -qq || die "apt-get update failed"
}

# The mirror of the machine's own release: MIRROR.
mirror() {
	# shellcheck disable=SC2016	# apt's own variables
	MIRROR=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
			'Created-By: Packages' |
		 awk '$1 !~ /-security|-updates|-backports/ { print $2; exit }')
	[ -n "$MIRROR" ] || die "apt has no package source configured"
}

# archive SUITE: APT holds the options that make apt look at that suite.
# "own" is whatever the machine's own apt is configured for; SUITE:ARCHITECTURE
# is that of another architecture.
archive() {
	local suite=${1%:*} dir=$CACHE/apt/$1 arch=

	case $1 in
	*:*)	arch=${1#*:} ;;
	esac

	APT=(-o APT::Sandbox::User=root)
	[ "$suite" != own ] || return 0
	APT+=(-c "$dir/apt.conf")
	# Each time: the paths in it are those of now.
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	cat >"$dir/apt.conf.$$" <<-END
		Dir::State "$dir";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir";
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Acquire::Languages "none";
		// A mirror may be older than a suite says it should be. The
		// signature is looked at all the same.
		Acquire::Check-Valid-Until "false";
	END
	[ -z "$arch" ] || printf '%s "%s";\n' APT::Architecture "$arch" \
		APT::Architectures "$arch" >>"$dir/apt.conf.$$"
	mv "$dir/apt.conf.$$" "$dir/apt.conf"
	[ ! -e "$dir/complete" ] || return 0

	need "signatures of other suites" debian-archive-keyring
	mirror
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"$MIRROR $suite main" >"$dir/sources.list"
	archive_update "$1"
}

archive_update() {
	local suite=$1

	if [ "$suite" = own ]; then
		apt_update
		return
	fi
	progress "reading the list of $suite" "$CACHE/logs/apt-$suite" \
		apt-get "${APT[@]}" update -qq || die "cannot read the list of $suite"
	touch "$CACHE/apt/$suite/complete"
}

# candidate SUITE PACKAGE: VERSION is the package's newest version, or empty.
candidate() {
	archive "$1"
	VERSION=$(apt-cache "${APT[@]}" show --no-all-versions "$2" 2>/dev/null |
		  sed -n 's/^Version: //p')
	if [ -z "$VERSION" ] && [ "$1" = own ]; then
		archive_update own	# a fresh machine has no lists at all
		VERSION=$(apt-cache show --no-all-versions "$2" 2>/dev/null |
			  sed -n 's/^Version: //p')
	fi
}

# depends SUITE PACKAGE PATTERN: DEPENDS is the first of the package's
# dependencies that matches the (extended regular) expression, or empty.
depends() {
	candidate "$1" "$2"
	DEPENDS=$(apt-cache "${APT[@]}" show --no-all-versions "$2" 2>/dev/null |
		  sed -n 's/^Depends: //p' | tr '|,' '\n' | awk '{ print $1 }' |
		  grep -E -m 1 -x -e "$3") || true
}

# unpack SUITE PACKAGE DIR: download a package and unpack it below DIR.
unpack() {
	local suite=$1 package=$2 dir=$3 debs

	archive "$suite"
	debs=$(mktemp -d "$CACHE/download.XXXXXX")
	if ! download "$package" "$debs"; then
		archive_update "$suite"		# the list was too old
		download "$package" "$debs" ||
			die "cannot download $package from $suite"
	fi
	mkdir -p "$dir"
	dpkg -x "$debs"/*.deb "$dir" || die "cannot unpack $package"
	rm -rf "$debs"
}

download() {
	progress "downloading $1" "$CACHE/logs/download-$1" \
		env -C "$2" apt-get "${APT[@]}" download -qq "$1"
}
