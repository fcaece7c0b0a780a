/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt messages: the MSI and MSI-X capabilities (PCI Local Bus 3.0, section 6.8). A message is a memory write that the board's hook takes;
 * it is lost where the device may not master the bus. A vector that is masked leaves a pending bit, and is sent when the mask goes.
 */
#include <string.h>

#include "pci-internal.h"
#include "util/bytes.h"

enum {
    MSI_ID = 5, MSI_CONTROL = 2, MSI_ENABLE = 1, MSI_64BIT = 0x80, MSI_MASKABLE = 0x100, MSI_ADDRESS = 4, MSI_DATA = 12, MSI_MASK = 16, MSI_PENDING = 20,
    MSIX_ID = 0x11, MSIX_CONTROL = 2, MSIX_ENABLE = 0x8000, MSIX_MASKALL = 0x4000, MSIX_ENTRY = 16, MSIX_VECTORS_MAX = 2048,
};

typedef struct PciMsix {
    MemoryRegion table_mr, pba_mr, bar; /* bar: where it has one of its own */
    unsigned vectors;
    uint8_t *table;
    uint64_t *pending;
    unsigned pending_words;
} PciMsix;

static void send(PciDevice *dev, uint64_t addr, uint32_t data)
{
    PciBus *root = pci_root_of(dev);
    if (root->msi && pci_is_master(dev)) {
        root->msi(root->msi_opaque, addr, data);
    }
}

/* --- MSI --- */
static unsigned msi_log2(unsigned vectors)
{
    return (unsigned)__builtin_ctz(vectors);
}

bool pci_msi_init(PciDevice *dev, unsigned vectors, bool vector_masks)
{
    g_assert(vectors && vectors <= 32 && is_power_of_2(vectors));
    uint8_t at = pci_root_of(dev)->msi ? pci_add_capability(dev, MSI_ID, vector_masks ? 24 : 14) : 0;
    if (!at) {
        return false;
    }
    dev->msi_cap = at;
    st_le16(dev->config + at + MSI_CONTROL, (uint16_t)(MSI_64BIT | (vector_masks ? MSI_MASKABLE : 0) | msi_log2(vectors) << 1));
    st_le16(dev->writable + at + MSI_CONTROL, 0x71);
    st_le32(dev->writable + at + MSI_ADDRESS, ~3u);
    st_le32(dev->writable + at + MSI_ADDRESS + 4, UINT32_MAX);
    st_le16(dev->writable + at + MSI_DATA, 0xffff);
    if (vector_masks) {
        st_le32(dev->writable + at + MSI_MASK, vectors == 32 ? UINT32_MAX : (1u << vectors) - 1);
    }
    return true;
}

bool pci_msi_enabled(const PciDevice *dev)
{
    return dev->msi_cap && (dev->config[dev->msi_cap + MSI_CONTROL] & MSI_ENABLE);
}

static void msi_send(PciDevice *dev, unsigned vector, unsigned allowed)
{
    const uint8_t *cap = dev->config + dev->msi_cap;
    uint32_t data = ld_le16(cap + MSI_DATA);
    send(dev, ld_le64(cap + MSI_ADDRESS), (data & ~(allowed - 1)) | vector);
}

static unsigned msi_allowed(const PciDevice *dev)
{
    uint16_t control = ld_le16(dev->config + dev->msi_cap + MSI_CONTROL);
    unsigned capable = control >> 1 & 7, given = control >> 4 & 7;
    return 1u << MIN(capable, given);
}

void pci_msi_notify(PciDevice *dev, unsigned vector)
{
    if (!pci_msi_enabled(dev)) {
        return;
    }
    uint8_t *cap = dev->config + dev->msi_cap;
    unsigned allowed = msi_allowed(dev);
    vector &= allowed - 1;
    if ((ld_le16(cap + MSI_CONTROL) & MSI_MASKABLE) && (ld_le32(cap + MSI_MASK) >> vector & 1)) {
        st_le32(cap + MSI_PENDING, ld_le32(cap + MSI_PENDING) | 1u << vector);
        return;
    }
    msi_send(dev, vector, allowed);
}

