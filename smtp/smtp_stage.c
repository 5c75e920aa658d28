/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "smtp_stage.h"

static const struct {
	const char *command, *doing;
} names[SMTP_STAGES] = {
	[SMTP_GREETING] = { "greeting",
	    "receiving the initial server greeting" },
	[SMTP_EHLO] = { "EHLO command", "performing the EHLO handshake" },
	[SMTP_HELO] = { "HELO command", "performing the HELO handshake" },
	[SMTP_STARTTLS] = { "STARTTLS command",
	    "performing the TLS handshake" },
	[SMTP_AUTH] = { "AUTH command", "performing the AUTH handshake" },
	[SMTP_READY] = { "nothing", "waiting for a message" },
	[SMTP_MAIL] = { "MAIL FROM command", "sending MAIL FROM" },
	[SMTP_RCPT] = { "RCPT TO command", "sending RCPT TO" },
	[SMTP_DATA] = { "DATA command", "sending DATA command" },
	[SMTP_BODY] = { "end of DATA command",
	    "sending end of data -- message may be sent more than once" },
	[SMTP_ETRN] = { "ETRN command", "sending ETRN" },
	[SMTP_RSET] = { "RSET command", "sending RSET" },
};

const char *
smtp_stage_command(enum smtp_stage stage)
{
	return names[stage].command;
}

const char *
smtp_stage_doing(enum smtp_stage stage)
{
	return names[stage].doing;
}
