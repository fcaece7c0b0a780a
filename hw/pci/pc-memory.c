/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as a PC's north bridge shows it. PCI's memory lies below RAM in priority; over RAM lie, from the top: RAM shadows of the PAM
 * sections, PCI at C0000-FFFFF, PCI at A0000-BFFFF, open bus at both. From inside SMM there is RAM at A0000-BFFFF and in TSEG.
 *
 * A PAM nibble has bit 0: reads, bit 1: writes go to RAM. "Writes only" shows PCI, as the reference does: firmware that fills
 * the shadow through it copies from the ROM below 4 GiB instead.
 */
#include "pc-memory.h"

enum { LEGACY_BASE = 0xa0000, LEGACY_SIZE = 0x20000, ROMS_BASE = 0xc0000, ROMS_SIZE = 0x40000 };

static const struct {
    uint32_t base, size;
} sections[PAM_SECTIONS] = {
    {0xf0000, 0x10000}, {0xc0000, 0x4000}, {0xc4000, 0x4000}, {0xc8000, 0x4000}, {0xcc000, 0x4000}, {0xd0000, 0x4000}, {0xd4000, 0x4000},
    {0xd8000, 0x4000}, {0xdc000, 0x4000}, {0xe0000, 0x4000}, {0xe4000, 0x4000}, {0xe8000, 0x4000}, {0xec000, 0x4000},
};

/* A high byte of open bus. */
static uint64_t hole_read(void *opaque, uint64_t offset, unsigned size) { return UINT64_MAX; }
static void hole_write(void *opaque, uint64_t offset, uint64_t value, unsigned size) {}
static const MmioOps hole_ops = {.read = hole_read, .write = hole_write, .access_min = 1, .access_max = 8, .allow_unaligned = true, .guard = MEM_GUARD_NONE};

static void init_shadow(PcHost *h, Machine *m)
{
    PcMemory *mem = &h->mem;
    for (unsigned i = 0; i < PAM_SECTIONS; i++) {
        for (unsigned rw = 0; rw < 2; rw++) {
            MemoryRegion *mr = &mem->shadow[i][rw];
            memory_region_init_alias(mr, m, OBJECT(h), rw ? "pam-ram" : "pam-rom", h->setup.ram, sections[i].base, sections[i].size);
            mr->readonly = !rw;
            mr->enabled = false;
            memory_map_overlap(m->system_memory, sections[i].base, mr, 3);
        }
    }
}

static void init_smm(PcHost *h, Machine *m)
{
    PcMemory *mem = &h->mem;
    memory_region_init(&mem->smm_root, m, OBJECT(h), "smm", UINT64_MAX);
    memory_region_init_alias(&mem->smm_system, m, OBJECT(h), "smm-system", m->system_memory, 0, UINT64_MAX);
    memory_region_init_alias(&mem->smm_low, m, OBJECT(h), "smram", h->setup.ram, LEGACY_BASE, LEGACY_SIZE);
    mem->smm_low.enabled = false;
    memory_map(&mem->smm_root, 0, &mem->smm_system);
    memory_map_overlap(&mem->smm_root, LEGACY_BASE, &mem->smm_low, 1);
    mem->smm_as = address_space_new(m, &mem->smm_root, "smm");
}

void pc_memory_init(PcHost *h)
{
    Machine *m = h->sys.dev.machine;
    PcMemory *mem = &h->mem;
    memory_begin(m);
    memory_region_init(&mem->pci, m, OBJECT(h), "pci", UINT64_MAX);
    memory_map_overlap(m->system_memory, 0, &mem->pci, -1);
    memory_region_init_mmio(&mem->hole[0], m, OBJECT(h), &hole_ops, h, "pci-legacy-hole", LEGACY_SIZE);
    memory_map_overlap(m->system_memory, LEGACY_BASE, &mem->hole[0], 1);
    memory_region_init_mmio(&mem->hole[1], m, OBJECT(h), &hole_ops, h, "pci-roms-hole", ROMS_SIZE);
    memory_map_overlap(m->system_memory, ROMS_BASE, &mem->hole[1], 1);
    memory_region_init_alias(&mem->legacy, m, OBJECT(h), "pci-legacy", &mem->pci, LEGACY_BASE, LEGACY_SIZE);
    memory_map_overlap(m->system_memory, LEGACY_BASE, &mem->legacy, 2);
    memory_region_init_alias(&mem->roms, m, OBJECT(h), "pci-roms", &mem->pci, ROMS_BASE, ROMS_SIZE);
    memory_map_overlap(m->system_memory, ROMS_BASE, &mem->roms, 2);
    if (h->setup.below_4g >= ROMS_BASE + ROMS_SIZE) {
        init_shadow(h, m);
        if (h->setup.smm) {
            init_smm(h, m);
        }
    }
    memory_commit(m);
}

