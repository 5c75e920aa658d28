/*
 * sasl, the server's side: whole dialogues of each mechanism, each message cut
 * at every octet and spoilt in every octet, and RFC 7677's own vector.
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <string.h>

#include "base64.h"
#include "sasl.h"

/* RFC 7677 3 */
#define VERIFIER                                                       \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                 \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAm" \
	"Q7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FIRST        "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define CHALLENGE                                                   \
	"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W2" \
	"2ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define PROOF                                                           \
	"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p" \
	"=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SIGNATURE "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static bool
find(void *arg, const char *user, struct scram_verifier *out)
{
	const char *why;

	ck_assert_ptr_null(arg);
	ck_assert(scram_parse(VERIFIER, out, &why));
	return strcmp(user, "user") == 0;
}

static struct sasl_serving
facts(void)
{
	return (struct sasl_serving){ .find = find, .nonce = SERVER_NONCE };
}

/* One dialogue: what the client says, NULL at the end. */
struct dialogue {
	enum sasl_mech mech;
	const char *say[4];
	size_t len[4]; /* where it has NULs */
	enum sasl_step step;
	const char *user, *password, *why;
};

static enum sasl_step
play(struct sasl_server *s, const struct dialogue *d, struct buf *heard)
{
	enum sasl_step step = SASL_MORE;

	for (size_t i = 0; d->say[i] != NULL && step == SASL_MORE; i++) {
		struct slice say = slice_of(d->say[i]);

		if (d->len[i] > 0)
			say.len = d->len[i];
		step = sasl_server_next(s, &say, heard);
	}
	return step;
}

static const struct dialogue dialogues[] = {
	{ SASL_PLAIN, { "\0user\0pass" }, { 10 }, SASL_CHECK, "user", "pass",
	    "" },
	{ SASL_PLAIN, { "user\0user\0pass" }, { 14 }, SASL_CHECK, "user",
	    "pass", "" },
	{ SASL_PLAIN, { "root\0user\0pass" }, { 14 }, SASL_FAILED, "user", "",
	    "may not act for another user" },
	{ SASL_PLAIN, { "\0user\0pa\0ss" }, { 11 }, SASL_FAILED, "user", "",
	    "malformed password" },
	{ SASL_PLAIN, { "\0us\ner\0pass" }, { 11 }, SASL_FAILED, "", "",
	    "malformed user name" },
	{ SASL_LOGIN, { "user", "pass" }, { 0 }, SASL_CHECK, "user", "pass",
	    "" },
	{ SASL_LOGIN, { "user", "" }, { 0 }, SASL_FAILED, "user", "",
	    "malformed password" },
	{ SASL_LOGIN, { "" }, { 0 }, SASL_FAILED, "", "",
	    "malformed user name" },
	{ SASL_SCRAM, { FIRST, PROOF, "" }, { 0 }, SASL_DONE, "user", "", "" },
	{ SASL_SCRAM, { FIRST, PROOF, "x" }, { 0 }, SASL_FAILED, "user", "",
	    "malformed message" },
	{ SASL_SCRAM, { "n,,n=nobody,r=rOprNGfwEbeRWgbNEkqO", PROOF }, { 0 },
	    SASL_FAILED, "nobody", "", "unknown user" },
	{ SASL_SCRAM, { "n,a=user,n=user,r=x" }, { 0 }, SASL_MORE, "user", "",
	    "may not act for another user" },
	{ SASL_SCRAM, { "n,a=root,n=user,r=x" }, { 0 }, SASL_FAILED, "user", "",
	    "may not act for another user" },
	{ SASL_SCRAM, { "n,,n=a=2Cb=3Dc,r=x" }, { 0 }, SASL_MORE, "a,b=c", "",
	    "may not act for another user" },
	{ SASL_SCRAM, { "n,,n=a=2cb,r=x" }, { 0 }, SASL_FAILED, "", "",
	    "malformed user name" },
	{ SASL_SCRAM, { "n,,m=x,n=user,r=x" }, { 0 }, SASL_FAILED, "", "",
	    "malformed message" },
	{ SASL_SCRAM, { "p=tls-exporter,,n=user,r=x" }, { 0 }, SASL_FAILED, "",
	    "", "channel binding without -PLUS" },
	{ SASL_SCRAM_PLUS, { "n,,n=user,r=x" }, { 0 }, SASL_FAILED, "", "",
	    "no channel binding" },
	{ SASL_SCRAM_PLUS, { "p=tls-exporter,,n=user,r=x" }, { 0 }, SASL_FAILED,
	    "", "", "unknown channel binding" },
	{ SASL_EXTERNAL, { "" }, { 0 }, SASL_FAILED, "", "",
	    "no certificate that says who it is" },
};

