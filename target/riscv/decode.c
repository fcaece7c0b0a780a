/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From pattern strings to decoding. On first use each row's pattern is compiled into a mask and match word, the places of its
 * operands, and the pieces of its immediate; then rows are sorted into buckets:
 *
 *   32-bit words: by major opcode and funct3 (256 buckets), and where more than a few rows share one, by funct7 (128 more);
 *   16-bit words: by quadrant, funct3, bits 12..10 and 6..5 (1024 buckets).
 *
 * A lookup is then two or three loads and on average less than two compares. The tables are built once, under g_once, and are
 * constant from then on. A malformed pattern is a programming error and aborts at the first lookup, which every test reaches.
 */
#include <string.h>

#include "insn.h"

enum { MAX_PIECES = 9, MAX_EXCLUSIONS = 3, SMALL_BUCKET = 3 };

typedef struct ImmPiece {
    uint8_t from, to;
    uint16_t mask; /* of the bits after shifting down by from */
    bool wide; /* 20 bits: lui, auipc */
} ImmPiece;

typedef struct CompiledRow {
    const RvRow *row;
    uint32_t mask, match;
    struct {
        uint32_t mask, value; /* excluded where (bits & mask) == value */
    } exclude[MAX_EXCLUSIONS];
    uint8_t exclude_count, piece_count, bits;
    int8_t sign; /* the immediate's bit that is its sign; -1: unsigned */
    uint8_t xlen;
    uint32_t imm_bits; /* instruction bits that belong to the immediate */
    int8_t rd_at, rs1_at, rs2_at; /* compressed: bit position; -1: fixed */
    uint8_t rd_base, rs1_base, rs2_base; /* 8 and 3 bits wide for the primed ones; else 0; fixed: the register */
    ImmPiece piece[MAX_PIECES];
} CompiledRow;

typedef struct Bucket {
    uint16_t start;
    uint8_t count;
    uint8_t split; /* not 0: number + 1 of a table of 128 by funct7 */
} Bucket;

typedef struct DecodeTables {
    CompiledRow *rows;
    unsigned row_count;
    Bucket wide[256];
    Bucket (*split)[128];
    Bucket narrow[1024];
    uint16_t *lists;
} DecodeTables;

const RvRowGroup *const riscv_row_groups[] = {
    &riscv_rows_i, &riscv_rows_m, &riscv_rows_a, &riscv_rows_c, &riscv_rows_f, &riscv_rows_zfh, &riscv_rows_b, &riscv_rows_zbk,
    &riscv_rows_zfa, &riscv_rows_zcb, &riscv_rows_system,
    NULL,
};

/* ---- compiling patterns ---- */

static const struct {
    const char *name;
    uint8_t width;
} field_widths[] = {
    {"rd'", 3}, {"rs1'", 3}, {"rs2'", 3}, {"rd'/rs1'", 3}, {"rd/rs1", 5}, {"rd", 5}, {"rs1", 5}, {"rs2", 5}, {"rs3", 5},
    {"rm", 3}, {"zimm", 5}, {"csr", 12}, {"aq", 1}, {"rl", 1}, {"fm", 4}, {"pred", 4}, {"succ", 4},
};

static void row_bad(const RvRow *row, const char *why)
{
    g_error("instruction row '%s': %s in pattern '%s'", row->name, why, row->pattern);
}

static void add_piece(CompiledRow *c, unsigned from, unsigned width, unsigned to)
{
    if (c->piece_count == MAX_PIECES) {
        row_bad(c->row, "too many immediate pieces");
    }
    ImmPiece *p = &c->piece[c->piece_count++];
    p->from = (uint8_t)from;
    p->to = (uint8_t)to;
    p->wide = width > 16;
    p->mask = (uint16_t)((1u << MIN(width, 16)) - 1);
    c->imm_bits |= (width == 32 ? ~0u : (1u << width) - 1) << from;
}

