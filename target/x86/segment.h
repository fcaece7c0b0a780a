/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What segment.c, far.c, interrupt.c, task.c, syscall.c and exception.c share: descriptors, implicit memory accesses,
 * stacks, and the order in which all of them work: read and check everything, store to guest memory, then change
 * registers. A fault in the first two parts leaves no register changed.
 */
#ifndef X86_SEGMENT_H
#define X86_SEGMENT_H

#include "accel/tcg/tcg-accel.h"
#include "util/bytes.h"
#include "x86-cpu.h"

static inline bool x86_protected(const X86Cpu *x) { return (x->cr0 & CR0_PE) && !(x->eflags & EFL_VM); }
static inline bool x86_v86(const X86Cpu *x) { return (x->eflags & EFL_VM) != 0; }
static inline bool x86_long_mode(const X86Cpu *x) { return (x->efer & EFER_LMA) != 0; }
static inline bool x86_code64(const X86Cpu *x) { return x86_long_mode(x) && (x->seg[X86_CS].attr & X86_ATTR_L); }
static inline unsigned x86_iopl(const X86Cpu *x) { return x->eflags >> 12 & 3; }
/* Outside long mode linear addresses wrap at 4 GiB. */
static inline uint64_t x86_wrap(const X86Cpu *x, uint64_t va) { return x86_long_mode(x) ? va : (uint32_t)va; }
/* TLB mode of explicit accesses at privilege level @cpl. */
static inline unsigned x86_mode_at(const X86Cpu *x, unsigned cpl)
{
    return cpl == 3 ? X86_MODE_U : (x->cr4 & CR4_SMAP) && (x->eflags & EFL_AC) ? X86_MODE_K_AC : X86_MODE_K;
}

/* --- faults with a selector; the EXT bit as it is now (SDM 3A 6.13) --- */
static inline uint32_t x86_ext(const X86Cpu *x) { return x->delivering >= 0 && x->delivering_ext; }
G_NORETURN static inline void x86_fault(X86Cpu *x, X86Exception vector, uint16_t selector)
{
    x86_raise_error(x, vector, (selector & 0xfffcu) | x86_ext(x));
}
G_NORETURN static inline void x86_gp0(X86Cpu *x) { x86_fault(x, X86_EXC_GP, 0); }

/* --- memory: little endian, one access --- */
static inline TcgMem x86_access(unsigned bytes, unsigned mode)
{
    unsigned log2 = bytes == 8 ? 3u : bytes == 4 ? 2u : bytes == 2 ? 1u : 0u;
    return TCG_MEM(log2, 0u, 0u, TCG_ALIGN_ANY, mode);
}
static inline uint64_t x86_read(X86Cpu *x, uint64_t va, unsigned bytes, unsigned mode)
{
    return cpu_load(&x->cpu, x86_wrap(x, va), x86_access(bytes, mode));
}
static inline void x86_write(X86Cpu *x, uint64_t va, unsigned bytes, uint64_t v, unsigned mode)
{
    cpu_store(&x->cpu, x86_wrap(x, va), v, x86_access(bytes, mode));
}
/* Accesses to system structures are the supervisor's, whatever CPL and AC are (SDM 3A 4.6.1). */
static inline uint64_t x86_read_system(X86Cpu *x, uint64_t va, unsigned bytes)
{
    return x86_read(x, va, bytes, X86_MODE_K);
}
static inline void x86_write_system(X86Cpu *x, uint64_t va, unsigned bytes, uint64_t v)
{
    x86_write(x, va, bytes, v, X86_MODE_K);
}
/* Host address of [va, va + len) where it lies in one page of plain RAM, after its faults; else NULL. */
static inline uint8_t *x86_host(X86Cpu *x, uint64_t va, unsigned len, MmuAccess access, unsigned mode)
{
    va = x86_wrap(x, va);
    return (va & 0xfff) + len <= 0x1000 ? cpu_probe(&x->cpu, va, len, access, mode) : NULL;
}

