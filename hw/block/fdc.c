/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floppy disk controller (Intel 82078 data sheet, 290468) at ISA ports with DMA.
 *
 * A command is gathered byte by byte in `fifo`, carried out, and answered from `fifo`. Data moves a sector at a time:
 * while the image file is read or written the DMA request is down, and the transfer goes on when it is done. A
 * request that outlives a reset of the controller is forgotten by its epoch. Seeks take no time.
 *
 * Sectors are 512 bytes. Guarded by the machine lock; requests complete in the main loop.
 */
#include <string.h>

#include "fdc-internal.h"
#include "hw/dma/i8257.h"
#include "hw/misc/pc-misc.h"
#include "util/log.h"
#include "util/option.h"
#include "util/trace.h"

TRACE_EVENT(fdc_command, "0x%02x, %u parameters");
TRACE_EVENT(fdc_result, "st0 0x%02x st1 0x%02x st2 0x%02x");
TRACE_EVENT(fdc_sector, "track %u head %u sector %u write %d");

enum { R_SRA, R_SRB, R_DOR, R_TDR, R_MSR, R_FIFO, R_DIR = 7, FIFO = 16 };
enum { DOR_SELECT = 3, DOR_RUN = 4, DOR_DMA = 8, DSR_RESET = 0x80, DIR_CHANGED = 0x80 };
enum { MSR_BUSY = 0x10, MSR_NONDMA = 0x20, MSR_OUT = 0x40, MSR_READY = 0x80 };
enum { ST0_ABNORMAL = 0x40, ST0_INVALID = 0x80, ST0_CHANGED = 0xc0, ST0_SEEK = 0x20, ST0_CHECK = 0x10 };
enum { ST1_MISSING = 1, ST1_PROTECTED = 2, ST1_NO_DATA = 4, ST1_CRC = 0x20, ST1_END = 0x80 };
enum { ST3_TRACK0 = 0x10, ST3_PROTECTED = 0x40, ST3_READY_TWOSIDE = 0x28, VERSION = 0x90, PART = 0x41 };
enum {
    C_MULTI = 0x80, C_READ_TRACK = 2, C_SPECIFY, C_SENSE_DRIVE, C_WRITE, C_READ, C_RECALIBRATE, C_SENSE_INT,
    C_WRITE_DELETED, C_READ_ID, C_READ_DELETED = 0xc, C_FORMAT, C_DUMP, C_SEEK, C_VERSION, C_PERPENDICULAR = 0x12,
    C_CONFIGURE, C_LOCK, C_VERIFY = 0x16, C_PART = 0x18, C_RELATIVE_IN = 0x8f, C_RELATIVE_OUT = 0xcf, C_SPEC = 0x8e,
};

typedef enum FdcPhase { PHASE_COMMAND, PHASE_EXECUTE, PHASE_RESULT } FdcPhase;
typedef enum FdcKind { KIND_READ, KIND_WRITE, KIND_VERIFY, KIND_FORMAT } FdcKind;
static const char *const phase_names[] = {"command", "execute", "result", NULL};
static const char *const kind_names[] = {"read", "write", "verify", "format", NULL};

typedef struct Fdc {
    IsaDevice isa;
    MemoryRegion io, io_dir;
    FloppyBus *cable;
    Irq irq;
    uint32_t iobase, irq_line, dma;
    bool check_rate;
    uint8_t dor, tdr, dsr;       /* dsr: low two bits also of CCR */
    uint8_t config[2], timing[2], perpendicular, locked;
    uint8_t fifo[FIFO];
    uint8_t fifo_pos, fifo_len;  /* command: bytes so far and wanted; result: bytes read and there */
    int phase, kind;
    uint8_t interrupts;          /* drives whose reset is still to be told by SENSE INTERRUPT */
    uint8_t st0;                 /* of the last seek */
    bool line;
    /* the transfer */
    uint8_t drive, track, head, sector, last_sector, filler;
    bool multi_track, pio;
    uint16_t data_pos;           /* in `data`; FDC_SECTOR: the next sector is needed (read) or to be written */
    uint8_t data[FDC_SECTOR];
    bool ended;                  /* terminal count came while the last sector is still to be written */
    uint32_t epoch;              /* counts resets */
    bool in_flight;
} Fdc;

