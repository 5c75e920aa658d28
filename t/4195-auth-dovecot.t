#!/bin/sh
# AUTH where a real Dovecot has the passwords.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
lab "AUTH by Dovecot: clients right and wrong, Dovecot gone and back"
host_binds="$peers/dovecot/usr/lib/dovecot:/usr/lib/dovecot"
host a 10.53.0.2
host_binds=
host b 10.53.0.3
mail_user a alice dovecot
mail_user b bob
dns_start
posthouse_setup a b
conf a 'smtpd_error_sleep_time = 0s' 'smtpd_sasl_type = dovecot' \
    'smtpd_sasl_path = private/auth' \
    'smtpd_client_auth_failure_limit = 4' 'anvil_rate_time_unit = 1h' \
    'smtpd_client_event_limit_exceptions ='
r=$(root_of a)
log=$r/var/log/posthouse.log
sed -i '/^\[submission\]/,/^$/ s/^enabled.*/enabled = yes/' \
    "$r/etc/posthouse/master.conf"

cp "$peers/dovecot/usr/sbin/dovecot" "$r/usr/sbin/"
cp "$peers/dovecot/usr/bin/doveconf" "$r/usr/bin/"
mkdir -p "$r/var/spool/posthouse/private"
{
	echo 'alice:{PLAIN}correct horse'
	echo 'near:{PLAIN}correct horse::::::allow_nets=10.53.0.0/24'
	echo 'far:{PLAIN}correct horse::::::allow_nets=192.0.2.0/24'
} >"$r/etc/dovecot.passwd"
cat >"$r/etc/dovecot.conf" <<X
protocols =
ssl = no
log_path = /var/log/dovecot.log
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = nobody
auth_mechanisms = plain login scram-sha-256 anonymous
auth_failure_delay = 0 secs
auth_debug = yes
passdb {
  driver = passwd-file
  args = /etc/dovecot.passwd
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/tmp
}
service auth {
  unix_listener /var/spool/posthouse/private/auth {
    mode = 0600
    user = root
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
X
dovecot_start() {
	wait_for 10 on a sh -c 'dovecot -c /etc/dovecot.conf >/tmp/out 2>&1' ||
	    bail "dovecot does not start: $(on a tail -n 5 /tmp/out)"
}
# Its children go on for those who are connected, so they end too.
dovecot_kill() {
	on a sh -c 'p=$(cat /run/dovecot/master.pid)
		kill -9 "$p" $(pgrep -P "$p"); rm -f /run/dovecot/master.pid'
}
not_running() {
	! test -e "$r/run/dovecot/master.pid"
}
client() { # WHAT ARGUMENT...
	timeout 60 python3 "$top/t/auth.py" 10.53.0.2 587 "$@" 2>&1
}
logs() { # TEXT
	wait_for 5 grep -qF -e "$1" "$log"
}
like() { # WHAT ARGUMENT...: what a client was told begins with $want
	case $(client "$@") in
	$want*) return 0 ;;
	esac
	client "$@" | sed 's/^/# /'
	return 1
}
# A reload forgets what was counted before, at once or after a while.
sent_away() {
	client lines "AUTH PLAIN $(printf '\0alice\0no' | base64)"
	python3 -c "$smtp_client" 10.53.0.2 587 </dev/null | grep -q '^421 4.7.0'
}
offers() { # MECHANISMS
	[ "$(client offer)" = "$1" ]
}

start a
start b
wait_for 10 client offer
ok "without Dovecot nothing is offered" offers ''
ok "and the log says why" logs '/private/auth: No such file or directory'
dovecot_start
ok "its mechanisms, but anonymous" wait_for 20 \
    offers 'AUTH PLAIN LOGIN SCRAM-SHA-256'
is "none in clear" "$(client offer clear)" ""
want='235 2.7.0'
ok "PLAIN" like plain alice 'correct horse'
ok "SCRAM-SHA-256" like scram alice 'correct horse' none
ok "LOGIN" like lines 'AUTH LOGIN' YWxpY2U= "$(printf 'correct horse' | base64)"
want='504 5.5.4'
ok "no such mechanism" like lines 'AUTH ANONYMOUS eA=='
want='501 5.7.0'
ok "cancelled" like lines 'AUTH PLAIN' '*'
want='454 4.7.0'
ok "more than Dovecot takes" like lines 'AUTH PLAIN' \
    "$(head -c 7000 /dev/zero | base64 -w 0)"
want='235 2.7.0'
ok "harms nobody" like plain alice 'correct horse'
is "clients that go" "$(client cut)" gone

# What Dovecot is told of a client.
want='235 2.7.0'
ok "a user who may log in from here" like plain near 'correct horse'
want='535 5.7.8'
ok "and one who may not" like plain far 'correct horse'
ASK_FOR=mx.a.test client plain near 'correct horse' >/dev/null
ok "Dovecot knows the connection, both ends" wait_for 5 grep -qE \
    'AUTH.*session=[0-9]+\.[0-9]+.*lip=10\.53\.0\.2.*lport=587.*rip=10\.53\.0\.1.*rport=[0-9]+.*secured=tls.*local_name=mx\.a\.test' \
    "$r/var/log/dovecot.log"

# Mail.
timeout 60 swaks --server 10.53.0.2:587 --tls --auth PLAIN --auth-user alice \
    --auth-password 'correct horse' --from alice@a.test --to bob@b.test \
    --h-Subject 'by Dovecot' >"$lab/swaks" 2>&1
is "swaks sends" "$?" 0
ok "and it arrives" wait_for 20 mailbox_has b bob 'Subject: by Dovecot'
ok "the log has the user" logs 'sasl_method=PLAIN, sasl_username=alice'

# Dovecot goes while a client thinks, and comes back.
mkfifo "$lab/word"
client wait alice 'correct horse' <"$lab/word" >"$lab/told" &
waiting=$!
exec 7>"$lab/word"
wait_for 10 grep -q 334 "$lab/told"
dovecot_kill
ok "the log says that it is gone" logs 'connection to Dovecot lost'
echo >&7
wait_for 10 grep -q 454 "$lab/told"
want='454 4.7.0'
ok "without it nobody can say" like plain alice 'correct horse'
dovecot_start
want='235 2.7.0'
ok "it is back" wait_for 20 like plain alice 'correct horse'
echo >&7
exec 7>&-
wait $waiting
is "454, and in the same session success" "$(tr '\n' ' ' <"$lab/told")" \
    "334 454 235 "

# One that was stopped in order goes on for those who are connected.
if [ -n "${POSTHOUSE_LONG:-}" ]; then
	on a sh -c 'kill "$(cat /run/dovecot/master.pid)"'
	wait_for 10 not_running
	echo 'alice:{PLAIN}battery staple' >"$r/etc/dovecot.passwd"
	sed -i 's/^auth_mechanisms.*/auth_mechanisms = plain/' \
	    "$r/etc/dovecot.conf"
	dovecot_start
	ok "a new one is found by itself" wait_for 80 offers 'AUTH PLAIN'
	ok "and asked" like plain alice 'battery staple'
	echo 'alice:{PLAIN}correct horse' >"$r/etc/dovecot.passwd"
fi

# auth itself dies, and a reload.
crash a auth
ok "auth is there again" wait_for 20 like plain alice 'correct horse'
on a posthouse reload >/dev/null
ok "after a reload too" wait_for 20 like plain alice 'correct horse'
is "posthouse passwd knows that it is Dovecot's" \
    "$(echo x | on a posthouse passwd alice --stdin 2>&1)" \
    "posthouse: smtpd_sasl_type: Dovecot has the passwords, not a file of ours"

# Who is wrong, until the address is sent away.
want='535 5.7.8'
ok "a wrong password" like plain alice 'incorrect horse'
ok "the log as Postfix's" logs 'SASL PLAIN authentication failed: '
ok "an unknown user" like plain mallory 'correct horse'
ok "until this address is sent away, at the greeting" wait_for 30 sent_away
ok "which the log says" logs \
    'Authentication failure limit exceeded: 4 from unknown[10.53.0.1]'

conf a 'smtpd_sasl_path = inet:127.0.0.1:12345'
is "a socket of the network is refused, at the reload" \
    "$(on a posthouse reload 2>&1 | grep -o 'needs the path of a socket')" \
    "needs the path of a socket"
dovecot_kill
lab_done
