/*
 * posthouse dkim: keys of DKIM, made, shown, and put into use.
 *
 * A new key's file says that it waits: seal does not sign with it.  `check`
 * asks every name server of the zone, and when all of them have the key, takes
 * that line out; seal sees the changed file and signs from then on.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "posthouse_dkim.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "dkim_files.h"
#include "dkim_key.h"
#include "dns.h"
#include "fd.h"
#include "param.h"
#include "posthouse.h"

#define KEY_FILE_MAX ((size_t)65536)
#define STRING_MAX   ((size_t)250) /* of a TXT record; 255 is the DNS's limit */

/* ---- records ---- */

/* As zone files have it: in strings that fit. */
static void
show_record(const char *name, const struct buf *record)
{
	printf("%s. TXT (", name);
	for (size_t at = 0; at < record->len; at += STRING_MAX)
		printf("\n\t\"%.*s\"", (int)MIN(record->len - at, STRING_MAX),
		    record->text + at);
	printf(" )\n");
}

void
dkim_put_name(struct buf *out, const char *selector, const char *domain)
{
	buf_addf(out, "%s._domainkey.%s", selector,
	    domain[0] == '.' ? domain + 1 : domain);
}

/* ---- new ---- */

static const struct kind {
	const char *name;
	const char *letter; /* of the selector */
} kinds[] = {
	{ "rsa", "r" },
	{ "ed25519", "e" },
};