typedef struct FdcRequest {
    Fdc *s;
    uint32_t epoch;
    bool write;
    struct iovec iov;
    uint8_t data[FDC_SECTOR];
} FdcRequest;

static Floppy *drive_of(const Fdc *s, unsigned n) { return n < FDC_DRIVES ? s->cable->drive[n] : NULL; }
static void step(Fdc *s);

static void set_line(Fdc *s, bool level)
{
    s->line = level;
    irq_set(&s->irq, level && (s->dor & DOR_DMA)); /* that bit gates both */
}

/* --- results --- */
static void result(Fdc *s, unsigned len)
{
    s->phase = len ? PHASE_RESULT : PHASE_COMMAND;
    s->fifo_pos = 0;
    s->fifo_len = (uint8_t)len;
}

static void result_byte(Fdc *s, uint8_t byte)
{
    s->fifo[0] = byte;
    result(s, 1);
}

/* The seven bytes that end a transfer. */
static void finish(Fdc *s, uint8_t st0, uint8_t st1, uint8_t st2)
{
    trace(fdc_result, st0, st1, st2);
    st0 |= (uint8_t)(s->head << 2 | s->drive);
    const uint8_t bytes[] = {st0, st1, st2, s->track, s->head, s->sector, 2};
    memcpy(s->fifo, bytes, sizeof(bytes));
    isa_dma_request(isa_bus(&s->isa), s->dma, false);
    s->ended = false;
    s->st0 = st0;
    result(s, sizeof(bytes));
    set_line(s, true);
}

/* --- sectors --- */
/* To the next sector; false at the end of the cylinder. */
static bool advance(Fdc *s)
{
    const Floppy *f = drive_of(s, s->drive);
    s->data_pos = s->kind == KIND_READ ? FDC_SECTOR : 0;
    if (s->sector < s->last_sector && s->sector < (f ? f->sectors : 0)) {
        s->sector++;
        return true;
    }
    s->sector = 1;
    if (s->multi_track && !s->head && f && f->heads > 1) {
        s->head = 1;
        return true;
    }
    if (s->multi_track) {
        s->head = 0;
    }
    s->track++;
    return false;
}

/* Formatting names its sectors itself. */
static void written(Fdc *s)
{
    bool more = true;
    if (s->kind == KIND_FORMAT) {
        s->data_pos = 0;
    } else {
        more = advance(s);
    }
    if (s->ended) {
        finish(s, 0, 0, 0);
    } else if (!more) {
        finish(s, ST0_ABNORMAL, ST1_END, 0);
    }
}

static void sector_done(void *opaque, int ret)
{
    FdcRequest *r = opaque;
    Fdc *s = r->s;
    if (r->epoch == s->epoch) {
        s->in_flight = false;
        if (ret < 0) {
            finish(s, ST0_ABNORMAL, ST1_CRC, ST1_CRC);
        } else {
            if (!r->write) {
                memcpy(s->data, r->data, FDC_SECTOR);
                s->data_pos = 0;
            } else {
                written(s);
            }
            if (s->phase == PHASE_EXECUTE) {
                step(s);
            }
        }
    }
    object_unref(OBJECT(s));
    g_free(r);
}

/* Reads or writes the sector that is the transfer's turn. Errors end the command. */
static void start_sector(Fdc *s, bool write)
{
    Floppy *f = drive_of(s, s->drive);
    int64_t offset;
    if (!floppy_has_medium(f) || !floppy_locate(f, s->track, s->head, s->sector, &offset)) {
        finish(s, ST0_ABNORMAL, ST1_NO_DATA, 0);
        return;
    }
    FdcRequest *r = g_new0(FdcRequest, 1);
    r->s = (Fdc *)object_ref(OBJECT(s));
    r->epoch = s->epoch;
    r->write = write;
    r->iov = (struct iovec){.iov_base = r->data, .iov_len = FDC_SECTOR};
    s->in_flight = true;
    trace(fdc_sector, s->track, s->head, s->sector, write);
    int64_t left = blk_length(f->blk) - offset;
    if (left < FDC_SECTOR && write) {
        left = 0;
    }
    r->iov.iov_len = (size_t)CLAMP(left, 0, FDC_SECTOR); /* an image may end before its format does */
    if (!r->iov.iov_len) {
        sector_done(r, write ? -1 : 0);
    } else if (write) {
        memcpy(r->data, s->data, FDC_SECTOR);
        blk_aio_pwritev(f->blk, offset, &r->iov, 1, 0, sector_done, r);
    } else {
        blk_aio_preadv(f->blk, offset, &r->iov, 1, 0, sector_done, r);
    }
}

