# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034	# functions return results in variables that callers read
#
# Debian packages.  Missing tools (compilers, QEMU) are installed.  Kernels are
# downloaded and unpacked in the cache, because installing a kernel would change how
# the host boots.  For suites that the host does not use, apt gets a separate state
# directory in the cache.  All suites use the mirror of the host's apt.

# need PURPOSE PACKAGE...: install the missing packages.
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
		apt_update	# the mirror no longer has a listed version
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

# set_mirror: set MIRROR to the mirror of the host's release.
set_mirror() {
	# shellcheck disable=SC2016	# variables of apt
	MIRROR=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
			'Created-By: Packages' |
		 awk '$1 !~ /-security|-updates|-backports/ { print $2; exit }')
	[ -n "$MIRROR" ] || die "apt has no package source configured"
}

# select_suite SUITE: set APT to the options that make apt use that suite.  "own" is the
# configuration of the host's apt; SUITE:ARCHITECTURE selects another architecture.
select_suite() {
	local suite=${1%:*} dir=$CACHE/apt/$1 arch=

	case $1 in
	*:*)	arch=${1#*:} ;;
	esac

	APT=(-o APT::Sandbox::User=root)
	[ "$suite" != own ] || return 0
	APT+=(-c "$dir/apt.conf")
	# Write apt.conf each time: its absolute paths may have changed.
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
		// Accept an outdated mirror. apt still checks the signature.
		Acquire::Check-Valid-Until "false";
	END
	[ -z "$arch" ] || printf '%s "%s";\n' APT::Architecture "$arch" \
		APT::Architectures "$arch" >>"$dir/apt.conf.$$"
	mv "$dir/apt.conf.$$" "$dir/apt.conf"
	[ ! -e "$dir/complete" ] || return 0

	need "checking signatures of other suites" debian-archive-keyring
	set_mirror
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"$MIRROR $suite main" >"$dir/sources.list"
	suite_update "$1"
}

suite_update() {
	local suite=$1

	if [ "$suite" = own ]; then
		apt_update
		return
	fi
	progress "reading the list of $suite" "$CACHE/logs/apt-$suite" \
		apt-get "${APT[@]}" update -qq || die "cannot read the list of $suite"
	touch "$CACHE/apt/$suite/complete"
}

# candidate SUITE PACKAGE: set VERSION to the package's newest version, or to nothing.
candidate() {
	select_suite "$1"
	VERSION=$(apt-cache "${APT[@]}" show --no-all-versions "$2" 2>/dev/null |
		  sed -n 's/^Version: //p')
	if [ -z "$VERSION" ] && [ "$1" = own ]; then
		suite_update own	# a fresh host has no package lists
		VERSION=$(apt-cache show --no-all-versions "$2" 2>/dev/null |
			  sed -n 's/^Version: //p')
	fi
}

# depends SUITE PACKAGE PATTERN: set DEPENDS to the first dependency of the package that
# matches the extended regular expression, or to nothing.
depends() {
	candidate "$1" "$2"
	DEPENDS=$(apt-cache "${APT[@]}" show --no-all-versions "$2" 2>/dev/null |
		  sed -n 's/^Depends: //p' | tr '|,' '\n' | awk '{ print $1 }' |
		  grep -E -m 1 -x -e "$3") || true
}

# unpack SUITE PACKAGE DIR: download a package and unpack it in DIR.
unpack() {
	local suite=$1 package=$2 dir=$3 debs

	select_suite "$suite"
	debs=$(mktemp -d "$CACHE/download.XXXXXX")
	if ! download "$package" "$debs"; then
		suite_update "$suite"	# the mirror no longer has a listed version
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
