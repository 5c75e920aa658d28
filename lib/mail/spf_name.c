/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <arpa/inet.h>
#include <string.h>

#include "buf.h"
#include "dns_answer.h"
#include "spf_parts.h"

/* Bytes of what is told of one term. */
#define NOTE_MAX 400

enum match
spf_fail(struct spf *e, enum spf_result result, const char *domain,
    const char *why)
{
	if (e->failed)
		return MATCH_BAD;
	e->failed = true;
	e->verdict = (struct spf_verdict){
		.result = result,
		.domain = domain,
		.why = why,
	};
	return MATCH_BAD;
}

/* ---- answers ---- */

struct spf_answer *
spf_ask(struct spf *e, const char *name, enum dns_type type)
{
	const char *key = arena_printf(&e->run, "%d %s", (int)type, name);
	struct spf_answer *answer = map_gets(&e->answers, key);

	if (answer != NULL)
		return answer;
	e->failed = true;
	for (size_t i = 0; i < e->n_needs; i++)
		if (e->needs[i].type == type && str_eq(e->needs[i].name, name))
			return NULL;
	if (e->n_needs < SPF_NEEDS_MAX)
		e->needs[e->n_needs++] = (struct spf_need){ name, type };
	return NULL;
}

void
spf_note(struct spf *e, const char *name, const struct dns_answer *answer)
{
	CLEAN_BUF struct buf text = { 0 };

	if (!e->question.trace || strlen(e->found) > NOTE_MAX)
		return;
	buf_addf(&text, "%s%s%s:", e->found, e->found[0] != '\0' ? "; " : "",
	    name);
	for (size_t i = 0; i < MIN(answer->n, (size_t)SPF_NAMES_MAX); i++) {
		const struct dns_record *r = &answer->records[i];

		buf_addf(&text, "%s %s", i > 0 ? "," : "",
		    r->name != NULL ? r->name : r->address);
	}
	if (answer->n == 0)
		buf_addf(&text, " %s",
		    answer->status == DNS_FAILED ? "no answer" : "nothing");
	e->found = arena_memdup(&e->run, buf_str(&text), text.len);
}

bool
spf_count_void(struct spf *e, const char *domain)
{
	if (++e->voids <= SPF_VOIDS_MAX)
		return true;
	(void)spf_fail(e, SPF_PERMERROR, domain,
	    "more than 2 look-ups that found nothing");
	return false;
}

const struct dns_answer *
spf_ask_for_term(struct spf *e, const char *domain, const char *name,
    enum dns_type type)
{
	const struct spf_answer *answer = spf_ask(e, name, type);

	if (answer == NULL)
		return NULL;
	spf_note(e, name, &answer->dns);
	if (answer->dns.status == DNS_FAILED) {
		(void)spf_fail(e, SPF_TEMPERROR, domain,
		    arena_printf(&e->run, "%s: %s", name, answer->dns.text));
		return NULL;
	}
	if (answer->dns.n == 0 && !spf_count_void(e, domain))
		return NULL;
	return &answer->dns;
}

enum dns_type
spf_address_type(const struct spf *e)
{
	return e->v6 ? DNS_AAAA : DNS_A;
}

/* ---- addresses ---- */

bool
spf_same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	    (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool
spf_is_among(const struct spf *e, const struct dns_answer *answer,
    const struct spf_term *t)
{
	for (size_t i = 0; i < answer->n; i++) {
		uint8_t at[16];

		if (inet_pton(e->v6 ? AF_INET6 : AF_INET,
			answer->records[i].address, at) == 1 &&
		    spf_same_bits(at, e->address, e->v6 ? t->bits6 : t->bits4))
			return true;
	}
	return false;
}

/* ---- names ---- */

/* As dns_ask() wants a name: what no host's name has is written \DDD. */
static const char *
escape_name(struct spf *e, struct slice name)
{
	CLEAN_BUF struct buf out = { 0 };

	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (char_is_alpha(c) || char_is_digit(c) ||
		    (c != '\0' && strchr("-_.", c) != NULL))
			buf_addc(&out, char_lower(c));
		else
			buf_addf(&out, "\\%03u", (unsigned int)(uint8_t)c);
	}
	return arena_memdup(&e->run, buf_str(&out), out.len);
}

