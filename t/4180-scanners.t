#!/bin/sh
# What scanners say of our defaults: sslscan, and with POSTHOUSE_LONG=1 testssl.sh.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "sslscan and testssl.sh on 25, 465 and 587"
command -v sslscan >/dev/null || bail "no sslscan"
host a 10.53.0.2
dns_start
posthouse_setup a
# [submission] and [smtps] of the sample, in force.
sed -i '/^enabled = no$/d' "$(root_of a)/etc/posthouse/master.conf"
conf a 'smtpd_client_connection_count_limit = 0'
start a

for port in 25 465 587; do
	starttls=--starttls-smtp
	[ $port != 465 ] || starttls=
	timeout 120 sslscan --no-colour $starttls 10.53.0.2:$port \
	    >"$lab/$port" 2>&1
	ok "$port: TLS 1.3 and 1.2 alone" sh -c "grep -Eq 'TLSv1.3 +enabled' $lab/$port &&
	    grep -Eq 'TLSv1.2 +enabled' $lab/$port &&
	    ! grep -Eq '(SSLv2|SSLv3|TLSv1.0|TLSv1.1) +enabled' $lab/$port"
	ok "$port: no renegotiation, compression, heartbleed" sh -c "
	    grep -q 'Compression disabled\|does not support compression' $lab/$port &&
	    ! grep -q 'Insecure client-initiated\|^.*[^t] vulnerable to heart' $lab/$port"
	ok "$port: forward secrecy alone" not grep -E \
	    '^(Preferred|Accepted) .* (AES|DES|RC4|CAMELLIA|ARIA|NULL|SEED)[^ ]*$' \
	    "$lab/$port"
	ok "$port: no weak cipher" not grep -E \
	    '^(Preferred|Accepted) .*(RC4|3DES|NULL|EXP|anon|MD5|IDEA|SEED)' \
	    "$lab/$port"
done
[ -n "${POSTHOUSE_LONG:-}" ] || lab_done

command -v testssl >/dev/null || bail "no testssl"
# Of a certificate that signs itself the scanner has much to say.
for port in 25 465 587; do
	starttls='-t smtp'
	[ $port != 465 ] || starttls=
	timeout 900 testssl --quiet --color 0 --fast \
	    --severity MEDIUM --jsonfile "$lab/$port.json" --warnings off \
	    -p -P -s -f -U $starttls 10.53.0.2:$port >"$lab/$port.testssl" 2>&1
	sed -n 's/^/# /p' "$lab/$port.testssl" | grep -iE 'NOT ok|VULN' | head -n 20
	grep -E '"severity"|"id"|"finding"' "$lab/$port.json" | sed 's/^/# /'
	ok "$port: testssl.sh looked" test -s "$lab/$port.json"
	is "$port: no finding of medium or above" "$(grep -cE \
	    '"severity" *: *"(MEDIUM|HIGH|CRITICAL)"' "$lab/$port.json")" 0
done
lab_done
