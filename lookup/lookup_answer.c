/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "lookup_answer.h"

#include <string.h>

#include "log.h"
#include "lookup_user.h"
#include "msg.h"

/* Who has so many bytes of answers waiting, and asks on, does not read. */
#define ANSWERS_MAX ((size_t)4 << 20)

static void
send_answer(struct chan *c, uint32_t stream, enum found found,
    const char *value)
{
	struct msg_answer m = {
		.stream = stream,
		.found = (uint8_t)found,
		.value = value,
	};
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_answer(&packet, &m);
	chan_send(c, &packet, -1, false);
}

/* Indexed by enum lookup_kind. */
static enum found (*const kinds[])(const char *key, struct buf *out,
    const char **why) = {
	[LOOKUP_USER] = lookup_user,
	[LOOKUP_UID] = lookup_uid,
};

static bool
answer_ask(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int unasked = fd;
	CLEAN_BUF struct buf value = { 0 };
	struct msg_ask m;
	const char *why = "";

	if (!msg_get_ask(&m, body, len) || m.kind >= ARRAY_LEN(kinds) ||
	    unasked >= 0 || chan_waiting(c) > ANSWERS_MAX)
		return false;

	enum found found = kinds[m.kind](m.key, &value, &why);
	if (found == FOUND_FAILED) {
		CLEAN_BUF struct buf key = { 0 };

		str_printable(&key, m.key, strlen(m.key), 64);
		log_warn("user %s: %s: mail for it waits", buf_str(&key), why);
	}
	send_answer(c, m.stream, found, buf_str(&value));
	return true;
}

const struct chan_rule answer_rules[ANSWER_RULES] = {
	{ MSG_ask, ASKERS, answer_ask },
};
