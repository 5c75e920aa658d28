#!/bin/sh
# Forwarded mail: SPF passes at the next host, and its bounce finds the way back.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "SRS: three hosts, there and back; secrets rotated; seal dead"
host a 10.53.0.2
host b 10.53.0.3
host c 10.53.0.4
{
	echo 'a TXT "v=spf1 ip4:10.53.0.2 ip6:fd53::2 -all"'
	echo 'b TXT "v=spf1 ip4:10.53.0.3 ip6:fd53::3 -all"'
} >>"$lab/zone"
dns_start
mail_user a alice
mail_user b bob fred
mail_user c carol
for h in a b c; do
	posthouse_setup $h
	conf $h 'delay_warning_time = 0' 'minimal_backoff_time = 2s' \
	    'mynetworks = 127.0.0.0/8'
done
conf a 'notify_classes =' 'transport_maps = inline:{v.test=smtp:[10.53.0.3]}'
conf b 'srs_domain = b.test' 'notify_classes =' \
    'virtual_alias_domains = v.test' \
    'virtual_alias_maps = inline:{{x@v.test=carol@c.test, bob@b.test}}'
conf c 'spf_policy = reject'
root=$(root_of b)
cat >>"$root/etc/posthouse/aliases" <<'ALIASES'
on: carol@c.test
lost: nosuchuser@c.test
both: carol@c.test, bob
ALIASES
on b newaliases
echo 'carol@c.test' >"$root/home/fred/.forward"
on b chown fred: /home/fred/.forward
ok "setup makes the secret" eval 'on b posthouse setup | grep -q "secret of SRS"'
is "for root alone" "$(on b stat -c '%a %U' /etc/posthouse/srs.secrets)" '600 root'
ok "and has nothing to do then" on b posthouse setup --check
start a
start b
start c

mail_to() { # RECIPIENT SUBJECT
	on a sh -c 'printf "Subject: %s\n\nbody\n" "$2" |
	    sendmail -i -f "${3-alice@a.test}" "$1"' sh "$@"
}
srs='SRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=a\.test=alice@b\.test'
for w in on fred both; do
	mail_to $w@b.test "by $w"
	ok "$w: arrives at the third host" wait_for 15 \
	    mailbox_has c carol "^Subject: by $w\$"
done
mail_to x@v.test 'by x'
ok "a virtual alias: too" wait_for 15 mailbox_has c carol '^Subject: by x$'
like "with a sender of the forwarder's" "$(mailbox_of c carol)" \
    "^Return-Path: <$srs>\$"
is "in all of them" "$(mailbox_of c carol | grep -c '^Return-Path: <SRS0=')" 4
like "SPF passes" "$(mailbox_of c carol)" 'spf=pass smtp.mailfrom=b.test'
ok "what is not forwarded keeps its sender" wait_for 10 \
    mailbox_has b bob '^Return-Path: <alice@a.test>'
ok "the log has it" log_has b 'forwarded with sender <SRS0='

echo "# and back"
mail_to lost@b.test lost
ok "the third host refuses: our own bounce goes straight back" wait_for 15 \
    mailbox_has a alice '^Final-Recipient: rfc822; *nosuchuser@c.test'
ok "not through the address" log_lacks b 'orig_to=<SRS0'
back=$(mailbox_of c carol | sed -nE "s/^Return-Path: <($srs)>\$/\1/p" | head -n 1)
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<>' "RCPT TO:<$back>" DATA \
    'Subject: returned' '' body . QUIT | smtp c 10.53.0.3 >"$lab/said"
ok "a bounce from there comes back" wait_for 15 \
    mailbox_has a alice '^Subject: returned$'
ok "the log says how" log_has b "to=<alice@a.test>, orig_to=<SRS0=.*status=sent"
bad=$(echo "$back" | sed 's/=alice@/=bob@/')
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<>' "RCPT TO:<$bad>" \
    'RCPT TO:<SRS0=x@b.test>' 'RCPT TO:<alice@a.test>' \
    "RCPT TO:<$(echo "$back" | tr A-Z a-z)>" QUIT |
    smtp c 10.53.0.3 >"$lab/said"
ok "another hash is refused" grep -q \
    '^550 5\.1\.1 <SRS0=.*=bob@b.test>: Recipient address rejected: Bad hash' \
    "$lab/said"
ok "so is what is none" grep -q '^550 5\.1\.1 <SRS0=x@b.test>' "$lab/said"
ok "and relaying" grep -q '^554 5\.7\.1 <alice@a.test>: Relay' "$lab/said"
ok "a host between may change its case" grep -q '^250 2\.1\.5' "$lab/said"

echo "# hands"
is "posthouse srs reads it" "$(on b posthouse srs "$back")" alice@a.test
like "and writes one" "$(on b posthouse srs alice@a.test)" "^$srs\$"
ok "posthouse route shows it" eval \
    'on b posthouse route on@b.test | grep -q "forwarded: the sender becomes"'
on b posthouse srs rotate >/dev/null
ok "the new secret is taken up" wait_for 10 log_has b 'srs.secrets: 2 secrets'
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<>' "RCPT TO:<$back>" QUIT |
    smtp c 10.53.0.3 >"$lab/said"
ok "the old one still verifies" grep -q '^250 2\.1\.5' "$lab/said"
like "and does not sign" "$(on b posthouse srs alice@a.test)" "^SRS0="
ok "it is another address" test "$(on b posthouse srs alice@a.test)" != "$back"

echo "# null senders, and our own"
mail_to on@b.test null ''
ok "a null sender" wait_for 15 mailbox_has c carol '^Subject: null$'
ok "stays" mailbox_has c carol '^Return-Path: <>'
on b sh -c 'printf "Subject: own\n\nbody\n" | sendmail -i -f bob@b.test on'
ok "a sender of ours" wait_for 15 mailbox_has c carol '^Subject: own$'
ok "stays" mailbox_has c carol '^Return-Path: <bob@b.test>'

echo "# seal is killed"
on b sed -i 's/^\[sign\]$/&\nenabled = no/' /etc/posthouse/master.conf
ok "reload without it" on b posthouse reload
printf '%s\n' 'EHLO c.test' 'MAIL FROM:<>' "RCPT TO:<$back>" QUIT |
    smtp c 10.53.0.3 >"$lab/said"
ok "the way back is closed for now" grep -q '^451 4\.3\.0' "$lab/said"
mail_to on@b.test 'in doubt'
ok "forwarded mail waits" wait_for 45 log_has b 'to=<carol@c.test>.*dsn=4.3.0, status=deferred'
on b sed -i '/^\[sign\]$/,+1 { /^enabled/d; }' /etc/posthouse/master.conf
ok "reload with it" on b posthouse reload
on b mqueue -f
ok "and goes" wait_for 20 mailbox_has c carol '^Subject: in doubt$'
lab_done
