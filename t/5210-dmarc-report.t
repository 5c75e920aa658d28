#!/bin/sh
# Aggregate reports of DMARC: who gets one, and what it says, by the schema of
# RFC 7489 appendix C.  SPDX-License-Identifier: BSD-2-Clause
. "${0%/*}/lib.sh"
lab "DMARC: aggregate reports to those who want them, and to nobody else"
host a 10.53.0.2
host b 10.53.0.3
mail_user a alice
mail_user b agg other small inside asked named
{
	echo 'rej MX 10 b.test.'
	echo 'rej TXT "v=spf1 ip4:10.53.0.3 -all"'
	echo '_dmarc.rej TXT ( "v=DMARC1; p=reject; sp=none; fo=1; rua=mailto:agg@b.test!10m,mailto:other@c.test,"'
	echo ' "mailto:small@b.test!10,https://rej.lab/r,mailto:inside@m.rej.lab,mailto:asked@d.test" )'
	echo 'm.rej MX 10 b.test.'
	echo 'none TXT "v=spf1 -all"'
} | zone lab
record 'rej.lab._report._dmarc.b TXT "v=DMARC1"'
record 'rej.lab._report._dmarc.d TXT "v=DMARC1; rua=mailto:agg@b.test,mailto:named@d.test"'
record 'c MX 10 b'
record 'd MX 10 b'
openssl genrsa -out "$lab/key" 2048 2>/dev/null
openssl rsa -in "$lab/key" -pubout -outform DER 2>/dev/null |
    base64 -w 0 >"$lab/public"
record "k._domainkey.a TXT ( \"v=DKIM1; p=$(sed 's/.\{200\}/&" "/g' "$lab/public")\" )"
dns_start
posthouse_setup a b
mkdir -p "$(root_of a)/etc/posthouse/dkim"
install -m 600 "$lab/key" "$(root_of a)/etc/posthouse/dkim/k.pem"
conf a 'dkim_signing_table = inline:{a.test=k:k.pem}' \
    'dmarc_report = yes' 'report_interval = 5s' \
    'report_organization = A & B'
conf b 'mydestination = b.test, c.test, d.test, m.rej.lab, localhost'
start a
start b

send() { # SENDER FROM
	printf '%s\n' 'EHLO b.test' "MAIL FROM:<$1>" 'RCPT TO:<alice@a.test>' \
	    DATA "From: $2" "Subject: of $2" '' body . QUIT |
	    smtp b 10.53.0.2 >"$lab/said"
}
# All of it in one period.
sleep $((5 - $(date +%s) % 5))
send x@rej.lab x@rej.lab
send x@rej.lab x@rej.lab
send x@none.lab 'x@m.rej.lab'
send x@none.lab 'x@none.lab'
ok "mail is taken" grep -q '^250 2.0.0 Ok: queued' "$lab/said"

ok "a report comes" wait_for 40 mailbox_has b agg '^Subject: Report Domain: rej.lab'
ok "also to an address in the domain itself" wait_for 20 mailbox_has b inside \
    '^Subject: Report Domain: rej.lab'
ok "who consents may name another place of its own" wait_for 20 mailbox_has b \
    named '^Subject: Report Domain: rej.lab'
ok "instead of the one that was asked for" not mailbox_has b asked .
ok "the log has it" log_has a 'rej.lab: DMARC report .* sent to mailto:agg@b.test'
ok "not to a place that did not consent" not mailbox_has b other .
ok "nor to one that takes less" not mailbox_has b small .
ok "which the log says" log_has a 'is larger than mailto:small@b.test!10 takes'
ok "nothing about a domain without a record" log_lacks a 'none.lab: DMARC report'
python3 - "$(root_of b)/var/mail/agg" "$lab" <<'PY'
import email, gzip, mailbox, sys
first = list(mailbox.mbox(sys.argv[1]))[0]
part = [p for p in first.walk() if p.get_content_type() == "application/gzip"][0]
with open(sys.argv[2] + "/name", "w") as f:
    f.write(part.get_filename() + "\n")
with open(sys.argv[2] + "/report.xml", "wb") as f:
    f.write(gzip.decompress(part.get_payload(decode=True)))
