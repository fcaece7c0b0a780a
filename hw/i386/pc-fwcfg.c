/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a PC's firmware is told: CMOS bytes, fw_cfg keys and files, the order of boot devices.
 */
#include <string.h>

#include "hw/ide/ide.h"
#include "hw/misc/pc-misc.h"
#include "hw/rtc/mc146818.h"
#include "hw/timer/hpet.h"
#include "hw/virtio/virtio.h"
#include "pc.h"
#include "util/bytes.h"
#include "util/json.h"

/* --- CMOS --- */
bool pc_check_boot_order(const char *order, Error **errp)
{
    if (strlen(order) > 3 || strspn(order, "acdn") != strlen(order)) {
        error_setg(errp, "boot order '%s': up to three of a (floppy), c (hard disk), d (CD-ROM), n (network)", order);
        return false;
    }
    return true;
}

void pc_set_boot_order(Machine *m, const char *order)
{
    PcBoard *b = pc_board(m);
    uint8_t codes[3] = {0};
    for (unsigned i = 0; i < 3 && order[i]; i++) {
        codes[i] = order[i] == 'a' ? 1 : order[i] == 'c' ? 2 : order[i] == 'd' ? 3 : order[i] == 'n' ? 4 : 0;
    }
    mc146818_set_cmos(b->rtc, 0x3d, (uint8_t)(codes[1] << 4 | codes[0]));
    mc146818_set_cmos(b->rtc, 0x38, (uint8_t)(codes[2] << 4 | !b->fd_bootchk));
}

static void put16(PcBoard *b, unsigned index, uint64_t value)
{
    uint16_t v = (uint16_t)MIN(value, 0xffff);
    mc146818_set_cmos(b->rtc, index, (uint8_t)v);
    mc146818_set_cmos(b->rtc, index + 1, (uint8_t)(v >> 8));
}

/* Types and geometry of the first two disks (type 47: in the bytes from 0x1b and 0x24 on), and of four how firmware translates it. */
static void fill_disks(PcBoard *b)
{
    uint8_t types = 0, translation = 0;
    for (unsigned i = 0; i < 4 && b->ide; i++) {
        uint32_t c, h, s;
        if (!ide_get_geometry(b->ide, i / 2, i % 2, &c, &h, &s)) {
            continue;
        }
        /* what the reference takes: none for small disks, large up to 1024 * 128 cylinders, else LBA */
        unsigned kind = c <= 1024 && h <= 16 && s <= 63 ? 0 : (uint64_t)c * h <= 131072 ? 2 : 1;
        translation |= (uint8_t)(kind << (2 * i));
        if (i < 2) {
            unsigned at = i ? 0x24 : 0x1b;
            types |= (uint8_t)(i ? 0x0f : 0xf0);
            mc146818_set_cmos(b->rtc, i ? 0x1a : 0x19, 47);
            put16(b, at, c);
            mc146818_set_cmos(b->rtc, at + 2, (uint8_t)h);
            put16(b, at + 3, 0xffff);
            mc146818_set_cmos(b->rtc, at + 5, (uint8_t)(0xc0 | (h > 8) << 3));
            put16(b, at + 6, c);
            mc146818_set_cmos(b->rtc, at + 8, (uint8_t)s);
        }
    }
    mc146818_set_cmos(b->rtc, 0x12, types);
    mc146818_set_cmos(b->rtc, 0x39, translation);
}

void pc_fill_cmos(Machine *m)
{
    PcBoard *b = pc_board(m);
    uint64_t above_1m = b->below_4g > MIB ? (b->below_4g - MIB) / 1024 : 0;
    put16(b, 0x15, 640);
    put16(b, 0x17, above_1m);
    put16(b, 0x30, above_1m);
    put16(b, 0x34, b->below_4g > 16 * MIB ? (b->below_4g - 16 * MIB) / 65536 : 0);
    uint64_t high = b->above_4g / 65536;
    put16(b, 0x5b, high & 0xffff);
    mc146818_set_cmos(b->rtc, 0x5d, (uint8_t)(high >> 16));
    mc146818_set_cmos(b->rtc, 0x5f, (uint8_t)(m->cpu_count - 1));
    uint8_t floppies = b->fdc ? fdc_cmos_drive_types(b->fdc) : 0;
    unsigned count = !!(floppies & 0xf0) + !!(floppies & 0x0f);
    mc146818_set_cmos(b->rtc, 0x10, floppies);
    mc146818_set_cmos(b->rtc, 0x14, (uint8_t)(2 | 4 | (count == 1 ? 1 : count == 2 ? 0x41 : 0))); /* FPU, mouse, floppies */
    fill_disks(b);
    pc_set_boot_order(m, m->boot_once ? m->boot_once : m->boot_order ? m->boot_order : "cad");
}

