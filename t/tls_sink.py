"""An SMTP server that takes mail under TLS, or fails to in a chosen way.

usage: tls_sink.py ADDRESS FOLDER PEM|none [HOW]: listens on port 25; the content
of each message goes into a file of FOLDER, with a first line that says
"clear" or "tls" and the name that the client asked for, and MAIL as it was
said.
HOW: fine, requiretls (offered under TLS), refuse (454), break (the handshake), inject (words behind 220), hang
SPDX-License-Identifier: BSD-2-Clause
"""

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


def serve(s):
    state = {"s": s, "f": s.makefile("rb"), "said": "clear", "mail": ""}

    def reply(text):
        state["s"].sendall(text.encode() + b"\r\n")

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
        elif verb == b"STAR":
            reply("220 go" + ("\r\n250 evil" if how == "inject" else ""))
            if how == "break":
                state["s"].recv(10)
                state["s"].sendall(b"this is no TLS at all\r\n")
                return
            if how == "hang":
                state["s"].recv(10)
                threading.Event().wait(100)
            names = []
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            c.load_cert_chain(pem)
            c.sni_callback = lambda o, name, x: names.append(name or "")
            state["s"] = c.wrap_socket(state["s"], server_side=True)
            state["f"] = state["s"].makefile("rb")
            state["said"] = "tls " + (names + [""])[0]
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
l.bind((address, 25))
l.listen(50)
while True:
    threading.Thread(target=work, args=(l.accept()[0],), daemon=True).start()
