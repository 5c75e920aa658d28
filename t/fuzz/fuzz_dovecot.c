/*
 * Fuzz: what a Dovecot may say, in two pieces.  The first byte says where the
 * cut is.  Whatever it says, what we say stays lines of bounded length.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "auth_dovecot.h"
#include "sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_ready(void *owner)
{
	(void)owner;
}

/* Its words go back as a client's. */
static void
on_answer(void *owner, const struct dovecot_answer *a)
{
	struct dovecot *d = owner;
	struct msg_auth_begin m = {
		.mech = "PLAIN",
		.client = a->user,
		.local = "",
		.session = "",
		.asked = a->user,
		.certificate = a->why,
		.initial = true,
		.response = a->challenge,
	};

	if (a->verdict == AUTH_OK && !sasl_is_user(slice_of(a->user)))
		__builtin_trap();
	buf_reset(d->out);
	if (dovecot_begin(d, a->id, &m) &&
	    (d->out->len > DOVECOT_SAID_MAX ||
		memchr(d->out->text, '\n', d->out->len) !=
		    d->out->text + d->out->len - 1))
		__builtin_trap();
}

static const struct dovecot_calls calls = { on_ready, on_answer };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf out = { 0 };
	struct dovecot d = { .calls = &calls, .out = &out };

	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	size_t n = size - 1, cut = MIN(n, (size_t)data[0]);
	d.owner = &d;
	size_t taken = dovecot_input(&d, text, cut);
	if (taken > cut)
		__builtin_trap();
	if (d.fault == NULL)
		taken += dovecot_input(&d, text + taken, n - taken);
	if (taken > n)
		__builtin_trap();
	dovecot_free(&d);
	return 0;
}
