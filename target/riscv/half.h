/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half-precision operations, as the first helper argument of riscv_helper_h_arith: operation | rm << 8.
 */
#ifndef RISCV_HALF_H
#define RISCV_HALF_H

enum {
    H_ADD, H_SUB, H_MUL, H_DIV, H_SQRT, H_MIN, H_MAX, H_EQ, H_LT, H_LE, H_CLASS,
    H_TO_W, H_TO_WU, H_TO_L, H_TO_LU, H_FROM_W, H_FROM_WU, H_FROM_L, H_FROM_LU, H_TO_S, H_TO_D, H_FROM_S, H_FROM_D,
    H_MINM, H_MAXM, H_LEQ, H_LTQ, /* Zfa */
};
/* riscv_helper_h_fma: bit 0: negate the product, bit 1: negate the addend; rm << 8. */

#endif
