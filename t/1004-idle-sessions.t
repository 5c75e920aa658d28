#!/bin/sh
# Ten thousand sessions that say nothing.  SPDX-License-Identifier: BSD-2-Clause
# plain build too, alone
. "${0%/*}/lib.sh"
lab "10,000 idle sessions, their memory, and mail beside them"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_up a

memory() { # kilobytes of all smtpd together that are shared with nobody
	for pid in $(on a pidof smtpd); do
		on a cat "/proc/$pid/smaps_rollup" |
		    awk '/^(Private_Clean|Private_Dirty)/ { n += $2 }
			END { print n }'
	done | awk '{ n += $1 } END { print n }'
}

cp "$top/t/clients.py" "$(root_of a)/tmp/"
before=$(memory)
mkfifo "$lab/hold"
(ulimit -n 20000; on a python3 /tmp/clients.py hold 127.0.0.1 10000 \
    <"$lab/hold" >"$lab/held") &
holder=$!
exec 8>"$lab/hold"
ok "10,000 sessions are greeted" wait_for 60 test -s "$lab/held"
is "all of them" "$(cat "$lab/held")" "220 a.tes 10000"
after=$(memory)
echo "# smtpd: $before KiB before, $after KiB with 10,000 sessions:" \
    "$(((after - before) * 1024 / 10000)) bytes each"
case $stage in
*/asan/*) skip "they need 60 MB at most" "sanitizers count for themselves" ;;
*) ok "they need 60 MB at most" test $((after - before)) -le 61440 ;;
esac
reply=$(printf '%s\n' 'EHLO c' 'MAIL FROM:<x@b.test>' 'RCPT TO:<alice@a.test>' \
    DATA 'Subject: beside them' '' . QUIT | smtp a 127.0.0.1)
like "mail is taken beside them" "$reply" '^250 2\.0\.0 Ok: queued as'
ok "and arrives" wait_for 10 mailbox_has a alice 'Subject: beside them'
exec 8>&-
wait "$holder"
ok "they end" wait_for 20 log_has a 'lost connection after CONNECT'
lab_done
