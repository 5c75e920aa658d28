/*
 * param - main.conf, read and checked whole.
 *
 * param.def is the only place where a parameter is named; this header makes the
 * struct of it.  `params` is filled once at the start of a process and never
 * changes: a reload starts new processes.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

/* Times are in milliseconds, sizes in bytes; a str or list is expanded, never
 * NULL; an enum is its word. */
struct params {
#define PARAM_SECTION(title)
#define PARAM_INT(name, def, min, max, text)        int64_t name;
#define PARAM_TIME(name, unit, def, min, max, text) int64_t name;
#define PARAM_SIZE(name, def, min, max, text)       int64_t name;
#define PARAM_BOOL(name, def, text)                 bool name;
#define PARAM_STR(name, def, text)                  const char *name;
#define PARAM_LIST(name, def, text)                 const char *name;
#define PARAM_ENUM(name, def, words, text)          const char *name;
#include "param.def"
};

extern struct params params;

/* Where the configuration is: -c DIR, else $POSTHOUSE_CONF, else the built-in
 * folder. */
const char *param_conf_dir(const char *option);

/* Reads DIR/main.conf into params, then the settings of the service's section
 * of DIR/master.conf on top (service may be NULL).  False with the errors in
 * `errors`, a line each: "main.conf:12: message_size_limit: ...". */
MUST_CHECK bool param_load(const char *conf_dir, const char *service,
    struct buf *errors);

/* TRANSPORT_name where it is set in main.conf, else the value of
 * default_name (destination limits, section "Queue"); milliseconds or a
 * number. */
int64_t param_for_transport(const char *transport, const char *suffix);

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
};

/* The sections of DIR/master.conf in their order, checked (unknown program, bad
 * listen, unknown parameter). */
MUST_CHECK bool services_load(const char *conf_dir, struct services *out,
    struct buf *errors);
void services_free(struct services *s);
