/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction rows and the decoder of target/x86: every row can be read, no two rows of equal rank match the same bytes,
 * lengths agree with capstone's on random code (where it is installed), random bytes do no harm, and the rules of prefixes.
 */
#include <dlfcn.h>
#include <string.h>

#if __has_include(<capstone/capstone.h>)
#define X86_OP_IMM CS_X86_OP_IMM
#define X86_OP_MEM CS_X86_OP_MEM
#include <capstone/capstone.h>
#undef X86_OP_IMM
#undef X86_OP_MEM
#define HAVE_CAPSTONE 1
#else
#define HAVE_CAPSTONE 0
#endif

#include "../../target/x86/decode-internal.h"

enum { RF64 = X86_RF_PE | X86_RF_LMA | X86_RF_CS64 | X86_RF_FLAT, RF32 = X86_RF_PE | X86_RF_CS32 | X86_RF_SS32 | X86_RF_FLAT, RF16 = 0 };
static uint64_t config_flags;

/* --- rows --- */

static void test_rows_read(void) { g_assert_cmpuint(x86_bad_row_count(), ==, 0); }

static unsigned rank(const X86CompiledRow *c) { return (unsigned)__builtin_popcount(c->mask) + 100u * c->mandatory; }

static bool same_opcode(const X86CompiledRow *a, const X86CompiledRow *b)
{
    return a->map == b->map && a->vex == b->vex && (a->opcode & (a->plus_r || b->plus_r ? 0xf8 : 0xff)) == (b->opcode & (a->plus_r || b->plus_r ? 0xf8 : 0xff)) &&
           (a->plus_r == b->plus_r || a->plus_r || b->plus_r);
}

/* mod=m is not in the mask: where one has it and the other mod=3, they do not meet. */
static bool wants_memory(const X86CompiledRow *c)
{
    if (strstr(c->row->pattern, "mod=m")) {
        return true;
    }
    for (unsigned i = 0; i < c->op_count; i++) {
        if (c->op[i].code == X86_OC_M) {
            return true;
        }
    }
    return false;
}

static bool overlap(const X86CompiledRow *a, const X86CompiledRow *b)
{
    if (!same_opcode(a, b) || ((a->match ^ b->match) & a->mask & b->mask) || rank(a) != rank(b) || a->plus_r != b->plus_r) {
        return false;
    }
    bool a3 = (a->mask & a->match & 0xc0) == 0xc0, b3 = (b->mask & b->match & 0xc0) == 0xc0;
    return !(wants_memory(a) && b3) && !(wants_memory(b) && a3) && wants_memory(a) == wants_memory(b) && a->row->feature == b->row->feature;
}

static void test_rows_apart(void)
{
    const X86DecodeTables *t = x86_decode_tables();
    for (unsigned i = 0; i < t->row_count; i++) {
        for (unsigned j = i + 1; j < t->row_count; j++) {
            if (overlap(&t->rows[i], &t->rows[j])) {
                g_test_message("rows '%s' (%s) and '%s' (%s) overlap", t->rows[i].row->name, t->rows[i].row->pattern, t->rows[j].row->name,
                               t->rows[j].row->pattern);
                g_test_fail();
            }
        }
    }
}

/* --- single instructions --- */

typedef struct Known {
    uint64_t flags;
    uint8_t code[16];
    unsigned len;
    const char *name; /* NULL: #UD */
} Known;

