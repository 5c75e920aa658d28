/*
 * The client's side.  `steps` has a row for each mechanism: what is said first,
 * and to each challenge after.
 *
 * SCRAM (RFC 5802 3), C is us:
 *
 *	C: n,,n=user,r=nonce         y,, where we could bind and the server
 *	                             cannot, p=TYPE,, where both can
 *	S: r=nonce+,s=salt,i=count
 *	C: c=binding,r=nonce+,p=proof
 *	S: v=signature               proves that the server knows the verifier
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "num.h"
#include "sasl.h"

typedef enum sasl_step step_fn(struct sasl_client *c, struct slice challenge,
    struct buf *response);

#define STEPS 3

struct sasl_client {
	enum sasl_mech mech;
	size_t step; /* that comes next; STEPS: none */
	char *user;
	char *password;
	struct buf exporter, end_point;
	const char *why;

	/* SCRAM */
	struct buf nonce;
	struct buf header; /* "p=tls-exporter,," */
	struct buf said;   /* what is signed: both sides' words so far */
	struct scram_verifier keys;
};

static step_fn say_plain, say_nothing, say_user, say_password, scram_first,
    scram_final, scram_check;

/* clang-format off */
static step_fn *const steps[SASL_MECHS][STEPS] = {
	/*                    first         challenge     challenge */
	[SASL_PLAIN]      = { say_plain,    NULL,         NULL         },
	[SASL_LOGIN]      = { say_nothing,  say_user,     say_password },
	[SASL_SCRAM]      = { scram_first,  scram_final,  scram_check  },
	[SASL_SCRAM_PLUS] = { scram_first,  scram_final,  scram_check  },
	[SASL_EXTERNAL]   = { say_nothing,  NULL,         NULL         },
};
/* clang-format on */

static enum sasl_step
fail(struct sasl_client *c, const char *why)
{
	c->why = why;
	return SASL_FAILED;
}

/* ---- those without secrets of their own ---- */

/* message = [authzid] NUL authcid NUL passwd (RFC 4616 2) */
static enum sasl_step
say_plain(struct sasl_client *c, struct slice challenge, struct buf *response)
{
	(void)challenge; /* there is none */
	buf_addc(response, '\0');
	buf_adds(response, c->user);
	buf_addc(response, '\0');
	buf_adds(response, c->password);
	return SASL_DONE;
}

/* LOGIN waits to be asked; EXTERNAL is who the certificate says. */
static enum sasl_step
say_nothing(struct sasl_client *c, struct slice challenge, struct buf *response)
{
	(void)challenge;
	(void)response;
	return c->mech == SASL_LOGIN ? SASL_MORE : SASL_DONE;
}

/* What LOGIN's challenges say differs from server to server. */
static enum sasl_step
say_user(struct sasl_client *c, struct slice challenge, struct buf *response)
{
	(void)challenge;
	buf_adds(response, c->user);
	return SASL_MORE;
}

static enum sasl_step
say_password(struct sasl_client *c, struct slice challenge,
    struct buf *response)
{
	(void)challenge;
	buf_adds(response, c->password);
	return SASL_DONE;
}

/* ---- SCRAM ---- */

/* gs2-header = gs2-cbind-flag "," [ authzid ] "," */
static void
put_header(struct sasl_client *c)
{
	if (c->mech == SASL_SCRAM_PLUS)
		buf_addf(&c->header, "p=%s,,",
		    c->exporter.len > 0 ? "tls-exporter"
					: "tls-server-end-point");
	else if (c->exporter.len > 0 || c->end_point.len > 0)
		buf_adds(&c->header, "y,,");
	else
		buf_adds(&c->header, "n,,");
}

/* saslname: "," and "=" stand as "=2C" and "=3D". */
static void
put_name(struct buf *out, const char *user)
{
	for (; *user != '\0'; user++)
		if (*user == ',')
			buf_adds(out, "=2C");
		else if (*user == '=')
			buf_adds(out, "=3D");
		else
			buf_addc(out, *user);
}

static enum sasl_step
scram_first(struct sasl_client *c, struct slice challenge, struct buf *response)
{
	(void)challenge;
	put_header(c);
	buf_adds(&c->said, "n=");
	put_name(&c->said, c->user);
	buf_addf(&c->said, ",r=%s", buf_str(&c->nonce));
	buf_add(response, c->header.text, c->header.len);
	buf_add(response, c->said.text, c->said.len);
	return SASL_MORE;
}

/* One attribute: "r=..." up to a comma.  False where it is another one. */
static bool
take(struct slice *rest, char name, struct slice *value)
{
	struct slice part;

	if (!slice_next_part(rest, ',', &part) || part.len < 2 ||
	    part.at[0] != name || part.at[1] != '=')
		return false;
	*value = (struct slice){ part.at + 2, part.len - 2 };
	return true;
}

/* The server's nonce is ours with something behind. */
static bool
is_nonce(const struct sasl_client *c, struct slice nonce)
{
	size_t len = c->nonce.len;

	if (nonce.len <= len || memcmp(nonce.at, c->nonce.text, len) != 0)
		return false;
	for (size_t i = len; i < nonce.len; i++)
		if (nonce.at[i] <= ' ' || nonce.at[i] > '~')
			return false;
	return true;
}

/* cbind-input = gs2-header [ cbind-data ] */
static void
put_binding(const struct sasl_client *c, struct buf *out)
{
	const struct buf *data = c->exporter.len > 0 ? &c->exporter
						     : &c->end_point;
	CLEAN_BUF struct buf input = { 0 };

	buf_add(&input, c->header.text, c->header.len);
	if (c->mech == SASL_SCRAM_PLUS)
		buf_add(&input, data->text, data->len);
	base64_put(out, input.text, input.len);
}

