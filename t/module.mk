# Unit tests: one libcheck program a module.  A folder's own module.mk adds
# its tests with `check_PROGRAMS += t/check_x`; the source is t/check_x.c.

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
# libcheck's four seconds are too few on a machine that does other work.
AM_TESTS_ENVIRONMENT = CK_DEFAULT_TIMEOUT=120; export CK_DEFAULT_TIMEOUT;
TESTS += $(check_PROGRAMS)

EXTRA_DIST += t/check_main.h t/check_conf.h
EXTRA_DIST += t/5110-dkim.t t/5120-dkim-keys.t t/dkim_peers.py t/bench/dkim.sh
EXTRA_DIST += t/5200-dmarc.t t/5210-dmarc-report.t t/5310-arc.t t/arc.py
EXTRA_DIST += t/0003-commands.t t/0004-completion.t t/0005-parameters.t t/2002-tables.t

check-local:
	sh $(srcdir)/t/0005-parameters.t t/2002-tables.t
