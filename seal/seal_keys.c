/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "seal_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dkim_files.h"
#include "fd.h"
#include "log.h"
#include "map.h"

#define FILE_MAX ((size_t)65536)

static struct map domains; /* "x.test" or ".x.test" to struct seal_domain */

/* ---- files ---- */

/* Keys leave no trace in freed memory. */
static void
wipe(struct buf *text)
{
	if (text->text != NULL)
		OPENSSL_cleanse(text->text, text->room);
	buf_free(text);
}

/* NULL, or what is wrong. */
static const char *
read_text(int fd, struct buf *text)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX)
		return "not a file that could be a key";
	if ((st.st_mode & 0007) != 0)
		return "it is open to every user: chmod 0600";
	char *room = buf_room(text, (size_t)st.st_size);
	if (fd_pread_all(fd, room, (size_t)st.st_size, 0) < 0)
		return strerror(errno);
	buf_grown(text, (size_t)st.st_size);
	return NULL;
}

/* The key of a file, or NULL where it waits; false with why. */
static bool
read_key(int fd, EVP_PKEY **out, const char **why)
{
	struct buf text = { 0 };
	bool waits = false;
	const char *wrong = read_text(fd, &text);

	*out = NULL;
	if (wrong == NULL)
		*out = dkim_file_key(&text, &waits, &wrong);
	wipe(&text);
	if (*out == NULL) {
		*why = wrong;
		return false;
	}
	if (waits) {
		EVP_PKEY_free(*out);
		*out = NULL;
	}
	return true;
}

/* ---- the table ---- */

static struct seal_domain *
domain_of(const char *key)
{
	void **place = map_puts(&domains, key);

	if (*place == NULL) {
		struct seal_domain *d = xcalloc(1, sizeof(*d));

		d->name = xstrdup(key[0] == '.' ? key + 1 : key);
		str_lower(d->name);
		list_init(&d->keys);
		*place = d;
	}
	return *place;
}

static void
add_key(void *arg, const char *domain, const char *selector, const char *path)
{
	CLEAN_STR char *lower = xstrdup(domain);
	struct seal_key *k = xcalloc(1, sizeof(*k));
	const char *why;

	(void)arg;
	str_lower(lower);
	struct seal_domain *d = domain_of(lower);
	k->selector = xstrdup(selector);
	str_lower(k->selector);
	k->path = xstrdup(path);
	list_append(&d->keys, &k->link);
	d->n_keys++;
	CLEAN_FD int fd = open(path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (!read_key(fd, &k->pkey, &why))
		log_fatal("dkim_signing_table: %s: %s: %s", domain, path, why);
	if (k->pkey == NULL)
		log_info("%s: the key %s waits for the DNS: posthouse dkim "
			 "check",
		    domain, selector);
}

void
seal_keys_load(void)
{
	const char *why = "";

	if (!dkim_files_each(add_key, NULL, &why))
		log_fatal("dkim_signing_table: %s", why);
	MAP_EACH(&domains, e) {
		const struct seal_domain *d = e->value;

		if (d->n_keys > SEAL_KEYS_MAX)
			log_fatal("dkim_signing_table: %s: more than %d keys",
			    e->key, SEAL_KEYS_MAX);
	}
}

const char *
seal_keys_path(const char *after)
{
	bool past = after == NULL;

	MAP_EACH(&domains, e) {
		struct seal_domain *d = e->value;

		LIST_EACH(struct seal_key, k, &d->keys, link) {
			if (past)
				return k->path;
			past = k->path == after;
		}
	}
	return NULL;
}

static void
replace(struct seal_key *k, int fd)
{
	EVP_PKEY *fresh;
	const char *why;

	if (!read_key(fd, &fresh, &why)) {
		log_warn("%s: %s: the old key stays", k->path, why);
		return;
	}
	/* The first look of master's finds what was there at the start. */
	if (fresh == k->pkey ||
	    (fresh != NULL && k->pkey != NULL &&
		EVP_PKEY_eq(fresh, k->pkey) == 1)) {
		EVP_PKEY_free(fresh);
		return;
	}
	EVP_PKEY_free(k->pkey);
	k->pkey = fresh;
	log_info("%s: the key %s %s", k->path, k->selector,
	    fresh != NULL ? "signs from now on" : "waits for the DNS");
}

void
seal_keys_changed(const char *path, int fd)
{
	MAP_EACH(&domains, e) {
		struct seal_domain *d = e->value;

		LIST_EACH(struct seal_key, k, &d->keys, link) {
			errno = ENOENT;
			if (str_eq(k->path, path))
				replace(k, fd);
		}
	}
}

/* The domain itself, then what stands for all below a parent. */
struct seal_domain *
seal_keys_find(const char *domain)
{
	struct seal_domain *found = map_gets(&domains, domain);

	for (const char *dot = strchr(domain, '.');
	     found == NULL && dot != NULL; dot = strchr(dot + 1, '.'))
		found = map_gets(&domains, dot);
	return found;
}

size_t
seal_keys_count(void)
{
	size_t n = 0;

	MAP_EACH(&domains, e) {
		struct seal_domain *d = e->value;

		LIST_EACH(struct seal_key, k, &d->keys, link)
			n += k->pkey != NULL ? 1 : 0;
	}
	return n;
}
