/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target/x86's side of the bench: a machine of 2 MiB RAM with one CPU that is put straight into user mode, with page
 * tables of its own that map the bench's pages. Exceptions are not delivered: the CPU's target record is a copy whose
 * delivery notes them and stops the run. The test's thread is the vCPU's.
 */
#include <glib.h>
#include <string.h>

#include "../../target/x86/x86-cpu.h"
#include "softmmu/machine.h"
#include "util/option.h"
#include "util/rcu.h"
#include "x86-bench.h"

enum { RAM_SIZE = 2 << 20, TABLES = 0x1000, CODE_PA = 0x10000, DATA_PA = 0x20000, HLT = 0xf4 };
enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 32, PTE_D = 64 };
#define PTE_NX (1ull << 63)

struct X86Bench {
    Machine *m;
    TcgAccel *accel;
    X86Cpu *x;
    TargetRecord target;
    uint8_t *ram;
    RamBlock *rb;
    uint32_t used_from, used_to; /* of the code pages */
    uint32_t vector, error;
    uint64_t fault_address, stop_pc;
};

static X86Bench *bench_of(CpuState *cpu) { return *(X86Bench **)cpu->machine->board; }

/* ---- what stands in for the target's run-loop functions ---- */

static void note_exception(CpuState *cpu)
{
    X86Bench *b = bench_of(cpu);
    X86Cpu *x = x86_cpu(cpu);
    b->vector = (uint32_t)cpu->exception;
    b->error = x->has_error ? x->error_code : 0;
    b->fault_address = b->vector == X86_EXC_PF ? x->fault_address : 0;
    b->stop_pc = x->pc;
    if (x->is_int && (b->vector == X86_EXC_BP || b->vector == X86_EXC_OF)) {
        b->stop_pc = x->next_pc;
    } else if (x->is_int) { /* gates of other vectors are for the kernel */
        b->error = b->vector * 8 + 2;
        b->vector = X86_EXC_GP;
    }
    cpu->exception = -1;
    x->has_error = x->is_int = false;
    cpu->halted = cpu->stop_request = true;
    __atomic_store_n(&cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
}

static bool no_interrupt(CpuState *cpu) { return false; }

/* ---- the machine ---- */

static bool bench_init(Machine *m, Error **errp)
{
    memory_map(m->system_memory, 0, m->ram);
    return true;
}

static const MachineRecord bench_machine = {.name = "x86-bench",
                                            .target = "x86_64",
                                            .desc = "instruction tests",
                                            .max_cpus = 1,
                                            .default_ram = RAM_SIZE,
                                            .min_ram = RAM_SIZE,
                                            .max_ram = RAM_SIZE,
                                            .state_size = sizeof(X86Bench *),
                                            .init = bench_init};
MACHINE(bench_machine);

static bool accel_add(void *accel, CpuState *cpu, Error **errp) { return tcg_accel_add_cpu(accel, cpu, errp); }
static void accel_run(void *accel, CpuState *cpu) { tcg_accel_run(accel, cpu); }
static const AccelOps accel_ops = {.name = "tcg", .thread_tag = "TCG", .add_cpu = accel_add, .run = accel_run};

static void put_entry(X86Bench *b, uint32_t table, unsigned i, uint64_t v) { memcpy(b->ram + table + 8 * i, &v, 8); }

static void make_page_tables(X86Bench *b)
{
    uint64_t up = PTE_P | PTE_W | PTE_U | PTE_A, leaf = PTE_P | PTE_U | PTE_A | PTE_D;
    put_entry(b, TABLES, 0, (TABLES + 0x1000) | up);
    put_entry(b, TABLES + 0x1000, 0, (TABLES + 0x2000) | up);
    put_entry(b, TABLES + 0x2000, X86_BENCH_CODE >> 21, (TABLES + 0x3000) | up);
    for (unsigned at = 0; at < X86_BENCH_CODE_SIZE; at += 0x1000) {
        put_entry(b, TABLES + 0x3000, (X86_BENCH_CODE + at) >> 12 & 511, (CODE_PA + at) | leaf);
    }
    for (unsigned at = 0; at < X86_BENCH_DATA_SIZE + X86_BENCH_RO_SIZE; at += 0x1000) {
        uint64_t w = at < X86_BENCH_DATA_SIZE ? PTE_W : 0;
        put_entry(b, TABLES + 0x3000, (X86_BENCH_DATA + at) >> 12 & 511, (DATA_PA + at) | leaf | w | PTE_NX);
    }
    memset(b->ram + CODE_PA, HLT, X86_BENCH_CODE_SIZE);
}

static void make_cpu(X86Bench *b, const char *model)
{
    CpuState *cpu = x86_cpu_new(target_find("x86_64"), model ? model : "max", &error_fatal);
    b->x = x86_cpu(cpu);
    b->target = *cpu->target;
    b->target.deliver_exception = note_exception;
    b->target.deliver_interrupt = no_interrupt;
    b->target.has_work = no_interrupt;
    cpu->target = &b->target;
    cpu->machine = b->m;
    cpu->as = b->m->as;
    x86_cpu_set_io(cpu, b->m->as);
    object_realize(OBJECT(cpu), &error_fatal);
    machine_add_cpu(b->m, cpu, &error_fatal);
    object_unref(OBJECT(cpu));
    x86_reset(cpu);
    X86Cpu *x = b->x;
    x->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
    x->cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP;
    if (x86_has(x, X86_FEAT_FSGSBASE)) {
        x->cr4 |= CR4_FSGSBASE;
    }
    if (x86_has(x, X86_FEAT_XSAVE)) {
        x->cr4 |= CR4_OSXSAVE;
        x->xcr0 = x86_has(x, X86_FEAT_AVX) ? 7 : 3;
    }
    x->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
    x->cr3 = TABLES;
    x->tr.limit = 0; /* no I/O bitmap */
    x->cpl = 3;
    x86_mmu_switch(x);
}

X86Bench *x86_bench_new(const char *accel_opts, const char *model)
{
    X86Bench *b = g_new0(X86Bench, 1);
    OptionSet *opts = accel_opts ? option_set_parse(accel_opts, "accel", &error_fatal) : NULL;

    rcu_thread_register();
    b->m = machine_new(&bench_machine);
    b->m->ram_size = RAM_SIZE;
    b->m->cpu_count = b->m->max_cpus = 1;
    machine_realize(b->m, &error_fatal);
    *(X86Bench **)b->m->board = b;
    b->accel = tcg_accel_new(b->m, opts, &error_fatal);
    b->m->tcg = b->accel;
    b->m->accel = b->accel;
    b->m->accel_ops = &accel_ops;
    b->rb = b->m->ram->ram;
    b->ram = b->rb->host;
    make_page_tables(b);
    make_cpu(b, model);
    if (opts) {
        option_set_free(opts);
    }
    return b;
}

void x86_bench_free(X86Bench *b)
{
    current_cpu = NULL;
    tcg_accel_free(b->accel);
    b->m->tcg = NULL;
    b->m->accel = NULL;
    b->m->accel_ops = NULL;
    machine_free(b->m);
    g_free(b);
}

X86Cpu *x86_bench_cpu(X86Bench *b) { return b->x; }

/* ---- state ---- */

static void set_mode(X86Cpu *x, X86BenchMode mode)
{
    unsigned code = 0xb | X86_ATTR_S | 3 << X86_ATTR_DPL_SHIFT | X86_ATTR_P,
             data = 3 | X86_ATTR_S | 3 << X86_ATTR_DPL_SHIFT | X86_ATTR_P;
    if (mode == X86_BENCH_16) {
        x86_set_seg(x, X86_CS, 7, X86_BENCH_CODE, 0xffff, (uint16_t)code);
        for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
            if (i == X86_SS || i == X86_DS || i == X86_ES) {
                x86_set_seg(x, i, 0xf, X86_BENCH_DATA, 0xffff, (uint16_t)data);
            }
        }
    } else {
        code |= X86_ATTR_G | (mode == X86_BENCH_64 ? X86_ATTR_L : X86_ATTR_DB);
        data |= X86_ATTR_G | X86_ATTR_DB;
        x86_set_seg(x, X86_CS, mode == X86_BENCH_64 ? 0x33 : 0x23, 0, UINT32_MAX, (uint16_t)code);
        x86_set_seg(x, X86_SS, 0x2b, 0, UINT32_MAX, (uint16_t)data);
        x86_set_seg(x, X86_DS, 0x2b, 0, UINT32_MAX, (uint16_t)data);
        x86_set_seg(x, X86_ES, 0x2b, 0, UINT32_MAX, (uint16_t)data);
    }
    for (unsigned i = X86_FS; i <= X86_GS; i++) { /* null selectors, usable in 64-bit mode only */
        x86_set_seg(x, i, 0, 0, 0, 0);
        x->seg[i].unusable = true;
        x->seg[i].read_end = x->seg[i].write_end = 0;
    }
    x->cpl = 3;
}

