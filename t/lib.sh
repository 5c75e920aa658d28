# t/lib.sh - hosts for the end-to-end tests.  SPDX: BSD-2-Clause
#
# A test sources this file first:
#
#	. "${0%/*}/lib.sh"
#	lab "what the test shows"
#	host a 10.53.0.2
#	host b 10.53.0.3
#	dns_start
#	posthouse_up a b
#	on a sh -c 'echo hi | mail -s hi alice@b.test'
#	ok "it arrives" wait_for 10 mailbox_has b alice 'Subject: hi'
#	lab_done
#
# `lab` runs the test again in namespaces of its own: network, processes and
# mounts, all of which end with it.  Each host has a network namespace, a host
# name, and a root folder of its own: the machine's, with the tested build
# installed over it, and all changes in memory.  So a test installs, makes users
# and listens on port 25 as on a real machine, and leaves nothing behind.

: "${top:=$(cd "$(dirname "$0")/.." && pwd)}"
stage=${POSTHOUSE_STAGE:-$top/build/e2e/stage}
peers=${POSTHOUSE_PEERS:-$top/build/peers} # unpacked by t/run

bail() {
	echo "Bail out! $*"
	exit 1
}

# ---- TAP ----

tap_n=0
tap_failed=0

# ok DESCRIPTION COMMAND...: passes where the command succeeds.
ok() {
	tap_n=$((tap_n + 1))
	what=$1
	shift
	if "$@" >"$lab/out" 2>&1; then
		echo "ok $tap_n - $what"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $what"
		echo "# failed: $*"
		sed 's/^/# /' "$lab/out" | tail -n 15
	fi
}

# not COMMAND...: for use behind ok.
not() {
	! "$@"
}

