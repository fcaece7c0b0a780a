/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board `microvm`: as little as a kernel needs, as the reference's machine of that name.
 *
 *   CPUs, local APICs --- memory
 *     |                    |  fea00000 event device (power button), fea02000 sleep and reset, feb00000 eight virtio-mmio transports
 *   I/O APIC, 24 lines     |  with pcie=on: ECAM at e0000000, PCI memory at c0000000
 *     |                   ISA: serial port, and by choice PIC pair, PIT, RTC; fw_cfg
 *
 * With ACPI (the default) the transports use GSI 16 to 23 and are described by the DSDT; without it IRQ 5 to 12, and the kernel's
 * command line names those in use. -kernel starts directly unless -bios names a firmware.
 */
#include <string.h>

#include "boot.h"
#include "chardev/chardev.h"
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/misc/pc-misc.h"
#include "hw/rtc/mc146818.h"
#include "hw/sysbus.h"
#include "hw/timer/i8254.h"
#include "hw/virtio/virtio.h"
#include "pc.h"
#include "target/x86.h"

enum { TRANSPORTS = 8, TRANSPORT_SIZE = 512, IRQ_BASE = 5, GSI_BASE = 16, EVENT_IRQ = 9, PCIE_IRQ = 12 };
#define LOW_RAM_MAX 0xc0000000ull
#define TRANSPORT_BASE 0xfeb00000ull
#define EVENT_BASE 0xfea00000ull
#define EVENT_REGS 0xfea02000ull

/* --- the event device (ACPI 6.3, section 5.6.9) with sleep and reset registers (4.8.3.7) --- */
enum { EVENT_POWER = 2, SLEEP_ENABLE = 0x20, SLEEP_TYPE_S5 = 5, RESET_VALUE = 0x42 };

typedef struct AcpiGed {
    SysDevice sys;
    MemoryRegion events, regs;
    uint32_t pending;
} AcpiGed;

static uint64_t events_read(void *opaque, uint64_t offset, unsigned size)
{
    AcpiGed *g = opaque;
    uint32_t v = g->pending;
    g->pending = 0; /* reading acknowledges */
    irq_set(&g->sys.irq[0], 0);
    return v;
}
static void events_write(void *opaque, uint64_t offset, uint64_t value, unsigned size) {}
static const MmioOps events_ops = {.read = events_read, .write = events_write, .access_min = 4, .access_max = 4};

static uint64_t regs_read(void *opaque, uint64_t offset, unsigned size) { return 0; }

static void regs_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Machine *m = ((AcpiGed *)opaque)->sys.dev.machine;
    if (offset == 0 && (value & SLEEP_ENABLE) && (value >> 2 & 7) == SLEEP_TYPE_S5) {
        machine_request_shutdown(m, SHUTDOWN_GUEST, 0);
    } else if (offset == 2 && value == RESET_VALUE) {
        machine_request_reset(m, SHUTDOWN_GUEST_RESET);
    }
}
static const MmioOps regs_ops = {.read = regs_read, .write = regs_write, .access_min = 1, .access_max = 1};

static void power_button(void *opaque)
{
    AcpiGed *g = opaque;
    g->pending |= EVENT_POWER;
    irq_set(&g->sys.irq[0], 1);
}

static bool ged_realize(Object *obj, Error **errp)
{
    AcpiGed *g = (AcpiGed *)obj;
    Machine *m = g->sys.dev.machine;
    memory_region_init_mmio(&g->events, m, obj, &events_ops, g, "ged-events", 4);
    memory_region_init_mmio(&g->regs, m, obj, &regs_ops, g, "ged-regs", 3);
    sys_add_mmio(&g->sys, &g->events);
    sys_add_mmio(&g->sys, &g->regs);
    sys_add_irqs(&g->sys, 1);
    machine_add_powerdown(m, power_button, g);
    return true;
}

static void ged_reset(DeviceState *dev)
{
    AcpiGed *g = (AcpiGed *)dev;
    g->pending = 0;
    irq_set(&g->sys.irq[0], 0);
}

static const DeviceClass ged_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = ged_reset};
static const TypeRecord ged_type = {
    .name = "acpi-ged-x86", .parent = TYPE_SYS_DEVICE, .help = "generic event device", .instance_size = sizeof(AcpiGed), .class_kind = TYPE_DEVICE,
    .class_data = &ged_class, .realize = ged_realize,
};
TYPE_REGISTER(ged_type);

