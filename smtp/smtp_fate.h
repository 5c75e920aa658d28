/*
 * smtp_fate - what the host's reply, or its silence, means for the recipients.
 * Inner part of smtp_client.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_client.h"

/* "host H said: 450 ... (in reply to RCPT TO command)", of the reply that is
 * being heard. */
const char *smtp_fate_said(struct smtp_client *c);

/* What a refusal by that code means (smtp_reply_refusal()): where our
 * certificate could not be shown, nothing is refused for good. */
enum outcome smtp_fate_refusal(struct smtp_client *c, int code,
    char status[DSN_STATUS_MAX]);

/* For all who are left, where there is a mail at all; tls: the host is not what
 * the policy asks for. */
void smtp_fate_rest(struct smtp_client *c, enum outcome outcome,
    const char *status, const char *text);
void smtp_fate_tls(struct smtp_client *c, const char *status, const char *text);
void smtp_fate_refuse_rest(struct smtp_client *c);
void smtp_fate_accept_rest(struct smtp_client *c);

/* For one: the reply refuses him; it is all that a probe wants to know; it is
 * the answer to ETRN. */
void smtp_fate_refuse(struct smtp_client *c, struct smtp_rcpt *r);
void smtp_fate_probe(struct smtp_client *c, struct smtp_rcpt *r);
void smtp_fate_etrn(struct smtp_client *c, struct smtp_rcpt *r);