uint64_t x86_bench_flags(X86Bench *b, X86BenchMode mode)
{
    set_mode(b->x, mode);
    x86_set_mxcsr(b->x, 0x1f80);
    x86_set_eflags(b->x, EFL_IF | EFL_FIXED);
    x86_update_flags(b->x);
    return x86_region_flags(&b->x->cpu);
}

static void put_fpu(X86Cpu *x, const X86BenchState *s)
{
    x->fcw = s->fcw;
    x->fsw = s->fsw & ~0x3800;
    x->ftop = s->fsw >> 11 & 7;
    x->ftag = (uint8_t)~s->ftw;
    x->fop = s->fop;
    x->fip = s->fip;
    x->fdp = s->fdp;
    x->fcs = x->fds = 0;
    for (unsigned i = 0; i < 8; i++) {
        X86Fpr *r = &x->fpr[(x->ftop + i) & 7];
        r->mantissa = s->st[i].mantissa;
        r->exponent = s->st[i].exponent;
    }
}

static void put_state(X86Bench *b, const X86BenchCase *c)
{
    X86Cpu *x = b->x;
    const X86BenchState *s = &c->in;
    set_mode(x, (X86BenchMode)c->mode);
    for (unsigned i = 0; i < 16; i++) {
        x->gpr[i] = c->mode == X86_BENCH_64 ? s->gpr[i] : i < 8 ? (uint32_t)s->gpr[i] : 0;
        memcpy(x->xmm[i], s->ymm[i], 16);
        memcpy(x->ymmh[i], s->ymm[i] + 2, 16);
    }
    x->seg[X86_FS].base = s->fs_base;
    x->seg[X86_GS].base = s->gs_base;
    x->pc = s->rip;
    x->inhibit = UINT64_MAX;
    put_fpu(x, s);
    x86_set_mxcsr(x, s->mxcsr);
    x86_set_eflags(x, ((uint32_t)s->rflags & (EFL_STATUS | EFL_DF)) | EFL_IF | EFL_FIXED);
    x86_update_flags(x);
}

