#!/usr/bin/python3
# The RFC 7208 test suite (YAML) as lines of t/spf_world.h, on standard output.
#
# Type SPF is gone since RFC 7208: the suite's records of that type stand for
# TXT where a name has no TXT of its own.
#
# SPDX-License-Identifier: BSD-2-Clause

import sys

import yaml


def field(value):
    out = []
    for byte in str(value).encode("latin-1"):
        plain = 32 <= byte < 127 and byte != 92
        out.append(chr(byte) if plain else "\\x%02x" % byte)
    return "".join(out)


def line(*fields):
    print("\t".join(field(f) for f in fields))


def data_of(kind, value):
    if kind == "MX":
        return "%d %s" % (value[0], str(value[1]).rstrip("."))
    if kind in ("PTR", "CNAME"):
        return str(value).rstrip(".")
    if kind in ("TXT", "SPF") and isinstance(value, list):
        return "".join(value)
    return value


def records_of(name, items):
    own_txt = any(isinstance(i, dict) and "TXT" in i for i in items)
    for item in items:
        if item == "TIMEOUT":
            yield "TIMEOUT", ""
            continue
        for kind, value in item.items():
            if kind == "SPF":
                if own_txt:
                    continue
                kind = "TXT"
            if value == "NONE":
                continue
            if value == "TIMEOUT":
                yield "TIMEOUT", ""
                continue
            yield kind, data_of(kind, value)


for scenario in yaml.safe_load_all(open(sys.argv[1], encoding="utf-8")):
    line("zone", scenario["description"])
    for name, items in scenario["zonedata"].items():
        for kind, data in records_of(name, items):
            line("rr", name, kind, data)
    for name, test in scenario["tests"].items():
        result = test["result"]
        wanted = result if isinstance(result, str) else ",".join(result)
        says = test.get("explanation", "*")
        line("case", name, test["host"], test.get("helo", ""),
             test.get("mailfrom", ""), wanted,
             "-" if says == "DEFAULT" else says)