void pc_memory_destroy(PcHost *h)
{
    PcMemory *mem = &h->mem;
    if (mem->smm_as) {
        address_space_free(mem->smm_as);
        mem->smm_as = NULL;
    }
    MemoryRegion *const all[] = {&mem->smm_low, &mem->smm_tseg, &mem->smm_system, &mem->smm_root, &mem->tseg_hole, &mem->legacy, &mem->roms, &mem->hole[0],
                                 &mem->hole[1]};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        memory_region_destroy(all[i]);
    }
    for (unsigned i = 0; i < PAM_SECTIONS; i++) {
        memory_region_destroy(&mem->shadow[i][0]);
        memory_region_destroy(&mem->shadow[i][1]);
    }
    memory_region_destroy(&mem->pci);
}

void pc_memory_set_pam(PcHost *h, const uint8_t pam[PAM_BYTES])
{
    Machine *m = h->sys.dev.machine;
    if (!h->mem.shadow[0][0].machine) {
        return;
    }
    memory_begin(m);
    for (unsigned i = 0; i < PAM_SECTIONS; i++) {
        unsigned nibble = i == 0 ? pam[0] >> 4 : pam[(i + 1) / 2] >> (i & 1 ? 0 : 4);
        memory_set_enabled(&h->mem.shadow[i][0], (nibble & 3) == 1);
        memory_set_enabled(&h->mem.shadow[i][1], (nibble & 3) == 3);
    }
    memory_commit(m);
}

void pc_memory_set_smram(PcHost *h, uint8_t smram)
{
    Machine *m = h->sys.dev.machine;
    memory_begin(m);
    memory_set_enabled(&h->mem.legacy, !(smram & SMRAM_OPEN));
    memory_set_enabled(&h->mem.hole[0], !(smram & SMRAM_OPEN));
    if (h->mem.smm_as) {
        memory_set_enabled(&h->mem.smm_low, smram & SMRAM_ENABLE);
    }
    memory_commit(m);
}

void pc_memory_set_tseg(PcHost *h, uint64_t size, uint64_t base)
{
    Machine *m = h->sys.dev.machine;
    PcMemory *mem = &h->mem;
    if (!mem->smm_as) {
        return;
    }
    memory_begin(m);
    memory_region_destroy(&mem->tseg_hole);
    memory_region_destroy(&mem->smm_tseg);
    if (size && base < h->setup.below_4g && size <= h->setup.below_4g - base) {
        memory_region_init_mmio(&mem->tseg_hole, m, OBJECT(h), &hole_ops, h, "tseg-hole", size);
        memory_map_overlap(m->system_memory, base, &mem->tseg_hole, 1);
        memory_region_init_alias(&mem->smm_tseg, m, OBJECT(h), "tseg", h->setup.ram, base, size);
        memory_map_overlap(&mem->smm_root, base, &mem->smm_tseg, 1);
    }
    memory_commit(m);
}

/* --- the hosts --- */
PcHost *pc_host_new(Machine *m, const char *type, bool express, const char *bus_name, const PcHostSetup *setup, Error **errp)
{
    PcHost *h = (PcHost *)device_new(m, type);
    h->setup = *setup;
    if (!device_attach(&h->sys.dev, NULL, express ? "q35" : "i440fx", errp)) {
        return NULL;
    }
    pc_memory_init(h);
    h->root = pci_root_bus_new_kind(&h->sys.dev, express, bus_name, &h->mem.pci, setup->io);
    pci_config_ports_init(&h->ports, m, OBJECT(h), h->root, setup->io);
    return h;
}

void pc_host_unrealize(Object *obj)
{
    PcHost *h = (PcHost *)obj;
    pci_config_ports_destroy(&h->ports);
    memory_region_destroy(&h->ecam_window);
    memory_region_destroy(&h->ecam);
    pc_memory_destroy(h);
}

PciBus *pc_host_bus(PcHost *host) { return host->root; }
MemoryRegion *pc_host_pci_memory(PcHost *host) { return &host->mem.pci; }
AddressSpace *pc_host_smm_memory(PcHost *host) { return host->mem.smm_as; }

void pc_host_set_reset_port(PcHost *host, uint8_t (*read)(void *opaque), void (*write)(void *opaque, uint8_t value), void *opaque)
{
    host->ports.reset_read = read;
    host->ports.reset_write = write;
    host->ports.reset_opaque = opaque;
}