/* The next thing a transfer waits for: the image file, or the host (by DMA request, or byte by byte). */
static void step(Fdc *s)
{
    if (s->data_pos == FDC_SECTOR) {
        isa_dma_request(isa_bus(&s->isa), s->dma, false);
        set_line(s, false);
        start_sector(s, s->kind != KIND_READ);
    } else if (s->pio) {
        set_line(s, true);
    } else {
        isa_dma_request(isa_bus(&s->isa), s->dma, true);
    }
}

/* The host has said that this was all. */
static void terminal_count(Fdc *s)
{
    bool writes = s->kind == KIND_WRITE && s->data_pos;
    isa_dma_request(isa_bus(&s->isa), s->dma, false);
    s->ended = true;
    if (writes) { /* what it did not give of the sector is zeros */
        memset(s->data + s->data_pos, 0, FDC_SECTOR - s->data_pos);
        s->data_pos = FDC_SECTOR;
        step(s);
    } else {
        finish(s, 0, 0, 0);
    }
}

/* Format: four bytes describe a sector. */
static unsigned format_transfer(Fdc *s, unsigned channel, unsigned pos, unsigned size)
{
    uint8_t id[4] = {0};
    pos += isa_dma_read_memory(isa_bus(&s->isa), channel, id, pos, sizeof(id));
    if (id[0] != s->track || id[3] != 2) {
        finish(s, ST0_ABNORMAL, ST1_NO_DATA, 0);
        return pos;
    }
    s->sector = id[2];
    s->ended = pos >= size || --s->last_sector == 0;
    memset(s->data, s->filler, FDC_SECTOR);
    s->data_pos = FDC_SECTOR;
    step(s);
    return pos;
}

static unsigned transfer(void *opaque, unsigned channel, unsigned pos, unsigned size)
{
    Fdc *s = opaque;
    IsaBus *bus = isa_bus(&s->isa);
    if (s->phase != PHASE_EXECUTE || s->in_flight || s->pio) {
        isa_dma_request(bus, channel, false);
        return pos;
    }
    if (s->kind == KIND_FORMAT) {
        return format_transfer(s, channel, pos, size);
    }
    unsigned n = MIN((unsigned)(FDC_SECTOR - s->data_pos), size - pos);
    if (s->kind == KIND_READ) {
        isa_dma_write_memory(bus, channel, s->data + s->data_pos, pos, n);
    } else {
        isa_dma_read_memory(bus, channel, s->data + s->data_pos, pos, n);
    }
    s->data_pos += (uint16_t)n;
    pos += n;
    bool more = true;
    if (s->data_pos == FDC_SECTOR && s->kind == KIND_READ) {
        more = advance(s);
    }
    if (pos >= size) {
        terminal_count(s);
    } else if (!more) {
        finish(s, ST0_ABNORMAL, ST1_END, 0);
    } else {
        step(s);
    }
    return pos;
}

/* --- data by the FIFO, for hosts without DMA --- */
static uint8_t pio_read(Fdc *s)
{
    uint8_t byte = s->data[s->data_pos % FDC_SECTOR];
    set_line(s, false);
    if (++s->data_pos < FDC_SECTOR) {
        step(s);
    } else if (advance(s)) {
        step(s);
    } else {
        finish(s, 0, 0, 0); /* the end of the track is what was asked for */
    }
    return byte;
}

static void pio_write(Fdc *s, uint8_t byte)
{
    s->data[s->data_pos % FDC_SECTOR] = byte;
    set_line(s, false);
    s->data_pos++;
    s->ended = s->data_pos == FDC_SECTOR && s->sector >= s->last_sector && (!s->multi_track || s->head);
    step(s);
}

