/*
 * arc: chains that are good, and chains with one thing wrong in them.
 *
 * A case is a script of what happens to a message on its way, one step after
 * the other, parted by "; ":
 *
 *   seal D        D seals it, after having judged its chain
 *   rsa D         the same with an RSA key
 *   late D        the same, two hours from now
 *   force D       D seals it, saying that the chain is good
 *   refuse D      D cannot seal it
 *   edit A~B      the first A in it becomes B
 *   cut A         the whole field that begins with A goes away
 *   twice A       it is there once more
 *   damage A      a letter at its end becomes another one
 *   lose K, fail K, swap K, weak K
 *                 the key K is gone, cannot be asked for, is another one, is
 *                 revoked
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <check.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "arc.h"
#include "arc_sign.h"
#include "arc_trust.h"
#include "dkim_key.h"
#include "org_domain.h"

#define NOW    ((int64_t)1700000000000)
#define LATER  (NOW + 2 * 3600 * 1000)
#define SEALS5 "seal e; seal e; seal e; seal e; seal e; "
#define SEALS  SEALS5 SEALS5

/* want: "none", "pass domains", or "fail" with a part of the reason. */
struct case_row {
	const char *what, *steps, *want;
};

/* clang-format off */
static const struct case_row rows[] = {
{ "no chain", "", "none" },
{ "one set", "seal a.example", "pass a.example" },
{ "two sets", "seal a.example; seal b.example", "pass b.example:a.example" },
{ "three, RSA among them", "rsa a.example; seal b.example; rsa c.example", "pass c.example:b.example:a.example" },
{ "ten sets", SEALS, "pass e:e:e:e:e:e:e:e:e:e" },
{ "a list that changes and seals", "seal a; edit Hello~Hello!; edit Subject: x~Subject: [l] x; force b", "pass b:a" },
{ "fields that are not covered", "seal a; edit From:~Received: x\r\nFrom:", "pass a" },
{ "blank lines at the end", "seal a; edit end.~end.  \r\n\r\n", "pass a" },
{ "fields folded anew", "seal a; edit Subject: x~subject:\r\n  x", "pass a" },
{ "names in upper case", "seal a; edit ARC-Seal~ARC-SEAL; edit ARC-Message~arc-message", "pass a" },
{ "sets in another order", "seal a; seal b; edit ARC-Auth~X-Auth; twice ARC-Seal: i=1; cut ARC-Seal: i=1; edit X-Auth~ARC-Auth", "pass b:a" },
{ "the body changed", "seal a; edit Hello~Hallo", "fail the body was changed" },
{ "the body cut", "seal a; edit end.~", "fail the body was changed" },
{ "the body longer", "seal a; edit end.~end. more", "fail the body was changed" },
{ "Subject changed", "seal a; edit Subject: x~Subject: y", "fail message signature 1: a signature is wrong" },
{ "From added", "seal a; edit From:~From: b@other.example\r\nFrom:", "fail message signature 1: a signature is wrong" },
{ "changed behind the second", "seal a; seal b; edit Hello~Hallo", "fail the body was changed" },
{ "a result changed", "seal a; edit spf=fail~spf=pass", "fail seal 1: a signature is wrong" },
{ "an older result changed", "seal a; edit spf=fail~spf=pass; seal b", "fail the chain was broken before" },
{ "an older result changed late", "seal a; edit spf=fail~spf=neutral; force b", "fail seal 1: a signature is wrong" },
{ "an older message signature changed", "seal a; edit c=relaxed/relaxed~c=relaxed/simple; force b", "fail seal 1: a signature is wrong" },
{ "an older seal changed", "seal a; edit t=17000000~t=17000001; force b", "fail seal 1: a signature is wrong" },
{ "broken, and sealed as that", "seal a; edit Hello~Hallo; seal b", "fail the chain was broken before" },
{ "cv=none at the second", "seal a; seal b; edit cv=pass~cv=none", "fail cv of a seal does not fit" },
{ "cv=pass at the first", "seal a; edit cv=none~cv=pass", "fail cv of a seal does not fit" },
{ "cv=fail at the first", "seal a; edit cv=none~cv=fail; force b", "fail the chain was broken before" },
{ "cv unknown", "seal a; edit cv=none~cv=maybe", "fail cv of a seal is missing" },
{ "cv missing", "seal a; edit cv=none~xy=none", "fail cv of a seal is missing" },
{ "the first set is gone", "seal a; seal b; cut ARC-Seal: i=1; cut ARC-Message-Signature: i=1; cut ARC-Authentication-Results: i=1", "fail an ARC set is not whole" },
{ "results missing", "seal a; cut ARC-Auth", "fail an ARC set is not whole" },
{ "message signature missing", "seal a; cut ARC-Mess", "fail an ARC set is not whole" },
{ "seal missing", "seal a; cut ARC-Seal", "fail an ARC set is not whole" },
{ "results of an older set missing", "seal a; seal b; cut ARC-Authentication-Results: i=1", "fail an ARC set is not whole" },
{ "results twice", "seal a; twice ARC-Auth", "fail an ARC field is there twice" },
{ "message signature twice", "seal a; twice ARC-Mess", "fail an ARC field is there twice" },
{ "seal twice", "seal a; twice ARC-Seal", "fail an ARC field is there twice" },
{ "instance 0", "seal a; edit i=1~i=0; edit i=1~i=0; edit i=1~i=0", "fail the instance" },
{ "instance 51", "seal a; edit i=1~i=51; edit i=1~i=51; edit i=1~i=51", "fail the instance" },
{ "instance 01", "seal a; edit i=1~i=01", "fail seal 1: a signature is wrong" },
{ "instance 001", "seal a; edit i=1~i=001", "fail the instance" },
{ "instance a word", "seal a; edit i=1~i=one", "fail the instance" },
{ "instance missing in a seal", "seal a; edit i=1;~", "fail the instance" },
{ "instance missing in results", "seal a; edit Results: i=1~Results: j=1", "fail the instance" },
{ "a stray field", "seal a; edit From:~ARC-Seal: i=3\r\nFrom:", "fail an ARC set is not whole" },
{ "a seal with h", "seal a; edit cv=none~h=from; cv=none", "fail a seal has h" },
{ "a seal without d", "seal a; edit d=a~x=a", "fail d or s of a seal" },
{ "a seal without s", "seal a; edit s=ed~y=ed", "fail d or s of a seal" },
{ "a seal of rsa-sha1", "seal a; edit a=ed25519-sha256~a=rsa-sha1", "fail the algorithm of a seal" },
{ "a seal whose b is none", "seal a; edit b=~b=!", "fail b of a seal" },
{ "a seal of another", "seal a; edit d=a~d=other", "fail seal 1: a key is not there" },
{ "a list of tags that is none", "seal a; edit cv=none~cv=none; cv=none", "fail the instance" },
{ "b of a seal changed", "rsa a; damage ARC-Seal", "fail seal 1: a signature is wrong" },
{ "b of a message signature changed", "rsa a; damage ARC-Mess", "fail message signature 1: a signature is wrong" },
{ "the time changed", "seal a; edit t=1700000000; cv~t=1700000001; cv", "fail seal 1: a signature is wrong" },
{ "signed in the future", "late a", "fail the message was signed in the future" },
{ "expired", "seal a; edit t=1700000000;\r\n~t=1600000000; x=1600000001;\r\n", "fail the message signature has expired" },
{ "h covers seals", "seal a; edit h=from~h=arc-seal:from", "fail a message signature covers seals" },
{ "h without From", "seal a; edit h=from:from:~h=", "fail From is not signed" },
{ "the key is gone", "seal a; lose ed.a", "fail a key is not there" },
{ "an older key is gone", "seal a; seal b; lose ed.a", "fail seal 1: a key is not there" },
{ "the key cannot be asked for", "seal a; fail ed.a", "fail a key could not be asked for" },
{ "an older key cannot be asked for", "seal a; seal b; fail ed.a", "fail seal 1: a key could not be asked for" },
{ "the key is another one", "seal a; swap ed.a", "fail a key is of another kind" },
{ "the key was revoked", "seal a; weak ed.a", "fail the key was revoked" },
{ "49, and one more", SEALS SEALS SEALS SEALS SEALS5 "seal e; seal e; seal e; seal e; seal b", "pass b:e:e:e:" },
{ "no fifty-first", SEALS SEALS SEALS SEALS SEALS "refuse b", "pass e:e:e:e:" },
};
/* clang-format on */

