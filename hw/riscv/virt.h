/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RISC-V `virt` board as its two files see it: the memory map, the interrupt numbers, the board's state. All
 * of it is a contract with firmware and guests, the same as the reference's.
 */
#ifndef HW_RISCV_VIRT_H
#define HW_RISCV_VIRT_H

#include "boot.h"
#include "hw/device.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/pci.h"

enum { VIRT_CPUS_MAX = 512, VIRT_SOURCES = 96, VIRT_VIRTIO_COUNT = 8, VIRT_FLASH_COUNT = 2, VIRT_FLASH_SECTOR = 256 * 1024 };

typedef enum VirtPlace {
    VIRT_DEBUG, VIRT_MROM, VIRT_TEST, VIRT_RTC, VIRT_CLINT, VIRT_ACLINT_SSWI, VIRT_PCIE_PIO, VIRT_PLATFORM_BUS, VIRT_PLIC, VIRT_UART0,
    VIRT_VIRTIO, VIRT_FW_CFG, VIRT_FLASH, VIRT_PCIE_ECAM, VIRT_PCIE_MMIO, VIRT_DRAM, VIRT_PLACE_COUNT
} VirtPlace;

typedef struct VirtWindow {
    uint64_t base, size;
} VirtWindow;
extern const VirtWindow virt_map[VIRT_PLACE_COUNT];

enum { /* PLIC sources */
    VIRT_IRQ_VIRTIO = 1, /* 1 to 8 */
    VIRT_IRQ_UART0 = 10,
    VIRT_IRQ_RTC = 11,
    VIRT_IRQ_PCIE = 0x20, /* INTA to INTD: 0x20 to 0x23 */
};

typedef struct VirtBoard {
    /* properties */
    bool aclint, usb;
    int acpi, aia, iommu; /* enums */
    char *pflash[VIRT_FLASH_COUNT];
    /* parts */
    MemoryRegion mrom;
    DeviceState *plic, *mtimer;
    DeviceState *flash[VIRT_FLASH_COUNT];
    FwCfg *fw_cfg;
    VirtWindow pcie_high;
    RiscvBoot boot;
} VirtBoard;

/* The device tree of the board, or the one of -dtb, with /chosen as the command line says. g_free; NULL on error. */
void *virt_fdt(Machine *m, size_t *size, Error **errp);

#endif
