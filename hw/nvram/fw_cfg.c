/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg, memory mapped or in I/O space, with DMA. Reading is sequential from an offset that selecting an item sets to 0; behind the end it reads zeros. A DMA
 * request is a control block of 16 big-endian bytes in guest RAM: control, length, address.
 */
#include "hw/nvram/fw_cfg.h"

#include <string.h>

#include "hw/sysbus.h"
#include "util/bytes.h"
#include "util/log.h"

enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16, NAME_BYTES = 56, DIR_ENTRY_BYTES = 64 };
#define DMA_SIGNATURE 0x51454d5520434647ull /* "QEMU CFG" */

typedef struct Item {
    uint8_t *data;
    size_t len;
} Item;

typedef struct FileEntry {
    char *name;
    Item item;
    bool writable;
    void (*written)(void *opaque);
    void (*selected)(void *opaque);
    void *opaque;
} FileEntry;

struct FwCfg {
    SysDevice sys;
    MemoryRegion data_mr, select_mr, dma_mr;
    Item items[FW_CFG_FILE_FIRST], arch[FW_CFG_ARCH_COUNT];
    GPtrArray *files; /* FileEntry *, sorted by name; file i has key FW_CFG_FILE_FIRST + i */
    uint16_t selected;
    size_t offset;
    uint64_t dma_addr;
};

static void make_directory(FwCfg *fw);

static void file_free(void *p)
{
    FileEntry *f = p;
    g_free(f->name);
    g_free(f->item.data);
    g_free(f);
}

static FileEntry *selected_file(const FwCfg *fw)
{
    unsigned n = (fw->selected & 0x3fff) - FW_CFG_FILE_FIRST;
    bool is_file = !(fw->selected & FW_CFG_ARCH_FIRST) && (fw->selected & 0x3fff) >= FW_CFG_FILE_FIRST && n < fw->files->len;
    return is_file ? fw->files->pdata[n] : NULL;
}

static const Item *selected_item(const FwCfg *fw)
{
    static const Item none;
    unsigned key = fw->selected & 0x3fff; /* bit 14: the write channel of old */
    const FileEntry *file = selected_file(fw);
    if (fw->selected & FW_CFG_ARCH_FIRST) {
        return key < FW_CFG_ARCH_COUNT ? &fw->arch[key] : &none;
    }
    return key < FW_CFG_FILE_FIRST ? &fw->items[key] : file ? &file->item : &none;
}

static void select_item(FwCfg *fw, uint16_t key)
{
    fw->selected = key;
    fw->offset = 0;
    const FileEntry *file = selected_file(fw);
    if (file && file->selected) {
        file->selected(file->opaque);
    }
}

static uint8_t next_byte(FwCfg *fw)
{
    const Item *item = selected_item(fw);
    return fw->offset < item->len ? item->data[fw->offset++] : 0;
}

/* --- registers --- */
static uint64_t data_read(void *opaque, uint64_t offset, unsigned size)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++) {
        v = v << 8 | next_byte(opaque);
    }
    return v;
}

static void data_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    /* Writing items by this register went away with version 2.4 of the interface. */
}

static uint64_t select_read(void *opaque, uint64_t offset, unsigned size)
{
    return 0;
}

static void select_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    select_item(opaque, (uint16_t)value);
}

/* Copies from the item, or zeros behind its end, in pieces; true where all of it reached RAM. */
static bool dma_copy_out(FwCfg *fw, uint64_t addr, uint32_t len)
{
    AddressSpace *as = fw->sys.dev.machine->as;
    const Item *item = selected_item(fw);
    size_t have = fw->offset < item->len ? MIN((size_t)len, item->len - fw->offset) : 0;
    bool good = (!have || dma_write(as, addr, item->data + fw->offset, have) == MEM_OK) &&
                (have == len || dma_set(as, addr + have, 0, len - have) == MEM_OK);
    fw->offset += have;
    return good;
}

