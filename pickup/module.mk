# Sources of pickup, in reading order.
