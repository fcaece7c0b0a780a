/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From pattern strings to lookup tables (see insn.h for the language). On first use each row is compiled into a mask
 * and match word over ModRM, prefixes, W, L and mode, and its operands into two bytes each; rows are sorted into one
 * bucket per map and opcode, and where a bucket has many, by ModRM once more. A lookup is two loads and on average one
 * or two compares.
 *
 * A malformed row is a programming error: it is warned about and left out, and a test counts them.
 */
#include <string.h>

#include "decode-internal.h"

/* Groups that exist; each group's file adds its line. */
const X86RowGroup *const x86_row_groups[] = {
    &x86_rows_alu, &x86_rows_muldiv, &x86_rows_shift, &x86_rows_move, &x86_rows_flow, &x86_rows_bits, &x86_rows_string,
    &x86_rows_segment, &x86_rows_system, &x86_rows_x87, &x86_rows_xsave, &x86_rows_mmx, &x86_rows_mxcsr,
    &x86_rows_vmove, &x86_rows_sse_int, &x86_rows_sse, &x86_rows_avx, &x86_rows_avx_int, &x86_rows_crypto,
    NULL,
};

enum { MAX_ROWS = 6000, MAX_SPLITS = 500, MAX_LIST = 60000 };

typedef struct Token {
    const char *s;
    size_t n;
} Token;

static bool token_is(Token t, const char *s) { return strlen(s) == t.n && memcmp(t.s, s, t.n) == 0; }

static bool next_token(const char **s, const char *separators, Token *t)
{
    *s += strspn(*s, separators);
    t->s = *s;
    t->n = strcspn(*s, separators);
    *s += t->n;
    return t->n != 0;
}

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

static int hex_byte(Token t)
{
    return t.n >= 2 && hex_digit(t.s[0]) >= 0 && hex_digit(t.s[1]) >= 0 ? hex_digit(t.s[0]) << 4 | hex_digit(t.s[1])
                                                                        : -1;
}

static void require(X86CompiledRow *c, uint32_t mask, uint32_t match)
{
    c->mask |= mask;
    c->match = (c->match & ~mask) | match;
}

static void require_prefix(X86CompiledRow *c, unsigned prefix)
{
    require(c, 3u << X86_KEY_PREFIX_SHIFT, prefix << X86_KEY_PREFIX_SHIFT);
    c->mandatory = prefix != X86_PREFIX_NONE;
    c->no_opsize |= prefix == X86_PREFIX_66;
}

static bool parse_vex_part(X86CompiledRow *c, Token t)
{
    static const struct {
        const char *name;
        uint32_t mask, match;
    } parts[] = {
        {"128", X86_KEY_L, 0},
        {"LZ", X86_KEY_L, 0},
        {"L0", X86_KEY_L, 0},
        {"256", X86_KEY_L, X86_KEY_L},
        {"L1", X86_KEY_L, X86_KEY_L},
        {"LIG", 0, 0},
        {"any", 0, 0},
        {"W0", X86_KEY_W, 0},
        {"W1", X86_KEY_W, X86_KEY_W},
        {"WIG", 0, 0},
        {"NP", 3u << 8, X86_PREFIX_NONE << 8},
        {"66", 3u << 8, X86_PREFIX_66 << 8},
        {"F3", 3u << 8, X86_PREFIX_F3 << 8},
        {"F2", 3u << 8, X86_PREFIX_F2 << 8},
    };
    static const char *const maps[] = {"0F", "0F38", "0F3A"};
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (token_is(t, parts[i].name)) {
            require(c, parts[i].mask, parts[i].match);
            return true;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(maps); i++) {
        if (token_is(t, maps[i])) {
            c->map = (uint8_t)(i + 2);
            return true;
        }
    }
    return false;
}

