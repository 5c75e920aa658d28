#!/bin/sh
# What the parameters of sender authentication change that other tests leave as
# they are.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "sender authentication: every parameter does what main.conf(5) says"
host a 10.53.0.2 # judges, signs, forwards
host b 10.53.0.3 # where mail comes from and goes to
mail_user a alice
mail_user b bob
for k in a x; do
	openssl genrsa -out "$lab/$k.key" 2048 2>/dev/null
	openssl rsa -in "$lab/$k.key" -pubout -outform DER 2>/dev/null |
	    base64 -w 0 >"$lab/$k.pub"
done
txt() { # KEY: its record, in strings that are short enough
	sed 's/.\{200\}/&" "/g; s/.*/( "v=DKIM1; p=&" )/' "$lab/$1.pub"
}
{
	echo '@ TXT "v=spf1 ip4:10.53.0.3 -all"'
	echo "k._domainkey TXT $(txt x)"
	echo 'quar TXT "v=spf1 -all"'
	echo '_dmarc.quar TXT "v=DMARC1; p=quarantine"'
} | zone x.example
record "k._domainkey.a TXT $(txt a)"
echo "k._domainkey.a.test v=DKIM1; p=$(cat "$lab/a.pub")" >"$lab/keys"
dns_start
posthouse_setup a b
d=$(root_of a)/etc/posthouse
mkdir -p "$d/dkim"
install -m 600 "$lab/a.key" "$d/dkim/a.pem"
install -m 600 "$lab/x.key" "$d/dkim/x.pem"
echo 'on: bob@b.test' >>"$d/aliases"
conf a 'smtp_connection_cache_time_limit = 0s' 'srs_domain = a.test' \
    'dkim_signing_table = inline:{a.test=k:a.pem, x.example=k:x.pem}' \
    'authserv_id = mail.example' 'dkim_canonicalization = simple/simple' \
    'dkim_sign_headers = Subject, X-Own' 'dkim_oversign_headers = From, X-None'
conf a 'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_security_options = noanonymous'
on a posthouse setup >/dev/null
echo 'correct horse' | on a posthouse passwd alice --stdin >/dev/null
on a newaliases
start a
start b

send() { # SENDER RCPT SUBJECT [FIELD...]
	sender=$1 rcpt=$2 subject=$3
	shift 3
	printf '%s\n' 'EHLO b.test' "MAIL FROM:<$sender>" "RCPT TO:<$rcpt>" DATA \
	    "From: x@x.example" "Subject: $subject" "$@" '' body . QUIT |
	    smtp b 10.53.0.2 >"$lab/said"
}
arrives() { # HOST USER SUBJECT
	ok "$3: arrives" wait_for 20 mailbox_has "$1" "$2" "^Subject: $3\$"
}
# The header of the message, one field a line.
header() { # HOST USER SUBJECT
	mailbox_of "$1" "$2" | awk -v want="Subject: $3" '
		function out() { if (mine) printf "%s\n", text }
		/^From / { out(); text = ""; mine = 0; head = 1; next }
		/^$/ { head = 0 }
		!head { next }
		$0 == want { mine = 1 }
		/^[ \t]/ { sub(/^[ \t]+/, " "); text = text $0; next }
		{ text = text (text != "" ? "\n" : "") $0 }
		END { out() }'
}
reload() { # SETTING...
	conf a "$@"
	ok "reload: $*" on a posthouse reload
}

echo "# authserv_id"
send x@x.example alice@a.test named \
    'Authentication-Results: mail.example; forged=1' \
    'Authentication-Results: a.test; theirs=1'
arrives a alice named
like "the name is ours" "$(header a alice named)" \
    '^Authentication-Results: mail\.example; spf=pass '
ok "nobody else may use it" not mailbox_has a alice 'forged=1'
ok "and another one is not ours" mailbox_has a alice 'theirs=1'

echo "# dkim_canonicalization, dkim_sign_headers, dkim_oversign_headers"
printf 'From: alice@a.test\nSubject: ours\nX-Own:  a  b\nX-Other: c\n\nHi.\n' |
    as a alice sendmail -i alice@a.test
arrives a alice ours
like "in these forms, of these fields" \
    "$(header a alice ours | grep '^DKIM-Signature' | tr -d ' ')" \
    'c=simple/simple;.*h=subject:x-own:from:from:x-none;'
mailbox_of a alice | awk '
	/^From / { on = 0; text = "" }
	/^DKIM-Signature/ { on = 1 }
	on { text = text $0 "\n" }
	/^Subject: ours$/ { mine = 1 }
	/^$/ && mine && !done { done = 1; keep = 1 }
	END { printf "%s", text }' >"$lab/ours"
is "python3-dkim takes it" "$(/usr/bin/python3 "$top/t/arc.py" verify "$lab/keys" \
    <"$lab/ours")" pass
is "a blank that changes is seen" "$(sed 's/^X-Own:  a  b/X-Own: a b/' "$lab/ours" |
    /usr/bin/python3 "$top/t/arc.py" verify "$lab/keys")" fail

