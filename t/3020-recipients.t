#!/bin/sh
# A backup knows which recipients its primary has: it asks, and remembers.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/peers.sh"
lab "a backup refuses what its primary would refuse"
host a 10.53.0.2          # the primary of a.test
host b 10.53.0.3          # the backup of all
host c 10.53.0.4          # a stranger
host g 10.53.0.5          # a primary that greylists; its server is a script
postfix p 10.53.0.11      # the primary of p.test
mail_user a alice bob
mail_user p paul
for d in a p g; do
	record "$d	MX	20 b"
done
dns_start
posthouse_setup a b
conf b 'backup_mx_domains = a.test, p.test, g.test'
start a
start b

# rcpt ADDRESS...: what the backup says of each, as a stranger hears it.
rcpt() {
	{
		echo 'EHLO c.test'
		echo 'MAIL FROM:<x@c.test>'
		for r in "$@"; do
			echo "RCPT TO:<$r>"
		done
		echo QUIT
	} | smtp c 10.53.0.3 | sed -n '/^250 2.1.0/,/^221/p' | sed '1d;$d'
}

# Recipients in one packet, behind the replies to EHLO.
pipelined='
import socket
s = socket.create_connection(("10.53.0.3", 25), 20)
f = s.makefile("rb")
f.readline()
s.sendall(b"EHLO c.test\r\n")
while f.readline()[3:4] == b"-":
    pass
rcpts = [b"alice", b"no1", b"bob", b"postmaster"]
s.sendall(b"MAIL FROM:<>\r\n" +
          b"".join(b"RCPT TO:<%s@a.test>\r\n" % r for r in rcpts) +
          b"RSET\r\nQUIT\r\n")
for line in f:
    print(line[:3].decode())
'

echo "# the primary is a Posthouse"
like "a recipient that it has is accepted" "$(rcpt alice@a.test)" '^250 2.1.5'
like "one that it has not is refused" "$(rcpt ghost@a.test)" \
    '^550 5\.1\.1 <ghost@a\.test>: Recipient address rejected: undeliverable'
like "with its words" "$(rcpt ghost@a.test)" \
    'host a\.test\[[0-9a-f.:]+\] said: 550 5\.1\.1'
ok "both are logged" log_has b \
    'to=<alice@a\.test>, relay=a\.test\[[0-9a-f.:]+\]:25, delay=[0-9.]+, dsn=2\.1\.5, status=deliverable'
ok "as a delivery is" log_has b \
    'to=<ghost@a\.test>, relay=.*, dsn=5\.1\.1, status=undeliverable'
is "pipelined recipients are answered in their order" \
    "$(on c python3 -c "$pipelined" | tr '\n' ' ')" \
    '250 250 550 250 250 250 221 '
ok "nothing reached the primary but questions" \
    not mailbox_has a alice .
# Each question is a line here, but there one of a connection that may be kept.
before=$(log_count b 'status=(un)?deliverable')
rcpt alice@a.test ghost@a.test bob@a.test >/dev/null
rcpt another@a.test >/dev/null
ok "one that is not known is asked about" \
    log_has b 'to=<another@a\.test>.*status=undeliverable'
is "what is known is not asked again" \
    "$(log_count b 'status=(un)?deliverable')" "$((before + 1))"

echo "# the primary is Postfix"
like "a recipient that it has is accepted" "$(rcpt paul@p.test)" '^250 2.1.5'
like "one that it has not is refused" "$(rcpt ghost@p.test)" \
    '^550 5\.1\.1 <ghost@p\.test>: .*host p\.test\[.*User unknown'

