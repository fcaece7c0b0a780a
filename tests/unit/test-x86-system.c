/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directed tests of segmentation, gates, privilege changes, interrupts, virtual-8086 mode, task switches and fast
 * system calls: small pieces of code on a bare machine (x86-sys.h), once interpreted one by one, once compiled.
 */
#include "x86-sys.h"

static const char *accel_opts;

#define EQ(a, b) g_assert_cmphex((uint64_t)(a), ==, (uint64_t)(b))
#define RUN(s, code) g_assert_true(x86_sys_run(s, code))
#define STOPPED(s, v) g_assert_cmpint(x86_sys_stop(s), ==, v)
#define AX(s) ((s)->x->gpr[X86_AX])
#define SP(s) ((s)->x->gpr[X86_SP])
#define SEG(s, n) ((s)->x->seg[X86_##n])

static uint64_t stack(const X86Sys *s, unsigned index, unsigned bytes)
{
    uint64_t sp = SEG(s, SS).base + SP(s);
    return x86_sys_peek(s, sp + index * bytes, bytes);
}

/* A fresh machine, one piece of code, where it stopped; returns the machine to look at. */
static X86Sys *run(X86SysMode mode, unsigned cpl, const char *code, int vector)
{
    X86Sys *s = x86_sys_new(accel_opts, mode, cpl);
    bool stopped = x86_sys_run(s, code);
    if (!stopped || x86_sys_stop(s) != vector) {
        g_test_message("%s: stopped at %#llx, vector %d (error %#x)", code, (unsigned long long)s->x->pc, s->vectors[0],
                       s->errors[0]);
        g_test_fail();
    }
    return s;
}

/* The code raises one fault with an error code; the saved EIP is @at behind the start. */
static void faults(X86SysMode mode, unsigned cpl, const char *code, int vector, uint32_t error, unsigned at)
{
    X86Sys *s = run(mode, cpl, code, vector);
    unsigned w = mode == SYS_LONG ? 8 : 4;
    EQ(stack(s, 0, w), error);
    EQ(stack(s, 1, w), SYS_CODE + at);
    x86_sys_free(s);
}

/* ---- real mode ---- */

static void test_real_int(void)
{
    X86Sys *s = run(SYS_REAL, 0, "B8 34 12 F9 FB CD 21", 0x21); /* mov ax,1234; stc; sti; int 21h */
    EQ(AX(s) & 0xffff, 0x1234);
    EQ(SP(s), SYS_STACK3 - 6);
    EQ(stack(s, 0, 2), 7);
    EQ(stack(s, 1, 2), SYS_CODE >> 4);
    EQ(stack(s, 2, 2) & (EFL_CF | EFL_IF), EFL_CF | EFL_IF);
    EQ(s->x->eflags & EFL_IF, 0);
    x86_sys_poke(s, SYS_STOP + 0x21 * 16, 1, 0xcf); /* and back by IRET */
    x86_sys_free(s);

    s = x86_sys_new(accel_opts, SYS_REAL, 0);
    x86_sys_poke(s, 0x21 * 4, 4, 0x100 | SYS_DATA >> 4 << 16);
    x86_sys_poke(s, SYS_DATA + 0x100, 1, 0xcf);
    RUN(s, "FB CD 21 B0 77");
    STOPPED(s, 256);
    EQ(AX(s) & 0xff, 0x77);
    EQ(SP(s), SYS_STACK3);
    EQ(s->x->eflags & EFL_IF, EFL_IF);
    x86_sys_free(s);
    x86_sys_free(run(SYS_REAL, 0, "66 B8 FF FF 00 00 66 BB 01 00 00 00 F7 F3 31 DB F7 F3", X86_EXC_DE));
    x86_sys_free(run(SYS_REAL, 0, "CC", X86_EXC_BP));
    x86_sys_free(run(SYS_REAL, 0, "B0 7F 04 01 CE", X86_EXC_OF));
    x86_sys_free(run(SYS_REAL, 0, "30 C0 CE", 256));
}

static void test_real_segments(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_REAL, 0);
    x86_sys_poke(s, SYS_DATA + 0x10, 4, 0x30210123);
    /* mov ax,3100; mov ds,ax; mov bx,ds; push ds; pop es; mov dx,es; lds si,[es:...] via 3000:10 */
    RUN(s, "B8 00 31 8E D8 8C DB 1E 07 8C C2 B8 00 30 8E D8 C5 36 10 00 8C D8");
    EQ(s->x->gpr[X86_BX], 0x3100);
    EQ(s->x->gpr[X86_DX] & 0xffff, 0x3100);
    EQ(s->x->gpr[X86_SI], 0x0123);
    EQ(AX(s) & 0xffff, 0x3021);
    EQ(SEG(s, DS).base, 0x30210);
    EQ(SEG(s, ES).base, 0x31000);
    x86_sys_free(s);
    /* Far call, RETF n, far jump. call 2000:0020 comes back with 4 bytes popped. */
    s = x86_sys_new(accel_opts, SYS_REAL, 0);
    x86_sys_poke(s, SYS_CODE + 0x100, 4, 0x0004ca);
    RUN(s, "6A 11 6A 22 9A 00 01 00 20 EA 0E 00 00 20 40");
    STOPPED(s, 256);
    EQ(SP(s), SYS_STACK3);
    EQ(AX(s), 1);
    x86_sys_free(s);
    /* Beyond a segment's limit: #GP; a word at offset FFFF. */
    x86_sys_free(run(SYS_REAL, 0, "A1 FF FF", X86_EXC_GP));
    x86_sys_free(run(SYS_REAL, 0, "BD FF FF 8B 46 00", X86_EXC_SS));
    /* Protected mode and back: the limit of DS stays 4 GiB ("unreal" mode). */
    s = x86_sys_new(accel_opts, SYS_REAL, 0);
    x86_sys_poke(s, 0x1ff000, 4, 0xcafe);
    RUN(s, "0F 20 C0 0C 01 0F 22 C0 BB 10 00 8E DB 24 FE 0F 22 C0 31 DB 8E DB 66 BE 00 F0 1F 00 67 66 8B 06");
    STOPPED(s, 256);
    EQ(AX(s), 0xcafe);
    x86_sys_free(s);
}

