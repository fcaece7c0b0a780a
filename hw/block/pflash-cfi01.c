/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NOR flash, CFI primary command set 0001 (JEDEC JESD68; Intel StrataFlash command set). In read-array mode the CPU reads the memory itself; any
 * command takes the region into device mode until read-array is commanded again. Two 16-bit chips lie side by side, so each register shows
 * twice in a 32-bit access.
 *
 * What was programmed is marked page by page and written to the image by the main loop, one write at a time, so that a vCPU never waits for the disk and
 * a guest cannot pile up work; all of it is on the image when the machine stops or ends.
 */
#include "hw/block/pflash.h"

#include <string.h>

#include "hw/sysbus.h"
#include "util/bytes.h"
#include "util/log.h"

enum { STATUS_READY = 0x80, STATUS_ERASE_ERROR = 0x20, STATUS_PROGRAM_ERROR = 0x10, CFI_BYTES = 0x52, BUFFER_BYTES = 2048, CHIP_BYTES = 2, CHIPS = 2, DIRTY_PAGE = 4096, WRITE_MAX = 1 << 20 };

typedef enum FlashMode { MODE_ARRAY, MODE_STATUS, MODE_ID, MODE_CFI } FlashMode;
typedef enum FlashStep { STEP_COMMAND, STEP_PROGRAM, STEP_ERASE, STEP_LOCK, STEP_COUNT, STEP_DATA, STEP_CONFIRM } FlashStep;

typedef struct Pflash {
    SysDevice sys;
    MemoryRegion mr;
    char *name;
    uint64_t size;
    uint32_t sector;
    BlockBackend *blk;
    FlashMode mode;
    FlashStep step;
    uint8_t status;
    uint32_t left;          /* words of a buffered write to come */
    uint64_t buffer_start, buffer_end;
    uint8_t cfi[CFI_BYTES];
    uint8_t *dirty;         /* one byte for each DIRTY_PAGE: not on the image yet */
    BottomHalf *bh;
    struct iovec in_flight; /* base NULL: no write is under way */
} Pflash;

/* --- the image --- */
static bool written_back(const Pflash *s) { return s->blk && !blk_is_readonly(s->blk); }

/* The next run of dirty pages, at most WRITE_MAX bytes; its length, 0: none. Takes it out of the set. */
static uint64_t take_dirty(Pflash *s, uint64_t *start)
{
    uint64_t pages = s->size / DIRTY_PAGE, first = 0, n = 0;
    while (first < pages && !s->dirty[first]) {
        first++;
    }
    while (first + n < pages && s->dirty[first + n] && n < WRITE_MAX / DIRTY_PAGE) {
        s->dirty[first + n++] = 0;
    }
    *start = first * DIRTY_PAGE;
    return n * DIRTY_PAGE;
}

static void image_written(void *opaque, int ret)
{
    Pflash *s = opaque;
    if (ret < 0) {
        error_report("flash: cannot write '%s': %s", blk_name(s->blk), g_strerror(-ret));
    }
    g_clear_pointer(&s->in_flight.iov_base, g_free);
    bh_schedule(s->bh); /* there may be more */
}

/* In the main loop: one write at a time, of a copy, since the guest goes on. */
static void write_image(void *opaque)
{
    Pflash *s = opaque;
    uint64_t start, len;
    if (!s->in_flight.iov_base && (len = take_dirty(s, &start))) {
        s->in_flight = (struct iovec){.iov_base = g_memdup2(s->mr.ram->host + start, len), .iov_len = len};
        blk_aio_pwritev(s->blk, (int64_t)start, &s->in_flight, 1, BLOCK_REQ_FUA, image_written, s);
    }
}

/* The machine stops or ends: nothing may be left behind. */
static void state_changed(Machine *m, bool running, RunState state, void *opaque)
{
    Pflash *s = opaque;
    uint64_t start, len;
    if (running || !written_back(s)) {
        return;
    }
    blk_drain(s->blk);
    while ((len = take_dirty(s, &start))) {
        int ret = blk_pwrite(s->blk, (int64_t)start, s->mr.ram->host + start, (int64_t)len, BLOCK_REQ_FUA);
        if (ret < 0) {
            error_report("flash: cannot write '%s': %s", blk_name(s->blk), g_strerror(-ret));
        }
    }
}

static void save(Pflash *s, uint64_t offset, uint64_t len)
{
    ram_written(s->sys.dev.machine, s->mr.ram, offset, len);
    if (written_back(s) && len) {
        memset(s->dirty + offset / DIRTY_PAGE, 1, (offset + len - 1) / DIRTY_PAGE - offset / DIRTY_PAGE + 1);
        bh_schedule(s->bh);
    }
}

/* --- reading --- */
static void set_mode(Pflash *s, FlashMode mode)
{
    s->mode = mode;
    s->step = STEP_COMMAND;
    memory_romd_set(&s->mr, mode == MODE_ARRAY);
}

/* A chip's 16-bit register value shown by both chips, cut to the access. */
static uint64_t both_chips(uint16_t v, uint64_t offset, unsigned size)
{
    uint64_t wide = v | (uint64_t)v << 16;
    wide |= wide << 32;
    return wide >> (8 * (offset & (CHIP_BYTES - 1))) & (UINT64_MAX >> (64 - 8 * size));
}

