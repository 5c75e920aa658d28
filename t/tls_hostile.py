"""Clients that mean no good, towards a server with TLS.

usage: tls_hostile.py HOST PORT WHAT [ARGUMENT...]; a port named "465" or with
`wrapped` in front of WHAT has TLS from the first byte on.
SPDX-License-Identifier: BSD-2-Clause
"""

import socket
import ssl
import struct
import sys
import time

host, port, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
args = sys.argv[4:]
trusting = ssl._create_unverified_context()


def connect():
    s = socket.create_connection((host, port), 20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def reply(f):
    text = b""
    while True:
        try:
            line = f.readline()
        except OSError:
            line = b""
        text += line
        if line[3:4] != b"-":
            return text.decode("latin-1")


def started():
    """A connection whose next bytes are those of a handshake."""
    s = connect()
    if "wrapped" in args:
        return s
    f = s.makefile("rb")
    reply(f)
    s.sendall(b"EHLO me\r\n")
    reply(f)
    s.sendall(b"STARTTLS\r\n")
    reply(f)
    return s


def rest(s):
    """What still comes until the end, at most for some seconds."""
    s.settimeout(8)
    got = b""
    try:
        while True:
            some = s.recv(65536)
            if not some:
                return got, "closed"
            got += some
    except socket.timeout:
        return got, "open"
    except OSError:
        return got, "closed"


def show(s):
    """How it ended, and which replies were positive in the meantime."""
    got, how = rest(s)
    codes = [line[:3].decode("latin-1") for line in got.split(b"\r\n")
             if line[:3].isdigit()]
    print(how, *[c for c in codes if c[0] in "23" and c != "221"])


def hello():
    """The first message of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = trusting.wrap_bio(incoming, outgoing, server_hostname="a.test")
    try:
        o.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def byte_later():
    """A command in clear, begun a byte at a time behind STARTTLS."""
    s = connect()
    f = s.makefile("rb")
    reply(f)
    s.sendall(b"EHLO me\r\n")
    reply(f)
    s.sendall(b"STARTTLS\r\nM")
    time.sleep(0.2)
    try:
        s.sendall(b"AIL FROM:<evil@x.test>\r\nRCPT TO:<alice@a.test>\r\n")
        s.sendall(hello())
    except OSError:
        pass
    show(s)


def behind_hello():
    """A command in clear behind the first message of the handshake."""
    s = started()
    s.sendall(hello() + b"MAIL FROM:<evil@x.test>\r\n")
    got, how = rest(s)
    print(how, b"250" in got)


def in_record():
    """The other way round: a record of TLS that pretends to hold commands."""
    s = started()
    text = b"EHLO me\r\nMAIL FROM:<evil@x.test>\r\n"
    s.sendall(b"\x17\x03\x03" + struct.pack(">H", len(text)) + text)
    got, how = rest(s)
    print(how, b"250" in got)


def speech(kind):
    return {
        "http": b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 99\r\n"
                b"\r\nEHLO x\r\nMAIL FROM:<evil@x.test>\r\n"
                b"RCPT TO:<alice@a.test>\r\nDATA\r\n\r\nevil\r\n.\r\n",
        "put": b"PUT /x HTTP/1.1\r\nHost: a.test\r\n\r\n"
               b"EHLO x\r\nMAIL FROM:<evil@x.test>\r\n",
        "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nEHLO x\r\n",
        "ftp": b"USER anonymous\r\nPASS EHLO\r\nEHLO x\r\n"
               b"MAIL FROM:<evil@x.test>\r\n",
    }[kind]


def alpaca():
    """Another protocol: kind, in clear or under TLS."""
    kind, how = args[0], args[1]
    s = connect()
    if how == "tls":
        if "wrapped" not in args:
            s.close()
            s = started()
        s = trusting.wrap_socket(s)
    if how == "clear" or "wrapped" in args:
        s.settimeout(5)
        if "wrapped" not in args or how == "tls":
            s.recv(1000)
    # A browser says one line after another without listening.
    for line in speech(kind).splitlines(True):
        try:
            s.sendall(line)
        except OSError:
            break
        time.sleep(0.05)
    show(s)


def early_speech():
    """All at once, before the greeting."""
    s = connect()
    if args[1] == "tls":
        s = trusting.wrap_socket(s)
    s.sendall(speech(args[0]))
    show(s)


def big_record():
    """A record longer than any may be."""
    s = started()
    s.sendall(b"\x16\x03\x01\xff\xff" + b"x" * 65535)
    got, how = rest(s)
    print(how)


def big_record_inside():
    """The same when hands were shaken."""
    s = started()
    t = trusting.wrap_socket(s)
    raw = socket.socket(fileno=t.detach())
    raw.sendall(b"\x17\x03\x03\xff\xff" + b"x" * 65535)
    got, how = rest(raw)
    print(how)


def many_fragments():
    """A handshake that comes a byte at a time is a handshake."""
    s = started()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = trusting.wrap_bio(incoming, outgoing, server_hostname="a.test")
    while True:
        try:
            o.do_handshake()
            break
        except ssl.SSLWantReadError:
            for b in outgoing.read():
                s.send(bytes([b]))
            incoming.write(s.recv(65536))
    s.sendall(outgoing.read())
    o.write(b"NOOP\r\n")
    s.sendall(outgoing.read())
    while True:
        try:
            print(o.read(100).decode().strip())
            return
        except ssl.SSLWantReadError:
            incoming.write(s.recv(65536))


def sslv2():
    """The hello of SSL 2, which knows nothing better."""
    s = started()
    body = (b"\x01\x00\x02" + struct.pack(">HHH", 9, 0, 16) +
            b"\x01\x00\x80\x03\x00\x80\x07\x00\xc0" + b"c" * 16)
    s.sendall(struct.pack(">H", 0x8000 | len(body)) + body)
    got, how = rest(s)
    print(how, got[:1] in (b"", b"\x15"))


def empty_records():
    """Records without content, for as long as they are taken."""
    s = started()
    n = 0
    try:
        for n in range(20000):
            s.sendall(b"\x16\x03\x01\x00\x00")
    except OSError:
        pass
    got, how = rest(s)
    print(how)


def ready():
    """Twenty that have said all, or closed, before anybody looks."""
    held = []
    for _ in range(20):
        s = connect()
        if args[0] == "junk":
            s.sendall(b"EHLO me\r\nno handshake\r\n")
        else:
            s.shutdown(socket.SHUT_WR)
        held.append(s)
    how = [rest(s)[1] for s in held]
    print("closed", how.count("closed"))


def stops():
    """So many at a time that stop in mid-handshake, at different places."""
    held = []
    for i in range(int(args[0])):
        s = started()
        first = hello()
        s.sendall(first[:(i * 37) % (len(first) + 1)])
        held.append(s)
    print("held", flush=True)
    how = [rest(s)[1] for s in held]
    print("closed", how.count("closed"))


globals()[what]()