static void test_real_shadow(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_REAL, 0);
    s->ack_vector = 0x70;
    cpu_interrupt_set(&s->x->cpu, X86_PIN_INTR);
    RUN(s, "FB 40 40"); /* sti; inc ax; inc ax */
    STOPPED(s, 0x70);
    EQ(AX(s), 1);
    EQ(stack(s, 0, 2), 2);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_REAL, 0);
    s->ack_vector = 0x71;
    RUN(s, "FB 90");
    cpu_interrupt_set(&s->x->cpu, X86_PIN_INTR);
    s->x->eflags &= ~(uint64_t)EFL_IF;
    RUN(s, "FA 31 DB FB 8E D3 BC 00 80 43"); /* ... sti; mov ss,bx; mov sp,8000; inc bx */
    STOPPED(s, 0x71);
    EQ(s->x->gpr[X86_BX], 0);
    EQ(SP(s), 0x8000 - 6);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_REAL, 0); /* HLT, and NMI with interrupts off */
    cpu_interrupt_set(&s->x->cpu, X86_PIN_NMI);
    RUN(s, "90 90");
    STOPPED(s, X86_EXC_NMI);
    g_assert_true(s->x->nmi_blocked);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_REAL, 0); /* sti; jmp $: the shadow does not last for ever */
    s->ack_vector = 0x72;
    cpu_interrupt_set(&s->x->cpu, X86_PIN_INTR);
    RUN(s, "FB EB FE");
    STOPPED(s, 0x72);
    x86_sys_free(s);
}

/* ---- 32-bit protected mode ---- */

static void test_prot_loads(void)
{
    X86Sys *s = run(SYS_PROT, 0, "66 B8 78 00 8E D8 66 B8 C0 00 8E C0 31 C0 8E E0 8C C3", 256);
    EQ(SEG(s, DS).limit, 0xfff);
    EQ(SEG(s, DS).read_end, 0); /* expand-down: never quick */
    EQ(SEG(s, ES).write_end, 0x100);
    EQ(SEG(s, ES).base, SYS_DATA);
    g_assert_true(SEG(s, FS).unusable);
    EQ(s->x->gpr[X86_BX], SEL_LIMIT);
    x86_sys_free(s);
    faults(SYS_PROT, 0, "66 B8 70 00 8E D8", X86_EXC_NP, SEL_ABSENT, 4);
    faults(SYS_PROT, 0, "66 B8 70 00 8E D0", X86_EXC_GP, SEL_ABSENT, 4); /* DPL 3: #GP before #SS */
    faults(SYS_PROT, 0, "31 C0 8E D0", X86_EXC_GP, 0, 2);
    faults(SYS_PROT, 0, "66 B8 A0 00 8E D0", X86_EXC_GP, SEL_READONLY, 4);
    faults(SYS_PROT, 3, "66 B8 10 00 8E D8", X86_EXC_GP, SEL_DATA0, 4);
    faults(SYS_PROT, 0, "66 B8 08 01 8E D8", X86_EXC_GP, 0x108, 4); /* beyond the GDT */
    faults(SYS_PROT, 0, "66 B8 28 00 8E D8", X86_EXC_GP, SEL_TSS, 4);
    faults(SYS_PROT, 0, "66 B8 0C 00 8E D8", X86_EXC_GP, 0x0c, 4);  /* LDT entry of zeros */
    faults(SYS_PROT, 3, "66 B8 C3 00 8E D8 A0 00 01 00 00", X86_EXC_GP, 0, 6);
    faults(SYS_PROT, 0, "66 B8 78 00 8E D8 A0 FF 0F 00 00", X86_EXC_GP, 0, 6);
    x86_sys_free(run(SYS_PROT, 0, "66 B8 78 00 8E D8 A0 00 10 00 00", 256));
    s = x86_sys_new(accel_opts, SYS_PROT, 0); /* the accessed bit */
    x86_sys_desc(s, SEL_LIMIT, 0, 0xff, 0x40f2);
    RUN(s, "66 B8 C0 00 8E D8");
    EQ(x86_sys_peek(s, SYS_GDT + SEL_LIMIT + 5, 1), 0xf3);
    x86_sys_free(s);
}

