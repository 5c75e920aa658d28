# Sources of tools, in reading order.
sbin_PROGRAMS += tools/posthouse
tools_posthouse_SOURCES = tools/posthouse.h tools/posthouse.c \
	tools/posthouse_start.c tools/posthouse_control.c \
	tools/make_cert.h tools/make_cert.c \
	tools/posthouse_setup.h tools/posthouse_setup.c \
	tools/posthouse_recipients.c tools/posthouse_export.h \
	tools/posthouse_export.c tools/posthouse_route.c \
	tools/posthouse_spf.c tools/posthouse_passwd.c \
	tools/posthouse_srs.c tools/posthouse_tls.h tools/posthouse_tls.c \
	tools/posthouse_dkim.h \
	tools/posthouse_dkim.c tools/posthouse_dkim_dns.c \
	tools/doctor.h tools/doctor.c tools/doctor_files.c \
	tools/doctor_lists.c tools/doctor_net.c tools/doctor_dns.c \
	tools/doctor_mx.c tools/doctor_sts.c tools/doctor_tls.c \
	tools/doctor_tlsa.c tools/doctor_auth.c tools/doctor_senders.c \
	tools/doctor_dkim.c
tools_posthouse_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/local \
	-I$(srcdir)/lookup
tools_posthouse_LDADD = tools/libtools.a local/liblocal.a local/libdeliver.a \
	lookup/liblookup.a $(LDADD) $(CRYPT_LIBS)
noinst_LIBRARIES += tools/libtools.a
tools_libtools_a_SOURCES = tools/tool.h tools/tool.c \
	tools/build_table.h tools/build_table.c \
	tools/conf_warnings.h tools/conf_warnings.c \
	tools/srs_file.h tools/srs_file.c
bin_PROGRAMS += tools/mconf
tools_mconf_SOURCES = tools/mconf.h tools/mconf.c tools/mconf_show.c \
	tools/mconf_check.c tools/mconf_edit.c tools/mconf_manual.c
tools_mconf_LDADD = tools/libtools.a $(LDADD)
bin_PROGRAMS += tools/mtable
tools_mtable_SOURCES = tools/mtable.c
tools_mtable_LDADD = tools/libtools.a $(LDADD)
bin_PROGRAMS += tools/newaliases
tools_newaliases_SOURCES = tools/newaliases.c
tools_newaliases_LDADD = tools/libtools.a $(LDADD)

noinst_LIBRARIES += tools/libmqueue.a
tools_libmqueue_a_SOURCES = tools/mqueue.h tools/mqueue_item.c \
	tools/mqueue_select.c tools/mqueue_show.c tools/mqueue_files.c \
	tools/mqueue_change.c
MQUEUE_SOURCES = tools/mqueue.c tools/mqueue_ask.c tools/mqueue_audit.c
bin_PROGRAMS += tools/mqueue tools/mailq
tools_mqueue_SOURCES = $(MQUEUE_SOURCES)
tools_mqueue_LDADD = tools/libmqueue.a tools/libtools.a $(LDADD)
tools_mailq_SOURCES = $(MQUEUE_SOURCES)
tools_mailq_LDADD = tools/libmqueue.a tools/libtools.a $(LDADD)
check_PROGRAMS += t/check_mqueue
t_check_mqueue_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
t_check_mqueue_LDADD = tools/libmqueue.a tools/libtools.a $(LDADD)
check_PROGRAMS += t/check_mqueue_files
t_check_mqueue_files_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
t_check_mqueue_files_LDADD = tools/libmqueue.a tools/libtools.a $(LDADD)
sbin_PROGRAMS += tools/sendmail
tools_sendmail_SOURCES = tools/sendmail.c
tools_sendmail_LDADD = tools/libsendmail.a tools/libtools.a $(LDADD)
noinst_LIBRARIES += tools/libsendmail.a
tools_libsendmail_a_SOURCES = \
	tools/sendmail_mail.h tools/sendmail_mail.c \
	tools/sendmail_submit.h tools/sendmail_submit.c
check_PROGRAMS += t/check_sendmail
t_check_sendmail_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
t_check_sendmail_LDADD = tools/libsendmail.a $(LDADD)
