# SPDX-License-Identifier: GPL-2.0-or-later
"""Bootable disk images for tests, made without root rights and loop devices by Debian's own tools.

A file system is filled from a folder (mke2fs -d, mtools), GRUB's boot and core
images are put where grub-bios-setup would put them, and the partition table is
written here. Layouts:
  mbr  one ext4 partition at 1 MiB; core image in the gap behind the MBR
  gpt  BIOS boot partition, EFI system partition with GRUB for UEFI, ext4
  iso  El Torito CD-ROM (grub-mkrescue)
"""

import binascii
import shutil
import struct
import uuid

SECTOR = 512
MIB = 1 << 20
MODULES = """biosdisk part_msdos part_gpt ext2 fat iso9660 normal linux linux16 multiboot multiboot2
    serial terminal terminfo configfile echo ls cat test search search_label search_fs_file
    reboot halt minicmd boot sleep chain gzio all_video""".split()
EFI_MODULES = [name for name in MODULES if name not in ("biosdisk", "linux16", "multiboot")]
# The menu waits for two seconds; console and screen show it alike.
CONFIG = """serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=2
set default=0
search --no-floppy --set=root --file /boot/vmlinuz
menuentry "mimic guest" {
    linux /boot/vmlinuz console=ttyS0 quiet
    initrd /boot/initrd.gz
}
menuentry "mimic guest, screen" {
    linux /boot/vmlinuz console=tty0
    initrd /boot/initrd.gz
}
"""


def file_system(scratch, files, size, run):
    """An ext4 image of @size bytes with @files and the GRUB configuration."""
    folder = scratch / "root"
    shutil.rmtree(folder, ignore_errors=True)
    for name, source in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    (folder / "boot" / "grub").mkdir(parents=True, exist_ok=True)
    (folder / "boot" / "grub" / "grub.cfg").write_text(CONFIG)
    image = scratch / "root.ext4"
    image.unlink(missing_ok=True)
    with open(image, "wb") as stream:
        stream.truncate(size)
    # GRUB 2.06 does not know the newest features of ext4.
    run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", "mimic", "-O", "^metadata_csum_seed,^orphan_file,^64bit",
         "-U", "11111111-2222-3333-4444-555555555555", "-E", "hash_seed=11111111-2222-3333-4444-555555555555",
         "-d", folder, image])
    return image.read_bytes()


def grub_images(scratch, prefix, run):
    """MBR code and core image."""
    core = scratch / "core.img"
    run(["grub-mkimage", "-O", "i386-pc", "-o", core, "-p", prefix, *MODULES])
    boot = open("/usr/lib/grub/i386-pc/boot.img", "rb").read()
    boot = bytearray(boot[:SECTOR])
    boot[0x1be:0x1fe] = bytes(64)  # code for floppies lies where the partition table goes
    return boot, bytearray(core.read_bytes())


def place_core(boot, core, sector):
    """What grub-bios-setup patches: where the core image lies, and where its rest does."""
    struct.pack_into("<Q", boot, 0x5c, sector)
    struct.pack_into("<QH", core, SECTOR - 12, sector + 1, (len(core) + SECTOR - 1) // SECTOR - 1)


def padded(data, size):
    if len(data) > size:
        raise ValueError(f"{len(data)} bytes do not fit into {size}")
    return bytes(data) + bytes(size - len(data))


def build_mbr(files, scratch, run):
    part = file_system(scratch, files, 62 * MIB, run)
    boot, core = grub_images(scratch, "(hd0,msdos1)/boot/grub", run)
    place_core(boot, core, 1)
    boot[0x1b8:0x1bc] = b"mimi"
    first, count = MIB // SECTOR, len(part) // SECTOR
    boot[0x1be:0x1ce] = struct.pack("<B3sB3sII", 0x80, b"\x20\x21\x00", 0x83, b"\xfe\xff\xff", first, count)
    boot[0x1fe:] = b"\x55\xaa"
    return padded(boot + core, MIB) + part + bytes(MIB)


def efi_partition(scratch, size, run):
    """A FAT file system with GRUB as the default loader."""
    early = scratch / "early.cfg"
    early.write_text("search --no-floppy --set=root --file /boot/vmlinuz\nset prefix=($root)/boot/grub\n")
    loader = scratch / "bootx64.efi"
    run(["grub-mkimage", "-O", "x86_64-efi", "-o", loader, "-p", "/boot/grub", "-c", early, *EFI_MODULES])
    image = scratch / "efi.fat"
    image.unlink(missing_ok=True)
    with open(image, "wb") as stream:
        stream.truncate(size)
    run(["mformat", "-i", image, "-F" if size >= 33 * MIB else "-v", *([] if size >= 33 * MIB else ["EFI"]),
         "-N", "12345678", "::"])
    run(["mmd", "-i", image, "::/EFI", "::/EFI/BOOT"])
    run(["mcopy", "-i", image, loader, "::/EFI/BOOT/BOOTX64.EFI"])
    return image.read_bytes()


def gpt_header(disk_sectors, mine, other, table_lba, table):
    header = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, mine, other, 34, disk_sectors - 34,
                         uuid.UUID("11111111-2222-3333-4444-666666666666").bytes_le, table_lba, 128, 128,
                         binascii.crc32(table))
    return padded(header[:16] + struct.pack("<I", binascii.crc32(header)) + header[20:], SECTOR)


def build_gpt(files, scratch, run):
    root = file_system(scratch, files, 62 * MIB, run)
    efi = efi_partition(scratch, 8 * MIB, run)
    boot, core = grub_images(scratch, "(hd0,gpt3)/boot/grub", run)
    bios_lba, efi_lba = 34, MIB // SECTOR
    root_lba = efi_lba + len(efi) // SECTOR
    place_core(boot, core, bios_lba)
    sectors = root_lba + (len(root) + MIB) // SECTOR
    parts = [("21686148-6449-6e6f-744e-656564454649", bios_lba, efi_lba - 1, "BIOS boot"),
             ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", efi_lba, root_lba - 1, "EFI"),
             ("0fc63daf-8483-4772-8e79-3d69d8477de4", root_lba, root_lba + len(root) // SECTOR - 1, "root")]
    table = b"".join(uuid.UUID(kind).bytes_le + uuid.UUID(int=number + 1).bytes_le + struct.pack("<QQQ", first, last, 0)
                     + padded(name.encode("utf-16le"), 72) for number, (kind, first, last, name) in enumerate(parts))
    table = padded(table, 128 * 128)
    boot[0x1be:0x1ce] = struct.pack("<B3sB3sII", 0, b"\x00\x02\x00", 0xee, b"\xff\xff\xff", 1, sectors - 1)
    boot[0x1fe:] = b"\x55\xaa"
    front = bytes(boot) + gpt_header(sectors, 1, sectors - 1, 2, table) + table
    disk = padded(front + padded(core, (efi_lba - bios_lba) * SECTOR), MIB) + efi + root
    tail = table + gpt_header(sectors, sectors - 1, 1, sectors - 33, table)
    return padded(disk, sectors * SECTOR - len(tail)) + tail


def build_iso(files, scratch, run):
    folder = scratch / "cd"
    shutil.rmtree(folder, ignore_errors=True)
    for name, source in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    (folder / "boot" / "grub").mkdir(parents=True, exist_ok=True)
    (folder / "boot" / "grub" / "grub.cfg").write_text(CONFIG)
    image = scratch / "cd.iso"
    run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", image, folder])
    return image.read_bytes()


def build(kind, files, scratch, run):
    return {"mbr": build_mbr, "gpt": build_gpt, "iso": build_iso}[kind](files, scratch, run)