echo "# the primary greylists"
cat >"$(root_of g)/tmp/grey.py" <<'EOF'
import socketserver
class Server(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
    def handle(self):
        self.say("220 g.test ESMTP")
        for line in self.rfile:
            verb = line.strip().upper().split(b" ")[0]
            if verb == b"RCPT":
                self.say("450 4.2.0 Greylisted, come back")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 g.test")
class Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    address_family = 10
Threads(("::", 25), Server).serve_forever()
EOF
on g python3 /tmp/grey.py &
grey=$!
sleep 1
like "nothing is known of its recipients, and mail is accepted" \
    "$(rcpt who@g.test)" '^250 2.1.5'
ok "which the log says" log_has b 'to=<who@g\.test>.*dsn=4\.2\.0, status=unverified'
conf b 'backup_unverified_recipients = defer'
ok "reload" on b posthouse reload
like "or put off, by choice" "$(rcpt who2@g.test)" \
    '^450 4\.1\.1 <who2@g\.test>: Recipient address rejected: unverified address: .*Greylisted'
conf b 'backup_unverified_recipients = accept'
on b posthouse reload
kill "$grey" 2>/dev/null

echo "# the primary goes down"
stop a
like "a known one is accepted" "$(rcpt alice@a.test)" '^250 2.1.5'
like "one that is known not to be there is refused" "$(rcpt ghost@a.test)" \
    '^550 5\.1\.1'
like "one that nobody has asked about is accepted" "$(rcpt new@a.test)" \
    '^250 2.1.5'
stop b
start b
like "after a restart it still knows whom there is" "$(rcpt alice@a.test)" \
    '^250 2.1.5'
like "and whom there is not" "$(rcpt ghost@a.test)" '^550 5\.1\.1'
for pid in $(on b pgrep -x callout); do
	on b kill -9 "$pid"
done
sleep 2
like "after callout was killed too" "$(rcpt ghost@a.test)" '^550 5\.1\.1'
conf b 'backup_unverified_recipients = defer'
on b posthouse reload
like "who was never asked about is put off, by choice" \
    "$(rcpt new2@a.test)" '^450 4\.1\.1 <new2@a\.test>'
conf b 'backup_unverified_recipients = accept' \
    'backup_verify_recipients = no'
on b posthouse reload
like "without backup_verify_recipients all are accepted" \
    "$(rcpt ghost@a.test)" '^250 2.1.5'
conf b 'backup_verify_recipients = yes'
on b posthouse reload

echo "# the primary comes back"
start a
sleep 16 # a destination that did not answer is left alone for 15 seconds
like "it is asked again" "$(rcpt new3@a.test)" '^550 5\.1\.1'

echo "# guessing names"
before=$(log_count b 'status=undeliverable')
for i in 1 2 3 4 5 6 7 8 9; do
	rcpt $(seq -f "guess$i%.0f@a.test" 0 8) >>"$lab/guesses"
done
after=$(log_count b 'status=undeliverable')
ok "few of 81 names were asked of the primary" \
    test $((after - before)) -le 30
ok "but some" test $((after - before)) -ge 10
is "none was accepted" "$(grep -c '^250' "$lab/guesses")" 0
ok "who is not asked about is put off" \
    grep -q '^450 4\.1\.1 .*too many questions' "$lab/guesses"

echo "# lists by hand"
conf b 'relay_recipient_maps = inline:{ {alice@a.test = x} {@p.test = x} }'
on b posthouse reload
like "relay_recipient_maps decide: listed" "$(rcpt alice@a.test)" '^250 2.1.5'
like "not listed" "$(rcpt bob@a.test)" \
    '^550 5\.1\.1 .*User unknown in relay recipient table'
like "a whole domain" "$(rcpt ghost@p.test)" '^250 2.1.5'
conf b 'relay_recipient_maps ='
on b posthouse reload

echo "# lists that are carried over"
on a posthouse recipients export >"$lab/plain" 2>"$lab/err"
ok "the primary lists its recipients" grep -q '^alice@a\.test$' "$lab/plain"
ok "with its aliases" grep -q '^postmaster@a\.test$' "$lab/plain"
ok "all of them" grep -q '^domain a\.test complete$' "$lab/plain"
like "it is one of a domain that is not kept here: refused" \
    "$(on a posthouse recipients import - <"$lab/plain" 2>&1)" \
    'neither backup_mx_domains nor'
like "one that is cut short is refused" \
    "$(sed '$d' "$lab/plain" | on b posthouse recipients import - 2>&1)" \
    'cut short'
stop a
on b posthouse stop
rm -f "$(root_of b)"/var/lib/posthouse/callout/*
start b
ok "the backup takes it" \
    on b sh -c 'cat >/tmp/list; posthouse recipients import /tmp/list' \
    <"$lab/plain"
like "with the primary down and nothing asked, who is listed is accepted" \
    "$(rcpt alice@a.test)" '^250 2.1.5'
like "an alias too" "$(rcpt root@a.test)" '^250 2.1.5'
like "who is not is put off" "$(rcpt stranger@a.test)" '^450 4\.1\.1'
like "recipients list says what is in force" \
    "$(on b posthouse recipients list)" \
    '^a\.test [0-9]+ plain complete open 20..-..-..T'
ok "as the last word, at once" on b posthouse recipients import --final /tmp/list
like "who is not listed is refused" "$(rcpt stranger@a.test)" \
    '^550 5\.1\.1 .*User unknown in the list of its domain'
on a posthouse recipients export --hashed a.test >"$lab/hashed"
ok "a hashed list has no name" not grep -q alice "$lab/hashed"
on a posthouse recipients export --hashed a.test >"$lab/hashed2"
is "the hash of a name is another one in each list" \
    "$(grep -E '^[0-9a-f]{64}$' "$lab/hashed" | grep -cxFf - "$lab/hashed2")" 0
ok "the backup takes it too" \
    on b posthouse recipients import --final - <"$lab/hashed"
like "and knows whom it has" "$(rcpt alice@a.test)" '^250 2.1.5'
like "and whom it has not" "$(rcpt stranger@a.test)" '^550 5\.1\.1'
ok "it can be dropped" on b posthouse recipients drop a.test
like "and then nobody is known" "$(rcpt stranger@a.test)" '^250 2.1.5'
start a
on b posthouse recipients import - <"$lab/hashed" >/dev/null
sleep 16
on a useradd newcomer
like "a name newer than the list is asked for" "$(rcpt newcomer@a.test)" \
    '^250 2.1.5'
like "and refused where the primary has it not" "$(rcpt stranger@a.test)" \
    '^550 5\.1\.1 .*undeliverable'

ok "no program was ended by its filter" \
    log_lacks b 'killed by signal 31|SIGSYS'
lab_done