static bool parse_vex(X86CompiledRow *c, Token t)
{
    Token part;
    char text[40];
    const char *s = text;
    if (t.n >= sizeof(text)) {
        return false;
    }
    memcpy(text, t.s + 4, t.n - 4);
    text[t.n - 4] = 0;
    c->vex = true;
    c->map = 0;
    while (next_token(&s, ".", &part)) {
        if (!parse_vex_part(c, part)) {
            return false;
        }
    }
    c->mandatory = c->no_opsize = true;
    return c->map != 0;
}

/* What may stand before the opcode. False: it is none of it. */
static bool parse_prefix(X86CompiledRow *c, Token t, bool *ok)
{
    if (t.n > 4 && memcmp(t.s, "VEX.", 4) == 0) {
        *ok = parse_vex(c, t);
    } else if (token_is(t, "NP")) {
        require_prefix(c, X86_PREFIX_NONE);
    } else if (token_is(t, "NFx")) {
        require(c, X86_KEY_REPS, 0);
    } else if (token_is(t, "REX.W")) {
        require(c, X86_KEY_W, X86_KEY_W);
    } else if (token_is(t, "W0")) {
        require(c, X86_KEY_W, 0);
    } else if (token_is(t, "0F") && c->map == 1) {
        c->map = 2;
    } else if (token_is(t, "0F38")) {
        c->map = 3;
    } else if (token_is(t, "0F3A")) {
        c->map = 4;
    } else {
        return false;
    }
    return true;
}

/* ModRM: /r, /digit, mod=, a fixed byte, or a byte + i. */
static bool parse_suffix(X86CompiledRow *c, Token t)
{
    int byte = hex_byte(t);
    if (token_is(t, "/r")) {
        c->modrm = true;
    } else if (t.n == 2 && t.s[0] == '/' && t.s[1] >= '0' && t.s[1] <= '7') {
        c->modrm = true;
        require(c, 0x38, (uint32_t)(t.s[1] - '0') << 3);
    } else if (token_is(t, "mod=3")) {
        c->modrm = true;
        require(c, 0xc0, 0xc0);
    } else if (token_is(t, "mod=m")) {
        c->modrm = true;
        require(c, 0x1c000000, 0); /* a mark: resolved when candidates are listed, see row_fits */
    } else if (token_is(t, "W0")) {
        require(c, X86_KEY_W, 0);
    } else if (byte >= 0 && t.n == 2) {
        c->modrm = true;
        require(c, 0xff, (uint32_t)byte);
    } else if (byte >= 0 && t.n == 4 && t.s[2] == '+' && t.s[3] == 'i') {
        c->modrm = true;
        require(c, 0xf8, (uint32_t)byte);
    } else if (token_is(t, "ib") || token_is(t, "iw") || token_is(t, "id") || token_is(t, "/is4")) {
        return true; /* only described */
    } else {
        return false;
    }
    return true;
}

static bool compile_pattern(X86CompiledRow *c)
{
    static const struct {
        const char *name;
        uint8_t prefix;
    } mandatory[] = {{"66", X86_PREFIX_66}, {"F3", X86_PREFIX_F3}, {"F2", X86_PREFIX_F2}};
    const char *s = c->row->pattern;
    Token t;
    bool ok = true, have_opcode = false;
    while (ok && next_token(&s, " ", &t)) {
        if (have_opcode) {
            if (token_is(t, "+r")) {
                c->plus_r = true;
            } else {
                ok = parse_suffix(c, t);
            }
            continue;
        }
        bool more = s[strspn(s, " ")] && !(s[strspn(s, " ")] == '/' || g_str_has_prefix(s + strspn(s, " "), "mod="));
        unsigned i = 0;
        while (i < G_N_ELEMENTS(mandatory) && !token_is(t, mandatory[i].name)) {
            i++;
        }
        if (i < G_N_ELEMENTS(mandatory) && more && c->map == 1 && !c->vex) {
            require_prefix(c, mandatory[i].prefix);
        } else if (!parse_prefix(c, t, &ok)) {
            int byte = hex_byte(t);
            ok = byte >= 0 && (t.n == 2 || (t.n == 4 && t.s[2] == '+' && t.s[3] == 'r'));
            c->opcode = (uint8_t)byte;
            c->plus_r = t.n == 4;
            have_opcode = true;
        }
    }
    if (c->row->flags & X86_ROW_I64) {
        require(c, X86_KEY_64, 0);
    }
    if (c->row->flags & X86_ROW_O64) {
        require(c, X86_KEY_64, X86_KEY_64);
    }
    return ok && have_opcode;
}

