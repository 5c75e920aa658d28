#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "posthouse check finds what is wrong, and says how to mend it"
host a 10.53.0.2
host b 10.53.0.3
zone own.example <<'EOF'
@ MX 10 a.test.
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=none; rua=mailto:postmaster@own.example"
EOF
zone spf.example <<'EOF'
* MX 10 a.test.
other TXT "v=spf1 ip4:10.9.9.9 -all"
open TXT "v=spf1 +all"
bad TXT "v=spf1 permit -all"
far TXT "v=spf1 include:i.spf.example -all"
i TXT "v=spf1 a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test -all"
helo TXT "v=spf1 -all"
_dmarc.other TXT "v=DMARC1; p=quarantine; pct=50; rua=mailto:x@other.spf.example"
_dmarc.open TXT "v=DMARC1; p=none"
_dmarc.open TXT "v=DMARC1; p=reject"
_dmarc.bad TXT "v=DMARC1; p=perhaps"
_dmarc.far TXT "v=DMARC1; p=none; rua=postmaster"
EOF
zone second.example <<'EOF'
@ MX 20 a.test.
@ MX 10 b.test.
EOF
zone best.example <<'EOF'
@ MX 10 a.test.
@ MX 20 b.test.
EOF
zone others.example <<'EOF'
@ MX 10 b.test.
EOF
zone null.example <<'EOF'
@ MX 0 .
EOF
zone alias.example <<'EOF'
@ MX 5 mx
@ MX 10 a.test.
@ MX 30 gone
mx CNAME b.test.
EOF
zone 3.5.d.f.ip6.arpa <<'EOF'
2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR a.test.
EOF
record 'elsewhere A 10.53.0.77'
record 'a TXT "v=spf1 ip4:10.53.0.2 ip6:fd53::2 -all"'
record '_dmarc.a TXT "v=DMARC1; p=reject"'
dns_start
posthouse_setup a
conf a 'mydestination = a.test, localhost, own.example' \
    'backup_mx_domains = second.example' 'relayhost = b.test'
on b python3 -c 'import socket
s = socket.create_server(("::", 25), family=socket.AF_INET6, dualstack_ipv6=True)
while True: s.accept()' &
on a posthouse check >"$lab/before"
is "before the start nothing fails" "$?" 0
like "but it is said" "$(cat "$lab/before")" \
    '^warn  posthouse: it does not run.*: posthouse start$'
start a

check() {
	on a posthouse check "$@" >"$lab/found" 2>&1
	echo $?
}
finds() { # PATTERN
	grep -Eq -e "$1" "$lab/found" || { cat "$lab/found"; return 1; }
}
is "a good host passes" "$(check)" 0
is "every line is a finding" \
    "$(grep -Evc '^(ok  |warn|fail)  .+: .' "$lab/found")" 0
is "nothing is wrong with it" "$(grep -Ev '^ok' "$lab/found")" ""
ok "configuration" finds '^ok    configuration: /etc/posthouse is in order$'
ok "services" finds '^ok    master.conf: '
ok "tables" finds '^ok    tables: '
ok "aliases" finds '^ok    aliases: '
ok "queue" finds '^ok    queue: '
ok "disk" finds '^ok    /var/spool/posthouse: [0-9]+ MiB are free'
ok "port 25" finds '^ok    port 25: it answers on 127.0.0.1'
ok "mynetworks" finds '^ok    mynetworks: '
ok "domains" finds '^ok    domains: '
ok "resolver" finds '^ok    resolver: '
ok "name" finds '^ok    a.test: its address 10.53.0.2 is of this host'
ok "PTR" finds '^ok    10.53.0.2: its name is a.test, which leads back'
ok "PTR of IPv6" finds '^ok    fd53::2: its name is a.test, which leads back'
ok "MX of its own" finds \
    '^ok    own.example: MX 10 a.test, this host, is the best'
ok "SPF" finds '^ok    own.example: SPF: its record is in order'
ok "DMARC" finds '^ok    own.example: DMARC: policy none$'
ok "DKIM" finds '^ok    own.example: DKIM: .* left to relayhost$'
ok "a backup" finds \
    '^ok    second.example: MX 20 a.test, this host, is the backup of b.test \(10\)'
