/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that build a PC's tables share.
 */
#ifndef HW_ACPI_ACPI_INTERNAL_H
#define HW_ACPI_ACPI_INTERNAL_H

#include "hw/acpi/acpi.h"
#include "hw/acpi/aml.h"

void dsdt_add_pci(const PcAcpiConfig *c, Aml *dsdt);     /* host bridge, its windows, routing: dsdt-pci.c */
void dsdt_add_links(const PcAcpiConfig *c, Aml *sb);     /* the PIRQ links */
void dsdt_add_devices(const PcAcpiConfig *c, Aml *dsdt); /* CPUs, legacy devices, power: dsdt.c */

#endif
