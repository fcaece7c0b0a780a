/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info registers` and `-d cpu`: the layout that users of the reference know.
 */
#include "x86-cpu.h"

#define X16 "%016" G_GINT64_MODIFIER "x"

static void print_general(const X86Cpu *x, FILE *out, bool wide)
{
    static const char *const names[] = {"AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP"};
    static const uint8_t order[] = {X86_AX, X86_BX, X86_CX, X86_DX, X86_SI, X86_DI, X86_BP, X86_SP};
    for (unsigned i = 0; i < 8; i++) {
        if (wide) {
            fprintf(out, "R%s=" X16 "%c", names[i], x->gpr[order[i]], i % 4 == 3 ? '\n' : ' ');
        } else {
            fprintf(out, "E%s=%08x%c", names[i], (uint32_t)x->gpr[order[i]], i % 4 == 3 ? '\n' : ' ');
        }
    }
    for (unsigned i = 8; wide && i < 16; i++) {
        fprintf(out, "R%-2u=" X16 "%c", i, x->gpr[i], i % 4 == 3 ? '\n' : ' ');
    }
}

static void print_flags(const X86Cpu *x, FILE *out, bool wide)
{
    static const struct {
        uint32_t bit;
        char letter;
    } shown[] = {{EFL_DF, 'D'}, {EFL_OF, 'O'}, {EFL_SF, 'S'}, {EFL_ZF, 'Z'}, {EFL_AF, 'A'}, {EFL_PF, 'P'}, {EFL_CF, 'C'}};
    uint32_t f = x86_get_eflags(x);
    char text[8] = {0};
    for (unsigned i = 0; i < 7; i++) {
        text[i] = f & shown[i].bit ? shown[i].letter : '-';
    }
    if (wide) {
        fprintf(out, "RIP=" X16 " RFL=%08x [%s]", x86_eip(x), f, text);
    } else {
        fprintf(out, "EIP=%08x EFL=%08x [%s]", (uint32_t)x86_eip(x), f, text);
    }
    bool halted = __atomic_load_n(&x->cpu.halted, __ATOMIC_ACQUIRE), inhibited = x->inhibit != UINT64_MAX && x->inhibit == x->pc;
    fprintf(out, " CPL=%u II=%d A20=%d SMM=%d HLT=%d\n", x->cpl, inhibited, (int)(x->a20_mask >> 20 & 1), x->smm, halted);
}

static const char *system_type(const X86Cpu *x, unsigned type)
{
    static const char *const names[2][16] = {
        {"Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate", "IntGate16", "TrapGate16", "Reserved", "TSS32-avl",
         "Reserved", "TSS32-busy", "CallGate32", "Reserved", "IntGate32", "TrapGate32"},
        {"<hiword>", "Reserved", "LDT", "Reserved", "Reserved", "Reserved", "Reserved", "Reserved", "Reserved", "TSS64-avl", "Reserved",
         "TSS64-busy", "CallGate64", "Reserved", "IntGate64", "TrapGate64"},
    };
    return names[x->efer & EFER_LMA ? 1 : 0][type & 15];
}

static void print_seg(const X86Cpu *x, FILE *out, const char *name, const X86Seg *s, bool wide)
{
    uint32_t attr = (uint32_t)(s->attr & 0xf0ff) << 8 | (s->limit > 0xfffff ? 0xf0000 : s->limit & 0xf0000);
    if (wide) {
        fprintf(out, "%-3s=%04x " X16 " %08x %08x", name, s->selector, s->base, s->limit, attr);
    } else {
        fprintf(out, "%-3s=%04x %08x %08x %08x", name, s->selector, (uint32_t)s->base, s->limit, attr);
    }
    if ((x->cr0 & CR0_PE) && (s->attr & X86_ATTR_P)) {
        fprintf(out, " DPL=%u ", (unsigned)s->attr >> X86_ATTR_DPL_SHIFT & 3);
        if (!(s->attr & X86_ATTR_S)) {
            fprintf(out, "%s", system_type(x, s->attr));
        } else if (s->attr & X86_ATTR_CODE) {
            fprintf(out, "%s [%c%c%c]", s->attr & X86_ATTR_L ? "CS64" : s->attr & X86_ATTR_DB ? "CS32" : "CS16",
                    s->attr & X86_ATTR_CONFORMING ? 'C' : '-', s->attr & X86_ATTR_RW ? 'R' : '-', s->attr & X86_ATTR_ACCESSED ? 'A' : '-');
        } else {
            fprintf(out, "%s [%c%c%c]", (s->attr & X86_ATTR_DB) || (x->efer & EFER_LMA) ? "DS  " : "DS16",
                    s->attr & X86_ATTR_EXPAND_DOWN ? 'E' : '-', s->attr & X86_ATTR_RW ? 'W' : '-', s->attr & X86_ATTR_ACCESSED ? 'A' : '-');
        }
    }
    fputc('\n', out);
}

static void print_system(const X86Cpu *x, FILE *out, bool wide)
{
    if (wide) {
        fprintf(out, "GDT=     " X16 " %08x\nIDT=     " X16 " %08x\n", x->gdt.base, x->gdt.limit, x->idt.base, x->idt.limit);
        fprintf(out, "CR0=%08x CR2=" X16 " CR3=" X16 " CR4=%08x\n", (uint32_t)x->cr0, x->cr2, x->cr3, (uint32_t)x->cr4);
        for (unsigned i = 0; i < 4; i++) {
            fprintf(out, "DR%u=" X16 " ", i, x->dr[i]);
        }
        fprintf(out, "\nDR6=" X16 " DR7=" X16 "\n", x->dr[6], x->dr[7]);
    } else {
        fprintf(out, "GDT=     %08x %08x\nIDT=     %08x %08x\n", (uint32_t)x->gdt.base, x->gdt.limit, (uint32_t)x->idt.base, x->idt.limit);
        fprintf(out, "CR0=%08x CR2=%08x CR3=%08x CR4=%08x\n", (uint32_t)x->cr0, (uint32_t)x->cr2, (uint32_t)x->cr3, (uint32_t)x->cr4);
        for (unsigned i = 0; i < 4; i++) {
            fprintf(out, "DR%u=%08x ", i, (uint32_t)x->dr[i]);
        }
        fprintf(out, "\nDR6=%08x DR7=%08x\n", (uint32_t)x->dr[6], (uint32_t)x->dr[7]);
    }
    fprintf(out, "EFER=" X16 "\n", x->efer);
}

static void print_fpu(const X86Cpu *x, FILE *out, bool wide)
{
    fprintf(out, "FCW=%04x FSW=%04x [ST=%u] FTW=%02x MXCSR=%08x\n", x->fcw, (unsigned)x->fsw | (x->ftop & 7u) << 11, x->ftop & 7u,
            (uint8_t)~x->ftag, x86_get_mxcsr(x));
    for (unsigned i = 0; i < 8; i++) {
        fprintf(out, "FPR%u=" X16 " %04x%c", i, x->fpr[i].mantissa, x->fpr[i].exponent, i & 1 ? '\n' : ' ');
    }
    for (unsigned i = 0; i < (wide ? 16u : 8u); i++) {
        if (x->region_flags & X86_RF_AVX) {
            fprintf(out, "YMM%02u=" X16 " " X16 " " X16 " " X16 "\n", i, x->ymmh[i][1], x->ymmh[i][0], x->xmm[i][1], x->xmm[i][0]);
        } else {
            fprintf(out, "XMM%02u=" X16 " " X16 "%c", i, x->xmm[i][1], x->xmm[i][0], i & 1 ? '\n' : ' ');
        }
    }
}

void x86_print_state(CpuState *cpu, FILE *out)
{
    static const char *const names[] = {"ES", "CS", "SS", "DS", "FS", "GS"};
    const X86Cpu *x = x86_cpu(cpu);
    bool code64 = x->region_flags & X86_RF_CS64, lma = x->efer & EFER_LMA;
    print_general(x, out, code64);
    print_flags(x, out, code64);
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        print_seg(x, out, names[i], &x->seg[i], code64);
    }
    print_seg(x, out, "LDT", &x->ldt, code64);
    print_seg(x, out, "TR", &x->tr, code64);
    print_system(x, out, lma);
    print_fpu(x, out, code64);
}
