"""Kills programs of Posthouse, one after the other, at random moments.

usage: kill.py COUNT SEED PROGRAM...: only processes of this process namespace
whose file lies in libexec/posthouse.
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
for n in range(int(sys.argv[1])):
    name = names[n % len(names)]
    pids = running(name)
    if pids:
        try:
            os.kill(random.choice(pids), 9)
            killed[name] = killed.get(name, 0) + 1
        except OSError:
            pass
    time.sleep(random.uniform(0.05, 0.5))
print("killed:", killed)