/* --- commands --- */
static void start_transfer(Fdc *s, FdcKind kind)
{
    Floppy *f = drive_of(s, s->fifo[1] & 3);
    int64_t offset;
    s->kind = kind;
    s->drive = s->fifo[1] & 3;
    s->head = s->fifo[1] >> 2 & 1;
    s->multi_track = s->fifo[0] & C_MULTI;
    s->track = s->fifo[2];
    s->sector = s->fifo[4];
    s->last_sector = s->fifo[6];
    s->pio = s->timing[1] & 1;
    s->ended = false;
    if (!floppy_has_medium(f) || (s->check_rate && (s->dsr & 3) != f->rate)) {
        finish(s, ST0_ABNORMAL, ST1_MISSING, 0);
        return;
    }
    if (kind == KIND_WRITE && f->readonly) {
        finish(s, ST0_ABNORMAL, ST1_PROTECTED, 0);
        return;
    }
    if (s->fifo[5] != 2 || !floppy_locate(f, s->track, s->head, s->sector, &offset)) {
        finish(s, ST0_ABNORMAL, ST1_NO_DATA, 0);
        return;
    }
    f->track = s->track;
    if (kind == KIND_VERIFY) { /* moves no data, and what is on the medium is right */
        finish(s, 0, 0, 0);
        return;
    }
    s->data_pos = kind == KIND_WRITE ? 0 : FDC_SECTOR;
    s->phase = PHASE_EXECUTE;
    step(s);
}

static void start_format(Fdc *s)
{
    Floppy *f = drive_of(s, s->fifo[1] & 3);
    s->kind = KIND_FORMAT;
    s->drive = s->fifo[1] & 3;
    s->head = s->fifo[1] >> 2 & 1;
    s->track = f ? f->track : 0;
    s->sector = 1;
    s->last_sector = s->fifo[3];
    s->filler = s->fifo[5];
    s->multi_track = s->pio = s->ended = false;
    s->data_pos = 0;
    if (!floppy_has_medium(f)) {
        finish(s, ST0_ABNORMAL, ST1_MISSING, 0);
    } else if (f->readonly) {
        finish(s, ST0_ABNORMAL, ST1_PROTECTED, 0);
    } else if (s->fifo[2] != 2 || !s->last_sector || (s->timing[1] & 1)) {
        finish(s, ST0_ABNORMAL, ST1_NO_DATA, 0);
    } else {
        s->phase = PHASE_EXECUTE;
        step(s);
    }
}

static void seek_to(Fdc *s, unsigned n, unsigned track, bool recalibrate)
{
    Floppy *f = drive_of(s, n);
    s->drive = (uint8_t)n;
    s->st0 = (uint8_t)(ST0_SEEK | (s->fifo[1] & 4) | n);
    if (f) {
        f->track = (uint8_t)MIN(track, 255);
        f->changed = f->changed && !f->blk; /* a step with a disk in it ends the change signal */
    } else if (recalibrate) {
        s->st0 |= ST0_ABNORMAL | ST0_CHECK;
    }
    result(s, 0);
    set_line(s, true);
}

static void sense_interrupt(Fdc *s)
{
    if (s->interrupts) {
        unsigned n = 4u - s->interrupts--;
        s->fifo[0] = (uint8_t)(ST0_CHANGED | n);
        s->fifo[1] = drive_of(s, n) ? drive_of(s, n)->track : 0;
    } else if (s->line) {
        s->fifo[0] = s->st0;
        s->fifo[1] = drive_of(s, s->drive) ? drive_of(s, s->drive)->track : 0;
    } else {
        result_byte(s, ST0_INVALID);
        return;
    }
    set_line(s, false);
    result(s, 2);
}

static void sense_drive(Fdc *s)
{
    const Floppy *f = drive_of(s, s->fifo[1] & 3);
    result_byte(s, (uint8_t)((s->fifo[1] & 7) | ST3_READY_TWOSIDE | (f && !f->track ? ST3_TRACK0 : 0) |
                             (f && f->readonly ? ST3_PROTECTED : 0)));
}

