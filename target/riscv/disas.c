/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disassembler: names and operands by the rows' formats, and the common pseudo-instructions. What does not decode is
 * printed as data (`.half`, `.word`).
 *
 * A format is plain text in which the words rd, rs1, rs2, frd, frs1, frs2, frs3, imm, upper, target, csr, zimm, rm, pred
 * and succ stand for operands.
 */
#include <string.h>

#include "helper.h"
#include "insn.h"

typedef struct Text {
    char *buf;
    size_t size, len;
} Text;

static void put(Text *t, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void put(Text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = t->len < t->size ? vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap) : 0;
    va_end(ap);
    t->len = MIN(t->len + (size_t)MAX(n, 0), t->size ? t->size - 1 : 0);
}

static void put_order(Text *t, unsigned bits)
{
    if (!(bits & 15)) {
        put(t, "0");
    }
    for (int i = 3; i >= 0; i--) {
        if (bits >> i & 1) {
            put(t, "%c", "wroi"[i]);
        }
    }
}

static void put_operand(Text *t, const RvInsn *d, const char *word)
{
    static const char *const modes[] = {"rne", "rtz", "rdn", "rup", "rmm", "rm5", "rm6", "dyn"};
    char name[24];
    const struct {
        const char *word;
        const char *value;
    } registers[] = {
        {"rd", riscv_x_names[d->rd]}, {"rs1", riscv_x_names[d->rs1]}, {"rs2", riscv_x_names[d->rs2]},
        {"frd", riscv_f_names[d->rd]}, {"frs1", riscv_f_names[d->rs1]}, {"frs2", riscv_f_names[d->rs2]},
        {"frs3", riscv_f_names[d->rs3]}, {"rm", modes[d->rm]},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (g_str_equal(word, registers[i].word)) {
            put(t, "%s", registers[i].value);
            return;
        }
    }
    if (g_str_equal(word, "imm")) {
        put(t, "%" G_GINT64_FORMAT, d->imm);
    } else if (g_str_equal(word, "upper")) {
        put(t, "0x%x", (unsigned)(d->imm >> 12) & 0xfffff);
    } else if (g_str_equal(word, "target")) {
        put(t, "0x%" G_GINT64_MODIFIER "x", rv_target_pc(d));
    } else if (g_str_equal(word, "csr")) {
        put(t, "%s", riscv_csr_name((unsigned)d->imm, name, sizeof(name)));
    } else if (g_str_equal(word, "zimm")) {
        put(t, "%u", d->rs1);
    } else if (g_str_equal(word, "pred")) {
        put_order(t, (unsigned)d->imm >> 4);
    } else if (g_str_equal(word, "succ")) {
        put_order(t, (unsigned)d->imm);
    } else {
        put(t, "%s", word);
    }
}

static void put_name(Text *t, const char *name, const char *format) { put(t, *format ? "%-15s " : "%s", name); }

static void put_format(Text *t, const RvInsn *d, const char *format)
{
    bool has_rm = d->len == 4 && d->rm != 7;
    for (const char *s = format; *s;) {
        size_t n = strcspn(s, " ,()");
        char word[16];
        if (!n) {
            put(t, "%c", *s++);
            continue;
        }
        g_strlcpy(word, s, MIN(n + 1, sizeof(word)));
        put_operand(t, d, word);
        s += n;
        if (!has_rm && g_str_equal(s, ", rm")) {
            return; /* the dynamic mode goes without saying */
        }
    }
}

/* Pseudo-instructions: rows as an assembler would write them. */
static bool put_alias(Text *t, const RvInsn *d)
{
    const char *name = d->row->name, *alias = NULL, *format = "";
    if (g_str_equal(name, "addi")) {
        if (!d->rd && !d->rs1 && !d->imm) {
            alias = "nop";
        } else if (!d->rs1) {
            alias = "li";
            format = "rd, imm";
        } else if (!d->imm) {
            alias = "mv";
            format = "rd, rs1";
        }
    } else if (g_str_equal(name, "jal") && d->rd < 2) {
        alias = d->rd ? "jal" : "j";
        format = "target";
    } else if (g_str_equal(name, "jalr") && !d->imm && d->rd < 2) {
        bool ret = !d->rd && d->rs1 == 1;
        alias = ret ? "ret" : d->rd ? "jalr" : "jr";
        format = ret ? "" : "rs1";
    } else if ((g_str_equal(name, "beq") || g_str_equal(name, "bne")) && !d->rs2) {
        alias = name[1] == 'e' ? "beqz" : "bnez";
        format = "rs1, target";
    } else if (g_str_equal(name, "csrrs") && !d->rs1) {
        alias = "csrr";
        format = "rd, csr";
    } else if ((g_str_has_prefix(name, "csrr")) && !d->rd) {
        static const char *const names[] = {"", "csrw", "csrs", "csrc", "", "csrwi", "csrsi", "csrci"};
        alias = names[d->bits >> 12 & 7];
        format = d->bits >> 14 & 1 ? "csr, zimm" : "csr, rs1";
    } else if (d->bits == 0x0100000f) {
        alias = "pause";
    }
    if (alias) {
        put_name(t, alias, format);
        put_format(t, d, format);
    }
    return alias != NULL;
}

void riscv_disassemble(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, char *text, size_t size)
{
    Text t = {.buf = text, .size = size};
    if (size) {
        text[0] = 0;
    }
    if (avail < 2 || avail < riscv_insn_len(code[0])) {
        put(&t, "(truncated)");
        return;
    }
    uint32_t bits = (uint32_t)code[0] | (uint32_t)code[1] << 8;
    if (riscv_insn_len(code[0]) == 4) {
        bits |= (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
    }
    RvInsn d = {.pc = pc};
    riscv_decode(&d, bits, flags);
    if (!d.row) {
        put(&t, d.len == 2 ? ".half           0x%04x" : ".word           0x%08x", d.bits);
    } else if (!put_alias(&t, &d)) {
        bool atomic = d.row->ext == RISCV_EXT_A;
        static const char *const orders[] = {"", ".rl", ".aq", ".aqrl"};
        g_autofree char *name = g_strconcat(d.row->name, atomic ? orders[d.imm & 3] : "", NULL);
        put_name(&t, name, d.row->format);
        put_format(&t, &d, d.row->format);
    }
}
