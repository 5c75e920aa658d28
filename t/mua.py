#!/usr/bin/env python3
# Mail programs imitated: mua.py HOST PORT WHO USER PASSWORD RCPT SUBJECT
# WHO is outlook, thunderbird or pipelining.  Prints the last reply.
# SPDX-License-Identifier: BSD-2-Clause
import base64
import socket
import ssl
import sys

host, port, who, user, password, rcpt, subject = sys.argv[1:]


def b64(text):
    return base64.b64encode(text.encode()).decode()


class Session:
    def __init__(self, first):
        self.s = socket.create_connection((host, int(port)), 20)
        if first:
            self.secure()
        self.f = self.s.makefile("rb")
        self.hear(220)

    def secure(self):
        c = ssl.create_default_context()
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
        self.s = c.wrap_socket(self.s, server_hostname=host)

    def hear(self, want):
        while True:
            line = self.f.readline().decode()
            if line[3:4] != "-":
                break
        if line[:3] != str(want):
            print(line.strip())
            sys.exit(1)
        return line.strip()

    def say(self, line, want):
        self.s.sendall((line + "\r\n").encode())
        return self.hear(want)

    def starttls(self):
        self.say("STARTTLS", 220)
        self.secure()
        self.f = self.s.makefile("rb")


text = "From: %s@a.test\r\nTo: %s\r\nSubject: %s\r\n\r\nhello\r\n.\r\n" % (
    user, rcpt, subject)
mail = "MAIL FROM:<%s@a.test>" % user
to = "RCPT TO:<%s>" % rcpt


def outlook():
    # The name of the machine, the user's name with AUTH itself, words that
    # keep the session alive, and a RSET in front of each message.
    s = Session(port == "465")
    s.say("EHLO DESKTOP-1A2B3C4", 250)
    if port != "465":
        s.starttls()
        s.say("EHLO DESKTOP-1A2B3C4", 250)
    s.say("AUTH LOGIN " + b64(user), 334)
    s.say(b64(password), 235)
    s.say("NOOP", 250)
    s.say("RSET", 250)
    s.say("MAIL FROM: <%s@a.test>" % user, 250)
    s.say("RCPT TO: <%s>" % rcpt, 250)
    s.say("DATA", 354)
    s.s.sendall(text.encode())
    print(s.hear(250))
    s.say("RSET", 250)
    s.say("NOOP", 250)
    s.say("QUIT", 221)


def thunderbird():
    # The address in brackets, PLAIN in one go, BODY and SIZE.
    s = Session(port == "465")
    s.say("EHLO [10.53.0.4]", 250)
    if port != "465":
        s.starttls()
        s.say("EHLO [10.53.0.4]", 250)
    s.say("AUTH PLAIN " + b64("\0%s\0%s" % (user, password)), 235)
    s.say(mail + " BODY=8BITMIME SIZE=%d" % len(text), 250)
    s.say(to, 250)
    s.say("DATA", 354)
    s.s.sendall(text.encode())
    print(s.hear(250))
    s.say("QUIT", 221)


def pipelining():
    # AUTH ends a group (RFC 4954 4); what follows comes in one.
    s = Session(port == "465")
    s.say("EHLO c.test", 250)
    if port != "465":
        s.starttls()
        s.say("EHLO c.test", 250)
    s.say("AUTH PLAIN", 334)
    s.say(b64("\0%s\0%s" % (user, password)), 235)
    s.s.sendall(("RSET\r\n%s\r\n%s\r\nDATA\r\n" % (mail, to)).encode())
    for want in 250, 250, 250, 354:
        s.hear(want)
    s.s.sendall((text + "NOOP\r\nQUIT\r\n").encode())
    print(s.hear(250))
    s.hear(250)
    s.hear(221)


{"outlook": outlook, "thunderbird": thunderbird,
 "pipelining": pipelining}[who]()
