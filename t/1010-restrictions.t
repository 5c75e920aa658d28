#!/bin/sh
# Lists of restrictions: what the DNS says of clients and names, lists of hosts,
# and mynetworks that cannot be read.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "restrictions that the DNS decides"
host a 10.53.0.2
host b 10.53.0.3
host c 10.53.0.4
host d 10.53.0.5
mail_user a alice
# b has a name; c one that is not confirmed; d none.
sed -i 's/^4\t.*/4	PTR	liar.test./; /^5\t/d' "$lab/reverse"
record 'liar	A	10.53.0.99'
record 'null	MX	0 .'
record 'txt	TXT	"no mail here"'
record 'www	A	10.53.0.99'
record 'mail	MX	10 mx.elsewhere.test.'
record '4.0.53.10.bl	A	127.0.0.4'
record '4.0.53.10.bl	TXT	"seen sending spam"'
record '3.0.53.10.wl	A	127.0.0.1'
record 'www.test.rhs	A	127.0.0.2'
# A zone that nobody answers for.
record 'gone	NS	ns.gone'
record 'ns.gone	A	10.53.0.98'
dns_start
posthouse_setup a
conf a 'smtpd_error_sleep_time = 0s' 'mynetworks = 127.0.0.1' \
    'unknown_address_reject_code = 550'
# One service for each list, so that nothing has to be reloaded.
service() { # PORT 'name = value'...
	{
		printf '[s%s]\nprogram = smtpd\nprocesses = 1\n' "$1"
		printf 'listen = inet:%s\n' "$1"
		shift
		printf '%s\n' "$@"
	} >>"$(root_of a)/etc/posthouse/master.conf"
}
service 2601 \
    'smtpd_client_restrictions = reject_unknown_client_hostname'
service 2602 \
    'smtpd_client_restrictions = reject_unknown_reverse_client_hostname' \
    'unknown_client_reject_code = 550'
service 2603 \
    'smtpd_client_restrictions = check_reverse_client_hostname_access
 inline:{liar.test=REJECT}'
service 2604 \
    'smtpd_sender_restrictions = reject_unknown_sender_domain'
service 2605 \
    'smtpd_recipient_restrictions = reject_unknown_recipient_domain' \
    'mynetworks = 10.53.0.3'
service 2606 \
    'smtpd_helo_restrictions = reject_unknown_helo_hostname'
service 2607 \
    'smtpd_helo_restrictions = warn_if_reject reject_unknown_helo_hostname'
service 2608 \
    'smtpd_client_restrictions = permit_dnswl_client wl.test,
 reject_rbl_client bl.test=127.0.0.[2..11]' \
    'smtpd_sender_restrictions = reject_rhsbl_sender rhs.test'
service 2609 \
    'smtpd_client_restrictions = reject_rbl_client bl.test=127.0.0.2'
service 2610 \
    'smtpd_client_restrictions = reject_rbl_client bl.gone.test'
service 2611 \
    'smtpd_peername_lookup = no' \
    'smtpd_sender_restrictions = reject_unknown_sender_domain'
service 2612 \
    'mynetworks = fail:down'
service 2613 \
    'mynetworks = fail:down' \
    'smtpd_relay_restrictions = reject_unauth_destination'
service 2614 \
    'mynetworks = fail:down' \
    'spf_policy = reject'
start a
wait_for 10 on a python3 -c \
    'import socket; socket.create_connection(("127.0.0.1", 2601), 2)'

# says HOST HELO SENDER RECIPIENT: the reply to RCPT, on $port.
says() {
	printf '%s\n' "EHLO $2" "MAIL FROM:<$3>" "RCPT TO:<$4>" QUIT |
	    smtp "$1" 10.53.0.2 "$port" | grep -v '^250-' | sed -n 4p
}
fine='^250 2.1.5'

port=2601
like "a client with a name" "$(says b b.test x@www.test alice@a.test)" "$fine"
like "one whose name is not confirmed" \
    "$(says c c.test x@www.test alice@a.test)" \
    '^450 4.7.25 Client host rejected: cannot find your hostname, \[10.53.0.4\]'
port=2602
like "which has one in reverse" "$(says c c.test x@www.test alice@a.test)" \
    "$fine"