static void dump(Fdc *s)
{
    const uint8_t bytes[] = {
        drive_of(s, 0) ? drive_of(s, 0)->track : 0, drive_of(s, 1) ? drive_of(s, 1)->track : 0, 0, 0, s->timing[0],
        s->timing[1], s->last_sector, (uint8_t)(s->locked << 7 | s->perpendicular << 2), s->config[0], s->config[1],
    };
    memcpy(s->fifo, bytes, sizeof(bytes));
    result(s, sizeof(bytes));
}

static void read_id(Fdc *s)
{
    Floppy *f = drive_of(s, s->fifo[1] & 3);
    s->drive = s->fifo[1] & 3;
    s->head = s->fifo[1] >> 2 & 1;
    s->track = f ? f->track : 0;
    s->sector = 1;
    bool there = floppy_has_medium(f) && (!s->check_rate || (s->dsr & 3) == f->rate) && s->head < f->heads &&
                 f->track < f->tracks;
    finish(s, there ? 0 : ST0_ABNORMAL, there ? 0 : ST1_MISSING, 0);
}

static void do_read(Fdc *s) { start_transfer(s, KIND_READ); }
static void do_write(Fdc *s) { start_transfer(s, KIND_WRITE); }
static void do_verify(Fdc *s) { start_transfer(s, KIND_VERIFY); }
static void do_recalibrate(Fdc *s) { seek_to(s, s->fifo[1] & 3, 0, true); }
static void do_seek(Fdc *s) { seek_to(s, s->fifo[1] & 3, s->fifo[2], false); }
static void do_version(Fdc *s) { result_byte(s, VERSION); }
static void do_part(Fdc *s) { result_byte(s, PART); }

static void do_relative(Fdc *s)
{
    const Floppy *f = drive_of(s, s->fifo[1] & 3);
    int track = f ? f->track : 0, by = s->fifo[0] == C_RELATIVE_OUT ? s->fifo[2] : -s->fifo[2];
    seek_to(s, s->fifo[1] & 3, (unsigned)CLAMP(track + by, 0, f && f->blk ? f->tracks - 1 : 79), false);
}

static void do_specify(Fdc *s)
{
    s->timing[0] = s->fifo[1];
    s->timing[1] = s->fifo[2];
    result(s, 0);
}

static void do_perpendicular(Fdc *s)
{
    s->perpendicular = s->fifo[1] & 0x3f;
    result(s, 0);
}

static void do_configure(Fdc *s)
{
    s->config[0] = s->fifo[2];
    s->config[1] = s->fifo[3];
    result(s, 0);
}

static void do_lock(Fdc *s)
{
    s->locked = s->fifo[0] >> 7;
    result_byte(s, (uint8_t)(s->locked << 4));
}

static void do_spec(Fdc *s) { result(s, 0); }

/* A command is known by the bits of @mask; it has @params bytes after the first. */
static const struct {
    uint8_t value, mask, params;
    void (*run)(Fdc *s);
} commands[] = {
    {C_READ, 0x1f, 8, do_read}, {C_WRITE, 0x3f, 8, do_write}, {C_SEEK, 0xff, 2, do_seek},
    {C_SENSE_INT, 0xff, 0, sense_interrupt}, {C_RECALIBRATE, 0xff, 1, do_recalibrate}, {C_FORMAT, 0xbf, 5, start_format},
    {C_READ_TRACK, 0xbf, 8, do_read}, {C_READ_DELETED, 0x1f, 8, do_read}, {C_WRITE_DELETED, 0x3f, 8, do_write},
    {C_VERIFY, 0x1f, 8, do_verify}, {C_READ_ID, 0xbf, 1, read_id}, {C_SPECIFY, 0xff, 2, do_specify},
    {C_SENSE_DRIVE, 0xff, 1, sense_drive}, {C_DUMP, 0xff, 0, dump}, {C_VERSION, 0xff, 0, do_version},
    {C_PERPENDICULAR, 0xff, 1, do_perpendicular}, {C_CONFIGURE, 0xff, 3, do_configure}, {C_LOCK, 0x7f, 0, do_lock},
    {C_PART, 0xff, 0, do_part}, {C_RELATIVE_IN, 0xbf, 2, do_relative}, {C_SPEC, 0xff, 6, do_spec},
};

