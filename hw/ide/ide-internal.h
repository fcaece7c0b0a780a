/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of hw/ide share: the bus with its two places, the drive with its registers, and what a controller
 * does for them.
 *
 * A drive carries out commands (ata.c, ata-rw.c, atapi.c) and never knows how data reaches the host: the controller
 * of its bus does that, by IdeBusOps. Host accesses come with the machine lock held, completions of the block layer
 * run in the main loop, which holds it too.
 *
 * A command ends exactly once, in ide_finish(), ide_abort() or ide_fail(). Requests to the block layer that are in
 * flight when the drive is reset end later; until they have, the drive stays busy (drive->draining), so that no old
 * write overtakes a new one.
 */
#ifndef HW_IDE_IDE_INTERNAL_H
#define HW_IDE_IDE_INTERNAL_H

#include "block/block.h"
#include "hw/ide/ide.h"
#include "hw/scsi/mmc.h"

enum { /* status register */
    ST_ERR = 0x01, ST_DRQ = 0x08, ST_SEEK = 0x10, ST_FAULT = 0x20, ST_READY = 0x40, ST_BUSY = 0x80,
    ST_IDLE = ST_READY | ST_SEEK,
    /* error register */
    ER_ABORT = 0x04, ER_ID = 0x10, ER_UNCORRECTABLE = 0x40, ER_ICRC = 0x80,
    /* device control */
    CTL_NIEN = 0x02, CTL_SRST = 0x04, CTL_HOB = 0x80,
    /* device register */
    DEV_SECOND = 0x10, DEV_LBA = 0x40,
    /* interrupt reason of packet commands (sector count register) */
    IR_COMMAND = 1, IR_TO_HOST = 2,
    IDE_SECTOR = 512, IDE_MULTIPLE_MAX = 16, IDE_BUFFER = 128 * 1024, IDE_IOV_MAX = 512, IDE_CHUNK_MAX = 1 << 20,
    IDE_SG_MAX = 65536,
    IDE_CHANNELS_MAX = 6,
};

typedef struct IdeDrive IdeDrive;
typedef struct IdeBus IdeBus;

typedef struct IdeSgEntry {
    uint64_t addr;
    uint32_t len;
} IdeSgEntry;
/* Where a transfer goes to in guest memory: a list that was copied, and how far it was used. */
typedef struct IdeSg {
    GArray *entries; /* IdeSgEntry */
    unsigned index;
    uint32_t offset; /* in entries[index] */
    uint64_t left;   /* bytes behind that */
} IdeSg;

typedef struct IdeBusOps {
    /* The bus' interrupt line. */
    void (*set_irq)(IdeBus *bus, bool level);
    /*
     * drive->data[data_pos, data_end) waits for the host (or for bytes from it, drive->to_host tells). NULL: the host
     * uses the data register. A controller that moves the block itself has ide_data_moved() called later.
     */
    void (*data_ready)(IdeBus *bus, IdeDrive *drive);
    /* A command wants DMA. Controller: calls ide_dma_go() once the host let it, at once or later. */
    void (*dma_wanted)(IdeBus *bus, IdeDrive *drive);
    /* Reads the list of memory ranges. False: it is unusable, the command is aborted. */
    bool (*dma_list)(IdeBus *bus, IdeSg *sg);
    AddressSpace *(*dma_as)(IdeBus *bus);
    /* The DMA ended. @moved bytes; @left: of the list; @ok false: the command failed, or the list was too short. */
    void (*dma_done)(IdeBus *bus, uint64_t moved, uint64_t left, bool ok);
    /*
     * A command ended (status and error are set), or a reset did (@reset: the signature is in the registers). May be
     * NULL.
     */
    void (*command_done)(IdeBus *bus, IdeDrive *drive, bool reset);
} IdeBusOps;

struct IdeBus {
    Bus bus;
    unsigned number, units;     /* of the controller; places on it: 2, or 1 of SATA */
    IdeDrive *drives[2];
    const IdeBusOps *ops;
    void *opaque;
    uint8_t select;             /* unit */
    uint8_t control;            /* device control register */
    bool irq;
};

struct IdeDrive {
    DeviceState dev;
    /* properties */
    char *drive, *serial, *model, *version;
    int32_t unit, bootindex;
    uint32_t logical, physical, cyls, heads, secs;
    uint64_t wwn;
    uint16_t rotation_rate;
    bool write_cache_prop, share_rw;

    IdeBus *ide;
    BlockBackend *blk;          /* NULL: a CD drive without a disc, for good */
    bool cdrom;
    uint64_t sectors;           /* of a hard disk */
    unsigned geo_cyls, geo_heads, geo_secs;
    unsigned cur_heads, cur_secs; /* by INITIALIZE DEVICE PARAMETERS */

    /* registers; hob: what was there before the last write */
    uint8_t feature, count, lba_low, lba_mid, lba_high, device, status, error;
    uint8_t hob_feature, hob_count, hob_low, hob_mid, hob_high;
    uint8_t command;

    /* settings */
    uint8_t multiple, udma_mode, mwdma_mode;
    bool write_cache, smart_enabled, smart_autosave, standby;
    uint8_t smart_errors;
    uint8_t ncq_log[16];        /* of the queued command that failed last: log page 10h */

