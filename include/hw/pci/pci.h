/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI and PCI Express: devices with configuration space, base address registers, option ROMs, interrupt pins and messages; buses, host
 * bridges by ECAM and by configuration mechanism #1, bridges and root ports. (PCI Local Bus Specification 3.0; PCI Express Base
 * Specification 4.0, chapter 7; PCI-to-PCI Bridge 1.2.)
 *
 * Guarded by the machine lock. Messages (MSI, MSI-X) go to the hook that the board gives its root bus; where it gives none, devices do
 * not offer them.
 */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H

#include "hw/device.h"

#define TYPE_PCI_DEVICE "pci-device"
#define TYPE_PCI_BUS "PCI"   /* bus_type of PCI devices */
#define TYPE_PCIE_BUS "PCIE"

enum { PCI_CONFIG_BYTES = 256, PCIE_CONFIG_BYTES = 4096, PCI_BARS = 6, PCI_DEVFN_MAX = 256 };
#define PCI_SLOT(devfn) ((devfn) >> 3 & 0x1f)
#define PCI_FUNC(devfn) ((devfn) & 7)
#define PCI_DEVFN(slot, func) ((slot) << 3 | (func))

/* Offsets and bits of the header that devices use. */
enum {
    PCI_VENDOR_ID = 0x00, PCI_DEVICE_ID = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_REVISION = 0x08, PCI_CLASS_PROG = 0x09,
    PCI_CLASS_DEVICE = 0x0a, PCI_CACHE_LINE = 0x0c, PCI_LATENCY = 0x0d, PCI_HEADER_TYPE = 0x0e, PCI_BAR0 = 0x10, PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM_ID = 0x2e, PCI_ROM = 0x30, PCI_CAPABILITIES = 0x34, PCI_INTERRUPT_LINE = 0x3c, PCI_INTERRUPT_PIN = 0x3d,
    PCI_PRIMARY_BUS = 0x18, PCI_SECONDARY_BUS = 0x19, PCI_SUBORDINATE_BUS = 0x1a, PCI_IO_BASE = 0x1c, PCI_IO_LIMIT = 0x1d, PCI_MEMORY_BASE = 0x20,
    PCI_MEMORY_LIMIT = 0x22, PCI_PREF_BASE = 0x24, PCI_PREF_LIMIT = 0x26, PCI_PREF_BASE_UPPER = 0x28, PCI_PREF_LIMIT_UPPER = 0x2c,
    PCI_BRIDGE_CONTROL = 0x3e,
    PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4, PCI_COMMAND_INTX_DISABLE = 0x400,
    PCI_STATUS_INTERRUPT = 8, PCI_STATUS_CAP_LIST = 0x10,
};
enum { PCI_BAR_IO = 1, PCI_BAR_MEM64 = 4, PCI_BAR_PREFETCH = 8 };

typedef struct PciDevice PciDevice;
typedef struct PciBus PciBus;

/*
 * class_data of a PCI device (class_kind "device"): its `device` part has bus_type TYPE_PCI_BUS and reset pci_device_reset; use PCI_DEVICE_PART
 * to begin it.
 */
typedef struct PciClass {
    DeviceClass device;
    uint16_t vendor_id, device_id, subsystem_vendor, subsystem;
    uint16_t class_id;   /* base class << 8 | sub class */
    uint8_t prog, revision;
    bool bridge;         /* header type 1 */
    bool multifunction;  /* other functions of its slot may be used; the property's default */
    const char *romfile; /* default of the property: taken where the file is there; may be NULL */
    bool (*realize)(PciDevice *dev, Error **errp); /* config space is filled in; registers BARs and capabilities */
    void (*unrealize)(PciDevice *dev);
    void (*reset)(PciDevice *dev);                 /* after the common part */
    void (*config_written)(PciDevice *dev, uint32_t offset, unsigned size);
    /* Before the common read: may refresh config bytes. May be NULL. */
    void (*config_reading)(PciDevice *dev, uint32_t offset, unsigned size);
} PciClass;
#define pci_class(dev) ((const PciClass *)object_class(dev, TYPE_DEVICE))
#define PCI_DEVICE_PART .device.bus_type = TYPE_PCI_BUS, .device.reset = pci_device_reset
void pci_device_reset(DeviceState *dev); /* command register, BARs, interrupt; then PciClass.reset */

