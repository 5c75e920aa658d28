/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_dovecot.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base64.h"
#include "num.h"
#include "sasl.h"

/* sasl-mech = 1*20mech-char (RFC 4422 3.1) */
#define MECH_MAX 20

#define MECHS_MAX ((size_t)4096) /* bytes of records */

/* ---- words of a line ---- */

/* \001 is the escape: 0 NUL, 1 \001, t tab, r CR, n LF, and what is no such
 * letter stands for itself. */
static const char escaped[] = "01trn";
static const char meant[] = "\0\001\t\r\n";

/* A NUL would end our text, and is taken for the end. */
static void
unescape(struct buf *out, struct slice word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];

		if (c == '\001' && ++i < word.len) {
			const char *p = strchr(escaped, word.at[i]);

			c = p != NULL && *p != '\0' ? meant[p - escaped]
						    : word.at[i];
		}
		if (c == '\0')
			return;
		buf_addc(out, c);
	}
}

static void
put_escaped(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const char *p = memchr(meant, *text, sizeof(meant) - 1);

		if (p == NULL)
			buf_addc(out, *text);
		else
			buf_addf(out, "\001%c", escaped[p - meant]);
	}
}

/* "NAME=VALUE": whether the word has the name, and its value. */
static bool
value_of(struct slice word, const char *name, struct slice *value)
{
	size_t len = strlen(name);

	if (word.len < len || memcmp(word.at, name, len) != 0)
		return false;
	*value = (struct slice){ word.at + len, word.len - len };
	return true;
}

static bool
take_id(struct slice *rest, uint32_t *id)
{
	struct slice word;
	int64_t n;

	if (!slice_next_part(rest, '\t', &word) ||
	    !num_parse_len(word.at, word.len, 1, UINT32_MAX, &n))
		return false;
	*id = (uint32_t)n;
	return true;
}

/* ---- what Dovecot says ---- */

typedef const char *hear_fn(struct dovecot *d, struct slice rest);

/* The major version must be ours; a minor one only adds. */
static const char *
hear_version(struct dovecot *d, struct slice rest)
{
	struct slice major;

	if (!slice_next_part(&rest, '\t', &major) || !slice_eq(major, "1"))
		return "it speaks another version of the protocol";
	d->versioned = true;
	return NULL;
}

static bool
is_mech(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!char_is_alpha(name.at[i]) && !char_is_digit(name.at[i]) &&
		    name.at[i] != '-' && name.at[i] != '_')
			return false;
	return name.len > 0 && name.len <= MECH_MAX;
}

/* Those that are bound to a TLS channel are left out, for Dovecot does not see
 * the channel, and those that are not meant for all. */
static const char *
hear_mech(struct dovecot *d, struct slice rest)
{
	static const struct {
		const char *name;
		uint32_t trait;
	} traits[] = {
		{ "plaintext", SASL_PLAINTEXT },
		{ "dictionary", SASL_DICTIONARY },
		{ "active", SASL_ACTIVE },
		{ "anonymous", SASL_ANONYMOUS },
		{ "forward-secrecy", SASL_FORWARD },
		{ "mutual-auth", SASL_MUTUAL },
	};
	CLEAN_BUF struct buf name = { 0 };
	struct slice mech, word;
	uint32_t has = 0;
	bool private = false;

	if (!slice_next_part(&rest, '\t', &mech) || !is_mech(mech))
		return "it names a mechanism that is none";
	buf_add(&name, mech.at, mech.len);
	while (slice_next_part(&rest, '\t', &word)) {
		private |= slice_eq(word, "private");
		for (size_t i = 0; i < ARRAY_LEN(traits); i++)
			if (slice_eq(word, traits[i].name))
				has |= traits[i].trait;
	}
	if (d->mechs.len > MECHS_MAX)
		return "it names too many mechanisms";
	if (!private && !str_ends(buf_str(&name), "-PLUS"))
		rec_put_auth_mech(&d->mechs,
		    &(struct rec_auth_mech){ .name = name.text,
			.traits = has });
	return NULL;
}

static const char *
hear_done(struct dovecot *d, struct slice rest)
{
	(void)rest;
	if (!d->versioned || d->ready)
		return "DONE comes where it must not";
	d->ready = true;
	d->calls->ready(d->owner);
	return NULL;
}

static const char *
hear_cont(struct dovecot *d, struct slice rest)
{
	CLEAN_BUF struct buf octets = { 0 };
	struct dovecot_answer a = { .verdict = AUTH_MORE,
		.user = "",
		.why = "" };
	struct slice word = { "", 0 };

	if (!take_id(&rest, &a.id))
		return "CONT has no number";
	(void)slice_next_part(&rest, '\t', &word); /* none: no octets */
	if (!base64_get(&octets, word))
		return "CONT is no base64";
	a.challenge = (struct slice){ buf_str(&octets), octets.len };
	d->calls->answered(d->owner, &a);
	return NULL;
}

/* The parameters that are known; others are passed over. */
static void
read_words(struct slice rest, struct buf *user, struct buf *reason, bool *temp)
{
	struct slice word, value;

	while (slice_next_part(&rest, '\t', &word)) {
		if (value_of(word, "user=", &value) && user->len == 0)
			unescape(user, value);
		else if (value_of(word, "reason=", &value) && reason->len == 0)
			unescape(reason, value);
		else if (slice_eq(word, "temp") ||
		    slice_eq(word, "code=temp_fail"))
			*temp = true;
	}
}

