/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU that random TinyCode runs on: state, memory, runtime functions, comparison.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tcg-random.h"
#include "tcg/reference.h"

#define SLOT(text, slot_type, member) {text, slot_type, offsetof(RandomCpu, member)}
const TcgSlot tcg_random_slots[] = {
    SLOT("pc", TCG_I64, pc),
    SLOT("x0", TCG_I64, x[0]), SLOT("x1", TCG_I64, x[1]), SLOT("x2", TCG_I64, x[2]), SLOT("x3", TCG_I64, x[3]),
    SLOT("x4", TCG_I64, x[4]), SLOT("x5", TCG_I64, x[5]), SLOT("x6", TCG_I64, x[6]), SLOT("x7", TCG_I64, x[7]),
    SLOT("x8", TCG_I64, x[8]), SLOT("x9", TCG_I64, x[9]), SLOT("trip", TCG_I64, trip),
    SLOT("w0", TCG_I32, w[0]), SLOT("w1", TCG_I32, w[1]), SLOT("w2", TCG_I32, w[2]),
    SLOT("f0", TCG_F64, f[0]), SLOT("f1", TCG_F64, f[1]), SLOT("f2", TCG_F64, f[2]), SLOT("f3", TCG_F64, f[3]),
    SLOT("f4", TCG_F64, f[4]), SLOT("f5", TCG_F64, f[5]),
    SLOT("q0", TCG_V128, q[0]), SLOT("q1", TCG_V128, q[1]), SLOT("q2", TCG_V128, q[2]),
    SLOT("y0", TCG_V256, y[0]), SLOT("y1", TCG_V256, y[1]),
    SLOT("fl0", TCG_FLAGS_T, fl[0]), SLOT("fl1", TCG_FLAGS_T, fl[1]),
};
const unsigned tcg_random_slot_count = G_N_ELEMENTS(tcg_random_slots);

void tcg_random_init(TcgRandom *g, uint64_t seed, uint32_t features)
{
    memset(g, 0, sizeof(*g));
    g->state = seed * 0x9e3779b97f4a7c15ull + 1;
    g->features = features;
}

