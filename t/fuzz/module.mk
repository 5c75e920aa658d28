# Fuzz targets: t/fuzz/run builds and runs them with libFuzzer (configure
# --enable-fuzzing, with clang).  Without it `make fuzz-targets` links each with
# a main that feeds it the files which it is given.
#
# A new target is a line in fuzz_targets and one for its sources.

fuzz_targets = t/fuzz/fuzz_param t/fuzz/fuzz_table t/fuzz/fuzz_aliases \
	t/fuzz/fuzz_smtpd \
	t/fuzz/fuzz_dns t/fuzz/fuzz_reply t/fuzz/fuzz_mime \
	t/fuzz/fuzz_msg t/fuzz/fuzz_spool \
	t/fuzz/fuzz_addr t/fuzz/fuzz_header t/fuzz/fuzz_maildrop \
	t/fuzz/fuzz_recipients \
	t/fuzz/fuzz_http t/fuzz/fuzz_sts t/fuzz/fuzz_spf t/fuzz/fuzz_dmarc \
	t/fuzz/fuzz_authres t/fuzz/fuzz_arc t/fuzz/fuzz_srs t/fuzz/fuzz_dkim \
	t/fuzz/fuzz_sasl t/fuzz/fuzz_dovecot t/fuzz/fuzz_tls
if FUZZING
noinst_PROGRAMS += $(fuzz_targets)
fuzz_main =
fuzz_flags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_main = t/fuzz/fuzz_main.c
fuzz_flags = $(AM_LDFLAGS)
endif
EXTRA_PROGRAMS = $(fuzz_targets)
fuzz-targets: $(fuzz_targets)
.PHONY: fuzz-targets
EXTRA_DIST += t/fuzz/run t/fuzz/fuzz_main.c t/fuzz/seed

t_fuzz_fuzz_param_SOURCES = t/fuzz/fuzz_param.c $(fuzz_main)
t_fuzz_fuzz_param_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_table_SOURCES = t/fuzz/fuzz_table.c $(fuzz_main)
t_fuzz_fuzz_table_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_aliases_SOURCES = t/fuzz/fuzz_aliases.c $(fuzz_main)
t_fuzz_fuzz_aliases_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_smtpd_SOURCES = t/fuzz/fuzz_smtpd.c \
	t/smtpd_world.h t/smtpd_world.c $(fuzz_main)
t_fuzz_fuzz_smtpd_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/smtpd -I$(srcdir)/t
t_fuzz_fuzz_smtpd_LDADD = smtpd/libsmtpd.a $(LDADD)
t_fuzz_fuzz_smtpd_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_dns_SOURCES = t/fuzz/fuzz_dns.c $(fuzz_main)
t_fuzz_fuzz_dns_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_reply_SOURCES = t/fuzz/fuzz_reply.c $(fuzz_main)
t_fuzz_fuzz_reply_LDADD = smtp/libsmtp.a $(LDADD)
t_fuzz_fuzz_reply_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_mime_SOURCES = t/fuzz/fuzz_mime.c $(fuzz_main)
t_fuzz_fuzz_mime_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_msg_SOURCES = t/fuzz/fuzz_msg.c $(fuzz_main)
t_fuzz_fuzz_msg_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_spool_SOURCES = t/fuzz/fuzz_spool.c $(fuzz_main)
t_fuzz_fuzz_spool_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_addr_SOURCES = t/fuzz/fuzz_addr.c $(fuzz_main)
t_fuzz_fuzz_addr_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_header_SOURCES = t/fuzz/fuzz_header.c $(fuzz_main)
t_fuzz_fuzz_header_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_maildrop_SOURCES = t/fuzz/fuzz_maildrop.c $(fuzz_main)
t_fuzz_fuzz_maildrop_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_http_SOURCES = t/fuzz/fuzz_http.c $(fuzz_main)
t_fuzz_fuzz_http_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_sts_SOURCES = t/fuzz/fuzz_sts.c $(fuzz_main)
t_fuzz_fuzz_sts_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_spf_SOURCES = t/fuzz/fuzz_spf.c $(fuzz_main)
t_fuzz_fuzz_spf_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_authres_SOURCES = t/fuzz/fuzz_authres.c $(fuzz_main)
t_fuzz_fuzz_authres_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_arc_SOURCES = t/fuzz/fuzz_arc.c $(fuzz_main)
t_fuzz_fuzz_arc_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_dmarc_SOURCES = t/fuzz/fuzz_dmarc.c $(fuzz_main)
t_fuzz_fuzz_dmarc_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_recipients_SOURCES = t/fuzz/fuzz_recipients.c $(fuzz_main)
t_fuzz_fuzz_recipients_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/callout
t_fuzz_fuzz_recipients_LDADD = callout/libcallout.a $(LDADD)
t_fuzz_fuzz_recipients_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_srs_SOURCES = t/fuzz/fuzz_srs.c $(fuzz_main)
t_fuzz_fuzz_srs_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_sasl_SOURCES = t/fuzz/fuzz_sasl.c $(fuzz_main)
t_fuzz_fuzz_sasl_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_dkim_SOURCES = t/fuzz/fuzz_dkim.c $(fuzz_main)
t_fuzz_fuzz_dkim_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_dovecot_SOURCES = t/fuzz/fuzz_dovecot.c $(fuzz_main)
t_fuzz_fuzz_dovecot_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/auth
t_fuzz_fuzz_dovecot_LDADD = auth/libauth.a $(LDADD)
t_fuzz_fuzz_dovecot_LDFLAGS = $(fuzz_flags)
t_fuzz_fuzz_tls_SOURCES = t/fuzz/fuzz_tls.c $(fuzz_main)
t_fuzz_fuzz_tls_LDFLAGS = $(fuzz_flags)
