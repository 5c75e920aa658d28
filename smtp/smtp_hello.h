/*
 * smtp_hello - the first part of the client's dialogue: greeting, EHLO, and TLS
 * where the policy and the host want it; smtp_client.c goes on from there.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtp_client.h"

/* A say appends a command and gives what to say next; a hear takes c->reply and
 * gives what to hear next. */
typedef enum smtp_stage say_fn(struct smtp_client *c);
typedef enum smtp_stage hear_fn(struct smtp_client *c);

say_fn smtp_say_ehlo, smtp_say_helo, smtp_say_starttls;
hear_fn smtp_hear_greeting, smtp_hear_ehlo, smtp_hear_helo, smtp_hear_starttls;

/* ---- smtp_client.c ---- */

/* Says QUIT and wishes to close; closes without it. */
void smtp_say_quit(struct smtp_client *c);
void smtp_say_no_more(struct smtp_client *c);

/* What stands in the output from there on goes into the trace. */
void smtp_trace_said(struct smtp_client *c, size_t from);

/* The host is ready: the mail, if there is one. */
enum smtp_stage smtp_begin_mail(struct smtp_client *c);
