/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First argument of riscv_helper_fround: format, whether inexact results are told, and rm << 8.
 */
#ifndef RISCV_ZFA_H
#define RISCV_ZFA_H

enum { ZFA_S, ZFA_D, ZFA_H, ZFA_INEXACT = 4 };

#endif
