# Sources of cleanup, in reading order.
