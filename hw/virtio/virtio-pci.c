/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VirtIO over PCI (VirtIO 1.2, section 4.1): modern registers in BAR 4, found through vendor capabilities, and the legacy interface in I/O BAR 0
 * unless disable-legacy=on or the device sits behind a PCI Express port (disable-legacy=auto). MSI-X in BAR 1 where the board takes messages: one
 * vector for configuration changes and one for each queue, or as many as vectors= says; else INTx.
 */
#include "hw/virtio/virtio-pci.h"

#include <string.h>

#include "util/bytes.h"
#include "util/json.h"

enum {
    CAP_VENDOR = 9, CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_ISR = 3, CFG_DEVICE = 4, CFG_PCI = 5, MODERN_BAR = 4,
    MSIX_BAR = 1, NO_VECTOR = 0xffff, VECTORS_MAX = 2048, LEGACY_CONFIG_MSIX = 24,
    COMMON_AT = 0, ISR_AT = 0x1000, DEVICE_AT = 0x2000, NOTIFY_AT = 0x3000, WINDOW = 0x1000, NOTIFY_STEP = 4, LEGACY_CONFIG = 20,
};
static const char *const on_off_auto[] = {"auto", "on", "off", NULL};

typedef struct VirtioPci {
    PciDevice pci;
    Object *backend;      /* until it is on the bus */
    Bus *bus;
    MemoryRegion modern, legacy;
    int disable_legacy;   /* on_off_auto */
    bool disable_modern, page_per_vq;
    uint8_t pci_cap;      /* offset of the configuration access capability */
    uint32_t host_features_sel, guest_features_sel, queue_sel;
    uint64_t guest_features;
    uint32_t vectors;     /* UINT32_MAX: as many as the queues want */
    uint16_t config_vector;
    struct {
        uint32_t desc[2], avail[2], used[2];
        uint16_t vector;
    } queue[VIRTIO_QUEUES_MAX];
} VirtioPci;

static VirtioDevice *vdev_of(VirtioPci *p)
{
    return virtio_bus_device(p->bus);
}

static void update_line(VirtioPci *p)
{
    VirtioDevice *vdev = vdev_of(p);
    pci_irq(&p->pci, vdev && vdev->isr != 0);
}

static void interrupt(void *opaque, uint8_t bits)
{
    VirtioPci *p = opaque;
    update_line(p);
    if (bits & VIRTIO_ISR_CONFIG) {
        pci_msix_notify(&p->pci, p->config_vector);
    }
}

static void queue_interrupt(void *opaque, unsigned queue)
{
    VirtioPci *p = opaque;
    update_line(p);
    pci_msix_notify(&p->pci, p->queue[queue].vector);
}
static const VirtioTransport pci_transport = {.interrupt = interrupt, .queue_interrupt = queue_interrupt};

/* What a driver reads back tells it whether there is such a vector (4.1.5.1.2). */
static uint16_t checked_vector(const VirtioPci *p, uint32_t vector)
{
    return p->pci.msix_cap && vector < p->vectors ? (uint16_t)vector : NO_VECTOR;
}

static void forget_vectors(VirtioPci *p)
{
    p->config_vector = NO_VECTOR;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        p->queue[i].vector = NO_VECTOR;
    }
}

/* A modern driver switches bus mastering on before it uses a queue; legacy ones may not. */
static void kick(VirtioPci *p, VirtioDevice *vdev, unsigned queue)
{
    if (vdev->legacy || pci_is_master(&p->pci)) {
        virtio_kick(vdev, queue);
    }
}

static VirtQueue *selected(VirtioPci *p, VirtioDevice *vdev)
{
    return p->queue_sel < vdev->queue_count ? &vdev->queues[p->queue_sel] : NULL;
}

static uint8_t read_isr(VirtioPci *p, VirtioDevice *vdev)
{
    uint8_t isr = vdev->isr;
    vdev->isr = 0; /* reading acknowledges (4.1.4.5) */
    update_line(p);
    return isr;
}

static void write_status(VirtioPci *p, VirtioDevice *vdev, uint8_t status, bool legacy)
{
    if (status == 0) {
        memset(p->queue, 0, sizeof(p->queue));
        p->host_features_sel = p->guest_features_sel = p->queue_sel = 0;
        p->guest_features = 0;
        forget_vectors(p);
    } else if ((status & VIRTIO_FEATURES_OK) && !(vdev->status & VIRTIO_FEATURES_OK) && !legacy) {
        virtio_set_features(vdev, p->guest_features);
    }
    virtio_set_status(vdev, status);
    update_line(p);
}

