"""Messages made to be signed and judged, and python3-dkim on the other side.

usage: dkim_peers.py make FOLDER N [utf8]      N odd messages, from author@DOMAIN,
                                               with headers in UTF-8
       dkim_peers.py sign FOLDER KEYS          each signed by python3-dkim
       dkim_peers.py send FOLDER HOST PORT SENDER RCPT
       dkim_peers.py sink ADDRESS FOLDER [8BITMIME]
       dkim_peers.py verify FOLDER RECORDS N   N good signatures in each
RECORDS: lines "NAME TEXT", what the DNS has.  KEYS: a folder with rsa.pem and
ed.b64.
SPDX-License-Identifier: BSD-2-Clause
"""

import os
import random
import socket
import sys
import threading

DOMAIN = os.environ.get("DKIM_DOMAIN", "a.test")
rng = random.Random(6376)


def names(folder):
    return sorted(n for n in os.listdir(folder) if n[0] != ".")


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def write(folder, name, text):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(text)


# ---- messages ----

def word():
    return "".join(rng.choice("abcdefghij-_.=;:\"'<>@!") for _ in
                   range(rng.randint(1, 12)))


def odd_subject(i):
    plain = " ".join(word() for _ in range(rng.randint(0, 12)))
    return [
        "Subject: " + plain,
        "Subject:" + plain,
        "SUBJECT:   " + plain + "  \t ",
        "subject: " + plain + "\r\n " + word() + "\r\n\t  " + word(),
        "Subject: =?utf-8?Q?gr=C3=BC=C3=9Fe?=\r\n\t=?utf-8?B?w7w=?=",
        "Subject:",
        "Subject: \t",
        "Subject: " + "x" * 900,
    ][i % 8]


def utf8_subject(i):
    return [
        "Subject: gr\u00fc\u00dfe",
        "subject:\u00fc \t \u4f60\u597d  ",
        "Subject: " + word() + "\r\n \u00e9" + word() + "\r\n\t  \U0001f4ee",
        "Subject: " + "\u4f60" * 300,
        "Subject: " + "\u00fc" + "x" * 70 + "\r\n \u2028 \u00a0",
    ][i % 5]


def body(i):
    lines = [" ".join(word() for _ in range(rng.randint(0, 9)))
             for _ in range(rng.randint(0, 30))]
    text = "\r\n".join(lines)
    return [
        "",
        "\r\n",
        "\r\n\r\n\r\n",
        " \t\r\n",
        text,
        text + "\r\n",
        text + "\r\n\r\n\r\n \r\n",
        "\r\n\r\n" + text + " \r\n",
        "a  b\t c \r\n.dot\r\n..two\r\n" + text + "\r\n",
        "gr\u00fc\u00dfe  " + text + "\r\n",
        "x" * 990 + "\r\n" + text + "\t\r\n",
    ][i % 11]


def message(i, utf8):
    head = ["From: %s <author@%s>" % ("\u00c4utor" if utf8 else "Author", DOMAIN),
            "To: <bob@b.test>",
            utf8_subject(i) if utf8 else odd_subject(i),
            "Date: Sun, 22 Nov 2026 0%d:00:00 +0000" % (i % 10),
            "Message-ID: <%d.odd@%s>" % (i, DOMAIN)]
    if i % 5 == 0:
        head.append("X-Odd:\r\n  " + word() + "\r\n\t" + word())
    if i % 7 == 0:
        head += ["Received: from x by y; Sun, 22 Nov 2026 00:00:00 +0000"] * 3
    if i % 3 == 0:
        head[1] = "tO:bob@b.test\r\n ,  carl@b.test"
    text = body(i)
    if not text.isascii():
        head += ["MIME-Version: 1.0",
                 "Content-Type: text/plain; charset=utf-8",
                 "Content-Transfer-Encoding: 8bit"]
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


def make(folder, n, utf8=""):
    for i in range(int(n)):
        write(folder, utf8 + "%04d" % i, message(i, utf8))
    if utf8:
        return
    big = "".join("line %d  of many \t words \r\n" % i for i in range(330000))
    write(folder, "big", (message(4, utf8) + b"\r\n" + big.encode()))


