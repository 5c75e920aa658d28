# Sources of man, in reading order.
dist_man_MANS += man/bounce.8
dist_man_MANS += man/smtpd.8
dist_man_MANS += man/cleanup.8 man/pickup.8
