/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of rows-bits.c, in bits.c.
 */
#ifndef X86_BITS_H
#define X86_BITS_H

#include "x86-cpu.h"

extern const TcgHelper x86_helper_pdep, x86_helper_pext; /* (i64, i64 mask) -> i64, pure */
extern const TcgHelper x86_helper_crc32;                 /* (i32 crc, i64, i32 bytes) -> i32, pure */
extern const TcgHelper x86_helper_random;                /* () -> i64 */
extern const TcgHelper x86_helper_cmpxchg16b;            /* (i64 va, i32 mode) -> i64: was equal */

#endif
