#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "the queue is listed, held, released, flushed, returned and deleted"
host a 10.53.0.2
dns_start
posthouse_setup a
conf a 'transport_maps = inline:{{wait.test=retry:4.2.0 come again} {no.test=error:5.1.2 no such place} {gone.test=discard:}}' \
    'mynetworks = 127.0.0.0/8' 'relay_domains = wait.test, no.test, gone.test'
start a

# send FROM TO...: over SMTP; prints the queue id.
send() {
	from=$1
	shift
	{
		printf 'EHLO c\nMAIL FROM:<%s>\n' "$from"
		for to; do printf 'RCPT TO:<%s>\n' "$to"; done
		printf 'DATA\nSubject: x\n\nhello\n.\nQUIT\n'
	} | smtp a 127.0.0.1 | sed -n 's/.*queued as //p'
}

is "an empty queue" "$(on a mqueue)" "Mail queue is empty"
is "as JSON is nothing" "$(on a mqueue --json; echo $?)" 0
id=$(send s@x.test r@gone.test)
ok "mail for discard is gone" wait_for 5 log_has a "$id: removed"
ok "and logged as sent" log_has a "$id: to=<r@gone.test>, .*status=sent"

one=$(send one@x.test r@wait.test)
two=$(send two@x.test r@wait.test q@wait.test)
ok "mail that must wait is in the list" wait_for 5 sh -c \
    'nsenter -t '"$pid_a"' -n -m -u -r -w /usr/local/bin/mqueue --json | grep -c come.again | grep -q 2'
like "with its reason" "$(on a mqueue)" '\(come again\)'
like "its sender" "$(on a mailq)" "^$one +[0-9]+ .* one@x.test"
like "and a last line" "$(on a mqueue)" '^-- [0-9]+ Kbytes in 2 Requests\.'
like "one of them in full" "$(on a mqueue "$two")" 'recipient  q@wait.test'
like "as JSON" "$(on a mqueue --json "$one")" \
    '"queue_name": "deferred", "queue_id": "'"$one"'"'
both=$(send three@x.test r@wait.test "r@[10.53.0.9]")
ok "each recipient of a message has its own next hop" wait_for 10 sh -c \
    'nsenter -t '"$pid_a"' -n -m -u -r -w /usr/local/bin/mqueue --json '"$both"' |
     grep "\"transport\": \"retry\".*\"nexthop\": \"\[10.53.0.9\]\""'
on a mqueue --delete "$both"
like "in the summary" "$(on a mqueue --summary)" '^retry:.* 2 '
like "with header and body" "$(on a mqueue --show "$one")" '^Subject: x'

mail_user a alice
like "others see no sender" "$(as a alice mqueue)" '\(hidden\)'
is "nor a recipient" "$(as a alice mqueue | grep -c 'x.test\|wait.test')" 0
ok "nor may they delete" not as a alice mqueue --delete "$one"

ok "hold" on a mqueue --hold "$one"
like "is marked" "$(on a mqueue)" "^$one!"
ok "and lies in hold/" on a test -f "/var/spool/posthouse/hold/$one"
ok "release" on a mqueue --release "$one"
ok "gives it back" on a sh -c "! mqueue | grep '^$one!'"

n=$(log_count a "$two: .*come again")
ok "flush" on a mqueue -f "$two"
ok "tries it" wait_for 5 sh -c "[ \$(grep -c '$two: .*come again' \
    '$(root_of a)/var/log/posthouse.log') -gt $n ]"

like "a dry run counts" "$(on a mqueue --delete --domain wait.test --dry-run)" \
    '^2 messages'
ok "many are not touched unasked" not on a mqueue --delete --domain wait.test
is "they are all there" "$(on a mqueue --json | wc -l)" 2
ok "the books balance" on a mqueue --audit
ok "one is deleted" on a mqueue --delete --from 'two@*'
is "and gone" "$(on a mqueue --json | wc -l)" 1
ok "one is returned" on a mqueue --bounce "$one"
ok "its sender is told" wait_for 5 log_has a \
    "$one: sender non-delivery notification"
ok "a message that is not there" not on a mqueue --delete "$one"

id=$(send s@gone.test r@no.test)
ok "mail to nowhere is bounced" wait_for 5 log_has a \
    "$id: to=<r@no.test>, .*dsn=5.1.2, status=bounced \(no such place\)"
ok "and removed" wait_for 5 log_has a "$id: removed"

three=$(send three@x.test r@wait.test)
four=$(send s@gone.test r@wait.test)
five=$(send five@x.test r@wait.test)
six=$(send six@x.test r@wait.test)
seven=$(send seven@x.test r@wait.test)
for id in $three $four $five $six $seven; do
	wait_for 5 log_has a "$id: .*come again"
done
on a mqueue --hold "$six"
ok "stop" on a posthouse stop
like "root lists the files" "$(on a mqueue)" "^$three"
like "in a row for each next hop" "$(on a mqueue --summary)" '5 +[0-9]'
ok "and holds one" on a mqueue --hold "$three"
ok "returns one" on a mqueue --bounce "$four"
ok "has one tried" on a mqueue -f "$five"
ok "requeues one that was held" on a mqueue --requeue "$six"
ok "shows one" eval 'on a mqueue --show "$seven" | grep -q "^Subject: x"'
ok "others may not look" not as a alice mqueue
start a
ok "it is held after the start" wait_for 5 sh -c \
    'nsenter -t '"$pid_a"' -n -m -u -r -w /usr/local/bin/mqueue --json | grep -q \"hold\"'
ok "the sender of the second is told" wait_for 5 log_has a \
    "$four: sender non-delivery notification"
ok "and it is gone" wait_for 5 log_has a "$four: removed"
twice() { # ID
	[ "$(log_count a "$1: to=.*come again")" = 2 ]
}
ok "the third is tried" wait_for 5 twice "$five"
ok "so is the requeued one" wait_for 5 twice "$six"
ok "any other waits for its time" not twice "$seven"
ok "the books balance again" on a mqueue --audit

# Programs run, but no queue manager can.
on a chown root /var/spool/posthouse/cur
crash a qmgr
wait_for 5 log_has a 'qmgr.*fatal: queue'
ok "a queue manager that cannot start is not waited for" sh -c \
    'timeout 10 nsenter -t "$1" -n -m -u -r -w /usr/local/bin/mqueue | grep -q "^$2!"' x \
    "$pid_a" "$three"
ok "nor by what changes the queue" on a timeout 10 mqueue --release "$three"
on a posthouse setup >/dev/null
ok "it has that when it can" wait_for 20 sh -c \
    'nsenter -t "$1" -n -m -u -r -w /usr/local/bin/mqueue --json "$2" |
	grep -q deferred' x "$pid_a" "$three"
wait_for 20 log_has a 'queue read'
ok "and the books balance" on a mqueue --audit
lab_done
