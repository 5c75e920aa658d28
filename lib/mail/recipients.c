/*
 * The text of a list, and the hash.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "recipients.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#include "addr.h"
#include "log.h"
#include "num.h"
#include "recipients_hex.h"

#define MAGIC       "posthouse-recipients 1"
#define HASH_NAME   "pbkdf2-sha256"
#define ADDRESS_MAX ((size_t)500) /* a key of LMDB has 511 bytes */
#define ENTRIES_MAX ((size_t)20 << 20)

/* ---- lists ---- */

void
recipients_free(struct recipients *r)
{
	arena_free(&r->arena);
	*r = (struct recipients){ 0 };
}

/* Room for one more, twice as much each time; the arena keeps the old. */
static void *
grown(struct arena *a, const void *old, size_t n, size_t *room, size_t size)
{
	size_t more = *room == 0 ? 16 : 2 * *room;
	void *at = arena_new(a, more * size);

	if (n > 0)
		memcpy(at, old, n * size);
	*room = more;
	return at;
}

struct recipients_domain *
recipients_add_domain(struct recipients *r, const char *name)
{
	if (r->n == r->room)
		r->domains = grown(&r->arena, r->domains, r->n, &r->room,
		    sizeof(*r->domains));

	struct recipients_domain *d = &r->domains[r->n++];
	char *folded = arena_strdup(&r->arena, name);
	str_lower(folded);
	*d = (struct recipients_domain){ .name = folded, .complete = true };
	return d;
}

static void
add_entry(struct recipients *r, struct recipients_domain *d, const char *text)
{
	if (d->n == d->room)
		d->at = grown(&r->arena, d->at, d->n, &d->room, sizeof(*d->at));
	d->at[d->n++] = text;
}

void
recipients_add(struct recipients *r, struct recipients_domain *d,
    const char *address)
{
	CLEAN_BUF struct buf key = { 0 };

	recipients_key(&key, &r->form, address);
	add_entry(r, d, arena_strdup(&r->arena, buf_str(&key)));
}

/* ---- the hash ---- */

void
recipients_key(struct buf *out, const struct recipients_form *f,
    const char *address)
{
	CLEAN_STR char *folded = xstrdup(address);
	uint8_t hash[RECIPIENTS_HASH];

	str_lower(folded);
	if (!f->hashed) {
		buf_adds(out, folded);
		return;
	}
	if (PKCS5_PBKDF2_HMAC(folded, (int)strlen(folded), f->salt,
		(int)sizeof(f->salt), (int)f->rounds, EVP_sha256(),
		(int)sizeof(hash), hash) != 1)
		log_fatal("OpenSSL has no PBKDF2 with SHA-256");
	hex_put(out, hash, sizeof(hash));
}

/* ---- writing ---- */

void
recipients_put(struct buf *out, const struct recipients *r)
{
	size_t n = 0;

	buf_adds(out, MAGIC "\n");
	if (r->form.hashed) {
		buf_addf(out, "form hashed " HASH_NAME " %" PRId64 " ",
		    r->form.rounds);
		hex_put(out, r->form.salt, sizeof(r->form.salt));
		buf_addc(out, '\n');
	} else {
		buf_adds(out, "form plain\n");
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct recipients_domain *d = &r->domains[i];

		buf_addf(out, "domain %s %s\n", d->name,
		    d->complete ? "complete" : "partial");
		for (size_t k = 0; k < d->n; k++)
			buf_addf(out, "%s\n", d->at[k]);
		n += d->n;
	}
	buf_addf(out, "end %zu\n", n);
}

/* ---- reading ---- */

/* The next word of a line; false at its end. */
static bool
next_word(struct slice *line, struct slice *word)
{
	return line->len > 0 && slice_next_part(line, ' ', word) &&
	    word->len > 0;
}

static bool
take_form(struct recipients *r, struct slice rest, const char **why)
{
	struct recipients_form *f = &r->form;
	struct slice word;

	*why = "not a form of lists that is known here";
	if (!next_word(&rest, &word))
		return false;
	if (slice_eq(word, "plain"))
		return rest.len == 0;
	if (!slice_eq(word, "hashed") || !next_word(&rest, &word) ||
	    !slice_eq(word, HASH_NAME))
		return false;
	*why = "a malformed number of rounds, or salt";
	if (!next_word(&rest, &word) ||
	    !num_parse_len(word.at, word.len, 1, RECIPIENTS_ROUNDS_MAX,
		&f->rounds) ||
	    !hex_get(rest, f->salt, sizeof(f->salt)))
		return false;
	f->hashed = true;
	return true;
}

