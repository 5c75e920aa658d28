#!/bin/sh
# What users who have logged in may do: their own senders, and so much mail.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "senders and limits of users: refused, or kept in hold"
host a 10.53.0.2
host b 10.53.0.3
host c 10.53.0.4
mail_user a root2
mail_user b bob
dns_start
posthouse_setup a b
r=$(root_of a)
cat >"$r/etc/senders" <<EOF
alice@a.test alice
sales@a.test alice, carol
@own.test    carol
EOF
conf a 'smtpd_sasl_auth_enable = yes' 'mynetworks = 127.0.0.0/8' \
    'smtpd_sasl_security_options = noanonymous' 'anvil_rate_time_unit = 1h' \
    'smtpd_sender_login_maps = texthash:/etc/senders' \
    'smtpd_sender_restrictions = reject_sender_login_mismatch' \
    'error_notice_recipient = root2' 'myorigin = a.test'
for u in alice carol; do
	python3 "$top/t/passfile.py" $u secret >>"$r/etc/posthouse/passwd"
done
start a
start b

b64() {
	printf "$1" | base64
}
# mail USER SENDER SUBJECT [RCPT...]: what the server says to it.
mail() {
	user=$1 sender=$2 subject=$3
	shift 3
	{
		echo 'EHLO c.test'
		[ "$user" = - ] || echo "AUTH PLAIN $(b64 "\\0$user\\0secret")"
		echo "MAIL FROM:<$sender>"
		for to in "${@:-bob@b.test}"; do
			echo "RCPT TO:<$to>"
		done
		printf '%s\n' DATA "Subject: $subject" '' hello . QUIT
	} | smtp c 10.53.0.2 >"$lab/said"
}

# ---- senders ----
mail alice alice@a.test own
ok "one's own sender" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
mail carol sales@a.test shared
ok "a shared one" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
mail carol any@own.test domain
ok "a whole domain" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
mail carol alice@a.test stolen
is "somebody else's" "$(grep -m1 '^5' "$lab/said")" \
    '553 5.7.1 <alice@a.test>: Sender address rejected: not owned by user carol'
mail - alice@a.test forged root2@a.test
is "without a login" "$(grep -m1 '^5' "$lab/said")" \
    '553 5.7.1 <alice@a.test>: Sender address rejected: not logged in'
mail - x@elsewhere.example stranger root2@a.test
ok "strangers with senders of their own are let pass" \
    grep -q '^250 2.0.0 Ok: queued' "$lab/said"
ok "the log names the refusal" log_has a \
    'reject: RCPT from .*: 553 5.7.1 <alice@a.test>: Sender address rejected: not owned by user carol; from=<alice@a.test> to=<bob@b.test>'

# ---- messages: hold ----
stop a >/dev/null
conf a 'smtpd_user_message_rate_limit = 3'
start a
for i in 1 2 3 4 5; do
	mail alice alice@a.test "number-$i"
	ok "message $i is taken" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
done
for i in 1 2 3; do
	ok "number $i goes out" wait_for 10 mailbox_has b bob "^Subject: number-$i\$"
done
on a mqueue >"$lab/queue"
is "two are kept in hold" "$(grep -c 'too much mail from user alice' "$lab/queue")" 2
on a mqueue --json >"$lab/json"
is "in hold/ they lie" "$(grep -c '"queue_name": *"hold"' "$lab/json")" 2
ok "the log says it once for each" log_has a \
    'qmgr\[[0-9]+\]: [^ ]*: placed on hold: too much mail from user alice$'
ok "and who was over the limit" log_has a \
    'Message rate limit exceeded: 4 from user alice at .*\[10.53.0.4\]'
ok "the postmaster is told" wait_for 10 mailbox_has a root2 \
    '^Subject: Postmaster Warning: Mail in Hold$'
is "once" "$(mailbox_of a root2 | grep -c '^Subject: Postmaster Warning')" 1
mail carol sales@a.test "from-carol"
ok "others are not touched" wait_for 10 mailbox_has b bob '^Subject: from-carol$'
id=$(sed -n 's/.*"queue_id": *"\([^"]*\)".*/\1/p' "$lab/json" | head -n 1)
on a mqueue --release "$id"
on a mqueue -f "$id"
ok "what is released goes out" wait_for 15 mailbox_has b bob '^Subject: number-[45]$'
crash a qmgr
sleep 1
is "and what is in hold stays, also after a crash" \
    "$(wait_for 10 on a mqueue --json; on a mqueue --json |
	grep -c '"queue_name": *"hold"')" 1

# ---- recipients: refused ----
stop a >/dev/null
conf a 'smtpd_user_message_rate_limit = 0' 'smtpd_user_recipient_rate_limit = 3' \
    'smtpd_user_limit_action = reject'
start a
mail carol sales@a.test many bob@b.test b2@b.test b3@b.test b4@b.test
is "the fourth recipient is refused for now" "$(grep -m1 '^45' "$lab/said")" \
    '450 4.7.1 Error: too much mail from user carol'
ok "the message goes to the others" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
lab_done
