/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the floppy controller share: fdc.c (registers, commands, data), fdc-drive.c (drives and their
 * media).
 */
#ifndef HW_BLOCK_FDC_INTERNAL_H
#define HW_BLOCK_FDC_INTERNAL_H

#include "block/block.h"
#include "hw/device.h"

enum { FDC_DRIVES = 2, FDC_SECTOR = 512 };
#define TYPE_FLOPPY_BUS "floppy-bus"

/* values of CMOS and of property drive-type */
enum { DRIVE_AUTO, DRIVE_144, DRIVE_288, DRIVE_120, DRIVE_NONE };

/* A -device floppy: a drive, with a disk in it or without. */
typedef struct Floppy {
    DeviceState dev;
    uint32_t unit;
    char *drive;
    int type;            /* DRIVE_* */
    int32_t bootindex;
    BlockBackend *blk;   /* NULL: empty */
    bool readonly;
    /* geometry of the medium */
    uint8_t tracks, heads, sectors, rate;
    /* state */
    uint8_t track;
    bool changed;        /* the disk-change line */
} Floppy;

typedef struct FloppyBus {
    Bus bus;
    Floppy *drive[FDC_DRIVES];
} FloppyBus;

static inline bool floppy_has_medium(const Floppy *f) { return f && f->blk; }
/* Sector number on the medium; false where track, head or sector (from 1) is not there. */
bool floppy_locate(const Floppy *f, unsigned track, unsigned head, unsigned sector, int64_t *offset);
uint8_t floppy_cmos_type(const Floppy *f); /* 0: no drive */

#endif
