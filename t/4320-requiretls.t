#!/bin/sh
# REQUIRETLS and TLS-Required: No (RFC 8689): who may have such a message, and
# what becomes of it else.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
lab "REQUIRETLS"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice

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
n=20
# peer NAME PEM|none HOW: domain NAME.example with its host mx.NAME.example.
peer() {
	n=$((n + 1))
	ip addr add "10.53.0.$n/24" dev wire
	mkdir -p "$lab/sink/$1"
	zone "$1.example" <<END
@ MX 10 mx
mx A 10.53.0.$n
mta-sts A 10.53.0.9
END
	python3 "$top/t/tls_sink.py" "10.53.0.$n" "$lab/sink/$1" "$2" "$3" \
	    >"$lab/sink/$1.log" 2>&1 &
}
cert good DNS:mx.good.example
cert lacks DNS:mx.lacks.example
cert wrong DNS:elsewhere.example
peer good "$lab/good.pem" requiretls
peer lacks "$lab/lacks.pem" fine
peer wrong "$lab/wrong.pem" requiretls
peer plain none fine
peer sts "$lab/wrong.pem" fine
# Two domains whose primary is down, and b is the backup.
for p in prim careless; do
	n=$((n + 1))
	ip addr add "10.53.0.$n/24" dev wire
	eval "ip_$p=10.53.0.$n"
	cert $p DNS:mx.$p.example
	mkdir -p "$lab/sink/$p"
	zone $p.example <<END
@ MX 10 mx
@ MX 20 backup
mx A 10.53.0.$n
backup A 10.53.0.3
END
done
cert backup DNS:backup.prim.example,DNS:backup.careless.example
primary() { # NAME HOW: it comes
	eval "ip=\$ip_$1"
	python3 "$top/t/tls_sink.py" "$ip" "$lab/sink/$1" "$lab/$1.pem" "$2" \
	    >"$lab/sink/$1.log" 2>&1 &
}
mkdir "$lab/web"
cert web DNS:mta-sts.sts.example
printf '%s\n' 'version: STSv1' 'mode: enforce' 'mx: mx.sts.example' \
    'max_age: 100000' >"$lab/web/mta-sts.sts.example"
echo '_mta-sts TXT "v=STSv1; id=1;"' >>"$lab/zone.sts.example"
ip addr add 10.53.0.9/24 dev wire
python3 "$top/t/sts_web.py" 10.53.0.9 "$lab/web.pem" "$lab/web" \
    >"$lab/web.out" 2>&1 &
dns_start
posthouse_setup a b
for h in a b; do
	cp "$lab/ca.crt" "$(root_of $h)/etc/ca.crt"
	conf $h 'smtp_tls_CAfile = /etc/ca.crt'
done
install -m 600 "$lab/backup.pem" "$(root_of b)/etc/backup.pem"
conf b 'backup_mx_domains = prim.example, careless.example' \
    'smtpd_tls_chain_files = /etc/backup.pem' 'destination_probe_time = 1s'
