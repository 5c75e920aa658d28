/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_cert.h"

#include "clock.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "program.h"
#include "tls_sign.h"

#define PATIENCE (3 * SECOND)

static struct buf files; /* empty: none is shown */
static struct tls_chain chain;
static struct buf name;
static bool waited, told;

void
smtp_cert_open(void)
{
	tls_client_files(&files);
	if (files.len > 0 && !program_has_section(ROLE_KEYS))
		log_fatal("%s: no certificate without [keys] in master.conf",
		    buf_str(&files));
}

/* ---- what keys sends ---- */

static void
replace(struct tls_chain *new)
{
	tls_chain_free(&chain);
	chain = *new;
	buf_reset(&name);
	for (size_t i = 0; i < chain.n; i++) {
		tls_fingerprint(&name, chain.leaves[i].cert, "sha256");
		buf_addc(&name, ' ');
	}
}

static bool
take(const void *body, size_t len)
{
	struct tls_chain new = { 0 };
	struct msg_cert m;

	if (!msg_get_cert(&m, body, len))
		return false;
	if (!str_eq(m.files, buf_str(&files)))
		return true; /* of another service */
	if (tls_sign_chain(&new, m.leaves))
		replace(&new);
	else
		log_warn("%s: TLS: %s: not used", m.files, tls_reason());
	return true;
}

bool
smtp_cert_take(struct chan *c, const void *body, size_t len, int fd)
{
	(void)c;
	close_fd(&fd);
	return take(body, len);
}

/* A host that asks for it, and is not shown it at the very start, would refuse
 * mail for good. */
static void
wait_for_it(void)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct chan *keys = program_peer(ROLE_KEYS);
	int64_t until = clock_mono() + PATIENCE;

	waited = true;
	/* Behind the type. */
	while (chain.n == 0 && keys != NULL &&
	    chan_hear_now(keys, MSG_cert, until, &packet) &&
	    take(packet.text + 4, packet.len - 4))
		continue;
}

/* ---- a connection ---- */

bool
smtp_cert_is_wanted(void)
{
	return files.len > 0;
}

bool
smtp_cert_is_ready(void)
{
	return chain.n > 0 && program_peer(ROLE_KEYS) != NULL;
}

/* Once each time that it is missing. */
static void
tell(bool ready)
{
	if (!ready && !told)
		log_warn("%s: no certificate is shown, as the program keys %s: "
			 "a host that refuses mail gets it later",
		    buf_str(&files), chain.n > 0 ? "is not there" : "has none");
	told = !ready;
}

bool
smtp_cert_use(SSL *ssl)
{
	if (!smtp_cert_is_wanted())
		return true;
	if (chain.n == 0 && !waited)
		wait_for_it();
	tell(smtp_cert_is_ready());
	for (size_t i = 0; smtp_cert_is_ready() && i < chain.n; i++)
		if (SSL_use_cert_and_key(ssl, chain.leaves[i].cert,
			chain.leaves[i].key, chain.leaves[i].more, 1) != 1)
			return false;
	return true;
}

const char *
smtp_cert_name(void)
{
	return smtp_cert_is_ready() ? buf_str(&name) : "";
}