START_TEST(a_dialogue_ends_as_it_must)
{
	const struct dialogue *d = &dialogues[_i];
	struct sasl_serving f = facts();
	struct sasl_server *s = sasl_server_create(d->mech, &f);
	CLEAN_BUF struct buf heard = { 0 };

	ck_assert_int_eq(play(s, d, &heard), d->step);
	ck_assert_str_eq(sasl_server_user(s), d->user);
	ck_assert_str_eq(sasl_server_password(s), d->password);
	if (d->step == SASL_FAILED)
		ck_assert_str_eq(sasl_server_why(s), d->why);
	sasl_server_destroy(&s);
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(without_initial_response_it_asks)
{
	struct sasl_serving f = facts();
	CLEAN_BUF struct buf heard = { 0 };

	for (int i = SASL_NONE + 1; i < SASL_MECHS; i++) {
		struct sasl_server *s = sasl_server_create((enum sasl_mech)i,
		    &f);
		ck_assert_int_eq(sasl_server_next(s, NULL, &heard), SASL_MORE);
		ck_assert_str_eq(buf_str(&heard),
		    i == SASL_LOGIN ? "Username:" : "");
		sasl_server_destroy(&s);
	}
}
END_TEST

START_TEST(rfc_7677)
{
	struct sasl_serving f = facts();
	struct sasl_server *s = sasl_server_create(SASL_SCRAM, &f);
	CLEAN_BUF struct buf heard = { 0 };
	struct slice say = SLICE(FIRST);

	ck_assert_int_eq(sasl_server_next(s, &say, &heard), SASL_MORE);
	ck_assert_str_eq(buf_str(&heard), CHALLENGE);
	say = SLICE(PROOF);
	ck_assert_int_eq(sasl_server_next(s, &say, &heard), SASL_MORE);
	ck_assert_str_eq(buf_str(&heard), SIGNATURE);
	say = SLICE("");
	ck_assert_int_eq(sasl_server_next(s, &say, &heard), SASL_DONE);
	sasl_server_destroy(&s);
}
END_TEST

/* What a cut or spoilt dialogue leads to; never to the end of a good one. */
static enum sasl_step
play_spoilt(const struct dialogue *d, size_t which, size_t len, size_t at)
{
	struct sasl_serving f = facts();
	struct sasl_server *s = sasl_server_create(d->mech, &f);
	CLEAN_BUF struct buf heard = { 0 };
	struct dialogue spoilt = *d;
	char text[200];

	memcpy(text, d->say[which], sizeof("") + len);
	if (at < len)
		text[at] ^= 1;
	spoilt.say[which] = text;
	spoilt.len[which] = len;
	enum sasl_step step = play(s, &spoilt, &heard);
	sasl_server_destroy(&s);
	return step;
}

static const struct dialogue scram = { SASL_SCRAM, { FIRST, PROOF, "" }, { 0 },
	SASL_DONE, "", "", "" };

START_TEST(every_prefix_and_every_wrong_octet_fails)
{
	for (size_t which = 0; which < 2; which++) {
		size_t len = strlen(scram.say[which]);

		for (size_t n = 1; n < len; n++)
			ck_assert_int_ne(play_spoilt(&scram, which, n, n),
			    SASL_DONE);
		for (size_t at = 0; at < len; at++)
			ck_assert_int_eq(play_spoilt(&scram, which, len, at),
			    SASL_FAILED);
		ck_assert_int_eq(play_spoilt(&scram, which, len, len),
		    SASL_DONE);
	}
}
END_TEST

START_TEST(plain_cut_anywhere_is_no_other_user)
{
	static const char whole[] = "\0user\0pass";
	struct sasl_serving f = facts();

	for (size_t n = 0; n < 10; n++) {
		struct sasl_server *s = sasl_server_create(SASL_PLAIN, &f);
		CLEAN_BUF struct buf heard = { 0 };
		struct slice say = { whole, n };

		enum sasl_step step = sasl_server_next(s, &say, &heard);
		ck_assert_int_eq(step, n < 7 ? SASL_FAILED : SASL_CHECK);
		sasl_server_destroy(&s);
	}
}
END_TEST

/* A client of the test's own. */
static enum sasl_step
bound(const char *header, struct slice octets, struct buf *heard)
{
	struct sasl_serving f = facts();
	CLEAN_BUF struct buf first = { 0 }, last = { 0 }, said = { 0 };
	CLEAN_BUF struct buf salt = { 0 }, c = { 0 };
	uint8_t client[SCRAM_KEY], proof[SCRAM_KEY];
	struct scram_verifier v;

	f.bindings.exporter = SLICE("0123456789abcdef0123456789abcdef");
	f.bindings.end_point = SLICE("hash of the certificate");
	struct sasl_server *s = sasl_server_create(SASL_SCRAM_PLUS, &f);
	buf_addf(&first, "%sn=user,r=abc", header);
	struct slice say = { first.text, first.len };
	if (sasl_server_next(s, &say, heard) != SASL_MORE) {
		sasl_server_destroy(&s);
		return SASL_FAILED;
	}
	buf_adds(&c, header);
	buf_add(&c, octets.at, octets.len);
	buf_adds(&last, "c=");
	base64_put(&last, c.text, c.len);
	buf_adds(&last, ",r=abc" SERVER_NONCE);
	buf_addf(&said, "n=user,r=abc,%s,%s", buf_str(heard), buf_str(&last));
	ck_assert(base64_get(&salt, SLICE("W22ZaJ0SNY7soEsUEjb6gQ==")));
	ck_assert(scram_keys(SLICE("pencil"),
	    (struct slice){ salt.text, salt.len }, 4096, client, &v));
	ck_assert(scram_mask(v.stored, (struct slice){ said.text, said.len },
	    client, proof));
	buf_adds(&last, ",p=");
	base64_put(&last, proof, sizeof(proof));
	say = (struct slice){ last.text, last.len };
	enum sasl_step step = sasl_server_next(s, &say, heard);
	if (step == SASL_FAILED) {
		const char *why = sasl_server_why(s);

		buf_reset(heard);
		buf_adds(heard, why);
	}
	sasl_server_destroy(&s);
	return step;
}

START_TEST(plus_is_bound_to_its_channel)
{
	struct slice exporter = SLICE("0123456789abcdef0123456789abcdef");
	CLEAN_BUF struct buf heard = { 0 };

	ck_assert_int_eq(bound("p=tls-exporter,,", exporter, &heard),
	    SASL_MORE);
	ck_assert_int_eq(bound("p=tls-server-end-point,,",
			     SLICE("hash of the certificate"), &heard),
	    SASL_MORE);
	ck_assert_int_eq(bound("p=tls-server-end-point,,", exporter, &heard),
	    SASL_FAILED);
	ck_assert_str_eq(buf_str(&heard), "wrong channel binding");
	ck_assert_int_eq(bound("p=tls-exporter,,", SLICE(""), &heard),
	    SASL_FAILED);
	ck_assert_int_eq(bound("p=tls-unique,,", exporter, &heard),
	    SASL_FAILED);
	ck_assert_int_eq(bound("n,,", SLICE(""), &heard), SASL_FAILED);
}
END_TEST

START_TEST(a_hidden_plus_is_found_out)
{
	struct sasl_serving f = facts();
	CLEAN_BUF struct buf heard = { 0 };
	struct slice say = SLICE("y,,n=user,r=abc");

	struct sasl_server *s = sasl_server_create(SASL_SCRAM, &f);
	ck_assert_int_eq(sasl_server_next(s, &say, &heard), SASL_MORE);
	sasl_server_destroy(&s);
	f.bindings.end_point = SLICE("x");
	s = sasl_server_create(SASL_SCRAM, &f);
	ck_assert_int_eq(sasl_server_next(s, &say, &heard), SASL_FAILED);
	ck_assert_str_eq(sasl_server_why(s),
	    "somebody has hidden that we bind channels");
	sasl_server_destroy(&s);
}
END_TEST

START_TEST(a_certificate_says_who)
{
	struct sasl_serving f = facts();
	CLEAN_BUF struct buf heard = { 0 };
	struct slice say = SLICE(""), other = SLICE("root");

	f.certificate = "user";
	struct sasl_server *s = sasl_server_create(SASL_EXTERNAL, &f);
	ck_assert_int_eq(sasl_server_next(s, &say, &heard), SASL_DONE);
	ck_assert_str_eq(sasl_server_user(s), "user");
	ck_assert_int_eq(sasl_server_next(s, &other, &heard), SASL_FAILED);
	sasl_server_destroy(&s);
}
END_TEST

START_TEST(a_long_message_is_refused)
{
	static char octets[SASL_MESSAGE_MAX + 1];
	struct sasl_serving f = facts();
	struct sasl_server *s = sasl_server_create(SASL_PLAIN, &f);
	CLEAN_BUF struct buf heard = { 0 };
	struct slice say = { octets, sizeof(octets) };

	ck_assert_int_eq(sasl_server_next(s, &say, &heard), SASL_FAILED);
	ck_assert_str_eq(sasl_server_why(s), "message too long");
	sasl_server_destroy(&s);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("sasl_server");
	TCase *t = tcase_create("sasl_server");

	tcase_add_loop_test(t, a_dialogue_ends_as_it_must, 0,
	    (int)ARRAY_LEN(dialogues));
	tcase_add_test(t, without_initial_response_it_asks);
	tcase_add_test(t, rfc_7677);
	tcase_add_test(t, every_prefix_and_every_wrong_octet_fails);
	tcase_add_test(t, plain_cut_anywhere_is_no_other_user);
	tcase_add_test(t, plus_is_bound_to_its_channel);
	tcase_add_test(t, a_hidden_plus_is_found_out);
	tcase_add_test(t, a_certificate_says_who);
	tcase_add_test(t, a_long_message_is_refused);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
