#!/bin/sh
# Mail that goes on by alias, .forward and mailing list, and what the third host
# makes of it: DKIM kept whole, SRS, ARC sets made and judged, also by and
# against python3-dkim.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "ARC: sealed when forwarded, believed where trusted"
host a 10.53.0.2 # forwards
host b 10.53.0.3 # where mail comes from
host c 10.53.0.4 # the third host, which enforces DMARC
mail_user a fred
mail_user b x
mail_user c u
for k in rej a list; do
	openssl genrsa -out "$lab/$k.key" 2048 2>/dev/null
	openssl rsa -in "$lab/$k.key" -pubout -outform DER 2>/dev/null |
	    base64 -w 0 >"$lab/$k.pub"
done
txt() { # KEY: its record, in strings that are short enough
	sed 's/.\{200\}/&" "/g; s/.*/( "v=DKIM1; p=&" )/' "$lab/$1.pub"
}
{
	echo '@ MX 10 b.test.'
	echo '@ TXT "v=spf1 ip4:10.53.0.3 -all"'
	echo '_dmarc TXT "v=DMARC1; p=reject"'
	echo "k._domainkey TXT $(txt rej)"
} | zone rej.example
{
	echo '@ TXT "v=spf1 ip4:10.53.0.3 -all"'
	echo "k._domainkey TXT $(txt list)"
} | zone list.example
record 'a TXT "v=spf1 ip4:10.53.0.2 ip6:fd53::2 -all"'
record "k._domainkey.a TXT $(txt a)"
# The same for python3-dkim.
{
	echo "k._domainkey.rej.example v=DKIM1; p=$(cat "$lab/rej.pub")"
	echo "k._domainkey.list.example v=DKIM1; p=$(cat "$lab/list.pub")"
	echo "k._domainkey.a.test v=DKIM1; p=$(cat "$lab/a.pub")"
} >"$lab/keys"
dns_start
posthouse_setup a b c
mkdir -p "$(root_of a)/etc/posthouse/dkim"
install -m 600 "$lab/a.key" "$(root_of a)/etc/posthouse/dkim/k.pem"
# A session that is kept would know the old settings of the other host.
conf a 'smtp_connection_cache_time_limit = 0s' 'srs_domain = a.test' \
    'dkim_signing_table = inline:{a.test=k:/etc/posthouse/dkim/k.pem}'
conf b 'mydestination = b.test, rej.example, localhost'
conf c 'dmarc_policy = enforce'
echo 'fwd: u@c.test' >>"$(root_of a)/etc/posthouse/aliases"
echo 'dead: gone@c.test' >>"$(root_of a)/etc/posthouse/aliases"
echo 'gone: "|exit 67"' >>"$(root_of c)/etc/posthouse/aliases"
echo u@c.test >"$(root_of a)/home/fred/.forward"
for h in a b c; do
	on $h posthouse setup >"$lab/setup2.$h" 2>&1 || cat "$lab/setup2.$h"
	on $h newaliases
	start $h
done
on a chown fred /home/fred/.forward

message() { # SUBJECT
	cat <<END
From: X <x@rej.example>
To: all@list.example
Subject: $1
Date: Sun, 22 Nov 2026 00:00:00 +0000
Message-ID: <$(echo "$1" | tr ' ' .)@b.test>

The first line.
The last.
END
}
signed() {
	message "$1" | /usr/bin/python3 "$top/t/arc.py" sign "$lab/rej.key" k rej.example
}
# A mailing list that has judged the message, changes it, and seals it.
listed() { # SUBJECT RESULT
	{
		echo "Authentication-Results: list.example; $2"
		signed "$1" | sed 's/^The last\.$/&\n-- \nThe list/'
	} | /usr/bin/python3 "$top/t/arc.py" seal "$lab/list.key" k list.example \
	    list.example
}
send() { # ADDRESS SENDER RCPT, the message on standard input
	{
		printf '%s\n' 'EHLO b.test' "MAIL FROM:<$2>" "RCPT TO:<$3>" DATA
		cat
		printf '%s\n' . QUIT
	} | smtp b "$1" >"$lab/said"
}
# The one message of SUBJECT in u's mailbox, without the line in front.
got() { # SUBJECT
	mailbox_of c u | awk -v want="Subject: $1" '
		function out() { if (mine) printf "%s", text }
		/^From / { out(); text = ""; mine = 0; next }
		{ text = text $0 "\n" }
		$0 == want { mine = 1 }
		END { out() }'
}
says() { # SUBJECT: what Authentication-Results of c says
	got "$1" | awk '
		/^Authentication-Results: c\.test/ && !done { on = 1 }
		on && /^[^\t A]/ { on = 0; done = 1 }
		on { sub(/^[ \t]+/, " "); text = text $0 }
		END { print text }'
}
arc_of() {
	got "$1" | /usr/bin/python3 "$top/t/arc.py" arc "$lab/keys"
}
arrives() {
	ok "$1: arrives at the third host" wait_for 20 mailbox_has c u \
	    "^Subject: $1\$"
}