static uint64_t flash_read(void *opaque, uint64_t offset, unsigned size)
{
    Pflash *s = opaque;
    uint64_t word = offset / (CHIP_BYTES * CHIPS);
    switch (s->mode) {
    case MODE_STATUS: return both_chips(s->status, offset, size);
    case MODE_ID: {
        unsigned which = word & 0xff;
        return both_chips(which == 0 ? 0x89 : which == 1 ? 0x18 : 0, offset, size); /* Intel, 28F128J3 family; blocks unlocked */
    }
    case MODE_CFI: return both_chips(word < CFI_BYTES ? s->cfi[word] : 0, offset, size);
    case MODE_ARRAY: break;
    }
    uint64_t v = 0;
    for (unsigned i = 0; i < size && offset + i < s->size; i++) {
        v |= (uint64_t)s->mr.ram->host[offset + i] << (8 * i);
    }
    return v;
}

/* --- commands --- */
static void program(Pflash *s, uint64_t offset, uint64_t value, unsigned size)
{
    if (s->blk && blk_is_readonly(s->blk)) {
        s->status |= STATUS_PROGRAM_ERROR;
        return;
    }
    for (unsigned i = 0; i < size && offset + i < s->size; i++) {
        s->mr.ram->host[offset + i] &= (uint8_t)(value >> (8 * i)); /* programming clears bits only */
    }
}

static void erase(Pflash *s, uint64_t offset)
{
    uint64_t start = offset & ~(uint64_t)(s->sector - 1);
    if (s->blk && blk_is_readonly(s->blk)) {
        s->status |= STATUS_ERASE_ERROR;
        return;
    }
    memset(s->mr.ram->host + start, 0xff, s->sector);
    save(s, start, s->sector);
}

static void command(Pflash *s, uint64_t offset, uint8_t cmd)
{
    switch (cmd) {
    case 0x00:
    case 0xf0:
    case 0xff: set_mode(s, MODE_ARRAY); return;
    case 0x10:
    case 0x40: set_mode(s, MODE_STATUS); s->step = STEP_PROGRAM; return;
    case 0x20:
    case 0x28: set_mode(s, MODE_STATUS); s->step = STEP_ERASE; return;
    case 0x50: s->status = STATUS_READY; set_mode(s, MODE_ARRAY); return;
    case 0x60: set_mode(s, MODE_STATUS); s->step = STEP_LOCK; return;
    case 0x70: set_mode(s, MODE_STATUS); return;
    case 0x90: set_mode(s, MODE_ID); return;
    case 0x98: set_mode(s, MODE_CFI); return;
    case 0xe8: set_mode(s, MODE_STATUS); s->status |= STATUS_READY; s->step = STEP_COUNT; return;
    default: log_if(LOG_GUEST_ERROR, "flash %s: unknown command 0x%02x\n", s->name, cmd); set_mode(s, MODE_ARRAY); return;
    }
}

static void confirm_buffer(Pflash *s, uint8_t cmd)
{
    if (cmd == 0xd0 && s->buffer_end > s->buffer_start) {
        save(s, s->buffer_start, s->buffer_end - s->buffer_start);
        s->step = STEP_COMMAND;
        s->mode = MODE_STATUS;
    } else {
        s->status |= STATUS_PROGRAM_ERROR;
        set_mode(s, MODE_ARRAY);
    }
}

static void flash_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Pflash *s = opaque;
    uint8_t cmd = (uint8_t)value;
    switch (s->step) {
    case STEP_COMMAND: command(s, offset, cmd); break;
    case STEP_PROGRAM:
        program(s, offset, value, size);
        save(s, offset, size);
        s->step = STEP_COMMAND;
        break;
    case STEP_ERASE:
        if (cmd == 0xd0) {
            erase(s, offset);
        } else if (cmd == 0xff) {
            set_mode(s, MODE_ARRAY);
        } else {
            s->status |= STATUS_ERASE_ERROR | STATUS_PROGRAM_ERROR;
        }
        s->step = STEP_COMMAND;
        break;
    case STEP_LOCK: s->step = STEP_COMMAND; break; /* lock, unlock: accepted, blocks are never locked */
    case STEP_COUNT:
        s->left = (uint32_t)(value & 0xffff) + 1;
        s->buffer_start = UINT64_MAX;
        s->buffer_end = 0;
        s->step = s->left * CHIP_BYTES <= BUFFER_BYTES ? STEP_DATA : STEP_COMMAND;
        if (s->step == STEP_COMMAND) {
            s->status |= STATUS_PROGRAM_ERROR;
        }
        break;
    case STEP_DATA:
        if (s->buffer_start != UINT64_MAX && (offset ^ s->buffer_start) >= BUFFER_BYTES * CHIPS) {
            s->status |= STATUS_PROGRAM_ERROR; /* all words of a buffered write lie in one buffer */
            s->step = STEP_COMMAND;
            break;
        }
        program(s, offset, value, size);
        s->buffer_start = MIN(s->buffer_start, offset);
        s->buffer_end = MAX(s->buffer_end, MIN(offset + size, s->size));
        if (--s->left == 0) {
            s->step = STEP_CONFIRM;
        }
        break;
    case STEP_CONFIRM: confirm_buffer(s, cmd); break;
    }
}

