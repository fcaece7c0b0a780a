/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's memory operations: all through the runtime's functions, which may leave by longjmp.
 *
 * Exclusives: a load remembers address and value; a store succeeds where the address is the same and memory still holds the
 * value, by compare-exchange. (The same value written by somebody in between goes unnoticed; the architectures' typical
 * uses do not care, and generated code does the same.)
 */
#include <string.h>

#include "interp-internal.h"

static uint64_t low_bytes(uint64_t v, unsigned bytes) { return bytes >= 8 ? v : v & ((1ull << 8 * bytes) - 1); }

static void load(Interp *in, const TcgInsn *insn, uint64_t va, uint64_t *result)
{
    struct CpuState *cpu = in->cpu;

    memset(result, 0, 32);
    if (tcg_mem_bytes(insn->aux) > 8) {
        in->rt->load_vec(cpu, va, insn->aux);
        memcpy(result, cpu->tcg.call_ret, tcg_mem_bytes(insn->aux));
    } else {
        result[0] = low_bytes(in->rt->load(cpu, va, insn->aux), tcg_type_bytes((TcgType)insn->type));
    }
}

static void store(Interp *in, const TcgInsn *insn, uint64_t va, const uint64_t *value)
{
    struct CpuState *cpu = in->cpu;

    if (tcg_mem_bytes(insn->aux) > 8) {
        memcpy(cpu->tcg.call_arg, value, sizeof(cpu->tcg.call_arg));
        in->rt->store_vec(cpu, va, insn->aux);
    } else {
        in->rt->store(cpu, va, low_bytes(value[0], tcg_mem_bytes(insn->aux)), insn->aux);
    }
}

static void load_exclusive(Interp *in, const TcgInsn *insn, uint64_t va, uint64_t *result)
{
    load(in, insn, va, result);
    in->cpu->tcg.excl_addr = va;
    in->cpu->tcg.excl_val = low_bytes(result[0], tcg_mem_bytes(insn->aux));
}

static void store_exclusive(Interp *in, const TcgInsn *insn, uint64_t va, const uint64_t *value, uint64_t *result)
{
    struct CpuState *cpu = in->cpu;
    unsigned bytes = tcg_mem_bytes(insn->aux);
    uint64_t expected = cpu->tcg.excl_val;
    bool mine = cpu->tcg.excl_addr == va;

    cpu->tcg.excl_addr = ~0ull;
    result[0] = 1;
    if (mine) {
        uint64_t old = in->rt->cmpxchg(cpu, va, expected, low_bytes(value[0], bytes), insn->aux);

        result[0] = low_bytes(old, bytes) != low_bytes(expected, bytes);
    }
}

void tcg_interp_memory(Interp *in, const TcgInsn *insn, uint64_t *result)
{
    struct CpuState *cpu = in->cpu;
    uint64_t va = in->vals[insn->arg[0]][0] + insn->imm;
    const uint64_t *value = in->vals[insn->arg[1]];
    unsigned type_bytes = tcg_type_bytes((TcgType)insn->type), mem_bytes = tcg_mem_bytes(insn->aux);
    uint64_t out;

    cpu->tcg.ra = TCG_RA_INTERP;
    switch (insn->op) {
    case TCG_OP_LD:
        load(in, insn, va, result);
        break;
    case TCG_OP_ST:
        store(in, insn, va, value);
        break;
    case TCG_OP_ATOMIC:
        out = in->rt->atomic(cpu, va, low_bytes(value[0], mem_bytes), insn->aux | (uint32_t)insn->sub << 16);
        result[0] = low_bytes(out, type_bytes);
        break;
    case TCG_OP_CMPXCHG:
        out = in->rt->cmpxchg(cpu, va, low_bytes(value[0], mem_bytes), low_bytes(in->vals[insn->arg[2]][0], mem_bytes), insn->aux);
        result[0] = low_bytes(out, type_bytes);
        break;
    case TCG_OP_LDX:
        load_exclusive(in, insn, va, result);
        break;
    case TCG_OP_STX:
        store_exclusive(in, insn, va, value, result);
        break;
    default: /* FENCE */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        break;
    }
    cpu->tcg.ra = 0;
}
