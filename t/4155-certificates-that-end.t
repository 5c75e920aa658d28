#!/bin/sh
# Certificates that end soon: what the log says, and how often, what status and
# the doctor say; those that are shown to servers too.  And our TLSA records.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/dnssec.sh"
lab "certificates that end in 20, 6 and half a day; shown ones; TLSA"
host a 10.53.0.2
etc=$(root_of a)/etc

# ends FILE NAME HOURS: a key, and a certificate by itself that ends then.
mkdir "$lab/ca"
ends() {
	: >"$lab/ca/index.txt"
	cat >"$lab/ca/conf" <<EOF
[ca]
default_ca = it
[it]
database = $lab/ca/index.txt
new_certs_dir = $lab/ca
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
EOF
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -out "$lab/ca/csr" -subj "/CN=$2" \
	    -addext "subjectAltName=DNS:$2" >/dev/null 2>&1
	openssl ca -batch -selfsign -notext -config "$lab/ca/conf" \
	    -keyfile "$1.key" -in "$lab/ca/csr" -out "$1.crt" \
	    -startdate "$(date -u -d '-1 hour' +%Y%m%d%H%M%SZ)" \
	    -enddate "$(date -u -d "+$3 hours" +%Y%m%d%H%M%SZ)" \
	    >/dev/null 2>"$lab/ca/log" || bail "$(tail -n 3 "$lab/ca/log")"
	cat "$1.key" "$1.crt" >"$1.tmp"
	chmod 600 "$1.tmp"
	mv "$1.tmp" "$1"
}
tls=$etc/posthouse/tls
mkdir -p "$tls"
ends "$lab/own" a.test 492
zone signed.example <<EOF
@ A 10.53.0.2
mx A 10.53.0.2
_25._tcp.mx TLSA $(tlsa "$lab/own.crt" 3 1 1)
_25._tcp.cert TLSA $(tlsa "$lab/own.crt" 3 0 1)
_25._tcp.wrong TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
_25._tcp.pkix TLSA 1 1 1 0000000000000000000000000000000000000000000000000000000000000000
_25._tcp.bogus TLSA $(tlsa "$lab/own.crt" 3 1 1)
EOF
zone plain.example <<EOF
_25._tcp.mx TLSA $(tlsa "$lab/own.crt" 3 1 1)
EOF
dns_start
dns_sign signed.example
forge signed.example '/^_25._tcp.bogus/,/RRSIG.TLSA/ s/TLSA\([^0-9]*\)3 1 1/TLSA\13 0 1/'
unbound_start a
posthouse_setup a
put() { # PLACE
	install -m 600 "$lab/own" "$etc/new"
	mv "$etc/new" "$1"
}
put "$tls/posthouse.pem"
ends "$tls/week.pem" week.test 156
ends "$tls/day.pem" day.test 12
ends "$tls/shown.pem" shown.test 492
cat >"$etc/sni" <<EOF
week.test   /etc/posthouse/tls/week.pem
day.test    /etc/posthouse/tls/day.pem
EOF
conf a 'tls_server_sni_maps = texthash:/etc/sni' 'dns_servers = 127.0.0.1' \
    'smtp_tls_chain_files = /etc/posthouse/tls/shown.pem'
start a

said() { # FILE TEXT: how often
	log_count a "keys\[[0-9]*\]: warning: /etc/posthouse/tls/$1: the certificate $2: renew it"
}
ok "the log warns" log_has a 'warning: .*: the certificate ends in less than a day'
is "of 20 days" "$(said posthouse.pem 'ends in 20 days')" 1
is "of 6 days" "$(said week.pem 'ends in 6 days')" 1
is "of half a day" "$(said day.pem 'ends in less than a day')" 1
is "of one that is shown to servers" "$(said shown.pem 'ends in 20 days')" 1
ok "status says how many days the first of them has" on a sh -c \
    'posthouse status | grep -Eq "keys.*certificates=4.* days=0"'

