/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg: how firmware and guests learn what they boot on (the interface is documented in the reference's docs/specs/fw_cfg). Items by
 * 16-bit key, and named files in a directory that is one of the items. Memory mapped: data at 0, selector at 8, DMA address at 16.
 */
#ifndef HW_NVRAM_FW_CFG_H
#define HW_NVRAM_FW_CFG_H

#include "hw/device.h"

enum {
    FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_UUID = 0x02, FW_CFG_RAM_SIZE = 0x03, FW_CFG_NOGRAPHIC = 0x04, FW_CFG_NB_CPUS = 0x05,
    FW_CFG_MACHINE_ID = 0x06, FW_CFG_KERNEL_ADDR = 0x07, FW_CFG_KERNEL_SIZE = 0x08, FW_CFG_KERNEL_CMDLINE = 0x09, FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b, FW_CFG_BOOT_DEVICE = 0x0c, FW_CFG_NUMA = 0x0d, FW_CFG_BOOT_MENU = 0x0e, FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_DATA = 0x11, FW_CFG_INITRD_DATA = 0x12, FW_CFG_CMDLINE_SIZE = 0x14, FW_CFG_CMDLINE_DATA = 0x15, FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
};

typedef struct FwCfg FwCfg; /* a SysDevice "fw_cfg_mem" */

/* Made, realized, mapped at @addr. NULL on error. */
FwCfg *fw_cfg_create(Machine *m, uint64_t addr, Error **errp);
/* Copies the data; a second call for a key replaces. Before the machine runs. */
void fw_cfg_add_bytes(FwCfg *fw, uint16_t key, const void *data, size_t len);
void fw_cfg_add_u16(FwCfg *fw, uint16_t key, uint16_t v); /* little endian, as all numbers of fw_cfg items are */
void fw_cfg_add_u32(FwCfg *fw, uint16_t key, uint32_t v);
void fw_cfg_add_u64(FwCfg *fw, uint16_t key, uint64_t v);
void fw_cfg_add_string(FwCfg *fw, uint16_t key, const char *text); /* with its NUL */
/* A named file, up to 55 characters; error where the name is taken or too long. */
bool fw_cfg_add_file(FwCfg *fw, const char *name, const void *data, size_t len, Error **errp);

#endif