with open(sys.argv[2] + "/head", "w") as f:
    f.write(" ".join(str(first["Subject"]).split()) + "\n")
PY
like "the subject is the RFC's" "$(cat "$lab/head")" \
    '^Report Domain: rej\.lab Submitter: a\.test Report-ID: <[^<> ]+>$'
like "so is the file's name" "$(cat "$lab/name")" \
    '^a\.test!rej\.lab!([0-9]+)!([0-9]+)\.xml\.gz$'
like "it is signed by us" "$(mailbox_of b agg)" \
    '^	dkim=pass header.d=a.test '
xml=$(cat "$lab/report.xml")
like "it counts what is alike" "$xml" '<count>2</count>'
like "it says what passed" "$xml" '<spf>pass</spf>'
like "and who sent it" "$xml" '<source_ip>10.53.0.3</source_ip>'
like "in whose name" "$xml" '<header_from>rej.lab</header_from>'
like "under which policy" "$xml" '<p>reject</p>'
like "in our name" "$xml" '<org_name>A &amp; B</org_name>'

# RFC 7489 appendix C, without its comments.
cat >"$lab/schema.xsd" <<'XSD'
<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    targetNamespace="http://dmarc.org/dmarc-xml/0.1"
    xmlns="http://dmarc.org/dmarc-xml/0.1">
  <xs:complexType name="DateRangeType"><xs:all>
    <xs:element name="begin" type="xs:integer"/>
    <xs:element name="end" type="xs:integer"/>
  </xs:all></xs:complexType>
  <xs:complexType name="ReportMetadataType"><xs:sequence>
    <xs:element name="org_name" type="xs:string"/>
    <xs:element name="email" type="xs:string"/>
    <xs:element name="extra_contact_info" type="xs:string" minOccurs="0"/>
    <xs:element name="report_id" type="xs:string"/>
    <xs:element name="date_range" type="DateRangeType"/>
    <xs:element name="error" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:simpleType name="AlignmentType"><xs:restriction base="xs:string">
    <xs:enumeration value="r"/><xs:enumeration value="s"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="DispositionType"><xs:restriction base="xs:string">
    <xs:enumeration value="none"/><xs:enumeration value="quarantine"/>
    <xs:enumeration value="reject"/>
  </xs:restriction></xs:simpleType>
  <xs:complexType name="PolicyPublishedType"><xs:all>
    <xs:element name="domain" type="xs:string"/>
    <xs:element name="adkim" type="AlignmentType" minOccurs="0"/>
    <xs:element name="aspf" type="AlignmentType" minOccurs="0"/>
    <xs:element name="p" type="DispositionType"/>
    <xs:element name="sp" type="DispositionType"/>
    <xs:element name="pct" type="xs:integer"/>
    <xs:element name="fo" type="xs:string"/>
  </xs:all></xs:complexType>
  <xs:simpleType name="DMARCResultType"><xs:restriction base="xs:string">
    <xs:enumeration value="pass"/><xs:enumeration value="fail"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="PolicyOverrideType"><xs:restriction base="xs:string">
    <xs:enumeration value="forwarded"/><xs:enumeration value="sampled_out"/>
    <xs:enumeration value="trusted_forwarder"/><xs:enumeration value="mailing_list"/>
    <xs:enumeration value="local_policy"/><xs:enumeration value="other"/>
  </xs:restriction></xs:simpleType>
  <xs:complexType name="PolicyOverrideReason"><xs:all>
    <xs:element name="type" type="PolicyOverrideType"/>
    <xs:element name="comment" type="xs:string" minOccurs="0"/>
  </xs:all></xs:complexType>
  <xs:complexType name="PolicyEvaluatedType"><xs:sequence>
    <xs:element name="disposition" type="DispositionType"/>
    <xs:element name="dkim" type="DMARCResultType"/>
    <xs:element name="spf" type="DMARCResultType"/>
    <xs:element name="reason" type="PolicyOverrideReason" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:simpleType name="IPAddress"><xs:restriction base="xs:string">
    <xs:pattern value="((1?[0-9]?[0-9]|2[0-4][0-9]|25[0-5]).){3}(1?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])|([A-Fa-f0-9]{1,4}:){7}[A-Fa-f0-9]{1,4}"/>
  </xs:restriction></xs:simpleType>
  <xs:complexType name="RowType"><xs:all>
    <xs:element name="source_ip" type="IPAddress"/>
    <xs:element name="count" type="xs:integer"/>
    <xs:element name="policy_evaluated" type="PolicyEvaluatedType" minOccurs="1"/>
  </xs:all></xs:complexType>
  <xs:complexType name="IdentifierType"><xs:all>
    <xs:element name="envelope_to" type="xs:string" minOccurs="0"/>
    <xs:element name="envelope_from" type="xs:string" minOccurs="1"/>
    <xs:element name="header_from" type="xs:string" minOccurs="1"/>
  </xs:all></xs:complexType>
  <xs:simpleType name="DKIMResultType"><xs:restriction base="xs:string">
    <xs:enumeration value="none"/><xs:enumeration value="pass"/>
    <xs:enumeration value="fail"/><xs:enumeration value="policy"/>
    <xs:enumeration value="neutral"/><xs:enumeration value="temperror"/>
    <xs:enumeration value="permerror"/>
  </xs:restriction></xs:simpleType>
  <xs:complexType name="DKIMAuthResultType"><xs:all>
    <xs:element name="domain" type="xs:string" minOccurs="1"/>
    <xs:element name="selector" type="xs:string" minOccurs="0"/>
    <xs:element name="result" type="DKIMResultType" minOccurs="1"/>
    <xs:element name="human_result" type="xs:string" minOccurs="0"/>
  </xs:all></xs:complexType>
  <xs:simpleType name="SPFDomainScope"><xs:restriction base="xs:string">
    <xs:enumeration value="helo"/><xs:enumeration value="mfrom"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="SPFResultType"><xs:restriction base="xs:string">
    <xs:enumeration value="none"/><xs:enumeration value="neutral"/>
    <xs:enumeration value="pass"/><xs:enumeration value="fail"/>
    <xs:enumeration value="softfail"/><xs:enumeration value="temperror"/>
    <xs:enumeration value="permerror"/>
  </xs:restriction></xs:simpleType>
  <xs:complexType name="SPFAuthResultType"><xs:all>
    <xs:element name="domain" type="xs:string" minOccurs="1"/>
    <xs:element name="scope" type="SPFDomainScope" minOccurs="1"/>
    <xs:element name="result" type="SPFResultType" minOccurs="1"/>
  </xs:all></xs:complexType>
  <xs:complexType name="AuthResultType"><xs:sequence>
    <xs:element name="dkim" type="DKIMAuthResultType" minOccurs="0" maxOccurs="unbounded"/>
    <xs:element name="spf" type="SPFAuthResultType" minOccurs="1" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="RecordType"><xs:sequence>
    <xs:element name="row" type="RowType"/>
    <xs:element name="identifiers" type="IdentifierType"/>
    <xs:element name="auth_results" type="AuthResultType"/>
  </xs:sequence></xs:complexType>
  <xs:element name="feedback"><xs:complexType><xs:sequence>
    <xs:element name="version" type="xs:decimal"/>
    <xs:element name="report_metadata" type="ReportMetadataType"/>
    <xs:element name="policy_published" type="PolicyPublishedType"/>
    <xs:element name="record" type="RecordType" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
XSD
# Like everybody's, our reports name no namespace; the schema has one.
sed 's#<feedback>#<d:feedback xmlns:d="http://dmarc.org/dmarc-xml/0.1">#
	s#</feedback>#</d:feedback>#' "$lab/report.xml" >"$lab/named.xml"
ok "the schema takes it" xmllint --noout --schema "$lab/schema.xsd" "$lab/named.xml"

echo "# not by default"
conf a 'dmarc_report = no'
ok "reload" on a posthouse reload
sleep 1
: >"$(root_of b)/var/mail/agg"
send x@rej.lab x@rej.lab
sleep 8
ok "no report about that" not mailbox_has b agg .
lab_done
