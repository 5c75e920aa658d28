#!/bin/sh
# MTA-STS on the client's side: policies of domains, good, bad and hostile, and
# what mail to them has to prove.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
lab "MTA-STS: policies are found, kept and obeyed"
host a 10.53.0.2

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$lab/ca.key" -out "$lab/ca.crt" -days 30 -subj "/CN=ca" \
    >/dev/null 2>&1
# cert NAME SUBJECTALTNAME: by the CA.
cert() {
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
# peer NAME PEM|none POLICY-LINE...: domain NAME.example, its host mx, and its
# policy.
peer() {
	n=$((n + 1))
	p=$1 pem=$2
	shift 2
	names="$names${names:+,}DNS:mta-sts.$p.example"
	ip addr add "10.53.0.$n/24" dev wire
	mkdir -p "$lab/sink/$p"
	zone "$p.example" <<END
@ MX 10 mx
mx A 10.53.0.$n
mta-sts A 10.53.0.9
_mta-sts TXT "v=STSv1; id=1;"
END
	printf '%s\n' 'version: STSv1' "$@" >"$lab/web/mta-sts.$p.example"
	python3 "$top/t/tls_sink.py" "10.53.0.$n" "$lab/sink/$p" "$pem" \
	    >"$lab/sink/$p.log" 2>&1 &
}
how() { # NAME HOW: the server of policies answers for it like this
	echo "$2" >"$lab/web/mta-sts.$1.example.how"
}
enforce() { # NAME PEM
	peer "$1" "$2" 'mode: enforce' "mx: mx.$1.example" 'max_age: 100000'
}
cert good DNS:mx.good.example
cert wild DNS:*.wild.example
cert kept DNS:mx.kept.example
cert wrong DNS:elsewhere.example
enforce good "$lab/good.pem"
peer wild "$lab/wild.pem" 'mode: enforce' 'mx: *.wild.example' 'max_age: 100000'
enforce kept "$lab/kept.pem"
enforce wrong "$lab/wrong.pem"
enforce clear none
peer other "$lab/wrong.pem" 'mode: enforce' 'mx: mx.elsewhere.example' \
    'max_age: 100000'
peer testing "$lab/wrong.pem" 'mode: testing' 'mx: mx.elsewhere.example' \
    'max_age: 100000'
peer off none 'mode: none' 'max_age: 100000'
# What is no policy.
hostile='redirect error html long endless head garbage cut badcert invalid two'
for h in $hostile; do
	enforce "$h" none
	how "$h" "$h"
done
how good chunked
echo 'version: STSv2' >"$lab/web/mta-sts.invalid.example"
echo '_mta-sts TXT "v=STSv1; id=2;"' >>"$lab/zone.two.example"
# Our own domain promises a host that is not its MX.
record 'mta-sts.a A 10.53.0.9'
record '_mta-sts.a TXT "v=STSv1; id=1;"'
record '_smtp._tls.a TXT "v=TLSRPTv1; rua=mailto:reports@a.test"'
printf '%s\n' 'version: STSv1' 'mode: enforce' 'mx: b.test' 'max_age: 9' \
    >"$lab/web/mta-sts.a.test"
cert web "$names,DNS:mta-sts.a.test"
ip addr add 10.53.0.9/24 dev wire
web_start() {
	python3 "$top/t/sts_web.py" 10.53.0.9 "$lab/web.pem" "$lab/web" \
	    "$lab/wrong.pem" >"$lab/web.out" 2>&1 &
	web=$!
}
web_start
dns_start
posthouse_setup a
cp "$lab/ca.crt" "$(root_of a)/etc/ca.crt"
conf a 'smtp_tls_CAfile = /etc/ca.crt'
start a
got() { # NAME PATTERN: in what the host has got
	cat "$lab/sink/$1"/* 2>/dev/null | tr -d '\r' | grep -aEq -e "$2"
}
fetches() { # NAME: how often its policy was asked for
	grep -c "^GET mta-sts.$1.example/.well-known/mta-sts.txt " "$lab/web/log"
}

for p in good wild kept wrong clear other testing off $hostile; do
	to x@$p.example
done

# ---- a policy is obeyed ----
ok "a policy is found" log_has a \
    'sts\[[0-9]+\]: good.example: MTA-STS policy: mode=enforce, max_age=100000, id=1, mx=mx.good.example'
for p in good wild kept; do
	ok "$p: the host proves its name" status x@$p.example 'status=sent'
	ok "$p: and is said to be verified" log_has a \
	    "Verified TLS connection established to mx.$p.example"
done
ok "under TLS, with its name asked for" got good 'tls mx.good.example'
ok "another certificate: mail waits" status x@wrong.example \
    'dsn=4.7.5, status=deferred \(.*MTA-STS'
ok "no TLS: mail waits" status x@clear.example 'dsn=4.7.4, status=deferred'
ok "a host that the policy does not name: mail waits" status x@other.example \
    'status=deferred \(.*MTA-STS'
for p in wrong clear other; do
	ok "$p: nothing was given to it" not got $p .
done
ok "testing: mail goes" status x@testing.example 'status=sent'
ok "mode none: mail goes" status x@off.example 'status=sent'

# ---- commands ----
on a posthouse route x@other.example >"$lab/route"
ok "route shows the policy" grep -q \
    'MTA-STS policy of other.example: mode enforce, max_age 100000' "$lab/route"
ok "and whom it leaves out" grep -q \
    'mx.other.example is not in the policy: gets no mail' "$lab/route"
on a timeout 70 posthouse check >"$lab/check"
ok "check finds that our own names another host" grep -Eq \
    '^fail +a.test: its MTA-STS policy does not name its MX host a.test' "$lab/check"
ok "and who is told of failures" grep -Eq \
    '^ok +a.test: failures of TLS are reported to mailto:reports@a.test' "$lab/check"

# ---- what is no policy ----
for p in $hostile; do
	ok "$p: as without a policy" status x@$p.example 'status=sent'
done
for p in redirect error html long endless head garbage cut badcert invalid; do
	ok "$p: the log says so" log_has a "$p.example: MTA-STS policy cannot be"
done
ok "two records: the policy is not asked for" test "$(fetches two)" = 0
ok "a redirection is not followed" not grep -q /other "$lab/web/log"
to y@error.example
ok "a failure is not tried again at once" status y@error.example 'status=sent'
is "one request" "$(fetches error)" 1

# ---- it stays ----
kill $web
cp "$lab/wrong.pem" "$lab/kept.pem"
stop a
start a
to z@kept.example
ok "the server is dead: the policy holds" status z@kept.example \
    'dsn=4.7.5, status=deferred'

# ---- another policy ----
printf '%s\n' 'version: STSv1' 'mode: none' 'max_age: 100000' \
    >"$lab/web/mta-sts.kept.example"
web_start
sed -i 's/id=1/id=2/' "$lab/dns/kept.example"
sed -i "s/SOA ns.test. root.ns.test. [0-9]*/SOA ns.test. root.ns.test. $(($(date +%s) + 9))/" \
    "$lab/dns/kept.example"
kill -HUP $dns_pid
wait_for 10 sh -c 'dig +short @10.53.0.1 _mta-sts.kept.example TXT | grep -q id=2'
stop a
start a
to w@kept.example
ok "another id: another policy" status w@kept.example 'status=sent'
ok "and the log says which" log_has a \
    'kept.example: MTA-STS policy: mode=none, max_age=100000, id=2'

# ---- not wanted ----
conf a 'smtp_mta_sts = no'
stop a
start a
to v@wrong.example
ok "smtp_mta_sts = no: nobody is asked" status v@wrong.example 'status=sent'

# ---- without the program that knows ----
conf a 'smtp_mta_sts = yes'
on a posthouse reload
crash a sts
to u@wrong.example
ok "it dies: policies are not forgotten" status u@wrong.example 'status=deferred'
lab_done
