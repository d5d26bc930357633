#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
#
# PID 1 of a test guest, and nothing but what that takes: a root that may be
# written without the host noticing, the file systems a user space expects, one
# job, its end told through the folder shared with the host, power off.
#
# The kernel's command line gives, as init's environment:
#   coconut_root   hostfs, 9p (the host's root below an overlay), memory (this
#                  initramfs) or none (the caller has made one)
#   coconut_out    the shared folder on the host (hostfs only; 9p goes by tag)
#   coconut_keep   host folders (a:b:c) that stay visible where a fresh /tmp would hide them
set -u
b=/bin/busybox
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

share() { # where
	$b mkdir -p "$1"
	case $coconut_root in
	hostfs) $b mount -t hostfs -o "$coconut_out" none "$1" ;;
	none) $b mount --bind /mnt/out "$1" ;;
	*) $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 out "$1" ;;
	esac
}

# The host's root, read-only, below a layer in memory.
overlay() { # lower
	$b mount -t tmpfs -o mode=755 tmpfs "$2"
	$b mkdir -p "$2/upper" "$2/work" "$2/root"
	$b mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
}

user_space() {
	$b mount -t proc proc /proc
	$b mount -t sysfs sysfs /sys
	$b mount -t devtmpfs dev /dev 2>/dev/null
	$b mkdir -p /dev/pts /dev/shm /agent
	$b mount -t devpts -o ptmxmode=666 devpts /dev/pts
	$b mount -t tmpfs shm /dev/shm
	$b mount -t debugfs debugfs /sys/kernel/debug
	$b mount -t securityfs securityfs /sys/kernel/security
	$b mount -t cgroup2 cgroup2 /sys/fs/cgroup
	$b mount -t bpf bpf /sys/fs/bpf 2>/dev/null
	$b mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
	$b mount -t tmpfs -o mode=755 run /run
	for keep in $(echo "${coconut_keep:-}" | $b tr : ' '); do
		$b mkdir -p "/run/keep$keep"
		$b mount --bind "$keep" "/run/keep$keep"
	done
	$b mount -t tmpfs -o mode=1777 tmp /tmp
	for keep in $(echo "${coconut_keep:-}" | $b tr : ' '); do
		case $keep in
		/tmp/*)
			$b mkdir -p "$keep"
			$b mount --bind "/run/keep$keep" "$keep"
			;;
		esac
	done
	share /run/out
	if $b grep -q agentfs /proc/filesystems; then
		$b mount -t agentfs agentfs /agent
	fi
	$b ip link set lo up 2>/dev/null
}

# Which lines ran, where the kernel counts them: below the path of the objects.
counters() {
	[ -e /sys/kernel/debug/gcov/reset ] || return 0
	$b mkdir -p /run/out/gcov
	(cd /sys/kernel/debug/gcov && $b find . -name '*.gcda') | while read -r file; do
		$b mkdir -p "/run/out/gcov/${file%/*}"
		$b cat "/sys/kernel/debug/gcov/$file" >"/run/out/gcov/$file"
	done
}

# What the kernel thinks of itself at the end: the host judges it.
health() {
	$b cat /proc/sys/kernel/tainted >/run/out/tainted
	if [ -e /proc/lockdep_stats ]; then
		$b grep debug_locks /proc/lockdep_stats >/run/out/lockdep
	fi
	if [ -e /sys/kernel/debug/kmemleak ]; then
		echo scan >/sys/kernel/debug/kmemleak
		$b sleep 6
		echo scan >/sys/kernel/debug/kmemleak
		$b cat /sys/kernel/debug/kmemleak >/run/out/kmemleak
	fi
	counters
	for suite in /sys/kernel/debug/kunit/*/results; do
		[ -e "$suite" ] || continue
		name=${suite%/results}
		$b mkdir -p /run/out/kunit
		$b cat "$suite" >"/run/out/kunit/${name##*/}"
	done
}

work() {
	user_space
	if [ -e /run/out/interactive ]; then
		tty=ttyS0
		[ "$coconut_root" = hostfs ] && tty=tty0
		$b setsid -c $b sh /run/out/job <>/dev/$tty >&0 2>&1
		status=$?
	else
		(. /run/out/job) </dev/null >/run/out/output 2>&1
		status=$?
	fi
	health
	echo "$status" >/run/out/status.new
	$b mv /run/out/status.new /run/out/status
	$b sync
}

case ${1:-} in
inner)
	work
	$b poweroff -f
	;;
nested) # as a program in a guest that has its own init
	$b mkdir -p /run/coconut
	overlay / /run/coconut
	# mounts of the caller are not below the overlay: carry the shared folder in
	$b mkdir -p /run/coconut/root/mnt/out
	$b mount --bind "$coconut_out" /run/coconut/root/mnt/out
	exec $b chroot /run/coconut/root "$b" sh /mnt/out/init.sh work
	;;
work)
	work
	exit "$status"
	;;
esac

for module in /modules/*.ko; do
	[ -e "$module" ] && $b insmod "$module"
done

case $coconut_root in
memory)
	$b mkdir -p /proc /sys /dev /run /tmp
	work
	$b poweroff -f
	;;
hostfs)
	overlay / /run
	cd /run/root || exit 1
	;;
9p)
	$b mkdir -p /lower /layer
	$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=1048576,cache=loose root /lower
	overlay /lower /layer
	cd /layer/root || exit 1
	$b cp /init.sh run/init.sh 2>/dev/null
	;;
esac
if [ "$coconut_root" = hostfs ]; then
	$b mkdir -p mnt/host
	$b pivot_root . mnt/host
	$b umount -l /mnt/host
	exec $b chroot . $b sh "$coconut_init" inner
fi
exec $b switch_root . $b sh "$coconut_init" inner
