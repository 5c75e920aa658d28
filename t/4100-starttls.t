#!/bin/sh
# TLS on the server's side: STARTTLS, TLS from the first byte on, force, tickets,
# certificates that come and go, and keys that nobody has.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "STARTTLS, 465, forced TLS, certificates and keys"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice
dns_start
posthouse_setup a
r=$(root_of a)
cat >>"$r/etc/posthouse/master.conf" <<EOF

[forced]
program = smtpd
listen  = inet:2587
smtpd_tls_security_level = encrypt

[first]
program = smtpd
listen  = inet:2465
smtpd_tls_wrappermode = yes

[none]
program = smtpd
listen  = inet:2525
smtpd_tls_security_level = none

[hasty]
program = smtpd
listen  = inet:2526
smtpd_starttls_timeout = 2s
smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1, !TLSv1.3
smtpd_tls_exclude_ciphers = AES256, CHACHA20

[old]
program = smtpd
listen  = inet:2527
smtpd_tls_protocols = >=TLSv1
EOF
start a
pem=$r/etc/posthouse/tls/posthouse.pem

client() { # PORT WHAT ARGUMENT...
	port=$1
	shift
	timeout 60 python3 "$top/t/tls.py" 10.53.0.2 "$port" "$@" 2>&1
}
s_client() { # PORT OPTION...
	port=$1
	shift
	printf 'QUIT\r\n' | timeout 20 openssl s_client -connect "10.53.0.2:$port" \
	    -ign_eof "$@" 2>&1
}
starttls() { # PORT OPTION...
	s_client "$@" -starttls smtp
}

