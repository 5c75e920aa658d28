#!/bin/sh
# Mail in both directions with Postfix and with Exim, names from BIND.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/peers.sh"
lab "Posthouse, Postfix and Exim exchange mail"
host a 10.53.0.2
postfix p 10.53.0.11
exim e 10.53.0.12
mail_user a alice
mail_user p paul
mail_user e eve
dns_start
posthouse_up a

letter() { # FROM TO SUBJECT
	printf 'From: %s\nTo: %s\nSubject: %s\n\nOne line.\n.dots\n..and more\n' \
	    "$1" "$2" "$3"
}

letter alice@a.test paul@p.test a-to-p | as a alice sendmail -t -i
letter alice@a.test eve@e.test a-to-e | as a alice sendmail -t -i
letter paul@p.test alice@a.test p-to-a |
    on p sendmail -i -f paul@p.test alice@a.test
letter eve@e.test alice@a.test e-to-a |
    on e /usr/sbin/exim4 -i -f eve@e.test alice@a.test

ok "to Postfix" wait_for 20 mailbox_has p paul 'Subject: a-to-p'
ok "to Exim" wait_for 20 mailbox_has e eve 'Subject: a-to-e'
ok "from Postfix" wait_for 20 mailbox_has a alice 'Subject: p-to-a'
ok "from Exim" wait_for 20 mailbox_has a alice 'Subject: e-to-a'
for who in 'p paul' 'e eve' 'a alice'; do
	set -- $who
	ok "dots are as they were ($2)" mailbox_has "$1" "$2" '^\.dots$'
	ok "and two of them ($2)" mailbox_has "$1" "$2" '^\.\.and more$'
done
ok "the relay is logged" log_has a \
    'to=<paul@p.test>, relay=p.test\[[0-9a-f.:]+\]:25, .*dsn=2\.0\.0, status=sent \(250 '

letter alice@a.test no.such.user@p.test bounce-me | as a alice sendmail -t -i
ok "what Postfix refuses comes back" \
    wait_for 20 mailbox_has a alice 'Undelivered|Delivery Status|returned'
ok "with its words" mailbox_has a alice 'User unknown|5\.1\.1'
ok "as a report" mailbox_has a alice 'report-type="?delivery-status'
ok "from the null sender" mailbox_has a alice '^Return-Path: <>'
lab_done
