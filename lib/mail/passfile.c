/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "passfile.h"

#include <string.h>

#include "buf.h"
#include "log.h"
#include "param.h"
#include "sasl.h"

static enum match
bad(const char **why, const char *text)
{
	*why = text;
	return MATCH_BAD;
}

/* What crypt(5) allows: printable, without : ; * ! \ in it. */
static bool
is_hash(struct slice hash)
{
	for (size_t i = 0; i < hash.len; i++)
		if (hash.at[i] <= ' ' || hash.at[i] > '~' ||
		    (i > 0 && strchr(";*!\\", hash.at[i]) != NULL))
			return false;
	return hash.len > 0;
}

static bool
parse_verifier(struct slice text, struct scram_verifier *out, const char **why)
{
	CLEAN_BUF struct buf b = { 0 };

	buf_add(&b, text.at, text.len);
	*why = "is no SCRAM verifier";
	return memchr(text.at, '\0', text.len) == NULL &&
	    scram_parse(buf_str(&b), out, why);
}

enum match
passfile_line(struct slice line, struct pass_line *out, const char **why)
{
	struct slice rest = line;
	struct pass_line l = { 0 };
	struct scram_verifier unused;

	if (slice_trim(line).len == 0 || line.at[0] == '#')
		return MATCH_NO;
	if (line.len > PASSFILE_LINE_MAX)
		return bad(why, "is too long");
	if (memchr(line.at, ':', line.len) == NULL)
		return bad(why, "is not USER:HASH");
	if (!slice_next_part(&rest, ':', &l.user) || !sasl_is_user(l.user))
		return bad(why, "has no proper user name");
	if (!slice_next_part(&rest, ':', &l.hash) || !is_hash(l.hash))
		return bad(why, "has no proper hash");
	if (rest.len > 0 && !parse_verifier(rest, &unused, why))
		return MATCH_BAD;
	l.verifier = rest;
	*out = l;
	return MATCH_YES;
}

void
passfile_verifier(const struct pass_line *line, struct scram_verifier *out)
{
	const char *why;

	if (!parse_verifier(line->verifier, out, &why))
		log_panic("passfile: a verifier that was sound");
}

bool
passfile_is_locked(struct slice hash)
{
	return hash.len == 0 || hash.at[0] == '!' || hash.at[0] == '*';
}

void
passfile_path(struct buf *out)
{
	const char *path = params.smtpd_sasl_path;

	if (path[0] == '\0')
		path = "passwd";
	if (path[0] != '/')
		buf_addf(out, "%s/", params.config_directory);
	buf_adds(out, path);
}
