/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See x86-sys.h. The test's thread is the vCPU's. The dispatcher's question for region flags is where a run is noticed
 * to have reached the stop area, whose pages hold jumps to themselves.
 */
#include <string.h>

#include "util/option.h"
#include "util/rcu.h"
#include "x86-sys.h"

enum { RAM_SIZE = 2 << 20, PTE_ALL = 0x67, PTE_LARGE = 0x80 };

static X86Sys *sys_of(CpuState *cpu) { return *(X86Sys **)cpu->machine->board; }

static void stop(CpuState *cpu)
{
    cpu->stop_request = true;
    __atomic_store_n(&cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
}

/* ---- what the target's functions are wrapped in ---- */

static uint64_t region_flags(CpuState *cpu)
{
    const X86Cpu *x = x86_cpu(cpu);
    if (x->pc >= SYS_STOP && x->pc < SYS_END + 0x1000) {
        stop(cpu);
    }
    return x86_region_flags(cpu);
}

static void deliver_exception(CpuState *cpu)
{
    X86Sys *s = sys_of(cpu);
    if (s->count < G_N_ELEMENTS(s->vectors)) {
        s->errors[s->count] = x86_cpu(cpu)->has_error ? x86_cpu(cpu)->error_code : 0;
        s->vectors[s->count++] = cpu->exception;
    } else {
        stop(cpu);
    }
    x86_deliver_exception(cpu);
}

static bool has_work(CpuState *cpu)
{
    stop(cpu); /* halted: nobody would wake it */
    return false;
}

static int ack(void *opaque)
{
    X86Sys *s = opaque;
    cpu_interrupt_clear(&s->x->cpu, X86_PIN_INTR);
    return s->ack_vector;
}
static const X86ApicOps apic_ops = {.ack = ack};

/* ---- the machine ---- */

static bool sys_init(Machine *m, Error **errp)
{
    memory_map(m->system_memory, 0, m->ram);
    return true;
}
static const MachineRecord sys_machine = {
    .name = "x86-sys", .target = "x86_64", .desc = "system tests", .max_cpus = 1, .default_ram = RAM_SIZE,
    .min_ram = RAM_SIZE, .max_ram = RAM_SIZE, .state_size = sizeof(X86Sys *), .init = sys_init,
};
MACHINE(sys_machine);

static bool accel_add(void *accel, CpuState *cpu, Error **errp) { return tcg_accel_add_cpu(accel, cpu, errp); }
static void accel_run(void *accel, CpuState *cpu) { tcg_accel_run(accel, cpu); }
static const AccelOps accel_ops = {.name = "tcg", .thread_tag = "TCG", .add_cpu = accel_add, .run = accel_run};

uint64_t x86_sys_peek(const X86Sys *s, uint64_t at, unsigned bytes)
{
    uint64_t v = 0;
    g_assert_cmpuint(at + bytes, <=, RAM_SIZE);
    memcpy(&v, s->ram + at, bytes);
    return v;
}

void x86_sys_poke(X86Sys *s, uint64_t at, unsigned bytes, uint64_t v)
{
    g_assert_cmpuint(at + bytes, <=, RAM_SIZE);
    memcpy(s->ram + at, &v, bytes);
}

void x86_sys_desc(X86Sys *s, uint16_t selector, uint32_t base, uint32_t limit, uint16_t attr)
{
    uint64_t v = (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(attr & 0xf0ff) << 40;
    v |= (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)(base >> 24) << 56;
    x86_sys_poke(s, SYS_GDT + selector, 8, v);
}

void x86_sys_gate(X86Sys *s, uint64_t at, uint16_t selector, uint64_t offset, uint8_t access, uint8_t low)
{
    x86_sys_poke(s, at, 8, (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)low << 32 | (uint64_t)access << 40 |
                 (offset >> 16 & 0xffff) << 48);
    if (s->x->efer & EFER_LMA) {
        x86_sys_poke(s, at + 8, 8, offset >> 32);
    }
}

void x86_sys_idt(X86Sys *s, unsigned vector, uint16_t selector, uint64_t offset, uint8_t access)
{
    x86_sys_gate(s, SYS_IDT + vector * (s->x->efer & EFER_LMA ? 16 : 8), selector, offset, access, 0);
}

static void make_descriptors(X86Sys *s)
{
    x86_sys_desc(s, SEL_CODE0, 0, 0xfffff, 0xc09b);
    x86_sys_desc(s, SEL_DATA0, 0, 0xfffff, 0xc093);
    x86_sys_desc(s, SEL_CODE3, 0, 0xfffff, 0xc0fb);
    x86_sys_desc(s, SEL_DATA3, 0, 0xfffff, 0xc0f3);
    x86_sys_desc(s, SEL_TSS, SYS_TSS, 0x20ff, 0x008b);
    x86_sys_desc(s, SEL_TSS2, SYS_TSS2, 0x67, 0x0089);
    x86_sys_desc(s, SEL_LDT, SYS_LDT, 0xff, 0x0082);
    x86_sys_desc(s, SEL_CODE16, SYS_CODE, 0xffff, 0x009b);
    x86_sys_desc(s, SEL_DATA16, SYS_DATA, 0xffff, 0x0093);
    x86_sys_desc(s, SEL_CONFORMING, 0, 0xfffff, 0xc09f);
    x86_sys_desc(s, SEL_ABSENT, 0, 0xfffff, 0xc073);
    x86_sys_desc(s, SEL_DOWN, 0, 0x0fff, 0x4097);
    x86_sys_desc(s, SEL_CODE64, 0, 0xfffff, 0xa09b);
    x86_sys_desc(s, SEL_CODE64_3, 0, 0xfffff, 0xa0fb);
    x86_sys_desc(s, SEL_CODE1, 0, 0xfffff, 0xc0bb);
    x86_sys_desc(s, SEL_DATA1, 0, 0xfffff, 0xc0b3);
    x86_sys_desc(s, SEL_READONLY, 0, 0xfffff, 0xc090);
    x86_sys_desc(s, SEL_TSS16, SYS_TSS16, 0x2b, 0x0081);
    x86_sys_desc(s, SEL_LIMIT, SYS_DATA, 0x00ff, 0x40f3);
}

static void make_tables(X86Sys *s, X86SysMode mode)
{
    X86Cpu *x = s->x;
    bool is64 = mode == SYS_LONG;
    make_descriptors(s);
    for (unsigned v = 0; v < 256; v++) {
        unsigned at = SYS_STOP + 16 * v;
        if (mode == SYS_REAL) {
            x86_sys_poke(s, v * 4, 4, (at - SYS_CODE) | SYS_CODE >> 4 << 16);
        } else {
            x86_sys_idt(s, v, is64 ? SEL_CODE64 : SEL_CODE0, at, v == 0x80 ? 0xef : v == 0x81 ? 0xee : 0x8e);
        }
        x86_sys_poke(s, at, 2, 0xfeeb);
    }
    x86_sys_poke(s, SYS_END, 2, 0xfeeb);
    for (unsigned i = 0; i < 3; i++) { /* stacks of levels 0 to 2 */
        if (is64) {
            x86_sys_poke(s, SYS_TSS + 4 + 8 * i, 8, i ? SYS_STACK1 : SYS_STACK0);
        } else {
            x86_sys_poke(s, SYS_TSS + 4 + 8 * i, 4, i ? SYS_STACK1 : SYS_STACK0);
            x86_sys_poke(s, SYS_TSS + 8 + 8 * i, 2, i ? SEL_DATA1 + 1 : SEL_DATA0);
        }
    }
    if (is64) {
        x86_sys_poke(s, SYS_TSS + 36, 8, SYS_STACK_IST);
    }
    x86_sys_poke(s, SYS_TSS + 102, 2, 0x90); /* I/O bitmap; in front of it 32 bytes for INT n */
    x->gdt.base = SYS_GDT;
    x->gdt.limit = 0xff;
    x->idt.base = mode == SYS_REAL ? 0 : SYS_IDT;
    x->idt.limit = mode == SYS_REAL ? 0x3ff : 0xfff;
    x->tr = (X86Seg){.selector = SEL_TSS, .base = SYS_TSS, .limit = 0x20ff, .attr = 0x8b};
    x->ldt = (X86Seg){.selector = SEL_LDT, .base = SYS_LDT, .limit = 0xff, .attr = 0x82};
}

static void page_tables(X86Sys *s)
{
    x86_sys_poke(s, SYS_TABLES, 8, (SYS_TABLES + 0x1000) | PTE_ALL);
    x86_sys_poke(s, SYS_TABLES + 0x1000, 8, (SYS_TABLES + 0x2000) | PTE_ALL);
    x86_sys_poke(s, SYS_TABLES + 0x2000, 8, (SYS_TABLES + 0x3000) | PTE_ALL);
    for (unsigned i = 0; i < 512; i++) { /* the last 16 KiB stay out */
        x86_sys_poke(s, SYS_TABLES + 0x3000 + 8 * i, 8, i < 508 ? i << 12 | PTE_ALL : 0);
    }
}

static void load_segs(X86Cpu *x, X86SysMode mode, unsigned cpl)
{
    uint16_t dpl = (uint16_t)(cpl << 5), code = mode == SYS_LONG ? 0xa09b : 0xc09b;
    uint16_t cs0 = mode == SYS_LONG ? SEL_CODE64 : SEL_CODE0, cs3 = mode == SYS_LONG ? SEL_CODE64_3 : SEL_CODE3;
    uint16_t cs = cpl == 3 ? cs3 : cpl ? SEL_CODE1 : cs0;
    uint16_t ds = cpl == 3 ? SEL_DATA3 : cpl ? SEL_DATA1 : SEL_DATA0;
    x->cpl = (uint8_t)cpl;
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        x86_set_seg(x, i, (uint16_t)(ds | cpl), 0, UINT32_MAX, (uint16_t)(0xc093 | dpl));
    }
    x86_set_seg(x, X86_CS, (uint16_t)(cs | cpl), 0, UINT32_MAX, code | dpl);
    x->gpr[X86_SP] = cpl == 3 ? SYS_STACK3 : cpl == 1 ? SYS_STACK1 : SYS_STACK0;
}

static void set_mode(X86Sys *s, X86SysMode mode, unsigned cpl)
{
    X86Cpu *x = s->x;
    x->cr0 = CR0_ET | (mode == SYS_REAL ? 0 : CR0_PE) | (mode == SYS_LONG ? CR0_PG : 0);
    x->efer = mode == SYS_LONG ? EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE : 0;
    x->cr4 = mode == SYS_LONG ? CR4_PAE : 0;
    x->cr3 = SYS_TABLES;
    page_tables(s);
    x86_mmu_switch(x);
    make_tables(s, mode);
    x86_set_eflags(x, EFL_FIXED);
    if (mode == SYS_PROT || mode == SYS_LONG) {
        load_segs(x, mode, cpl);
    } else {
        x->eflags |= mode == SYS_V86 ? EFL_VM : 0;
        x->cpl = mode == SYS_V86 ? 3 : 0;
        for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
            x86_put_seg_real(x, i, i == X86_CS ? SYS_CODE >> 4 : i == X86_SS ? 0 : SYS_DATA >> 4);
        }
        x->gpr[X86_SP] = SYS_STACK3;
    }
    x86_update_flags(x);
}

