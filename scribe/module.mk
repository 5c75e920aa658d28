# Sources of scribe, in reading order.
