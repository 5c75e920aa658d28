#!/bin/sh
# Mail by way of a host that wants to know who we are: Posthouse, Postfix with
# Dovecot, Exim; right and wrong passwords, and none.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/peers.sh"
lab "smtp_sasl_password_maps: relay hosts with AUTH"
host a 10.53.0.2
host r 10.53.0.3
host b 10.53.0.4
exim e 10.53.0.12 \
    's/^tls_advertise_hosts.*/tls_advertise_hosts =/' \
    's/^hostlist relay_hosts.*/hostlist relay_hosts = 127.0.0.1/' \
    's/^  accept hosts = +relay_hosts/  accept authenticated = */' \
    '$a begin authenticators\nplain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n  server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{secret}}}}\n  server_set_id = $auth2'
postfix p 10.53.0.11 'mynetworks = 127.0.0.0/8' 'smtpd_sasl_auth_enable = yes' \
    'smtpd_sasl_local_domain = p.test' 'smtpd_tls_security_level = none' \
    'smtpd_relay_restrictions = permit_sasl_authenticated, reject' \
    'smtpd_sasl_security_options = noanonymous'
mail_user b bob
mail_user e eve
mail_user p paul
dns_start
posthouse_setup a r b
conf r 'smtpd_sasl_auth_enable = yes' 'mynetworks = 127.0.0.0/8'
rr=$(root_of r)
cat >>"$rr/etc/posthouse/master.conf" <<EOF

[by-starttls]
program = smtpd
listen  = inet:587
smtpd_tls_security_level = encrypt

[plain-alone]
program = smtpd
listen  = inet:2525
smtpd_tls_security_level = none
smtpd_sasl_security_options = noanonymous
EOF
python3 "$top/t/passfile.py" alice secret >"$rr/etc/posthouse/passwd"
start r
start b
root=$(root_of a)
conf a 'smtp_sasl_auth_enable = yes' 'inet_protocols = ipv4' \
    'smtp_sasl_password_maps = texthash:/etc/posthouse/relays'

# relay HOST LINE [NAME=VALUE...]: mail goes by this host, with this password.
relay() {
	echo "$2" >"$root/etc/posthouse/relays"
	chmod 600 "$root/etc/posthouse/relays"
	stop a >/dev/null 2>&1
	find "$root/var/spool/posthouse" -type f -delete
	: >"$root/var/log/posthouse.log"
	conf a "relayhost = $1"
	shift 2
	conf a "$@"
	start a
}
letter() { # SUBJECT [TO]
	(echo "Subject: $1"; echo; echo hello) |
	    on a sendmail -f alice@a.test "${2:-bob@b.test}"
}
got() { # SUBJECT [HOST USER]
	wait_for 15 mailbox_has "${2:-b}" "${3:-bob}" "^Subject: $1\$"
}
r_log() { # MECHANISM
	log_has r "client=[^,]*\[10.53.0.2\], sasl_method=$1, sasl_username=alice"
}
deferred() { # PATTERN
	wait_for 15 log_has a "status=deferred \(.*$1"
}

# ---- Posthouse ----
relay '[r.test]:587' '[r.test]:587 alice:secret'
letter scram-plus
ok "the strongest mechanism, bound to the channel" got scram-plus
ok "it is SCRAM-SHA-256-PLUS" r_log SCRAM-SHA-256-PLUS
relay '[r.test]:587' 'r.test alice:secret' \
    'smtp_sasl_mechanism_filter = !scram-sha-256-plus, static:rest'
letter scram
ok "the host's name is a key too, and a mechanism may be left out" got scram
ok "it is SCRAM-SHA-256" r_log SCRAM-SHA-256
for mech in PLAIN LOGIN; do
	relay '[r.test]:587' '[r.test]:587 alice:secret' \
	    "smtp_sasl_mechanism_filter = $mech" \
	    'smtp_sasl_tls_security_options = noanonymous'
	letter "with-$mech"
	ok "$mech, where it is allowed under TLS" got "with-$mech"
	ok "it is $mech" r_log "$mech"
