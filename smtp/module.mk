# Sources of smtp, in reading order.
phlibexec_PROGRAMS += smtp/smtp
smtp_smtp_SOURCES = smtp/smtp.c
smtp_smtp_LDADD = smtp/libsmtp.a $(LDADD)
noinst_LIBRARIES += smtp/libsmtp.a
smtp_libsmtp_a_SOURCES = \
	smtp/smtp_reply.h smtp/smtp_reply.c \
	smtp/smtp_content.h smtp/smtp_content.c \
	smtp/smtp_stage.h smtp/smtp_stage.c \
	smtp/smtp_offer.h smtp/smtp_offer.c \
	smtp/smtp_mail.h smtp/smtp_mail.c \
	smtp/smtp_verdict.h smtp/smtp_verdict.c \
	smtp/smtp_client.h smtp/smtp_fate.h smtp/smtp_fate.c \
	smtp/smtp_hello.h smtp/smtp_hello.c \
	smtp/smtp_auth.h smtp/smtp_auth.c smtp/smtp_client.c \
	smtp/smtp_outcome.h smtp/smtp_outcome.c \
	smtp/smtp_anchor.h smtp/smtp_anchor.c \
	smtp/smtp_plan.h smtp/smtp_plan.c \
	smtp/smtp_resume.h smtp/smtp_resume.c \
	smtp/smtp_cert.h smtp/smtp_cert.c \
	smtp/smtp_tls.h smtp/smtp_tls.c \
	smtp/smtp_sts.h smtp/smtp_sts.c \
	smtp/smtp_result.h smtp/smtp_result.c \
	smtp/smtp_login.h smtp/smtp_login.c \
	smtp/smtp_socket.h smtp/smtp_socket.c \
	smtp/smtp_conn.h smtp/smtp_conn.c \
	smtp/smtp_request.h smtp/smtp_request.c \
	smtp/smtp_generic.h smtp/smtp_generic.c \
	smtp/smtp_forward.h smtp/smtp_forward.c \
	smtp/smtp_job.h smtp/smtp_job.c \
	smtp/smtp_probe.h smtp/smtp_probe.c \
	smtp/smtp_backup.h smtp/smtp_backup.c \
	smtp/smtp_etrn.h smtp/smtp_etrn.c
check_PROGRAMS += t/check_smtp_generic
t_check_smtp_generic_LDADD = smtp/libsmtp.a $(LDADD)
check_PROGRAMS += t/check_smtp_auth
t_check_smtp_auth_LDADD = smtp/libsmtp.a $(LDADD)
check_PROGRAMS += t/check_smtp_reply t/check_smtp_mime t/check_smtp_content \
	t/check_smtp_client t/check_smtp_job t/check_smtp_verdict \
	t/check_smtp_tls
t_check_smtp_reply_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_content_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_client_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_job_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_verdict_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_tls_LDADD = smtp/libsmtp.a $(LDADD)
