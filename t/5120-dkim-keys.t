#!/bin/sh
# Keys of DKIM: made, waiting, published, in use, replaced.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "DKIM keys wait until every name server has them; the doctor looks at them"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
on a posthouse dkim new a.test >"$lab/new"
sed 's/^/# /' "$lab/new"
entry=$(sed -n 's/^a\.test \(.*\.pem\)$/\1/p' "$lab/new")
like "an entry for the table" "$entry" '^[0-9]+r:a\.test\.[0-9]+r\.pem, [0-9]+e:'
is "only root can read a key" "$(on a sh -c \
    'stat -c "%a %U" /etc/posthouse/dkim /etc/posthouse/dkim/*.pem' | sort -u |
    tr '\n' ' ')" "600 root 700 root "
ok "a second time nothing is written over" not on a posthouse dkim new a.test
conf a "dkim_signing_table = inline:{{a.test = $entry}}"
start a
is "show prints the same records" "$(on a posthouse dkim show | grep -v '^;')" \
    "$(sed -n '/ TXT ($/,/ )$/p' "$lab/new")"

letter() { # SUBJECT
	printf 'From: alice@a.test\nTo: alice@a.test\nSubject: %s\n\nHi.\n' "$1" |
	    as a alice sendmail -t -i
	ok "$1 arrives" wait_for 20 mailbox_has a alice "^Subject: $1\$"
}
signed() { # SUBJECT: how many signatures it has
	mailbox_of a alice | awk -v want="Subject: $1" '
		/^From / { n = 0 }
		/^DKIM-Signature:/ { n++ }
		$0 == want { print n; exit }'
}
doctor() { # OPTIONS
	on a posthouse check "$@" >"$lab/doctor" 2>&1
}
finds() { # PATTERN
	grep -Eq -e "$1" "$lab/doctor" || { cat "$lab/doctor"; return 1; }
}
doctor
ok "the doctor warns of keys that wait" \
    finds '^warn  [0-9]+r\._domainkey\.a\.test: this DKIM key waits.*no such record'
is "and fails for nothing" "$(grep -c '^fail' "$lab/doctor")" 0
letter waiting
is "not signed" "$(signed waiting)" 0
on a posthouse dkim check >"$lab/check"
is "check: not published, exit 1" "$?" 1
like "and says so" "$(cat "$lab/check")" '^fail [0-9]+r\._domainkey\.a\.test: waits'

echo "# one of them is published"
records() { # LETTER: of the selectors
	sed -n '/ TXT ($/,/ )$/p' "$lab/new" |
	    awk -v l="$1" '/TXT/ { on = $1 ~ ("[0-9]" l "\\.") } on'
}
dns_stop
records r >>"$lab/zone"
dns_start
on a posthouse dkim check >"$lab/check"
is "the other one still fails" "$?" 1
sed 's/^/# /' "$lab/check"
ok "this one is in use" grep -q '^ok .*r\._domainkey\.a\.test: signs from now on' \
    "$lab/check"
ok "seal has heard of it" wait_for 10 log_has a 'the key [0-9]+r signs from now on'
letter one
is "one signature" "$(signed one)" 1
doctor
ok "the doctor sees that it is published" \
    finds '^ok    [0-9]+r\._domainkey\.a\.test: DKIM: its name servers have the key'
ok "and that the other one is not" \
    finds '^warn  [0-9]+e\._domainkey\.a\.test: this DKIM key waits'

echo "# another key is published instead"
dns_stop
records e | sed 's/p=...../p=AAAAA/' >>"$lab/zone"
dns_start
on a posthouse dkim check >"$lab/check"
ok "that is not it" grep -q '^fail .*e\._domainkey\.a\.test: waits' "$lab/check"
ok "and the server is named" grep -q 'ns\.test has another key' "$lab/check"

echo "# a key that its record makes one of another kind"
selector=$(records e | sed -n 's/\._domainkey.*//p')
dns_stop
sed -i "/^$selector\._domainkey/,/)/d" "$lab/zone"
records e | sed 's/k=ed25519; //' >>"$lab/zone"
dns_start
on a posthouse dkim check >"$lab/check"
ok "that is not it either" grep -q '^fail .*e\._domainkey\.a\.test: waits' \
    "$lab/check"

