# lib/base, in reading order.
libposthouse_a_SOURCES += lib/banned.h \
	lib/base/util.h lib/base/util.c \
	lib/base/buf.h lib/base/buf.c
check_PROGRAMS += t/check_buf
