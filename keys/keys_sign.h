/*
 * keys_sign - one signature, of what a TLS handshake has to sign and of
 * nothing else.
 *
 * Who asks may have been taken over by a client.  It can have handshakes
 * signed while it is there; it must not be able to use a key for anything
 * else, such as decrypting what was recorded: an RSA input must have the
 * exact form of a signature's padding, which a ciphertext has not.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <openssl/evp.h>

#include "buf.h"
#include "str.h"
#include "tls_sign.h"

/* From now on also what TLS 1.0 and 1.1 have signed: SHA-1, for RSA with MD5 in
 * front of it. */
void keys_sign_old(void);

/* False with why: the input is of no such form, or the library fails. */
MUST_CHECK bool keys_sign(EVP_PKEY *key, enum tls_sign_kind kind,
    struct slice input, struct buf *signature, const char **why);
