#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "records that make a loop end in 5.4.6 or in delivery, never in a loop"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice
mail_user b bob
record 'dead A 10.53.0.99'
record 'second-name A 10.53.0.2'
record 'second-address A 10.53.0.50'
record 'third-address A 10.53.0.51'
record 'alias-a CNAME a'
record 'alias-b CNAME b'
zone equal.example <<'EOF'
@ MX 10 b.test.
@ MX 10 a.test.
EOF
zone name.example <<'EOF'
@ MX 10 second-name.test.
EOF
zone address.example <<'EOF'
@ MX 10 second-address.test.
EOF
zone unknown.example <<'EOF'
@ MX 10 third-address.test.
EOF
zone alias.example <<'EOF'
@ MX 10 alias-a.test.
@ MX 20 b.test.
EOF
zone best.example <<'EOF'
@ MX 10 a.test.
@ MX 20 b.test.
EOF
zone behind-alias.example <<'EOF'
@ MX 10 alias-b.test.
@ MX 20 a.test.
EOF
zone twins.example <<'EOF'
@ MX 10 dead.test.
@ MX 20 a.test.
@ MX 20 b.test.
EOF
zone chain.example <<'EOF'
@ MX 10 dead.test.
@ MX 20 a.test.
@ MX 30 b.test.
EOF
dns_start
posthouse_setup a b
conf a 'backup_mx_domains = equal.example name.example address.example unknown.example alias.example best.example behind-alias.example twins.example chain.example' \
    'relay_domains = ring.example' 'proxy_interfaces = 10.53.0.50' \
    'transport_maps = inline:{ring.example=relay:[b.test]}'
conf b 'backup_mx_domains = twins.example chain.example' \
    'mydestination = b.test, localhost, behind-alias.example' \
    'relay_domains = ring.example' \
    'transport_maps = inline:{ring.example=relay:[a.test]}'
start a
start b

# send HOST RECIPIENT
send() {
	printf '%s\n' 'EHLO c' 'MAIL FROM:<alice@a.test>' "RCPT TO:<$2>" DATA \
	    'From: alice@a.test' "Subject: to $2" '' x . QUIT |
	    smtp "$1" 127.0.0.1 >"$lab/said" 2>&1
}
returned() { # RECIPIENT
	mailbox_of a alice | grep -q "^Final-Recipient: rfc822; *$1"
}
loops() { # DESCRIPTION RECIPIENT
	send a "$2"
	ok "$1: refused as a loop" wait_for 15 log_has a \
	    "to=<$2>, .*dsn=5.4.6, status=bounced \\(mail for .* loops back to myself\\)"
	ok "$1: and returned" wait_for 10 returned "$2"
}

loops "equal preferences" x@equal.example
loops "this host under another name" x@name.example
loops "this host at an address in front of it" x@address.example
loops "a CNAME as MX that leads here" x@alias.example
loops "a backup that lists itself best" x@best.example

send a bob@behind-alias.example
ok "a CNAME as MX that leads elsewhere: delivered" \
    wait_for 15 mailbox_has b bob 'Subject: to bob@behind-alias.example'

# An address that nobody told us of: only the greeting shows that it is ours.
on a ip addr add 10.53.0.51/24 dev eth0
send a x@unknown.example
ok "this host at an address it does not know: refused as a loop" \
    wait_for 15 log_has a 'to=<x@unknown.example>, .*dsn=5.4.6, status=bounced'
ok "and returned" wait_for 10 returned x@unknown.example
is "it did not come in again" \
    "$(log_settled a | grep 'client=' | grep -vc 'client=localhost\[')" 0

send a x@twins.example
send b y@twins.example
send b x@chain.example
ok "a waits for the best host" wait_for 40 log_has a \
    'to=<x@twins.example>, .*status=deferred'
ok "so does its equal" wait_for 40 log_has b \
    'to=<y@twins.example>, .*status=deferred'
ok "who is worse gives it to who is better" wait_for 40 log_has b \
    'to=<x@chain.example>, .*relay=a.test\[.*status=sent'
ok "and that one waits" wait_for 40 log_has a \
    'to=<x@chain.example>, .*status=deferred'
sleep 20
is "nothing went to and fro" \
    "$(log_count b 'twins.example>, relay=a.test') $(log_count a 'twins.example>, relay=b.test')" "0 0"

send a x@ring.example
ok "two that point at each other: the hop count ends it" \
    wait_for 90 returned x@ring.example
says_why() {
	{ log_of a; log_of b; } | grep 'to=<x@ring.example>' >"$lab/ring"
	grep -qE 'dsn=5.4.6, status=bounced \(.*too many hops' "$lab/ring"
}
ok "with a clear word" wait_for 10 says_why
ok "after as many hops as may be" [ "$(grep -c =sent "$lab/ring")" -le 51 ]
ok "the books of a balance" on a mqueue --audit
ok "those of b too" on b mqueue --audit
lab_done