static void test_prot_int(void)
{
    X86Sys *s = run(SYS_PROT, 3, "F9 CD 81", 0x81);
    EQ(SEG(s, CS).selector, SEL_CODE0);
    EQ(SEG(s, SS).selector, SEL_DATA0);
    EQ(SP(s), SYS_STACK0 - 20);
    EQ(stack(s, 0, 4), SYS_CODE + 3);
    EQ(stack(s, 1, 4), SEL_CODE3 | 3);
    EQ(stack(s, 2, 4) & EFL_CF, EFL_CF);
    EQ(stack(s, 3, 4), SYS_STACK3);
    EQ(stack(s, 4, 4), SEL_DATA3 | 3);
    EQ(s->x->cpl, 0);
    EQ(SEG(s, DS).selector, SEL_DATA3 | 3);
    x86_sys_free(s);
    s = run(SYS_PROT, 0, "FB CD 80", 0x80); /* trap gate keeps IF */
    EQ(s->x->eflags & EFL_IF, EFL_IF);
    EQ(SP(s), SYS_STACK0 - 12);
    x86_sys_free(s);
    faults(SYS_PROT, 3, "CD 20", X86_EXC_GP, 0x20 * 8 + 2, 0); /* gate DPL */
    faults(SYS_PROT, 3, "F4", X86_EXC_GP, 0, 0);
    s = run(SYS_PROT, 0, "66 B8 01 00 31 D2 31 C9 F7 F1", X86_EXC_DE);
    EQ(stack(s, 0, 4), SYS_CODE + 8);
    EQ(stack(s, 2, 4) & EFL_RF, EFL_RF);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 0); /* a gate that is absent, an IDT that is short */
    x86_sys_idt(s, 0x30, SEL_CODE0, SYS_STOP, 0x0e);
    RUN(s, "CD 30");
    STOPPED(s, X86_EXC_NP);
    EQ(stack(s, 0, 4), 0x30 * 8 + 2);
    s->x->idt.limit = 0x17f;
    RUN(s, "CD 30");
    STOPPED(s, X86_EXC_GP);
    EQ(stack(s, 0, 4), 0x30 * 8 + 2);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 3); /* 16-bit gate, conforming handler, then bad stacks */
    x86_sys_idt(s, 0x40, SEL_CONFORMING, SYS_STOP + 0x40 * 16, 0xee);
    x86_sys_idt(s, 0x41, SEL_CODE16, SYS_STOP + 0x41 * 16 - SYS_CODE, 0xe6);
    RUN(s, "CD 40");
    STOPPED(s, 0x40);
    EQ(s->x->cpl, 3);
    EQ(SP(s), SYS_STACK3 - 12);
    RUN(s, "CD 41");
    STOPPED(s, 0x41);
    EQ(s->x->cpl, 0);
    EQ(SP(s), SYS_STACK0 - 10);
    EQ(stack(s, 0, 2), (uint16_t)(SYS_CODE + 2));
    x86_sys_free(s);
}

static void test_prot_bad_stack(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_PROT, 3);
    x86_sys_poke(s, SYS_TSS + 8, 2, SEL_DATA3 | 3); /* #TS, which needs level 0 again: double and triple fault */
    g_assert_false(x86_sys_run(s, "CD 81"));
    EQ(s->vectors[0], X86_EXC_TS);
    EQ(s->errors[0], SEL_DATA3);
    EQ(s->vectors[1], X86_EXC_TS);
    EQ(s->errors[1], SEL_DATA3 | 1);
    EQ(s->x->delivering, X86_DELIVERING_SHUTDOWN);
    g_assert_cmpint(s->m->pending, !=, 0);
    g_assert_true(s->x->cpu.halted);
    EQ(s->x->pc, SYS_CODE);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 3); /* double fault through a task gate gets a stack of its own */
    x86_sys_poke(s, SYS_TSS + 8, 2, 0);
    x86_sys_idt(s, X86_EXC_DF, SEL_TSS2, 0, 0x85);
    x86_sys_poke(s, SYS_TSS2 + 32, 4, SYS_STOP + 8 * 16);
    x86_sys_poke(s, SYS_TSS2 + 36, 4, EFL_FIXED);
    x86_sys_poke(s, SYS_TSS2 + 56, 4, SYS_STACK2);
    x86_sys_poke(s, SYS_TSS2 + 76, 2, SEL_CODE0);
    x86_sys_poke(s, SYS_TSS2 + 80, 2, SEL_DATA0);
    RUN(s, "CD 81");
    STOPPED(s, X86_EXC_DF);
    EQ(SP(s), SYS_STACK2 - 4);
    EQ(stack(s, 0, 4), 0);
    EQ(s->x->tr.selector, SEL_TSS2);
    EQ(x86_sys_peek(s, SYS_TSS2, 2), SEL_TSS);
    EQ(x86_sys_peek(s, SYS_TSS + 32, 4), SYS_CODE);
    EQ(x86_sys_peek(s, SYS_TSS + 76, 2), SEL_CODE3 | 3);
    EQ(s->x->eflags & EFL_NT, EFL_NT);
    x86_sys_free(s);
}

