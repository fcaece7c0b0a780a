#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Disks: writes a pattern to every disk at its start, middle and end, flushes,
# and reads it back past the page cache. Kernel parameter mimic.blk chooses:
#   write   write and verify (default)
#   verify  verify only: a second start shows that the image kept the data
#   fs      make a file system on each disk, and check files across a remount
#   hash    print the hash of each whole disk, write nothing
# Prints "mimic-guest: sha256 DISK REGION HASH"; the pattern depends on the disk's name and region only.
# shellcheck source=/dev/null
. /mimic/lib
mode=$(parameter blk write)
size_limit=$(parameter blksize 1048576)

# pattern DISK REGION BYTES: the same bytes on each start
pattern() {
    yes "mimic $1 $2 0123456789abcdefghijklmnopqrstuvwxyz" | head -c "$3"
}

hash_of() { sha256sum | cut -d' ' -f1; }

drop_cache() { sync; echo 3 >/proc/sys/vm/drop_caches; }

# regions DISK: lines "NAME FIRST_BLOCK BLOCKS" in units of 4 KiB
regions() {
    total=$(($(cat "/sys/block/$1/size") / 8))
    blocks=$((size_limit / 4096))
    [ $((blocks * 3)) -le "$total" ] || blocks=$((total / 3))
    echo "start 0 $blocks"
    echo "middle $(((total - blocks) / 2)) $blocks"
    echo "end $((total - blocks)) $blocks"
}

write_disk() {
    regions "$1" >/tmp/regions
    while read -r region first blocks; do
        pattern "$1" "$region" $((blocks * 4096)) |
            dd of="/dev/$1" bs=4096 seek="$first" conv=notrunc,fsync 2>/tmp/dd ||
            fail "$1 $region: $(tail -n 1 /tmp/dd)"
    done </tmp/regions
}

verify_disk() {
    drop_cache
    regions "$1" >/tmp/regions
    while read -r region first blocks; do
        want=$(pattern "$1" "$region" $((blocks * 4096)) | hash_of)
        have=$(dd if="/dev/$1" bs=4096 skip="$first" count="$blocks" 2>/tmp/dd | hash_of)
        say "sha256 $1 $region $have"
        [ "$want" = "$have" ] || fail "$1 $region: expected $want"
    done </tmp/regions
}

file_system() {
    load ext4 crc32c_generic
    mke2fs -F "/dev/$1" >/tmp/log 2>&1 || fail "$1: mke2fs: $(tail -n 1 /tmp/log)"
    mount -t ext4 "/dev/$1" /mnt || fail "$1: cannot mount"
    mkdir /mnt/deep /mnt/deep/er
    pattern "$1" file 1000000 >/mnt/deep/er/file
    count=0
    while [ $count -lt 100 ]; do
        echo "$1 $count" >"/mnt/deep/small.$count"
        count=$((count + 1))
    done
    umount /mnt
    drop_cache
    mount -t ext4 "/dev/$1" /mnt || fail "$1: cannot mount again"
    want=$(pattern "$1" file 1000000 | hash_of)
    have=$(hash_of </mnt/deep/er/file)
    say "sha256 $1 file $have"
    [ "$want" = "$have" ] || fail "$1 file: expected $want"
    count=0
    while [ $count -lt 100 ]; do
        [ "$(cat "/mnt/deep/small.$count")" = "$1 $count" ] || fail "$1: small file $count differs"
        count=$((count + 1))
    done
    umount /mnt
}

found=0
for path in /sys/block/*; do
    disk=${path##*/}
    case $disk in
        loop* | ram* | zram*) continue ;;
    esac
    found=$((found + 1))
    say "disk $disk sectors $(cat "$path/size") read-only $(cat "$path/ro") cache $(cat "$path/queue/write_cache") serial $(cat "$path/serial" 2>/dev/null)"
    if [ "$mode" = hash ] || [ "$(cat "$path/ro")" = 1 ]; then
        say "sha256 $disk whole $(hash_of <"/dev/$disk")"
        continue
    fi
    case $mode in
        write) write_disk "$disk" && verify_disk "$disk" ;;
        verify) verify_disk "$disk" ;;
        fs) file_system "$disk" ;;
        *) fail "mimic.blk=$mode is not one of write, verify, fs, hash" ;;
    esac
done
[ $found -gt 0 ] || fail "no disk found"
want=$(parameter disks $found)
[ "$want" = $found ] || fail "$found disks, expected $want"
pass
