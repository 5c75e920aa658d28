#!/bin/sh
# master: start, restart, reload, stop, status, several instances.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "the house is started, watched, reloaded and stopped"
host a 10.53.0.2
r=$(root_of a)

# instance NAME PORT: a configuration of its own below /etc/NAME.
instance() {
	mkdir -p "$r/etc/$1"
	cat >"$r/etc/$1/main.conf" <<-CONF
		myhostname = a.test
		inet_interfaces = loopback-only
		maillog_file = /var/log/$1/mail.log
		run_directory = /run/$1
		data_directory = /var/lib/$1
		queue_directory = /var/spool/$1
		alias_maps =
		alias_database =
		local_recipient_maps =
	CONF
	cat >"$r/etc/$1/master.conf" <<-CONF
		[smtp]
		program = smtpd
		listen = inet:$2
		processes = 2
		[cleanup]
		[lookup]
		[scribe]
	CONF
	touch "$r/etc/$1/aliases"
	on a posthouse -c "/etc/$1" setup --replace >"$lab/setup.$1" 2>&1
}

ph() {
	on a posthouse -c /etc/one "$@"
}

log_one() {
	cat "$r/var/log/one/mail.log"
}

log_says() { # PATTERN
	log_one | grep -q "$1"
}

code() { # COMMAND...: prints its exit code
	"$@" >"$lab/said" 2>&1
	echo $?
}

pid_of() { # PROGRAM
	ph status --json | sed -n "s/.*\"program\":\"$1\",\"pid\":\([0-9]*\).*/\1/p" |
	    head -n 1
}

greets() { # PORT
	echo QUIT | smtp a 127.0.0.1 "$1" | grep -q '^220 a.test'
}

instance one 2525
instance two 2526

# ---- start ----

is "stop says that nothing runs" "$(code ph stop)" 69
is "status says that nothing runs" "$(code ph status)" 69
is "start returns when it works" "$(code ph start)" 0
ok "the port listens by then" greets 2525
ok "on IPv6 too" on a python3 -c \
    'import socket; socket.create_connection(("::1", 2525), 5)'
is "a second start is refused" "$(code ph start)" 75
like "and says why" "$(cat "$lab/said")" 'already running \(pid [0-9]+\)'
ok "the first one goes on" greets 2525
is "the log file is root's, for scribe's group" \
    "$(on a stat -c '%U:%G %a' /var/log/one/mail.log)" "root:ph-scribe 640"
like "its lines are syslog's" "$(log_one)" \
    '^[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} a posthouse/master\[[0-9]+\]: posthouse .* is running'

is "a program started by hand refuses" \
    "$(code on a /usr/local/libexec/posthouse/smtpd)" 64
like "and says how it is done" "$(cat "$lab/said")" 'posthouse start'

# ---- status ----

status=$(ph status)
like "status names each program" "$status" '^smtp +smtpd +[0-9]+ working'
is "as many as are asked for" "$(echo "$status" | grep -c '^smtp ')" 2
ph status --json >"$lab/status.json"
ok "status --json is JSON" python3 -m json.tool "$lab/status.json"
like "status --rights shows the table" "$(ph status --rights)" \
    '^smtpd user=ph-smtpd'
is "nobody else may start it" "$(code on a setpriv --reuid nobody \
    --clear-groups posthouse -c /etc/one start)" 77
is "nor stop one that is not there" "$(code on a posthouse -c /etc/none stop)" 78
ok "nobody else may ask" not on a setpriv --reuid nobody --clear-groups \
    posthouse -c /etc/one status

# ---- restarts ----

is_anew() { # PROGRAM OLD-PID
	new=$(pid_of "$1")
	[ "${new:-0}" != 0 ] && [ "$new" != "$2" ]
}

for prog in lookup smtpd cleanup scribe; do
	old=$(pid_of $prog)
	on a kill -9 "$old"
	ok "a killed $prog is started again" wait_for 5 is_anew $prog "$old"
done
like "the log says so" "$(log_one)" \
    "lookup\[[0-9]+\] died: killed by signal 9 .*started again in [01] s"
ok "and it works" greets 2525

# ---- a program that hangs ----

hung=$(pid_of cleanup)
on a kill -STOP "$hung"
sleep 1
is "status does not wait for a program that hangs" "$(code ph status)" 0
if [ -n "${POSTHOUSE_LONG:-}" ]; then
	ok "one that hangs for a minute is aborted" wait_for 85 log_says \
	    "cleanup\\[$hung\\] does not answer for 6[0-9] s: it is aborted"
	ok "and killed where that does not end it" wait_for 20 log_says \
	    "cleanup\\[$hung\\] died: killed by signal 9"
	ok "and started again" wait_for 10 is_anew cleanup "$hung"
else
	on a kill -CONT "$hung"
fi

# ---- two instances ----

is "another instance starts beside it" \
    "$(code on a posthouse -c /etc/two start)" 0
ok "and greets on its own port" greets 2526
is "it stops" "$(code on a posthouse -c /etc/two stop)" 0
ok "the first one does not" greets 2525

# ---- one queue, two instances ----

sed 's,/run/one,/run/four,;s,one/mail,four/mail,' "$r/etc/one/main.conf" \
    >"$lab/four"
mkdir "$r/etc/four"
cp "$lab/four" "$r/etc/four/main.conf"
sed 's/2525/2528/; $a [qmgr]\nlisten = unix:queue' \
    "$r/etc/one/master.conf" >"$r/etc/four/master.conf"
on a posthouse -c /etc/four setup >/dev/null
is "while it has no queue manager another instance may" \
    "$(code on a posthouse -c /etc/four start)" 0
