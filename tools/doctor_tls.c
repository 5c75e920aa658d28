/*
 * The server's key and certificates, as keys(8) reads them.
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
#include "tls_chain.h"
#include "tls_sni.h"

#define FILE_MAX ((size_t)1 << 20)
#define SOON     21 /* days */
#define MEND_FILES                                                         \
	"name the right files in smtpd_tls_chain_files, or run posthouse " \
	"setup for a certificate of its own"

/* One file behind the others; false where that was said. */
static bool
read_file(struct doctor *d, const char *path, struct buf *text)
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
		doctor_say(d, FINDING_FAIL, path, MEND_FILES, "%s",
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
judge(struct doctor *d, const char *files, const char *host,
    const struct buf *text)
{
	struct tls_chain c = { 0 };
	int64_t now = clock_wall();
	const char *why;

	if (!tls_chain_read(&c, text, &why)) {
		doctor_say(d, FINDING_FAIL, files, MEND_FILES, "%s", why);
		return;
	}

	uint32_t faults = tls_chain_faults(&c, host, now);
	int64_t days = tls_chain_days(&c, now);
	tls_chain_free(&c);
	if (faults != 0)
		doctor_say(d,
		    (faults & (TLS_EXPIRED | TLS_NOT_YET)) != 0 ? FINDING_FAIL
								: FINDING_WARN,
		    files, "get a certificate for this host", "%s (%s)",
		    tls_fault_text(faults), host);
	else if (days <= SOON)
		doctor_say(d, FINDING_WARN, files, "renew it",
		    "the certificate ends in %lld days", (long long)days);
	else
		doctor_say(d, FINDING_OK, files, NULL,
		    "key and certificate belong together, for %s, good for "
		    "%lld days",
		    host, (long long)days);
}

/* Files that belong together, for a host; each once. */
struct wanted {
	struct doctor *d;
	struct map seen;
};

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
		ok = read_file(w->d,
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
	}
	map_free(&w.seen);
	if (!param_load(conf_dir, NULL, &errors))
		log_fatal("%s", buf_str(&errors));
}
