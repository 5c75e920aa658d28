"""Reads a report about TLS and looks whether it is one by RFC 8460.

usage: tlsrpt.py MBOX|GZIP: of the last message of a mailbox, or of what was
posted.  Prints "DOMAIN TYPE GOOD BAD RESULT:COUNT,..." a policy.
SPDX-License-Identifier: BSD-2-Clause
"""

import datetime
import gzip
import ipaddress
import json
import mailbox
import re
import sys

RESULTS = {
    "starttls-not-supported", "certificate-host-mismatch",
    "certificate-expired", "certificate-not-trusted", "validation-failure",
    "tlsa-invalid", "dnssec-invalid", "dane-required",
    "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"}


def is_text(x):
    assert isinstance(x, str) and x, x


def is_texts(x):
    assert isinstance(x, list) and x, x
    for y in x:
        is_text(y)


def is_count(x):
    assert isinstance(x, int) and x >= 0, x


def is_ip(x):
    ipaddress.ip_address(x)


def is_time(x):
    datetime.datetime.strptime(x, "%Y-%m-%dT%H:%M:%SZ")


def is_one_of(*words):
    def check(x):
        assert x in words, x
    return check


def many(check):
    def each(x):
        assert isinstance(x, list), x
        for y in x:
            check(y)
    return each


def members(must, may={}):
    """An object with these members and no others."""
    def check(x):
        assert isinstance(x, dict), x
        for name in must:
            assert name in x, "no " + name
        for name, value in x.items():
            assert name in must or name in may, "strange: " + name
            (must.get(name) or may[name])(value)
    return check


# RFC 8460 4.4
REPORT = members({
    "organization-name": is_text,
    "date-range": members({"start-datetime": is_time,
                           "end-datetime": is_time}),
    "contact-info": is_text,
    "report-id": is_text,
    "policies": many(members({
        "policy": members({
            "policy-type": is_one_of("tlsa", "sts", "no-policy-found"),
            "policy-domain": is_text,
        }, {"policy-string": is_texts, "mx-host": is_texts}),
        "summary": members({"total-successful-session-count": is_count,
                            "total-failure-session-count": is_count}),
    }, {
        "failure-details": many(members({
            "result-type": is_one_of(*RESULTS),
            "failed-session-count": is_count,
        }, {
            "sending-mta-ip": is_ip, "receiving-mx-hostname": is_text,
            "receiving-mx-helo": is_text, "receiving-ip": is_ip,
            "additional-information": is_text,
            "failure-reason-code": is_text})),
    })),
})


def of_mailbox(path):
    box = mailbox.mbox(path)
    m = box[max(box.keys())]
    assert m.get_content_type() == "multipart/report", m.get_content_type()
    assert m.get_param("report-type") == "tlsrpt"
    assert m["TLS-Required"] == "No"
    assert m["TLS-Report-Submitter"]
    assert re.match(r"Report Domain: \S+\s+Submitter: \S+\s+Report-ID: <\S+>$",
                    m["Subject"]), m["Subject"]
    text, report = m.get_payload()
    assert text.get_content_type() == "text/plain"
    assert report.get_content_type() == "application/tlsrpt+gzip"
    name = report.get_filename().split("!")
    assert len(name) == 4 and name[3].endswith(".json.gz"), name
    assert name[1] == m["TLS-Report-Domain"], name
    return report.get_payload(decode=True)


path = sys.argv[1]
with open(path, "rb") as f:
    data = f.read()
if data[:2] != b"\x1f\x8b":
    data = of_mailbox(path)
r = json.loads(gzip.decompress(data))
REPORT(r)
for p in r["policies"]:
    details = p.get("failure-details", [])
    bad = p["summary"]["total-failure-session-count"]
    assert sum(d["failed-session-count"] for d in details) == bad
    print(p["policy"]["policy-domain"], p["policy"]["policy-type"],
          p["summary"]["total-successful-session-count"], bad,
          ",".join("%s:%d" % (d["result-type"], d["failed-session-count"])
                   for d in details) or "-")