is "setup made the folder for keys" "$(stat -c '%U %a' "${pem%/*}")" "root 700"
is "and a key that root alone reads" "$(stat -c '%U %a' "$pem")" "root 600"
openssl x509 -in "$pem" -noout -text >"$lab/cert"
ok "of P-256" grep -q 'NIST CURVE: P-256' "$lab/cert"
ok "with the host's names" grep -q 'DNS:a.test, DNS:test' "$lab/cert"

starttls 25 >"$lab/s25"
ok "STARTTLS gives TLS 1.3" grep -q 'New, TLSv1.3, Cipher' "$lab/s25"
ok "with that certificate" grep -q 'subject=CN = a.test' "$lab/s25"
starttls 25 -tls1_2 >"$lab/s12"
ok "TLS 1.2 is well" grep -q 'New, TLSv1.2, Cipher is ECDHE-ECDSA' "$lab/s12"
starttls 25 -tls1_1 -cipher DEFAULT:@SECLEVEL=0 >"$lab/s11"
starttls 2526 >"$lab/s12only"
ok "versions as Postfix names them" \
    grep -q 'New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM' "$lab/s12only"
starttls 2526 -cipher AES256:CHACHA20 >"$lab/excluded"
for v in tls1 tls1_1 tls1_2; do
	starttls 2527 -$v -cipher DEFAULT:@SECLEVEL=0 >"$lab/old"
	ok "$v, where it is wanted" grep -q '^221 ' "$lab/old"
done
ok "ciphers that are excluded" grep -q 'Cipher is (NONE)' "$lab/excluded"
ok "TLS 1.1 is refused" grep -q 'Cipher is (NONE)' "$lab/s11"
is "a message by smtplib" "$(client 25 send tls alice@a.test by-starttls)" 250
wait_for 10 mailbox_has a alice 'Subject: by-starttls'
ok "Received says so" mailbox_has a alice 'using TLSv1.3 with cipher TLS_'
ok "and the protocol" mailbox_has a alice 'with ESMTPS id'
ok "the log says so" log_has a 'smtpd\[[0-9]+\]: Anonymous TLS connection established from [^ ]*\[10.53.0.1\]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 \(256/256 bits\) key-exchange X25519 server-signature ECDSA'
ok "commands are counted" log_has a 'disconnect from .* ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7'
swaks --server 10.53.0.2 --tls --to alice@a.test --header 'Subject: by-swaks' \
    >"$lab/swaks" 2>&1
wait_for 10 mailbox_has a alice 'Subject: by-swaks'
ok "a message by swaks" mailbox_has a alice 'Subject: by-swaks'
is "in clear it is well too" "$(client 25 send plain alice@a.test in-clear)" 250

# ---- force ----
is "forced: nothing in clear" "$(client 2587 send plain alice@a.test x)" \
    "530 5.7.0 Must issue a STARTTLS command first"
is "forced: under TLS" "$(client 2587 send tls alice@a.test forced)" 250
is "from the first byte on" "$(client 2465 send ssl alice@a.test first)" 250
wait_for 10 mailbox_has a alice 'Subject: first'
ok "its message is there" mailbox_has a alice 'Subject: first'
is "none: not offered" "$(client 2525 offers)" no
is "forced: offered" "$(client 2587 offers)" yes

# ---- injection ----
is "words behind STARTTLS end it" "$(client 25 inject)" \
    "554 5.5.0 Error: SMTP protocol synchronization then 0"
is "words instead of a handshake end it" "$(client 25 inject_late | tr '\n' ' ')" \
    "220 2.0.0 Ready to start TLS True "
ok "nobody heard them" log_lacks a 'evil@x.test.*250'
ok "the log says why" log_has a 'SSL_accept error from .*10.53.0.1\]: '
is "a client of HTTP is refused" "$(client 25 alpn http/1.1 h2)" refused
is "one of SMTP is not" "$(client 25 alpn http/1.1 smtp)" smtp

# ---- half a handshake ----
for n in 0 1 5 100; do
	waited=$(client 2526 stall "$n")
	ok "silence after $n bytes is timed out" \
	    test "$waited" -ge 1 -a "$waited" -le 6
done
ok "as a timeout" log_has a 'timeout after STARTTLS from .*10.53.0.1'

# ---- tickets ----
starttls 25 -sess_out "$lab/ticket" >/dev/null
starttls 25 -sess_in "$lab/ticket" >"$lab/again"
ok "a session is resumed" grep -q '^Reused, TLSv1.3' "$lab/again"
starttls 2587 -sess_in "$lab/ticket" >"$lab/elsewhere"
ok "but not at another listener" grep -q '^New, TLSv1.3' "$lab/elsewhere"
starttls 25 -tls1_2 -sess_out "$lab/ticket2" >/dev/null
starttls 25 -tls1_2 -sess_in "$lab/ticket2" >"$lab/again2"
ok "also of TLS 1.2" grep -q '^Reused, TLSv1.2' "$lab/again2"

# ---- where keys are ----
pids() { # PROGRAM
	for p in /proc/[0-9]*; do
		case $(readlink "$p/exe") in
		*/libexec/posthouse/"$1") echo "${p##*/}" ;;
		esac
	done
}
in_memory() { # PROGRAM: yes or no, once
	python3 "$top/t/memory.py" "$pem" $(pids "$1") | awk '{ print $2 }' |
	    sort -u | tr '\n' ' '
}
if [ "${POSTHOUSE_STAGE#*asan}" = "$POSTHOUSE_STAGE" ]; then
	is "keys has the private key" "$(in_memory keys)" "yes "
	for p in smtpd smtp master cleanup qmgr; do
		is "$p has not" "$(in_memory $p)" "no "
	done
fi