static const char *
hear_ok(struct dovecot *d, struct slice rest)
{
	CLEAN_BUF struct buf user = { 0 }, reason = { 0 };
	struct dovecot_answer a = { .verdict = AUTH_OK };
	bool temp = false;

	if (!take_id(&rest, &a.id))
		return "OK has no number";
	read_words(rest, &user, &reason, &temp);
	a.user = buf_str(&user);
	a.why = "";
	if (!sasl_is_user(slice_of(a.user))) {
		a.verdict = AUTH_LATER;
		a.user = "";
		a.why = "Dovecot names no proper user";
	}
	d->calls->answered(d->owner, &a);
	return NULL;
}

static const char *
hear_fail(struct dovecot *d, struct slice rest)
{
	CLEAN_BUF struct buf user = { 0 }, reason = { 0 };
	struct dovecot_answer a = { 0 };
	bool temp = false;

	if (!take_id(&rest, &a.id))
		return "FAIL has no number";
	read_words(rest, &user, &reason, &temp);
	a.verdict = temp ? AUTH_LATER : AUTH_NO;
	a.user = buf_str(&user);
	a.why = reason.len > 0 ? buf_str(&reason)
	    : temp             ? "Dovecot cannot say"
			       : "refused by Dovecot";
	d->calls->answered(d->owner, &a);
	return NULL;
}

static const struct {
	const char *name;
	hear_fn *hear;
	bool early; /* only before DONE */
	bool late;  /* only after it */
} commands[] = {
	{ "VERSION", hear_version, true, false },
	{ "MECH", hear_mech, true, false },
	{ "DONE", hear_done, true, false },
	{ "CONT", hear_cont, false, true },
	{ "OK", hear_ok, false, true },
	{ "FAIL", hear_fail, false, true },
};

static const char *
hear_line(struct dovecot *d, struct slice line)
{
	struct slice name = { "", 0 };

	(void)slice_next_part(&line, '\t', &name); /* an empty line has none */
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (!slice_eq(name, commands[i].name))
			continue;
		if ((commands[i].early && d->ready) ||
		    (commands[i].late && !d->ready))
			return "a command comes where it must not";
		return commands[i].hear(d, line);
	}
	return d->versioned ? NULL : "it does not begin with its version";
}

size_t
dovecot_input(struct dovecot *d, const char *bytes, size_t n)
{
	size_t taken = 0;

	while (taken < n && d->fault == NULL) {
		const char *line = bytes + taken;
		const char *end = memchr(line, '\n', n - taken);
		size_t len = end != NULL ? (size_t)(end - line) : n - taken;

		if (len > DOVECOT_LINE_MAX)
			d->fault = "it says too long a line";
		else if (end == NULL)
			break;
		else
			d->fault = hear_line(d, (struct slice){ line, len });
		taken += end != NULL ? len + 1 : len;
	}
	return taken;
}

/* ---- what is said to it ---- */

void
dovecot_greet(struct dovecot *d, uint32_t pid)
{
	buf_addf(d->out, "VERSION\t1\t1\nCPID\t%" PRIu32 "\n", pid);
}

void
dovecot_free(struct dovecot *d)
{
	buf_free(&d->mechs);
	buf_free(&d->before);
}

static bool
has_mech(const struct dovecot *d, const char *name)
{
	const struct buf *mechs = d->ready ? &d->mechs : &d->before;
	struct wire w = wire_open(buf_str(mechs), mechs->len);
	struct rec_auth_mech r;

	while (wire_more(&w) && rec_get_auth_mech(&r, &w))
		if (str_eq(r.name, name))
			return true;
	return false;
}

/* Ends the line and says it, if it may be said; wipes it. */
static bool
say(struct dovecot *d, struct buf *line)
{
	bool fits = line->len < DOVECOT_SAID_MAX;

	buf_addc(line, '\n');
	if (fits)
		buf_add(d->out, line->text, line->len);
	OPENSSL_cleanse(line->text, line->len);
	return fits;
}

static void
put_word(struct buf *line, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_addf(line, "\t%s=", name);
	put_escaped(line, value);
}

static void
put_place(struct buf *line, const char *ip, const char *address,
    const char *port, uint16_t number)
{
	if (address[0] == '\0')
		return;
	put_word(line, ip, address);
	buf_addf(line, "\t%s=%u", port, number);
}

static void
put_facts(struct buf *line, const struct msg_auth_begin *m)
{
	buf_adds(line, "\tservice=smtp\tnologin");
	put_word(line, "session", m->session);
	put_place(line, "lip", m->local, "lport", m->local_port);
	put_place(line, "rip", m->client, "rport", m->port);
	if (m->secured)
		buf_adds(line, "\tsecured=tls");
	put_word(line, "local_name", m->asked);
	if (m->certificate[0] != '\0')
		buf_adds(line, "\tvalid-client-cert");
	put_word(line, "cert_username", m->certificate);
}

bool
dovecot_begin(struct dovecot *d, uint32_t id, const struct msg_auth_begin *m)
{
	CLEAN_BUF struct buf line = { 0 };

	if (!has_mech(d, m->mech))
		return false;
	(void)buf_room(&line, 2 * DOVECOT_SAID_MAX); /* no copy is left */
	buf_addf(&line, "AUTH\t%" PRIu32 "\t%s", id, m->mech);
	put_facts(&line, m);
	if (m->initial) { /* the last one, as the protocol wants it */
		buf_adds(&line, "\tresp=");
		base64_put(&line, m->response.at, m->response.len);
	}
	return say(d, &line);
}

bool
dovecot_continue(struct dovecot *d, uint32_t id, struct slice response)
{
	CLEAN_BUF struct buf line = { 0 };

	(void)buf_room(&line, 2 * DOVECOT_SAID_MAX);
	buf_addf(&line, "CONT\t%" PRIu32 "\t", id);
	base64_put(&line, response.at, response.len);
	return say(d, &line);
}

void
dovecot_cancel(struct dovecot *d, uint32_t id)
{
	buf_addf(d->out, "CANCEL\t%" PRIu32 "\n", id);
}
