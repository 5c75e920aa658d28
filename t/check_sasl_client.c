/*
 * sasl_client: dialogues.  What the server says stands left, what we answer
 * right; SCRAM's is that of RFC 7677 3.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "sasl.h"

#define NONCE  "rOprNGfwEbeRWgbNEkqO"
#define NONCES NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FIRST  "r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define PROOF  "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define FINAL  "c=biws,r=" NONCES ",p=" PROOF
#define LAST   "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
#define OTHER  "v=AAriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

#define TEXT(literal)                         \
	{                                     \
		literal, sizeof(literal) - 1, \
	}

static const struct dialogue {
	const char *name;
	enum sasl_mech mech;
	const char *user, *exporter, *end_point;
	struct {
		const char *server; /* NULL: the first word is ours */
		struct slice client;
	} lines[4];
	enum sasl_step end;
	const char *why;
} dialogues[] = {
	{ "PLAIN", SASL_PLAIN, "user", "", "",
	    { { NULL, TEXT("\0user\0pencil") } }, SASL_DONE, "" },
	{ "LOGIN", SASL_LOGIN, "user", "", "",
	    { { NULL, TEXT("") }, { "Username:", TEXT("user") },
		{ "Password:", TEXT("pencil") } },
	    SASL_DONE, "" },
	{ "EXTERNAL", SASL_EXTERNAL, "user", "", "", { { NULL, TEXT("") } },
	    SASL_DONE, "" },
	{ "SCRAM", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) }, { FIRST, TEXT(FINAL) },
		{ LAST, TEXT("") } },
	    SASL_DONE, "" },
	{ "a name with commas", SASL_SCRAM, "a,b=c", "", "",
	    { { NULL, TEXT("n,,n=a=2Cb=3Dc,r=" NONCE) } }, SASL_MORE, "" },
	{ "the server could not bind", SASL_SCRAM, "user", "octets", "",
	    { { NULL, TEXT("y,,n=user,r=" NONCE) } }, SASL_MORE, "" },
	{ "bound by the exporter", SASL_SCRAM_PLUS, "user", "ex", "end",
	    { { NULL, TEXT("p=tls-exporter,,n=user,r=" NONCE) } }, SASL_MORE,
	    "" },
	{ "bound by the certificate", SASL_SCRAM_PLUS, "user", "", "end",
	    { { NULL, TEXT("p=tls-server-end-point,,n=user,r=" NONCE) } },
	    SASL_MORE, "" },
	{ "nothing to bind to", SASL_SCRAM_PLUS, "user", "", "",
	    { { NULL, TEXT("") } }, SASL_FAILED,
	    "there is no TLS channel to bind to" },
	{ "a name that cannot be sent", SASL_PLAIN, "us\ner", "", "",
	    { { NULL, TEXT("") } }, SASL_FAILED,
	    "the name or the password is not one that can be sent" },
	{ "the server does not know the password", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) }, { FIRST, TEXT(FINAL) },
		{ OTHER, TEXT("") } },
	    SASL_FAILED, "the server does not know the password" },
	{ "the server refuses the proof", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) }, { FIRST, TEXT(FINAL) },
		{ "e=invalid-proof", TEXT("") } },
	    SASL_FAILED, "the server does not accept the proof" },
	{ "another nonce", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) },
		{ "r=xOprNGfwEbeRWgbNEkqOabc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		    TEXT("") } },
	    SASL_FAILED, "the server changed the nonce" },
	{ "our nonce and nothing behind", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) },
		{ "r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", TEXT("") } },
	    SASL_FAILED, "the server changed the nonce" },
	{ "too few rounds", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) },
		{ "r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1", TEXT("") } },
	    SASL_FAILED, "the server's iteration count is out of range" },
	{ "too many rounds", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) },
		{ "r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999999",
		    TEXT("") } },
	    SASL_FAILED, "the server's iteration count is out of range" },
	{ "an extension that must be known", SASL_SCRAM, "user", "", "",
	    { { NULL, TEXT("n,,n=user,r=" NONCE) },
		{ "m=x," FIRST, TEXT("") } },
	    SASL_FAILED, "malformed challenge" },
	{ "more than there is", SASL_PLAIN, "user", "", "",
	    { { NULL, TEXT("\0user\0pencil") }, { "What?", TEXT("") } },
	    SASL_FAILED, "the server asks for more than there is" },
};

