#!/bin/sh
# What the next host gets: dots, long lines, 8 bits, many messages.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
lab "content on the wire"
host a 10.53.0.2
dns_start
sink eight 10.53.0.21
sink seven 10.53.0.22 -8
sink plain 10.53.0.23 -e
posthouse_setup a
start a

# letter RECIPIENT: the message on standard input.
letter() {
	{
		printf 'EHLO c\nMAIL FROM:<> BODY=8BITMIME\nRCPT TO:<%s>\nDATA\n' "$1"
		sed 's/^\./../'
		printf '.\nQUIT\n'
	} | smtp a 127.0.0.1 >"$lab/letter.out"
}

umlaut=$(printf 'gr\303\274n')
printf 'Subject: eight\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nMIME-Version: 1.0\n\n%s\n.one\n..two\n.\n' \
    "$umlaut" >"$lab/eight"
letter 'x@[10.53.0.21]' <"$lab/eight"
letter 'x@[10.53.0.22]' <"$lab/eight"
letter 'x@[10.53.0.23]' <"$lab/eight"
ok "8BITMIME is said where it is offered" \
    wait_for 10 sink_has eight "^$umlaut\$"
ok "dots are as they were" sink_has eight '^\.\.two$'
ok "the end of data too" sink_has eight '^\.$'
ok "without 8BITMIME it is quoted-printable" \
    wait_for 10 sink_has seven '^gr=C3=BCn$'
ok "and says so" sink_has seven '^Content-Transfer-Encoding: quoted-printable$'
ok "and nothing else" not sink_has seven '8bit'
is "no byte above 127" "$(sink_mail seven | tr -d '\000-\177' | wc -c)" 0
ok "as without ESMTP" wait_for 10 sink_has plain '^gr=C3=BCn$'

{
	printf 'Subject: impossible\nContent-Transfer-Encoding: base64\n\n%s\n' \
	    "$umlaut"
} | letter 'y@[10.53.0.22]'
ok "what cannot be converted comes back" status 'y@\[10.53.0.22\]' \
    'dsn=5.6.3, status=bounced'

conf a 'disable_mime_output_conversion = yes'
on a posthouse reload
letter 'z@[10.53.0.22]' <"$lab/eight"
ok "unless it is to go as it is" wait_for 10 sink_has seven "^$umlaut\$"

python3 -c 'print("Subject: long\n\n" + "x" * 5000)' | letter 'z@[10.53.0.21]'
ok "a long line comes" wait_for 10 sink_has eight '^ x+$'
is "broken at 998" "$(sink_mail eight | tr -d '\r' | grep '^ *x' |
    awk '{ if (length > 998) n++ } END { print n + 0 }')" 0

# A big message, without and with dots, must come byte by byte.
for dots in no yes; do
	python3 - "$dots" >"$lab/big.$dots" <<'EOF'
import sys
print("Subject: big\n")
for i in range(40000):
    print(("." if sys.argv[1] == "yes" and i % 7 == 0 else "l") + "ine %d" % i)
EOF
	sink "big$dots" "10.53.0.2$((${#dots} + 4))"
	letter "x@[10.53.0.2$((${#dots} + 4))]" <"$lab/big.$dots"
	ok "a big message arrives (dots: $dots)" \
	    wait_for 20 sink_has "big$dots" 'ine 39999$'
	is "as it was" "$(sink_mail "big$dots" | tr -d '\r' | grep -E '^[l.]ine ' |
	    cksum)" "$(grep -E '^[l.]ine ' "$lab/big.$dots" | cksum)"
done

sink many 10.53.0.29
for i in 1 2 3 4 5; do
	to "m$i@[10.53.0.29]"
done
ok "many messages" wait_for 10 sink_has many '^Subject: to m5@'
for i in 1 2 3 4 5; do
	ok "message $i is there" wait_for 5 sink_has many "^Subject: to m$i@"
done
lab_done