/* Into a writable file, within its length. */
static bool dma_copy_in(FwCfg *fw, uint64_t addr, uint32_t len)
{
    FileEntry *file = selected_file(fw);
    if (!file || !file->writable || !range_within(fw->offset, len, file->item.len) ||
        dma_read(fw->sys.dev.machine->as, addr, file->item.data + fw->offset, len) != MEM_OK) {
        return false;
    }
    fw->offset += len;
    if (file->written) {
        file->written(file->opaque);
    }
    return true;
}

static void run_dma(FwCfg *fw)
{
    AddressSpace *as = fw->sys.dev.machine->as;
    uint8_t block[16], result[4];
    uint64_t at = fw->dma_addr;
    fw->dma_addr = 0;
    if (dma_read(as, at, block, sizeof(block)) != MEM_OK) {
        log_if(LOG_GUEST_ERROR, "fw_cfg: DMA control block at 0x%" G_GINT64_MODIFIER "x is not in RAM\n", at);
        return;
    }
    uint32_t control = ld_be32(block), len = ld_be32(block + 4);
    uint64_t addr = ld_be64(block + 8);
    bool good = true;
    if (control & DMA_SELECT) {
        select_item(fw, (uint16_t)(control >> 16));
    }
    if (control & DMA_READ) {
        good = dma_copy_out(fw, addr, len);
    } else if (control & DMA_WRITE) {
        good = dma_copy_in(fw, addr, len);
    } else if (control & DMA_SKIP) {
        const Item *item = selected_item(fw);
        fw->offset += MIN((size_t)len, item->len - MIN(fw->offset, item->len));
    }
    st_be32(result, good ? 0 : DMA_ERROR);
    dma_write(as, at, result, sizeof(result));
}

static uint64_t dma_reg_read(void *opaque, uint64_t offset, unsigned size)
{
    return DMA_SIGNATURE >> (64 - 8 * (offset + size));
}

static void dma_reg_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    FwCfg *fw = opaque;
    if (size == 8) {
        fw->dma_addr = value;
        run_dma(fw);
    } else if (size == 4 && offset == 0) {
        fw->dma_addr = value << 32;
    } else if (size == 4 && offset == 4) {
        fw->dma_addr |= value & UINT32_MAX;
        run_dma(fw);
    }
}

static const MmioOps data_ops = {.read = data_read, .write = data_write, .access_min = 1, .access_max = 8, .impl_min = 1, .impl_max = 8, .big_endian = true};
static const MmioOps select_ops = {.read = select_read, .write = select_write, .access_min = 2, .access_max = 2, .impl_min = 2, .impl_max = 2, .big_endian = true};
static const MmioOps dma_ops = {.read = dma_reg_read, .write = dma_reg_write, .access_min = 1, .access_max = 8, .impl_min = 1, .impl_max = 8, .big_endian = true};

/* Selector and data share their ports: 16-bit writes select, 8-bit reads take the next byte. */
static uint64_t io_read(void *opaque, uint64_t offset, unsigned size) { return next_byte(opaque); }

static void io_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    if (size == 2 && offset == 0) {
        select_item(opaque, (uint16_t)value);
    }
}
static const MmioOps io_ops = {.read = io_read, .write = io_write, .access_min = 1, .access_max = 2, .impl_min = 1, .impl_max = 2};