/* ---- the world of a case ---- */

struct world {
	struct arena arena;
	struct buf message;
	EVP_PKEY *ed, *rsa;
	const char *key; /* one that is not as it was */
	char fate;       /* first letter of the step */
};

static const char body_start[] = "\r\n\r\n";

static void
world_start(struct world *w)
{
	w->ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	buf_adds(&w->message,
	    "From: a@from.example\r\nTo: b@to.example\r\nSubject: x\r\n"
	    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n"
	    "Hello  world\r\nthis is the end.\r\n");
}

static void
world_free(struct world *w)
{
	EVP_PKEY_free(w->ed);
	EVP_PKEY_free(w->rsa);
	buf_free(&w->message);
	arena_free(&w->arena);
}

static struct slice
header_of(const struct world *w)
{
	const char *text = buf_str(&w->message);
	const char *end = strstr(text, body_start);

	ck_assert_ptr_nonnull(end);
	return (struct slice){ text, (size_t)(end - text) + 2 };
}

static struct slice
body_of(const struct world *w)
{
	size_t before = header_of(w).len + 2;

	return (struct slice){ buf_str(&w->message) + before,
		w->message.len - before };
}

static EVP_PKEY *
key_for(struct world *w, bool rsa)
{
	if (rsa && w->rsa == NULL)
		w->rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	return rsa ? w->rsa : w->ed;
}