ok "outwards" finds '^ok    outwards: b.test\[.*\]:25 answers'
ok "localhost is not looked for" not finds localhost

is "--offline passes too" "$(check --offline)" 0
ok "without the DNS" not finds 'own.example: (MX|SPF|DMARC)|resolver|outwards'
is "--json too" "$(check --json)" 0
ok "an object a line" python3 -c '
import json, sys
seen = [json.loads(line) for line in open(sys.argv[1])]
assert all(set(o) == {"finding", "check", "subject", "what", "mend"} for o in seen)
assert {"queue", "mx", "name"} <= {o["check"] for o in seen}
assert {o["finding"] for o in seen} == {"ok"}' "$lab/found"

# ---- AUTH and TLS ----

passwd=$(root_of a)/etc/posthouse/passwd
master=$(root_of a)/etc/posthouse/master.conf
cp "$master" "$lab/master"
sed -i '/^enabled = no$/d' "$master"
on a posthouse reload
is "ports without users pass" "$(check --offline)" 0
ok "but that is said" finds '^warn  /etc/posthouse/passwd: there are no users: AUTH is not offered: posthouse passwd USER'
echo word | on a posthouse passwd u --stdin >/dev/null
echo 'v:$' >>"$passwd"
echo 'w' >>"$passwd"
check --offline >/dev/null
ok "users are counted" finds '^ok    /etc/posthouse/passwd: 2 users can log in'
ok "lines that are none are named" finds '^warn  /etc/posthouse/passwd: line 3 is not USER:HASH: that user cannot log in: '
chmod 640 "$passwd"
check --offline >/dev/null
ok "others who read it" finds '^warn  /etc/posthouse/passwd: others than root can read .*: chmod 600'
sed -i '/^\[auth\]$/d; /^\[keys\]$/d; /^\[sts\]$/d' "$master"
is "programs that are not there fail" "$(check --offline)" 1
ok "AUTH without auth" finds '^fail  submission: AUTH is to be offered, but master.conf has no \[auth\]: add the section'
ok "TLS without keys" finds '^fail  smtps: TLS is to be offered, but master.conf has no \[keys\]'
ok "MTA-STS without sts" finds '^fail  smtp-out: policies of MTA-STS are to be obeyed, but .* \[sts\]'
cp "$lab/master" "$master"
conf a 'smtpd_sasl_type = dovecot' 'smtpd_sasl_path = private/auth' \
    'smtpd_sasl_auth_enable = yes' 'smtp_tls_CAfile = /etc/no-such-file' \
    'smtp_tls_policy_maps = inline:{{x.test=secure match=x y=z}, {z.test=may}, {y.test=bogus}}'
is "so do what other hosts are asked" "$(check --offline)" 1
ok "Dovecot that is not there" finds '^warn  /var/spool/posthouse/private/auth: Dovecot.s socket: No such file.*: nobody can log in'
ok "authorities that are not there" finds '^fail  /etc/no-such-file: No such file .*: no host can be verified.*: install ca-certificates'
ok "a policy that is none" finds '^fail  smtp_tls_policy_maps: y.test: a policy begins with .*: correct it'
ok "an attribute that is none" finds '^fail  smtp_tls_policy_maps: x.test: attributes are '
ok "a good one is not told of" not finds 'z.test'
conf a 'smtpd_sasl_auth_enable = no' 'smtp_tls_CAfile =' 'smtp_tls_policy_maps ='
rm "$passwd"

# ---- what is wrong in the DNS ----

conf a 'mydestination = a.test, localhost, second.example, others.example, null.example, nosuch.test, alias.example' \
    'backup_mx_domains = best.example, own.example, elsewhere.test, second.example'
on a posthouse reload
ok "a reload says so in the log" wait_for 10 log_has a \
    'warning: backup_mx_domains: the DNS lists this host as best for best.example'
ok "what is not listed too" wait_for 10 log_has a \
    'backup_mx_domains: the DNS does not list this host for elsewhere.test'
