#!/bin/sh
# DANE towards other hosts: TLSA records right, wrong, rolled over, of no use,
# missing, forged; certificates good, old, of other names; zones signed and not.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
. "${0%/*}/certs.sh"
. "${0%/*}/dnssec.sh"
lab "levels dane and dane-only, over a resolver that checks"
host a 10.53.0.2

ca ca
ca other
self_signed self nobody.example
cert old nobody.example -1
cert ta mx.ta.dane.example
cert next next.dane.example
cert name nobody.example
cert late mx.late.dane.example -1
no_match=0000000000000000000000000000000000000000000000000000000000000000

n=20
signed= plain=
# peer NAME PEM|none [TLSA...]: a host mx.NAME.dane.example for the domain.
peer() {
	n=$((n + 1))
	ip addr add "10.53.0.$n/24" dev wire
	mkdir -p "$lab/sink/$1"
	signed="$signed
$1 MX 10 mx.$1
mx.$1 A 10.53.0.$n"
	python3 "$top/t/tls_sink.py" "10.53.0.$n" "$lab/sink/$1" "$2" \
	    >"$lab/sink/$1.log" 2>&1 &
	name=$1
	shift 2
	for record; do
		signed="$signed
_25._tcp.mx.$name TLSA $record"
	done
}

peer ee "$lab/self.pem" "$(tlsa "$lab/self.crt" 3 1 1)"
peer old "$lab/old.pem" "$(tlsa "$lab/old.crt" 3 0 2)"
peer whole "$lab/self.pem" "$(tlsa "$lab/self.crt" 3 1 0)"
peer ta "$lab/ta.pem" "$(tlsa "$lab/ca.crt" 2 0 1)"
peer next "$lab/next.pem" "$(tlsa "$lab/ca.crt" 2 1 1)"
peer name "$lab/name.pem" "$(tlsa "$lab/ca.crt" 2 1 1)"
peer late "$lab/late.pem" "$(tlsa "$lab/ca.crt" 2 1 1)"
peer foreign "$lab/ta.pem" "$(tlsa "$lab/other.crt" 2 0 1)"
peer wrong "$lab/self.pem" "3 1 1 $no_match"
peer roll "$lab/self.pem" "3 1 1 $no_match" "$(tlsa "$lab/self.crt" 3 1 1)"
peer agile "$lab/self.pem" "3 1 2 $no_match$no_match" \
    "$(tlsa "$lab/self.crt" 3 1 1)"
peer pkix "$lab/self.pem" "1 0 1 $no_match" "3 1 9 $no_match"
peer pkixno none "1 0 1 $no_match"
peer some "$lab/self.pem" "1 0 1 $no_match" "$(tlsa "$lab/self.crt" 3 1 1)"
peer no "$lab/self.pem"
peer clear none
peer notls none "$(tlsa "$lab/self.crt" 3 1 1)"
peer bogus "$lab/self.pem" "$(tlsa "$lab/self.crt" 3 1 1)"
zone dane.example <<EOT
$signed
alias MX 10 www.alias
www.alias CNAME mx.ee
out MX 10 mx.out
mx.out CNAME mx.plain.example.
_25._tcp.mx.out TLSA $(tlsa "$lab/self.crt" 3 1 1)
outno MX 10 mx.outno
mx.outno CNAME mx.plain.example.
_25._tcp.mx.outno TLSA 3 1 1 $no_match
two MX 10 mx.bogus
two MX 20 mx.ee
EOT
n=$((n + 1))
ip addr add "10.53.0.$n/24" dev wire
mkdir -p "$lab/sink/plain"
python3 "$top/t/tls_sink.py" "10.53.0.$n" "$lab/sink/plain" "$lab/self.pem" &
zone plain.example <<EOT
@ MX 10 mx
mx A 10.53.0.$n
_25._tcp.mx TLSA 3 1 1 $no_match
half MX 10 mx.ee.dane.example.
halfno MX 10 mx.wrong.dane.example.
EOT
dns_start
dns_sign dane.example
forge dane.example '/^_25._tcp.mx.bogus/,/RRSIG.TLSA/ s/TLSA\([^0-9]*\)3 1 1/TLSA\13 0 1/'
unbound_start a
posthouse_setup a
conf a 'dns_servers = 127.0.0.1' 'smtp_tls_security_level = dane' \
    'smtp_tls_policy_maps = texthash:/etc/policy'
