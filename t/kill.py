"""Kills programs of Posthouse, one after the other, at random moments.

usage: kill.py COUNT SEED PROGRAM...: only processes of this process namespace
whose file lies in libexec/posthouse.  The programs have turns; where one is not
there, because it was killed a moment ago, another one that is has its place.
SPDX-License-Identifier: BSD-2-Clause
"""

import os
import random
import sys
import time


def running(name):
    found = []
    for pid in os.listdir("/proc"):
        try:
            exe = os.readlink("/proc/%s/exe" % pid)
        except OSError:
            continue
        if exe.endswith("/libexec/posthouse/" + name):
            found.append(int(pid))
    return found


random.seed(int(sys.argv[2]))
names = sys.argv[3:]
killed = {}
left = int(sys.argv[1])
turn = 0
while left > 0:
    name = names[turn % len(names)]
    if not running(name):
        name = random.choice(names)
    turn += 1
    pids = running(name)
    if pids:
        try:
            os.kill(random.choice(pids), 9)
            killed[name] = killed.get(name, 0) + 1
            left -= 1
        except OSError:
            pass
    time.sleep(random.uniform(0.05, 0.5))
print("killed:", killed)
