/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_srs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "addr.h"
#include "clock.h"
#include "fd.h"
#include "log.h"
#include "msg.h"
#include "param.h"
#include "program.h"
#include "srs.h"
#include "table.h"

#define FILE_MAX ((size_t)65536)

static struct srs srs;
static struct arena secrets; /* what srs.secrets points into */
static struct namelist *excluded;
static bool parents; /* what is below an excluded domain is, too */

/* ---- the file ---- */

/* False with why; then nothing has changed. */
static bool
take_file(int fd, const char **why)
{
	CLEAN_BUF struct buf text = { 0 };
	struct srs_secrets found;
	struct arena fresh = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    fd_read_all(fd, &text, FILE_MAX) < 0) {
		*why = strerror(errno);
		return false;
	}
	if ((st.st_mode & 0077) != 0) {
		*why = "others than its owner can read it: chmod 600";
		return false;
	}
	if (!srs_secrets_parse(&fresh,
		(struct slice){ buf_str(&text), text.len }, &found, why)) {
		arena_free(&fresh);
		return false;
	}
	arena_free(&secrets);
	secrets = fresh;
	srs.secrets = found;
	return true;
}

/* What OpenSSL loads for its first hash comes out of files. */
static void
warm_up(void)
{
	CLEAN_ARENA struct arena a = { 0 };
	const char *made;

	if (!srs_forward(&a, &srs, loop_wall(), "warm@up.example", &made))
		log_fatal("srs_domain: %s: too long", srs.domain);
}

void
seal_srs_open(void)
{
	const char *why;

	if (params.srs_domain[0] == '\0')
		return;
	CLEAN_FD int fd = fd_open_regular(params.srs_secrets);
	if (!take_file(fd, &why))
		log_fatal("srs_secrets: %s: %s (posthouse setup makes it)",
		    params.srs_secrets, why);
	excluded = namelist_open(params.srs_exclude_domains, &why);
	if (excluded == NULL)
		log_fatal("srs_exclude_domains: %s", why);
	parents = param_has_word(params.parent_domain_matches_subdomains,
	    "srs_exclude_domains");
	char *domain = xstrdup(params.srs_domain);
	str_lower(domain);
	srs.domain = domain;
	srs.max_age = params.srs_max_age / DAY;
	warm_up();
	program_watch(params.srs_secrets);
}

void
seal_srs_changed(const char *path, int fd)
{
	const char *why;

	if (srs.domain == NULL || !str_eq(path, params.srs_secrets))
		return;
	if (take_file(fd, &why))
		log_info("%s: %zu secrets", path, srs.secrets.n);
	else
		log_warn("%s: %s: the secrets read before stay in force", path,
		    why);
}

/* ---- out ---- */

enum found
seal_srs_sender(struct arena *a, const char *sender, const char **out)
{
	const char *domain = addr_split(a, sender).domain;

	if (srs.domain == NULL || sender[0] == '\0' ||
	    str_eq_nocase(domain, srs.domain))
		return FOUND_NONE;
	switch (namelist_has(excluded, domain, parents)) {
	case FOUND_ONE:
		return FOUND_NONE;
	case FOUND_FAILED:
		return FOUND_FAILED;
	case FOUND_NONE:
		break;
	}
	return srs_forward(a, &srs, loop_wall(), sender, out) ? FOUND_ONE
							      : FOUND_NONE;
}

/* ---- and back ---- */

bool
seal_srs_ask(struct chan *c, const void *body, size_t len, int fd)
{
	CLEAN_ARENA struct arena a = { 0 };
	CLEAN_BUF struct buf packet = { 0 };
	const char *found = "";
	struct msg_srs_ask m;

	close_fd(&fd);
	if (!msg_get_srs_ask(&m, body, len))
		return false;
	enum srs_verdict v = srs.domain == NULL
	    ? SRS_NONE
	    : srs_back(&a, &srs, loop_wall(), m.address, &found);
	msg_put_srs_found(&packet,
	    &(struct msg_srs_found){
		.stream = m.stream,
		.verdict = (uint8_t)v,
		.address = found,
	    });
	chan_send(c, &packet, -1, false);
	return true;
}
