/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CD or DVD drive as its command set shows it (MMC-5, SPC-3): tray, medium, sense data, and the answers to
 * commands. Transports (ATAPI, SCSI) carry commands and data; this file knows neither. Reading of the disc itself is
 * left to the transport: MMC_READ says what to read.
 */
#ifndef HW_SCSI_MMC_H
#define HW_SCSI_MMC_H

#include <stdbool.h>
#include <stdint.h>

struct BlockBackend;

enum { MMC_CDB_BYTES = 12, MMC_SENSE_BYTES = 18, MMC_ANSWER_MAX = 4096, MMC_SECTOR = 2048 };
enum { /* sense keys */
    SENSE_NONE = 0, SENSE_NOT_READY = 2, SENSE_MEDIUM_ERROR = 3, SENSE_ILLEGAL_REQUEST = 5, SENSE_UNIT_ATTENTION = 6,
    SENSE_ABORTED = 11,
};

typedef struct MmcDrive {
    struct BlockBackend *blk;     /* NULL: never a disc */
    const char *vendor, *model, *version; /* for INQUIRY; padded there */
    uint8_t sense_key, asc, ascq;
    bool tray_open, tray_locked;
    bool unit_attention;          /* reported by the next command that takes notice; asc and ascq with it */
    uint8_t attention_asc, attention_ascq;
    bool media_event, eject_event;/* for GET EVENT STATUS NOTIFICATION */
} MmcDrive;

typedef enum MmcResult {
    MMC_DONE,    /* no data */
    MMC_DATA,    /* *len bytes in the answer */
    MMC_READ,    /* sectors of the disc: MmcRead */
    MMC_CHECK,   /* sense is set */
} MmcResult;

typedef struct MmcRead {
    uint64_t lba;
    uint32_t count;
    uint32_t sector_bytes;        /* 2048, or 2352: mmc_raw_header() makes what stands before the data */
} MmcRead;

void mmc_reset(MmcDrive *d);
/* @answer: MMC_ANSWER_MAX bytes; *len is at most that and at most what the command allows. */
MmcResult mmc_execute(MmcDrive *d, const uint8_t cdb[MMC_CDB_BYTES], uint8_t *answer, uint32_t *len, MmcRead *read);
void mmc_set_sense(MmcDrive *d, uint8_t key, uint8_t asc, uint8_t ascq);
bool mmc_has_medium(const MmcDrive *d);
uint32_t mmc_sectors(const MmcDrive *d);
/* The 16 bytes before the 2048 of a mode 1 sector; 288 bytes of correction codes follow the data, here zeros. */
void mmc_raw_header(uint8_t *out, uint32_t lba);
/* The host opens or closes the tray (monitor: eject); false where it is locked and @force is not set. */
bool mmc_set_tray(MmcDrive *d, bool open, bool force);

#endif
