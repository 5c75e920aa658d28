# Documents, in reading order.
EXTRA_DIST += README NEWS LICENSE doc/life.md doc/architecture.md doc/queue.md \
	doc/backup.md doc/tls.md doc/authentication.md doc/submission.md