sed -i '$a [qmgr]\nlisten = unix:queue' "$r/etc/one/master.conf"
ph stop
is "a queue that another instance works on is refused" "$(code ph start)" 75
like "and named" "$(cat "$lab/said")" \
    'queue_directory: /var/spool/one: another instance works on it'
on a posthouse -c /etc/four stop
sed -i '/^\[qmgr\]/,$d' "$r/etc/one/master.conf"
is "when that has stopped it starts" "$(code ph start)" 0

# ---- a port that is taken ----

sed -i 's/2526/2525/' "$r/etc/two/master.conf"
is "a port that is taken is a bad configuration" \
    "$(code on a posthouse -c /etc/two start)" 78
like "and is named" "$(cat "$lab/said")" \
    'master.conf: \[smtp\]: listen: inet:127.0.0.1:2525: Address already in use'

# ---- why it does not start ----

sed -i 's/2525/2526/' "$r/etc/two/master.conf"
mv "$r/var/spool/two/new" "$r/var/spool/two/away"
on a rm -f /var/log/two/mail.log
is "a folder of the queue that is missing refuses a start" \
    "$(code on a posthouse -c /etc/two start)" 78
like "and is named" "$(cat "$lab/said")" \
    "cleanup: folder /new .*No such file or directory: run .posthouse setup"
ok "also in the log" wait_for 5 grep -q 'cleanup\[.*fatal: folder /new' \
    "$r/var/log/two/mail.log"
mv "$r/var/spool/two/away" "$r/var/spool/two/new"

# ---- reload ----

python_client='
import socket, sys, time
s = socket.create_connection(("127.0.0.1", 2525), 10)
f = s.makefile("rb")
print(f.readline().decode().strip(), flush=True)
while not __import__("os").path.exists("/run/go"):
    time.sleep(0.05)
s.sendall(b"QUIT\r\n")
print(f.readline().decode().strip(), flush=True)
'
on a python3 -c "$python_client" >"$lab/session" 2>&1 &
session=$!
wait_for 5 grep -q ^220 "$lab/session"
echo 'smtpd_timeout = soon' >>"$r/etc/one/main.conf"
is "reload of a bad main.conf is refused" "$(code ph reload)" 78
like "with file, line and name" "$(cat "$lab/said")" \
    'main.conf:[0-9]+: smtpd_timeout: '
like "and says what stays" "$(cat "$lab/said")" 'old configuration stays'
ok "the old one works" greets 2525
is "start of it is refused as well" \
    "$(sed 's/one/three/' "$r/etc/one/main.conf" >"$r/etc/two/main.conf"
    code on a posthouse -c /etc/two start)" 78
sed -i '$d' "$r/etc/one/main.conf"
echo 'smtpd_banner = $myhostname ESMTP anew' >>"$r/etc/one/main.conf"
sed -i 's/^listen = inet:2525/&, inet:2527/' "$r/etc/one/master.conf"
is "reload takes a good one up" "$(code ph reload)" 0
like "at once" "$(echo QUIT | smtp a 127.0.0.1 2525)" '^220 a.test ESMTP anew'
ok "new ports too" greets 2527
on a touch /run/go
wait $session
like "a session of before ends in peace" "$(cat "$lab/session")" '^221 '
ok "then the old generation is over" wait_for 10 grep -q \
    'generation 1 is over' "$r/var/log/one/mail.log"
sed -i 's/, inet:2527//' "$r/etc/one/master.conf"
ph reload
ok "a port that is gone from it is closed" wait_for 5 not greets 2527
ok "the other is not" greets 2525
printf '[bounce]\nnonsense = 1\n' >>"$r/etc/one/master.conf"
is "a bad master.conf is refused" "$(code ph reload)" 78
like "with file, line and name" "$(cat "$lab/said")" 'master.conf:[0-9]+: nonsense'
sed -i '$d' "$r/etc/one/master.conf"
echo 'virtual_alias_maps = lmdb:/etc/one/missing' >>"$r/etc/one/main.conf"
is "so is a table that is not there" "$(code ph reload)" 78
like "which is named" "$(cat "$lab/said")" '/etc/one/missing'
ok "and nothing was disturbed" greets 2525
sed -i '$d' "$r/etc/one/main.conf"

# ---- the log file ----

mv "$r/var/log/one/mail.log" "$r/var/log/one/mail.log.1"
is "a reload makes the log file anew" \
    "$(ph reload; code test -f "$r/var/log/one/mail.log")" 0
mv "$r/var/log/one/mail.log" "$r/var/log/one/mail.log.2"
ok "so does time, without a word" wait_for 15 test -f "$r/var/log/one/mail.log"

# ---- stop ----

on a kill -HUP "$(on a cat /run/one/pid)"
ok "SIGHUP is a reload" wait_for 10 log_says 'reloaded, generation 5'
begin=$(date +%s)
is "stop stops" "$(code ph stop)" 0
ok "soon" test $(($(date +%s) - begin)) -le 5
is "nothing is left" "$(on a pgrep -c -f libexec/posthouse)" 0
ok "no socket is left" not on a test -e /run/one/submit
is "it starts again" "$(code ph start)" 0
on a sh -c 'kill -9 $(cat /run/one/pid)'
is "after a kill of master it waits for its programs and starts" \
    "$(code ph start)" 0
ok "and works" greets 2525
on a kill -STOP "$(pid_of lookup)"
begin=$(date +%s)
is "stop does not wait for ever for a program that hangs" "$(code ph stop)" 0
ok "but for 15 seconds and three" test $(($(date +%s) - begin)) -le 22
ph start
on a sh -c 'kill -TERM $(cat /run/one/pid)'
ok "SIGTERM is a stop" wait_for 10 sh -c "! pgrep -f '[/]etc/one'"

lab_done
