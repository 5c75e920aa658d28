/*
 * program - how every program of ours starts, runs and ends.
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		program_start(ROLE_SMTP, argc, argv);   parameters, log, control
 *		dns_start();                            what needs a right
 *		program_confine();                      the rights table's row
 *		program_run(&calls);                    ready, loop, drain, exit
 *	}
 *
 * master starts a program as root with descriptor 3 the control channel, 4 the
 * log socket and 5 the lock of the instance (held, never used: nobody can start
 * the instance anew while one of its programs is left), in argv `-c DIR -s
 * SERVICE -n SLOT`.  program_start() reads the parameters (with those of the
 * service's section); program_confine() gives up every right that the program's
 * row in the rights table (rights.h) does not name, and cannot be undone.
 *
 * program_start() makes the loop, so timers and watches may be set from then
 * on.  Until program_run() what is logged goes to standard error too, from
 * where master hands it to whoever asked for the start.
 *
 * In program_run() ctl_ready is sent; channels and listening sockets arrive
 * from master and are handed to the callbacks; pings are answered.  Draining:
 * after drain() a program takes nothing new and ends by itself (program_end())
 * when busy() gives 0 and every channel in `feeders` is closed.  SIGTERM ends
 * it at once.
 *
 * Ends in log_fatal where the parameters or rights are not as they must be, and
 * exits quietly when master is gone and the work is over.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "chan.h"
#include "msg.h"

#define PROGRAM_CONTROL 3
#define PROGRAM_LOG     4
#define PROGRAM_LOCK    5

struct program_calls {
	/* Rules for what others send us; role bits say who may send what. */
	const struct chan_rule *rules;
	size_t n_rules;

	/* A channel to (or from) another program; c->owner is free for use, and
	 * c->name is the name of its section in master.conf, for smtp and local
	 * that of the transport.  The chan lives until peer_ended() returns. */
	void (*peer)(struct chan *c);
	void (*peer_ended)(struct chan *c);

	/* Accept on this (non-blocking, listening). */
	void (*listen)(int fd, const char *address);

	/* All of the first channels and sockets are here. */
	void (*go)(void);

	/* Take nothing new. */
	void (*drain)(void);

	/* Work in hand: 0 lets a draining program end.  NULL: never any. */
	uint32_t (*busy)(void);

	/* A word for `posthouse status`; may be NULL. */
	void (*status)(struct buf *out);

	/* Control messages that only some programs get (ctl_busy, ctl_free,
	 * ctl_logfile, ctl_logpipe, ctl_file, ctl_connected); may be
	 * NULL. */
	bool (*control)(struct chan *c, uint32_t type, const void *body,
	    size_t len, int fd);

	/* Bits of the roles whose channels keep a draining program alive. */
	uint32_t feeders;
};

/* The role is that of the program in most sections (role_of()). */
void program_start(enum role role, int argc, char **argv);
enum role program_role(void);
void program_confine(void);
NORETURN void program_run(const struct program_calls *calls);

/* Ends the process in order now: flushes channels and log. */
NORETURN void program_end(int code);

/* The service's name in master.conf, and a number that no other running process
 * of the instance has (for queue ids). */
const char *program_service(void);
uint32_t program_slot(void);
/* From go() on: the whole system starts; not a reload, and this program has not
 * died since. */
bool program_first(void);

/* Before confinement: whether master.conf has a section that is enabled and has
 * that role. */
bool program_has_section(enum role role);

/* Before confinement: calls fn for each enabled section that runs the program,
 * with the parameters as they are for it; they are our own again afterwards. */
void program_services(const char *program, void (*fn)(const char *service));

/* master tells us by ctl_file when this file has become another one.  While
 * root's rights are there: later master takes no names from us. */
void program_watch(const char *path);

bool program_draining(void);

/* With program_draining(): the whole system stops.  May come later: what drains
 * for a reload can yet be told to stop. */
bool program_stopping(void);

/* The control channel, for what a program has to tell master. */
struct chan *program_control(void);

/* The newest channel to a program of that role, or NULL; and all of them. */
struct chan *program_peer(enum role role);
struct chan *program_next_peer(enum role role, struct chan *after);
