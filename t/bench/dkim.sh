#!/bin/sh
# dkim.sh [MESSAGES] - what marking and signing cost, Posthouse and Postfix with
# opendkim in one run.  SPDX-License-Identifier: BSD-2-Clause
#
# Both take messages of 4 KiB from the same client and relay them to the same
# smtp-sink: as they are; from a client outside, with a signature of RSA-2048 to
# be verified (and SPF and DMARC, which opendkim does not do); from one of their
# own networks, to be signed with RSA-2048, and with Ed25519.  CPU is that of all
# processes of the mail system, opendkim's with it (by control group); `more` is
# what it takes beyond the message as it is, and `ratio` the part of Postfix's
# that Posthouse takes.

export MESSAGES="${1:-${MESSAGES:-600}}" # it goes through lab
number=$MESSAGES
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/t/lib.sh"
. "$top/t/peers.sh"
lab "DKIM: Posthouse, and Postfix with opendkim"
cgroup2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$cgroup2" ] || bail "no cgroup2 mount to count CPU with"
groups=$cgroup2/posthouse-bench-${lab##*.}
clean_up() {
	for h in a p; do
		[ -d "$groups.$h" ] || continue
		for pid in $(cat "$groups.$h/cgroup.procs"); do
			[ "$pid" = 0 ] || kill -9 "$pid" 2>/dev/null
		done
		sleep 0.5
		rmdir "$groups.$h"
	done
}
trap clean_up EXIT
trap 'exit 1' INT TERM
for h in a p; do
	mkdir "$groups.$h" || bail "no control group"
	eval "cgroup_$h=\$groups.$h"
done
py=/usr/bin/python3
keys=$lab/keys
for f in keys plain signed; do
	mkdir "$lab/$f"
done
chmod 755 "$lab"
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 \
    -out "$keys/rsa.pem" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$keys/ed.pem"
openssl pkey -in "$keys/ed.pem" -outform DER | tail -c 32 | base64 >"$keys/ed.b64"
public=$(openssl pkey -in "$keys/rsa.pem" -pubout -outform DER | base64 -w 0 |
    sed 's/.\{200\}/&" "/g')
record "rsa._domainkey.bench TXT ( \"v=DKIM1; k=rsa; p=\" \"$public\" )"
record 'bench TXT "v=spf1 ip4:10.53.0.9 -all"'
record '_dmarc.bench TXT "v=DMARC1; p=reject"'
for i in $(seq "$number"); do
	{
		printf '%s\r\n' 'From: a@bench.test' 'To: b@sink.test' \
		    "Subject: $i" "Message-ID: <$i@bench.test>" \
		    'Date: Sun, 22 Nov 2026 00:00:00 +0000' ''
		for _ in 1 2 3 4 5 6 7 8; do
			printf 'A line of text, as there are many of in mail.%.0s\r\n' \
			    1 2 3 4 5 6 7 8 9 10
		done
	} >"$lab/plain/$i"
done
cp "$lab/plain"/* "$lab/signed"
DKIM_DOMAIN=bench.test $py - "$lab/signed" "$keys/rsa.pem" <<'END'
import os, sys
import dkim
folder, key = sys.argv[1], open(sys.argv[2], "rb").read()
for name in os.listdir(folder):
    path = os.path.join(folder, name)
    text = open(path, "rb").read()
    head = dkim.sign(text, b"rsa", b"bench.test", key,
                     canonicalize=(b"relaxed", b"relaxed"))
    open(path, "wb").write(head + text)
END

host_binds="$keys:/keys $lab/plain:/plain $lab/signed:/signed"
host s 10.53.0.9 "$peers/postfix"
on s useradd -r sink
host a 10.53.0.2
postfix p 10.53.0.11 'relayhost = [10.53.0.9]:2525' \
    'relay_domains = sink.test' 'milter_default_action = tempfail' \
    'smtpd_client_connection_count_limit = 0'
dns_start
posthouse_setup a
conf a 'relayhost = [10.53.0.9]:2525' 'relay_domains = sink.test' \
    'smtp_tls_security_level = none'
mkdir -p "$(root_of a)/etc/posthouse/dkim"
cp "$keys"/*.pem "$(root_of a)/etc/posthouse/dkim"
chown -R 0:0 "$(root_of a)/etc/posthouse/dkim"
chmod 600 "$(root_of a)/etc/posthouse/dkim"/*
start a
on s sh -c 'smtp-sink -u sink 10.53.0.9:2525 1000 >/dev/null 2>&1 &'

cpu_of() { # HOST: microseconds
	awk '$1 == "usage_usec" { print $2 }' "$groups.$1/cpu.stat"
}
queued() { # HOST: files in the queue
	q=$(root_of "$1")/var/spool
	case $1 in
	a) find "$q/posthouse/new" "$q/posthouse/tmp" "$q/posthouse/cur" -type f ;;
	p) (cd "$q/postfix" && find incoming active maildrop deferred -type f) ;;
	esac 2>/dev/null | wc -l
}
send() { # HOST FOLDER
	ip=10.53.0.2
	[ "$1" = a ] || ip=10.53.0.11
	on s $py -c "$(cat "$top/t/dkim_peers.py")" send "/$2" $ip 25 \
	    a@bench.test b@sink.test || bail "$1 does not take all: $scenario"
	until [ "$(queued "$1")" = 0 ]; do
		sleep 0.1
	done
}
# One that ends takes the file of its pid away, whoever wrote that.
no_milter() {
	[ -e "$(root_of p)/run/opendkim.pid" ] || return 0
	on p kill "$(on p cat /run/opendkim.pid)"
	wait_for 20 test ! -e "$(root_of p)/run/opendkim.pid" ||
	    bail "opendkim does not end"
}
opendkim_as() { # LINES: of its configuration, on p
	no_milter
	printf '%s\n' 'Domain bench.test' 'Socket inet:8891@127.0.0.1' \
	    'Canonicalization relaxed/relaxed' 'RequireSafeKeys no' \
	    'PidFile /run/opendkim.pid' 'Background yes' "$@" \
	    >"$(root_of p)/etc/opendkim.conf"
	on p opendkim -x /etc/opendkim.conf -u root
	wait_for 20 listens p 127.0.0.1 8891 || bail "opendkim does not listen"
	on p postconf -e 'smtpd_milters = inet:127.0.0.1:8891'
	on p postfix reload >/dev/null 2>&1
}
set_a() {
	conf a "$@"
	on a posthouse reload || bail "reload"
}
one() { # NAME FOLDER
	scenario=$1
	for h in p a; do
		cpu=$(cpu_of $h)
		send $h "$2"
		awk -v name="$1" -v h=$h -v n="$number" \
		    -v cpu=$(($(cpu_of $h) - cpu)) -v base="$lab/base.$h" \
		    -v less="$lab/less" 'BEGIN {
			each = cpu / 1000 / n
			if (name == "plain") print each >base
			else { getline plain <base }
			more = name == "plain" ? each : each - plain
			if (h == "p") print more >less
			else { getline other <less; ratio = more / other }
			printf "%-10s %-10s %6d %8.3f %8.3f %6s\n", name,
			    h == "a" ? "posthouse" : "postfix", n, each, more,
			    h == "a" ? sprintf("%.2f", ratio) : "" }'
	done
}
printf '%-10s %-10s %6s %8s %8s %6s\n' scenario system n 'ms CPU' more ratio
set_a 'mynetworks = 127.0.0.0/8' 'dkim_verify = no' 'spf_policy = off' \
    'dmarc_policy = off' 'arc_verify = no'
one plain plain >/dev/null
one plain plain
set_a 'dkim_verify = yes' 'spf_policy = mark' 'dmarc_policy = mark'
opendkim_as 'Mode v'
one mark signed
for key in rsa ed; do
	set_a 'mynetworks = 127.0.0.0/8 10.53.0.0/24' \
	    "dkim_signing_table = inline:{{bench.test = $key:$key.pem}}"
	algorithm=rsa-sha256
	[ $key = rsa ] || algorithm=ed25519-sha256
	opendkim_as 'Mode s' 'InternalHosts 0.0.0.0/0' "Selector $key" \
	    "KeyFile /keys/$key.pem" "SignatureAlgorithm $algorithm"
	one "sign-$key" plain
done
no_milter
tap_n=1
lab_done
