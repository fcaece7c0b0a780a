/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Precise state: finds the site of a slow-path or helper call by its return address and writes the dirty slots it lists,
 * and the guest PC, into the CPU state. Host independent: registers are indexes into the save areas that the trampolines filled.
 *
 * Runs on the vCPU's thread while the call is in progress, so the frame (tcg.host_sp) is still there.
 */
#include <string.h>

#include "tcg/backend.h"
#include "target/cpu.h"

#include "site.h"

const TcgSite *tcg_site_find(const TcgCode *c, uintptr_t ra)
{
    uintptr_t base = (uintptr_t)c->rx;
    uint32_t lo = 0, hi = c->site_count;

    if (ra < base || ra - base > c->size)
        return NULL;
    uint32_t off = (uint32_t)(ra - base);
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (c->sites[mid].host_off < off)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->site_count && c->sites[lo].host_off == off ? &c->sites[lo] : NULL;
}

static uint64_t little(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}

/* The value at a location; *value has 32 bytes. Returns the bytes of the stream that were used. */
static unsigned fetch(const TcgCode *c, const CpuState *cpu, unsigned kind, const uint8_t *p, uint8_t *value, unsigned width)
{
    int64_t imm;
    memset(value, 0, 32);
    switch (kind) {
    case SITE_GPR:
        memcpy(value, &cpu->tcg.save_gpr[p[0] & 15], 8);
        return 1;
    case SITE_VEC:
        memcpy(value, cpu->tcg.save_vec[p[0] & 15], 32);
        return 1;
    case SITE_FRAME:
        memcpy(value, (const uint8_t *)cpu->tcg.host_sp + little(p, 2), width);
        return 2;
    case SITE_SLOT:
        memcpy(value, (const uint8_t *)cpu + c->slots[p[0]].offset, tcg_type_bytes(c->slots[p[0]].type));
        return 1;
    case SITE_CONST8:
        imm = (int8_t)p[0];
        memcpy(value, &imm, 8);
        return 1;
    case SITE_CONST32:
        imm = (int32_t)little(p, 4);
        memcpy(value, &imm, 8);
        return 4;
    default:
        memcpy(value, p, 8);
        return 8;
    }
}

static uint64_t transform(unsigned form, uint64_t v)
{
    bool nan32 = ((uint32_t)v & 0x7fffffff) > 0x7f800000;
    switch (form) {
    case SITE_EXTS: return (uint64_t)(int64_t)(int32_t)v;
    case SITE_EXTU: return (uint32_t)v;
    case SITE_BOX32: return (uint32_t)v | 0xffffffff00000000;
    case SITE_BOX32_NAN: return (nan32 ? 0x7fc00000 : (uint32_t)v) | 0xffffffff00000000;
    case SITE_NAN32: return nan32 ? 0x7fc00000 : (uint32_t)v;
    case SITE_NAN64: return (v & INT64_MAX) > 0x7ff0000000000000 ? 0x7ff8000000000000 : v;
    default: return v;
    }
}

/* A lazy flags value out of its parts; @p behind the entry's first two bytes. Returns the bytes used. */
static unsigned fetch_flags(const TcgCode *c, const CpuState *cpu, const uint8_t *p, uint8_t *value)
{
    TcgLazyFlags f = {.kind = (uint16_t)little(p, 2), .type = (uint16_t)little(p + 2, 2)};
    uint64_t *parts[3] = {&f.a, &f.b, &f.c};
    unsigned used = 4;
    for (unsigned i = 0; i < 3; i++) {
        uint8_t part[32];
        unsigned kind = p[used] & SITE_KIND_MASK;
        used += 1 + fetch(c, cpu, kind, p + used + 1, part, 8);
        memcpy(parts[i], part, 8);
    }
    memcpy(value, &f, sizeof f);
    return used;
}

void tcg_site_restore(const TcgCode *c, struct CpuState *cpu, uintptr_t ra)
{
    const TcgSite *s = tcg_site_find(c, ra);
    if (!s)
        return;
    const uint8_t *p = c->loc_bytes + s->locs;
    unsigned count = (unsigned)little(p, 2);
    p += 2;
    while (count--) {
        const TcgSlot *slot = &c->slots[p[0]];
        unsigned kind = p[1] & SITE_KIND_MASK, form = p[1] >> SITE_FORM_SHIFT, width = tcg_type_bytes(slot->type);
        uint8_t value[32];
        if (form == SITE_FLAGS) {
            p += 2 + fetch_flags(c, cpu, p + 2, value);
            memcpy((uint8_t *)cpu + slot->offset, value, sizeof(TcgLazyFlags));
            continue;
        }
        p += 2 + fetch(c, cpu, kind, p + 2, value, form == SITE_PLAIN ? width : 8);
        if (form != SITE_PLAIN) {
            uint64_t v = transform(form, little(value, 8));
            memcpy(value, &v, 8);
        }
        memcpy((uint8_t *)cpu + slot->offset, value, width);
    }
    if (s->guest < c->guest_count) {
        uint64_t pc = c->pc + (uint64_t)(int64_t)c->guest_pc[s->guest];
        memcpy((uint8_t *)cpu + c->slots[TCG_SLOT_PC].offset, &pc, 8);
    }
}
