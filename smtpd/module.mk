# Sources of smtpd, in reading order.
phlibexec_PROGRAMS += smtpd/smtpd
smtpd_smtpd_SOURCES = smtpd/smtpd.c
smtpd_smtpd_LDADD = smtpd/libsmtpd.a $(LDADD)

noinst_LIBRARIES += smtpd/libsmtpd.a
smtpd_libsmtpd_a_SOURCES = smtpd/smtpd_calls.h smtpd/smtpd_session.h smtpd/smtpd_session.c \
	smtpd/smtpd_commands.h smtpd/smtpd_commands.c \
	smtpd/smtpd_mail.h smtpd/smtpd_mail.c \
	smtpd/smtpd_args.h smtpd/smtpd_args.c \
	smtpd/smtpd_content.h smtpd/smtpd_content.c \
	smtpd/smtpd_auth.h smtpd/smtpd_auth.c \
	smtpd/smtpd_reply.h smtpd/smtpd_reply.c \
	smtpd/smtpd_notice.h smtpd/smtpd_notice.c \
	smtpd/smtpd_accept.h smtpd/smtpd_accept.c \
	smtpd/smtpd_conn.h smtpd/smtpd_conn.c \
	smtpd/smtpd_name.h smtpd/smtpd_name.c \
	smtpd/smtpd_policy.h smtpd/smtpd_policy.c \
	smtpd/smtpd_restrict.h smtpd/smtpd_restrict.c \
	smtpd/smtpd_domain.h smtpd/smtpd_domain.c \
	smtpd/smtpd_limit.h smtpd/smtpd_limit.c \
	smtpd/smtpd_ask.h smtpd/smtpd_ask.c \
	smtpd/smtpd_vet.h smtpd/smtpd_vet.c \
	smtpd/smtpd_remote.h smtpd/smtpd_remote.c \
	smtpd/smtpd_srs.h smtpd/smtpd_srs.c \
	smtpd/smtpd_login.h smtpd/smtpd_login.c \
	smtpd/smtpd_wake.h smtpd/smtpd_wake.c \
	smtpd/smtpd_verify.h smtpd/smtpd_verify.c \
	smtpd/smtpd_space.h smtpd/smtpd_space.c \
	smtpd/smtpd_tls.h smtpd/smtpd_tls.c \
	smtpd/smtpd_cert.h smtpd/smtpd_cert.c \
	smtpd/smtpd_sni.h smtpd/smtpd_sni.c \
	smtpd/smtpd_feed.h smtpd/smtpd_feed.c

check_PROGRAMS += t/check_smtpd_session
t_check_smtpd_session_SOURCES = t/check_smtpd_session.c \
	t/smtpd_world.h t/smtpd_world.c
t_check_smtpd_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/smtpd
t_check_smtpd_session_LDADD = smtpd/libsmtpd.a $(LDADD)

check_PROGRAMS += t/check_smtpd_notice
t_check_smtpd_notice_SOURCES = t/check_smtpd_notice.c \
	t/smtpd_world.h t/smtpd_world.c
t_check_smtpd_notice_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/smtpd
t_check_smtpd_notice_LDADD = smtpd/libsmtpd.a $(LDADD)

check_PROGRAMS += t/check_smtpd_auth
t_check_smtpd_auth_SOURCES = t/check_smtpd_auth.c \
	t/smtpd_world.h t/smtpd_world.c
t_check_smtpd_auth_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/smtpd
t_check_smtpd_auth_LDADD = smtpd/libsmtpd.a $(LDADD)

check_PROGRAMS += t/check_smtpd_model
t_check_smtpd_model_SOURCES = t/check_smtpd_model.c \
	t/smtpd_world.h t/smtpd_world.c
t_check_smtpd_model_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/smtpd
t_check_smtpd_model_LDADD = smtpd/libsmtpd.a $(LDADD)

check_PROGRAMS += t/check_smtpd_limit
t_check_smtpd_limit_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/smtpd
t_check_smtpd_limit_LDADD = smtpd/libsmtpd.a $(LDADD)

noinst_PROGRAMS += t/talk
t_talk_SOURCES = t/talk.c
EXTRA_DIST += t/dialogue/message.smtp t/dialogue/pipelined.smtp \
	t/dialogue/relay.smtp t/dialogue/syntax.smtp \
	t/dialogue/too-many-errors.smtp t/dialogue/out-of-turn.smtp \
	t/dialogue/bare-lf-command.smtp t/dialogue/bare-cr-command.smtp \
	t/dialogue/http.smtp t/dialogue/timeout.smtp t/clients.py

check_PROGRAMS += t/check_smtpd_flow
t_check_smtpd_flow_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/smtpd
t_check_smtpd_flow_LDADD = smtpd/libsmtpd.a $(LDADD)
