/*
 * The server's side: a table of mechanisms, each with the steps of its dialogue
 * in their order.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "sasl.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"

#define NONCE_MAX 256 /* of a client */

typedef enum sasl_step step_fn(struct sasl_server *s, struct slice in,
    struct buf *out);

struct sasl_server {
	enum sasl_mech mech;
	struct sasl_serving facts;
	struct buf exporter, end_point, certificate, nonce; /* of facts */
	step_fn *step;   /* what the next answer goes to */
	struct buf user; /* as far as it is known */
	struct buf password;
	const char *why;
	struct scram_verifier verifier;
	bool known;           /* there is such a user */
	struct buf header;    /* SCRAM: the client's gs2-header */
	struct slice binding; /* what it is bound to; empty: nothing */
	struct buf said;      /* SCRAM: the dialogue, which is signed */
};

static enum sasl_step
fail(struct sasl_server *s, const char *why)
{
	s->why = why;
	return SASL_FAILED;
}

/* Keeps the name; false where it is none. */
static bool
set_user(struct sasl_server *s, struct slice user)
{
	if (!sasl_is_user(user))
		return false;
	buf_reset(&s->user);
	buf_add(&s->user, user.at, user.len);
	return true;
}

static enum sasl_step
set_password(struct sasl_server *s, struct slice password)
{
	if (!sasl_is_password(password))
		return fail(s, "malformed password");
	buf_add(&s->password, password.at, password.len);
	return SASL_CHECK;
}

/* ---- PLAIN ---- */

/* message = [authzid] NUL authcid NUL passwd (RFC 4616 2) */
static enum sasl_step
hear_plain(struct sasl_server *s, struct slice in, struct buf *out)
{
	struct slice rest = in, act_as, user;

	(void)out;
	if (!slice_next_part(&rest, '\0', &act_as) || act_as.len + 1 > in.len ||
	    !slice_next_part(&rest, '\0', &user) ||
	    act_as.len + user.len + 2 > in.len)
		return fail(s, "malformed message");
	if (!set_user(s, user))
		return fail(s, "malformed user name");
	if (act_as.len > 0 && !slice_eq(act_as, buf_str(&s->user)))
		return fail(s, "may not act for another user");
	return set_password(s, rest);
}

/* ---- LOGIN ---- */

static enum sasl_step
hear_login_password(struct sasl_server *s, struct slice in, struct buf *out)
{
	(void)out;
	return set_password(s, in);
}

static enum sasl_step
hear_login_user(struct sasl_server *s, struct slice in, struct buf *out)
{
	if (!set_user(s, in))
		return fail(s, "malformed user name");
	s->step = hear_login_password;
	buf_adds(out, "Password:");
	return SASL_MORE;
}

/* ---- EXTERNAL ---- */

/* What the client asks for is whom it wants to be, or nothing. */
static enum sasl_step
hear_external(struct sasl_server *s, struct slice in, struct buf *out)
{
	struct slice name = slice_of(buf_str(&s->certificate));

	(void)out;
	if (!set_user(s, name))
		return fail(s, "no certificate that says who it is");
	if (in.len > 0 && !slice_eq(in, buf_str(&s->certificate)))
		return fail(s, "the certificate is another user's");
	return SASL_DONE;
}

/* ---- SCRAM (RFC 5802 5, 7) ---- */

/* An attribute "x=value" up to the next comma; false where the next one is
 * another. */
static bool
next_value(struct slice *rest, char name, struct slice *value)
{
	struct slice part;

	if (!slice_next_part(rest, ',', &part) || part.len < 2 ||
	    part.at[0] != name || part.at[1] != '=')
		return false;
	*value = (struct slice){ part.at + 2, part.len - 2 };
	return true;
}

/* saslname: "=2C" is a comma, "=3D" an equals sign. */
static bool
set_saslname(struct sasl_server *s, struct slice name)
{
	CLEAN_BUF struct buf plain = { 0 };

	for (size_t i = 0; i < name.len; i++) {
		struct slice code = { name.at + i, MIN(name.len - i, 3) };

		if (name.at[i] != '=') {
			buf_addc(&plain, name.at[i]);
			continue;
		}
		if (!slice_eq(code, "=2C") && !slice_eq(code, "=3D"))
			return false;
		buf_addc(&plain, code.at[1] == '2' ? ',' : '=');
		i += 2;
	}
	return set_user(s, (struct slice){ plain.text, plain.len });
}

/* gs2-cbind-flag: p=type, n: the client binds nothing, y: it would, but has
 * heard that we do not. */