/* --- operands --- */

static int size_code(const char *s, size_t n)
{
    static const struct {
        const char *name;
        uint8_t code;
    } sizes[] = {
        {"", X86_SZ_NONE}, {"b", X86_SZ_B},   {"bs", X86_SZ_BS}, {"w", X86_SZ_W},      {"d", X86_SZ_D},
        {"q", X86_SZ_Q},   {"v", X86_SZ_V},   {"z", X86_SZ_Z},   {"y", X86_SZ_Y},      {"dq", X86_SZ_DQ},
        {"o", X86_SZ_DQ},  {"qq", X86_SZ_QQ}, {"x", X86_SZ_X},   {"ps", X86_SZ_X},     {"pd", X86_SZ_X},
        {"ss", X86_SZ_D},  {"sd", X86_SZ_Q},  {"si", X86_SZ_D},  {"pi", X86_SZ_Q},     {"p", X86_SZ_P},
        {"a", X86_SZ_A},   {"t", X86_SZ_T},   {"s", X86_SZ_S},   {"n", X86_SZ_NATIVE},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (strlen(sizes[i].name) == n && memcmp(sizes[i].name, s, n) == 0) {
            return sizes[i].code;
        }
    }
    return -1;
}

static bool fixed_operand(X86CompiledOperand *o, Token t)
{
    static const struct {
        const char *name;
        uint8_t code, size, fixed;
    } names[] = {
        {"AL", X86_OC_FIXED_GPR, X86_SZ_B, X86_AX},
        {"CL", X86_OC_FIXED_GPR, X86_SZ_B, X86_CX},
        {"AX", X86_OC_FIXED_GPR, X86_SZ_W, X86_AX},
        {"DX", X86_OC_FIXED_GPR, X86_SZ_W, X86_DX},
        {"eAX", X86_OC_FIXED_GPR, X86_SZ_Z, X86_AX},
        {"EAX", X86_OC_FIXED_GPR, X86_SZ_D, X86_AX},
        {"rAX", X86_OC_FIXED_GPR, X86_SZ_V, X86_AX},
        {"rCX", X86_OC_FIXED_GPR, X86_SZ_V, X86_CX},
        {"rDX", X86_OC_FIXED_GPR, X86_SZ_V, X86_DX},
        {"rBX", X86_OC_FIXED_GPR, X86_SZ_V, X86_BX},
        {"rSP", X86_OC_FIXED_GPR, X86_SZ_V, X86_SP},
        {"rBP", X86_OC_FIXED_GPR, X86_SZ_V, X86_BP},
        {"RAX", X86_OC_FIXED_GPR, X86_SZ_Q, X86_AX},
        {"1", X86_OC_ONE, X86_SZ_B, 0},
        {"ES", X86_OC_FIXED_SEG, X86_SZ_W, X86_ES},
        {"CS", X86_OC_FIXED_SEG, X86_SZ_W, X86_CS},
        {"SS", X86_OC_FIXED_SEG, X86_SZ_W, X86_SS},
        {"DS", X86_OC_FIXED_SEG, X86_SZ_W, X86_DS},
        {"FS", X86_OC_FIXED_SEG, X86_SZ_W, X86_FS},
        {"GS", X86_OC_FIXED_SEG, X86_SZ_W, X86_GS},
        {"ST", X86_OC_DESCRIBED, 0, 0},
        {"ST0", X86_OC_DESCRIBED, 0, 0},
        {"ST1", X86_OC_DESCRIBED, 0, 0},
        {"STi", X86_OC_DESCRIBED, 0, 0},
        {"ST(0)", X86_OC_DESCRIBED, 0, 0},
        {"ST(i)", X86_OC_DESCRIBED, 0, 0},
        {"XMM0", X86_OC_DESCRIBED, 0, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (token_is(t, names[i].name)) {
            *o = (X86CompiledOperand){names[i].code, names[i].size, names[i].fixed};
            return true;
        }
    }
    return false;
}

static bool letter_operand(X86CompiledRow *c, X86CompiledOperand *o, Token t)
{
    static const char letters[] = "?EGRMBWVHULPQNSCDIJOAZXY"; /* as X86OperandCode */
    const char *at = strchr(letters + 1, t.s[0]);
    int size = size_code(t.s + 1, t.n - 1);
    if (!at || size < 0) {
        return false;
    }
    *o = (X86CompiledOperand){(uint8_t)(at - letters), (uint8_t)size, 0};
    switch (o->code) {
    case X86_OC_M:
        require(c, 0x1c000000, 0);
        c->modrm = true;
        break;
    case X86_OC_R: case X86_OC_U: case X86_OC_N:
        if (!(c->row->flags & X86_ROW_F64) || o->code != X86_OC_R) { /* MOV to control registers ignores mod */
            require(c, 0xc0, 0xc0);
        }
        c->modrm = true;
        break;
    case X86_OC_E: case X86_OC_G: case X86_OC_W: case X86_OC_V: case X86_OC_P: case X86_OC_Q: case X86_OC_S:
        c->modrm = true;
        break;
    case X86_OC_C: case X86_OC_D:
        c->modrm = true;
        o->size = o->size ? o->size : X86_SZ_NATIVE;
        break;
    case X86_OC_H: case X86_OC_B:
        c->vvvv_free = false;
        break;
    default:
        break;
    }
    return true;
}

static bool compile_operands(X86CompiledRow *c)
{
    const char *s = c->row->operands ? c->row->operands : "";
    Token t;
    c->vvvv_free = c->vex;
    while (next_token(&s, ", ", &t)) {
        if (c->op_count == G_N_ELEMENTS(c->op)) {
            return false;
        }
        X86CompiledOperand *o = &c->op[c->op_count];
        if (!fixed_operand(o, t) && !letter_operand(c, o, t)) {
            return false;
        }
        c->op_count += o->code != X86_OC_DESCRIBED;
    }
    return true;
}

/* --- tables --- */

#define MOD_MEMORY 0x1c000000u /* in mask: mod must not be 3 */

static bool row_fits(const X86CompiledRow *c, unsigned split)
{
    uint32_t modrm_mask = c->mask & 0xff, want = c->match & 0xff;
    unsigned modrm = split < 8 ? split << 3 : 0xc0 | (split - 8);
    if (split < 8) {
        return (modrm_mask & 0xc0) != 0xc0 && ((modrm ^ want) & modrm_mask & 0x38) == 0;
    }
    return !(c->mask & MOD_MEMORY) && ((modrm ^ want) & modrm_mask) == 0;
}

static unsigned specificity(const X86CompiledRow *c)
{
    return (unsigned)__builtin_popcount(c->mask & 0xffff) + (c->mandatory ? 100 : 0) + (c->mask & MOD_MEMORY ? 1 : 0);
}

/* Appends to the bucket those of @rows that can match @split (-1: all), most specific first. */
static void fill_bucket(X86DecodeTables *t, X86Bucket *b, const uint16_t *rows, unsigned count, int split,
                        unsigned *used)
{
    b->first = (uint16_t)*used;
    for (unsigned i = 0; i < count; i++) {
        const X86CompiledRow *c = &t->rows[rows[i]];
        unsigned at = *used;
        if (split >= 0 && !row_fits(c, (unsigned)split)) {
            continue;
        }
        while (at > b->first && specificity(&t->rows[t->list[at - 1]]) < specificity(c)) {
            t->list[at] = t->list[at - 1];
            at--;
        }
        t->list[at] = rows[i];
        (*used)++;
        b->count++;
        b->modrm |= c->modrm;
    }
}

static void build_opcode(X86DecodeTables *t, X86Bucket *b, const uint16_t *rows, unsigned count, unsigned *used,
                         unsigned *splits)
{
    bool needs_split = false, modrm = false;
    for (unsigned i = 0; i < count; i++) {
        needs_split |= (t->rows[rows[i]].mask & (0xff | MOD_MEMORY)) != 0;
        modrm |= t->rows[rows[i]].modrm;
    }
    b->modrm = modrm;
    if (!needs_split) {
        fill_bucket(t, b, rows, count, -1, used);
        return;
    }
    g_assert(*splits < MAX_SPLITS);
    b->split = (uint16_t)*splits;
    for (unsigned k = 0; k < X86_SPLIT_SIZE; k++) {
        fill_bucket(t, &t->split[*splits][k], rows, count, (int)k, used);
    }
    ++*splits;
}

static void build_lists(X86DecodeTables *t)
{
    enum { OPCODES = X86_SPACES * 256 };
    g_autofree uint16_t *start = g_new0(uint16_t, OPCODES + 1), *fill = g_new0(uint16_t, OPCODES), *rows = NULL;
    unsigned used = 0, splits = 1, total = 0;
    for (unsigned pass = 0; pass < 2; pass++) { /* counts, then fills */
        for (unsigned i = 0; i < t->row_count; i++) {
            const X86CompiledRow *c = &t->rows[i];
            unsigned at = x86_space(c->map, c->vex) << 8 | c->opcode;
            for (unsigned k = 0; k < (c->plus_r ? 8 : 1); k++) {
                if (pass) {
                    rows[start[at + k] + fill[at + k]++] = (uint16_t)i;
                } else {
                    fill[at + k]++;
                    total++;
                }
            }
        }
        if (!pass) {
            rows = g_new(uint16_t, total + 1);
            for (unsigned i = 0; i < OPCODES; i++) {
                start[i + 1] = (uint16_t)(start[i] + fill[i]);
                fill[i] = 0;
            }
        }
    }
    t->list = g_new(uint16_t, MAX_LIST);
    t->split = g_malloc0((size_t)MAX_SPLITS * sizeof(t->split[0]));
    for (unsigned i = 0; i < OPCODES; i++) {
        g_assert(used < MAX_LIST - 72 * 64);
        build_opcode(t, &t->opcode[i >> 8][i & 255], &rows[start[i]], fill[i], &used, &splits);
    }
    t->list = g_renew(uint16_t, t->list, used + 1);
    t->split = g_realloc(t->split, (size_t)splits * sizeof(t->split[0]));
    for (unsigned i = 0; i < t->row_count; i++) {
        t->rows[i].mask &= ~MOD_MEMORY;
    }
}

static gpointer build(gpointer unused)
{
    X86DecodeTables *t = g_new0(X86DecodeTables, 1);
    unsigned n = 0;
    for (const X86RowGroup *const *g = x86_row_groups; *g; g++) {
        n += (*g)->count;
    }
    g_assert(n < MAX_ROWS);
    t->rows = g_new0(X86CompiledRow, n + 1);
    for (const X86RowGroup *const *g = x86_row_groups; *g; g++) {
        for (unsigned i = 0; i < (*g)->count; i++) {
            X86CompiledRow *c = &t->rows[t->row_count];
            *c = (X86CompiledRow){.row = &(*g)->rows[i], .map = 1};
            if (compile_pattern(c) && compile_operands(c)) {
                t->row_count++;
            } else {
                t->bad_rows++;
                g_warning("x86 instruction row '%s': cannot read pattern '%s' with operands '%s'", c->row->name,
                          c->row->pattern, c->row->operands ? c->row->operands : "");
            }
        }
    }
    build_lists(t);
    return t;
}

const X86DecodeTables *x86_decode_tables(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, build, NULL);
}

unsigned x86_row_count(void) { return x86_decode_tables()->row_count; }
const X86Row *x86_row(unsigned i) { return x86_decode_tables()->rows[i].row; }
unsigned x86_bad_row_count(void) { return x86_decode_tables()->bad_rows; }