/* --- life --- */
static void fw_cfg_init(Object *obj)
{
    FwCfg *fw = (FwCfg *)obj;
    fw->files = g_ptr_array_new_with_free_func(file_free);
    fw_cfg_add_bytes(fw, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_add_u32(fw, FW_CFG_ID, 1 | 2); /* traditional and DMA interface */
    make_directory(fw);
}

static bool fw_cfg_realize(Object *obj, Error **errp)
{
    FwCfg *fw = (FwCfg *)obj;
    Machine *m = fw->sys.dev.machine;
    memory_region_init_mmio(&fw->data_mr, m, obj, &data_ops, fw, "fwcfg.data", 8);
    memory_region_init_mmio(&fw->select_mr, m, obj, &select_ops, fw, "fwcfg.ctl", 2);
    memory_region_init_mmio(&fw->dma_mr, m, obj, &dma_ops, fw, "fwcfg.dma", 8);
    sys_add_mmio(&fw->sys, &fw->data_mr);
    sys_add_mmio(&fw->sys, &fw->select_mr);
    sys_add_mmio(&fw->sys, &fw->dma_mr);
    return true;
}

static bool fw_cfg_io_realize(Object *obj, Error **errp)
{
    FwCfg *fw = (FwCfg *)obj;
    Machine *m = fw->sys.dev.machine;
    memory_region_init_mmio(&fw->data_mr, m, obj, &io_ops, fw, "fwcfg", 2);
    memory_region_init_mmio(&fw->dma_mr, m, obj, &dma_ops, fw, "fwcfg.dma", 8);
    sys_add_mmio(&fw->sys, &fw->data_mr);
    sys_add_mmio(&fw->sys, &fw->dma_mr);
    return true;
}

static void fw_cfg_finalize(Object *obj)
{
    FwCfg *fw = (FwCfg *)obj;
    for (unsigned i = 0; i < G_N_ELEMENTS(fw->items); i++) {
        g_free(fw->items[i].data);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(fw->arch); i++) {
        g_free(fw->arch[i].data);
    }
    g_ptr_array_free(fw->files, TRUE);
}

static void fw_cfg_reset(DeviceState *dev)
{
    FwCfg *fw = (FwCfg *)dev;
    select_item(fw, 0);
    fw->dma_addr = 0;
}

static const DeviceClass fw_cfg_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = fw_cfg_reset};
static const TypeRecord fw_cfg_type = {
    .name = TYPE_FW_CFG, .parent = TYPE_SYS_DEVICE, .help = "firmware configuration", .instance_size = sizeof(FwCfg), .abstract = true,
    .class_kind = TYPE_DEVICE, .class_data = &fw_cfg_class, .init = fw_cfg_init, .finalize = fw_cfg_finalize,
};
TYPE_REGISTER(fw_cfg_type);
static const TypeRecord fw_cfg_mem_type = {
    .name = "fw_cfg_mem", .parent = TYPE_FW_CFG, .help = "firmware configuration, memory mapped", .realize = fw_cfg_realize,
};
TYPE_REGISTER(fw_cfg_mem_type);
static const TypeRecord fw_cfg_io_type = {
    .name = "fw_cfg_io", .parent = TYPE_FW_CFG, .help = "firmware configuration by ports", .realize = fw_cfg_io_realize,
};
TYPE_REGISTER(fw_cfg_io_type);

FwCfg *fw_cfg_create_io(Machine *m, MemoryRegion *io, Error **errp)
{
    DeviceState *dev = device_new(m, "fw_cfg_io");
    FwCfg *fw = (FwCfg *)dev;
    if (!device_attach(dev, NULL, "fw_cfg", errp)) {
        return NULL;
    }
    memory_map(io, FW_CFG_IO_PORT, &fw->data_mr);
    memory_map(io, FW_CFG_IO_PORT + 4, &fw->dma_mr);
    return fw;
}

FwCfg *fw_cfg_create(Machine *m, uint64_t addr, Error **errp)
{
    DeviceState *dev = device_new(m, "fw_cfg_mem");
    if (!device_attach(dev, NULL, "fw_cfg", errp)) {
        return NULL;
    }
    sys_map(dev, 0, addr);
    sys_map(dev, 1, addr + 8);
    sys_map(dev, 2, addr + 16);
    return (FwCfg *)dev;
}

/* --- contents --- */
void fw_cfg_add_bytes(FwCfg *fw, uint16_t key, const void *data, size_t len)
{
    unsigned arch = key - FW_CFG_ARCH_FIRST;
    g_assert(key < FW_CFG_FILE_FIRST || arch < FW_CFG_ARCH_COUNT);
    Item *item = key < FW_CFG_FILE_FIRST ? &fw->items[key] : &fw->arch[arch];
    g_free(item->data);
    *item = (Item){.data = g_memdup2(data, len), .len = len};
}

void fw_cfg_add_u16(FwCfg *fw, uint16_t key, uint16_t v)
{
    uint8_t raw[2];
    st_le16(raw, v);
    fw_cfg_add_bytes(fw, key, raw, sizeof(raw));
}

