/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repeated string instructions (SDM 2B, REP): as many elements at a time as lie in one page on both sides, by the
 * host's memory functions. rCX, rSI and rDI are in memory and follow each piece, so that a fault finds them as the
 * architecture says; the work of a call is bounded, after which the instruction starts again and interrupts have had
 * their turn.
 *
 * Devices, watched pages and elements over a page's end or a wrap of the address go one by one through cpu_load() and
 * cpu_store().
 */
#include "repeat.h"

#include <string.h>

#include "accel/tcg/tcg-accel.h"
#include "emit-internal.h"

enum { MAX_BYTES = 256 << 10, MAX_SLOW = 512 };

typedef struct Repeat {
    X86Cpu *x;
    unsigned op, size, addrsize, seg, mode;
    bool counted, while_ne, is64;
    uint64_t mask;     /* of addresses */
    int64_t step;      /* +size or -size */
    bool compared;     /* `flags` are those of the last compare: a fault must not see them, so they are stored when the
                          helper returns */
    TcgLazyFlags flags;
} Repeat;

/* --- registers and addresses --- */

void x86_string_advance(X86Cpu *x, unsigned reg, int64_t by, unsigned addrsize)
{
    uint64_t v = x->gpr[reg] + (uint64_t)by;
    x->gpr[reg] = addrsize == 8 ? v : addrsize == 4 ? (uint32_t)v : (x->gpr[reg] & ~0xffffull) | (uint16_t)v;
}

uint64_t x86_string_linear(X86Cpu *x, unsigned seg, uint64_t offset, unsigned bytes, bool write, bool is64)
{
    const X86Seg *s = &x->seg[seg];
    if (is64) {
        return seg < X86_FS ? offset : s->base + offset;
    }
    if (offset + bytes > (write ? s->write_end : s->read_end)) {
        x86_check_segment(x, seg, offset, bytes, write);
    }
    return (uint32_t)(s->base + offset);
}

static uint64_t count_left(const Repeat *r) { return r->counted ? r->x->gpr[X86_CX] & r->mask : 1; }

static void advance(Repeat *r, uint64_t n)
{
    int64_t by = (int64_t)n * r->step;
    if (r->op != X86_STR_STOS && r->op != X86_STR_SCAS) {
        x86_string_advance(r->x, X86_SI, by, r->addrsize);
    }
    if (r->op != X86_STR_LODS) {
        x86_string_advance(r->x, X86_DI, by, r->addrsize);
    }
    if (r->counted) {
        x86_string_advance(r->x, X86_CX, -(int64_t)n, r->addrsize);
    }
}

static TcgMem access_of(const Repeat *r)
{
    return TCG_MEM((unsigned)__builtin_ctz(r->size), 0u, 0u, TCG_ALIGN_ANY, r->mode);
}

static uint64_t source(const Repeat *r, unsigned bytes)
{
    return x86_string_linear(r->x, r->seg, r->x->gpr[X86_SI] & r->mask, bytes, false, r->is64);
}
static uint64_t destination(const Repeat *r, unsigned bytes, bool write)
{
    return x86_string_linear(r->x, X86_ES, r->x->gpr[X86_DI] & r->mask, bytes, write, r->is64);
}

/* --- flags of a compare --- */

static void set_flags(Repeat *r, uint64_t a, uint64_t b)
{
    unsigned up = r->size < 4 ? 32 - 8 * r->size : 0;
    r->compared = true;
    r->flags = (TcgLazyFlags){
        .kind = TCG_FK_SUB, .type = (r->size == 8 ? TCG_I64 : TCG_I32) | up << 8, .a = a << up, .b = b << up};
}

/* The repetition goes on after elements that compared as @same. */
static bool goes_on(const Repeat *r, bool same) { return same != r->while_ne; }

/* --- one element --- */

static uint64_t accumulator(const Repeat *r)
{
    uint64_t v = r->x->gpr[X86_AX];
    return r->size == 8 ? v : v & ((1ull << 8 * r->size) - 1);
}

static void put_accumulator(Repeat *r, uint64_t v)
{
    uint64_t *ax = &r->x->gpr[X86_AX];
    *ax = r->size == 8 ? v : r->size == 4 ? (uint32_t)v : r->size == 2 ? (*ax & ~0xffffull) | v : (*ax & ~0xffull) | v;
}

/* True: go on. */
static bool one(Repeat *r)
{
    CpuState *cpu = &r->x->cpu;
    TcgMem mem = access_of(r);
    bool more = true;
    uint64_t a, b;
    switch (r->op) {
    case X86_STR_MOVS:
        a = cpu_load(cpu, source(r, r->size), mem);
        cpu_store(cpu, destination(r, r->size, true), a, mem);
        break;
    case X86_STR_STOS:
        cpu_store(cpu, destination(r, r->size, true), accumulator(r), mem);
        break;
    case X86_STR_LODS:
        put_accumulator(r, cpu_load(cpu, source(r, r->size), mem));
        break;
    default: /* CMPS: [SI] - [DI]; SCAS: rAX - [DI] */
        b = cpu_load(cpu, destination(r, r->size, false), mem); /* this one's faults come first */
        a = r->op == X86_STR_CMPS ? cpu_load(cpu, source(r, r->size), mem) : accumulator(r);
        set_flags(r, a, b);
        more = goes_on(r, a == b);
        break;
    }
    advance(r, 1);
    return more;
}