static void test_prot_far(void)
{
    X86Sys *s = run(SYS_PROT, 0, "EA 07 00 02 00 68 00 40", 256); /* jmp conforming:next */
    EQ(SEG(s, CS).selector, SEL_CONFORMING);
    EQ(AX(s), 1);
    x86_sys_free(s);
    faults(SYS_PROT, 3, "EA 00 00 00 00 08 00", X86_EXC_GP, SEL_CODE0, 0);
    faults(SYS_PROT, 0, "EA 00 00 00 00 10 00", X86_EXC_GP, SEL_DATA0, 0);
    faults(SYS_PROT, 0, "EA 00 00 00 00 00 00", X86_EXC_GP, 0, 0);
    faults(SYS_PROT, 0, "EA 00 00 01 00 58 00", X86_EXC_GP, 0, 0); /* EIP beyond the limit */
    faults(SYS_PROT, 3, "68 08 00 00 00 6A 00 CB", X86_EXC_GP, SEL_CODE0, 7); /* RETF inwards */

    /* RETF outwards drops the segments that level 3 may not have. */
    s = run(SYS_PROT, 0, "6A 23 68 00 B0 00 00 6A 1B 68 20 00 02 00 66 B8 20 00 8E D8 CB 90 90 90 90 90 90 90 90 90 "
            "90 90 40", 256);
    EQ(s->x->cpl, 3);
    EQ(SP(s), SYS_STACK3);
    EQ(SEG(s, SS).selector, SEL_DATA3 | 3);
    EQ(SEG(s, DS).selector, SEL_DATA3);
    g_assert_true(SEG(s, ES).unusable);
    x86_sys_free(s);

    /* Call gate from level 3 to 0 with two parameters, and RETF 8 back. */
    s = x86_sys_new(accel_opts, SYS_PROT, 3);
    x86_sys_gate(s, SYS_GDT + SEL_GATE, SEL_CODE0, SYS_DATA, 0xec, 2);
    x86_sys_poke(s, SYS_DATA, 8, 0x0008ca0424448b); /* mov eax,[esp+4]: CS; retf 8 */
    RUN(s, "6A 11 6A 22 9A 00 00 00 00 B3 00");
    STOPPED(s, 256);
    EQ(AX(s), SEL_CODE3 | 3);
    EQ(SP(s), SYS_STACK3);
    EQ(s->x->cpl, 3);
    EQ(x86_sys_peek(s, SYS_STACK0 - 4, 4), SEL_DATA3 | 3);
    EQ(x86_sys_peek(s, SYS_STACK0 - 8, 4), SYS_STACK3 - 8);
    EQ(x86_sys_peek(s, SYS_STACK0 - 12, 4), 0x11);
    EQ(x86_sys_peek(s, SYS_STACK0 - 16, 4), 0x22);
    EQ(x86_sys_peek(s, SYS_STACK0 - 20, 4), SEL_CODE3 | 3);
    EQ(x86_sys_peek(s, SYS_STACK0 - 24, 4), SYS_CODE + 11);
    RUN(s, "EA 00 00 00 00 B3 00"); /* JMP does not change the level */
    STOPPED(s, X86_EXC_GP);
    EQ(stack(s, 0, 4), SEL_CODE0);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 3);
    x86_sys_gate(s, SYS_GDT + SEL_GATE, SEL_CODE0, SYS_DATA, 0x8c, 0);
    RUN(s, "9A 00 00 00 00 B3 00");
    STOPPED(s, X86_EXC_GP);
    EQ(stack(s, 0, 4), SEL_GATE);
    x86_sys_free(s);
}

static void test_prot_iret(void)
{
    /* Level 0 to 3: flags, stack; IOPL and IF may change. */
    X86Sys *s = run(SYS_PROT, 0, "6A 23 68 00 B0 00 00 68 02 32 00 00 6A 1B 68 20 00 02 00 CF 90 90 90 90 90 90 90 "
                    "90 90 90 90 90 40", 256);
    EQ(s->x->cpl, 3);
    EQ(SP(s), SYS_STACK3);
    EQ(s->x->eflags & (EFL_IOPL | EFL_IF), EFL_IOPL | EFL_IF);
    EQ(AX(s), 1);
    x86_sys_free(s);
    /* Level 3 to itself: IF and IOPL may not. */
    s = run(SYS_PROT, 3, "68 03 32 00 00 6A 1B 68 10 00 02 00 CF 90 90 90 40", 256);
    EQ(s->x->eflags & (EFL_IOPL | EFL_IF), 0);
    EQ(x86_get_eflags(s->x) & EFL_CF, EFL_CF);
    x86_sys_free(s);
    faults(SYS_PROT, 3, "6A 02 6A 08 6A 00 CF", X86_EXC_GP, SEL_CODE0, 6);
    faults(SYS_PROT, 0, "6A 02 6A 70 6A 00 CF", X86_EXC_GP, SEL_ABSENT, 6);
}

static void test_queries(void)
{
    /* lar eax,[8]; setz bl; lsl ecx,; setz bh; verr/verw */
    X86Sys *s = run(SYS_PROT, 0, "66 BA C0 00 0F 02 C2 0F 94 C3 0F 03 CA 0F 94 C7", 256);
    EQ(AX(s), 0x40f300);
    EQ(s->x->gpr[X86_CX], 0xff);
    EQ(s->x->gpr[X86_BX], 0x101);
    x86_sys_free(s);
    s = run(SYS_PROT, 3, "66 BA 10 00 0F 02 C2 0F 94 C3 66 BA 08 00 0F 03 CA 0F 94 C7", 256);
    EQ(s->x->gpr[X86_BX], 0);
    x86_sys_free(s);
    s = run(SYS_PROT, 0, "66 BA A0 00 0F 00 E2 0F 94 C3 0F 00 EA 0F 94 C7", 256);
    EQ(s->x->gpr[X86_BX], 1);
    x86_sys_free(s);
    s = run(SYS_PROT, 0, "66 B8 10 00 66 BB 03 00 63 D8 0F 94 C1 66 B8 10 00 63 C3 0F 94 C5", 256); /* arpl twice */
    EQ(s->x->gpr[X86_CX], 1);
    x86_sys_free(s);
    s = run(SYS_PROT, 0, "66 B8 A8 00 0F 00 D8 0F 00 C9 0F 00 C2", 256); /* ltr; str ecx; sldt edx */
    EQ(s->x->gpr[X86_CX], SEL_TSS16);
    EQ(s->x->gpr[X86_DX], SEL_LDT);
    EQ(x86_sys_peek(s, SYS_GDT + SEL_TSS16 + 5, 1), 0x83);
    x86_sys_free(s);
    faults(SYS_PROT, 0, "66 B8 28 00 0F 00 D8", X86_EXC_GP, SEL_TSS, 4);
    faults(SYS_PROT, 0, "66 B8 28 00 0F 00 D0", X86_EXC_GP, SEL_TSS, 4);
    s = run(SYS_PROT, 0, "31 C0 0F 00 D0 0F 01 04 25 00 00 03 00", 256);
    g_assert_true(s->x->ldt.unusable);
    EQ(x86_sys_peek(s, SYS_DATA, 6), (uint64_t)SYS_GDT << 16 | 0xff);
    x86_sys_free(s);
}

