#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Network: brings up the first interface by DHCP, pings the host's address,
# and fetches a file from the host. Kernel parameters:
#   mimic.port=PORT      HTTP server on the host; without it nothing is fetched
#   mimic.file=PATH      what to fetch (default file)
#   mimic.expect=SHA256  what its hash has to be
#   mimic.upload=PORT    also send 1 MB of zeros to this TCP port
# shellcheck source=/dev/null
. /mimic/lib
host=$(parameter host 10.0.2.2)
port=$(parameter port)

interface=
for path in /sys/class/net/*; do
    [ -e "$path/device" ] && interface=${path##*/} && break
done
[ -n "$interface" ] || fail "no network interface found"
say "interface $interface address $(cat "/sys/class/net/$interface/address")"

ip link set lo up
ip link set "$interface" up
udhcpc -i "$interface" -s /mimic/udhcpc -n -q -t 10 -T 1 >/tmp/log 2>&1 ||
    fail "no DHCP lease: $(tail -n 1 /tmp/log)"
grep mimic-guest: /tmp/log
ping -c 3 -W 2 "$host" >/tmp/log 2>&1 || fail "no answer to ping from $host"
say "$(grep 'packets transmitted' /tmp/log)"

if [ -n "$port" ]; then
    wget -q -O /tmp/file "http://$host:$port/$(parameter file file)" ||
        fail "cannot fetch from http://$host:$port"
    have=$(sha256sum </tmp/file | cut -d' ' -f1)
    say "sha256 net $have"
    want=$(parameter expect "$have")
    [ "$have" = "$want" ] || fail "expected $want"
fi
upload=$(parameter upload)
if [ -n "$upload" ]; then
    head -c 1000000 /dev/zero | nc -w 10 "$host" "$upload" || fail "cannot send to port $upload"
fi
say "counters $(cat "/sys/class/net/$interface/statistics/rx_packets") received $(cat "/sys/class/net/$interface/statistics/tx_packets") sent"
pass