static void run_command(Fdc *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if ((s->fifo[0] & commands[i].mask) == commands[i].value) {
            trace(fdc_command, s->fifo[0], commands[i].params);
            if (s->fifo[0] != C_SENSE_INT) {
                set_line(s, false);
            }
            commands[i].run(s);
            return;
        }
    }
    log_if(LOG_GUEST_ERROR, "fdc: unknown command 0x%02x\n", s->fifo[0]);
    result_byte(s, ST0_INVALID);
}

static unsigned parameters(uint8_t command)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if ((command & commands[i].mask) == commands[i].value) {
            return commands[i].params;
        }
    }
    return 0;
}

static void fifo_write(Fdc *s, uint8_t byte)
{
    if (!(s->dor & DOR_RUN)) {
        return;
    }
    if (s->phase == PHASE_EXECUTE) {
        if (s->pio && s->kind == KIND_WRITE && !s->in_flight) {
            pio_write(s, byte);
        }
        return;
    }
    if (s->phase == PHASE_RESULT) {
        log_if(LOG_GUEST_ERROR, "fdc: byte 0x%02x written while results wait\n", byte);
        return;
    }
    if (!s->fifo_pos) {
        s->fifo_len = (uint8_t)(1 + parameters(byte));
    }
    s->fifo[s->fifo_pos++ % FIFO] = byte;
    if (s->fifo_pos >= s->fifo_len) {
        s->fifo_pos = 0;
        run_command(s);
    }
}

static uint8_t fifo_read(Fdc *s)
{
    if (s->phase == PHASE_EXECUTE && s->pio && s->kind == KIND_READ && !s->in_flight) {
        return pio_read(s);
    }
    if (s->phase != PHASE_RESULT) {
        return 0;
    }
    uint8_t byte = s->fifo[s->fifo_pos++ % FIFO];
    if (s->fifo_pos == 1 && s->fifo_len > 2) {
        set_line(s, false);
    }
    if (s->fifo_pos >= s->fifo_len) {
        result(s, 0);
    }
    return byte;
}

/* --- registers --- */
static void abort_all(Fdc *s)
{
    s->epoch++;
    s->in_flight = s->ended = false;
    s->interrupts = 0;
    result(s, 0);
    isa_dma_request(isa_bus(&s->isa), s->dma, false);
    if (!s->locked) {
        s->config[0] = s->config[1] = 0;
    }
    set_line(s, false);
}

/* Out of reset it interrupts, and four SENSE INTERRUPTs tell of the drives. */
static void come_out_of_reset(Fdc *s)
{
    s->interrupts = 4;
    s->st0 = ST0_CHANGED;
    set_line(s, true);
}

static void dor_write(Fdc *s, uint8_t value)
{
    uint8_t changed = s->dor ^ value;
    s->dor = value;
    if ((changed & DOR_RUN) && !(value & DOR_RUN)) {
        abort_all(s);
    } else if (changed & DOR_RUN) {
        come_out_of_reset(s);
    } else if (changed & DOR_DMA) {
        set_line(s, s->line);
    }
}

static uint8_t msr_read(const Fdc *s)
{
    if (!(s->dor & DOR_RUN)) {
        return 0;
    }
    if (s->phase == PHASE_EXECUTE) {
        uint8_t pio = s->in_flight ? MSR_NONDMA : MSR_NONDMA | MSR_READY;
        return MSR_BUSY | (s->pio ? pio | (s->kind == KIND_READ ? MSR_OUT : 0) : 0);
    }
    return MSR_READY | (s->phase == PHASE_RESULT ? MSR_OUT | MSR_BUSY : 0) | (s->fifo_pos ? MSR_BUSY : 0);
}

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    Fdc *s = opaque;
    switch (offset) {
    case R_SRA: return s->line ? 0x80 : 0;
    case R_SRB: return 0xc0;
    case R_DOR: return s->dor;
    case R_TDR: return s->tdr;
    case R_MSR: return msr_read(s);
    case R_FIFO: return fifo_read(s);
    default: return 0xff;
    }
}

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Fdc *s = opaque;
    switch (offset) {
    case R_DOR: dor_write(s, (uint8_t)value); break;
    case R_TDR: s->tdr = value & 3; break;
    case R_MSR: /* data rate select */
        s->dsr = value & 0x7f;
        if ((value & DSR_RESET) && (s->dor & DOR_RUN)) {
            abort_all(s);
            come_out_of_reset(s);
        }
        break;
    case R_FIFO: fifo_write(s, (uint8_t)value); break;
    default: break;
    }
}