/* --- pieces of a page --- */

/* Elements of [@va, ..) that lie in its page, going in the direction of the step. */
static uint64_t in_page(const Repeat *r, uint64_t va)
{
    unsigned off = (unsigned)(va & 0xfff);
    if (off + r->size > 0x1000) {
        return 0;
    }
    return r->step > 0 ? (0x1000 - off) / r->size : off / r->size + 1;
}

/* Elements until the register wraps. */
static uint64_t until_wrap(const Repeat *r, unsigned reg)
{
    uint64_t at = r->x->gpr[reg] & r->mask;
    if (r->step < 0) {
        return at / r->size + 1;
    }
    uint64_t left = r->mask - at; /* + 1, which may be 2^64 */
    return left < r->size - 1 ? 0 : (left - (r->size - 1)) / r->size + 1;
}

/* Host memory of @n elements from @va on in the direction of the step: where the lowest lies. NULL: go slowly. */
static uint8_t *piece(Repeat *r, unsigned seg, unsigned reg, bool write, uint64_t *n)
{
    uint64_t offset = r->x->gpr[reg] & r->mask;
    if (until_wrap(r, reg) < *n) {
        *n = until_wrap(r, reg);
    }
    uint64_t va = x86_string_linear(r->x, seg, offset, r->size, write, r->is64);
    *n = MIN(*n, in_page(r, va));
    const X86Seg *s = &r->x->seg[seg];
    uint64_t end = write ? s->write_end : s->read_end;
    if (!r->is64 && end != 0x100000000ull) { /* as far as the limit is known to allow */
        if (offset + r->size > end) {
            return NULL;
        }
        *n = r->step > 0 ? MIN(*n, (end - offset) / r->size) : *n;
    }
    if (*n < 2) {
        return NULL;
    }
    MmuAccess access = write ? MMU_WRITE : MMU_READ;
    if (r->step > 0) {
        return cpu_probe(&r->x->cpu, va, (unsigned)(*n * r->size), access, r->mode);
    }
    cpu_probe(&r->x->cpu, va, r->size, access, r->mode); /* faults name the first element */
    return cpu_probe(&r->x->cpu, va - (*n - 1) * r->size, (unsigned)(*n * r->size), access, r->mode);
}

static inline __attribute__((always_inline)) uint64_t element(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    return v;
}

static inline __attribute__((always_inline)) void put_element(uint8_t *p, uint64_t v, unsigned size)
{
    memcpy(p, &v, size);
}

/* Loops with the size as a constant, so that an element is one load or store. */
#define BY_SIZE(size_, call_) \
    switch (size_) { \
    case 1: { \
        enum { N = 1 }; \
        call_; \
        break; \
    } \
    case 2: { \
        enum { N = 2 }; \
        call_; \
        break; \
    } \
    case 4: { \
        enum { N = 4 }; \
        call_; \
        break; \
    } \
    default: { \
        enum { N = 8 }; \
        call_; \
        break; \
    } \
    }

static inline __attribute__((always_inline)) void fill_by(uint8_t *p, uint64_t v, uint64_t n, unsigned size)
{
    for (uint64_t i = 0; i < n; i++) {
        put_element(p + i * size, v, size);
    }
}

static void fill(uint8_t *p, uint64_t v, unsigned size, uint64_t n)
{
    if (size == 1 || v == 0 || v == (size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1)) {
        memset(p, (int)(v & 0xff), n * size);
        return;
    }
    BY_SIZE(size, fill_by(p, v, n, N))
}

static inline __attribute__((always_inline)) void copy_by(uint8_t *dst, const uint8_t *src, uint64_t n, bool up,
                                                          unsigned size)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = (up ? i : n - 1 - i) * size;
        put_element(dst + at, element(src + at, size), size);
    }
}

/* Copies as single elements in order would: what overlaps ahead repeats itself. */
static void copy(uint8_t *dst, const uint8_t *src, unsigned size, uint64_t n, bool up)
{
    uint64_t bytes = n * size;
    bool repeats = up ? dst > src && dst < src + bytes : dst < src && dst + bytes > src;
    if (!repeats) {
        memmove(dst, src, bytes);
        return;
    }
    BY_SIZE(size, copy_by(dst, src, n, up, N))
}

/* Elements until the first whose comparison ends the repetition (itself counted); n: none did. @a NULL: compares with
 * @acc. */
