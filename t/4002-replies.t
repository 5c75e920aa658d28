#!/bin/sh
# What becomes of a message, by what the host says in each stage.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
. "${0%/*}/sink.sh"
lab "every refusal, in every stage, from smtp-sink"
host a 10.53.0.2
dns_start
posthouse_setup a
start a

n=30
# refusal DESCRIPTION OPTION STAGE PATTERN: a host that does this in that stage.
refusal() {
	n=$((n + 1))
	sink "s$n" "10.53.0.$n" "$2" "$3"
	to "x@[10.53.0.$n]"
	ok "$1" status "x@\\[10.53.0.$n\\]" "$4"
}

h='10\.53\.0\.[0-9]+\[10\.53\.0\.[0-9]+\]'
refusal "greeting, for now" -r connect \
    "dsn=4[0-9.]+, status=deferred \\(host $h refused to talk to me: 450 "
refusal "greeting, for ever: that may be this host alone" -f connect \
    "dsn=4[0-9.]+, status=deferred \\(host $h refused to talk to me: 500 "
refusal "greeting, never" -q connect \
    "dsn=4.4.2, status=deferred \\(lost connection with $h while receiving the initial server greeting\\)"
refusal "EHLO: HELO does it" -f ehlo 'dsn=2.0.0, status=sent'
refusal "MAIL, for ever" -f mail \
    "dsn=5[0-9.]+, status=bounced \\(host $h said: 500 .* \\(in reply to MAIL FROM command\\)\\)"
refusal "MAIL, for now" -r mail \
    "dsn=4[0-9.]+, status=deferred \\(host $h said: 450 .* \\(in reply to MAIL FROM command\\)\\)"
refusal "MAIL, 421" -Q mail \
    "dsn=4[0-9.]+, status=deferred \\(host $h said: 421 .* \\(in reply to MAIL FROM command\\)\\)"
refusal "RCPT, for ever" -f rcpt \
    "dsn=5[0-9.]+, status=bounced \\(host $h said: 500 .* \\(in reply to RCPT TO command\\)\\)"
refusal "RCPT, for now" -r rcpt \
    "dsn=4[0-9.]+, status=deferred \\(host $h said: 450 .* \\(in reply to RCPT TO command\\)\\)"
refusal "RCPT, gone" -q rcpt \
    "dsn=4.4.2, status=deferred \\(lost connection with $h while sending RCPT TO\\)"
refusal "DATA, for ever" -f data \
    "dsn=5[0-9.]+, status=bounced \\(host $h said: 500 .* \\(in reply to DATA command\\)\\)"
refusal "DATA, gone" -q data \
    "dsn=4.4.2, status=deferred \\(lost connection with $h while sending DATA command\\)"
refusal "end of data, for now" -r . \
    "dsn=4[0-9.]+, status=deferred \\(host $h said: 450 .* \\(in reply to end of DATA command\\)\\)"
refusal "end of data, for ever" -f . \
    "dsn=5[0-9.]+, status=bounced \\(host $h said: 500 .* \\(in reply to end of DATA command\\)\\)"
refusal "end of data, gone" -q . \
    "dsn=4.4.2, status=deferred \\(lost connection with $h while sending end of data -- message may be sent more than once\\)"
lab_done
