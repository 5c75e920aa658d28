/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "scribe_line.h"

#include <inttypes.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "json.h"
#include "queueid.h"
#include "str.h"

#define STAMP_MAX 32
#define MICRO     1000000 /* of a second */

/* What a level is called: in front of the text, in JSON, and for syslog. */
static const struct level {
	const char *prefix;
	const char *word;
	int severity;
} levels[] = {
	[LOG_LEVEL_INFO] = { "", "info", LOG_INFO },
	[LOG_LEVEL_WARN] = { "warning: ", "warning", LOG_WARNING },
	[LOG_LEVEL_FATAL] = { "fatal: ", "fatal", LOG_CRIT },
	[LOG_LEVEL_PANIC] = { "panic: ", "panic", LOG_CRIT },
	[LOG_LEVEL_DEBUG] = { "debug: ", "debug", LOG_DEBUG },
};

/* The time of syslog, made once a second. */
static const char *
stamp(int64_t when)
{
	static char text[STAMP_MAX];
	static time_t made_for = -1;
	time_t t = (time_t)(when / MICRO);
	struct tm tm;

	if (t != made_for && localtime_r(&t, &tm) != NULL) {
		(void)strftime(text, sizeof(text), "%b %e %H:%M:%S", &tm);
		made_for = t;
	}
	return text;
}

/* The text as people read it. */
static void
put_text(struct buf *out, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, LOG_SEP);

		buf_add(out, text, n);
		if (text[n] == '\0')
			return;
		buf_adds(out, ", ");
		text += n + 1;
	}
}

static void
put_tail(struct buf *out, const struct line_source *from,
    const struct log_record *r)
{
	buf_addf(out, "%s[%" PRIu32 "]: %s", from->label, r->pid,
	    levels[r->level].prefix);
	put_text(out, r->text);
}

void
line_text(struct buf *out, const struct line_source *from,
    const struct log_record *r)
{
	buf_addf(out, "%s %s ", stamp(r->time), from->host);
	put_tail(out, from, r);
	buf_addc(out, '\n');
}

/* ---- JSON ---- */

static bool
is_key_char(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || c == '_' || c == '-';
}

/* The key of "key=value", or 0 where there is none. */
static size_t
key_len(struct slice part)
{
	size_t n = 0;

	while (n < part.len && is_key_char(part.at[n]))
		n++;
	return n < part.len && part.at[n] == '=' ? n : 0;
}

/* "<a@b>" without its brackets. */
static struct slice
bare(struct slice v)
{
	if (v.len >= 2 && v.at[0] == '<' && v.at[v.len - 1] == '>')
		return (struct slice){ v.at + 1, v.len - 2 };
	return v;
}

static void
put_pair(struct buf *out, const char **sep, struct slice key,
    struct slice value)
{
	buf_adds(out, *sep);
	json_put_text(out, key.at, key.len);
	buf_addc(out, ':');
	json_put_text(out, value.at, value.len);
	*sep = ",";
}

/* "status=sent (250 ok)" is a status and a reason. */
static struct slice
take_reason(struct slice *value)
{
	const char *open = memchr(value->at, ' ', value->len);
	struct slice reason = { "", 0 };
	size_t n;

	if (open == NULL || value->len < 3 || value->at[value->len - 1] != ')')
		return reason;
	n = (size_t)(open - value->at);
	if (n + 2 >= value->len || open[1] != '(')
		return reason;
	reason = (struct slice){ open + 2, value->len - n - 3 };
	value->len = n;
	return reason;
}

/* The key=value parts as an object. */
static void
put_fields(struct buf *out, struct slice rest)
{
	const char *sep = "";
	struct slice part;

	buf_adds(out, ",\"fields\":{");
	while (slice_next_part(&rest, LOG_SEP[0], &part)) {
		size_t n = key_len(part);
		struct slice key = { part.at, n };

		if (n == 0)
			continue;

		struct slice value = { part.at + n + 1, part.len - n - 1 };
		struct slice reason = take_reason(&value);
		put_pair(out, &sep, key, bare(value));
		if (reason.len > 0)
			put_pair(out, &sep, SLICE("reason"), reason);
	}
	buf_addc(out, '}');
}

static void
put_time(struct buf *out, int64_t when)
{
	char text[STAMP_MAX] = "";
	time_t t = (time_t)(when / MICRO);
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(out, "{\"v\":1,\"time\":\"%s.%03dZ\"", text,
	    (int)(when % MICRO / 1000));
}

/* The queue id that stands in front, or NULL; text goes behind it. */
static char *
take_id(const char **text)
{
	const char *colon = strstr(*text, ": ");
	char *id = colon != NULL ? strndup(*text, (size_t)(colon - *text))
				 : NULL;

	if (id != NULL && (queueid_valid(id) || str_eq(id, "NOQUEUE"))) {
		*text = colon + 2;
		return id;
	}
	free_str(&id);
	return NULL;
}

void
line_json(struct buf *out, const struct line_source *from,
    const struct log_record *r)
{
	CLEAN_BUF struct buf plain = { 0 };
	const char *slash = strrchr(from->label, '/');
	const char *text = r->text;
	CLEAN_STR char *id = take_id(&text);

	put_time(out, r->time);
	buf_adds(out, ",\"host\":");
	json_put_str(out, from->host);
	buf_adds(out, ",\"program\":");
	json_put_str(out, slash != NULL ? slash + 1 : from->label);
	buf_adds(out, ",\"label\":");
	json_put_str(out, from->label);
	buf_addf(out, ",\"pid\":%" PRIu32 ",\"level\":\"%s\"", r->pid,
	    levels[r->level].word);
	if (id != NULL) {
		buf_adds(out, ",\"id\":");
		json_put_str(out, id);
	}
	put_text(&plain, text);
	buf_adds(out, ",\"message\":");
	json_put_str(out, buf_str(&plain));
	put_fields(out, slice_of(text));
	buf_adds(out, "}\n");
}

void
line_syslog(struct buf *out, const struct line_source *from,
    const struct log_record *r, int facility, bool json)
{
	buf_addf(out, "<%d>%s ", facility | levels[r->level].severity,
	    stamp(r->time));
	if (!json) {
		put_tail(out, from, r);
		return;
	}
	buf_addf(out, "%s[%" PRIu32 "]: ", from->label, r->pid);
	line_json(out, from, r);
	buf_cut(out, out->len - 1); /* its newline */
}
