#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "sendmail, as the programs call it that send mail"
host a 10.53.0.2
mail_user a alice bob carol
dns_start
posthouse_up a
on a usermod -c 'Alice A. Liddell,room 1' alice

# arrives USER PATTERN
arrives() {
	wait_for 10 mailbox_has a "$1" "$2"
}

# sends CODE INPUT OPTION...: sendmail as alice, and its exit code.
sends() {
	want=$1
	input=$2
	shift 2
	printf "$input" | as a alice sendmail "$@"
	got=$?
	echo "exit code $got, not $want"
	[ "$got" = "$want" ]
}

# The message with this subject, from its From_ line to the next.
message() { # USER SUBJECT
	mailbox_of a "$1" | awk -v s="Subject: $2" '
		/^From / { if (hit) exit; text = "" }
		{ text = text $0 "\n" }
		$0 == s { hit = 1 }
		END { if (hit) printf "%s", text }'
}

ok "recipients on the command line" \
    sends 0 'Subject: one\n\nhello\n' bob carol@a.test
ok "the first gets it" arrives bob '^Subject: one'
ok "the second too" arrives carol '^Subject: one'
m=$(message bob one)
like "a From field with the full name" "$m" \
    '^From: "Alice A\. Liddell" <alice@a\.test>$'
like "a Date field" "$m" '^Date: '
like "a Message-ID field" "$m" '^Message-I[Dd]: <.*@a\.test>'
like "the uid in Received" "$m" "userid $(on a id -u alice)"
like "the sender is the user" "$m" '^Return-Path: <alice@a\.test>'

ok "-t with Cc and Bcc" sends 0 \
    'From: x <alice>\nTo: Bob <bob>\nCc: alice@a.test\nBcc: carol\nSubject: two\n\nhi\n' -t
ok "To" arrives bob '^Subject: two'
ok "Cc" arrives alice '^Subject: two'
ok "Bcc" arrives carol '^Subject: two'
is "nobody sees Bcc" "$(message bob two; message carol two | grep -i bcc)" \
    "$(message bob two)"
like "addresses in the header are completed" "$(message bob two)" \
    '^To: Bob <bob@a\.test>$'

ok "a dot ends the message" sends 0 'Subject: three\n\nabove\n.\nbelow\n' bob
ok "it arrives" arrives bob '^Subject: three'
is "what is behind is left out" "$(message bob three | grep -c below)" 0
ok "with -i it does not" sends 0 'Subject: four\n\nabove\n.\nbelow\n' -oi bob
ok "it arrives" arrives bob '^Subject: four'
is "the dot and what is behind are there" \
    "$(message bob four | sed -n '/^above/,/^below/p')" "$(printf 'above\n.\nbelow')"

ok "CRLF, lone CR and NUL" sends 0 'Subject: five\r\n\r\na\rb\r\nc\0d\r\n' bob
ok "it arrives" arrives bob '^Subject: five'
is "they are harmless" "$(message bob five | sed -n '/^a b/,$p' | head -n 2)" \
    "$(printf 'a b\nc?d')"

ok "-f and -F" sends 0 'Subject: six\n\n\n' -f carol -F "$(printf 'J\303\266rg')" bob
ok "it arrives" arrives bob '^Subject: six'
like "sender and name are those" "$(message bob six | tr -d '\r')" \
    '^From: =.utf-8.Q.J=C3=B6rg.= <carol@a\.test>$'
ok "-f <>" sends 0 'Subject: seven\n\n\n' '-f<>' bob
ok "the null sender" wait_for 10 mailbox_has a bob '^Return-Path: <>'
ok "8 bits" sends 0 'Subject: eight\n\n\303\244\n' -B8BITMIME bob
ok "they arrive" arrives bob "$(printf '\303\244')"

ok "an unknown recipient and one that is" \
    sends 0 'Subject: nine\n\nx\n' nosuch bob
ok "the one that is gets it" arrives bob '^Subject: nine'
ok "the other comes back" arrives alice '^Final-Recipient: rfc822; nosuch@a'
ok "a malformed recipient" sends 64 'Subject: x\n\n' 'a@@b'
ok "a malformed recipient in the header" sends 65 'To: a@@b\n\n' -t
ok "no recipient" sends 64 'Subject: x\n\n'
ok "no recipient in the header" sends 64 'Subject: x\n\n' -t
ok "an unknown option" sends 64 '' -Z

ok "-bv of one that is" sends 0 '' -bv bob
ok "-bv of one that is not" sends 67 '' -bv nosuch
like "-bs speaks SMTP" "$(printf 'QUIT\r\n' | as a alice sendmail -bs)" '^221 '
like "as a terminal says it too" "$({ echo 'HELO x'; sleep 0.3; echo QUIT; } |
    as a alice sendmail -bs)" '^221 '
ok "-bp" sends 0 '' -bp
ok "-q" on a sendmail -q
ok "-bi" on a sendmail -bi

ok "cron" sh -c 'printf "From: root (Cron Daemon)\nTo: bob\nSubject: ten\n\nx\n" |
    nsenter -t '"$pid_a"' -n -m -u -r -w \
    /usr/sbin/sendmail -i -FCronDaemon -B8BITMIME -oem bob'
ok "it arrives" arrives bob '^Subject: ten'
ok "PHP" sends 0 'To: bob\r\nSubject: eleven\r\nFrom: web@a.test\r\n\r\nx\r\n' -t -i
ok "it arrives" arrives bob '^Subject: eleven'
if on a test -x /usr/bin/mail; then
	ok "mail(1)" as a alice sh -c 'echo x | mail -s twelve -b carol bob'
	ok "it arrives" arrives bob '^Subject: twelve'
	ok "and at the blind copy" arrives carol '^Subject: twelve'
fi
for prog in s-nail mutt; do
	if on a sh -c "command -v $prog >/dev/null"; then
		x=$([ $prog != mutt ] || echo -x)
		ok "$prog" as a alice sh -c "echo x | $prog $x -s by-$prog bob@a.test"
		ok "it arrives" arrives bob "^Subject: by-$prog"
	else
		skip "$prog" "not installed"
	fi
done
if on a test -x /usr/lib/git-core/git-send-email; then
	printf 'From 0 Mon Sep 17 00:00:00 2001\nFrom: alice <alice@a.test>\nDate: Sat, 21 Nov 2026 00:00:00 +0000\nSubject: [PATCH] x\n\n.\n---\n' \
	    >"$(root_of a)/tmp/1.patch"
	ok "git send-email" as a alice git -c sendemail.smtpserver=/usr/sbin/sendmail \
	    send-email --quiet --confirm=never --from=alice@a.test --to=bob@a.test \
	    /tmp/1.patch
	ok "it arrives" arrives bob '^Subject: \[PATCH\] x'
else
	skip "git send-email" "not installed"
fi

stop a
ok "while the system is down" sends 0 'Subject: later\n\nx\n' bob nosuch
is "it waits in maildrop" \
    "$(ls "$(root_of a)/var/spool/posthouse/maildrop" | wc -l)" 1
start a
ok "and arrives when it is up" arrives bob '^Subject: later'
is "maildrop is empty" "$(ls "$(root_of a)/var/spool/posthouse/maildrop")" ""
ok "who is unknown then comes back" wait_for 10 sh -c \
    'grep -c "^Subject: Undelivered" "$1" | grep -qx 2' x \
    "$(root_of a)/var/mail/alice"
lab_done