static void test_io(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_PROT, 3);
    x86_sys_poke(s, SYS_TSS + 0x90 + 0x60 / 8, 1, 0x02); /* port 61 */
    sigjmp_buf *env = &s->x->cpu.jmp_env;
    static const struct { uint32_t port; unsigned size; bool ok; } cases[] = {
        {0x60, 1, true}, {0x61, 1, false}, {0x60, 2, false}, {0x62, 4, true}, {0xffff, 1, true}, {0x5f, 4, false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        volatile bool ok = true;
        if (sigsetjmp(*env, 0)) {
            ok = false;
        } else {
            x86_check_io(s->x, cases[i].port, cases[i].size);
        }
        g_assert_cmpint(ok, ==, cases[i].ok);
    }
    s->x->eflags |= EFL_IOPL;
    x86_check_io(s->x, 0x61, 1);
    x86_sys_free(s);
}

/* ---- tasks ---- */

static void make_task(X86Sys *s, uint32_t eip, uint32_t eflags)
{
    x86_sys_poke(s, SYS_TSS2 + 32, 4, eip);
    x86_sys_poke(s, SYS_TSS2 + 36, 4, eflags);
    x86_sys_poke(s, SYS_TSS2 + 44, 4, 0x1234);
    x86_sys_poke(s, SYS_TSS2 + 56, 4, SYS_STACK2);
    x86_sys_poke(s, SYS_TSS2 + 72, 2, SEL_DATA0);
    x86_sys_poke(s, SYS_TSS2 + 76, 2, SEL_CODE0);
    x86_sys_poke(s, SYS_TSS2 + 80, 2, SEL_DATA0);
    x86_sys_poke(s, SYS_TSS2 + 96, 2, SEL_LDT);
}

static void test_task_jump(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_PROT, 0);
    make_task(s, SYS_END, EFL_FIXED | EFL_CF);
    RUN(s, "B8 78 56 34 12 EA 00 00 00 00 38 00");
    STOPPED(s, 256);
    EQ(s->x->gpr[X86_CX], 0x1234);
    EQ(SP(s), SYS_STACK2);
    EQ(s->x->tr.selector, SEL_TSS2);
    EQ(SEG(s, ES).selector, SEL_DATA0);
    g_assert_true(SEG(s, DS).unusable);
    EQ(x86_get_eflags(s->x), EFL_FIXED | EFL_CF);
    EQ(s->x->cr0 & CR0_TS, CR0_TS);
    EQ(x86_sys_peek(s, SYS_TSS + 32, 4), SYS_CODE + 12);
    EQ(x86_sys_peek(s, SYS_TSS + 40, 4), 0x12345678);
    EQ(x86_sys_peek(s, SYS_GDT + SEL_TSS + 5, 1), 0x89);
    EQ(x86_sys_peek(s, SYS_GDT + SEL_TSS2 + 5, 1), 0x8b);
    x86_sys_free(s);
    faults(SYS_PROT, 0, "EA 00 00 00 00 28 00", X86_EXC_GP, SEL_TSS, 0); /* busy */
    s = x86_sys_new(accel_opts, SYS_PROT, 0); /* a fault in the new task belongs to it */
    make_task(s, SYS_END, EFL_FIXED);
    x86_sys_poke(s, SYS_TSS2 + 72, 2, SEL_ABSENT);
    RUN(s, "EA 00 00 00 00 38 00");
    STOPPED(s, X86_EXC_NP);
    EQ(stack(s, 0, 4), SEL_ABSENT);
    EQ(stack(s, 1, 4), SYS_END);
    EQ(s->x->tr.selector, SEL_TSS2);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 0); /* T bit */
    make_task(s, SYS_END, EFL_FIXED);
    x86_sys_poke(s, SYS_TSS2 + 100, 2, 1);
    RUN(s, "EA 00 00 00 00 38 00");
    STOPPED(s, X86_EXC_DB);
    EQ(stack(s, 0, 4), SYS_END);
    EQ(s->x->dr[6] & DR6_BT, DR6_BT);
    x86_sys_free(s);
}

static void test_task_call(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_PROT, 0);
    make_task(s, SYS_DATA, EFL_FIXED);
    x86_sys_poke(s, SYS_DATA, 2, 0xcf41); /* inc ecx; iret */
    RUN(s, "9A 00 00 00 00 38 00 40");
    STOPPED(s, 256);
    EQ(AX(s), 1);
    EQ(SP(s), SYS_STACK0);
    EQ(s->x->tr.selector, SEL_TSS);
    EQ(s->x->eflags & EFL_NT, 0);
    EQ(x86_sys_peek(s, SYS_TSS2, 2), SEL_TSS);
    EQ(x86_sys_peek(s, SYS_TSS2 + 44, 4), 0x1235);
    EQ(x86_sys_peek(s, SYS_TSS2 + 32, 4), SYS_DATA + 2);
    EQ(x86_sys_peek(s, SYS_GDT + SEL_TSS + 5, 1), 0x8b);
    EQ(x86_sys_peek(s, SYS_GDT + SEL_TSS2 + 5, 1), 0x89);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 0); /* a 16-bit TSS through a task gate */
    x86_sys_gate(s, SYS_GDT + SEL_GATE, SEL_TSS16, 0, 0x85, 0);
    x86_sys_poke(s, SYS_TSS16 + 14, 2, SYS_END - SYS_CODE);
    x86_sys_poke(s, SYS_TSS16 + 16, 2, EFL_FIXED);
    x86_sys_poke(s, SYS_TSS16 + 18, 2, 0x4321);
    x86_sys_poke(s, SYS_TSS16 + 26, 2, 0x8000);
    x86_sys_poke(s, SYS_TSS16 + 36, 2, SEL_CODE16);
    x86_sys_poke(s, SYS_TSS16 + 38, 2, SEL_DATA16);
    RUN(s, "9A 00 00 00 00 B0 00");
    STOPPED(s, 256);
    EQ(AX(s) & 0xffff, 0x4321);
    EQ(x86_sys_peek(s, SYS_TSS16, 2), SEL_TSS);
    EQ(s->x->tr.selector, SEL_TSS16);
    x86_sys_free(s);
}

