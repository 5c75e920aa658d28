/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "report_mail.h"

#include "addr.h"
#include "base64.h"
#include "clock.h"
#include "date.h"
#include "param.h"

#define BASE64_LINE ((size_t)76)

void
report_mail_file(struct buf *out, const struct report_form *form,
    const struct report_due *due)
{
	buf_addf(out, "%s!%s!%lld!%lld.%s.gz", params.myhostname, due->domain,
	    (long long)(due->begin / SECOND),
	    (long long)(due->end / SECOND - 1), form->extension);
}

static void
put_fields(struct buf *out, const struct report_letter *l)
{
	CLEAN_BUF struct buf to = { 0 };

	addr_put_internal(&to, l->to);
	buf_addf(out, "From: %s\r\nTo: %s\r\n", params.report_sender,
	    buf_str(&to));
	buf_addf(out,
	    "Subject: Report Domain: %s\r\n\tSubmitter: %s\r\n"
	    "\tReport-ID: <%s>\r\n",
	    l->due->domain, params.myhostname, l->id);
	buf_adds(out, "Date: ");
	date_put(out, l->now);
	buf_addf(out, "\r\nMessage-ID: <%s@%s>\r\n", l->mail_id,
	    params.myhostname);
	if (l->due->kind == REPORT_TLS)
		buf_addf(out,
		    "TLS-Report-Domain: %s\r\nTLS-Report-Submitter: %s\r\n"
		    "TLS-Required: No\r\n",
		    l->due->domain, params.myhostname);
	buf_adds(out,
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

static void
put_base64(struct buf *out, struct slice bytes)
{
	CLEAN_BUF struct buf text = { 0 };

	base64_put(&text, bytes.at, bytes.len);
	for (size_t at = 0; at < text.len; at += BASE64_LINE) {
		buf_add(out, text.text + at, MIN(BASE64_LINE, text.len - at));
		buf_adds(out, "\r\n");
	}
}

void
report_mail_write(struct buf *out, const struct report_letter *l)
{
	const char *id = l->mail_id; /* no line of the parts begins with it */

	put_fields(out, l);
	if (l->form->name != NULL)
		buf_addf(out,
		    "Content-Type: multipart/report;\r\n"
		    "\treport-type=\"%s\";\r\n\tboundary=\"=_%s\"\r\n\r\n",
		    l->form->name, id);
	else
		buf_addf(out,
		    "Content-Type: multipart/mixed;\r\n"
		    "\tboundary=\"=_%s\"\r\n\r\n",
		    id);
	buf_addf(out,
	    "--=_%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n%s\r\n"
	    "Domain: %s\r\nSubmitter: %s\r\nReport-ID: %s\r\n\r\n",
	    id, l->form->text, l->due->domain, params.myhostname, l->id);
	buf_addf(out,
	    "--=_%s\r\nContent-Type: %s\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment;\r\n\tfilename=\"",
	    id, l->form->type);
	report_mail_file(out, l->form, l->due);
	buf_adds(out, "\"\r\n\r\n");
	put_base64(out, l->packed);
	buf_addf(out, "--=_%s--\r\n", id);
}
