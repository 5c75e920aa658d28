# Sources of callout, in reading order.
phlibexec_PROGRAMS += callout/callout
noinst_LIBRARIES += callout/libcallout.a
callout_libcallout_a_SOURCES = \
	callout/callout_entry.h callout/callout_entry.c \
	callout/callout_cache.h callout/callout_cache.c \
	callout/callout_limit.h callout/callout_limit.c \
	callout/callout_vet.h callout/callout_vet.c
callout_callout_SOURCES = callout/callout.c
callout_callout_LDADD = callout/libcallout.a $(LDADD)

check_PROGRAMS += t/check_callout
t_check_callout_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/callout
t_check_callout_LDADD = callout/libcallout.a $(LDADD)
EXTRA_DIST += t/3020-recipients.t t/3021-asked-elsewhere.t
