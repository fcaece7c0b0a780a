/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text form of a region: `v12 = add.i64 v3, v7`, blocks with their predecessors, exits and maps where they are used.
 * For people: `-d op,op_opt`, tests, the debugger. Never parsed.
 */
#include "internal.h"
#include "tcg/hostvec.h"

#include <inttypes.h>

static const char *const cond_names[] = {"eq", "ne", "lt", "ge", "le", "gt", "ltu", "geu", "leu", "gtu"};
static const char *const flag_cond_names[] = {"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"};
static const char *const flags_kind_names[] = {"x86", "arm", "add", "adc", "sub", "sbb", "logic", "inc", "dec", "neg", "shl", "shr", "sar", "mul"};
static const char *const rmw_names[] = {"add", "and", "or", "xor", "swap", "min", "max", "minu", "maxu"};
static const char *const round_names[] = {"rne", "rtz", "rdn", "rup", "rmm", "dyn", "?", "?"};
static const char *const nan_names[] = {"riscv", "x86", "arm", "armdn", "?", "?", "?", "?"};
static const char *const edge_names[] = {"jump", "call", "return", "xret", "fall"};

#define NAME(table, i) ((size_t)(i) < G_N_ELEMENTS(table) ? (table)[i] : "?")

static const char *slot_name(const TcgRegion *r, uint32_t slot) { return slot < r->slot_count ? r->slots[slot].name : "?"; }

static void print_map(const TcgRegion *r, uint32_t map, FILE *out)
{
    const TcgMap *m = &r->maps[map];

    fprintf(out, "  map %u{", map);
    for (uint32_t i = 0; i < m->count; i++) {
        const TcgMapEntry *e = &r->map_entries[m->first + i];

        fprintf(out, "%s%s=v%u", i ? " " : "", slot_name(r, e->slot), e->val);
    }
    fputc('}', out);
}

static void print_exit(const TcgRegion *r, uint32_t index, FILE *out)
{
    const TcgExit *e;

    if (index >= r->exit_count) {
        fprintf(out, " exit %u?", index);
        return;
    }
    e = &r->exits[index];
    switch (e->kind) {
    case TCG_EXIT_DIRECT:
        fprintf(out, " -> 0x%" PRIx64 " %s", e->pc, NAME(edge_names, e->edge));
        break;
    case TCG_EXIT_INDIRECT:
        fprintf(out, " indirect %s", NAME(edge_names, e->edge));
        break;
    default:
        fprintf(out, " runtime reason=%u", e->reason);
        if (e->pc != UINT64_MAX) {
            fprintf(out, " pc=0x%" PRIx64, e->pc);
        }
        break;
    }
    if (e->edge == TCG_EDGE_CALL) {
        fprintf(out, " returns to 0x%" PRIx64, e->return_pc);
    }
}

static void print_mem(const TcgInsn *in, FILE *out)
{
    fprintf(out, "  %u%s%s%s mmu %u", 8 * tcg_mem_bytes(in->aux), tcg_mem_signed(in->aux) ? "s" : "", tcg_mem_big(in->aux) ? " big" : "",
            tcg_mem_align(in->aux) ? " aligned" : "", tcg_mem_mmu(in->aux));
}

static void print_fp(TcgFp fp, FILE *out)
{
    fprintf(out, " (%s %s%s)", round_names[tcg_fp_round(fp)], nan_names[tcg_fp_nan(fp)], tcg_fp_ftz(fp) ? " ftz" : "");
}

