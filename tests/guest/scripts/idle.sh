#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Idling: sleeps for mimic.seconds (default 5) between two marks, so that the
# host can measure how much time an idle guest costs, and checks the clock.
# shellcheck source=/dev/null
. /mimic/lib
seconds=$(parameter seconds 5)

now() { sed 's/\.//; s/ .*//' /proc/uptime; } # in 1/100 s

start=$(now)
clock=$(date +%s)
say "idle begins"
sleep "$seconds"
say "idle ends"
passed=$(($(now) - start))
clock=$(($(date +%s) - clock))
say "slept $passed/100 s, the wall clock moved $clock s"
[ $passed -ge $((seconds * 100)) ] || fail "woke too early"
[ $passed -le $((seconds * 100 + 200)) ] || fail "woke too late"
[ $clock -ge $((seconds - 1)) ] || fail "the wall clock is slow"
[ $clock -le $((seconds + 3)) ] || fail "the wall clock is fast"
pass
