/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bare x86 machine for tests of the system side of target/x86: 2 MiB of RAM, one CPU on the real accelerator,
 * exceptions delivered as in a machine. Tables are laid out below; code runs at SYS_CODE until it reaches the stop area
 * (each vector's handler, the end of the code).
 */
#ifndef X86_SYS_H
#define X86_SYS_H

#include "../../target/x86/segment.h"
#include "softmmu/machine.h"

enum {
    SYS_GDT = 0x1000, SYS_IDT = 0x2000, SYS_LDT = 0x3000, SYS_TSS = 0x4000, SYS_TSS2 = 0x5000, SYS_TSS16 = 0x6000,
    SYS_TABLES = 0x10000,                           /* page tables: 2 MiB mapped to themselves for everybody */
    SYS_STACK0 = 0x9000, SYS_STACK1 = 0xa000, SYS_STACK3 = 0xb000, SYS_STACK_IST = 0xc000, /* tops */
    SYS_STACK2 = 0xd000,
    SYS_CODE = 0x20000,
    SYS_STOP = 0x2e000,                             /* + 16 * vector */
    SYS_END = 0x2f000,                              /* the end of the code */
    SYS_DATA = 0x30000,
};
/* Selectors in the GDT, without RPL. */
enum {
    SEL_CODE0 = 0x08, SEL_DATA0 = 0x10, SEL_CODE3 = 0x18, SEL_DATA3 = 0x20,
    SEL_TSS = 0x28, SEL_TSS2 = 0x38, SEL_LDT = 0x48,
    SEL_CODE16 = 0x58,   /* base SYS_CODE, limit 0xffff */
    SEL_DATA16 = 0x60,   /* base SYS_DATA, limit 0xffff */
    SEL_CONFORMING = 0x68, SEL_ABSENT = 0x70, SEL_DOWN = 0x78, SEL_CODE64 = 0x80, SEL_CODE64_3 = 0x88,
    SEL_CODE1 = 0x90, SEL_DATA1 = 0x98,
    SEL_READONLY = 0xa0, SEL_TSS16 = 0xa8, SEL_GATE = 0xb0 /* 16 bytes, for the test */, SEL_LIMIT = 0xc0,
};
typedef enum X86SysMode { SYS_REAL, SYS_PROT, SYS_LONG, SYS_V86 } X86SysMode;

typedef struct X86Sys {
    Machine *m;
    TcgAccel *accel;
    X86Cpu *x;
    TargetRecord target;
    uint8_t *ram;
    int vectors[8];      /* what was delivered by deliver_exception, in this order */
    uint32_t errors[8];
    unsigned count;
    int ack_vector;      /* of the next INTR; -1: none */
} X86Sys;

X86Sys *x86_sys_new(const char *accel_opts, X86SysMode mode, unsigned cpl);
void x86_sys_free(X86Sys *s);
/* Puts @code at SYS_CODE (bytes as hexadecimal text, blanks between) and runs it; false where it did not stop. */
bool x86_sys_run(X86Sys *s, const char *code);
bool x86_sys_run_at(X86Sys *s, uint64_t linear, const char *code);
int x86_sys_stop(const X86Sys *s); /* the vector whose handler it is in, 256: the end, -1: elsewhere */
/* @limit is as the descriptor has it. A gate is 8 bytes, 16 in long mode. */
void x86_sys_desc(X86Sys *s, uint16_t selector, uint32_t base, uint32_t limit, uint16_t attr);
void x86_sys_gate(X86Sys *s, uint64_t at, uint16_t selector, uint64_t offset, uint8_t access, uint8_t low);
void x86_sys_idt(X86Sys *s, unsigned vector, uint16_t selector, uint64_t offset, uint8_t access);
uint64_t x86_sys_peek(const X86Sys *s, uint64_t at, unsigned bytes);
void x86_sys_poke(X86Sys *s, uint64_t at, unsigned bytes, uint64_t v);

#endif