/* What the DNS has: keys of every domain, by their selector. */
static void
tell_key(struct world *w, struct arc *a, size_t i, const char *name)
{
	CLEAN_BUF struct buf text = { 0 };
	bool rsa = str_starts(name, "rsa.");
	char fate = 0;
	struct dns_record record = { 0 };
	struct dns_answer answer = { .status = DNS_OK, .text = "" };

	if (w->key != NULL &&
	    str_eq(name,
		arena_printf(&w->arena, "%.*s._domainkey.%s",
		    (int)strcspn(w->key, "."), w->key,
		    strchr(w->key, '.') + 1)))
		fate = w->fate;
	if (str_ends(name, ".other") || fate == 'l')
		answer.status = DNS_NXDOMAIN;
	if (fate == 'f')
		answer.status = DNS_FAILED;
	if (fate == 'w')
		buf_adds(&text, "v=DKIM1; p=");
	else
		ck_assert(dkim_key_record(&text,
		    key_for(w, fate == 's' ? !rsa : rsa)));
	record.data = (struct slice){ buf_str(&text), text.len };
	answer.records = &record;
	answer.n = answer.status == DNS_OK ? 1 : 0;
	arc_key(a, i, &answer);
}

/* In pieces of a byte and of all the rest. */
static void
judge(struct world *w, struct arc *a, int64_t now)
{
	struct slice body = body_of(w);
	bool asked = true;

	arc_start(a, header_of(w), now);
	while (asked) {
		asked = false;
		for (size_t i = 0; i <= ARC_SETS_MAX; i++) {
			const char *name = arc_need(a, i);

			if (name == NULL)
				continue;
			asked = true;
			tell_key(w, a, i, name);
		}
	}
	if (arc_wants_body(a)) {
		arc_body(a, body.at, 1);
		arc_body(a, body.at + 1, body.len - 1);
	}
	arc_end(a, false);
}

/* ---- steps ---- */

