/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's floating-point environment: MXCSR itself. (On other hosts: ../host-fp.c.)
 */
#include <xmmintrin.h>

#include "../reference-internal.h"

uint32_t tcg_host_fp_get(void) { return _mm_getcsr(); }
void tcg_host_fp_set(uint32_t mxcsr) { _mm_setcsr(mxcsr); }