    /* the command under way */
    uint8_t *data;              /* IDE_BUFFER bytes */
    uint32_t data_pos, data_end;
    bool to_host;
    void (*data_moved)(IdeDrive *d); /* the whole block was moved */
    uint64_t lba;
    uint32_t left;              /* sectors */
    uint32_t block;             /* sectors for each interrupt of PIO */
    bool lba48, is_write, fua, dma, dma_waiting, verify;
    IdeSg sg;
    uint64_t moved;
    GArray *iov;                /* of the chunk in flight */
    struct iovec bounce;
    unsigned in_flight;
    bool draining, soft_reset;
    uint32_t generation;        /* a request of an older one is of no interest any more */

    /* packet commands */
    MmcDrive mmc;
    uint32_t packet_limit;      /* bytes of a PIO block */
    uint32_t packet_pos, packet_left; /* bytes of drive->data that were offered, and that were not yet */
    uint32_t answer_bytes;      /* of a command that answers at once; 0: it reads the disc */
    uint64_t cd_lba;
    uint32_t cd_left, cd_sector_bytes;
};
#define IDE_DRIVE(x) ((IdeDrive *)(x))
#define TYPE_IDE_DRIVE "ide-device"

/* --- ide-bus.c: registers of a bus --- */
IdeBus *ide_bus_new(DeviceState *controller, unsigned number, unsigned units, const IdeBusOps *ops, void *opaque);
IdeDrive *ide_selected(IdeBus *bus); /* may be NULL */
uint8_t ide_reg_read(IdeBus *bus, unsigned reg);  /* 1..7 of the command block */
void ide_reg_write(IdeBus *bus, unsigned reg, uint8_t v);
uint16_t ide_data_read(IdeBus *bus, unsigned bytes, uint32_t *out); /* data register: 1, 2 or 4 bytes */
void ide_data_write(IdeBus *bus, unsigned bytes, uint32_t v);
uint8_t ide_alt_status(IdeBus *bus);
void ide_control_write(IdeBus *bus, uint8_t v);
void ide_bus_hard_reset(IdeBus *bus);             /* power on: at once */
void ide_set_irq(IdeBus *bus, bool level);
void ide_start_command(IdeBus *bus, IdeDrive *d, uint8_t command);

/* --- ide-drive.c --- */
/* registers with the signature; later, while requests are in flight */
void ide_drive_reset(IdeDrive *d, bool soft);
void ide_signature(IdeDrive *d);
void ide_request_started(IdeDrive *d);
/* False: the command it belonged to is gone. Ends a reset that waited for it. */
bool ide_request_ended(IdeDrive *d, uint32_t generation);

/* --- ata.c: what ends a command, and which there are --- */
void ata_execute(IdeDrive *d);
void ide_finish(IdeDrive *d);                     /* without error, with an interrupt */
void ide_abort(IdeDrive *d);
void ide_fail(IdeDrive *d, uint8_t error);
/* Offers @bytes of d->data to the host, or asks it for as many; @then is called when they were moved. */
void ide_offer(IdeDrive *d, uint32_t bytes, bool to_host, void (*then)(IdeDrive *d));
void ide_data_moved(IdeDrive *d);                 /* by controllers that move blocks themselves */
/*
 * Goes on with @fn in the loop's next turn, unless the drive is reset: what a guest makes long never makes the stack
 * deep.
 */
void ide_later(IdeDrive *d, void (*fn)(IdeDrive *d));

/* --- ata-identify.c --- */
void ata_identify(IdeDrive *d, uint8_t *page);
void atapi_identify(IdeDrive *d, uint8_t *page);
void ata_smart(IdeDrive *d);
void ata_read_log(IdeDrive *d);

/* --- ata-rw.c --- */
void ata_read_write(IdeDrive *d, bool dma, bool multiple);
void ata_verify(IdeDrive *d);
void ata_flush(IdeDrive *d);
void ata_trim(IdeDrive *d);
uint64_t ata_get_lba(const IdeDrive *d);          /* by the registers and d->lba48 */
void ata_set_lba(IdeDrive *d, uint64_t lba);
void ide_dma_go(IdeDrive *d);                     /* by the controller: the list can be read now */
void ide_dma_cancel(IdeDrive *d);                 /* the host stopped it */

/* --- atapi.c --- */
void atapi_packet(IdeDrive *d);
void atapi_dma_go(IdeDrive *d);

/* --- scatter lists: ide-sg.c --- */
void ide_sg_clear(IdeSg *sg);
void ide_sg_add(IdeSg *sg, uint64_t addr, uint32_t len);
/* Appends memory of up to @bytes and IDE_IOV_MAX pieces, a multiple of @unit, to @iov; how many bytes; -1: not RAM. */
int64_t ide_sg_map(IdeSg *sg, AddressSpace *as, uint64_t bytes, uint32_t unit, bool to_memory, GArray *iov);
void ide_sg_unmap(AddressSpace *as, GArray *iov, bool to_memory); /* also empties it */
/* Copies between @buf and memory; false: the list is too short or not RAM. */
bool ide_sg_copy(IdeSg *sg, AddressSpace *as, void *buf, uint32_t bytes, bool to_memory);

#endif