static bool
take_domain(struct recipients *r, struct slice rest, const char **why)
{
	struct slice name;

	*why = "a malformed domain";
	if (!next_word(&rest, &name) || name.len > ADDR_DOMAIN_MAX ||
	    !addr_domain_valid(name))
		return false;
	char *text = arena_memdup(&r->arena, name.at, name.len);
	str_lower(text);
	*why = "the domain stands twice";
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->domains[i].name, text))
			return false;
	*why = "neither complete nor partial";
	if (!slice_eq(rest, "complete") && !slice_eq(rest, "partial"))
		return false;
	recipients_add_domain(r, text)->complete = slice_eq(rest, "complete");
	return true;
}

static bool
take_hash(struct recipients *r, struct recipients_domain *d, struct slice line)
{
	uint8_t hash[RECIPIENTS_HASH];
	CLEAN_BUF struct buf text = { 0 };

	if (!hex_get(line, hash, sizeof(hash)))
		return false;
	hex_put(&text, hash, sizeof(hash));
	add_entry(r, d, arena_strdup(&r->arena, buf_str(&text)));
	return true;
}

static bool
take_address(struct recipients *r, struct recipients_domain *d,
    struct slice line)
{
	char *text = arena_memdup(&r->arena, line.at, line.len);
	const char *at = strrchr(text, '@');

	if (line.len > ADDRESS_MAX || strlen(text) != line.len || at == NULL ||
	    !str_eq_nocase(at + 1, d->name))
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	str_lower(text);
	add_entry(r, d, text);
	return true;
}

/* True where the line begins with the word, which is then passed over. */
static bool
begins(struct slice *line, const char *word)
{
	struct slice rest = *line;
	struct slice first;

	if (!slice_next_part(&rest, ' ', &first) || !slice_eq(first, word))
		return false;
	*line = rest;
	return true;
}

struct reading {
	struct recipients *r;
	size_t entries;
	bool magic, form, end;
};

static bool
take_end(struct reading *in, struct slice rest, const char **why)
{
	int64_t n;

	*why = "not as many entries as it says";
	if (!num_parse_len(rest.at, rest.len, 0, INT64_MAX, &n) ||
	    (uint64_t)n != in->entries)
		return false;
	in->end = true;
	return true;
}

static bool
take_entry(struct reading *in, struct slice line, const char **why)
{
	struct recipients *r = in->r;

	*why = "an entry in front of the first domain";
	if (r->n == 0)
		return false;
	*why = "too many entries";
	if (++in->entries > ENTRIES_MAX)
		return false;
	*why = r->form.hashed ? "not 64 hexadecimal digits"
			      : "not an address of that domain";
	return r->form.hashed ? take_hash(r, &r->domains[r->n - 1], line)
			      : take_address(r, &r->domains[r->n - 1], line);
}

static bool
take_line(struct reading *in, struct slice line, const char **why)
{
	if (in->end) {
		*why = "text behind the end";
		return false;
	}
	if (!in->magic) {
		*why = "not a list of recipients, or one of a newer version";
		return in->magic = slice_eq(line, MAGIC);
	}
	if (!in->form) {
		*why = "no form where it must be";
		return begins(&line, "form") &&
		    (in->form = take_form(in->r, line, why));
	}
	if (begins(&line, "domain"))
		return take_domain(in->r, line, why);
	if (begins(&line, "end"))
		return take_end(in, line, why);
	return take_entry(in, line, why);
}

bool
recipients_parse(struct recipients *r, struct slice text, size_t *line,
    const char **why)
{
	struct reading in = { .r = r };
	struct slice one;

	*r = (struct recipients){ 0 };
	*line = 0;
	while (text.len > 0 && slice_next_part(&text, '\n', &one)) {
		++*line;
		if (one.len > 0 && one.at[one.len - 1] == '\r')
			one.len--;
		if (one.len == 0 || one.at[0] == '#')
			continue;
		if (!take_line(&in, one, why))
			return false;
	}
	*why = "it is cut short: its last line must be \"end NUMBER\"";
	return in.end;
}
