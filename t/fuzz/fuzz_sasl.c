/*
 * Fuzz: what a client of AUTH and a password file may hold.  The first byte
 * chooses a mechanism, the rest is its messages, parted by bytes 255; the same
 * bytes are read as lines of the file.  Nobody gets in: no client knows a key.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "base64.h"
#include "passfile.h"
#include "sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
find(void *arg, const char *user, struct scram_verifier *out)
{
	(void)arg;
	(void)user;
	*out = (struct scram_verifier){ .salt_len = 16, .count = 4096 };
	return true;
}

static void
talk(enum sasl_mech mech, struct slice text)
{
	struct sasl_serving facts = {
		.bindings = { SLICE("exporter"), SLICE("end point") },
		.find = find,
		.nonce = "nonce",
	};
	struct sasl_server *s = sasl_server_create(mech, &facts);
	CLEAN_BUF struct buf challenge = { 0 };
	enum sasl_step step = SASL_MORE;
	struct slice message;

	while (step == SASL_MORE && slice_next_part(&text, '\xff', &message))
		step = sasl_server_next(s, &message, &challenge);
	if (step == SASL_DONE)
		__builtin_trap();
	if (step == SASL_CHECK && !sasl_is_user(slice_of(sasl_server_user(s))))
		__builtin_trap();
	sasl_server_destroy(&s);
}

static void
read_lines(struct slice text)
{
	struct slice line;
	struct pass_line l;
	struct scram_verifier v;
	const char *why;

	while (slice_next_part(&text, '\n', &line))
		if (passfile_line(line, &l, &why) == MATCH_YES &&
		    l.verifier.len > 0)
			passfile_verifier(&l, &v);
}

/* What is read comes out again as it was: base64 has one form. */
static void
decode(struct slice text)
{
	CLEAN_BUF struct buf octets = { 0 }, again = { 0 };

	if (!base64_get(&octets, text))
		return;
	base64_put(&again, buf_str(&octets), octets.len);
	if (again.len != text.len ||
	    (text.len > 0 && memcmp(again.text, text.at, text.len) != 0))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;

	struct slice text = { (const char *)data + 1, size - 1 };
	talk((enum sasl_mech)(1 + data[0] % (SASL_MECHS - 1)), text);
	read_lines(text);
	decode(text);
	return 0;
}
