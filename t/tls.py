"""TLS clients of port 25 that ordinary ones do not have.

usage: tls.py HOST PORT WHAT [ARGUMENT...], run where HOST can be reached
SPDX-License-Identifier: BSD-2-Clause
"""

import socket
import smtplib
import ssl
import sys
import threading
import time

host, port, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
args = sys.argv[4:]
trusting = ssl._create_unverified_context()


def plain():
    s = socket.create_connection((host, port), 20)
    return s, s.makefile("rb")


def reply(f):
    """A whole reply, '' at the end."""
    text = b""
    while True:
        try:
            line = f.readline()
        except OSError:
            line = b""
        text += line
        if line[3:4] != b"-":
            return text.decode()


def greeted():
    s, f = plain()
    reply(f)
    s.sendall(b"EHLO me\r\n")
    reply(f)
    return s, f


def offers():
    s, f = plain()
    reply(f)
    s.sendall(b"EHLO me\r\n")
    print("yes" if "STARTTLS" in reply(f) else "no")


def inject():
    """Says a command in clear behind STARTTLS, in one packet."""
    s, f = greeted()
    s.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n")
    first = reply(f)
    rest = f.read()
    print(first.strip(), "then", len(rest))


def inject_late():
    """Says it in clear, in a packet of its own, where a handshake is due."""
    s, f = greeted()
    s.sendall(b"STARTTLS\r\n")
    print(reply(f).strip())
    s.sendall(b"MAIL FROM:<evil@x.test>\r\n")
    try:
        print(len(f.read()) < 16)
    except OSError:
        print(True)


def stall():
    """Stops in the middle of the handshake: seconds until it is over."""
    s, f = greeted()
    s.sendall(b"STARTTLS\r\n")
    reply(f)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = trusting.wrap_bio(incoming, outgoing, server_hostname=host)
    try:
        o.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    began = time.time()
    s.sendall(hello[:int(args[0])])
    try:
        while s.recv(4096):
            pass
    except OSError:
        pass
    print(int(time.time() - began))


def alpn():
    """Offers protocols: what was chosen, or refused."""
    s, f = greeted()
    s.sendall(b"STARTTLS\r\n")
    reply(f)
    c = ssl._create_unverified_context()
    c.set_alpn_protocols(args)
    try:
        t = c.wrap_socket(s)
        t.sendall(b"NOOP\r\n")
        t.recv(10)
        print(t.selected_alpn_protocol())
    except (ssl.SSLError, OSError):
        print("refused")


def send():
    """A message with smtplib; tls, ssl or plain: the reply's code."""
    try:
        if args[0] == "ssl":
            m = smtplib.SMTP_SSL(host, port, context=trusting, timeout=20)
        else:
            m = smtplib.SMTP(host, port, timeout=20)
        if args[0] == "tls":
            m.starttls(context=trusting)
        m.sendmail("s@x.test", [args[1]], "Subject: %s\r\n\r\nhello\r\n"
                   % args[2])
        m.quit()
        print(250)
    except smtplib.SMTPResponseException as e:
        print(e.smtp_code, e.smtp_error.decode())
    except smtplib.SMTPException as e:
        print(e)


def show():
    """A message from who shows the certificate in a PEM file, or none."""
    pem, to, subject, how = args
    c = ssl._create_unverified_context()
    if pem != "none":
        c.load_cert_chain(pem)
    try:
        if how == "ssl":
            m = smtplib.SMTP_SSL(host, port, context=c, timeout=20)
        else:
            m = smtplib.SMTP(host, port, timeout=20)
            m.starttls(context=c)
        code, text = m.ehlo()
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
        code, text = m.mail("s@x.test")
        if code == 250:
            code, text = m.rcpt(to)
        if code == 250:
            code, text = m.data("Subject: %s\r\n\r\nhello\r\n" % subject)
        print(code if code == 250 else "%d %s" % (code, text.decode()))
        m.quit()
    except smtplib.SMTPResponseException as e:
        print(e.smtp_code, e.smtp_error.decode())
    except smtplib.SMTPServerDisconnected:
        pass


def auth():
    """AUTH PLAIN, then AUTH LOGIN, under TLS: the reply's code."""
    how, user, password = args
    for mechanism in "PLAIN", "LOGIN":
        if how == "ssl":
            m = smtplib.SMTP_SSL(host, port, context=trusting, timeout=20)
        else:
            m = smtplib.SMTP(host, port, timeout=20)
            m.starttls(context=trusting)
        m.ehlo()
        m.user, m.password = user, password
        try:
            code, _ = m.auth(mechanism, getattr(
                m, "auth_" + mechanism.lower()))
        except smtplib.SMTPException as e:
            code = e
        m.close()
        if code != 235:
            break
    print(code)


def serial():
    s, f = greeted()
    s.sendall(b"STARTTLS\r\n")
    reply(f)
    t = trusting.wrap_socket(s)
    import hashlib
    print(hashlib.sha256(t.getpeercert(True)).hexdigest())


def load():
    """Sessions from four threads for so many seconds: 'good bad', and how many
    seconds the longest took."""
    until = time.time() + float(args[0])
    count = {"good": 0, "bad": 0, "longest": 0}
    lock = threading.Lock()

    def work():
        while time.time() < until:
            how = "good"
            began = time.time()
            try:
                m = smtplib.SMTP(host, port, timeout=20)
                m.starttls(context=trusting)
                m.ehlo()
                m.noop()
                m.quit()
            except (OSError, smtplib.SMTPException) as e:
                print("#", e)
                how = "bad"
            with lock:
                count[how] += 1
                count["longest"] = max(count["longest"], time.time() - began)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print("good" if count["good"] else "none", count["bad"])
    if len(args) > 1:
        print("longest", int(count["longest"]), "good", count["good"])


globals()[what]()
