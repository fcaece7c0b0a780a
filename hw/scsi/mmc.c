/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a CD or DVD drive (MMC-5; SPC-3 for the common ones). Numbers in commands and answers are big
 * endian. Which commands work without a disc and which one tells a unit attention first follows SPC-3, 5.9.4.
 */
#include "hw/scsi/mmc.h"

#include <glib.h>
#include <string.h>

#include "block/block.h"
#include "util/bytes.h"

enum {
    TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, INQUIRY = 0x12, MODE_SENSE_6 = 0x1a, START_STOP = 0x1b,
    PREVENT_REMOVAL = 0x1e, READ_CAPACITY = 0x25, READ_10 = 0x28,
    SEEK_10 = 0x2b, SYNCHRONIZE_CACHE = 0x35, READ_SUBCHANNEL = 0x42, READ_TOC = 0x43, READ_HEADER = 0x44,
    GET_CONFIGURATION = 0x46, GET_EVENT = 0x4a, READ_DISC_INFO = 0x51,
    READ_TRACK_INFO = 0x52, MODE_SENSE_10 = 0x5a, READ_12 = 0xa8, READ_DVD_STRUCTURE = 0xad, SET_SPEED = 0xbb,
    MECHANISM_STATUS = 0xbd, READ_CD = 0xbe,
    ASC_INVALID_COMMAND = 0x20, ASC_LBA_RANGE = 0x21, ASC_INVALID_FIELD = 0x24, ASC_NO_MEDIUM = 0x3a,
    ASC_REMOVAL_PREVENTED = 0x53, ASC_SAVING = 0x39,
    ASC_MEDIUM_CHANGED = 0x28, ASC_RESET = 0x29,
    PROFILE_CD = 0x08, PROFILE_DVD = 0x10, CD_MAX_SECTORS = 450000, /* 99 minutes: more is a DVD */
};

/* What a command needs: a disc; to hear of a unit attention first; that bytes 1.. are in range of its own check. */
enum { NEEDS_MEDIUM = 1, ALWAYS_ALLOWED = 2 };

typedef struct Call {
    MmcDrive *d;
    const uint8_t *cdb;
    uint8_t *out;
    uint32_t len;
    MmcRead *read;
} Call;

void mmc_set_sense(MmcDrive *d, uint8_t key, uint8_t asc, uint8_t ascq)
{
    d->sense_key = key;
    d->asc = asc;
    d->ascq = ascq;
}

static MmcResult refuse(MmcDrive *d, uint8_t key, uint8_t asc, uint8_t ascq)
{
    mmc_set_sense(d, key, asc, ascq);
    return MMC_CHECK;
}

static bool disc_inside(const MmcDrive *d)
{
    return d->blk && blk_length(d->blk) > 0;
}

bool mmc_has_medium(const MmcDrive *d)
{
    return !d->tray_open && disc_inside(d);
}

uint32_t mmc_sectors(const MmcDrive *d)
{
    int64_t len = mmc_has_medium(d) ? blk_length(d->blk) : 0;
    return len > 0 ? (uint32_t)MIN(len / MMC_SECTOR, (int64_t)UINT32_MAX - 1) : 0;
}

static void attention(MmcDrive *d, uint8_t asc)
{
    d->unit_attention = true;
    d->attention_asc = asc;
    d->attention_ascq = 0;
}

void mmc_reset(MmcDrive *d)
{
    mmc_set_sense(d, SENSE_NONE, 0, 0);
    d->tray_locked = false;
    d->media_event = d->eject_event = false;
    attention(d, ASC_RESET);
}

bool mmc_set_tray(MmcDrive *d, bool open, bool force)
{
    if (open && d->tray_locked && !force) {
        d->eject_event = true; /* the user pressed the button: the guest hears of it */
        return false;
    }
    if (d->tray_open != open) {
        d->tray_open = open;
        d->media_event = true;
        if (!open && disc_inside(d)) {
            attention(d, ASC_MEDIUM_CHANGED);
        }
    }
    return true;
}

void mmc_raw_header(uint8_t *out, uint32_t lba)
{
    uint32_t frames = lba + 150; /* two seconds of lead-in */
    memset(out, 0xff, 12);
    out[0] = out[11] = 0;
    const uint32_t msf[3] = {frames / 75 / 60, frames / 75 % 60, frames % 75};
    for (int i = 0; i < 3; i++) {
        out[12 + i] = (uint8_t)((msf[i] / 10 % 16) << 4 | msf[i] % 10);
    }
    out[15] = 1;
}

