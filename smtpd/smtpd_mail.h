/*
 * smtpd_mail - the transaction: MAIL, RCPT, DATA and the end of the data.
 *
 * smtpd_forget() is the one way out of a transaction; every command, error and
 * end of connection that ends one goes through it.
 *
 * The say functions obey a command and give the reply's code, or 0 where the
 * answer comes later; the hear functions say what came of it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#pragma once

#include "smtpd_session.h"

int smtpd_say_mail(struct smtpd_session *s, const char *args);
int smtpd_hear_mail(struct smtpd_session *s, struct smtpd_verdict v);
int smtpd_say_rcpt(struct smtpd_session *s, const char *args);
int smtpd_hear_rcpt(struct smtpd_session *s, struct smtpd_verdict v);
int smtpd_say_data(struct smtpd_session *s, const char *args);
int smtpd_hear_data(struct smtpd_session *s, struct smtpd_verdict v);
int smtpd_say_end(struct smtpd_session *s, const char *args);
int smtpd_hear_end(struct smtpd_session *s, struct smtpd_verdict v);

void smtpd_forget(struct smtpd_session *s);
