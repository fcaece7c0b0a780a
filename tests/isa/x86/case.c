/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing, printing, writing and reading cases.
 */
#include <stdlib.h>
#include <string.h>

#include "../../../target/x86/insn.h"
#include "case.h"

#define X64 "%016" G_GINT64_MODIFIER "x"
enum { COMPARED_FLAGS = EFL_STATUS | EFL_DF | EFL_TF | EFL_NT | EFL_AC | EFL_ID };

static const char *const names64[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

/* ---- comparison ---- */

static void differ(GString **out, const char *name, unsigned n, uint64_t expected, uint64_t got)
{
    if (expected != got) {
        *out = *out ? *out : g_string_new(NULL);
        g_string_append_printf(*out, "    ");
        g_string_append_printf(*out, name, n);
        g_string_append_printf(*out, ": expected " X64 ", got " X64 "\n", expected, got);
    }
}

static void compare_vectors(GString **out, const X86BenchState *e, const X86BenchState *g, unsigned regs)
{
    for (unsigned i = 0; i < regs; i++) {
        if (memcmp(e->ymm[i], g->ymm[i], 32)) {
            *out = *out ? *out : g_string_new(NULL);
            g_string_append_printf(*out,
                                   "    ymm%u: expected " X64 "_" X64 "_" X64 "_" X64 "\n          %*sgot " X64 "_" X64
                                   "_" X64 "_" X64 "\n",
                                   i, e->ymm[i][3], e->ymm[i][2], e->ymm[i][1], e->ymm[i][0], i < 10 ? 5 : 6, "",
                                   g->ymm[i][3], g->ymm[i][2], g->ymm[i][1], g->ymm[i][0]);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (e->st[i].mantissa != g->st[i].mantissa || e->st[i].exponent != g->st[i].exponent) {
            *out = *out ? *out : g_string_new(NULL);
            g_string_append_printf(*out, "    st%u: expected %04x:" X64 ", got %04x:" X64 "\n", i, e->st[i].exponent,
                                   e->st[i].mantissa, g->st[i].exponent, g->st[i].mantissa);
        }
    }
}

static void compare_data(GString **out, const uint8_t *expected, const uint8_t *got)
{
    unsigned lines = 0;
    if (!memcmp(expected, got, X86_BENCH_DATA_SIZE)) {
        return;
    }
    *out = *out ? *out : g_string_new(NULL);
    for (unsigned i = 0; i < X86_BENCH_DATA_SIZE && lines < 6; i += 16) {
        if (memcmp(expected + i, got + i, 16)) {
            g_string_append_printf(*out, "    memory %x: expected", X86_BENCH_DATA + i);
            for (unsigned k = 0; k < 16; k++) {
                g_string_append_printf(*out, " %02x", expected[i + k]);
            }
            g_string_append_printf(*out, "\n                        got");
            for (unsigned k = 0; k < 16; k++) {
                g_string_append_printf(*out, " %02x", got[i + k]);
            }
            g_string_append_c(*out, '\n');
            lines++;
        }
    }
}

char *compare_states(const CompareOptions *o, const X86BenchCase *c, const X86BenchState *got, const uint8_t *data)
{
    const X86BenchState *e = &c->out;
    GString *out = NULL;
    bool is64 = c->mode == X86_BENCH_64;
    if (e->vector == X86_EXC_GP && is64 && (uint64_t)((int64_t)(got->rip << 16) >> 16) != got->rip) {
        return NULL; /* a jump to an address that is not canonical faults before or behind the jump, by processor */
    }
    if (e->vector == X86_EXC_MF &&
        (got->vector == X86_EXC_PF || got->vector == X86_EXC_GP || got->vector == X86_EXC_SS) && e->rip == got->rip &&
        !o->strict) {
        return NULL; /* a waiting x87 exception and a fault of memory: which one is first does not matter to anybody */
    }
    if ((e->fsw & ~c->in.fsw & 0x80) && got->vector != X86_EXC_MF && e->rip != got->rip && !o->strict) {
        return NULL; /* a store of an empty register that is not masked: the operand's segment need not be looked at */
    }
    uint32_t present = e->vector == X86_EXC_PF && e->fault_address >> 63
                           ? X86_PFEC_P
                           : 0; /* what the kernel has there is its affair */
    bool stack = ((e->vector == X86_EXC_SS && got->vector == X86_EXC_GP) ||
                  (e->vector == X86_EXC_GP && got->vector == X86_EXC_SS)) &&
                 e->rip == got->rip && !o->strict;
    differ(&out, "vector", 0, stack ? got->vector : e->vector, got->vector);
    differ(&out, "error code", 0, e->error & ~present, got->error & ~present);
    bool same_page =
        e->vector == X86_EXC_PF && (e->fault_address ^ got->fault_address) < 4096 && !o->strict; /* long operands */
    differ(&out, "fault address", 0, e->fault_address, same_page ? e->fault_address : got->fault_address);
    differ(&out, "rip", 0, e->rip, got->rip);
    for (unsigned i = 0; i < (is64 ? 16u : 8u); i++) {
        differ(&out, names64[i], 0, is64 ? e->gpr[i] : (uint32_t)e->gpr[i], got->gpr[i]);
    }
    uint32_t mask = COMPARED_FLAGS & ~o->undefined;
    differ(&out, "flags", 0, e->rflags & mask, got->rflags & mask);
    differ(&out, "mxcsr", 0, e->mxcsr, got->mxcsr);
    differ(&out, "fcw", 0, e->fcw, got->fcw);
    differ(&out, "fsw", 0, e->fsw, got->fsw);
    differ(&out, "ftw", 0, e->ftw, got->ftw);
    if (o->x87_pointers) {
        differ(&out, "fip", 0, e->fip, got->fip);
        differ(&out, "fdp", 0, e->fdp, got->fdp);
        differ(&out, "fop", 0, e->fop, got->fop);
    }
    if (is64) {
        differ(&out, "fs base", 0, e->fs_base, got->fs_base);
        differ(&out, "gs base", 0, e->gs_base, got->gs_base);
    }
    compare_vectors(&out, e, got, is64 ? 16 : 8);
    compare_data(&out, c->data_out, data);
    return out ? g_string_free(out, FALSE) : NULL;
}

/* ---- printing ---- */

static bool all_zero(const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        if (b[i]) {
            return false;
        }
    }
    return true;
}

void case_write(const X86BenchCase *c, uint64_t flags, uint32_t undefined, FILE *out)
{
    static const char *const modes[] = {"64", "32", "16"};
    const X86BenchState *s = &c->in;
    fprintf(out, "%s at=%x code=", modes[c->mode], c->code_offset);
    for (unsigned i = 0; i < c->code_len; i++) {
        fprintf(out, "%02x", c->code[i]);
    }
    fprintf(out, " flags=%x", (unsigned)s->rflags);
    if (undefined) {
        fprintf(out, " undefined=%x", undefined);
    }
    for (unsigned i = 0; i < 16; i++) {
        if (s->gpr[i]) {
            fprintf(out, " %s=%" G_GINT64_MODIFIER "x", names64[i], s->gpr[i]);
        }
        if (!all_zero(s->ymm[i], 32)) {
            fprintf(out, " ymm%u=" X64 X64 X64 X64, i, s->ymm[i][3], s->ymm[i][2], s->ymm[i][1], s->ymm[i][0]);
        }
    }
    fprintf(out, " mxcsr=%x fcw=%x fsw=%x ftw=%x", s->mxcsr, s->fcw, s->fsw, s->ftw);
    for (unsigned i = 0; i < 8; i++) {
        if (s->st[i].mantissa || s->st[i].exponent) {
            fprintf(out, " st%u=%x:%" G_GINT64_MODIFIER "x", i, s->st[i].exponent, s->st[i].mantissa);
        }
    }
    for (unsigned i = 0; i < sizeof(c->data); i += 16) {
        if (!all_zero(c->data + i, 16)) {
            fprintf(out, " %x=", i);
            for (unsigned k = 0; k < 16; k++) {
                fprintf(out, "%02x", c->data[i + k]);
            }
        }
    }
    fputs(" ;", out);
    for (unsigned at = 0; at < c->code_len;) {
        char text[128] = "?";
        X86Insn d;
        memset(&d, 0, sizeof(d));
        uint64_t pc = s->rip + at;
        if (!x86_decode(&d, c->code + at, c->code_len - at, pc, flags) || !d.len) {
            break;
        }
        x86_disassemble(c->code + at, c->code_len - at, pc, flags, text, sizeof(text));
        fprintf(out, "%s %s", at ? ";" : "", text);
        at += d.len;
    }
    fputc('\n', out);
}

void case_print(const X86BenchCase *c, uint64_t flags, uint32_t undefined, FILE *out)
{
    const X86BenchState *s = &c->in;
    for (unsigned at = 0; at < c->code_len;) {
        char text[128] = "?";
        X86Insn d;
        memset(&d, 0, sizeof(d));
        uint64_t pc = s->rip + at;
        if (!x86_decode(&d, c->code + at, c->code_len - at, pc, flags) || !d.len) {
            break;
        }
        x86_disassemble(c->code + at, c->code_len - at, pc, flags, text, sizeof(text));
        fprintf(out, "    %" G_GINT64_MODIFIER "x  ", pc);
        for (unsigned i = 0; i < 12; i++) {
            fprintf(out, i < d.len && at + i < c->code_len ? "%02x" : "  ", c->code[MIN(at + i, sizeof(c->code) - 1)]);
        }
        fprintf(out, "  %s%s%s%s\n", text, d.row ? "" : " (no row)", d.row ? "  # " : "", d.row ? d.row->pattern : "");
        at += d.len;
    }
    fputs("  case: ", out);
    g_autofree X86BenchCase *brief = g_memdup2(c, sizeof(*c));
    unsigned lines = 0;
    for (unsigned i = 0; i < sizeof(c->data); i += 16) {
        lines += !all_zero(c->data + i, 16);
    }
    if (lines > 16) {
        memset(brief->data, 0, sizeof(brief->data));
    }
    case_write(brief, flags, undefined, out);
    fprintf(out, "  ended by exception %u at %" G_GINT64_MODIFIER "x%s\n", c->out.vector, c->out.rip,
            lines > 16 ? ", depends on much memory" : "");
}

/* ---- reading ---- */

static bool hex_bytes(const char *s, uint8_t *out, size_t max, size_t *n)
{
    for (*n = 0; s[0] && s[1]; s += 2, ++*n) {
        if (!g_ascii_isxdigit(s[0]) || !g_ascii_isxdigit(s[1]) || *n == max) {
            return false;
        }
        out[*n] = (uint8_t)(g_ascii_xdigit_value(s[0]) << 4 | g_ascii_xdigit_value(s[1]));
    }
    return !s[0];
}

static bool put_number(X86BenchCase *c, const char *name, uint64_t v)
{
    X86BenchState *s = &c->in;
    for (unsigned i = 0; i < 16; i++) {
        if (!strcmp(name, names64[i])) {
            s->gpr[i] = v;
            return true;
        }
    }
    if (!strcmp(name, "at") && v <= X86_BENCH_CODE_SIZE - X86_BENCH_MAX_CODE) {
        c->code_offset = (uint32_t)v;
    } else if (!strcmp(name, "flags")) {
        s->rflags = v;
    } else if (!strcmp(name, "undefined")) {
        c->out.rflags = v;
    } else if (!strcmp(name, "mxcsr")) {
        s->mxcsr = (uint32_t)v & 0xffff;
    } else if (!strcmp(name, "fcw")) {
        s->fcw = (uint16_t)v;
    } else if (!strcmp(name, "fsw")) {
        s->fsw = (uint16_t)v;
    } else if (!strcmp(name, "ftw")) {
        s->ftw = (uint16_t)v;
    } else {
        return false;
    }
    return true;
}

static bool read_word(X86BenchCase *c, char *word)
{
    char *value = strchr(word, '=');
    size_t n;
    if (!value) {
        c->mode = !strcmp(word, "64") ? X86_BENCH_64 : !strcmp(word, "32") ? X86_BENCH_32 : X86_BENCH_16;
        return c->mode != X86_BENCH_16 || !strcmp(word, "16");
    }
    *value++ = 0;
    if (!strcmp(word, "code")) {
        bool ok = hex_bytes(value, c->code, sizeof(c->code), &n);
        c->code_len = (uint32_t)n;
        return ok;
    }
    if (put_number(c, word, strtoull(value, NULL, 16))) {
        return true;
    }
    if (g_str_has_prefix(word, "ymm")) {
        unsigned reg = (unsigned)atoi(word + 3) & 15;
        uint8_t bytes[32];
        if (!hex_bytes(value, bytes, 32, &n) || n != 32) {
            return false;
        }
        for (unsigned i = 0; i < 32; i++) {
            ((uint8_t *)c->in.ymm[reg])[i] = bytes[31 - i];
        }
        return true;
    }
    if (g_str_has_prefix(word, "st")) {
        unsigned reg = (unsigned)atoi(word + 2) & 7;
        char *rest;
        c->in.st[reg].exponent = (uint16_t)strtoul(value, &rest, 16);
        c->in.st[reg].mantissa = *rest == ':' ? strtoull(rest + 1, NULL, 16) : 0;
        return *rest == ':';
    }
    uint64_t at = strtoull(word, &word, 16);
    return !*word && at + 16 <= sizeof(c->data) && hex_bytes(value, c->data + at, 16, &n);
}

bool case_read_file(const char *path, GPtrArray *cases)
{
    g_autofree char *text = NULL;
    GError *err = NULL;
    if (!g_file_get_contents(path, &text, NULL, &err)) {
        fprintf(stderr, "%s\n", err->message);
        g_error_free(err);
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        *strchrnul(lines[i], ';') = 0;
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(lines[i]), " ", -1);
        if (!words[0] || !*words[0] || *words[0] == '#') {
            continue;
        }
        X86BenchCase *c = g_new0(X86BenchCase, 1);
        g_ptr_array_add(cases, c);
        for (unsigned k = 0; words[k]; k++) {
            if (*words[k] && !read_word(c, words[k])) {
                fprintf(stderr, "%s:%u: cannot read '%s'\n", path, i + 1, words[k]);
                return false;
            }
        }
        c->in.rip = X86_BENCH_CODE + c->code_offset;
        if (c->mode == X86_BENCH_64) {
            c->in.fs_base = X86_BENCH_FS_BASE;
            c->in.gs_base = X86_BENCH_GS_BASE;
        }
    }
    return true;
}
