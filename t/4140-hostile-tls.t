#!/bin/sh
# TLS with clients that mean no good: words slipped in, other protocols, broken
# and endless handshakes, old versions, renegotiation.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "injection, ALPACA, renegotiation, half handshakes, broken records"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
r=$(root_of a)
cat >>"$r/etc/posthouse/master.conf" <<EOF

[forced]
program = smtpd
listen  = inet:587
smtpd_tls_security_level = encrypt

[first]
program = smtpd
listen  = inet:465
smtpd_tls_wrappermode = yes

[hasty]
program = smtpd
listen  = inet:2526
smtpd_starttls_timeout = 3s
EOF
conf a 'smtpd_client_connection_count_limit = 0' 'smtpd_error_sleep_time = 0s'
start a

evil() { # PORT WHAT ARGUMENT...
	port=$1
	shift
	timeout 60 python3 "$top/t/tls_hostile.py" 10.53.0.2 "$port" "$@" 2>&1
}

# ---- words slipped in ----
for port in 25 587; do
	like "$port: a command begun behind STARTTLS" \
	    "$(evil $port byte_later)" '^closed( 220)?$'
	is "$port: one behind the hello" "$(evil $port behind_hello)" \
	    'closed False'
	is "$port: one as a record" "$(evil $port in_record)" 'closed False'
done
is "465: one behind the hello" "$(evil 465 behind_hello wrapped)" 'closed False'
is "465: one as a record" "$(evil 465 in_record wrapped)" 'closed False'

# ---- other protocols ----
for kind in http put http2 ftp; do
	is "25, $kind: nothing is obeyed" "$(evil 25 alpaca $kind clear)" closed
	is "25, $kind under TLS" "$(evil 25 alpaca $kind tls)" closed
	is "587, $kind under TLS" "$(evil 587 alpaca $kind tls)" closed
	is "465, $kind under TLS" "$(evil 465 alpaca $kind tls wrapped)" closed
	is "465, $kind in clear" "$(evil 465 alpaca $kind clear wrapped)" closed
	like "25, $kind before the greeting" \
	    "$(evil 25 early_speech $kind clear)" '^closed( 220)?$'
	like "465, $kind before the greeting" \
	    "$(evil 465 early_speech $kind tls)" '^closed( 220)?$'
done
ok "nobody heard a sender" log_lacks a 'evil@x.test'

# ---- handshakes as they must not be ----
for p in '25' '465 wrapped'; do
	port=${p%% *} more=${p#25}
	more=${more#465}
	is "$port: a record that is too long" "$(evil $port big_record $more)" closed
	is "$port: the same under TLS" "$(evil $port big_record_inside $more)" \
	    closed
	is "$port: records without content" "$(evil $port empty_records $more)" \
	    closed
	is "$port: SSL 2" "$(evil $port sslv2 $more)" 'closed True'
done
like "a handshake in single bytes is well" "$(evil 465 many_fragments wrapped)" \
    '^220 a.test ESMTP'
s_client() { # OPTION...
	timeout 20 openssl s_client -connect 10.53.0.2:25 -starttls smtp "$@" 2>&1
}
for v in ssl3 tls1 tls1_1; do
	s_client -$v -cipher DEFAULT:@SECLEVEL=0 </dev/null >"$lab/old"
	ok "$v is refused" not grep -q '^New, .*Cipher is [^(]' "$lab/old"
done
{ sleep 0.5; echo R; sleep 1; } | s_client -tls1_2 >"$lab/again"
ok "keys are agreed on once" grep -q 'no renegotiation\|unexpected' "$lab/again"
{ printf 'EHLO x\r\n'; sleep 0.3; printf 'QUIT\r\n'; } |
    s_client -ign_eof -tls1_3 >"$lab/early"
ok "a ticket comes" grep -q 'Max Early Data:' "$lab/early"
ok "without early data" grep -q 'Max Early Data: 0' "$lab/early"

# ---- what is there before the server looks ----
smtpds() { # SIGNAL
	on a sh -c 'kill -"$0" $(pgrep -x smtpd -P "$(cat /run/posthouse/pid)")' "$1"
}
for what in junk empty; do
	smtpds STOP
	evil 465 ready $what >"$lab/ready" &
	ready=$!
	sleep 0.5
	smtpds CONT
	wait $ready
	is "465: $what that is there at once" "$(cat "$lab/ready")" \
	    'closed 20'
done
ok "no server died" log_lacks a 'smtps?\[[0-9]+\] died'

# ---- half handshakes ----
descriptors() { # of all smtpd
	n=0
	for pid in $(on a pidof smtpd); do
		n=$((n + $(on a ls "/proc/$pid/fd" | wc -l)))
	done
	echo $n
}
memory() { # KiB of all smtpd
	for pid in $(on a pidof smtpd); do
		on a awk '/^Private_(Clean|Dirty)/ { n += $2 } END { print n }' \
		    "/proc/$pid/smaps_rollup"
	done | awk '{ n += $1 } END { print n }'
}
before=$(descriptors)
wave() {
	is "300 that stop are ended" "$(evil 2526 stops 300)" 'held
closed 300'
}
wave
is_back() { [ "$(descriptors)" -le "$before" ]; }
ok "their descriptors are back" wait_for 10 is_back
# The most that are open at a time decide what the process keeps; which of them
# gets how many is chance.
wave
first=$(memory)
wave
wave
second=$(memory)
echo "# smtpd: $first KiB after 600, $second KiB after 1200"
case $stage in
*/asan/*) skip "they leave no memory behind" "sanitizers keep what is freed" ;;
*) ok "they leave no memory behind" test $((second - first)) -lt 6000 ;;
esac
ok "the log says timeout" log_has a 'timeout after STARTTLS from'
reply=$(printf '%s\n' 'EHLO c' 'MAIL FROM:<x@b.test>' 'RCPT TO:<alice@a.test>' \
    DATA 'Subject: after all' '' . QUIT | smtp a 127.0.0.1)
like "mail is taken" "$reply" '^250 2\.0\.0 Ok: queued as'
lab_done
