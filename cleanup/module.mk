# Sources of cleanup, in reading order.
phlibexec_PROGRAMS += cleanup/cleanup
cleanup_cleanup_SOURCES = cleanup/cleanup.c
cleanup_cleanup_LDADD = cleanup/libcleanup.a $(LDADD)
noinst_LIBRARIES += cleanup/libcleanup.a
cleanup_libcleanup_a_SOURCES = cleanup/cleanup_peer.h cleanup/cleanup_peer.c \
	cleanup/cleanup_mail.h cleanup/cleanup_mail.c \
	cleanup/cleanup_header.h cleanup/cleanup_header.c \
	cleanup/cleanup_rcpt.h cleanup/cleanup_rcpt.c \
	cleanup/cleanup_convert.h cleanup/cleanup_convert.c \
	cleanup/cleanup_seal.h cleanup/cleanup_seal.c \
	cleanup/cleanup_commit.h cleanup/cleanup_commit.c \
	cleanup/cleanup_tell.h cleanup/cleanup_tell.c

check_PROGRAMS += t/check_cleanup_mail
t_check_cleanup_mail_SOURCES = t/check_cleanup_mail.c \
	t/cleanup_world.h t/cleanup_world.c
t_check_cleanup_mail_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/cleanup
t_check_cleanup_mail_LDADD = cleanup/libcleanup.a $(LDADD)

check_PROGRAMS += t/check_cleanup_peer
t_check_cleanup_peer_SOURCES = t/check_cleanup_peer.c \
	t/cleanup_world.h t/cleanup_world.c
t_check_cleanup_peer_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/cleanup
t_check_cleanup_peer_LDADD = cleanup/libcleanup.a $(LDADD)

check_PROGRAMS += t/check_crash_cleanup
t_check_crash_cleanup_SOURCES = t/check_crash_cleanup.c \
	t/crash/crash.h t/crash/crash.c
t_check_crash_cleanup_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/cleanup \
	-I$(srcdir)/t
t_check_crash_cleanup_LDADD = cleanup/libcleanup.a $(LDADD)
