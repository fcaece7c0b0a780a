/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every PC has: memory below and above the hole at 4 GiB, an I/O space, CPUs with local APICs, an I/O APIC, and the lines between them.
 *
 * GSI 0 to 15 are the ISA interrupts: each drives PIC and I/O APIC, IRQ 0 input 2 of the latter (ACPI tells the guest), so
 * ISA's own IRQ 2, the PIC's cascade, leads nowhere else. 16 to 23 are the I/O APIC's alone.
 */
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "pc.h"
#include "boot.h"
#include "target/x86.h"

const char *const pc_on_off_auto[] = {"auto", "on", "off", NULL};

/* --- memory --- */
void pc_add_e820(PcBoard *b, uint64_t base, uint64_t size, uint32_t type)
{
    if (size && b->e820_count < PC_E820_MAX) {
        b->e820[b->e820_count++] = (PcE820){base, size, type};
    }
}

void pc_map_ram(Machine *m, uint64_t below)
{
    PcBoard *b = pc_board(m);
    b->below_4g = MIN(below, m->ram_size);
    b->above_4g = m->ram_size - b->below_4g;
    memory_region_init_alias(&b->ram_low, m, OBJECT(m), "ram-below-4g", m->ram, 0, b->below_4g);
    memory_map(m->system_memory, 0, &b->ram_low);
    pc_add_e820(b, 0, b->below_4g, E820_RAM);
    if (b->above_4g) {
        memory_region_init_alias(&b->ram_high, m, OBJECT(m), "ram-above-4g", m->ram, b->below_4g, b->above_4g);
        memory_map(m->system_memory, 4 * GIB, &b->ram_high);
        pc_add_e820(b, 4 * GIB, b->above_4g, E820_RAM);
    }
}

/* Port 0x80 takes codes of firmware and delays of old software; port 0xf0 ends what a coprocessor error began. */
static uint64_t post_read(void *opaque, uint64_t offset, unsigned size) { return UINT64_MAX; }
static void post_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Machine *m = opaque;
    if (m->cpus->len) {
        irq_set(&pc_board(m)->gsi[13], 0);
        x86_cpu_ignne(m->cpus->pdata[0]);
    }
}
static const MmioOps post_ops = {.read = post_read, .write = post_write, .access_min = 1, .access_max = 1};

bool pc_make_io(Machine *m)
{
    PcBoard *b = pc_board(m);
    memory_region_init(&b->io, m, OBJECT(m), "io", 64 * 1024);
    b->io_as = address_space_new(m, &b->io, "I/O");
    memory_region_init_mmio(&b->post, m, OBJECT(m), &post_ops, m, "ioportF0", 1);
    memory_map(&b->io, 0xf0, &b->post);
    return true;
}

/* --- interrupts --- */
static void gsi_handler(void *opaque, int n, int level)
{
    PcBoard *b = opaque;
    if (b->pic && n < ISA_IRQS && n != 2) {
        Irq pic = i8259_line(b->pic, (unsigned)n);
        irq_set(&pic, level);
    }
    Irq line = ioapic_line(b->ioapic, n == 0 ? 2 : (unsigned)n);
    irq_set(&line, level);
}

bool pc_make_irqs(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    b->apics = apics_create(m, errp);
    b->ioapic = b->apics ? ioapic_create(m, IOAPIC_DEFAULT_ADDRESS, apic_deliver_msi, b->apics, errp) : NULL;
    if (!b->ioapic) {
        return false;
    }
    apics_add_eoi(b->apics, ioapic_eoi, b->ioapic);
    for (int i = 0; i < GSI_COUNT; i++) {
        b->gsi[i] = irq_make(gsi_handler, b, i);
    }
    return true;
}

/* --- CPUs --- */
static unsigned bits_for(unsigned count)
{
    unsigned bits = 0;
    while ((1u << bits) < count) {
        bits++;
    }
    return bits;
}

/* Fields of threads, cores and sockets, each as wide as its count needs (SDM 3A, section 9.9.1). */
uint32_t pc_apic_id(const Machine *m, unsigned index)
{
    unsigned thread_bits = bits_for(m->threads), core_bits = bits_for(m->cores);
    unsigned thread = index % m->threads, core = index / m->threads % m->cores, socket = index / m->threads / m->cores;
    return socket << (thread_bits + core_bits) | core << thread_bits | thread;
}

uint32_t pc_apic_id_limit(const Machine *m) { return pc_apic_id(m, m->max_cpus - 1) + 1; }

