/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "local_place.h"

#include <string.h>

#include "addr.h"
#include "clock.h"
#include "fd.h"
#include "header.h"
#include "local_expand.h"
#include "param.h"
#include "str.h"
#include "table.h"
#include "wire.h"

#define PIECE     ((size_t)16384)
#define FILE_TIME (10 * MINUTE) /* to lock and write a mailbox */

static struct tables commands;

bool
local_place_open(const char **why)
{
	tables_free(&commands);
	return tables_open(&commands, params.mailbox_command_maps, why);
}

/* "" where his mail goes to no command. */
static enum found
find_command(struct arena *a, const struct local_user *who, const char **out)
{
	CLEAN_BUF struct buf value = { 0 };
	enum found f = who->root ? FOUND_NONE
				 : tables_get(&commands, who->name, &value);

	*out = who->root ? "" : params.mailbox_command;
	if (f == FOUND_ONE)
		*out = arena_strdup(a, buf_str(&value));
	return f;
}

bool
local_place_mailbox(struct arena *a, const struct local_user *who,
    struct msg_deliver *m)
{
	const char *spool = params.mail_spool_directory;
	const char *command;

	m->user = who->root ? params.default_privs : who->name;
	m->limit = (uint64_t)params.mailbox_size_limit;
	m->deadline = clock_mono() + FILE_TIME;
	if (find_command(a, who, &command) == FOUND_FAILED)
		return false;
	if (command[0] != '\0') {
		m->kind = DELIVER_COMMAND;
		m->target = command;
		m->deadline = clock_mono() + params.command_time_limit;
		return true;
	}
	if (!who->root && params.home_mailbox[0] != '\0')
		m->target = arena_printf(a, "%s/%s", who->home,
		    params.home_mailbox);
	else
		m->target = arena_printf(a, "%s%s%s%s", spool,
		    str_ends(spool, "/") ? "" : "/", who->name,
		    str_ends(spool, "/") ? "/" : "");
	m->kind = str_ends(m->target, "/") ? DELIVER_MAILDIR : DELIVER_MBOX;
	return true;
}

/* An address of the envelope on a line of its own, whatever is in it. */
static void
add_field(struct buf *out, const char *name, const char *address)
{
	CLEAN_BUF struct buf text = { 0 };

	addr_put_internal(&text, address);
	buf_addf(out, "%s: ", name);
	str_printable(out, buf_str(&text), text.len, text.len);
	buf_addc(out, '\n');
}

const char *
local_place_head(struct arena *a, const char *sender, const char *orig,
    const char *address)
{
	CLEAN_BUF struct buf out = { 0 };
	CLEAN_BUF struct buf from = { 0 };

	addr_put_internal(&from, sender);
	buf_adds(&out, "Return-Path: <");
	str_printable(&out, buf_str(&from), from.len, from.len);
	buf_adds(&out, ">\n");
	add_field(&out, "X-Original-To", orig[0] != '\0' ? orig : address);
	add_field(&out, "Delivered-To", address);
	return arena_strdup(a, buf_str(&out));
}

static void
put_var(struct arena *a, struct buf *out, const char *name, const char *value)
{
	char *text = arena_printf(a, "%s=%s", name, value);

	for (char *p = text + strlen(name) + 1; *p != '\0'; p++)
		if (!char_is_alpha(*p) && !char_is_digit(*p) &&
		    strchr("!@%-_=+:,./", *p) == NULL)
			*p = '_';
	wire_put_str(out, text);
}

void
local_place_env(struct arena *a, struct buf *out, const struct msg_job *m,
    const struct rec_job_rcpt *r, const char *user)
{
	/* A command's address is its command line: it acts for whom the mail
	 * was. */
	bool path = r->kind == RCPT_FILE || r->kind == RCPT_COMMAND;
	const char *address = path ? r->via : r->address;
	struct addr addr = addr_split(a, address);
	const char *base;
	const char *ext;

	local_split(a, addr.local, &base, &ext);
	if (str_eq_nocase(addr.local, user))
		ext = "";
	put_var(a, out, "LOCAL", addr.local);
	put_var(a, out, "DOMAIN", addr.domain);
	put_var(a, out, "EXTENSION", ext);
	put_var(a, out, "SENDER", m->sender);
	put_var(a, out, "RECIPIENT", address);
	put_var(a, out, "ORIGINAL_RECIPIENT",
	    r->orig[0] != '\0' ? r->orig : address);
	put_var(a, out, "CLIENT_ADDRESS", m->client_addr);
}

static bool
feed_part(struct header *h, int mail, uint64_t at, uint64_t len)
{
	CLEAN_BUF struct buf in = { 0 };

	while (len > 0 && h->end == HEADER_MORE) {
		size_t n = MIN(len, PIECE);

		if (fd_pread_all(mail, buf_room(&in, n), n, (off_t)at) < 0)
			return false;
		(void)header_feed(h, in.text, n); /* the rest is body */
		at += n;
		len -= n;
	}
	return true;
}

/* A small message in one go: its prepended fields lie behind its content. */
static bool
feed_small(struct header *h, int mail, const struct msg_job *m)
{
	CLEAN_BUF struct buf in = { 0 };
	size_t n = m->data_len + m->head_len;

	if (fd_pread_all(mail, buf_room(&in, n), n, (off_t)m->data_at) < 0)
		return false;
	(void)header_feed(h, in.text + m->data_len, m->head_len);
	(void)header_feed(h, in.text, m->data_len);
	return true;
}

static bool
feed(struct header *h, int mail, const struct msg_job *m)
{
	if (m->data_len <= PIECE && m->head_len <= PIECE - m->data_len &&
	    m->head_at == m->data_at + m->data_len)
		return feed_small(h, mail, m);
	return feed_part(h, mail, m->head_at, m->head_len) &&
	    feed_part(h, mail, m->data_at, m->data_len);
}

bool
local_place_was_here(const struct msg_job *m, int mail, const char *address,
    bool *trouble)
{
	CLEAN_HEADER struct header h = { 0 };
	struct header_field f;

	*trouble = !feed(&h, mail, m);
	header_finish(&h);

	struct slice rest = header_text(&h);
	while (header_next(&rest, &f)) {
		CLEAN_BUF struct buf value = { 0 };

		if (!header_is(&f, "Delivered-To"))
			continue;
		header_unfold(&value, f.value);
		if (slice_eq_nocase(slice_trim((struct slice){ buf_str(&value),
					value.len }),
			address))
			return true;
	}
	return false;
}
