"""Clients that authenticate, as ordinary ones cannot.

usage: auth.py HOST PORT WHAT [ARGUMENT...]
SPDX-License-Identifier: BSD-2-Clause
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import sys

host, port, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
args = sys.argv[4:]


def b64(octets):
    return base64.b64encode(octets).decode()


class Client:
    def __init__(self, tls=True):
        self.s = socket.create_connection((host, port), 30)
        self.f = self.s.makefile("rb")
        self.hear()
        self.offer = self.say("EHLO me.test")
        if tls:
            assert self.say("STARTTLS").startswith("220")
            context = ssl._create_unverified_context()
            if "CERTIFICATE" in os.environ:
                context.load_cert_chain(os.environ["CERTIFICATE"])
            context.check_hostname = False
            self.s = context.wrap_socket(
                self.s, server_hostname=os.environ.get("ASK_FOR"))
            self.f = self.s.makefile("rb")
            self.offer = self.say("EHLO me.test")

    def hear(self):
        text = b""
        while True:
            line = self.f.readline()
            text += line
            if line[3:4] != b"-":
                return text.decode().strip()

    def say(self, line):
        self.s.sendall(line.encode() + b"\r\n")
        return self.hear()


def certificate_hash(der):
    """As RFC 5929 4 wants it; the test's certificates are of SHA-256."""
    return hashlib.sha256(der).digest()


def scram(client, user, password, kind):
    """A whole dialogue of SCRAM-SHA-256, bound as kind says; gives the last
    reply."""
    if kind == "none":
        header, octets, name = "n,,", b"", "SCRAM-SHA-256"
    elif kind == "hidden":
        header, octets, name = "y,,", b"", "SCRAM-SHA-256"
    else:
        octets = certificate_hash(client.s.getpeercert(True))
        header, name = "p=tls-server-end-point,,", "SCRAM-SHA-256-PLUS"
        if kind == "wrong":
            octets = octets[::-1]
    nonce = b64(os.urandom(12))
    bare = "n=%s,r=%s" % (user, nonce)
    heard = client.say("AUTH %s %s" % (name, b64((header + bare).encode())))
    if not heard.startswith("334 "):
        return heard
    challenge = base64.b64decode(heard[4:]).decode()
    parts = dict(p.split("=", 1) for p in challenge.split(","))
    assert parts["r"].startswith(nonce)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(),
                                 base64.b64decode(parts["s"]),
                                 int(parts["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    last = "c=%s,r=%s" % (b64(header.encode() + octets), parts["r"])
    said = ",".join((bare, challenge, last)).encode()
    mask = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, mask))
    heard = client.say(b64(("%s,p=%s" % (last, b64(proof))).encode()))
    if not heard.startswith("334 "):
        return heard
    server = hmac.digest(salted, b"Server Key", "sha256")
    want = "v=" + b64(hmac.digest(server, said, "sha256"))
    assert base64.b64decode(heard[4:]).decode() == want, "the server is another"
    return client.say("")


def plain(user, password):
    return b64(("\0%s\0%s" % (user, password)).encode())


def main():
    if what == "offer":
        for line in Client(args[:1] != ["clear"]).offer.split("\n"):
            if "AUTH" in line:
                print(line.strip()[4:])
    elif what == "plain":
        print(Client().say("AUTH PLAIN " + plain(*args)))
    elif what == "clear":
        print(Client(False).say("AUTH PLAIN " + plain(*args)))
    elif what == "scram":
        print(scram(Client(), *args))
    elif what == "lines":  # each argument a line; the last reply
        client = Client()
        for line in args:
            heard = client.say(line)
        print(heard)
    elif what == "long":
        client = Client()
        client.say("AUTH PLAIN")
        print(client.say("A" * 20000))
    elif what == "cut":  # goes away at every step
        for n in range(3):
            client = Client()
            if n > 0:
                client.s.sendall(b"AUTH PLA")
            if n > 1:
                client.s.sendall(b"IN\r\n")
                client.hear()
            client.s.close()
        print("gone")
    elif what == "wait":  # logs in, says so, logs in once more at a word
        client = Client()
        print(client.say("AUTH LOGIN")[:3], flush=True)
        sys.stdin.readline()
        print(client.say(b64(b"alice"))[:3], flush=True)
        sys.stdin.readline()
        print(client.say("AUTH PLAIN " + plain(*args))[:3])


main()