/* --- descriptors (SDM 3A 3.4.5, 3.5) --- */
typedef struct X86Desc {
    uint64_t va;      /* linear address; 0 only where there is none */
    uint64_t base;    /* of a system descriptor in long mode: bits 63-32 as well, where asked for */
    uint32_t limit;   /* granularity applied */
    uint16_t attr;    /* as X86Seg.attr */
    uint32_t lo, hi;  /* as read */
} X86Desc;
enum { /* types of system descriptors */
    X86_SYS_TSS16 = 1, X86_SYS_LDT = 2, X86_SYS_TSS16_BUSY = 3, X86_SYS_CALL16 = 4, X86_SYS_TASK = 5,
    X86_SYS_INT16 = 6, X86_SYS_TRAP16 = 7, X86_SYS_TSS32 = 9, X86_SYS_TSS32_BUSY = 11, X86_SYS_CALL32 = 12,
    X86_SYS_INT32 = 14, X86_SYS_TRAP32 = 15,
};
static inline bool x86_null(uint16_t selector) { return !(selector & 0xfffc); }
static inline unsigned x86_rpl(uint16_t selector) { return selector & 3; }
static inline unsigned x86_dpl(uint16_t attr) { return attr >> X86_ATTR_DPL_SHIFT & 3; }
static inline unsigned x86_desc_type(uint16_t attr) { return attr & X86_ATTR_TYPE; }
static inline bool x86_present(uint16_t attr) { return (attr & X86_ATTR_P) != 0; }
static inline bool x86_is_code(uint16_t attr)
{
    return (attr & (X86_ATTR_S | X86_ATTR_CODE)) == (X86_ATTR_S | X86_ATTR_CODE);
}
static inline bool x86_is_conforming(uint16_t attr) { return x86_is_code(attr) && (attr & X86_ATTR_CONFORMING); }
static inline bool x86_is_writable(uint16_t attr)
{
    return (attr & (X86_ATTR_S | X86_ATTR_CODE | X86_ATTR_RW)) == (X86_ATTR_S | X86_ATTR_RW);
}
static inline bool x86_is_readable(uint16_t attr)
{
    return (attr & X86_ATTR_S) && (!(attr & X86_ATTR_CODE) || (attr & X86_ATTR_RW));
}
void x86_desc_unpack(X86Desc *d, uint32_t lo, uint32_t hi);
/* False where @selector is beyond its table (null is for the caller to look at). */
bool x86_desc_find(X86Cpu *x, uint16_t selector, X86Desc *d);
/* Raises @vector with the selector where it is null or beyond its table. */
void x86_desc_get(X86Cpu *x, uint16_t selector, X86Desc *d, X86Exception vector);
/* The upper half of a 16-byte system descriptor: completes base. False where beyond the table or malformed. */
bool x86_desc_upper(X86Cpu *x, uint16_t selector, X86Desc *d);
/* Sets the accessed bit in memory and in @d; a store, so before any register changes. */
void x86_desc_accessed(X86Cpu *x, X86Desc *d);

/*
 * Checks of a new code segment for a transfer that keeps the privilege level @cpl (far JMP, CALL): raises #GP or #NP.
 * The selector's RPL counts where @check_rpl.
 */
void x86_check_code(X86Cpu *x, uint16_t selector, const X86Desc *d, unsigned cpl, bool check_rpl);
/* A code descriptor's L and D bits make sense together now; else #GP(selector). */
void x86_check_code_mode(X86Cpu *x, uint16_t selector, const X86Desc *d);
static inline bool x86_desc_code64(const X86Cpu *x, const X86Desc *d)
{
    return x86_long_mode(x) && (d->attr & X86_ATTR_L);
}
/* @eip can be gone to in the segment, else #GP(0). */
void x86_check_eip(X86Cpu *x, const X86Desc *d, uint64_t eip);
/* A stack segment for privilege level @cpl: raises @vector (#GP, #TS) or #SS. */
void x86_check_stack(X86Cpu *x, uint16_t selector, X86Desc *d, unsigned cpl, X86Exception vector);

