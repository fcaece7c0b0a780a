/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg: how firmware and guests learn what they boot on (the interface is documented in the reference's docs/specs/fw_cfg). Items by
 * 16-bit key, and named files in a directory that is one of the items. Memory mapped: data at 0, selector at 8, DMA address at 16; in I/O
 * space of a PC: selector and data at 0x510 and 0x511, DMA address at 0x514.
 */
#ifndef HW_NVRAM_FW_CFG_H
#define HW_NVRAM_FW_CFG_H

#include "hw/device.h"

enum {
    FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_UUID = 0x02, FW_CFG_RAM_SIZE = 0x03, FW_CFG_NOGRAPHIC = 0x04, FW_CFG_NB_CPUS = 0x05,
    FW_CFG_MACHINE_ID = 0x06, FW_CFG_KERNEL_ADDR = 0x07, FW_CFG_KERNEL_SIZE = 0x08, FW_CFG_KERNEL_CMDLINE = 0x09, FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b, FW_CFG_BOOT_DEVICE = 0x0c, FW_CFG_NUMA = 0x0d, FW_CFG_BOOT_MENU = 0x0e, FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_DATA = 0x11, FW_CFG_INITRD_DATA = 0x12, FW_CFG_CMDLINE_SIZE = 0x14, FW_CFG_CMDLINE_DATA = 0x15, FW_CFG_FILE_DIR = 0x19,
    FW_CFG_KERNEL_ENTRY = 0x10, FW_CFG_SETUP_ADDR = 0x16, FW_CFG_SETUP_SIZE = 0x17, FW_CFG_SETUP_DATA = 0x18, FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_FILE_FIRST = 0x20,
    /* of the architecture: a PC's */
    FW_CFG_ACPI_TABLES = 0x8000, FW_CFG_SMBIOS_ENTRIES = 0x8001, FW_CFG_IRQ0_OVERRIDE = 0x8002, FW_CFG_E820_TABLE = 0x8003, FW_CFG_HPET = 0x8004,
    FW_CFG_ARCH_FIRST = 0x8000, FW_CFG_ARCH_COUNT = 8,
};

typedef struct FwCfg FwCfg; /* a SysDevice below "fw_cfg": "fw_cfg_mem" or "fw_cfg_io" */
#define TYPE_FW_CFG "fw_cfg"
#define FW_CFG_IO_PORT 0x510

/* Made, realized, mapped at @addr. NULL on error. */
FwCfg *fw_cfg_create(Machine *m, uint64_t addr, Error **errp);
/* The same at FW_CFG_IO_PORT of @io. */
FwCfg *fw_cfg_create_io(Machine *m, MemoryRegion *io, Error **errp);
/* Copies the data; a second call for a key replaces. Before the machine runs, or while its vCPUs are paused. */
void fw_cfg_add_bytes(FwCfg *fw, uint16_t key, const void *data, size_t len);
void fw_cfg_add_u16(FwCfg *fw, uint16_t key, uint16_t v); /* little endian, as all numbers of fw_cfg items are */
void fw_cfg_add_u32(FwCfg *fw, uint16_t key, uint32_t v);
void fw_cfg_add_u64(FwCfg *fw, uint16_t key, uint64_t v);
void fw_cfg_add_string(FwCfg *fw, uint16_t key, const char *text); /* with its NUL */
/* A named file, up to 55 characters; error where the name is taken or too long. */
bool fw_cfg_add_file(FwCfg *fw, const char *name, const void *data, size_t len, Error **errp);
/* New contents for a file that is there; false where there is none. */
bool fw_cfg_replace_file(FwCfg *fw, const char *name, const void *data, size_t len);
bool fw_cfg_has_file(const FwCfg *fw, const char *name);
/* Lets the guest write the file (by DMA), within its length; @written is told after each write, and may read it by fw_cfg_file_data(). */
bool fw_cfg_set_writable(FwCfg *fw, const char *name, void (*written)(void *opaque), void *opaque);
/* Called when the guest selects the file. */
bool fw_cfg_set_selected(FwCfg *fw, const char *name, void (*selected)(void *opaque), void *opaque);
uint8_t *fw_cfg_file_data(FwCfg *fw, const char *name, size_t *len);

#endif
