#!/bin/sh
# reject_unverified_recipient: whoever's the mail is, its host is asked first.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "recipients of other hosts are asked about"
host a 10.53.0.2          # asks
host b 10.53.0.3          # has bob
host c 10.53.0.4          # a client of a's
record 'away	MX	10 away'
record 'away	A	10.53.0.99'
mail_user a alice
mail_user b bob
dns_start
posthouse_setup a b
conf a 'mynetworks = 127.0.0.1, 10.53.0.4' 'smtpd_error_sleep_time = 0s' \
    'smtp_connect_timeout = 2s' 'address_verify_poll_count = 2' \
    'smtpd_recipient_restrictions = reject_unverified_recipient'
start a
start b

# rcpt HOST ADDRESS...: what a says of each.
rcpt() {
	rcpt_host=$1
	shift
	{
		echo 'EHLO c.test'
		echo 'MAIL FROM:<x@c.test>'
		for r in "$@"; do
			echo "RCPT TO:<$r>"
		done
		echo QUIT
	} | smtp "$rcpt_host" 10.53.0.2 | sed -n '/^250 2.1.0/,/^221/p' |
	    sed '1d;$d'
}

like "one that its host has" "$(rcpt c bob@b.test)" '^250 2.1.5'
like "one that it has not" "$(rcpt c ghost@b.test)" \
    '^550 5\.1\.1 <ghost@b\.test>: Recipient address rejected: undeliverable address: host b\.test\[[0-9a-f.:]+\] said: 550 5\.1\.1'
ok "the log says who was asked" log_has a \
    'to=<ghost@b\.test>, relay=b\.test\[[0-9a-f.:]+\]:25, .*status=undeliverable'
asked=$(log_count b 'rcpt=')
like "one of ours that there is" "$(rcpt c alice@a.test)" '^250 2.1.5'
like "and one that there is not" "$(rcpt c ghost@a.test)" \
    '^550 5\.1\.1 .*User unknown in local recipient table'
is "for whom nobody is asked" "$(log_count b 'rcpt=')" "$asked"
like "several in one message, each by itself" \
    "$(rcpt c bob@b.test ghost@b.test alice@a.test | cut -c 1-3 | tr '\n' ' ')" \
    '^250 550 250 $'
like "one whose host is not there is put off" "$(rcpt c x@away.test)" \
    '^450 4\.1\.1 <x@away\.test>: Recipient address rejected: unverified address: '
like "a stranger's mail for others is refused before it is asked about" \
    "$(rcpt b newghost@b.test)" '^554 5\.7\.1 .*Relay access denied'
ok "really" log_lacks a 'newghost@b\.test.*relay=b\.test'
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<x@c.test>' 'RCPT TO:<bob@b.test>' \
    DATA 'Subject: asked first' '' . QUIT | smtp c 10.53.0.2 >"$lab/said"
ok "mail for one that was found" wait_for 20 \
    mailbox_has b bob 'Subject: asked first'

conf a 'unverified_recipient_reject_code = 450' \
    'unverified_recipient_reject_reason = No such mailbox'
on a posthouse reload >/dev/null
like "code and words can be chosen" "$(rcpt c ghost@b.test)" \
    '^450 4\.1\.1 <ghost@b\.test>: Recipient address rejected: No such mailbox'
crash a callout
like "callout dies: what it knows it knows" \
    "$(wait_for 10 on a pgrep -x callout; sleep 1; rcpt c bob@b.test)" \
    '^250 2.1.5'
ok "no program was ended by its filter" \
    log_lacks a 'killed by signal 31|SIGSYS'
lab_done