X86Sys *x86_sys_new(const char *accel_opts, X86SysMode mode, unsigned cpl)
{
    X86Sys *s = g_new0(X86Sys, 1);
    OptionSet *opts = accel_opts ? option_set_parse(accel_opts, "accel", &error_fatal) : NULL;

    rcu_thread_register();
    s->ack_vector = -1;
    s->m = machine_new(&sys_machine);
    s->m->ram_size = RAM_SIZE;
    s->m->cpu_count = s->m->max_cpus = 1;
    machine_realize(s->m, &error_fatal);
    *(X86Sys **)s->m->board = s;
    s->accel = tcg_accel_new(s->m, opts, &error_fatal);
    s->m->tcg = s->accel;
    s->m->accel = s->accel;
    s->m->accel_ops = &accel_ops;
    s->ram = s->m->ram->ram->host;
    CpuState *cpu = x86_cpu_new(target_find("x86_64"), "max", &error_fatal);
    s->x = x86_cpu(cpu);
    s->target = *cpu->target;
    s->target.region_flags = region_flags;
    s->target.deliver_exception = deliver_exception;
    s->target.has_work = has_work;
    s->target.runtime_exit = x86_runtime_exit;
    cpu->target = &s->target;
    cpu->machine = s->m;
    cpu->as = s->m->as;
    x86_cpu_set_io(cpu, s->m->as);
    x86_cpu_set_apic(cpu, &apic_ops, s);
    object_realize(OBJECT(cpu), &error_fatal);
    machine_add_cpu(s->m, cpu, &error_fatal);
    object_unref(OBJECT(cpu));
    x86_reset(cpu);
    set_mode(s, mode, cpl);
    if (opts) {
        option_set_free(opts);
    }
    return s;
}

