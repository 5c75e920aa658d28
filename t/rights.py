"""What the processes of a posthouse are, a line each, from /proc.

usage: rights.py ROOT: the processes whose root folder is ROOT or below it and
whose file lies in libexec/posthouse.  `strange` names the open files that are
neither sockets, pipes, event descriptors nor what the program is known to keep.
SPDX-License-Identifier: BSD-2-Clause
"""

import os
import sys

top = os.path.realpath(sys.argv[1])

# Path endings that a program may hold open, besides sockets and the like.
KNOWN = {
    "cleanup": ["/var/spool/posthouse", ".lmdb", ".lmdb-lock"],
    "qmgr": ["/var/spool/posthouse", "/cur", ".lmdb", ".lmdb-lock"],
    "pickup": ["/var/spool/posthouse", "/maildrop"],
    "smtpd": ["/var/spool/posthouse", ".lmdb", ".lmdb-lock"],
    "local": [".lmdb", ".lmdb-lock"],
    "scribe": ["/posthouse.log", "/var/lib/posthouse"],
    "callout": [".lmdb", ".lmdb-lock"],
    "sts": [".lmdb", ".lmdb-lock"],
    "report": [".lmdb", ".lmdb-lock"],
    "lookup": [".lmdb", ".lmdb-lock"],
}


def names(kind, column):
    table = {}
    with open(top + "/etc/" + kind) as file:
        for line in file:
            part = line.split(":")
            table[int(part[column])] = part[0]
    return table


users, groups = names("passwd", 2), names("group", 2)


def status_of(pid):
    with open("/proc/%s/status" % pid) as file:
        return dict(line.rstrip("\n").split(":\t", 1)
                    for line in file if ":\t" in line)


def inside(path):
    """The part of a path of /proc below ROOT, or None.

    Of a process in another mount namespace the kernel gives the path from the
    root of that, which need not be ours: where the test runs in a chroot, the
    path of this stands before ROOT.
    """
    before, found, after = path.partition(top)
    return after if found and (not after or after[0] == "/") else None


def root_of(pid):
    root = "/proc/%s/root" % pid
    below = inside(os.readlink(root))
    if below == "/run/posthouse/empty" and not os.listdir(root):
        return "empty"
    return below or "/"


def strange(pid, program):
    odd = []
    for fd in os.listdir("/proc/%s/fd" % pid):
        path = os.readlink("/proc/%s/fd/%s" % (pid, fd))
        if path.startswith(("socket:", "pipe:", "anon_inode:")):
            continue
        if path == "/dev/null" or inside(path) == "/dev/null":
            continue
        if inside(path) == "/run/posthouse/pid":
            continue  # the instance's lock, held until the last has ended
        if not any(path.endswith(end) for end in KNOWN.get(program, [])):
            odd.append(path)
    return ",".join(sorted(odd))


for pid in sorted(p for p in os.listdir("/proc") if p.isdigit()):
    try:
        exe = os.readlink("/proc/%s/exe" % pid)
        if "/libexec/posthouse/" not in exe:
            continue
        if inside(os.readlink("/proc/%s/root" % pid)) is None:
            continue
        s = status_of(pid)
        program = os.path.basename(exe)
        uids = set(s["Uid"].split())
        gids = set(s["Gid"].split()) | set(s["Groups"].split())
        print(program, "pid=" + pid,
              "user=" + ",".join(users[int(u)] for u in uids),
              "groups=" + ",".join(sorted(groups[int(g)] for g in gids)),
              "caps=%x" % (int(s["CapEff"], 16) | int(s["CapPrm"], 16)),
              "bounding=%x" % int(s["CapBnd"], 16),
              "nnp=" + s["NoNewPrivs"], "seccomp=" + s["Seccomp"],
              "dumpable=%d" % (os.stat("/proc/%s/environ" % pid).st_uid != 0
                               and program != "deliver"),
              "root=" + root_of(pid),
              "fds=%d" % len(os.listdir("/proc/%s/fd" % pid)),
              "strange=" + strange(pid, program))
    except (OSError, KeyError):
        continue
