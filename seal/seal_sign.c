/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_sign.h"

#include "msg.h"
#include "program.h"
#include "seal_srs.h"

static uint64_t forwarded;

/* A message that goes to another host for a recipient of ours. */
static bool
on_forward(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_FD int mail = fd;
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_forward m;

	if (!msg_get_forward(&m, body, len))
		return false;
	const char *sender = m.sender;
	enum found found = seal_srs_sender(&a, m.sender, &sender);
	msg_put_forwarded(&packet,
	    &(struct msg_forwarded){
		.stream = m.stream,
		.ok = found != FOUND_FAILED,
		.sender = sender,
	    });
	chan_send(c, &packet, -1, false);
	forwarded++;
	return true;
}

static bool
on_control(struct chan *c, uint32_t type, const void *body, size_t len, int fd)
{
	CLEAN_FD int file = fd;
	struct msg_ctl_file m;

	(void)c;
	if (type != MSG_ctl_file || !msg_get_ctl_file(&m, body, len))
		return false;
	seal_srs_changed(m.path, file);
	return true;
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "forwarded=%llu", (unsigned long long)forwarded);
}

static const struct chan_rule rules[] = {
	{ MSG_forward, 1U << ROLE_SMTP, on_forward },
	{ MSG_srs_ask, 1U << ROLE_SMTPD, seal_srs_ask },
};

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.control = on_control,
	.status = say_status,
	.feeders = 1U << ROLE_CLEANUP | 1U << ROLE_SMTP | 1U << ROLE_SMTPD,
};

void
seal_sign_run(void)
{
	seal_srs_open();
	program_confine();
	program_run(&calls);
}
