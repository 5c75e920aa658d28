# Sources of local and deliver, in reading order.
noinst_LIBRARIES += local/liblocal.a local/libdeliver.a
local_liblocal_a_SOURCES = local/local_list.h local/local_list.c \
	local/local_vars.h local/local_vars.c \
	local/local_user.h local/local_user.c \
	local/local_expand.h local/local_expand.c \
	local/local_known.h local/local_known.c \
	local/local_world.h local/local_world.c \
	local/local_virtual.h local/local_virtual.c \
	local/local_place.h local/local_place.c \
	local/local_job.h local/local_job.c
local_libdeliver_a_SOURCES = local/deliver.h local/deliver_child.c \
	local/deliver_text.h local/deliver_text.c \
	local/deliver_maildir.c local/deliver_mbox.c \
	local/deliver_command.h local/deliver_command.c \
	local/deliver_forward.c \
	local/deliver_worker.h local/deliver_worker.c
phlibexec_PROGRAMS += local/local local/deliver
local_local_SOURCES = local/local.c
local_local_LDADD = local/liblocal.a $(LDADD)
local_deliver_SOURCES = local/deliver.c
local_deliver_LDADD = local/libdeliver.a $(LDADD)

check_PROGRAMS += t/check_local t/check_local_job t/check_deliver
t_check_local_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/local
t_check_local_LDADD = local/liblocal.a $(LDADD)
t_check_local_job_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/local
t_check_local_job_LDADD = local/liblocal.a $(LDADD)
t_check_deliver_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/local
t_check_deliver_LDADD = local/libdeliver.a $(LDADD)
