# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Guests: boot a kernel of kernels.sh with a ramdisk; a log records the console.

GUEST_CPUS=${GUEST_CPUS:-2}
GUEST_MEMORY=${GUEST_MEMORY:-1G}

# guest_boot KERNEL SECONDS LOG WHAT RAMDISK [ARGUMENT]...: boot the kernel with the
# ARGUMENTs on its command line, and wait until it ends.  After SECONDS, ends the guest
# and returns 124.  Needs KDIR and IMAGE of kernel_get(), and RUN of run_dir().
guest_boot() {
	local kernel=$1 seconds=$2 log=$3 what=$4 ramdisk=$5 machine=qemu-system-x86_64
	local tmp=/dev/shm space
	shift 5

	# A large log buffer: a slow console loses messages when the buffer overflows.
	set -- panic=-1 ignore_loglevel printk.devkmsg=on log_buf_len=4M "$@"
	if [ -x "$KDIR/linux" ]; then
		case $kernel in
		*-6.*)	;;		# supports one CPU only
		*)	[ "$GUEST_CPUS" -le 1 ] ||
				set -- ncpus="$GUEST_CPUS" seccomp=on "$@" ;;
		esac
		# The guest maps a file in TMPDIR as its memory; TMPDIR must not be noexec.
		space=$(df --output=avail -k "$tmp" 2>/dev/null | tail -n 1)
		[ "${space:-0}" -gt 1500000 ] || tmp=$RUN
		run env TMPDIR="$tmp" "$SCRIPTS/lib/guest.py" "$seconds" "$log" \
			"$what" "$KDIR/linux" mem="$GUEST_MEMORY" \
			initrd="$ramdisk" uml_dir="$RUN/" \
			con=null con0=fd:0,fd:1 "$@"
		return
	fi

	# tsc=unstable keeps the kernel from patching code that other CPUs
	# execute, because the emulator may execute such code wrongly.
	image_get "$kernel"
	need "emulating a machine" qemu-system-x86
	grep -q '^CONFIG_64BIT=y' "$KDIR/.config" || machine=qemu-system-i386
	# no_timer_check: on a busy host the kernel's check of the timer may fail
	# and panic.
	run env GUEST_MONITOR="$RUN/monitor" "$SCRIPTS/lib/guest.py" "$seconds" \
		"$log" "$what" "$machine" \
		-accel tcg,thread=multi -cpu max -smp "$GUEST_CPUS" \
		-m "$GUEST_MEMORY" -nodefaults -no-user-config -no-reboot \
		-display none -serial stdio \
		-monitor unix:"$RUN/monitor",server=on,wait=off -kernel "$IMAGE" -initrd "$ramdisk" \
		-append "console=ttyS0 tsc=unstable mitigations=off nokaslr no_timer_check \
		watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=180 $*"
}
