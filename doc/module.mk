# Sources of doc, in reading order.
