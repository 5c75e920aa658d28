# Sources of pickup, in reading order.
phlibexec_PROGRAMS += pickup/pickup
pickup_pickup_SOURCES = pickup/pickup.c
pickup_pickup_LDADD = pickup/libpickup.a $(LDADD)
noinst_LIBRARIES += pickup/libpickup.a
pickup_libpickup_a_SOURCES = \
	pickup/pickup_folder.h pickup/pickup_folder.c \
	pickup/pickup_return.h pickup/pickup_return.c \
	pickup/pickup_job.h pickup/pickup_job.c

check_PROGRAMS += t/check_pickup
t_check_pickup_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/pickup
t_check_pickup_LDADD = pickup/libpickup.a $(LDADD)