static struct sasl_client *
begin(const struct dialogue *d)
{
	struct sasl_login login = {
		.bindings = { slice_of(d->exporter), slice_of(d->end_point) },
		.user = d->user,
		.password = "pencil",
		.nonce = NONCE,
	};

	return sasl_client_create(d->mech, &login);
}

START_TEST(dialogues_go_as_written)
{
	const struct dialogue *d = &dialogues[_i];
	struct sasl_client *c = begin(d);
	enum sasl_step step = SASL_MORE;

	for (size_t i = 0; i < ARRAY_LEN(d->lines); i++) {
		CLEAN_BUF struct buf said = { 0 };
		const char *server = d->lines[i].server;
		struct slice want = d->lines[i].client;
		struct slice challenge = slice_of(server != NULL ? server : "");

		if (want.at == NULL)
			break;
		step = sasl_client_next(c, server != NULL ? &challenge : NULL,
		    &said);
		ck_assert_msg(said.len == want.len &&
			memcmp(buf_str(&said), want.at, want.len) == 0,
		    "%s: line %zu: %s", d->name, i, buf_str(&said));
	}
	ck_assert_msg(step == d->end, "%s: %d", d->name, (int)step);
	ck_assert_str_eq(sasl_client_why(c), d->why);
	sasl_client_destroy(&c);
}
END_TEST

/* What SCRAM binds to stands in the proof's message. */
START_TEST(the_binding_is_sent)
{
	struct sasl_client *c = begin(&dialogues[6]);
	CLEAN_BUF struct buf said = { 0 };
	struct slice first = slice_of(FIRST);

	ck_assert_int_eq(sasl_client_next(c, NULL, &said), SASL_MORE);
	buf_reset(&said);
	ck_assert_int_eq(sasl_client_next(c, &first, &said), SASL_MORE);
	/* base64 of "p=tls-exporter,,ex" */
	ck_assert(str_starts(buf_str(&said),
	    "c=cD10bHMtZXhwb3J0ZXIsLGV4,r=" NONCES ",p="));
	sasl_client_destroy(&c);
}
END_TEST

/* A word of the server that is cut off is never taken for a whole one. */
START_TEST(every_prefix_is_refused)
{
	const struct dialogue *d = &dialogues[3];

	for (size_t n = 0; n < strlen(LAST); n++) {
		struct sasl_client *c = begin(d);
		CLEAN_BUF struct buf said = { 0 };
		struct slice first = slice_of(FIRST), last = { LAST, n };

		ck_assert_int_eq(sasl_client_next(c, NULL, &said), SASL_MORE);
		ck_assert_int_eq(sasl_client_next(c, &first, &said), SASL_MORE);
		ck_assert_int_eq(sasl_client_next(c, &last, &said),
		    SASL_FAILED);
		sasl_client_destroy(&c);
	}
	for (size_t n = 0; n < strlen(FIRST) - strlen("4096"); n++) {
		struct sasl_client *c = begin(d);
		CLEAN_BUF struct buf said = { 0 };
		struct slice first = { FIRST, n };

		ck_assert_int_eq(sasl_client_next(c, NULL, &said), SASL_MORE);
		ck_assert_int_eq(sasl_client_next(c, &first, &said),
		    SASL_FAILED);
		sasl_client_destroy(&c);
	}
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("sasl_client");
	TCase *c = tcase_create("sasl_client");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, dialogues_go_as_written, 0,
	    ARRAY_LEN(dialogues));
	tcase_add_test(c, the_binding_is_sent);
	tcase_add_test(c, every_prefix_is_refused);
	suite_add_tcase(s, c);
	return s;
}

#include "check_main.h"