static bool
seal(struct world *w, const char *domain, bool rsa, enum arc_status cv,
    int64_t now)
{
	static const char results[] =
	    " mx.example;\r\n\tspf=fail smtp.mailfrom=from.example;\r\n"
	    "\tdkim=pass header.d=from.example";
	struct dkim_signer s = {
		.domain = domain,
		.selector = rsa ? "rsa" : "ed",
		.pkey = key_for(w, rsa),
		.header = DKIM_RELAXED,
		.body = DKIM_RELAXED,
		.names = "from, to, subject, date",
		.oversigned = "from",
	};
	struct dkim_fields f = { 0 };
	struct dkim_body b;
	CLEAN_BUF struct buf out = { 0 };
	const char *why;

	dkim_fields_add(&f, header_of(w));
	dkim_body_start(&b, DKIM_RELAXED);
	dkim_body_feed(&b, body_of(w).at, body_of(w).len);
	dkim_body_end(&b);
	bool done = arc_sign(&s, &f, b.hash, header_of(w), slice_of(results),
	    cv, now, &out, &why);
	dkim_body_free(&b);
	dkim_fields_free(&f);
	buf_add(&out, buf_str(&w->message), w->message.len);
	buf_free(&w->message);
	w->message = out;
	out = (struct buf){ 0 };
	return done;
}

static void
judge_and_seal(struct world *w, const char *domain, bool rsa, int64_t now)
{
	struct arc a;

	judge(w, &a, now);
	enum arc_status cv = a.status;
	arc_free(&a);
	ck_assert(seal(w, domain, rsa, cv, now));
}

static void
replace(struct world *w, const char *at, size_t len, const char *with)
{
	struct buf out = { 0 };

	ck_assert_ptr_nonnull(at);
	buf_add(&out, w->message.text, (size_t)(at - w->message.text));
	buf_adds(&out, with);
	buf_adds(&out, at + len);
	buf_free(&w->message);
	w->message = out;
}

static void
edit(struct world *w, const char *arg)
{
	size_t n = strcspn(arg, "~");
	const char *from = arena_memdup(&w->arena, arg, n);

	replace(w, strstr(w->message.text, from), n, arg + n + 1);
}

/* The field that begins so: taken out, doubled, or with a letter of b that is
 * another one. */
static void
change_field(struct world *w, const char *start, char how)
{
	struct slice rest = header_of(w);
	struct header_field f;

	while (header_next(&rest, &f))
		if (str_starts(f.text.at, start))
			break;
	const char *text = arena_memdup(&w->arena, f.text.at, f.text.len);
	if (how == 'c')
		replace(w, f.text.at, f.text.len, "");
	else if (how == 't')
		replace(w, f.text.at, 0, text);
	else {
		const char *letter = f.text.at + f.text.len - 12;

		replace(w, letter, 1, *letter == 'A' ? "B" : "A");
	}
}

static void
step(struct world *w, const char *verb, const char *arg)
{
	if (str_eq(verb, "seal"))
		judge_and_seal(w, arg, false, NOW);
	else if (str_eq(verb, "rsa"))
		judge_and_seal(w, arg, true, NOW);
	else if (str_eq(verb, "late"))
		judge_and_seal(w, arg, false, LATER);
	else if (str_eq(verb, "force"))
		(void)seal(w, arg, false, ARC_PASS, NOW); /* or it cannot */
	else if (str_eq(verb, "refuse"))
		ck_assert(!seal(w, arg, false, ARC_PASS, NOW));
	else if (str_eq(verb, "edit"))
		edit(w, arg);
	else if (str_eq(verb, "cut") || str_eq(verb, "twice") ||
	    str_eq(verb, "damage"))
		change_field(w, arg, verb[0]);
	else {
		w->fate = verb[0];
		w->key = arg;
	}
}

/* A "; " within an edit is not the end of the step where no verb follows. */
static bool
is_step(const char *text)
{
	static const char *const verbs[] = { "seal ", "rsa ", "late ", "force ",
		"refuse ", "edit ", "cut ", "twice ", "damage ", "lose ",
		"fail ", "swap ", "weak " };

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (str_starts(text, verbs[i]))
			return true;
	return false;
}

static void
run_steps(struct world *w, const char *steps)
{
	while (*steps != '\0') {
		const char *end = steps;

		do
			end = strstr(end + 1, "; ");
		while (end != NULL && end[2] != '\0' && !is_step(end + 2));
		size_t n = end != NULL ? (size_t)(end - steps) : strlen(steps);
		size_t verb = strcspn(steps, " ");
		step(w, arena_memdup(&w->arena, steps, verb),
		    arena_memdup(&w->arena, steps + verb + 1, n - verb - 1));
		steps += end != NULL ? n + 2 : n;
	}
}

