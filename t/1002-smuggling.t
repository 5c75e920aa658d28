#!/bin/sh
# A message ends at CRLF.CRLF and nowhere else.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "endings that other servers take for one, from strangers and from near"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_up a

clients() {
	python3 "$top/t/clients.py" "$@"
}

refused='^(521 5\.5\.2 a\.test Error: bare <(CR|LF)> received|554 5\.6\.0 .*)$'
clients smuggle 10.53.0.2 alice@a.test >"$lab/far"
sed 's/^/# /' "$lab/far"
while read -r ending reply; do
	like "$ending from a stranger" "$reply" "$refused"
done <"$lab/far"
is "all were tried" "$(wc -l <"$lab/far")" 10

cp "$top/t/clients.py" "$(root_of a)/tmp/"
on a python3 /tmp/clients.py smuggle 127.0.0.1 alice@a.test >"$lab/near"
while read -r ending reply; do
	like "$ending from mynetworks" "$reply" "$refused"
done <"$lab/near"

conf a 'smtpd_forbid_bare_newline = no'
ok "reload" on a posthouse reload
clients smuggle 10.53.0.2 alice@a.test >"$lab/let"
sed 's/^/# /' "$lab/let"
ok "byte by byte it is well" sh -c 'python3 "$1" slow 10.53.0.2 \
    alice@a.test | grep "^250 2.0.0 Ok: queued as"' x "$top/t/clients.py"
ok "and arrives" wait_for 10 mailbox_has a alice '^Subject: byte by byte'
is "nothing was smuggled" \
    "$(mailbox_of a alice | grep -c '^From evil@client.test')" 0
lab_done
