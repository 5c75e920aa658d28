#!/bin/sh
# What scanners say of our defaults, with the key that setup makes and with RSA:
# sslscan, and testssl.sh, whose long form takes minutes.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/certs.sh"
lab "sslscan and testssl.sh on 25, 465 and 587"
command -v sslscan >/dev/null || bail "no sslscan"
[ -z "${POSTHOUSE_LONG:-}" ] || command -v testssl >/dev/null || bail "no testssl"
host a 10.53.0.2
dns_start
posthouse_setup a
# [submission] and [smtps] of the sample, in force.
sed -i '/^enabled = no$/d' "$(root_of a)/etc/posthouse/master.conf"
conf a 'smtpd_client_connection_count_limit = 0' \
    'smtpd_tls_chain_files = /etc/scan.pem'

# Certificates of a CA that the scanners know: of one that signs itself there is
# much to say.  What is asked of a CA is in them.
ca ca
for kind in ec rsa; do
	newkey='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
	[ $kind != rsa ] || newkey='-newkey rsa:2048 -nodes'
	# shellcheck disable=SC2086 # a list of words
	openssl req $newkey -keyout "$lab/$kind.key" -out "$lab/csr" \
	    -subj /CN=a.test >/dev/null 2>&1
	printf '%s\n' subjectAltName=DNS:a.test basicConstraints=CA:FALSE \
	    keyUsage=digitalSignature extendedKeyUsage=serverAuth \
	    'crlDistributionPoints=URI:http://ca.test/crl' >"$lab/ext"
	openssl x509 -req -in "$lab/csr" -CA "$lab/ca.crt" -CAkey "$lab/ca.key" \
	    -CAcreateserial -extfile "$lab/ext" -days 90 \
	    -out "$lab/$kind.crt" >/dev/null 2>&1
	cat "$lab/$kind.key" "$lab/$kind.crt" >"$lab/$kind.pem"
done
use() { # KIND: its certificate is in force
	install -m 600 "$lab/$1.pem" "$(root_of a)/etc/scan.pem.new"
	mv "$(root_of a)/etc/scan.pem.new" "$(root_of a)/etc/scan.pem"
	wait_for 10 shows "$1"
}
shows() { # KIND
	openssl s_client -connect 10.53.0.2:465 </dev/null 2>/dev/null |
	    openssl x509 -pubkey -noout |
	    diff - "$lab/$1.pub"
}
for kind in ec rsa; do
	openssl x509 -in "$lab/$kind.crt" -noout -pubkey >"$lab/$kind.pub"
done
# STARTTLS, or nothing where TLS comes first.
starttls() { # PORT WORD
	[ "$1" = 465 ] || echo "$2"
}

ssl_scan() { # KIND PORT
	out=$lab/$1.$2
	# shellcheck disable=SC2046 # none, or one word
	timeout 120 sslscan --no-colour $(starttls "$2" --starttls-smtp) \
	    "10.53.0.2:$2" >"$out" 2>&1
	ok "$1, $2: TLS 1.3 and 1.2 alone" sh -c "grep -Eq 'TLSv1.3 +enabled' $out &&
	    grep -Eq 'TLSv1.2 +enabled' $out &&
	    ! grep -Eq '(SSLv2|SSLv3|TLSv1.0|TLSv1.1) +enabled' $out"
	ok "$1, $2: no renegotiation, compression, heartbleed" sh -c "
	    grep -q 'Compression disabled\|does not support compression' $out &&
	    ! grep -q 'Insecure client-initiated\|^.*[^t] vulnerable to heart' $out"
	ok "$1, $2: forward secrecy alone" not grep -E \
	    '^(Preferred|Accepted) .* (AES|DES|RC4|CAMELLIA|ARIA|NULL|SEED)[^ ]* *$' \
	    "$out"
	ok "$1, $2: no weak cipher" not grep -E \
	    '^(Preferred|Accepted) .*(RC4|3DES|NULL|EXP|anon|MD5|IDEA|SEED)' \
	    "$out"
}

# test_ssl KIND PORT OPTION...: what the scanner finds is told.
test_ssl() {
	kind=$1 port=$2
	out=$lab/$kind.$port.json
	shift 2
	# shellcheck disable=SC2046 # none, or two words
	SSL_CERT_FILE=$lab/ca.crt timeout 900 testssl --quiet --color 0 \
	    --warnings off --openssl-timeout 10 --add-ca "$lab/ca.crt" --ip 10.53.0.2 \
	    --jsonfile "$out" "$@" $(starttls "$port" '-t smtp') \
	    "a.test:$port" >"$lab/$kind.$port.testssl" 2>&1
	ok "$kind, $port: testssl.sh looked" \
	    grep -q '"severity" *: *"OK"' "$out"
	like_findings "$kind, $port: testssl.sh finds nothing of MEDIUM or above" "$out"
}
like_findings() { # WHAT JSON
	is "$1" "$(python3 -c '
import json, sys
for f in json.load(open(sys.argv[1])):
    if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL"):
        print(f["severity"], f["id"], f["finding"])' "$2" 2>&1)" ''
}

install -m 600 "$lab/ec.pem" "$(root_of a)/etc/scan.pem"
start a
for kind in ec rsa; do
	ok "$kind: in force" use "$kind"
	for port in 25 465 587; do
		ssl_scan "$kind" $port
		[ -z "${POSTHOUSE_LONG:-}" ] ||
		    test_ssl "$kind" $port --fast -p -P -s -f -S -U
	done
done
# What needs a key that decrypts is not offered, rather than failing later.
echo QUIT | openssl s_client -connect 10.53.0.2:465 -tls1_2 -cipher kRSA \
    >"$lab/krsa" 2>&1
ok "no cipher is left to who knows no forward secrecy" \
    grep -q 'alert handshake failure' "$lab/krsa"
[ -z "${SCAN_KEEP:-}" ] || cp "$lab"/*.json "$lab"/*.testssl "$SCAN_KEEP"
lab_done