# Each time files change all certificates are looked at.
ends "$tls/week.pem" week.test 130
ok "another one, of five days" wait_for 10 log_has a \
    'week.pem: the certificate ends in 5 days'
is "of it the log warns" "$(said week.pem 'ends in 5 days')" 1
is "and says once what it has said" \
    "$(said posthouse.pem 'ends in 20 days') $(said week.pem 'ends in 6 days') $(said day.pem 'ends in less than a day')" \
    '1 1 1'
ends "$tls/week.pem" week.test 2000
ok "a renewed one" wait_for 10 log_has a 'week.pem: certificate in force, good for 83 days'
is "needs no word" "$(said week.pem '.*')" 2

# ---- the doctor ----
check() { # OPTION...
	on a posthouse check "$@" >"$lab/found" 2>&1
}
finds() { # PATTERN
	grep -Eq -e "$1" "$lab/found" || { cat "$lab/found"; return 1; }
}
at=/etc/posthouse/tls
check --offline
ok "the doctor: 20 days" finds "^warn  $at/posthouse.pem: the certificate ends in 20 days: renew it"
ok "half a day" finds "^warn  $at/day.pem: the certificate ends in less than a day: renew it"
ok "83 days" finds "^ok    $at/week.pem: key and certificate belong together, for week.test, good for 83 days"
ok "shown to servers" finds "^warn  $at/shown.pem: the certificate ends in 20 days: renew it"
ends "$tls/shown.pem" shown.test 2000
check --offline
ok "a good one, whatever its name" finds "^ok    $at/shown.pem: key and certificate belong together, shown to servers, good for 83 days"
ends "$tls/shown.pem" shown.test 0
check --offline
ok "one that has expired" finds "^fail  $at/shown.pem: the certificate has expired \(shown to servers\)"
ends "$lab/other" shown.test 2000
ends "$tls/shown.pem" shown.test 2000
cat "$lab/other.key" "$tls/shown.pem.crt" >"$tls/shown.pem"
chmod 644 "$tls/shown.pem"
check --offline
ok "a key of another certificate" finds "^fail  $at/shown.pem: the key does not belong to the certificate: name the right files in smtp_tls_chain_files"
ok "that others can read" finds "^warn  $at/shown.pem: others than root can read the private key"
rm "$tls/shown.pem"
cat >>"$etc/posthouse/master.conf" <<EOF

[elsewhere]
program = smtp
listen  = unix:elsewhere
smtp_tls_chain_files =
smtp_tls_cert_file = /etc/nothing.crt
EOF
on a mconf -e 'smtp_tls_policy_maps = inline:{{x.example = verify tafile=/etc/no.crt}}'
check --offline
ok "none at all" finds "^fail  $at/shown.pem: No such file"
ok "those of a service of its own too" finds "^fail  /etc/nothing.crt: No such file"
ok "and trust anchors" finds "^fail  /etc/no.crt: trust anchors: No such file"

# ---- our TLSA records ----
named() { # NAME
	on a mconf -e "myhostname = $1"
	check
}
named mx.signed.example
ok "TLSA: of the key" finds '^ok    _25._tcp.mx.signed.example: 1 of 1 TLSA records fit'
named cert.signed.example
ok "TLSA: of the certificate, which ends" finds \
    '^warn  _25._tcp.cert.signed.example: the TLSA record names the certificate itself, which ends in 20 days'
named wrong.signed.example
ok "TLSA: of another key" finds '^fail  _25._tcp.wrong.signed.example: no TLSA record fits the certificate in use'
named pkix.signed.example
ok "TLSA: of no use" finds '^warn  _25._tcp.pkix.signed.example: no TLSA record can be used for mail'
named bogus.signed.example
ok "TLSA: forged" finds '^warn  _25._tcp.bogus.signed.example: its TLSA records cannot be had'
named mx.plain.example
ok "TLSA: not signed" finds '^warn  _25._tcp.mx.plain.example: the zone is not signed: nobody heeds'
lab_done
