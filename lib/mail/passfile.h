/*
 * passfile - a line of the password file (smtpd_sasl_type = file).
 *
 *	user:crypt(3) hash[:scram verifier]
 *
 * The verifier is that of scram.h, and the rest of the line.  A hash that
 * begins with ! or * is no password's: that user can only use SCRAM, or a
 * certificate.
 * Blank lines and those that begin with # are passed over.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "scram.h"
#include "str.h"

#define PASSFILE_MAX      ((size_t)64 << 20)
#define PASSFILE_LINE_MAX ((size_t)2048)

struct pass_line {
	struct slice user;
	struct slice hash;
	struct slice verifier; /* empty: none */
};

/* Reads one line, without its end: NO is a blank or a comment, BAD comes with
 * why. */
MUST_CHECK enum match passfile_line(struct slice line, struct pass_line *out,
    const char **why);

/* The verifier of a line, which passfile_line() has found sound. */
void passfile_verifier(const struct pass_line *line,
    struct scram_verifier *out);

/* The file of a service, by its parameters. */
void passfile_path(struct buf *out);

/* True where no password can match it. */
bool passfile_is_locked(struct slice hash);