static void msi_written(PciDevice *dev)
{
    uint8_t *cap = dev->config + dev->msi_cap;
    if (!pci_msi_enabled(dev) || !(ld_le16(cap + MSI_CONTROL) & MSI_MASKABLE)) {
        return;
    }
    unsigned allowed = msi_allowed(dev);
    uint32_t ready = ld_le32(cap + MSI_PENDING) & ~ld_le32(cap + MSI_MASK);
    st_le32(cap + MSI_PENDING, ld_le32(cap + MSI_PENDING) & ~ready);
    for (unsigned v = 0; v < allowed; v++) {
        if (ready >> v & 1) {
            msi_send(dev, v, allowed);
        }
    }
}

/* --- MSI-X --- */
static bool is_pending(const PciMsix *x, unsigned vector) { return x->pending[vector / 64] >> (vector % 64) & 1; }

static bool msix_masked(const PciDevice *dev, unsigned vector)
{
    uint16_t control = ld_le16(dev->config + dev->msix_cap + MSIX_CONTROL);
    return (control & MSIX_MASKALL) || (dev->msix->table[vector * MSIX_ENTRY + 12] & 1);
}

bool pci_msix_enabled(const PciDevice *dev)
{
    return dev->msix_cap && (ld_le16(dev->config + dev->msix_cap + MSIX_CONTROL) & MSIX_ENABLE);
}

void pci_msix_notify(PciDevice *dev, unsigned vector)
{
    PciMsix *x = dev->msix;
    if (!pci_msix_enabled(dev) || vector >= x->vectors) {
        return;
    }
    if (msix_masked(dev, vector)) {
        x->pending[vector / 64] |= 1ull << (vector % 64);
        return;
    }
    const uint8_t *entry = x->table + vector * MSIX_ENTRY;
    send(dev, ld_le64(entry), ld_le32(entry + 8));
}

static void msix_unmasked(PciDevice *dev, unsigned vector)
{
    PciMsix *x = dev->msix;
    if (pci_msix_enabled(dev) && is_pending(x, vector) && !msix_masked(dev, vector)) {
        x->pending[vector / 64] &= ~(1ull << (vector % 64));
        pci_msix_notify(dev, vector);
    }
}

static uint64_t table_read(void *opaque, uint64_t offset, unsigned size)
{
    const PciMsix *x = ((PciDevice *)opaque)->msix;
    return size == 8 ? ld_le64(x->table + offset) : ld_le32(x->table + offset);
}

static void table_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PciDevice *dev = opaque;
    PciMsix *x = dev->msix;
    if (size == 8) {
        st_le64(x->table + offset, value);
    } else {
        st_le32(x->table + offset, (uint32_t)value);
    }
    msix_unmasked(dev, (unsigned)(offset / MSIX_ENTRY));
}
static const MmioOps table_ops = {.read = table_read, .write = table_write, .access_min = 4, .access_max = 8, .impl_min = 4, .impl_max = 8};

static uint64_t pba_read(void *opaque, uint64_t offset, unsigned size)
{
    const PciMsix *x = ((PciDevice *)opaque)->msix;
    uint64_t word = x->pending[offset / 8];
    return size == 8 ? word : (uint32_t)(word >> (offset & 4) * 8);
}

static void pba_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    /* read only */
}
static const MmioOps pba_ops = {.read = pba_read, .write = pba_write, .access_min = 4, .access_max = 8, .impl_min = 4, .impl_max = 8};

static void mask_all(PciMsix *x)
{
    memset(x->table, 0, (size_t)x->vectors * MSIX_ENTRY);
    memset(x->pending, 0, x->pending_words * sizeof(uint64_t));
    for (unsigned v = 0; v < x->vectors; v++) {
        x->table[v * MSIX_ENTRY + 12] = 1;
    }
}

/* The capability and its state; false where the board takes no messages. */
static bool msix_make(PciDevice *dev, unsigned vectors)
{
    g_assert(vectors && vectors <= MSIX_VECTORS_MAX && !dev->msix);
    uint8_t at = pci_root_of(dev)->msi ? pci_add_capability(dev, MSIX_ID, 12) : 0;
    if (!at) {
        return false;
    }
    PciMsix *x = dev->msix = g_new0(PciMsix, 1);
    x->vectors = vectors;
    x->table = g_malloc0((size_t)vectors * MSIX_ENTRY);
    x->pending_words = (vectors + 63) / 64;
    x->pending = g_new0(uint64_t, x->pending_words);
    mask_all(x);
    dev->msix_cap = at;
    st_le16(dev->config + at + MSIX_CONTROL, (uint16_t)(vectors - 1));
    st_le16(dev->writable + at + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASKALL);
    return true;
}

