/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction rows of target/riscv: no two rows that can be on together match the same word, every row decodes its own
 * samples, every word of 16 bits decodes without harm, and disassembly of known encodings (from the GNU assembler) and immediates.
 */
#include <string.h>

#include "../../target/riscv/insn.h"
#include "riscv-fake.h"

#define ALL_EXTENSIONS (0xffffffffull << RISCV_FLAG_EXT_SHIFT)
#define FLAGS64 (ALL_EXTENSIONS | RISCV_PRIV_M | RISCV_FS_DIRTY << RISCV_FLAG_FS_SHIFT | RISCV_MODE_M << RISCV_FLAG_MODE_SHIFT)
#define FLAGS32 (FLAGS64 | RISCV_FLAG_RV32)

static bool together(const RvRow *a, const RvRow *b)
{
    return a->xlen == RV_BOTH || b->xlen == RV_BOTH || a->xlen == b->xlen;
}

/* Two rows overlap where their fixed bits agree; exclusions decide by trying words. */
static bool overlap(unsigned i, unsigned j, GRand *rand)
{
    uint32_t mask_i, match_i, mask_j, match_j;
    riscv_row_encoding(i, &mask_i, &match_i);
    riscv_row_encoding(j, &mask_j, &match_j);
    if ((match_i ^ match_j) & mask_i & mask_j) {
        return false;
    }
    uint32_t fixed = mask_i | mask_j, match = match_i | match_j;
    for (unsigned n = 0; n < 500; n++) {
        uint32_t word = match | (g_rand_int(rand) & ~fixed);
        if (riscv_row_matches(i, word) && riscv_row_matches(j, word)) {
            return true;
        }
    }
    return false;
}

static void test_no_overlap(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    unsigned n = riscv_row_count();
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = i + 1; j < n; j++) {
            if (together(riscv_row(i), riscv_row(j)) && overlap(i, j, rand)) {
                g_test_message("rows '%s' and '%s' overlap", riscv_row(i)->name, riscv_row(j)->name);
                g_test_fail();
            }
        }
    }
    g_rand_free(rand);
}

