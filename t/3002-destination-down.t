#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "a host that is down is tried by one message, and drained when it is back"
host a 10.53.0.2
host b 10.53.0.3
mail_user b bob
dns_start
posthouse_setup a b
conf a 'mynetworks = 127.0.0.0/8' 'destination_probe_time = 2s' \
    'relay_domains = b.test' 'initial_destination_concurrency = 5'
start a

n=60
{
	echo 'EHLO c'
	for i in $(seq $n); do
		printf 'MAIL FROM:<s@a.test>\nRCPT TO:<bob@b.test>\nDATA\n'
		printf 'Subject: number %d\n\nhello\n.\n' "$i"
	done
	echo QUIT
} | smtp a 127.0.0.1 >"$lab/replies"
is "all are accepted" "$(grep -c 'queued as' "$lab/replies")" $n

all_wait() {
	[ "$(on a mqueue --json | grep -c '"deferred"')" = $n ]
}
ok "all wait" wait_for 15 all_wait
ok "the log says that the host is down" log_has a \
    'destination smtp:.*b\.test is down|destination relay:.*b\.test is down'
like "mqueue gives the reason" "$(on a mqueue | head -n 4)" 'refused'
ok "for those not tried too" log_has a 'delivery temporarily suspended: '
sleep 5
tries=$(log_settled a | grep 'status=deferred' | grep -vc suspended)
ok "few attempts were made ($tries)" [ "$tries" -le 12 ]
like "the summary has one row for them" "$(on a mqueue --summary)" \
    "b\\.test +$n "

start b
arrived() {
	[ "$(mailbox_count b bob)" = "$1" ]
}
ok "when it is back all are delivered" wait_for 20 arrived $n
ok "the log says that it is up" log_has a 'b\.test is up again'
ok "the queue is empty" wait_for 5 queue_is_empty a
is "each arrived once" "$(mailbox_of b bob | grep -c '^Subject: number')" $n
is "and none twice" \
    "$(mailbox_of b bob | grep '^Subject: number' | sort -u | wc -l)" $n

stop b
printf '%s\n' 'EHLO c' 'MAIL FROM:<s@a.test>' 'RCPT TO:<bob@b.test>' DATA \
    'Subject: flushed' '' . QUIT | smtp a 127.0.0.1 >/dev/null
conf a 'destination_probe_time = 1h'
ok "with an hour between probes" on a posthouse reload
printf '%s\n' 'EHLO c' 'MAIL FROM:<s@a.test>' 'RCPT TO:<bob@b.test>' DATA \
    'Subject: flushed' '' . QUIT | smtp a 127.0.0.1 >/dev/null
two_wait() {
	[ "$(on a mqueue --json | grep -c '"deferred"')" = 2 ]
}
ok "two wait" wait_for 10 two_wait
start b
ok "flushing the domain brings it up" on a mqueue -f b.test
ok "and both arrive" wait_for 10 arrived $((n + 2))
ok "the books balance" on a mqueue --audit
lab_done