/* ---- virtual-8086 mode ---- */

static void test_v86(void)
{
    X86Sys *s = run(SYS_V86, 3, "B8 34 12 8E C0 F4", X86_EXC_GP);
    EQ(SP(s), SYS_STACK0 - 40);
    EQ(stack(s, 0, 4), 0);
    EQ(stack(s, 1, 4), 5);
    EQ(stack(s, 2, 4), SYS_CODE >> 4);
    EQ(stack(s, 3, 4) & (EFL_VM | EFL_RF), EFL_VM | EFL_RF);
    EQ(stack(s, 4, 4), SYS_STACK3);
    EQ(stack(s, 5, 4), 0);
    EQ(stack(s, 6, 4), 0x1234);
    EQ(stack(s, 7, 4), SYS_DATA >> 4);
    EQ(stack(s, 9, 4), SYS_DATA >> 4);
    EQ(s->x->eflags & EFL_VM, 0);
    g_assert_true(SEG(s, DS).unusable && SEG(s, GS).unusable);
    EQ(s->x->cpl, 0);
    x86_sys_free(s);
    x86_sys_free(run(SYS_V86, 3, "CD 81", X86_EXC_GP)); /* IOPL 0 */
    s = x86_sys_new(accel_opts, SYS_V86, 3);
    s->x->eflags |= EFL_IOPL;
    x86_update_flags(s->x);
    RUN(s, "CD 81");
    STOPPED(s, 0x81);
    EQ(stack(s, 0, 4), 2);
    x86_sys_free(s);
    s = run(SYS_V86, 3, "CC", X86_EXC_GP); /* INT3 looks at the gate's DPL alone */
    EQ(stack(s, 0, 4), 3 * 8 + 2);
    x86_sys_free(s);
}

static void test_v86_enter(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_PROT, 0);
    x86_sys_poke(s, SYS_CODE + 0x100, 4, 0xf4d88c); /* mov ax,ds; hlt */
    RUN(s, "6A 11 6A 22 6A 33 6A 44 6A 00 68 00 80 00 00 68 02 30 02 00 68 00 20 00 00 68 00 01 00 00 CF");
    STOPPED(s, X86_EXC_GP);
    EQ(AX(s), 0x33);
    EQ(stack(s, 1, 4), 0x102);
    EQ(stack(s, 4, 4), 0x8000);
    EQ(stack(s, 6, 4), 0x44);
    EQ(stack(s, 7, 4), 0x33);
    EQ(stack(s, 8, 4), 0x22);
    EQ(stack(s, 9, 4), 0x11);
    x86_sys_free(s);
}

static void test_vme(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_V86, 3);
    s->x->cr4 |= CR4_VME;
    x86_update_flags(s->x);
    x86_sys_poke(s, 0x21 * 4, 4, 0x100 | SYS_DATA >> 4 << 16);
    x86_sys_poke(s, SYS_DATA + 0x100, 1, 0xcf);
    RUN(s, "F9 CD 21 40 F4"); /* redirected to the program's own handler and back */
    STOPPED(s, X86_EXC_GP);
    EQ(AX(s), 1);
    EQ(stack(s, 1, 4), 4);
    EQ(x86_sys_peek(s, SYS_STACK3 - 2, 2) & (EFL_IOPL | EFL_CF), EFL_IOPL | EFL_CF);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_V86, 3);
    s->x->cr4 |= CR4_VME;
    x86_update_flags(s->x);
    x86_sys_poke(s, SYS_TSS + 0x90 - 32 + 0x81 / 8, 1, 2);
    RUN(s, "CD 81");
    STOPPED(s, X86_EXC_GP);
    EQ(stack(s, 0, 4), 0);
    x86_sys_free(s);
}

/* ---- 64-bit mode ---- */

static void test_long_int(void)
{
    X86Sys *s = run(SYS_LONG, 3, "F9 CD 81", 0x81);
    EQ(SP(s), SYS_STACK0 - 40);
    EQ(stack(s, 0, 8), SYS_CODE + 3);
    EQ(stack(s, 1, 8), SEL_CODE64_3 | 3);
    EQ(stack(s, 3, 8), SYS_STACK3);
    EQ(stack(s, 4, 8), SEL_DATA3 | 3);
    EQ(SEG(s, SS).selector, 0);
    EQ(s->x->cpl, 0);
    x86_sys_poke(s, SYS_STOP + 0x81 * 16, 2, 0xcf48); /* IRETQ */
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 3);
    x86_sys_idt(s, 0x30, SEL_CODE64, SYS_DATA, 0xee);
    x86_sys_poke(s, SYS_DATA, 4, 0xcf48d889); /* mov eax,ebx; iretq */
    RUN(s, "BB 55 00 00 00 CD 30 FF C0");
    STOPPED(s, 256);
    EQ(AX(s), 0x56);
    EQ(SP(s), SYS_STACK3);
    EQ(SEG(s, SS).selector, SEL_DATA3 | 3);
    EQ(s->x->cpl, 3);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 0); /* same level, misaligned stack; IST */
    SP(s) = SYS_STACK0 - 5;
    RUN(s, "CD 30");
    STOPPED(s, 0x30);
    EQ(SP(s), SYS_STACK0 - 16 - 40);
    EQ(stack(s, 3, 8), SYS_STACK0 - 5);
    x86_sys_gate(s, SYS_IDT + 0x31 * 16, SEL_CODE64, SYS_STOP + 0x31 * 16, 0x8e, 1);
    RUN(s, "CD 31");
    STOPPED(s, 0x31);
    EQ(SP(s), SYS_STACK_IST - 40);
    x86_sys_free(s);
    faults(SYS_LONG, 3, "CD 20", X86_EXC_GP, 0x20 * 8 + 2, 0);
    faults(SYS_LONG, 3, "66 B8 10 00 8E D8", X86_EXC_GP, SEL_DATA0, 4);
    faults(SYS_LONG, 3, "31 C0 8E D0", X86_EXC_GP, 0, 2);
    x86_sys_free(run(SYS_LONG, 0, "31 C0 8E D0 8E D8 8E E0", 256));
}

