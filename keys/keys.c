/*
 * keys holds the private keys of TLS, and signs with them for the handshakes of
 * others, which never see one.
 *
 * It reads the files while it is root; afterwards it can open nothing, and
 * master, to which it named the files before, hands it each that has become
 * another one.  Certificates are public: every smtpd gets those in force, and
 * every smtp those that it may show to servers.  Neither has anything signed
 * with the keys of the other.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "clock.h"
#include "fd.h"
#include "keys_sign.h"
#include "keys_store.h"
#include "keys_ticket.h"
#include "log.h"
#include "param.h"
#include "program.h"
#include "str.h"
#include "tls.h"
#include "tls_sni.h"

/* A new key and a new certificate are two files for many: both are given time
 * to come. */
#define SETTLE_TIME (1 * SECOND)

#define ASKERS (1u << ROLE_SMTPD | 1u << ROLE_SMTP)

static struct loop_timer settle_timer, warn_timer, ticket_timer;
static uint64_t signatures;

/* ---- what is asked ---- */

static void
send_signature(struct chan *c, uint32_t number, const struct buf *signature)
{
	CLEAN_BUF struct buf packet = { 0 };

	msg_put_signed(&packet,
	    &(struct msg_signed){
		.number = number,
		.signature = { buf_str(signature), signature->len },
	    });
	chan_send(c, &packet, -1, false);
	chan_flush(c);
}

static bool
on_sign(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_BUF struct buf signature = { 0 };
	const char *why = "there is no such key";
	struct msg_sign m;

	close_fd(&fd);
	if (!msg_get_sign(&m, body, len) || m.key.len != TLS_DIGEST)
		return false;
	EVP_PKEY *key = keys_store_find((const uint8_t *)m.key.at, c->role);
	if (key == NULL ||
	    !keys_sign(key, (enum tls_sign_kind)m.kind, m.input, &signature,
		&why))
		log_warn("%s asked for a signature: %s", c->name, why);
	else
		signatures++;
	send_signature(c, m.number, &signature);
	return true;
}

/* ---- certificates and tickets ---- */

static void
tell_one(void *arg, uint32_t roles, const struct buf *packet)
{
	struct chan *c = arg;

	if ((roles & 1u << c->role) != 0)
		chan_send(c, packet, -1, false);
}

static void
tell_role(enum role role, const struct buf *packet)
{
	struct chan *c = NULL;

	while ((c = program_next_peer(role, c)) != NULL)
		chan_send(c, packet, -1, false);
}

static void
tell_all(void *arg, uint32_t roles, const struct buf *packet)
{
	(void)arg;
	if ((roles & 1u << ROLE_SMTPD) != 0)
		tell_role(ROLE_SMTPD, packet);
	if ((roles & 1u << ROLE_SMTP) != 0)
		tell_role(ROLE_SMTP, packet);
}

static void
tell_ticket(struct chan *c, bool last)
{
	CLEAN_BUF struct buf packet = { 0 };

	if (keys_ticket_put(&packet, c->name, last))
		chan_send(c, &packet, -1, false);
}

static void
on_ticket_time(struct loop_timer *t)
{
	struct chan *c = NULL;

	keys_ticket_renew();
	while ((c = program_next_peer(ROLE_SMTPD, c)) != NULL)
		tell_ticket(c, false);
	loop_timer(t, KEYS_TICKET_TIME, on_ticket_time);
}

static void
on_peer(struct chan *c)
{
	keys_store_tell(tell_one, c);
	if (c->role != ROLE_SMTPD)
		return;
	tell_ticket(c, true);
	tell_ticket(c, false);
}

/* ---- files ---- */

static void
on_settled(struct loop_timer *t)
{
	(void)t;
	keys_store_judge(loop_wall(), tell_all, NULL);
	keys_store_warn(loop_wall());
}

static bool
on_control(struct chan *c, uint32_t type, const void *body, size_t len, int fd)
{
	struct msg_ctl_file m;

	(void)c;
	if (type != MSG_ctl_file || !msg_get_ctl_file(&m, body, len)) {
		close_fd(&fd);
		return false;
	}
	if (keys_store_changed(m.path, fd))
		loop_timer(&settle_timer, SETTLE_TIME, on_settled);
	return true;
}

static void
on_warn_time(struct loop_timer *t)
{
	keys_store_warn(loop_wall());
	loop_timer(t, HOUR, on_warn_time);
}

/* ---- the start ---- */

static void
want_name(void *arg, const char *name, const char *files)
{
	(void)arg; /* of the store there is one */
	keys_store_want(files, name, ROLE_SMTPD);
}

/* Those for the names that clients may ask for. */
static void
want_names(void)
{
	struct tables names;
	const char *why;

	if (!tls_sni_open(&names, &why))
		log_fatal("tls_server_sni_maps: %s", why);
	if (!tls_sni_each(&names, want_name, NULL, &why))
		log_fatal("tls_server_sni_maps: %s", why);
	tables_free(&names);
}

/* Old versions have something else signed. */
static void
want_versions(const char *protocols, const char *mandatory)
{
	if (tls_is_old(protocols) || tls_is_old(mandatory))
		keys_sign_old();
}

/* What is shown to clients, by the parameters as they are now. */
static void
want_server(const char *service)
{
	CLEAN_BUF struct buf names = { 0 };

	(void)service; /* its parameters say all */
	if (str_eq(params.smtpd_tls_security_level, "none") &&
	    !params.smtpd_tls_wrappermode)
		return;
	tls_server_files(&names);
	keys_store_want(buf_str(&names), params.myhostname, ROLE_SMTPD);
	want_names();
	want_versions(params.smtpd_tls_protocols,
	    params.smtpd_tls_mandatory_protocols);
}

/* What is shown to servers; it need not have this host's name. */
static void
want_client(const char *service)
{
	CLEAN_BUF struct buf names = { 0 };

	(void)service;
	tls_client_files(&names);
	if (names.len == 0)
		return;
	keys_store_want(buf_str(&names), "", ROLE_SMTP);
	want_versions(params.smtp_tls_protocols,
	    params.smtp_tls_mandatory_protocols);
}

static void
watch_files(void)
{
	const char *path = NULL;

	while ((path = keys_store_path(path)) != NULL)
		program_watch(path);
}

static void
say_status(struct buf *out)
{
	buf_addf(out, "certificates=%zu signatures=%llu", keys_store_count(),
	    (unsigned long long)signatures);
	if (keys_store_count() > 0)
		buf_addf(out, " days=%lld",
		    (long long)keys_store_days(loop_wall()));
}

static const struct chan_rule rules[] = {
	{ MSG_sign, ASKERS, on_sign },
};

static const struct program_calls calls = {
	.rules = rules,
	.n_rules = ARRAY_LEN(rules),
	.peer = on_peer,
	.control = on_control,
	.status = say_status,
	.feeders = ASKERS,
};

int
main(int argc, char **argv)
{
	program_start(ROLE_KEYS, argc, argv);
	tls_start();
	program_services("smtpd", want_server);
	program_services("smtp", want_client);
	keys_store_read();
	keys_store_judge(loop_wall(), tell_all, NULL);
	watch_files();
	on_warn_time(&warn_timer);
	on_ticket_time(&ticket_timer);
	program_confine();
	program_run(&calls);
}
