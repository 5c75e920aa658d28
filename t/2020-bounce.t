#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "notifications: failures, delays, and failures of notifications"
host a 10.53.0.2
mail_user a alice bob
zone full.example <<'EOF'
@ MX 10 ns.test.
EOF
dns_start
posthouse_setup a
conf a 'delay_warning_time = 3s' 'minimal_backoff_time = 2s' \
    'maximal_backoff_time = 2s' 'destination_probe_time = 2s' \
    'local_recipient_maps =' 'notify_classes = bounce, 2bounce'
printf 'postmaster: bob\nroot: bob\n' >"$(root_of a)/etc/posthouse/aliases"
on a newaliases
start a

parse='
import email, sys
from email import policy
want = sys.argv[1]
raw = sys.stdin.buffer.read().replace(b"\r\n", b"\n")
for part in raw.split(b"\nFrom MAILER-DAEMON")[0:]:
    pass
boxes = [b"From " + m for m in (b"\n" + raw).split(b"\nFrom ")[1:]]
for box in boxes:
    m = email.message_from_bytes(box.split(b"\n", 1)[1], policy=policy.default)
    if m["Subject"] != want:
        continue
    print(m.get_content_type(), m.get_param("report-type"))
    print("auto", m["Auto-Submitted"])
    for p in m.iter_parts():
        print("part", p.get_content_type())
        if p.get_content_type() == "message/delivery-status":
            for g in p.get_payload():
                for k, v in g.items():
                    print(k + ":", v)
        if p.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            print("original", p.as_string())
    break
'
report() { # USER SUBJECT
	mailbox_of a "$1" | python3 -c "$parse" "$2"
}

printf 'Subject: mine\n\nbody text\n' | as a alice sendmail nosuch@a.test
ok "a failure comes back" wait_for 10 mailbox_has a alice \
    '^Subject: Undelivered Mail Returned to Sender'
r=$(report alice 'Undelivered Mail Returned to Sender')
like "it is a report" "$r" '^multipart/report delivery-status$'
like "an automatic one" "$r" '^auto auto-replied$'
like "with a text" "$r" '^part text/plain$'
like "with a status part" "$r" '^part message/delivery-status$'
like "with the message" "$r" '^part message/rfc822$'
like "its header" "$r" '^Subject: mine$'
like "its body" "$r" '^body text$'
like "the recipient" "$r" '^Final-Recipient: rfc822; nosuch@a\.test$'
like "the action" "$r" '^Action: failed$'
like "the status" "$r" '^Status: 5\.1\.1$'
like "the host" "$r" '^Reporting-MTA: dns; a\.test$'
ok "the null sender" mailbox_has a alice '^Return-Path: <>$'
ok "the log names it" log_has a \
    'bounce\[[0-9]+\]: [0-9A-Za-z]+: sender non-delivery notification: [0-9A-Za-z]+$'
ok "the postmaster gets a copy" wait_for 10 mailbox_has a bob \
    '^Subject: Postmaster Copy: Undelivered Mail'
like "of the header alone" \
    "$(report bob 'Postmaster Copy: Undelivered Mail')" \
    '^part text/rfc822-headers$'

printf 'Subject: lost\n\nx\n' | as a alice sendmail '-f<>' gone@a.test
ok "a notification that fails is told to the postmaster" \
    wait_for 10 log_has a 'postmaster non-delivery notification'
sleep 2
is "and nobody else" \
    "$(log_count a 'sender non-delivery notification')" 1

printf 'Subject: slow\n\nx\n' | as a alice sendmail x@full.example
ok "a delay is told" wait_for 20 mailbox_has a alice \
    '^Subject: Delayed Mail \(still being retried\)'
r=$(report alice 'Delayed Mail (still being retried)')
like "as a delay" "$r" '^Action: delayed$'
like "with its end" "$r" '^Will-Retry-Until: '
like "with the header alone" "$r" '^part text/rfc822-headers$'
ok "the message still waits" not queue_is_empty a
sleep 5
is "it is told once" "$(mailbox_of a alice |
    grep -c '^Subject: Delayed Mail (still being retried)')" 1

long=$(awk 'BEGIN { for (i = 0; i < 3000; i++) printf "x" }')
printf 'Subject: long\n\n%s\n' "$long" | as a alice sendmail long@a.test
ok "a message with long lines comes back" wait_for 10 sh -c \
    'grep -c "^Subject: Undelivered" "$1" | grep -qx 2' x \
    "$(root_of a)/var/mail/alice"
is "no line of it is too long" "$(mailbox_of a alice |
    awk 'length($0) > 998')" ""
lab_done
