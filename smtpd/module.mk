# Sources of smtpd, in reading order.
