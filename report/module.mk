# Sources of report, in reading order.
phlibexec_PROGRAMS += report/report
noinst_LIBRARIES += report/libreport.a
report_libreport_a_SOURCES = \
	report/report_store.h report/report_store.c \
	report/report_tls.h report/report_tls.c \
	report/report_dmarc.h report/report_dmarc.c \
	report/report_gzip.h report/report_gzip.c \
	report/report_mail.h report/report_mail.c \
	report/report_send.h report/report_send.c
report_report_SOURCES = report/report.c
report_report_LDADD = report/libreport.a $(LDADD) $(ZLIB_LIBS)

check_PROGRAMS += t/check_report
t_check_report_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/report
t_check_report_LDADD = report/libreport.a $(LDADD) $(ZLIB_LIBS)