echo 'away: x@good.example' >>"$(root_of a)/etc/posthouse/aliases"
on a newaliases
start a
start b
got() { # NAME PATTERN: in what the host has got
	cat "$lab/sink/$1"/* 2>/dev/null | tr -d '\r' | grep -aEq -e "$2"
}
# send RECIPIENT [WORD [HEADER]]: under TLS, with that word behind MAIL; prints
# the reply to MAIL.
send() {
	on a python3 -c '
import smtplib, ssl, sys
m = smtplib.SMTP("127.0.0.1", 25, timeout=20)
m.ehlo()
print("REQUIRETLS" in m.ehlo_resp.decode(), end=" ")
m.starttls(context=ssl._create_unverified_context())
m.ehlo()
print("REQUIRETLS" in m.ehlo_resp.decode(), end=" ")
words = [w for w in sys.argv[2:3] if w]
code, text = m.mail("s@good.example", words)
print(code)
m.rcpt(sys.argv[1])
head = "".join(h + "\r\n" for h in sys.argv[3:])
m.data("Subject: to %s\r\n%s\r\nsecret words\r\n" % (sys.argv[1], head))
m.quit()' "$@"
}
is "offered under TLS alone" "$(send x@good.example REQUIRETLS)" "False True 250"
printf 'EHLO c\nMAIL FROM:<s@x.test> REQUIRETLS\nQUIT\n' |
    smtp a 127.0.0.1 >"$lab/to.out"
ok "in clear it is unknown" grep -q '^555 5.5.4 .*REQUIRETLS' "$lab/to.out"
ok "a host that does it gets the message" status x@good.example 'status=sent'
ok "with the same wish" got good 'tls mx.good.example MAIL FROM:.* REQUIRETLS'
ok "the host is verified" log_has a \
    'Verified TLS connection established to mx.good.example'

send x@lacks.example REQUIRETLS >/dev/null
ok "one that does not do it: returned" status x@lacks.example \
    'dsn=5.7.30, status=bounced \(REQUIRETLS is required, but was not offered'
ok "nothing was given to it" not got lacks .
send x@plain.example REQUIRETLS >/dev/null
ok "one without TLS: returned" status x@plain.example \
    'dsn=5.7.4, status=bounced \(TLS is required'
send x@wrong.example REQUIRETLS >/dev/null
ok "one that does not prove its name: waits" status x@wrong.example \
    'dsn=4.7.5, status=deferred'
send x@wrong.example >/dev/null
ok "without the wish it gets mail" status x@wrong.example 'status=sent'

returned() {
	got good 'tls mx.good.example MAIL FROM:<> .*REQUIRETLS'
}
ok "a notification has the wish too" wait_for 10 returned
ok "and the header" got good 'Subject: to x@lacks.example'
is "but not the words" "$(cat "$lab/sink/good"/* | grep -ac 'secret words')" 1

send away@a.test REQUIRETLS >/dev/null
twice() {
	[ "$(cat "$lab/sink/good"/* | grep -ac 'MAIL FROM:<s@good.example>.*REQUIRETLS')" -ge 2 ] ||
	    [ "$(cat "$lab/sink/good"/* | grep -ac '^Subject: to away@a.test')" -ge 1 ]
}
ok "through an alias it stays" wait_for 10 twice
ok "and is said" sh -c "grep -al 'Subject: to away' '$lab'/sink/good/* |
    xargs head -n 1 | grep -q REQUIRETLS"
send alice@a.test REQUIRETLS >/dev/null
ok "a mailbox here gets it" wait_for 10 mailbox_has a alice 'secret words'

# ---- the opposite ----
send x@sts.example >/dev/null
ok "a policy is obeyed" status x@sts.example 'status=deferred'
send y@sts.example '' 'TLS-Required: No' >/dev/null
ok "TLS-Required: No: it is not" status y@sts.example 'status=sent'
send z@sts.example REQUIRETLS 'TLS-Required: No' >/dev/null
ok "unless the sender says REQUIRETLS" status z@sts.example 'status=deferred'

# ---- through a backup ----
for d in prim careless; do
	send x@$d.example REQUIRETLS >/dev/null
	ok "$d is down: the backup has it" status x@$d.example \
	    "relay=backup.$d.example\[10.53.0.3\]:25, .*status=sent"
done
ok "the backup was verified" log_has a \
    'Verified TLS connection established to backup.prim.example\['
primary prim requiretls
primary careless fine
fate() { # RECIPIENT PATTERN: in the log of the backup
	on b mqueue -f
	log_has b "to=<$1>, .*$2"
}
ok "the primary is back: it gets it from the backup" wait_for 20 \
    fate x@prim.example 'relay=mx.prim.example.*status=sent'
ok "with the same wish" got prim 'tls mx.prim.example MAIL FROM:.* REQUIRETLS'
ok "verified" log_has b \
    'Verified TLS connection established to mx.prim.example\['
ok "one that does not do it: the backup returns it" wait_for 20 \
    fate x@careless.example 'dsn=5.7.30, status=bounced \(REQUIRETLS is required, but was not offered'
ok "and gives it nothing" not got careless .
told() {
	got good 'Subject: to x@careless.example'
}
ok "the sender is told" wait_for 10 told
is "under the same wish" "$(grep -al 'Subject: to x@careless' "$lab"/sink/good/* |
    xargs head -qn 1 | grep -c 'tls mx.good.example MAIL FROM:<> .*REQUIRETLS')" 1
lab_done