# is DESCRIPTION GOT WANT
is() {
	tap_n=$((tap_n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tap_n - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $1"
		printf '%s\n' "$2" | sed 's/^/# got:  /'
		printf '%s\n' "$3" | sed 's/^/# want: /'
	fi
}

# like DESCRIPTION TEXT PATTERN (extended, by grep)
like() {
	tap_n=$((tap_n + 1))
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		echo "ok $tap_n - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $1"
		echo "# no match for: $3"
		printf '%s\n' "$2" | tail -n 15 | sed 's/^/# got: /'
	fi
}

skip() { # DESCRIPTION REASON
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# ---- the lab ----

lab() {
	if [ -z "${POSTHOUSE_LAB:-}" ]; then
		[ "$(id -u)" = 0 ] || bail "this test makes namespaces: run as root"
		[ -x "$stage/usr/local/sbin/posthouse" ] ||
		    bail "no build in $stage: run t/run --build first"
		POSTHOUSE_LAB=$(mktemp -d /tmp/posthouse-lab.XXXXXX) || exit 1
		export POSTHOUSE_LAB POSTHOUSE_STAGE="$stage"
		unshare --mount --net --pid --fork --kill-child --mount-proc \
		    --propagation private sh "$0"
		code=$?
		rmdir "$POSTHOUSE_LAB"
		exit $code
	fi
	lab=$POSTHOUSE_LAB
	echo "# $1"
	mount -t tmpfs -o mode=755 lab "$lab" || bail "no tmpfs"
	mkdir "$lab/hosts"
	# Layers of an overlay must not lie in each other, so the build, which
	# lies below the lowest layer, is copied out of it.
	cp -a "$stage" "$lab/stage"
	[ ! -d "$peers/mail" ] || cp -a "$peers/mail/." "$lab/stage/"
	ip link set lo up
	ip link add wire type bridge
	ip link set wire up
	ip addr add 10.53.0.1/24 dev wire
	ip -6 addr add fd53::1/64 dev wire nodad
	: >"$lab/zone"
	: >"$lab/zones"
}

lab_done() {
	[ -z "${KEEP_LOGS:-}" ] || cp_logs "$KEEP_LOGS"
	if [ "$tap_failed" -gt 0 ]; then
		for h in "$lab"/hosts/*; do
			log=$h/root/var/log/posthouse.log
			[ ! -f "$log" ] || tail -n 40 "$log" |
			    sed "s|^|# ${h##*/}: |"
		done
	fi
	echo "1..$tap_n"
	exit $((tap_failed > 0))
}

cp_logs() { # FOLDER
	mkdir -p "$1"
	for h in "$lab"/hosts/*; do
		log=$h/root/var/log/posthouse.log
		[ ! -f "$log" ] || cp "$log" "$1/${h##*/}.log"
	done
}

# host NAME IPV4 [LOWER]: a host NAME.test; LOWER is a folder whose files lie
# over the machine's (a peer's program), instead of the tested build.  It also
# has the address fd53::N.  host_binds="FOLDER:PLACE ..." puts folders of the
# test's into it.
host() {
	h=$lab/hosts/$1
	mkdir -p "$h/up" "$h/work" "$h/root"
	lower=$lab/stage
	if [ $# -gt 2 ]; then
		lower=$h/lower
		cp -a "$3" "$lower"
	fi
	mount -t overlay overlay -o \
	    "lowerdir=$lower:/,upperdir=$h/up,workdir=$h/work" "$h/root" ||
	    bail "no overlay"
	mount -t proc proc "$h/root/proc"
	mount --rbind /dev "$h/root/dev"
	mount -t tmpfs -o mode=755 run "$h/root/run"
	mount -t tmpfs -o mode=1777 tmp "$h/root/tmp"
	mount -t tmpfs -o mode=755 home "$h/root/home"
	# What a Posthouse that is installed on the machine has left.
	rm -rf "$h/root/etc/posthouse" "$h/root/var/spool/posthouse" \
	    "$h/root/var/lib/posthouse" "$h/root/var/log/posthouse.log" \
	    "$h/root/var/mail"/*
	[ $# -lt 3 ] || rm -f "$h/root/usr/local/sbin/sendmail" \
	    "$h/root/usr/local/bin/mailq" "$h/root/usr/local/bin/newaliases"
	rm -f "$h/root/etc/resolv.conf"
	printf 'nameserver 10.53.0.1\n' >"$h/root/etc/resolv.conf"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$h/root/etc/hosts"
	for b in ${host_binds:-}; do
		mkdir -p "$h/root${b#*:}"
		mount --bind "${b%%:*}" "$h/root${b#*:}"
	done
	unshare --net --mount --uts chroot "$h/root" \
	    sh -c "hostname $1.test; echo up >/run/up; exec sleep 100000" &
	eval "pid_$1=$!"
	wait_for 5 test -f "$h/root/run/up" || bail "host $1 does not start"
	ip link add "to-$1" type veth peer name eth0 netns "$!"
	ip link set "to-$1" master wire up
	on "$1" ip addr add "$2/24" dev eth0
	on "$1" ip -6 addr add "fd53::${2##*.}/64" dev eth0 nodad
	on "$1" ip link set eth0 up
	on "$1" ip link set lo up
	cat >>"$lab/zone" <<EOF
$1	A	$2
$1	AAAA	fd53::${2##*.}
$1	MX	10 $1
EOF
	cat >>"$lab/reverse" <<EOF
${2##*.}	PTR	$1.test.
EOF
}

# on HOST COMMAND...: runs a command on a host, as its root.
# Where cgroup_HOST is set, the command and its children are counted there.
on() {
	eval "p=\$pid_$1 group=\${cgroup_$1:-}"
	shift
	set -- nsenter -t "$p" -n -m -u -r -w env -i \
	    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	    HOME=/root LC_ALL=C ${TEST_ENV:-} "$@"
	if [ -n "$group" ]; then
		sh -c 'echo 0 >"$0/cgroup.procs"; exec "$@"' "$group" "$@"
	else
		"$@"
	fi
}

# as HOST USER COMMAND...: the same as an ordinary user.
as() {
	as_host=$1 as_user=$2
	shift 2
	on "$as_host" setpriv --reuid "$as_user" --regid "$as_user" \
	    --init-groups env HOME="/home/$as_user" USER="$as_user" \
	    LOGNAME="$as_user" "$@"
}

root_of() { # HOST: its root folder, seen from the test
	echo "$lab/hosts/$1/root"
}

# mail_user HOST NAME...: new ones, also where the machine has such a user.
mail_user() {
	mu_host=$1
	shift
	for u in "$@"; do
		! on "$mu_host" id "$u" >/dev/null 2>&1 ||
		    on "$mu_host" userdel "$u" >/dev/null 2>&1 ||
		    bail "user $u cannot be removed"
		on "$mu_host" useradd --create-home --user-group \
		    --shell /bin/bash "$u" || bail "no user $u"
	done
}

# ---- names ----

# record LINE: one more line of the zone test.
record() {
	printf '%s\n' "$1" >>"$lab/zone"
}

# zone NAME: one more zone; its records come on standard input.
zone() {
	cat >"$lab/zone.$1"
	echo "$1" >>"$lab/zones"
}

soa() {
	echo '$TTL 60'
	echo "@ SOA ns.test. root.ns.test. $(date +%s) 60 60 600 5"
	echo '@ NS ns.test.'
}

# dns_start: a name server (BIND) on 10.53.0.1 for test, 53.10.in-addr.arpa and
# the zones that were given.
dns_start() {
	mkdir -p "$lab/dns"
	{ soa; echo 'ns A 10.53.0.1'; cat "$lab/zone"; } >"$lab/dns/test"
	{ soa; cat "$lab/reverse"; } >"$lab/dns/0.53.10.in-addr.arpa"
	while read -r z; do
		{ soa; cat "$lab/zone.$z"; } >"$lab/dns/$z"
	done <"$lab/zones"
	{
		echo "options { directory \"$lab/dns\"; recursion no;"
		echo " listen-on { 10.53.0.1; }; listen-on-v6 { none; };"
		echo " pid-file \"$lab/dns/pid\"; dnssec-validation no;"
		echo " session-keyfile none; };"
		echo 'controls { };'
		for z in test 0.53.10.in-addr.arpa $(cat "$lab/zones"); do
			echo "zone \"$z\" { type master; file \"$z\"; };"
		done
	} >"$lab/dns/named.conf"
	named -f -c "$lab/dns/named.conf" >"$lab/dns/log" 2>&1 &
	dns_pid=$!
	wait_for 10 dig +short +time=1 +tries=1 @10.53.0.1 test SOA ||
	    bail "named does not answer: $(tail -n 3 "$lab/dns/log")"
}

dns_stop() {
	kill "$dns_pid"
	wait "$dns_pid" 2>/dev/null
}

# ---- posthouse ----

# conf HOST 'name = value'...: sets parameters.
conf() {
	conf_host=$1
	shift
	for line in "$@"; do
		on "$conf_host" mconf -e "$line" || bail "mconf -e $line"
	done
}

# posthouse_setup HOST...: as after an installation, with mydestination the
# host's name and NAME.test, a log file, and quick retries.
posthouse_setup() {
	for ph in "$@"; do
		on "$ph" posthouse setup --replace >"$lab/setup.$ph" 2>&1 ||
		    bail "setup on $ph: $(tail -n 5 "$lab/setup.$ph")"
		conf "$ph" "myhostname = $ph.test" 'mydomain = test' \
		    "mydestination = $ph.test, localhost" \
		    'maillog_file = /var/log/posthouse.log'
	done
}

start() { # HOST
	on "$1" posthouse start || bail "start on $1: $(log_of "$1" | tail -n 5)"
}

stop() { # HOST
	on "$1" posthouse stop
}

# Ends the programs of that name, and of this instance alone, as a crash would.
crash() { # HOST PROGRAM
	# shellcheck disable=SC2016 # for the shell over there
	on "$1" sh -c \
	    'kill -9 $(pgrep -x "$1" -P "$(cat /run/posthouse/pid)")' crash "$2"
}

posthouse_up() { # HOST...
	posthouse_setup "$@"
	for ph in "$@"; do
		start "$ph"
	done
}

log_of() { # HOST
	cat "$(root_of "$1")/var/log/posthouse.log" 2>/dev/null
}

# Lines take a moment to the log: this waits for one.
log_has() { # HOST PATTERN
	for _ in $(seq 16); do
		! log_of "$1" | grep -Eq -e "$2" || return 0
		sleep 0.1
	done
	return 1
}

# What is counted, or must not be there, is looked for in a log that has been
# quiet for 0.3 seconds (or noisy for three).
log_settled() { # HOST: the log
	log_size= log_quiet=0
	for _ in $(seq 30); do
		log_was=$log_size
		log_size=$(log_of "$1" | wc -c)
		[ "$log_size" = "$log_was" ] || log_quiet=0
		[ $log_quiet -lt 3 ] || break
		log_quiet=$((log_quiet + 1))
		sleep 0.1
	done
	log_of "$1"
}

log_count() { # HOST PATTERN: lines
	log_settled "$1" | grep -Ec -e "$2"
}

log_lacks() { # HOST PATTERN
	! log_settled "$1" | grep -Eq -e "$2"
}

mailbox_of() { # HOST USER
	cat "$(root_of "$1")/var/mail/$2" 2>/dev/null
}

mailbox_has() { # HOST USER PATTERN
	mailbox_of "$1" "$2" | grep -Eq -e "$3"
}

mailbox_count() { # HOST USER: messages in the mbox
	mailbox_of "$1" "$2" | grep -c '^From '
}

queue_is_empty() { # HOST
	[ -z "$(on "$1" mqueue --json)" ]
}

# ---- waiting ----

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
	wf_end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -le "$wf_end" ] || return 1
		sleep 0.1
	done
}

# smtp HOST ADDRESS [PORT]: says standard input to a server, a line at a time,
# each after the reply to the one before, and prints what comes back.
smtp() {
	on "$1" python3 -c "$smtp_client" "$2" "${3:-25}"
}

smtp_client='
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
f = s.makefile("rb")
def reply():
    while True:
        line = f.readline()
        if not line:
            return False
        sys.stdout.write(line.decode("latin-1").replace("\r", ""))
        if line[3:4] != b"-":
            return True
data = False
if reply():
    for line in sys.stdin.buffer:
        line = line.rstrip(b"\n")
        try:
            s.sendall(line + b"\r\n")
        except OSError:
            break
        if data:
            if line != b".":
                continue
            data = False
        if not reply():
            break
        data = line.upper() == b"DATA"
'