echo "# who is signed for"
like "not who only says so" "$(
	printf '%s\n' 'EHLO b.test' 'MAIL FROM:<alice@a.test>' \
	    'RCPT TO:<alice@a.test>' DATA 'From: alice@a.test' \
	    'Subject: a stranger' '' body . QUIT | smtp b 10.53.0.2
)" '^250 2\.0\.0 Ok'
arrives a alice 'a stranger'
is "it has no signature" \
    "$(header a alice 'a stranger' | grep -c '^DKIM-Signature')" 0
printf '%s\n' 'EHLO b.test' \
    "AUTH PLAIN $(printf '\0alice\0correct horse' | base64)" \
    'MAIL FROM:<alice@a.test>' 'RCPT TO:<alice@a.test>' DATA \
    'From: alice@a.test' 'Subject: logged in' '' body . QUIT |
    smtp b 10.53.0.2 >"$lab/said"
ok "with a password" grep -q '^235 ' "$lab/said"
arrives a alice 'logged in'
like "it is signed" "$(header a alice 'logged in')" '^DKIM-Signature: .*d=a\.test;'
is "and not judged" "$(header a alice 'logged in' | grep -c '^Auth')" 0
reload 'mynetworks = 127.0.0.0/8, 10.53.0.3'
send alice@a.test alice@a.test 'from our network'
arrives a alice 'from our network'
like "so is mail from mynetworks, by the domain of From" \
    "$(header a alice 'from our network')" '^DKIM-Signature: .*d=x\.example;'
reload 'mynetworks = 127.0.0.0/8'

echo "# arc_verify, arc_seal, arc_seal_domain"
send x@x.example on@a.test 'sealed once'
arrives b bob 'sealed once'
like "srs_domain seals, where there is no other" "$(header b bob 'sealed once')" \
    '^ARC-Seal: .*d=a\.test;'
like "and says our name" "$(header b bob 'sealed once')" \
    '^ARC-Authentication-Results: i=1; mail\.example; '
reload 'arc_seal_domain = x.example'
send x@x.example on@a.test 'sealed by x'
arrives b bob 'sealed by x'
like "the domain can be chosen" "$(header b bob 'sealed by x')" \
    '^ARC-Seal: .*d=x\.example;'
like "the next host finds it whole" "$(header b bob 'sealed by x')" \
    '^Authentication-Results: b\.test; .*arc=pass '
conf b 'arc_verify = no'
ok "reload b" on b posthouse reload
reload 'arc_seal_domain = nokey.example'
send x@x.example on@a.test 'no key to seal'
arrives b bob 'no key to seal'
is "not sealed without a key" \
    "$(header b bob 'no key to seal' | grep -c '^ARC-')" 0
reload 'arc_seal_domain ='
send x@x.example on@a.test 'not asked'
arrives b bob 'not asked'
is "arc_verify = no: nobody looks" "$(header b bob 'not asked' |
    grep '^Authentication-Results: b\.test' | grep -c '; arc=')" 0
reload 'arc_seal = no'
send x@x.example on@a.test 'not sealed'
arrives b bob 'not sealed'
is "arc_seal = no" "$(header b bob 'not sealed' | grep -c '^ARC-')" 0

echo "# srs_exclude_domains, srs_max_age"
like "a stranger's sender is ours now" "$(header b bob 'not sealed')" \
    '^Return-Path: <SRS0=.*@a\.test>'
reload 'srs_exclude_domains = x.example' 'srs_max_age = 3d'
send x@x.example on@a.test 'excluded'
arrives b bob excluded
like "an excluded one stays" "$(header b bob excluded)" \
    '^Return-Path: <x@x\.example>'
back() { # DAYS: what comes back to an address that is so old
	TEST_ENV="POSTHOUSE_TEST_CLOCK_SHIFT=-$(($1 * 86400))"
	address=$(on a posthouse srs y@y.example)
	TEST_ENV=
	printf '%s\n' 'EHLO b.test' 'MAIL FROM:<>' "RCPT TO:<$address>" QUIT |
	    smtp b 10.53.0.2 | tail -n 2 | head -n 1
}
like "of two days" "$(back 2)" '^250 2\.1\.5'
like "of five days" "$(back 5)" '^550 5\.1\.1 .*rejected: '
reload 'srs_max_age = 6d'
like "of five days, for longer" "$(back 5)" '^250 2\.1\.5'

echo "# dmarc_quarantine_action, and what is not looked at"
reload 'dmarc_policy = enforce' 'dmarc_quarantine_action = mark'
printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@other.example>' \
    'RCPT TO:<alice@a.test>' DATA 'From: y@quar.x.example' \
    'Subject: only marked' '' body . QUIT | smtp b 10.53.0.2 >"$lab/said"
arrives a alice 'only marked'
like "not held" "$(header a alice 'only marked')" \
    'dmarc=fail \(p=quarantine dis=none\) header\.from=quar\.x\.example'
reload 'dmarc_policy = off' 'dkim_verify = no' 'arc_verify = no' \
    'spf_policy = off'
send x@x.example alice@a.test 'not looked at'
arrives a alice 'not looked at'
like "nothing is said" "$(header a alice 'not looked at')" \
    '^Authentication-Results: mail\.example; none$'
lab_done
