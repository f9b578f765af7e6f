# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034	# functions return results in variables that callers read
#
# Kernels to build modules for.  Each kernel is built once and kept in the cache, in a
# directory named after the kernel, its version and a hash of its inputs.  The
# directory is built under a temporary name and renamed when it is complete.  A cached
# kernel is used even if Debian has a newer version; remove the directory to update.
#
#   um-VERSION      User Mode Linux, bootable; with several CPUs starting at 7.2
#   plain-VERSION   User Mode Linux without checkers, with one CPU, to measure times
#   bench-VERSION   plain-VERSION with all integer allocators of Linux
#   fast-VERSION    User Mode Linux with the cheap checkers and gcov
#   qemu-VERSION    x86-64 with KUnit and several CPUs, bootable
#   qemu32-VERSION  32-bit x86 with KUnit and several CPUs, bootable
#   kasan-VERSION   x86-64 with all checkers except KCSAN, bootable
#   kcsan-VERSION   x86-64 with KCSAN, bootable
#   drgn-VERSION    x86-64 with debugging information and without checkers, bootable
#   clang-VERSION   x86-64 with all options that vmem uses, prepared with clang
#   i386-VERSION    32 bits with the fewest options, prepared with gcc
#   x86-VERSION     Debian's kernel: its headers package if this host can use it, else
#                   prepared with gcc and all options that vmem uses; the version of
#                   the host's release includes the kernel image
#   rt-VERSION      Debian's kernel with PREEMPT_RT
#
# A "prepared" kernel (make modules_prepare) takes half a minute instead of an hour; it
# suffices to compile modules.

# suites_of VERSION: set SUITES to the suites of Debian to try, in this order.  "own" is
# the configuration of the host's apt.
suites_of() {
	case $1 in
	6.1)	SUITES="own" ;;
	6.12)	SUITES="bookworm-backports trixie" ;;
	*)	SUITES="unstable trixie-backports" ;;
	esac
}

# find_suite PACKAGE VERSION: set SUITE to the first suite that has the package for that
# kernel version, and VERSION to the version of the package.
find_suite() {
	suites_of "$2"
	for SUITE in $SUITES; do
		candidate "$SUITE" "$1"
		[ -z "$VERSION" ] || return 0
	done
	die "no package $1 in $SUITES"
}

# cached PATTERN: set FOUND to the newest directory of that name, or to nothing.
cached() {
	FOUND=$(find "$CACHE" -maxdepth 2 -path "$CACHE/$1" ! -name '*.part' \
		-printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2-)
}

# source_get VERSION: set SRC to the kernel's source, with the patches of Debian and of
# scripts/kernels.
source_get() {
	local name=linux-source-$1 patch=$SCRIPTS/kernels/$1.patch state=0 dir

	if [ -e "$patch" ]; then
		hash_of cat "$patch"
		state=$HASH
	fi
	lock "source-$1"
	cached "source/$1-*-$state"
	SRC=$FOUND
	if [ -z "$SRC" ]; then
		find_suite "$name" "$1"
		SRC=$CACHE/source/$1-$VERSION-$state
		dir=$SRC.part
		rm -rf "$dir"
		mkdir -p "$dir"
		need "unpacking kernels" xz-utils patch
		unpack "$SUITE" "$name" "$dir/package"
		progress "unpacking $name $VERSION" "$CACHE/logs/$name" \
			tar -xf "$dir/package/usr/src/$name.tar.xz" -C "$dir" \
			--strip-components=1 --exclude='*/Documentation/*/*' \
			--exclude='*/drivers/gpu/drm/amd/include/*/*'
		rm -r "$dir/package"
		if [ -e "$patch" ]; then
			patch -s -p1 -d "$dir" <"$patch" ||
				die "$patch does not apply"
		fi
		mv "$dir" "$SRC"
	fi
	unlock "source-$1"
}

