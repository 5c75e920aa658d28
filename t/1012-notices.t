#!/bin/sh
# The postmaster is told of sessions that went wrong, as he wishes.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "notify_classes policy, protocol and resource"
host a 10.53.0.2
host b 10.53.0.3
dns_start
mail_user a alice bob
posthouse_setup a
printf 'postmaster: bob\nroot: bob\n' >"$(root_of a)/etc/posthouse/aliases"
on a newaliases
conf a 'mynetworks = 127.0.0.0/8' 'smtpd_peername_lookup = no'
start a

message="EHLO b.test|MAIL FROM:<x@b.test>|RCPT TO:<alice@a.test>|DATA|Subject: fine||x|.|QUIT"
refused="EHLO b.test|MAIL FROM:<x@b.test>|RCPT TO:<y@far.test>|FOO|QUIT"
unknown="EHLO b.test|MAIL FROM:<x@b.test>|RCPT TO:<nosuch@a.test>|QUIT"
said() { # LINES: parted by bars
	printf '%s\n' "$1" | tr '|' '\n' | smtp b 10.53.0.2 >"$lab/said"
}

said "$refused"
ok "refusals are in the log" log_has a 'reject: RCPT from .*<y@far.test>'
conf a 'local_recipient_maps = fail:x'
ok "reload" on a posthouse reload
said "$message"
ok "a table that cannot be asked" grep -q '^451 4.3.0' "$lab/said"
ok "is told by default" wait_for 10 mailbox_has a bob \
    '^Subject: Posthouse SMTP server: errors from unknown\[10.53.0.3\]$'
ok "with the command" mailbox_has a bob '^ In:  RCPT'
ok "and the reply" mailbox_has a bob '^Out: 451 4.3.0'
is "and of nothing else" "$(mailbox_count a bob)" 1

conf a 'local_recipient_maps = passwd: $alias_maps' 'notify_classes = policy'
ok "reload" on a posthouse reload
said "$message"
said "$unknown"
said "$refused"
ok "a refusal is told" wait_for 10 mailbox_has a bob '^Out: 554 5.7.1 <y@far'
ok "with the whole session" mailbox_has a bob '^ In:  EHLO b.test$'
ok "from the greeting" mailbox_has a bob '^Out: 220 a.test ESMTP'
ok "to the last word" mailbox_has a bob '^Out: 221 2.0.0'
is "other sessions are not" "$(mailbox_count a bob)" 2
ok "it has no sender that is answered" mailbox_has a bob \
    '^Return-Path: <double-bounce@a.test>$'

conf a 'notify_classes = protocol' 'error_notice_recipient = alice@a.test'
ok "reload" on a posthouse reload
said "EHLO b.test|AUTH PLAIN AGFsaWNlAHNlY3JldA==|FOO bar|QUIT"
ok "what is no SMTP is told" wait_for 10 mailbox_has a alice \
    '^ In:  FOO bar$'
ok "to whom it may concern" mailbox_has a alice '^To: alice@a.test$'
ok "no password is in it" not mailbox_has a alice AGFsaWNl
ok "the queue is empty" wait_for 10 queue_is_empty a
lab_done