echo '# none' >"$(root_of a)/etc/policy"
start a
tls_log() { # WORD HOST
	log_has a ": $1 TLS connection established to $2\[10.53.0.[0-9]+\]:25: TLSv1.3 with"
}
got() { # NAME
	ls "$lab/sink/$1"/* >/dev/null 2>&1
}

right='ee old whole ta next roll some'
for p in $right name late foreign wrong agile pkix pkixno no clear notls \
    bogus alias out outno two; do
	to x@$p.dane.example
done
to x@plain.example
to x@half.plain.example
to x@halfno.plain.example

for p in $right; do
	ok "$p: sent" status x@$p.dane.example 'status=sent'
	ok "$p: verified" tls_log Verified "mx.$p.dane.example"
done
while read -r p what why; do
	ok "$p: $what" status x@$p.dane.example \
	    'dsn=4.7.5, status=deferred \(Server certificate not trusted'
	ok "$p: the log says why" log_has a \
	    "certificate verification failed for mx.$p.dane.example.*: $why"
	ok "$p: got nothing" not got "$p"
done <<EOT
name another_name .*[Hh]ostname mismatch
late expired .*expired
foreign another_authority .*
wrong another_key .*
agile the_stronger_digest_decides .*
EOT
ok "pkix: encrypted" status x@pkix.dane.example 'status=sent'
ok "and no more" tls_log Untrusted mx.pkix.dane.example
ok "pkixno: never in clear" status x@pkixno.dane.example \
    'dsn=4.7.4, status=deferred \(TLS is required, but was not offered'
ok "no records: sent" status x@no.dane.example 'status=sent'
ok "no records, no TLS: in clear" status x@clear.dane.example 'status=sent'
ok "records, no TLS: not sent" status x@notls.dane.example \
    'dsn=4.7.4, status=deferred \(TLS is required, but was not offered'
ok "nothing came" not got notls
ok "forged: waits" status x@bogus.dane.example \
    'dsn=4.7.5, status=deferred \(TLSA lookup error for mx.bogus.dane.example'
ok "nothing came" not got bogus
ok "the next host takes it" status x@two.dane.example \
    'relay=mx.ee.dane.example.*status=sent'
ok "an alias within: sent" status x@alias.dane.example 'status=sent'
ok "verified, by the name at its end" tls_log Verified www.alias.dane.example
ok "an alias that leads out: sent" status x@out.dane.example 'status=sent'
ok "verified, by its own name" tls_log Verified mx.out.dane.example
ok "and where that does not fit, not" status x@outno.dane.example \
    'status=deferred \(Server certificate not trusted'
ok "records that are not signed are none" status x@plain.example 'status=sent'
ok "its certificate is nobody's" tls_log Untrusted mx.plain.example
ok "an unsigned MX record: sent" status x@half.plain.example 'status=sent'
ok "an unsigned MX record: the key counts" status x@halfno.plain.example \
    'status=deferred \(Server certificate not trusted'

route() { # ADDRESS PATTERN
	on a posthouse route "$1" | grep -Eq -e "$2"
}
ok "route: dane" route x@ee.dane.example 'TLS dane: 3 1 1 [0-9a-f]{64} at mx.ee.dane.example'
ok "route: may" route x@no.dane.example 'TLS may, as it has no TLSA records'
ok "route: forged" route x@bogus.dane.example 'TLS not used now: TLSA lookup error'

# ---- dane-only, and what else can be said ----
printf '%s\n' 'no.dane.example dane-only' 'half.plain.example dane-only' \
    'ee.dane.example dane-only' 'pkix.dane.example dane-only' \
    'wrong.dane.example encrypt' 'notls.dane.example may' >"$(root_of a)/etc/policy"
conf a 'smtp_tls_dane_insecure_mx_policy = encrypt'
stop a >/dev/null
find "$(root_of a)/var/spool/posthouse" -type f -delete
start a
for p in no ee pkix wrong notls; do
	to only@$p.dane.example
done
to only@half.plain.example
to only@halfno.plain.example
ok "dane-only: with records" status only@ee.dane.example 'status=sent'
ok "dane-only: without" status only@no.dane.example \
    'dsn=4.7.5, status=deferred \(DANE is required, but of host mx.no.dane.example\[.*it has no TLSA records'
ok "dane-only: none usable" status only@pkix.dane.example \
    'dsn=4.7.5, status=deferred \(DANE is required, but of host .* no TLSA record is usable'
ok "dane-only: the MX record is not signed" status only@half.plain.example \
    'dsn=4.7.5, status=deferred \(DANE is required, but of host .* the MX record is not signed'
ok "encrypt asks for no key" status only@wrong.dane.example 'status=sent'
ok "may goes on in clear" status only@notls.dane.example 'status=sent'
ok "an unsigned MX record: only encrypted" status only@halfno.plain.example \
    'status=sent'

# ---- a resolver that is not trusted ----
conf a 'dns_trusted_servers = 192.0.2.1'
echo 'ee.dane.example dane-only' >"$(root_of a)/etc/policy"
stop a >/dev/null
find "$(root_of a)/var/spool/posthouse" -type f -delete
start a
to far@wrong.dane.example
to far@ee.dane.example
ok "its word proves nothing" status far@wrong.dane.example 'status=sent'
ok "and dane-only waits" status far@ee.dane.example \
    'status=deferred \(DANE is required, .*dns_trusted_servers'
lab_done
