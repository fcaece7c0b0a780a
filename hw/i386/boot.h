/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a kernel given by -kernel (Linux' boot protocol: Documentation/x86/boot.rst; PVH: the Xen PVH boot ABI; Multiboot 0.6.96).
 *
 * Two ways lead to it. Where firmware runs, it finds an option ROM of ours (boot-rom.c) in fw_cfg, which fetches the images by DMA and jumps
 * into them. Without firmware the board puts everything into memory at reset, plays the part of the chipset's set-up, and starts the first
 * CPU in the kernel. Private to hw/i386.
 */
#ifndef HW_I386_BOOT_H
#define HW_I386_BOOT_H

#include <glib.h>

#include "softmmu/machine.h"

struct AcpiBlobs;
struct SmbiosBlobs;

typedef enum PcBootKind { PC_BOOT_LINUX, PC_BOOT_PVH, PC_BOOT_MULTIBOOT } PcBootKind;

typedef struct PcBootImage { /* bytes that go to a place in memory */
    const char *what;
    GByteArray *bytes;
    uint64_t addr;
} PcBootImage;

enum { PC_BOOT_IMAGES = 64 };
typedef struct PcBoot {
    PcBootKind kind;
    bool direct;              /* no firmware runs */
    uint32_t entry;           /* 32-bit */
    uint32_t eax, ebx, esi;
    PcBootImage images[PC_BOOT_IMAGES];
    unsigned image_count;
    /* Linux */
    GByteArray *setup;        /* boot sector and real-mode code */
    uint32_t kernel_addr, kernel_size, initrd_addr, initrd_size, cmdline_addr;
    uint16_t protocol;
    uint64_t rsdp;            /* 0: none */
} PcBoot;

/* Where a board without firmware keeps things. */
enum {
    BOOT_ZERO_PAGE = 0x10000, BOOT_CMDLINE = 0x20000, BOOT_CMDLINE_MAX = 0x10000, BOOT_INFO = 0x30000, BOOT_EBDA = 0x9fc00,
    BOOT_TABLES = 256 * 1024, /* room for ACPI tables at the end of low memory */
};

/* Reads the images and says how they are started; from the board's init-independent part, when firmware is known. */
bool pc_boot_prepare(Machine *m, Error **errp);
/* The tables, where no firmware would place them. */
bool pc_boot_add_acpi(Machine *m, const struct AcpiBlobs *blobs, Error **errp);
bool pc_boot_add_smbios(Machine *m, const struct SmbiosBlobs *blobs, Error **errp);
/* After tables: fw_cfg items, or everything into memory. */
bool pc_boot_finish(Machine *m, Error **errp);
void pc_boot_start(Machine *m); /* at reset */
void pc_boot_free(Machine *m);
bool pc_boot_is_direct(Machine *m);
/* The command line, with what the board adds to it. g_free. */
char *pc_boot_cmdline(Machine *m);

/* --- shared by the boot files --- */
GByteArray *pc_boot_add_image(PcBoot *boot, const char *what, uint64_t addr);
typedef struct PcElf {
    uint64_t entry, entry_phys, low, high; /* physical: where the entry lies, first and last + 1 byte */
    bool is64;
} PcElf;
bool pc_boot_load_segments(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, PcElf *elf, Error **errp);
/* One for each kind; false with an error where the image is damaged. */
bool pc_boot_load_linux(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, Error **errp);
bool pc_boot_load_pvh(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, bool *is_pvh, Error **errp);
bool pc_boot_load_multiboot(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, bool *is_multiboot, Error **errp);
/* Memory as the guest will find it: RAM without what the board uses; at most @max entries. */
struct PcE820;
unsigned pc_boot_e820(Machine *m, struct PcE820 *out, unsigned max);
bool pc_boot_load_initrd(Machine *m, PcBoot *boot, uint64_t top, Error **errp);
bool pc_boot_publish(Machine *m, PcBoot *boot, Error **errp); /* boot-rom.c: to fw_cfg, with the option ROM */

#endif