/* "imm[12|10:5]": the pieces from the top; @pos is the bit above the field. Returns the bit below. */
static unsigned parse_imm(CompiledRow *c, const char *text, unsigned pos, bool is_signed)
{
    const char *s = strchr(text, '[') + 1;
    while (*s && *s != ']') {
        char *end;
        unsigned hi = (unsigned)strtoul(s, &end, 10), lo = hi;
        if (*end == ':') {
            lo = (unsigned)strtoul(end + 1, &end, 10);
        }
        unsigned width = hi - lo + 1;
        if (hi > 31 || lo > hi || width > pos) {
            row_bad(c->row, "a wrong bit range");
        }
        pos -= width;
        add_piece(c, pos, width, lo);
        if (is_signed && (int)hi > c->sign) {
            c->sign = (int8_t)hi;
        }
        s = *end == '|' ? end + 1 : end;
    }
    return pos;
}

static void set_place(CompiledRow *c, const char *name, unsigned pos)
{
    uint8_t base = strchr(name, '\'') ? 8 : 0;
    if (g_str_has_prefix(name, "rd")) {
        c->rd_at = (int8_t)pos;
        c->rd_base = base;
    }
    if (strstr(name, "rs1") || g_str_equal(name, "zimm")) {
        c->rs1_at = (int8_t)pos;
        c->rs1_base = base;
    }
    if (g_str_has_prefix(name, "rs2")) {
        c->rs2_at = (int8_t)pos;
        c->rs2_base = base;
    }
}

static void exclude(CompiledRow *c, uint32_t mask, uint32_t value)
{
    if (c->exclude_count == MAX_EXCLUSIONS) {
        row_bad(c->row, "too many exclusions");
    }
    c->exclude[c->exclude_count].mask = mask;
    c->exclude[c->exclude_count++].value = value;
}

static unsigned parse_named(CompiledRow *c, const char *name, unsigned pos, int unlike)
{
    for (size_t i = 0; i < G_N_ELEMENTS(field_widths); i++) {
        if (g_str_equal(name, field_widths[i].name)) {
            unsigned width = field_widths[i].width;
            if (width > pos) {
                row_bad(c->row, "more bits than the word has");
            }
            pos -= width;
            set_place(c, name, pos);
            if (g_str_equal(name, "csr") || g_str_equal(name, "fm") || g_str_equal(name, "pred") || g_str_equal(name, "succ")) {
                add_piece(c, pos, width, pos - 20);
            } else if (g_str_equal(name, "aq") || g_str_equal(name, "rl")) {
                add_piece(c, pos, width, pos - 25);
            }
            if (unlike >= 0) {
                exclude(c, ((1u << width) - 1) << pos, (uint32_t)unlike << pos);
            }
            return pos;
        }
    }
    row_bad(c->row, name);
    return 0;
}

/* One word of a pattern; @pos is the bit above it, the result the one below. */
static unsigned parse_word(CompiledRow *c, char *word, unsigned pos, bool *imm_not_zero)
{
    if (strspn(word, "01") == strlen(word)) {
        for (; *word; word++) {
            if (!pos) {
                row_bad(c->row, "more bits than the word has");
            }
            pos--;
            c->mask |= 1u << pos;
            c->match |= (uint32_t)(*word - '0') << pos;
        }
        return pos;
    }
    int unlike = -1;
    char *ne = strstr(word, "!=");
    if (ne) {
        unlike = atoi(ne + 2);
        *ne = 0;
    }
    if (strchr(word, '[')) {
        *imm_not_zero |= unlike == 0;
        return parse_imm(c, word, pos, g_str_has_prefix(word, "imm"));
    }
    return parse_named(c, word, pos, unlike);
}

static void parse_fixed(CompiledRow *c)
{
    g_auto(GStrv) words = g_strsplit(c->row->fixed, " ", -1);
    for (char **w = words; *w; w++) {
        char *eq = strchr(*w, '=');
        uint8_t v = eq ? (uint8_t)atoi(eq + 1) : 0;
        if (g_str_has_prefix(*w, "rd=")) {
            c->rd_base = v;
        } else if (g_str_has_prefix(*w, "rs1=")) {
            c->rs1_base = v;
        } else if (g_str_has_prefix(*w, "rs2=")) {
            c->rs2_base = v;
        } else {
            row_bad(c->row, *w);
        }
    }
}

