/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI form of a VirtIO device. VIRTIO_PCI_FORM makes the type "virtio-X-pci" that carries the backend type and shows the backend's properties as its own.
 */
#ifndef HW_VIRTIO_VIRTIO_PCI_H
#define HW_VIRTIO_VIRTIO_PCI_H

#include "hw/pci/pci.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_PCI "virtio-pci"

typedef enum VirtioPciKind { VIRTIO_PCI_BY_PROPERTIES, VIRTIO_PCI_TRANSITIONAL, VIRTIO_PCI_MODERN } VirtioPciKind;
typedef struct VirtioPciClass {
    PciClass pci;
    const char *backend; /* "virtio-blk-device" */
    VirtioPciKind kind;  /* which interfaces it shows */
} VirtioPciClass;

bool virtio_pci_realize(PciDevice *dev, Error **errp);
void virtio_pci_unrealize(PciDevice *dev);
void virtio_pci_reset(PciDevice *dev);
void virtio_pci_config_written(PciDevice *dev, uint32_t offset, unsigned size);
void virtio_pci_config_reading(PciDevice *dev, uint32_t offset, unsigned size);

/* Three types: TYPE shows the interfaces its properties and place say, TYPE-transitional both, TYPE-non-transitional the modern one only. */
#define VIRTIO_PCI_FORM(symbol, type_name, backend_type, cat, text)                                                     \
    VIRTIO_PCI_FORM_KIND(symbol, type_name, backend_type, cat, text, VIRTIO_PCI_BY_PROPERTIES);                         \
    VIRTIO_PCI_FORM_KIND(symbol##_transitional, type_name "-transitional", backend_type, cat, text, VIRTIO_PCI_TRANSITIONAL); \
    VIRTIO_PCI_FORM_KIND(symbol##_modern, type_name "-non-transitional", backend_type, cat, text, VIRTIO_PCI_MODERN)
#define VIRTIO_PCI_FORM_KIND(symbol, type_name, backend_type, cat, text, which)                                         \
    static const VirtioPciClass symbol##_class = {                                                                      \
        .pci = {PCI_DEVICE_PART, .device.category = (cat), .device.user_creatable = true, .vendor_id = 0x1af4,          \
                .subsystem_vendor = 0x1af4, .realize = virtio_pci_realize, .unrealize = virtio_pci_unrealize,           \
                .reset = virtio_pci_reset, .config_written = virtio_pci_config_written,                                 \
                .config_reading = virtio_pci_config_reading},                                                           \
        .backend = (backend_type), .kind = (which)};                                                                    \
    static const TypeRecord symbol##_type = {.name = (type_name), .parent = TYPE_VIRTIO_PCI, .help = (text),            \
                                             .class_kind = TYPE_DEVICE, .class_data = &symbol##_class};                 \
    TYPE_REGISTER(symbol##_type)

#endif
