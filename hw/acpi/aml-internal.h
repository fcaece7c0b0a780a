/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two files of the AML writer share: how a term is put together.
 */
#ifndef HW_ACPI_AML_INTERNAL_H
#define HW_ACPI_AML_INTERNAL_H

#include "hw/acpi/aml.h"

typedef enum AmlForm {
    AML_PLAIN,     /* the bytes as they are */
    AML_SIZED,     /* opcode, package length, bytes */
    AML_COUNTED,   /* opcode, package length, number of children, bytes */
    AML_BUFFER,    /* opcode, package length, size, bytes */
    AML_RESOURCES, /* the same, with an end tag behind the bytes */
} AmlForm;

struct Aml {
    AmlForm form;
    uint8_t op;
    bool ext;      /* opcode behind 0x5b */
    unsigned children;
    GByteArray *bytes;
};

Aml *aml_new(AmlForm form, uint8_t op, bool ext);
void aml_put(Aml *a, uint64_t value, unsigned bytes); /* little endian */

#endif
