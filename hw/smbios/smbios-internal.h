/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to hw/smbios.
 */
#ifndef HW_SMBIOS_INTERNAL_H
#define HW_SMBIOS_INTERNAL_H

struct OptionSet;

int smbios_option_type(struct OptionSet *o); /* -1: none (file=) */

#endif
