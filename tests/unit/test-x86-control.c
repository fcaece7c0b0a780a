/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directed tests of system instructions, debug registers, the STI shadow and SMM on a bare machine (x86-sys.h), once
 * interpreted and once compiled.
 */
#include "x86-sys.h"

static const char *accel_opts;

#define EQ(a, b) g_assert_cmphex((uint64_t)(a), ==, (uint64_t)(b))
#define STOPPED(s, v) g_assert_cmpint(x86_sys_stop(s), ==, v)
#define AX(s) ((s)->x->gpr[X86_AX])
#define SP(s) ((s)->x->gpr[X86_SP])

static X86Sys *fresh(X86SysMode mode, unsigned cpl)
{
    X86Sys *s = x86_sys_new(accel_opts, mode, cpl);
    s->target.runtime_exit = target_find("x86_64")->runtime_exit;
    s->target.deliver_interrupt = target_find("x86_64")->deliver_interrupt;
    current_cpu = &s->x->cpu;
    return s;
}

/* A fresh machine in 64-bit mode: the code stops in @vector's handler. */
static X86Sys *run(X86SysMode mode, unsigned cpl, const char *code, int vector)
{
    X86Sys *s = fresh(mode, cpl);
    g_assert_true(x86_sys_run(s, code));
    STOPPED(s, vector);
    return s;
}

static void stops(X86SysMode mode, unsigned cpl, const char *code, int vector) { x86_sys_free(run(mode, cpl, code, vector)); }

/* The saved instruction pointer of a frame without error code. */
static uint64_t saved_ip(const X86Sys *s) { return x86_sys_peek(s, SP(s), 8); }

static void set_breakpoint(X86Sys *s, unsigned n, uint64_t at, unsigned kind, unsigned len)
{
    x86_write_dr(s->x, n, at);
    x86_write_dr(s->x, 7, s->x->dr[7] | 1u << (2 * n) | kind << (16 + 4 * n) | len << (18 + 4 * n));
}

static void test_control_registers(void)
{
    X86Sys *s = run(SYS_LONG, 0, "0F 20 C0", 256); /* mov rax,cr0 */
    EQ(AX(s), s->x->cr0);
    x86_sys_free(s);
    s = run(SYS_LONG, 0, "B8 34 12 00 00 0F 22 D0 31 C0 0F 20 D0", 256); /* cr2 and back */
    EQ(AX(s), 0x1234);
    x86_sys_free(s);
    s = run(SYS_LONG, 0, "0F 20 C0 48 83 C8 08 0F 22 C0 0F 01 E3 0F 06 0F 20 C1", 256); /* TS set, smsw ebx, clts */
    EQ(s->x->gpr[X86_BX] & 8, 8);
    EQ(s->x->gpr[X86_CX] & 8, 0);
    g_assert_false(s->x->region_flags & X86_RF_TS);
    x86_sys_free(s);
    stops(SYS_LONG, 0, "0F 20 C8", X86_EXC_UD);       /* cr1 */
    stops(SYS_LONG, 3, "0F 20 C8", X86_EXC_UD);       /* before the privilege */
    stops(SYS_LONG, 3, "0F 20 C0", X86_EXC_GP);
    stops(SYS_LONG, 0, "44 0F 20 C0 44 0F 22 C0", 256); /* cr8 */
    stops(SYS_LONG, 0, "B8 10 00 00 00 44 0F 22 C0", X86_EXC_GP);
    stops(SYS_LONG, 0, "31 C0 0F 22 C0", X86_EXC_GP); /* paging off in 64-bit mode */
    stops(SYS_LONG, 3, "0F 06", X86_EXC_GP);
    stops(SYS_LONG, 3, "F4", X86_EXC_GP);
    stops(SYS_PROT, 0, "B8 FF FF FF FF 0F 22 E0", X86_EXC_GP); /* reserved bits of CR4 */
    s = run(SYS_REAL, 0, "0F 01 E0 0C 0E 0F 01 F0 0F 01 E3", 256); /* lmsw: MP, EM, TS; PE stays clear */
    EQ(s->x->cr0 & 15, 14);
    EQ(s->x->gpr[X86_BX] & 15, 14);
    x86_sys_free(s);
}

