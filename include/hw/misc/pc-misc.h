/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small ISA devices of a PC that boards make, and their names: all can be created by isa_create() or -device.
 */
#ifndef HW_MISC_PC_MISC_H
#define HW_MISC_PC_MISC_H

#include "hw/isa.h"

#define TYPE_ISA_SERIAL "isa-serial"         /* index=, iobase=, irq=, chardev= */
#define TYPE_ISA_PARALLEL "isa-parallel"     /* index=, iobase=, irq=, chardev= */
#define TYPE_ISA_DEBUGCON "isa-debugcon"     /* iobase= (0xe9), readback=, chardev= */
#define TYPE_ISA_DEBUG_EXIT "isa-debug-exit" /* iobase= (0x501), iosize= (2) */
#define TYPE_PVPANIC "pvpanic"               /* ioport= (0x505), events= */
#define TYPE_PC_TESTDEV "pc-testdev"
#define TYPE_ISA_FDC "isa-fdc"               /* iobase=, irq=, dma=; bus "floppy-bus" for -device floppy,unit=,drive= */
#define TYPE_FLOPPY "floppy"

/* CMOS byte 0x10 for a floppy controller's two drives. */
uint8_t fdc_cmos_drive_types(DeviceState *fdc);
/* Takes -drive if=floppy (-fda, -fdb) and puts drives on the controller. */
bool fdc_add_default_drives(DeviceState *fdc, Error **errp);

#endif
