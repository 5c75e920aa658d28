/*
 * The master's state: generations of services, their processes, and what stays
 * over a reload.
 *
 *	master
 *	 ├ sockets: those that listen, by address
 *	 ├ logpipes: one a service name
 *	 └ generations, newest last
 *	    └ units: the services of master.conf
 *	       └ procs: their processes
 *
 * Everything here is created and freed by the module that is named beside it;
 * others read.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/types.h>

#include "chan.h"
#include "list.h"
#include "loop.h"
#include "master_backoff.h"
#include "master_said.h"
#include "msg.h"
#include "param.h"

/* What master keeps of main.conf, because a failing reload spoils `params`
 * (master_conf.c). */
struct conf {
	char *run_directory;
	char *queue_directory;
	char *data_directory;
	char *maillog_file;
	char *syslog_name;
	char *inet_interfaces;
	char *inet_protocols;
	struct services services;
};

/* A log socket, kept over restarts and reloads (master_log.c). */
struct logpipe {
	struct list link;
	char *service;
	char *label; /* "posthouse/smtpd" */
	int reader, writer;
};

/* A socket that listens (master_socket.c). */
struct listener {
	struct list link;
	char *address; /* "inet:0.0.0.0:25", "unix:queue" */
	char *path;    /* of unix:, else NULL */
	int fd;
	bool wanted; /* by the newest configuration */
};

/* A service of one generation (master_generation.c). */
struct unit {
	struct list link;
	struct list procs;
	struct generation *gen;
	struct logpipe *log;
	char *name;      /* the section */
	char *program;   /* the file */
	char *peer_name; /* what peers know it by: an agent's transport */
	char **listens;  /* addresses, ends in NULL */
	enum role role;
};

enum proc_state {
	PROC_DOWN,     /* waits for its restart */
	PROC_STARTING, /* not confined yet */
	PROC_READY,    /* confined */
	PROC_WORKING,  /* was told to go */
	PROC_DRAINING,
};

/* A process (master_proc.c). */
struct proc {
	struct list link;
	struct unit *unit;
	struct chan control;
	struct loop_timer restart;
	struct backoff backoff;
	struct said said; /* its standard error */
	enum proc_state state;
	pid_t pid;       /* 0 while down */
	uint32_t slot;   /* no other running process has it */
	int64_t since;   /* start, wall clock */
	int64_t began;   /* the same, monotonic */
	int64_t heard;   /* last pong, monotonic */
	bool aborted;    /* for its silence; next it is killed */
	uint32_t starts; /* how often it was started */
	uint32_t busy;   /* from the last pong */
	char *status;    /* the same */
	bool exited;     /* reaped; freed at the end of the round */
};

enum gen_state {
	GEN_STARTING, /* not all of its processes are confined */
	GEN_TAKEOVER, /* the old qmgr is telling what it has in hand */
	GEN_RUNNING,
	GEN_DRAINING,
	GEN_FAILED, /* being killed: it did not start */
};

struct generation {
	struct list link;
	struct list units;
	struct conf conf;
	enum gen_state state;
	uint32_t number;
	struct loop_timer limit; /* of the start or the takeover */
	struct buf said;         /* why it does not start */
	struct chan *asker;      /* who wanted the reload, or NULL */
	struct buf in_hand;      /* packets ctl_busy of its draining qmgr, each
				    counted by 32 bits in front */
	int exit; /* of a failed start: what `posthouse start` ends with */
};

enum master_state {
	MASTER_STARTING,
	MASTER_RUNNING,
	MASTER_STOPPING,
};

struct master {
	enum master_state state;
	struct list generations;
	struct list listeners;
	struct list logpipes;
	const char *conf_dir;
	int lock;      /* the pid file */
	int told;      /* the pipe to `posthouse start`, or -1 */
	bool detached; /* or is to be: standard output is nobody's */
	int64_t since; /* wall clock */
	int code;      /* to exit with */
	uint32_t reloads;
};

extern struct master master;

/* The newest generation that works or is to work, or NULL. */
struct generation *master_newest(void);

/* What happens to the whole: called by the modules (master.c). */
void master_started(const struct generation *g);
void master_start_failed(struct generation *g);
void master_reload(struct chan *asker);
void master_stop(void);
