/*
 * param_rows - the table of parameters as data, and main.conf as it is written:
 * for param.c, mconf and the manual.  Everybody else needs param.h alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "arena.h"
#include "buf.h"
#include "str.h"

enum param_kind {
	PARAM_KIND_INT,
	PARAM_KIND_TIME,
	PARAM_KIND_SIZE,
	PARAM_KIND_BOOL,
	PARAM_KIND_ENUM,
	PARAM_KIND_WORDS,
	PARAM_KIND_LIST,
	PARAM_KIND_TABLES,
	PARAM_KIND_NAMES,
	PARAM_KIND_NETS,
	PARAM_KIND_PEERS,
	PARAM_KIND_RESTRICT,
	PARAM_KIND_PATH,
	PARAM_KIND_STR,
	PARAM_KIND_RAW,
	PARAM_KINDS,
};

/* Strings are as the administrator would write them; "" where a kind has no
 * such thing. */
struct param_row {
	const char *name;
	const char *def, *min, *max, *words, *text;
	size_t offset; /* in struct params */
	enum param_kind kind;
	char unit; /* of a time */
};

/* The row after this one, the first for NULL; NULL at the end. */
const struct param_row *param_next(const struct param_row *row);
#define PARAM_EACH(row)                                                   \
	for (const struct param_row *row = param_next(NULL); row != NULL; \
	     row = param_next(row))

/* The title of the section that begins with this row, else NULL. */
const char *param_heading(const struct param_row *row);

const struct param_row *param_find(const char *name);

/* The row that rules a TRANSPORT_suffix name, or NULL; and the one of a mere
 * suffix. */
const struct param_row *param_find_transport(const char *name);
const struct param_row *param_find_suffix(const char *suffix);

/* The suffixes that may follow TRANSPORT_, NULL at the end. */
extern const char *const param_suffixes[];

/* The parameter whose name is most like this one, or NULL. */
const char *param_nearest(const char *name);

/* Whether the (expanded) value is right for the row; the number of a number,
 * time, size or bool goes to *number.  False: why says what is wrong and what
 * would be right. */
MUST_CHECK bool param_check(const struct param_row *row, const char *value,
    int64_t *number, struct buf *why);

/* ---- the files as they are written ---- */

struct setting {
	const char *section; /* "" outside of sections */
	const char *name;    /* "" for the section's own line */
	const char *value;
	const char *file; /* "main.conf" */
	size_t line;
};

struct settings {
	struct setting *at;
	size_t n;
};

/* Takes the text of a file apart; strings go to the arena.  False with lines in
 * `errors` where one is malformed; the others are there all the same. */
MUST_CHECK bool settings_parse(struct arena *a, const char *file,
    struct slice text, bool sections, struct settings *out, struct buf *errors);

/* The same for DIR/file. */
MUST_CHECK bool settings_read(struct arena *a, const char *dir,
    const char *file, bool sections, struct settings *out, struct buf *errors);

/* The last setting of that name in that section, or NULL. */
const struct setting *settings_find(const struct settings *s,
    const char *section, const char *name);

/* ---- what is in force ---- */

/* The parameters as one service sees them: its own settings, then main.conf,
 * then the defaults. */
struct param_view {
	struct arena *arena;
	const char *conf_dir;
	struct settings main;
	struct settings own;
	const char *section; /* of own */
	const char *host;    /* the default of myhostname, once it was asked */
	unsigned int depth, steps;
	struct buf trouble; /* why an expansion failed */
};

/* Reads DIR/main.conf and, with a section, DIR/master.conf, and checks every
 * setting.  False with a line for each that is wrong; the view can be used (and
 * must be closed) all the same. */
MUST_CHECK bool param_view_open(struct param_view *v, struct arena *a,
    const char *conf_dir, const char *section, struct buf *errors);
void param_view_close(struct param_view *v);

/* Where the row is set, or NULL for its default. */
const struct setting *param_view_setting(const struct param_view *v,
    const char *name);

/* The value as it was written, or the default with what must be computed. */
const char *param_view_raw(struct param_view *v, const struct param_row *row);

/* The same with every $name expanded (but for PARAM_RAW); false with
 * v->trouble. */
MUST_CHECK bool param_view_value(struct param_view *v,
    const struct param_row *row, struct buf *out);

/* Any text, expanded. */
MUST_CHECK bool param_view_expand(struct param_view *v, const char *raw,
    struct buf *out);

/* The default of a row whose default must be computed; else row->def. */
const char *param_default(struct param_view *v, const struct param_row *row);

/* Checks that the setting names a parameter and has a right value; appends
 * "file:line: name: ..." to errors otherwise. */
MUST_CHECK bool param_check_setting(struct param_view *v,
    const struct setting *s, struct buf *errors);

/* ---- master.conf ---- */

/* True for program, listen and the other keys that are no parameters. */
bool service_is_key(const char *name);