/* --- the board --- */
static bool has_acpi(const PcBoard *b) { return b->acpi != OFF; }
static unsigned transport_gsi(const PcBoard *b, unsigned i) { return (has_acpi(b) ? GSI_BASE : IRQ_BASE) + i; }

static void send_message(void *opaque, uint64_t addr, uint32_t data) { apic_deliver_msi(opaque, addr, data); }

static bool make_event_device(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    if (!has_acpi(b)) {
        return true;
    }
    DeviceState *ged = device_new(m, "acpi-ged-x86");
    if (!device_attach(ged, NULL, "acpi", errp)) {
        return false;
    }
    sys_map(ged, 0, EVENT_BASE);
    sys_map(ged, 1, EVENT_REGS);
    sys_connect(ged, 0, b->gsi[EVENT_IRQ]);
    return true;
}

static bool make_transports(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    for (unsigned i = 0; i < TRANSPORTS; i++) {
        DeviceState *slot = b->transports[i] = device_new(m, "virtio-mmio");
        if (!object_set(OBJECT(slot), "force-legacy", "off", errp) || !device_attach(slot, NULL, NULL, errp)) {
            return false;
        }
        sys_map(slot, 0, TRANSPORT_BASE + i * TRANSPORT_SIZE);
        sys_connect(slot, 0, b->gsi[transport_gsi(b, i)]);
    }
    return true;
}

static bool make_isa(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    b->isa = isa_bus_new(m, NULL, m->system_memory, &b->io);
    isa_bus_set_irqs(b->isa, b->gsi);
    if (b->pic_on != OFF) {
        if (!(b->pic = i8259_create(b->isa, apic_pic_line(b->apics), errp))) {
            return false;
        }
        apics_set_pic(b->apics, i8259_ack, b->pic);
    }
    /* the speaker port gates the channel by which kernels measure time */
    if (b->pit_on != OFF && (!(b->pit = pit_create(b->isa, b->gsi[0], errp)) || !pcspk_create(b->isa, b->pit, errp))) {
        return false;
    }
    if (b->rtc_on != OFF && !(b->rtc = mc146818_create(b->isa, b->gsi[8], errp))) {
        return false;
    }
    struct Chardev *chr = m->serials->len ? m->serials->pdata[0] : NULL;
    return !b->serial_on || !chr || isa_create(b->isa, TYPE_ISA_SERIAL, errp, "index", "0", "chardev", chardev_id(chr), NULL);
}

static bool make_pcie(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    if (b->pcie != ON) {
        return true;
    }
    uint64_t high = (4 * GIB + b->above_4g + 32 * GIB - 1) & ~(32 * GIB - 1);
    const GpexWindows windows = {
        .ecam = 0xe0000000, .mmio = 0xc0000000, .mmio_size = 0x20000000, .mmio_high = high, .mmio_high_size = 32 * GIB,
    };
    PciBus *bus = gpex_create(m, &windows, b->gsi + PCIE_IRQ, errp);
    if (bus) {
        pci_root_set_msi(bus, send_message, b->apics);
    }
    return bus != NULL;
}

static bool microvm_init(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    b->direct_boot |= m->kernel && !m->firmware;
    pc_map_ram(m, m->ram_size > LOW_RAM_MAX ? LOW_RAM_MAX : m->ram_size);
    return pc_make_io(m) && pc_make_irqs(m, errp) && pc_make_cpus(m, NULL, errp) && make_isa(m, errp) && make_event_device(m, errp) &&
           make_transports(m, errp) && make_pcie(m, errp) && pc_make_fw_cfg(m, errp) &&
           pc_load_firmware(m, m->system_memory, "bios-microvm.bin", errp);
}

