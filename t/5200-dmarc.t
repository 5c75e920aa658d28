#!/bin/sh
# DMARC from the DNS to the header, and back to the client.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "DMARC: marked, refused, held, in doubt; hostile headers; seal killed"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice
openssl genrsa -out "$lab/key" 2048 2>/dev/null
public=$(openssl rsa -in "$lab/key" -pubout -outform DER 2>/dev/null |
    base64 -w 0 | sed 's/.\{200\}/&" "/g')
{
	for d in rej:reject quar:quarantine none:none; do
		echo "${d%:*} TXT \"v=spf1 ip4:10.53.0.3 -all\""
		echo "_dmarc.${d%:*} TXT \"v=DMARC1; p=${d#*:}\""
		echo "k._domainkey.${d%:*} TXT ( \"v=DKIM1; p=$public\" )"
	done
	echo 'other TXT "v=spf1 ip4:10.53.0.3 -all"'
	echo '_dmarc.sub TXT "v=DMARC1; p=none; sp=reject"'
	echo '_dmarc.twice TXT "v=DMARC1; p=reject"'
	echo '_dmarc.twice TXT "v=DMARC1; p=none"'
	echo '_dmarc.bad TXT "v=DMARC1; p=refuse"'
	echo '_dmarc.zero TXT "v=DMARC1; p=reject; pct=0"'
} | zone lab
dns_start
posthouse_up a

# A message of SUBJECT with these header fields, signed where KEY is given.
message() { # SUBJECT FIELDS [DOMAIN]
	printf '%b\nSubject: %s\nDate: Sun, 22 Nov 2026 00:00:00 +0000\n' \
	    "$2" "$1" >"$lab/m"
	printf 'Message-ID: <%s@b.test>\nTo: alice@a.test\n\nbody\n' \
	    "$(echo "$1" | tr ' ' .)" >>"$lab/m"
	if [ $# -gt 2 ]; then
		/usr/bin/python3 "$top/t/arc.py" sign "$lab/key" k "$3" <"$lab/m"
	else
		cat "$lab/m"
	fi
}
send() { # SENDER SUBJECT FIELDS [DOMAIN]
	sender=$1
	shift
	{
		printf '%s\n' 'EHLO b.test' "MAIL FROM:<$sender>" \
		    'RCPT TO:<alice@a.test>' DATA
		message "$@"
		printf '%s\n' . QUIT
	} | smtp b 10.53.0.2 >"$lab/said"
}
# What Authentication-Results of the message says, on one line.
says() { # SUBJECT
	mailbox_of a alice | awk -v want="Subject: $1" '
		/^From / { text = ""; done = 0 }
		/^Authentication-Results:/ && !done { on = 1 }
		on && /^[^\t A]/ { on = 0; done = 1 }
		on { sub(/^[ \t]+/, " "); text = text $0 }
		$0 == want { print text; exit }'
}
marked() { # WANT SENDER SUBJECT FIELDS [DOMAIN]
	want=$1
	shift
	send "$@"
	ok "$2: taken" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
	ok "$2: arrives" wait_for 10 mailbox_has a alice "^Subject: $2\$"
	like "$2: marked" "$(says "$2")" "; $want\$"
}

echo "# marked"
marked 'dmarc=pass \(p=reject dis=none\) header.from=rej.lab' \
    x@rej.lab 'by SPF' 'From: x@rej.lab'
marked 'dmarc=pass \(p=reject dis=none\) header.from=rej.lab' \
    x@other.lab 'by DKIM' 'From: x@rej.lab' rej.lab
marked 'dmarc=pass \(p=reject dis=none\) header.from=m.rej.lab' \
    '' 'by DKIM of the parent' 'From: x@m.rej.lab' rej.lab
marked 'dmarc=fail \(p=reject dis=none\) header.from=rej.lab' \
    x@other.lab 'by neither' 'From: x@rej.lab'
ok "the log has it" log_has a \
    ': dmarc=fail \(p=reject dis=none\) header.from=rej.lab, client=\[10.53.0.3\], from=<x@other.lab>'
marked 'dmarc=fail \(p=reject dis=none\) header.from=m.sub.lab' \
    x@other.lab 'a policy for subdomains' 'From: x@m.sub.lab'
marked 'dmarc=none header.from=other.lab' \
    x@other.lab 'no policy' 'From: x@other.lab'
marked 'dmarc=permerror reason="more than one DMARC record" header.from=twice.lab' \
    x@twice.lab 'two records' 'From: x@twice.lab'
marked 'dmarc=permerror reason="no policy that can be read" header.from=bad.lab' \
    x@bad.lab 'a broken record' 'From: x@bad.lab'
marked 'dmarc=temperror reason="[^"]*" header.from=x.unreachable.example' \
    x@other.lab 'no name server' 'From: x@x.unreachable.example'
marked 'dmarc=permerror reason="more than one From"' \
    x@rej.lab 'two From' 'From: x@rej.lab\nFrom: y@rej.lab'
marked 'dmarc=permerror reason="no From"' x@rej.lab 'no From' 'X: y'
marked 'dmarc=fail \(p=reject dis=none\) header.from=rej.lab' \
    x@other.lab 'two domains' 'From: x@other.lab, y@rej.lab'

echo "# enforced"
conf a 'dmarc_policy = enforce' 'spf_policy = off'
ok "reload" on a posthouse reload
marked 'dmarc=pass \(p=reject dis=none\) header.from=rej.lab' \
    x@rej.lab 'by SPF that is off' 'From: x@rej.lab'
conf a 'spf_policy = mark'
ok "reload" on a posthouse reload
send x@other.lab refused 'From: x@rej.lab'
ok "reject is 550" grep -q \
    '^550 5\.7\.26 DMARC: mail from rej\.lab is refused' "$lab/said"
ok "the log has that" log_has a \
    'reject: END-OF-MESSAGE from b.test\[10.53.0.3\]: 550 5.7.26 DMARC'
marked 'dmarc=pass \(p=reject dis=none\) header.from=rej.lab' \
    x@other.lab 'a pass passes' 'From: x@rej.lab' rej.lab
marked 'dmarc=fail \(p=none dis=none\) header.from=none.lab' \
    x@other.lab 'p=none passes' 'From: x@none.lab'
send x@other.lab 'refused too' 'From: x@other.lab, y@rej.lab'
ok "a second domain does not help" grep -q '^550 5\.7\.26' "$lab/said"
send x@rej.lab 'refused too' 'From: x@rej.lab\nFrom: x@rej.lab'
ok "nor does a second field" grep -q \
    '^550 5\.7\.1 DMARC: malformed header: more than one From' "$lab/said"
send x@other.lab 'later' 'From: x@x.unreachable.example'
ok "doubt is later" grep -q '^451 4\.7\.0 DMARC' "$lab/said"
send x@other.lab 'kept back' 'From: x@quar.lab'
ok "quarantine is taken" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
id=$(sed -n 's/^250 2.0.0 Ok: queued as //p' "$lab/said")
held() {
	on a mqueue --json | grep -q '"hold"'
}
ok "and held" wait_for 10 held
ok "not delivered" not mailbox_has a alice '^Subject: kept back$'
ok "until it is released" on a mqueue --release "$id"
ok "it arrives then" wait_for 10 mailbox_has a alice '^Subject: kept back$'
like "marked" "$(says 'kept back')" \
    'dmarc=fail \(p=quarantine dis=quarantine\) header.from=quar.lab$'
send x@other.lab 'spared' 'From: x@zero.lab'
ok "pct=0 makes it the next milder policy" wait_for 10 held
on a mqueue --delete "$(sed -n 's/^250 2.0.0 Ok: queued as //p' "$lab/said")"

echo "# headers made to hurt"
{
	printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@rej.lab>' \
	    'RCPT TO:<alice@a.test>' DATA
	awk 'BEGIN { for (i = 0; i < 5000; i++) print "From: x@d" i ".rej.lab" }'
	printf '%s\n' '' body . QUIT
} | smtp b 10.53.0.2 >"$lab/said"
ok "5,000 From fields are refused" grep -q '^550 5\.7\.1 DMARC' "$lab/said"
{
	printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@rej.lab>' \
	    'RCPT TO:<alice@a.test>' DATA
	awk 'BEGIN { printf "From: "
		for (i = 0; i < 3000; i++) printf "x@d%d.rej.lab,\n ", i
		print "x@rej.lab" }'
	printf '%s\n' '' body . QUIT
} | smtp b 10.53.0.2 >"$lab/said"
ok "3,000 From domains too" grep -q '^550 5\.7\.1 DMARC' "$lab/said"
{
	printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@rej.lab>' \
	    'RCPT TO:<alice@a.test>' DATA 'From: x@rej.lab'
	awk 'BEGIN { for (i = 0; i < 70000; i++)
		print "X-" i ": 0123456789012345678901234567890123456789012345678901234567890123" }'
	printf '%s\n' '' body . QUIT
} | smtp b 10.53.0.2 >"$lab/said"
ok "so is a header of 5 MB" grep -Eq '^55[0-9] ' "$lab/said"
is "nothing of it has ended seal" "$(log_count a 'died|signal')" 0

