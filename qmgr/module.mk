# Sources of qmgr, in reading order.
noinst_LIBRARIES += qmgr/libqmgr.a
qmgr_libqmgr_a_SOURCES = \
	qmgr/qmgr_heap.h qmgr/qmgr_heap.c \
	qmgr/qmgr_sched.h qmgr/qmgr_sched.c \
	qmgr/qmgr_msg.c \
	qmgr/qmgr_dest.h qmgr/qmgr_dest.c \
	qmgr/qmgr_clock.c \
	qmgr/qmgr_turn.h qmgr/qmgr_turn.c

check_PROGRAMS += t/check_qmgr_heap t/check_qmgr_sim
t_check_qmgr_heap_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr
t_check_qmgr_heap_LDADD = qmgr/libqmgr.a $(LDADD)
t_check_qmgr_sim_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr
t_check_qmgr_sim_LDADD = qmgr/libqmgr.a $(LDADD)
