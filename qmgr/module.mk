# Sources of qmgr, in reading order.
phlibexec_PROGRAMS += qmgr/qmgr
qmgr_qmgr_SOURCES = qmgr/qmgr.c
qmgr_qmgr_LDADD = qmgr/libqmgr.a $(LDADD)

noinst_LIBRARIES += qmgr/libqmgr.a
qmgr_libqmgr_a_SOURCES = \
	qmgr/qmgr_heap.h qmgr/qmgr_heap.c \
	qmgr/qmgr_state.h \
	qmgr/qmgr_sched.h qmgr/qmgr_sched.c \
	qmgr/qmgr_msg.c \
	qmgr/qmgr_dest.h qmgr/qmgr_dest.c \
	qmgr/qmgr_provider.h qmgr/qmgr_provider.c \
	qmgr/qmgr_clock.c \
	qmgr/qmgr_turn.h qmgr/qmgr_turn.c \
	qmgr/qmgr_slots.h qmgr/qmgr_slots.c \
	qmgr/qmgr.h \
	qmgr/qmgr_mail.h qmgr/qmgr_mail.c \
	qmgr/qmgr_parts.h qmgr/qmgr_parts.c \
	qmgr/qmgr_stood.h qmgr/qmgr_stood.c \
	qmgr/qmgr_limited.h qmgr/qmgr_limited.c \
	qmgr/qmgr_refused.h qmgr/qmgr_refused.c \
	qmgr/qmgr_fate.h qmgr/qmgr_fate.c \
	qmgr/qmgr_job.h qmgr/qmgr_job.c \
	qmgr/qmgr_agent.h qmgr/qmgr_agent.c \
	qmgr/qmgr_reply.c \
	qmgr/qmgr_notice.h qmgr/qmgr_notice.c \
	qmgr/qmgr_take.h qmgr/qmgr_take.c \
	qmgr/qmgr_scan.h qmgr/qmgr_scan.c \
	qmgr/qmgr_peer.h qmgr/qmgr_peer.c \
	qmgr/qmgr_handover.h qmgr/qmgr_handover.c \
	qmgr/qmgr_events.h qmgr/qmgr_events.c \
	qmgr/qmgr_wake.h qmgr/qmgr_wake.c \
	qmgr/qmgr_etrn.h qmgr/qmgr_etrn.c \
	qmgr/qmgr_list.h qmgr/qmgr_list.c \
	qmgr/qmgr_admin.h qmgr/qmgr_admin.c

check_PROGRAMS += t/check_qmgr_heap t/check_qmgr_sched \
	t/check_qmgr_provider t/check_qmgr_sim t/check_qmgr
t_check_qmgr_heap_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr
t_check_qmgr_heap_LDADD = qmgr/libqmgr.a $(LDADD)
t_check_qmgr_sched_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr
t_check_qmgr_sched_LDADD = qmgr/libqmgr.a $(LDADD)
t_check_qmgr_provider_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr
t_check_qmgr_provider_LDADD = qmgr/libqmgr.a $(LDADD)
t_check_qmgr_sim_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr
t_check_qmgr_sim_LDADD = qmgr/libqmgr.a $(LDADD)
t_check_qmgr_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr
t_check_qmgr_LDADD = qmgr/libqmgr.a $(LDADD)

check_PROGRAMS += t/check_crash_qmgr
t_check_crash_qmgr_SOURCES = t/check_crash_qmgr.c \
	t/crash/crash.h t/crash/crash.c
t_check_crash_qmgr_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/qmgr -I$(srcdir)/t
t_check_crash_qmgr_LDADD = qmgr/libqmgr.a $(LDADD)

noinst_PROGRAMS += t/bench/fill_queue
t_bench_fill_queue_SOURCES = t/bench/fill_queue.c
EXTRA_DIST += t/bench/deep-queue.sh t/bench/parked.sh t/3001-queue-by-hand.t \
	t/3002-destination-down.t t/3003-reload-in-flight.t t/3004-time-is-over.t \
	t/3005-resolver-down.t t/3006-wishes-in-flight.t \
	t/3010-etrn.t t/3030-parked.t