/* The parts of the operation's name behind the dot: types and conditions. */
static void print_suffix(const TcgRegion *r, const TcgInsn *in, FILE *out)
{
    const char *ops = tcg_op_info[in->op].operands;

    switch (in->op) {
    case TCG_OP_SETCOND:
    case TCG_OP_FCMP:
        fprintf(out, ".%s.%s", NAME(cond_names, in->cond), tcg_type_name((TcgType)(in->aux & 0xff)));
        return;
    case TCG_OP_SELECT:
        fprintf(out, ".%s.%s.%s", NAME(cond_names, in->cond), tcg_type_name((TcgType)in->aux), tcg_type_name((TcgType)in->type));
        return;
    case TCG_OP_BRCOND:
    case TCG_OP_EXIT_IF:
        fprintf(out, ".%s.%s", NAME(cond_names, in->cond), tcg_type_name((TcgType)in->type));
        return;
    case TCG_OP_FLAGS:
        fprintf(out, ".%s.%s", NAME(flags_kind_names, in->aux & 0xff), tcg_type_name((TcgType)in->sub));
        return;
    case TCG_OP_PUTF:
        fprintf(out, ".%s.%s", NAME(flags_kind_names, in->cond), tcg_type_name((TcgType)in->sub));
        return;
    case TCG_OP_FLAGTEST:
    case TCG_OP_BRFLAGS:
    case TCG_OP_EXIT_FLAGS:
        fprintf(out, ".%s", NAME(flag_cond_names, in->cond));
        return;
    case TCG_OP_ATOMIC:
        fprintf(out, ".%s", NAME(rmw_names, in->sub));
        break;
    default:
        break;
    }
    if (in->type != TCG_VOID) {
        fprintf(out, ".%s", tcg_type_name((TcgType)in->type));
    }
    if (ops[0] == 'x') {
        fprintf(out, ".%s", tcg_type_name((TcgType)(in->aux & 0xff)));
    } else if (ops[0] == 'n') {
        fprintf(out, ".%s", tcg_type_name((TcgType)in->sub));
    }
    if (tcg_type_is_vec((TcgType)in->type) && in->op >= TCG_OP_VDUP && in->op < TCG_OP_HOSTVEC) {
        fprintf(out, "x%u", 8u << (in->aux & 7));
    }
}

static void print_tail(const TcgRegion *r, const TcgInsn *in, FILE *out)
{
    uint32_t effects = tcg_op_info[in->op].effects;

    switch (in->op) {
    case TCG_OP_SEXT:
    case TCG_OP_ZEXT:
    case TCG_OP_VSHLI:
    case TCG_OP_VSHRI:
    case TCG_OP_VSARI:
    case TCG_OP_VINSERT:
    case TCG_OP_VEXTRACT:
        fprintf(out, ", %" PRIu64, in->imm);
        break;
    case TCG_OP_HOSTVEC:
    case TCG_OP_HOSTVECI:
    case TCG_OP_HOSTVEC3:
    case TCG_OP_HOSTVECG:
    case TCG_OP_HOSTVECX:
        fprintf(out, ", %s", in->aux < TCG_HV_COUNT ? tcg_hostvec[in->aux].name : "?");
        if (in->imm) {
            fprintf(out, ", %" PRIu64, in->imm);
        }
        break;
    case TCG_OP_EXTRACT:
    case TCG_OP_DEPOSIT:
        fprintf(out, ", pos %u len %u", (unsigned)(in->imm & 0xff), (unsigned)(in->imm >> 8 & 0xff));
        break;
    case TCG_OP_FMA:
        fprintf(out, "%s%s", in->imm & 1 ? " -product" : "", in->imm & 2 ? " -addend" : "");
        break;
    case TCG_OP_FCMP:
        fputs(in->imm ? " signalling" : "", out);
        return;
    case TCG_OP_FTOI:
    case TCG_OP_ITOF:
        fputs(in->imm ? " unsigned" : "", out);
        break;
    case TCG_OP_BR:
    case TCG_OP_BRCOND:
    case TCG_OP_BRFLAGS:
        fprintf(out, "%s block %u", in->op == TCG_OP_BR ? "" : " ->", in->aux);
        break;
    case TCG_OP_FENCE:
        fprintf(out, " %" PRIu64, in->imm);
        return;
    default:
        break;
    }
    if (effects & TCG_EFF_FP && in->op >= TCG_OP_FADD && in->op <= TCG_OP_ITOF) {
        print_fp(in->op == TCG_OP_FTOF || in->op == TCG_OP_FTOI ? in->aux >> 8 : in->aux, out);
    }
    if (effects & (TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE)) {
        print_mem(in, out);
    }
    if (effects & TCG_EFF_EXIT) {
        print_exit(r, in->aux, out);
    }
}

