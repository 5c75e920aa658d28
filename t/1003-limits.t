#!/bin/sh
# How much a client may do.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "sizes, numbers and rates, held over all processes"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
conf a 'message_size_limit = 100000' 'smtpd_recipient_limit = 5' \
    'smtpd_client_connection_count_limit = 4'
start a

clients() {
	python3 "$top/t/clients.py" "$@"
}

is "too many connections are turned away, the others are not" \
    "$(clients hold 10.53.0.2 20 </dev/null)" "220 a.tes 4
421 4.7.0 16"
ok "the log says so" log_has a 'warning: Connection concurrency limit exceeded: 5 from unknown\[10\.53\.0\.1\] for service smtp'
is "they may come again afterwards" \
    "$(sleep 1; clients hold 10.53.0.2 4 </dev/null)" "220 a.tes 4"
cp "$top/t/clients.py" "$(root_of a)/tmp/"
is "nobody is turned away from near" \
    "$(on a python3 /tmp/clients.py hold 127.0.0.1 20 </dev/null)" \
    "220 a.tes 20"

sleep 1
is "too many recipients are put off" \
    "$(clients many 10.53.0.2 60 'RCPT TO:<alice@a.test>')" \
    "250 2.1.5 5
452 4.5.3 55"
# The name server's host is a client too.
say() {
	printf '%s\n' 'EHLO client.test' "$@" QUIT | python3 -c "$smtp_client" \
	    10.53.0.2 25
}
like "SIZE is looked at before" "$(say 'MAIL FROM:<> SIZE=100001')" \
    '^552 5\.3\.4 Message size exceeds fixed limit'
is "a message that is too big is swallowed, and the session goes on" \
    "$(clients big 10.53.0.2 alice@a.test 300000)" \
    "552 5.3.4 Error: message file too big
250 2.0.0 Ok"
is "one that is not is taken" "$(clients big 10.53.0.2 alice@a.test 50000 |
    sed 's/ as .*//')" "250 2.0.0 Ok: queued
250 2.0.0 Ok"

like "who talks before the greeting is refused" "$(clients rush 10.53.0.2)" \
    '^554 5\.5\.0 Error: SMTP protocol synchronization'

conf a 'smtpd_client_message_rate_limit = 3' \
    'smtpd_client_recipient_rate_limit = 6' \
    'smtpd_client_connection_rate_limit = 8' 'anvil_rate_time_unit = 1h'
ok "reload" on a posthouse reload
sleep 1
for i in 1 2 3; do
	clients big 10.53.0.2 alice@a.test 10
done >"$lab/rate"
is "three messages are taken" "$(grep -c 'queued as' "$lab/rate")" 3
like "the fourth is put off" "$(say 'MAIL FROM:<>')" \
    '^450 4\.7\.1 Error: too much mail from 10\.53\.0\.1'
ok "the log says so" log_has a 'warning: Message delivery request rate limit exceeded: 4 from unknown'
is "connections come in their number too" \
    "$(for i in 1 2 3 4 5 6; do clients hold 10.53.0.2 1 </dev/null
    done | sort | uniq -c | sed 's/^ *//')" "4 220 a.tes 1
2 421 4.7.0 1"
ok "the log says so" log_has a 'warning: Connection rate limit exceeded: 9 from unknown'

# A process that is killed takes its counts with it.
for pid in $(on a pidof smtpd); do
	kill -9 "$pid" 2>/dev/null
done
ok "after a crash there is a server again" \
    wait_for 10 sh -c 'python3 "$1" hold 10.53.0.2 1 </dev/null' x \
    "$top/t/clients.py"
lab_done