void x86_sys_free(X86Sys *s)
{
    current_cpu = NULL;
    tcg_accel_free(s->accel);
    s->m->tcg = NULL;
    s->m->accel = NULL;
    s->m->accel_ops = NULL;
    machine_free(s->m);
    g_free(s);
}

bool x86_sys_run_at(X86Sys *s, uint64_t linear, const char *code)
{
    X86Cpu *x = s->x;
    unsigned n = 0;
    for (const char *p = code; *p; p += *p == ' ' ? 1 : 2) {
        if (*p != ' ') {
            s->ram[linear + n++] = (uint8_t)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        }
    }
    unsigned w = x->region_flags & (X86_RF_CS32 | X86_RF_CS64) ? 4 : 2; /* jmp to the end */
    s->ram[linear + n] = 0xe9;
    x86_sys_poke(s, linear + n + 1, w, SYS_END - (linear + n + 1 + w));
    ram_written(s->m, s->m->ram->ram, linear, n + 5);
    x->pc = linear;
    s->count = 0;
    s->m->pending = 0;
    x->cpu.stop_request = x->cpu.halted = false;
    x->cpu.exception = -1;
    tcg_accel_run(s->accel, &x->cpu);
    x->cpu.exception = -1;
    return x86_sys_stop(s) >= 0;
}

bool x86_sys_run(X86Sys *s, const char *code) { return x86_sys_run_at(s, SYS_CODE, code); }

int x86_sys_stop(const X86Sys *s)
{
    uint64_t pc = s->x->pc;
    return pc >= SYS_STOP && pc <= SYS_END && !(pc & 15) ? (int)((pc - SYS_STOP) / 16) : -1;
}