echo "# seal is killed while mail comes in"
(
	for i in 1 2 3 4 5 6 7 8 9 10; do
		send x@rej.lab "killed $i" 'From: x@rej.lab'
		grep -E '^(250 2.0.0 Ok: queued|4|5)' "$lab/said"
	done
) >"$lab/killed" &
sender=$!
for _ in 1 2 3; do
	sleep 0.4
	crash a seal 2>/dev/null # it may be dead still
done
wait $sender
ok "nothing is refused for good" not grep -q '^5' "$lab/killed"
taken=$(grep -c '^250' "$lab/killed")
all_here() {
	[ "$(mailbox_of a alice | grep -c '^Subject: killed ')" = "$taken" ]
}
ok "and what was taken is all here" wait_for 20 all_here

echo "# exempt clients, and a master.conf without seal"
conf a 'dmarc_exempt_clients = 10.53.0.3'
ok "reload" on a posthouse reload
marked 'dmarc=fail \(p=reject dis=none client=exempt\) header.from=rej.lab' \
    x@other.lab 'of a forwarder of ours' 'From: x@rej.lab'
conf a 'dmarc_exempt_clients = fail:nobody-knows'
ok "reload" on a posthouse reload
send x@other.lab 'doubt' 'From: x@rej.lab'
ok "a list that cannot be read is doubt" grep -q '^451 4\.7\.0 DMARC' "$lab/said"
ok "and said" log_has a 'dmarc_exempt_clients or arc_trusted_sealers cannot be read'
on a sed -i 's/^\[verify\]$/&\nenabled = no/' /etc/posthouse/master.conf
ok "enforce without seal is refused" not on a posthouse reload
lab_done
