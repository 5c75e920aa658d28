/*
 * crash - a process that is stopped at the N-th system call that changes
 * something.
 *
 *	for (uint64_t n = 1; !done; n++) {
 *		crash_start(&c, n, victim);
 *		while (crash_step(&c))
 *			talk to it, without blocking
 *		look at what it left
 *	}
 *
 * The victim is a fork of the test, traced with ptrace(2), all its threads
 * included.  It dies in front of the call, so what is on disk is what a kill at
 * any moment since the call before would have left.
 *
 * With CRASH_DEVICE in the environment (an ext4 file system on a loop device)
 * the queue lies there, and the crash is one of the machine: the file system
 * is shut down first, as by a power cut (EXT4_IOC_SHUTDOWN), and mounted again
 * after.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include <sys/types.h>

#include "util.h"

struct crash {
	pid_t pid;
	uint64_t at;    /* the call in front of which it dies; 0: never */
	uint64_t calls; /* so far */
	bool crashed;   /* it did */
};

/* Makes the folder (or mounts the device) and gives its descriptor; the path is
 * known by crash_path(). */
int crash_world(void);
const char *crash_path(void);
bool crash_has_disk(void);

/* Calls between two tests: 1 unless CRASH_STEP says otherwise. */
uint64_t crash_stride(void);

void crash_start(struct crash *c, uint64_t at, void (*victim)(void));

/* Lets it run on for a moment; false once it is dead. */
bool crash_step(struct crash *c);

/* Ends it: the test is satisfied. */
void crash_end(struct crash *c);

/* After the death: gives a fresh descriptor of the queue, which is what a start
 * of the machine finds. */
int crash_restart(void);

/* Empties the folders of the queue, and closes the descriptor. */
void crash_clean(int queue);

/* Unmounts, removes. */
void crash_world_end(void);