static void test_msrs(void)
{
    /* FS base by WRMSR, read back by RDFSBASE; GS by SWAPGS */
    X86Sys *s = fresh(SYS_LONG, 0);
    x86_write_cr4(s->x, s->x->cr4 | CR4_FSGSBASE);
    s->x->kernel_gs_base = 0x5678;
    g_assert_true(x86_sys_run(s, "B9 00 01 00 C0 B8 45 23 01 00 31 D2 0F 30 F3 48 0F AE C3 0F 01 F8 F3 48 0F AE C9"));
    STOPPED(s, 256);
    EQ(s->x->seg[X86_FS].base, 0x12345);
    EQ(s->x->gpr[X86_BX], 0x12345);
    EQ(s->x->gpr[X86_CX], 0x5678);
    EQ(s->x->kernel_gs_base, 0);
    x86_sys_free(s);
    s = fresh(SYS_LONG, 0); /* wrfsbase of what is not canonical */
    x86_write_cr4(s->x, s->x->cr4 | CR4_FSGSBASE);
    g_assert_true(x86_sys_run(s, "B8 01 00 00 00 48 C1 E0 3F F3 48 0F AE D0"));
    STOPPED(s, X86_EXC_GP);
    x86_sys_free(s);
    stops(SYS_LONG, 0, "F3 48 0F AE C0", X86_EXC_UD);                       /* CR4.FSGSBASE is clear */
    stops(SYS_LONG, 0, "B9 34 12 00 00 0F 32", X86_EXC_GP);                 /* no such MSR */
    stops(SYS_LONG, 3, "B9 10 00 00 00 0F 32", X86_EXC_GP);
    stops(SYS_LONG, 3, "0F 31 0F A2 0F 01 F9", 256);                        /* rdtsc, cpuid, rdtscp */
    stops(SYS_LONG, 3, "0F 33", X86_EXC_GP);
    s = fresh(SYS_LONG, 3);
    x86_write_cr4(s->x, s->x->cr4 | CR4_TSD);
    g_assert_true(x86_sys_run(s, "0F 31"));
    STOPPED(s, X86_EXC_GP);
    x86_sys_free(s);
    s = run(SYS_LONG, 3, "48 C7 C0 FF FF FF FF 48 89 C3 31 C0 31 C9 0F A2", 256); /* CPUID clears upper halves */
    EQ(AX(s), 0xd);
    EQ(s->x->gpr[X86_BX], 0x68747541);
    x86_sys_free(s);
    stops(SYS_LONG, 0, "0F 01 3C 25 00 00 03 00 0F 08 0F 09 F3 0F 09", 256); /* invlpg, invd, wbinvd, wbnoinvd */
    stops(SYS_LONG, 3, "0F 01 CB", X86_EXC_UD);                              /* stac */
    s = run(SYS_LONG, 0, "0F 01 CB", 256);
    EQ(s->x->eflags & EFL_AC, EFL_AC);
    x86_sys_free(s);
    stops(SYS_LONG, 0, "0F 01 EE", X86_EXC_UD);                              /* rdpkru without CR4.PKE */
    stops(SYS_LONG, 0, "0F AA", X86_EXC_UD);                                 /* rsm outside of SMM */
}

/* ---- debug registers ---- */

