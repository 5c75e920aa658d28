/*
 * Our own TLSA records, against the certificate that is in use: where none
 * fits, who checks DANE does not send us mail any more.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "dane.h"
#include "doctor.h"
#include "fd.h"
#include "tls_chain.h"

#define FILE_MAX ((size_t)1 << 20)
#define SOON     21 /* days */
#define MEND                                                                  \
	"publish \"3 1 1\" and the SHA-256 of the certificate's public key, " \
	"or remove the record (doc/tls.md)"

/* False where it cannot be read, which another check tells. */
static bool
read_chain(struct tls_chain *c)
{
	CLEAN_BUF struct buf files = { 0 }, text = { 0 };
	const char *why;
	bool ok = true;

	tls_server_files(&files);
	struct slice rest = slice_of(buf_str(&files)), item;
	while (ok && slice_next_item(&rest, &item)) {
		CLEAN_STR char *path = strndup(item.at, item.len);
		CLEAN_FD int fd = path == NULL
		    ? -1
		    : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		ok = fd >= 0 && fd_read_all(fd, &text, FILE_MAX) >= 0;
		buf_addc(&text, '\n');
	}
	ok = ok && tls_chain_read(c, &text, &why);
	if (text.text != NULL)
		explicit_bzero(text.text, text.room);
	return ok;
}

/* Every leaf, because a client may be shown any of them. */
static bool
fits(const struct dane_record *r, const struct tls_leaf *leaf)
{
	bool named = r->usage == DANE_EE && dane_names(r, leaf->cert);

	for (int i = 0; r->usage == DANE_TA && i < sk_X509_num(leaf->more); i++)
		named = named || dane_names(r, sk_X509_value(leaf->more, i));
	return named;
}

/* What the records do for one leaf. */
struct tally {
	size_t usable, fitting;
	bool lasting; /* one will still fit when the certificate is renewed */
};

static struct tally
count(const struct doctor_answer *a, const struct tls_leaf *leaf)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < a->n; i++) {
		struct dane_record r;

		if (dane_parse(a->at[i].data, &r) != MATCH_YES)
			continue;
		t.usable++;
		if (!fits(&r, leaf))
			continue;
		t.fitting++;
		t.lasting |= r.usage == DANE_TA || r.selector == 1;
	}
	return t;
}

static void
judge(struct doctor *d, const char *name, const struct tally *t, int64_t days)
{
	CLEAN_BUF struct buf when = { 0 };

	tls_chain_put_days(&when, days);
	if (t->usable == 0)
		doctor_say(d, FINDING_WARN, name, MEND,
		    "no TLSA record can be used for mail");
	else if (t->fitting == 0)
		doctor_say(d, FINDING_FAIL, name, MEND,
		    "no TLSA record fits the certificate in use: who checks "
		    "DANE sends us nothing");
	else if (!t->lasting && days <= SOON)
		doctor_say(d, FINDING_WARN, name,
		    "publish the record of the next certificate before it is "
		    "put in place",
		    "the TLSA record names the certificate itself, which ends "
		    "%s",
		    buf_str(&when));
	else
		doctor_say(d, FINDING_OK, name, NULL,
		    "%zu of %zu TLSA records fit the certificate in use",
		    t->fitting, t->usable);
}

void
doctor_tlsa(struct doctor *d)
{
	const char *name = arena_printf(&d->arena, "_25._tcp.%s",
	    params.myhostname);
	struct doctor_answer a = doctor_ask(d, name, DNS_TLSA);
	struct tls_chain c = { 0 };

	if (a.status == DNS_FAILED) {
		doctor_say(d, FINDING_WARN, name,
		    "see whether the zone's signatures are good",
		    "its TLSA records cannot be had: %s", a.text);
		return;
	}
	if (a.status == DNS_OK && !a.authentic && dns_is_trusted())
		doctor_say(d, FINDING_WARN, name,
		    "sign the zone, or remove the records",
		    "the zone is not signed: nobody heeds its TLSA records");
	if (a.status != DNS_OK || !read_chain(&c))
		return;
	for (size_t i = 0; i < c.n; i++) {
		struct tally t = count(&a, &c.leaves[i]);

		judge(d, name, &t, tls_chain_days(&c, clock_wall()));
	}
	tls_chain_free(&c);
}
