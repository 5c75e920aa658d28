"""Messages over STARTTLS, a session each, for t/bench.

usage: tls_load.py HOST PORT MESSAGES PARALLEL TO [resume]

So many sessions at a time, each in a thread of its own, over as many processes
as there are processors.  `resume` offers the ticket of the last session of the
thread.  Prints seconds, and how many failed and were resumed.
SPDX-License-Identifier: BSD-2-Clause
"""

import os
import socket
import ssl
import sys
import threading
import time

host, port, messages, parallel, to = sys.argv[1:6]
resume = sys.argv[6:] == ["resume"]
text = b"Subject: load\r\n\r\n" + b"0123456789 abcdefghij\r\n" * 180


def say(f, s, line):
    if line is not None:
        s.sendall(line)
    while True:
        got = f.readline()
        if got[3:4] != b"-":
            if got[:1] not in b"23" or not got:
                raise OSError(got)
            return


def one(context, last):
    s = socket.create_connection((host, int(port)), 120)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    f = s.makefile("rb")
    say(f, s, None)
    say(f, s, b"EHLO load.test\r\n")
    say(f, s, b"STARTTLS\r\n")
    f.close()
    t = context.wrap_socket(s, session=last)
    f = t.makefile("rb")
    say(f, t, b"EHLO load.test\r\n")
    say(f, t, b"MAIL FROM:<load@s.test>\r\n")
    say(f, t, b"RCPT TO:<" + to.encode() + b">\r\n")
    say(f, t, b"DATA\r\n")
    say(f, t, text + b".\r\n")
    say(f, t, b"QUIT\r\n")
    reused, session = t.session_reused, t.session
    f.close()
    t.close()
    return reused, session


def work(n, threads):
    context = ssl._create_unverified_context()
    lock = threading.Lock()
    count = {"left": n, "failed": 0, "resumed": 0}

    def thread():
        last = None
        while True:
            with lock:
                if count["left"] == 0:
                    return
                count["left"] -= 1
            try:
                reused, session = one(context, last)
                last = session if resume else None
                with lock:
                    count["resumed"] += reused
            except OSError as e:
                sys.stderr.write("%s\n" % e)
                with lock:
                    count["failed"] += 1

    threading.stack_size(262144)
    all_threads = [threading.Thread(target=thread) for _ in range(threads)]
    for t in all_threads:
        t.start()
    for t in all_threads:
        t.join()
    return count["failed"], count["resumed"]


workers = min(os.cpu_count(), int(parallel))
began = time.time()
pipes = []
for i in range(workers):
    r, w = os.pipe()
    if os.fork() == 0:
        n = (int(messages) + i) // workers
        failed, resumed = work(n, (int(parallel) + i) // workers)
        os.write(w, b"%d %d" % (failed, resumed))
        os._exit(0)
    os.close(w)
    pipes.append(r)
results = [[int(x) for x in os.read(r, 100).split()] for r in pipes]
print("%.2f %d %d" % (time.time() - began, sum(r[0] for r in results),
                      sum(r[1] for r in results)))
