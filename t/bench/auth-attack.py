"""Messages of others, timed, while passwords are tried.

usage: auth-attack.py HOST HOW RATE MESSAGES ROUNDS

Two senders, each on one connection that stays open all the time: one on port 25
in clear, one on port 587 under TLS who has logged in.  In turn nobody and the
attacker is there, for MESSAGES of each sender.  The attacker tries RATE
passwords a second, on port 587 under TLS:

    held   on 1,000 connections, each from an address of its own, 12 tries on
           one before it is replaced
    new    each try on a new connection and from another address
    few    each try on a new connection, from four addresses
    login  as new, where the client goes as soon as it has tried

It runs at the scheduler's idle class, for it has a machine of its own in life;
what it then reached is printed.  SPDX-License-Identifier: BSD-2-Clause
"""

import base64
import collections
import errno
import itertools
import multiprocessing
import os
import random
import selectors
import smtplib
import socket
import ssl
import statistics
import sys
import time

host, how, rate = sys.argv[1], sys.argv[2], int(sys.argv[3])
messages, rounds = int(sys.argv[4]), int(sys.argv[5])
HELD = 1000   # connections
TRIES = 12    # on one of them, below smtpd_hard_error_limit
PAUSE = 0.005  # of a sender between two messages, on average
PROGRAMS = ("smtpd", "auth", "keys", "cleanup", "qmgr", "scribe")
context = ssl._create_unverified_context()


# ---- the attacker ----

def addresses():
    """Without end: 10.54.0.1, 10.54.0.2 ..."""
    last = {"held": HELD, "few": 4}.get(how, 60000)
    for n in itertools.cycle(range(1, last + 1)):
        yield "10.54.%d.%d" % (n >> 8, n & 255)


class Client:
    """A connection as a dialogue that waits where it has to: each step gives
    what it waits for."""

    def __init__(self, address, attack):
        self.attack = attack
        self.s = socket.socket()
        self.s.setblocking(False)
        self.s.bind((address, 0))
        self.steps = self.dialogue()
        self.tries = 0
        self.trying = False

    def go_on(self):
        """False where it has ended."""
        try:
            wants = next(self.steps)
        except (StopIteration, OSError) as e:
            if isinstance(e, OSError):
                self.attack.count("lost")
            self.s.close()
            return False
        self.attack.wait(self, wants)
        return True

    def hear(self):
        got = b""
        while True:
            try:
                some = self.s.recv(4096)
            except (BlockingIOError, ssl.SSLWantReadError):
                yield selectors.EVENT_READ
                continue
            got += some
            line = got[got.rfind(b"\n", 0, -1) + 1:]
            if not some or (got.endswith(b"\n") and line[3:4] != b"-"):
                return line[:3].decode() or "lost"

    def say(self, line):
        self.s.sendall(line + b"\r\n")
        return (yield from self.hear())

    def dialogue(self):
        if self.s.connect_ex((host, 587)) != errno.EINPROGRESS:
            raise OSError
        yield selectors.EVENT_WRITE
        for line, fine in (None, "220"), (b"EHLO a", "250"), (b"STARTTLS",
                                                               "220"):
            code = yield from (self.say(line) if line else self.hear())
            if code != fine:
                self.attack.count("at the greeting " + code)
                return
        self.s = context.wrap_socket(self.s, do_handshake_on_connect=False)
        while True:
            try:
                self.s.do_handshake()
                break
            except ssl.SSLWantReadError:
                yield selectors.EVENT_READ
        yield from self.say(b"EHLO a")
        while self.tries < (TRIES if how == "held" else 1):
            if how == "held":
                self.attack.ready.append(self)
                yield 0
            self.tries += 1
            secret = base64.b64encode(b"\0alice\0wrong%d" % random.getrandbits(60))
            self.s.sendall(b"AUTH PLAIN " + secret + b"\r\n")
            if how == "login":
                self.attack.count("gone")
                break
            code = yield from self.hear()
            self.attack.count(code)
            if code != "535" and code != "454":
                break
        self.s.close()


