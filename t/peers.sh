# t/peers.sh - real mail systems of others as partners.  SPDX: BSD-2-Clause
# Sourced behind lib.sh; the programs were unpacked by t/run.

# postfix HOST IP ['name = value'...]: a host on which Postfix runs, for
# HOST.test, with the user's mailbox in /var/mail.
postfix() {
	pf=$1
	host "$1" "$2" "$peers/postfix"
	shift 2
	r=$(root_of "$pf")
	on "$pf" sh -c 'groupadd -r postdrop; groupadd -r postfix
		useradd -r -g postfix -d /var/spool/postfix postfix' \
	    >/dev/null 2>&1
	cp "$r/usr/share/postfix/main.cf.debian" "$r/etc/postfix/main.cf" \
	    2>/dev/null || : >"$r/etc/postfix/main.cf"
	cp "$r/usr/share/postfix/master.cf.dist" "$r/etc/postfix/master.cf"
	{
		echo 'compatibility_level = 3.6'
		echo "myhostname = $pf.test"
		echo "mydestination = $pf.test, localhost"
		echo 'mynetworks = 127.0.0.0/8 10.53.0.0/24'
		echo 'inet_protocols = ipv4'
		echo 'alias_maps = '
		echo 'alias_database = '
		echo 'maillog_file = /var/log/postfix.log'
		echo 'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination'
		echo 'local_recipient_maps = unix:passwd.byname'
		echo 'daemon_directory = /usr/lib/postfix/sbin'
		echo 'queue_directory = /var/spool/postfix'
		echo 'data_directory = /var/lib/postfix'
		echo 'setgid_group = postdrop'
		for line; do echo "$line"; done
	} >>"$r/etc/postfix/main.cf"
	# Nothing of Debian's chroots: their files are not there.
	sed -i -E '/^[a-z]/ s/^([a-z0-9_-]+ +[a-z]+ +[yn-] +[yn-] +)[yn-]/\1n/' \
	    "$r/etc/postfix/master.cf"
	grep -q '^postlog' "$r/etc/postfix/master.cf" ||
	    echo 'postlog unix-dgram n - n - 1 postlogd' \
	    >>"$r/etc/postfix/master.cf"
	mkdir -p "$r/var/lib/postfix"
	on "$pf" chown postfix /var/lib/postfix
	on "$pf" postfix set-permissions >/dev/null 2>&1
	on "$pf" postfix start >"$lab/postfix.out" 2>&1
	wait_for 20 on "$pf" python3 -c \
	    'import socket; socket.create_connection(("127.0.0.1", 25), 2)' ||
	    bail "postfix does not start: $(tail -n 5 "$lab/postfix.out" \
	    "$r/var/log/postfix.log")"
}

# exim HOST IP [EDIT...]: a host on which Exim runs, for HOST.test, with the
# user's mailbox in /var/mail; a queue run every minute.  Edits are for sed, of
# the configuration; exim_runs is another time between queue runs.
exim() {
	ex=$1
	host "$1" "$2" "$peers/exim"
	shift 2
	r=$(root_of "$ex")
	on "$ex" sh -c 'id Debian-exim || useradd -r -U -d /var/spool/exim4 \
		Debian-exim' >/dev/null 2>&1
	mkdir -p "$r/etc/exim4"
	cat >"$r/etc/exim4/exim4.conf" <<EOF
primary_hostname = $ex.test
domainlist local_domains = $ex.test : localhost
hostlist relay_hosts = 127.0.0.1 : 10.53.0.0/24
daemon_smtp_ports = 25
acl_smtp_rcpt = rcpt
log_file_path = /var/log/exim-%slog
exim_user = Debian-exim
exim_group = Debian-exim
never_users = root
disable_ipv6 = true
tls_advertise_hosts =
keep_environment =
begin acl
rcpt:
  accept domains = +local_domains
         verify = recipient
  accept hosts = +relay_hosts
  deny message = relay not permitted
begin routers
remote:
  driver = dnslookup
  domains = ! +local_domains
  transport = out
  ignore_target_hosts = 127.0.0.0/8
  no_more
user:
  driver = accept
  check_local_user
  transport = mbox
begin transports
out:
  driver = smtp
  hosts_try_fastopen =
mbox:
  driver = appendfile
  file = /var/mail/\$local_part_data
  group = mail
  mode = 0660
begin retry
* * F,2h,1m; G,16h,1h,1.5; F,4d,6h
EOF
	for edit; do
		sed -i "$edit" "$r/etc/exim4/exim4.conf"
	done
	on "$ex" sh -c 'mkdir -p /var/spool/exim4
		chown Debian-exim:Debian-exim /var/spool/exim4
		touch /var/log/exim-mainlog; chown Debian-exim /var/log/exim-*
		chmod 1777 /var/log'
	exim_start "$ex"
	wait_for 20 on "$ex" python3 -c \
	    'import socket; socket.create_connection(("127.0.0.1", 25), 2)' ||
	    bail "exim does not start: $(cat "$lab/exim.out" \
	    "$r"/var/log/exim-*)"
}

# Exim stays in the foreground where its parent is process 1.
exim_start() { # HOST
	on "$1" sh -c "/usr/sbin/exim4 -bd -q${exim_runs:-1m} -oP /run/exim.pid; :" \
	    >"$lab/exim.out" 2>&1
}

exim_stop() { # HOST
	kill "$(cat "$(root_of "$1")/run/exim.pid")"
}

# Somebody takes connections there.
listens() { # HOST ADDRESS PORT
	on "$1" python3 -c \
	    "import socket; socket.create_connection(('$2', $3), 2)" 2>/dev/null
}
