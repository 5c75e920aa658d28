#!/bin/sh
# A host that relays for whom it knows by his certificate, and ours, which shows
# one whose key lies in the program keys alone.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
. "${0%/*}/certs.sh"
lab "smtp_tls_cert_file: shown, renewed, by service; where its key is"
host a 10.53.0.2
host b 10.53.0.3
dns_start
posthouse_setup a b
etc=$(root_of a)/etc
ca ca
for c in first second; do
	cert $c $c.client
done
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$lab/rsa.key" \
    -out "$lab/rsa.crt" -days 10 -subj /CN=rsa.client >/dev/null 2>&1
cat "$lab/rsa.key" "$lab/rsa.crt" >"$lab/rsa.pem"
print() { # NAME
	openssl x509 -in "$lab/$1.crt" -noout -fingerprint -sha256 | sed 's/.*=//'
}
for c in first second rsa; do
	echo "$(print $c) x"
done >"$(root_of b)/etc/clients"
conf b 'mynetworks = 127.0.0.0/8' 'smtpd_tls_ask_ccert = yes' \
    'smtpd_tls_loglevel = 2' 'relay_clientcerts = texthash:/etc/clients' \
    'smtpd_relay_restrictions = permit_tls_clientcerts, reject_unauth_destination'
put() { # FILE PEM
	install -m 600 "$lab/$2" "$etc/$1.new"
	mv "$etc/$1.new" "$etc/$1"
}
put client.crt first.crt
put client.key first.key
put rsa.pem rsa.pem
conf a 'smtp_tls_cert_file = /etc/client.crt' \
    'smtp_tls_key_file = /etc/client.key' \
    'relayhost = [10.53.0.3]' 'smtp_connection_cache_time_limit = 0' \
    'transport_maps = inline:{plain.test=plain:[10.53.0.3], rsa.test=rsa:[10.53.0.3]}'
cat >>"$etc/posthouse/master.conf" <<EOF

[plain]
program = smtp
listen  = unix:plain
smtp_tls_cert_file =
smtp_tls_loglevel = 0

[rsa]
program = smtp
listen  = unix:rsa
smtp_tls_chain_files = /etc/rsa.pem
smtp_tls_protocols = TLSv1.2
smtp_tls_loglevel = 2
EOF
mail_user b bob
start b
start a

shown() { # NAME
	wait_for 10 log_has b "subject_CN=$1.client, .*fingerprint=$(print "$1"),"
}
to x@far.test
ok "who shows the certificate may relay" status x@far.test 'status=sent'
ok "it is this one" shown first
to x@plain.test
ok "a service that shows none may not" status x@plain.test \
    'dsn=5.7.1, status=bounced .*Relay access denied'
to x@rsa.test
ok "a service with one of its own, RSA and TLS 1.2" status x@rsa.test 'status=sent'
ok "it is that one" shown rsa


# ---- the levels of the log: 1 is the default, 2 of [rsa] and of b ----
lines() { # PATTERN
	log_count a "posthouse/smtp\[[0-9]+\]: $1"
}
is "0 says nothing, 1 and 2 a line a session" "$(lines '[A-Z][a-z]+ TLS connection established to ')" 2
is "2: and on the certificate" "$(lines '10.53.0.3\[10.53.0.3\]:25: subject_CN=b.test, issuer_CN=b.test, fingerprint=([0-9A-F]{2}:){31}[0-9A-F]{2}, pkey_fingerprint=([0-9A-F]{2}:){31}[0-9A-F]{2}$')" 1
ok "2: each step" log_has a \
    '10.53.0.3\[10.53.0.3\]:25: SSL_connect:SSLv3/TLS write client hello'
ok "2: to the last" log_has a \
    '10.53.0.3\[10.53.0.3\]:25: SSL_connect:SSLv3/TLS read finished'
ok "the server, 2" log_has b \
    'smtpd.* a.test\[10.53.0.2\]: SSL_accept:SSLv3/TLS read client hello'
echo | on a openssl s_client -starttls smtp -connect 10.53.0.3:25 \
    -cipher eNULL:@SECLEVEL=0 -tls1_2 >/dev/null 2>&1
ok "alerts too" log_has b \
    'smtpd.* a.test\[10.53.0.2\]: SSL3 alert write:fatal:handshake failure'

# ---- where the key is ----
pids() { # PROGRAM
	for p in /proc/[0-9]*; do
		case $(readlink "$p/exe") in
		*/libexec/posthouse/"$1") echo "${p##*/}" ;;
		esac
	done
}
in_memory() { # PROGRAM
	python3 "$top/t/memory.py" "$lab/first.pem" $(pids "$1") |
	    awk '{ print $2 }' | sort | uniq -c | tr -s ' \n' ' '
}
if [ "${POSTHOUSE_STAGE#*asan}" = "$POSTHOUSE_STAGE" ]; then
	is "one keys of two has the key" "$(in_memory keys)" " 1 no 1 yes "
	for p in smtp smtpd master; do
		like "$p has not" "$(in_memory $p)" '^ [0-9]+ no $'
	done
fi

# ---- another one ----
put client.key second.key
ok "a key without its certificate is not used" wait_for 10 log_has a \
    'client.crt /etc/client.key: .*the old certificate stays'
to y@far.test
ok "and mail goes on" status y@far.test 'status=sent'
put client.crt second.crt
renewed() {
	to z@far.test
	log_has b "subject_CN=second.client, .*fingerprint=$(print second),"
}
ok "and shown, without a restart" wait_for 15 renewed
ok "by whom mail is relayed" status z@far.test 'status=sent'

# ---- without keys, none can be shown ----
mv "$(root_of a)/usr/local/libexec/posthouse/keys" "$(root_of a)/keys"
crash a keys
to gone@far.test
ok "without keys: what is refused for good is tried again" status \
    gone@far.test 'dsn=4.7.1, status=deferred .*Relay access denied.*our certificate could not be shown'
to bob@b.test
ok "and who asks for none gets his mail" status bob@b.test 'status=sent'
is "the log says so once" "$(log_count a \
    'no certificate is shown, as the program keys is not there')" 1
mv "$(root_of a)/keys" "$(root_of a)/usr/local/libexec/posthouse/keys"
back() {
	on a mqueue -f
	log_of a | grep -q 'to=<gone@far.test>.*status=sent'
}
ok "when keys is back, it is sent" wait_for 30 back
to again@far.test
ok "and what comes then" status again@far.test 'status=sent'
ok "nobody was refused a signature" log_lacks a 'asked for a signature'
lab_done