like "and one that has none" "$(says d d.test x@www.test alice@a.test)" \
    '^550 5.7.25 Client host rejected: cannot find your reverse hostname'
port=2603
like "a table of names in reverse" "$(says c c.test x@www.test alice@a.test)" \
    '^554 5.7.1 <liar.test>: Unverified Client host rejected'

port=2604
sender() { # DOMAIN PATTERN
	like "a sender at $1" "$(says b b.test "x@$1" alice@a.test)" "$2"
}
sender www.test "$fine"
sender mail.test "$fine"
sender txt.test '^550 5.1.8 <x@txt.test>: Sender address rejected: Domain not found'
sender nobody.test '^550 5.1.8 '
sender null.test \
    '^550 5.7.27 <x@null.test>: .*Domain null.test does not accept mail'
sender a.test "$fine"
like "the null sender" "$(says b b.test '' alice@a.test)" "$fine"
like "an address literal" "$(says b b.test 'x@[10.53.0.3]' alice@a.test)" \
    "$fine"

port=2605
like "a recipient whose domain is not there" \
    "$(says b b.test x@www.test y@nobody.test)" \
    '^550 5.1.2 <y@nobody.test>: Recipient address rejected: Domain not found'
like "one whose domain takes no mail" \
    "$(says b b.test x@www.test y@null.test)" '^556 5.1.10 '
like "one that has it" "$(says b b.test x@www.test y@www.test)" "$fine"
like "one of ours" "$(says b b.test x@www.test alice@a.test)" "$fine"

port=2606
like "a name in HELO" "$(says b www.test x@www.test alice@a.test)" "$fine"
like "one that is not there" "$(says b nobody.test x@www.test alice@a.test)" \
    '^450 4.7.1 <nobody.test>: Helo command rejected: Host not found'
port=2607
like "only warned of" "$(says b nobody.test x@www.test alice@a.test)" "$fine"
ok "in the log" log_has a \
    'NOQUEUE: reject_warning: RCPT from b.test\[10.53.0.3\]: 450 4.7.1 <nobody.test>'

port=2608
like "a list of good ones, and a list of senders" \
    "$(says b b.test x@www.test alice@a.test)" \
    '^554 5.7.1 Service unavailable; Sender address \[x@www.test\] blocked using rhs.test'
like "a list of bad ones" "$(says c c.test x@mail.test alice@a.test)" \
    '^554 5.7.1 Service unavailable; Client host \[10.53.0.4\] blocked using bl.test; seen sending spam'
like "who is in none" "$(says d d.test x@mail.test alice@a.test)" "$fine"
port=2609
like "another answer of the list" "$(says c c.test x@mail.test alice@a.test)" \
    "$fine"

# The name servers of the list, and of a sender, do not answer.
port=2610
like "a list that does not answer refuses nobody" \
    "$(says c c.test x@mail.test alice@a.test)" "$fine"
port=2611
dns_stop
like "a sender whom the DNS does not know of now is put off" \
    "$(says c c.test x@other.test alice@a.test)" \
    '^450 4.1.8 <x@other.test>: Sender address rejected: Domain not found'

# Nobody can say who is in mynetworks, and nobody the names of clients.
port=2612
like "mynetworks in doubt put off, mail for others" \
    "$(says b b.test x@b.test y@other.test)" '^451 4.3.0'
like "and for us" "$(says b b.test x@b.test alice@a.test)" '^451 4.3.0'
port=2613
like "a list that does not ask for them refuses" \
    "$(says b b.test x@b.test y@other.test)" '^554 5.7.1 .*Relay access denied'
like "and lets nobody pass as a stranger" \
    "$(says b b.test x@b.test alice@a.test)" '^451 4.3.0'
port=2614
like "SPF does not judge who may be one of ours" \
    "$(printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@b.test>' QUIT |
	smtp b 10.53.0.2 "$port")" '^451 4.7.24'

on a mconf -e 'smtpd_etrn_restrictions = reject_rbl_client bl.test'
like "nothing that waits stands at ETRN" "$(on a posthouse reload 2>&1)" \
    'smtpd_etrn_restrictions: what has to ask'
ok "no program was ended by its filter" \
    log_lacks a 'killed by signal 31|SIGSYS'
lab_done
