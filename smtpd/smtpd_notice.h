/*
 * smtpd_notice - the postmaster is told of sessions in which something went
 * wrong, where notify_classes say so.
 *
 * The notice holds what was said: for policy and protocol the whole session,
 * which is kept from its beginning then; for resource and software, which are
 * rare and wanted by default, from the fault on, so that a session in which
 * nothing goes wrong pays nothing.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "buf.h"

struct smtpd_conn;
struct smtpd_session;

/* Classes of notify_classes. */
enum smtpd_fault {
	SMTPD_FAULT_POLICY,   /* a restriction or limit refuses */
	SMTPD_FAULT_PROTOCOL, /* the client does not speak SMTP */
	SMTPD_FAULT_RESOURCE, /* disk, memory, a table or program not there */
	SMTPD_FAULT_SOFTWARE, /* a mistake of ours, or in the configuration */
	SMTPD_FAULTS,
};

/* Reads the parameter. */
void smtpd_notice_open(void);

/* A session begins, which is no local program's. */
void smtpd_notice_begin(struct smtpd_session *s);

/* That reply is about to be said. */
void smtpd_notice_fault(struct smtpd_session *s, int code, const char *status);

/* The session is over: sends a notice where one is wanted. */
void smtpd_notice_send(const struct smtpd_conn *c);

/* What a notice says, header and all. */
void smtpd_notice_text(struct buf *out, const struct smtpd_session *s);
