# Sources of auth, in reading order.
phlibexec_PROGRAMS += auth/auth
auth_auth_SOURCES = auth/auth.c
auth_auth_LDADD = auth/libauth.a $(LDADD) $(CRYPT_LIBS)

noinst_LIBRARIES += auth/libauth.a
auth_libauth_a_SOURCES = auth/auth_users.h auth/auth_users.c \
	auth/auth_dovecot.h auth/auth_dovecot.c \
	auth/auth_relay.h auth/auth_relay.c \
	auth/auth_source.h auth/auth_source.c \
	auth/auth_work.h auth/auth_work.c \
	auth/auth_login.h auth/auth_login.c \
	auth/auth_host.h auth/auth_host.c
check_PROGRAMS += t/check_auth t/check_auth_dovecot
t_check_auth_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/auth
t_check_auth_LDADD = auth/libauth.a $(LDADD) $(CRYPT_LIBS)
t_check_auth_dovecot_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/auth
t_check_auth_dovecot_LDADD = auth/libauth.a $(LDADD) $(CRYPT_LIBS)
