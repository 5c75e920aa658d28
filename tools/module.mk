# Sources of tools, in reading order.
