/*
 * posthouse recipients: carries lists of recipients from a primary to its
 * backup, so that it knows them also while the primary is down.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "param.h"
#include "posthouse.h"
#include "posthouse_export.h"
#include "route.h"

#define LIST_MAX ((size_t)1 << 30)

static int
fail(int code, const char *what, const char *why)
{
	fprintf(stderr, "posthouse: %s: %s\n", what, why);
	return code;
}

static int
usage(void)
{
	return posthouse_usage("recipients");
}

/* ---- export ---- */

static bool
choose_hash(struct recipients_form *f)
{
	f->hashed = true;
	f->rounds = RECIPIENTS_ROUNDS;
	return getrandom(f->salt, sizeof(f->salt), 0) ==
	    (ssize_t)sizeof(f->salt);
}

static int
export_lists(int argc, char **argv)
{
	CLEAN_RECIPIENTS struct recipients r = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	const char *why;
	int first = 1;

	if (argc > 1 && str_eq(argv[1], "--hashed")) {
		if (!choose_hash(&r.form))
			return fail(EX_OSERR, "salt", strerror(errno));
		first = 2;
	}
	if (first < argc && argv[first][0] == '-')
		return usage();
	if (!route_open(&why))
		return fail(EX_CONFIG, "configuration", why);
	for (int i = first; i < argc; i++)
		if (!export_domain(&r, argv[i]))
			return fail(EX_DATAERR, argv[i],
			    "not a domain whose recipients are here");
	if (first == argc)
		export_own_domains(&r);
	if (r.n == 0)
		return fail(EX_CONFIG, "recipients", "no domain to export");
	recipients_put(&text, &r);
	if (fd_write_all(STDOUT_FILENO, text.text, text.len) < 0)
		return fail(EX_IOERR, "standard output", strerror(errno));
	return EX_OK;
}

/* ---- import ---- */

static bool
read_file(const char *path, struct buf *out)
{
	if (str_eq(path, "-"))
		return fd_read_all(STDIN_FILENO, out, LIST_MAX) >= 0;
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && fd_read_all(fd, out, LIST_MAX) >= 0;
}

/* The domains of a list must be ones that we only keep mail for. */
static const char *
wrong_domain(struct recipients *r, bool final)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct recipients_domain *d = &r->domains[i];
		enum route_class class;

		if (route_classify(d->name, &class) != FOUND_ONE ||
		    class != ROUTE_RELAY)
			return arena_printf(&r->arena,
			    "%s is in neither backup_mx_domains nor "
			    "relay_domains",
			    d->name);
		if (final && !d->complete)
			return arena_printf(&r->arena,
			    "the list of %s is partial: it cannot be the last "
			    "word",
			    d->name);
	}
	return r->n == 0 ? "it has no domain" : NULL;
}

static int
import_list(int argc, char **argv)
{
	bool final = argc > 1 && str_eq(argv[1], "--final");
	CLEAN_RECIPIENTS struct recipients r = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	CLEAN_BUF struct buf at = { 0 };
	const char *why;
	size_t line;

	if (argc != 2 + final)
		return usage();
	const char *path = argv[1 + final];
	if (!read_file(path, &text))
		return fail(EX_NOINPUT, path, strerror(errno));
	if (!recipients_parse(&r, (struct slice){ buf_str(&text), text.len },
		&line, &why)) {
		buf_addf(&at, "%s:%zu", path, line);
		return fail(EX_DATAERR, buf_str(&at), why);
	}
	if (!route_open(&why))
		return fail(EX_CONFIG, "configuration", why);
	why = wrong_domain(&r, final);
	if (why != NULL)
		return fail(EX_DATAERR, path, why);
	if (!recipients_install(&r, final, clock_wall(), &why))
		return fail(EX_CANTCREAT, path, why);
	for (size_t i = 0; i < r.n; i++)
		printf("%s: %zu recipients\n", r.domains[i].name,
		    r.domains[i].n);
	return EX_OK;
}

/* ---- list, drop ---- */

static void
show(void *arg, const char *domain, const struct recipients_info *i)
{
	time_t when = (time_t)(i->when / SECOND);
	char text[32] = "";
	struct tm tm;

	(void)arg;
	if (gmtime_r(&when, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf("%s %" PRId64 " %s %s %s %s\n", domain, i->n,
	    i->form.hashed ? "hashed" : "plain",
	    i->complete ? "complete" : "partial", i->final ? "final" : "open",
	    text);
}

static int
list_domains(int argc, char **argv __attribute__((unused)))
{
	const char *why;

	if (argc != 1)
		return usage();
	return recipients_each(show, NULL, &why)
	    ? EX_OK
	    : fail(EX_UNAVAILABLE, "recipient_lists", why);
}

static int
drop_domains(int argc, char **argv)
{
	const char *why;

	if (argc < 2)
		return usage();
	for (int i = 1; i < argc; i++)
		switch (recipients_remove(argv[i], &why)) {
		case FOUND_ONE:
			break;
		case FOUND_NONE:
			return fail(EX_DATAERR, argv[i], "it has no list");
		case FOUND_FAILED:
			return fail(EX_UNAVAILABLE, argv[i], why);
		}
	return EX_OK;
}

/* clang-format off */
static const struct {
	const char *word;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "export", export_lists },
	{ "import", import_list },
	{ "list",   list_domains },
	{ "drop",   drop_domains },
};
/* clang-format on */

int
posthouse_recipients(int argc, char **argv)
{
	CLEAN_BUF struct buf errors = { 0 };

	if (argc < 2)
		return usage();
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (!str_eq(argv[1], verbs[i].word))
			continue;
		if (!param_load(posthouse_conf_dir(), NULL, &errors)) {
			posthouse_say(buf_str(&errors));
			return EX_CONFIG;
		}
		return verbs[i].run(argc - 1, argv + 1);
	}
	return usage();
}