static void test_long_page_fault(void)
{
    X86Sys *s = run(SYS_LONG, 3, "48 C7 C3 00 C0 1F 00 88 03", X86_EXC_PF); /* mov rbx,...; mov [rbx],al */
    EQ(stack(s, 0, 8), X86_PFEC_W | X86_PFEC_U);
    EQ(stack(s, 1, 8), SYS_CODE + 7);
    EQ(s->x->cr2, 0x1fc000);
    EQ(stack(s, 3, 8) & EFL_RF, EFL_RF);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 3); /* the kernel stack is not there: double fault on its IST */
    x86_sys_poke(s, SYS_TSS + 4, 8, 0x1fd000);
    x86_sys_gate(s, SYS_IDT + X86_EXC_DF * 16, SEL_CODE64, SYS_STOP + X86_EXC_DF * 16, 0x8e, 1);
    RUN(s, "48 C7 C3 00 C0 1F 00 88 03");
    STOPPED(s, X86_EXC_DF);
    EQ(SP(s), SYS_STACK_IST - 48);
    EQ(stack(s, 0, 8), 0);
    EQ(stack(s, 1, 8), SYS_CODE + 7);
    EQ(s->vectors[0], X86_EXC_PF);
    EQ(s->vectors[1], X86_EXC_PF);
    EQ(s->x->cr2, 0x1fcff8 - 40);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 3); /* INT n with such a stack is one page fault */
    x86_sys_poke(s, SYS_TSS + 4, 8, 0x1fd000);
    x86_sys_gate(s, SYS_IDT + X86_EXC_PF * 16, SEL_CODE64, SYS_STOP + X86_EXC_PF * 16, 0x8e, 1);
    RUN(s, "CD 81");
    STOPPED(s, X86_EXC_PF);
    EQ(stack(s, 0, 8), X86_PFEC_W);
    EQ(stack(s, 1, 8), SYS_CODE);
    x86_sys_free(s);
}

static void test_long_syscall(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_LONG, 3);
    s->x->star = (uint64_t)SEL_CODE64 << 32 | (uint64_t)(SEL_CODE64_3 - 16) << 48;
    s->x->lstar = SYS_DATA;
    s->x->sfmask = EFL_IF | EFL_CF;
    s->x->eflags |= EFL_IF;
    x86_sys_poke(s, SYS_DATA, 6, 0x070f48d8ff90); /* nop; neg eax; sysretq */
    x86_sys_poke(s, SYS_DATA + 1, 2, 0xd8f7);
    RUN(s, "B8 05 00 00 00 F9 0F 05 0F 92 C3");
    STOPPED(s, 256);
    EQ(AX(s), 0xfffffffb);
    EQ(s->x->gpr[X86_CX], SYS_CODE + 8);
    EQ(s->x->gpr[11] & (EFL_IF | EFL_CF), EFL_IF | EFL_CF);
    EQ(s->x->gpr[X86_BX] & 0xff, 1);
    EQ(s->x->cpl, 3);
    EQ(SEG(s, CS).selector, SEL_CODE64_3 | 3);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 3);
    s->x->efer &= ~(uint64_t)EFER_SCE;
    RUN(s, "0F 05");
    STOPPED(s, X86_EXC_UD);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 3);
    s->x->sysenter_cs = SEL_CODE64;
    s->x->sysenter_eip = SYS_END;
    s->x->sysenter_esp = SYS_STACK1;
    RUN(s, "0F 34");
    STOPPED(s, 256);
    EQ(SP(s), SYS_STACK1);
    EQ(SEG(s, CS).selector, SEL_CODE64);
    EQ(s->x->cpl, 0);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 0); /* SYSEXIT to 32-bit code */
    s->x->sysenter_cs = SEL_CODE0;
    s->x->gpr[X86_DX] = SYS_END;
    s->x->gpr[X86_CX] = SYS_STACK3;
    RUN(s, "0F 35");
    STOPPED(s, 256);
    EQ(s->x->cpl, 3);
    EQ(SEG(s, CS).selector, (SEL_CODE0 + 16) | 3);
    x86_sys_free(s);
    faults(SYS_LONG, 0, "0F 34", X86_EXC_GP, 0, 0);
}

