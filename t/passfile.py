#!/usr/bin/env python3
# A line of a password file, made by other means than posthouse passwd:
# passfile.py USER PASSWORD
# SPDX-License-Identifier: BSD-2-Clause
import base64
import hashlib
import hmac
import os
import subprocess
import sys

user, password = sys.argv[1:]
ROUNDS = 4096


def b64(octets):
    return base64.b64encode(octets).decode()


def mac(key, text):
    return hmac.new(key, text, "sha256").digest()


crypted = subprocess.run(["openssl", "passwd", "-6", password], check=True,
                         capture_output=True, text=True).stdout.strip()
salt = os.urandom(16)
salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
stored = hashlib.sha256(mac(salted, b"Client Key")).digest()
print("%s:%s:SCRAM-SHA-256$%d:%s$%s:%s" % (
    user, crypted, ROUNDS, b64(salt), b64(stored),
    b64(mac(salted, b"Server Key"))))
