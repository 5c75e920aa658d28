# Sources of local and deliver, in reading order.
noinst_LIBRARIES += local/libdeliver.a
local_libdeliver_a_SOURCES = local/deliver.h local/deliver_child.c \
	local/deliver_text.h local/deliver_text.c \
	local/deliver_maildir.c local/deliver_mbox.c \
	local/deliver_command.h local/deliver_command.c \
	local/deliver_forward.c
phlibexec_PROGRAMS += local/deliver
local_deliver_SOURCES = local/deliver.c
local_deliver_LDADD = local/libdeliver.a $(LDADD)

check_PROGRAMS += t/check_deliver
t_check_deliver_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/local
t_check_deliver_LDADD = local/libdeliver.a $(LDADD)
