/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags out of their lazy form: x86's status bits by the rules of the Intel SDM (vol. 1, 3.4.3, and each instruction's
 * "Flags Affected"; undefined ones as processors do it: AF is 0 after logic and shifts, OF of a shift by more than 1 is
 * computed as for 1), and Arm's NZCV. TcgLazyFlags.type: TcgType in bits 0-7; bits 8-12: how far an 8- or 16-bit
 * operation was shifted up in its i32 (24 or 16), which PF, AF and shift counts need.
 */
#include "reference-internal.h"

enum { X86_CF = 1, X86_PF = 4, X86_AF = 0x10, X86_ZF = 0x40, X86_SF = 0x80, X86_OF = 0x800 };

typedef struct Sum {
    uint64_t a, b, result, mask;
    unsigned width, shift;
    bool carry, overflow;
} Sum;

static uint64_t width_mask(unsigned width) { return width >= 64 ? ~0ull : (1ull << width) - 1; }

static void add(Sum *s, bool carry_in)
{
    uint64_t partial = (s->a + s->b) & s->mask;

    s->result = (partial + carry_in) & s->mask;
    s->carry = partial < s->a || (carry_in && s->result == 0);
    s->overflow = (~(s->a ^ s->b) & (s->a ^ s->result)) >> (s->width - 1) & 1;
}

static void subtract(Sum *s, bool borrow_in)
{
    s->result = (s->a - s->b - borrow_in) & s->mask;
    s->carry = s->a < s->b || (borrow_in && s->a == s->b);
    s->overflow = ((s->a ^ s->b) & (s->a ^ s->result)) >> (s->width - 1) & 1;
}

static void shift(Sum *s, TcgFlagsKind kind, uint64_t count)
{
    unsigned n = count & (s->width > 32 ? 63 : 31), top = s->width - 1;
    int64_t sa = (int64_t)(s->a << (64 - s->width)) >> (64 - s->width);

    if (n == 0) { /* the frontend keeps the old flags in this case */
        s->result = s->a;
        return;
    }
    if (kind == TCG_FK_SHL) {
        s->result = n > top ? 0 : s->a << n & s->mask;
        s->carry = n <= s->width && s->a >> (s->width - n) & 1;
        s->overflow = (s->result >> top & 1) ^ s->carry;
    } else if (kind == TCG_FK_SHR) {
        s->result = n > top ? 0 : s->a >> n;
        s->carry = n <= s->width && s->a >> (n - 1) & 1;
        s->overflow = s->a >> top & 1;
    } else {
        s->result = (uint64_t)(sa >> (n > 63 ? 63 : n)) & s->mask;
        s->carry = sa >> (n - 1) & 1;
        s->overflow = false;
    }
}

static void compute(const TcgLazyFlags *f, Sum *s)
{
    unsigned up = f->type >> 8 & 31, width = ((f->type & 0xff) == TCG_I32 ? 32 : 64) - up;
    TcgFlagsKind kind = (TcgFlagsKind)f->kind;

    *s = (Sum){.width = width, .mask = width_mask(width), .shift = up};
    s->a = f->a >> up & s->mask;
    s->b = f->b >> up & s->mask;
    switch (kind) {
    case TCG_FK_ADD:
    case TCG_FK_ADC:
        add(s, kind == TCG_FK_ADC && f->c & 1);
        break;
    case TCG_FK_SUB:
    case TCG_FK_SBB:
        subtract(s, kind == TCG_FK_SBB && f->c & 1);
        break;
    case TCG_FK_INC:
        s->b = 1;
        add(s, false);
        s->carry = f->c & 1;
        break;
    case TCG_FK_DEC:
        s->b = 1;
        subtract(s, false);
        s->carry = f->c & 1;
        break;
    case TCG_FK_NEG:
        s->b = s->a;
        s->a = 0;
        subtract(s, false);
        break;
    case TCG_FK_SHL:
    case TCG_FK_SHR:
    case TCG_FK_SAR:
        shift(s, kind, f->b); /* the count is not shifted up */
        s->b = 0;
        break;
    case TCG_FK_MUL: {
        unsigned drop = 64 - width;
        __int128 x = (int64_t)(s->a << drop) >> drop, y = (int64_t)(s->b << drop) >> drop, product = x * y;

        s->result = (uint64_t)product & s->mask;
        s->carry = s->overflow = product != ((int64_t)(s->result << drop) >> drop);
        s->b = 0;
        break;
    }
    default: /* LOGIC */
        s->result = s->a;
        s->b = 0;
        break;
    }
}