is "once" "$(log_count a 'as best for best.example')" 1
ok "and nothing of a good one" log_lacks a 'backup_mx_domains.*second.example'
is "bad records fail" "$(check)" 1
ok "a backup that is best" finds '^fail  best.example: the DNS lists this host as best \(10\), which is told to back it up: .+'
ok "alone in the list" finds '^fail  own.example: the DNS lists this host as best'
ok "a backup that is not listed" finds '^fail  elsewhere.test: the DNS does not list this host, which is told to back it up'
ok "not the best for its own" finds '^warn  second.example: its best MX is b.test \(10\), this host has 20: .+'
ok "not in the list of its own" finds '^warn  others.example: mail for it goes to b.test, and this host is not in the list: .+'
ok "null MX" finds '^fail  null.example: in mydestination: .*nullMX'
ok "no such domain" finds '^fail  nosuch.test: in mydestination: .*Host not found'
ok "an MX that is an alias" finds '^warn  alias.example: its MX host mx.alias.example is an alias'
ok "an MX without an address" finds '^warn  alias.example: one of its MX hosts is not found: .*gone.alias.example'
ok "a domain in two lists" finds '^warn  second.example: it is in mydestination and in backup_mx_domains'

conf a 'mydestination = localhost' 'backup_mx_domains =' \
    'relay_domains = best.example' 'myhostname = elsewhere.test' \
    'relayhost =' 'smtp_bind_address = 10.53.0.2'
is "a relay to itself fails" "$(check)" 1
ok "and is named" finds '^fail  best.example: this host is its best MX, so mail that it takes for it loops back'
ok "a name of another host" finds '^warn  elsewhere.test: its address 10.53.0.77 is none of this host'
ok "another name than the PTR" finds '^warn  10.53.0.2: its name is a.test, but we say elsewhere.test'
conf a 'myhostname = nosuch.test'
is "a name that does not exist fails" "$(check)" 1
ok "and is said" finds '^fail  nosuch.test: the DNS does not know this name'
conf a 'myhostname = a.test' 'mydestination = a.test' 'relay_domains =' \
    'smtp_bind_address ='

conf a 'mydestination = a.test, other.spf.example, open.spf.example, bad.spf.example, far.spf.example, none.spf.example' \
    'srs_domain = b.test'
is "bad records fail" "$(check)" 1
ok "this host is in its record" finds '^ok    a.test: SPF: this host may send for it, with 0 of 10'
ok "not in that of another" finds '^warn  other.spf.example: its SPF record says fail of mail from this host .10.53.0.2.: add ip4:10.53.0.2'
ok "a record for everybody" finds '^fail  open.spf.example: its SPF record lets everybody send'
ok "a bad record" finds '^fail  bad.spf.example: its SPF record is an error for all who look: .*permit'
ok "too many look-ups" finds '^fail  far.spf.example: its SPF record is an error for all who look'
ok "no record" finds '^warn  none.spf.example: it has no SPF record'
ok "no keys of DKIM" finds '^warn  a.test: DKIM: mail from it is not signed: posthouse dkim new a.test$'
ok "DMARC for a part" finds '^ok    other.spf.example: DMARC: policy quarantine, not for all mail'
ok "two DMARC records" finds '^fail  open.spf.example: it has 2 DMARC records'
ok "a bad DMARC record" finds '^fail  bad.spf.example: its DMARC record is an error'
ok "reports to nobody" finds '^warn  far.spf.example: its DMARC record asks for reports to no address'
ok "no DMARC record" finds '^warn  none.spf.example: it has no DMARC record: publish _dmarc.none.spf.example'
ok "no secrets of SRS" finds '^fail  /etc/posthouse/srs.secrets: the secrets of SRS: No such file.*posthouse setup'
ok "bounces of what is forwarded go elsewhere" finds '^warn  b.test: mail for srs_domain does not come'
conf a 'mydestination = a.test' 'srs_domain =' 'smtp_helo_name = helo.spf.example'
check >/dev/null
ok "a HELO name that this host may not use" finds '^warn  helo.spf.example: its SPF record says fail of this host .10.53.0.2., which says that name .HELO.: .*: publish "v=spf1 a -all"'
conf a 'smtp_helo_name = $myhostname'
check >/dev/null
ok "its own is looked at once" test "$(grep -c '^[a-z]*  *a.test: .*SPF' "$lab/found")" = 1
conf a 'mydestination = a.test' 'srs_domain = a.test'
on a posthouse setup >/dev/null
is "with a secret" "$(check)" 0
ok "SRS is in order" finds '^ok    srs_domain: its secrets are in order'
conf a 'srs_domain ='

