# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of tests/guest/run for PCs: direct boot and boot by SeaBIOS and GRUB on pc and q35, disks on every controller."""

import hashlib
import shutil


def register(base):
    """Adds the cases to @base, the module of tests/guest/run, with whose helpers they work."""
    check, make_disk, hashes = base.check, base.make_disk, base.hashes

    def add(name, *, fast=False):
        def named(function):
            function.__name__ = name
            return base.case(fast=fast, arch="amd64")(function)
        return named

    def boots(machine, smp):
        def run(bench):
            return f"shell after {base.boot_to_shell(bench, '-M', machine, smp=smp):.2f} s"
        return run

    add("boot-pc", fast=True)(boots("pc", 1))
    add("boot-q35")(boots("q35", 1))

    def processors(machine, smp):
        def run(bench):
            bench.run_scripts("smp", "-M", machine, smp=smp, append=f"mimic.cpus={smp}")
        return run

    for machine in ("pc", "q35"):
        for smp in (2, 4):
            add(f"smp-{smp}-{machine}")(processors(machine, smp))

    # --- disks: written in one boot, verified in the next, then a file system ---
    def disk(machine, device, *more):
        def run(bench):
            path = make_disk(bench, f"{machine}-{device.split(',')[0]}.raw", "raw")
            drive = ["-M", machine, *more, "-drive", f"file={path},format=raw,if=none,id=d0", "-device", f"{device},drive=d0", "-nodefaults",
                     "-serial", "mon:stdio"]
            written = hashes(bench.run_scripts("blk", *drive, append="mimic.blk=write"))
            verified = hashes(bench.run_scripts("blk", *drive, append="mimic.blk=verify"))
            check(len(written) == 3 and written == verified, f"hashes differ after a second boot: {written} {verified}")
            bench.run_scripts("blk", *drive, append="mimic.blk=fs")
            return f"{len(written)} regions equal after reboot"
        return run

    add("disk-ide-pc")(disk("pc", "ide-hd"))
    add("disk-ahci-q35")(disk("q35", "ide-hd"))
    add("disk-nvme-q35")(disk("q35", "nvme,serial=n1"))
    add("disk-nvme-pc")(disk("pc", "nvme,serial=n1"))
    add("disk-virtio-pc")(disk("pc", "virtio-blk-pci"))
    add("disk-virtio-q35")(disk("q35", "virtio-blk-pci"))

    @add("snapshot-pc")
    def snapshot(bench):
        path = make_disk(bench, "snapshot.raw", "raw")
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        bench.run_scripts("blk", "-M", "pc", "-snapshot", "-drive", f"file={path},format=raw", append="mimic.blk=fs")
        check(hashlib.sha256(path.read_bytes()).hexdigest() == before, "the image changed in spite of -snapshot")

    # --- network cards: an address, a ping, a file ---
    def network(machine, device, module):
        def run(bench):
            base.download(bench, device, "-M", machine, append=f"mimic.modules={module}")
        return run

    add("network-e1000-pc")(network("pc", "e1000", "e1000"))
    add("network-rtl8139-pc")(network("pc", "rtl8139", "8139cp"))

    # --- CD-ROM: the guest reads all of a disc ---
    def disc(machine):
        def run(bench):
            path = bench.scratch / f"{machine}.iso"
            data = bytes((i * 7 + (i >> 11)) & 0xff for i in range(3 * 1024 * 1024 + 2048))
            path.write_bytes(data)
            text = bench.run_scripts("blk", "-M", machine, "-cdrom", str(path), append="mimic.blk=hash")
            check(f"sha256 sr0 whole {hashlib.sha256(data).hexdigest()}" in text, "the disc reads differently in the guest")
        return run

    add("cdrom-ide-pc")(disc("pc"))
    add("cdrom-ahci-q35")(disc("q35"))

    # --- firmware: SeaBIOS, GRUB from the disk, its menu, the kernel it loads ---
    def firmware(machine, image, drive):
        def run(bench):
            path = bench.scratch / f"{machine}-{image}"
            shutil.copyfile(bench.cache / image, path)
            argv = [bench.emulator, "-M", machine, "-m", "512M", "-nographic", *(word.format(path) for word in drive)]
            with base.Guest(argv) as guest:
                guest.expect(r"SeaBIOS \(version", 30 * bench.slow)
                guest.expect(r"Booting `mimic guest", 90 * bench.slow)
                guest.expect(r"mimic-guest: ready", 120 * bench.slow)
                ready = guest.seconds
                guest.send("poweroff\n")
                check(guest.wait(30 * bench.slow) == 0, f"power-off did not end with status 0\n{guest.tail()}")
                return f"shell after {ready:.1f} s"
        return run

    add("seabios-mbr-ide-pc", fast=True)(firmware("pc", "disk-mbr.img", ["-drive", "file={},format=raw,if=ide"]))
    add("seabios-gpt-ahci-q35")(firmware("q35", "disk-gpt.img", ["-drive", "file={},format=raw"]))
    add("seabios-mbr-virtio-pc")(firmware("pc", "disk-mbr.img", ["-drive", "file={},format=raw,if=virtio"]))
    add("seabios-cdrom-pc")(firmware("pc", "disk-iso.img", ["-cdrom", "{}"]))
    add("seabios-cdrom-q35")(firmware("q35", "disk-iso.img", ["-cdrom", "{}"]))