static bool has_adjust(uint32_t kind)
{
    return (kind >= TCG_FK_ADD && kind <= TCG_FK_SBB) || (kind >= TCG_FK_INC && kind <= TCG_FK_NEG);
}

uint32_t tcg_ref_flags_x86(const TcgLazyFlags *f)
{
    uint32_t bits = 0, nzcv;
    Sum s;

    if (f->kind == TCG_FK_PACKED_X86) {
        return (uint32_t)f->a & (X86_CF | X86_PF | X86_AF | X86_ZF | X86_SF | X86_OF);
    }
    if (f->kind == TCG_FK_PACKED_ARM) {
        nzcv = (uint32_t)f->a;
        return (nzcv >> 31 & 1 ? X86_SF : 0) | (nzcv >> 30 & 1 ? X86_ZF : 0) | (nzcv >> 29 & 1 ? X86_CF : 0) |
               (nzcv >> 28 & 1 ? X86_OF : 0);
    }
    compute(f, &s);
    bits |= s.carry ? X86_CF : 0;
    bits |= s.overflow ? X86_OF : 0;
    bits |= s.result == 0 ? X86_ZF : 0;
    bits |= s.result >> (s.width - 1) & 1 ? X86_SF : 0;
    bits |= __builtin_parity((unsigned)s.result & 0xff) ? 0 : X86_PF;
    bits |= has_adjust(f->kind) && (s.a ^ s.b ^ s.result) & 0x10 ? X86_AF : 0;
    return bits;
}

uint32_t tcg_ref_flags_arm(const TcgLazyFlags *f)
{
    uint32_t x = tcg_ref_flags_x86(f);
    bool carry = x & X86_CF;

    if (f->kind == TCG_FK_PACKED_ARM) {
        return (uint32_t)f->a & 0xf0000000u;
    }
    if (f->kind == TCG_FK_SUB || f->kind == TCG_FK_SBB || f->kind == TCG_FK_NEG || f->kind == TCG_FK_DEC) {
        carry = !carry; /* Arm's carry of a subtraction is "no borrow" */
    }
    return (x & X86_SF ? 1u << 31 : 0) | (x & X86_ZF ? 1u << 30 : 0) | (uint32_t)carry << 29 | (x & X86_OF ? 1u << 28 : 0);
}

bool tcg_ref_flagtest(const TcgLazyFlags *f, TcgFlagCond cond)
{
    uint32_t x = tcg_ref_flags_x86(f);
    bool less = !(x & X86_SF) != !(x & X86_OF), yes;

    switch (cond & ~1u) {
    case TCG_FC_O:
        yes = x & X86_OF;
        break;
    case TCG_FC_B:
        yes = x & X86_CF;
        break;
    case TCG_FC_E:
        yes = x & X86_ZF;
        break;
    case TCG_FC_BE:
        yes = x & (X86_CF | X86_ZF);
        break;
    case TCG_FC_S:
        yes = x & X86_SF;
        break;
    case TCG_FC_P:
        yes = x & X86_PF;
        break;
    case TCG_FC_L:
        yes = less;
        break;
    default:
        yes = less || x & X86_ZF;
        break;
    }
    return yes ^ (cond & 1);
}
