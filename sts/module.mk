# Sources of sts, in reading order.
phlibexec_PROGRAMS += sts/sts
noinst_LIBRARIES += sts/libsts.a
sts_libsts_a_SOURCES = \
	sts/sts_entry.h sts/sts_entry.c \
	sts/sts_cache.h sts/sts_cache.c \
	sts/sts_find.h sts/sts_find.c \
	sts/sts_ask.h sts/sts_ask.c \
	sts/sts_reports.h sts/sts_reports.c
sts_sts_SOURCES = sts/sts.c
sts_sts_LDADD = sts/libsts.a $(LDADD)

check_PROGRAMS += t/check_sts_cache
t_check_sts_cache_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/sts
t_check_sts_cache_LDADD = sts/libsts.a $(LDADD)