typedef struct PciBar {
    MemoryRegion *region;
    uint64_t size;
    uint8_t type;        /* PCI_BAR_* */
    bool mapped;
    uint64_t addr;
} PciBar;

struct PciDevice {
    DeviceState dev;
    PciBus *bus;
    char *addr;          /* property addr=SLOT[.FUNC], hexadecimal */
    bool multifunction;
    int devfn;
    uint8_t config[PCIE_CONFIG_BYTES];
    uint8_t writable[PCIE_CONFIG_BYTES]; /* mask */
    uint8_t clears[PCIE_CONFIG_BYTES];   /* bits written with 1 become 0 */
    PciBar bars[PCI_BARS];
    uint8_t next_cap;
    uint16_t express_cap;/* offset; 0: no PCI Express capability */
    bool irq_level, irq_driven; /* as the device sets it; as the bus sees it */
    uint8_t irq_line;    /* of the root bus, while driven */
    /* option ROM */
    char *romfile;       /* property; "": none */
    const char *default_rom; /* PciClass.romfile; realize may choose another */
    uint32_t rombar;     /* property; 0: no base address register for it */
    MemoryRegion rom;    /* named where there is one */
    bool rom_mapped;
    uint64_t rom_addr;
    /* messages */
    uint8_t msi_cap, msix_cap; /* offsets; 0: none */
    struct PciMsix *msix;
};
#define PCI_DEVICE(x) ((PciDevice *)(x))

/* The line of the root bus that pin @pin (0: INTA) of slot @slot of that bus drives. */
typedef unsigned PciPinMap(void *opaque, unsigned slot, unsigned pin);
/* A write of @data to @addr by a device: an interrupt message. */
typedef void PciMsiFn(void *opaque, uint64_t addr, uint32_t data);

enum { PCI_LINES_MAX = 8 };
struct PciBus {
    Bus bus;
    PciDevice *devices[PCI_DEVFN_MAX];
    PciDevice *bridge;   /* NULL: root */
    bool express;        /* its slots are PCI Express links, or it is the root of such */
    unsigned slots;      /* 1 below a port, else 32 */
    MemoryRegion *mem, *io; /* where BARs of devices on it are mapped */
    /* root: */
    Irq lines[PCI_LINES_MAX];
    int line_count[PCI_LINES_MAX]; /* devices that assert each */
    PciPinMap *pin_map;  /* NULL: (slot + pin) & 3 */
    void *pin_opaque;
    PciMsiFn *msi;       /* NULL: no messages */
    void *msi_opaque;
    MemoryRegion nothing;
    AddressSpace *no_dma;/* what a device without bus mastering reaches */
};

/* --- for devices, in PciClass.realize --- */
void pci_register_bar(PciDevice *dev, unsigned n, uint8_t type, MemoryRegion *region); /* size: the region's, a power of two */
/* Room for a capability of @size bytes (2 for id and link included); its offset. 0: no room. */
uint8_t pci_add_capability(PciDevice *dev, uint8_t id, uint8_t size);
/* PCI Express capability; @port_type: 0 endpoint, 4 root port, 9 root complex integrated endpoint. */
void pcie_add_capability(PciDevice *dev, uint8_t port_type);
void pci_set_interrupt_pin(PciDevice *dev, uint8_t pin); /* 1: INTA */
void pci_irq(PciDevice *dev, bool level);
/* Memory as the device reaches it now: none of it while COMMAND has bus mastering off. Ask again for each transfer. */
AddressSpace *pci_dma_as(PciDevice *dev);
bool pci_is_master(const PciDevice *dev);
static inline bool pci_bus_is_express_endpoint_slot(const PciBus *bus) { return bus->bridge && bus->express; }