static void test_data_breakpoints(void)
{
    X86Sys *s = fresh(SYS_LONG, 0);
    set_breakpoint(s, 1, SYS_DATA, 1, 3); /* writes, 4 bytes */
    g_assert_true(x86_sys_run(s, "8B 04 25 00 00 03 00 C6 04 25 04 00 03 00 01 C7 04 25 02 00 03 00 78 56 34 12 90"));
    STOPPED(s, X86_EXC_DB);
    EQ(saved_ip(s), SYS_CODE + 26); /* behind it */
    EQ(x86_sys_peek(s, SYS_DATA + 2, 4), 0x12345678);
    EQ(s->x->dr[6], DR6_FIXED | 2);
    x86_sys_free(s);

    s = fresh(SYS_LONG, 0);
    set_breakpoint(s, 0, SYS_DATA + 8, 3, 2); /* reads and writes, 8 bytes */
    x86_sys_poke(s, SYS_DATA + 8, 4, 99);
    g_assert_true(x86_sys_run(s, "90 8B 04 25 08 00 03 00 90"));
    STOPPED(s, X86_EXC_DB);
    EQ(saved_ip(s), SYS_CODE + 8);
    EQ(AX(s), 99);
    EQ(s->x->dr[6], DR6_FIXED | 1);
    x86_sys_free(s);

    s = fresh(SYS_LONG, 0); /* switched off again */
    set_breakpoint(s, 0, SYS_DATA, 3, 3);
    x86_write_dr(s->x, 7, 0);
    g_assert_true(x86_sys_run(s, "8B 04 25 00 00 03 00"));
    STOPPED(s, 256);
    x86_sys_free(s);
}

static void test_code_breakpoints(void)
{
    X86Sys *s = fresh(SYS_LONG, 0);
    set_breakpoint(s, 2, SYS_CODE + 2, 0, 0);
    g_assert_true(x86_sys_run(s, "B0 01 B0 02 B0 03"));
    STOPPED(s, X86_EXC_DB);
    EQ(saved_ip(s), SYS_CODE + 2); /* a fault */
    EQ(AX(s) & 0xff, 1);
    EQ(s->x->dr[6], DR6_FIXED | 4);
    x86_sys_free(s);

    s = fresh(SYS_LONG, 0); /* RF lets one instruction pass */
    set_breakpoint(s, 2, SYS_CODE, 0, 0);
    s->x->eflags |= EFL_RF;
    g_assert_true(x86_sys_run(s, "B0 01 B0 02"));
    STOPPED(s, 256);
    EQ(s->x->eflags & EFL_RF, 0);
    x86_sys_free(s);

    s = fresh(SYS_LONG, 0);
    x86_write_dr(s->x, 7, DR7_GD);
    g_assert_true(x86_sys_run(s, "90 0F 21 C0"));
    STOPPED(s, X86_EXC_DB);
    EQ(saved_ip(s), SYS_CODE + 1);
    EQ(s->x->dr[6] & DR6_BD, DR6_BD);
    EQ(s->x->dr[7] & DR7_GD, 0);
    x86_sys_free(s);

    stops(SYS_LONG, 0, "44 0F 21 C0", X86_EXC_UD); /* dr8 */
    s = run(SYS_LONG, 0, "B8 00 00 00 00 0F 23 F0 0F 21 E3", 256); /* dr4 is dr6 */
    EQ(s->x->gpr[X86_BX], DR6_FIXED);
    x86_sys_free(s);
    stops(SYS_LONG, 0, "48 B8 00 00 00 00 01 00 00 00 0F 23 F8", X86_EXC_GP); /* upper half of dr7 */
}

/* ---- interrupts ---- */

static void test_sti(void)
{
    X86Sys *s = fresh(SYS_LONG, 0);
    s->ack_vector = 0x40;
    cpu_interrupt_set(&s->x->cpu, X86_PIN_INTR);
    g_assert_true(x86_sys_run(s, "90 FB B0 01 B0 02"));
    STOPPED(s, 0x40);
    EQ(saved_ip(s), SYS_CODE + 4); /* behind the instruction that follows STI */
    EQ(AX(s) & 0xff, 1);
    x86_sys_free(s);

    s = fresh(SYS_LONG, 0);
    s->ack_vector = 0x40;
    cpu_interrupt_set(&s->x->cpu, X86_PIN_INTR);
    g_assert_true(x86_sys_run(s, "FB FA B0 02")); /* sti; cli: no gap */
    STOPPED(s, 256);
    EQ(AX(s) & 0xff, 2);
    x86_sys_free(s);

    stops(SYS_LONG, 3, "FB", X86_EXC_GP);
    stops(SYS_LONG, 3, "FA", X86_EXC_GP);
    s = fresh(SYS_V86, 3);
    s->x->eflags |= EFL_IOPL;
    x86_update_flags(s->x);
    g_assert_true(x86_sys_run(s, "FB"));
    EQ(s->x->eflags & EFL_IF, EFL_IF);
    x86_sys_free(s);
    s = fresh(SYS_V86, 3);
    s->x->cr4 |= CR4_VME;
    x86_update_flags(s->x);
    g_assert_true(x86_sys_run(s, "FB"));
    EQ(s->x->eflags & (EFL_IF | EFL_VIF), EFL_VIF);
    x86_sys_free(s);
}