/* client-final-message, once the keys are there. */
static bool
put_final(struct sasl_client *c, const uint8_t client[SCRAM_KEY],
    struct slice first, struct slice nonce, struct buf *response)
{
	uint8_t proof[SCRAM_KEY];

	buf_adds(response, "c=");
	put_binding(c, response);
	buf_adds(response, ",r=");
	buf_add(response, nonce.at, nonce.len);
	buf_addc(&c->said, ',');
	buf_add(&c->said, first.at, first.len);
	buf_addc(&c->said, ',');
	buf_add(&c->said, response->text, response->len);
	if (!scram_mask(c->keys.stored,
		(struct slice){ c->said.text, c->said.len }, client, proof))
		return false;
	buf_adds(response, ",p=");
	base64_put(response, proof, sizeof(proof));
	return true;
}

/* server-first-message = nonce "," salt "," iteration-count */
static enum sasl_step
scram_final(struct sasl_client *c, struct slice first, struct buf *response)
{
	CLEAN_BUF struct buf salt = { 0 };
	struct slice rest = first, nonce, text, count, password;
	uint8_t client[SCRAM_KEY];
	int64_t rounds;

	if (!take(&rest, 'r', &nonce) || !take(&rest, 's', &text) ||
	    !take(&rest, 'i', &count) || !base64_get(&salt, text) ||
	    salt.len == 0 || salt.len > SCRAM_SALT_MAX)
		return fail(c, "malformed challenge");
	if (!is_nonce(c, nonce))
		return fail(c, "the server changed the nonce");
	if (!num_parse_len(count.at, count.len, SCRAM_COUNT_MIN,
		SCRAM_COUNT_MAX, &rounds))
		return fail(c, "the server's iteration count is out of range");
	password = slice_of(c->password);
	bool fine = scram_keys(password, (struct slice){ salt.text, salt.len },
			(uint32_t)rounds, client, &c->keys) &&
	    put_final(c, client, first, nonce, response);
	OPENSSL_cleanse(client, sizeof(client));
	return fine ? SASL_MORE : fail(c, "internal error");
}

/* server-final-message = (server-error / verifier) ["," extensions] */
static enum sasl_step
scram_check(struct sasl_client *c, struct slice last, struct buf *response)
{
	CLEAN_BUF struct buf given = { 0 };
	struct slice rest = last, value;
	uint8_t wanted[SCRAM_KEY];

	(void)response; /* it is answered with nothing */
	if (last.len > 2 && memcmp(last.at, "e=", 2) == 0)
		return fail(c, "the server does not accept the proof");
	if (!take(&rest, 'v', &value) || !base64_get(&given, value))
		return fail(c, "malformed challenge");
	if (!scram_hmac(c->keys.server,
		(struct slice){ c->said.text, c->said.len }, wanted))
		return fail(c, "internal error");
	if (given.len != sizeof(wanted) ||
	    CRYPTO_memcmp(given.text, wanted, sizeof(wanted)) != 0)
		return fail(c, "the server does not know the password");
	return SASL_DONE;
}

/* ---- the interface ---- */

static void
copy(struct buf *out, struct slice from)
{
	if (from.len > 0)
		buf_add(out, from.at, from.len);
}

struct sasl_client *
sasl_client_create(enum sasl_mech mech, const struct sasl_login *login)
{
	struct sasl_client *c = xcalloc(1, sizeof(*c));

	c->mech = mech;
	c->user = xstrdup(login->user);
	c->password = xstrdup(login->password);
	copy(&c->exporter, login->bindings.exporter);
	copy(&c->end_point, login->bindings.end_point);
	if (login->nonce != NULL)
		buf_adds(&c->nonce, login->nonce);
	else
		sasl_nonce(&c->nonce);
	return c;
}

void
sasl_client_destroy(struct sasl_client **cp)
{
	struct sasl_client *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	OPENSSL_cleanse(c->password, strlen(c->password));
	OPENSSL_cleanse(&c->keys, sizeof(c->keys));
	free(c->user);
	free(c->password);
	buf_free(&c->exporter);
	buf_free(&c->end_point);
	buf_free(&c->nonce);
	buf_free(&c->header);
	buf_free(&c->said);
	free(c);
}

/* What must be so before a word is said. */
static bool
may_begin(struct sasl_client *c)
{
	if (!sasl_is_user(slice_of(c->user)) ||
	    !sasl_is_password(slice_of(c->password)))
		c->why = "the name or the password is not one that can be "
			 "sent";
	else if (c->mech == SASL_SCRAM_PLUS && c->exporter.len == 0 &&
	    c->end_point.len == 0)
		c->why = "there is no TLS channel to bind to";
	return c->why == NULL;
}

enum sasl_step
sasl_client_next(struct sasl_client *c, const struct slice *challenge,
    struct buf *response)
{
	if (c->why != NULL || (c->step == 0 && !may_begin(c)))
		return SASL_FAILED;
	if ((challenge == NULL) != (c->step == 0) || c->step == STEPS ||
	    steps[c->mech][c->step] == NULL)
		return fail(c, "the server asks for more than there is");
	return steps[c->mech][c->step++](c,
	    challenge != NULL ? *challenge : (struct slice){ "", 0 }, response);
}

const char *
sasl_client_why(const struct sasl_client *c)
{
	return c->why != NULL ? c->why : "";
}