void fw_cfg_add_u32(FwCfg *fw, uint16_t key, uint32_t v)
{
    uint8_t raw[4];
    st_le32(raw, v);
    fw_cfg_add_bytes(fw, key, raw, sizeof(raw));
}

void fw_cfg_add_u64(FwCfg *fw, uint16_t key, uint64_t v)
{
    uint8_t raw[8];
    st_le64(raw, v);
    fw_cfg_add_bytes(fw, key, raw, sizeof(raw));
}

void fw_cfg_add_string(FwCfg *fw, uint16_t key, const char *text)
{
    fw_cfg_add_bytes(fw, key, text, strlen(text) + 1);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(FileEntry *const *)a)->name, (*(FileEntry *const *)b)->name);
}

static void make_directory(FwCfg *fw)
{
    size_t len = 4 + (size_t)fw->files->len * DIR_ENTRY_BYTES;
    g_autofree uint8_t *raw = g_malloc0(len);
    st_be32(raw, fw->files->len);
    for (unsigned i = 0; i < fw->files->len; i++) {
        const FileEntry *f = fw->files->pdata[i];
        uint8_t *entry = raw + 4 + (size_t)i * DIR_ENTRY_BYTES;
        st_be32(entry, (uint32_t)f->item.len);
        st_be16(entry + 4, (uint16_t)(FW_CFG_FILE_FIRST + i));
        memcpy(entry + 8, f->name, strlen(f->name));
    }
    fw_cfg_add_bytes(fw, FW_CFG_FILE_DIR, raw, len);
}

static FileEntry *find_file(const FwCfg *fw, const char *name)
{
    for (unsigned i = 0; i < fw->files->len; i++) {
        FileEntry *f = fw->files->pdata[i];
        if (!strcmp(f->name, name)) {
            return f;
        }
    }
    return NULL;
}

bool fw_cfg_has_file(const FwCfg *fw, const char *name) { return find_file(fw, name) != NULL; }

bool fw_cfg_add_file(FwCfg *fw, const char *name, const void *data, size_t len, Error **errp)
{
    if (!*name || strlen(name) >= NAME_BYTES || len > UINT32_MAX || fw->files->len >= 0x1000) {
        error_setg(errp, "fw_cfg: file '%s' cannot be added: names have 1 to %d characters, files less than 4 GiB", name, NAME_BYTES - 1);
        return false;
    }
    if (find_file(fw, name)) {
        error_setg(errp, "fw_cfg: there is a file '%s' already", name);
        return false;
    }
    FileEntry *f = g_new0(FileEntry, 1);
    f->name = g_strdup(name);
    f->item = (Item){.data = g_memdup2(data, len), .len = len};
    g_ptr_array_add(fw->files, f);
    g_ptr_array_sort(fw->files, by_name);
    make_directory(fw);
    return true;
}

bool fw_cfg_replace_file(FwCfg *fw, const char *name, const void *data, size_t len)
{
    FileEntry *f = len <= UINT32_MAX ? find_file(fw, name) : NULL;
    if (!f) {
        return false;
    }
    g_free(f->item.data);
    f->item = (Item){.data = g_memdup2(data, len), .len = len};
    make_directory(fw);
    return true;
}

bool fw_cfg_set_writable(FwCfg *fw, const char *name, void (*written)(void *opaque), void *opaque)
{
    FileEntry *f = find_file(fw, name);
    if (f) {
        f->writable = true;
        f->written = written;
        f->opaque = opaque;
    }
    return f != NULL;
}

bool fw_cfg_set_selected(FwCfg *fw, const char *name, void (*selected)(void *opaque), void *opaque)
{
    FileEntry *f = find_file(fw, name);
    if (f) {
        f->selected = selected;
        f->opaque = opaque;
    }
    return f != NULL;
}

uint8_t *fw_cfg_file_data(FwCfg *fw, const char *name, size_t *len)
{
    FileEntry *f = find_file(fw, name);
    *len = f ? f->item.len : 0;
    return f ? f->item.data : NULL;
}
