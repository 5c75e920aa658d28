# Sources of master, in reading order.
phlibexec_PROGRAMS += master/master
master_master_SOURCES = master/master.c
master_master_LDADD = master/libmaster.a $(LDADD)
noinst_LIBRARIES += master/libmaster.a
master_libmaster_a_SOURCES = master/master.h \
	master/master_wiring.h master/master_wiring.c \
	master/master_backoff.h master/master_backoff.c \
	master/master_said.h master/master_said.c \
	master/master_listen.h master/master_listen.c \
	master/master_conf.h master/master_conf.c \
	master/master_lock.h master/master_lock.c \
	master/master_socket.h master/master_socket.c \
	master/master_log.h master/master_log.c \
	master/master_generation.h master/master_generation.c \
	master/master_watch.h master/master_watch.c \
	master/master_connect.h master/master_connect.c \
	master/master_proc.h master/master_proc.c \
	master/master_control.h master/master_control.c \
	master/master_status.h master/master_status.c \
	master/master_notify.h master/master_notify.c

check_PROGRAMS += t/check_master
t_check_master_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/master
t_check_master_LDADD = master/libmaster.a $(LDADD)
EXTRA_DIST += t/0012-start-and-stop.t t/0015-reload-in-flight.t
