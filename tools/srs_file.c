/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "srs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "srs.h"

#define FILE_MAX     ((size_t)65536)
#define SECRET_BYTES 24 /* and no = at the end of its base64 */
#define SECRET_CHARS 32

struct rewriting {
	struct buf out;
	int64_t today; /* days since 1970 */
	int64_t max_age;
	int64_t made;     /* the day above the next secret; -1: none */
	int64_t replaced; /* when the next secret was; -1: not known */
	size_t n;
};

static void
put_day(struct buf *out, int64_t day)
{
	time_t t = (time_t)(day * DAY / SECOND);
	struct tm tm;
	char text[sizeof("2026-11-22")];

	if (gmtime_r(&t, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d", &tm) > 0)
		buf_addf(out, "# %s\n", text);
}

/* "# 2026-11-22"; -1 where it is another comment. */
static int64_t
read_day(struct slice line)
{
	CLEAN_BUF struct buf text = { 0 };
	struct tm tm = { 0 };

	buf_add(&text, line.at, line.len);
	const char *end = strptime(buf_str(&text), "# %Y-%m-%d", &tm);
	return end != NULL && *end == '\0' ? timegm(&tm) * SECOND / DAY : -1;
}

static bool
put_new(struct rewriting *r)
{
	unsigned char bytes[SECRET_BYTES];
	char text[SECRET_CHARS + 1];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		errno = EIO;
		return false;
	}
	(void)EVP_EncodeBlock((unsigned char *)text, bytes, SECRET_BYTES);
	buf_adds(&r->out,
	    "# Secrets of SRS, the newest first: posthouse srs "
	    "rotate\n");
	put_day(&r->out, r->today);
	buf_addf(&r->out, "%s\n", text);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
	r->n = 1;
	return true;
}

/* One whose day is not known is kept. */
static void
put_old(struct rewriting *r, struct slice line)
{
	bool needed = r->replaced < 0 ||
	    r->today - r->replaced <= r->max_age + 1;

	if (line.at[0] == '#') {
		int64_t day = read_day(line);

		r->made = day >= 0 ? day : r->made;
		return;
	}
	if (needed && r->n < SRS_SECRETS_MAX) {
		if (r->made >= 0)
			put_day(&r->out, r->made);
		buf_add(&r->out, line.at, line.len);
		buf_addc(&r->out, '\n');
		r->n++;
	}
	r->replaced = r->made;
	r->made = -1;
}

static bool
read_old(const char *path, struct buf *text)
{
	CLEAN_FD int fd = fd_open_regular(path);

	if (fd < 0)
		return errno == ENOENT;
	return fd_read_all(fd, text, FILE_MAX) >= 0;
}

bool
srs_file_rotate(const char *path, int64_t max_age, int64_t wall)
{
	CLEAN_BUF struct buf old = { 0 };
	struct rewriting r = {
		.today = wall / DAY,
		.max_age = max_age,
		.made = -1,
		.replaced = wall / DAY,
	};

	if (!read_old(path, &old) || !put_new(&r)) {
		buf_free(&r.out);
		return false;
	}
	struct slice rest = { buf_str(&old), old.len }, line;
	while (slice_next_part(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (line.len > 0)
			put_old(&r, line);
	}
	bool ok = fd_replace_file(path, buf_str(&r.out), r.out.len, 0600) >= 0;
	explicit_bzero(r.out.text, r.out.room);
	buf_free(&r.out);
	return ok;
}
