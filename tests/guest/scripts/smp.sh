#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Several processors: all are online (mimic.cpus=N tells how many to expect),
# each runs work that is pinned to it, and all arrive at the same result.
# shellcheck source=/dev/null
. /mimic/lib
cpus=$(nproc)
say "processors $cpus online $(cat /sys/devices/system/cpu/online)"
want=$(parameter cpus "$cpus")
[ "$cpus" = "$want" ] || fail "expected $want processors"

user_time() { sed -n "s/^cpu$1 \([0-9]*\) .*/\1/p" /proc/stat; }

cpu=0
while [ $cpu -lt "$cpus" ]; do
    user_time $cpu >/tmp/before.$cpu
    # shellcheck disable=SC2016
    taskset "$(printf '%x' $((1 << cpu)))" sh -c '
        for round in 1 2 3 4 5; do
            sum=$(seq 1 4000 | sha256sum | cut -d" " -f1)
        done
        echo "$sum" >"/tmp/sum.$1"' work $cpu &
    cpu=$((cpu + 1))
done
wait
cpu=0
while [ $cpu -lt "$cpus" ]; do
    [ -s /tmp/sum.$cpu ] || fail "processor $cpu did not finish"
    cmp -s /tmp/sum.0 /tmp/sum.$cpu || fail "processor $cpu has another result"
    say "processor $cpu ticks $(($(user_time $cpu) - $(cat /tmp/before.$cpu))) sum $(cut -c1-16 /tmp/sum.$cpu)"
    cpu=$((cpu + 1))
done

# Interrupts between processors: take each but the first offline and online again.
cpu=1
while [ $cpu -lt "$cpus" ]; do
    switch=/sys/devices/system/cpu/cpu$cpu/online
    if [ -w "$switch" ] && [ -n "$(parameter hotplug)" ]; then
        echo 0 >"$switch" || fail "processor $cpu does not go offline"
        echo 1 >"$switch" || fail "processor $cpu does not come back"
    fi
    cpu=$((cpu + 1))
done
[ "$(nproc)" = "$cpus" ] || fail "processors got lost"
pass
