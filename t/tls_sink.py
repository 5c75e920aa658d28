"""An SMTP server that takes mail under TLS, or fails to in a chosen way.

usage: tls_sink.py ADDRESS FOLDER PEM|none [HOW]: listens on port 25 (wrap: 465); the content
of each message goes into a file of FOLDER, with a first line that says
"clear" or "tls" and the name that the client asked for, "again" where a session
went on, and MAIL as it was said.
HOW: fine, requiretls (offered under TLS), refuse (454), unknown (500), break
(the handshake), cut (in it), inject (words behind 220), hang, old (TLS 1.1
alone), odd (no cipher of ours), wrap (TLS first)
SPDX-License-Identifier: BSD-2-Clause
"""

import os
import socket
import ssl
import sys
import threading

address, folder, pem = sys.argv[1:4]
how = sys.argv[4] if len(sys.argv) > 4 else "fine"
count = 0
lock = threading.Lock()


def take(f, reply, how_said):
    global count
    reply("354 go")
    text = b""
    while True:
        line = f.readline()
        if not line:
            return
        if line == b".\r\n":
            break
        text += line
    with lock:
        count += 1
        name = "%s/%d" % (folder, count)
    with open(name, "wb") as out:
        out.write(how_said.encode() + b"\n" + text)
    reply("250 2.0.0 Ok")


# One for all connections, because it has the key of the tickets; another one for
# another certificate.
context = None
context_of = None


def secure(state):
    global context, context_of
    names = []
    stamp = os.stat(pem).st_mtime_ns
    if context is None or stamp != context_of:
        context_of = stamp
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        if how == "old":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        if how == "odd":
            context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
            context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.sni_callback = lambda o, name, x: names.append(name or "")
    state["s"] = context.wrap_socket(state["s"], server_side=True)
    state["f"] = state["s"].makefile("rb")
    state["said"] = "tls " + (names + [""])[0]
    if state["s"].session_reused:
        state["said"] += " again"


def serve(s):
    state = {"s": s, "f": s.makefile("rb"), "said": "clear", "mail": ""}

    def reply(text):
        state["s"].sendall(text.encode() + b"\r\n")

    if how == "wrap":
        secure(state)
    reply("220 sink ESMTP")
    while True:
        line = state["f"].readline()
        verb = line[:4].upper()
        if not line:
            return
        if verb == b"EHLO":
            offer = pem != "none" and state["said"] == "clear"
            require = how == "requiretls" and state["said"] != "clear"
            reply("250-sink\r\n250-PIPELINING" +
                  ("\r\n250-STARTTLS" if offer else "") +
                  ("\r\n250-REQUIRETLS" if require else "") +
                  "\r\n250 8BITMIME")
        elif verb == b"STAR" and how == "refuse":
            reply("454 4.7.0 not now")
        elif verb == b"STAR" and how == "unknown":
            reply("500 5.5.2 what?")
        elif verb == b"STAR":
            reply("220 go" + ("\r\n250 evil" if how == "inject" else ""))
            if how == "break":
                state["s"].recv(10)
                state["s"].sendall(b"this is no TLS at all\r\n")
                return
            if how == "hang":
                state["s"].recv(10)
                threading.Event().wait(100)
            if how == "cut":
                state["s"].recv(10)
                return
            secure(state)
        elif verb == b"DATA":
            take(state["f"], reply, state["said"] + " " + state["mail"])
        elif verb == b"MAIL":
            state["mail"] = line.decode().strip()
            reply("250 2.1.0 Ok")
        elif verb == b"QUIT":
            reply("221 bye")
            return
        else:
            reply("250 2.0.0 Ok")


def work(s):
    try:
        serve(s)
    except (OSError, ssl.SSLError):
        pass
    finally:
        s.close()


l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind((address, 465 if how == "wrap" else 25))
l.listen(50)
while True:
    threading.Thread(target=work, args=(l.accept()[0],), daemon=True).start()
