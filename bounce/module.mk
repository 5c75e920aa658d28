# Sources of bounce, in reading order.
phlibexec_PROGRAMS += bounce/bounce
bounce_bounce_SOURCES = bounce/bounce.c
bounce_bounce_LDADD = bounce/libbounce.a $(LDADD)

noinst_LIBRARIES += bounce/libbounce.a
bounce_libbounce_a_SOURCES = \
	bounce/bounce_notice.h bounce/bounce_notice.c \
	bounce/bounce_original.h bounce/bounce_original.c \
	bounce/bounce_text.h bounce/bounce_text.c bounce/bounce_status.c

check_PROGRAMS += t/check_bounce
t_check_bounce_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/bounce
t_check_bounce_LDADD = bounce/libbounce.a $(LDADD)
