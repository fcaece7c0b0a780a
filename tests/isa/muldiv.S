/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * M: products, their high halves, quotients and remainders, with the results
 * that are defined for division by zero and for overflow.
 * isa: 32 64
 */
#include "check.h"

#if XLEN == 64
#define MIN (-0x8000000000000000)
#define MAX 0x7fffffffffffffff
#else
#define MIN (-0x80000000)
#define MAX 0x7fffffff
#endif

test:
    RR(mul, 7, 6, 42)
    RR(mul, -7, 6, -42)
    RR(mul, -1, -1, 1)
    RR(mul, MIN, -1, MIN)
    RR(mul, MAX, 2, -2)
    RR(mul, 0x10001, 0x10001, XLEN / 64 * 0x100000000 + 0x20001)
    RR(mulh, 7, 6, 0)
    RR(mulh, -7, 6, -1)
    RR(mulh, -1, -1, 0)
    RR(mulh, MIN, MIN, 1 << (XLEN - 2))
    RR(mulh, MIN, -1, 0)
    RR(mulh, MIN, 1, -1)
    RR(mulh, MAX, MAX, (1 << (XLEN - 2)) - 1)
    RR(mulhu, -1, -1, -2)
    RR(mulhu, MIN, MIN, 1 << (XLEN - 2))
    RR(mulhu, MIN, 2, 1)
    RR(mulhu, 0, -1, 0)
    RR(mulhsu, -1, -1, -1)
    RR(mulhsu, MIN, -1, MIN)
    RR(mulhsu, 1, -1, 0)
    RR(mulhsu, -1, 1, -1)
    RR(mulhsu, MAX, -1, MAX - 1)
    RR(div, 20, 6, 3)
    RR(div, -20, 6, -3)
    RR(div, 20, -6, -3)
    RR(div, -20, -6, 3)
    RR(div, MIN, 1, MIN)
    RR(div, MIN, -1, MIN)
    RR(div, 5, 0, -1)
    RR(div, 0, 0, -1)
    RR(divu, 20, 6, 3)
    RR(divu, -1, 1, -1)
    RR(divu, MIN, -1, 0)
    RR(divu, -1, 2, MAX)
    RR(divu, 5, 0, -1)
    RR(rem, 20, 6, 2)
    RR(rem, -20, 6, -2)
    RR(rem, 20, -6, 2)
    RR(rem, -20, -6, -2)
    RR(rem, MIN, -1, 0)
    RR(rem, 5, 0, 5)
    RR(rem, -5, 0, -5)
    RR(remu, 20, 6, 2)
    RR(remu, -1, 10, 5)
    RR(remu, MIN, -1, MIN)
    RR(remu, -5, 0, -5)
#if XLEN == 64
    RR(mul, 0x123456789abcdef0, 0xfedcba9876543210, 0x236d88fe5618cf00)
    RR(mulhu, 0x123456789abcdef0, 0xfedcba9876543210, 0x121fa00ad77d7422)
    RR(mulw, 0x100000007, 0x200000006, 42)
    RR(mulw, 0x10001, 0x10001, 0x20001)
    RR(mulw, 0x7fffffff, 2, -2)
    RR(divw, -20, 6, -3)
    RR(divw, 0x1fffffff0, 0x100000004, -4)
    RR(divw, -0x80000000, -1, -0x80000000)
    RR(divw, 0x80000000, 0xffffffff, -0x80000000)
    RR(divw, 5, 0, -1)
    RR(divw, 5, 0x100000000, -1)
    RR(divuw, -1, 2, 0x7fffffff)
    RR(divuw, -1, 1, -1)
    RR(divuw, 5, 0, -1)
    RR(remw, -20, 6, -2)
    RR(remw, -0x80000000, -1, 0)
    RR(remw, 0x180000005, 0, -0x7ffffffb)
    RR(remuw, -1, 10, 5)
    RR(remuw, 0x80000000, 0, -0x80000000)
    RR(remuw, 0x1ffffffff, 0x100000010, 15)
#endif
    PASS
