"""Whether a private key lies in the memory of processes.

usage: memory.py PEM PID...: prints "PID yes" or "PID no" for each.  The number
is looked for as files have it, and as the library's words have it.
SPDX-License-Identifier: BSD-2-Clause
"""

import re
import subprocess
import sys

text = subprocess.run(["openssl", "pkey", "-in", sys.argv[1], "-text", "-noout"],
                      check=True, capture_output=True, text=True).stdout
part = re.search(r"priv:\n((?:\s+[0-9a-f:]+\n)+)", text).group(1)
key = bytes.fromhex(re.sub(r"[\s:]", "", part)).lstrip(b"\0").rjust(32, b"\0")
# A part of it is enough to be found, and too long for chance.
wanted = [key[:16], key[16:], key[::-1][:16], key[::-1][16:]]
base64 = "".join(line for line in open(sys.argv[1]).read().split(
    "-----BEGIN CERT")[0].splitlines() if "-" not in line)
wanted.append(base64[60:84].encode())


def has_key(pid):
    with open("/proc/%s/maps" % pid) as maps, \
            open("/proc/%s/mem" % pid, "rb") as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not m or "[v" in line:
                continue
            start, end = (int(x, 16) for x in m.groups())
            try:
                mem.seek(start)
                piece = mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            if any(w in piece for w in wanted):
                return True
    return False


for pid in sys.argv[2:]:
    print(pid, "yes" if has_key(pid) else "no")
