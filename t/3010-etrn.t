#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/peers.sh"
lab "a host that was away asks for its mail with ETRN"
# d.test and e.test: a is the primary, b its backup.
host a 10.53.0.2
host b 10.53.0.3
host c 10.53.0.4
# p is a backup of f.test, and tries nothing by itself.
postfix p 10.53.0.11 'relay_domains = f.test' 'minimal_backoff_time = 1h' \
    'maximal_backoff_time = 1h' 'queue_run_delay = 1h' \
    'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination'
mail_user a alice
mail_user c carol
for d in d e; do
	record "$d MX 10 a"
	record "$d MX 20 b"
done
record 'f MX 10 a'
record 'f MX 20 p'
record 'x.d MX 10 a'
record 'x.d MX 20 b'
dns_start
posthouse_setup a b c
conf a 'mydestination = a.test, localhost, d.test, e.test, x.d.test' \
    'etrn_on_start ='
conf b 'mynetworks = 127.0.0.0/8 10.53.0.4' \
    'backup_mx_domains = d.test, e.test' 'relay_domains = gone.test' \
    'destination_probe_time = 1h' 'destination_probe_max = 1h'
conf c 'smtp_bind_address6 =' 'inet_protocols = ipv4'
start b
start c

send() { # DOMAIN SUBJECT
	printf 'From: carol@c.test\nTo: alice@%s\nSubject: %s\n\nx\n' "$1" "$2" |
	    as c carol sendmail -i -f carol@c.test "alice@$1"
}

waits() { # NUMBER: of messages at b
	[ "$(on b mqueue --json | grep -c '"deferred"')" = "$1" ]
}

etrn() { # HOST LINE...: the replies to these commands of that host to b
	et=$1
	shift
	{
		printf '%s\n' "EHLO $et.test" "$@" QUIT
	} | smtp "$et" 10.53.0.3
}

send d.test one
send d.test two
send e.test three
ok "mail waits at the backup" wait_for 20 waits 3
ok "which knows that the host is down" log_has b 'd\.test is down'

# ---- the replies ----

ehlo=$(etrn c)
like "EHLO offers it" "$ehlo" '250-ETRN'
like "a domain that is not listed" "$(etrn c 'ETRN c.test')" \
    '459 4.7.1 Node c.test not allowed'
ok "is in the log" log_has b \
    'NOQUEUE: reject: ETRN from c.test\[10\.53\.0\.4\]: 459 4\.7\.1 '
like "no mail" "$(etrn c 'ETRN gone.test')" \
    '251 2.0.0 OK, no messages waiting for node gone.test'
like "no argument" "$(etrn c ETRN)" '500 5.5.4 Syntax'
like "two arguments" "$(etrn c 'ETRN d.test e.test')" '500 5.5.4 Syntax'
like "no domain" "$(etrn c 'ETRN d..test')" '501 5.5.4 '
like "in a transaction" \
    "$(etrn c 'MAIL FROM:<x@c.test>' 'ETRN d.test')" '503 5.5.1 '
like "mail waits, and a is still down" "$(etrn c 'ETRN D.test')" \
    '253 2.0.0 OK, 2 pending messages for node d.test started'
ok "the host was tried" log_has b 'd\.test is tried now \(ETRN d\.test from'
sleep 1
tries=$(log_count b 'connect to a.test')
like "again at once" "$(etrn c 'ETRN d.test')" '253 2.0.0 OK, 2 pending'
ok "nothing is done, and that is said" log_has b \
    'ETRN d\.test from 10\.53\.0\.4: again so soon'
sleep 1
is "no connection was made for it" \
    "$(log_count b 'connect to a.test')" "$tries"
ok "all of it is in the log" log_has b \
    'NOQUEUE: etrn: ETRN from c.test\[10\.53\.0\.4\]: 253 2\.0\.0 OK, 2 '
waits 3 || echo "# queue: $(on b mqueue)"

# ---- the primary is back ----

# By the address alone: it says nothing but hello.
start a
sleep 1
ok "the mail still waits" waits 3
etrn a >/dev/null
ok "a connection from one of its addresses wakes it" \
    wait_for 5 mailbox_has a alice 'Subject: one'
ok "which is logged" log_has b 'host 10\.53\.0\.2 is tried now: it has connected'
ok "all that share the host comes" wait_for 5 mailbox_has a alice 'three'
ok "nothing is left" wait_for 5 queue_is_empty b

