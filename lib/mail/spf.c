/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "spf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "dns_answer.h"
#include "domain_ascii.h"
#include "spf_parts.h"

/* ---- from outside ---- */

/* An IPv4 address in an IPv6 one is that IPv4 address (RFC 7208 5). */
static void
set_client(struct spf *e, const char *client)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];

	e->v6 = inet_pton(AF_INET, client, e->address) != 1;
	if (e->v6 && inet_pton(AF_INET6, client, e->address) != 1)
		memset(e->address, 0, sizeof(e->address));
	if (e->v6 && memcmp(e->address, mapped, sizeof(mapped)) == 0) {
		memmove(e->address, e->address + 12, 4);
		e->v6 = false;
	}
	if (inet_ntop(e->v6 ? AF_INET6 : AF_INET, e->address, text,
		sizeof(text)) != NULL)
		e->question.client = arena_strdup(&e->arena, text);
}

/* RFC 8616 4: in A-labels, also for macros.  What is none has no record. */
static const char *
in_ascii(struct spf *e, const char *domain)
{
	if (str_is_ascii(domain, strlen(domain)))
		return domain;
	const char *ascii = domain_ascii(&e->arena, slice_of(domain));
	return ascii != NULL ? ascii : domain;
}

void
spf_start(struct spf *e, const struct spf_question *q, int64_t now)
{
	const char *at = strrchr(q->sender, '@');

	*e = (struct spf){ .question = *q, .started = now };
	e->local = "postmaster";
	e->sender_domain = in_ascii(e, at != NULL ? at + 1 : q->helo);
	if (at != NULL && at > q->sender)
		e->local = arena_memdup(&e->arena, q->sender,
		    (size_t)(at - q->sender));
	set_client(e, q->client);
}

/* RFC 7208 4.3: what is no domain of several labels has no record. */
static const char *
first_domain(struct spf *e)
{
	struct slice name = slice_of(e->sender_domain);

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	const char *domain = arena_memdup(&e->run, name.at, name.len);
	if (!dns_name_valid(domain) || strchr(domain, '.') == NULL)
		return NULL;
	return spf_make_name(e, name);
}

static void
conclude(struct spf *e, enum spf_result result, const char *why)
{
	e->failed = false;
	e->n_needs = 0;
	(void)spf_fail(e, result, "", why);
}

bool
spf_run(struct spf *e, int64_t now)
{
	struct spf_verdict v;

	arena_reset(&e->run);
	e->verdict = (struct spf_verdict){ 0 };
	e->n_needs = 0;
	e->failed = false;
	e->terms = e->voids = 0;
	e->steps = e->last = NULL;
	e->found = "";

	const char *domain = first_domain(e);
	if (domain == NULL)
		(void)spf_fail(e, SPF_NONE, "", "no domain name");
	else if (spf_check_domain(e, domain, 0, true, &v))
		e->verdict = v;
	/* What is decided needs nothing more; a need that was met on the way of
	 * a decision is of no use. */
	if (e->failed && e->verdict.why == NULL) {
		if (e->arena.used > SPF_MEMORY_MAX)
			conclude(e, SPF_PERMERROR, "the answers are too long");
		else if (now - e->started >= SPF_PATIENCE)
			conclude(e, SPF_TEMPERROR, "it takes too long");
		else
			return false;
	}
	e->n_needs = 0;
	v = e->verdict;
	e->verdict.domain = v.domain != NULL ? v.domain : "";
	e->verdict.mechanism = v.mechanism != NULL ? v.mechanism : "";
	e->verdict.explanation = v.explanation != NULL ? v.explanation : "";
	return true;
}

/* ---- keeping ---- */

/* Where all was said already, longer answers are of no use. */
static void
keep_records(struct spf *e, const struct dns_answer *answer,
    struct dns_answer *kept)
{
	struct dns_record *records = arena_new(&e->arena,
	    answer->n * sizeof(*records) + 1);

	for (size_t i = 0; i < answer->n; i++) {
		const struct dns_record *r = &answer->records[i];

		records[i] = *r;
		if (r->name != NULL)
			records[i].name = arena_strdup(&e->arena, r->name);
		if (r->address != NULL)
			records[i].address = arena_strdup(&e->arena,
			    r->address);
		if (r->data.at != NULL)
			records[i].data.at = arena_memdup(&e->arena, r->data.at,
			    r->data.len);
	}
	kept->records = records;
}

void
spf_tell(struct spf *e, const struct spf_need *need,
    const struct dns_answer *answer)
{
	CLEAN_BUF struct buf key = { 0 };
	struct spf_answer *kept = arena_new(&e->arena, sizeof(*kept));

	kept->dns = *answer;
	kept->dns.text = arena_strdup(&e->arena,
	    answer->text != NULL ? answer->text : "");
	keep_records(e, answer, &kept->dns);
	buf_addf(&key, "%d %s", (int)need->type, need->name);
	*map_puts(&e->answers, buf_str(&key)) = kept;
}

void
spf_free(struct spf *e)
{
	map_free(&e->answers);
	arena_free(&e->run);
	arena_free(&e->arena);
	*e = (struct spf){ 0 };
}
