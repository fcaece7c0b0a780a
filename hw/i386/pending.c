/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for what target/x86.h promises and is not there yet: weak, so that it goes out of use when the function comes.
 */
#include "target/x86.h"

__attribute__((weak)) void x86_cpu_ignne(CpuState *cpu) {}
