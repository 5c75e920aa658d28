#!/bin/sh
# tls.sh [MESSAGES] - mail over STARTTLS, Posthouse and Postfix in one run.
# SPDX-License-Identifier: BSD-2-Clause
#
# Both have the same certificate (ECDSA P-256, then RSA-2048), relay in clear to
# the same smtp-sink, and get the same load from t/tls_load.py: new sessions,
# resumed ones, and a thousand at a time.  CPU is that of all processes of the
# mail system (by control group); the load tool's is not in it.

number=${1:-${POSTHOUSE_BENCH_NUMBER:-1000}}
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/t/lib.sh"
. "$top/t/peers.sh"
export POSTHOUSE_BENCH_NUMBER="$number"
lab "STARTTLS: Posthouse and Postfix"
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

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$lab/k" -out "$lab/c" -days 30 -subj /CN=bench.test >/dev/null 2>&1
cat "$lab/k" "$lab/c" >"$lab/ec.pem"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$lab/k" -out "$lab/c" \
    -days 30 -subj /CN=bench.test >/dev/null 2>&1
cat "$lab/k" "$lab/c" >"$lab/rsa.pem"

host s 10.53.0.9 "$peers/postfix"
on s useradd -r sink
host a 10.53.0.2
postfix p 10.53.0.11 'relayhost = [127.0.0.1]:2525' \
    'smtpd_client_connection_count_limit = 0' 'default_process_limit = 1000' \
    'smtp_destination_concurrency_limit = 20' 'relay_domains = sink.test' \
    'smtpd_tls_security_level = may' 'smtpd_tls_loglevel = 1' \
    'smtpd_tls_chain_files = /etc/bench.pem' 'tls_random_source = dev:/dev/urandom' \
    'smtpd_tls_session_cache_database = btree:${data_directory}/sessions' \
    'smtpd_tls_received_header = yes'
dns_start
posthouse_setup a
conf a 'mynetworks = 127.0.0.0/8, 10.53.0.0/24' 'relayhost = [127.0.0.1]:2525' \
    'smtpd_client_connection_count_limit = 0' 'relay_domains = sink.test' \
    'smtpd_tls_chain_files = /etc/bench.pem' 'smtp_tls_security_level = none'

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
beside() { # HOST COMMAND...: the load tools, in its network
	eval "net=\$pid_$1"
	shift
	nsenter -t "$net" -n "$@"
}
one() { # NAME HOST MESSAGES PARALLEL [resume]
	name=$1 h=$2 n=$3 at_once=$4
	shift 4
	cpu=$(cpu_of "$h")
	said=$(beside "$h" timeout 280 python3 "$top/t/tls_load.py" 127.0.0.1 25 \
	    "$n" "$at_once" load@sink.test "$@" 2>"$lab/errors")
	until [ "$(queued "$h")" = 0 ]; do
		sleep 0.1
	done
	echo "$said" | awk -v name="$name" -v h="$h" -v n="$n" \
	    -v cpu=$(($(cpu_of "$h") - cpu)) '{
		printf "%-16s %-10s %6d %8.0f %8.3f %7d %7d\n", name,
		    h == "a" ? "posthouse" : "postfix", n, n / $1,
		    cpu / 1000 / n, $3, $2 }'
	sort "$lab/errors" | uniq -c | head -n 3 | sed 's/^/# /'
}
for h in a p; do
	beside "$h" nsenter -t "$pid_s" -m -r -w sh -c \
	    'smtp-sink -u sink 0.0.0.0:2525 1000 >/dev/null 2>&1 & :'
done

ulimit -n 20000
printf '%-16s %-10s %6s %8s %8s %7s %7s\n' scenario system n 'in/s' 'ms CPU' \
    resumed failed
started=
for kind in ec rsa; do
	for h in a p; do
		cp "$lab/$kind.pem" "$(root_of $h)/etc/bench.pem"
		chmod 600 "$(root_of $h)/etc/bench.pem"
	done
	if [ -z "$started" ]; then
		start a
		started=yes
	fi
	on p postfix reload >/dev/null 2>&1
	sleep 3 # keys takes the new file
	for h in p a; do
		one "$kind-warm" $h 50 10 >/dev/null
		one "$kind-new" $h "$number" 20
		one "$kind-resumed" $h "$number" 20 resume
		one "$kind-1000" $h "$number" 1000
	done
done

# ---- our client: a connection for each mail, its session new or resumed ----
host b 10.53.0.3
posthouse_setup b
conf b 'mynetworks = 10.53.0.0/24' 'relayhost = [127.0.0.1]:2525' \
    'relay_domains = out.test' 'smtpd_tls_chain_files = /etc/bench.pem' \
    'smtpd_client_connection_count_limit = 0' 'smtp_tls_security_level = none'
beside b nsenter -t "$pid_s" -m -r -w sh -c \
    'smtp-sink -u sink 0.0.0.0:2525 1000 >/dev/null 2>&1 & :'
conf a 'transport_maps = inline:{out.test=smtp:[10.53.0.3]}' \
    'smtp_tls_policy_maps = inline:{{[10.53.0.3] = encrypt}}' \
    'smtp_connection_cache_time_limit = 0' 'relay_domains = out.test'
all_sent() { # MESSAGES
	[ "$(log_of a | grep -c 'to=<load@out.test>.*status=sent')" -ge "$1" ]
}
signatures() { # made on b: one for each session that is new
	on b posthouse status | sed -n 's/.*signatures=\([0-9]*\).*/\1/p'
}
client() { # NAME CACHE
	conf a "smtp_tls_session_cache = $2"
	on a posthouse reload
	sleep 2
	before=$(log_of a | grep -c 'to=<load@out.test>.*status=sent')
	signed=$(signatures)
	cpu=$(cpu_of a)
	began=$(date +%s%N)
	beside a nsenter -t "$pid_s" -m -r -w smtp-source -s 10 -l 4096 \
	    -m "$number" -f load@s.test -t load@out.test 127.0.0.1:25
	wait_for 240 all_sent $((before + number)) || echo "# not all were sent"
	awk -v name="$1" -v n="$number" -v ns=$(($(date +%s%N) - began)) \
	    -v cpu=$(($(cpu_of a) - cpu)) \
	    -v again=$((number - $(signatures) + signed)) '
	    BEGIN { printf "%-16s %-10s %6d %8.0f %8.3f %7d %7d\n", name,
		"posthouse", n, n / (ns / 1e9), cpu / 1000 / n, again, 0 }'
}
for kind in ec rsa; do
	install -m 600 "$lab/$kind.pem" "$(root_of b)/etc/bench.pem"
	stop b >/dev/null 2>&1
	start b
	client "$kind-out-warm" yes >/dev/null
	client "$kind-out-new" no
	client "$kind-out-again" yes
done
tap_n=1
