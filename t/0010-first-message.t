#!/bin/sh
# What a new user does after the installation.  SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "a message from nc, from mail(1), to postmaster, from and to another host"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice carol
mail_user b bob
dns_start

ok "setup says what it would do and does nothing" \
    sh -c '! nsenter -t '"$pid_a"' -n -m -u -r -w \
	/usr/local/sbin/posthouse setup --check && [ ! -e "$1/etc/posthouse" ]' \
    x "$(root_of a)"
ok "setup does it" on a posthouse setup --replace
ok "a second setup finds nothing to do" on a posthouse setup --check
as a alice posthouse setup --check >"$lab/check" 2>&1
is "who may not look everywhere is told so" $? 77
is "and nothing else" "$(cat "$lab/check")" \
    "posthouse setup: not all could be looked at: run it as root"
is "no set-uid or set-gid file is installed" "$(find "$(root_of a)/usr/local" \
    -type f \( -perm -4000 -o -perm -2000 \) -newer "$lab/zone")" ""
conf a 'myhostname = a.test' 'mydomain = test' \
    'mydestination = a.test, localhost' \
    'maillog_file = /var/log/posthouse.log'
posthouse_setup b

ok "start" on a posthouse start
ok "a second start is refused" not on a posthouse start
ok "status" on a posthouse status

reply=$(printf '%s\n' 'EHLO client' 'MAIL FROM:<x@b.test>' \
    'RCPT TO:<alice@a.test>' DATA 'Subject: by hand' '' 'hello' . QUIT |
    smtp a 127.0.0.1)
ok "the log names this host" wait_for 5 log_has a \
    'smtpd\[[0-9]+\]: connect from localhost\[127\.0\.0\.1\]$'
like "SMTP takes it" "$reply" '^250 2\.0\.0 Ok: queued as [0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]+$'
ok "it is in the mailbox" wait_for 10 mailbox_has a alice 'Subject: by hand'
ok "with Return-Path" mailbox_has a alice '^Return-Path: <x@b.test>'
ok "with X-Original-To" mailbox_has a alice '^X-Original-To: alice@a.test'
ok "with Delivered-To" mailbox_has a alice '^Delivered-To: alice@a.test'
ok "with Received" mailbox_has a alice '^Received: from client \(.*127\.0\.0\.1'
is "the mailbox is alice's" "$(stat -c '%U %a' "$(root_of a)/var/mail/alice" |
    sed 's/^UNKNOWN/alice/')" "$(on a stat -c '%U %a' /var/mail/alice)"

ok "mail(1)" as a alice sh -c 'echo hello | mail -s test carol'
ok "it arrives" wait_for 10 mailbox_has a carol '^Subject: test'
ok "with Date" mailbox_has a carol '^Date: '
ok "with Message-ID" mailbox_has a carol '^Message-I[Dd]: <'
ok "with From" mailbox_has a carol '^From: .*alice@a.test'
ok "and the uid in Received" mailbox_has a carol "userid $(on a id -u alice)"

printf 'postmaster: carol\nroot: carol\n' >"$(root_of a)/etc/posthouse/aliases"
ok "newaliases" on a newaliases
on a sh -c 'echo x | mail -s for-the-postmaster postmaster@a.test'
ok "postmaster is who aliases says" \
    wait_for 10 mailbox_has a carol 'Subject: for-the-postmaster'

as a alice sh -c 'echo waiting | mail -s to-b bob@b.test'
ok "mail to a host that is down waits" wait_for 20 sh -c \
    'nsenter -t '"$pid_a"' -n -m -u -r -w /usr/local/bin/mqueue | grep -q refused'
like "mqueue gives the reason" "$(on a mqueue)" 'Connection refused'
like "mqueue --json too" "$(on a mqueue --json)" '"delay_reason": *".*refused'
start b
ok "mqueue -f" on a mqueue -f
ok "it goes out" wait_for 10 mailbox_has b bob 'Subject: to-b'
ok "the queue is empty" wait_for 5 queue_is_empty a

as b bob sh -c 'echo back | mail -s to-a alice@a.test'
ok "and a message comes from the second host" \
    wait_for 10 mailbox_has a alice 'Subject: to-a'
ok "unknown users are refused at RCPT" sh -c 'printf "%s\n" "$1"' x \
    "$(printf '%s\n' 'EHLO c' 'MAIL FROM:<>' 'RCPT TO:<nobody.such@a.test>' QUIT |
    smtp b a.test)"
like "with 550 5.1.1" "$(cat "$lab/out")" '^550 5\.1\.1 '
like "strangers cannot relay" "$(printf '%s\n' 'EHLO c' 'MAIL FROM:<>' \
    'RCPT TO:<x@example.com>' QUIT | smtp b a.test)" '^554 5\.7\.1 '
ok "reload" on a posthouse reload
ok "a bad configuration is refused" sh -c 'echo "no_such_thing = 1" >>"$1"' x \
    "$(root_of a)/etc/posthouse/main.conf"
ok "by reload" not on a posthouse reload
like "with file, line and name" "$(on a posthouse reload 2>&1)" \
    'main\.conf.*[0-9]+.*no_such_thing'
as b bob sh -c 'echo again | mail -s still-there alice@a.test'
ok "and the old one stays in force" \
    wait_for 10 mailbox_has a alice 'Subject: still-there'
ok "stop" on a posthouse stop
ok "a second stop is refused" not on a posthouse stop
ok "status says so" not on a posthouse status
lab_done
