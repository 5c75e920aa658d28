# Sources of cleanup, in reading order.
noinst_LIBRARIES += cleanup/libcleanup.a
cleanup_libcleanup_a_SOURCES = cleanup/cleanup_peer.h cleanup/cleanup_peer.c \
	cleanup/cleanup_mail.h cleanup/cleanup_mail.c \
	cleanup/cleanup_header.h cleanup/cleanup_header.c \
	cleanup/cleanup_rcpt.h cleanup/cleanup_rcpt.c \
	cleanup/cleanup_commit.h cleanup/cleanup_commit.c \
	cleanup/cleanup_tell.h cleanup/cleanup_tell.c