static uint64_t dir_read(void *opaque, uint64_t offset, unsigned size)
{
    Fdc *s = opaque;
    const Floppy *f = drive_of(s, s->dor & DOR_SELECT);
    return f && f->changed ? DIR_CHANGED : 0;
}

static void ccr_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Fdc *s = opaque;
    s->dsr = (s->dsr & ~3) | (value & 3);
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, ISA_BYTE_PORTS};
static const MmioOps dir_ops = {.read = dir_read, .write = ccr_write, ISA_BYTE_PORTS};

/* --- for boards --- */
uint8_t fdc_cmos_drive_types(DeviceState *fdc)
{
    Fdc *s = (Fdc *)fdc;
    return (uint8_t)(floppy_cmos_type(s->cable->drive[0]) << 4 | floppy_cmos_type(s->cable->drive[1]));
}

static bool add_drive(Fdc *s, unsigned unit, const char *drive, Error **errp)
{
    char text[8];
    DeviceState *dev = device_new(s->isa.dev.machine, TYPE_FLOPPY);
    g_snprintf(text, sizeof(text), "%u", unit);
    object_set(OBJECT(dev), "unit", text, &error_fatal);
    if (drive && !object_set(OBJECT(dev), "drive", drive, errp)) {
        object_unref(OBJECT(dev));
        return false;
    }
    return device_attach(dev, &s->cable->bus, NULL, errp);
}

bool fdc_add_default_drives(DeviceState *fdc, Error **errp)
{
    Fdc *s = (Fdc *)fdc;
    Machine *m = fdc->machine;
    g_autofree BlockBackend **list = m->block ? blk_list_unclaimed(m->block, "floppy") : NULL;
    for (unsigned i = 0; list && list[i]; i++) {
        struct OptionSet *opts = blk_drive_options(list[i]);
        const char *key = opts && option_has(opts, "unit") ? "unit" : "index";
        uint64_t unit = s->cable->drive[0] ? 1 : 0;
        if (opts && option_has(opts, key) && !option_get_u64(opts, key, unit, &unit, errp)) {
            return false;
        }
        if (!add_drive(s, (unsigned)MIN(unit, UINT32_MAX - 1), blk_name(list[i]), errp)) {
            return false;
        }
    }
    if (!s->cable->drive[0] && !s->cable->drive[1] && !m->nodefaults) {
        return add_drive(s, 0, NULL, errp); /* an empty drive A: */
    }
    return true;
}

/* --- life --- */
static void fdc_reset(DeviceState *dev)
{
    Fdc *s = (Fdc *)dev;
    s->locked = 0;
    abort_all(s);
}

static bool fdc_realize(Object *obj, Error **errp)
{
    Fdc *s = (Fdc *)obj;
    IsaBus *bus = isa_bus(&s->isa);
    if (!isa_check_irq(&s->isa, s->irq_line, errp)) {
        return false;
    }
    if (!isa_has_dma(bus, s->dma)) {
        error_setg(errp, "isa-fdc: dma=%u: the board has no such DMA channel", s->dma);
        return false;
    }
    s->irq = isa_irq(&s->isa, s->irq_line);
    s->cable = (FloppyBus *)bus_new(TYPE_FLOPPY_BUS, &s->isa.dev, s->isa.dev.machine, "floppy-bus.0");
    isa_dma_register(bus, s->dma, transfer, s);
    isa_add_ports(&s->isa, &s->io, &port_ops, s, "fdc", (uint16_t)s->iobase, R_FIFO + 1);
    isa_add_ports(&s->isa, &s->io_dir, &dir_ops, s, "fdc-dir", (uint16_t)(s->iobase + R_DIR), 1);
    return true;
}

static void fdc_unrealize(Object *obj)
{
    Fdc *s = (Fdc *)obj;
    s->epoch++;
    if (isa_bus(&s->isa)) {
        isa_dma_register(isa_bus(&s->isa), s->dma, NULL, NULL);
    }
}

