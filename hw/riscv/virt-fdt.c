/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree of the `virt` board (Devicetree Specification 0.4; bindings of the Linux kernel), written from front
 * to back by libfdt's sequential functions. Nodes stand in the reference's order, because guests number disks and
 * consoles by it; phandles are the reference's too.
 *
 * Left out against the reference: node `pmu` (no hart has event counters behind SBI yet).
 *
 * An error of libfdt stays in the writer and is looked at once, at the end.
 */
#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

#include "hw/intc/riscv-aclint.h"
#include "target/riscv.h"
#include "virt.h"

enum { UART_CLOCK_HZ = 3686400, RNG_SEED_SIZE = 32 };
enum { IRQ_S_SOFT = 1, IRQ_M_SOFT = 3, IRQ_M_TIMER = 7, IRQ_S_EXT = 9, IRQ_M_EXT = 11 };
enum { PCI_SPACE_IO = 0x01000000, PCI_SPACE_MEM32 = 0x02000000, PCI_SPACE_MEM64 = 0x03000000 };

typedef struct Writer {
    Machine *m;
    VirtBoard *board;
    void *fdt;
    int err;
    uint32_t plic, test; /* phandles */
} Writer;

/* --- writing --- */
static void note(Writer *w, int err)
{
    if (err && !w->err) {
        w->err = err;
    }
}

static void begin(Writer *w, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void begin(Writer *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *name = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    note(w, fdt_begin_node(w->fdt, name));
}

static void end(Writer *w) { note(w, fdt_end_node(w->fdt)); }
static void flag(Writer *w, const char *name) { note(w, fdt_property(w->fdt, name, NULL, 0)); }
static void u32(Writer *w, const char *name, uint32_t v) { note(w, fdt_property_u32(w->fdt, name, v)); }
static void str(Writer *w, const char *name, const char *v) { note(w, fdt_property_string(w->fdt, name, v)); }

/* Strings ended by NULL, as a string list. */
static void strings(Writer *w, const char *name, const char *const *list)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (; *list; list++) {
        g_byte_array_append(bytes, (const uint8_t *)*list, strlen(*list) + 1);
    }
    note(w, fdt_property(w->fdt, name, bytes->data, bytes->len));
}
#define STRINGS(w, name, ...) strings((w), (name), (const char *const[]){__VA_ARGS__, NULL})

