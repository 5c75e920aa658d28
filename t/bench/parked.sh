#!/bin/sh
# parked.sh [MESSAGES [FRESH]]: what a backlog for a dead primary costs, and how
# it drains: t/3030-parked.t with more messages.
# SPDX-License-Identifier: BSD-2-Clause
PARKED_MESSAGES=${1:-50000} PARKED_FRESH=${2:-3000} \
    exec sh "${0%/*}/../3030-parked.t"
