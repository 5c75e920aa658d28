#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "while the resolver is down mail waits, and goes out when it is back"
host a 10.53.0.2
host b 10.53.0.3
mail_user b bob
dns_start
posthouse_up b
posthouse_setup a
conf a 'mynetworks = 127.0.0.0/8' 'destination_probe_time = 2s' \
    'maximal_queue_lifetime = 12s'
start a
dns_stop

for i in 1 2 3; do
	printf '%s\n' 'EHLO c' 'MAIL FROM:<>' 'RCPT TO:<bob@b.test>' DATA \
	    "Subject: number $i" '' . QUIT | smtp a 127.0.0.1 >/dev/null
done
waits() {
	[ "$(on a mqueue --json | grep -c '"deferred"')" = 3 ]
}
ok "mail waits" wait_for 60 waits
ok "the log says why" wait_for 5 log_has a 'resolver does not answer'
sleep 14
is "it does not expire meanwhile" "$(on a mqueue --json | wc -l)" 3
is "that was said once" "$(log_count a 'resolver does not answer')" 1
dns_start
arrived() {
	[ "$(mailbox_count b bob)" = 3 ]
}
ok "when the resolver is back it goes out" wait_for 60 arrived
ok "and the log says so" log_has a 'resolver answers again'
ok "the queue is empty" wait_for 5 queue_is_empty a
lab_done
