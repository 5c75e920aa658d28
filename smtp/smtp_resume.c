/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_resume.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "list.h"
#include "log.h"
#include "loop.h"
#include "map.h"
#include "param.h"
#include "tls.h"

#define NAMES_MAX    ((size_t)2000)
#define SESSIONS_MAX ((size_t)20) /* of one name: as many at a time */
#define TOTAL_MAX    ((size_t)8000)

struct kept {
	struct list link; /* the longest unused first */
	char *name;
	SSL_SESSION *at[SESSIONS_MAX]; /* the newest last */
	size_t n;
};

static struct map names; /* to struct kept */
static size_t total;     /* sessions of all */
static struct list by_use;
static int name_index = -1;

static void
drop_first(struct kept *k)
{
	SSL_SESSION_free(k->at[0]);
	k->n--;
	total--;
	memmove(k->at, k->at + 1, k->n * sizeof(k->at[0]));
}

static void
drop(struct kept *k)
{
	(void)map_drops(&names, k->name);
	list_drop(&k->link);
	while (k->n > 0)
		drop_first(k);
	free_str(&k->name);
	free(k);
}

static struct kept *
kept_of(const char *name)
{
	void **place = map_puts(&names, name);
	struct kept *k = *place;

	if (k == NULL) {
		k = *place = xcalloc(1, sizeof(*k));
		k->name = xstrdup(name);
	} else {
		list_drop(&k->link);
	}
	list_append(&by_use, &k->link);
	while (names.len > NAMES_MAX || total > TOTAL_MAX)
		drop(container_of(by_use.next, struct kept, link));
	return k;
}

/* The library calls this for each session that the host offers; we keep what it
 * gives. */
static int
on_offer(SSL *ssl, SSL_SESSION *session)
{
	const char *name = SSL_get_ex_data(ssl, name_index);

	if (name == NULL)
		return 0;
	struct kept *k = kept_of(name);
	if (k->n == SESSIONS_MAX)
		drop_first(k);
	k->at[k->n++] = session;
	total++;
	return 1;
}

static void
free_name(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
    void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(ptr);
}

void
smtp_resume_start(SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (!params.smtp_tls_session_cache ||
	    params.smtp_tls_session_cache_timeout == 0)
		return;
	name_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_name);
	if (name_index < 0)
		log_fatal("TLS: %s", tls_reason());
	SSL_CTX_set_session_cache_mode(ctx,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_offer);
}

/* ---- use ---- */

static bool
is_fresh(const SSL_SESSION *session)
{
	int64_t since = (int64_t)SSL_SESSION_get_time(session) * SECOND;

	return loop_wall() < since + params.smtp_tls_session_cache_timeout &&
	    SSL_SESSION_is_resumable(session) == 1;
}

/* The newest that is still good, with a reference of the caller's; or NULL. */
static SSL_SESSION *
take(struct kept *k)
{
	while (k->n > 0) {
		SSL_SESSION *session = k->at[k->n - 1];
		bool fresh = is_fresh(session);

		if (fresh &&
		    SSL_SESSION_get_protocol_version(session) <
			TLS1_3_VERSION &&
		    SSL_SESSION_up_ref(session) == 1)
			return session;
		k->n--;
		total--;
		if (fresh)
			return session;
		SSL_SESSION_free(session);
	}
	return NULL;
}

void
smtp_resume_use(SSL *ssl, const char *name)
{
	struct kept *k = map_gets(&names, name);
	SSL_SESSION *session = k != NULL ? take(k) : NULL;
	char *copy = xstrdup(name);

	if (name_index < 0 || SSL_set_ex_data(ssl, name_index, copy) != 1)
		free(copy);
	if (session != NULL && SSL_set_session(ssl, session) != 1)
		(void)tls_reason(); /* then a whole handshake it is */
	SSL_SESSION_free(session);
}

void
smtp_resume_forget(SSL *ssl)
{
	char *name = name_index >= 0 ? SSL_get_ex_data(ssl, name_index) : NULL;

	if (name == NULL)
		return;
	struct kept *k = map_gets(&names, name);
	if (k != NULL)
		drop(k);
	if (SSL_set_ex_data(ssl, name_index, NULL) == 1)
		free(name);
}
