/*
 * Keys and certificates, as keys(8) reads them: the server's, and those that
 * are shown to servers; and the files with trust anchors of smtp(8).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "doctor.h"
#include "fd.h"
#include "log.h"
#include "map.h"
#include "smtp_policy.h"
#include "tls_chain.h"
#include "tls_sni.h"

#define FILE_MAX ((size_t)1 << 20)
#define SOON     21 /* days */

/* Files that belong together, for a host or (NULL) to be shown to servers; each
 * once. */
struct wanted {
	struct doctor *d;
	struct map seen;
};

/* What is to be done about files that are not right. */
static const char *
mend(const char *host)
{
	return host == NULL
	    ? "name the right files in smtp_tls_chain_files, or none"
	    : "name the right files in smtpd_tls_chain_files, or run posthouse "
	      "setup for a certificate of its own";
}

/* One file behind the others; false where that was said. */
static bool
read_file(struct doctor *d, const char *host, const char *path,
    struct buf *text)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == EACCES && geteuid() != 0) {
		doctor_say(d, FINDING_WARN, path, "run posthouse check as root",
		    "only root can look at it");
		return false;
	}
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    fd_read_all(fd, text, FILE_MAX) < 0) {
		doctor_say(d, FINDING_FAIL, path, mend(host), "%s",
		    strerror(errno));
		return false;
	}
	if ((st.st_mode & 077) != 0)
		doctor_say(d, FINDING_WARN, path, "chmod 600",
		    "others than root can read the private key");
	buf_addc(text, '\n');
	return true;
}

static void
judge_faults(struct doctor *d, const char *files, const char *host,
    uint32_t faults)
{
	bool dead = (faults & (TLS_EXPIRED | TLS_NOT_YET)) != 0;

	doctor_say(d, dead ? FINDING_FAIL : FINDING_WARN, files,
	    host == NULL ? "get another certificate"
			 : "get a certificate for this host",
	    "%s (%s)", tls_fault_text(faults),
	    host == NULL ? "shown to servers" : host);
}

static void
judge(struct doctor *d, const char *files, const char *host,
    const struct buf *text)
{
	CLEAN_BUF struct buf when = { 0 };
	struct tls_chain c = { 0 };
	int64_t now = clock_wall();
	const char *why;

	if (!tls_chain_read(&c, text, &why)) {
		doctor_say(d, FINDING_FAIL, files, mend(host), "%s", why);
		return;
	}

	uint32_t faults = tls_chain_faults(&c, host != NULL ? host : "", now);
	int64_t days = tls_chain_days(&c, now);
	tls_chain_free(&c);
	tls_chain_put_days(&when, days);
	if (faults != 0)
		judge_faults(d, files, host, faults);
	else if (days <= SOON)
		doctor_say(d, FINDING_WARN, files, "renew it",
		    "the certificate ends %s", buf_str(&when));
	else
		doctor_say(d, FINDING_OK, files, NULL,
		    "key and certificate belong together, %s%s, good for "
		    "%lld days",
		    host != NULL ? "for " : "",
		    host != NULL ? host : "shown to servers", (long long)days);
}

static void
look_at(void *arg, const char *host, const char *names)
{
	CLEAN_BUF struct buf text = { 0 };
	struct wanted *w = arg;
	struct slice rest = slice_of(names), item;
	bool ok = true;
	void **place = map_puts(&w->seen, names);

	if (*place != NULL)
		return;
	*place = w;
	while (ok && slice_next_item(&rest, &item))
		ok = read_file(w->d, host,
		    arena_memdup(&w->d->arena, item.at, item.len), &text);
	if (ok)
		judge(w->d, arena_strdup(&w->d->arena, names), host, &text);
	if (text.text != NULL)
		explicit_bzero(text.text, text.room);
}

/* Those that clients may ask for by name. */
static void
look_at_names(struct wanted *w)
{
	struct tables names;
	const char *why;

	if (tls_sni_open(&names, &why) &&
	    tls_sni_each(&names, look_at, w, &why)) {
		tables_free(&names);
		return;
	}
	doctor_say(w->d, FINDING_FAIL, "tls_server_sni_maps",
	    "name tables of a type that can be listed, such as lmdb", "%s",
	    why);
}

/* Those of a server, by its own parameters. */
static void
look_at_service(struct wanted *w, const char *conf_dir, const char *service)
{
	CLEAN_BUF struct buf errors = { 0 };
	CLEAN_BUF struct buf files = { 0 };

	/* A wrong value is another check's to tell. */
	if (!param_load(conf_dir, service, &errors) ||
	    (str_eq(params.smtpd_tls_security_level, "none") &&
		!params.smtpd_tls_wrappermode))
		return;
	tls_server_files(&files);
	look_at(w, params.myhostname, buf_str(&files));
	look_at_names(w);
}

/* What is shown to servers need not have this host's name. */
static void
look_at_client(struct wanted *w, const char *conf_dir, const char *service)
{
	CLEAN_BUF struct buf errors = { 0 };
	CLEAN_BUF struct buf files = { 0 };

	if (!param_load(conf_dir, service, &errors))
		return;
	tls_client_files(&files);
	if (files.len > 0)
		look_at(w, NULL, buf_str(&files));
}

/* ---- trust anchors ---- */

static void
look_at_anchors(void *arg, const char *path)
{
	struct wanted *w = arg;
	void **place = map_puts(&w->seen, path);

	if (*place != NULL)
		return;
	*place = w;
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		doctor_say(w->d, FINDING_FAIL, path,
		    "put it in its place, or name another in tafile= or "
		    "smtp_tls_trust_anchor_file",
		    "trust anchors: %s", strerror(errno));
}

/* A table that cannot be opened is another check's to tell. */
static void
look_at_policies(struct wanted *w)
{
	const char *why;

	if (smtp_policy_open(&why) &&
	    !smtp_policy_each_file(look_at_anchors, w, &why))
		doctor_say(w->d, FINDING_FAIL, "smtp_tls_policy_maps",
		    "build the table again, by mtable", "%s", why);
}

void
doctor_certificate(struct doctor *d)
{
	CLEAN_STR char *conf_dir = xstrdup(params.config_directory);
	CLEAN_BUF struct buf errors = { 0 };
	struct wanted w = { .d = d };

	for (size_t i = 0; i < d->services.n; i++) {
		const struct service *s = &d->services.at[i];

		if (s->enabled && str_eq(s->program, "smtpd"))
			look_at_service(&w, conf_dir, s->name);
		if (s->enabled && str_eq(s->program, "smtp"))
			look_at_client(&w, conf_dir, s->name);
	}
	if (!param_load(conf_dir, NULL, &errors))
		log_fatal("%s", buf_str(&errors));
	look_at_policies(&w);
	map_free(&w.seen);
}