static const char *
verdict(struct arena *arena, const struct arc *a)
{
	CLEAN_BUF struct buf out = { 0 };

	buf_adds(&out, arc_status_name(a->status));
	if (a->status == ARC_FAIL)
		buf_addf(&out, " %s", a->why);
	for (size_t i = a->status == ARC_PASS ? a->n : 0; i-- > 0;)
		buf_addf(&out, "%c%s", i + 1 == a->n ? ' ' : ':',
		    a->sets[i].seal.domain);
	return arena_strdup(arena, buf_str(&out));
}

/* Of a failure and of a long chain a part is enough. */
static bool
fits(const char *got, const char *want)
{
	return str_starts(got, want) ||
	    (str_starts(want, "fail ") && str_starts(got, "fail ") &&
		strstr(got, want + strlen("fail ")) != NULL);
}

START_TEST(a_chain_comes_out_right)
{
	const struct case_row *row = &rows[_i];
	struct world w = { 0 };
	struct arc a;

	world_start(&w);
	run_steps(&w, row->steps);
	judge(&w, &a, NOW);
	const char *got = verdict(&w.arena, &a);
	ck_assert_msg(fits(got, row->want), "%s: %s, not %s", row->what, got,
	    row->want);
	arc_free(&a);
	world_free(&w);
}
END_TEST

START_TEST(there_are_chains_enough)
{
	ck_assert_uint_ge(ARRAY_LEN(rows), 30);
}
END_TEST

START_TEST(every_byte_of_a_chain_counts)
{
	struct world w = { 0 };
	struct arc a;
	size_t passed = 0, chain;

	world_start(&w);
	run_steps(&w, "seal a; seal b");
	chain = (size_t)(strstr(buf_str(&w.message), "From:") -
	    buf_str(&w.message));
	for (size_t i = 0; i < chain; i++) {
		char *c = &w.message.text[i], was = *c;

		if (was == '\r' || was == '\n' || was == '\t' || was == ' ')
			continue;
		*c = was == 'Q' ? 'R' : 'Q';
		judge(&w, &a, NOW);
		/* A letter of a name or of what has no case. */
		passed += a.status == ARC_PASS && char_lower(was) != 'q';
		arc_free(&a);
		*c = was;
	}
	ck_assert_uint_eq(passed, 0);
	world_free(&w);
}
END_TEST

START_TEST(every_prefix_of_a_header_is_judged)
{
	struct world w = { 0 };
	struct arc a;

	world_start(&w);
	run_steps(&w, "rsa a; seal b");
	struct slice header = header_of(&w);
	for (size_t n = 0; n <= header.len; n++) {
		CLEAN_STR char *copy = xcalloc(1, n + 1);

		memcpy(copy, header.at, n);
		arc_start(&a, (struct slice){ copy, n }, NOW);
		arc_end(&a, false);
		if (a.status == ARC_FAIL)
			ck_assert_ptr_nonnull(a.why);
		arc_free(&a);
	}
	world_free(&w);
}
END_TEST

/* ---- whom we believe ---- */

static const char *trusted_domains;

static enum found
is_trusted(const char *domain)
{
	struct slice rest = slice_of(trusted_domains), one;

	while (slice_next_item(&rest, &one))
		if (slice_eq(one, domain))
			return FOUND_ONE;
	return FOUND_NONE;
}

static enum found
nobody_knows(const char *domain)
{
	(void)domain;
	return FOUND_FAILED;
}