static void cells(Writer *w, const char *name, const uint32_t *v, unsigned count)
{
    g_autofree uint32_t *be = g_new(uint32_t, count);
    for (unsigned i = 0; i < count; i++) {
        be[i] = cpu_to_fdt32(v[i]);
    }
    note(w, fdt_property(w->fdt, name, be, count * sizeof(uint32_t)));
}
#define CELLS(w, name, ...)                                                                                            \
    cells((w), (name), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define HI(x) (uint32_t)((uint64_t)(x) >> 32)
#define LO(x) (uint32_t)(x)

static void reg(Writer *w, uint64_t base, uint64_t size) { CELLS(w, "reg", HI(base), LO(base), HI(size), LO(size)); }
static void reg_of(Writer *w, VirtPlace p) { reg(w, virt_map[p].base, virt_map[p].size); }

static void interrupt(Writer *w, uint32_t irq)
{
    u32(w, "interrupts", irq);
    u32(w, "interrupt-parent", w->plic);
}

/* Harts get their phandles from the last one down: hart and its interrupt controller in turn. */
static uint32_t cpu_phandle(const Writer *w, unsigned n) { return (w->m->cpu_count - 1 - n) * 2 + 1; }
static uint32_t intc_phandle(const Writer *w, unsigned n) { return cpu_phandle(w, n) + 1; }

/* <intc irq> of every hart, for up to two interrupts of each. */
static void interrupts_extended(Writer *w, uint32_t first, uint32_t second)
{
    unsigned per_hart = second ? 4 : 2, count = w->m->cpu_count * per_hart;
    g_autofree uint32_t *v = g_new(uint32_t, count);
    for (unsigned i = 0; i < w->m->cpu_count; i++) {
        v[i * per_hart] = intc_phandle(w, i);
        v[i * per_hart + 1] = first;
        if (second) {
            v[i * per_hart + 2] = intc_phandle(w, i);
            v[i * per_hart + 3] = second;
        }
    }
    cells(w, "interrupts-extended", v, count);
}

/* --- nodes --- */
static void write_power(Writer *w, const char *name, const char *compatible, uint32_t value)
{
    begin(w, "%s", name);
    u32(w, "value", value);
    u32(w, "offset", 0);
    u32(w, "regmap", w->test);
    str(w, "compatible", compatible);
    end(w);
}

static void write_platform_bus(Writer *w)
{
    const VirtWindow *p = &virt_map[VIRT_PLATFORM_BUS];
    begin(w, "platform-bus@%" PRIx64, p->base);
    u32(w, "interrupt-parent", w->plic);
    CELLS(w, "ranges", 0, HI(p->base), LO(p->base), LO(p->size));
    u32(w, "#address-cells", 1);
    u32(w, "#size-cells", 1);
    STRINGS(w, "compatible", "qemu,platform", "simple-bus");
    end(w);
}

static void write_cpu(Writer *w, unsigned n)
{
    CpuState *cpu = w->m->cpus->pdata[n];
    g_autofree char *isa = riscv_cpu_isa_string(cpu);
    g_auto(GStrv) extensions = riscv_cpu_isa_extensions(cpu);
    unsigned cbom = riscv_cpu_cbom_block_size(cpu), cboz = riscv_cpu_cboz_block_size(cpu);
    begin(w, "cpu@%u", n);
    u32(w, "phandle", cpu_phandle(w, n));
    str(w, "device_type", "cpu");
    u32(w, "reg", n);
    str(w, "status", "okay");
    str(w, "compatible", "riscv");
    if (extensions && cbom && g_strv_contains((const char *const *)extensions, "zicbop")) {
        u32(w, "riscv,cbop-block-size", cbom);
    }
    if (cboz) {
        u32(w, "riscv,cboz-block-size", cboz);
    }
    if (cbom) {
        u32(w, "riscv,cbom-block-size", cbom);
    }
    if (extensions && extensions[0]) {
        strings(w, "riscv,isa-extensions", (const char *const *)extensions);
    }
    str(w, "riscv,isa-base", riscv_cpu_isa_base(cpu));
    str(w, "riscv,isa", isa);
    str(w, "mmu-type", riscv_cpu_mmu_type(cpu));
    begin(w, "interrupt-controller");
    u32(w, "#interrupt-cells", 1);
    flag(w, "interrupt-controller");
    str(w, "compatible", "riscv,cpu-intc");
    u32(w, "phandle", intc_phandle(w, n));
    end(w);
    end(w);
}

static void write_cpus(Writer *w)
{
    begin(w, "cpus");
    u32(w, "#address-cells", 1);
    u32(w, "#size-cells", 0);
    u32(w, "timebase-frequency", ACLINT_TIMEBASE_HZ);
    for (unsigned i = 0; i < w->m->cpu_count; i++) {
        write_cpu(w, i);
    }
    begin(w, "cpu-map");
    begin(w, "cluster0");
    for (unsigned i = 0; i < w->m->cpu_count; i++) {
        begin(w, "core%u", i);
        u32(w, "cpu", cpu_phandle(w, i));
        end(w);
    }
    end(w);
    end(w);
    end(w);
}

static void write_memory(Writer *w)
{
    begin(w, "memory@%" PRIx64, virt_map[VIRT_DRAM].base);
    str(w, "device_type", "memory");
    reg(w, virt_map[VIRT_DRAM].base, w->m->ram_size);
    end(w);
}

static void write_firmware_devices(Writer *w)
{
    begin(w, "fw-cfg@%" PRIx64, virt_map[VIRT_FW_CFG].base);
    flag(w, "dma-coherent");
    reg_of(w, VIRT_FW_CFG);
    str(w, "compatible", "qemu,fw-cfg-mmio");
    end(w);

    uint64_t base = virt_map[VIRT_FLASH].base, bank = virt_map[VIRT_FLASH].size / VIRT_FLASH_COUNT;
    begin(w, "flash@%" PRIx64, base);
    u32(w, "bank-width", 4);
    CELLS(w, "reg", HI(base), LO(base), HI(bank), LO(bank), HI(base + bank), LO(base + bank), HI(bank), LO(bank));
    str(w, "compatible", "cfi-flash");
    end(w);
}

static void random_seed(uint8_t seed[RNG_SEED_SIZE])
{
    if (getrandom(seed, RNG_SEED_SIZE, 0) != RNG_SEED_SIZE) {
        memset(seed, 0, RNG_SEED_SIZE);
    }
}

static void write_chosen(Writer *w)
{
    const RiscvBoot *boot = &w->board->boot;
    uint8_t seed[RNG_SEED_SIZE];
    g_autofree char *uart = g_strdup_printf("/soc/serial@%" PRIx64, virt_map[VIRT_UART0].base);
    random_seed(seed);
    begin(w, "aliases");
    str(w, "serial0", uart);
    end(w);
    begin(w, "chosen");
    if (boot->initrd_end) {
        note(w, fdt_property_u64(w->fdt, "linux,initrd-end", boot->initrd_end));
        note(w, fdt_property_u64(w->fdt, "linux,initrd-start", boot->initrd_start));
    }
    if (w->m->append && *w->m->append) {
        str(w, "bootargs", w->m->append);
    }
    str(w, "stdout-path", uart);
    note(w, fdt_property(w->fdt, "rng-seed", seed, sizeof(seed)));
    end(w);
}

static void write_small_devices(Writer *w)
{
    begin(w, "rtc@%" PRIx64, virt_map[VIRT_RTC].base);
    interrupt(w, VIRT_IRQ_RTC);
    reg_of(w, VIRT_RTC);
    str(w, "compatible", "google,goldfish-rtc");
    end(w);

    begin(w, "serial@%" PRIx64, virt_map[VIRT_UART0].base);
    interrupt(w, VIRT_IRQ_UART0);
    u32(w, "clock-frequency", UART_CLOCK_HZ);
    reg_of(w, VIRT_UART0);
    str(w, "compatible", "ns16550a");
    end(w);

    begin(w, "test@%" PRIx64, virt_map[VIRT_TEST].base);
    u32(w, "phandle", w->test);
    reg_of(w, VIRT_TEST);
    STRINGS(w, "compatible", "sifive,test1", "sifive,test0", "syscon");
    end(w);

    for (unsigned i = VIRT_VIRTIO_COUNT; i-- > 0;) { /* the last one first */
        uint64_t base = virt_map[VIRT_VIRTIO].base + i * virt_map[VIRT_VIRTIO].size;
        begin(w, "virtio_mmio@%" PRIx64, base);
        interrupt(w, VIRT_IRQ_VIRTIO + i);
        reg(w, base, virt_map[VIRT_VIRTIO].size);
        str(w, "compatible", "virtio,mmio");
        end(w);
    }
}

static void write_plic(Writer *w)
{
    begin(w, "plic@%" PRIx64, virt_map[VIRT_PLIC].base);
    u32(w, "phandle", w->plic);
    u32(w, "riscv,ndev", VIRT_SOURCES - 1);
    reg_of(w, VIRT_PLIC);
    interrupts_extended(w, IRQ_M_EXT, IRQ_S_EXT);
    flag(w, "interrupt-controller");
    STRINGS(w, "compatible", "sifive,plic-1.0.0", "riscv,plic0");
    u32(w, "#address-cells", 0);
    u32(w, "#interrupt-cells", 1);
    end(w);
}

static void write_clint(Writer *w)
{
    begin(w, "clint@%" PRIx64, virt_map[VIRT_CLINT].base);
    interrupts_extended(w, IRQ_M_SOFT, IRQ_M_TIMER);
    reg_of(w, VIRT_CLINT);
    STRINGS(w, "compatible", "sifive,clint0", "riscv,clint0");
    end(w);
}

static void write_swi(Writer *w, const char *name, const char *compatible, uint64_t base, uint32_t irq)
{
    begin(w, "%s@%" PRIx64, name, base);
    u32(w, "#interrupt-cells", 0);
    flag(w, "interrupt-controller");
    interrupts_extended(w, irq, 0);
    reg(w, base, ACLINT_SWI_SIZE);
    str(w, "compatible", compatible);
    end(w);
}

static void write_aclint(Writer *w)
{
    uint64_t base = virt_map[VIRT_CLINT].base, timer = base + ACLINT_SWI_SIZE, mtime = timer + 0x7ff8;
    uint64_t end_of_clint = base + virt_map[VIRT_CLINT].size;
    write_swi(w, "sswi", "riscv,aclint-sswi", virt_map[VIRT_ACLINT_SSWI].base, IRQ_S_SOFT);
    begin(w, "mtimer@%" PRIx64, timer);
    interrupts_extended(w, IRQ_M_TIMER, 0);
    CELLS(w, "reg", HI(mtime), LO(mtime), 0, LO(end_of_clint - mtime), HI(timer), LO(timer), 0, 0x7ff8);
    str(w, "compatible", "riscv,aclint-mtimer");
    end(w);
    write_swi(w, "mswi", "riscv,aclint-mswi", base, IRQ_M_SOFT);
}

/* INTA of slot n is line n mod 4 of the host, and so on around. */
static void write_interrupt_map(Writer *w)
{
    uint32_t map[4 * 4 * 6], *p = map;
    for (unsigned slot = 0; slot < 4; slot++) {
        for (unsigned pin = 0; pin < 4; pin++) {
            const uint32_t row[6] = {slot << 11, 0, 0, pin + 1, w->plic, VIRT_IRQ_PCIE + (slot + pin) % 4};
            memcpy(p, row, sizeof(row));
            p += G_N_ELEMENTS(row);
        }
    }
    CELLS(w, "interrupt-map-mask", 0x1800, 0, 0, 7);
    cells(w, "interrupt-map", map, G_N_ELEMENTS(map));
}

static void write_pci(Writer *w)
{
    const VirtWindow *pio = &virt_map[VIRT_PCIE_PIO], *mmio = &virt_map[VIRT_PCIE_MMIO], *high = &w->board->pcie_high;
    begin(w, "pci@%" PRIx64, virt_map[VIRT_PCIE_ECAM].base);
    write_interrupt_map(w);
    CELLS(w, "ranges", /* kind, address on the bus, of the CPU, size */
          PCI_SPACE_IO, 0, 0, HI(pio->base), LO(pio->base), HI(pio->size), LO(pio->size),
          PCI_SPACE_MEM32, HI(mmio->base), LO(mmio->base), HI(mmio->base), LO(mmio->base), HI(mmio->size), LO(mmio->size),
          PCI_SPACE_MEM64, HI(high->base), LO(high->base), HI(high->base), LO(high->base), HI(high->size), LO(high->size));
    reg_of(w, VIRT_PCIE_ECAM);
    flag(w, "dma-coherent");
    CELLS(w, "bus-range", 0, LO(virt_map[VIRT_PCIE_ECAM].size >> 20) - 1);
    u32(w, "linux,pci-domain", 0);
    str(w, "device_type", "pci");
    str(w, "compatible", "pci-host-ecam-generic");
    u32(w, "#size-cells", 2);
    u32(w, "#interrupt-cells", 1);
    u32(w, "#address-cells", 3);
    end(w);
}

static void write_soc(Writer *w)
{
    begin(w, "soc");
    u32(w, "#address-cells", 2);
    u32(w, "#size-cells", 2);
    str(w, "compatible", "simple-bus");
    flag(w, "ranges");
    write_small_devices(w);
    write_plic(w);
    if (w->board->aclint) {
        write_aclint(w);
    } else {
        write_clint(w);
    }
    write_pci(w);
    end(w);
}

static void write_root(Writer *w)
{
    begin(w, "%s", "");
    u32(w, "#address-cells", 2);
    u32(w, "#size-cells", 2);
    str(w, "compatible", "riscv-virtio");
    str(w, "model", "riscv-virtio,qemu");
    write_power(w, "poweroff", "syscon-poweroff", 0x5555);
    write_power(w, "reboot", "syscon-reboot", 0x7777);
    write_platform_bus(w);
    write_memory(w);
    write_cpus(w);
    write_firmware_devices(w);
    write_chosen(w);
    write_soc(w);
    end(w);
}

/* --- -dtb: the user's tree, with /chosen as the command line says --- */
static void *user_fdt(Machine *m, size_t *size, Error **errp)
{
    enum { ROOM = 64 * 1024 };
    const RiscvBoot *boot = &((VirtBoard *)m->board)->boot;
    g_autofree uint8_t *data = NULL;
    uint64_t len;
    if (!load_file(m->dtb, 16 * 1024 * 1024, false, &data, &len, errp)) {
        return NULL;
    }
    if (fdt_check_full(data, len)) {
        error_setg(errp, "'%s' is no device tree blob", m->dtb);
        return NULL;
    }
    size_t room = len + ROOM + (m->append ? strlen(m->append) : 0);
    void *fdt = g_malloc0(room);
    int err = fdt_open_into(data, fdt, room);
    if (!err) {
        int chosen = fdt_path_offset(fdt, "/chosen");
        chosen = chosen == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, 0, "chosen") : chosen;
        err = chosen < 0 ? chosen : 0;
        if (!err && m->append && *m->append) {
            err = fdt_setprop_string(fdt, chosen, "bootargs", m->append);
        }
        if (!err && boot->initrd_end) {
            err = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", boot->initrd_start);
            err = err ? err : fdt_setprop_u64(fdt, chosen, "linux,initrd-end", boot->initrd_end);
        }
    }
    err = err ? err : fdt_pack(fdt);
    if (err) {
        error_setg(errp, "cannot change the device tree of '%s': %s", m->dtb, fdt_strerror(err));
        g_free(fdt);
        return NULL;
    }
    *size = fdt_totalsize(fdt);
    return fdt;
}

void *virt_fdt(Machine *m, size_t *size, Error **errp)
{
    if (m->dtb) {
        return user_fdt(m, size, errp);
    }
    size_t room = 64 * 1024 + m->cpu_count * 8192ull + (m->append ? strlen(m->append) : 0);
    Writer w = {.m = m, .board = m->board, .fdt = g_malloc0(room)};
    w.plic = m->cpu_count * 2 + 1;
    w.test = w.plic + 1;
    note(&w, fdt_create(w.fdt, room));
    note(&w, fdt_finish_reservemap(w.fdt));
    write_root(&w);
    note(&w, fdt_finish(w.fdt));
    if (w.err) {
        error_setg(errp, "cannot make the device tree: %s", fdt_strerror(w.err));
        g_free(w.fdt);
        return NULL;
    }
    *size = fdt_totalsize(w.fdt);
    return w.fdt;
}
