/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resource descriptors (ACPI 6.3, chapter 6.4): small items have their length in the tag, large ones behind it.
 */
#include "aml-internal.h"

enum {
    SMALL_IRQ = 0x22, SMALL_DMA = 0x2a, SMALL_IO = 0x47, LARGE_MEMORY32_FIXED = 0x86, LARGE_DWORD = 0x87,
    LARGE_WORD = 0x88, LARGE_INTERRUPT = 0x89, LARGE_QWORD = 0x8a,
    TYPE_MEMORY = 0, TYPE_IO = 1, TYPE_BUS = 2,
    MIN_MAX_FIXED = 0x0c, /* minimum and maximum are fixed, positive decode, producer */
};

static Aml *item(uint8_t tag, uint16_t large_bytes)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, tag, 1);
    if (tag & 0x80) {
        aml_put(a, large_bytes, 2);
    }
    return a;
}

Aml *aml_io(uint16_t min, uint16_t max, uint8_t align, uint8_t len)
{
    Aml *a = item(SMALL_IO, 0);
    aml_put(a, 1, 1); /* 16 address bits are decoded */
    aml_put(a, min, 2);
    aml_put(a, max, 2);
    aml_put(a, align, 1);
    aml_put(a, len, 1);
    return a;
}

Aml *aml_irq(unsigned irq)
{
    g_assert(irq < 16);
    Aml *a = item(SMALL_IRQ, 0);
    aml_put(a, 1u << irq, 2);
    return a;
}

Aml *aml_dma(unsigned channel)
{
    g_assert(channel < 8);
    Aml *a = item(SMALL_DMA, 0);
    aml_put(a, 1u << channel, 1);
    aml_put(a, 0, 1);
    return a;
}

Aml *aml_memory32_fixed(bool writable, uint32_t base, uint32_t len)
{
    Aml *a = item(LARGE_MEMORY32_FIXED, 9);
    aml_put(a, writable, 1);
    aml_put(a, base, 4);
    aml_put(a, len, 4);
    return a;
}

Aml *aml_interrupt(bool level, bool active_high, bool shared, const uint32_t *list, unsigned count)
{
    g_assert(count && count < 256);
    Aml *a = item(LARGE_INTERRUPT, (uint16_t)(2 + 4 * count));
    aml_put(a, 1u | (level ? 0 : 2) | (active_high ? 0 : 4) | (shared ? 8 : 0), 1); /* bit 0: consumer */
    aml_put(a, count, 1);
    for (unsigned i = 0; i < count; i++) {
        aml_put(a, list[i], 4);
    }
    return a;
}

static Aml *window(uint8_t tag, unsigned width, uint8_t type, uint8_t type_flags, uint64_t min, uint64_t max)
{
    g_assert(min <= max);
    Aml *a = item(tag, (uint16_t)(3 + 5 * width));
    aml_put(a, type, 1);
    aml_put(a, MIN_MAX_FIXED, 1);
    aml_put(a, type_flags, 1);
    aml_put(a, 0, width);             /* granularity */
    aml_put(a, min, width);
    aml_put(a, max, width);
    aml_put(a, 0, width);             /* translation */
    aml_put(a, max - min + 1, width); /* length */
    return a;
}

Aml *aml_word_bus(uint16_t min, uint16_t max) { return window(LARGE_WORD, 2, TYPE_BUS, 0, min, max); }
/* the whole range */
Aml *aml_word_io(uint16_t min, uint16_t max) { return window(LARGE_WORD, 2, TYPE_IO, 3, min, max); }

/* Type flags: bit 0 writable, bits 2..1 cacheability. */
Aml *aml_dword_memory(bool cacheable, uint32_t min, uint32_t max)
{
    return window(LARGE_DWORD, 4, TYPE_MEMORY, (uint8_t)(1 | cacheable << 1), min, max);
}

Aml *aml_qword_memory(bool cacheable, uint64_t min, uint64_t max)
{
    return window(LARGE_QWORD, 8, TYPE_MEMORY, (uint8_t)(1 | cacheable << 1), min, max);
}
