# Sources of scribe, in reading order.
phlibexec_PROGRAMS += scribe/scribe
scribe_scribe_SOURCES = scribe/scribe.c scribe/scribe_out.h scribe/scribe_out.c
scribe_scribe_LDADD = scribe/libscribe.a $(LDADD)
noinst_LIBRARIES += scribe/libscribe.a
scribe_libscribe_a_SOURCES = scribe/scribe_line.h scribe/scribe_line.c \
	scribe/scribe_round.h scribe/scribe_round.c

check_PROGRAMS += t/check_scribe
t_check_scribe_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/scribe
t_check_scribe_LDADD = scribe/libscribe.a $(LDADD)
EXTRA_DIST += t/0014-log.t