/* ---- SMM ---- */

static void check_smm(X86SysMode mode)
{
    X86Sys *s = fresh(mode, mode == SYS_LONG ? 3 : 0);
    X86Cpu *x = s->x;
    static const uint8_t handler[] = {0x67, 0xc6, 0x05, 0x34, 0x12, 0, 0, 0x55, 0xb8, 0xff, 0xff, 0x8e, 0xd8, 0x0f, 0xaa};
    for (unsigned i = 0; i < sizeof(handler); i++) { /* mov byte [1234],55; mov ax,ffff; mov ds,ax; rsm */
        x86_sys_poke(s, 0x38000 + i, 1, handler[i]);
    }
    x->smm_memory = s->m->as;
    x->normal_memory = s->m->as;
    for (unsigned i = 0; i < 16; i++) {
        if (i != X86_SP) {
            x->gpr[i] = mode == SYS_LONG ? 0x1111111111111111ull * i : 0x11111111u * i;
        }
    }
    uint64_t cr0 = x->cr0, cr3 = x->cr3, cr4 = x->cr4, efer = x->efer, flags = x->region_flags;
    X86Seg segs[X86_SEG_COUNT];
    memcpy(segs, x->seg, sizeof(segs));
    cpu_interrupt_set(&x->cpu, X86_PIN_SMI);
    g_assert_true(x86_sys_run(s, "90 90"));
    STOPPED(s, 256);
    EQ(x86_sys_peek(s, 0x1234, 1), 0x55);
    EQ(x86_sys_peek(s, 0x3fefc, 4), 0x20064);
    g_assert_false(x->smm);
    for (unsigned i = 0; i < 16; i++) {
        EQ(i == X86_SP ? 0 : x->gpr[i], i == X86_SP ? 0 : mode == SYS_LONG ? 0x1111111111111111ull * i : 0x11111111u * i);
    }
    EQ(x->cr0, cr0);
    EQ(x->cr3, cr3);
    EQ(x->cr4, cr4);
    EQ(x->efer, efer);
    EQ(x->region_flags, flags);
    g_assert_cmpmem(segs, sizeof(segs), x->seg, sizeof(segs));
    EQ(x->smbase, 0x30000);
    x86_sys_free(s);
}

static void test_smm(void)
{
    check_smm(SYS_REAL);
    check_smm(SYS_PROT);
    check_smm(SYS_LONG);
    X86Sys *s = fresh(SYS_PROT, 0); /* no SMM memory: ignored */
    cpu_interrupt_set(&s->x->cpu, X86_PIN_SMI);
    g_assert_true(x86_sys_run(s, "90"));
    STOPPED(s, 256);
    x86_sys_free(s);
}

static const struct {
    const char *name;
    void (*fn)(void);
} tests[] = {
    {"control", test_control_registers}, {"msrs", test_msrs}, {"data-breakpoints", test_data_breakpoints},
    {"code-breakpoints", test_code_breakpoints}, {"sti", test_sti}, {"smm", test_smm},
};

static void interpreted(gconstpointer fn)
{
    accel_opts = "tcg,interp=on,one-insn=on";
    ((void (*)(void))fn)();
}

static void compiled(gconstpointer fn)
{
    accel_opts = NULL;
    ((void (*)(void))fn)();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *a = g_strdup_printf("/x86/interp/%s", tests[i].name);
        g_autofree char *b = g_strdup_printf("/x86/jit/%s", tests[i].name);
        g_test_add_data_func(a, (gconstpointer)tests[i].fn, interpreted);
        g_test_add_data_func(b, (gconstpointer)tests[i].fn, compiled);
    }
    return g_test_run();
}