static const Known known[] = {
    {RF64, {0x48, 0x83, 0x44, 0x8b, 0x10, 0xff}, 6, "add"}, /* add qword [rbx+rcx*4+16], -1 */
    {RF64, {0xf0, 0x01, 0xd8}, 3, NULL},                    /* LOCK needs memory */
    {RF64, {0xf0, 0x01, 0x18}, 3, "add"},
    {RF64, {0xf0, 0x39, 0x18}, 3, NULL},                    /* CMP takes no LOCK */
    {RF64, {0x06}, 1, NULL},                                /* PUSH ES */
    {RF64, {0x48, 0x66, 0x01, 0xc3}, 4, "add"},             /* REX before 66 does not count */
    {RF64, {0xf3, 0x90}, 2, "pause"},
    {RF64, {0x66, 0xf3, 0x0f, 0xb8, 0xc1}, 5, "popcnt"},
    {RF64, {0xc4, 0xe2, 0x78, 0xf2, 0xc1}, 5, "andn"},
    {RF32, {0xc4, 0x08}, 2, "les"},
    {RF32, {0xc4, 0xe2, 0x78, 0xf2, 0xc1}, 5, "andn"},
    {RF16, {0xc4, 0xe2, 0x78, 0xf2, 0xc1}, 5, NULL},        /* real mode has no VEX */
    {RF64, {0x66, 0xc4, 0xe2, 0x78, 0xf2, 0xc1}, 6, NULL},  /* no 66 before VEX */
    {RF64, {0xc4, 0xe2, 0x70, 0xf7, 0x00}, 5, "bextr"},
    {RF64, {0xc4, 0xe3, 0x73, 0xf0, 0xc1, 0x05}, 6, NULL},  /* RORX: vvvv must be 1111 */
    {RF64, {0xf3, 0x0f, 0xbd, 0xc1}, 4, "lzcnt"},
    {RF64, {0x0f, 0xbd, 0xc1}, 3, "bsr"},
    {RF64, {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 10, "mov"},
    {RF32, {0x66, 0xb8, 1, 2}, 4, "mov"},
    {RF16, {0xb8, 1, 2}, 3, "mov"},
    {RF16, {0x67, 0x8b, 0x04, 0x25, 0, 0, 0, 0}, 8, "mov"},
    {RF64, {0x66, 0xe8, 0, 0, 0, 0}, 6, "call"},            /* 66 does not shorten a near call in 64-bit mode */
    {RF32, {0x66, 0xe8, 0, 0}, 4, "call"},
    {RF64, {0x0f, 0xc7, 0x08}, 3, "cmpxchg8b"},
    {RF64, {0x48, 0x0f, 0xc7, 0x08}, 4, "cmpxchg16b"},
    {RF64, {0x66, 0x0f, 0x38, 0xf0, 0x00}, 5, "movbe"},
    {RF64, {0xf2, 0x0f, 0x38, 0xf0, 0x00}, 5, "crc32"},
    {RF64, {0x0f, 0x20, 0x44}, 3, "mov"},                   /* MOV from CR0: mod does not matter */
};

static void test_known(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        const Known *k = &known[i];
        X86Insn d = {.b = NULL};
        g_assert_true(x86_decode(&d, k->code, 16, 0x1000, k->flags | config_flags));
        if (g_strcmp0(d.row ? d.row->name : NULL, k->name) != 0 || (k->name && d.len != k->len)) {
            g_test_message("case %u: %s of %u bytes, expected %s of %u", i, d.row ? d.row->name : "(none)", d.len, k->name ? k->name : "(none)",
                           k->len);
            g_test_fail();
        }
        for (unsigned n = 0; k->name && n < k->len; n++) { /* fewer bytes than it has */
            g_assert_false(x86_decode(&d, k->code, n, 0x1000, k->flags | config_flags));
        }
    }
}

static void test_too_long(void)
{
    uint8_t code[16] = {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90, 0x90};
    X86Insn d = {.b = NULL};
    g_assert_true(x86_decode(&d, code, 16, 0, RF64 | config_flags));
    g_assert_cmpuint(d.len, ==, 15);
    g_assert_cmpstr(d.row->name, ==, "xchg");
    code[14] = 0x66;
    g_assert_true(x86_decode(&d, code, 16, 0, RF64 | config_flags));
    g_assert_true(d.row == &x86_row_too_long);
    g_assert_false(x86_decode(&d, code, 14, 0, RF64 | config_flags));
}

static void test_rip_relative(void)
{
    static const uint8_t code[] = {0xc7, 0x05, 0x10, 0, 0, 0, 1, 0, 0, 0};
    X86Insn d = {.b = NULL};
    g_assert_true(x86_decode(&d, code, sizeof(code), 0x1000, RF64 | config_flags));
    g_assert_cmpint(d.base, ==, -2);
    g_assert_cmphex((uint64_t)d.disp, ==, 0x1000 + 10 + 0x10);
}

/* --- random bytes --- */

static void random_code(GRand *r, uint8_t *code)
{
    static const uint8_t likely[] = {0x0f, 0x66, 0xf2, 0xf3, 0x48, 0x41, 0xc4, 0xc5, 0x67, 0x0f, 0xd9, 0x80};
    for (unsigned i = 0; i < 16; i++) {
        code[i] = (uint8_t)g_rand_int(r);
    }
    for (unsigned i = 0; i < 3 && g_rand_boolean(r); i++) {
        code[i] = likely[g_rand_int_range(r, 0, (int)sizeof(likely))];
    }
}

