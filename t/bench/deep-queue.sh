#!/bin/sh
# deep-queue.sh [MESSAGES [DOMAINS]]: how qmgr starts and lives with a deep
# queue: time until a fresh message is delivered after the start, time until all
# is read, memory, and how long mqueue takes.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/../lib.sh"
messages=${DEEP_MESSAGES:-${1:-100000}}
domains=${DEEP_DOMAINS:-${2:-10000}}
export DEEP_MESSAGES="$messages" DEEP_DOMAINS="$domains"
lab "$messages deferred messages to $domains domains"
host a 10.53.0.2
dns_start
posthouse_setup a
conf a 'transport_maps = inline:{{now.test=discard:}}' \
    'relay_domains = now.test'
queue=$(root_of a)/var/spool/posthouse

seconds() { # FROM TO, of date +%s.%N
	echo "$1 $2" | awk '{ printf "%.2f", $2 - $1 }'
}

"${FILL_QUEUE:-$top/t/bench/fill_queue}" "$queue" "$messages" "$domains" ||
    bail "the queue cannot be filled"
sync
[ -z "${COLD:-}" ] || echo 3 >/proc/sys/vm/drop_caches
began=$(date +%s.%N)
start a
printf '%s\n' 'EHLO c' 'MAIL FROM:<>' 'RCPT TO:<r@now.test>' DATA \
    'Subject: fresh' '' . QUIT | smtp a 127.0.0.1 >"$lab/reply"
id=$(sed -n 's/.*queued as //p' "$lab/reply")
wait_for 60 log_has a "$id: removed"
echo "fresh message delivered after   $(seconds "$began" "$(date +%s.%N)") s (start included)"
wait_for 600 log_has a 'queue read: '
echo "$(log_of a | grep -o 'queue read: .*')"
pid=$(on a pidof qmgr)
echo "memory of qmgr                  $(awk '/^VmRSS/ { print int($2 / 1024) " MB" }' "/proc/$pid/status")"
awk -v n="$messages" '/^VmRSS/ { print "per message                     " int($2 * 1024 / n) " bytes" }' "/proc/$pid/status"
began=$(date +%s.%N)
n=$(on a mqueue --json | wc -l)
echo "mqueue --json ($n lines)  $(seconds "$began" "$(date +%s.%N)") s"
ok "the books balance" on a mqueue --audit
stop a
lab_done
