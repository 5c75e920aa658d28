#!/bin/sh
# Clients that show a certificate: asked for, required, allowed to send anywhere.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "client certificates: ask, require, relay by fingerprint"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
r=$(root_of a)

ca() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$lab/$1.key" -out "$lab/$1.crt" -days 30 \
	    -subj "/O=Test/CN=$1" >/dev/null 2>&1
}
cert() { # NAME CN CA
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$lab/$1.key" -out "$lab/$1.csr" -subj "/CN=$2" >/dev/null 2>&1
	openssl x509 -req -in "$lab/$1.csr" -CA "$lab/$3.crt" \
	    -CAkey "$lab/$3.key" -CAcreateserial -days 10 \
	    -out "$lab/$1.crt" >/dev/null 2>&1
	cat "$lab/$1.key" "$lab/$1.crt" >"$lab/$1.pem"
}
ca ca
ca other
cert good good.client ca
cert foreign foreign.client other
cert listed 'a (listed) "client' other
cert key key.client other
cp "$lab/ca.crt" "$r/etc/ca.crt"
print=$(openssl x509 -in "$lab/listed.crt" -noout -fingerprint -sha256 |
    sed 's/.*=//')
key=$(openssl x509 -in "$lab/key.crt" -noout -pubkey |
    openssl pkey -pubin -outform DER | openssl dgst -sha256 -c | sed 's/.* //')
bad=$(openssl x509 -in "$lab/foreign.crt" -noout -fingerprint -sha256 |
    sed 's/.*=//')
printf '%s x\n' "$print" "$key" >"$r/etc/clients"
echo "$bad REJECT not you" >"$r/etc/access"
conf a 'mynetworks = 127.0.0.0/8' 'smtpd_tls_CAfile = /etc/ca.crt' \
    'relay_clientcerts = texthash:/etc/clients' \
    'smtpd_tls_loglevel = 2'
cat >>"$r/etc/posthouse/master.conf" <<EOF

[ask]
program = smtpd
listen  = inet:2526
smtpd_tls_ask_ccert = yes
smtpd_relay_restrictions = permit_mynetworks, permit_tls_clientcerts,
    reject_unauth_destination

[all]
program = smtpd
listen  = inet:2527
smtpd_tls_ask_ccert = yes
smtpd_relay_restrictions = permit_tls_all_clientcerts, defer_unauth_destination

[access]
program = smtpd
listen  = inet:2528
smtpd_tls_ask_ccert = yes
smtpd_relay_restrictions = check_ccert_access texthash:/etc/access,
    reject_unauth_destination

[require]
program = smtpd
listen  = inet:2529
smtpd_tls_security_level = encrypt
smtpd_tls_req_ccert = yes

[wrapped]
program = smtpd
listen  = inet:2530
smtpd_tls_wrappermode = yes
smtpd_tls_req_ccert = yes

[wish]
program = smtpd
listen  = inet:2531
smtpd_tls_req_ccert = yes
EOF
start a

# say PORT CERTIFICATE|none RECIPIENT SUBJECT [ssl]: the last reply.
say() {
	pem=$lab/$2.pem
	[ "$2" != none ] || pem=none
	timeout 30 python3 "$top/t/tls.py" 10.53.0.2 "$1" show "$pem" "$3" "$4" \
	    "${5:-tls}" 2>&1
}

denied='554 5.7.1 <x@far.test>: Relay access denied'
is "one that is listed may send anywhere" "$(say 2526 listed x@far.test 1)" 250
is "also by its key" "$(say 2526 key x@far.test 2)" 250
is "one that a CA vouches for may not" "$(say 2526 good x@far.test 3)" "$denied"
is "nor one without" "$(say 2526 none x@far.test 4)" "$denied"
is "nor where none is asked for" "$(say 25 listed x@far.test 5)" "$denied"
is "all may send to us" "$(say 2526 foreign alice@a.test foreign)" 250
is "trusted: anywhere" "$(say 2527 good x@far.test 6)" 250
is "not trusted: not now" "$(say 2527 listed x@far.test 7)" \
    '454 4.7.1 <x@far.test>: Relay access denied'
like "a table refuses one" "$(say 2528 foreign alice@a.test 8)" \
    '^554 5.7.1 <.*\[10.53.0.1\]>: Client certificate rejected: not you$'
is "and no other" "$(say 2528 good alice@a.test good)" 250
is "to us without one" "$(say 2526 none alice@a.test none)" 250
is "where nobody is asked" "$(say 25 good alice@a.test unasked)" 250
is "a name that is no comment" "$(say 2526 listed alice@a.test odd)" 250

# ---- required ----
is "required: trusted" "$(say 2529 good alice@a.test required)" 250
is "required: not trusted" "$(say 2529 listed alice@a.test x)" \
    '421 4.7.1 a.test Error: Client certificate not trusted'
is "required: none" "$(say 2529 none alice@a.test x)" \
    '421 4.7.1 a.test Error: No client certificate presented'
is "from the first byte on: trusted" "$(say 2530 good alice@a.test w ssl)" 250
is "from the first byte on: none" "$(say 2530 none alice@a.test w ssl)" \
    '421 4.7.1 a.test Error: No client certificate presented'
is "not where TLS is no must" "$(say 2531 none alice@a.test wish)" 250
ok "of which the log warns" log_has a \
    'smtpd_tls_req_ccert: certificates cannot be required where TLS is not'

# ---- what is said of them ----
for s in foreign good none unasked odd; do
	wait_for 10 mailbox_has a alice "Subject: $s\$"
done
received() { # SUBJECT PATTERN
	mailbox_of a alice | tr '\n' ' ' | sed 's/From s@x.test /\n/g' |
	    grep "Subject: $1 " | grep -Eq -e "$2"
}
exchange='key-exchange X25519 server-signature ECDSA \(P-256\) server-digest SHA256'
ok "Received: verified" received good \
    "\(256/256 bits\)[[:space:]]+$exchange client-signature ECDSA \(P-256\) client-digest SHA256\)[[:space:]]+\(Client CN \"good.client\", Issuer \"ca\" \(verified OK\)\)[[:space:]]+by a.test"
ok "Received: not verified" received foreign \
    '\(Client CN "foreign.client", Issuer "other" \(not verified\)\)'
ok "Received: no comment in a comment" received odd \
    '\(Client CN "a \?listed\? \?client", Issuer "other"'
ok "Received: none shown" received none '\(Client did not present a certificate\)'
ok "Received: none asked for" received unasked \
    "$exchange\)[[:space:]]+\(No client certificate requested\)[[:space:]]+by"
ok "log: Trusted" log_has a 'Trusted TLS connection established from .*10.53.0.1\]: TLSv1.3 with cipher .* client-signature ECDSA \(P-256\) client-digest SHA256$'
ok "log: Untrusted" log_has a 'Untrusted TLS connection established from'
ok "log: Anonymous" log_has a 'Anonymous TLS connection established from'
ok "log: the fingerprint" log_has a \
    "subject_CN=a .listed. .client, issuer=other, fingerprint=$print, pkey_fingerprint="
ok "log: why it ended" log_has a \
    'NOQUEUE: abort: TLS from .*10.53.0.1\]: No client certificate presented'

# ---- a list that refuses nobody ----
on a mconf -e 'smtpd_relay_restrictions = permit_mynetworks'
ok "a list that refuses nobody is refused" not on a posthouse reload
is "and the server goes on" "$(say 25 none alice@a.test on)" 250
lab_done
