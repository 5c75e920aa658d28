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
