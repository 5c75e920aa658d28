#!/bin/sh
# AUTH with a password file: mechanisms, refusals, and what the log says.
# SPDX-License-Identifier: BSD-2-Clause
# plain build too
. "${0%/*}/lib.sh"
. "${0%/*}/certs.sh"
lab "AUTH with a password file: clients right and wrong"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice
mail_user b bob
dns_start
posthouse_setup a b
conf a 'smtpd_error_sleep_time = 0s' 'smtpd_sasl_authenticated_header = yes'
r=$(root_of a)
ca ca
ca other
cert alice alice
cert mallory mallory
cert foreign alice 10 other
cp "$lab/ca.crt" "$r/etc/ca.crt"
conf a 'smtpd_tls_CAfile = /etc/ca.crt' 'smtpd_tls_ask_ccert = yes'
sed -i '/^\[submission\]/,/^$/ s/^enabled.*/enabled = yes/' \
    "$r/etc/posthouse/master.conf"
on a posthouse passwd alice --stdin <<X >"$lab/out"
correct horse
X
is "posthouse passwd makes a user" "$(cat "$lab/out")" "alice: added"
is "in a file that root alone reads" \
    "$(stat -c '%U %a' "$r/etc/posthouse/passwd")" "root 600"
start a
start b
log=$r/var/log/posthouse.log

client() { # WHAT ARGUMENT...
	timeout 60 python3 "$top/t/auth.py" 10.53.0.2 587 "$@" 2>&1
}
logs() { # TEXT
	wait_for 5 grep -qF -e "$1" "$log"
}
wait_for 10 client offer

like() { # TEXT: what a client was told
	case $(client "$@") in
	$want*) return 0 ;;
	esac
	client "$@" | sed 's/^/# /'
	return 1
}

is "mechanisms under TLS" "$(client offer)" \
    "AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS"
is "none in clear" "$(client offer clear)" ""
want='235 2.7.0'
ok "PLAIN" like plain alice 'correct horse'
ok "SCRAM-SHA-256" like scram alice 'correct horse' none
ok "SCRAM-SHA-256-PLUS" like scram alice 'correct horse' end-point
ok "LOGIN" like lines 'AUTH LOGIN' YWxpY2U= "$(printf 'correct horse' | base64)"
want='535 5.7.8'
ok "a wrong password" like plain alice 'incorrect horse'
ok "an unknown user" like plain mallory 'correct horse'
ok "SCRAM with a wrong password" like scram alice wrong none
ok "SCRAM of an unknown user" like scram mallory 'correct horse' none
ok "SCRAM bound to another channel" like scram alice 'correct horse' wrong
ok "PLUS that was hidden" like scram alice 'correct horse' hidden
want='530 5.7.0'
ok "in clear" like clear alice 'correct horse'
want='501 5.7.0'
ok "cancelled" like lines 'AUTH PLAIN' '*'
want='501 5.5.2'
ok "no base64" like lines 'AUTH PLAIN' '!'
want='504 5.5.4'
ok "no such mechanism" like lines 'AUTH CRAM-MD5'
want='503 5.5.1'
ok "twice" like lines "AUTH PLAIN $(printf '\0alice\0correct horse' | base64)" \
    'AUTH PLAIN'
want='500 5.5.2'
ok "an answer too long" like long
is "clients that go" "$(client cut)" gone
ok "the log as Postfix's" logs \
    'SASL PLAIN authentication failed: wrong password, sasl_username=alice'

# Certificates.
showing() { # NAME ARGUMENT...
	name=$1
	shift
	CERTIFICATE=$lab/$name.pem client "$@"
}
is "EXTERNAL is for those with a trusted certificate" \
    "$(showing alice offer | grep -c EXTERNAL) $(showing foreign offer |
    grep -c EXTERNAL)" "1 0"
is "EXTERNAL" "$(showing alice lines 'AUTH EXTERNAL =')" \
    "235 2.7.0 Authentication successful"
is "it is asked for where it is not said" \
    "$(showing alice lines 'AUTH EXTERNAL' '')" \
    "235 2.7.0 Authentication successful"
is "nobody is another one" \
    "$(showing alice lines "AUTH EXTERNAL $(printf bob | base64)" | cut -c1-9)" \
    "535 5.7.8"
is "a certificate of no user" \
    "$(showing mallory lines 'AUTH EXTERNAL =' | cut -c1-9)" "535 5.7.8"
is "one of another authority" \
    "$(showing foreign lines 'AUTH EXTERNAL =' | cut -c1-9)" "504 5.5.4"