static const MmioOps flash_ops = {.read = flash_read, .write = flash_write, .access_min = 1, .access_max = 8, .impl_min = 1, .impl_max = 4, .allow_unaligned = true};

/* The CFI query of one chip (JESD68.01, table 1 and the primary table behind it). */
static void fill_cfi(Pflash *s)
{
    uint64_t chip = s->size / CHIPS;
    uint32_t sector = s->sector / CHIPS, blocks = (uint32_t)(chip / sector);
    static const uint8_t head[] = {'Q', 'R', 'Y', 1, 0, 0x31, 0, 0, 0, 0, 0, 0x45, 0x55, 0, 0, 7, 7, 10, 0, 4, 4, 4, 0};
    memcpy(s->cfi + 0x10, head, sizeof(head));
    s->cfi[0x27] = (uint8_t)__builtin_ctzll(chip);
    s->cfi[0x28] = 2; /* 8- and 16-bit interface */
    s->cfi[0x2a] = 11; /* buffer of 2^11 bytes */
    s->cfi[0x2c] = 1; /* one erase region: blocks - 1, size / 256 */
    st_le16(s->cfi + 0x2d, (uint16_t)(blocks - 1));
    st_le16(s->cfi + 0x2f, (uint16_t)(sector >> 8));
    memcpy(s->cfi + 0x31, "PRI10", 5);
}

static void pflash_reset(DeviceState *dev)
{
    Pflash *s = (Pflash *)dev;
    s->status = STATUS_READY;
    set_mode(s, MODE_ARRAY);
}

static void pflash_unrealize(Object *obj)
{
    Pflash *s = (Pflash *)obj;
    if (s->bh) {
        state_changed(s->sys.dev.machine, false, RUN_STATE_SHUTDOWN, s);
        g_clear_pointer(&s->bh, bh_delete);
    }
    if (s->blk) {
        blk_detach_device(s->blk, s);
        s->blk = NULL;
    }
}

static void pflash_finalize(Object *obj)
{
    Pflash *s = (Pflash *)obj;
    g_free(s->name);
    g_free(s->dirty);
}

static const DeviceClass pflash_class = {.bus_type = "System", .category = DEVICE_CAT_STORAGE, .reset = pflash_reset};
static const TypeRecord pflash_type = {
    .name = "cfi.pflash01", .parent = TYPE_SYS_DEVICE, .help = "NOR flash, Intel command set", .instance_size = sizeof(Pflash),
    .class_kind = TYPE_DEVICE, .class_data = &pflash_class, .unrealize = pflash_unrealize, .finalize = pflash_finalize,
};
TYPE_REGISTER(pflash_type);

static bool load_image(Pflash *s, Error **errp)
{
    int64_t len = blk_length(s->blk);
    if (len != (int64_t)s->size) {
        error_setg(errp, "flash '%s' has %" G_GUINT64_FORMAT " bytes, its image '%s' has %" G_GINT64_FORMAT, s->name, s->size, blk_name(s->blk), len);
        error_append_hint(errp, "Bring it to the right size: truncate -s %" G_GUINT64_FORMAT " FILE", s->size);
        return false;
    }
    int ret = blk_pread(s->blk, 0, s->mr.ram->host, len);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot read the image of flash '%s'", s->name);
    }
    return ret >= 0 && blk_attach_device(s->blk, s, s->name, errp);
}

DeviceState *pflash_cfi01_create(Machine *m, const char *name, uint64_t addr, uint64_t size, uint32_t sector, BlockBackend *blk, Error **errp)
{
    Pflash *s = (Pflash *)device_new(m, "cfi.pflash01");
    s->name = g_strdup(name);
    s->size = size;
    s->sector = sector;
    s->blk = blk;
    fill_cfi(s);
    if (!memory_region_init_romd(&s->mr, m, OBJECT(s), &flash_ops, s, name, size, errp)) {
        object_unref(OBJECT(s));
        return NULL;
    }
    if (blk && !load_image(s, errp)) { /* without an image it stays zero, untouched and unbacked, as the reference's does */
        object_unref(OBJECT(s));
        return NULL;
    }
    s->dirty = g_malloc0(size / DIRTY_PAGE + 1);
    if (blk) {
        s->bh = bh_new(m->loop, write_image, s);
        machine_add_state_notifier(m, state_changed, s);
    }
    sys_add_mmio(&s->sys, &s->mr);
    if (!device_attach(&s->sys.dev, NULL, name, errp)) {
        return NULL;
    }
    sys_map(&s->sys.dev, 0, addr);
    return &s->sys.dev;
}

uint8_t *pflash_host(DeviceState *dev)
{
    return ((Pflash *)dev)->mr.ram->host;
}

bool pflash_has_image(DeviceState *dev)
{
    return ((Pflash *)dev)->blk;
}