/*
 * Message signalled interrupts (PCI 3.0, section 6.8). False where the board takes no messages or there is no room: the device then uses its pin.
 * @vectors: a power of two up to 32 (MSI), up to 2048 (MSI-X). They end with the device.
 */
bool pci_msi_init(PciDevice *dev, unsigned vectors, bool vector_masks);
bool pci_msi_enabled(const PciDevice *dev);
void pci_msi_notify(PciDevice *dev, unsigned vector); /* vectors beyond what the guest allowed are folded */
/* Table and pending bits lie in @container, a container region that is or becomes BAR @bar, at @table and @pba (multiples of 8). */
bool pci_msix_init(PciDevice *dev, unsigned vectors, unsigned bar, MemoryRegion *container, uint32_t table, uint32_t pba);
/* The same in a BAR of its own. */
bool pci_msix_init_bar(PciDevice *dev, unsigned vectors, unsigned bar);
bool pci_msix_enabled(const PciDevice *dev);
void pci_msix_notify(PciDevice *dev, unsigned vector);
/* MSI-X or MSI vector @vector where the guest enabled them: true. Else false: drive the pin. */
bool pci_notify(PciDevice *dev, unsigned vector);

/* --- for host bridges --- */
PciBus *pci_root_bus_new(DeviceState *host, const char *name, MemoryRegion *mem, MemoryRegion *io, const Irq lines[4]);
/* The same of conventional PCI (@express false); lines are put into bus->lines and a pin map into bus->pin_map by the caller. */
PciBus *pci_root_bus_new_kind(DeviceState *host, bool express, const char *name, MemoryRegion *mem, MemoryRegion *io);
/* Before any device is put on it. */
void pci_root_set_msi(PciBus *root, PciMsiFn *fn, void *opaque);
/* Creates and puts a board's device at a fixed place. */
PciDevice *pci_create(PciBus *bus, const char *type, int devfn, Error **errp);
/* The device that answers for bus @number and @devfn below a root bus; NULL: none. */
PciDevice *pci_find(PciBus *root, unsigned number, unsigned devfn);
uint32_t pci_config_read(PciDevice *dev, uint32_t offset, unsigned size);
void pci_config_write(PciDevice *dev, uint32_t offset, uint32_t value, unsigned size);

/*
 * Configuration mechanism #1 (PCI 3.0, section 3.2.2.3.2): address register at port 0xcf8 (aligned 32-bit accesses only), data at 0xcfc to 0xcff.
 */
typedef struct PciConfigPorts {
    MemoryRegion address, data;
    PciBus *root;
    uint32_t latch;
    /* port 0xcf9, a byte inside: the reset control of south bridges; may be NULL */
    uint8_t (*reset_read)(void *opaque);
    void (*reset_write)(void *opaque, uint8_t value);
    void *reset_opaque;
} PciConfigPorts;
void pci_config_ports_init(PciConfigPorts *p, Machine *m, Object *owner, PciBus *root, MemoryRegion *io);
void pci_config_ports_destroy(PciConfigPorts *p);

/* A bridge's other side: makes the bus and the registers of header type 1. @slots: 1 for a port. */
PciBus *pci_bridge_init(PciDevice *dev, const char *bus_name, bool express, unsigned slots);
void pci_bridge_reset(PciDevice *dev);
/* Firmware's path of a device, as bootorder files name it: "/pci@i0cf8/ethernet@3/ethernet-phy@0" without the last part. g_free. */
char *pci_firmware_path(PciDevice *dev);

/* --- generic ECAM host ("gpex-pcihost"): MMIO 0: ECAM of 256 MiB; lines 0..3 to the interrupt controller --- */
typedef struct GpexWindows {
    uint64_t ecam, mmio, mmio_size, mmio_high, mmio_high_size, pio, pio_size;
} GpexWindows;
/* Makes the host, maps its windows into system memory, connects INTA..INTD to @lines. The root bus is "pcie.0". */
PciBus *gpex_create(Machine *m, const GpexWindows *windows, const Irq lines[4], Error **errp);

#endif
