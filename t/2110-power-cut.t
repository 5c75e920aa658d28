#!/bin/sh
# The file system is shut down under cleanup and qmgr at each of their system
# calls, as by a power cut: nothing that was acknowledged is lost.
# plain build too, alone
# SPDX-License-Identifier: BSD-2-Clause
#
#	t/2110-power-cut.t         a part of the calls, within a minute
#	t/2110-power-cut.t long    every call

top=$(cd "$(dirname "$0")/.." && pwd)
build=${POSTHOUSE_STAGE:-$top/build/e2e/stage}
build=${build%/stage}
n=0 failed=0 device='' image=''

leave() { # SUMMARY
	[ -z "$device" ] || losetup -d "$device"
	rm -f "$image"
	echo "1..$n"
	exit "$failed"
}

skip() { # REASON
	echo "1..0 # SKIP $1"
	exit 0
}

[ "$(id -u)" = 0 ] || skip "needs root, for a loop device"
[ -f "$build/Makefile" ] || skip "no build in $build: run t/run --build first"
image=$(mktemp /tmp/posthouse-disk.XXXXXX) || exit 1
truncate -s 96M "$image"
mkfs.ext4 -q -F -O has_journal "$image"
device=$(losetup -f --show --direct-io=on "$image" 2>/dev/null) ||
    device=$(losetup -f --show "$image" 2>/dev/null) ||
    { rm -f "$image"; skip "no loop devices here"; }

for program in cleanup qmgr; do
	n=$((n + 1))
	step=5
	[ "${1:-}" != long ] || step=1
	what="$program: a power cut at any call loses nothing"
	if make -s -C "$build" "t/check_crash_$program" >/dev/null 2>&1 &&
	    out=$(CRASH_DEVICE=$device CRASH_STEP=$step \
		timeout 3600 "$build/t/check_crash_$program" 2>&1); then
		printf '%s\n' "$out" | grep '^#'
		echo "ok $n - $what"
	else
		printf '%s\n' "$out" | tail -n 5 | sed 's/^/# /'
		echo "not ok $n - $what"
		failed=1
	fi
done
leave