static bool
hear_binding(struct sasl_server *s, struct slice flag)
{
	bool plus = s->mech == SASL_SCRAM_PLUS;

	s->binding = SLICE("");
	if (flag.len > 2 && flag.at[0] == 'p' && flag.at[1] == '=') {
		s->binding = sasl_binding(&s->facts.bindings,
		    (struct slice){ flag.at + 2, flag.len - 2 });
		s->why = plus ? "unknown channel binding"
			      : "channel binding without -PLUS";
		return plus && s->binding.len > 0;
	}
	s->why = "no channel binding";
	if (plus)
		return false;
	s->why = "somebody has hidden that we bind channels";
	if (slice_eq(flag, "y"))
		return !sasl_can_bind(&s->facts.bindings);
	s->why = "malformed message";
	return slice_eq(flag, "n");
}

/* gs2-header = gs2-cbind-flag "," [ "a=" saslname ] ",": moves behind it. */
static bool
hear_header(struct sasl_server *s, struct slice *rest)
{
	const char *from = rest->at;
	struct slice flag, act_as;

	s->why = "malformed message";
	if (!slice_next_part(rest, ',', &flag) ||
	    !slice_next_part(rest, ',', &act_as) || !hear_binding(s, flag))
		return false;
	s->why = "may not act for another user";
	buf_add(&s->header, from, (size_t)(rest->at - from));
	if (act_as.len == 0)
		return true;
	return act_as.len > 2 && act_as.at[0] == 'a' && act_as.at[1] == '=' &&
	    set_saslname(s, (struct slice){ act_as.at + 2, act_as.len - 2 });
}

/* nonce = 1*(printable without a comma) */
static bool
is_nonce(struct slice nonce)
{
	for (size_t i = 0; i < nonce.len; i++)
		if (nonce.at[i] <= ' ' || nonce.at[i] > '~')
			return false;
	return nonce.len > 0 && nonce.len <= NONCE_MAX;
}

static enum sasl_step
hear_end(struct sasl_server *s, struct slice in, struct buf *out)
{
	(void)out;
	return in.len == 0 ? SASL_DONE : fail(s, "malformed message");
}

/* c= is the header that was said first, and what it binds to. */
static bool
is_bound(const struct sasl_server *s, struct slice value)
{
	CLEAN_BUF struct buf had = { 0 };
	CLEAN_BUF struct buf want = { 0 };

	buf_add(&want, buf_str(&s->header), s->header.len);
	buf_add(&want, s->binding.at, s->binding.len);
	return base64_get(&had, value) && had.len == want.len &&
	    CRYPTO_memcmp(buf_str(&had), buf_str(&want), want.len) == 0;
}

/* Whether the proof shows the client's key; takes the same time for a user who
 * is not there. */
static bool
is_proof(struct sasl_server *s, struct slice value)
{
	CLEAN_BUF struct buf proof = { 0 };
	struct slice said = { buf_str(&s->said), s->said.len };
	uint8_t key[SCRAM_KEY];

	if (!base64_get(&proof, value) || proof.len != SCRAM_KEY ||
	    !scram_mask(s->verifier.stored, said,
		(const uint8_t *)buf_str(&proof), key))
		return false;
	bool good = scram_is_key(key, s->verifier.stored);
	OPENSSL_cleanse(key, sizeof(key));
	return good && s->known;
}

/* client-final-message = c=binding,r=nonce[,extensions],p=proof */
static enum sasl_step
hear_scram_proof(struct sasl_server *s, struct slice in, struct buf *out)
{
	struct slice rest = in, binding, nonce, proof = SLICE("");
	uint8_t signature[SCRAM_KEY];

	if (!next_value(&rest, 'c', &binding) ||
	    !next_value(&rest, 'r', &nonce))
		return fail(s, "malformed message");
	while (rest.len > 0 && !(rest.len > 1 && rest.at[0] == 'p')) {
		struct slice extension;

		(void)slice_next_part(&rest, ',', &extension);
	}
	size_t before = (size_t)(rest.at - in.at);
	if (!next_value(&rest, 'p', &proof) || rest.len > 0)
		return fail(s, "malformed message");
	if (!slice_eq(nonce, buf_str(&s->nonce)))
		return fail(s, "wrong nonce");
	if (!is_bound(s, binding))
		return fail(s, "wrong channel binding");

	buf_addc(&s->said, ',');
	buf_add(&s->said, in.at, before - 1);
	if (!is_proof(s, proof) ||
	    !scram_hmac(s->verifier.server,
		(struct slice){ buf_str(&s->said), s->said.len }, signature))
		return fail(s, s->known ? "wrong password" : "unknown user");
	buf_adds(out, "v=");
	base64_put(out, signature, SCRAM_KEY);
	s->step = hear_end;
	return SASL_MORE;
}

