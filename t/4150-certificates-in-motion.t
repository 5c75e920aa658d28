#!/bin/sh
# Certificates are replaced, and the program keys dies, while sessions come.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too, alone
. "${0%/*}/lib.sh"
lab "certificates replaced under load, keys killed in handshakes"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
conf a 'smtpd_client_connection_count_limit = 0'
start a
pem=$(root_of a)/etc/posthouse/tls/posthouse.pem

client() { # WHAT ARGUMENT...
	timeout 100 python3 "$top/t/tls.py" 10.53.0.2 25 "$@" 2>&1
}
for i in 0 1 2 3; do
	kind='ec -pkeyopt ec_paramgen_curve:P-256'
	[ $i != 3 ] || kind=rsa:2048
	openssl req -x509 -newkey $kind -nodes -keyout "$lab/k" -out "$lab/c" \
	    -days $((30 + i)) -subj /CN=a.test -addext subjectAltName=DNS:a.test \
	    >/dev/null 2>&1
	cat "$lab/k" "$lab/c" >"$lab/$i.pem"
done
put() { # FILE: in one step
	cp "$1" "$pem.tmp" && chmod 600 "$pem.tmp" && mv "$pem.tmp" "$pem"
}

# ---- twenty times another certificate, one in five of them bad ----
client load 30 more >"$lab/load" &
loader=$!
for i in $(seq 20); do
	case $((i % 5)) in
	4)
		echo garbage >"$lab/bad"
		put "$lab/bad"
		;;
	*) put "$lab/$((i % 5)).pem" ;;
	esac
	# Every other one is looked at and settles; the rest come too fast.
	[ $((i % 2)) = 0 ] && sleep 2.2 || sleep 0.3
done
wait $loader
is "no session failed" "$(grep -v longest "$lab/load" | tail -n 1)" "good 0"
grep longest "$lab/load" | sed 's/^/# /'
n=$(log_count a 'certificate in force')
ok "many of them were in force ($n)" test "$n" -ge 6
ok "bad ones were not" log_has a 'there is no private key: the old certificate stays'
now() { client serial; }
last=$(openssl x509 -in "$lab/0.pem" -outform DER | sha256sum | cut -d ' ' -f 1)
is_last() { [ "$(now)" = "$last" ]; }
ok "the last one is there" wait_for 10 is_last

# ---- what the doctor says of a bad one ----
echo garbage >"$lab/bad"
put "$lab/bad"
on a posthouse check --offline >"$lab/check" 2>&1
ok "the doctor finds the bad one" \
    grep -q '^fail.*posthouse.pem.*there is no private key' "$lab/check"
put "$lab/0.pem"

# ---- keys dies, again and again ----
client load 12 more >"$lab/load" &
loader=$!
for _ in 1 2 3; do
	sleep 2.5
	crash a keys
done
wait $loader
grep longest "$lab/load" | sed 's/^/# /'
bad=$(grep -v longest "$lab/load" | tail -n 1 | cut -d ' ' -f 2)
echo "# $bad sessions failed while keys was away"
ok "sessions go on" grep -q 'good [1-9]' "$lab/load"
ok "none hangs" test "$(sed -n 's/longest \([0-9]*\) .*/\1/p' "$lab/load")" -le 8
is_back() { [ "$(client send tls alice@a.test back)" = 250 ]; }
ok "and keys is back" wait_for 15 is_back
lab_done
