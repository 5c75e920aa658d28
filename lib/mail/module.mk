# lib/mail, in reading order.
EXTRA_DIST += lib/base/README lib/mail/README
