#!/bin/sh
# Mailboxes that another transport has, and what other hosts see of addresses.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "mailbox_transport, fallback_transport, mailbox_command_maps, smtp_generic_maps"
host a 10.53.0.2
host b 10.53.0.3
dns_start
mail_user a alice bob carol dave
mail_user b alice erin
posthouse_setup a
posthouse_setup b
root=$(root_of a)
mkdir -p "$root/var/virtual"
chown 65534 "$root/var/virtual"
printf 'root: alice\nteam: alice+list, bob\n' >"$root/etc/posthouse/aliases"
on a newaliases
printf 'alice, \\dave\n' >"$root/home/dave/.forward"
on a chown dave: /home/dave/.forward
conf a 'recipient_delimiter = +' 'minimal_backoff_time = 3s' \
    'notify_classes =' 'local_recipient_maps =' 'srs_domain = a.test' \
    'mailbox_transport = smtp:[10.53.0.3]' \
    'mailbox_transport_maps = inline:{bob=local:, carol=virtual:, dave=smtp:[10.53.0.3]:26}' \
    'virtual_mailbox_base = /var/virtual' \
    'virtual_mailbox_maps = inline:{carol@a.test=carol/}' \
    'virtual_uid_maps = static:65534' 'virtual_gid_maps = static:65534'
conf b 'mydestination = b.test, a.test' 'recipient_delimiter = +' \
    'notify_classes =' 'mynetworks = 127.0.0.0/8'
on a posthouse setup >/dev/null # for the secret of SRS
start a
start b

mail_to() { # RECIPIENT SUBJECT
	on a sh -c 'printf "Subject: %s\n\nx\n" "$2" |
	    sendmail -i -f "${3:-x@far.test}" "$1"' sh "$@"
}

mail_to alice+x@a.test one
ok "the mailbox is on another host" wait_for 15 mailbox_has b alice \
    '^Subject: one$'
ok "which is given the whole address" mailbox_has b alice \
    '^X-Original-To: alice\+x@a.test$'
ok "and the sender: this is no forwarding" mailbox_has b alice \
    '^Return-Path: <x@far.test>$'
is "nor do we say that we delivered it" \
    "$(mailbox_of b alice | grep -c '^Delivered-To')" 1
ok "the log names the host" log_has a \
    'to=<alice\+x@a.test>, relay=10.53.0.3\[10.53.0.3\]:25,.*status=sent'
mail_to team@a.test two
ok "aliases are followed first" wait_for 15 mailbox_has b alice \
    '^Subject: two$'
ok "with what they say in the log" log_has a \
    'to=<alice\+list@a.test>, orig_to=<team@a.test>, relay=10.53.0.3'
ok "local: is a mailbox here" wait_for 10 mailbox_has a bob '^Subject: two$'
mail_to carol@a.test three
ok "virtual: is one without an account" wait_for 10 \
    sh -c 'grep -q "^Subject: three$" "$1"/*' x "$root/var/virtual/carol/new"
mail_to erin@a.test four
ok "a name without an account here" wait_for 10 mailbox_has b erin \
    '^Subject: four$'
mail_to nosuch@a.test five
ok "the other host says who is nobody" wait_for 10 log_has a \
    'to=<nosuch@a.test>, relay=10.53.0.3.*dsn=5.1.1, status=bounced .host 10'

mail_to dave@a.test six
ok ".forward is followed first" wait_for 10 mailbox_has b alice \
    '^Subject: six$'
ok "a host that is down" wait_for 10 log_has a \
    'to=<dave@a.test>, relay=none.*status=deferred'
like "keeps its mail in the queue" "$(on a mqueue)" 'dave@a.test'
is "and no other" "$(on a mqueue --json | wc -l)" 1
like "posthouse route says so" "$(on a posthouse route dave)" \
    'mailbox_transport of dave@a.test: transport smtp, next hop \[10.53.0.3\]:26'
conf a 'mailbox_transport =' 'mailbox_transport_maps =' \
    'fallback_transport = smtp:[10.53.0.3]' \
    'fallback_transport_maps = inline:{{gone = error:5.1.6 has left us}}' \
    "mailbox_command_maps = inline:{{carol = cat >/home/carol/command}}"
ok "reload" on a posthouse reload
ok "what waits goes where mail goes now" wait_for 15 mailbox_has a dave \
    '^Subject: six$'

mail_to alice@a.test seven
ok "who has an account gets it here" wait_for 10 mailbox_has a alice \
    '^Subject: seven$'
mail_to erin+y@a.test eight
ok "who has none gets it there" wait_for 10 mailbox_has b erin \
    '^Subject: eight$'
mail_to gone@a.test nine
ok "unless a table says otherwise" wait_for 10 log_has a \
    'to=<gone@a.test>.*dsn=5.1.6, status=bounced .has left us'
like "posthouse route says that too" "$(on a posthouse route erin)" \
    'fallback_transport of erin@a.test: transport smtp'
mail_to carol@a.test ten
ok "one user has a command" wait_for 10 \
    grep -q '^Subject: ten$' "$root/home/carol/command"
ok "the others do not" not mailbox_has a carol '^Subject: ten$'

conf a 'smtp_generic_maps = inline:{{alice@a.test=liddell@isp.test}, {@a.test=others@isp.test}}' \
    'mailbox_command_maps = fail:x'
ok "reload" on a posthouse reload
on a sh -c 'printf "From: The A <alice@a.test>\nTo: alice@b.test, bob@a.test
Subject: eleven\n\nfrom alice@a.test\n" | sendmail -i -f alice@a.test alice@b.test'
ok "mail to another host" wait_for 10 mailbox_has b alice '^Subject: eleven$'
ok "has the sender that it may see" mailbox_has b alice \
    '^Return-Path: <liddell@isp.test>$'
ok "and From" mailbox_has b alice '^From: The A <liddell@isp.test>$'
ok "and To" mailbox_has b alice '^To: alice@b.test, others@isp.test$'
ok "the body is nobody's business" mailbox_has b alice '^from alice@a.test$'
like "posthouse route says it" "$(on a posthouse route nobodyhere)" \
    'other hosts see others@isp.test .smtp_generic_maps'
ok "the log has our own" log_has a ': from=<alice@a.test>'
mail_to bob@a.test twelve alice@a.test
ok "a table that cannot be asked is waited for" wait_for 10 log_has a \
    'to=<bob@a.test>.*status=deferred .mailbox command lookup error'
conf a 'mailbox_command_maps ='
ok "reload" on a posthouse reload
ok "and here it is as it was" wait_for 15 mailbox_has a bob '^Subject: twelve$'
ok "with our sender" mailbox_has a bob '^Return-Path: <alice@a.test>$'
ok "the queue is empty" wait_for 10 queue_is_empty a
lab_done
