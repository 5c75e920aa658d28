#!/bin/sh
# What local recipients mean, and how their mail is written.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "aliases, .forward, extensions, commands, files, Maildir, loops"
host a 10.53.0.2
mail_user a alice bob carol dave erin frank
dns_start
posthouse_setup a
root=$(root_of a)
mkdir -p "$root/var/archive"
chown 65534 "$root/var/archive"
cat >"$root/etc/posthouse/aliases" <<'ALIASES'
root: alice
staff: alice, bob, "|cat >/var/archive/command"
owner-staff: carol
archive: /var/archive/file
listed: :include:/etc/posthouse/members
mixed: bob, nosuchuser
circle: circle2
circle2: circle
robot: "|/bin/sh -c 'exit 75'"
big: :include:/etc/posthouse/big
liar: "|/bin/sh -c 'echo no such robot; exit 67'"
ALIASES
printf '# members\nbob, dave\n' >"$root/etc/posthouse/members"
seq -f 'user%05g@far.test' 4000 >"$root/etc/posthouse/big"
on a newaliases
conf a 'recipient_delimiter = +' 'notify_classes =' \
    'local_recipient_maps =' 'transport_maps = inline:{far.test=discard:}'
printf 'carol\n' >"$root/home/dave/.forward"
printf '\\erin, "|env >/home/erin/env; id >/home/erin/id"\n' \
    >"$root/home/erin/.forward"
printf 'bob\n' >"$root/home/frank/.forward"
printf 'carol\n' >"$root/home/erin/.forward+list"
chmod 664 "$root/home/frank/.forward"
on a sh -c 'cd /home; for u in dave erin frank; do chown $u: $u/.forward*; done'
start a

mail_to() { # RECIPIENT SUBJECT
	on a sh -c 'printf "Subject: %s\n\nFrom here\n" "$2" |
	    sendmail -i -f x@a.test "$1"' sh "$1" "$2"
}

ok "mail to an alias of several" mail_to staff@a.test to-staff
ok "reaches the first" wait_for 10 mailbox_has a alice 'Subject: to-staff'
ok "and the second" wait_for 10 mailbox_has a bob 'Subject: to-staff'
ok "and the command" wait_for 10 grep -q to-staff "$root/var/archive/command"
ok "whose owner is default_privs" \
    sh -c 'on_uid=$(stat -c %u "$1"); [ "$on_uid" = 65534 ]' x \
    "$root/var/archive/command"
ok "with the owner as sender" \
    mailbox_has a bob '^Return-Path: <owner-staff@a.test>'
ok "with the alias in X-Original-To" \
    mailbox_has a bob '^X-Original-To: staff@a.test'
ok "From_ in the text is quoted" mailbox_has a bob '^>From here'
ok "root is who aliases says" mail_to root@a.test to-root
ok "and gets it" wait_for 10 mailbox_has a alice 'Subject: to-root'
ok "a file takes mail" mail_to archive@a.test to-file
ok "as an mbox" wait_for 10 grep -q 'Subject: to-file' "$root/var/archive/file"
ok "an included list" mail_to listed@a.test to-listed
ok "reaches its members" wait_for 10 mailbox_has a bob 'Subject: to-listed'
ok "and those they forward to" \
    wait_for 10 mailbox_has a carol 'Subject: to-listed'
ok "a .forward with a copy and a command" mail_to erin+x@a.test to-erin
ok "leaves the copy" wait_for 10 mailbox_has a erin 'Subject: to-erin'
ok "and runs the command" wait_for 10 test -s "$root/home/erin/id"
like "as the user, without other groups" "$(cat "$root/home/erin/id")" \
    "^uid=[0-9]+\(erin\) gid=[0-9]+\(erin\) groups=[0-9]+\(erin\)$"
like "with the extension" "$(cat "$root/home/erin/env")" '^EXTENSION=x$'
like "and the recipient" "$(cat "$root/home/erin/env")" \
    '^RECIPIENT=erin\+x@a\.test$'
ok "a .forward of an extension" mail_to erin+list@a.test to-erin-list
ok "is used first" wait_for 10 mailbox_has a carol 'Subject: to-erin-list'
ok "an unsafe .forward" mail_to frank@a.test to-frank
ok "is not used" wait_for 10 mailbox_has a frank 'Subject: to-frank'
ok "and named in the log" wait_for 5 log_has a \
    "forward.* is not used: others may write"
ok "a list with an unknown member" mail_to mixed@a.test to-mixed
ok "reaches the others" wait_for 10 mailbox_has a bob 'Subject: to-mixed'
ok "and bounces that one" wait_for 10 log_has a \
    'to=<nosuchuser@a.test>, orig_to=<mixed@a.test>.*dsn=5.1.1, status=bounced'
ok "a circle" mail_to circle@a.test to-circle
ok "is cut" wait_for 10 log_has a 'dsn=5.4.6, status=bounced .alias database loop'
ok "a command that asks for later" mail_to robot@a.test to-robot
ok "is deferred" wait_for 10 log_has a 'to=<robot@a.test>.*status=deferred'
ok "a command that knows nobody" mail_to liar@a.test to-liar
ok "bounces with its words" wait_for 10 log_has a \
    'dsn=5.1.1, status=bounced .user unknown. Command output: no such robot'
ok "a message that was here before" on a sh -c \
    'printf "Delivered-To: bob@a.test\nSubject: again\n\nx\n" |
	sendmail -i -f x@a.test bob@a.test'
ok "is returned" wait_for 10 log_has a 'mail forwarding loop for bob@a.test'
ok "an unknown user" mail_to nosuch@a.test to-nosuch
ok "is returned too" wait_for 10 log_has a \
    'to=<nosuch@a.test>.*status=bounced .unknown user: "nosuch"'

ok "a list of thousands" mail_to big@a.test to-big
ok "reaches them all" wait_for 20 sh -c \
    '[ "$(grep -c "to=<user.*status=sent" "$1")" = 4000 ]' x \
    "$root/var/log/posthouse.log"

before=$(mailbox_count a bob)
conf a 'home_mailbox = Maildir/'
ok "reload" on a posthouse reload
ok "mail to a Maildir" mail_to bob@a.test to-maildir
ok "is one file in new" wait_for 10 sh -c \
    '[ "$(ls "$1" | wc -l)" = 1 ]' x "$root/home/bob/Maildir/new"
is "of the user, for nobody else" \
    "$(stat -c %a "$root/home/bob/Maildir/new/"*)" 600
is "with LF line ends" \
    "$(grep -c "$(printf '\r')" "$root/home/bob/Maildir/new/"*)" 0
is "and not in the old mailbox" "$(mailbox_count a bob)" "$before"

on a sh -c 'i=0; while [ $i -lt 40 ]; do i=$((i+1));
    printf "Subject: many\n\nx\n" | sendmail -i -f x@a.test dave@a.test; done'
ok "many at once arrive" wait_for 20 sh -c \
    '[ "$(ls "$1" | wc -l)" = 40 ]' x "$root/home/carol/Maildir/new"
ok "nothing but the robot's mail waits" wait_for 10 sh -c '
    n=$(nsenter -t '"$pid_a"' -n -m -u -r -w /usr/local/bin/mqueue --json |
	wc -l); [ "$n" = 1 ]'
lab_done
