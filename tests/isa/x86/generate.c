/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encodings from patterns: each sample is assembled from the row's pattern with random free fields, then decoded, and
 * kept if it is that row's. So the generator need not know what decides between rows.
 */
#include <cpuid.h>
#include <string.h>

#include <glib.h>

#include "generate.h"

uint64_t gen_random(GenRandom *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static bool chance(GenRandom *r, unsigned one_in) { return gen_below(r, one_in) == 0; }

/* ---- what is left out ---- */

static bool is_left_out(const X86Row *row)
{
    static const char *const names[] = {
        /* enter the kernel, or show what it does */
        "syscall",
        "sysenter",
        "sysexit",
        "sysret*",
        "int",
        "iret*",
        "sgdt",
        "sidt",
        "sldt",
        "str",
        "smsw",
        /* differ between processors or from time to time */
        "cpuid",
        "rdtsc*",
        "rdpmc",
        "rdrand",
        "rdseed",
        "rdpid",
        "xgetbv",
        "xsaveopt*",
        "xsavec*",
        "xsaves*",
        "xrstor*",
        "wrpkru",
        "rdpkru",
        "monitor*",
        "mwait*",
        "umonitor",
        "umwait",
        "tpause",
        "xbegin",
        "xend",
        "xabort",
        "xtest",
        "enqcmd*",
        "vmcall",
        "vmmcall",
        "rsm",
        "fxrstor*",
        "endbr*",
        "serialize",
        "ptwrite",
        "wbnoinvd",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_pattern_match_simple(names[i], row->name)) {
            return true;
        }
    }
    /* segment registers, far transfers and the like: descriptors are the kernel's */
    return row >= x86_rows_segment.rows && row < x86_rows_segment.rows + x86_rows_segment.count;
}

bool gen_host_has(unsigned feature)
{
    static const struct {
        unsigned leaf, subleaf, reg;
    } where[X86_FEATW_COUNT] = {
        [X86_FEATW_1_EDX] = {1, 0, 3},
        [X86_FEATW_1_ECX] = {1, 0, 2},
        [X86_FEATW_7_EBX] = {7, 0, 1},
        [X86_FEATW_7_ECX] = {7, 0, 2},
        [X86_FEATW_7_EDX] = {7, 0, 3},
        [X86_FEATW_7_1_EAX] = {7, 1, 0},
        [X86_FEATW_8001_EDX] = {0x80000001, 0, 3},
        [X86_FEATW_8001_ECX] = {0x80000001, 0, 2},
        [X86_FEATW_8007_EDX] = {0x80000007, 0, 3},
        [X86_FEATW_8008_EBX] = {0x80000008, 0, 1},
        [X86_FEATW_D_1_EAX] = {13, 1, 0},
        [X86_FEATW_6_EAX] = {6, 0, 0},
    };
    unsigned out[4], w = feature >> 5;
    return w < X86_FEATW_COUNT &&
           __get_cpuid_count(where[w].leaf, where[w].subleaf, &out[0], &out[1], &out[2], &out[3]) &&
           (out[where[w].reg] >> (feature & 31) & 1);
}

/* CPUID is slow on virtual hosts. */
static bool host_has_cached(unsigned feature)
{
    static uint8_t known[X86_FEATW_COUNT * 32]; /* 1: no, 2: yes; tests have one thread */
    if (!known[feature]) {
        known[feature] = gen_host_has(feature) ? 2 : 1;
    }
    return known[feature] == 2;
}

/* ---- one encoding ---- */

typedef struct Encoding {
    uint8_t map, opcode;
    int prefix; /* 0, 0x66, 0xf2, 0xf3; -1: free */
    int w;      /* -1: free */
    bool vex, plus_r, plus_i, modrm;
    int l;                 /* -1: free */
    int digit, fixed, mod; /* -1: free; mod: 0 memory, 3 register */
} Encoding;

