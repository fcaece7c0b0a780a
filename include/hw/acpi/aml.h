/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A writer of AML, the byte code of ACPI definition blocks (ACPI 6.3, chapter 20). Each call makes one term; a term
 * that is given to another call (an operand, a child) belongs to that from then on, so a tree that ends in aml_free()
 * leaks nothing:
 *
 *   Aml *dev = aml_device("RTC");
 *   aml_add(dev, aml_name("_HID", aml_eisaid("PNP0B00")));
 *   aml_add(scope, dev);          after all its children: what it holds is copied here
 *
 * Names are board constants, never guest input: a malformed one is a programming error and stops the process.
 */
#ifndef HW_ACPI_AML_H
#define HW_ACPI_AML_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Aml Aml;

void aml_add(Aml *parent, Aml *child);  /* consumes child */
void aml_append(GByteArray *out, Aml *term); /* consumes term; its bytes */
void aml_free(Aml *term);

/* --- named objects and containers (children by aml_add) --- */
Aml *aml_list(void);                    /* nothing around its children: a definition block */
Aml *aml_scope(const char *path);
Aml *aml_device(const char *name);
Aml *aml_method(const char *name, unsigned args, bool serialized);
Aml *aml_name(const char *name, Aml *value);
Aml *aml_package(void);                 /* up to 255 elements */
Aml *aml_if(Aml *predicate);
Aml *aml_else(void);
Aml *aml_while(Aml *predicate);

typedef enum AmlSpace { AML_SYSTEM_MEMORY = 0, AML_SYSTEM_IO = 1, AML_PCI_CONFIG = 2 } AmlSpace;
typedef enum AmlAccess { AML_ANY_ACC = 0, AML_BYTE_ACC = 1, AML_WORD_ACC = 2, AML_DWORD_ACC = 3 } AmlAccess;
Aml *aml_region(const char *name, AmlSpace space, uint64_t offset, uint64_t length);
Aml *aml_field(const char *region, AmlAccess access, bool write_as_zeros); /* children: the next two */
Aml *aml_field_unit(const char *name, unsigned bits);
Aml *aml_field_skip(unsigned bits);
Aml *aml_create_dword_field(Aml *buffer, Aml *byte_index, const char *name);

/* --- values --- */
Aml *aml_path(const char *path);        /* "LNKA", "^PRQ0", "\\_SB.PCI0" */
Aml *aml_int(uint64_t value);
Aml *aml_string(const char *text);
Aml *aml_eisaid(const char *id);        /* "PNP0A03" */
Aml *aml_uuid(const char *text);        /* a buffer as ToUUID() makes it */
Aml *aml_buffer(const void *data, unsigned len);
Aml *aml_arg(unsigned n);
Aml *aml_local(unsigned n);
Aml *aml_call(const char *method, Aml *arg); /* arg NULL: none */

/* --- statements and expressions; where a target is given the result is stored there --- */
Aml *aml_store(Aml *value, Aml *target);
Aml *aml_return(Aml *value);
Aml *aml_notify(Aml *object, uint8_t value);
typedef enum AmlBinary {
    AML_ADD = 0x72, AML_SUBTRACT = 0x74, AML_MULTIPLY = 0x77, AML_SHIFT_LEFT = 0x79, AML_SHIFT_RIGHT = 0x7a,
    AML_AND = 0x7b, AML_OR = 0x7d, AML_XOR = 0x7f,
} AmlBinary;
Aml *aml_binary(AmlBinary op, Aml *a, Aml *b, Aml *target); /* target NULL: none */
typedef enum AmlLogic { AML_LAND = 0x90, AML_LOR = 0x91, AML_LEQUAL = 0x93, AML_LGREATER = 0x94,
                       AML_LLESS = 0x95 } AmlLogic;
Aml *aml_logic(AmlLogic op, Aml *a, Aml *b);
Aml *aml_lnot(Aml *a);

/* --- resource templates (chapter 6.4): children of aml_resources() --- */
Aml *aml_resources(void);
Aml *aml_io(uint16_t min, uint16_t max, uint8_t align, uint8_t len);
Aml *aml_irq(unsigned irq);             /* edge, active high, exclusive: ISA */
Aml *aml_dma(unsigned channel);         /* compatibility, no bus master, 8 bits */
Aml *aml_memory32_fixed(bool writable, uint32_t base, uint32_t len);
Aml *aml_interrupt(bool level, bool active_high, bool shared, const uint32_t *list, unsigned count);
Aml *aml_word_bus(uint16_t min, uint16_t max);
Aml *aml_word_io(uint16_t min, uint16_t max);
Aml *aml_dword_memory(bool cacheable, uint32_t min, uint32_t max); /* produced for devices below, positively decoded */
Aml *aml_qword_memory(bool cacheable, uint64_t min, uint64_t max);

#endif