# kernel_get NAME: set KDIR to the directory to build modules against, and IMAGE to the
# kernel image, if there is one.
kernel_get() {
	local name=$1 version=${1#*-} recipe fragment

	case $name in
	um-*)			recipe=build_um fragment=um ;;
	plain-*)		recipe=build_um fragment=plain ;;
	fast-*)			recipe=build_um fragment=fast ;;
	bench-*)		recipe=build_um fragment=bench ;;
	qemu-* | kasan-* | kcsan-* | drgn-*)
				recipe=build_x86 fragment=${name%-*} ;;
	qemu32-*)		recipe=build_i386 fragment=qemu32 ;;
	clang-*)		recipe=prepare_clang fragment=full ;;
	i386-*)			recipe=prepare_i386 fragment=minimal ;;
	x86-6.1 | x86-6.12)	recipe=headers ;;
	rt-6.12)		recipe=headers ;;
	x86-*)			recipe=prepare_x86 fragment=full ;;
	*)			die "unknown kernel: $name" ;;
	esac

	need "building kernels and modules" build-essential bc bison flex \
		libelf-dev libssl-dev rsync git python3 xz-utils kmod
	[ "$recipe" != prepare_clang ] ||
		need "building with clang" clang lld llvm
	case $recipe in
	headers)	headers_get "$name" "$version" ;;
	*)		built_get "$name" "$version" "$recipe" "$fragment" ;;
	esac
}

# --- Debian's kernels ---

headers_get() {
	local name=$1 version=$2 suite=own flavour=amd64 dir abi part

	IMAGE=
	case $name in
	rt-*)	flavour=rt-amd64 ;;
	esac
	[ "$version" = 6.1 ] || suite=bookworm-backports
	lock "$name"
	cached "kernels/$name-*"
	dir=$FOUND
	if [ -z "$dir" ]; then
		depends "$suite" "linux-headers-$flavour" 'linux-headers-[0-9].*'
		[ -n "$DEPENDS" ] || die "no linux-headers-$flavour in $suite"
		abi=${DEPENDS#linux-headers-}
		case $abi in
		"$version".*)	;;
		*)		die "$suite has Linux $abi, not $version" ;;
		esac
		dir=$CACHE/kernels/$name-$abi
		rm -rf "$dir.part"
		unpack "$suite" "linux-headers-$abi" "$dir.part"
		for part in 'linux-headers-.*-common.*' 'linux-kbuild-.*'; do
			depends "$suite" "linux-headers-$abi" "$part"
			unpack "$suite" "$DEPENDS" "$dir.part"
		done
		if [ "$suite" = own ]; then
			unpack "$suite" "linux-image-$abi" "$dir.part"
			rm -rf "$dir.part/lib/modules"
		fi
		# Without vmlinux, kbuild does not generate BTF, which would need
		# another package.
		rm -f "$dir.part/usr/src/linux-headers-$abi/vmlinux"
		# Correct the only absolute path in the package.
		sed -i "s|^include /usr/src|include $dir/usr/src|" \
			"$dir.part/usr/src/linux-headers-$abi/Makefile"
		mv "$dir.part" "$dir"
	fi
	unlock "$name"
	abi=${dir##*/"$name"-}
	KDIR=$dir/usr/src/linux-headers-$abi
	[ ! -e "$dir/boot/vmlinuz-$abi" ] || IMAGE=$dir/boot/vmlinuz-$abi
}

# image_get NAME: set IMAGE to the kernel image, after kernel_get().  Images of Debian
# are downloaded only for booting.
image_get() {
	local name=$1 suite=own abi=${KDIR##*/linux-headers-} dir

	[ -z "$IMAGE" ] || return 0
	case $name in
	x86-6.1)		;;
	x86-6.12 | rt-6.12)	suite=bookworm-backports ;;
	*)			die "$name cannot be booted" ;;
	esac
	dir=$CACHE/images/$abi
	lock "image-$abi"
	if [ ! -e "$dir" ]; then
		rm -rf "$dir.part"
		unpack "$suite" "linux-image-$abi" "$dir.part"
		rm -rf "$dir.part/usr" "$dir.part/lib"
		mkdir -p "$CACHE/images"
		mv "$dir.part" "$dir"
	fi
	unlock "image-$abi"
	IMAGE=$dir/boot/vmlinuz-$abi
	[ -e "$IMAGE" ] || die "no kernel in linux-image-$abi"
}

