#!/bin/sh
# TLSRPT: what was seen of TLS with the hosts of a domain is reported to who
# wants it, by mail and by HTTPS, with the right counts, once.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
lab "reports about TLS"
host a 10.53.0.2
host b 10.53.0.3
mail_user b bob carol dave
period=10

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$lab/ca.key" -out "$lab/ca.crt" -days 30 -subj "/CN=ca" \
    >/dev/null 2>&1
cert() { # NAME SUBJECTALTNAME
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$lab/$1.key" -out "$lab/$1.csr" -subj "/CN=$1" >/dev/null 2>&1
	echo "subjectAltName=$2" >"$lab/ext"
	openssl x509 -req -in "$lab/$1.csr" -CA "$lab/ca.crt" -CAkey "$lab/ca.key" \
	    -CAcreateserial -extfile "$lab/ext" -days 10 \
	    -out "$lab/$1.crt" >/dev/null 2>&1
	cat "$lab/$1.key" "$lab/$1.crt" >"$lab/$1.pem"
}
mkdir -p "$lab/web"
n=20
names=
# peer NAME PEM|none RUA MODE
peer() {
	n=$((n + 1))
	names="$names${names:+,}DNS:mta-sts.$1.example"
	ip addr add "10.53.0.$n/24" dev wire
	mkdir -p "$lab/sink/$1"
	zone "$1.example" <<END
@ MX 10 mx
mx A 10.53.0.$n
mta-sts A 10.53.0.9
END
	[ -z "$3" ] || echo "_smtp._tls TXT \"v=TLSRPTv1; rua=$3\"" \
	    >>"$lab/zone.$1.example"
	if [ "$4" != - ]; then
		echo '_mta-sts TXT "v=STSv1; id=1;"' >>"$lab/zone.$1.example"
		printf '%s\n' 'version: STSv1' "mode: $4" "mx: mx.$1.example" \
		    'max_age: 100000' >"$lab/web/mta-sts.$1.example"
	fi
	python3 "$top/t/tls_sink.py" "10.53.0.$n" "$lab/sink/$1" "$2" \
	    >"$lab/sink/$1.log" 2>&1 &
}
cert good DNS:mx.good.example
cert wrong DNS:elsewhere.example
peer good "$lab/good.pem" mailto:bob@b.test enforce
peer wrong "$lab/wrong.pem" \
    'mailto:carol@b.test,https://mta-sts.wrong.example/reports' enforce
peer plain none https://mta-sts.plain.example/plain -
peer silent none '' -
peer half none 'mailto:dave@b.test,https://mta-sts.half.example/r' -
echo error >"$lab/web/mta-sts.half.example.how"
cert web "$names"
ip addr add 10.53.0.9/24 dev wire
python3 "$top/t/sts_web.py" 10.53.0.9 "$lab/web.pem" "$lab/web" \
    >"$lab/web.out" 2>&1 &
dns_start
posthouse_setup a b
start b
cp "$lab/ca.crt" "$(root_of a)/etc/ca.crt"
conf a 'smtp_tls_CAfile = /etc/ca.crt' "report_interval = ${period}s" \
    'report_organization = A "test"' 'report_contact = postmaster@a.test' \
    'smtp_connection_cache_time_limit = 0s'
start a
posted() { # PATH: the files that were posted there, in order
	awk -v p="$1" '$1 == "POST" { n++; if ($2 == p) print n }' "$lab/web/log"
}
has_posted() {
	[ -n "$(posted "$1")" ]
}
report_of() { # MBOX|GZIP
	python3 "$top/t/tlsrpt.py" "$1" 2>&1
}

# All of it in one period.
sleep $((period - $(date +%s) % period))
to 1@good.example
to 2@good.example
to 1@wrong.example
to 1@plain.example
to 1@silent.example
to 1@half.example
for p in 1@good 2@good 1@plain 1@silent 1@half; do
	ok "$p is sent" status $p.example 'status=sent'
done
ok "1@wrong is not" status 1@wrong.example 'status=deferred'
ok "a report comes by mail" wait_for 25 mailbox_has b bob 'TLS-Report-Domain'
is "with the sessions that were" "$(report_of "$(root_of b)/var/mail/bob")" \
    "good.example sts 2 0 -"
ok "another one, too" wait_for 15 mailbox_has b carol 'TLS-Report-Domain'
like "with the failure" "$(report_of "$(root_of b)/var/mail/carol")" \
    '^wrong.example sts 0 1 certificate-host-mismatch:1$'
ok "and the same by HTTPS" wait_for 15 has_posted mta-sts.wrong.example/reports
like "has the same figures" \
    "$(report_of "$lab/web/posted.$(posted mta-sts.wrong.example/reports | head -n 1)")" \
    '^wrong.example sts 0 1 certificate-host-mismatch:1$'
ok "of a domain without a policy" wait_for 15 has_posted mta-sts.plain.example/plain
like "there is one, too" \
    "$(report_of "$lab/web/posted.$(posted mta-sts.plain.example/plain | head -n 1)")" \
    '^plain.example no-policy-found 0 1 starttls-not-supported:1$'
ok "its media type is right" grep -q \
    '^POST mta-sts.plain.example/plain application/tlsrpt+gzip' "$lab/web/log"
ok "the log says so" log_has a 'report\[[0-9]+\]: good.example: TLS report .* sent to mailto:bob@b.test'

# Two addresses, of which one does not take it: that one is tried again.
half='report\[[0-9]+\]: half.example: TLS report [0-9.]*half.example@a.test'
ok "it comes by mail" wait_for 15 mailbox_has b dave 'TLS-Report-Domain'
ok "but not by HTTPS" wait_for 15 log_has a \
    "$half cannot be sent to https://mta-sts.half.example/r: HTTP status 500"
echo bare >"$lab/web/mta-sts.half.example.how"
ok "it is tried again" wait_for $((2 * period)) log_has a \
    "$half sent to https://mta-sts.half.example/r"
is "with one and the same id" "$(log_of a |
    sed -n 's/.*half.example: TLS report \([^ ]*\) .*/\1/p' | sort -u | wc -l)" 1
is "and not by mail" "$(mailbox_count b dave)" 1

# A report is no reason for a report, and each comes once.
ok "nothing about b, where reports went" log_lacks a 'b.test: TLS report'
is "one mail" "$(mailbox_count b bob)" 1
is "one request" "$(posted mta-sts.plain.example/plain | wc -l)" 1

# ---- over a restart ----
sleep $((period - $(date +%s) % period))
to 3@good.example
ok "3@good is sent" status 3@good.example 'status=sent'
sleep 1
stop a
start a
two() { [ "$(mailbox_count b bob)" = 2 ]; }
ok "what was gathered outlives it" wait_for 25 two
is "with its session" "$(report_of "$(root_of b)/var/mail/bob")" \
    "good.example sts 1 0 -"

# ---- not wanted ----
conf a 'smtp_tlsrpt = no'
stop a
start a
sleep $((period - $(date +%s) % period))
to 4@plain.example
ok "4@plain is sent" status 4@plain.example 'status=sent'
sleep $((period + 4))
is "nothing is gathered" "$(posted mta-sts.plain.example/plain | wc -l)" 1
lab_done
