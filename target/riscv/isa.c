/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a board tells the guest about a hart: ISA string and extension list, MMU type, block sizes; and the setters a board uses.
 */
#include <stdlib.h>
#include <string.h>

#include "riscv-cpu.h"

typedef struct ExtName {
    const char *name;
    RiscvExt ext;
} ExtName;

#define EXT_NAME_COUNT (RISCV_EXT_COUNT + 1)

static bool is_letter(const ExtName *e) { return !e->name[1]; }

/* The canonical order: base and single letters, then Z by the letter they belong to, then S; else by the alphabet. */
static unsigned rank(const ExtName *e)
{
    static const char order[] = "imafdqlcbkjtpvnh";
    char key = e->name[0] == 'z' && e->name[1] ? e->name[1] : e->name[0];
    const char *at = strchr(order, key);
    unsigned place = at ? (unsigned)(at - order) : sizeof(order);
    return is_letter(e) ? place : e->name[0] == 'z' ? 100 + place : 200;
}

static int by_canon(const void *a, const void *b)
{
    const ExtName *x = a, *y = b;
    unsigned rx = rank(x), ry = rank(y);
    return rx != ry ? (rx < ry ? -1 : 1) : strcmp(x->name, y->name);
}

static void sorted_names(ExtName names[EXT_NAME_COUNT])
{
    static const ExtName all[EXT_NAME_COUNT] = {
        {"i", RISCV_EXT_I},
#define X(ID, member, rv64, max, help) {#member, RISCV_EXT_##ID},
        RISCV_EXTENSIONS(X)
#undef X
    };
    memcpy(names, all, sizeof(all));
    qsort(names, EXT_NAME_COUNT, sizeof(*names), by_canon);
}

static bool present(const RiscvCpu *rc, const ExtName *e) { return e->ext == RISCV_EXT_I || riscv_has(rc, e->ext); }

char *riscv_cpu_isa_string(const CpuState *cpu)
{
    const RiscvCpu *rc = (const RiscvCpu *)cpu;
    ExtName names[EXT_NAME_COUNT];
    GString *s = g_string_new(riscv_is32(rc) ? "rv32" : "rv64");
    sorted_names(names);
    for (unsigned i = 0; i < EXT_NAME_COUNT; i++) {
        if (present(rc, &names[i]) && (is_letter(&names[i]) || !rc->cfg.short_isa)) {
            g_string_append_printf(s, "%s%s", is_letter(&names[i]) ? "" : "_", names[i].name);
        }
    }
    return g_string_free(s, FALSE);
}

char **riscv_cpu_isa_extensions(const CpuState *cpu)
{
    const RiscvCpu *rc = (const RiscvCpu *)cpu;
    ExtName names[EXT_NAME_COUNT];
    GPtrArray *list = g_ptr_array_new();
    sorted_names(names);
    for (unsigned i = 0; i < EXT_NAME_COUNT; i++) {
        if (present(rc, &names[i])) {
            g_ptr_array_add(list, g_strdup(names[i].name));
        }
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
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