uint64_t tcg_random_next(TcgRandom *g) /* splitmix64 */
{
    uint64_t z = g->state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint64_t tcg_random_bits(TcgRandom *g)
{
    static const uint64_t special[] = {
        0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
        0x7fffffffffffffff, 0x8000000000000000, ~0ull, ~1ull, 0xffffffff80000000, 0xffffffff00000000,
        /* doubles */
        0x3ff0000000000000, 0xbff0000000000000, 0x4000000000000000, 0x3fe0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
        0x7ff8000000000000, 0x7ff0000000000001, 0xfff8000000000001, 0x0010000000000000, 0x000fffffffffffff, 0x7fefffffffffffff,
        0x43e0000000000000, 0xc3e0000000000000, 0x41dfffffffc00000, 0x41e0000000000000, 0x4012000000000000,
        /* boxed floats */
        0xffffffff3f800000, 0xffffffffbf800000, 0xffffffff40490fdb, 0xffffffff7f800000, 0xffffffffff800000, 0xffffffff7fc00000,
        0xffffffff7f800001, 0xffffffff00800000, 0xffffffff007fffff, 0xffffffff7f7fffff, 0xffffffff4f000000, 0xffffffff3f000000,
        /* floats in both halves */
        0x3f8000003f800000, 0x7fc000007f800001, 0x0000000180000001,
    };
    uint64_t r = tcg_random_next(g), v = tcg_random_next(g);

    switch (r & 7) {
    case 0:
    case 1:
    case 2:
        return special[(r >> 8) % G_N_ELEMENTS(special)];
    case 3:
        return v >> (r >> 8 & 63);
    case 4:
        return (uint64_t)((int64_t)v >> (r >> 8 & 63));
    case 5: { /* a double of ordinary size */
        double d = (double)(int64_t)v / (double)(1ull << (r >> 8 & 63));

        memcpy(&v, &d, sizeof(v));
        return v;
    }
    case 6: { /* a boxed float of ordinary size */
        float f = (float)(int32_t)v / (float)(1u << (r >> 8 & 31));
        uint32_t bits;

        memcpy(&bits, &f, sizeof(bits));
        return bits | 0xffffffff00000000ull;
    }
    default:
        return v;
    }
}

RandomCpu *tcg_random_cpu_new(void)
{
    size_t size = (sizeof(RandomCpu) + 63) & ~(size_t)63;
    RandomCpu *cpu = aligned_alloc(64, size);

    memset(cpu, 0, size);
    return cpu;
}

void tcg_random_cpu_free(RandomCpu *cpu) { free(cpu); }

void tcg_random_fill(TcgRandom *g, RandomCpu *cpu)
{
    for (unsigned i = 0; i < tcg_random_slot_count; i++) {
        unsigned n = tcg_type_bytes(tcg_random_slots[i].type);

        for (unsigned k = 0; k < n; k += 8) {
            uint64_t v = tcg_random_bits(g);

            memcpy((char *)cpu + tcg_random_slots[i].offset + k, &v, MIN(n, 8));
        }
    }
    for (unsigned i = 0; i < RANDOM_FL; i++) {
        cpu->fl[i] = (TcgLazyFlags){.kind = tcg_random_next(g) % (TCG_FK_MUL + 1), .type = tcg_random_next(g) & 1 ? TCG_I64 : TCG_I32,
                                    .a = tcg_random_bits(g), .b = tcg_random_bits(g), .c = tcg_random_next(g) & 1};
        if (cpu->fl[i].type == TCG_I32) {
            cpu->fl[i].a = (uint32_t)cpu->fl[i].a;
            cpu->fl[i].b = (uint32_t)cpu->fl[i].b;
        }
    }
    for (unsigned i = 0; i < sizeof(cpu->mem); i += 8) {
        uint64_t v = tcg_random_bits(g);

        memcpy(&cpu->mem[i], &v, 8);
    }
    cpu->pc = 0x1000;
    cpu->trip = 5 + tcg_random_next(g) % 20;
    cpu->parent.tcg.guest_mxcsr = 0x1f80 | (uint32_t)(tcg_random_next(g) & 3) << 13;
    cpu->parent.tcg.host_mxcsr = 0x1f80;
    cpu->parent.tcg.excl_addr = ~0ull;
    cpu->parent.tcg.excl_val = 0;
    cpu->parent.tcg.exit_request = tcg_random_next(g) % 20 == 0;
}

void tcg_random_copy(RandomCpu *to, const RandomCpu *from)
{
    size_t start = offsetof(RandomCpu, pc), end = offsetof(RandomCpu, restore);

    memcpy((char *)to + start, (const char *)from + start, end - start);
    to->parent.tcg.guest_mxcsr = from->parent.tcg.guest_mxcsr;
    to->parent.tcg.host_mxcsr = from->parent.tcg.host_mxcsr;
    to->parent.tcg.excl_addr = from->parent.tcg.excl_addr;
    to->parent.tcg.excl_val = from->parent.tcg.excl_val;
    to->parent.tcg.exit_request = from->parent.tcg.exit_request;
    to->faulted = false;
    to->fault_va = 0;
    to->reason = 0;
    to->linkable = false;
}

/* --- runtime --- */

static void G_GNUC_NORETURN fault(CpuState *cs, uint64_t va)
{
    RandomCpu *cpu = (RandomCpu *)cs;

    cpu->faulted = true;
    cpu->fault_va = va;
    cpu->restore(cs);
    siglongjmp(cs->jmp_env, 1);
}

static uint8_t *memory(CpuState *cs, uint64_t va, unsigned bytes)
{
    RandomCpu *cpu = (RandomCpu *)cs;

    if (va < RANDOM_MEM_BASE || va > RANDOM_MEM_BASE + RANDOM_MEM_SIZE - bytes) {
        fault(cs, va);
    }
    return &cpu->mem[va - RANDOM_MEM_BASE];
}

static uint64_t swap_bytes(uint64_t v, unsigned bytes) { return __builtin_bswap64(v) >> (64 - 8 * bytes); }

static uint64_t read_raw(CpuState *cs, uint64_t va, TcgMem mem)
{
    unsigned bytes = tcg_mem_bytes(mem);
    uint64_t v = 0;

    memcpy(&v, memory(cs, va, bytes), bytes);
    return tcg_mem_big(mem) ? swap_bytes(v, bytes) : v;
}

static uint64_t extend(uint64_t v, TcgMem mem)
{
    unsigned drop = 64 - 8 * tcg_mem_bytes(mem);

    return tcg_mem_signed(mem) ? (uint64_t)((int64_t)(v << drop) >> drop) : v << drop >> drop;
}

static void write_raw(CpuState *cs, uint64_t va, uint64_t v, TcgMem mem)
{
    unsigned bytes = tcg_mem_bytes(mem);

    v = tcg_mem_big(mem) ? swap_bytes(v, bytes) : v;
    memcpy(memory(cs, va, bytes), &v, bytes);
}

static uint64_t rt_load(CpuState *cs, uint64_t va, TcgMem mem) { return extend(read_raw(cs, va, mem), mem); }
static void rt_store(CpuState *cs, uint64_t va, uint64_t v, TcgMem mem) { write_raw(cs, va, v, mem); }

static void rt_load_vec(CpuState *cs, uint64_t va, TcgMem mem)
{
    memcpy(cs->tcg.call_ret, memory(cs, va, tcg_mem_bytes(mem)), tcg_mem_bytes(mem));
}

static void rt_store_vec(CpuState *cs, uint64_t va, TcgMem mem)
{
    memcpy(memory(cs, va, tcg_mem_bytes(mem)), cs->tcg.call_arg, tcg_mem_bytes(mem));
}

static uint64_t rt_atomic(CpuState *cs, uint64_t va, uint64_t v, uint32_t mem_rmw)
{
    TcgMem mem = mem_rmw & 0xffff, as_signed = mem | 1u << 3;
    uint64_t raw = read_raw(cs, va, mem), old = extend(raw, as_signed), out = v;
    int64_t a = (int64_t)old, b = (int64_t)extend(v, as_signed);
    uint64_t ua = extend(raw, mem & ~(1u << 3)), ub = extend(v, mem & ~(1u << 3));

    switch (mem_rmw >> 16) {
    case TCG_RMW_ADD:
        out = old + v;
        break;
    case TCG_RMW_AND:
        out = old & v;
        break;
    case TCG_RMW_OR:
        out = old | v;
        break;
    case TCG_RMW_XOR:
        out = old ^ v;
        break;
    case TCG_RMW_MIN:
        out = (uint64_t)(a < b ? a : b);
        break;
    case TCG_RMW_MAX:
        out = (uint64_t)(a > b ? a : b);
        break;
    case TCG_RMW_MINU:
        out = ua < ub ? ua : ub;
        break;
    case TCG_RMW_MAXU:
        out = ua > ub ? ua : ub;
        break;
    default:
        break;
    }
    write_raw(cs, va, out, mem);
    return extend(raw, mem);
}

static uint64_t rt_cmpxchg(CpuState *cs, uint64_t va, uint64_t expected, uint64_t desired, TcgMem mem)
{
    uint64_t old = read_raw(cs, va, mem);
    unsigned drop = 64 - 8 * tcg_mem_bytes(mem);

    if (old << drop == expected << drop) {
        write_raw(cs, va, desired, mem);
    }
    return extend(old, mem);
}

static void *rt_lookup(CpuState *cs, uint64_t pc)
{
    ((RandomCpu *)cs)->pc = pc;
    return NULL;
}

const TcgRuntime *tcg_random_runtime(void)
{
    static const TcgRuntime rt = {
        .load = rt_load, .store = rt_store, .load_vec = rt_load_vec, .store_vec = rt_store_vec,
        .atomic = rt_atomic, .cmpxchg = rt_cmpxchg, .lookup = rt_lookup,
    };

    return &rt;
}

void tcg_random_interpret(RandomCpu *cpu, const TcgRegion *r)
{
    cpu->restore = tcg_interp_restore;
    if (sigsetjmp(cpu->parent.jmp_env, 0) == 0) {
        TcgInterpResult res = tcg_interp_run(r, &cpu->parent, tcg_random_runtime());

        cpu->reason = res.reason;
        cpu->linkable = res.linkable;
    }
}

/* --- comparison --- */

const char *tcg_random_difference(const RandomCpu *a, const RandomCpu *b, uint32_t mxcsr_mask)
{
    static __thread char text[160];

    if (a->faulted != b->faulted || a->fault_va != b->fault_va) {
        g_snprintf(text, sizeof(text), "fault %d at 0x%" G_GINT64_MODIFIER "x, and %d at 0x%" G_GINT64_MODIFIER "x", a->faulted, a->fault_va,
                   b->faulted, b->fault_va);
        return text;
    }
    if (a->reason != b->reason || a->linkable != b->linkable) {
        g_snprintf(text, sizeof(text), "left with reason %u linkable %d, and %u %d", a->reason, a->linkable, b->reason, b->linkable);
        return text;
    }
    for (unsigned s = 0; s < tcg_random_slot_count; s++) {
        const TcgSlot *slot = &tcg_random_slots[s];
        const char *pa = (const char *)a + slot->offset, *pb = (const char *)b + slot->offset;
        unsigned n = tcg_type_bytes(slot->type);

        if (slot->type == TCG_FLAGS_T) {
            uint32_t fa = tcg_ref_flags_x86((const TcgLazyFlags *)(const void *)pa), fb = tcg_ref_flags_x86((const TcgLazyFlags *)(const void *)pb);

            if (fa != fb) {
                g_snprintf(text, sizeof(text), "%s is 0x%x, and 0x%x", slot->name, fa, fb);
                return text;
            }
        } else if (memcmp(pa, pb, n) != 0) {
            uint64_t va[4] = {0}, vb[4] = {0};

            memcpy(va, pa, n);
            memcpy(vb, pb, n);
            g_snprintf(text, sizeof(text), "%s is %016" G_GINT64_MODIFIER "x'%016" G_GINT64_MODIFIER "x, and %016" G_GINT64_MODIFIER "x'%016" G_GINT64_MODIFIER "x",
                       slot->name, va[1], va[0], vb[1], vb[0]);
            return text;
        }
    }
    if ((a->parent.tcg.guest_mxcsr ^ b->parent.tcg.guest_mxcsr) & (mxcsr_mask | 0x6000)) {
        g_snprintf(text, sizeof(text), "mxcsr is 0x%x, and 0x%x", a->parent.tcg.guest_mxcsr, b->parent.tcg.guest_mxcsr);
        return text;
    }
    for (unsigned i = 0; i < RANDOM_MEM_SIZE; i++) {
        if (a->mem[i] != b->mem[i]) {
            g_snprintf(text, sizeof(text), "memory at +0x%x is 0x%02x, and 0x%02x", i, a->mem[i], b->mem[i]);
            return text;
        }
    }
    if (a->parent.tcg.excl_addr != b->parent.tcg.excl_addr) {
        return "the exclusive reservation differs";
    }
    return NULL;
}