static void test_samples(void)
{
    GRand *rand = g_rand_new_with_seed(2);
    for (unsigned i = 0; i < riscv_row_count(); i++) {
        const RvRow *row = riscv_row(i);
        unsigned good = 0;
        for (unsigned n = 0; n < 200; n++) {
            uint32_t word;
            if (!riscv_row_sample(i, g_rand_int(rand), &word)) {
                continue;
            }
            good++;
            RvInsn d = {0};
            riscv_decode(&d, word, row->xlen == RV_32 ? FLAGS32 : FLAGS64);
            g_assert_true(d.row == row);
            char text[96];
            uint8_t code[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
            riscv_disassemble(code, d.len, 0x1000, row->xlen == RV_32 ? FLAGS32 : FLAGS64, text, sizeof(text));
            g_assert_cmpuint(strlen(text), >, 0);
            g_assert_true(text[0] != '.');
        }
        g_assert_cmpuint(good, >, 0);
    }
    g_rand_free(rand);
}

/* Off extensions do not decode. */
static void test_extensions(void)
{
    RvInsn d = {0};
    riscv_decode(&d, 0x02b50533, FLAGS64); /* mul a0, a0, a1 */
    g_assert_cmpstr(d.row->name, ==, "mul");
    riscv_decode(&d, 0x02b50533, FLAGS64 & ~(1ull << (RISCV_FLAG_EXT_SHIFT + RISCV_EXT_M)));
    g_assert_null(d.row);
    riscv_decode(&d, 0x00b50533, RISCV_PRIV_M); /* add: always */
    g_assert_nonnull(d.row);
    riscv_decode(&d, 0, FLAGS64);
    g_assert_null(d.row);
    riscv_decode(&d, 0xffffffff, FLAGS64);
    g_assert_null(d.row);
}

static const struct Sample {
    uint32_t word;
    bool rv32;
    const char *text; /* name and operands, blanks squeezed */
} samples[] = {
    {0xfffff5b7, false, "lui a1, 0xfffff"},
    {0x00001517, false, "auipc a0, 0x1"},
    {0x008000ef, false, "jal 0x1008"},
    {0xff5ff06f, false, "j 0xff4"},
    {0x7ff0056f, false, "jal a0, 0x1ffe"},
    {0x00008067, false, "ret"},
    {0x00c50467, false, "jalr s0, 12(a0)"},
    {0xfe0518e3, false, "bnez a0, 0xff0"},
    {0x00b546e3, false, "blt a0, a1, 0x180c"},
    {0xff813083, false, "ld ra, -8(sp)"},
    {0x7ff14003, false, "lbu zero, 2047(sp)"},
    {0x80113023, false, "sd ra, -2048(sp)"},
    {0x00000013, false, "nop"},
    {0xfff00513, false, "li a0, -1"},
    {0x03f51513, false, "slli a0, a0, 63"},
    {0x4055551b, false, "sraiw a0, a0, 5"},
    {0x0ff0000f, false, "fence iorw, iorw"},
    {0x0100000f, false, "pause"},
    {0x0000100f, false, "fence.i"},
    {0x1005b5af, false, "lr.d a1, (a1)"},
    {0x18c5a52f, false, "sc.w a0, a2, (a1)"},
    {0x06c5b52f, false, "amoadd.d.aqrl a0, a2, (a1)"},
    {0x30002573, false, "csrr a0, mstatus"},
    {0x10016073, false, "csrsi sstatus, 2"},
    {0x34011173, false, "csrrw sp, mscratch, sp"},
    {0x3b051073, false, "csrw pmpaddr0, a0"},
    {0xc1002573, false, "csrr a0, hpmcounter16"},
    {0x12b50073, false, "sfence.vma a0, a1"},
    {0x02c5f553, false, "fadd.d fa0, fa1, fa2"},
    {0xc2059553, false, "fcvt.w.d a0, fa1, rtz"},
    {0x70d6f57b, false, ".word 0x70d6f57b"},
    {0x6ac5f543, false, "fmadd.d fa0, fa1, fa2, fa3"},
    {0x20b5a533, false, "sh1add a0, a1, a1"},
    {0x28755513, false, "orc.b a0, a0"},
    {0x6b855513, false, "rev8 a0, a0"},
    {0x0045a00f, false, "cbo.zero (a1)"},
    {0x4501, false, "c.li a0, 0"},
    {0x1141, false, "c.addi sp, -16"},
    {0x7179, false, "c.addi16sp sp, -48"},
    {0x1808, false, "c.addi4spn a0, sp, 48"},
    {0x6705, false, "c.lui a4, 0x1"},
    {0x8082, false, "c.jr ra"},
    {0x9002, false, "c.ebreak"},
    {0xe406, false, "c.sdsp ra, 8(sp)"},
    {0x60a2, false, "c.ldsp ra, 8(sp)"},
    {0x4388, false, "c.lw a0, 0(a5)"},
    {0xdfed, false, "c.beqz a5, 0xffa"},
    {0xbff5, false, "c.j 0xffc"},
    {0x3ff5, true, "c.jal 0xffc"},
    {0x2505, false, "c.addiw a0, 1"},
    {0x6008, true, "c.flw fa0, 0(s0)"},
    {0x953e, false, "c.add a0, a5"},
    {0x852e, false, "c.mv a0, a1"},
    {0x0000, false, ".half 0x0000"},
};

static void test_disassembly(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        uint32_t w = samples[i].word;
        uint8_t code[4] = {(uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24)};
        char text[96];
        riscv_disassemble(code, 4, 0x1000, samples[i].rv32 ? FLAGS32 : FLAGS64, text, sizeof(text));
        g_auto(GStrv) words = g_regex_split_simple(" +", text, 0, 0);
        g_autofree char *squeezed = g_strjoinv(" ", words);
        g_assert_cmpstr(squeezed, ==, samples[i].text);
    }
}

/* Immediates at their limits, through scan() for branches and jumps. */
static void test_immediates(void)
{
    static const struct {
        uint32_t word;
        int64_t imm;
    } cases[] = {
        {0x80000063, -4096}, {0x7e000fe3, 4094}, {0x8000006f, -1048576}, {0x7ffff06f, 1048574},
        {0x80010113, -2048}, {0x7ff10113, 2047}, {0x80010023, -2048}, {0x7e010fa3, 2047},
        {0xfffff037, -4096}, {0x7ffff037, 0x7ffff000}, {0xb001, -2048}, {0xaffd, 2046}, {0xd001, -256}, {0xcffd, 254},
        {0x7101, -512}, {0x617d, 496}, {0x1fe0, 1020}, {0x707d, -4096},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        RvInsn d = {0};
        riscv_decode(&d, cases[i].word, FLAGS64);
        g_assert_nonnull(d.row);
        if (d.imm != cases[i].imm) {
            g_test_message("%08x (%s): %" G_GINT64_FORMAT " instead of %" G_GINT64_FORMAT, cases[i].word, d.row->name, d.imm, cases[i].imm);
            g_test_fail();
        }
    }
}

