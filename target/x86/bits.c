/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of the bit instructions: what TinyCode has no operation for. The host's instruction does it where it has one.
 */
#include "bits.h"

#include <sys/random.h>

#include "accel/tcg/tcg-accel.h"

/* --- PDEP, PEXT (SDM 2B) --- */

static uint64_t pdep_plain(uint64_t v, uint64_t mask)
{
    uint64_t r = 0;
    for (; mask; mask &= mask - 1, v >>= 1) {
        r |= v & 1 ? mask & -mask : 0;
    }
    return r;
}

static uint64_t pext_plain(uint64_t v, uint64_t mask)
{
    uint64_t r = 0;
    for (unsigned k = 0; mask; mask &= mask - 1, k++) {
        r |= v & mask & -mask ? 1ull << k : 0;
    }
    return r;
}

/* CRC-32C, reflected (polynomial 0x1EDC6F41). */
static uint32_t crc32_plain(uint32_t crc, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < 8 * bytes; i++, v >>= 1) {
        crc = crc >> 1 ^ ((crc ^ v) & 1 ? 0x82f63b78u : 0);
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("bmi2"))) static uint64_t pdep_host(uint64_t v, uint64_t mask)
{
    return __builtin_ia32_pdep_di(v, mask);
}
__attribute__((target("bmi2"))) static uint64_t pext_host(uint64_t v, uint64_t mask)
{
    return __builtin_ia32_pext_di(v, mask);
}
__attribute__((target("sse4.2"))) static uint32_t crc32_host(uint32_t crc, uint64_t v, unsigned bytes)
{
    switch (bytes) {
    case 1: return __builtin_ia32_crc32qi(crc, (uint8_t)v);
    case 2: return __builtin_ia32_crc32hi(crc, (uint16_t)v);
    case 4: return __builtin_ia32_crc32si(crc, (uint32_t)v);
    default: return (uint32_t)__builtin_ia32_crc32di(crc, v);
    }
}
static bool has_bmi2(void) { return __builtin_cpu_supports("bmi2"); }
static bool has_crc32(void) { return __builtin_cpu_supports("sse4.2"); }
#else
#define pdep_host pdep_plain
#define pext_host pext_plain
#define crc32_host crc32_plain
static bool has_bmi2(void) { return false; }
static bool has_crc32(void) { return false; }
#endif

static uint64_t pdep(uint64_t v, uint64_t mask) { return has_bmi2() ? pdep_host(v, mask) : pdep_plain(v, mask); }
static uint64_t pext(uint64_t v, uint64_t mask) { return has_bmi2() ? pext_host(v, mask) : pext_plain(v, mask); }
static uint32_t crc32(uint32_t crc, uint64_t v, uint32_t bytes)
{
    return has_crc32() ? crc32_host(crc, v, bytes) : crc32_plain(crc, v, bytes);
}

const TcgHelper x86_helper_pdep = {"x86_pdep", (void *)pdep, TCG_HELPER_PURE, TCG_I64, {TCG_I64, TCG_I64},
                                   {{0}},      {{0}}};
const TcgHelper x86_helper_pext = {"x86_pext", (void *)pext, TCG_HELPER_PURE, TCG_I64, {TCG_I64, TCG_I64},
                                   {{0}},      {{0}}};
const TcgHelper x86_helper_crc32 = {"x86_crc32", (void *)crc32, TCG_HELPER_PURE, TCG_I32, {TCG_I32, TCG_I64, TCG_I32},
                                    {{0}},       {{0}}};

static uint64_t random64(CpuState *cpu)
{
    uint64_t v;
    if (getrandom(&v, sizeof(v), 0) != sizeof(v)) {
        v = (uint64_t)g_random_int() << 32 | g_random_int();
    }
    return v;
}
const TcgHelper x86_helper_random = {"x86_random", (void *)random64, 0, TCG_I64, {TCG_VOID}, {{0}}, {{0}}};

/* --- CMPXCHG16B: RDX:RAX with memory, RCX:RBX comes in; 1: was equal --- */

#if defined(__x86_64__)
__attribute__((target("cx16"))) static bool exchange16(void *host, unsigned __int128 *expected,
                                                       unsigned __int128 desired)
{
    unsigned __int128 seen = __sync_val_compare_and_swap((unsigned __int128 *)host, *expected, desired);
    bool same = seen == *expected;
    *expected = seen;
    return same;
}
#else
static bool exchange16(void *host, unsigned __int128 *expected, unsigned __int128 desired)
{
    return __atomic_compare_exchange_n((unsigned __int128 *)host, expected, desired, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}
#endif

static uint64_t cmpxchg16b(CpuState *cpu, uint64_t va, uint32_t mode)
{
    X86Cpu *x = x86_cpu(cpu);
    TcgMem mem = TCG_MEM(3, 0u, 0u, TCG_ALIGN_ANY, mode);
    unsigned __int128 expected = (unsigned __int128)x->gpr[X86_DX] << 64 | x->gpr[X86_AX];
    unsigned __int128 desired = (unsigned __int128)x->gpr[X86_CX] << 64 | x->gpr[X86_BX];
    if (va & 15) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    void *host = cpu_probe(cpu, va, 16, MMU_WRITE, mode);
    bool same;
    if (host) {
        same = exchange16(host, &expected, desired);
    } else { /* a device or a watched page */
        unsigned __int128 seen = (unsigned __int128)cpu_load(cpu, va + 8, mem) << 64 | cpu_load(cpu, va, mem);
        same = seen == expected;
        cpu_store(cpu, va, (uint64_t)(same ? desired : seen), mem);
        cpu_store(cpu, va + 8, (uint64_t)((same ? desired : seen) >> 64), mem);
        expected = seen;
    }
    if (!same) {
        x->gpr[X86_AX] = (uint64_t)expected;
        x->gpr[X86_DX] = (uint64_t)(expected >> 64);
    }
    return same;
}
#define S(reg) X86_S0(X86_SLOT_GPR + X86_##reg)
const TcgHelper x86_helper_cmpxchg16b = {"x86_cmpxchg16b",    (void *)cmpxchg16b,
                                         TCG_HELPER_RAISES,   TCG_I64,
                                         {TCG_I64, TCG_I32},  {{S(AX) | S(BX) | S(CX) | S(DX), 0}},
                                         {{S(AX) | S(DX), 0}}};
