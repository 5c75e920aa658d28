# Sources of bounce, in reading order.
