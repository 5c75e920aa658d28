/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "chan.h"
#include "clock.h"
#include "mqueue.h"
#include "num.h"
#include "param.h"
#include "qline.h"
#include "str.h"
#include "tool.h"

#define PATIENCE MINUTE
#define IDS_ROOM ((size_t)65536) /* of arguments in one question */

static int sock = -1;

bool
ask_open(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	CLEAN_BUF struct buf path = { 0 };
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	buf_addf(&path, "%s/queue", params.run_directory);
	if (fd < 0 ||
	    !str_copy(to.sun_path, sizeof(to.sun_path), buf_str(&path)))
		tool_fail(EX_OSERR, "%s: cannot be used: %s", buf_str(&path),
		    fd < 0 ? strerror(errno) : "too long");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return false;
		tool_fail(EX_UNAVAILABLE, "%s: %s", buf_str(&path),
		    strerror(errno));
	}
	sock = TAKE_FD(fd);
	return true;
}

static NORETURN void
lost(const char *why)
{
	tool_fail(EX_TEMPFAIL, "the queue manager: %s: try again", why);
}

static void
send_ask(const char *verb, const struct buf *args)
{
	CLEAN_BUF struct buf packet = { 0 };
	struct msg_q_ask m = {
		.verb = verb,
		.args = { buf_str(args), args->len },
	};

	msg_put_q_ask(&packet, &m);
	if (chan_send_now(sock, &packet, -1) < 0)
		lost(strerror(errno));
}

struct hear {
	void (*line)(void *arg, uint8_t kind, struct slice fields);
	void *arg;
	uint64_t done;
};

/* One packet of the answer; false after the last, whose code goes to *code. */
static bool
hear_one(struct hear *h, int *code)
{
	CLEAN_BUF struct buf packet = { 0 };
	CLEAN_FD int fd = -1;
	struct msg_q_line line;
	struct msg_q_done done;
	int64_t n;

	if (chan_get_now(sock, &packet, &fd, PATIENCE) < 0)
		lost(strerror(errno));
	struct wire w = wire_open(packet.text, packet.len);
	uint32_t type = wire_get_u32(&w);
	if (type == MSG_q_line && msg_get_q_line(&line, w.at, w.left)) {
		if (h->line != NULL)
			h->line(h->arg, line.kind, line.fields);
		return true;
	}
	if (type != MSG_q_done || !msg_get_q_done(&done, w.at, w.left))
		lost("answers nonsense");
	*code = (int)done.exit;
	if (done.exit != EX_OK)
		tool_say("%s", done.text);
	else if (num_parse(done.text, 0, INT64_MAX, &n))
		h->done += (uint64_t)n;
	return false;
}

static int
hear(struct hear *h)
{
	int code = EX_OK;

	while (hear_one(h, &code))
		continue;
	return code;
}

struct collect {
	struct item item;
	bool any;
	item_fn *fn;
	void *arg;
};

static void
give_item(struct collect *c)
{
	if (c->any)
		c->fn(c->arg, &c->item);
	c->any = false;
}

static void
on_line(void *arg, uint8_t kind, struct slice fields)
{
	struct collect *c = arg;
	bool good = true;

	if (kind == QLINE_MAIL) {
		give_item(c);
		good = item_begin(&c->item, fields);
		c->any = true;
	} else if (kind == QLINE_RCPT) {
		good = c->any && item_add(&c->item, fields);
	}
	if (!good)
		lost("answers nonsense");
}

int
ask_list(const struct ids *ids, item_fn *fn, void *arg)
{
	struct collect c = { .fn = fn, .arg = arg };
	struct hear h = { .line = on_line, .arg = &c };
	CLEAN_BUF struct buf args = { 0 };
	int code = EX_OK;

	for (size_t i = 0; i < ids->n && code == EX_OK; i++) {
		wire_put_str(&args, ids->at[i].text);
		if (args.len < IDS_ROOM && i + 1 < ids->n)
			continue;
		send_ask("list", &args);
		code = hear(&h);
		buf_reset(&args);
	}
	if (ids->n == 0) {
		send_ask("list", &args);
		code = hear(&h);
	}
	give_item(&c);
	item_free(&c.item);
	return code;
}

int
ask_do(const char *verb, char *const *list, size_t n, uint64_t *done)
{
	struct hear h = { 0 };
	CLEAN_BUF struct buf args = { 0 };
	int code = EX_OK;

	for (size_t i = 0; i <= n && code == EX_OK; i++) {
		if (i < n)
			wire_put_str(&args, list[i]);
		if (i + 1 < n && args.len < IDS_ROOM)
			continue;
		if (i == n && n > 0)
			break;
		send_ask(verb, &args);
		code = hear(&h);
		buf_reset(&args);
	}
	*done = h.done;
	return code;
}

struct text_arg {
	void (*fn)(void *arg, const char *line);
	void *arg;
};

static void
on_text(void *arg, uint8_t kind, struct slice fields)
{
	struct text_arg *t = arg;
	struct wire w = wire_open(fields.at, fields.len);
	const char *text = wire_get_str(&w);

	if (kind != QLINE_TEXT || !wire_done(&w))
		lost("answers nonsense");
	t->fn(t->arg, text);
}

int
ask_lines(const char *verb, void (*fn)(void *arg, const char *line), void *arg)
{
	struct text_arg t = { fn, arg };
	struct hear h = { .line = on_text, .arg = &t };
	static const struct buf none;

	send_ask(verb, &none);
	return hear(&h);
}
