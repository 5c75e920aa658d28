"""An HTTPS server for policies of MTA-STS, which can also be an enemy; and for
reports of TLS.

usage: sts_web.py ADDRESS PEM FOLDER [BADPEM]: listens on port 443.  FOLDER/HOST
is the policy of a host and FOLDER/HOST.how how it is answered; what is posted
goes into FOLDER/posted.N.  Hosts whose file HOST.how says badcert get BADPEM.
Each request is a line of FOLDER/log.
SPDX-License-Identifier: BSD-2-Clause
"""

import os
import socket
import ssl
import sys
import threading
import time

address, pem, folder = sys.argv[1:4]
badpem = sys.argv[4] if len(sys.argv) > 4 else pem
lock = threading.Lock()
posted = 0


def how_of(host):
    try:
        with open("%s/%s.how" % (folder, host)) as f:
            return f.read().strip()
    except OSError:
        return "fine"


def context(path):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(path)
    return c


good, bad = context(pem), context(badpem)


def choose(s, name, c):
    if how_of(name) == "badcert":
        s.context = bad


good.sni_callback = choose


def answer(s, status, body, kind="text/plain", more=""):
    s.sendall(("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
               % (status, kind, len(body), more)).encode() + body)


def get(s, host):
    how = how_of(host)
    try:
        with open("%s/%s" % (folder, host), "rb") as f:
            policy = f.read()
    except OSError:
        answer(s, "404 Not Found", b"no")
        return
    if how == "redirect":
        answer(s, "301 Moved", b"",
               more="Location: https://%s/other\r\n" % host)
    elif how == "error":
        answer(s, "500 Oh", b"no")
    elif how == "html":
        answer(s, "200 OK", policy, "text/html")
    elif how == "long":
        answer(s, "200 OK", policy + b"x: y\n" * 20000)
    elif how == "endless":
        s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            s.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
    elif how == "head":
        s.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            s.sendall(b"X-Y: z\r\n" * 100)
    elif how == "garbage":
        s.sendall(os.urandom(1000))
    elif how == "cut":
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  b"Content-Length: 5000\r\n\r\n" + policy)
    elif how == "hang":
        time.sleep(200)
    elif how == "chunked":
        s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                  b"Content-Type: text/plain; charset=utf-8\r\n\r\n")
        for i in range(0, len(policy), 7):
            part = policy[i:i + 7]
            s.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        s.sendall(b"0\r\n\r\n")
    else:
        answer(s, "200 OK", policy)


def post(s, f, host, length):
    global posted
    body = f.read(length)
    with lock:
        posted += 1
        name = "%s/posted.%d" % (folder, posted)
    with open(name, "wb") as out:
        out.write(body)
    if how_of(host) == "error":
        answer(s, "500 Oh", b"no")
    elif how_of(host) == "bare":
        s.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    else:
        answer(s, "201 Created", b"")


def serve(raw):
    try:
        s = good.wrap_socket(raw, server_side=True)
        f = s.makefile("rb")
        first = f.readline().decode().split()
        head = {}
        while True:
            line = f.readline().decode().strip()
            if not line:
                break
            name, _, value = line.partition(":")
            head[name.lower()] = value.strip()
        with lock, open(folder + "/log", "a") as log:
            log.write("%s %s%s %s\n" % (first[0], head["host"], first[1],
                                        head.get("content-type", "-")))
        if first[0] == "GET":
            get(s, head["host"])
        else:
            post(s, f, head["host"], int(head["content-length"]))
    except (OSError, ssl.SSLError, IndexError, KeyError):
        pass
    finally:
        raw.close()


l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind((address, 443))
l.listen(50)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
