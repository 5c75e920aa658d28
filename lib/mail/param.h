/*
 * param - main.conf and master.conf, read and checked whole.
 *
 * param.def is the only place where a parameter is named; this header makes the
 * struct of it.  `params` is filled once at the start of a process and never
 * changes: a reload starts new processes.
 *
 * Before a configuration takes force, param_load(), services_load() and
 * param_check_files() must all agree to it; their errors are for the user.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"
#include "str.h"

/* Times are in milliseconds, sizes in bytes; a string or list is expanded (but
 * for RAW), never NULL; an enum is its word. */
struct params {
#define PARAM_SECTION(title)
#define PARAM_INT(name, def, min, max, text)        int64_t name;
#define PARAM_TIME(name, unit, def, min, max, text) int64_t name;
#define PARAM_SIZE(name, def, min, max, text)       int64_t name;
#define PARAM_BOOL(name, def, text)                 bool name;
#define PARAM_ENUM(name, def, words, text)          const char *name;
#define PARAM_WORDS(name, def, words, text)         const char *name;
#define PARAM_LIST(name, def, text)                 const char *name;
#define PARAM_TABLES(name, def, text)               const char *name;
#define PARAM_NAMES(name, def, text)                const char *name;
#define PARAM_NETS(name, def, text)                 const char *name;
#define PARAM_PEERS(name, def, text)                const char *name;
#define PARAM_RESTRICT(name, def, text)             const char *name;
#define PARAM_PATH(name, def, text)                 const char *name;
#define PARAM_STR(name, def, text)                  const char *name;
#define PARAM_RAW(name, def, text)                  const char *name;
#include "param.def"
};

extern struct params params;

/* Where the configuration is: -c DIR, else $POSTHOUSE_CONF, else the built-in
 * folder. */
const char *param_conf_dir(const char *option);

/* Reads DIR/main.conf into params, then the settings of the service's section
 * of DIR/master.conf on top (service may be NULL).  False with all errors in
 * `errors`, a line each: "main.conf:12: message_size_limit: ..."; params is
 * then not to be used. */
MUST_CHECK bool param_load(const char *conf_dir, const char *service,
    struct buf *errors);

/* Whether every table, list and file that the parameters name (those of
 * services too) can be opened.  False with a line for each that cannot. */
MUST_CHECK bool param_check_files(const char *conf_dir, struct buf *errors);

/* The value of TRANSPORT_suffix where that is set, else of default_suffix or of
 * suffix; milliseconds or a number.  The suffix is one of those that
 * param_rows.h lists: "destination_concurrency_limit" ... */
int64_t param_for_transport(const char *transport, const char *suffix);

/* True where one of the words of a PARAM_WORDS (or of any list) is this one. */
bool param_has_word(const char *list, const char *word);

/* Expands the $names of a PARAM_RAW, asking `value` for each (a name without a
 * value is NULL, which is an error; "" is a value).  False with why. */
typedef const char *param_value_fn(void *arg, struct slice name);
MUST_CHECK bool param_expand_with(const char *raw, param_value_fn *value,
    void *arg, struct buf *out, const char **why);

/* ---- master.conf ---- */

struct service {
	const char *name; /* of the section */
	const char *program;
	const char *listen;                /* list, "" where there is none */
	const char *user, *group, *chroot; /* "" for the default */
	int64_t processes;                 /* 0: auto */
	bool enabled;
	const char *overrides; /* "name=value" lines for params */
};

struct services {
	struct service *at;
	size_t n;
	struct arena *strings; /* what the services point to */
};

/* The sections of DIR/master.conf in their order, checked (unknown program, bad
 * listen, unknown parameter). */
MUST_CHECK bool services_load(const char *conf_dir, struct services *out,
    struct buf *errors);
void services_free(struct services *s);

/* One item of a service's `listen`. */
struct listen_item {
	char name[64]; /* of unix:NAME, else "" */
	char addr[46]; /* of inet:, numeric; "" is all of inet_interfaces */
	uint16_t port;
};

/* "inet:25", "inet:10.0.0.1:25", "inet:[::1]:25", "unix:NAME". */
MUST_CHECK bool listen_parse(struct slice text, struct listen_item *out,
    const char **why);
