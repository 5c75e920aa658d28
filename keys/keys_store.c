/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "keys_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chan.h"
#include "clock.h"
#include "fd.h"
#include "list.h"
#include "log.h"
#include "tls_chain.h"

#define FILE_MAX ((size_t)1 << 20)

struct file {
	struct list link;
	char *path;
	struct buf text;
	int error; /* errno where it could not be read */
	bool changed;
};

struct chain {
	struct list link;
	char *files;
	char *host;
	uint32_t roles; /* bits of those that need it */
	struct tls_chain now, before;
	int64_t warned; /* the days left when we last said so */
};

static struct list files, chains;

static struct file *
find_file(struct slice path)
{
	LIST_EACH(struct file, f, &files, link)
		if (slice_eq(path, f->path))
			return f;
	return NULL;
}

/* One that a chain has named. */
static struct file *
file_of(struct slice path)
{
	struct file *f = find_file(path);

	if (f == NULL)
		log_panic("keys: a chain without its file");
	return f;
}

static void
want_files(const char *names)
{
	struct slice rest = slice_of(names), item;

	while (slice_next_item(&rest, &item)) {
		if (find_file(item) != NULL)
			continue;
		struct file *f = xcalloc(1, sizeof(*f));
		f->path = strndup(item.at, item.len);
		if (f->path == NULL)
			log_fatal("no memory");
		list_append(&files, &f->link);
	}
}

void
keys_store_want(const char *names, const char *host, enum role role)
{
	LIST_EACH(struct chain, c, &chains, link)
		if (str_eq(c->files, names)) {
			c->roles |= 1u << role;
			return;
		}
	struct chain *c = xcalloc(1, sizeof(*c));
	c->files = xstrdup(names);
	c->host = xstrdup(host);
	c->roles = 1u << role;
	c->warned = INT64_MAX;
	list_append(&chains, &c->link);
	want_files(names);
}

const char *
keys_store_path(const char *after)
{
	bool past = after == NULL;

	LIST_EACH(struct file, f, &files, link) {
		if (past)
			return f->path;
		past = str_eq(f->path, after);
	}
	return NULL;
}

/* ---- files ---- */

/* Keys leave no trace in freed memory. */
static void
wipe(struct buf *text)
{
	if (text->text != NULL)
		OPENSSL_cleanse(text->text, text->room);
	buf_free(text);
}

/* 0 or an errno.  Room for all of it first: text that moves leaves a copy. */
static int
read_file(int fd, struct buf *text)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX)
		return S_ISREG(st.st_mode) ? EFBIG : EINVAL;

	size_t size = (size_t)st.st_size;
	char *room = buf_room(text, size);
	if (lseek(fd, 0, SEEK_SET) < 0 || fd_pread_all(fd, room, size, 0) < 0)
		return errno;
	buf_grown(text, size);
	return 0;
}

static bool
same_text(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_str(a), buf_str(b), a->len) == 0;
}

static void
replace(struct file *f, int fd)
{
	struct buf text = { 0 };
	int error = read_file(fd, &text);

	f->changed = error != f->error || !same_text(&text, &f->text);
	f->error = error;
	wipe(&f->text);
	f->text = text;
}

void
keys_store_read(void)
{
	LIST_EACH(struct file, f, &files, link) {
		CLEAN_FD int fd = open(f->path,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		replace(f, fd);
		f->changed = true;
	}
}

bool
keys_store_changed(const char *path, int fd)
{
	CLEAN_FD int mine = fd;
	struct file *f = find_file(slice_of(path));

	if (f == NULL)
		return false;
	bool already = f->changed;
	errno = ENOENT;
	replace(f, mine);
	f->changed |= already;
	return f->changed;
}

/* ---- chains ---- */

/* One text of all files; false with why, and which file. */
static bool
join_files(const struct chain *c, struct buf *text, const char **why)
{
	struct slice rest = slice_of(c->files), item;
	size_t room = 1;

	LIST_EACH(struct file, f, &files, link)
		room += f->text.len + 1;
	(void)buf_room(text, room);
	while (slice_next_item(&rest, &item)) {
		const struct file *f = file_of(item);

		if (f->error != 0) {
			*why = strerror(f->error);
			return false;
		}
		buf_add(text, buf_str(&f->text), f->text.len);
		buf_addc(text, '\n');
	}
	return true;
}

static bool
read_chain(const struct chain *c, struct tls_chain *out, const char **why)
{
	struct buf text = { 0 };
	bool ok = join_files(c, &text, why) && tls_chain_read(out, &text, why);

	wipe(&text);
	return ok;
}

static void
swap(struct chain *c, struct tls_chain *fresh)
{
	tls_chain_free(&c->before);
	c->before = c->now;
	c->now = *fresh;
	c->warned = INT64_MAX;
}

/* Whom the log says it is for. */
static const char *
subject(const struct chain *c)
{
	return c->host[0] != '\0' ? c->host : "shown to servers";
}

/* True where it is in force now. */
static bool
judge(struct chain *c, int64_t now)
{
	struct tls_chain fresh = { 0 };
	const char *why = "";

	if (!read_chain(c, &fresh, &why)) {
		log_warn("%s: %s: %s", c->files, why,
		    c->now.n > 0 ? "the old certificate stays"
				 : "no TLS with it");
		return false;
	}

	uint32_t faults = tls_chain_faults(&fresh, c->host, now);
	uint32_t old = tls_chain_faults(&c->now, c->host, now);
	if (c->now.n > 0 && (faults & ~old) != 0) {
		log_warn("%s: %s (%s): the old certificate stays", c->files,
		    tls_fault_text(faults & ~old), subject(c));
		tls_chain_free(&fresh);
		return false;
	}
	if (faults != 0)
		log_warn("%s: %s (%s)", c->files, tls_fault_text(faults),
		    subject(c));
	log_info("%s: certificate in force, good for %lld days", c->files,
	    (long long)tls_chain_days(&fresh, now));
	swap(c, &fresh);
	return true;
}

static bool
has_changed(const struct chain *c)
{
	struct slice rest = slice_of(c->files), item;

	while (slice_next_item(&rest, &item))
		if (file_of(item)->changed)
			return true;
	return false;
}

/* ---- telling ---- */

static void
put_der(struct buf *out, const X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);

	if (len > 0)
		wire_put_blob(out,
		    (struct slice){ (const char *)der, (size_t)len });
	OPENSSL_free(der);
}