static EVP_PKEY *
make_key(const struct kind *k)
{
	if (str_eq(k->name, "rsa"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static bool
put_pem(struct buf *out, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	bool ok = bio != NULL &&
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

	if (ok) {
		long n = BIO_get_mem_data(bio, &text);

		buf_add(out, text, (size_t)n);
	}
	BIO_free(bio);
	return ok;
}

/* No file is written over: it may be a key that signs. */
static bool
write_new(const char *path, const struct buf *text)
{
	bool ok = access(path, F_OK) != 0;

	if (!ok)
		errno = EEXIST;
	ok = ok && fd_replace_file(path, text->text, text->len, 0600) == 0;
	if (!ok)
		fprintf(stderr, "posthouse: %s: %s\n", path, strerror(errno));
	return ok;
}

static bool
new_key(const struct kind *k, const char *selector, const char *domain,
    struct buf *entry)
{
	CLEAN_BUF struct buf text = { 0 }, path = { 0 }, record = { 0 },
			     name = { 0 };
	EVP_PKEY *key = make_key(k);

	buf_addf(&path, "%s/dkim/%s.%s.pem", params.config_directory, domain,
	    selector);
	buf_adds(&text, DKIM_FILE_WAITS);
	bool ok = key != NULL && put_pem(&text, key) &&
	    dkim_key_record(&record, key) && write_new(buf_str(&path), &text);
	if (ok) {
		dkim_put_name(&name, selector, domain);
		show_record(buf_str(&name), &record);
		buf_addf(entry, "%s%s:%s.%s.pem", entry->len > 0 ? ", " : "",
		    selector, domain, selector);
	}
	EVP_PKEY_free(key);
	return ok;
}

static int
run_new(const char *domain)
{
	CLEAN_BUF struct buf folder = { 0 }, entry = { 0 };
	time_t now = time(NULL);
	struct tm tm;
	char day[16] = "";

	if (!dkim_domain_valid(slice_of(domain))) {
		fprintf(stderr, "posthouse: %s: not a domain\n", domain);
		return EX_USAGE;
	}
	buf_addf(&folder, "%s/dkim", params.config_directory);
	if (fd_make_dir(buf_str(&folder), 0700, 0, 0) < 0) {
		fprintf(stderr, "posthouse: %s: %s\n", buf_str(&folder),
		    strerror(errno));
		return EX_CANTCREAT;
	}
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(day, sizeof(day), "%Y%m%d", &tm);
	printf("For the DNS:\n\n");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		CLEAN_BUF struct buf selector = { 0 };

		buf_addf(&selector, "%s%s", day, kinds[i].letter);
		if (!new_key(&kinds[i], buf_str(&selector), domain, &entry))
			return EX_CANTCREAT;
	}
	printf("\nFor dkim_signing_table:\n\n%s %s\n\n"
	       "The keys wait until `posthouse dkim check` finds them at all "
	       "name servers.\n",
	    domain, buf_str(&entry));
	return EX_OK;
}

/* ---- show, check ---- */

struct walk {
	const char *only; /* a domain, or NULL */
	bool check;
	int code;
};

EVP_PKEY *
dkim_key_of_file(const char *path, struct buf *text, bool *waits,
    const char **why)
{
	CLEAN_FD int fd = fd_open_regular(path);

	if (fd >= 0 && fd_read_all(fd, text, KEY_FILE_MAX) >= 0)
		return dkim_file_key(text, waits, why);
	*why = strerror(errno);
	return NULL;
}

static int
put_into_use(const char *path, const struct buf *text)
{
	size_t line = strlen(DKIM_FILE_WAITS);

	if (fd_replace_file(path, text->text + line, text->len - line, 0600) <
	    0) {
		fprintf(stderr, "posthouse: %s: %s\n", path, strerror(errno));
		return EX_CANTCREAT;
	}
	return EX_OK;
}

static int
check_key(const char *name, const char *path, const struct buf *text,
    bool waits, const struct buf *record)
{
	static const struct {
		const char *word;
		int code;
	} verdicts[] = {
		[KEY_PUBLISHED] = { "ok", EX_OK },
		[KEY_ABSENT] = { "fail", 1 },
		[KEY_DIFFERS] = { "fail", 1 },
		[KEY_UNKNOWN] = { "warn", EX_TEMPFAIL },
	};
	CLEAN_BUF struct buf told = { 0 };
	enum dkim_published found = dkim_published(name, buf_str(record),
	    INT64_MAX, &told);

	printf("%s %s%s\n%s", verdicts[found].word, name,
	    !waits                       ? ""
		: found == KEY_PUBLISHED ? ": signs from now on"
					 : ": waits",
	    buf_str(&told));
	if (waits && found == KEY_PUBLISHED)
		return put_into_use(path, text);
	return verdicts[found].code;
}

static void
on_key(void *arg, const char *domain, const char *selector, const char *path)
{
	CLEAN_BUF struct buf text = { 0 }, record = { 0 }, name = { 0 };
	const char *why = "it has no record";
	struct walk *w = arg;
	bool waits = false;

	if (w->only != NULL &&
	    !str_eq_nocase(w->only, domain[0] == '.' ? domain + 1 : domain))
		return;
	EVP_PKEY *key = dkim_key_of_file(path, &text, &waits, &why);
	if (key == NULL || !dkim_key_record(&record, key)) {
		fprintf(stderr, "posthouse: %s: %s\n", path, why);
		EVP_PKEY_free(key);
		w->code = EX_DATAERR;
		return;
	}
	EVP_PKEY_free(key);
	dkim_put_name(&name, selector, domain);
	if (w->check) {
		int code = check_key(buf_str(&name), path, &text, waits,
		    &record);

		w->code = code != EX_OK ? code : w->code;
		return;
	}
	printf("; %s%s\n", path, waits ? ", waits for the DNS" : "");
	show_record(buf_str(&name), &record);
}

static int
run_walk(const char *domain, bool check)
{
	struct walk w = { .only = domain, .check = check };
	const char *why = "";

	if (check) {
		loop_start();
		dns_start();
	}
	bool ok = dkim_files_each(on_key, &w, &why);
	if (check)
		dns_stop();
	if (!ok) {
		fprintf(stderr, "posthouse: dkim_signing_table: %s\n", why);
		return EX_CONFIG;
	}
	return w.code;
}

int
posthouse_dkim(int argc, char **argv)
{
	CLEAN_BUF struct buf errors = { 0 };
	const char *what = argc > 1 ? argv[1] : "";
	bool makes = str_eq(what, "new"), checks = str_eq(what, "check");

	if ((!makes && !checks && !str_eq(what, "show")) || argc > 3 ||
	    (makes && argc != 3))
		return posthouse_usage("dkim");
	if (!param_load(posthouse_conf_dir(), NULL, &errors)) {
		posthouse_say(buf_str(&errors));
		return EX_CONFIG;
	}
	return makes ? run_new(argv[2])
		     : run_walk(argc > 2 ? argv[2] : NULL, checks);
}
