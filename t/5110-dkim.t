#!/bin/sh
# DKIM in both directions, against python3-dkim, opendkim and Postfix.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/peers.sh"
# 88 have every odd subject with every odd body, 22 every body.
n=88 n_postfix=22 n_utf8=11
[ -z "${POSTHOUSE_LONG:-}" ] || n=200 n_postfix=200 n_utf8=55
lab "DKIM: $n odd messages each way, judged by others; seal killed"
here=$(cd "${0%/*}" && pwd)
peers_py=$lab/dkim_peers.py
py=/usr/bin/python3 # of the packages
cp "$here/dkim_peers.py" "$peers_py"
keys=$lab/keys out=$lab/mail-out in=$lab/mail-in got=$lab/mail-got utf8=$lab/mail-utf8
mkdir "$keys" "$out" "$in" "$got" "$utf8"
chmod 755 "$lab"

# Keys, as any tool makes them.
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 \
    -out "$keys/rsa.pem" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$keys/ed.pem"
openssl pkey -in "$keys/ed.pem" -outform DER | tail -c 32 | base64 >"$keys/ed.b64"
rsa="v=DKIM1; k=rsa; p=$(openssl pkey -in "$keys/rsa.pem" -pubout -outform DER |
    base64 -w 0)"
ed="v=DKIM1; k=ed25519; p=$(openssl pkey -in "$keys/ed.pem" -pubout \
    -outform DER | tail -c 32 | base64 -w 0)"
printf '%s\n' "rsa._domainkey.a.test $rsa" "ed._domainkey.a.test $ed" \
    >"$lab/records"
strings() { # TEXT: as a zone file wants it
	printf '%s' "$1" | sed 's/.\{200\}/&" "/g; s/^/"/; s/$/"/'
}
for d in a p; do
	record "rsa._domainkey.$d TXT ( $(strings "$rsa") )"
	record "ed._domainkey.$d TXT ( $(strings "$ed") )"
done
record 'loop._domainkey.a CNAME loop2._domainkey.a'
record 'loop2._domainkey.a CNAME loop._domainkey.a'
record "huge._domainkey.a TXT ( $(awk 'BEGIN { for (i = 0; i < 240; i++) {
	printf "\""; for (j = 0; j < 25; j++) printf "n=0123456;"; print "\"" } }') )"

host_binds="$keys:/keys $out:/out $in:/in $got:/got $utf8:/utf8"
host a 10.53.0.2
host b 10.53.0.3
postfix p 10.53.0.11 \
    'smtpd_milters = inet:127.0.0.1:8891' 'milter_default_action = tempfail'
