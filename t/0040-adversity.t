#!/bin/sh
# Disk full, no descriptors, no memory, wrong rights, a clock that jumps: a clear
# answer, and nothing lost.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "what a mature mail system must survive"
mkdir "$lab/small"
mount -t tmpfs -o size=12m,nr_inodes=4000,mode=755 small "$lab/small"
host_binds="$lab/small:/queue"
host a 10.53.0.2
host_binds=
host b 10.53.0.3
mail_user a alice
mail_user b bob
dns_start
posthouse_setup a b
conf a 'queue_directory = /queue' 'message_size_limit = 3m' \
    'mynetworks = 127.0.0.0/8, 10.53.0.0/24' 'minimal_backoff_time = 1s' \
    'maximal_backoff_time = 3s' 'destination_probe_time = 1s' \
    'destination_probe_max = 3s'
on a posthouse setup >/dev/null
start a

say_mail() { # SUBJECT [TO]
	printf '%s\n' 'EHLO c' 'MAIL FROM:<x@b.test>' \
	    "RCPT TO:<${2:-alice@a.test}>" DATA "Subject: $1" '' text . QUIT
}
pid_of() { # HOST PROGRAM
	for p in /proc/[0-9]*; do
		case $(readlink "$p/exe") in
		*/libexec/posthouse/"$2")
			[ "$(readlink "$p/ns/uts")" = \
			    "$(eval readlink "/proc/\$pid_$1/ns/uts")" ] &&
			    echo "${p#/proc/}"
			;;
		esac
	done
}

# Only the user of a process may lower its limits.
limit() { # PROGRAM ARGUMENT...
	user=ph-$1
	shift
	on a setpriv --reuid "$user" --regid "$user" --clear-groups \
	    prlimit "$@" || echo "not ok - prlimit"
}

# ---- disk full ----

like "there is room" "$(say_mail one | smtp a 127.0.0.1)" '^250 2\.0\.0 Ok'
wait_for 10 mailbox_has a alice 'Subject: one'
dd if=/dev/zero of="$lab/small/ballast" bs=1k count=9000 status=none
sleep 2
like "a full disk is said before the content" \
    "$(say_mail two | smtp a 127.0.0.1)" '^452 4\.3\.1'
ok "mqueue works on a full disk" on a mqueue
ok "sendmail leaves it in maildrop/" as a alice sh -c \
    'printf "Subject: three\n\ntext\n" | sendmail alice'
rm "$lab/small/ballast"
sleep 2
like "and is over when there is room" \
    "$(say_mail four | smtp a 127.0.0.1)" '^250 2\.0\.0 Ok'
ok "what was taken arrives" wait_for 10 mailbox_has a alice 'Subject: four'
ok "what sendmail left arrives too" \
    wait_for 90 mailbox_has a alice 'Subject: three'
ok "what was refused does not" not mailbox_has a alice 'Subject: two'

# ---- no descriptors ----

for p in $(pid_of a smtpd); do
	n=$(ls "/proc/$p/fd" | wc -l)
	limit smtpd --pid "$p" --nofile="$((n + 3)):$((n + 3))"
done
nsenter -t "$pid_a" -n python3 - <<'PY' >"$lab/flood"
import socket, time
socks = []
for i in range(40):
    s = socket.create_connection(("127.0.0.1", 25), 5)
    socks.append(s)
time.sleep(1)
for s in socks:
    s.close()
PY
like "without descriptors the server goes on" \
    "$(say_mail five | smtp a 127.0.0.1)" '^250 2\.0\.0 Ok'
ok "and delivers" wait_for 20 mailbox_has a alice 'Subject: five'

# ---- no memory ----

# A build with sanitizers has reserved all that it could ever ask for.
if on a posthouse --version --build | grep -q '^sanitizers *no'; then
	for p in $(pid_of a cleanup); do
		size=$(awk '{ print $1 * 4096 }' "/proc/$p/statm")
		limit cleanup --pid "$p" --as="$((size + 100000))"
	done
	# A header is kept in memory, and this one does not fit.
	{
		printf '%s\n' 'EHLO c' 'MAIL FROM:<x@b.test>' \
		    'RCPT TO:<alice@a.test>' DATA 'Subject: six'
		yes 'X-Line: of some length, again and again and again' |
		    head -n 5000
		printf '%s\n' '' text . QUIT
	} | smtp a 127.0.0.1 >"$lab/nomem"
	like "without memory a message is put off" "$(cat "$lab/nomem")" \
	    '^451 4\.3\.0 '
	ok "and the reason said" log_has a 'cleanup\[.*out of memory'
	ok "and cleanup started again" log_has a \
	    'cleanup\[[0-9]+\] died: .*started again'
	like "the next one is taken" "$(sleep 2
	    say_mail seven | smtp a 127.0.0.1)" '^250 2\.0\.0 Ok'
	ok "and arrives" wait_for 20 mailbox_has a alice 'Subject: seven'
	ok "the other has not" not mailbox_has a alice 'Subject: six'
fi

# ---- wrong rights ----

stop a
on a chown root /queue/cur
on a chmod 755 /queue/cur
on a posthouse start >"$lab/start" 2>&1
ok "wrong rights of the queue are said" \
    sh -c 'cat "$@" | grep -E "cur.*(owner|mode|rights|setup|ermission)"' x \
    "$lab/start" "$(root_of a)/var/log/posthouse.log"
on a posthouse stop >/dev/null 2>&1
ok "setup mends them" on a posthouse setup
start a

# ---- a clock that jumps ----

as a alice sh -c 'printf "Subject: wait\n\ntext\n" | sendmail bob@b.test'
wait_for 10 sh -c "nsenter -t $pid_a -n -m -u -r -w /usr/local/bin/mqueue |
    grep -q refused"
stop a
TEST_ENV='POSTHOUSE_TEST_CLOCK_SHIFT=-86400' start a
ok "a message from tomorrow is not lost" sh -c \
    "nsenter -t $pid_a -n -m -u -r -w /usr/local/bin/mqueue | grep bob"
start b
TEST_ENV='POSTHOUSE_TEST_CLOCK_SHIFT=-86400'
on a mqueue -f
TEST_ENV=
ok "and is delivered" wait_for 20 mailbox_has b bob 'Subject: wait'
stop b
as a alice sh -c 'printf "Subject: old\n\ntext\n" | sendmail bob@b.test'
wait_for 10 sh -c "nsenter -t $pid_a -n -m -u -r -w /usr/local/bin/mqueue |
    grep -q refused"
stop a
TEST_ENV='POSTHOUSE_TEST_CLOCK_SHIFT=864000' start a
TEST_ENV=
ok "a message too old comes back to its sender" \
    wait_for 20 mailbox_has a alice 'returned|Undelivered|expired'
lab_done
