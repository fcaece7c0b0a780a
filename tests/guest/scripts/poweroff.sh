#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Switches the machine off: the emulator has to end with status 0.
# shellcheck source=/dev/null
. /mimic/lib
say "PASS $TEST"
power_off
sleep 10
fail "still running"