# ---- another certificate ----
new_cert() { # FILE NAME DAYS
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$lab/k" -out "$lab/c" -days "$3" -subj "/CN=$2" \
	    -addext "subjectAltName=DNS:$2" >/dev/null 2>&1
	cat "$lab/k" "$lab/c" >"$1"
}
old=$(client 25 serial)
client 25 load 12 >"$lab/load" &
loader=$!
sleep 2
new_cert "$lab/new.pem" a.test 30
cp "$lab/new.pem" "$pem.tmp" && chmod 600 "$pem.tmp" && mv "$pem.tmp" "$pem"
is_new() {
	now=$(client 25 serial)
	[ ${#now} = 64 ] && [ "$now" != "$old" ]
}
wait_for 10 is_new
ok "a new certificate is in force within seconds" is_new
wait $loader
is "and no session failed" "$(tail -n 1 "$lab/load")" "good 0"
ok "the log says so" log_has a 'keys\[[0-9]+\]: /etc/posthouse/tls/posthouse.pem: certificate in force, good for (29|30) days'
old=$(client 25 serial)
refuse() { # WHAT PATTERN
	sleep 5
	ok "$1 is refused" log_has a "keys.*posthouse.pem: $2.*the old certificate stays"
	is "the old one stays" "$(client 25 serial)" "$old"
}
echo garbage >"$pem"
refuse "a file without a key" 'there is no private key'
new_cert "$lab/other.pem" a.test 30
{ sed -n '/BEGIN PRIV/,/END PRIV/p' "$lab/other.pem"
	sed -n '/BEGIN CERT/,/END CERT/p' "$lab/new.pem"; } >"$pem"
refuse "a key of another one" 'the key does not belong to the certificate'
new_cert "$pem" wrong.test 30
refuse "a certificate for another name" "the certificate does not have this host's name"
rm "$pem"
refuse "nothing" 'No such file'
cp "$lab/new.pem" "$pem"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$lab/k" -out "$lab/c" \
    -days 5 -subj /CN=a.test -addext subjectAltName=DNS:a.test >/dev/null 2>&1
cat "$lab/k" "$lab/c" "$lab/new.pem" >"$pem"
wait_for 10 is_new
starttls 25 -sigalgs RSA-PSS+SHA256:RSA+SHA256 >"$lab/rsa"
ok "two kinds of keys: RSA" grep -q 'Peer signature type: RSA-PSS' "$lab/rsa"
starttls 25 -tls1_2 -sigalgs RSA+SHA256 >"$lab/rsa12"
ok "RSA in TLS 1.2" grep -q 'Peer signature type: RSA' "$lab/rsa12"
starttls 2527 -tls1_1 -cipher aRSA:@SECLEVEL=0 >"$lab/rsa11"
ok "RSA in TLS 1.1" grep -q '^221 ' "$lab/rsa11"
starttls 25 -sigalgs ECDSA+SHA256 >"$lab/ecdsa"
ok "and ECDSA" grep -q 'Peer signature type: ECDSA' "$lab/ecdsa"
ok "the end is warned of" log_has a 'keys.*posthouse.pem: the certificate ends in [45] days'

# ---- after a reload ----
starttls 25 -sess_out "$lab/ticket3" >/dev/null
on a posthouse reload
starttls 25 -sess_in "$lab/ticket3" >"$lab/again3"
ok "a ticket of before does no harm" grep -q '^New, TLSv1.3\|^Reused' "$lab/again3"

# ---- keys says nothing ----
hung=$(pids keys)
kill -STOP $hung
one=$(date +%s)
for try in 1 2 3 4 5 6 7 8; do # each process of the service meets it
	starttls 25 >/dev/null &
	tries="${tries:-} $!"
done
wait $tries
two=$(date +%s)
for try in 1 2 3; do
	starttls 25 >"$lab/hung"
done
three=$(date +%s)
ok "a program keys that says nothing is waited for once" \
    test $((two - one)) -ge 2 -a $((three - two)) -le 5
ok "who wants a handshake has none" not grep -q "^221 " "$lab/hung"
ok "the log says why" log_has a \
    'SSL_accept error from .*: the program keys does not answer'
is "in clear all is well" "$(client 25 send plain alice@a.test meanwhile)" 250
kill -CONT $hung
shakes() { starttls 25 | grep -q '^New, TLSv1.3'; }
ok "when it answers again, so do we" wait_for 10 shakes

# ---- keys dies ----
before=$(pids keys)
kill -KILL $before
sleep 3
is "a program keys that dies comes again" \
    "$(client 25 send tls alice@a.test after-keys)" 250
lab_done