# Mail.
for m in PLAIN LOGIN; do
	timeout 60 swaks --server 10.53.0.2:587 --tls --auth $m --auth-user alice \
	    --auth-password 'correct horse' --from alice@a.test \
	    --to bob@b.test --h-Subject "by $m" >"$lab/swaks" 2>&1
	is "swaks sends by $m" "$?" 0
	ok "and it arrives" wait_for 20 mailbox_has b bob "Subject: by $m"
done
ok "the log has the user" logs 'sasl_method=LOGIN, sasl_username=alice'
ok "Received says so" mailbox_has b bob 'with ESMTPSA id'
ok "and who it was" mailbox_has b bob '(Authenticated sender: alice)'
timeout 60 swaks --server 10.53.0.2:587 --tls --from x@x.test --to bob@b.test \
    >"$lab/swaks" 2>&1
ok "without it nothing is relayed" grep -q '554 5.7.1' "$lab/swaks"
cat >"$lab/send.py" <<X
import smtplib, ssl
s = smtplib.SMTP("10.53.0.2", 587, timeout=30)
s.starttls(context=ssl._create_unverified_context())
s.login("alice", "correct horse")
s.sendmail("alice@a.test", ["bob@b.test"], "Subject: by smtplib\r\n\r\nx\r\n")
s.quit()
X
ok "smtplib sends" timeout 60 python3 "$lab/send.py"
ok "and it arrives" wait_for 20 mailbox_has b bob 'Subject: by smtplib'

# Names and passwords that are not ASCII, and those that are none.
utf8=$(printf 'j\303\274rgen')
printf 'p\303\244ss=w,rd\n' | on a posthouse passwd "$utf8" --stdin >/dev/null
want='235 2.7.0'
for how in plain 'scram none' 'scram end-point'; do
	# shellcheck disable=SC2086 # a mechanism, and how it is bound
	set -- $how
	ok "UTF-8: $how" wait_for 5 like "$1" "$utf8" \
	    "$(printf 'p\303\244ss=w,rd')" ${2:+"$2"}
done
on a posthouse passwd "$utf8" --delete >/dev/null
like_passwd() { # WHAT PATTERN PASSWORD USER
	printf "$3" | on a posthouse passwd "$4" --stdin >"$lab/passwd.out" 2>&1
	ok "$1" grep -q -- "$2" "$lab/passwd.out"
}
like_passwd "an empty password is none" 'of 1 to 1024 bytes' '\n' carol
like_passwd "nor is one of another character set" 'is UTF-8' 'p\344ss\n' carol
like_passwd "nor one that is too long" 'of more than 1024' "$(printf '%01100d' 0)" carol
like_passwd "a name has no colon" 'is no name for a user' 'x\n' ca:rol
ok "who is not root may not" sh -c \
    "echo x | \"\$@\" 2>&1 | grep -q 'run it as root'" sh \
    nsenter -t "$pid_a" -n -m -u -r -w setpriv --reuid nobody --clear-groups \
    posthouse passwd carol --stdin

# Changes while it runs.
printf 'battery staple\n' | on a posthouse passwd alice --stdin >"$lab/out"
is "a password is changed" "$(cat "$lab/out")" "alice: changed"
want='235 2.7.0'
ok "and in force" wait_for 10 like plain alice 'battery staple'
want='535 5.7.8'
ok "the old one is not" like plain alice 'correct horse'

# auth dies in the middle of a dialogue.
mkfifo "$lab/word"
client wait alice 'battery staple' <"$lab/word" >"$lab/told" &
waiting=$!
exec 7>"$lab/word"
wait_for 10 grep -q 334 "$lab/told"
crash a auth
echo >&7
wait_for 10 grep -q 454 "$lab/told"
want='235 2.7.0'
ok "auth is there again" wait_for 20 like plain alice 'battery staple'
echo >&7
exec 7>&-
wait $waiting
is "454, and in the same session success" "$(tr '\n' ' ' <"$lab/told")" \
    "334 454 235 "

# What is not offered, and to whom.
conf a 'smtpd_sasl_mechanism_filter = !login, static:rest'
on a posthouse reload
is "a mechanism is left out" "$(client offer)" \
    "AUTH PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS"
want='504 5.5.4'
ok "and unknown" like lines 'AUTH LOGIN'
conf a 'smtpd_sasl_exceptions_networks = 10.53.0.1'
on a posthouse reload
is "clients that do not authenticate" "$(client offer)" ""
want='503 5.5.1'
ok "and may not" like plain alice 'battery staple'
conf a 'smtpd_sasl_exceptions_networks ='
on a posthouse reload

on a posthouse passwd alice --delete >/dev/null
nothing_offered() {
	[ -z "$(client offer)" ]
}
ok "without users nothing is offered" wait_for 10 nothing_offered
ok "no program of ours reads the file" not on a setpriv --reuid ph-auth \
    --regid ph-auth --clear-groups cat /etc/posthouse/passwd
lab_done