static void
put_leaf(struct buf *out, const struct tls_leaf *leaf)
{
	CLEAN_BUF struct buf certs = { 0 };

	put_der(&certs, leaf->cert);
	for (int i = 0; i < sk_X509_num(leaf->more); i++)
		put_der(&certs, sk_X509_value(leaf->more, i));
	wire_put_blob(out, (struct slice){ certs.text, certs.len });
}

static void
tell(const struct chain *c, keys_tell_fn *fn, void *arg)
{
	CLEAN_BUF struct buf leaves = { 0 };
	CLEAN_BUF struct buf packet = { 0 };

	for (size_t i = 0; i < c->now.n; i++)
		put_leaf(&leaves, &c->now.leaves[i]);
	msg_put_cert(&packet,
	    &(struct msg_cert){
		.files = c->files,
		.leaves = { leaves.text, leaves.len },
	    });
	if (packet.len <= CHAN_PACKET_MAX)
		fn(arg, c->roles, &packet);
	else
		log_warn("%s: too many certificates: no TLS with them",
		    c->files);
}

void
keys_store_judge(int64_t now, keys_tell_fn *fn, void *arg)
{
	LIST_EACH(struct chain, c, &chains, link)
		if (has_changed(c) && judge(c, now))
			tell(c, fn, arg);
	LIST_EACH(struct file, f, &files, link)
		f->changed = false;
}

void
keys_store_tell(keys_tell_fn *fn, void *arg)
{
	LIST_EACH(struct chain, c, &chains, link)
		if (c->now.n > 0)
			tell(c, fn, arg);
}

static EVP_PKEY *
find_in(const struct tls_chain *c, const uint8_t name[TLS_DIGEST])
{
	for (size_t i = 0; i < c->n; i++)
		if (memcmp(c->leaves[i].name, name, TLS_DIGEST) == 0)
			return c->leaves[i].key;
	return NULL;
}

EVP_PKEY *
keys_store_find(const uint8_t name[TLS_DIGEST], enum role role)
{
	LIST_EACH(struct chain, c, &chains, link) {
		if ((c->roles & 1u << role) == 0)
			continue;
		EVP_PKEY *key = find_in(&c->now, name);
		if (key == NULL)
			key = find_in(&c->before, name);
		if (key != NULL)
			return key;
	}
	return NULL;
}

size_t
keys_store_count(void)
{
	size_t n = 0;

	LIST_EACH(struct chain, c, &chains, link)
		if (c->now.n > 0)
			n++;
	return n;
}

/* ---- the end of a certificate ---- */

int64_t
keys_store_days(int64_t now)
{
	int64_t least = INT64_MAX;

	LIST_EACH(struct chain, c, &chains, link)
		if (c->now.n > 0)
			least = MIN(least, tls_chain_days(&c->now, now));
	return least;
}

/* Is this a day to say so? */
static bool
is_due(int64_t days, int64_t warned)
{
	static const int64_t marks[] = { 21, 7, 1 };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (days <= marks[i] && warned > marks[i])
			return true;
	return days < 0 && days < warned;
}

static void
warn(const struct chain *c, int64_t days)
{
	CLEAN_BUF struct buf when = { 0 };

	tls_chain_put_days(&when, days);
	if (days >= 0)
		log_warn("%s: the certificate ends %s: renew it", c->files,
		    buf_str(&when));
	else
		log_warn("%s: the certificate has expired: renew it", c->files);
}

void
keys_store_warn(int64_t now)
{
	LIST_EACH(struct chain, c, &chains, link) {
		int64_t days = tls_chain_days(&c->now, now);

		if (c->now.n == 0 || !is_due(days, c->warned))
			continue;
		warn(c, days);
		c->warned = days;
	}
}