static void test_harmless(void)
{
    static const uint64_t modes[] = {RF64, RF32, RF16, X86_RF_PE | X86_RF_VM | X86_RF_CPL};
    GRand *r = g_rand_new_with_seed(1);
    for (unsigned n = 0; n < 400000; n++) {
        uint8_t code[16];
        X86Insn d = {.b = NULL}, shorter = {.b = NULL};
        uint64_t flags = modes[n & 3] | config_flags;
        random_code(r, code);
        g_assert_true(x86_decode(&d, code, 15, 0x1000, flags));
        g_assert_cmpuint(d.len, <=, 15);
        g_assert_cmpuint(d.len, >, 0);
        ScanInfo info;
        x86_scan(code, 15, 0x1000, flags, &info);
        g_assert_cmpuint(info.len, ==, d.len);
        g_assert_true(x86_decode(&shorter, code, d.len, 0x1000, flags) && shorter.len == d.len && shorter.row == d.row);
        g_assert_false(d.row && d.row != &x86_row_too_long && x86_decode(&shorter, code, d.len - 1u, 0x1000, flags));
    }
    g_rand_free(r);
}

#if HAVE_CAPSTONE
/* What that library is known to get wrong, or what processors differ in. */
static bool excused(const X86Insn *d, const cs_insn *insn)
{
    static const char *const names[] = {"ud0", "ud1", "nop", "fnop", "loop", "jcxz", "enter", "prefetch*", "bound", "movsxd", "push", "ret", "call"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_pattern_match_simple(names[i], d->row->name)) {
            return true;
        }
    }
    bool near_branch = d->op_count && d->op[0].kind == X86_OP_REL && d->opsize_prefix; /* AMD's and Intel's rules differ */
    return near_branch || g_str_has_prefix(insn->mnemonic, "data16") || insn->size == 1;
}

static void test_lengths(void)
{
    void *lib = dlopen("libcapstone.so.4", RTLD_NOW);
    if (!lib) {
        g_test_skip("capstone is not installed");
        return;
    }
    cs_err (*open)(cs_arch, cs_mode, csh *);
    size_t (*disasm)(csh, const uint8_t *, size_t, uint64_t, size_t, cs_insn **);
    void (*release)(cs_insn *, size_t);
    *(void **)&open = dlsym(lib, "cs_open");
    *(void **)&disasm = dlsym(lib, "cs_disasm");
    *(void **)&release = dlsym(lib, "cs_free");
    static const struct {
        uint64_t flags;
        cs_mode mode;
    } modes[] = {{RF64, CS_MODE_64}, {RF32, CS_MODE_32}, {RF16, CS_MODE_16}};
    GRand *r = g_rand_new_with_seed(2);
    unsigned compared = 0, differ = 0;
    for (unsigned m = 0; m < G_N_ELEMENTS(modes); m++) {
        csh handle;
        g_assert_cmpint(open(CS_ARCH_X86, modes[m].mode, &handle), ==, CS_ERR_OK);
        for (unsigned n = 0; n < 60000; n++) {
            uint8_t code[16];
            X86Insn d = {.b = NULL};
            cs_insn *insn;
            random_code(r, code);
            x86_decode(&d, code, 15, 0x1000, modes[m].flags | config_flags);
            if (!d.row || d.row == &x86_row_too_long || !disasm(handle, code, 15, 0x1000, 1, &insn)) {
                continue;
            }
            compared++;
            if (insn->size != d.len && !excused(&d, insn) && ++differ < 20) {
                g_autoptr(GString) hex = g_string_new(NULL);
                for (unsigned i = 0; i < 15; i++) {
                    g_string_append_printf(hex, "%02x", code[i]);
                }
                g_test_message("mode %u %s: '%s' has %u bytes here, '%s %s' %u there", m, hex->str, d.row->name, d.len, insn->mnemonic,
                               insn->op_str, insn->size);
            }
            release(insn, 1);
        }
    }
    g_rand_free(r);
    g_test_message("%u compared, %u differ", compared, differ);
    g_assert_cmpuint(compared, >, 50000);
    g_assert_cmpuint(differ, ==, 0);
}
#else
static void test_lengths(void) { g_test_skip("built without capstone"); }
#endif

int main(int argc, char **argv)
{
    X86DecodeConfig all;
    unsigned number = 0;
    memset(&all, 0xff, sizeof(all));
    g_assert_true(x86_decode_config_add(&all, &number));
    config_flags = (uint64_t)number << X86_RF_CONFIG_SHIFT;
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86/decode/rows-read", test_rows_read);
    g_test_add_func("/x86/decode/rows-apart", test_rows_apart);
    g_test_add_func("/x86/decode/known", test_known);
    g_test_add_func("/x86/decode/too-long", test_too_long);
    g_test_add_func("/x86/decode/rip-relative", test_rip_relative);
    g_test_add_func("/x86/decode/harmless", test_harmless);
    g_test_add_func("/x86/decode/lengths", test_lengths);
    return g_test_run();
}