# module_get IMAGE MODULE DIR: copy a module of a Debian kernel to DIR.  The cache
# keeps only the requested modules, because a Debian kernel has thousands.
module_get() {
	local abi=${1##*/vmlinuz-} module=$2 out=$3 dir

	dir=$CACHE/modules/$abi
	lock "modules-$abi"
	if [ ! -e "$dir/${module##*/}" ]; then
		mkdir -p "$dir"
		unpack own "linux-image-$abi" "$dir.part"
		cp "$dir.part/lib/modules/$abi/$module" "$dir/" ||
			die "no $module in linux-image-$abi"
		rm -r "$dir.part"
	fi
	unlock "modules-$abi"
	cp "$dir/${module##*/}" "$out/"
}

# --- kernels built from source ---

built_get() {
	local name=$1 version=$2 recipe=$3 start=$SECONDS
	local fragment=$SCRIPTS/kernels/$4.config

	source_get "$version"
	hash_of recipe_of "$recipe" "$fragment" "$version"
	lock "$name"
	KDIR=$CACHE/kernels/$name-${SRC##*/"$version"-}-$HASH
	if [ ! -e "$KDIR" ]; then
		rm -rf "$KDIR.part"
		mkdir -p "$KDIR.part"
		"$recipe" "$name" "$KDIR.part" "$version" "$fragment"
		mv "$KDIR.part" "$KDIR"
		say "$name is built, $((SECONDS - start)) s: $KDIR"
	fi
	fix_paths
	unlock "$name"
	IMAGE=
	[ ! -e "$KDIR/arch/x86/boot/bzImage" ] ||
		IMAGE=$KDIR/arch/x86/boot/bzImage
}

# fix_paths: update the absolute paths in the Makefile and the link that kbuild left in
# KDIR; the cache may have been mounted elsewhere.  With the old paths, modules do not
# build, or build in the kernel's directory.
fix_paths() {
	sed -i -e "s|^\(export KBUILD_OUTPUT\) .*|\1 := \$(CURDIR)|" \
		-e "s|^include .*/Makefile$|include $SRC/Makefile|" \
		"$KDIR/Makefile"
	grep -qxF "include $SRC/Makefile" "$KDIR/Makefile" ||
		die "unexpected Makefile in $KDIR"
	ln -sfn "$SRC" "$KDIR/source"
}

# recipe_of RECIPE FRAGMENT VERSION: print all inputs of a kernel build, for the hash in
# its name.
recipe_of() {
	options_of "$2" "$3"
	declare -f "$1" configure
	case $1 in
	prepare_*)	declare -f prepare exports ;;
	build_x86 | build_i386)	declare -f build ;;
	esac
	case $1 in
	*_clang)	clang --version ;;
	*)		gcc --version ;;
	esac
}

# options_of FRAGMENT VERSION: print the options of a fragment for a version.  A later
# line for an option replaces an earlier line, so that a fragment can override the
# fragments that it includes ("# with FILE").
options_of() {
	fragment_of "$1" | awk -v version="$2" '
		function number(v,  part) {
			split(v, part, ".")
			return part[1] * 1000 + part[2]
		}
		!/^CONFIG_/	{ next }
		/# since /	{ if (number(version) < number($NF)) next }
		/# until /	{ if (number(version) > number($NF)) next }
				{ sub(/[ \t]*#.*/, "") }
				{ split($0, part, "=") }
		!(part[1] in line) { order[++lines] = part[1] }
				{ line[part[1]] = $0 }
		END { for (i = 1; i <= lines; i++) print line[order[i]] }
	'
}

# fragment_of FILE: print the lines of a fragment; replace each line "# with NAME" by the
# lines of the fragment NAME.
fragment_of() {
	local line

	while IFS= read -r line; do
		case $line in
		"# with "*)	fragment_of "${1%/*}/${line#\# with }" ;;
		*)		printf '%s\n' "$line" ;;
		esac
	done <"$1"
}

