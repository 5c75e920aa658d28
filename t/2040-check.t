#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "posthouse check finds what is wrong, and says how to mend it"
host a 10.53.0.2
host b 10.53.0.3
zone own.example <<'EOF'
@ MX 10 a.test.
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
ok "a backup" finds \
    '^ok    second.example: MX 20 a.test, this host, is the backup of b.test \(10\)'
ok "outwards" finds '^ok    outwards: b.test\[.*\]:25 answers'
ok "localhost is not looked for" not finds localhost

is "--offline passes too" "$(check --offline)" 0
ok "without the DNS" not finds 'own.example|resolver|outwards'
is "--json too" "$(check --json)" 0
ok "an object a line" python3 -c '
import json, sys
seen = [json.loads(line) for line in open(sys.argv[1])]
assert all(set(o) == {"finding", "check", "subject", "what", "mend"} for o in seen)
assert {"queue", "mx", "name"} <= {o["check"] for o in seen}
assert {o["finding"] for o in seen} == {"ok"}' "$lab/found"

# ---- what is wrong in the DNS ----

conf a 'mydestination = a.test, localhost, second.example, others.example, null.example, nosuch.test, alias.example' \
    'backup_mx_domains = best.example, own.example, elsewhere.test, second.example'
on a posthouse reload
ok "a reload says so in the log" wait_for 10 log_has a \
    'warning: backup_mx_domains: the DNS lists this host as best for best.example'
ok "what is not listed too" wait_for 10 log_has a \
    'backup_mx_domains: the DNS does not list this host for elsewhere.test'
is "once" "$(log_of a | grep -c 'as best for best.example')" 1
ok "and nothing of a good one" not log_has a 'backup_mx_domains.*second.example'
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
