#!/bin/sh
# What systemd gets: the protocol of readiness, the unit, the accounts.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "systemd is told what it wants to know"
host a 10.53.0.2
posthouse_setup a
r=$(root_of a)

cat >"$r/tmp/listen.py" <<'EOP'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0"))
os.path.exists(sys.argv[1]) and os.chmod(sys.argv[1], 0o777)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
EOP

# notified ADDRESS: a listener in the place of systemd, into $lab/notified.
notified() {
	on a python3 /tmp/listen.py "$1" >"$lab/notified" 2>&1 &
	listener=$!
	sleep 0.5
}

says() { # PATTERN
	grep -Eq -e "$1" "$lab/notified"
}

# The rights that the unit leaves.
unit=$(root_of a)/usr/local/lib/systemd/system/posthouse.service
caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr '\n' ' ' |
    tr A-Z a-z | sed 's/cap_/+/g; s/ *$//; s/  */,/g')

in_unit() { # VARIABLE=VALUE... : starts as the unit would
	on a env "$@" setpriv --no-new-privs --bounding-set="-all,$caps" \
	    sh -c 'umask 077; exec posthouse start --foreground' \
	    >"$lab/foreground" 2>&1 &
	main=$!
}

notified /run/notify
in_unit NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=400000
ok "READY=1 comes" wait_for 10 says '^READY=1'
ok "with the pid of master" says "MAINPID=$(on a cat /run/posthouse/pid)"
ok "and a word of status" says 'STATUS=running'
ok "the watchdog is fed" wait_for 3 says '^WATCHDOG=1'
n=$(grep -c ^WATCHDOG "$lab/notified")
sleep 1
ok "every half of its time" test $(($(grep -c ^WATCHDOG "$lab/notified") - n)) -ge 4
ok "it works with the rights of the unit" \
    eval "echo QUIT | smtp a 127.0.0.1 25 | grep -q ^220"
is "the log file has scribe's group without CAP_CHOWN" \
    "$(on a stat -c '%U:%G %a' /var/log/posthouse.log)" "root:ph-scribe 640"
on a useradd --create-home alice
ok "mail is delivered" eval "on a sh -c 'echo hi | sendmail alice' &&
    wait_for 10 mailbox_has a alice '^hi'"
: >"$lab/notified"
ok "a reload is done" on a posthouse reload
like "and told" "$(cat "$lab/notified")" '^RELOADING=1 MONOTONIC_USEC=[0-9]+'
ok "with READY=1 at its end" says '^READY=1'
on a posthouse stop
ok "so is a stop" says '^STOPPING=1'
wait $main
is "the exit code is 0" $? 0
kill $listener

notified @posthouse-test
in_unit NOTIFY_SOCKET=@posthouse-test WATCHDOG_USEC=400000 WATCHDOG_PID=1
ok "an abstract name is well too" wait_for 10 says '^READY=1'
sleep 0.5
ok "a watchdog of another process is not ours" not says WATCHDOG
on a posthouse stop
wait $main
kill $listener

on a sh -c 'echo "smtpd_timeout = soon" >>/etc/posthouse/main.conf'
on a posthouse start --foreground >"$lab/bad" 2>&1
is "a bad configuration is 78" $? 78
ok "for which the unit does not try again" \
    grep -q '^RestartPreventExitStatus=78' "$unit"

# ---- the files ----

ok "systemd-analyze verifies the unit" on a env SYSTEMD_LOG_LEVEL=warning \
    systemd-analyze verify --man=no \
    /usr/local/lib/systemd/system/posthouse.service
exposure=$(on a systemd-analyze security --offline=yes \
    /usr/local/lib/systemd/system/posthouse.service 2>/dev/null |
    sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
ok "its exposure is at most 3.0 (is $exposure)" \
    awk "BEGIN { exit !($exposure > 0 && $exposure <= 3.0) }"

accounts() {
	on a sh -c 'for u in smtpd cleanup qmgr smtp local bounce lookup pickup verify \
	    scribe; do id -nG ph-$u; done'
}
made=$(accounts)
on a sh -c 'for u in smtpd cleanup qmgr smtp local bounce lookup pickup verify scribe
	do userdel ph-$u; groupdel ph-$u 2>/dev/null; done; groupdel ph-queue'
ok "systemd-sysusers makes the accounts" on a systemd-sysusers \
    /usr/local/lib/sysusers.d/posthouse.conf
is "the same as posthouse setup" "$(accounts)" "$made"
on a rm -rf /run/posthouse
ok "systemd-tmpfiles makes the folder of sockets" on a sh -c \
    'systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/posthouse.conf &&
    [ "$(stat -c "%U %a" /run/posthouse)" = "root 755" ]'
lab_done