static void test_scan(void)
{
    static const struct {
        uint32_t word;
        ScanKind kind;
        unsigned len;
        uint64_t target;
    } cases[] = {
        {0x00b50533, SCAN_NEXT, 4, 0}, {0xfe0518e3, SCAN_BRANCH, 4, 0xff0}, {0x008000ef, SCAN_CALL, 4, 0x1008},
        {0xff5ff06f, SCAN_JUMP, 4, 0xff4}, {0x00008067, SCAN_STOP, 4, 0}, {0x8082, SCAN_STOP, 2, 0}, {0xdfed, SCAN_BRANCH, 2, 0xffa},
        {0x0100000f, SCAN_STOP, 4, 0}, {0x30002573, SCAN_NEXT, 4, 0}, {0, SCAN_STOP, 2, 0}, {0x10500073, SCAN_STOP, 4, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint32_t w = cases[i].word;
        uint8_t code[4] = {(uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24)};
        ScanInfo info;
        riscv_scan(code, 4, 0x1000, FLAGS64, &info);
        g_assert_cmpint(info.kind, ==, cases[i].kind);
        g_assert_cmpuint(info.len, ==, cases[i].len);
        if (cases[i].target) {
            g_assert_cmphex(info.target, ==, cases[i].target);
        }
        riscv_scan(code, cases[i].len - 1, 0x1000, FLAGS64, &info);
        g_assert_cmpuint(info.len, ==, 0);
    }
}

/* Any bytes translate to something that verifies; with every flag combination that matters. */
static void test_any_bytes(void)
{
    GRand *rand = g_rand_new_with_seed(3);
    TcgBuilder *b = tcg_builder_new();
    TcgRegion *r = tcg_region_new(riscv_slots, RISCV_SLOT_COUNT);
    unsigned count = g_test_thorough() ? 2000000 : 40000;
    for (unsigned n = 0; n < count; n++) {
        uint32_t w = g_rand_int(rand);
        if (n % 4) { /* mostly words that decode */
            riscv_row_sample(g_rand_int(rand) % riscv_row_count(), w, &w);
        }
        uint64_t flags = ALL_EXTENSIONS | (g_rand_int(rand) & 0x1ff);
        if ((flags & 3) == 2) {
            flags ^= 1;
        }
        uint8_t code[4] = {(uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24)};
        ScanInfo info;
        riscv_scan(code, 4, 0x1000, flags, &info);
        tcg_region_reset(r, 0x1000, flags);
        tcg_builder_begin(b, r);
        tcg_builder_insn(b, 0x1000, info.len);
        riscv_translate(b, code, 0x1000, flags);
        tcg_builder_end(b, 0x1000 + info.len);
        Error *err = NULL;
        if (!tcg_verify(r, &err)) {
            g_error("word %08x flags %" G_GINT64_MODIFIER "x: %s", w, flags, error_message(err));
        }
    }
    tcg_region_free(r);
    tcg_builder_free(b);
    g_rand_free(rand);
}

static void test_speed(void)
{
    enum { INSNS = 32, ROUNDS = 20000 };
    static const uint32_t words[INSNS / 4] = {0x00b50533, 0xff813083, 0x80113023, 0xfff00513, 0x02c5f553, 0x4055551b, 0x00c5c533, 0x00053503};
    TcgBuilder *b = tcg_builder_new();
    TcgRegion *r = tcg_region_new(riscv_slots, RISCV_SLOT_COUNT);
    gint64 start = g_get_monotonic_time();
    for (unsigned n = 0; n < ROUNDS; n++) {
        tcg_region_reset(r, 0x1000, FLAGS64);
        tcg_builder_begin(b, r);
        for (unsigned i = 0; i < INSNS; i++) {
            uint8_t code[4];
            ScanInfo info;
            memcpy(code, &words[i % (INSNS / 4)], 4);
            riscv_scan(code, 4, 0x1000 + 4 * i, FLAGS64, &info);
            tcg_builder_insn(b, 0x1000 + 4 * i, 4);
            riscv_translate(b, code, 0x1000 + 4 * i, FLAGS64);
        }
        tcg_builder_end(b, 0x1000 + 4 * INSNS);
    }
    double ns = (double)(g_get_monotonic_time() - start) * 1000 / (INSNS * (double)ROUNDS);
    g_test_minimized_result(ns, "scan and translate: %.1f ns per guest instruction", ns);
    tcg_region_free(r);
    tcg_builder_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/decode/no-overlap", test_no_overlap);
    g_test_add_func("/riscv/decode/samples", test_samples);
    g_test_add_func("/riscv/decode/extensions", test_extensions);
    g_test_add_func("/riscv/decode/disassembly", test_disassembly);
    g_test_add_func("/riscv/decode/immediates", test_immediates);
    g_test_add_func("/riscv/decode/scan", test_scan);
    g_test_add_func("/riscv/decode/any-bytes", test_any_bytes);
    if (g_test_perf()) {
        g_test_add_func("/riscv/decode/speed", test_speed);
    }
    return g_test_run();
}