static uint64_t pair(const uint32_t v[2])
{
    return v[0] | (uint64_t)v[1] << 32;
}

/* --- modern interface --- */
static uint32_t *queue_address(VirtioPci *p, unsigned offset)
{
    unsigned q = p->queue_sel;
    if (q >= VIRTIO_QUEUES_MAX) {
        return NULL;
    }
    uint32_t *fields[] = {p->queue[q].desc, p->queue[q].avail, p->queue[q].used};
    return &fields[(offset - 32) / 8][(offset - 32) / 4 & 1];
}

static uint64_t common_read(VirtioPci *p, VirtioDevice *vdev, unsigned offset)
{
    VirtQueue *vq = selected(p, vdev);
    switch (offset) {
    case 0: return p->host_features_sel;
    case 4: return p->host_features_sel > 1 ? 0 : (uint32_t)(virtio_features(vdev) >> (32 * p->host_features_sel));
    case 8: return p->guest_features_sel;
    case 12: return p->guest_features_sel > 1 ? 0 : (uint32_t)(p->guest_features >> (32 * p->guest_features_sel));
    case 16: return p->config_vector;
    case 18: return vdev->queue_count;
    case 20: return vdev->status;
    case 21: return vdev->generation & 0xff;
    case 22: return p->queue_sel;
    case 24: return vq ? vq->size : 0;
    case 26: return vq ? p->queue[p->queue_sel].vector : NO_VECTOR;
    case 28: return vq ? vq->ready : 0;
    case 30: return vq ? p->queue_sel : 0; /* place of its notify register */
    default: break;
    }
    if (offset >= 32 && offset < 56 && vq) {
        return *queue_address(p, offset);
    }
    return 0;
}

