"""Messages on one connection, timed, while others try passwords.

usage: auth-attack.py HOST RATE SECONDS
Prints the transactions' median and 99th percentile in milliseconds, and what
became of the passwords.  SPDX-License-Identifier: BSD-2-Clause
"""

import base64
import collections
import multiprocessing
import os
import selectors
import smtplib
import socket
import ssl
import sys
import time

host, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
CONNECTIONS = 2 * max(rate, 1)  # a refusal is delayed by a second
TRIES = 15  # on one connection, below smtpd_hard_error_limit


def connect():
    s = smtplib.SMTP(host, 587, timeout=60)
    s.starttls(context=ssl._create_unverified_context())
    s.ehlo("attack.test")
    s.sock.setblocking(False)
    return s.sock


def attack(told):
    os.nice(10)  # an attacker has a machine of its own
    answers = collections.Counter()
    free, tries = collections.deque(), {}
    sel = selectors.DefaultSelector()
    while len(free) < CONNECTIONS:
        free.append(connect())
    told.put("ready")
    begin = time.monotonic()
    sent = 0
    while time.monotonic() - begin < seconds + 1:
        while free and sent < (time.monotonic() - begin) * rate:
            s = free.popleft()
            tries[s] = tries.get(s, 0) + 1
            secret = base64.b64encode(b"\0alice\0wrong%d" % sent)
            s.sendall(b"AUTH PLAIN " + secret + b"\r\n")
            sel.register(s, selectors.EVENT_READ)
            sent += 1
        for key, _ in sel.select(0.01):
            s = key.fileobj
            try:
                line = s.recv(4096)
            except ssl.SSLWantReadError:
                continue
            sel.unregister(s)
            answers[line[:3].decode() or "end"] += 1
            if line and tries[s] < TRIES:
                free.append(s)
            else:
                s.close()
                free.append(connect())
    told.put(dict(answers))


def main():
    told = multiprocessing.Queue()
    if rate > 0:
        attacker = multiprocessing.Process(target=attack, args=(told,))
        attacker.start()
        told.get()
    times = []
    s = smtplib.SMTP(host, 25, timeout=60)
    s.ehlo("sender.test")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        s.sendmail("x@x.test", ["alice@a.test"],
                   "Subject: x\r\n\r\n" + "x" * 4000 + "\r\n")
        times.append(time.monotonic() - begin)
        time.sleep(0.02)
    times.sort()
    print("messages=%d p50=%.2fms p99=%.2fms" % (
        len(times), 1e3 * times[len(times) // 2],
        1e3 * times[len(times) * 99 // 100]), end="")
    if rate > 0:
        print(" passwords=%s" % told.get(), end="")
        attacker.join()
    print()


main()
