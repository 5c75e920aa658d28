#!/bin/sh
# What cleanup and pickup make of mail.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "mail is completed, expanded, refused; and left in maildrop/"
host a 10.53.0.2
mail_user a alice
dns_start
posthouse_setup a
conf a 'message_size_limit = 20000' 'mydestination = a.test' \
    'relayhost = [127.0.0.1]:9' \
    'virtual_alias_domains = alias.test' \
    'virtual_alias_maps = inline:{ { all@alias.test = x@down.test, y@down.test } }' \
    'append_dot_mydomain = yes' 'hopcount_limit = 5'
start a

id_of_reply() {
	printf '%s\n' "$1" | sed -n 's/^250 2\.0\.0 Ok: queued as //p'
}
show() {
	on a mqueue --show "$1"
}
whole() {
	printf '%s\n' "$1" | grep -q "$2"
}

reply=$(printf '%s\n' 'EHLO client' 'MAIL FROM:<s@b.test>' \
    'RCPT TO:<all@alias.test>' 'RCPT TO:<x@down.test>' DATA 'Return-Path: <z>' \
    'Bcc: secret@b.test' 'Subject: one' '' hello . QUIT | smtp a 127.0.0.1)
id=$(id_of_reply "$reply")
like "a message is taken" "$id" '^[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{13}$'
text=$(show "$id")
like "Received names the client" "$text" \
    '^Received: from client \(.*\[127\.0\.0\.1\]\)'
like "and us" "$text" "by a\.test \(Posthouse\) with ESMTP id $id"
ok "Return-Path and Bcc are taken out" not whole "$text" '^Return-Path\|^Bcc'
ok "nothing is added to mail from outside" not whole "$text" '^Date:\|^From:'
ok "the alias became its members, each once" sh -c \
    '[ "$(printf "%s\n" "$1" | grep -c "@down.test")" -ge 2 ] &&
    ! printf "%s\n" "$1" | grep -q "^recipient: all@"' x "$text"
ok "cleanup logs the Message-ID" wait_for 5 log_has a "cleanup.*$id: message-id="

reply=$(as a alice sh -c 'printf "To: bob@c\nSubject: two\n\nhi\n" |
    sendmail -t && echo done')
is "sendmail takes a message" "$reply" done
wait_for 5 log_has a 'message-id=<.*@a\.test>'
id=$(log_settled a | sed -n 's/.*cleanup.*: \(.*\): message-id=<.*@a\.test>.*/\1/p' |
    tail -n 1)
text=$(show "$id")
like "Received names the uid" "$text" \
    "by a\.test \(Posthouse, from userid $(on a id -u alice)\)"
like "the header is completed" "$text" '^To: bob@c\.test$'
like "with Date" "$text" '^Date: '
like "with Message-ID" "$text" "^Message-ID: <.*\.$id@a\.test>|^Message-I[Dd]: <"

hops() {
	for i in 1 2 3 4 5 6; do
		echo "Received: from somewhere; $i"
	done
}
reply=$( (printf '%s\n' 'EHLO client' 'MAIL FROM:<s@b.test>' \
    'RCPT TO:<x@down.test>' DATA; hops; printf '%s\n' '' . QUIT) |
    smtp a 127.0.0.1)
like "too many hops" "$reply" '^554 5\.4\.6 '

# While the system is down, sendmail leaves the message for pickup.
stop a >/dev/null
ok "sendmail while the system is down" as a alice sh -c \
    'printf "To: later@down.test\nSubject: three\n\nhi\n" | sendmail -t'
drop=$(root_of a)/var/spool/posthouse/maildrop
is "lies in maildrop/" "$(ls "$drop" | grep -c '^m')" 1
as a alice sh -c 'echo rubbish >/var/spool/posthouse/maildrop/m1'
as a alice ln -s /etc/shadow /var/spool/posthouse/maildrop/m2
ok "nobody can look into it" not as a alice ls /var/spool/posthouse/maildrop
start a
ok "pickup takes it up" wait_for 10 log_has a "pickup.*uid=$(on a id -u alice) from=<alice"
ok "and removes it" wait_for 10 sh -c '! ls "$1" | grep "^m"' x "$drop"
is "what is not a message is kept" "$(ls "$drop" | tr '\n' ' ')" "b1 b2 "
ok "and reported" log_has a 'maildrop/m2: it is a symbolic link: kept as'
ok "nothing is left in tmp/" sh -c '[ -z "$(ls "$1/tmp")" ]' x \
    "$(root_of a)/var/spool/posthouse"

stop a >/dev/null
conf a 'message_size_limit = 2000000'
ok "a large message while the system is down" as a alice sh -c \
    '(printf "To: later@down.test\nSubject: large\n\n"; seq 10000) | sendmail -t'
conf a 'message_size_limit = 20000' 'relayhost ='
start a
ok "is refused when it is up" wait_for 10 log_has a \
    'pickup.*refused: 552 5\.3\.4 .*: returned to sender'
ok "and goes back to its sender" wait_for 10 mailbox_has a alice \
    '^Subject: Undelivered'
ok "with the reason" mailbox_has a alice '^Status: 5\.3\.4'
ok "maildrop/ has nothing more of it" sh -c '! ls "$1" | grep -q "^[mt]\|^b[^12]"' \
    x "$drop"
stop a >/dev/null
lab_done
