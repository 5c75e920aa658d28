#!/bin/sh
# Sessions under TLS that say nothing: what they cost.  Ten thousand of them with
# POSTHOUSE_LONG=1, else five hundred.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too, alone
. "${0%/*}/lib.sh"
n=500
[ -z "${POSTHOUSE_LONG:-}" ] || n=10000
lab "$n idle sessions under TLS, their memory, and mail beside them"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
conf a 'smtpd_client_connection_count_limit = 0'
start a

memory() { # KiB of all programs of ours that are shared with nobody
	for pid in $(on a pgrep -P "$(on a cat /run/posthouse/pid)"); do
		on a awk '/^Private_(Clean|Dirty)/ { n += $2 } END { print n }' \
		    "/proc/$pid/smaps_rollup"
	done | awk '{ n += $1 } END { print n }'
}

hold() { # NUMBER: until what is in $lab/hold ends
	mkfifo "$lab/hold"
	cp "$top/t/clients.py" "$(root_of a)/tmp/"
	(ulimit -n 20000; on a python3 /tmp/clients.py hold_tls 127.0.0.1 "$1" \
	    <"$lab/hold" >"$lab/held") &
	holder=$!
	exec 8>"$lab/hold"
}

# What every process needs for its first sessions is no session's.
printf 'QUIT\r\n' >"$lab/quit"
for _ in 1 2 3 4 5 6; do
	timeout 20 openssl s_client -starttls smtp -connect 10.53.0.2:25 \
	    -ign_eof <"$lab/quit" >/dev/null 2>&1
done
before=$(memory)
hold $n
ok "$n sessions under TLS" wait_for $((30 + n / 50)) test -s "$lab/held"
is "all of them" "$(cat "$lab/held")" "250 $n"
after=$(memory)
each=$(((after - before) * 1024 / n))
echo "# all programs: $before KiB before, $after KiB with $n sessions:" \
    "$each bytes each"
case $stage in
*/asan/*) skip "25,000 bytes each at most" "sanitizers count for themselves" ;;
*) ok "25,000 bytes each at most" test $each -le 25000 ;;
esac
reply=$(printf '%s\n' 'EHLO c' 'MAIL FROM:<x@b.test>' 'RCPT TO:<alice@a.test>' \
    DATA 'Subject: beside them' '' . QUIT | smtp a 127.0.0.1)
like "mail is taken beside them" "$reply" '^250 2\.0\.0 Ok: queued as'
exec 8>&-
wait "$holder"
is_free() {
	on a posthouse status | grep -q 'sessions=[1-9]' && return 1
	return 0
}
ok "they end" wait_for 20 is_free
lab_done
