#!/bin/sh
# SPF from the DNS to the header, and back to the client.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "SPF: marked, refused, in doubt; hostile records; seal killed"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice
big=$(awk 'BEGIN { for (i = 0; i < 250; i++)
	printf "\"ip4:10.9.%d.0/24 ip4:10.8.%d.0/24 ip4:10.7.%d.0/24 \" ", i, i, i }')
includes=$(awk 'BEGIN { for (i = 0; i < 10; i++) printf "include:b%d.spf ", i }')
{
	echo 'pass TXT "v=spf1 ip4:10.53.0.3 ip6:fd53::3 -all"'
	echo 'fail TXT "v=spf1 ip4:10.9.9.9 -all exp=why.%{d}"'
	echo 'why.fail TXT "%{c} is not one of the hosts of %{d}; see http://x/?s=%{S}"'
	echo 'soft TXT "v=spf1 ~all"'
	echo 'bad TXT "v=spf1 permit ~all"'
	echo 'helo TXT "v=spf1 -all"'
	echo "bomb TXT \"v=spf1 $includes ~all\""
	for i in 0 1 2 3 4 5 6 7 8 9; do
		echo "b$i TXT \"v=spf1 $includes ~all\""
	done
	echo 'loop TXT "v=spf1 include:loop1.spf ~all"'
	echo 'loop1 CNAME loop2'
	echo 'loop2 CNAME loop1'
	echo 'tree TXT "v=spf1 include:inc.spf exists:%{ir}.%{l}.spf mx a:host.spf -all"'
	echo 'inc TXT "v=spf1 ip4:10.9.0.0/16 ptr:other.spf ~all"'
	echo 'tree MX 10 host.spf.'
	echo 'host A 10.53.0.8'
	echo "macro TXT \"v=spf1 exists:%{l1r-}.%{s}.%{s}.%{s}.%{s}.spf -all\""
	echo "big TXT ( \"v=spf1 \" $big \"ip4:10.53.0.3 -all\" )"
} | zone spf
dns_start
posthouse_setup a
# Not what this test is about: its messages have no From.
conf a 'dmarc_policy = off'
start a

send() { # SENDER SUBJECT [HELO]
	printf '%s\n' "EHLO ${3:-b.test}" "MAIL FROM:<$1>" 'RCPT TO:<alice@a.test>' \
	    DATA "Subject: $2" '' body . QUIT | smtp b 10.53.0.2
}
# What the first Authentication-Results of the message says, on one line.
says() { # SUBJECT
	mailbox_of a alice | awk -v want="Subject: $1" '
		/^From / { text = ""; done = 0 }
		/^Authentication-Results:/ && !done { on = 1 }
		on && /^[^\t A]/ { on = 0; done = 1 }
		on { sub(/^[ \t]+/, " "); text = text $0 }
		$0 == want { print text; exit }'
}
ar='Authentication-Results: a.test;'
marked() { # SENDER RESULT-PATTERN
	send "$1" "from $1" >"$lab/said"
	ok "mail from $1 is taken" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
	ok "and arrives" wait_for 10 mailbox_has a alice "^Subject: from $1\$"
	like "marked" "$(says "from $1")" "^$ar $2; dkim=none\$"
}
marked x@pass.spf 'spf=pass smtp.mailfrom=pass.spf'
marked x@fail.spf 'spf=fail smtp.mailfrom=fail.spf'
marked x@soft.spf 'spf=softfail smtp.mailfrom=soft.spf'
marked x@nothing.spf 'spf=none smtp.mailfrom=nothing.spf'
marked x@bad.spf 'spf=permerror smtp.mailfrom=bad.spf'
marked x@unreachable.example 'spf=temperror smtp.mailfrom=unreachable.example'
marked x@any.onion 'spf=none smtp.mailfrom=any.onion'
send '' 'null sender' pass.spf >"$lab/said"
ok "a null sender comes" wait_for 10 mailbox_has a alice '^Subject: null sender$'
is "and stands for the HELO name" "$(says 'null sender')" \
    "$ar spf=pass smtp.helo=pass.spf; dkim=none"

echo "# forged results"
printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@fail.spf>' 'RCPT TO:<alice@a.test>' DATA \
    'Authentication-Results: a.test; forged=1' \
    'authentication-RESULTS: (x) "A.\test" 1' ' ; forged=2' \
    'Authentication-Results:' ' a.test' ' ; forged=3' \
    'Authentication-Results: other.test; theirs=1' \
    'Subject: forged' '' body . QUIT | smtp b 10.53.0.2 >/dev/null
ok "it arrives" wait_for 10 mailbox_has a alice '^Subject: forged$'
ok "without what it claims of us" not mailbox_has a alice 'forged=[123]'
ok "with what it claims of others" mailbox_has a alice 'theirs=1'
is "and ours on top" "$(says forged)" "$ar spf=fail smtp.mailfrom=fail.spf; dkim=none"

echo "# records made to hurt"
marked x@bomb.spf 'spf=permerror smtp.mailfrom=bomb.spf'
marked x@loop.spf 'spf=temperror smtp.mailfrom=loop.spf'
marked a-b-c-d-e@macro.spf 'spf=fail smtp.mailfrom=macro.spf'
marked x@big.spf 'spf=pass smtp.mailfrom=big.spf'

