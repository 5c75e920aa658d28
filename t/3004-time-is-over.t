#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "the sender is told of a delay, and gets the mail back when its time is over"
host a 10.53.0.2
mail_user a alice
record 'dead MX 10 nobody'
record 'nobody A 10.53.0.99'
dns_start
posthouse_setup a
conf a 'mynetworks = 127.0.0.0/8' 'minimal_backoff_time = 2s' \
    'maximal_backoff_time = 3s' 'destination_probe_time = 1s' \
    'delay_warning_time = 3s' 'maximal_queue_lifetime = 9s' \
    'bounce_queue_lifetime = 9s' \
    'transport_maps = inline:{{later.test=retry:4.2.0 come again}}' \
    'relay_domains = later.test'
start a

send() { # FROM TO
	printf '%s\n' 'EHLO c' "MAIL FROM:<$1>" "RCPT TO:<$2>" \
	    DATA 'Subject: x' '' . QUIT | smtp a 127.0.0.1 |
	    sed -n 's/.*queued as //p'
}
id=$(send alice@a.test r@later.test)
null=$(send '' r@later.test)
held=$(send alice@a.test h@later.test)
ok "one is held" on a mqueue --hold "$held"
ok "it is tried again and again" wait_for 15 sh -c \
    "[ \$(grep -c '$id: to=.*come again' \
    '$(root_of a)/var/log/posthouse.log') -ge 3 ]"
ok "the sender is told of the delay" \
    wait_for 10 log_has a "$id: sender delay notification"
ok "it is returned in the end" \
    wait_for 20 log_has a "$id: from=<alice@a.test>, status=expired, returned"
ok "with a notification" \
    wait_for 5 log_has a "$id: sender non-delivery notification"
ok "and removed" wait_for 5 log_has a "$id: removed"
ok "alice has both" wait_for 10 sh -c "[ \$(grep -c '^From ' \
    '$(root_of a)/var/mail/alice') = 2 ]"
ok "nobody is told of the null sender's" wait_for 10 log_has a "$null: removed"
is "no delay was told to it" "$(log_count a "$null: sender")" 0
like "what is held is still there" "$(on a mqueue)" "^$held!"
ok "the books balance" on a mqueue --audit
lab_done