mail_user a alice
dns_start
posthouse_setup a
r=$(root_of a)
mkdir -p "$r/etc/posthouse/dkim"
cp "$keys"/*.pem "$r/etc/posthouse/dkim"
chown -R 0:0 "$r/etc/posthouse/dkim"
chmod 600 "$r/etc/posthouse/dkim"/*
conf a 'dkim_signing_table = inline:{{a.test = rsa:rsa.pem, ed:ed.pem}}' \
    'mynetworks = 127.0.0.0/8'
start a
is "two seals, two users" "$(on a ps -o user:20= -C seal | sort | tr -s '\n ' ' ')" \
    "ph-sign ph-verify "

arrived() { [ "$(find "$got" -name '[0-9]*' | wc -l)" -ge "$1" ]; }
sink() { # [EXTENSION]
	on b $py -c "$(cat "$peers_py")" sink 10.53.0.3 /got "$@" \
	    2>>"$lab/sink.err" &
	ok "the next hop listens" wait_for 10 listens b 10.53.0.3 25
}
no_sink() {
	kill "$(cat "$got/.pid")"
	wait $! 2>/dev/null
}
peer() { # HOST ARGUMENTS...: python on that host, with the test's folders
	peer_host=$1
	shift
	on "$peer_host" $py -c "$(cat "$peers_py")" "$@"
}

echo "# out: signed here, judged by others, a next hop without 8BITMIME"
$py "$peers_py" make "$out" $n
sink
ok "$n messages are taken" peer a send /out 127.0.0.1 25 author@a.test bob@b.test
ok "and go out" wait_for 60 arrived $((n + 1))
ok "nothing above 127 goes to a host of 7 bits" \
    not env LC_ALL=C grep -qP '[\x80-\xff]' -r "$got"
judged() { # NUMBER of messages of ours that came out
	$py "$peers_py" verify "$got" "$lab/records" 2 >"$lab/verified"
	is "python3-dkim: every signature is good" "$(tail -n 1 "$lab/verified")" \
	    "good=$1 bad=0"
	is "opendkim: so is it" "$(on a sh -c 'for f in /got/*; do
		! opendkim-testmsg <$f >/dev/null 2>&1 || echo good
	done' | wc -l)" "$1"
}
judged $((n + 1))

echo "# out: headers in UTF-8, as many send them; a next hop with 8BITMIME"
rm -rf "${got:?}"/*
no_sink
sink 8BITMIME
$py "$peers_py" make "$utf8" $n_utf8 utf8
ok "$n_utf8 are taken" peer a send /utf8 127.0.0.1 25 author@a.test bob@b.test
ok "and go out" wait_for 60 arrived $n_utf8
is "as they are" "$(LC_ALL=C grep -lP '^From: \xc3\x84utor' -r "$got" |
    wc -l)" $n_utf8
judged $n_utf8

echo "# out: a line that smtp would break"
rm -rf "${got:?}"/*
awk 'BEGIN {
	print "From: author@a.test\nTo: bob@b.test\nSubject: line\n"
	for (i = 0; i < 1000; i++)
		printf "word%d ", i
	print "" }' | as a alice sendmail bob@b.test
ok "it is taken and goes out" wait_for 20 arrived 1
$py "$peers_py" verify "$got" "$lab/records" 2 >"$lab/verified"
is "python3-dkim: its signatures are good" "$(tail -n 1 "$lab/verified")" \
    "good=1 bad=0"
ok "for it was encoded first" \
    grep -q '^Content-Transfer-Encoding: quoted-printable' -r "$got"

echo "# in: signed by python3-dkim"
$py "$peers_py" sign "$out" "$keys"
passes() { # USER: messages all of whose signatures pass
	mailbox_of a "$1" | awk '
		/^From / { if (on) n += pass && !bad; on = 1; pass = bad = head = 0; top = 1 }
		top && /^Authentication-Results: a.test/ { head = 1 }
		head && /^[^ \tA]/ { head = 0; top = 0 }
		head && /dkim=/ { if (/dkim=pass/) pass++; else bad++ }
		END { print n + (on && pass && !bad) }'
}
$py "$peers_py" sign "$utf8" "$keys"
ok "they are taken" peer b send /out 10.53.0.2 25 author@a.test alice@a.test
ok "so are those with headers in UTF-8" \
    peer b send /utf8 10.53.0.2 25 author@a.test alice@a.test
all_in() { [ "$(mailbox_count a "$1")" -ge "$2" ]; }
ok "and arrive" wait_for 60 all_in alice $((n + 1 + n_utf8))
is "all pass" "$(passes alice)" $((n + 1 + n_utf8))

echo "# in: signed by Postfix with opendkim"
mail_user a paula
DKIM_DOMAIN=p.test $py "$peers_py" make "$in" $n_postfix
DKIM_DOMAIN=p.test $py "$peers_py" make "$in" $n_utf8 utf8
signed_by_postfix=0
# In the simple form libopendkim takes its own Ed25519 signatures for wrong.
by_postfix() { # KEY ALGORITHM CANONICALIZATION
	cat >"$(root_of p)/etc/opendkim.conf" <<END
Domain p.test
Selector $1
KeyFile /keys/$1.pem
SignatureAlgorithm $2
Socket inet:8891@127.0.0.1
Mode s
Canonicalization $3
InternalHosts 0.0.0.0/0
RequireSafeKeys no
PidFile /run/opendkim.pid
END
	on p opendkim -f -x /etc/opendkim.conf -u root >"$lab/opendkim.out" 2>&1 &
	ok "opendkim listens" wait_for 10 listens p 127.0.0.1 8891
	ok "$2: $((n_postfix + n_utf8 + 1)) messages are taken by Postfix" \
	    peer p send /in 127.0.0.1 25 author@p.test paula@a.test
	signed_by_postfix=$((signed_by_postfix + n_postfix + n_utf8 + 1))
	ok "and arrive here" wait_for 60 all_in paula $signed_by_postfix
	is "all pass" "$(passes paula)" $signed_by_postfix
	on p kill "$(on p cat /run/opendkim.pid)"
	ok "opendkim ends" wait_for 20 \
	    test ! -e "$(root_of p)/run/opendkim.pid"
}
by_postfix rsa rsa-sha256 relaxed/simple
by_postfix ed ed25519-sha256 relaxed/relaxed

echo "# other senders, and none of ours"
letter() { # FROM SUBJECT
	printf 'From: %s\nTo: alice@a.test\nSubject: %s\n\nHi.\n' "$1" "$2"
}
says() { # SUBJECT: of the message, its results on one line
	mailbox_of a alice | awk -v want="Subject: $1" '
		/^From / { text = ""; top = 1 }
		/^Authentication-Results:/ && top { on = 1; top = 0 }
		on && /^[^\t A]/ { on = 0 }
		on { sub(/^[ \t]+/, " "); text = text $0 }
		$0 == want { print text; exit }'
}
signed() { # SUBJECT: how many signatures it has
	mailbox_of a alice | awk -v want="Subject: $1" '
		/^From / { n = 0 }
		/^DKIM-Signature:/ { n++ }
		$0 == want { print n; exit }'
}
arrives() { # SUBJECT
	wait_for 20 mailbox_has a alice "^Subject: $1\$"
}
letter alice@a.test local | as a alice sendmail -t -i
ok "local mail arrives" arrives local
is "signed twice" "$(signed local)" 2
letter alice@other.test foreign | as a alice sendmail -t -i
ok "mail of another domain arrives" arrives foreign
is "not signed" "$(signed foreign)" 0
letter alice@a.test lost | as a alice sendmail -f alice@a.test no.such.user@a.test
ok "a bounce comes back" wait_for 20 mailbox_has a alice '^Subject: Undelivered'
is "signed" "$(signed 'Undelivered Mail Returned to Sender')" 2

hurt() { # NAME SIGNATURE RESULT
	printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@b.test>' 'RCPT TO:<alice@a.test>' \
	    DATA "DKIM-Signature: $2" 'From: x@b.test' "Subject: $1" '' Hi. . QUIT |
	    smtp b 10.53.0.2 >/dev/null
	ok "$1 arrives" arrives "$1"
	like "and is judged" "$(says "$1")" "$3"
}
echo "# made to hurt"
sig='v=1; a=rsa-sha256; d=a.test; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA'
hurt nonsense "$sig;;" 'dkim=neutral reason="a tag without a value"'
hurt nokey "$sig; s=none" 'dkim=permerror reason="there is no key" header.d=a.test'
hurt cnames "$sig; s=loop" 'dkim=temperror reason="the key could not be asked for"'
hurt bigkey "$sig; s=huge" 'dkim=permerror reason="the key record is too long"'
$py - >"$lab/many" <<END
print("EHLO b.test\nMAIL FROM:<x@b.test>\nRCPT TO:<alice@a.test>\nDATA")
for i in range(200):
    print("DKIM-Signature: $sig; s=rsa; l=%d" % i)
print("From: x@b.test\nSubject: many\n\nHi.\n.\nQUIT")
END
smtp b 10.53.0.2 <"$lab/many" >/dev/null
ok "200 signatures arrive" arrives many
is "20 are judged" "$(says many | grep -o 'dkim=fail' | wc -l)" 20
$py - >"$lab/long" <<END
print("EHLO b.test\nMAIL FROM:<x@b.test>\nRCPT TO:<alice@a.test>\nDATA")
for i in range(60000):
    print("X-Long-%d: %s" % (i, "y" * 70))
print("Subject: long\n\nHi.\n.\nQUIT")
END
like "a header of 5 MB is refused" "$(smtp b 10.53.0.2 <"$lab/long")" '^552 5.3.4'

echo "# dkim_verify = reject"
conf a 'dkim_verify = reject'
ok "reload" on a posthouse reload
strict() { # NAME SIGNATURE REPLY
	printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@b.test>' 'RCPT TO:<alice@a.test>' \
	    DATA ${2:+"DKIM-Signature: $2"} 'From: x@b.test' "Subject: $1" '' Hi. . \
	    QUIT | smtp b 10.53.0.2 | tail -n 2 | head -n 1 >"$lab/said"
	like "$1" "$(cat "$lab/said")" "$3"
}
strict 'none that passes' "$sig; s=rsa" '^550 5\.7\.20 DKIM: no passing signature'
ok "the log has it" log_has a \
    'reject: END-OF-MESSAGE from b.test\[10.53.0.3\]: 550 5.7.20 DKIM'
strict 'a key in doubt' "$sig; s=loop" '^451 4\.7\.20 DKIM: temporary error'
strict 'no signature that can be read' "$sig;;" '^250 2\.0\.0 Ok'
strict 'no signature' '' '^250 2\.0\.0 Ok'
rm -rf "${utf8:?}"/*
cp "$out/0000" "$utf8"
ok "one that passes" peer b send /utf8 10.53.0.2 25 author@a.test alice@a.test
$py - "$keys/rsa.pem" "$utf8/0000" <<'PY'
import dkim, sys
text = b"From: author@a.test\r\nSubject: part\r\n\r\nHi.\r\n"
head = dkim.sign(text, b"rsa", b"a.test", open(sys.argv[1], "rb").read(),
                 length=True)
open(sys.argv[2], "wb").write(head + text + b"Buy!\r\n")
PY
peer b send /utf8 10.53.0.2 25 author@a.test alice@a.test >"$lab/said" 2>&1
like "one of a part" "$(cat "$lab/said")" "^b'550 5\.7\.21 DKIM: no acceptable"
conf a 'dmarc_exempt_clients = 10.53.0.3'
ok "reload" on a posthouse reload
strict 'from an exempt client' "$sig; s=rsa" '^250 2\.0\.0 Ok'
conf a 'dmarc_exempt_clients =' 'dkim_verify = hold'
ok "reload" on a posthouse reload
strict 'kept back' "$sig; s=rsa" '^250 2\.0\.0 Ok'
id=$(sed -n 's/^250 2.0.0 Ok: queued as //p' "$lab/said" | tr -d '\r')
ok "the log says why" log_has a \
    "$id: no DKIM signature is good: held, client=\[10.53.0.3\]"
held() {
	on a mqueue --json | grep '"queue_name": *"hold"' | grep -q "$id"
}
ok "it is held" wait_for 10 held
ok "until it is released" on a mqueue --release "$id"
ok "it arrives then" arrives 'kept back'
conf a 'dkim_verify = yes'
ok "reload" on a posthouse reload

echo "# seal is killed while mail comes in and goes out"
rm -rf "${got:?}"/* "$out/big"
find "$out" -name '0[01][5-9]*' -delete
left=$(find "$out" -type f | wc -l)
before=$(mailbox_count a alice)
(for _ in 1 2 3 4 5; do sleep 0.4; crash a seal; done) 2>/dev/null &
killer=$!
peer b send /out 10.53.0.2 25 author@a.test alice@a.test >"$lab/killed.in" 2>&1
in_code=$?
peer a send /out 127.0.0.1 25 author@a.test bob@b.test >"$lab/killed.out" 2>&1
out_code=$?
wait $killer
is "all was taken, or put off" \
    "$(cat "$lab/killed.in" "$lab/killed.out" | grep -v "^b'451 " )" ""
[ $in_code -ne 0 ] || ok "what was taken came" \
    wait_for 30 all_in alice $((before + left))
[ $out_code -ne 0 ] || ok "and went out" wait_for 30 arrived "$left"
seals() { [ "$(on a pgrep -cx seal)" = 2 ]; }
ok "both run again" wait_for 70 seals
wait_for 20 queue_is_empty a
$py "$peers_py" verify "$got" "$lab/records" 3 >"$lab/verified"
$py "$peers_py" verify "$got" "$lab/records" 4 >>"$lab/verified"
ok "nothing went out unsigned" not grep -q '^[0-9]* [012] signatures' "$lab/verified"
lab_done
