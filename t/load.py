"""Sends numbered messages over eight connections.

usage: load.py HOST COUNT FILE: writes to FILE the mark of each message that got
its 250, "n000042x", which also is its subject.  A message that got none is sent
again, for at most a quarter of an hour.
SPDX-License-Identifier: BSD-2-Clause
"""

import smtplib
import sys
import threading
import time

host, total = sys.argv[1], int(sys.argv[2])
good = open(sys.argv[3], "w")
lock = threading.Lock()
left = list(range(total))
end = time.time() + 900


def work():
    server = None
    while time.time() < end:
        with lock:
            if not left:
                return
            n = left.pop()
        try:
            if server is None:
                server = smtplib.SMTP(host, 25, "load.test", timeout=30)
            server.sendmail("load@a.test", ["bob@b.test"],
                            "Subject: n%06dx\r\n\r\n%s\r\n" % (n, "text " * 200))
            with lock:
                good.write("n%06dx\n" % n)
        except (OSError, smtplib.SMTPException):
            with lock:
                left.append(n)
            server = None
            time.sleep(0.05)


threads = [threading.Thread(target=work) for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
good.close()
