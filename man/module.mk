# Sources of man, in reading order.
dist_man_MANS += man/bounce.8
dist_man_MANS += man/qmgr.8 man/mqueue.1 man/mailq.1
dist_man_MANS += man/smtpd.8 man/callout.8 man/auth.8 man/keys.8 man/seal.8 man/sts.8 man/report.8
dist_man_MANS += man/cleanup.8 man/pickup.8
dist_man_MANS += man/mconf.1 man/mtable.1 man/newaliases.1 \
	man/main.conf.5 man/master.conf.5 man/posthouse-tables.5 \
	man/posthouse-restrictions.5
EXTRA_DIST += man/main.conf.head man/main.conf.tail
man/main.conf.5: lib/mail/param.def man/main.conf.head man/main.conf.tail \
		| tools/mconf$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man && \
	{ cat $(srcdir)/man/main.conf.head && tools/mconf -m && \
	  cat $(srcdir)/man/main.conf.tail; } >$@.tmp && mv $@.tmp $@
MAINTAINERCLEANFILES = $(srcdir)/man/main.conf.5
dist_man_MANS += man/smtp.8
dist_man_MANS += man/sendmail.1
dist_man_MANS += man/local.8 man/deliver.8 man/lookup.8 \
	man/aliases.5 man/forward.5
dist_man_MANS += man/posthouse.7 man/posthouse.8 man/master.8 man/scribe.8 \
	man/posthouse-log.5