static void print_operands(const TcgRegion *r, const TcgBlock *block, const TcgInsn *in, FILE *out)
{
    unsigned n = tcg_operand_count(r, in);

    if (in->op == TCG_OP_PHI) {
        for (unsigned k = 0; k < block->pred_count; k++) {
            fprintf(out, "%s v%u", k ? "," : "", r->phi_args[in->aux + k]);
        }
        fprintf(out, " (%s)", slot_name(r, (uint32_t)in->imm));
    } else if (in->op == TCG_OP_CONST) {
        fprintf(out, " 0x%" PRIx64, in->imm);
    } else if (in->op == TCG_OP_GET || in->op == TCG_OP_PUT || in->op == TCG_OP_PUTF) {
        fprintf(out, " %s%s", slot_name(r, in->aux), n ? "," : "");
    } else if (in->op == TCG_OP_CALL) {
        fprintf(out, " %s%s", in->aux < r->helper_count ? r->helpers[in->aux]->name : "?", n ? "," : "");
    }
    for (unsigned k = 0; k < n; k++) {
        bool addr = k == 0 && tcg_op_info[in->op].effects & (TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE);

        fputs(k ? ", " : " ", out);
        if (addr && in->imm) {
            fprintf(out, "[v%u %c %" PRIu64 "]", in->arg[k], (int64_t)in->imm < 0 ? '-' : '+', (int64_t)in->imm < 0 ? -in->imm : in->imm);
        } else if (addr) {
            fprintf(out, "[v%u]", in->arg[k]);
        } else {
            fprintf(out, "v%u", in->arg[k]);
        }
    }
}

static void print_insn(const TcgRegion *r, const TcgBlock *block, TcgVal v, FILE *out)
{
    const TcgInsn *in = &r->insns[v];

    if (in->op == TCG_OP_INSN) {
        fprintf(out, "  ---- 0x%" PRIx64 " +%u\n", in->imm, in->aux);
        return;
    }
    fputs("  ", out);
    if (tcg_value_type(r, v) != TCG_VOID) {
        fprintf(out, "v%u = ", v);
    }
    fputs(in->op < TCG_OP_COUNT ? tcg_op_info[in->op].name : "?", out);
    print_suffix(r, in, out);
    print_operands(r, block, in, out);
    print_tail(r, in, out);
    if (in->map) {
        print_map(r, in->map, out);
    }
    fputc('\n', out);
}

void tcg_print(const TcgRegion *r, FILE *out)
{
    fprintf(out, "region 0x%" PRIx64 " flags 0x%" PRIx64 "%s\n", r->pc, r->flags, r->promoted ? " promoted" : "");
    for (uint32_t b = 0; b < r->block_count; b++) {
        const TcgBlock *block = &r->blocks[b];

        fprintf(out, "block %u", b);
        if (block->pc != UINT64_MAX) {
            fprintf(out, " at 0x%" PRIx64, block->pc);
        }
        for (unsigned k = 0; k < block->pred_count; k++) {
            fprintf(out, "%s%u", k ? " " : ", from ", r->preds[block->pred_first + k]);
        }
        if (block->loop_head) {
            fputs(", head of a loop", out);
        }
        if (block->loop_depth) {
            fprintf(out, ", depth %u", block->loop_depth);
        }
        fputc('\n', out);
        for (TcgVal v = block->first; v < block->end; v++) {
            print_insn(r, block, v, out);
        }
    }
}
