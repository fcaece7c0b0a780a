/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random instructions, drawn from the rows themselves, against the reference: programs that load every register, run a hundred
 * instructions and dump the registers are run by the reference's user-mode emulator (`qemu-riscv64` in PATH, else skipped) and by the
 * interpreter, as built and optimised. Memory, CSR and control-flow instructions are left to riscv-tests.
 *
 * MIMIC_DIFF_ROUNDS and MIMIC_DIFF_SEED ask for more.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "../../target/riscv/insn.h"
#include "riscv-fake.h"

enum { RANDOM_INSNS = 100, DATA = 0x10000, OUT = 0x11000, OUT_WORDS = 64 };
#define FLAGS (0xffffffffull << RISCV_FLAG_EXT_SHIFT | RISCV_PRIV_M | RISCV_FS_DIRTY << RISCV_FLAG_FS_SHIFT)

typedef struct Program {
    uint8_t image[OUT + 8 * OUT_WORDS];
    size_t at;
    size_t first_random;
} Program;

static void emit(Program *p, uint32_t word)
{
    unsigned n = riscv_insn_len(word);
    memcpy(p->image + p->at, &word, n);
    p->at += n;
}

static uint32_t ld(unsigned rd, unsigned base, unsigned off) { return 0x3003 | off << 20 | base << 15 | rd << 7; }
static uint32_t fld(unsigned rd, unsigned base, unsigned off) { return 0x3007 | off << 20 | base << 15 | rd << 7; }
static uint32_t store(uint32_t op, unsigned r, unsigned base, unsigned off)
{
    return op | 0x3000 | (off >> 5) << 25 | r << 20 | base << 15 | (off & 31) << 7;
}
static uint32_t addi(unsigned rd, unsigned rs1, unsigned imm) { return 0x13 | imm << 20 | rs1 << 15 | rd << 7; }

/* Operands that matter: small numbers, limits, every kind of float in every format. */
static uint64_t interesting(GRand *rand, bool fp)
{
    static const uint64_t special[] = {0, 1, ~0ull, 1ull << 63, ~(1ull << 63), 0x80000000, 0x7fffffff, 0xffffffff, 31, 63, 64};
    static const uint32_t singles[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001,
                                       0x00000001, 0x807fffff, 0x7f7fffff, 0x4f000000, 0xcf000001, 0x3f000000, 0x4b800001};
    static const uint64_t doubles[] = {0x3ff0000000000000, 0xbff8000000000000, 0x7ff0000000000000, 0xfff0000000000000,
                                       0x7ff8000000000000, 0x7ff0000000000001, 1, 0x800fffffffffffff, 0x7fefffffffffffff,
                                       0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000200000, 0x43e0000000000000,
                                       0x3fe0000000000000, 0x36a0000000000000, 0x380fffffffffffff, 0x47efffffffffffff};
    static const uint16_t halves[] = {0, 0x8000, 0x3c00, 0x7c00, 0xfc00, 0x7e00, 0x7d00, 1, 0x83ff, 0x7bff, 0x3800};
    uint64_t any = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
    switch (g_rand_int_range(rand, 0, fp ? 8 : 4)) {
    case 0: return special[g_rand_int_range(rand, 0, G_N_ELEMENTS(special))];
    case 1: return any;
    case 2: return (uint64_t)(int64_t)(int32_t)any;
    case 3: return any >> (any & 63);
    case 4: return ~0ull << 32 | singles[g_rand_int_range(rand, 0, G_N_ELEMENTS(singles))];
    case 5: return doubles[g_rand_int_range(rand, 0, G_N_ELEMENTS(doubles))];
    case 6: return ~0xffffull | halves[g_rand_int_range(rand, 0, G_N_ELEMENTS(halves))];
    default: return any & 1 ? ~0ull << 32 | any >> 32 : (any & 0x800fffffffffffff) | (0x3c0 + (any >> 52 & 0x7f)) << 52;
    }
}

