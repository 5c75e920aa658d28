# Sources of smtp, in reading order.