/* client-first-message = gs2-header n=user,r=nonce[,extensions] */
static enum sasl_step
hear_scram(struct sasl_server *s, struct slice in, struct buf *out)
{
	CLEAN_BUF struct buf act_as = { 0 };
	struct slice rest = in, user, nonce;

	if (!hear_header(s, &rest))
		return SASL_FAILED;
	buf_adds(&act_as, buf_str(&s->user));
	struct slice bare = rest;
	if (!next_value(&rest, 'n', &user) || !next_value(&rest, 'r', &nonce) ||
	    !is_nonce(nonce))
		return fail(s, "malformed message");
	if (!set_saslname(s, user))
		return fail(s, "malformed user name");
	if (act_as.len > 0 && !str_eq(buf_str(&act_as), buf_str(&s->user)))
		return fail(s, "may not act for another user");

	CLEAN_BUF struct buf ours = { 0 };
	buf_add(&ours, buf_str(&s->nonce), s->nonce.len);
	buf_reset(&s->nonce);
	buf_add(&s->nonce, nonce.at, nonce.len);
	if (ours.len > 0)
		buf_adds(&s->nonce, buf_str(&ours));
	else
		sasl_nonce(&s->nonce);
	s->known = s->facts.find(s->facts.arg, buf_str(&s->user), &s->verifier);

	buf_addf(out, "r=%s,s=", buf_str(&s->nonce));
	base64_put(out, s->verifier.salt, s->verifier.salt_len);
	buf_addf(out, ",i=%u", s->verifier.count);
	buf_add(&s->said, bare.at, bare.len);
	buf_addf(&s->said, ",%s", buf_str(out));
	s->step = hear_scram_proof;
	return SASL_MORE;
}

/* ---- all ---- */

/* The first step, and what a client is asked that gave no initial response. */
static const struct {
	step_fn *first;
	const char *question;
} mechs[] = {
	[SASL_PLAIN] = { hear_plain, "" },
	[SASL_LOGIN] = { hear_login_user, "Username:" },
	[SASL_SCRAM] = { hear_scram, "" },
	[SASL_SCRAM_PLUS] = { hear_scram, "" },
	[SASL_EXTERNAL] = { hear_external, "" },
};

_Static_assert(ARRAY_LEN(mechs) == SASL_MECHS, "a mechanism has no steps");

struct sasl_server *
sasl_server_create(enum sasl_mech mech, const struct sasl_serving *facts)
{
	struct sasl_server *s = xcalloc(1, sizeof(*s));
	struct sasl_bindings *b = &s->facts.bindings;

	s->mech = mech;
	s->facts = *facts;
	s->step = mechs[mech].first;
	s->why = "";
	buf_add(&s->exporter, b->exporter.at, b->exporter.len);
	b->exporter.at = buf_str(&s->exporter);
	buf_add(&s->end_point, b->end_point.at, b->end_point.len);
	b->end_point.at = buf_str(&s->end_point);
	buf_adds(&s->certificate,
	    facts->certificate != NULL ? facts->certificate : "");
	buf_adds(&s->nonce, facts->nonce != NULL ? facts->nonce : "");
	return s;
}

static void
wipe(struct buf *b)
{
	if (b->text != NULL)
		OPENSSL_cleanse(b->text, b->room);
	buf_free(b);
}

void
sasl_server_destroy(struct sasl_server **s)
{
	if (*s == NULL)
		return;
	buf_free(&(*s)->exporter);
	buf_free(&(*s)->end_point);
	buf_free(&(*s)->certificate);
	buf_free(&(*s)->nonce);
	buf_free(&(*s)->user);
	wipe(&(*s)->password);
	buf_free(&(*s)->header);
	buf_free(&(*s)->said);
	OPENSSL_cleanse(&(*s)->verifier, sizeof((*s)->verifier));
	free(*s);
	*s = NULL;
}

enum sasl_step
sasl_server_next(struct sasl_server *s, const struct slice *response,
    struct buf *challenge)
{
	buf_reset(challenge);
	if (response == NULL) {
		buf_adds(challenge, mechs[s->mech].question);
		return SASL_MORE;
	}
	if (response->len > SASL_MESSAGE_MAX)
		return fail(s, "message too long");
	return s->step(s, *response, challenge);
}

const char *
sasl_server_user(const struct sasl_server *s)
{
	return buf_str(&s->user);
}

const char *
sasl_server_password(const struct sasl_server *s)
{
	return buf_str(&s->password);
}

const char *
sasl_server_why(const struct sasl_server *s)
{
	return s->why;
}
