#!/bin/sh
# TLS with Postfix and Exim, each as server and as client: levels may, encrypt,
# verify and dane; certificates good, and of an unknown authority; TLSA records
# right, wrong, and forged.  The long form also has expired, self-signed and
# wrong-name certificates, which DANE lets pass where the record names the key.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/peers.sh"
. "${0%/*}/sink.sh"
. "${0%/*}/certs.sh"
. "${0%/*}/dnssec.sh"
lab "TLS with Postfix and Exim, at every level"

kinds='good untrusted'
[ -z "${POSTHOUSE_LONG:-}" ] || kinds='good untrusted expired self wrong'
levels='may encrypt verify dane'

exim_runs=1h # only when it starts
ca ca
ca stranger
addresses= names=
for h in a p e; do
	mx=mx.$h.dane.example
	cert "good.$h" "$mx"
	cert "untrusted.$h" "$mx" 10 stranger
	cert "expired.$h" "$mx" -1
	cert "wrong.$h" elsewhere.example
	self_signed "self.$h" "$mx"
	case $h in a) ip=10.53.0.2 ;; p) ip=10.53.0.11 ;; e) ip=10.53.0.12 ;; esac
	addresses="$addresses
mx.$h A $ip
bogus.$h MX 10 mxb.$h
mxb.$h A $ip
_25._tcp.mxb.$h TLSA $(tlsa "$lab/good.$h.crt" 3 1 1)"
	eval "names_$h=bogus.$h.dane.example"
	for k in good expired wrong self; do
		addresses="$addresses
_25._tcp.mx.$h TLSA $(tlsa "$lab/$k.$h.crt" 3 1 1)"
	done
	for l in $levels; do
		addresses="$addresses
$l.$h MX 10 mx.$h"
		eval "names_$h=\"\${names_$h:-} $l.$h.dane.example\""
	done
done
# shellcheck disable=SC2154 # names_p and the others come from eval
{
	host a 10.53.0.2
	postfix p 10.53.0.11 "mydestination = p.test $names_p" \
	    'smtpd_tls_security_level = may' \
	    'smtpd_tls_chain_files = /etc/peer.pem' \
	    'smtp_tls_policy_maps = texthash:/etc/policy' \
	    'smtp_tls_CAfile = /etc/ca.crt' 'smtp_tls_loglevel = 1' \
	    'smtp_dns_support_level = dnssec' \
	    'maximal_backoff_time = 300s' 'minimal_backoff_time = 300s'
	exim e 10.53.0.12 \
	    "s/^domainlist local_domains = .*/&$(printf ' : %s' $names_e)/" \
	    's/^tls_advertise_hosts =.*/tls_advertise_hosts = *\ntls_certificate = \/etc\/peer.pem\ndns_dnssec_ok = 1/' \
	    's/^  driver = dnslookup/&\n  dnssec_request_domains = */' \
	    's/^  hosts_try_fastopen =.*/&\
  hosts_try_dane = ${if match{$domain}{^(dane|bogus)}{*}{}}\
  hosts_require_tls = ${if match{$domain}{^(encrypt|verify)}{*}{}}\
  tls_verify_certificates = \/etc\/ca.crt\
  tls_verify_hosts = ${if match{$domain}{^verify}{*}{}}\
  tls_try_verify_hosts =\
  tls_verify_cert_hostnames = */'
}
zone dane.example <<EOT
$addresses
EOT
dns_start
dns_sign dane.example
forge dane.example '/^_25._tcp.mxb/,/RRSIG.TLSA/ s/TLSA\([^0-9]*\)3 1 1/TLSA\13 0 1/'
for h in a p e; do
	# shellcheck disable=SC2086 # a list of words
	mail_user $h $kinds
	unbound_start $h
	cp "$lab/ca.crt" "$(root_of $h)/etc/ca.crt"
	printf 'nameserver 127.0.0.1\noptions edns0 trust-ad\n' \
	    >"$(root_of $h)/etc/resolv.conf"
done
for l in $levels; do
	for h in a p e; do
		echo "$l.$h.dane.example $l"
		echo "bogus.$h.dane.example dane"
	done
done | sort -u >"$lab/policy"
cp "$lab/policy" "$(root_of a)/etc/policy"
cp "$lab/policy" "$(root_of p)/etc/policy"
posthouse_setup a
conf a 'smtp_tls_policy_maps = texthash:/etc/policy' \
    'smtp_tls_CAfile = /etc/ca.crt' \
    "mydestination = a.test $names_a" \
    'smtpd_tls_chain_files = /etc/posthouse/tls/lab.pem'

