#!/bin/sh
# Which host a message goes to, by the names in the DNS.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
lab "preference, null MX, loops, families of addresses, literals"
host a 10.53.0.2
zone pref.example <<EOF
@ MX 20 mx2
@ MX 10 mx1
mx1 A 10.53.0.21
mx2 A 10.53.0.22
EOF
zone null.example <<EOF
@ MX 0 .
EOF
zone loop.example <<EOF
@ MX 10 a.test.
EOF
zone backup.example <<EOF
@ MX 10 mx.not-served-here.example.
@ MX 20 a.test.
EOF
zone worse.example <<EOF
@ MX 10 mx1.pref.example.
@ MX 20 a.test.
@ MX 30 never
never A 10.53.0.22
EOF
zone six.example <<EOF
@ MX 10 mx
mx AAAA fd53::1
mx A 10.53.0.21
EOF
zone implicit.example <<EOF
@ A 10.53.0.21
EOF
zone alias.example <<EOF
www CNAME mx1.pref.example.
EOF
dns_start
sink one 10.53.0.21
sink two 10.53.0.22
posthouse_setup a
conf a 'smtp_address_preference = ipv6'
start a

to x@pref.example
ok "the best MX host gets it" status x@pref.example \
    'relay=mx1.pref.example\[10.53.0.21\]:25, .*dsn=2.0.0, status=sent \(250 2.0.0 Ok\)'
ok "the message is there" sink_has one '^Subject: to x@pref.example'
to x@null.example
ok "null MX" status x@null.example \
    'relay=none, .*dsn=5.1.10, status=bounced \(Domain null.example does not accept mail \(nullMX\)\)'
to x@loop.example
ok "a loop" status x@loop.example \
    'dsn=5.4.6, status=bounced \(mail for loop.example loops back to myself\)'
to x@backup.example
ok "no loop while a better host is not known" status x@backup.example \
    'dsn=4.4.3, status=deferred \(Host or domain name not found. Name service error for name=mx.not-served-here.example type=A+: Host not found, try again\)'
to x@worse.example
ok "hosts worse than us are left out" status x@worse.example \
    'relay=mx1.pref.example.*status=sent'
to x@nowhere.test
ok "a domain that does not exist" status x@nowhere.test \
    'dsn=5.4.4, status=bounced \(Host or domain name not found. Name service error for name=nowhere.test type=MX: Host not found\)'
to x@six.example
ok "the other family is tried" status x@six.example \
    'relay=mx.six.example\[10.53.0.21\]:25, .*status=sent'
ok "after the first" log_has a \
    'connect to mx.six.example\[fd53::1\]:25: Connection refused'
to x@implicit.example
ok "a domain without MX" status x@implicit.example \
    'relay=implicit.example\[10.53.0.21\]:25, .*status=sent'
to x@www.alias.example
ok "an alias" status x@www.alias.example 'status=sent'
to 'x@[10.53.0.22]'
ok "an address literal" status 'x@\[10.53.0.22\]' \
    'relay=10.53.0.22\[10.53.0.22\]:25, .*status=sent'

conf a 'smtp_mx_address_limit = 1'
on a posthouse reload
to w@six.example
ok "no more addresses than smtp_mx_address_limit" status w@six.example \
    'relay=none, .*status=deferred \(connect to mx.six.example\[fd53::1\]:25: Connection refused\)'
conf a 'smtp_mx_address_limit = 5'
on a posthouse reload
on a mqueue -f
ok "with more the next one gets it" status w@six.example \
    'relay=mx.six.example\[10.53.0.21\]:25, .*status=sent'

sink_stop one
sleep 3 # until no connection to it is kept
to y@pref.example
ok "the next MX host, where the best is down" status y@pref.example \
    'relay=mx2.pref.example\[10.53.0.22\]:25, .*status=sent'
ok "and it is said" log_has a \
    'connect to mx1.pref.example\[10.53.0.21\]:25: Connection refused'
sink_stop two
sleep 3
to z@pref.example
ok "all are down" status z@pref.example \
    'relay=none, .*dsn=4.4.1, status=deferred \(connect to mx[12].pref.example\[10.53.0.2[12]\]:25: Connection refused\)'
dns_stop
to x@other.test
ok "no name server" status x@other.test \
    'dsn=4.4.3, status=deferred \(Host or domain name not found. Name service error for name=other.test type=MX: Host not found, try again\)'
lab_done
