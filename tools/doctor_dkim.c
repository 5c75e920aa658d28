/*
 * Keys of dkim_signing_table, and whether the DNS has them: a signature that
 * nobody can check is worse than none.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <string.h>

#include "clock.h"
#include "dkim_files.h"
#include "dkim_key.h"
#include "doctor.h"
#include "posthouse_dkim.h"

#define BITS_GOOD 2048 /* of RSA (RFC 8301 3.2) */
#define KEY_TIME  (10 * SECOND)

/* ---- one key ---- */

struct key {
	const char *name; /* of its record */
	const char *path;
	bool waits;
	const char *record;
};

/* What is said of a key that signs, and of one that waits for the DNS. */
/* clang-format off */
static const struct {
	enum finding finding;
	const char *what, *mend;
} verdicts[][2] = {
	[KEY_PUBLISHED] = {
		{ FINDING_OK, "DKIM: its name servers have the key", NULL },
		{ FINDING_WARN, "its name servers have this DKIM key, which is "
		    "not used as yet", "posthouse dkim check puts it into use" },
	},
	[KEY_ABSENT] = {
		{ FINDING_FAIL, "mail is signed with this DKIM key, and a name "
		    "server has no such record",
		    "publish what posthouse dkim show prints" },
		{ FINDING_WARN, "this DKIM key waits: a name server has no such "
		    "record", "publish what posthouse dkim show prints, then "
		    "posthouse dkim check" },
	},
	[KEY_DIFFERS] = {
		{ FINDING_FAIL, "mail is signed with this DKIM key, and a name "
		    "server has another one",
		    "publish what posthouse dkim show prints" },
		{ FINDING_WARN, "this DKIM key waits: a name server has another "
		    "one", "publish what posthouse dkim show prints, then "
		    "posthouse dkim check" },
	},
	[KEY_UNKNOWN] = {
		{ FINDING_WARN, "whether its name servers have this DKIM key is "
		    "not known", "see to the name servers" },
		{ FINDING_WARN, "this DKIM key waits, and whether its name "
		    "servers have it is not known", "see to the name servers" },
	},
};
/* clang-format on */

static void
look_at_dns(struct doctor *d, const struct key *k)
{
	CLEAN_BUF struct buf told = { 0 };
	enum dkim_published found = KEY_UNKNOWN;

	if (!d->no_resolver)
		found = dkim_published(k->name, k->record,
		    clock_mono() + doctor_left(d, KEY_TIME), &told);
	doctor_say(d, verdicts[found][k->waits].finding, k->name,
	    verdicts[found][k->waits].mend, "%s",
	    verdicts[found][k->waits].what);
}

static void
look_at_strength(struct doctor *d, const struct key *k, const EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_is_a(pkey, "RSA") && bits < BITS_GOOD)
		doctor_say(d, FINDING_WARN, k->path,
		    "make new keys: posthouse dkim new",
		    "this DKIM key has %d bits, and some hosts want %d", bits,
		    BITS_GOOD);
}

static void
look_at_key(void *arg, const char *domain, const char *selector,
    const char *path)
{
	CLEAN_BUF struct buf text = { 0 }, record = { 0 }, name = { 0 };
	const char *why = "it has no record";
	struct doctor *d = arg;
	struct key k = { .path = path };

	dkim_put_name(&name, selector, domain);
	EVP_PKEY *pkey = dkim_key_of_file(path, &text, &k.waits, &why);
	if (pkey == NULL || !dkim_key_record(&record, pkey)) {
		doctor_say(d, FINDING_FAIL, path,
		    "mend it: what signs does not start with it",
		    "a DKIM key of %s: %s", domain, why);
		EVP_PKEY_free(pkey);
		return;
	}
	k.name = buf_str(&name);
	k.record = buf_str(&record);
	look_at_strength(d, &k, pkey);
	EVP_PKEY_free(pkey);
	if (d->offline)
		doctor_say(d, FINDING_OK, path, NULL, "a DKIM key of %s%s",
		    domain, k.waits ? ", which waits for the DNS" : "");
	else
		look_at_dns(d, &k);
}

/* ---- domains without one ---- */

struct want {
	const char *domain;
	bool found;
};

/* As the program that signs looks for it: ".domain" is all below it. */
static void
look_for_domain(void *arg, const char *domain, const char *selector,
    const char *path)
{
	struct want *w = arg;
	size_t len = strlen(domain), all = strlen(w->domain);

	(void)selector, (void)path;
	w->found |= domain[0] != '.'
	    ? str_eq_nocase(domain, w->domain)
	    : all > len && str_eq_nocase(w->domain + all - len, domain);
}

/* A relay host may sign what it gets. */
static void
look_for_keys(struct doctor *d, const struct doctor_list *l, const char *domain)
{
	struct want w = { .domain = domain };
	const char *why;

	(void)l;
	if (!dkim_files_each(look_for_domain, &w, &why) || w.found)
		return;
	if (params.relayhost[0] != '\0')
		doctor_say(d, FINDING_OK, domain, NULL,
		    "DKIM: it has no key here: signing is left to relayhost");
	else
		doctor_say(d, FINDING_WARN, domain,
		    arena_printf(&d->arena, "posthouse dkim new %s", domain),
		    "DKIM: mail from it is not signed");
}

void
doctor_dkim(struct doctor *d)
{
	const char *why = "";

	if (!dkim_files_each(look_at_key, d, &why)) {
		doctor_say(d, FINDING_FAIL, "dkim_signing_table",
		    "start and reload refuse it until that is mended", "%s",
		    why);
		return;
	}
	if (params.dkim_signing_table[0] != '\0' && !doctor_has_sign(d))
		doctor_say(d, FINDING_FAIL, "dkim_signing_table",
		    "add [sign] with program = seal to master.conf",
		    "no section of master.conf signs: no mail is taken");
	doctor_each_final(d, look_for_keys);
}