static void get_state(X86Bench *b, X86BenchState *s)
{
    X86Cpu *x = b->x;
    memset(s, 0, sizeof(*s));
    for (unsigned i = 0; i < 16; i++) {
        s->gpr[i] = x->gpr[i];
        memcpy(s->ymm[i], x->xmm[i], 16);
        memcpy(s->ymm[i] + 2, x->ymmh[i], 16);
    }
    s->rip = b->stop_pc;
    s->rflags = x86_get_eflags(x);
    s->mxcsr = x86_get_mxcsr(x);
    s->fcw = x->fcw;
    s->fsw = (uint16_t)((x->fsw & ~0x3800) | (x->ftop & 7) << 11);
    s->ftw = (uint8_t)~x->ftag;
    s->fop = x->fop;
    s->fip = x->fip;
    s->fdp = x->fdp;
    for (unsigned i = 0; i < 8; i++) {
        const X86Fpr *r = &x->fpr[(x->ftop + i) & 7];
        s->st[i].mantissa = r->mantissa;
        s->st[i].exponent = r->exponent;
    }
    s->fs_base = x->seg[X86_FS].base;
    s->gs_base = x->seg[X86_GS].base;
    s->vector = b->vector;
    s->error = b->error;
    s->fault_address = b->fault_address;
}

static void put_code(X86Bench *b, const X86BenchCase *c)
{
    uint8_t *code = b->ram + CODE_PA;
    if (b->used_to > b->used_from) {
        memset(code + b->used_from, HLT, b->used_to - b->used_from);
        ram_written(b->m, b->rb, CODE_PA + b->used_from, b->used_to - b->used_from);
    }
    memcpy(code + c->code_offset, c->code, c->code_len);
    ram_written(b->m, b->rb, CODE_PA + c->code_offset, c->code_len);
    b->used_from = c->code_offset;
    b->used_to = c->code_offset + c->code_len;
}

void x86_bench_run(X86Bench *b, const X86BenchCase *c, X86BenchState *out, uint8_t *data_out)
{
    CpuState *cpu = &b->x->cpu;
    put_code(b, c);
    memcpy(b->ram + DATA_PA, c->data, X86_BENCH_DATA_SIZE);
    put_state(b, c);
    cpu->halted = cpu->stop_request = false;
    cpu->exception = -1;
    b->vector = X86_BENCH_ENDLESS;
    b->error = 0;
    b->fault_address = 0;
    b->stop_pc = 0;
    tcg_accel_run(b->accel, cpu);
    if (b->vector == X86_BENCH_ENDLESS) {
        b->stop_pc = b->x->pc;
    }
    get_state(b, out);
    memcpy(data_out, b->ram + DATA_PA, X86_BENCH_DATA_SIZE);
}

/* ---- printing ---- */

void x86_bench_print_state(const X86BenchState *s, FILE *out)
{
    for (unsigned i = 0; i < 16; i++) {
        fprintf(out, "%s%-3s %016" G_GINT64_MODIFIER "x", i % 4 ? "  " : "    ", x86_gpr_names[i], s->gpr[i]);
        fputs(i % 4 == 3 ? "\n" : "", out);
    }
    fprintf(out, "    rip %" G_GINT64_MODIFIER "x flags %" G_GINT64_MODIFIER "x mxcsr %x fcw %x fsw %x ftw %x\n",
            s->rip, s->rflags, s->mxcsr, s->fcw, s->fsw, s->ftw);
    for (unsigned i = 0; i < 16; i++) {
        fprintf(out,
                "    ymm%-2u %016" G_GINT64_MODIFIER "x %016" G_GINT64_MODIFIER "x %016" G_GINT64_MODIFIER
                "x %016" G_GINT64_MODIFIER "x\n",
                i, s->ymm[i][3], s->ymm[i][2], s->ymm[i][1], s->ymm[i][0]);
    }
    for (unsigned i = 0; i < 8; i++) {
        fprintf(out, "%sst%u %04x:%016" G_GINT64_MODIFIER "x%s", i % 4 ? "  " : "    ", i, s->st[i].exponent,
                s->st[i].mantissa, i % 4 == 3 ? "\n" : "");
    }
}