/* Without ACPI the kernel learns of the transports that carry a device from its command line. */
static void name_transports(Machine *m)
{
    PcBoard *b = pc_board(m);
    if (has_acpi(b) || !b->cmdline_auto || !m->kernel) {
        return;
    }
    GString *text = g_string_new(m->append ? m->append : "");
    for (unsigned i = 0; i < TRANSPORTS; i++) {
        Bus *bus = b->transports[i]->child_buses->len ? b->transports[i]->child_buses->pdata[0] : NULL;
        if (bus && bus->devices->len) {
            g_string_append_printf(text, " virtio_mmio.device=%d@0x%" G_GINT64_MODIFIER "x:%u", TRANSPORT_SIZE,
                                   (uint64_t)(TRANSPORT_BASE + i * TRANSPORT_SIZE), transport_gsi(b, i));
        }
    }
    g_free(m->append);
    m->append = g_string_free(text, false);
}

static bool microvm_finish(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    PcAcpiMmio virtio[TRANSPORTS];
    for (unsigned i = 0; i < TRANSPORTS; i++) {
        virtio[i] = (PcAcpiMmio){TRANSPORT_BASE + i * TRANSPORT_SIZE, TRANSPORT_SIZE, transport_gsi(b, i)};
    }
    PcAcpiConfig acpi = {
        .chipset = PC_ACPI_MICROVM, .virtio = virtio, .virtio_count = TRANSPORTS, .ged_base = EVENT_BASE, .ged_regs = EVENT_REGS, .ged_irq = EVENT_IRQ,
        .pci = b->pcie == ON,
    };
    if (acpi.pci) {
        acpi.mcfg_base = 0xe0000000;
        acpi.pci_hole_start = 0xc0000000;
        acpi.pci_hole_end = 0xe0000000;
        acpi.pci_hole64_start = (4 * GIB + b->above_4g + 32 * GIB - 1) & ~(32 * GIB - 1);
        acpi.pci_hole64_end = acpi.pci_hole64_start + 32 * GIB;
    }
    name_transports(m);
    if (b->rtc) {
        pc_fill_cmos(m);
    }
    return pc_boot_prepare(m, errp) && pc_fill_fw_cfg(m, errp) && pc_make_tables(m, &acpi, errp) && pc_boot_finish(m, errp);
}

static const Field microvm_fields[] = {
    PC_FIELDS,
    FIELD(PcBoard, pic_on, FIELD_ENUM, "pic", FIELD_PROP, .info = pc_on_off_auto, .help = "interrupt controllers 8259"),
    FIELD(PcBoard, pit_on, FIELD_ENUM, "pit", FIELD_PROP, .info = pc_on_off_auto, .help = "interval timer 8254"),
    FIELD(PcBoard, rtc_on, FIELD_ENUM, "rtc", FIELD_PROP, .info = pc_on_off_auto, .help = "clock and CMOS"),
    FIELD(PcBoard, pcie, FIELD_ENUM, "pcie", FIELD_PROP, .info = pc_on_off_auto, .help = "PCI Express (auto: off)"),
    FIELD(PcBoard, ioapic2, FIELD_ENUM, "ioapic2", FIELD_PROP | FIELD_HIDDEN, .info = pc_on_off_auto, .help = "accepted; there is one I/O APIC"),
    FIELD(PcBoard, serial_on, FIELD_BOOL, "isa-serial", FIELD_PROP, .def = 1, .help = "serial port"),
    FIELD(PcBoard, cmdline_auto, FIELD_BOOL, "auto-kernel-cmdline", FIELD_PROP, .def = 1, .help = "name virtio-mmio devices on the kernel's command line"),
    FIELD(PcBoard, option_roms, FIELD_BOOL, "x-option-roms", FIELD_PROP, .def = 1, .help = "accepted for compatibility"),
    FIELD_END,
};
#define MICROVM_COMMON                                                                                                  \
    .name = "microvm", .desc = "microvm (i386)", .max_cpus = Q35_CPUS_MAX, .default_ram = 128 * MIB, .min_ram = 4 * MIB, \
    .default_block_interface = "virtio", .default_nic = "virtio-net-device", .state_size = sizeof(PcBoard), .fields = microvm_fields,  \
    .init = microvm_init, .finish = microvm_finish, .reset = pc_reset, .cleanup = pc_cleanup
static const MachineRecord microvm64 = {MICROVM_COMMON, .target = "x86_64", .default_cpu = X86_64_DEFAULT_MODEL};
MACHINE(microvm64);
static const MachineRecord microvm32 = {MICROVM_COMMON, .target = "i386", .default_cpu = I386_DEFAULT_MODEL};
MACHINE(microvm32);
