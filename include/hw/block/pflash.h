/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parallel NOR flash with the Intel command set (CFI primary command set 1): firmware code and variables.
 */
#ifndef HW_BLOCK_PFLASH_H
#define HW_BLOCK_PFLASH_H

#include "block/block.h"
#include "hw/device.h"

/*
 * A bank of @size bytes at @addr, blocks of @sector bytes, made of 16-bit chips side by side on a 32-bit bus. @blk (may be NULL: erased and
 * forgotten at the end) has exactly @size bytes; what the guest writes goes there.
 */
DeviceState *pflash_cfi01_create(Machine *m, const char *name, uint64_t addr, uint64_t size, uint32_t sector, BlockBackend *blk, Error **errp);
/* Host memory of the bank, for boards that start from it. */
uint8_t *pflash_host(DeviceState *dev);
bool pflash_has_image(DeviceState *dev);

#endif
