# Sources of lookup, in reading order.