static int hex2(const char *s)
{
    return g_ascii_isxdigit(s[0]) && g_ascii_isxdigit(s[1])
               ? g_ascii_xdigit_value(s[0]) << 4 | g_ascii_xdigit_value(s[1])
               : -1;
}

static void parse_vex(Encoding *e, const char *t)
{
    g_auto(GStrv) parts = g_strsplit(t, ".", -1);
    e->vex = true;
    e->prefix = 0;
    for (char **p = parts + 1; *p; p++) {
        const char *s = *p;
        if (strcmp(s, "128") == 0 || strcmp(s, "LZ") == 0 || strcmp(s, "L0") == 0) {
            e->l = 0;
        } else if (strcmp(s, "256") == 0 || strcmp(s, "L1") == 0) {
            e->l = 1;
        } else if (strcmp(s, "66") == 0 || strcmp(s, "F3") == 0 || strcmp(s, "F2") == 0) {
            e->prefix = hex2(s);
        } else if (g_str_has_prefix(s, "0F")) {
            e->map = strcmp(s, "0F") == 0 ? 2 : strcmp(s, "0F38") == 0 ? 3 : 4;
        } else if (strcmp(s, "W0") == 0 || strcmp(s, "W1") == 0) {
            e->w = s[1] - '0';
        }
    }
}

static void parse_pattern(const char *pattern, Encoding *e)
{
    g_auto(GStrv) tok = g_strsplit(pattern, " ", -1);
    bool have_op = false;
    *e = (Encoding){.map = 1, .prefix = -1, .w = -1, .l = -1, .digit = -1, .fixed = -1, .mod = -1};
    for (unsigned i = 0; tok[i]; i++) {
        const char *s = tok[i];
        bool more_hex = tok[i + 1] && (g_str_has_prefix(tok[i + 1], "0F") || g_str_has_prefix(tok[i + 1], "REX") ||
                                       hex2(tok[i + 1]) >= 0 || g_str_has_prefix(tok[i + 1], "W"));
        if (!*s) {
            continue;
        } else if (g_str_has_prefix(s, "VEX.")) {
            parse_vex(e, s);
        } else if (strcmp(s, "NP") == 0) {
            e->prefix = 0;
        } else if (strcmp(s, "NFx") == 0) {
            e->prefix = -2;
        } else if (strcmp(s, "REX.W") == 0) {
            e->w = 1;
        } else if (strcmp(s, "W0") == 0) {
            e->w = 0;
        } else if (!have_op && !e->vex && e->map == 1 && more_hex &&
                   (strcmp(s, "66") == 0 || strcmp(s, "F2") == 0 || strcmp(s, "F3") == 0)) {
            e->prefix = hex2(s);
        } else if (!have_op && strcmp(s, "0F") == 0 && e->map == 1) {
            e->map = 2;
        } else if (!have_op && strcmp(s, "0F38") == 0) {
            e->map = 3;
        } else if (!have_op && strcmp(s, "0F3A") == 0) {
            e->map = 4;
        } else if (!have_op && hex2(s) >= 0) {
            e->opcode = (uint8_t)hex2(s);
            have_op = true;
            e->plus_r = strstr(s, "+r") != NULL;
        } else if (strcmp(s, "+r") == 0) {
            e->plus_r = true;
        } else if (strcmp(s, "/r") == 0) {
            e->modrm = true;
        } else if (s[0] == '/' && g_ascii_isdigit(s[1])) {
            e->modrm = true;
            e->digit = s[1] - '0';
        } else if (strcmp(s, "mod=m") == 0 || strcmp(s, "mod=3") == 0) {
            e->modrm = true;
            e->mod = s[4] == 'm' ? 0 : 3;
        } else if (hex2(s) >= 0) {
            e->modrm = true;
            e->fixed = hex2(s);
            e->plus_i = strstr(s, "+i") != NULL;
        }
    }
}

/* Registers by role: what gen_state() makes of them. RBX RSP RBP RSI RDI R12 R13 R14 point to data; RCX R9 are small.
 */