/* --- boot devices --- */
typedef struct BootEntry {
    int64_t index;
    char *path;
} BootEntry;

static void entry_clear(void *p) { g_free(((BootEntry *)p)->path); }

static DeviceState *parent_device(DeviceState *dev) { return dev->parent_bus ? dev->parent_bus->parent : NULL; }

/* What follows the controller's path, by kind of device. */
static char *device_tail(DeviceState *dev)
{
    const char *type = object_type_name(OBJECT(dev));
    g_autofree char *unit = g_str_has_prefix(type, "ide-") ? object_get(OBJECT(dev), "unit", NULL) : NULL;
    if (g_str_has_prefix(type, "virtio-blk")) {
        return g_strdup("/disk@0,0");
    }
    if (g_str_has_prefix(type, "nvme")) {
        return g_strdup("/namespace@1,0");
    }
    if (g_str_has_prefix(type, "scsi-")) {
        g_autofree char *id = object_get(OBJECT(dev), "scsi-id", NULL), *lun = object_get(OBJECT(dev), "lun", NULL);
        return g_strdup_printf("/channel@0/disk@%s,%s", id ? id : "0", lun ? lun : "0");
    }
    if (unit) {
        const char *bus = dev->parent_bus ? strrchr(dev->parent_bus->name, '.') : NULL;
        return g_strdup_printf("/drive@%s/disk@%s", bus ? bus + 1 : "0", unit);
    }
    if (!strcmp(type, TYPE_FLOPPY)) {
        g_autofree char *n = object_get(OBJECT(dev), "unit", NULL);
        return g_strdup_printf("/fdc@03f0/floppy@%s", n ? n : "0");
    }
    return g_strdup("/ethernet-phy@0");
}

static char *boot_path(DeviceState *dev)
{
    g_autofree char *tail = device_tail(dev);
    for (DeviceState *d = dev; d; d = parent_device(d)) {
        if (object_is_a(OBJECT(d), TYPE_PCI_DEVICE)) {
            g_autofree char *base = pci_firmware_path(PCI_DEVICE(d));
            return g_strconcat(base, tail, NULL);
        }
    }
    return NULL;
}

static void look_at_device(Object *obj, void *opaque)
{
    object_foreach_child(obj, look_at_device, opaque);
    if (!object_is_a(obj, TYPE_DEVICE) || object_is_a(obj, TYPE_VIRTIO_DEVICE)) { /* a transport shows its device's properties */
        return;
    }
    g_autofree char *text = object_get(obj, "bootindex", NULL);
    int64_t index = text && *text ? g_ascii_strtoll(text, NULL, 10) : -1;
    char *path = index >= 0 ? boot_path(DEVICE(obj)) : NULL;
    if (path) {
        BootEntry e = {index, path};
        g_array_append_val((GArray *)opaque, e);
    }
}

static gint by_index(gconstpointer a, gconstpointer b)
{
    int64_t x = ((const BootEntry *)a)->index, y = ((const BootEntry *)b)->index;
    return x < y ? -1 : x > y;
}

char *pc_boot_order_file(Machine *m)
{
    g_autoptr(GArray) list = g_array_new(false, false, sizeof(BootEntry));
    g_array_set_clear_func(list, entry_clear);
    look_at_device(OBJECT(m), list);
    if (!list->len && !m->boot_strict) {
        return NULL;
    }
    g_array_sort(list, by_index);
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < list->len; i++) {
        g_string_append_printf(text, "%s%s", i ? "\n" : "", g_array_index(list, BootEntry, i).path);
    }
    if (m->boot_strict) {
        g_string_append(text, list->len ? "\nHALT" : "HALT");
    }
    return g_string_free(text, false);
}

/* --- fw_cfg --- */
bool pc_make_fw_cfg(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    b->fw = fw_cfg_create_io(m, &b->io, errp);
    return b->fw != NULL;
}

