#!/bin/sh
# Sessions with chosen peers, line by line in the log.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "debug_peer_list: what is said and heard, and what is kept quiet"
host a 10.53.0.2
host b 10.53.0.3
host c 10.53.0.4
mail_user b bob
dns_start
posthouse_setup a b c
conf a 'debug_peer_list = 10.53.0.3, !10.53.0.4, .a.test' \
    'inet_protocols = ipv4' 'smtp_tls_security_level = none'
start a
start b
start c

on a sh -c '(echo Subject: traced; echo; echo the-words-of-the-message) |
    sendmail bob@b.test'
wait_for 10 mailbox_has b bob '^Subject: traced$'

ok "the client says what it hears" \
    log_has a 'smtp\[[0-9]+\]: < b.test\[10.53.0.3\]:25: 250-b.test$'
ok "and what it says" \
    log_has a 'smtp\[[0-9]+\]: > b.test\[10.53.0.3\]:25: MAIL FROM:<'
ok "of the content its size" \
    log_has a 'smtp\[[0-9]+\]: > b.test\[10.53.0.3\]:25: \[content of [0-9]+ bytes\]$'
ok "and not its words" log_lacks a 'the-words-of-the-message'
ok "who is not in the list is not traced" log_lacks b '[<>] a.test'

printf '%s\n' 'EHLO c.test' 'MAIL FROM:<x@c.test>' 'RCPT TO:<bob@b.test>' DATA \
    'Subject: from-c' '' other-words . QUIT | smtp c 10.53.0.3 >"$lab/said"
ok "nor who is taken out of it" log_lacks b '[<>] c.test'

printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@b.test>' 'RCPT TO:<postmaster@a.test>' \
    'AUTH PLAIN AGJvYgBzZWNyZXQtd29yZA==' DATA 'Subject: from-b' '' more-words . \
    QUIT | smtp b 10.53.0.2 >"$lab/said"
ok "the server says what it hears" \
    log_has a 'smtpd\[[0-9]+\]: < b.test\[10.53.0.3\]: RCPT TO:<postmaster@a.test>$'
ok "and what it says" \
    log_has a 'smtpd\[[0-9]+\]: > b.test\[10.53.0.3\]: 250 2.1.5 Ok$'
ok "of AUTH only the mechanism" \
    log_has a 'smtpd\[[0-9]+\]: < b.test\[10.53.0.3\]: AUTH PLAIN \[not shown\]$'
ok "and the size of the content" \
    log_has a 'smtpd\[[0-9]+\]: < b.test\[10.53.0.3\]: \[content of [0-9]+ bytes\]$'
ok "no word of either" log_lacks a 'more-words|AGJvYgB'
lab_done
