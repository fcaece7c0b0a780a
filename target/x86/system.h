/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of the system instructions, for rows-system.c.
 */
#ifndef X86_SYSTEM_H
#define X86_SYSTEM_H

#include "x86-cpu.h"

extern const TcgHelper x86_helper_read_cr;   /* (i32 number) -> i64 */
extern const TcgHelper x86_helper_write_cr;  /* (i32 number, i64) */
extern const TcgHelper x86_helper_read_dr;   /* (i32 number) -> i64; raises */
extern const TcgHelper x86_helper_write_dr;  /* (i32 number, i64) */
extern const TcgHelper x86_helper_lmsw;      /* (i32) */
extern const TcgHelper x86_helper_clts;
extern const TcgHelper x86_helper_rdmsr;     /* (i32 index) -> i64 */
extern const TcgHelper x86_helper_wrmsr;     /* (i32 index, i64) -> i64: not 0: leave the region */
extern const TcgHelper x86_helper_cpuid;     /* leaf and subleaf in EAX, ECX; answers in the registers */
extern const TcgHelper x86_helper_rdtsc;     /* -> i64; for CPL 0 */
extern const TcgHelper x86_helper_rdtsc_checked;
extern const TcgHelper x86_helper_tsc_aux;   /* -> i64 */
extern const TcgHelper x86_helper_invlpg;    /* (i64 linear) */
extern const TcgHelper x86_helper_invpcid;   /* (i64 type, i64 pcid, i64 linear) */
extern const TcgHelper x86_helper_mwait;     /* (i32 ecx) */
extern const TcgHelper x86_helper_rdpkru;    /* (i32 ecx) -> i64 */
extern const TcgHelper x86_helper_wrpkru;    /* (i32 ecx, i32 edx, i32 eax) */
extern const TcgHelper x86_helper_set_ac;    /* (i32) */
extern const TcgHelper x86_helper_check_base;/* (i64): #GP where not canonical */
extern const TcgHelper x86_helper_cli_sti;   /* (i32 on): by VME or PVI, or #GP */
extern const TcgHelper x86_helper_rsm;

#endif
