#!/bin/sh
# scribe: syslog, JSON, a full disk, a death.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "no line of the log is lost or cut silently"
host a 10.53.0.2
posthouse_setup a
r=$(root_of a)

# A /dev of this host alone, with a syslogd.
on a sh -c 'mkdir /tmp/dev && cd /tmp/dev &&
    for n in null zero full random urandom tty; do
	: >$n; mount --bind /dev/$n $n; done; mount --rbind /tmp/dev /dev'
cat >"$r/tmp/syslogd.py" <<'EOP'
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
os.chmod("/dev/log", 0o666)
while True:
    print(s.recv(65536).decode(), flush=True)
EOP
syslogd() { # starts one, with a socket of its own
	on a rm -f /dev/log
	on a python3 /tmp/syslogd.py >>"$lab/syslog" 2>&1 &
	wait_for 5 on a test -S /dev/log
}
syslogd

syslog_has() {
	grep -Eq -e "$1" "$lab/syslog"
}

connect() { # TIMES: each makes two lines
	for _ in $(seq "$1"); do
		echo QUIT | smtp a 127.0.0.1 25 >/dev/null
	done
}

# ---- syslog ----

conf a 'maillog_file =' 'syslog_facility = local3'
start a
connect 1
ok "without a log file lines go to syslog" wait_for 5 syslog_has \
    '^<158>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} posthouse/smtpd\[[0-9]+\]: connect from '
ok "warnings as such" eval "crash a lookup &&
    wait_for 5 syslog_has '^<156>.*posthouse/master.*warning: lookup.* died'"

# ---- a syslogd that goes and comes ----

end_syslogd() {
	kill -9 $(pgrep -f '[s]yslogd.py' | while read -r p; do
		[ "$(readlink "/proc/$p/ns/net")" != \
		    "$(readlink "/proc/$pid_a/ns/net")" ] || echo "$p"
	done)
}
connects() { # N: so many have come to syslog
	[ "$(grep -c 'smtpd.*: connect from' "$lab/syslog")" = "$1" ]
}
writer=$(on a posthouse status --json |
    sed -n 's/.*"program":"scribe","pid":\([0-9]*\).*/\1/p')
for n in 3 5; do
	end_syslogd
	connect 1
	sleep 0.3
	connect 1
	syslogd
	ok "what is said without a syslogd waits for the next ($n)" \
	    wait_for 10 connects "$n"
done
is "none of it is lost" "$(grep -c 'lost' "$lab/syslog")" 0
ok "scribe need not start anew for it" on a kill -0 "$writer"

conf a 'log_format = json'
on a posthouse reload
connect 1
ok "syslog gets JSON too" wait_for 5 syslog_has \
    '^<158>.* posthouse/smtpd\[[0-9]+\]: \{"v":1,.*"message":"connect from [^{}]*","fields":\{\}\}$'
conf a 'log_format = text'

# ---- a name of its own ----

sed -i '/^\[smtp\]/a syslog_name = inbound' "$r/etc/posthouse/master.conf"
conf a 'maillog_file = /var/log/posthouse.log'
on a posthouse reload
connect 1
ok "a section may have a syslog_name" wait_for 5 log_has a \
    ' a inbound/smtpd\[[0-9]+\]: connect from '
ok "others keep theirs" log_has a ' a posthouse/master\['
ok "syslog has none of this" not syslog_has 'inbound/'
conf a 'maillog_syslog = yes'
on a posthouse reload
connect 1
ok "unless both are to have it" wait_for 5 syslog_has \
    'inbound/smtpd\[[0-9]+\]: connect from '
ok "the file has it as well" test "$(log_count a 'inbound.*: connect from')" = 2
conf a 'maillog_syslog = no'
sed -i '/^syslog_name/d' "$r/etc/posthouse/master.conf"

# ---- the order ----

life() { # ID: the keys that its lines begin with
	log_of a | sed -nE "s/.*: $1: (client|message-id|from|to|removed).*/\\1/p" |
	    tr '\n' ' '
}
id=$(printf '%s\n' 'EHLO c' 'MAIL FROM:<>' 'RCPT TO:<root@a.test>' DATA \
    'Subject: x' '' x . QUIT | smtp a 127.0.0.1 25 |
    sed -n 's/.*queued as //p')
wait_for 5 log_has a "$id: removed"
is "a message's lines are in the order of its life" "$(life "$id")" \
    'client message-id from to removed '

# ---- JSON ----

conf a 'log_format = json' 'maillog_file = /var/log/posthouse.json'
on a posthouse reload
printf 'Subject: x\n\nx\n' | on a sendmail root
ok "log_format = json" wait_for 10 grep -q '"nrcpt":"1"' \
    "$r/var/log/posthouse.json"
