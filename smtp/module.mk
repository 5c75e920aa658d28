# Sources of smtp, in reading order.
noinst_LIBRARIES += smtp/libsmtp.a
smtp_libsmtp_a_SOURCES = \
	smtp/smtp_reply.h smtp/smtp_reply.c \
	smtp/smtp_encode.h smtp/smtp_encode.c \
	smtp/smtp_mime.h smtp/smtp_mime.c \
	smtp/smtp_content.h smtp/smtp_content.c \
	smtp/smtp_client.h smtp/smtp_client.c
check_PROGRAMS += t/check_smtp_reply t/check_smtp_mime t/check_smtp_content \
	t/check_smtp_client
t_check_smtp_reply_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_mime_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_content_LDADD = smtp/libsmtp.a $(LDADD)
t_check_smtp_client_LDADD = smtp/libsmtp.a $(LDADD)
