# Sources of man, in reading order.
