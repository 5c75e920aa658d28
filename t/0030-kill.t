#!/bin/sh
# Programs are killed at random while messages flow: every message that got its
# 250 arrives, and the books balance.  SPDX-License-Identifier: BSD-2-Clause
#
# The short form: 1,000 messages and 40 kills; POSTHOUSE_LONG=1: 10,000 and 300.
. "${0%/*}/lib.sh"
lab "kill -9 of each program at random while mail flows"
host a 10.53.0.2
host b 10.53.0.3
mail_user b bob
dns_start
posthouse_setup a b
messages=1000 kills=40
if [ -n "${POSTHOUSE_LONG:-}" ]; then
	messages=10000 kills=300
fi
for h in a b; do
	conf $h 'mynetworks = 127.0.0.0/8, 10.53.0.0/24' \
	    'minimal_backoff_time = 1s' 'maximal_backoff_time = 5s' \
	    'destination_probe_time = 1s' 'destination_probe_max = 3s' \
	    'smtpd_client_connection_count_limit = 0' \
	    'smtpd_client_connection_rate_limit = 0'
	start $h
done

nsenter -t "$pid_a" -n python3 "$top/t/load.py" 10.53.0.2 "$messages" \
    "$lab/good" &
load=$!
python3 "$top/t/kill.py" "$kills" 7 smtpd cleanup qmgr smtp local deliver \
    bounce lookup scribe pickup seal keys auth callout report sts 2>&1 | sed 's/^/# /'
wait $load

is "every message got its 250 in the end" "$(wc -l <"$lab/good")" "$messages"
arrived() {
	mailbox_of b bob | grep -o 'n[0-9]\{6\}x' | sort -u >"$lab/arrived"
	[ "$(wc -l <"$lab/arrived")" -ge "$messages" ]
}
wait_for 120 arrived
on a mqueue -f >/dev/null
on b mqueue -f >/dev/null
wait_for 60 arrived
is "every message that got its 250 arrived" \
    "$(sort -u "$lab/good" | comm -23 - "$lab/arrived" | head -n 5)" ""
echo "# delivered more than once: $(($(mailbox_of b bob |
    grep -c '^Subject: n[0-9]*x') - messages))"

# What a killed cleanup was writing is nobody's, and known to be after an hour.
for h in a b; do
	ok "the queue of $h is empty" wait_for 60 queue_is_empty $h
	ok "the books of $h balance" on $h mqueue --audit
	q=$(root_of $h)/var/spool/posthouse
	echo "# left in tmp/ of $h: $(ls "$q/tmp" | wc -l)"
	find "$q/tmp" -type f -exec touch -d '2 hours ago' {} +
	stop $h
	start $h
	ok "tmp/ of $h is cleared" wait_for 60 sh -c "[ -z \"\$(ls '$q/tmp')\" ]"
	ok "nothing of it stays in the queue" wait_for 60 queue_is_empty $h
	ok "and the books still balance" on $h mqueue --audit
	is "nothing is corrupt on $h" "$(ls "$q/corrupt")" ""
done
lab_done
