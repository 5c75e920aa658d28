# Sources of master, in reading order.