# By ETRN, with the connection of a probe hanging in the kernel: b knows where a
# would be, so that nobody says that it is not there, and the next try of the
# kernel's is 8 seconds away.
mac=$(on a cat /sys/class/net/eth0/address)
for to in 10.53.0.2 fd53::2; do
	on b ip neigh replace "$to" lladdr "$mac" dev eth0 nud permanent
done
under_way() {
	[ "$(on b mqueue | grep -c 'alice@d.test')" = 1 ]
}
away() { # SUBJECT NODE
	on a ip link set eth0 down
	send d.test "$1"
	ok "mail is under way to a host that is away" wait_for 20 under_way
	sleep 8
	on a ip link set eth0 up
	on a ip -6 addr add fd53::2/64 dev eth0 nodad
	like "ETRN for the domain and what is below" \
	    "$(etrn c "ETRN $2")" '253 2.0.0 OK, 1 pending'
	ok "does not wait for the kernel" \
	    wait_for 3 mailbox_has a alice "Subject: $1"
}
sleep 3 # no connection is left
away four '@d.test'
away 'four more' '#d.test' # over one that is

# ---- who may ask ----

conf b 'smtpd_etrn_restrictions = check_client_access inline:{10.53.0.2=OK}, reject'
ok "restrictions are read" on b posthouse reload
like "who may not" "$(etrn c 'ETRN d.test')" \
    '554 5.7.1 <d.test>: Etrn command rejected: Access denied'
like "who may" "$(etrn a 'ETRN #d.test')" '251 2.0.0 OK, no messages waiting'
on b mconf -e 'smtpd_etrn_restrictions = nonsense'
ok "a wrong list is refused" not on b posthouse reload
conf b 'smtpd_etrn_restrictions =' 'smtpd_discard_ehlo_keywords = etrn'
ok "it can be hidden" on b posthouse reload
is "from EHLO" "$(etrn c | grep -c ETRN)" 0
conf b 'smtpd_discard_ehlo_keywords ='
ok "and shown" on b posthouse reload

# ---- a primary that starts asks its backup ----

stop a
send d.test five
send e.test six
ok "mail waits for the primary" wait_for 20 waits 2
conf a 'etrn_on_start = auto'
start a
ok "it comes within 5 seconds" wait_for 5 mailbox_has a alice 'Subject: five'
ok "all of it" wait_for 5 mailbox_has a alice 'Subject: six'
ok "as it asked" log_has a \
    'ETRN d\.test to b\.test\[[^]]*\]:25: 25[13] 2\.0\.0 OK, '
ok "for each domain" log_has a 'ETRN e\.test to b\.test'
ok "also for one that is not listed by itself" log_has a \
    'ETRN x\.d\.test to b\.test\[[^]]*\]:25: 251'
asked=$(log_count a 'ETRN d.test to')
ok "a reload" on a posthouse reload
sleep 2
is "asks nobody" "$(log_count a 'ETRN d.test to')" "$asked"
on a sh -c 'kill -9 $(pidof -s qmgr)'
ok "a queue manager that died" log_has a 'qmgr\[.*died'
sleep 3
is "asks nobody" "$(log_count a 'ETRN d.test to')" "$asked"

stop a
conf a 'etrn_on_start = nowhere.test, b.test, c.test, 10.53.0.99'
start a
ok "hosts can be named" wait_for 10 log_has a 'ETRN a\.test to b\.test.*: 459'
ok "one that refuses" log_has a 'ETRN d\.test to c\.test.*: 459 4\.7\.1'
ok "one that does not exist" log_has a 'ETRN to \[nowhere\.test\]: Host or'
ok "one that is down" wait_for 10 log_has a \
    'ETRN to 10\.53\.0\.99\[10\.53\.0\.99\]:25: connect: '
ok "which does not keep the system from stopping" stop a

# ---- with others ----

like "Postfix offers ETRN" \
    "$(printf '%s\n' 'EHLO c.test' QUIT | smtp c 10.53.0.11)" '250-ETRN'
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<carol@c.test>' \
    'RCPT TO:<alice@f.test>' DATA 'Subject: seven' '' . QUIT |
    smtp c 10.53.0.11 >/dev/null
held_by_postfix() {
	on p mailq | grep -q '(connect to a.test'
}
ok "mail waits at Postfix" wait_for 20 held_by_postfix
conf a 'mydestination = a.test, localhost, d.test, e.test, f.test' \
    'etrn_on_start = auto'
start a
ok "which gives it to who asks as it starts" \
    wait_for 10 mailbox_has a alice 'Subject: seven'
ok "Postfix has said so" log_has a \
    'ETRN f\.test to p\.test\[10\.53\.0\.11\]:25: 250 2?.*Queuing started'
lab_done
