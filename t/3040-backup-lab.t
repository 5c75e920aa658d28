#!/bin/sh
# The exercise of every mail administrator: two hosts, each the other's backup.
# Names from BIND, all settings at their defaults; Posthouse with Posthouse, with
# Postfix and with Exim, each in either role.  POSTHOUSE_LONG=1: the outages last
# ten minutes instead of one.  What both sides logged, and the times, stay in
# build/transcript.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/peers.sh"
transcript=${POSTHOUSE_TRANSCRIPT:-$top/build/transcript/3040-backup-lab}
lab "two hosts keep each other's mail, and give it back at once"
outage=60
[ -z "${POSTHOUSE_LONG:-}" ] || outage=600

exim_runs=30m # as Debian has it

pairs="st14:st18 b1:pf b2:ex"
for pair in $pairs; do
	for h in ${pair%:*} ${pair#*:}; do
		other=${pair%:*}
		[ "$other" != "$h" ] || other=${pair#*:}
		zone "$h.example" <<EOF
@ MX 10 $h.test.
@ MX 20 $other.test.
EOF
	done
done

address() { # HOST
	case $1 in
	st14) echo 10.53.0.14 ;;
	st18) echo 10.53.0.18 ;;
	b1) echo 10.53.0.21 ;;
	b2) echo 10.53.0.22 ;;
	pf) echo 10.53.0.31 ;;
	ex) echo 10.53.0.32 ;;
	esac
}

for h in st14 st18 b1 b2; do
	host $h "$(address $h)"
done
postfix pf "$(address pf)" 'mydestination = pf.test, pf.example' \
    'relay_domains = b1.example' 'mynetworks = 127.0.0.0/8'
exim ex "$(address ex)" \
    's/^domainlist local.*/& : ex.example\ndomainlist others = b2.example/' \
    's/^  accept hosts = +relay_hosts/  accept domains = +others\n&/' \
    's/^acl_smtp_rcpt.*/&\nacl_smtp_etrn = etrn/' \
    's/^primary_hostname.*/&\nsmtp_etrn_command = \/usr\/sbin\/exim4 -Rff b2.example/' \
    's/^begin routers/etrn:\n  accept\n&/' 's/F,2h,1m;/F,2h,15m;/'
for h in st14 st18 b1 b2 pf ex; do
	mail_user "$h" u
done
dns_start

backs_up() { # HOST OTHER
	posthouse_setup "$1"
	conf "$1" "mydestination = $1.test, $1.example, localhost" \
	    "backup_mx_domains = $2.example"
	start "$1"
}
backs_up st14 st18
backs_up st18 st14
backs_up b1 pf
backs_up b2 ex

# ---- each kind of host ----

kind() { # HOST
	case $1 in pf) echo postfix ;; ex) echo exim ;; *) echo posthouse ;; esac
}

mail_stop() { # HOST
	case $(kind "$1") in
	posthouse) stop "$1" ;;
	postfix) on "$1" postfix stop >/dev/null 2>&1 ;;
	exim) exim_stop "$1" ;;
	esac
}

mail_start() { # HOST
	case $(kind "$1") in
	posthouse) on "$1" posthouse start ;;
	postfix) on "$1" postfix start >/dev/null 2>&1 ;;
	exim) exim_start "$1" ;;
	esac
}

waiting() { # HOST: messages
	case $(kind "$1") in
	posthouse) on "$1" mqueue --json | grep -c '"queue_name": *"deferred"' ;;
	postfix) on "$1" postqueue -j | grep -c '"queue_name": *"deferred"' ;;
	exim) on "$1" exim4 -bpc ;;
	esac
}

reason() { # HOST
	case $(kind "$1") in
	posthouse) on "$1" mqueue ;;
	postfix) on "$1" postqueue -p ;;
	exim) cat "$(root_of "$1")/var/log/exim-mainlog" ;;
	esac
}

on_disk() { # HOST: files
	case $(kind "$1") in
	posthouse) find "$(root_of "$1")/var/spool/posthouse/cur" -type f ;;
	postfix) find "$(root_of "$1")/var/spool/postfix/deferred" -type f ;;
	exim) find "$(root_of "$1")/var/spool/exim4/input" -name '*-H' ;;
	esac | wc -l
}

# ---- mail ----

# letter FROM TO-HOST SUBJECT: to the user of that host's domain, by the sendmail
# of a host FROM; or by a stranger who talks to a fourth argument, the backup.
letter() {
	if [ "$1" = stranger ]; then
		printf '%s\n' 'EHLO stranger.example' 'MAIL FROM:<s@stranger.example>' \
		    "RCPT TO:<u@$2.example>" DATA "Subject: $3" '' hello . QUIT |
		    python3 -c "$smtp_client" "$(address "$4")" 25
	else
		printf 'Subject: %s\n\nhello\n' "$3" |
		    on "$1" sendmail -f "u@$1.example" "u@$2.example"
	fi
}

has_all() { # HOST WORD COUNT
	[ "$(mailbox_of "$1" u | grep -c "^Subject: $2 ")" = "$3" ]
}

now() {
	date +%s%3N
}

