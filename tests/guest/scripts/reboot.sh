#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Restarts the machine. With -no-reboot the emulator ends; without, the guest
# starts again (and again): count the lines "mimic-guest: ready".
# shellcheck source=/dev/null
. /mimic/lib
say "PASS $TEST"
sync
busybox reboot -f
sleep 10
fail "still running"