/* --- answers --- */
static MmcResult answer(Call *c, uint32_t have, uint32_t allowed)
{
    c->len = MIN(have, allowed);
    return c->len ? MMC_DATA : MMC_DONE;
}

static MmcResult request_sense(Call *c)
{
    MmcDrive *d = c->d;
    if (d->sense_key == SENSE_NONE && d->unit_attention) {
        mmc_set_sense(d, SENSE_UNIT_ATTENTION, d->attention_asc, d->attention_ascq);
        d->unit_attention = false;
    }
    c->out[0] = 0x70;
    c->out[2] = d->sense_key;
    c->out[7] = MMC_SENSE_BYTES - 8;
    c->out[12] = d->asc;
    c->out[13] = d->ascq;
    mmc_set_sense(d, SENSE_NONE, 0, 0);
    return answer(c, MMC_SENSE_BYTES, c->cdb[4]);
}

static void put_text(uint8_t *at, size_t n, const char *text)
{
    memset(at, ' ', n);
    memcpy(at, text, MIN(strlen(text), n));
}

static MmcResult inquiry(Call *c)
{
    const MmcDrive *d = c->d;
    uint32_t allowed = ld_be16(c->cdb + 3);
    if (c->cdb[1] & 1) { /* vital product data: the list of pages, which is all */
        if (c->cdb[2] != 0) {
            return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
        }
        c->out[0] = 5;
        c->out[3] = 1;
        return answer(c, 5, allowed);
    }
    if (c->cdb[2]) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    c->out[0] = 5;    /* CD/DVD */
    c->out[1] = 0x80; /* removable */
    c->out[3] = 0x21; /* ATAPI's response format */
    c->out[4] = 31;
    put_text(c->out + 8, 8, d->vendor);
    put_text(c->out + 16, 16, d->model);
    put_text(c->out + 32, 4, d->version);
    return answer(c, 36, allowed);
}

static MmcResult start_stop(Call *c)
{
    MmcDrive *d = c->d;
    bool start = c->cdb[4] & 1, load_eject = c->cdb[4] & 2;
    if (c->cdb[4] & 0xf0 || !load_eject) {
        return MMC_DONE; /* power conditions; spinning up and down */
    }
    if (!start && d->tray_locked) {
        return refuse(d, disc_inside(d) ? SENSE_ILLEGAL_REQUEST : SENSE_NOT_READY, ASC_REMOVAL_PREVENTED, 2);
    }
    mmc_set_tray(d, !start, false);
    return MMC_DONE;
}

static MmcResult read_capacity(Call *c)
{
    st_be32(c->out, mmc_sectors(c->d) - 1);
    st_be32(c->out + 4, MMC_SECTOR);
    return answer(c, 8, 8);
}

static MmcResult read_sectors(Call *c, uint32_t lba, uint32_t count, uint32_t sector_bytes)
{
    if (!range_within(lba, count, mmc_sectors(c->d))) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_LBA_RANGE, 0);
    }
    *c->read = (MmcRead){lba, count, sector_bytes};
    return count ? MMC_READ : MMC_DONE;
}