# A server with the certificate of that kind.
show() { # KIND
	for h in a p e; do
		at=/etc/peer.pem
		[ $h != a ] || at=/etc/posthouse/tls/lab.pem
		cp "$lab/$1.$h.pem" "$(root_of $h)$at"
	done
	chmod 600 "$(root_of a)/etc/posthouse/tls/lab.pem"
	on e chown Debian-exim /etc/peer.pem
	stop a >/dev/null 2>&1
	start a
	on p postfix reload >/dev/null 2>&1
	exim_stop e
	sleep 0.5
	rm -f "$(root_of e)"/var/spool/exim4/input/* # or it begins with these
	exim_start e
}
# Exim leaves a host alone for a while that has failed it, whatever is asked of
# it: one mail at a time, and nothing remembered of those before.
exim_sends() { # SUBJECT RECIPIENT
	rm -rf "$(root_of e)/var/spool/exim4/db"
	printf 'Subject: %s\n\nx\n' "$1" |
	    on e /usr/sbin/exim4 -odf -f "e@e.test" "$2"
}
# What is to become of mail at a level to a host with such a certificate.
passes() { # LEVEL KIND
	case $1.$2 in
	may.* | encrypt.* | *.good) true ;;
	verify.* | dane.untrusted) false ;;
	dane.*) true ;;
	esac
}
from_postfix() { # PATTERN
	grep -Eq -e "$1" "$(root_of p)/var/log/postfix.log"
}
from_exim() { # PATTERN
	cat "$(root_of e)"/var/log/exim-mainlog | grep -Eq -e "$1"
}

for k in $kinds; do
	show "$k"
	for l in $levels; do
		to "$k@$l.p.dane.example"
		to "$k@$l.e.dane.example"
		printf 'Subject: p-%s\n\nx\n' "$l" |
		    on p sendmail -f "p@p.test" "$k@$l.a.dane.example"
		exim_sends "e-$l" "$k@$l.a.dane.example"
	done
	for l in $levels; do
		for h in p e; do
			if passes $l "$k"; then
				ok "to $h, $l, $k: sent" \
				    status "$k@$l.$h.dane.example" 'status=sent \(250 [^(]*(\(queued|$|OK|2\.0\.0)'
				ok "from $h, $l, $k: comes under TLS" wait_for 15 \
				    mailbox_has a "$k" "^Subject: $h-$l"
			else
				ok "to $h, $l, $k: waits" \
				    status "$k@$l.$h.dane.example" \
				    'dsn=4.7.5, status=deferred \(Server certificate not'
			fi
		done
		passes $l "$k" || {
			ok "from p, $l, $k: waits" wait_for 15 from_postfix \
			    "to=<$k@$l.a.dane.example>.*status=deferred \(Server certificate not"
			ok "from e, $l, $k: waits" wait_for 15 from_exim \
			    "== $k@$l.a.dane.example .*defer .*TLS session"
		}
	done
done

show good
to good@bogus.p.dane.example
to good@bogus.e.dane.example
echo 'Subject: p-bogus' | on p sendmail -f p@p.test good@bogus.a.dane.example
exim_sends e-bogus good@bogus.a.dane.example
for h in p e; do
	ok "to $h, forged: waits" status "good@bogus.$h.dane.example" \
	    'dsn=4.7.5, status=deferred \(TLSA lookup error for mxb'
done
ok "from p, forged: waits" wait_for 15 from_postfix \
    'to=<good@bogus.a.dane.example>.*status=deferred \(TLSA lookup error'
ok "from e, forged: waits" wait_for 15 from_exim \
    '== good@bogus.a.dane.example .*defer .*DANE'
ok "nothing of it came" not mailbox_has a good 'Subject: .-bogus'
ok "no clear text to them" log_lacks a 'trying again in clear text'
ok "nor from them" not mailbox_has a good 'with ESMTP id'
for h in p e; do
	ok "to $h: untrusted, trusted, verified" log_has a \
	    "Verified TLS connection established to mx.$h.dane.example\["
	ok "to $h: what nobody vouches for" log_has a \
	    "Untrusted TLS connection established to mx.$h.dane.example\["
done
lab_done