echo "# refused"
conf a 'spf_policy = reject'
ok "reload" on a posthouse reload
send x@fail.spf refused >"$lab/said"
like "a fail is refused in the domain's words" "$(cat "$lab/said")" \
    '^550 5\.7\.23 SPF: 10\.53\.0\.3 may not send mail for fail\.spf; fail\.spf explains: 10\.53\.0\.3 is not one of the hosts of fail\.spf; see http://x/\?s=x%40fail\.spf'
ok "the log has it" log_has a 'reject: MAIL from b.test\[10.53.0.3\]: 550 5.7.23 SPF'
send x@nothing.spf refused helo.spf >"$lab/said"
ok "so is a HELO name that nobody may use" grep -q '^550 5\.7\.23 .*helo\.spf' \
    "$lab/said"
send x@unreachable.example refused >"$lab/said"
ok "doubt is later" grep -q '^451 4\.7\.24 SPF' "$lab/said"
marked x@soft.spf 'spf=softfail smtp.mailfrom=soft.spf'
conf a 'spf_exempt_clients = 10.53.0.3'
ok "reload" on a posthouse reload
send x@fail.spf exempt >"$lab/said"
ok "an exempt client may" wait_for 10 mailbox_has a alice '^Subject: exempt$'
is "nothing is said of it then" "$(says exempt)" "$ar dkim=none"
conf a 'spf_exempt_clients = fail:nobody-knows'
ok "reload" on a posthouse reload
send x@fail.spf doubt >"$lab/said"
ok "a list that cannot be read is doubt" grep -q '^451 4\.7\.24 SPF' "$lab/said"
ok "and said" log_has a 'spf=temperror .*spf_exempt_clients cannot be read'

echo "# held"
conf a 'spf_policy = hold' 'spf_exempt_clients ='
ok "reload" on a posthouse reload
send x@fail.spf 'kept back' >"$lab/said"
id=$(sed -n 's/^250 2.0.0 Ok: queued as //p' "$lab/said" | tr -d '\r')
ok "a fail is taken" test -n "$id"
held() {
	on a mqueue --json | grep '"queue_name": *"hold"' | grep -q "$id"
}
ok "and held" wait_for 10 held
ok "the log says why" log_has a \
    'spf=fail from b.test\[10.53.0.3\]: the message will be held; from=<x@fail.spf>'
ok "until it is released" on a mqueue --release "$id"
ok "it arrives then" wait_for 10 mailbox_has a alice '^Subject: kept back$'
marked x@soft.spf 'spf=softfail smtp.mailfrom=soft.spf'
marked x@unreachable.example 'spf=temperror smtp.mailfrom=unreachable.example'

echo "# posthouse spf"
on a posthouse spf 10.53.0.3 x@fail.spf >"$lab/told"
sed 's/^/# /' "$lab/told"
ok "each term is told" grep -q 'ip4:10.9.9.9.*does not match' "$lab/told"
ok "and the verdict" grep -q '^fail' "$lab/told"
ok "and the explanation" grep -q 'not one of the hosts' "$lab/told"
on a posthouse spf 10.53.0.8 x@tree.spf >"$lab/told"
is "what a term asked for is told, and what there was" \
    "$(sed 's/ of 10 terms.*//' "$lab/told")" \
    'tree.spf
    include:inc.spf: asks
    inc.spf
        ip4:10.9.0.0/16: does not match
        ptr:other.spf: does not match (8.0.53.10.in-addr.arpa: nothing)
        ~all: matches
tree.spf
    include:inc.spf: does not match
    exists:%{ir}.%{l}.spf: does not match (8.0.53.10.x.spf: nothing)
    mx: matches (tree.spf: host.spf; host.spf: 10.53.0.8)
pass (mx of tree.spf); 4'
ok "a pass is exit 0" on a posthouse spf 10.53.0.3 pass.spf

echo "# a master.conf without seal"
conf a 'spf_policy = reject'
on a sed -i 's/^\[verify\]$/&\nenabled = no/' /etc/posthouse/master.conf
ok "reject without it is refused" eval '! on a posthouse reload'
conf a 'spf_exempt_clients =' 'spf_policy = mark'
ok "mark is not" on a posthouse reload
send x@fail.spf alone >"$lab/said"
ok "mail is taken" wait_for 10 mailbox_has a alice '^Subject: alone$'
is "and nothing is said" "$(says alone)" "$ar none"
on a sed -i '/^\[verify\]$/,+1 { /^enabled/d; }' /etc/posthouse/master.conf

echo "# seal is killed while mail comes in"
conf a 'spf_exempt_clients =' 'spf_policy = mark'
ok "reload" on a posthouse reload
(
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		send x@pass.spf "killed $i" | grep -c '^250 2.0.0 Ok'
	done
) >"$lab/killed" &
sender=$!
for _ in 1 2 3 4; do
	sleep 0.4
	crash a seal
done
wait $sender
is "all were taken" "$(grep -c 1 "$lab/killed")" 20
all_here() {
	[ "$(mailbox_of a alice | grep -c '^Subject: killed ')" = 20 ]
}
ok "and are all here" wait_for 20 all_here
ok "the queue is empty" wait_for 5 queue_is_empty a
seal_runs() {
	pgrep -x seal >/dev/null
}
ok "seal runs again" wait_for 20 seal_runs
like "as ph-verify" "$(ps -o user:20= -C seal | sort -u; on a ps -o user= -C seal)" .
lab_done
