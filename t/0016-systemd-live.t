#!/bin/sh
# Under a systemd that runs, in a container of its own: the unit starts what it
# says, with all that it closes, and mail goes where it may go.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "a systemd that runs has posthouse in its hands"
host a 10.53.0.2
posthouse_setup a
mail_user a bob
r=$(root_of a)


# The container: the root folder of a, a network of its own, of the machine's
# units only the basic ones, and below one group of the test's.
command -v systemd-nspawn >/dev/null || bail "no systemd-nspawn"
umount -l "$r/proc" "$r/dev" "$r/run" "$r/tmp"
groups=/sys/fs/cgroup/systemd
[ -d "$groups" ] || groups=/sys/fs/cgroup
groups=$groups/posthouse-live.$$
mkdir "$groups" || bail "no group for the container"
trap 'sleep 1; find "$groups" -depth -type d -exec rmdir {} +' EXIT
# shellcheck disable=SC2016 # for the shell in there
sh -c 'echo 0 >"$0/cgroup.procs"; exec "$@"' "$groups" \
    systemd-nspawn --quiet --directory "$r" --boot --register=no --keep-unit \
    --private-network --console=read-only --link-journal=no --machine a \
    systemd.unit=basic.target systemd.mask=timers.target \
    >"$lab/console" 2>&1 </dev/null &
nspawn=$!

inside() { # COMMAND...
	nsenter -t "$(pgrep -P "$nspawn" | head -n 1)" -m -u -i -n -p -C -r -w \
	    env -i HOME=/root LC_ALL=C \
	    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	    "$@"
}

property() { # NAME
	inside systemctl show posthouse --value -p "$1"
}

submit() { # TO SUBJECT
	printf 'Subject: %s\n\nx\n' "$2" | inside sendmail "$1"
}

count_maildir() { # N: so many messages are in the Maildir of bob
	[ "$(inside find /home/bob/Maildir/new -type f | wc -l)" = "$1" ]
}

if ! wait_for 60 inside systemctl is-active basic.target; then
	skip "systemd runs in a container" "it does not boot here"
	tail -n 5 "$lab/console" | sed 's/^/# /'
	kill "$nspawn"
	lab_done
fi

# ---- start ----

# A build with sanitizers may not look for leaks there: that takes ptrace(2).
inside sh -c 'echo "home_mailbox = Maildir/" >>/etc/posthouse/main.conf
	echo "kept: /var/tmp/kept" >>/etc/posthouse/aliases
	echo "filed: \"|tee /home/bob/filed\"" >>/etc/posthouse/aliases
	chmod 777 /home/bob
	mkdir -p /etc/systemd/system/posthouse.service.d
	printf "%s\n" "[Service]" WatchdogSec=15 \
	    Environment=ASAN_OPTIONS=detect_leaks=0 \
	    >/etc/systemd/system/posthouse.service.d/test.conf
	newaliases && systemctl daemon-reload'
ok "the unit is enabled" inside systemctl enable posthouse
ok "for the usual target" inside test -L \
    /etc/systemd/system/multi-user.target.wants/posthouse.service
ok "it starts" inside systemctl start posthouse
is "and runs" "$(property ActiveState) $(property StatusText)" "active running"
is "its main process is master" "$(property MainPID)" \
    "$(inside cat /run/posthouse/pid)"
submit bob one
ok "mail reaches a Maildir" wait_for 20 count_maildir 1
submit filed two
ok "and a command of an alias" wait_for 20 inside test -s /home/bob/filed
submit kept three
ok "and a file" wait_for 20 log_has a 'to=<kept@.*status=sent'
pid=$(property MainPID)
ok "it is reloaded" inside systemctl reload posthouse
is "by the same master" "$(property MainPID)" "$pid"

# ---- the bad moments ----

again() { # MORE: it runs again, after so many new starts by systemd
	[ "$(property ActiveState) $(property NRestarts)" = "active $1" ]
}
inside kill -9 "$pid"
ok "a master that died is started again" wait_for 60 again 1
submit bob four
ok "and mail flows" wait_for 20 count_maildir 2
inside kill -STOP "$(property MainPID)"
ok "one that hangs, too" wait_for 60 again 2
submit bob five
ok "and mail flows again" wait_for 20 count_maildir 3

ok "it stops" inside systemctl stop posthouse
ok "no program is left" not inside pgrep -f libexec/posthouse
ok "what was delivered to /var/tmp stays" inside grep -q three /var/tmp/kept
submit bob six
inside cp /etc/posthouse/main.conf /root
inside sh -c 'echo "smtpd_timeout = soon" >>/etc/posthouse/main.conf'
ok "a bad configuration does not start" not inside systemctl start posthouse
sleep 2
is "nor is it tried for ever" \
    "$(property ActiveState) $(property ExecMainStatus)" "failed 78"
inside cp /root/main.conf /etc/posthouse/main.conf
ok "a mended one starts" inside systemctl start posthouse
ok "and what came meanwhile arrives" wait_for 20 count_maildir 4

inside systemctl poweroff >/dev/null 2>&1
ok "the machine goes down" wait_for 30 not kill -0 "$nspawn"
lab_done