echo "# a provider has it, behind a CNAME"
dns_stop
sed -i "/^$selector\._domainkey/,/)/d" "$lab/zone"
echo "$selector._domainkey.a CNAME $selector.keys.provider." >>"$lab/zone"
dns_start
ip addr add 10.53.0.4/24 dev wire
mkdir "$lab/provider"
{
	printf '%s\n' '$TTL 60' '@ SOA ns root 1 60 60 600 5' '@ NS ns' \
	    'ns A 10.53.0.4'
	records e | sed "s/^.* TXT (/$selector.keys TXT (/"
} >"$lab/provider/zone"
# It has a copy of our zone, so that it can be asked for both.
printf '%s\n' "options { directory \"$lab/provider\"; recursion no;" \
    'listen-on { 10.53.0.4; }; listen-on-v6 { none; };' \
    'pid-file none; session-keyfile none; dnssec-validation no; };' \
    'controls { };' 'zone "provider" { type master; file "zone"; };' \
    "zone \"test\" { type master; file \"$lab/dns/test\"; };" \
    >"$lab/provider/named.conf"
named -f -c "$lab/provider/named.conf" >"$lab/provider/log" 2>&1 &
provider=$!
provider_knows() { # NAME TYPE
	dig +short +time=1 +tries=1 @10.53.0.4 "$@" | grep -q .
}
ok "the provider has the key" wait_for 10 provider_knows \
    "$selector.keys.provider" TXT
ok "and a copy of our zone" wait_for 10 provider_knows ns.test A
conf a 'dns_servers = 10.53.0.4'
on a posthouse dkim check >"$lab/check"
is "both are good" "$?" 0
sed 's/^/# /' "$lab/check"
ok "this one is in use" grep -q '^ok .*e\._domainkey\.a\.test: signs from now on' \
    "$lab/check"
ok "seal has heard of that" wait_for 10 log_has a \
    'the key [0-9]+e signs from now on'
ok "because the provider has it" grep -q 'ns\.provider has it' "$lab/check"
kill "$provider"
wait "$provider" 2>/dev/null
conf a 'dns_servers = 10.53.0.1'

echo "# nobody answers"
dns_stop
on a posthouse dkim check >"$lab/check"
is "exit 75" "$?" 75
letter still
is "what signs goes on" "$(signed still)" 2

echo "# the doctor"
dns_start
r=$(root_of a)
signer=${entry%%,*} # SELECTOR:FILE
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 \
    -out "$r/etc/posthouse/dkim/weak.pem" 2>/dev/null
conf a 'mydestination = a.test, sub.a.test, other.example' \
    "dkim_signing_table = inline:{{a.test = $signer, w:weak.pem, n:none.pem}, {.a.test = s:weak.pem}}"
doctor
is "a bad key fails" "$?" 1
ok "what signs and is not published" \
    finds '^fail  w\._domainkey\.a\.test: mail is signed with this DKIM key, and a name server has no such record: '
ok "a key that is not there" \
    finds '^fail  /etc/posthouse/dkim/none\.pem: a DKIM key of a\.test: No such file'
ok "a weak one" finds '^warn  /etc/posthouse/dkim/weak\.pem: this DKIM key has 1024 bits'
ok "a domain without a key" \
    finds '^warn  other\.example: DKIM: mail from it is not signed: posthouse dkim new other\.example$'
ok "none that a parent's entry covers" not grep -q ' sub.a.test: DKIM' "$lab/doctor"
doctor --offline
ok "offline, files alone" finds "^ok    /etc/posthouse/dkim/${signer#*:}: a DKIM key of a.test\$"
ok "no record is looked for" not grep -q _domainkey "$lab/doctor"
conf a 'dkim_signing_table = inline:{{a.test = w}}'
doctor --offline
ok "an entry that is none" finds '^fail  dkim_signing_table: '
conf a 'dkim_signing_table =' 'relayhost = b.test'
doctor
ok "behind a relay host" finds '^ok    a\.test: DKIM: it has no key here: signing is left to relayhost'
lab_done