static const uint8_t bases[] = {3, 4, 5, 6, 7, 12, 13, 14}, indexes[] = {1, 9, 1, 9, 0};
static bool is_pointer(unsigned reg) { return memchr(bases, (int)reg, sizeof(bases)) != NULL; }

static uint32_t data_offset(GenRandom *r)
{
    uint32_t at = gen_below(r, X86_BENCH_DATA_SIZE - 64);
    switch (gen_below(r, 16)) {
    case 0: return X86_BENCH_DATA_SIZE - gen_below(r, 40);                     /* into the read-only page */
    case 1: return X86_BENCH_DATA_SIZE + X86_BENCH_RO_SIZE - gen_below(r, 40); /* out of it */
    case 2: return 0x1000 - gen_below(r, 40);                                  /* over a page's end */
    case 3: return at;
    case 4: return at & ~7u;
    default: return at & ~31u;
    }
}

typedef struct Operand {
    uint8_t bytes[8]; /* SIB, displacement */
    unsigned len;
    uint8_t modrm, rex; /* mod and rm; REX.X and .B */
    int disp_at;        /* of a RIP-relative displacement, in bytes[]; -1: none */
} Operand;

static void put32(Operand *o, uint32_t v)
{
    memcpy(o->bytes + o->len, &v, 4);
    o->len += 4;
}

static void memory16(GenRandom *r, Operand *o)
{
    unsigned rm = gen_below(r, 8), mod = gen_below(r, 3);
    uint32_t disp = mod == 1 ? gen_below(r, 256) : gen_below(r, 64);
    if (mod == 0 && rm == 6) {
        disp = data_offset(r);
        mod = 0;
    }
    o->modrm = (uint8_t)(mod << 6 | rm);
    unsigned bytes = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
    if (mod == 0 && rm != 6) {
        bytes = 0;
    }
    memcpy(o->bytes, &disp, bytes);
    o->len = bytes;
}

static void memory32(GenRandom *r, bool is64, uint32_t data_base, Operand *o)
{
    unsigned base = bases[gen_below(r, is64 ? 8 : 5)], mod = gen_below(r, 3);
    bool sib = (base & 7) == 4 || chance(r, 4);
    if (chance(r, 12)) { /* no base: absolute, or RIP-relative */
        bool rip = is64 && chance(r, 2);
        o->modrm = rip || !is64 ? 5 : 4;
        if (o->modrm == 4) {
            unsigned index = chance(r, 2) ? 4 : 1;
            o->bytes[o->len++] = (uint8_t)(gen_below(r, 4) << 6 | index << 3 | 5);
        }
        o->disp_at = rip ? (int)o->len : -1;
        put32(o, data_base + data_offset(r));
        return;
    }
    if (chance(r, 64)) {
        base = gen_below(r, is64 ? 16 : 8);
        sib |= (base & 7) == 4;
    }
    if (mod == 0 && (base & 7) == 5) {
        mod = 1;
    }
    o->rex = base >> 3;
    o->modrm = (uint8_t)(mod << 6 | (sib ? 4 : base & 7));
    if (sib) {
        unsigned index = chance(r, 2) ? 4 : indexes[gen_below(r, sizeof(indexes))];
        if (!is64 && index > 7) {
            index = 4;
        }
        if (chance(r, 64)) {
            index = gen_below(r, is64 ? 16 : 8);
        }
        o->rex |= (index >> 3) << 1;
        o->bytes[o->len++] = (uint8_t)(gen_below(r, 4) << 6 | (index & 7) << 3 | (base & 7));
    }
    if (mod == 1) {
        o->bytes[o->len++] = (uint8_t)(chance(r, 2) ? gen_random(r) : gen_below(r, 16) * 16);
    } else if (mod == 2) {
        put32(o, chance(r, 2) ? gen_below(r, 256) : gen_below(r, 16) * 32 - 256);
    }
}

