/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's two 8237A DMA controllers with page registers: channels 0..3 move bytes, 5..7 words. Guarded by the machine
 * lock.
 */
#ifndef HW_DMA_I8257_H
#define HW_DMA_I8257_H

#include "hw/isa.h"

#define TYPE_I8257 "i8257"

/* Makes both and gives them to the bus. */
bool i8257_create(IsaBus *bus, Error **errp);

/* --- for devices on the bus --- */
/*
 * Called while @channel's request stands and it is not masked: moves data by isa_dma_read/write_memory from @pos up to
 * @size and says the new position. The position comes back in the next call; at @size the channel has reached its
 * terminal count.
 */
typedef unsigned IsaDmaTransfer(void *opaque, unsigned channel, unsigned pos, unsigned size);
bool isa_has_dma(IsaBus *bus, unsigned channel);
void isa_dma_register(IsaBus *bus, unsigned channel, IsaDmaTransfer *transfer, void *opaque); /* NULL: takes it off */
void isa_dma_request(IsaBus *bus, unsigned channel, bool level); /* DREQ */
bool isa_dma_is_write(IsaBus *bus, unsigned channel);            /* programmed for device to memory */
bool isa_dma_auto_init(IsaBus *bus, unsigned channel);
/* At @pos of the programmed block; returns the bytes moved. Guest RAM only. */
unsigned isa_dma_read_memory(IsaBus *bus, unsigned channel, void *buf, unsigned pos, unsigned len);
unsigned isa_dma_write_memory(IsaBus *bus, unsigned channel, const void *buf, unsigned pos, unsigned len);
void isa_dma_schedule(IsaBus *bus); /* runs what is requested, soon */

#endif
