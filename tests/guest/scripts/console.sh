#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The console device with many ports: a channel that is found by its name, and a second console.
#   mimic.bytes=N  how much goes through the channel each way
# shellcheck source=/dev/null
. /mimic/lib
load virtio_console
channel=
for port in /sys/class/virtio-ports/*; do
    [ "$(cat "$port/name" 2>/dev/null)" = org.mimic.test ] && channel=/dev/$(basename "$port")
done
[ -n "$channel" ] || fail "no port is named org.mimic.test"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -c "$channel" ] && break
    sleep 0.1
done
[ -c "$channel" ] || fail "$channel is no device"

# A conversation: what the host says comes back in capitals, line by line, until it says goodbye.
exec 3<>"$channel"
echo "hello from the guest" >&3
while read -r line <&3; do
    [ "$line" = goodbye ] && break
    echo "$line" | tr '[:lower:]' '[:upper:]' >&3
done

# In bulk: the host sends N bytes, the guest answers with their hash and N bytes of its own.
bytes=$(parameter bytes 1000000)
sum=$(dd bs=4096 iflag=count_bytes,fullblock count="$bytes" <&3 2>/dev/null | sha256sum | cut -d ' ' -f 1)
echo "$sum" >&3
dd if=/dev/urandom of=/tmp/bulk bs=4096 iflag=count_bytes,fullblock count="$bytes" 2>/dev/null
say "sha256 bulk channel $(sha256sum </tmp/bulk | cut -d ' ' -f 1)"
cat /tmp/bulk >&3
read -r line <&3
[ "$line" = received ] || fail "the host says '$line'"
exec 3>&-

# The second console.
[ -c /dev/hvc0 ] || fail "there is no hvc0"
exec 4<>/dev/hvc0 # open all the time: the last close forgets the settings
stty -echo -onlcr <&4
echo "hvc0 speaks" >&4
read -r line <&4
echo "hvc0 heard $line" >&4
pass
