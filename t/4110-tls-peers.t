#!/bin/sh
# TLS on the client's side: what each level asks of hosts, and what hosts may
# have: good, foreign and old certificates, none at all, broken handshakes.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
. "${0%/*}/certs.sh"
lab "levels none, may, encrypt, fingerprint, verify, secure"
host a 10.53.0.2
host b 10.53.0.3
mail_user b bob

n=20
# peer NAME PEM|none [HOW]: domain NAME.example with its host mx.NAME.example.
peer() {
	n=$((n + 1))
	ip addr add "10.53.0.$n/24" dev wire
	mkdir -p "$lab/sink/$1"
	zone "$1.example" <<EOF
@ MX 10 mx
mx A 10.53.0.$n
EOF
	python3 "$top/t/tls_sink.py" "10.53.0.$n" "$lab/sink/$1" "$2" "${3:-fine}" \
	    >"$lab/sink/$1.log" 2>&1 &
}

ca ca
cert good mx.good.example
cert wrong elsewhere.example
cert expired mx.expired.example -1
self_signed self mx.self.example
for p in good wrong expired self; do
	peer $p "$lab/$p.pem"
done
for p in none; do
	peer $p none
done
peer refuse "$lab/good.pem" refuse
peer break "$lab/good.pem" break
peer inject "$lab/good.pem" inject
peer unknown "$lab/good.pem" unknown
peer cut "$lab/good.pem" cut
peer old "$lab/good.pem" old
peer odd "$lab/good.pem" odd
peer wrap "$lab/good.pem" wrap
wrap=10.53.0.$n
dns_start
posthouse_setup a b
start b
cp "$lab/ca.crt" "$(root_of a)/etc/ca.crt"
conf a 'smtp_tls_CAfile = /etc/ca.crt' \
    'smtp_tls_policy_maps = texthash:/etc/policy' \
    'smtp_tls_exclude_ciphers = AES128' \
    'smtp_connection_cache_time_limit = 0' \
    "transport_maps = inline:{wrap.example=relay:[$wrap]:465}"
sed -i '/^listen *= *unix:relay/a smtp_tls_wrappermode = yes' \
    "$(root_of a)/etc/posthouse/master.conf"