static void common_write(VirtioPci *p, VirtioDevice *vdev, unsigned offset, uint32_t value)
{
    VirtQueue *vq = selected(p, vdev);
    switch (offset) {
    case 0: p->host_features_sel = value; return;
    case 8: p->guest_features_sel = value; return;
    case 12:
        if (p->guest_features_sel <= 1 && !(vdev->status & VIRTIO_FEATURES_OK)) {
            unsigned shift = 32 * p->guest_features_sel;
            p->guest_features = (p->guest_features & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
        }
        return;
    case 16: p->config_vector = checked_vector(p, value); return;
    case 20: write_status(p, vdev, (uint8_t)value, false); return;
    case 22: p->queue_sel = value & 0xffff; return;
    case 24:
        if (vq && !vq->ready) {
            vq->size = value & 0xffff;
        }
        return;
    case 26:
        if (vq) {
            p->queue[p->queue_sel].vector = checked_vector(p, value);
        }
        return;
    case 28:
        if (vq && value == 1) {
            virtq_set_rings(vq, pair(p->queue[p->queue_sel].desc), pair(p->queue[p->queue_sel].avail), pair(p->queue[p->queue_sel].used));
        }
        return;
    default: break;
    }
    if (offset >= 32 && offset < 56 && vq) {
        *queue_address(p, offset) = value;
    }
}

static uint64_t modern_read(void *opaque, uint64_t offset, unsigned size)
{
    VirtioPci *p = opaque;
    VirtioDevice *vdev = vdev_of(p);
    unsigned in = offset & (WINDOW - 1);
    if (!vdev) {
        return 0;
    }
    vdev->legacy = false;
    switch (offset & ~(uint64_t)(WINDOW - 1)) {
    case COMMON_AT: return common_read(p, vdev, in);
    case ISR_AT: return in == 0 ? read_isr(p, vdev) : 0;
    case DEVICE_AT: return virtio_config_read(vdev, in, size);
    default: return 0;
    }
}

static void modern_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    VirtioPci *p = opaque;
    VirtioDevice *vdev = vdev_of(p);
    unsigned in = offset & (WINDOW - 1);
    if (!vdev) {
        return;
    }
    vdev->legacy = false;
    switch (offset & ~(uint64_t)(WINDOW - 1)) {
    case COMMON_AT:
        common_write(p, vdev, in, (uint32_t)value);
        break;
    case DEVICE_AT: virtio_config_write(vdev, in, (uint32_t)value, size); break;
    case NOTIFY_AT: kick(p, vdev, in / NOTIFY_STEP); break;
    default: break;
    }
}
static const MmioOps modern_ops = {.read = modern_read, .write = modern_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

/* --- legacy interface (4.1.4.8): with MSI-X on, two vector registers lie before the device's own --- */
static unsigned legacy_config_at(const VirtioPci *p) { return pci_msix_enabled(&p->pci) ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG; }

static uint64_t legacy_read(void *opaque, uint64_t offset, unsigned size)
{
    VirtioPci *p = opaque;
    VirtioDevice *vdev = vdev_of(p);
    VirtQueue *vq;
    if (!vdev) {
        return 0;
    }
    vdev->legacy = true;
    vq = selected(p, vdev);
    switch (offset) {
    case 0: return (uint32_t)virtio_features(vdev);
    case 4: return (uint32_t)vdev->guest_features;
    case 8: return vq && vq->ready ? vq->desc >> 12 : 0;
    case 12: return vq ? vq->size_max : 0;
    case 14: return p->queue_sel;
    case 18: return vdev->status;
    case 19: return read_isr(p, vdev);
    default: break;
    }
    if (pci_msix_enabled(&p->pci) && (offset == 20 || offset == 22)) {
        return offset == 20 ? p->config_vector : vq ? p->queue[p->queue_sel].vector : NO_VECTOR;
    }
    unsigned at = legacy_config_at(p);
    return offset >= at ? virtio_config_read(vdev, (uint32_t)offset - at, size) : 0;
}

static void legacy_write_high(VirtioPci *p, VirtioDevice *vdev, unsigned offset, uint32_t value, unsigned size)
{
    unsigned at = legacy_config_at(p);
    if (offset >= at) {
        virtio_config_write(vdev, offset - at, value, size);
    } else if (offset == 20) {
        p->config_vector = checked_vector(p, value);
    } else if (offset == 22 && selected(p, vdev)) {
        p->queue[p->queue_sel].vector = checked_vector(p, value);
    }
}

static void legacy_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    VirtioPci *p = opaque;
    VirtioDevice *vdev = vdev_of(p);
    VirtQueue *vq;
    if (!vdev) {
        return;
    }
    vdev->legacy = true;
    vq = selected(p, vdev);
    switch (offset) {
    case 4: virtio_set_features(vdev, (uint32_t)value); break;
    case 8:
        if (vq) {
            virtq_set_legacy(vq, value << 12, 4096);
        }
        break;
    case 14: p->queue_sel = value & 0xffff; break;
    case 16: kick(p, vdev, (unsigned)MIN(value, VIRTIO_QUEUES_MAX)); break;
    case 18: write_status(p, vdev, (uint8_t)value, true); break;
    default: legacy_write_high(p, vdev, (unsigned)offset, (uint32_t)value, size); break;
    }
}
static const MmioOps legacy_ops = {.read = legacy_read, .write = legacy_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

/* --- access to the registers through configuration space (4.1.4.9) --- */
static bool pci_access(VirtioPci *p, uint32_t *offset, uint32_t *len)
{
    const uint8_t *cap = p->pci.config + p->pci_cap;
    *offset = ld_le32(cap + 8);
    *len = ld_le32(cap + 12);
    return cap[4] == MODERN_BAR && (*len == 1 || *len == 2 || *len == 4) && *offset < 4 * WINDOW && !(*offset & (*len - 1));
}

static bool touches_data(VirtioPci *p, uint32_t at, unsigned size)
{
    return p->pci_cap && at < p->pci_cap + 20u && at + size > p->pci_cap + 16u;
}

void virtio_pci_config_written(PciDevice *dev, uint32_t at, unsigned size)
{
    VirtioPci *p = (VirtioPci *)dev;
    uint32_t offset, len;
    if (touches_data(p, at, size) && pci_access(p, &offset, &len)) {
        modern_write(p, offset, ld_le32(dev->config + p->pci_cap + 16), len);
    }
}

void virtio_pci_config_reading(PciDevice *dev, uint32_t at, unsigned size)
{
    VirtioPci *p = (VirtioPci *)dev;
    uint32_t offset, len;
    if (touches_data(p, at, size) && pci_access(p, &offset, &len)) {
        st_le32(dev->config + p->pci_cap + 16, (uint32_t)modern_read(p, offset, len));
    }
}

/* --- device --- */
static uint8_t add_window(VirtioPci *p, uint8_t kind, uint32_t at, uint32_t len, uint8_t extra)
{
    uint8_t cap = pci_add_capability(&p->pci, CAP_VENDOR, (uint8_t)(16 + extra));
    uint8_t *c = p->pci.config + cap;
    c[2] = (uint8_t)(16 + extra);
    c[3] = kind;
    c[4] = kind == CFG_PCI ? 0 : MODERN_BAR;
    st_le32(c + 8, at);
    st_le32(c + 12, len);
    return cap;
}

static void add_modern(VirtioPci *p)
{
    PciDevice *dev = &p->pci;
    add_window(p, CFG_COMMON, COMMON_AT, 56, 0);
    add_window(p, CFG_ISR, ISR_AT, WINDOW, 0);
    add_window(p, CFG_DEVICE, DEVICE_AT, WINDOW, 0);
    uint8_t notify = add_window(p, CFG_NOTIFY, NOTIFY_AT, WINDOW, 4);
    st_le32(dev->config + notify + 16, NOTIFY_STEP);
    p->pci_cap = add_window(p, CFG_PCI, 0, 0, 4);
    dev->writable[p->pci_cap + 4] = 0xff;
    memset(dev->writable + p->pci_cap + 8, 0xff, 12);
    memory_region_init_mmio(&p->modern, dev->dev.machine, OBJECT(p), &modern_ops, p, "virtio-pci", 4 * WINDOW);
    pci_register_bar(dev, MODERN_BAR, PCI_BAR_MEM64 | PCI_BAR_PREFETCH, &p->modern);
}

static void add_legacy(VirtioPci *p, const VirtioDevice *vdev)
{
    uint64_t size = 32;
    while (size < LEGACY_CONFIG_MSIX + vdev->config_len) {
        size *= 2;
    }
    memory_region_init_mmio(&p->legacy, p->pci.dev.machine, OBJECT(p), &legacy_ops, p, "virtio-pci-legacy", size);
    pci_register_bar(&p->pci, 0, PCI_BAR_IO, &p->legacy);
}

static void set_identity(VirtioPci *p, const VirtioDevice *vdev, bool transitional)
{
    uint8_t *config = p->pci.config;
    uint16_t id = virtio_class(vdev)->device_id;
    /* Transitional ids are fixed for the first kinds of devices (4.1.2.1). */
    static const uint16_t old_ids[] = {[VIRTIO_ID_NET] = 0x1000, [VIRTIO_ID_BLOCK] = 0x1001, [VIRTIO_ID_CONSOLE] = 0x1003, [VIRTIO_ID_RNG] = 0x1005,
                                       [VIRTIO_ID_BALLOON] = 0x1002, [VIRTIO_ID_SCSI] = 0x1004, [VIRTIO_ID_9P] = 0x1009};
    bool old = transitional && id < G_N_ELEMENTS(old_ids) && old_ids[id];
    st_le16(config + PCI_DEVICE_ID, old ? old_ids[id] : (uint16_t)(0x1040 + id));
    st_le16(config + PCI_SUBSYSTEM_ID, transitional ? id : 0x1100);
    config[PCI_REVISION] = transitional ? 0 : 1;
    st_le16(config + PCI_CLASS_DEVICE, virtio_class(vdev)->pci_class);
}

static bool add_vectors(VirtioPci *p, const VirtioDevice *vdev, Error **errp)
{
    if (p->vectors == UINT32_MAX) { /* a console has two queues for each port, too many for one vector each */
        p->vectors = virtio_class(vdev)->device_id == VIRTIO_ID_CONSOLE ? MAX(vdev->queue_count / 2, 2) : vdev->queue_count + 1;
    }
    if (p->vectors > VECTORS_MAX) {
        error_setg(errp, "vectors=%u: there can be %d at most", p->vectors, VECTORS_MAX);
        return false;
    }
    forget_vectors(p);
    if (p->vectors) {
        pci_msix_init_bar(&p->pci, p->vectors, MSIX_BAR);
    }
    return true;
}

bool virtio_pci_realize(PciDevice *dev, Error **errp)
{
    VirtioPci *p = (VirtioPci *)dev;
    VirtioPciKind kind = ((const VirtioPciClass *)pci_class(dev))->kind;
    bool legacy = p->disable_legacy == 2 || (p->disable_legacy == 0 && !pci_bus_is_express_endpoint_slot(dev->bus));
    if (kind != VIRTIO_PCI_BY_PROPERTIES) {
        legacy = kind == VIRTIO_PCI_TRANSITIONAL;
        p->disable_modern = false;
    }
    if (!legacy && p->disable_modern) {
        error_setg(errp, "disable-legacy=on and disable-modern=on leave no interface: switch one of them off");
        return false;
    }
    p->bus = virtio_bus_new(&dev->dev, "virtio-bus", &pci_transport, p);
    DeviceState *child = DEVICE(g_steal_pointer(&p->backend));
    child->machine = dev->dev.machine;
    if (!device_attach(child, p->bus, NULL, errp)) {
        return false;
    }
    VirtioDevice *vdev = vdev_of(p);
    set_identity(p, vdev, legacy);
    if (!p->disable_modern) {
        add_modern(p);
    }
    if (legacy) {
        add_legacy(p, vdev);
    }
    if (pci_bus_is_express_endpoint_slot(dev->bus)) {
        pcie_add_capability(dev, 0);
    }
    pci_set_interrupt_pin(dev, 1);
    if (virtio_class(vdev)->device_id == VIRTIO_ID_NET) {
        dev->default_rom = "efi-virtio.rom";
    }
    return add_vectors(p, vdev, errp);
}

void virtio_pci_unrealize(PciDevice *dev)
{
    VirtioPci *p = (VirtioPci *)dev;
    if (p->modern.name) {
        memory_region_destroy(&p->modern);
    }
    if (p->legacy.name) {
        memory_region_destroy(&p->legacy);
    }
}

void virtio_pci_reset(PciDevice *dev)
{
    VirtioPci *p = (VirtioPci *)dev;
    VirtioDevice *vdev = vdev_of(p);
    if (vdev) {
        write_status(p, vdev, 0, false);
    }
}

/* The backend's properties are the PCI device's own. */
static JsonValue *forward_get(Object *obj, const DynamicProperty *prop)
{
    VirtioPci *p = (VirtioPci *)obj;
    Object *target = p->backend ? p->backend : p->bus ? OBJECT(vdev_of(p)) : NULL;
    return target ? object_get_json(target, prop->name, NULL) : NULL;
}

static bool forward_set(Object *obj, const DynamicProperty *prop, const JsonValue *v, Error **errp)
{
    VirtioPci *p = (VirtioPci *)obj;
    Object *target = p->backend ? p->backend : p->bus ? OBJECT(vdev_of(p)) : NULL;
    return target && object_set_json(target, prop->name, v, errp);
}

static void add_forward(const Field *f, const TypeRecord *owner, void *opaque)
{
    if (f->flags & (FIELD_PROP | FIELD_RUNTIME)) {
        object_add_property(opaque, f->name, field_type_name(f), f->help, forward_get, forward_set, NULL);
    }
}

static void virtio_pci_init(Object *obj)
{
    VirtioPci *p = (VirtioPci *)obj;
    const VirtioPciClass *vpc = (const VirtioPciClass *)pci_class(obj);
    p->backend = object_new(vpc->backend);
    object_foreach_property(p->backend->type, add_forward, obj);
}

static void virtio_pci_finalize(Object *obj)
{
    VirtioPci *p = (VirtioPci *)obj;
    if (p->backend) {
        object_unref(p->backend);
    }
}

static const Field virtio_pci_fields[] = {
    FIELD(VirtioPci, disable_legacy, FIELD_ENUM, "disable-legacy", FIELD_PROP, .info = on_off_auto, .help = "leave out the pre-1.0 interface"),
    FIELD(VirtioPci, disable_modern, FIELD_BOOL, "disable-modern", FIELD_PROP, .help = "leave out the 1.0 interface"),
    FIELD(VirtioPci, vectors, FIELD_U32, "vectors", FIELD_PROP, .def = UINT32_MAX, .help = "MSI-X vectors; 0: none; not given: one for each queue"),
    FIELD(VirtioPci, page_per_vq, FIELD_BOOL, "page-per-vq", FIELD_PROP | FIELD_HIDDEN, .help = "accepted for compatibility"),
    FIELD_END,
};
static const PciClass virtio_pci_class = {PCI_DEVICE_PART};
static const TypeRecord virtio_pci_type = {
    .name = TYPE_VIRTIO_PCI, .parent = TYPE_PCI_DEVICE, .help = "VirtIO transport by PCI", .instance_size = sizeof(VirtioPci), .abstract = true,
    .class_kind = TYPE_DEVICE, .class_data = &virtio_pci_class, .fields = virtio_pci_fields, .init = virtio_pci_init, .finalize = virtio_pci_finalize,
};
TYPE_REGISTER(virtio_pci_type);
