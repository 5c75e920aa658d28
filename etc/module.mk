# What setup makes the first configuration of, and the completion of commands,
# which bash looks for by each command's name.
phsharedir = $(datadir)/posthouse
dist_phshare_DATA = etc/main.conf etc/master.conf etc/aliases
completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = etc/completion/posthouse
completion_links = mqueue mconf mtable newaliases mailq sendmail

install-data-hook:
	cd $(DESTDIR)$(completiondir) && for c in $(completion_links); do \
		rm -f $$c && $(LN_S) posthouse $$c || exit 1; \
	done
uninstall-hook:
	cd $(DESTDIR)$(completiondir) && rm -f $(completion_links)
	-rmdir $(DESTDIR)$(phsharedir) $(DESTDIR)$(phlibexecdir)

# What systemd reads; paths are known only to make.
EXTRA_DIST += etc/posthouse.service.in etc/posthouse.sysusers \
	etc/posthouse.tmpfiles.in
if SYSTEMD
systemdsystemunit_DATA = etc/posthouse.service
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
nodist_sysusers_DATA = etc/posthouse-sysusers/posthouse.conf
nodist_tmpfiles_DATA = etc/posthouse-tmpfiles/posthouse.conf
CLEANFILES += $(systemdsystemunit_DATA) $(nodist_sysusers_DATA) \
	$(nodist_tmpfiles_DATA)
endif
etc/posthouse.service: etc/posthouse.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && sed 's,[@]sbindir[@],$(sbindir),g' \
		$(srcdir)/etc/posthouse.service.in >$@
etc/posthouse-sysusers/posthouse.conf: etc/posthouse.sysusers
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/etc/posthouse.sysusers $@
etc/posthouse-tmpfiles/posthouse.conf: etc/posthouse.tmpfiles.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's,[@]rundir[@],$(rundir),g' \
		$(srcdir)/etc/posthouse.tmpfiles.in >$@
EXTRA_DIST += t/0013-systemd.t t/0016-systemd-live.t