static inline __attribute__((always_inline)) uint64_t
compare_by(const Repeat *r, const uint8_t *a, uint64_t acc, const uint8_t *b, uint64_t n, bool *more, unsigned size)
{
    bool up = r->step > 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = (up ? i : n - 1 - i) * size;
        if (!goes_on(r, (a ? element(a + at, size) : acc) == element(b + at, size))) {
            *more = false;
            return i + 1;
        }
    }
    return n;
}

/* Elements up to and including the first that ends the repetition; flags of the last one. */
static uint64_t compare(Repeat *r, const uint8_t *a, const uint8_t *b, uint64_t n, bool *more)
{
    unsigned size = r->size;
    uint64_t acc = accumulator(r), done = n;
    *more = true;
    if (!a && size == 1 && r->step > 0 && r->while_ne) { /* the usual search */
        const uint8_t *hit = memchr(b, (int)acc, n);
        *more = !hit;
        done = hit ? (uint64_t)(hit - b) + 1 : n;
    } else {
        BY_SIZE(size, done = compare_by(r, a, acc, b, n, more, N))
    }
    uint64_t last = (r->step > 0 ? done - 1 : n - done) * size;
    set_flags(r, a ? element(a + last, size) : acc, element(b + last, size));
    return done;
}

/* Does a piece; false: nothing was done, go slowly. *more: the repetition goes on. */
static bool fast(Repeat *r, uint64_t *done, bool *more)
{
    uint64_t n = MIN(count_left(r), (uint64_t)4096);
    uint8_t *src = NULL, *dst = NULL;
    *more = true;
    if (n < 2) {
        return false;
    }
    bool two = r->op == X86_STR_MOVS || r->op == X86_STR_CMPS, dst_first = r->op == X86_STR_CMPS;
    for (unsigned k = 0; k < 2; k++) {
        uint64_t had = n;
        if (dst_first == (k == 0)) {
            dst = piece(r, X86_ES, X86_DI, r->op == X86_STR_MOVS || r->op == X86_STR_STOS, &n);
            src += src && r->step < 0 ? (had - n) * r->size : 0; /* the highest elements come first */
        } else if (two) {
            src = piece(r, r->seg, X86_SI, false, &n);
            dst += dst && r->step < 0 ? (had - n) * r->size : 0;
        }
        if (dst_first == (k == 0) ? !dst : two && !src) {
            return false;
        }
    }
    switch (r->op) {
    case X86_STR_MOVS:
        copy(dst, src, r->size, n, r->step > 0);
        break;
    case X86_STR_STOS:
        fill(dst, accumulator(r), r->size, n);
        break;
    default:
        n = compare(r, src, dst, n, more);
        break;
    }
    advance(r, n);
    *done += n * r->size;
    return true;
}

/* Iterates; true: more is left. */
static bool iterate(Repeat *r, bool single)
{
    uint64_t done = 0;
    for (unsigned slow = 0; count_left(r);) {
        bool more = true;
        if (single || r->op == X86_STR_LODS || !fast(r, &done, &more)) {
            more = one(r);
            slow++;
        }
        if (!more || !r->counted) {
            return false;
        }
        if (single || done >= MAX_BYTES || slow >= MAX_SLOW ||
            __atomic_load_n(&r->x->cpu.tcg.exit_request, __ATOMIC_RELAXED)) {
            return count_left(r) != 0;
        }
    }
    return false;
}

static uint64_t repeat(CpuState *cpu, uint32_t what)
{
    X86Cpu *x = x86_cpu(cpu);
    Repeat r = {.x = x,
                .op = what & X86_REP_OP,
                .size = 1u << (what >> X86_REP_SIZE_SHIFT & 3),
                .addrsize = 1u << (what >> X86_REP_ADDR_SHIFT & 3),
                .seg = what >> X86_REP_SEG_SHIFT & 7,
                .mode = what >> X86_REP_MODE_SHIFT & 3,
                .counted = what & X86_REP_COUNTED,
                .while_ne = what & X86_REP_WHILE_NE,
                .is64 = what & X86_REP_64};
    r.mask = r.addrsize == 8 ? UINT64_MAX : (1ull << 8 * r.addrsize) - 1;
    r.step = x->df == 1 ? (int64_t)r.size : -(int64_t)r.size;
    if (r.counted && r.addrsize == 4) {
        x->gpr[X86_CX] = (uint32_t)x->gpr[X86_CX]; /* whatever happens */
    }
    bool more = iterate(&r, what & X86_REP_ONE);
    if (r.compared) {
        x->flags = r.flags;
    }
    return more;
}
#define S(reg) X86_S0(X86_SLOT_GPR + X86_##reg)
const TcgHelper x86_helper_repeat = {"x86_repeat", (void *)repeat, TCG_HELPER_RAISES, TCG_I64, {TCG_I32},
                                     {{S(AX) | S(CX) | S(SI) | S(DI) | X86_S0(X86_SLOT_DF) | X86_SLOTS_SEG, 0}},
                                     {{S(AX) | S(CX) | S(SI) | S(DI) | X86_S0(X86_SLOT_FLAGS), 0}}};
