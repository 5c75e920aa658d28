#!/usr/bin/python3
"""DKIM and ARC by python3-dkim, for the tests.

    arc.py sign KEY SELECTOR DOMAIN          standard input, signed
    arc.py seal KEY SELECTOR DOMAIN ID       with an ARC set of its own, made of
                                              the Authentication-Results of ID
    arc.py arc ZONE                          what the ARC chain of it is worth
    arc.py verify ZONE                       what its DKIM signatures are worth

KEY is an RSA key in PEM, ZONE a file of lines NAME TEXT: what the DNS has.
SPDX-License-Identifier: BSD-2-Clause
"""
import sys

import dkim


def names(path):
    found = {}
    with open(path) as f:
        for line in f:
            name, _, text = line.rstrip("\n").partition(" ")
            found[name + "."] = text.encode()

    def look_up(name, timeout=5):
        if isinstance(name, bytes):
            name = name.decode()
        return found.get(name)

    return look_up


def key(path):
    with open(path, "rb") as f:
        return f.read()


HEADERS = [b"from", b"to", b"subject", b"date", b"message-id"]


def main(verb, *args):
    message = sys.stdin.buffer.read().replace(b"\r\n", b"\n")
    message = message.replace(b"\n", b"\r\n")
    out = sys.stdout.buffer
    if verb == "sign":
        field = dkim.sign(message, args[1].encode(), args[2].encode(),
                          key(args[0]), include_headers=HEADERS,
                          canonicalize=(b"relaxed", b"relaxed"))
        out.write((field + message).replace(b"\r\n", b"\n"))
    elif verb == "seal":
        fields = dkim.arc_sign(message, args[1].encode(), args[2].encode(),
                               key(args[0]), args[3].encode(),
                               include_headers=HEADERS)
        out.write((b"".join(fields) + message).replace(b"\r\n", b"\n"))
    elif verb == "arc":
        cv, sets, why = dkim.arc_verify(message, dnsfunc=names(args[0]))
        print((cv or b"none").decode(), len(sets), why)
    elif verb == "verify":
        d = dkim.DKIM(message)
        count = message.lower().count(b"\ndkim-signature:") + \
            message.lower().startswith(b"dkim-signature:")
        for i in range(count):
            print("pass" if d.verify(i, dnsfunc=names(args[0])) else "fail")


main(*sys.argv[1:])
