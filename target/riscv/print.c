/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info registers` and `-d cpu`: the layout that users of the reference know.
 */
#include "helper.h"
#include "insn.h"

const char *const riscv_x_names[32] = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
    "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};
const char *const riscv_f_names[32] = {
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
    "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};

static void print_value(const RiscvCpu *rc, FILE *out, const char *name, uint64_t v, bool wide)
{
    if (riscv_is32(rc) && !wide) {
        fprintf(out, " %-8s %08x", name, (uint32_t)v);
    } else {
        fprintf(out, " %-8s %016" G_GINT64_MODIFIER "x", name, v);
    }
}

static void print_csr(RiscvCpu *rc, FILE *out, unsigned number)
{
    char name[24];
    uint64_t v;
    if (riscv_csr_get(rc, number, &v)) {
        print_value(rc, out, riscv_csr_name(number, name, sizeof(name)), v, false);
        fputc('\n', out);
    }
}

static void print_file(const RiscvCpu *rc, FILE *out, char letter, const char *const *names, const uint64_t *values, bool wide)
{
    for (unsigned i = 0; i < 32; i++) {
        char name[12];
        g_snprintf(name, sizeof(name), "%c%u/%s", letter, i, names[i]);
        print_value(rc, out, name, values[i], wide);
        if (i % 4 == 3) {
            fputc('\n', out);
        }
    }
}

void riscv_print_state(CpuState *cpu, FILE *out)
{
    static const uint16_t csrs[] = {0xf14, 0x300, 0x344, 0x304, 0x303, 0x302, 0x305, 0x105, 0x341, 0x141,
                                    0x342, 0x142, 0x343, 0x143, 0x340, 0x140, 0x180};
    static const char *const modes[] = {"U", "S", "?", "M"};
    RiscvCpu *rc = riscv_cpu(cpu);
    fprintf(out, " priv     %s\n", modes[rc->priv & 3]);
    print_value(rc, out, "pc", rc->pc, false);
    fputc('\n', out);
    for (size_t i = 0; i < G_N_ELEMENTS(csrs); i++) {
        print_csr(rc, out, csrs[i]);
    }
    print_file(rc, out, 'x', riscv_x_names, rc->x, false);
    if (riscv_has(rc, RISCV_EXT_F)) {
        print_value(rc, out, "fcsr", riscv_fflags_read(rc) | (uint64_t)rc->frm << 5, false);
        fputc('\n', out);
        print_file(rc, out, 'f', riscv_f_names, rc->f, true);
    }
}
