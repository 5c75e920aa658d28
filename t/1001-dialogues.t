#!/bin/sh
# What smtpd answers, word by word.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "the dialogues of t/dialogue with a stranger"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_up a

talk() {
	"${stage%/stage}/t/talk" 10.53.0.2 25 "$top/t/dialogue/$1.smtp"
}

for d in message pipelined relay syntax bare-lf-command bare-cr-command \
    out-of-turn http; do
	ok "$d" talk $d
done
ok "the messages arrive" wait_for 10 mailbox_has a alice '^Subject: two'
ok "the first too" mailbox_has a alice '^Subject: dialogue'
ok "a dot at the start of a line is one" \
    mailbox_has a alice '^\.a line with a dot'
ok "the dot itself is not there" not mailbox_has a alice '^\.$'
is "and nothing else does" "$(mailbox_count a alice)" 3

ip='unknown\[10\.53\.0\.1\]'
id='[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]+'
for line in \
    "smtpd\[[0-9]+\]: connect from $ip" \
    "smtpd\[[0-9]+\]: $id: client=$ip" \
    "disconnect from $ip ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5" \
    "disconnect from $ip ehlo=1 mail=2 rcpt=2/3 data=2 quit=1 commands=8/9" \
    "NOQUEUE: reject: RCPT from $ip: 554 5\.7\.1 <someone@elsewhere\.test>: Relay access denied; from=<sender@client\.test> to=<someone@elsewhere\.test> proto=SMTP helo=<client\.test>" \
    "$id: reject: RCPT from $ip: 550 5\.1\.1 <nobody-here@a\.test>: Recipient address rejected: User unknown in local recipient table;" \
    "bare <LF> received after CONNECT from $ip" \
    "improper command pipelining after DATA from $ip: Subject: too early" \
    "non-SMTP command from $ip: GET / HTTP/1\.1"; do
	ok "log: $line" wait_for 3 log_has a "$line"
done

conf a 'smtpd_soft_error_limit = 2' 'smtpd_hard_error_limit = 4' \
    'smtpd_timeout = 2s'
ok "reload" on a posthouse reload
ok "too-many-errors" talk too-many-errors
ok "log: too many errors" \
    wait_for 3 log_has a "too many errors after UNKNOWN from $ip"
ok "timeout" talk timeout
ok "log: timeout" wait_for 3 log_has a "timeout after EHLO from $ip"
lab_done
