# Sources of local, in reading order.
