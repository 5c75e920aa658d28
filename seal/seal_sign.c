/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_sign.h"

#include "msg.h"
#include "program.h"
#include "seal_dkim.h"
#include "seal_forward.h"
#include "seal_keys.h"
#include "seal_srs.h"

/* Each knows its own files. */
static bool
on_control(struct chan *c, uint32_t type, const void *body, size_t len, int fd)
{
	CLEAN_FD int file = fd;
	struct msg_ctl_file m;

	(void)c;
	if (type != MSG_ctl_file || !msg_get_ctl_file(&m, body, len))
		return false;
	seal_srs_changed(m.path, file);
	seal_keys_changed(m.path, file);
	return true;
}

static void
on_peer_ended(struct chan *c)
{
	seal_dkim_peer_ended(c);
	seal_forward_peer_ended(c);
}

static uint32_t
count_busy(void)
{
	return seal_dkim_busy() + seal_forward_busy();
}

static void
watch_keys(void)
{
	const char *path = NULL;

	while ((path = seal_keys_path(path)) != NULL)
		program_watch(path);
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "keys=%zu signed=%llu sealed=%llu", seal_keys_count(),
	    (unsigned long long)seal_dkim_count(),
	    (unsigned long long)seal_forward_count());
}

static const struct chan_rule rules[] = {
	{ MSG_seal, 1U << ROLE_CLEANUP, seal_dkim_ask },
	{ MSG_forward, 1U << ROLE_SMTP, seal_forward_ask },
	{ MSG_srs_ask, 1U << ROLE_SMTPD, seal_srs_ask },
};

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer_ended = on_peer_ended,
	.control = on_control,
	.busy = count_busy,
	.status = say_status,
	.feeders = 1U << ROLE_CLEANUP | 1U << ROLE_SMTP | 1U << ROLE_SMTPD,
};

void
seal_sign_run(void)
{
	seal_srs_open();
	seal_keys_load();
	watch_keys();
	program_confine();
	program_run(&calls);
}
