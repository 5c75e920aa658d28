#!/bin/sh
# The exercise of sender authentication: st14 sends as st18, as itself, through
# the backup of st18, and on to a third host.  Names from BIND.
# SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "who sent it: forged, signed, by the backup, forwarded, and back"
host st14 10.53.0.14
host st18 10.53.0.18
host bk 10.53.0.20 # the second MX of st18
host th 10.53.0.30 # the third host, where mail is forwarded to
mail_user st14 u
mail_user st18 u
mail_user th u
for h in st14 st18; do
	openssl genrsa -out "$lab/$h.key" 2048 2>/dev/null
	public=$(openssl rsa -in "$lab/$h.key" -pubout -outform DER 2>/dev/null |
	    base64 -w 0 | sed 's/.\{200\}/&" "/g')
	{
		echo "@ MX 10 $h.test."
		[ $h != st18 ] || echo '@ MX 20 bk.test.'
		echo "@ TXT \"v=spf1 ip4:10.53.0.${h#st} ip6:fd53::${h#st} -all\""
		echo '_dmarc TXT "v=DMARC1; p=reject"'
		echo "k._domainkey TXT ( \"v=DKIM1; p=$public\" )"
	} | zone $h.example
done
echo '@ MX 10 th.test.' | zone th.example
dns_start
posthouse_setup st14 st18 bk th
for h in st14 st18; do
	d=$(root_of $h)/etc/posthouse/dkim
	mkdir -p "$d"
	install -m 600 "$lab/$h.key" "$d/k.pem"
	conf $h "mydestination = $h.test, $h.example, localhost" \
	    "dkim_signing_table = inline:{$h.example=k:k.pem}"
done
# A session that is kept would know the old settings of the other host.
for h in st14 st18 bk; do
	conf $h 'smtp_connection_cache_time_limit = 0s'
done
conf st18 'srs_domain = st18.example'
conf bk 'backup_mx_domains = st18.example' 'notify_classes =' \
    'destination_probe_time = 2s'
conf th 'mydestination = th.test, th.example, localhost' \
    'spf_policy = reject' 'dmarc_policy = enforce'
cat >>"$(root_of st18)/etc/posthouse/aliases" <<'ALIASES'
on: u@th.example
lost: lost@th.example
ALIASES
echo 'lost: "|exit 67"' >>"$(root_of th)/etc/posthouse/aliases"
for h in st14 st18 bk th; do
	on $h posthouse setup >"$lab/setup2.$h" 2>&1 || cat "$lab/setup2.$h"
	on $h newaliases
	start $h
done

letter() { # SENDER RECIPIENT SUBJECT: from st14
	printf 'From: %s\nTo: %s\nSubject: %s\n\nhello\n' "$1" "$2" "$3" |
	    on st14 sendmail -i -f "$1" "$2"
}
# to_backup SENDER FROM SUBJECT: st14 says it to the second MX, for u of st18.
to_backup() {
	printf '%s\n' 'EHLO st14.test' "MAIL FROM:<$1>" \
	    'RCPT TO:<u@st18.example>' DATA "From: $2" "Subject: $3" '' \
	    hello . QUIT | smtp st14 10.53.0.20 >"$lab/said"
}
arrives() { # HOST SUBJECT
	ok "$2: arrives" wait_for 20 mailbox_has "$1" u "^Subject: $2\$"
}
says() { # HOST SUBJECT: what its first Authentication-Results say, on one line
	mailbox_of "$1" u | awk -v want="Subject: $2" '
		/^From / { text = ""; done = 0 }
		/^Authentication-Results:/ && !done { on = 1 }
		on && /^[^\t A]/ { on = 0; done = 1 }
		on { sub(/^[ \t]+/, " "); text = text $0 }
		$0 == want { print text; exit }'
}

echo "# st14 sends as st18"
letter u@st18.example u@st18.example 'forged'
arrives st18 forged
like "SPF fails" "$(says st18 forged)" 'spf=fail smtp.mailfrom=st18.example'
like "and so does DMARC" "$(says st18 forged)" \
    'dmarc=fail \(p=reject dis=none\) header.from=st18.example'
conf st18 'spf_policy = reject'
ok "reload" on st18 posthouse reload
letter ghost@st18.example u@st18.example 'forged again'
ok "now it is refused" wait_for 20 log_has st14 \
    'to=<u@st18.example>.*dsn=5\.7\.23, status=bounced .*said: 550 5\.7\.23 '
