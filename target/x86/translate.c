/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The target's face to the translator: what the next instruction is (scan) and its translation. All of it is a function of
 * code bytes, pc and region flags.
 *
 * Order of faults before an instruction does anything (SDM 3A table 6-2 and each page's lists): breakpoint, #UD of decoding,
 * #UD and #NM by CR0 and CR4, #GP by privilege.
 */
#include "decode-internal.h"
#include "emit-internal.h"

/* --- what the mode forbids --- */

static int check_fpu(const X86Insn *d)
{
    uint32_t f = d->row->flags;
    uint64_t rf = d->flags;
    if (f & X86_ROW_SSE && (d->vex ? !(rf & X86_RF_AVX) : rf & X86_RF_EM || !(rf & X86_RF_OSFXSR))) {
        return X86_EXC_UD;
    }
    if (f & X86_ROW_MMX && rf & X86_RF_EM) {
        return X86_EXC_UD;
    }
    if (f & X86_ROW_X87 && rf & X86_RF_EM) {
        return X86_EXC_NM;
    }
    return rf & X86_RF_TS ? X86_EXC_NM : -1;
}

/* The exception that the mode raises for this instruction; -1: none. */
static int check_mode(const X86Insn *d)
{
    uint32_t f = d->row->flags;
    if (f & (X86_ROW_SSE | X86_ROW_MMX | X86_ROW_X87)) {
        int vector = check_fpu(d);
        if (vector >= 0) {
            return vector;
        }
    }
    if (f & X86_ROW_CPL0 && d->flags & X86_RF_CPL) {
        return X86_EXC_GP;
    }
    return f & X86_ROW_IOPL && !(d->flags & X86_RF_IOPL) ? X86_EXC_GP : -1;
}

/* --- scan --- */

void x86_scan(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, ScanInfo *info)
{
    X86Insn d = {.b = NULL};
    *info = (ScanInfo){.kind = SCAN_STOP};
    if (!x86_decode(&d, code, avail, pc, flags)) {
        return;
    }
    info->len = d.len;
    if (!d.row || flags & (X86_RF_TF | X86_RF_BREAK | X86_RF_SHADOW) || d.row->flags & X86_ROW_ENDS ||
        check_mode(&d) >= 0) {
        return;
    }
    info->kind = (ScanKind)d.row->scan;
    if (info->kind == SCAN_BRANCH || info->kind == SCAN_JUMP || info->kind == SCAN_CALL) {
        info->target = x86_target_pc(&d);
    }
}

unsigned x86_fetch_mode(uint64_t flags) { return (flags & X86_RF_CPL) == 3 ? X86_MODE_U : X86_MODE_K; }

/* --- translate --- */

static void check_breakpoint(CpuState *cpu, uint64_t linear) { x86_check_breakpoint(x86_cpu(cpu), linear); }
static const TcgHelper helper_breakpoint = {"x86_check_breakpoint", (void *)check_breakpoint, TCG_HELPER_RAISES, TCG_VOID, {TCG_I64},
                                            X86_SLOTS_SYSTEM, X86_SLOTS_SYSTEM};

static void emit_too_long(X86Insn *d) { x86_emit_raise_error(d, X86_EXC_GP, 0); }
const X86Row x86_row_too_long = {.name = "(too long)", .pattern = "", .emit = emit_too_long, .scan = SCAN_STOP, .flags = X86_ROW_ENDS};

static bool reads_memory(const X86Insn *d)
{
    for (unsigned i = 1; i < d->op_count; i++) {
        if (d->op[i].kind == X86_OP_MEM) {
            return true;
        }
    }
    return false;
}

static void emit_checked(X86Insn *d)
{
    int vector = d->row ? check_mode(d) : X86_EXC_UD;
    if (vector == X86_EXC_GP) {
        x86_emit_raise_error(d, X86_EXC_GP, 0);
    } else if (vector >= 0) {
        x86_emit_raise(d, (X86Exception)vector);
    } else {
        if (!reads_memory(d)) { /* else behind the load, which may fault */
            x86_emit_fp_begin(d);
        }
        d->row->emit(d);
        if (d->row->flags & X86_ROW_ENDS || d->flags & (X86_RF_TF | X86_RF_BREAK | X86_RF_SHADOW)) {
            x86_emit_leave(d);
        }
    }
}

void x86_translate(TcgBuilder *b, const uint8_t *code, uint64_t pc, uint64_t flags)
{
    X86Insn d = {.b = b};
    x86_decode(&d, code, X86_MAX_INSN_LEN, pc, flags);
    if (flags & X86_RF_BREAK) {
        tcg_call(b, &helper_breakpoint, x86_const(&d, pc), TCG_NONE, TCG_NONE, TCG_NONE);
    }
    if (flags & X86_RF_SHADOW) { /* ends with this instruction, even if it jumps to itself */
        tcg_put(b, X86_SLOT_INHIBIT, x86_const(&d, UINT64_MAX));
    }
    emit_checked(&d);
}