static void random_operand(GenRandom *r, const Encoding *e, bool is64, bool addr16, uint32_t data_base, Operand *o)
{
    *o = (Operand){.disp_at = -1};
    if (!e->modrm) {
        return;
    }
    if (e->fixed >= 0) {
        o->modrm = (uint8_t)(e->fixed + (e->plus_i ? gen_below(r, 8) : 0));
    } else {
        if (e->mod == 3 || (e->mod < 0 && chance(r, 2))) {
            unsigned rm = gen_below(r, is64 ? 16 : 8);
            o->modrm = (uint8_t)(0xc0 | (rm & 7));
            o->rex = rm >> 3;
        } else if (addr16) {
            memory16(r, o);
        } else {
            memory32(r, is64, data_base, o);
        }
        unsigned reg = e->digit >= 0 ? (unsigned)e->digit : gen_below(r, 8);
        o->modrm = (uint8_t)(o->modrm | reg << 3);
    }
}

static unsigned put_prefixes(GenRandom *r, const X86Row *row, const Encoding *e, X86BenchMode mode, bool addr_override,
                             uint8_t *out)
{
    unsigned n = 0;
    bool is64 = mode == X86_BENCH_64;
    if (addr_override) {
        out[n++] = 0x67;
    }
    if (chance(r, 24)) {
        static const uint8_t segments[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
        out[n++] = segments[is64 ? 4 + gen_below(r, 2) : gen_below(r, 4)];
    }
    if ((row->flags & X86_ROW_LOCK) ? chance(r, 5) : chance(r, 200)) {
        out[n++] = 0xf0;
    }
    if (e->vex) {
        return n;
    }
    if (e->prefix == -1 && !(row->flags & X86_ROW_REP) && chance(r, 80)) {
        out[n++] = chance(r, 2) ? 0xf2 : 0xf3;
    }
    if ((row->flags & X86_ROW_REP) && chance(r, 2)) {
        out[n++] = chance(r, 3) ? 0xf2 : 0xf3;
    }
    if (e->prefix < 0 && chance(r, 4)) {
        out[n++] = 0x66;
    }
    if (e->prefix > 0) {
        if (e->prefix != 0x66 && chance(r, 16)) {
            out[n++] = 0x66;
        }
        out[n++] = (uint8_t)e->prefix;
    }
    return n;
}

static unsigned put_vex(GenRandom *r, const X86Row *row, const Encoding *e, bool is64, unsigned rex, uint8_t *out)
{
    unsigned pp = e->prefix == 0x66 ? 1 : e->prefix == 0xf3 ? 2 : e->prefix == 0xf2 ? 3 : 0;
    unsigned l = e->l >= 0 ? (unsigned)e->l : gen_below(r, 2), w = e->w >= 0 ? (unsigned)e->w : gen_below(r, 2);
    bool uses_v = row->operands && (strchr(row->operands, 'H') || strchr(row->operands, 'B'));
    unsigned v = uses_v || chance(r, 100) ? gen_below(r, is64 ? 16 : 8) : 0;
    if (e->map == 2 && e->w != 1 && !(rex & 3) && chance(r, 2)) {
        out[0] = 0xc5;
        out[1] = (uint8_t)((~rex & 4) << 5 | (~v & 15) << 3 | l << 2 | pp);
        return 2;
    }
    out[0] = 0xc4;
    out[1] = (uint8_t)((~rex & 7) << 5 | (e->map - 1u));
    out[2] = (uint8_t)(w << 7 | (~v & 15) << 3 | l << 2 | pp);
    return 3;
}

/* Bytes of a random instruction of the row, operands and immediates included; 16 of them, the decoder says how many
 * count. */
static void sample(GenRandom *r, const X86Row *row, X86BenchMode mode, uint8_t *out, GenInsn *g)
{
    Encoding e;
    Operand o;
    bool is64 = mode == X86_BENCH_64, override = chance(r, 24), addr16 = !is64 && override != (mode == X86_BENCH_16);
    parse_pattern(row->pattern, &e);
    memset(out, 0, 16);
    random_operand(r, &e, is64, addr16, mode == X86_BENCH_16 ? 0 : X86_BENCH_DATA, &o);
    unsigned rex = o.rex | (is64 && chance(r, 2) ? 4 : 0), n = put_prefixes(r, row, &e, mode, override, out);
    if (e.vex) {
        n += put_vex(r, row, &e, is64, rex, out + n);
    } else {
        bool w = e.w == 1 || (e.w < 0 && chance(r, 2));
        if (e.plus_r && is64) {
            rex = (rex & ~1u) | gen_below(r, 2);
        }
        if (is64 && (rex || w || chance(r, 4))) {
            out[n++] = (uint8_t)(0x40 | (w ? 8 : 0) | rex);
        }
        if (e.map > 1) {
            out[n++] = 0x0f;
        }
        if (e.map > 2) {
            out[n++] = e.map == 3 ? 0x38 : 0x3a;
        }
    }
    out[n++] = (uint8_t)(e.opcode + (e.plus_r ? gen_below(r, 8) : 0));
    g->rip_disp = -1;
    if (e.modrm) {
        out[n++] = o.modrm;
        if (o.disp_at >= 0) {
            g->rip_disp = (int8_t)(n + (unsigned)o.disp_at);
            memcpy(&g->rip_target, o.bytes + o.disp_at, 4);
        }
        memcpy(out + n, o.bytes, o.len);
        n += o.len;
    }
    uint64_t imm = gen_random(r);
    if (chance(r, 3)) {
        imm = gen_below(r, 70);
    } else if (chance(r, 6)) {
        imm = ~0ull << gen_below(r, 32);
    }
    for (unsigned i = 0; n < 16; n++, i++) {
        out[n] = (uint8_t)(imm >> (8 * (i & 7)));
    }
}

/* Would spoil a pointer register that others need. */
static bool spoils_pointer(const X86Insn *d)
{
    return d->op_count && (d->op[0].kind == X86_OP_GPR || d->op[0].kind == X86_OP_GPR_HIGH) &&
           is_pointer(d->op[0].reg & 15) && strcmp(d->row->name, "cmp") != 0 && strcmp(d->row->name, "test") != 0;
}

static unsigned rel_bytes(const X86Insn *d)
{
    const char *j = d->row->operands ? strchr(d->row->operands, 'J') : NULL;
    return !j ? 0 : j[1] == 'b' ? 1 : d->opsize == 2 && !x86_is64(d) ? 2 : 4;
}

static bool make_insn(GenRandom *r, const X86Row *row, X86BenchMode mode, uint64_t flags, int cl, GenInsn *g,
                      bool *rejected)
{
    for (unsigned tries = 0; tries < 24; tries++) {
        X86Insn d;
        uint8_t bytes[16];
        memset(g, 0, sizeof(*g));
        sample(r, row, mode, bytes, g);
        memset(&d, 0, sizeof(d));
        if (!x86_decode(&d, bytes, 15, X86_BENCH_CODE, flags) || (d.row != row && !(d.row == NULL && chance(r, 16)))) {
            continue;
        }
        if (d.row && (undefined_result(&d) || (spoils_pointer(&d) && !chance(r, 8)))) {
            *rejected = true;
            continue;
        }
        if (d.row == NULL && (d.len == 0 || d.len > 15)) {
            continue;
        }
        g->len = d.len;
        memcpy(g->bytes, bytes, sizeof(g->bytes));
        g->name = d.row ? row->name : "(illegal)";
        if (d.row) {
            g->undefined = undefined_flags(&d, cl);
            g->rel_size = (uint8_t)rel_bytes(&d);
            g->skip = (uint8_t)gen_below(r, 3);
        }
        if (!d.row || g->rip_disp + 4 > g->len) {
            g->rip_disp = -1;
        }
        return true;
    }
    return false;
}

static const X86Row *pick_row(GenRandom *r, const GenOptions *o, X86BenchMode mode)
{
    unsigned n = x86_row_count();
    for (unsigned tries = 0; tries < 200000; tries++) {
        const X86Row *row = x86_row(gen_below(r, n));
        if ((o->only && !g_pattern_match_simple(o->only, row->name)) || is_left_out(row) ||
            (o->group && !g_pattern_match_simple(o->group, row->pattern)) ||
            (mode == X86_BENCH_64 && (row->flags & X86_ROW_I64)) ||
            (mode != X86_BENCH_64 && (row->flags & X86_ROW_O64)) ||
            (row->feature && !host_has_cached(row->feature - 1u))) {
            continue;
        }
        return row;
    }
    return NULL;
}

static void add_clean_flags(GenRandom *r, GenSequence *seq)
{
    GenInsn *g = &seq->insn[seq->count++];
    memset(g, 0, sizeof(*g));
    g->bytes[0] = 0x39; /* cmp */
    g->bytes[1] = (uint8_t)(0xc0 | gen_below(r, 64));
    g->len = 2;
    g->rip_disp = -1;
    g->name = "cmp";
}

bool gen_sequence(GenRandom *r, const GenOptions *o, X86BenchMode mode, uint64_t flags, GenSequence *seq)
{
    unsigned want = o->alone ? 1 : 1 + gen_below(r, o->max_insns ? o->max_insns : 8);
    seq->mode = mode;
    seq->count = 0;
    for (unsigned i = 0, failures = 0; i < want && failures < 100;) {
        const X86Row *row = pick_row(r, o, mode);
        bool rejected = false;
        if (row && i && strcmp(row->name, "xsave") == 0) { /* needs what gen_state() puts into EDX:EAX */
            failures++;
            continue;
        }
        if (!row) {
            return false;
        }
        if (seq->count && seq->insn[seq->count - 1].undefined) {
            add_clean_flags(r, seq);
        }
        if (!make_insn(r, row, mode, flags, -1, &seq->insn[seq->count], &rejected)) {
            failures++;
            continue;
        }
        seq->count++;
        i++;
    }
    return seq->count > 0;
}

void gen_assemble(const GenSequence *seq, X86BenchCase *c)
{
    unsigned at[GEN_MAX_INSNS + 1], n = 0;
    c->mode = seq->mode;
    for (unsigned i = 0; i < seq->count; i++) {
        at[i] = n;
        n += seq->insn[i].len;
    }
    at[seq->count] = n;
    c->code_len = n;
    for (unsigned i = 0; i < seq->count; i++) {
        const GenInsn *g = &seq->insn[i];
        uint8_t *out = c->code + at[i];
        memcpy(out, g->bytes, g->len);
        if (g->rip_disp >= 0) {
            uint32_t disp = g->rip_target - (X86_BENCH_CODE + c->code_offset + at[i + 1]);
            memcpy(out + g->rip_disp, &disp, 4);
        }
        if (g->rel_size) {
            uint32_t disp = at[MIN(i + 1 + g->skip, seq->count)] - at[i + 1];
            memcpy(out + g->len - g->rel_size, &disp, g->rel_size);
        }
    }
}

/* Only the last instruction's: the others have a compare behind them. */
uint32_t gen_undefined(const GenSequence *seq, const X86BenchCase *c, uint64_t flags)
{
    const GenInsn *last = &seq->insn[seq->count - 1];
    uint32_t all = 0;
    X86Insn d;
    for (unsigned i = 0; i < seq->count; i++) {
        all |= seq->insn[i].undefined;
    }
    if (c->out.vector == X86_EXC_DB) { /* a single step may end anywhere */
        return all;
    }
    if (seq->count == 1 && last->undefined) {
        memset(&d, 0, sizeof(d));
        if (x86_decode(&d, last->bytes, 15, X86_BENCH_CODE, flags) && d.row) {
            return undefined_flags(&d, (uint8_t)c->in.gpr[X86_CX]);
        }
    }
    return last->undefined;
}