static bool suitable(const RvRow *row)
{
    return row->scan == SCAN_NEXT && row->xlen != RV_32 && !strstr(row->format, "(rs1)") && row->ext != RISCV_EXT_ZICSR &&
           row->ext != RISCV_EXT_SVINVAL && !g_str_equal(row->name, "fence");
}

static uint32_t random_insn(GRand *rand, const char *only)
{
    for (;;) {
        unsigned i = g_rand_int(rand) % riscv_row_count();
        const RvRow *row = riscv_row(i);
        uint32_t word;
        if (!suitable(row) || (only && !g_pattern_match_simple(only, row->name)) || !riscv_row_sample(i, g_rand_int(rand), &word)) {
            continue;
        }
        RvInsn d = {0};
        riscv_decode(&d, word, FLAGS);
        bool has_rm = strstr(row->format, "rm") && !g_str_equal(row->name, "fcvtmod.w.d");
        if (has_rm && (d.rm == 5 || d.rm == 6)) {
            continue;
        }
        return word;
    }
}

static void build(Program *p, GRand *rand, const char *only)
{
    memset(p, 0, sizeof(*p));
    for (unsigned i = 0; i < 64; i++) {
        uint64_t v = i == 0 ? (uint64_t)g_rand_int_range(rand, 0, 5) << 5 : interesting(rand, i >= 32); /* fcsr, x1.., f0.. */
        memcpy(p->image + DATA + 8 * i, &v, 8);
    }
    emit(p, 0x00010f97); /* auipc x31, 0x10 */
    emit(p, ld(1, 31, 0));
    emit(p, 0x00309073); /* csrw fcsr, x1 */
    for (unsigned i = 0; i < 32; i++) {
        emit(p, fld(i, 31, 256 + 8 * i));
    }
    for (unsigned i = 1; i < 32; i++) {
        emit(p, ld(i, 31, 8 * i));
    }
    p->first_random = p->at;
    for (unsigned i = 0; i < RANDOM_INSNS; i++) {
        emit(p, random_insn(rand, only));
    }
    if (p->at & 2) {
        emit(p, 1); /* c.nop */
    }
    uint32_t back = (uint32_t)(OUT - p->at), high = (back + 0x800) >> 12;
    emit(p, 0xf97 | high << 12); /* auipc x31; addi x31, x31 */
    emit(p, addi(31, 31, back - (high << 12)));
    for (unsigned i = 1; i < 31; i++) {
        emit(p, store(0x23, i, 31, 8 * i));
    }
    emit(p, 0x003020f3); /* csrr x1, fcsr */
    emit(p, store(0x23, 1, 31, 0));
    for (unsigned i = 0; i < 32; i++) {
        emit(p, store(0x27, i, 31, 256 + 8 * i));
    }
    emit(p, addi(10, 0, 1)); /* write(1, out, 512); exit(0) */
    emit(p, addi(11, 31, 0));
    emit(p, addi(12, 0, 8 * OUT_WORDS));
    emit(p, addi(17, 0, 64));
    emit(p, 0x73);
    emit(p, addi(10, 0, 0));
    emit(p, addi(17, 0, 93));
    emit(p, 0x73);
}

