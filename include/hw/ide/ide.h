/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDE, ATAPI and AHCI for boards. Controllers: PCI functions "piix3-ide" (buses ide.0 and ide.1, two drives each, at
 * the legacy ports) and "ich9-ahci" (six ports ide.0 to ide.5, one drive each). Drives: "ide-hd" and "ide-cd"
 * (drive=, bus=ide.N, unit=).
 *
 *   PciDevice *ide = pci_create(root, TYPE_PIIX3_IDE, PCI_DEVFN(1, 1), errp);
 *   piix3_ide_connect(ide, irq14, irq15);
 *   ide_attach_drives(m, DEVICE(ide), errp);   after both, the drives of -hda, -cdrom, -drive if=ide
 */
#ifndef HW_IDE_IDE_H
#define HW_IDE_IDE_H

#include "hw/pci/pci.h"

#define TYPE_PIIX3_IDE "piix3-ide"
#define TYPE_ICH9_AHCI "ich9-ahci"
#define TYPE_IDE_BUS "IDE"

/* The two lines of the legacy channels. The registers lie in the device's PCI bus' I/O space. */
void piix3_ide_connect(PciDevice *ide, Irq irq14, Irq irq15);

/*
 * Puts what the command line gives with if=ide (-hda, -hdb, -cdrom, -drive) on the buses of @controller by its bus
 * and unit, and, where the user asked for nothing of the kind and not for -nodefaults, an empty CD-ROM drive as the
 * reference has it (index 2). Call it once, from init.
 */
bool ide_attach_drives(Machine *m, DeviceState *controller, Error **errp);

/* For CMOS and firmware: geometry of the drive at bus and unit of the controller; false where there is no hard disk. */
bool ide_get_geometry(DeviceState *controller, unsigned bus, unsigned unit, uint32_t *cylinders, uint32_t *heads,
                      uint32_t *sectors);

#endif
