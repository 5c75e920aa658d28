#!/bin/sh
# Reload and stop cut no transaction.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "sessions while the server is reloaded"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_up a

all_ended() {
	for pid in $old; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}

mkfifo "$lab/go"
python3 "$top/t/clients.py" drain 10.53.0.2 alice@a.test <"$lab/go" \
    >"$lab/drain" &
talker=$!
exec 8>"$lab/go"
old=$(on a pidof smtpd)
ok "two sessions are open" wait_for 10 grep -q ready "$lab/drain"
ok "reload" on a posthouse reload
ok "there is a server" sh -c 'printf "QUIT\n" | python3 -c "$1" 10.53.0.2 25' \
    x "$smtp_client"
echo >&8
exec 8>&-
ok "their replies have come" wait_for 10 grep -q stop "$lab/drain"
like "the idle session goes on" "$(sed -n 2p "$lab/drain")" '^250 2\.0\.0 Ok'
like "the message is taken" "$(sed -n 3p "$lab/drain")" \
    '^250 2\.0\.0 Ok: queued as'
ok "and arrives" wait_for 10 mailbox_has a alice '^Subject: across'

as a alice sh -c 'printf "Subject: from sendmail\n\nhello\n" | sendmail bob@b.test'
uid=$(on a id -u alice)
ok "a local program's message is logged with its uid" \
    wait_for 5 log_has a "smtpd\\[[0-9]+\\]: [0-9A-Za-z]+: uid=$uid from=<alice"
ok "without connect" log_lacks a 'connect from localhost'

ok "stop" on a posthouse stop
wait "$talker"
sed 's/^/# /' "$lab/drain"
like "the idle session was told to go" "$(tail -n 1 "$lab/drain")" \
    '^421 4\.3\.2 a\.test Service shutting down'
ok "the old servers have ended" all_ended
lab_done