/* --- registers, behind all faults --- */
void x86_put_seg(X86Cpu *x, unsigned seg, uint16_t selector, const X86Desc *d);
void x86_put_null(X86Cpu *x, unsigned seg, uint16_t selector);
void x86_put_seg_real(X86Cpu *x, unsigned seg, uint16_t selector); /* region flags are the caller's */
/* CS, CPL and PC. @eip as it goes into the segment. */
void x86_put_code(X86Cpu *x, uint16_t selector, const X86Desc *d, unsigned cpl, uint64_t eip);
/* Data segments that level @cpl may not use become null (SDM 3A 5.8.6). */
void x86_drop_segs(X86Cpu *x, unsigned cpl);
#define X86_EFL_ALL 0x3f7fd5u /* every bit there is, without the fixed one */
static inline void x86_put_eflags(X86Cpu *x, uint32_t v)
{
    x->flags = (TcgLazyFlags){.kind = TCG_FK_PACKED_X86, .type = TCG_I64, .a = v & EFL_STATUS};
    x->df = v & EFL_DF ? ~0ull : 1;
    x->eflags = (v & ~(uint32_t)(EFL_STATUS | EFL_DF)) | EFL_FIXED;
}

/* --- a stack that is being pushed to or popped from; the register is written at the end --- */
typedef struct X86Stack {
    X86Cpu *x;
    uint64_t base, mask, sp;
    uint32_t low, high; /* offsets that may be used, where !flat */
    bool flat;          /* 64-bit mode: canonical instead of limit */
    uint16_t selector;  /* of the error code */
    unsigned mode;
} X86Stack;
X86Stack x86_stack(X86Cpu *x, unsigned cpl); /* the current one */
/* Another one; @code64: it will be used in 64-bit mode. */
X86Stack x86_stack_at(X86Cpu *x, const X86Desc *ss, uint16_t selector, uint64_t sp, unsigned cpl);
X86Stack x86_stack64(X86Cpu *x, uint64_t rsp, unsigned cpl);
void x86_push(X86Stack *s, unsigned bytes, uint64_t v);
uint64_t x86_pop(X86Stack *s, unsigned bytes);
/* Raises #SS unless the next @bytes of pops or (@down) pushes are within bounds. */
void x86_stack_room(X86Stack *s, unsigned bytes, bool down);
static inline void x86_put_sp_masked(X86Cpu *x, uint64_t mask, uint64_t sp)
{
    uint64_t *r = &x->gpr[X86_SP];
    *r = mask == 0xffff ? (*r & ~0xffffull) | (sp & 0xffff) : sp & mask;
}
static inline void x86_stack_commit(const X86Stack *s) { x86_put_sp_masked(s->x, s->mask, s->sp); }

/* --- task.c --- */
/* SS:ESP (RSP) of level @cpl out of the TSS; raises #TS. In long mode only RSP is read. */
uint64_t x86_tss_stack(X86Cpu *x, unsigned cpl, uint16_t *ss);
uint64_t x86_tss_ist(X86Cpu *x, unsigned ist);
/* VME: whether INT n in virtual-8086 mode is redirected to the 8086 program's own handler. */
bool x86_tss_redirects(X86Cpu *x, uint8_t vector);

/* --- interrupt.c --- */
/* INT n (the opcode CD; IOPL and VME decide about it in virtual-8086 mode) out of a helper: @next is linear. */
void x86_software_interrupt(X86Cpu *x, uint8_t vector, uint64_t next);

/* EFLAGS bits that IRET and POPF may change at @cpl with operands of @opsize (SDM 2A, IRET). */
uint32_t x86_iret_mask(const X86Cpu *x, unsigned cpl, unsigned opsize);

#endif