# configure DIR VERSION FRAGMENT MAKE...: configure allnoconfig with the options of a
# fragment.  Fails if an option is not in the resulting configuration.
configure() {
	local dir=$1 version=$2 fragment=$3 lost line
	shift 3

	options_of "$fragment" "$version" >"$dir/wanted.config"
	"$@" KCONFIG_ALLCONFIG="$dir/wanted.config" allnoconfig
	while read -r line; do
		case $line in
		*=n)	grep -q "^${line%n}" "$dir/.config" || continue ;;
		*)	grep -qFx "$line" "$dir/.config" && continue ;;
		esac
		echo "the kernel did not take $line"
		lost=1
	done <"$dir/wanted.config"
	[ -z "${lost:-}" ]
}

build_um() {
	local name=$1 dir=$2 version=$3 fragment=$4
	local make=(make -C "$SRC" O="$dir" ARCH=um)

	progress "configuring $name" "$CACHE/logs/$name" configure "$dir" \
		"$version" "$fragment" "${make[@]}" ||
		die "cannot configure $name"
	progress "building $name" "$CACHE/logs/$name" \
		"${make[@]}" -j"$JOBS" linux modules || die "cannot build $name"
	find "$dir" -name '*.o' -path '*/[a-z]*' ! -path '*/scripts/*' -delete
}

build_x86() {
	build "$@" ARCH=x86_64
}

build_i386() {
	build "$@" ARCH=i386
}

# build NAME DIR VERSION FRAGMENT ARGUMENT...: configure and build an x86 kernel.
build() {
	local name=$1 dir=$2 version=$3 fragment=$4
	local make=(make -C "$SRC" O="$dir" "${@:5}")

	progress "configuring $name" "$CACHE/logs/$name" configure "$dir" \
		"$version" "$fragment" "${make[@]}" ||
		die "cannot configure $name"
	progress "building $name" "$CACHE/logs/$name" \
		"${make[@]}" -j"$JOBS" bzImage modules || die "cannot build $name"
	find "$dir" -name '*.o' -path '*/[a-z]*' ! -path '*/scripts/*' \
		! -path '*/tools/objtool/*' -delete
}

prepare_x86() {
	prepare "$@" ARCH=x86_64
}

prepare_clang() {
	prepare "$@" ARCH=x86_64 LLVM=1
}

prepare_i386() {
	prepare "$@" ARCH=i386
}

# prepare NAME DIR VERSION FRAGMENT ARGUMENT...: configure and prepare an x86 kernel.
prepare() {
	local name=$1 dir=$2 version=$3 fragment=$4
	local make=(make -C "$SRC" O="$dir" "${@:5}")

	progress "configuring $name" "$CACHE/logs/$name" configure "$dir" \
		"$version" "$fragment" "${make[@]}" ||
		die "cannot configure $name"
	progress "preparing $name" "$CACHE/logs/$name" \
		"${make[@]}" -j"$JOBS" modules_prepare ||
		die "cannot prepare $name"
	exports >"$dir/Module.symvers"
}

# exports: print a Module.symvers for a prepared kernel: all symbols that its source
# exports in any configuration.
exports() {
	(cd "$SRC" && grep -rhE --include='*.[chS]' '^\s*(EXPORT_|STANDARD_PARAM)' \
		arch/x86 block drivers/base drivers/char fs init kernel lib mm) |
		sed -nE 's/^\s*EXPORT_(PER_CPU_)?SYMBOL(_GPL)?\((\w+)\).*/\3/p
		 s/^\s*STANDARD_PARAM_DEF\((\w+),.*/param_get_\1\nparam_set_\1\nparam_ops_\1/p
		 s/^\s*EXPORT_STATIC_CALL(_TRAMP)?(_GPL)?\((\w+)\).*/__SCK__\3\n__SCT__\3/p
		 s/^\s*EXPORT_TRACEPOINT_SYMBOL(_GPL)?\((\w+)\).*/__tracepoint_\2\n__traceiter_\2\n__SCK__tp_func_\2\n__SCT__tp_func_\2/p' |
		sort -u |
		sed 's/.*/0x00000000\t&\tvmlinux\tEXPORT_SYMBOL\t/'
}
