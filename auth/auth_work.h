/*
 * auth_work - passwords checked against hashes, in threads of low priority.
 *
 * A hash takes some ten milliseconds of a processor by intention, so who tries
 * passwords must not be able to take the machine with it: at most half of the
 * processors are used, what is delivering mail goes before, and the queue is
 * bounded, both as a whole and for each client.  Addresses from which a right
 * password has come before are served first, and what strangers try does not
 * fill the queue for them: so users can log in while passwords are tried.
 * After a wrong one of a stranger the next stranger waits nine times as long
 * as it took: right ones have the processors, wrong ones a tenth of them.
 *
 * A password that was right a short while ago is known by a keyed hash of it
 * and of the user's line, and not worked out anew: mail programs log in often.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "util.h"

struct auth_work;

/* Called in the loop, of work that was not dropped. */
typedef void auth_work_fn(void *owner, bool right);

/* The threads; after the rights were given up. */
void auth_work_start(auth_work_fn *done);

/* never: it is nobody's, so it is wrong, after the same time. */
struct auth_check {
	const char *password;
	const char *hash;
	const char *client; /* address */
	bool never;
};

/* Copies what it is given; NULL where too much waits: nobody is called then. */
MUST_CHECK struct auth_work *auth_work_add(const struct auth_check *check,
    void *owner);

/* Nobody waits for it any more; not within its own call. */
void auth_work_drop(struct auth_work **w);

/* Whether this was right a short while ago. */
bool auth_work_knows(const char *password, const char *hash, int64_t now);

size_t auth_work_waiting(void);
