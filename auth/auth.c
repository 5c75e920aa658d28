/*
 * auth says who a client is: it holds the password files, of which nobody
 * else sees anything, and answers for the clients of smtpd, whose octets it
 * is given; and it has the passwords by which smtp logs in to other hosts.
 *
 * It reads the files while it is root; afterwards it can open nothing, and
 * master, to which it named the files before, hands it each that has become
 * another one.  Where Dovecot has the passwords, master connects to it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_host.h"
#include "auth_login.h"
#include "auth_source.h"
#include "auth_work.h"
#include "log.h"
#include "param.h"
#include "program.h"

static const struct chan_rule rules[] = {
	{ MSG_auth_begin, 1u << ROLE_SMTPD, auth_login_begin },
	{ MSG_auth_next, 1u << ROLE_SMTPD, auth_login_next },
	{ MSG_auth_abort, 1u << ROLE_SMTPD, auth_login_abort },
	{ MSG_login, 1u << ROLE_SMTP, auth_host_login },
	{ MSG_login_next, 1u << ROLE_SMTP, auth_host_next },
	{ MSG_login_drop, 1u << ROLE_SMTP, auth_host_drop },
};

/* ---- mechanisms ---- */

static void
tell_mechs(struct chan *c, const struct auth_source *s)
{
	CLEAN_BUF struct buf mechs = { 0 };
	CLEAN_BUF struct buf packet = { 0 };

	auth_source_mechs(s, &mechs);
	msg_put_auth_mechs(&packet,
	    &(struct msg_auth_mechs){ .mechs = { mechs.text, mechs.len } });
	chan_send(c, &packet, -1, false);
}

static void
on_peer(struct chan *c)
{
	const struct auth_source *s = auth_source_of(c->name);

	if (c->role == ROLE_SMTPD && s != NULL)
		tell_mechs(c, s);
}

static void
tell_all(const struct auth_source *s)
{
	struct chan *c = NULL;

	while ((c = program_next_peer(ROLE_SMTPD, c)) != NULL)
		if (auth_source_of(c->name) == s)
			tell_mechs(c, s);
}

/* ---- Dovecot ---- */

static void
on_relay_ready(struct auth_relay *r)
{
	tell_all(auth_source_of_relay(r));
}

static const struct auth_relay_calls relay_calls = {
	.ready = on_relay_ready,
	.answered = auth_login_answered,
	.idle = auth_login_idle,
	.lost = auth_login_lost,
};

static bool
on_connected(const void *body, size_t len, int fd)
{
	struct msg_ctl_connected m;

	if (!msg_get_ctl_connected(&m, body, len) ||
	    auth_source_at(m.path) == NULL) {
		close_fd(&fd);
		return false;
	}
	auth_relay_connected(auth_source_at(m.path)->relay, fd, (int)m.error);
	return true;
}

/* ---- what master says ---- */

static bool
on_control(struct chan *c, uint32_t type, const void *body, size_t len, int fd)
{
	struct msg_ctl_file m;

	(void)c;
	if (type == MSG_ctl_connected)
		return on_connected(body, len, fd);
	if (type != MSG_ctl_file || !msg_get_ctl_file(&m, body, len)) {
		close_fd(&fd);
		return false;
	}
	const struct auth_source *s = auth_source_changed(m.path, fd);
	if (s != NULL)
		tell_all(s);
	return true;
}

/* ---- files ---- */

/* What a service wants, by its own parameters. */
static void
want_source(const char *service)
{
	if (params.smtpd_sasl_auth_enable)
		auth_source_want(service);
}

static void
watch_files(void)
{
	const char *path = NULL;

	while ((path = auth_source_path(path)) != NULL)
		program_watch(path);
}

/* ---- the program ---- */

static void
on_go(void)
{
	auth_work_start(auth_login_checked);
}

static void
on_peer_ended(struct chan *c)
{
	auth_login_peer_ended(c);
	auth_host_peer_ended(c);
}

static uint32_t
busy(void)
{
	return (uint32_t)(auth_login_count() + auth_host_count());
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "users=%zu dialogues=%zu checks=%zu", auth_source_count(),
	    auth_login_count(), auth_work_waiting());
}

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer = on_peer,
	.peer_ended = on_peer_ended,
	.control = on_control,
	.go = on_go,
	.busy = busy,
	.status = say_status,
	.feeders = 1u << ROLE_SMTPD | 1u << ROLE_SMTP,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_AUTH, argc, argv);
	auth_users_secret();
	auth_relay_calls(&relay_calls);
	program_services("smtpd", want_source);
	auth_source_read();
	auth_host_open();
	watch_files();
	program_confine();
	program_run(&calls);
}