like "each line is an object of the form that posthouse-log(5) says" "$(
	python3 - "$r/var/log/posthouse.json" <<'EOP'
import json, sys
n = 0
for line in open(sys.argv[1]):
    o = json.loads(line)
    assert o["v"] == 1 and o["host"] == "a", line
    assert set(o) <= {"v", "time", "host", "program", "label", "pid", "level",
        "id", "message", "fields"}, line
    n += "from" in o["fields"] and o["id"] != ""
print("messages:", n)
EOP
)" '^messages: [1-9]'

# ---- a full disk ----

mkdir "$r/var/log/small"
on a mount -t tmpfs -o size=64k small /var/log/small
conf a 'log_format = text' 'maillog_file = /var/log/small/mail.log'
on a posthouse reload
small() {
	on a cat /var/log/small/mail.log
}
connect 1
wait_for 5 eval 'small | grep -q connect'
on a sh -c 'cat /dev/zero >/var/log/small/filler' 2>/dev/null
connect 40
ok "a disk that is full is told to syslog" wait_for 5 syslog_has \
    'posthouse/scribe.*small/mail.log cannot be written: No space left'
connect 5
before=$(small | wc -l)
on a rm /var/log/small/filler
many() {
	[ "$(small | grep -c ': connect from')" = 46 ]
}
ok "lines wait, and are all there when there is room" wait_for 5 many
ok "more than before" test "$(small | wc -l)" -gt "$before"
is "none of them is cut" "$(small |
    grep -Ecv '^[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} a posthouse/[a-z]+\[[0-9]+\]: .')" 0

# ---- a death ----

crash a scribe
connect 10
enough() {
	[ "$(small | grep -c ': connect from')" = 56 ]
}
ok "what is said while scribe is dead is written by the next" \
    wait_for 10 enough

# ---- a log folder that is not there ----

conf a 'maillog_file = /var/log/new/deep/mail.log'
ok "folders of the log file are made" eval \
    'on a posthouse reload && on a test -f /var/log/new/deep/mail.log'
conf a 'maillog_file = /dev/stdout'
on a posthouse reload >"$lab/said" 2>&1
like "standard output is nobody's here" "$(cat "$lab/said")" \
    'maillog_file: /dev/stdout: is for start --foreground alone'
on a posthouse stop
on a posthouse start --foreground 2>/dev/null | cat >"$lab/output" &
ok "in the foreground it takes the log" wait_for 20 grep -q 'is running' \
    "$lab/output"
connect 1
ok "all of it" wait_for 5 grep -q ': connect from' "$lab/output"
on a posthouse stop
ok "to the end" wait_for 5 grep -q ': stopped' "$lab/output"
conf a 'maillog_file = /var/log/new/deep/mail.log'
start a
on a ln -s /etc/passwd /var/log/link
conf a 'maillog_file = /var/log/link'
on a posthouse reload >"$lab/said" 2>&1
is "a link is not followed" $? 78
like "and named" "$(cat "$lab/said")" 'maillog_file: /var/log/link: '
on a posthouse stop
conf a 'maillog_file = /var/log/posthouse.log'
echo 'smtpd_timeout = soon' >>"$r/etc/posthouse/main.conf"
ok "a start that is refused" not on a posthouse start
ok "tells syslog why" wait_for 5 syslog_has \
    'posthouse/master.*: fatal: main.conf:[0-9]+: smtpd_timeout: '
sed -i '/^smtpd_timeout/d' "$r/etc/posthouse/main.conf"

# ---- no syslog at all ----

end_syslogd
on a rm -f /dev/log
conf a 'maillog_file = /var/log/small/mail.log'
start a
on a sh -c 'cat /dev/zero >/var/log/small/filler' 2>/dev/null
connect 40
sleep 1.5 # scribe has tried once more
on a rm /var/log/small/filler
all() {
	[ "$(small | grep -c ': connect from')" = 96 ]
}
ok "without syslog, too, lines wait for room" wait_for 5 all
on a posthouse reload
wait_for 20 eval 'small | grep -q "generation 1 is over"'
connect 1
wait_for 5 eval 'small | tail -n 4 | grep -q disconnect'
ok "and no line is called lost" not eval 'small | grep "lines were lost"'
on a posthouse stop
conf a 'maillog_file ='
start a
began=$(date +%s)
on a posthouse stop
ok "where there is neither, a stop comes to its end" \
    test $(($(date +%s) - began)) -le 20
lab_done
