# lib/mail, in reading order.
EXTRA_DIST += lib/base/README lib/mail/README
libposthouse_a_SOURCES += \
	lib/mail/addr.h lib/mail/addr.c lib/mail/addr_list.c
check_PROGRAMS += t/check_addr t/check_addr_vectors
