#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
# plain build too, alone: memory and time mean something there
messages=${PARKED_MESSAGES:-2000} # for the dead primary
fresh=${PARKED_FRESH:-300}        # for others, to see what they cost
export PARKED_MESSAGES="$messages" PARKED_FRESH="$fresh"
fill=${FILL_QUEUE:-$(ls "${stage%/stage}/t/bench/fill_queue" \
    "$top/t/bench/fill_queue" 2>/dev/null | head -n 1)}
lab "$messages messages parked for a dead primary"
host a 10.53.0.2
ip addr add 10.53.0.21/24 dev wire
zone dead.test <<END
@ MX 10 mx
@ MX 20 a.test.
mx A 10.53.0.21
END
dns_start
posthouse_setup a
conf a 'transport_maps = inline:{{now.test=discard:}}' \
    'relay_domains = now.test' 'backup_mx_domains = dead.test' \
    'destination_probe_time = 2s' 'inet_protocols = ipv4'
queue=$(root_of a)/var/spool/posthouse
libs=$peers/postfix/usr/lib/postfix:$peers/postfix/usr/lib/x86_64-linux-gnu

since() { # TIME, of date +%s.%N: seconds
	date +"$1 %s.%N" | awk '{ printf "%.2f", $2 - $1 }'
}

# CPU time of all our processes so far, in ms.
cpu() {
	for p in $(on a pidof master smtpd cleanup qmgr smtp scribe); do
		sed 's/.*) //' "/proc/$p/stat"
	done | awk '{ n += $12 + $13 } END { print n * 10 }'
}

removed() {
	log_of a | grep -c ': removed'
}

all_removed() {
	[ "$(removed)" -ge "$1" ]
}

# Fresh mail to somebody else: its cost in microseconds of CPU a message.
fresh_mail() {
	want=$(($(removed) + fresh))
	before=$(cpu)
	LD_LIBRARY_PATH=$libs "$peers/postfix/usr/sbin/smtp-source" \
	    -s 10 -m "$fresh" -l 2000 -f '' -t r@now.test 10.53.0.2:25
	wait_for 120 all_removed "$want" || return 1
	cost=$((($(cpu) - before) * 1000 / fresh))
}

start a
ok "fresh mail with an empty queue" fresh_mail
fresh_mail
empty=$cost
stop a

ok "the queue is filled" "$fill" "$queue" "$messages" dead.test
n=$(removed)
began=$(date +%s.%N)
start a
to_other() {
	printf '%s\n' 'EHLO c' 'MAIL FROM:<>' 'RCPT TO:<r@now.test>' DATA \
	    'Subject: fresh' '' . QUIT | smtp a 127.0.0.1 >/dev/null
}
to_other
ok "after a restart fresh mail is delivered" wait_for 20 all_removed $((n + 1))
echo "# first fresh delivery: $(since "$began") s, the start included"
ok "the queue is read" wait_for 600 log_has a 'queue read: '
echo "# $(log_of a | grep -o 'queue read: .*' | tail -n 1), after $(since "$began") s"
ok "the primary is down" wait_for 10 log_has a \
    "destination relay:dead.test is down: connect to mx.dead.test.*refused"

ok "fresh mail with the backlog" fresh_mail
fresh_mail
echo "# CPU for a fresh message: $empty us with an empty queue, $cost us with $messages parked"
[ "$messages" -lt 50000 ] ||
    ok "not slowed by more than a tenth" [ "$cost" -le $((empty * 11 / 10)) ]

connects() {
	log_of a | grep -c '\]: connect to mx.dead.test.10.53.0.21.:25: '
}
before=$(connects)
sleep 12
tries=$(($(connects) - before))
ok "at most one connection in a probe's interval ($tries in 12 s at 2 s)" \
    [ "$tries" -le 7 ]
ok "and it is probed" [ "$tries" -ge 3 ]
pid=$(on a pidof qmgr)
memory=$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status")
limit=64
[ "$messages" -le 50000 ] || limit=$((messages * 400 / 1000000))
ok "qmgr has $memory MB, under $limit" [ "$memory" -lt "$limit" ]

began=$(date +%s.%N)
on a mqueue --summary >"$lab/summary"
echo "# mqueue --summary: $(since "$began") s"
like "the summary has the story" "$(cat "$lab/summary")" \
    "relay:dead\\.test +$messages +[0-9]+ down +[0-9a-z]+ .*refused"
like "so has its JSON" "$(on a mqueue --json --summary)" \
    '"next_hop": "relay:dead.test", "state": "down", "down_since": [1-9]'

# The primary is back.
(
	while :; do
		on a ss -Htn state established dst 10.53.0.21 | wc -l
		sleep 0.1
	done >"$lab/sessions"
) &
watcher=$!
LD_LIBRARY_PATH=$libs "$peers/postfix/usr/sbin/smtp-sink" -u nobody \
    10.53.0.21:25 100 >"$lab/sink.log" 2>&1 &
sink=$!
began=$(date +%s.%N)
ok "it is found" wait_for 15 log_has a \
    'destination relay:dead.test is up again after'
echo "# found after $(since "$began") s"
ok "and gets everything" wait_for 1800 log_has a \
    "destination relay:dead.test: $messages messages drained in"
kill $watcher
echo "# $(log_of a | grep -o '[0-9]* messages drained in .*')"
most=$(sort -n "$lab/sessions" | tail -n 1)
echo "# sessions at once: at most $most, limit 20"
ok "never more than the limit" [ "$most" -le 20 ]
[ "$messages" -lt 10000 ] ||
    ok "and it was kept busy" [ "$most" -ge 10 ]
ok "the queue is empty" wait_for 10 queue_is_empty a
ok "the books balance" on a mqueue --audit
kill $sink
lab_done
