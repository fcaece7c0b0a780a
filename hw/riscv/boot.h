/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a RISC-V board: firmware, kernel, initrd, device tree and reset vector into memory.
 */
#ifndef HW_RISCV_BOOT_H
#define HW_RISCV_BOOT_H

#include "hw/device.h"

typedef struct RiscvBoot {
    Machine *machine;
    unsigned xlen;
    uint64_t ram_base;
    uint64_t start;                    /* where the reset vector jumps to */
    uint64_t firmware_end;
    uint64_t kernel_entry;             /* 0: none */
    uint64_t kernel_end;               /* with its uninitialized data */
    uint64_t initrd_start, initrd_end; /* 0: none */
    uint64_t dtb_addr;
} RiscvBoot;

/* -bios: NULL or "default" is OpenSBI, "none" is nothing; sets start and firmware_end. */
bool riscv_boot_firmware(RiscvBoot *b, Error **errp);
/* -kernel: ELF, Linux Image (gzip understood) or flat; behind the firmware; sets kernel_entry. */
bool riscv_boot_kernel(RiscvBoot *b, Error **errp);
/* -initrd; after the kernel. */
bool riscv_boot_initrd(RiscvBoot *b, Error **errp);
/* Where a tree of @size bytes goes: a 2 MiB boundary at the end of RAM, below 3 GiB. */
bool riscv_boot_place_dtb(RiscvBoot *b, uint64_t size, Error **errp);
/* The code at @rom and the information that OpenSBI's fw_dynamic wants. */
bool riscv_boot_reset_vector(RiscvBoot *b, uint64_t rom, Error **errp);

#endif
