# Sources of etc, in reading order.