/* Byte 9 says which parts of a sector are wanted: user data, or all of it. */
static MmcResult read_cd(Call *c)
{
    uint32_t count = (uint32_t)c->cdb[6] << 16 | ld_be16(c->cdb + 7);
    if (!count) {
        return MMC_DONE;
    }
    switch (c->cdb[9] & 0xf8) {
    case 0x00: return MMC_DONE;
    case 0x10: return read_sectors(c, ld_be32(c->cdb + 2), count, MMC_SECTOR);
    case 0xf8: return read_sectors(c, ld_be32(c->cdb + 2), count, 2352);
    default: return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
}

static void put_address(uint8_t *at, uint32_t lba, bool msf)
{
    if (msf) {
        uint32_t frames = lba + 150;
        at[0] = 0;
        at[1] = (uint8_t)(frames / 75 / 60);
        at[2] = (uint8_t)(frames / 75 % 60);
        at[3] = (uint8_t)(frames % 75);
    } else {
        st_be32(at, lba);
    }
}

/* One data track, and the lead-out behind it. */
static MmcResult toc_tracks(Call *c, bool msf)
{
    uint8_t *o = c->out;
    unsigned start = c->cdb[6], n = 4;
    if (start > 1 && start != 0xaa) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    o[2] = o[3] = 1;
    if (start <= 1) {
        o[n + 1] = 0x14; /* data, digital copy not allowed to be asked */
        o[n + 2] = 1;
        put_address(o + n + 4, 0, msf);
        n += 8;
    }
    o[n + 1] = 0x16;
    o[n + 2] = 0xaa;
    put_address(o + n + 4, mmc_sectors(c->d), msf);
    n += 8;
    st_be16(o, (uint16_t)(n - 2));
    return answer(c, n, ld_be16(c->cdb + 7));
}

/*
 * Format 2: the entries of the lead-in: first track, last track, lead-out, track 1. Addresses are minutes, seconds,
 * frames or, here, sectors.
 */
static MmcResult toc_raw(Call *c, bool msf)
{
    static const uint8_t points[4] = {0xa0, 0xa1, 0xa2, 1};
    uint8_t *o = c->out;
    o[2] = o[3] = 1;
    unsigned n = 4;
    for (int i = 0; i < 4; i++, n += 11) {
        o[n] = 1;
        o[n + 1] = i == 2 ? 0x16 : 0x14;
        o[n + 3] = points[i];
        if (i < 2) {
            o[n + 8] = 1; /* track 1 */
        } else {
            put_address(o + n + 7, i == 2 ? mmc_sectors(c->d) : 0, msf);
        }
    }
    st_be16(o, (uint16_t)(n - 2));
    return answer(c, n, ld_be16(c->cdb + 7));
}

static MmcResult read_toc(Call *c)
{
    bool msf = c->cdb[1] & 2;
    uint8_t format = c->cdb[2] & 15;
    format = format ? format : c->cdb[9] >> 6; /* where ATAPI had it */
    switch (format) {
    case 0: return toc_tracks(c, msf);
    case 1: /* sessions: one */
        c->out[1] = 10;
        c->out[2] = c->out[3] = 1;
        c->out[5] = 0x14;
        c->out[6] = 1;
        put_address(c->out + 8, 0, msf);
        return answer(c, 12, ld_be16(c->cdb + 7));
    case 2: return toc_raw(c, msf);
    default: return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
}

static uint16_t current_profile(const MmcDrive *d)
{
    uint32_t n = mmc_sectors(d);
    return n == 0 ? 0 : n > CD_MAX_SECTORS ? PROFILE_DVD : PROFILE_CD;
}

static uint8_t *put_feature(uint8_t *o, uint16_t code, uint8_t version, bool persistent, bool current, uint8_t bytes)
{
    st_be16(o, code);
    o[2] = (uint8_t)(version << 2 | persistent << 1 | current);
    o[3] = bytes;
    return o + 4;
}

/* Features: profile list, core, removable medium, and reading of the two kinds of disc (MMC-5, chapter 5). */
static MmcResult get_configuration(Call *c)
{
    uint16_t profile = current_profile(c->d), first = ld_be16(c->cdb + 2);
    uint8_t kind = c->cdb[1] & 3, *o = c->out + 8;
    if (kind == 3) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    st_be16(c->out + 6, profile);
    static const uint16_t codes[] = {0x0000, 0x0001, 0x0003, 0x0010, 0x001e, 0x001f};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        uint16_t code = codes[i];
        bool current = code <= 3 || (code == 0x10 && profile) || (code == 0x1e && profile == PROFILE_CD) ||
            (code == 0x1f && profile == PROFILE_DVD);
        if ((kind == 2 && code != first) || code < first || (kind == 1 && !current)) {
            continue;
        }
        switch (code) {
        case 0x0000:
            o = put_feature(o, code, 0, true, true, 8);
            for (int p = 0; p < 2; p++, o += 4) {
                uint16_t which = p ? PROFILE_CD : PROFILE_DVD;
                st_be16(o, which);
                o[2] = which == profile;
            }
            break;
        case 0x0001:
            o = put_feature(o, code, 2, true, true, 8);
            st_be32(o, 2); /* ATAPI */
            o[4] = 1;      /* tells that its state changed */
            o += 8;
            break;
        case 0x0003:
            o = put_feature(o, code, 0, true, true, 4);
            o[0] = 0x29; /* tray, can eject, can be locked */
            o += 4;
            break;
        case 0x0010:
            o = put_feature(o, code, 0, false, current, 8);
            st_be32(o, MMC_SECTOR);
            st_be16(o + 4, 1);
            o += 8;
            break;
        default:
            o = put_feature(o, code, code == 0x1e ? 2 : 1, false, current, 4);
            o += 4;
            break;
        }
    }
    st_be32(c->out, (uint32_t)(o - c->out) - 4);
    return answer(c, (uint32_t)(o - c->out), ld_be16(c->cdb + 7));
}

/* Only polling, and only the media class. */
static MmcResult get_event(Call *c)
{
    enum { CLASS_MEDIA = 4 };
    MmcDrive *d = c->d;
    if (!(c->cdb[1] & 1)) {
        return refuse(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    c->out[3] = 1 << CLASS_MEDIA;
    if (!(c->cdb[4] & 1 << CLASS_MEDIA)) {
        c->out[1] = 2;
        c->out[2] = 0x80; /* no event of the classes asked for */
        return answer(c, 4, ld_be16(c->cdb + 7));
    }
    c->out[1] = 6;
    c->out[2] = CLASS_MEDIA;
    if (d->eject_event) {
        c->out[4] = 1;
        d->eject_event = false;
    } else if (d->media_event) {
        c->out[4] = mmc_has_medium(d) ? 2 : 3; /* new disc; disc removed */
        d->media_event = false;
    }
    c->out[5] = (uint8_t)((d->tray_open ? 1 : 0) | (mmc_has_medium(d) ? 2 : 0));
    return answer(c, 8, ld_be16(c->cdb + 7));
}

static MmcResult read_disc_info(Call *c)
{
    if (c->cdb[1] & 7) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    st_be16(c->out, 32);
    c->out[2] = 0x0e; /* complete, last session complete */
    c->out[3] = c->out[4] = c->out[5] = c->out[6] = 1;
    c->out[7] = 0x20; /* unrestricted use */
    memset(c->out + 17, 0xff, 7);
    return answer(c, 34, ld_be16(c->cdb + 7));
}

static MmcResult read_track_info(Call *c)
{
    uint32_t n = mmc_sectors(c->d), what = ld_be32(c->cdb + 2);
    if ((c->cdb[1] & 3) > 1 || ((c->cdb[1] & 3) == 1 && what != 1) || (!(c->cdb[1] & 3) && what >= n)) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    c->out[1] = 34;
    c->out[2] = c->out[3] = 1;
    c->out[5] = 4;
    c->out[6] = 1;
    st_be32(c->out + 24, n);
    return answer(c, 36, ld_be16(c->cdb + 7));
}

/* Pages 01h (error recovery) and 2Ah (capabilities), or both; @at: where pages begin. */
static uint32_t mode_pages(const MmcDrive *d, uint8_t page, uint8_t *o)
{
    uint32_t n = 0;
    if (page == 0x01 || page == 0x3f) {
        o[n] = 0x01;
        o[n + 1] = 6;
        o[n + 3] = 5; /* retries */
        n += 8;
    }
    if (page == 0x2a || page == 0x3f) {
        uint8_t *p = o + n;
        p[0] = 0x2a;
        p[1] = 0x14;
        p[2] = 0x3b; /* reads CD-R, CD-RW, DVD-ROM, DVD-R */
        p[4] = 0x71; /* multisession, mode 2 forms 1 and 2, audio play */
        p[5] = 0x60;
        p[6] = (uint8_t)(0x29 | (d->tray_locked ? 2 : 0)); /* tray, eject, lock */
        st_be16(p + 8, 706); /* speed: 4x in kB/s */
        st_be16(p + 10, 2);
        st_be16(p + 12, 512);
        st_be16(p + 14, 706);
        n += 22;
    }
    return n;
}

static MmcResult mode_sense(Call *c)
{
    bool ten = c->cdb[0] == MODE_SENSE_10;
    uint8_t page = c->cdb[2] & 0x3f, control = c->cdb[2] >> 6;
    uint32_t head = ten ? 8 : 4;
    if (control == 3) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_SAVING, 0);
    }
    uint32_t n = mode_pages(c->d, page, c->out + head);
    if (!n) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    if (control == 1) { /* what can be changed: nothing */
        uint8_t first = c->out[head], len = c->out[head + 1];
        memset(c->out + head, 0, n);
        c->out[head] = first;
        c->out[head + 1] = len;
    }
    n += head;
    uint8_t medium = c->d->tray_open ? 0x71 : mmc_has_medium(c->d) ? 0x01 : 0x70;
    if (ten) {
        st_be16(c->out, (uint16_t)(n - 2));
        c->out[2] = medium;
    } else {
        c->out[0] = (uint8_t)(n - 1);
        c->out[1] = medium;
    }
    return answer(c, n, ten ? ld_be16(c->cdb + 7) : c->cdb[4]);
}

/* Format 0: physical format of a pressed single-layer DVD; 1: no copyright protection. */
static MmcResult read_dvd_structure(Call *c)
{
    uint8_t format = c->cdb[7];
    uint32_t allowed = ld_be16(c->cdb + 8), n;
    if (c->cdb[1] & 15 || c->cdb[6] || current_profile(c->d) != PROFILE_DVD || format > 1) {
        return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
    }
    if (format == 0) {
        uint32_t sectors = mmc_sectors(c->d);
        c->out[4] = 1;
        c->out[5] = 15;
        c->out[6] = 1;
        st_be32(c->out + 8, 0x30000);
        st_be32(c->out + 12, 0x30000 + sectors - 1);
        n = 2048 + 4;
    } else {
        n = 4 + 4;
    }
    st_be16(c->out, (uint16_t)(n - 2));
    return answer(c, n, allowed);
}

static MmcResult read_subchannel(Call *c)
{
    c->out[1] = 0x15; /* audio status: none */
    if (!(c->cdb[2] & 0x40)) {
        c->out[1] = 0;
        return answer(c, 4, ld_be16(c->cdb + 7));
    }
    c->out[1] = 0;
    c->out[3] = 0;
    return answer(c, 4, ld_be16(c->cdb + 7));
}

static MmcResult mechanism_status(Call *c)
{
    c->out[1] = c->d->tray_open ? 0x10 : 0;
    c->out[5] = 1;
    return answer(c, 8, ld_be16(c->cdb + 8));
}

static MmcResult dispatch(Call *c)
{
    const uint8_t *cdb = c->cdb;
    switch (cdb[0]) {
    case TEST_UNIT_READY:
    case SET_SPEED:
    case SYNCHRONIZE_CACHE: return MMC_DONE;
    case REQUEST_SENSE: return request_sense(c);
    case INQUIRY: return inquiry(c);
    case START_STOP: return start_stop(c);
    case PREVENT_REMOVAL: c->d->tray_locked = cdb[4] & 1; return MMC_DONE;
    case READ_CAPACITY: return read_capacity(c);
    case READ_10: return read_sectors(c, ld_be32(cdb + 2), ld_be16(cdb + 7), MMC_SECTOR);
    case READ_12: return read_sectors(c, ld_be32(cdb + 2), ld_be32(cdb + 6), MMC_SECTOR);
    case READ_CD: return read_cd(c);
    case SEEK_10: return read_sectors(c, ld_be32(cdb + 2), 0, MMC_SECTOR);
    case READ_SUBCHANNEL: return read_subchannel(c);
    case READ_TOC: return read_toc(c);
    case GET_CONFIGURATION: return get_configuration(c);
    case GET_EVENT: return get_event(c);
    case READ_DISC_INFO: return read_disc_info(c);
    case READ_TRACK_INFO: return read_track_info(c);
    case MODE_SENSE_6:
    case MODE_SENSE_10: return mode_sense(c);
    case READ_DVD_STRUCTURE: return read_dvd_structure(c);
    case MECHANISM_STATUS: return mechanism_status(c);
    default: return refuse(c->d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_COMMAND, 0);
    }
}

static unsigned needs(uint8_t op)
{
    switch (op) {
    case REQUEST_SENSE:
    case INQUIRY:
    case GET_CONFIGURATION:
    case GET_EVENT: return ALWAYS_ALLOWED;
    case TEST_UNIT_READY:
    case READ_CAPACITY:
    case READ_10:
    case READ_12:
    case READ_CD:
    case SEEK_10:
    case READ_SUBCHANNEL:
    case READ_TOC:
    case READ_DISC_INFO:
    case READ_TRACK_INFO:
    case READ_DVD_STRUCTURE: return NEEDS_MEDIUM;
    default: return 0;
    }
}

MmcResult mmc_execute(MmcDrive *d, const uint8_t cdb[MMC_CDB_BYTES], uint8_t *out, uint32_t *len, MmcRead *read)
{
    Call c = {.d = d, .cdb = cdb, .out = out, .read = read};
    unsigned need = needs(cdb[0]);
    *len = 0;
    memset(out, 0, MMC_ANSWER_MAX);
    if (cdb[0] != REQUEST_SENSE) {
        mmc_set_sense(d, SENSE_NONE, 0, 0);
    }
    if (d->unit_attention && need != ALWAYS_ALLOWED) {
        d->unit_attention = false;
        return refuse(d, SENSE_UNIT_ATTENTION, d->attention_asc, d->attention_ascq);
    }
    if (need == NEEDS_MEDIUM && !mmc_has_medium(d)) {
        return refuse(d, SENSE_NOT_READY, ASC_NO_MEDIUM, d->tray_open ? 2 : 1);
    }
    MmcResult result = dispatch(&c);
    *len = c.len;
    return result;
}
