/*
 * posthouse passwd: a user's line in the password file is made, changed or
 * removed; all other lines stay as they are.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "param.h"
#include "passfile.h"
#include "posthouse.h"
#include "sasl.h"

struct order {
	const char *user;
	bool from_stdin;
	bool drop;
};

static int
complain(const char *what, const char *why, int code)
{
	fprintf(stderr, "posthouse: %s: %s\n", what, why);
	return code;
}

/* ---- the password ---- */

/* A line of standard input, without its end. */
static bool
read_line(char *line, size_t room)
{
	if (fgets(line, (int)room, stdin) == NULL)
		return false;
	size_t len = strcspn(line, "\r\n");
	bool whole = line[len] != '\0' || feof(stdin);
	line[len] = '\0';
	return whole;
}

static bool
ask(const char *prompt, char *line, size_t room)
{
	struct termios before, quiet;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return read_line(line, room);
	quiet = before;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	quiet.c_lflag |= ECHONL;
	fputs(prompt, stderr);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
		return false;
	bool ok = read_line(line, room);
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) == 0 && ok;
}

/* A terminal is asked twice. */
static bool
get_password(const struct order *o, char *line, size_t room)
{
	char again[SASL_PASSWORD_MAX + 2];

	if (o->from_stdin || !isatty(STDIN_FILENO))
		return read_line(line, room);
	bool ok = ask("New password: ", line, room) &&
	    ask("Once more: ", again, sizeof(again));
	if (ok && !str_eq(line, again)) {
		fputs("posthouse: the two are not the same\n", stderr);
		ok = false;
	}
	OPENSSL_cleanse(again, sizeof(again));
	return ok;
}

/* ---- its line ---- */

static bool
put_verifier(struct buf *out, const char *password)
{
	uint8_t salt[SCRAM_SALT], client[SCRAM_KEY];
	struct scram_verifier v;

	if (RAND_bytes(salt, sizeof(salt)) != 1 ||
	    !scram_keys(slice_of(password),
		(struct slice){ (const char *)salt, sizeof(salt) }, SCRAM_COUNT,
		client, &v))
		return false;
	OPENSSL_cleanse(client, sizeof(client));
	scram_put(out, &v);
	return true;
}

static bool
put_line(struct buf *out, const char *user, const char *password)
{
	static struct crypt_data room;
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];

	if (crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof(salt)) == NULL)
		return false;
	const char *hash = crypt_rn(password, salt, &room, (int)sizeof(room));
	if (hash == NULL)
		return false;
	buf_addf(out, "%s:%s:", user, hash);
	OPENSSL_cleanse(&room, sizeof(room));
	return put_verifier(out, password);
}

/* ---- the file ---- */

/* The old text with the user's line replaced by `line`, or without it; tells
 * whether there was one. */
static bool
edit(struct buf *out, struct slice old, const char *user, const char *line)
{
	struct slice rest = old, text;
	bool found = false;

	while (slice_next_part(&rest, '\n', &text)) {
		struct slice name = { text.at, 0 };

		while (name.len < text.len && name.at[name.len] != ':')
			name.len++;
		if (name.len == text.len || !slice_eq(name, user)) {
			buf_add(out, text.at, text.len);
			buf_addc(out, '\n');
		} else if (!found && line != NULL) {
			buf_addf(out, "%s\n", line);
		}
		found |= name.len < text.len && slice_eq(name, user);
	}
	if (!found && line != NULL)
		buf_addf(out, "%s\n", line);
	return found;
}

/* Two who change the file at the same time take turns by its folder. */
static int
lock_folder(const char *path)
{
	CLEAN_BUF struct buf folder = { 0 };
	const char *slash = strrchr(path, '/');

	buf_add(&folder, path, slash != NULL ? (size_t)(slash - path) : 0);
	CLEAN_FD int fd = open(folder.len > 0 ? buf_str(&folder) : "/",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int
complain_of_file(const char *path, int code)
{
	if (errno == EACCES || errno == EPERM)
		return complain(path, "Permission denied: run it as root",
		    EX_NOPERM);
	return complain(path, strerror(errno), code);
}

static int
change_file(const char *path, const struct order *o, const char *line)
{
	CLEAN_BUF struct buf old = { 0 }, text = { 0 };
	CLEAN_FD int lock = lock_folder(path);
	CLEAN_FD int fd = fd_open_regular(path);

	if (lock < 0 || (fd < 0 && errno != ENOENT) ||
	    (fd >= 0 && fd_read_all(fd, &old, PASSFILE_MAX) < 0))
		return complain_of_file(path, EX_NOINPUT);
	bool had = edit(&text, (struct slice){ buf_str(&old), old.len },
	    o->user, line);
	if (o->drop && !had)
		return complain(o->user, "there is no such user", EX_NOUSER);
	if (fd_replace_file(path, buf_str(&text), text.len, 0600) < 0)
		return complain_of_file(path, EX_CANTCREAT);
	printf("%s: %s\n", o->user,
	    o->drop   ? "removed"
		: had ? "changed"
		      : "added");
	return EX_OK;
}

static int
change(const struct order *o)
{
	CLEAN_BUF struct buf path = { 0 }, line = { 0 };
	char password[SASL_PASSWORD_MAX + 2];

	passfile_path(&path);
	if (o->drop)
		return change_file(buf_str(&path), o, NULL);
	if (!get_password(o, password, sizeof(password)))
		return complain(o->user,
		    "no password, or one of more than 1024 bytes", EX_DATAERR);
	if (!sasl_is_password(slice_of(password)))
		return complain(o->user,
		    "a password is UTF-8 without control characters, of 1 to "
		    "1024 bytes",
		    EX_DATAERR);
	bool ok = put_line(&line, o->user, password);
	OPENSSL_cleanse(password, sizeof(password));
	return ok ? change_file(buf_str(&path), o, buf_str(&line))
		  : complain(o->user, "the hash cannot be made", EX_SOFTWARE);
}

static bool
read_order(int argc, char **argv, struct order *o)
{
	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--stdin"))
			o->from_stdin = true;
		else if (str_eq(argv[i], "--delete"))
			o->drop = true;
		else if (argv[i][0] == '-' || o->user != NULL)
			return false;
		else
			o->user = argv[i];
	}
	return o->user != NULL;
}

int
posthouse_passwd(int argc, char **argv)
{
	CLEAN_BUF struct buf errors = { 0 };
	struct order o = { 0 };

	if (!read_order(argc, argv, &o))
		return posthouse_usage("passwd");
	if (!param_load(posthouse_conf_dir(), NULL, &errors)) {
		posthouse_say(buf_str(&errors));
		return EX_CONFIG;
	}
	if (!str_eq(params.smtpd_sasl_type, "file"))
		return complain("smtpd_sasl_type",
		    "Dovecot has the passwords, not a file of ours", EX_CONFIG);
	if (!sasl_is_user(slice_of(o.user)) || strchr(o.user, ':') != NULL ||
	    o.user[0] == '#')
		return complain(o.user, "is no name for a user", EX_DATAERR);
	return change(&o);
}