static void msix_place(PciDevice *dev, unsigned bar, MemoryRegion *container, uint32_t table, uint32_t pba)
{
    PciMsix *x = dev->msix;
    Machine *m = dev->dev.machine;
    g_assert(bar < PCI_BARS && !(table & 7) && !(pba & 7));
    st_le32(dev->config + dev->msix_cap + 4, table | bar);
    st_le32(dev->config + dev->msix_cap + 8, pba | bar);
    memory_region_init_mmio(&x->table_mr, m, OBJECT(dev), &table_ops, dev, "msix-table", (uint64_t)x->vectors * MSIX_ENTRY);
    memory_region_init_mmio(&x->pba_mr, m, OBJECT(dev), &pba_ops, dev, "msix-pba", x->pending_words * 8ull);
    memory_map_overlap(container, table, &x->table_mr, 1);
    memory_map_overlap(container, pba, &x->pba_mr, 1);
}

bool pci_msix_init(PciDevice *dev, unsigned vectors, unsigned bar, MemoryRegion *container, uint32_t table, uint32_t pba)
{
    if (!msix_make(dev, vectors)) {
        return false;
    }
    msix_place(dev, bar, container, table, pba);
    return true;
}

/* Half of the window for the table, half for the pending bits, each at least 2 KiB. */
bool pci_msix_init_bar(PciDevice *dev, unsigned vectors, unsigned bar)
{
    if (!msix_make(dev, vectors)) {
        return false;
    }
    uint32_t half = 2048;
    while (half < vectors * MSIX_ENTRY) {
        half *= 2;
    }
    PciMsix *x = dev->msix;
    memory_region_init(&x->bar, dev->dev.machine, OBJECT(dev), "msix", 2 * half);
    msix_place(dev, bar, &x->bar, 0, half);
    pci_register_bar(dev, bar, 0, &x->bar);
    return true;
}

void pci_msix_free(PciDevice *dev)
{
    PciMsix *x = dev->msix;
    if (x) {
        memory_region_destroy(&x->table_mr);
        memory_region_destroy(&x->pba_mr);
        memory_region_destroy(&x->bar);
        g_free(x->table);
        g_free(x->pending);
        g_free(x);
        dev->msix = NULL;
        dev->msix_cap = 0;
    }
}

/* --- both --- */
bool pci_notify(PciDevice *dev, unsigned vector)
{
    if (pci_msix_enabled(dev)) {
        pci_msix_notify(dev, vector);
        return true;
    }
    if (pci_msi_enabled(dev)) {
        pci_msi_notify(dev, vector);
        return true;
    }
    return false;
}

static bool meets(uint32_t offset, unsigned size, unsigned first, unsigned len) { return offset < first + len && offset + size > first; }

void pci_messages_written(PciDevice *dev, uint32_t offset, unsigned size)
{
    if (dev->msi_cap && meets(offset, size, dev->msi_cap, 24)) {
        msi_written(dev);
        pci_irq(dev, dev->irq_level);
    }
    if (dev->msix_cap && meets(offset, size, dev->msix_cap, 4)) {
        for (unsigned v = 0; v < dev->msix->vectors; v++) {
            msix_unmasked(dev, v);
        }
        pci_irq(dev, dev->irq_level);
    }
}

void pci_messages_reset(PciDevice *dev)
{
    if (dev->msi_cap) {
        uint8_t *cap = dev->config + dev->msi_cap;
        bool masks = ld_le16(cap + MSI_CONTROL) & MSI_MASKABLE;
        cap[MSI_CONTROL] &= 0x8e;
        memset(cap + MSI_ADDRESS, 0, masks ? 20 : 10);
    }
    if (dev->msix_cap) {
        dev->config[dev->msix_cap + MSIX_CONTROL + 1] &= 0x3f;
        mask_all(dev->msix);
    }
}