static bool add_e820(PcBoard *b, Error **errp)
{
    uint8_t raw[PC_E820_MAX * 20];
    for (unsigned i = 0; i < b->e820_count; i++) {
        st_le64(raw + 20 * i, b->e820[i].base);
        st_le64(raw + 20 * i + 8, b->e820[i].size);
        st_le32(raw + 20 * i + 16, b->e820[i].type);
    }
    return fw_cfg_add_file(b->fw, "etc/e820", raw, 20u * b->e820_count, errp);
}

static void add_keys(Machine *m, FwCfg *fw)
{
    PcBoard *b = pc_board(m);
    uint8_t uuid[16] = {0}, hpet[1 + 8 * 15] = {0};
    const char *text = m->uuid;
    for (unsigned i = 0, n = 0; text[i] && text[i + 1] && n < 16; i++) {
        if (g_ascii_isxdigit(text[i])) {
            uuid[n++] = (uint8_t)(g_ascii_xdigit_value(text[i]) << 4 | g_ascii_xdigit_value(text[i + 1]));
            i++;
        }
    }
    uint32_t limit = pc_apic_id_limit(m);
    g_autofree uint8_t *numa = g_malloc0(8 * ((size_t)limit + 1));
    fw_cfg_add_bytes(fw, FW_CFG_UUID, uuid, sizeof(uuid));
    fw_cfg_add_u64(fw, FW_CFG_RAM_SIZE, m->ram_size);
    fw_cfg_add_u16(fw, FW_CFG_NOGRAPHIC, !m->graphics);
    fw_cfg_add_u16(fw, FW_CFG_NB_CPUS, (uint16_t)m->cpu_count);
    fw_cfg_add_u16(fw, FW_CFG_MAX_CPUS, (uint16_t)limit);
    fw_cfg_add_bytes(fw, FW_CFG_NUMA, numa, 8 * ((size_t)limit + 1));
    fw_cfg_add_u16(fw, FW_CFG_BOOT_MENU, m->boot_menu);
    fw_cfg_add_u32(fw, FW_CFG_IRQ0_OVERRIDE, 1);
    fw_cfg_add_u16(fw, FW_CFG_ACPI_TABLES, 0);
    if (b->hpet) {
        hpet[0] = 1;
        st_le32(hpet + 1, 0x8086a201);
        st_le64(hpet + 5, HPET_DEFAULT_ADDRESS);
        st_le16(hpet + 13, 100);
    } else {
        hpet[0] = 0xff;
    }
    fw_cfg_add_bytes(fw, FW_CFG_HPET, hpet, sizeof(hpet));
}

static bool add_splash(Machine *m, FwCfg *fw, Error **errp)
{
    if (m->boot_splash_time >= 0) {
        uint8_t wait[2];
        st_le16(wait, (uint16_t)MIN(m->boot_splash_time, 0xffff));
        if (!fw_cfg_add_file(fw, "etc/boot-menu-wait", wait, sizeof(wait), errp)) {
            return false;
        }
    }
    if (m->boot_splash) {
        g_autofree char *path = find_firmware(m, m->boot_splash, errp);
        g_autofree uint8_t *data = NULL;
        uint64_t len;
        if (!path || !load_file(path, 16 * MIB, false, &data, &len, errp)) {
            return false;
        }
        bool jpeg = len > 1 && data[0] == 0xff && data[1] == 0xd8;
        return fw_cfg_add_file(fw, jpeg ? "bootsplash.jpg" : "bootsplash.bmp", data, len, errp);
    }
    return true;
}

bool pc_fill_fw_cfg(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    SleepStates sleep = !b->pm ? (SleepStates){true, true, 2} : b->pm == b->south ? ich9_lpc_sleep(b->pm) : piix4_pm_sleep(b->pm);
    uint8_t fail_wait[4], states[6] = {128, 0, 0, (uint8_t)(1 | !sleep.no_s3 << 7), (uint8_t)(sleep.s4_value | !sleep.no_s4 << 7), 128};
    add_keys(m, b->fw);
    st_le32(fail_wait, (uint32_t)m->boot_reboot_timeout);
    g_autofree char *order = pc_boot_order_file(m);
    return add_e820(b, errp) && fw_cfg_add_file(b->fw, "etc/boot-fail-wait", fail_wait, sizeof(fail_wait), errp) &&
           fw_cfg_add_file(b->fw, "etc/system-states", states, sizeof(states), errp) && add_splash(m, b->fw, errp) &&
           (!order || fw_cfg_add_file(b->fw, "bootorder", order, strlen(order) + 1, errp));
}