static const Field fdc_fields[] = {
    FIELD(Fdc, iobase, FIELD_U32, "iobase", FIELD_PROP, .def = 0x3f0, .min = 0, .max = 0xfff8, .help = "first port"),
    FIELD(Fdc, irq_line, FIELD_U32, "irq", FIELD_PROP, .def = 6, .help = "interrupt line"),
    FIELD(Fdc, dma, FIELD_U32, "dma", FIELD_PROP, .def = 2, .max = 3, .min = 0, .help = "DMA channel"),
    FIELD(Fdc, check_rate, FIELD_BOOL, "check_media_rate", FIELD_PROP, .def = 1,
          .help = "a wrong data rate reads nothing"),
    FIELD(Fdc, dor, FIELD_U8, "dor", FIELD_STATE, .def = DOR_RUN | DOR_DMA),
    FIELD(Fdc, tdr, FIELD_U8, "tdr", FIELD_STATE),
    FIELD(Fdc, dsr, FIELD_U8, "dsr", FIELD_STATE),
    FIELD(Fdc, config, FIELD_U8, "config", FIELD_STATE, .count = 2),
    FIELD(Fdc, timing, FIELD_U8, "timing", FIELD_STATE, .count = 2),
    FIELD(Fdc, perpendicular, FIELD_U8, "perpendicular", FIELD_STATE),
    FIELD(Fdc, locked, FIELD_U8, "locked", FIELD_STATE, .min = 0, .max = 1),
    FIELD(Fdc, fifo, FIELD_U8, "fifo", FIELD_STATE, .count = FIFO),
    FIELD(Fdc, fifo_pos, FIELD_U8, "fifo-pos", FIELD_STATE, .min = 0, .max = FIFO),
    FIELD(Fdc, fifo_len, FIELD_U8, "fifo-len", FIELD_STATE, .min = 0, .max = FIFO),
    FIELD(Fdc, phase, FIELD_ENUM, "phase", FIELD_STATE, .info = phase_names),
    FIELD(Fdc, kind, FIELD_ENUM, "kind", FIELD_STATE, .info = kind_names),
    FIELD(Fdc, interrupts, FIELD_U8, "interrupts", FIELD_STATE, .min = 0, .max = 4),
    FIELD(Fdc, st0, FIELD_U8, "st0", FIELD_STATE),
    FIELD(Fdc, line, FIELD_BOOL, "line", FIELD_STATE),
    FIELD(Fdc, drive, FIELD_U8, "drive", FIELD_STATE, .min = 0, .max = 3),
    FIELD(Fdc, track, FIELD_U8, "track", FIELD_STATE),
    FIELD(Fdc, head, FIELD_U8, "head", FIELD_STATE, .min = 0, .max = 1),
    FIELD(Fdc, sector, FIELD_U8, "sector", FIELD_STATE),
    FIELD(Fdc, last_sector, FIELD_U8, "last-sector", FIELD_STATE),
    FIELD(Fdc, filler, FIELD_U8, "filler", FIELD_STATE),
    FIELD(Fdc, multi_track, FIELD_BOOL, "multi-track", FIELD_STATE),
    FIELD(Fdc, pio, FIELD_BOOL, "pio", FIELD_STATE),
    FIELD(Fdc, data_pos, FIELD_U16, "data-pos", FIELD_STATE, .min = 0, .max = FDC_SECTOR),
    FIELD(Fdc, data, FIELD_U8, "data", FIELD_STATE, .count = FDC_SECTOR),
    FIELD(Fdc, ended, FIELD_BOOL, "ended", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass fdc_class = {
    .bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_STORAGE, .user_creatable = true, .reset = fdc_reset,
};
static const TypeRecord fdc_type = {
    .name = TYPE_ISA_FDC, .parent = TYPE_ISA_DEVICE, .help = "floppy disk controller", .instance_size = sizeof(Fdc),
    .class_kind = TYPE_DEVICE, .class_data = &fdc_class, .fields = fdc_fields, .realize = fdc_realize,
    .unrealize = fdc_unrealize,
};
TYPE_REGISTER(fdc_type);
