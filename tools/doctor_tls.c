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
#include "tls_chain.h"

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
judge(struct doctor *d, const char *files, const struct buf *text)
{
	struct tls_chain c = { 0 };
	int64_t now = clock_wall();
	const char *why;

	if (!tls_chain_read(&c, text, &why)) {
		doctor_say(d, FINDING_FAIL, files, MEND_FILES, "%s", why);
		return;
	}

	uint32_t faults = tls_chain_faults(&c, params.myhostname, now);
	int64_t days = tls_chain_days(&c, now);
	tls_chain_free(&c);
	if (faults != 0)
		doctor_say(d,
		    (faults & (TLS_EXPIRED | TLS_NOT_YET)) != 0 ? FINDING_FAIL
								: FINDING_WARN,
		    files, "get a certificate for this host", "%s (%s)",
		    tls_fault_text(faults), params.myhostname);
	else if (days <= SOON)
		doctor_say(d, FINDING_WARN, files, "renew it",
		    "the certificate ends in %lld days", (long long)days);
	else
		doctor_say(d, FINDING_OK, files, NULL,
		    "key and certificate belong together, for %s, good for "
		    "%lld days",
		    params.myhostname, (long long)days);
}

/* Those of main.conf: what one service has for itself is its own. */
void
doctor_certificate(struct doctor *d)
{
	CLEAN_BUF struct buf files = { 0 };
	CLEAN_BUF struct buf text = { 0 };
	bool ok = true;

	if (str_eq(params.smtpd_tls_security_level, "none"))
		return;
	tls_server_files(&files);

	const char *names = arena_strdup(&d->arena, buf_str(&files));
	struct slice rest = slice_of(names), item;
	while (ok && slice_next_item(&rest, &item))
		ok = read_file(d, arena_memdup(&d->arena, item.at, item.len),
		    &text);
	if (ok)
		judge(d, names, &text);
	if (text.text != NULL)
		explicit_bzero(text.text, text.room);
}
