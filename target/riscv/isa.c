/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a board tells the guest about a hart: ISA string and extension list, MMU type, block sizes; and the setters a board uses.
 */
#include "riscv-cpu.h"

typedef struct ExtName {
    const char *name;
    RiscvExt ext;
} ExtName;

static const ExtName ext_names[] = {
#define X(ID, member, rv64, max, shown, help) {shown ? #member : NULL, RISCV_EXT_##ID},
    RISCV_EXTENSIONS(X)
#undef X
};

static bool is_letter(const ExtName *e) { return e->name && !e->name[1]; }

char *riscv_cpu_isa_string(const CpuState *cpu)
{
    const RiscvCpu *rc = (const RiscvCpu *)cpu;
    GString *s = g_string_new(riscv_cpu_isa_base(cpu));
    for (size_t i = 0; i < G_N_ELEMENTS(ext_names); i++) {
        if (is_letter(&ext_names[i]) && riscv_has(rc, ext_names[i].ext)) {
            g_string_append(s, ext_names[i].name);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ext_names) && !rc->cfg.short_isa; i++) {
        if (ext_names[i].name && !is_letter(&ext_names[i]) && riscv_has(rc, ext_names[i].ext)) {
            g_string_append_printf(s, "_%s", ext_names[i].name);
        }
    }
    return g_string_free(s, FALSE);
}

char **riscv_cpu_isa_extensions(const CpuState *cpu)
{
    const RiscvCpu *rc = (const RiscvCpu *)cpu;
    GPtrArray *names = g_ptr_array_new();
    g_ptr_array_add(names, g_strdup("i"));
    for (size_t i = 0; i < G_N_ELEMENTS(ext_names); i++) {
        if (ext_names[i].name && riscv_has(rc, ext_names[i].ext)) {
            g_ptr_array_add(names, g_strdup(ext_names[i].name));
        }
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

const char *riscv_cpu_isa_base(const CpuState *cpu) { return riscv_cpu_xlen(cpu) == 32 ? "rv32i" : "rv64i"; }

const char *riscv_cpu_mmu_type(const CpuState *cpu)
{
    const RiscvConfig *cfg = &((const RiscvCpu *)cpu)->cfg;
    if (!cfg->mmu || !cfg->s) {
        return "riscv,none";
    }
    if (riscv_cpu_xlen(cpu) == 32) {
        return cfg->sv32 ? "riscv,sv32" : "riscv,none";
    }
    return cfg->sv57 ? "riscv,sv57" : cfg->sv48 ? "riscv,sv48" : cfg->sv39 ? "riscv,sv39" : "riscv,none";
}

unsigned riscv_cpu_cbom_block_size(const CpuState *cpu)
{
    const RiscvCpu *rc = (const RiscvCpu *)cpu;
    return riscv_has(rc, RISCV_EXT_ZICBOM) ? rc->cfg.cbom_blocksize : 0;
}

unsigned riscv_cpu_cboz_block_size(const CpuState *cpu)
{
    const RiscvCpu *rc = (const RiscvCpu *)cpu;
    return riscv_has(rc, RISCV_EXT_ZICBOZ) ? rc->cfg.cboz_blocksize : 0;
}

uint64_t riscv_cpu_hart_id(const CpuState *cpu) { return ((const RiscvCpu *)cpu)->cfg.hartid; }
unsigned riscv_cpu_xlen(const CpuState *cpu) { return ((const RiscvCpu *)cpu)->xlen; }

void riscv_cpu_set_hart_id(CpuState *cpu, uint64_t hart_id) { riscv_cpu(cpu)->cfg.hartid = hart_id; }
void riscv_cpu_set_reset_vector(CpuState *cpu, uint64_t pc) { riscv_cpu(cpu)->cfg.resetvec = pc; }
void riscv_cpu_set_powered_off(CpuState *cpu, bool off) { riscv_cpu(cpu)->cfg.start_powered_off = off; }

void riscv_cpu_set_gpr(CpuState *cpu, unsigned n, uint64_t v)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    if (n && n < 32) {
        rc->x[n] = riscv_is32(rc) ? (uint64_t)(int64_t)(int32_t)v : v;
    }
}

uint64_t riscv_cpu_get_gpr(const CpuState *cpu, unsigned n) { return n < 32 ? ((const RiscvCpu *)cpu)->x[n] : 0; }
