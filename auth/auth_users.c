/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "auth_users.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fd.h"
#include "log.h"

/* Not a password's; what yescrypt costs by default. */
static const char no_hash[] = "$y$j9T$posthouse.nobody......$"
			      "...........................................";

/* Salts of nobody's verifiers are made with it. */
static uint8_t secret[SCRAM_KEY];

static void
free_user(struct auth_user *user)
{
	OPENSSL_cleanse(user->hash, strlen(user->hash));
	free(user->hash);
	OPENSSL_cleanse(user, sizeof(*user));
	free(user);
}

void
auth_users_free(struct auth_users *u)
{
	MAP_EACH(&u->by_name, e)
		free_user(e->value);
	map_free(&u->by_name);
	free(u->pattern);
	*u = (struct auth_users){ 0 };
}

static char *
dup_slice(struct slice s)
{
	struct buf b = { 0 };

	buf_add(&b, s.at, s.len);
	return buf_take(&b);
}

static bool
add_user(struct auth_users *u, const struct pass_line *line)
{
	void **place = map_put(&u->by_name, line->user.at, line->user.len);

	if (*place != NULL)
		return false;
	struct auth_user *user = xcalloc(1, sizeof(*user));
	*place = user;
	user->hash = dup_slice(line->hash);
	if (line->verifier.len > 0) {
		passfile_verifier(line, &user->verifier);
		user->has_verifier = true;
		u->verifiers++;
	}
	if (u->pattern == NULL && !passfile_is_locked(line->hash))
		u->pattern = dup_slice(line->hash);
	return true;
}

static void
add_line(struct auth_users *u, struct slice text, const char *path, size_t n)
{
	struct pass_line line;
	const char *why;

	switch (passfile_line(text, &line, &why)) {
	case MATCH_NO:
		return;
	case MATCH_BAD:
		log_warn("%s: line %zu %s: left out", path, n, why);
		return;
	case MATCH_YES:
		if (!add_user(u, &line))
			log_warn("%s: line %zu is of a user who has one "
				 "already: left out",
			    path, n);
	}
}

void
auth_users_read(struct auth_users *u, struct slice text, const char *path)
{
	struct slice rest = text, line;
	size_t n = 0;

	auth_users_free(u);
	while (slice_next_part(&rest, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		add_line(u, line, path, ++n);
	}
}

const struct auth_user *
auth_users_find(const struct auth_users *u, const char *name)
{
	return map_gets(&u->by_name, name);
}

/* The machine's id where it has one, so that the salt of a user who is not
 * there outlives this process as that of one who is. */
void
auth_users_secret(void)
{
	CLEAN_BUF struct buf id = { 0 };
	CLEAN_FD int fd = fd_open_regular("/etc/machine-id");

	if (RAND_bytes(secret, sizeof(secret)) != 1)
		log_fatal("no random numbers");
	if (fd < 0 || fd_read_all(fd, &id, 4096) < 0 || id.len < 32)
		return;
	buf_adds(&id, "posthouse: users who are not there");
	(void)SHA256((const unsigned char *)buf_str(&id), id.len, secret);
}

bool
auth_users_verifier(const struct auth_users *u, const char *name,
    struct scram_verifier *out)
{
	const struct auth_user *user = auth_users_find(u, name);
	uint8_t salt[SCRAM_KEY];

	if (!scram_hmac(secret, slice_of(name), salt))
		log_fatal("HMAC fails");
	if (user != NULL && user->has_verifier) {
		*out = user->verifier;
		return true;
	}
	*out = (struct scram_verifier){
		.salt_len = SCRAM_SALT,
		.count = SCRAM_COUNT,
	};
	memcpy(out->salt, salt, SCRAM_SALT);
	return false;
}

const char *
auth_users_nobody(const struct auth_users *u)
{
	return u->pattern != NULL ? u->pattern : no_hash;
}