done
relay '[r.test]:587' '[r.test]:587 alice:secret' \
    'smtp_sasl_tls_security_options = noplaintext, noanonymous'
letter no-mechanism
ok "not where it is not" deferred \
    'r.test\[10.53.0.3\] offered no compatible authentication mechanisms'
relay '[r.test]:587' '[r.test]:587 alice:wrong' 'smtp_sasl_mechanism_filter ='
letter wrong-password
ok "a wrong password: it waits" deferred \
    'SASL authentication failed; server r.test\[10.53.0.3\] said: 535 5.7.8'
like "with the status of a deferral" "$(log_settled a)" 'dsn=4.7.8, status=deferred'
relay '[r.test]:587' '[r.test]:587 alice:wrong' \
    'smtp_sasl_auth_soft_bounce = no'
letter returned
ok "or is returned, if that is wanted" wait_for 15 log_has a \
    'dsn=5.7.8, status=bounced \(SASL authentication failed'
relay '[r.test]:2525' '[r.test]:2525 alice:secret' \
    'smtp_sasl_auth_soft_bounce = yes' 'smtp_sasl_mechanism_filter = PLAIN, LOGIN'
letter in-clear
ok "no password in clear text" deferred \
    'offered no compatible authentication mechanisms for this type'
relay '[r.test]:2525' '[r.test]:2525 alice:secret' \
    'smtp_sasl_security_options = noanonymous'
letter in-clear-allowed
ok "unless that is allowed" got in-clear-allowed
relay '[b.test]' '[b.test] alice:secret' 'smtp_sasl_mechanism_filter ='
letter no-auth
ok "a password and no AUTH: it waits" deferred \
    'server b.test\[10.53.0.4\] offered no compatible authentication'
relay '[b.test]' '[r.test]:587 alice:secret'
letter strangers
ok "no password, no AUTH: strangers" got strangers
relay '[r.test]:587' 'alice@a.test alice:secret' \
    'smtp_sender_dependent_authentication = yes'
letter by-sender
ok "the password of the sender" got by-sender
conf a 'smtp_sender_dependent_authentication = no'

# ---- Postfix with Cyrus SASL ----
mkdir -p "$(root_of p)/etc/postfix/sasl"
printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' \
    'mech_list: SCRAM-SHA-256 PLAIN LOGIN' \
    >"$(root_of p)/etc/postfix/sasl/smtpd.conf"
on p sh -c 'printf secret | saslpasswd2 -p -c -u p.test alice
	chown postfix /etc/sasldb2; postfix reload' >"$lab/saslpasswd" 2>&1
for mech in SCRAM-SHA-256 PLAIN LOGIN; do
	relay '[p.test]' '[p.test] alice@p.test:secret' \
	    'smtp_sasl_security_options = noanonymous' \
	    "smtp_sasl_mechanism_filter = $mech"
	letter "to-postfix-$mech" paul@p.test
	ok "Postfix with $mech" got "to-postfix-$mech" p paul
	ok "it knows who" wait_for 5 grep -q \
	    "sasl_method=$mech, sasl_username=alice@p.test" \
	    "$(root_of p)/var/log/postfix.log"
done
relay '[p.test]' '[p.test] alice@p.test:wrong'
letter postfix-wrong paul@p.test
ok "Postfix refuses a wrong one: it waits" deferred 'said: 535 5.7.8'

# ---- Exim ----
relay '[e.test]' '[e.test] alice:secret' \
    'smtp_sasl_security_options = noanonymous' 'smtp_sasl_mechanism_filter ='
letter to-exim eve@e.test
ok "Exim's plaintext authenticator" got to-exim e eve
ok "it knows who" wait_for 5 grep -q 'A=plain:alice' \
    "$(root_of e)/var/log/exim-mainlog"
relay '[e.test]' '[e.test] alice:wrong'
letter exim-wrong eve@e.test
ok "Exim refuses a wrong one: it waits" deferred 'said: 535 '
ok "no password stands in any log" log_lacks a 'secret|c2VjcmV0'
lab_done