static void compile_row(CompiledRow *c, const RvRow *row)
{
    c->row = row;
    c->sign = c->rd_at = c->rs1_at = c->rs2_at = -1;
    c->xlen = row->xlen;
    g_auto(GStrv) words = g_strsplit(row->pattern, " ", -1);
    unsigned n = g_strv_length(words);
    const char *last = n ? words[n - 1] : "";
    size_t last_len = strlen(last);
    c->bits = last_len >= 2 && g_str_equal(last + last_len - 2, "11") ? 32 : 16;
    unsigned pos = c->bits;
    bool imm_not_zero = false;
    for (unsigned i = 0; i < n; i++) {
        pos = parse_word(c, words[i], pos, &imm_not_zero);
    }
    if (pos) {
        row_bad(row, "too few bits");
    }
    if (imm_not_zero) {
        exclude(c, c->imm_bits, 0);
    }
    if (row->fixed) {
        parse_fixed(c);
    }
}

/* ---- buckets ---- */

static unsigned wide_key(uint32_t bits) { return (bits >> 2 & 31) << 3 | (bits >> 12 & 7); }
static unsigned split_key(uint32_t bits) { return bits >> 25; }
static unsigned narrow_key(uint32_t bits) { return (bits >> 10 & 63) << 4 | (bits >> 5 & 3) << 2 | (bits & 3); }

typedef unsigned KeyFn(uint32_t bits);

/* Rows of @from (indices) that a word with @key could match. */
static GArray *rows_for_key(const DecodeTables *t, const GArray *from, KeyFn *key_of, unsigned key)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (guint i = 0; i < from->len; i++) {
        uint16_t n = g_array_index(from, uint16_t, i);
        const CompiledRow *c = &t->rows[n];
        if ((key & key_of(c->mask)) == key_of(c->match)) {
            g_array_append_val(out, n);
        }
    }
    return out;
}

static Bucket add_list(GArray *lists, const GArray *rows)
{
    Bucket b = {.start = (uint16_t)lists->len, .count = (uint8_t)rows->len};
    if (rows->len) {
        g_array_append_vals(lists, rows->data, rows->len);
    }
    return b;
}

static void fill_buckets(DecodeTables *t)
{
    GArray *all[2] = {g_array_new(FALSE, FALSE, sizeof(uint16_t)), g_array_new(FALSE, FALSE, sizeof(uint16_t))};
    for (unsigned i = 0; i < t->row_count; i++) {
        uint16_t n = (uint16_t)i;
        g_array_append_val(all[t->rows[i].bits == 32], n);
    }
    GArray *lists = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    unsigned split_count = 0;
    for (unsigned key = 0; key < 256; key++) {
        g_autoptr(GArray) rows = rows_for_key(t, all[1], wide_key, key);
        if (rows->len <= SMALL_BUCKET) {
            t->wide[key] = add_list(lists, rows);
            continue;
        }
        t->split = g_realloc_n(t->split, split_count + 1, sizeof(*t->split));
        for (unsigned k = 0; k < 128; k++) {
            g_autoptr(GArray) sub = rows_for_key(t, rows, split_key, k);
            t->split[split_count][k] = add_list(lists, sub);
        }
        t->wide[key].split = (uint8_t)++split_count;
    }
    for (unsigned key = 0; key < 1024; key++) {
        g_autoptr(GArray) rows = rows_for_key(t, all[0], narrow_key, key);
        t->narrow[key] = add_list(lists, rows);
    }
    t->lists = (uint16_t *)g_array_free(lists, FALSE);
    g_array_unref(all[0]);
    g_array_unref(all[1]);
}

static gpointer build_tables(gpointer unused)
{
    DecodeTables *t = g_new0(DecodeTables, 1);
    for (const RvRowGroup *const *g = riscv_row_groups; *g; g++) {
        t->row_count += (*g)->count;
    }
    t->rows = g_new0(CompiledRow, t->row_count);
    unsigned n = 0;
    for (const RvRowGroup *const *g = riscv_row_groups; *g; g++) {
        for (unsigned i = 0; i < (*g)->count; i++) {
            compile_row(&t->rows[n++], &(*g)->rows[i]);
        }
    }
    fill_buckets(t);
    return t;
}

static const DecodeTables *tables(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, build_tables, NULL);
}