policy() { # LINE...: these are the policies
	printf '%s\n' "$@" >"$(root_of a)/etc/policy"
	stop a >/dev/null 2>&1
	find "$(root_of a)/var/spool/posthouse" -type f -delete
	start a
}
got() { # NAME PATTERN: in what the host has got
	cat "$lab/sink/$1"/* 2>/dev/null | tr -d '\r' | grep -aEq -e "$2"
}
tls_log() { # WORD HOST
	log_has a "smtp\[[0-9]+\]: $1 TLS connection established to mx.$2.example\[10.53.0.[0-9]+\]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"
}

# ---- may ----
policy '# none'
for p in good wrong expired self none refuse break inject unknown cut old \
    odd wrap; do
	to may@$p.example
done
for p in good wrong expired self none refuse break unknown cut old odd wrap; do
	ok "may: $p gets its mail" status "may@$p.example" 'status=sent'
done
ok "good is trusted" tls_log Trusted good
ok "self is not" tls_log Untrusted self
ok "its mail came under TLS, with its name asked for" \
    got self 'tls mx.self.example'
ok "none: in clear" got none '^clear'
ok "a refusal of STARTTLS: in clear" got refuse '^clear'
ok "an unknown STARTTLS: in clear" got unknown '^clear'
for p in break cut old odd; do
	ok "a handshake that fails: $p: in clear" got $p '^clear'
	ok "and its line says so" status may@$p.example \
	    'status=sent \(250 2.0.0 Ok \(in clear text, as TLS failed\)\)'
done
ok "old and odd: why" log_has a \
    'SSL_connect error to mx.odd.example\[.*: .*handshake failure'
ok "a refusal says so too" status may@refuse.example \
    'status=sent \(250 2.0.0 Ok \(in clear text, as the host refused TLS\)\)'
ok "TLS from the first byte on" got wrap '^tls'
to again@good.example
ok "a session goes on" wait_for 10 got good '^tls mx.good.example again'
ok "and the log says so" log_has a \
    'mx.break.example\[.*\]:25: TLS failed: trying again in clear text'
ok "words behind the reply to STARTTLS: nothing is sent" status \
    may@inject.example 'dsn=4.7.5, status=deferred \(Cannot start TLS: words'
ok "nor was it" not got inject .

# ---- encrypt ----
policy 'self.example encrypt' 'none.example encrypt' 'refuse.example encrypt' \
    'break.example encrypt' 'good.example none'
for p in self none refuse break good; do
	to encrypt@$p.example
done
ok "encrypt: anybody's certificate" status encrypt@self.example 'status=sent'
ok "encrypt: not offered" status encrypt@none.example \
    'dsn=4.7.4, status=deferred \(TLS is required, but was not offered by host mx.none.example\['
ok "encrypt: refused" status encrypt@refuse.example \
    'dsn=4.7.4, status=deferred \(TLS is required, but host mx.refuse.example\[.*refused to start TLS: 454'
ok "encrypt: broken" status encrypt@break.example \
    'dsn=4.7.5, status=deferred \(Cannot start TLS: handshake failure'
ok "none: sent" status encrypt@good.example 'status=sent'
ok "in clear" got good '^clear'

# ---- verify and secure ----
policy 'good.example verify' 'wrong.example verify' 'expired.example verify' \
    'self.example verify' 'none.example secure'
for p in good wrong expired self none; do
	to verify@$p.example
done
ok "verify: the host's own" status verify@good.example 'status=sent'
ok "is verified" tls_log Verified good
ok "verify: another name" status verify@wrong.example \
    'dsn=4.7.5, status=deferred \(Server certificate not verified'
ok "verify: expired" status verify@expired.example \
    'dsn=4.7.5, status=deferred \(Server certificate not trusted'
ok "verify: self-signed" status verify@self.example \
    'dsn=4.7.5, status=deferred \(Server certificate not trusted'
ok "secure: not offered" status verify@none.example 'dsn=4.7.4, status=deferred'
print=$(openssl x509 -in "$lab/self.crt" -noout -fingerprint -sha512 |
    sed 's/.*=//')
conf a 'smtp_tls_fingerprint_digest = sha512'
policy 'good.example secure' 'wrong.example secure match=elsewhere.example' \
    "self.example fingerprint match=$print" \
    'expired.example fingerprint match=00:11' '[10.53.0.21] encrypt protocols=TLSv1.2'
for p in good wrong self expired; do
	to secure@$p.example
done
to 'secure@[10.53.0.21]'
ok "secure: a name below the next hop" status secure@good.example 'status=sent'
ok "secure: the name that was given" status secure@wrong.example 'status=sent'
ok "fingerprint: the right one" status secure@self.example 'status=sent'
ok "is verified" tls_log Verified self
ok "fingerprint: another one" status secure@expired.example \
    'dsn=4.7.5, status=deferred \(Server certificate not verified'
ok "a version of its own" log_has a \
    'TLS connection established to 10.53.0.21\[10.53.0.21\]:25: TLSv1.2 with'
printf '%s\n' 'good.example sure' >"$(root_of a)/etc/policy"
stop a >/dev/null 2>&1
start a
to bad@good.example
ok "a policy that is none: mail waits" status bad@good.example \
    'dsn=4.7.5, status=deferred \(TLS policy error'

# ---- two of ours ----
printf '%s\n' '# none' >"$(root_of a)/etc/policy"
to bob@b.test
wait_for 10 mailbox_has b bob 'Subject: to bob@b.test'
ok "from ours to ours" mailbox_has b bob 'with ESMTPS id'
lab_done
