#!/bin/sh
# Addresses as others are to see them.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "canonical_maps and masquerading, in envelope and header, by whom it comes"
host a 10.53.0.2
host b 10.53.0.3
dns_start
mail_user a alice
mail_user b bob
posthouse_setup a
posthouse_setup b
conf a 'mynetworks = 127.0.0.0/8 10.53.0.3' \
    'canonical_maps = inline:{{alice@a.test=Alice.Liddell@a.test}, {old@a.test=alice@a.test}}' \
    'recipient_canonical_maps = inline:{{Alice.Liddell@a.test=alice@a.test}}' \
    'recipient_canonical_classes = envelope_recipient' \
    'canonical_classes = envelope_sender, header_sender, header_recipient' \
    'sender_canonical_maps = inline:{{app@host.a.test=real@host.a.test}}' \
    'local_recipient_maps =' 'masquerade_domains = a.test' 'masquerade_exceptions = root'
start a
start b

on a sh -c 'printf "From: The A <alice>\nTo: bob@b.test, old@a.test\nSubject: one\n\nb\n" |
    sendmail -i -f alice@a.test bob@b.test'
ok "it arrives" wait_for 15 mailbox_has b bob '^Subject: one$'
ok "with another sender" mailbox_has b bob '^Return-Path: <Alice.Liddell@a.test>'
ok "and From, whose name stays" mailbox_has b bob '^From: The A <Alice.Liddell@a.test>'
ok "and To, rewritten twice" mailbox_has b bob '^To: bob@b.test, Alice.Liddell@a.test$'
on a sh -c 'printf "From: app@host.a.test\nTo: bob@b.test\nSubject: two\n\nb\n" |
    sendmail -i -f app@host.a.test bob@b.test'
ok "a sender map, then the mask" wait_for 15 mailbox_has b bob '^Return-Path: <real@a.test>'
ok "also in the header" mailbox_has b bob '^From: real@a.test$'
printf '%s\n' 'EHLO b.test' 'MAIL FROM:<x@b.test>' 'RCPT TO:<Alice.Liddell@a.test>' \
    DATA 'From: alice@a.test' 'Subject: four' '' body . QUIT |
    smtp b 10.53.0.2 >"$lab/said"
ok "a recipient's other name" wait_for 15 mailbox_has a alice '^Subject: four$'
ok "is the one that was given" mailbox_has a alice \
    '^X-Original-To: Alice.Liddell@a.test'
ok "what others wrote stays" mailbox_has a alice '^From: alice@a.test$'
lab_done
