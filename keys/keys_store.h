/*
 * keys_store - the files with keys and certificates, and what was made of
 * them.
 *
 * A chain is named by its files (paths parted by blanks).  What its files
 * say becomes the chain in force only as a whole: where key and
 * certificates do not belong together, or the new one has a fault
 * (tls_chain.h) that the old one has not, the old one stays and the log
 * says why.  The last one is kept beside the new one, for handshakes that
 * have begun with it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/evp.h>

#include "buf.h"
#include "msg.h"
#include "tls.h"

/* At the start: a chain that a service of this role needs, and the host name it
 * stands for ("" for none); twice is once.  Nobody else hears of it, or can
 * have anything signed with it. */
void keys_store_want(const char *files, const char *host, enum role role);

/* Reads all files, while root's rights are there. */
void keys_store_read(void);

/* The next path that is used, after this one (NULL: the first), or NULL. */
const char *keys_store_path(const char *after);

/* A file is another one now; -1 is one that cannot be opened.  Takes the
 * descriptor.  True where it really has other content: keys_store_judge() is
 * then due. */
MUST_CHECK bool keys_store_changed(const char *path, int fd);

/* Makes chains of what the files say now; calls fn for each that is new in
 * force, with its message (msg.def: cert) and the bits of the roles that need
 * it. */
typedef void keys_tell_fn(void *arg, uint32_t roles, const struct buf *packet);
void keys_store_judge(int64_t now, keys_tell_fn *fn, void *arg);

/* Calls fn for all that are in force. */
void keys_store_tell(keys_tell_fn *fn, void *arg);

/* The private key of this name, for a program of this role; or NULL. */
EVP_PKEY *keys_store_find(const uint8_t name[TLS_DIGEST], enum role role);

/* Warns of certificates that end soon: 21, 7 and 1 days before, and every day
 * after their end. */
void keys_store_warn(int64_t now);

/* How many chains are in force, and whole days until the first of them
 * ends. */
size_t keys_store_count(void);
int64_t keys_store_days(int64_t now);