# ---- python3-dkim ----

def sign(folder, keys):
    import dkim
    rsa, ed = read(keys, "rsa.pem"), read(keys, "ed.b64").strip()
    forms = [(h, b) for h in (b"relaxed", b"simple")
             for b in (b"relaxed", b"simple")]
    for i, name in enumerate(names(folder)):
        text = read(folder, name)
        form = forms[i % 4]
        head = b""
        if i % 3 != 1:
            head += dkim.sign(text, b"rsa", DOMAIN.encode(), rsa,
                              canonicalize=form)
        if i % 3 != 0:
            head += dkim.sign(text, b"ed", DOMAIN.encode(), ed,
                              canonicalize=form,
                              signature_algorithm=b"ed25519-sha256")
        write(folder, name, head + text)


def verify(folder, records, want):
    import dkim
    known = {}
    for line in read(*os.path.split(records)).decode().splitlines():
        name, text = line.split(None, 1)
        known[name] = text.encode()

    def look_up(name, timeout=5):
        return known.get(name.decode().rstrip("."))

    good = bad = 0
    for name in names(folder):
        d = dkim.DKIM(read(folder, name))
        n = sum(h[0].lower() == b"dkim-signature" for h in d.headers)
        try:
            fine = n == int(want) and all(
                d.verify(i, dnsfunc=look_up) for i in range(n))
        except dkim.DKIMException as error:
            print(name, error)
            fine = False
        good, bad = good + fine, bad + (not fine)
        if not fine:
            print(name, n, "signatures: wrong")
    print("good=%d bad=%d" % (good, bad))
    sys.exit(bad > 0)


# ---- SMTP ----

def send(folder, host, port, sender, rcpt):
    s = socket.create_connection((host, int(port)), 60)
    f = s.makefile("rb")

    def reply(want):
        while True:
            line = f.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(want):
            sys.exit("%r" % line)

    def say(text, want):
        s.sendall(text)
        reply(want)

    reply(b"220")
    say(b"EHLO peer.test\r\n", b"250")
    for name in names(folder):
        text = read(folder, name)
        if not text.endswith(b"\r\n"):
            text += b"\r\n"
        text = text.replace(b"\r\n.", b"\r\n..")
        say(b"MAIL FROM:<%s> BODY=8BITMIME\r\n" % sender.encode(), b"250")
        say(b"RCPT TO:<%s>\r\n" % rcpt.encode(), b"250")
        say(b"DATA\r\n", b"354")
        say(text + b".\r\n", b"250")
    say(b"QUIT\r\n", b"221")


def sink(address, folder, *more):
    count = 0
    lock = threading.Lock()

    def take(f):
        lines = []
        for line in f:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def serve(s):
        nonlocal count
        f = s.makefile("rb")
        s.sendall(b"220 sink.test\r\n")
        for line in f:
            verb = line[:4].upper()
            if verb == b"EHLO":
                s.sendall(b"".join(b"250-%s\r\n" % m.encode() for m in more)
                          + b"250 SIZE\r\n")
            elif verb == b"DATA":
                s.sendall(b"354 go\r\n")
                text = take(f)
                if text is None:
                    return
                with lock:
                    count += 1
                    name = "%05d" % count
                write(folder, "." + name, text)
                os.rename(os.path.join(folder, "." + name),
                          os.path.join(folder, name))
                s.sendall(b"250 2.0.0 Ok\r\n")
            elif verb == b"QUIT":
                s.sendall(b"221 bye\r\n")
                return
            else:
                s.sendall(b"250 Ok\r\n")

    server = socket.create_server((address, 25))
    write(folder, ".pid", b"%d" % os.getpid())
    while True:
        peer, _ = server.accept()
        threading.Thread(target=serve, args=(peer,), daemon=True).start()


{"make": make, "sign": sign, "send": send, "sink": sink,
 "verify": verify}[sys.argv[1]](*sys.argv[2:])
