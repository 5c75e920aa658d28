# Sources of qmgr, in reading order.