/* clang-format off */
static const struct {
	const char *steps, *trusted, *results, *from, *record;
	bool want;
} vouchers[] = {
	{ "seal a", "a", "", "from.example", "v=DMARC1; p=reject", true },
	{ "seal a", "b", "", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "", "", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "", "other.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "", "m.from.example", "v=DMARC1; p=reject", true },
	{ "seal a", "a", "", "m.from.example", "v=DMARC1; p=reject; adkim=s", false },
	{ "seal a; seal b", "a b", "", "from.example", "v=DMARC1; p=reject", true },
	{ "seal a; seal b", "b", "", "from.example", "v=DMARC1; p=reject", true },
	{ "seal a; seal b", "a", "", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "dkim=pass header.d=from.example~dkim=fail header.d=from.example", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "dkim=pass header.d=from.example~dmarc=pass (p=none) header.from=From.Example", "from.example", "v=DMARC1; p=reject", true },
	{ "seal a", "a", "dkim=pass header.d=from.example~dmarc=pass header.from=m.from.example", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "dkim=pass header.d=from.example~dmarc=fail header.from=from.example", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "dkim=pass header.d=from.example~x=pass (dkim=pass header.d=from.example)", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "dkim=pass header.d=from.example~x=\"; dkim=pass header.d=from.example\"", "from.example", "v=DMARC1; p=reject", false },
	{ "seal a", "a", "spf=fail~spf=pass", "m.from.example", "v=DMARC1; p=reject; adkim=s", true },
	{ "seal a", "a", "spf=fail~spf=pass", "m.from.example", "v=DMARC1; p=reject; adkim=s; aspf=s", false },
};
/* clang-format on */

/* The results are changed in the judged chain: what they say is what matters
 * here. */
START_TEST(a_voucher_is_believed)
{
	struct world w = { 0 };
	struct arc a;
	struct dmarc_record record;
	const char *why;

	org_domain_start();
	trusted_domains = vouchers[_i].trusted;
	world_start(&w);
	run_steps(&w, vouchers[_i].steps);
	if (vouchers[_i].results[0] != '\0')
		edit(&w, vouchers[_i].results);
	ck_assert(
	    dmarc_record_parse(slice_of(vouchers[_i].record), &record, &why));
	judge(&w, &a, NOW);
	if (vouchers[_i].results[0] == '\0')
		ck_assert_int_eq(a.status, ARC_PASS);
	a.status = ARC_PASS;
	a.whole = true;
	ck_assert_int_eq(arc_vouches(&a, is_trusted, vouchers[_i].from,
			     &record),
	    vouchers[_i].want ? FOUND_ONE : FOUND_NONE);
	ck_assert_int_eq(arc_vouches(&a, nobody_knows, vouchers[_i].from,
			     &record),
	    FOUND_FAILED);
	a.status = ARC_FAIL;
	ck_assert_int_eq(arc_vouches(&a, nobody_knows, vouchers[_i].from,
			     &record),
	    FOUND_NONE);
	a.why = "";
	arc_free(&a);
	world_free(&w);
}
END_TEST

START_TEST(results_name_the_sealers)
{
	struct world w = { 0 };
	struct arc a;
	CLEAN_BUF struct buf out = { 0 };

	world_start(&w);
	judge(&w, &a, NOW);
	arc_put(&a, "192.0.2.1", &out);
	ck_assert_str_eq(buf_str(&out), "");
	arc_free(&a);
	run_steps(&w, "seal a; seal b");
	judge(&w, &a, NOW);
	arc_put(&a, "192.0.2.1", &out);
	ck_assert_str_eq(buf_str(&out),
	    "; arc=pass smtp.remote-ip=192.0.2.1 arc.chain=\"b:a\"");
	arc_free(&a);
	buf_reset(&out);
	run_steps(&w, "edit Hello~Hallo");
	judge(&w, &a, NOW);
	arc_put(&a, "192.0.2.1", &out);
	ck_assert_str_eq(buf_str(&out),
	    "; arc=fail reason=\"the body was changed\"");
	arc_free(&a);
	world_free(&w);
}
END_TEST

static Suite *
suite_of_cases(void)
{
	Suite *s = suite_create("arc");
	TCase *t = tcase_create("arc");

	tcase_add_loop_test(t, a_chain_comes_out_right, 0, ARRAY_LEN(rows));
	tcase_add_test(t, there_are_chains_enough);
	tcase_add_test(t, every_byte_of_a_chain_counts);
	tcase_add_test(t, every_prefix_of_a_header_is_judged);
	tcase_add_loop_test(t, a_voucher_is_believed, 0, ARRAY_LEN(vouchers));
	tcase_add_test(t, results_name_the_sealers);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