bool pc_has_smm(const PcBoard *b) { return b->smm != OFF; }

static void smi_handler(void *opaque, int n, int level)
{
    Machine *m = opaque;
    CpuState *cpu = current_cpu ? current_cpu : m->cpus->len ? m->cpus->pdata[0] : NULL;
    for (unsigned i = 0; level > 1 && i < m->cpus->len; i++) {
        x86_cpu_pin(m->cpus->pdata[i], X86_PIN_SMI, true);
    }
    if (level == 1 && cpu) {
        x86_cpu_pin(cpu, X86_PIN_SMI, true);
    }
}

Irq pc_smi_line(Machine *m) { return pc_has_smm(pc_board(m)) ? irq_make(smi_handler, m, 0) : (Irq){0}; }

static const X86ApicOps apic_ops = {
    .ack = apic_ack, .get_base = apic_get_base, .set_base = apic_set_base, .get_cr8 = apic_get_cr8, .set_cr8 = apic_set_cr8,
    .read_msr = apic_read_msr, .write_msr = apic_write_msr,
};

static void start_by_sipi(void *opaque, uint8_t vector) { x86_cpu_sipi(opaque, vector); }
static uint64_t read_tsc(void *opaque) { return x86_cpu_tsc(opaque); }

static void ferr(void *opaque, bool level)
{
    irq_set(&pc_board(opaque)->gsi[13], level);
}

static bool connect_apic(Machine *m, CpuState *cpu, uint32_t id, Error **errp)
{
    const ApicPins pins = {
        .intr = irq_make(x86_cpu_irq_handler, cpu, 0), .nmi = irq_make(x86_cpu_irq_handler, cpu, 1),
        .smi = irq_make(x86_cpu_irq_handler, cpu, 2), .init = irq_make(x86_cpu_irq_handler, cpu, 3),
        .sipi = start_by_sipi, .tsc = read_tsc, .opaque = cpu, .tsc_hz = x86_tsc_hz(cpu), .x2apic = true, .tsc_deadline = true,
    };
    LocalApic *apic = apic_create(pc_board(m)->apics, id, &pins, errp);
    if (apic) {
        x86_cpu_set_apic(cpu, &apic_ops, apic);
    }
    return apic != NULL;
}

static bool make_cpu(Machine *m, const TargetRecord *target, unsigned i, AddressSpace *smm, Error **errp)
{
    PcBoard *b = pc_board(m);
    CpuState *cpu = x86_cpu_new(target, m->cpu_model, errp);
    if (!cpu) {
        return false;
    }
    uint32_t id = pc_apic_id(m, i);
    cpu->machine = m;
    cpu->as = m->as;
    x86_cpu_set_apic_id(cpu, id);
    x86_cpu_set_topology(cpu, m->sockets, m->cores, m->threads);
    x86_cpu_set_io(cpu, b->io_as);
    x86_cpu_set_smm_memory(cpu, smm);
    if (i == 0) {
        x86_cpu_set_ferr(cpu, ferr, m);
    }
    bool ok = connect_apic(m, cpu, id, errp) && object_realize(OBJECT(cpu), errp) && machine_add_cpu(m, cpu, errp);
    object_unref(OBJECT(cpu)); /* the machine holds it */
    return ok;
}

bool pc_make_cpus(Machine *m, AddressSpace *smm_memory, Error **errp)
{
    const TargetRecord *target = target_find(m->record->target);
    if (!target) {
        error_setg(errp, "this build has no target '%s'", m->record->target);
        return false;
    }
    for (unsigned i = 0; i < m->cpu_count; i++) {
        if (!make_cpu(m, target, i, pc_has_smm(pc_board(m)) ? smm_memory : NULL, errp)) {
            return false;
        }
    }
    return true;
}

/* --- life --- */
void pc_reset(Machine *m)
{
    PcBoard *b = pc_board(m);
    if (b->boots < 2 && b->boots++ == 1 && m->boot_once && b->rtc) {
        pc_set_boot_order(m, m->boot_order ? m->boot_order : "cad"); /* -boot once= counted for the first boot */
    }
    pc_boot_start(m);
}

void pc_cleanup(Machine *m)
{
    PcBoard *b = pc_board(m);
    pc_boot_free(m);
    MemoryRegion *const all[] = {&b->bios_low, &b->bios, &b->ram_low, &b->ram_high, &b->post};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        memory_region_destroy(all[i]);
    }
    if (b->io_as) {
        address_space_free(b->io_as);
        b->io_as = NULL;
    }
    memory_region_destroy(&b->io);
}
