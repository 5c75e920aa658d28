# Sources of lookup, in reading order.
phlibexec_PROGRAMS += lookup/lookup
noinst_LIBRARIES += lookup/liblookup.a
lookup_liblookup_a_SOURCES = lookup/lookup_user.h lookup/lookup_user.c \
	lookup/lookup_answer.h lookup/lookup_answer.c
lookup_lookup_SOURCES = lookup/lookup.c
lookup_lookup_LDADD = lookup/liblookup.a $(LDADD)

check_PROGRAMS += t/check_lookup
t_check_lookup_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lookup
t_check_lookup_LDADD = lookup/liblookup.a $(LDADD)
