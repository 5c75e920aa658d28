/*
 * smtp_stage - the stages of the client's dialogue, and how logs and
 * notifications name them (in Postfix's words, which people search for).
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

enum smtp_stage {
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_STARTTLS,
	SMTP_AUTH,
	SMTP_READY, /* between messages */
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BODY,
	SMTP_RSET,
	SMTP_ETRN, /* in place of a mail */
	SMTP_STAGES,
};

/* "MAIL FROM command": what a reply is to. */
const char *smtp_stage_command(enum smtp_stage stage);

/* "sending MAIL FROM": what was under way when the connection ended. */
const char *smtp_stage_doing(enum smtp_stage stage);