echo "# forwarded as it is"
for way in 'fwd by alias' 'fred by .forward'; do
	subject="${way#* }"
	signed "$subject" | send 10.53.0.2 x@rej.example "${way%% *}@a.test"
	arrives "$subject"
	like "with the signature whole" "$(says "$subject")" \
	    'dkim=pass header.d=rej.example'
	like "so DMARC passes" "$(says "$subject")" \
	    'dmarc=pass \(p=reject dis=none\) header.from=rej.example'
	like "as SPF does of the rewritten sender" "$(says "$subject")" \
	    'spf=pass smtp.mailfrom=a.test'
	like "the chain is good" "$(says "$subject")" \
	    'arc=pass smtp.remote-ip=[^ ]* arc.chain=a.test'
	like "for python3-dkim too" "$(arc_of "$subject")" '^pass 1 '
	is "and so is the signature" \
	    "$(got "$subject" | /usr/bin/python3 "$top/t/arc.py" verify "$lab/keys")" pass
done
got 'by alias' | tr '\n\t' '  ' >"$lab/one"
ok "the set says what the forwarder found" grep -q \
    'ARC-Authentication-Results: i=1; a.test; *spf=pass smtp.mailfrom=rej.example; .*dmarc=pass' \
    "$lab/one"

echo "# without a signature only the chain speaks for it"
message 'unsigned' | send 10.53.0.2 x@rej.example fwd@a.test
ok "it is taken by the forwarder" grep -q '^250 2.0.0 Ok' "$lab/said"
ok "and refused by the third host" wait_for 20 log_has a \
    'to=<u@c.test>.*dsn=5.7.26, status=bounced .*DMARC: mail from rej.example'
conf c 'arc_trusted_sealers = a.test, list.example'
ok "reload" on c posthouse reload
message 'vouched for' | send 10.53.0.2 x@rej.example fwd@a.test
arrives 'vouched for'
like "now the forwarder is believed" "$(says 'vouched for')" \
    'dmarc=fail \(p=reject dis=none arc=pass\) header.from=rej.example'

echo "# a mailing list"
listed 'by a list' 'dmarc=pass header.from=rej.example' |
    send 10.53.0.4 owner@list.example u@c.test
arrives 'by a list'
like "its set is good" "$(says 'by a list')" 'arc=pass .*arc.chain=list.example'
like "the signature is not" "$(says 'by a list')" 'dkim=fail'
like "and it is believed" "$(says 'by a list')" 'dis=none arc=pass'
listed 'a list that saw a fail' 'dmarc=fail header.from=rej.example' |
    send 10.53.0.4 owner@list.example u@c.test
ok "a list that saw no pass does not help" grep -q '^550 5\.7\.26' "$lab/said"
listed 'and changed again' 'dmarc=pass header.from=rej.example' |
    sed 's/^The list/Another list/' |
    send 10.53.0.4 owner@list.example u@c.test
ok "nor does a set that is broken" grep -q '^550 5\.7\.26' "$lab/said"
listed 'twice' 'dmarc=pass header.from=rej.example' |
    send 10.53.0.2 owner@list.example fwd@a.test
arrives 'twice'
like "a list, then the forwarder" "$(says twice)" \
    'arc=pass .*arc.chain="a.test:list.example"'
like "for python3-dkim too" "$(arc_of twice)" '^pass 2 '
conf c 'arc_trusted_sealers = list.example'
ok "reload" on c posthouse reload
listed 'thrice' 'dmarc=pass header.from=rej.example' |
    send 10.53.0.2 owner@list.example fwd@a.test
ok "one who is not trusted stands between" wait_for 20 log_has a \
    'to=<u@c.test>.*dsn=5.7.26, status=bounced'

echo "# chains that are broken, and made to hurt"
conf c 'dmarc_policy = mark'
ok "reload" on c posthouse reload
listed 'broken' 'dmarc=pass header.from=rej.example' |
    sed 's/^The list/Another list/' |
    send 10.53.0.2 owner@list.example fwd@a.test
arrives broken
like "a broken chain is sealed as that" "$(got broken)" 'i=2; .*cv=fail'
like "and stays broken" "$(says broken)" \
    'arc=fail reason="the chain was broken before"'
like "for python3-dkim too" "$(arc_of broken)" 'reported failure'
forged() { # SETS
	awk -v n="$1" 'BEGIN { for (i = n; i > 0; i--) {
		printf "ARC-Seal: i=%d; a=rsa-sha256; t=1; cv=%s; d=d%d.list.example;\n", i, (i > 1 ? "pass" : "none"), i
		printf " s=k; b=%s\n", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
		printf "ARC-Message-Signature: i=%d; a=rsa-sha256; c=relaxed/relaxed;\n", i
		printf " d=list.example; s=k; h=from:to; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n b=QUJD\n"
		printf "ARC-Authentication-Results: i=%d; list.example; dmarc=pass header.from=rej.example\n", i
	} }'
}
for n in 50 51 500; do
	{ forged $n; message "forged $n"; } |
	    send 10.53.0.4 owner@list.example u@c.test
	arrives "forged $n"
	like "it is a failure" "$(says "forged $n")" 'arc=fail reason='
done
{
	awk 'BEGIN { for (i = 0; i < 3000; i++) print "ARC-Seal: i=" i % 60 "; cv" }'
	message 'nonsense'
} | send 10.53.0.4 owner@list.example u@c.test
arrives nonsense
is "nothing of it has ended seal" \
    "$(log_count c 'seal.*(died|killed|signal)')" 0

echo "# and back"
signed 'comes back' | send 10.53.0.2 x@rej.example dead@a.test
ok "what fails behind the third host comes back to its sender" wait_for 20 \
    mailbox_has b x '^Subject: Undelivered Mail Returned to Sender'
ok "through SRS" log_has c 'to=<SRS0=[^>]*@a.test>'
lab_done
