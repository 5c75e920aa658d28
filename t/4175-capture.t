#!/bin/sh
# What somebody on the link sees of mail under TLS: nothing of it.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "captures of STARTTLS, 465, 587, forced TLS, and a closed plain port"
command -v tshark >/dev/null || bail "no tshark"
host a 10.53.0.2
host b 10.53.0.3
mail_user b bob
dns_start
posthouse_setup a b
r=$(root_of b)
# [submission] and [smtps] of the sample, in force.
sed -i '/^enabled = no$/d' "$r/etc/posthouse/master.conf"
secret=SecretWordsOfTheLetter
conf b 'smtpd_sasl_auth_enable = yes'
# One that may send without a password too.
conf b 'mynetworks = 127.0.0.0/8, 10.53.0.1'
printf 'bob:%s\n' "$(openssl passwd -6 $secret)" >"$r/etc/posthouse/passwd"
chmod 600 "$r/etc/posthouse/passwd"
start a
start b

capture() { # NAME: from now on
	tshark -q -i wire -w "$lab/$1.pcap" >"$lab/$1.log" 2>&1 &
	shark=$!
	wait_for 10 grep -q 'Capturing on\|Capture started' "$lab/$1.log"
	wait_for 10 test -s "$lab/$1.pcap"
}
captured() { # NAME: until now, what the packets hold comes into NAME.bytes
	sleep 0.5
	kill -INT $shark
	wait $shark
	tshark -r "$lab/$1.pcap" -T fields -e tcp.payload 2>/dev/null |
	    tr -d '\n' | xxd -r -p >"$lab/$1.bytes"
}
# hidden NAME PORT: TLS was there, the secret was not.
hidden() {
	ok "$1: under TLS 1.3" test -n "$(tshark -r "$lab/$1.pcap" \
	    -d "tcp.port==$2,$3" -Y 'tls.handshake.type == 2' 2>/dev/null)"
	ok "$1: bytes were captured" test -s "$lab/$1.bytes"
	ok "$1: not a word of the letter" not grep -aq "$secret" "$lab/$1.bytes"
	ok "$1: nor of the envelope" not grep -aqi 'RCPT TO' "$lab/$1.bytes"
	ok "$1: nor the password" not grep -aq "$plain" "$lab/$1.bytes"
}
client() { # PORT WHAT ARGUMENT...
	port=$1
	shift
	timeout 60 python3 "$top/t/tls.py" 10.53.0.3 "$port" "$@" 2>&1
}
plain=$(printf '\0bob\0%s' "$secret" | base64)

# ---- from host to host, port 25 ----
capture relay
on a sh -c "printf 'Subject: %s\n\nhello\n' $secret | sendmail -f x@a.test bob@b.test"
wait_for 15 mailbox_has b bob "Subject: $secret"
captured relay
ok "relay: it arrives" mailbox_has b bob 'with ESMTPS id'
hidden relay 25 smtp

# ---- 465 and 587, with AUTH ----
capture 465
is "465: a message" "$(client 465 send ssl bob@b.test "$secret")" 250
is "465: AUTH" "$(client 465 auth ssl bob "$secret")" 235
captured 465
hidden 465 465 tls
capture 587
is "587: a message" "$(client 587 send tls bob@b.test "$secret")" 250
is "587: AUTH" "$(client 587 auth tls bob "$secret")" 235
captured 587
hidden 587 587 smtp

# ---- a plain client is refused before it says anything ----
capture plain
is "587: in clear" "$(client 587 send plain bob@b.test "$secret")" \
    '530 5.7.0 Must issue a STARTTLS command first'
captured plain
ok "its letter was never sent" not grep -aq "$secret" "$lab/plain.bytes"
ok "but seen is what is said in clear" grep -aq 'Must issue a STARTTLS' \
    "$lab/plain.bytes"

# ---- the plain port closed by one line ----
on b sh -c "sed -i '/^\[smtp\]/a enabled = no' /etc/posthouse/master.conf"
stop b >/dev/null 2>&1
start b
capture closed
ok "25 is closed" not on a sh -c 'exec 3<>/dev/tcp/10.53.0.3/25'
is "465 is not" "$(client 465 send ssl bob@b.test "$secret")" 250
captured closed
ok "closed: a reset and nothing else from 25" test -z "$(tshark \
    -r "$lab/closed.pcap" -Y 'tcp.srcport == 25 && tcp.len > 0' 2>/dev/null)"
ok "closed: not a word of the letter" not grep -aq "$secret" "$lab/closed.bytes"
lab_done