static void test_long_far(void)
{
    /* To compatibility mode and back: push CS:RIP; RETFQ. */
    X86Sys *s = run(SYS_LONG, 0, "6A 08 68 09 00 02 00 48 CB EA 10 00 02 00 80 00 FF C0", 256);
    EQ(SEG(s, CS).selector, SEL_CODE64);
    EQ(AX(s), 1);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 3); /* 64-bit call gate */
    x86_sys_gate(s, SYS_GDT + SEL_GATE, SEL_CODE64, SYS_DATA, 0xec, 0);
    x86_sys_poke(s, SYS_DATA, 2, 0xcb48);
    x86_sys_poke(s, SYS_DATA + 0x100, 6, (uint64_t)(SEL_GATE | 3) << 32);
    RUN(s, "48 C7 C3 00 01 03 00 FF 1B FF C0");
    STOPPED(s, 256);
    EQ(AX(s), 1);
    EQ(s->x->cpl, 3);
    EQ(SP(s), SYS_STACK3);
    EQ(x86_sys_peek(s, SYS_STACK0 - 8, 8), SEL_DATA3 | 3);
    EQ(x86_sys_peek(s, SYS_STACK0 - 32, 8), SYS_CODE + 9);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 0); /* not canonical: #GP with the old stack */
    RUN(s, "6A 10 6A 00 6A 02 68 80 00 00 00 48 B8 00 00 00 00 00 00 00 80 50 48 CF");
    STOPPED(s, X86_EXC_GP);
    EQ(stack(s, 1, 8), SYS_CODE + 22);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_LONG, 0);
    s->x->eflags |= EFL_NT;
    RUN(s, "48 CF");
    STOPPED(s, X86_EXC_GP);
    x86_sys_free(s);
    faults(SYS_LONG, 0, "6A 28 6A 00 48 CB", X86_EXC_GP, SEL_TSS, 4);
}

/* A return to level 3 takes away segments of inner levels, but not FS and GS bases. */
static void test_long_dropped(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_LONG, 0);
    SEG(s, GS).base = 0x123456789000;
    RUN(s, "6A 23 68 00 B0 00 00 6A 02 68 8B 00 00 00 68 17 00 02 00 48 CF 90 90 90 90 FF C0");
    STOPPED(s, 256);
    EQ(s->x->cpl, 3);
    EQ(SEG(s, GS).selector, 0);
    EQ(SEG(s, GS).base, 0x123456789000);
    g_assert_true(SEG(s, GS).unusable && SEG(s, DS).unusable);
    x86_sys_free(s);
}

static void test_step(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_LONG, 0); /* pushf; or word [rsp],0x100; popf; nop: trap behind nop */
    RUN(s, "9C 66 81 0C 24 00 01 9D 90 90");
    STOPPED(s, X86_EXC_DB);
    EQ(stack(s, 0, 8), SYS_CODE + 9);
    EQ(stack(s, 2, 8) & EFL_TF, EFL_TF);
    EQ(s->x->dr[6] & DR6_BS, DR6_BS);
    EQ(s->x->eflags & EFL_TF, 0);
    x86_sys_free(s);
    s = run(SYS_LONG, 0, "F1", X86_EXC_DB);
    EQ(stack(s, 0, 8), SYS_CODE + 1);
    x86_sys_free(s);
}

/* A store is seen by the very next instruction (SDM 3A 12.6: processors since the Pentium do so). */
static void test_code_writes(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_PROT, 0);

    /* mov byte [immediate of the next], 7; mov al, 1 */
    g_assert_true(x86_sys_run(s, "c605 08000200 07 b0 01"));
    g_assert_cmpuint(s->x->gpr[X86_AX] & 0xff, ==, 7);
    x86_sys_free(s);
    s = x86_sys_new(accel_opts, SYS_PROT, 0);
    /* xor eax, eax; mov ecx, 5; again: inc byte [immediate of the next]; add eax, 0; loop again */
    g_assert_true(x86_sys_run(s, "31c0 b905000000 fe05 0f000200 83c0 00 e2 f5"));
    g_assert_cmpuint(s->x->gpr[X86_AX], ==, 1 + 2 + 3 + 4 + 5);
    x86_sys_free(s);
}

static void test_init_sipi(void)
{
    X86Sys *s = x86_sys_new(accel_opts, SYS_LONG, 0);
    s->x->wait_sipi = true;
    s->x->cpu.halted = true;
    g_assert_false(x86_deliver_interrupt(&s->x->cpu));
    x86_cpu_sipi(&s->x->cpu, 0x9a);
    g_assert_true(x86_deliver_interrupt(&s->x->cpu));
    EQ(s->x->pc, 0x9a000);
    EQ(SEG(s, CS).selector, 0x9a00);
    g_assert_false(s->x->wait_sipi);
    x86_cpu_sipi(&s->x->cpu, 0x9b);
    g_assert_false(x86_deliver_interrupt(&s->x->cpu));
    EQ(s->x->pc, 0x9a000);
    cpu_interrupt_set(&s->x->cpu, X86_PIN_INIT);
    g_assert_true(x86_deliver_interrupt(&s->x->cpu));
    EQ(s->x->pc, 0xfffffff0);
    x86_sys_free(s);
}

static const struct {
    const char *name;
    void (*fn)(void);
} tests[] = {
    {"real-int", test_real_int}, {"real-segments", test_real_segments}, {"real-shadow", test_real_shadow},
    {"prot-loads", test_prot_loads}, {"prot-int", test_prot_int}, {"prot-bad-stack", test_prot_bad_stack},
    {"prot-far", test_prot_far}, {"prot-iret", test_prot_iret}, {"queries", test_queries}, {"io", test_io},
    {"task-jump", test_task_jump}, {"task-call", test_task_call}, {"v86", test_v86}, {"v86-enter", test_v86_enter},
    {"vme", test_vme}, {"long-int", test_long_int}, {"long-page-fault", test_long_page_fault},
    {"long-syscall", test_long_syscall}, {"long-far", test_long_far}, {"long-dropped", test_long_dropped},
    {"step", test_step},
    {"init-sipi", test_init_sipi}, {"code-writes", test_code_writes},
};

static void interpreted(gconstpointer fn)
{
    accel_opts = "interp=on,one-insn=on";
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
