/*
 * dkim_world - messages judged with keys from a table instead of the DNS.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "dkim_sign.h"
#include "dkim_verify.h"

/* 2026-01-01; in milliseconds. */
#define WORLD_NOW ((int64_t)1767225600000)

/* When messages are judged: WORLD_NOW, unless a test sets it. */
extern int64_t world_now;

/* Keys of our own, made once: [0] RSA, of 1024 bits (2048 with
 * POSTHOUSE_LONG), [1] Ed25519; published at
 * rsa._domainkey.x.test and ed._domainkey.x.test. */
EVP_PKEY *world_key(int ed25519);

/* What the DNS has at a name; text NULL: SERVFAIL.  The next one of the same
 * name is a further record.  Forgotten with world_reset(). */
void world_publish(const char *name, const char *text);
void world_reset(void);

/* Judges a message; the caller frees v.  The body comes in pieces of `piece`
 * bytes (0: at once). */
void world_judge(struct dkim_verify *v, struct slice message, size_t piece);

/* Puts a signature of x.test in front of a message. */
void world_sign(struct buf *message, int ed25519, enum dkim_canon header,
    enum dkim_canon body);
