"""SMTP clients for the tests of smtpd.

usage: clients.py VERB HOST [ARGUMENT...]

smuggle HOST RCPT   sends a message with each ending that is none, and what
                    would be smuggled behind it: a line "ENDING REPLY" each,
                    the ending as R, N and 0 for CR, LF and NUL
hold HOST N         opens N connections, prints "CODE COUNT" for what they are
                    greeted with, and holds them until its input ends
hold_tls HOST N     the same behind STARTTLS and EHLO
many HOST N VERB    one session that says VERB (with %d) N times; counts replies
big HOST RCPT N     sends a message of N bytes: the reply to its end
slow HOST RCPT      sends a message byte by byte: the reply to its end
rush HOST           talks before the greeting: what is said
drain HOST RCPT     one session idle, one within its content, until a line is
                    read: the replies to NOOP and to the end; then what the
                    idle one is told when the server stops

SPDX-License-Identifier: BSD-2-Clause
"""

import collections
import os
import socket
import ssl
import sys
import time

ENDINGS = ["\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r",
           "\r\n.\r\r\n", "\r\n\0.\r\n", "\r\n.\0\r\n", "\r\r\n.\r\r\n"]


class Client:
    def __init__(self, host):
        self.sock = socket.create_connection((host, 25), 30)
        self.file = self.sock.makefile("rb")

    def reply(self):
        while True:
            line = self.file.readline().decode("latin-1")
            if len(line) < 4 or line[3] != "-":
                return line.rstrip()

    def say(self, text):
        self.sock.sendall(text.encode("latin-1"))
        return self.reply()

    def envelope(self, rcpt):
        self.reply()
        self.say("EHLO client.test\r\n")
        self.say("MAIL FROM:<sender@client.test>\r\n")
        self.say("RCPT TO:<%s>\r\n" % rcpt)
        return self.say("DATA\r\n")


def smuggle(host, rcpt):
    for ending in ENDINGS:
        client = Client(host)
        client.envelope(rcpt)
        reply = client.say(
            "Subject: outer\r\n\r\nouter" + ending +
            "MAIL FROM:<evil@client.test>\r\nRCPT TO:<%s>\r\nDATA\r\n"
            "Subject: smuggled\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n" % rcpt)
        print(ending.translate({13: "R", 10: "N", 0: "0"}), reply)


def hold(host, n):
    clients = [Client(host) for _ in range(int(n))]
    codes = collections.Counter(c.reply()[:9] for c in clients)
    for code in sorted(codes):
        print(code, codes[code])
    sys.stdout.flush()
    sys.stdin.read()


def hidden(host, context):
    """A session under TLS after EHLO: the reply's code, and the descriptor of
    its connection, of which nothing else is kept."""
    client = Client(host)
    client.reply()
    client.say("EHLO client.test\r\n")
    client.say("STARTTLS\r\n")
    client.file.close()
    client.sock = context.wrap_socket(client.sock)
    client.file = client.sock.makefile("rb")
    code = client.say("EHLO client.test\r\n")[:3]
    fd = os.dup(client.sock.fileno())
    client.file.close()
    client.sock.close()
    return code, fd


def hold_tls(host, n):
    context = ssl._create_unverified_context()
    held = [hidden(host, context) for _ in range(int(n))]
    codes = collections.Counter(code for code, _ in held)
    for code in sorted(codes):
        print(code, codes[code])
    sys.stdout.flush()
    sys.stdin.read()


def many(host, n, verb):
    client = Client(host)
    client.reply()
    client.say("EHLO client.test\r\n")
    client.say("MAIL FROM:<sender@client.test>\r\n")
    codes = collections.Counter()
    for i in range(int(n)):
        line = verb % i if "%d" in verb else verb
        codes[client.say(line + "\r\n")[:9]] += 1
    for code in sorted(codes):
        print(code, codes[code])


def big(host, rcpt, n):
    client = Client(host)
    client.envelope(rcpt)
    line = "x" * 70 + "\r\n"
    for _ in range(int(n) // len(line) // 100 + 1):
        client.sock.sendall((line * 100).encode())
    print(client.say(".\r\n"))
    print(client.say("NOOP\r\n"))


def slow(host, rcpt):
    client = Client(host)
    client.envelope(rcpt)
    for byte in "Subject: byte by byte\r\n\r\n..x\r\n":
        client.sock.sendall(byte.encode())
        time.sleep(0.01)
    client.sock.sendall(b".")
    time.sleep(0.01)
    client.sock.sendall(b"\r")
    time.sleep(0.01)
    print(client.say("\n"))


def rush(host):
    client = Client(host)
    client.sock.sendall(b"EHLO client.test\r\nMAIL FROM:<a@client.test>\r\n")
    print(client.file.read().decode("latin-1"))


def drain(host, rcpt):
    idle = Client(host)
    idle.reply()
    idle.say("EHLO client.test\r\n")
    busy = Client(host)
    busy.envelope(rcpt)
    busy.sock.sendall(b"Subject: across\r\n\r\n")
    print("ready")
    sys.stdout.flush()
    sys.stdin.readline()
    print(idle.say("NOOP\r\n"))
    print(busy.say("the rest\r\n.\r\n"))
    print("stop")
    sys.stdout.flush()
    print(idle.reply())


globals()[sys.argv[1]](*sys.argv[2:])
