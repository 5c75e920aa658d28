# Unit tests: one libcheck program a module.  A folder's own module.mk adds
# its tests with `check_PROGRAMS += t/check_x`; the source is t/check_x.c.

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
# libcheck's four seconds are too few on a machine that does other work.
AM_TESTS_ENVIRONMENT = CK_DEFAULT_TIMEOUT=120; export CK_DEFAULT_TIMEOUT;
TESTS += $(check_PROGRAMS)


check-local:
	sh $(srcdir)/t/0005-parameters.t t/2002-tables.t

EXTRA_DIST += \
	t/0001-style.t t/0002-release.t t/0003-commands.t \
	t/0004-completion.t t/0005-parameters.t t/0010-first-message.t \
	t/0011-rights.t t/0020-peers.t t/0030-kill.t t/0040-adversity.t \
	t/1001-dialogues.t t/1002-smuggling.t t/1003-limits.t \
	t/1004-idle-sessions.t t/1005-drain.t t/1010-restrictions.t \
	t/1012-notices.t t/2002-tables.t \
	t/2010-sendmail.t t/2020-bounce.t t/2030-route.t t/2040-check.t \
	t/2050-rewriting.t t/2100-into-the-queue.t t/2110-power-cut.t \
	t/3040-backup-lab.t t/3041-loops.t t/4001-hosts.t t/4002-replies.t \
	t/4003-content.t t/4100-starttls.t t/4110-tls-peers.t t/4120-dane.t \
	t/4121-tls-matrix.t t/4125-client-certificates.t t/4126-shown-to-servers.t \
	t/4127-policies-that-change.t \
	t/4130-names-asked-for.t t/4140-hostile-tls.t \
	t/4150-certificates-in-motion.t t/4155-certificates-that-end.t \
	t/4160-idle-tls.t t/4170-trace.t \
	t/4175-capture.t t/4180-scanners.t t/4190-auth.t \
	t/4195-auth-dovecot.t t/4200-clients.t t/4205-log-in.t \
	t/4210-user-limits.t t/4300-mta-sts.t t/4310-tls-reports.t \
	t/4320-requiretls.t t/5001-aliases-and-forward.t t/5002-mailboxes.t \
	t/5003-other-mailboxes.t t/5100-spf.t t/5110-dkim.t t/5120-dkim-keys.t \
	t/5130-sender-parameters.t t/5200-dmarc.t \
	t/5210-dmarc-report.t t/5300-srs.t t/5310-arc.t t/5400-sender-lab.t \
	t/arc.py t/auth.py t/bench/auth-attack.py t/bench/auth-attack.sh \
	t/bench/dkim.sh t/bench/run t/bench/tls.sh t/certs.sh \
	t/check_conf.h t/check_main.h t/dkim_peers.py t/dnssec.sh t/kill.py \
	t/lib.sh t/load.py t/memory.py t/mua.py t/packages t/passfile.py \
	t/peers.sh t/rights.py t/run t/sink.sh t/sts_web.py t/tls.py \
	t/tls_hostile.py t/tls_load.py t/tls_sink.py t/tlsrpt.py