# ---- what is wrong here ----

conf a 'mynetworks = 0.0.0.0/0 [::]/0'
is "an open relay fails" "$(check --offline)" 1
ok "and is said" finds '^fail  mynetworks: every stranger is in it'
conf a 'mynetworks = 127.0.0.0/8, 44.0.0.0/10'
is "a wide network" "$(check --offline)" 0
ok "is a warning" finds '^warn  mynetworks: 44.0.0.0/10 is very wide'
conf a 'mynetworks = 127.0.0.0/8' 'relay_domains = static:all'
is "every domain fails" "$(check --offline)" 1
ok "and is said" finds '^fail  relay_domains: it has every domain'
conf a 'relay_domains = example'
is "a top level fails" "$(check --offline)" 1
ok "and is said" finds '^fail  relay_domains: example stands for all domains'
conf a 'relay_domains ='

printf 'root: bob\nring: round\nround: ring\n' \
    >"$(root_of a)/etc/posthouse/aliases"
touch -d '+1 minute' "$(root_of a)/etc/posthouse/aliases"
is "an old table" "$(check --offline)" 0
ok "is a warning" finds \
    '^warn  /etc/posthouse/aliases: it was changed after its table was built \(alias_maps\): newaliases'
on a newaliases
is "an alias loop fails" "$(check --offline)" 1
ok "and is named" finds '^fail  alias ring: alias database loop for '
printf 'root: bob\n' >"$(root_of a)/etc/posthouse/aliases"
on a newaliases

chmod 755 "$(root_of a)/var/spool/posthouse/cur"
is "a folder that all can read fails" "$(check --offline)" 1
ok "and is named" finds '^fail  /var/spool/posthouse/cur: .*posthouse setup'
chmod 700 "$(root_of a)/var/spool/posthouse/cur"
: >"$(root_of a)/var/spool/posthouse/corrupt/X"
is "a damaged file" "$(check --offline)" 0
ok "is a warning" finds '^warn  /var/spool/posthouse/corrupt: 1 damaged files'
rm "$(root_of a)/var/spool/posthouse/corrupt/X"
conf a 'queue_minfree = 900000g'
is "a full disk fails" "$(check --offline)" 1
ok "and is said" finds '^fail  /var/spool/posthouse: .*no mail is accepted'
conf a 'queue_minfree = 0'

echo 'smtpd_timeout = soon' >>"$(root_of a)/etc/posthouse/main.conf"
is "a bad configuration fails" "$(check)" 1
ok "with file and line" finds '^fail  configuration: main.conf:[0-9]+: smtpd_timeout'
sed -i '$d' "$(root_of a)/etc/posthouse/main.conf"
echo 'queue_minfree = 0' >>"$(root_of a)/etc/posthouse/main.conf"
is "a name set twice" "$(check --offline)" 0
ok "is a warning" finds '^warn  configuration: main.conf:[0-9]+: queue_minfree'

# ---- what does not answer ----

conf a 'relayhost = [10.53.0.99]'
began=$(date +%s)
is "no way out fails" "$(check)" 1
ok "and is said" finds '^fail  outwards: no host can be reached'
dns_stop
is "no name server fails" "$(check)" 1
ok "and is said once" test "$(grep -c 'no name server answers' "$lab/found")" -ge 1
ok "in bounded time" test $(($(date +%s) - began)) -le 75
ok "wrong use" test "$(check --nonesuch)" = 64
lab_done