const char *
spf_make_name(struct spf *e, struct slice name)
{
	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	while (name.len > 253) {
		const char *dot = memchr(name.at, '.', name.len);

		if (dot == NULL)
			return NULL;
		name.len -= (size_t)(dot + 1 - name.at);
		name.at = dot + 1;
	}
	const char *escaped = escape_name(e, name);
	return dns_name_askable(escaped) ? escaped : NULL;
}

bool
spf_is_within(const char *sub, const char *domain)
{
	size_t n = strlen(sub), m = strlen(domain);

	return n >= m && str_eq_nocase(sub + n - m, domain) &&
	    (n == m || sub[n - m - 1] == '.');
}

enum match
spf_is_validated(struct spf *e, const char *name)
{
	const struct spf_term whole = { .bits4 = 32, .bits6 = 128 };
	const struct spf_answer *answer = spf_ask(e, name, spf_address_type(e));

	if (answer == NULL)
		return MATCH_BAD;
	return spf_is_among(e, &answer->dns, &whole) ? MATCH_YES : MATCH_NO;
}

/* The validated name of the client that fits best (RFC 7208 7.3): the domain
 * itself, one below it, any; "unknown"; or NULL where the run waits. */
static const char *
validated_name(struct spf *e, const char *domain)
{
	char reverse[80];
	const char *best = "unknown";
	int best_rank = 0;
	bool waits = false;

	if (!dns_reverse_name(e->question.client, reverse))
		return best;
	const struct spf_answer *ptr = spf_ask(e,
	    arena_strdup(&e->run, reverse), DNS_PTR);
	if (ptr == NULL)
		return NULL;
	for (size_t i = 0; i < MIN(ptr->dns.n, (size_t)SPF_NAMES_MAX); i++) {
		const char *name = ptr->dns.records[i].name;
		int rank = str_eq_nocase(name, domain) ? 3
		    : spf_is_within(name, domain)      ? 2
						       : 1;
		enum match match = spf_is_validated(e, name);

		waits = waits || match == MATCH_BAD;
		if (match == MATCH_YES && rank > best_rank) {
			best = name;
			best_rank = rank;
		}
	}
	return waits ? NULL : best;
}

/* ---- macros ---- */

/* RFC 7208 7.2: dotted nibbles of an IPv6 address, as the "i" macro has it. */
static const char *
dotted_address(struct spf *e)
{
	CLEAN_BUF struct buf out = { 0 };

	if (!e->v6)
		return e->question.client;
	for (size_t i = 0; i < 16; i++)
		buf_addf(&out, "%s%X.%X", i > 0 ? "." : "", e->address[i] >> 4U,
		    e->address[i] & 0x0fU);
	return arena_memdup(&e->run, buf_str(&out), out.len);
}

bool
spf_expand(struct spf *e, const struct spf_frame *f, struct slice text,
    enum spf_text kind, struct buf *out)
{
	const struct spf_question *q = &e->question;
	struct spf_letters letters = { 0 };

#define LETTER(c) letters.value[(c) - 'a']
	if (spf_macro_uses(text, 'p')) {
		LETTER('p') = validated_name(e, f->domain);
		if (LETTER('p') == NULL)
			return false;
	}
	LETTER(
	    's') = arena_printf(&e->run, "%s@%s", e->local, e->sender_domain);
	LETTER('l') = e->local;
	LETTER('o') = e->sender_domain;
	LETTER('d') = f->domain;
	LETTER('i') = dotted_address(e);
	LETTER('v') = e->v6 ? "ip6" : "in-addr";
	LETTER('h') = q->helo;
	LETTER('c') = q->client;
	LETTER('r') = q->receiver[0] != '\0' ? q->receiver : "unknown";
	LETTER(
	    't') = arena_printf(&e->run, "%lld", (long long)(q->wall / 1000));
#undef LETTER
	spf_macro_expand(out, text, kind, &letters);
	return true;
}

bool
spf_target(struct spf *e, const struct spf_frame *f, struct slice spec,
    const char **name)
{
	CLEAN_BUF struct buf out = { 0 };

	*name = f->domain;
	if (spec.len == 0)
		return true;
	if (!spf_expand(e, f, spec, SPF_DOMAIN_SPEC, &out))
		return false;
	*name = spf_make_name(e, (struct slice){ buf_str(&out), out.len });
	return true;
}