answers='
import socket, sys, time
while True:
    try:
        s = socket.create_connection((sys.argv[1], 25), 1)
        if s.recv(4).startswith(b"220"):
            break
    except OSError:
        time.sleep(0.05)
'

# comes_back PRIMARY BACKUP WORD COUNT: starts it, and writes how many
# milliseconds after its first greeting, and after the command to start, the last
# message had arrived.
comes_back() {
	began=$(now)
	{
		timeout 30 python3 -c "$answers" "$(address "$1")"
		now >"$lab/up.$1"
	} &
	mail_start "$1" >"$lab/start.$1" 2>&1 &
	limit=$(($(date +%s) + 40))
	until has_all "$1" "$3" "$4"; do
		if [ "$(date +%s)" -gt $limit ]; then
			echo never | tee "$lab/took.$1" >"$lab/whole.$1"
			return
		fi
		sleep 0.3
	done
	end=$(now)
	wait_for 5 test -s "$lab/up.$1"
	took=$((end - $(cat "$lab/up.$1")))
	[ $took -ge 0 ] || took=0 # faster than this shell
	echo $took >"$lab/took.$1"
	echo $((end - began)) >"$lab/whole.$1"
}

within() { # SECONDS PRIMARY
	cat "$lab/took.$2"
	[ "$(cat "$lab/took.$2")" -le $(($1 * 1000)) ]
}

# ---- the exercise ----

n=5

send_all() { # PRIMARY BACKUP WORD: n letters
	for i in $(seq $((n - 1))); do
		letter stranger "$1" "$3 $i" "$2"
	done >"$lab/said.$1" 2>&1
	letter "$2" "$1" "$3 $n"
}

all_wait() { # HOST
	for _ in $(seq 30); do
		[ "$(waiting "$1")" != $n ] || return 0
		sleep 1
	done
	return 1
}

# One outage of the first of each pair, all at the same time.
outage_of() { # WORD PRIMARY:BACKUP...
	word=$1
	shift
	for pair; do
		mail_stop "${pair%:*}" >/dev/null 2>&1
	done
	down=$(date +%s)
	for pair; do
		primary=${pair%:*} backup=${pair#*:}
		send_all "$primary" "$backup" "$word"
		ok "$primary is down: $backup takes $n messages for it" all_wait "$backup"
		like "$backup says why they wait" "$(reason "$backup")" 'refused'
		is "they are on its disk" "$(on_disk "$backup")" $n
	done
	left=$((down + outage - $(date +%s)))
	[ $left -le 0 ] || sleep $left
	for pair; do
		comes_back "${pair%:*}" "${pair#*:}" "$word" $n &
		eval "waits_${pair%:*}=\$!"
	done
	for pair; do
		eval "wait \$waits_${pair%:*}"
		primary=${pair%:*} backup=${pair#*:}
		echo "# $(kind "$backup") $backup gave $(kind "$primary") $primary its mail back" \
		    "after $outage s: $(cat "$lab/took.$primary") ms" \
		    "($(cat "$lab/whole.$primary") ms with its start)" |
		    tee -a "$lab/times"
	done
}

for h in st14 st18; do
	other=$([ $h = st14 ] && echo st18 || echo st14)
	is "DNS: the MX records of $h.example" \
	    "$(on $other dig +short "$h.example" MX | sort)" \
	    "10 $h.test.
20 $other.test."
	like "$other knows its place" "$(on $other posthouse check)" \
	    "^ok    $h.example: MX 20 $other.test, this host, is the backup of $h.test"
	like "and what it must not use" \
	    "$(on $other posthouse route "u@$h.example")" \
	    "MX 20 $other.test.*not used: worse than or equal to ourselves"
done

outage_of one st14:st18 pf:b1 ex:b2
for host in pf ex; do
	ok "all is back at $host within 20 s, with no command" within 20 $host
done
ok "all is back at st14 within 5 s: it asks" within 5 st14
outage_of two st18:st14 b1:pf b2:ex
for host in st18 b1 b2; do
	ok "all is back at $host within 5 s: it asks" within 5 $host
done
for host in st14 st18; do
	is "nothing came twice to $host" "$(mailbox_of $host u |
	    grep '^Subject: ' | sort | uniq -d)" ""
done

# ---- by hand ----

for pair in st14:st18 pf:b1 ex:b2; do
	mail_stop "${pair%:*}" >/dev/null 2>&1
	letter "${pair#*:}" "${pair%:*}" "forced 1"
done
sleep 2
for pair in st14:st18 pf:b1 ex:b2; do
	primary=${pair%:*} backup=${pair#*:}
	mail_start "$primary" >/dev/null 2>&1
	ok "forced: mqueue -f on $backup" on "$backup" mqueue -f
	ok "and it is at $primary at once" wait_for 5 has_all "$primary" forced 1
done

mkdir -p "$transcript"
cp "$lab/times" "$transcript/times"
for h in st14 st18 b1 b2; do
	cp "$(root_of $h)/var/log/posthouse.log" "$transcript/$h.log"
done
cp "$(root_of pf)/var/log/postfix.log" "$transcript/pf.log"
cp "$(root_of ex)/var/log/exim-mainlog" "$transcript/ex.log"
ok "the logs of all are kept" test -s "$transcript/ex.log"
lab_done