static bool run_reference(const char *emulator, const char *path, const Program *p, uint64_t *out)
{
    Elf64_Ehdr h = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC,
                    .e_machine = EM_RISCV, .e_version = 1, .e_entry = FAKE_RAM_BASE, .e_phoff = sizeof(h), .e_ehsize = sizeof(h),
                    .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1, .e_flags = 5};
    Elf64_Phdr ph = {.p_type = PT_LOAD, .p_flags = 7, .p_offset = 0x1000, .p_vaddr = FAKE_RAM_BASE, .p_paddr = FAKE_RAM_BASE,
                     .p_filesz = sizeof(p->image), .p_memsz = sizeof(p->image), .p_align = 0x1000};
    g_autofree uint8_t *file = g_malloc0(0x1000 + sizeof(p->image));
    memcpy(file, &h, sizeof(h));
    memcpy(file + sizeof(h), &ph, sizeof(ph));
    memcpy(file + 0x1000, p->image, sizeof(p->image));
    g_assert_true(g_file_set_contents(path, (char *)file, 0x1000 + (gssize)sizeof(p->image), NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    const char *argv[] = {emulator, "-cpu", "max", path, NULL};
    g_autofree char *text = NULL;
    GError *err = NULL;
    int status;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, NULL, &status, &err)) {
        g_error("%s: %s", emulator, err->message);
    }
    if (status) {
        return false;
    }
    memcpy(out, text, 8 * OUT_WORDS);
    return true;
}

static void print_program(const Program *p)
{
    for (size_t at = p->first_random; at < p->at;) {
        char text[96];
        riscv_disassemble(p->image + at, 4, FAKE_RAM_BASE + at, FLAGS, text, sizeof(text));
        g_test_message("  %06zx  %s", at, text);
        at += riscv_insn_len(p->image[at]);
        if (g_str_has_prefix(text, "ecall")) {
            break;
        }
    }
}

static bool run_here(const Program *p, const uint64_t *expected, bool optimize)
{
    RiscvFake *f = riscv_fake_new("riscv64", "max");
    riscv_cpu(f->cpu)->mstatus |= MSTATUS_FS | MSTATUS_SD;
    f->optimize = optimize;
    f->region_insns = 64;
    f->stop_at_exception = true;
    riscv_fake_put(f, FAKE_RAM_BASE, p->image, sizeof(p->image));
    riscv_fake_run(f, 10000);
    bool same = f->last_exception == 11;
    if (!same) {
        g_test_message("ended by exception %d at 0x%" G_GINT64_MODIFIER "x", f->last_exception, f->cpu->target->get_pc(f->cpu));
    }
    for (unsigned i = 0; i < OUT_WORDS; i++) {
        uint64_t v;
        memcpy(&v, f->ram + OUT + 8 * i, 8);
        if (v != expected[i]) {
            g_test_message("%s%u: %016" G_GINT64_MODIFIER "x instead of %016" G_GINT64_MODIFIER "x (%s)",
                           !i ? "fcsr " : i < 32 ? "x" : "f", i & 31, v, expected[i], optimize ? "optimised" : "as built");
            same = false;
        }
    }
    riscv_fake_free(f);
    return same;
}

static void test_diff(void)
{
    g_autofree char *emulator = g_find_program_in_path("qemu-riscv64");
    const char *rounds_text = g_getenv("MIMIC_DIFF_ROUNDS"), *seed_text = g_getenv("MIMIC_DIFF_SEED"), *only = g_getenv("MIMIC_DIFF_ONLY");
    unsigned rounds = rounds_text ? (unsigned)atoi(rounds_text) : 20, seed = seed_text ? (unsigned)atoi(seed_text) : 1;
    if (!emulator) {
        g_test_skip("no qemu-riscv64 to compare with");
        return;
    }
    g_autofree char *path = g_strdup_printf("%s/mimic-riscv-diff-%d", g_get_tmp_dir(), (int)getpid());
    Program *p = g_new0(Program, 1);
    for (unsigned n = 0; n < rounds && !g_test_failed(); n++) {
        uint64_t expected[OUT_WORDS];
        GRand *rand = g_rand_new_with_seed(seed + n);
        build(p, rand, only);
        g_rand_free(rand);
        if (!run_reference(emulator, path, p, expected)) {
            g_test_message("the reference does not run seed %u", seed + n);
            continue;
        }
        if (!run_here(p, expected, false) || !run_here(p, expected, true)) {
            g_test_message("seed %u:", seed + n);
            print_program(p);
            g_test_fail();
        }
    }
    remove(path);
    g_free(p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/diff/random", test_diff);
    return g_test_run();
}