ok "and not here" not mailbox_has st18 u '^Subject: forged again$'

echo "# st14 sends as itself"
letter u@st14.example u@st18.example 'honest'
arrives st18 honest
like "SPF passes" "$(says st18 honest)" 'spf=pass smtp.mailfrom=st14.example'
like "so does DKIM" "$(says st18 honest)" 'dkim=pass header.d=st14.example'
like "so does DMARC" "$(says st18 honest)" 'dmarc=pass .*header.from=st14.example'

echo "# forwarded to the third host, which enforces all"
letter u@st14.example on@st18.example 'forwarded'
arrives th forwarded
like "the signature is whole" "$(says th forwarded)" \
    'dkim=pass header.d=st14.example'
like "by which DMARC passes" "$(says th forwarded)" \
    'dmarc=pass .*header.from=st14.example'
ok "the forwarder answers for the envelope" mailbox_has th u \
    '^Return-Path: <SRS0=.*=st14\.example=u@st18\.example>'
letter u@st14.example lost@st18.example 'never arrives'
ok "what fails there comes back" wait_for 20 mailbox_has st14 u \
    '^Subject: Undelivered Mail Returned to Sender'
ok "from the third host" mailbox_has st14 u '^Reporting-MTA: dns; *th\.test'
ok "through SRS" log_has st18 'to=<u@st14.example>, orig_to=<SRS0='

echo "# by the backup"
# Only who hands a message in from outside can be judged: that was its backup.
to_backup u@st14.example u@st14.example 'not exempt'
ok "a backup that the primary does not know of is taken for a forger" \
    wait_for 20 log_has bk \
    'to=<u@st18.example>.*dsn=5\.7\.23, status=bounced .*said: 550 5\.7\.23 '
advice='^fail  st18.example: mail that comes by its other MX, bk.test, is refused as forged: add 10.53.0.20 to spf_exempt_clients'
on st18 posthouse check >"$lab/check" 2>&1
ok "posthouse check says so" grep -q "$advice" "$lab/check"
conf st18 'spf_exempt_clients = 10.53.0.20, fd53::20'
on st18 posthouse check >"$lab/check" 2>&1
ok "until it is told" not grep -q 'is refused as forged' "$lab/check"
ok "reload" on st18 posthouse reload
stop st18 >/dev/null
letter u@st14.example u@st18.example 'by the backup'
holds_one() {
	on bk mqueue --json | grep -q '"queue_name": *"deferred"'
}
ok "the primary is away: its backup has it" wait_for 20 holds_one
ok "and the sender is rid of it" wait_for 10 queue_is_empty st14
ok "the backup judged it" log_has bk ': accepted as backup for st18.example'
start st18
arrives st18 'by the backup'
like "the signature is valid still" "$(says st18 'by the backup')" \
    'dkim=pass header.d=st14.example'
like "so DMARC passes" "$(says st18 'by the backup')" \
    'dmarc=pass .*header.from=st14.example'
ok "SPF says nothing of the backup" not grep -q 'spf=' <<END
$(says st18 'by the backup')
END
ok "what the backup found does not count here" not grep -q 'a=bk.test' <<END
$(says st18 'by the backup')
END

echo "# refused behind the backup"
conf st18 'dmarc_policy = enforce' 'dmarc_exempt_clients ='
ok "reload" on st18 posthouse reload
to_backup u@st14.example u@st18.example 'in the name of another'
ok "the backup only marks" grep -q '^250 2.0.0 Ok: queued' "$lab/said"
id=$(sed -n 's/^250 2.0.0 Ok: queued as //p' "$lab/said" | tr -d '\r')
ok "the primary refuses" wait_for 20 log_has bk \
    "$id: .*said: 550 5\.7\.26 DMARC: mail from st18.example is refused"
is_held() {
	on bk mqueue --json | grep '"queue_name": *"hold"' | grep -q "$id"
}
ok "it is held" wait_for 10 is_held
ok "the log says why" log_has bk \
    "$id: .*refused after we accepted it as backup \(DMARC fail\): kept in hold"
ok "and nobody gets a bounce" log_lacks bk "$id: sender non-delivery"
on bk mqueue --delete "$id" >/dev/null
ok "the administrator throws it away" wait_for 10 queue_is_empty bk
conf st18 'dmarc_policy = mark'
ok "reload" on st18 posthouse reload

for h in st14 st18 bk th; do
	is "$h has nothing left" "$(on $h mqueue --json)" ""
done
lab_done