/* ---- lookup ---- */

static bool row_matches(const CompiledRow *c, uint32_t bits)
{
    if ((bits & c->mask) != c->match) {
        return false;
    }
    for (unsigned i = 0; i < c->exclude_count; i++) {
        if ((bits & c->exclude[i].mask) == c->exclude[i].value) {
            return false;
        }
    }
    return true;
}

static int64_t immediate(const CompiledRow *c, uint32_t bits)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < c->piece_count; i++) {
        const ImmPiece *p = &c->piece[i];
        uint32_t part = bits >> p->from;
        v |= (uint64_t)(p->wide ? part & 0xfffff : part & p->mask) << p->to;
    }
    if (c->sign >= 0) {
        unsigned up = 63u - (unsigned)c->sign;
        return (int64_t)(v << up) >> up;
    }
    return (int64_t)v;
}

static uint8_t place(uint32_t bits, int8_t at, uint8_t base)
{
    if (at < 0) {
        return base;
    }
    return base ? (uint8_t)(8 + (bits >> at & 7)) : (uint8_t)(bits >> at & 31);
}

static bool row_enabled(const RvRow *row, uint64_t flags)
{
    return (riscv_flag_ext(flags, row->ext) || (row->alt && riscv_flag_ext(flags, row->alt))) &&
           (!row->ext2 || riscv_flag_ext(flags, row->ext2));
}

static const CompiledRow *find(uint32_t bits, uint64_t flags)
{
    const DecodeTables *t = tables();
    const Bucket *b;
    if ((bits & 3) == 3) {
        b = &t->wide[wide_key(bits)];
        if (b->split) {
            b = &t->split[b->split - 1][split_key(bits)];
        }
    } else {
        b = &t->narrow[narrow_key(bits)];
    }
    unsigned other_xlen = flags & RISCV_FLAG_RV32 ? RV_64 : RV_32;
    for (unsigned i = 0; i < b->count; i++) {
        const CompiledRow *c = &t->rows[t->lists[b->start + i]];
        if (row_matches(c, bits) && c->xlen != other_xlen && row_enabled(c->row, flags)) {
            return c;
        }
    }
    return NULL;
}

void riscv_decode(RvInsn *d, uint32_t bits, uint64_t flags)
{
    d->len = (uint8_t)riscv_insn_len(bits);
    d->bits = d->len == 2 ? bits & 0xffff : bits;
    d->flags = flags;
    d->rv32 = flags & RISCV_FLAG_RV32;
    const CompiledRow *c = find(d->bits, flags);
    d->row = c ? c->row : NULL;
    if (!c) {
        return;
    }
    bits = d->bits;
    if (d->len == 4) {
        d->rd = bits >> 7 & 31;
        d->rs1 = bits >> 15 & 31;
        d->rs2 = bits >> 20 & 31;
        d->rs3 = bits >> 27;
        d->rm = bits >> 12 & 7;
    } else {
        d->rd = place(bits, c->rd_at, c->rd_base);
        d->rs1 = place(bits, c->rs1_at, c->rs1_base);
        d->rs2 = place(bits, c->rs2_at, c->rs2_base);
        d->rs3 = d->rm = 0;
    }
    d->imm = c->piece_count ? immediate(c, bits) : 0;
}

/* ---- for tests and tools ---- */

unsigned riscv_row_count(void) { return tables()->row_count; }
const RvRow *riscv_row(unsigned i) { return tables()->rows[i].row; }

void riscv_row_encoding(unsigned i, uint32_t *mask, uint32_t *match)
{
    const CompiledRow *c = &tables()->rows[i];
    *mask = c->bits == 16 ? c->mask | 0xffff0000u : c->mask;
    *match = c->match;
}

bool riscv_row_matches(unsigned i, uint32_t bits) { return row_matches(&tables()->rows[i], bits); }

bool riscv_row_sample(unsigned i, uint32_t random, uint32_t *bits)
{
    const CompiledRow *c = &tables()->rows[i];
    uint32_t free_bits = ~c->mask & (c->bits == 16 ? 0xffffu : ~0u);
    *bits = c->match | (random & free_bits);
    return row_matches(c, *bits);
}
