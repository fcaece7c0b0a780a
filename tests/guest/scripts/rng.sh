#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Random numbers: the VirtIO generator is found, delivers, and does not repeat.
# shellcheck source=/dev/null
. /mimic/lib
sources=$(cat /sys/class/misc/hw_random/rng_available 2>/dev/null)
say "sources: $sources"
case $sources in
    *virtio_rng*) ;;
    *) fail "no VirtIO random number generator found" ;;
esac
one=$(dd if=/dev/hwrng bs=1024 count=16 iflag=fullblock 2>/dev/null | sha256sum)
two=$(dd if=/dev/hwrng bs=1024 count=16 iflag=fullblock 2>/dev/null | sha256sum)
[ "$one" != "$two" ] || fail "it repeats itself"
dd if=/dev/hwrng of=/tmp/sample bs=1024 count=16 iflag=fullblock 2>/dev/null
[ "$(stat -c %s /tmp/sample)" = 16384 ] || fail "it delivers too little"
# 16384 random bytes hold all 256 values but for a chance of 1 in 10^25.
values=$(hexdump -v -e '1/1 "%02x\n"' /tmp/sample | sort -u | wc -l)
[ "$values" = 256 ] || fail "only $values of 256 byte values seen"
pass