class Attack:
    def __init__(self, go, stop, told):
        self.go, self.stop, self.told = go, stop, told
        self.sel = selectors.DefaultSelector()
        self.answers = collections.Counter()
        self.ready = collections.deque()
        self.from_next = addresses()
        self.open = 0
        self.clients = set()

    def count(self, what):
        self.answers[what] += 1

    def wait(self, client, wants):
        fd = client.s.fileno()
        try:
            known = self.sel.get_key(fd)
        except KeyError:
            known = None
        if known is not None:
            if wants == known.events and known.data is client:
                return
            self.sel.unregister(fd)
        if wants:
            self.sel.register(fd, wants, client)

    def begin(self):
        self.open += 1
        client = Client(next(self.from_next), self)
        self.clients.add(client)
        self.step(client)

    def step(self, client):
        fd = client.s.fileno()
        if not client.go_on():
            self.open -= 1
            self.clients.discard(client)
            try:
                self.sel.unregister(fd)
            except (KeyError, ValueError):
                pass

    def pump(self, patience):
        for key, _ in self.sel.select(patience):
            self.step(key.data)

    def try_one(self):
        if how != "held":
            self.begin()
        elif self.ready:
            self.step(self.ready.popleft())
        else:
            return False
        return True

    def one_round(self):
        while how == "held" and len(self.ready) < HELD:
            if self.open < HELD and self.open - len(self.ready) < 50:
                self.begin()
            self.pump(0.005)
        self.told.put("ready")
        self.go.wait()
        self.answers.clear()
        tried, begin = 0, time.monotonic()
        while not self.stop.is_set():
            while tried < (time.monotonic() - begin) * rate and self.try_one():
                tried += 1
            if how == "held" and self.open < HELD:
                self.begin()
            self.pump(0.002)
        took = time.monotonic() - begin
        end = time.monotonic() + 3
        while time.monotonic() < end:  # what is under way is answered
            self.pump(0.1)
        if how != "held":
            self.leave()
        self.told.put((tried / took, dict(self.answers)))

    def leave(self):
        """Who is still there goes, so that the next round is quiet."""
        for client in list(self.clients):
            try:
                self.sel.unregister(client.s)
            except KeyError:
                pass
            client.s.close()
        self.clients.clear()
        self.open = 0
        time.sleep(1)


def attack(go, stop, told):
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    a = Attack(go, stop, told)
    for _ in range(rounds):
        a.one_round()
        while stop.is_set():
            time.sleep(0.05)


# ---- the senders ----

def send(port, orders, told):
    s = smtplib.SMTP(host, port, timeout=60, local_hostname="sender.test")
    if port == 587:
        s.starttls(context=context)
        s.login("alice", "secret")
    s.ehlo()
    text = "Subject: x\r\n\r\n" + ("x" * 78 + "\r\n") * 50
    while orders.get():
        times = []
        for _ in range(messages):
            begin = time.monotonic()
            s.sendmail("x@x.test", ["alice@a.test"], text)
            times.append(time.monotonic() - begin)
            time.sleep(random.expovariate(1 / PAUSE))
        times.sort()
        told.put((port, 1e3 * times[len(times) // 2],
                  1e3 * times[len(times) * 99 // 100]))


def cpu_of():
    """Seconds of each program."""
    used = collections.Counter()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        ticks = rest.split()[11:13]
        used[name] += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return used


def measure(senders, told):
    cpu, begin = cpu_of(), time.monotonic()
    for orders in senders:
        orders.put(True)
    got = {port: (p50, p99) for port, p50, p99 in (told.get() for _ in senders)}
    took, now = time.monotonic() - begin, cpu_of()
    busy = " ".join("%s %d%%" % (p, 100 * (now[p] - cpu[p]) / took)
                    for p in PROGRAMS)
    return got, busy


def show(n, what, got, busy):
    print("# round %d, %-7s" % (n, what) + "".join(
        " port %d: p50 %.2f p99 %.2f ms;" % (p, *got[p]) for p in sorted(got)) +
        " " + busy, flush=True)


def main():
    make = multiprocessing
    told, heard = make.Queue(), make.Queue()
    go, stop = make.Event(), make.Event()
    attacker = make.Process(target=attack, args=(go, stop, heard))
    senders = [make.Queue(), make.Queue()]
    others = [make.Process(target=send, args=(p, q, told))
              for p, q in zip((25, 587), senders)]
    for p in [attacker] + others:
        p.daemon = True
        p.start()
    ratios = collections.defaultdict(list)
    for n in range(1, rounds + 1):
        heard.get()
        quiet, busy = measure(senders, told)
        show(n, "quiet", quiet, busy)
        go.set()
        time.sleep(2)
        during, busy = measure(senders, told)
        stop.set()
        reached, answers = heard.get()
        show(n, "attack", during, busy)
        print("# round %d, %.0f tries a second: %s" % (n, reached, ", ".join(
            "%s %d" % a for a in sorted(answers.items()))), flush=True)
        go.clear()
        stop.clear()
        for port in quiet:
            ratios[port].append(during[port][1] / quiet[port][1])
    for port in sorted(ratios):
        print("# %s, port %d: p99 with the attack over p99 without: %s, "
              "median %.2f" % (how, port, " ".join(
                  "%.2f" % r for r in ratios[port]),
                  statistics.median(ratios[port])))


main()
