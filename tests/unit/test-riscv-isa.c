/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target/riscv as a whole, run by the interpreter: built programs of the public riscv-tests, where MIMIC_RISCV_TESTS names their
 * folder (see tests/isa), each once as the frontend built its regions and once after the optimiser.
 */
#include <string.h>

#include "riscv-fake.h"

#define MAX_INSNS 3000000

static void run_program(const char *path, const char *name, bool optimize)
{
    bool is32 = g_str_has_prefix(name, "rv32");
    RiscvFake *f = riscv_fake_new(is32 ? "riscv32" : "riscv64", "max");
    f->optimize = optimize;
    g_assert_true(riscv_fake_load_elf(f, path));
    bool done = riscv_fake_run(f, MAX_INSNS);
    if (!done || f->finish_code != 0x5555) {
        g_test_message("%s (%s): %s, code 0x%x, pc 0x%" G_GINT64_MODIFIER "x, %u exceptions, last %d", name,
                       optimize ? "optimised" : "as built", done ? "finished" : "did not finish", f->finish_code,
                       f->cpu->target->get_pc(f->cpu), f->exceptions, f->last_exception);
        g_test_fail();
    }
    riscv_fake_free(f);
}

static void test_riscv_tests(void)
{
    const char *folder = g_getenv("MIMIC_RISCV_TESTS"), *only = g_getenv("MIMIC_RISCV_ONLY");
    if (!folder) {
        g_test_skip("MIMIC_RISCV_TESTS is not set");
        return;
    }
    GDir *dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    for (const char *name; (name = g_dir_read_name(dir));) {
        bool counts = strstr(name, "instret_overflow"); /* wants instructions counted, not time */
        if (strchr(name, '.') || counts || !g_str_has_prefix(name, "rv") || (only && !g_pattern_match_simple(only, name))) {
            continue;
        }
        g_autofree char *path = g_build_filename(folder, name, NULL);
        run_program(path, name, false);
        run_program(path, name, true);
    }
    g_dir_close(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/isa/riscv-tests", test_riscv_tests);
    return g_test_run();
}
