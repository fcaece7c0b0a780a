/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every CPU shares: the CPU object, the registry of targets, and the functions a target gives to the translator,
 * the run loop, the debugger and the monitor.
 *
 * A CpuState belongs to its vCPU thread. Other threads may only: set exit_request and interrupt lines (cpu_interrupt_set/clear,
 * cpu_kick), queue work (cpu_run_on), and read or change registers while the vCPU is paused.
 */
#ifndef TARGET_CPU_H
#define TARGET_CPU_H

#include <glib.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "qom/object.h"
#include "tcg/abi.h"
#include "tcg/builder.h"
#include "tcg/tcg.h"

typedef struct CpuState CpuState;
typedef struct TargetRecord TargetRecord;
struct AddressSpace;
struct Machine;

#define TYPE_CPU "cpu"

struct CpuState {
    Object obj;
    TcgCpuArea tcg;               /* what generated code reaches */
    const TargetRecord *target;
    struct Machine *machine;
    struct AddressSpace *as;      /* physical memory as this CPU sees it */
    unsigned index;
    void *accel;                  /* the accelerator's per-CPU state (struct TcgVcpu for TCG) */

    /* interrupts and life cycle */
    uint32_t interrupt_lines;     /* bits pending, meaning by target; atomic */
    bool halted;                  /* sleeps in WFI/HLT until cpu has work; atomic */
    bool powered_off;             /* waits for a start request (SBI HSM, SIPI); atomic */
    bool stopped;                 /* paused by the machine; guarded by the machine lock */
    bool stop_request, unplug;
    uint32_t single_step;         /* debugger: step one instruction */
    int32_t exception;            /* pending exception for the run loop: -1 none; meaning by target */
    sigjmp_buf jmp_env;           /* the run loop's landing place */
    GThread *thread;
    int thread_id;                /* gettid, for query-cpus-fast */
    GMutex work_lock;
    GCond wake;                   /* halted or stopped vCPUs wait here (with work_lock) */
    GQueue work;                  /* CpuWork items */

    /* debugger */
    GArray *breakpoints;          /* uint64_t pc; changed only while all vCPUs are paused */
    GArray *watchpoints;          /* CpuWatchpoint */
    int watch_hit;                /* index into watchpoints, -1 */
    bool debug_stopped;           /* it asked for the stop: breakpoint, watchpoint or step; cleared by the debugger */
    bool held;                    /* stays paused while others are resumed; changed only while all vCPUs are paused */
};

typedef struct CpuWatchpoint {
    uint64_t va, len;
    bool on_read, on_write;
} CpuWatchpoint;

/* --- frontends --- */
typedef enum ScanKind {
    SCAN_NEXT,       /* goes on to the next instruction */
    SCAN_BRANCH,     /* conditional, target known; may go on */
    SCAN_JUMP,       /* unconditional, target known */
    SCAN_CALL,       /* unconditional with link, target known */
    SCAN_STOP,       /* indirect, system, illegal: ends the region after this instruction */
} ScanKind;
typedef struct ScanInfo {
    unsigned len;    /* bytes; 0: more bytes are needed than were given */
    ScanKind kind;
    uint64_t target;
} ScanInfo;

/* One row of a target's register table: debugger, `info registers`, snapshots. */
typedef struct RegisterRecord {
    const char *name;
    const char *group;    /* "general", "float", "csr", "system" */
    const char *feature;  /* gdb feature: "org.gnu.gdb.riscv.cpu" */
    uint32_t bits;
    int32_t gdb_number;   /* -1: not shown to gdb */
    const char *gdb_type; /* "int", "code_ptr", "ieee_double", ... */
    uint64_t (*get)(CpuState *cpu, const struct RegisterRecord *r);
    bool (*set)(CpuState *cpu, const struct RegisterRecord *r, uint64_t v); /* NULL: read only */
    uint32_t arg;
    /* Wider than 64 bits, up to 512: all of its bytes in the target's order; get then gives the low 64. NULL where not wide. */
    void (*get_bytes)(CpuState *cpu, const struct RegisterRecord *r, uint8_t *bytes);
    bool (*set_bytes)(CpuState *cpu, const struct RegisterRecord *r, const uint8_t *bytes);
} RegisterRecord;

typedef enum MmuAccess { MMU_READ = TLB_READ, MMU_WRITE = TLB_WRITE, MMU_FETCH = TLB_FETCH } MmuAccess;

struct TargetRecord {
    const char *name;            /* "riscv64" */
    const char *cpu_base;        /* QOM type all its CPU models derive from: "riscv64-cpu" */
    const char *default_model;
    unsigned long_bits;          /* 32 or 64 */
    bool big_endian;
    size_t state_size;
    const char *elf_name;
    uint16_t elf_machine;        /* EM_RISCV */
    const char *gdb_arch;        /* "riscv:rv64"; NULL: left out of the target description */
    bool watch_before;           /* its debuggers expect a watchpoint to stop before the access, and step over it themselves */

    /* translation */
    const TcgSlot *slots;
    unsigned slot_count;
    uint64_t wide_flag;          /* region flag that says that the upper 32 flags count too (x86: CS base); 0: none */
    bool exact_code_writes;      /* a store into the running region is seen by the very next instruction (x86) */
    unsigned insn_align;         /* 2 */
    unsigned max_insn_len;       /* 4 */
    uint64_t (*region_flags)(CpuState *cpu); /* mode a region depends on; low 32 bits identify it uniquely, or all of them where wide_flag is set */
    unsigned (*fetch_mode)(uint64_t flags);  /* TLB mode of instruction fetch for regions of those flags */
    void (*scan)(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, ScanInfo *info);
    /* Emits one instruction; only @code, @pc (tcg_builder_pc) and @flags may be read. Never fails: illegal code emits the exception. */
    void (*translate)(TcgBuilder *b, const uint8_t *code, uint64_t pc, uint64_t flags);
    void (*disassemble)(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, char *text, size_t size);

    /* MMU: fills the TLB by tlb_set_page() or raises (does not return) by setting the exception and cpu_loop_exit(); with @probe
     * set returns false instead of raising. */
    bool (*tlb_fill)(CpuState *cpu, uint64_t va, MmuAccess access, unsigned mode, bool probe);
    /* Debug translation without side effects; false where unmapped. */
    bool (*translate_debug)(CpuState *cpu, uint64_t va, uint64_t *pa);
    /* Misaligned access that the guest wants trapped: raises. NULL: misaligned accesses are done in pieces. */
    void (*misaligned)(CpuState *cpu, uint64_t va, MmuAccess access);
    /* An access to unmapped physical memory: raises a bus error; returns where the target ignores it. */
    void (*bus_error)(CpuState *cpu, uint64_t va, uint64_t pa, MmuAccess access);

    /* run loop, on the vCPU thread with all state in memory */
    void (*deliver_exception)(CpuState *cpu);  /* takes cpu->exception and clears it */
    bool (*deliver_interrupt)(CpuState *cpu);  /* takes the best enabled pending one; true where state changed */
    bool (*has_work)(CpuState *cpu);           /* an interrupt would wake it from WFI/HLT; any thread */
    void (*runtime_exit)(CpuState *cpu, uint32_t reason); /* reasons from TCG_REASON_TARGET on */
    void (*reset)(CpuState *cpu);

    /* debugger and monitor, vCPU paused */
    const RegisterRecord *registers; /* ended by name NULL */
    uint64_t (*get_pc)(CpuState *cpu);
    void (*set_pc)(CpuState *cpu, uint64_t pc);
    void (*print_state)(CpuState *cpu, FILE *out); /* `info registers` */
    unsigned (*current_mode)(CpuState *cpu); /* TLB mode of data accesses now */

    /* Data breakpoints of the guest's own; NULL: there are none. Whether the page of @va has any now (flush the TLB where that changes), and what is
     * called before each access to such a page: it may leave by cpu_loop_exit(). */
    bool (*page_watched)(CpuState *cpu, uint64_t va);
    void (*access_watched)(CpuState *cpu, uint64_t va, unsigned len, MmuAccess access);
};
#define TARGET(record) REGISTRY_ADD(target, record)
const TargetRecord *target_find(const char *name);
const TargetRecord *const *target_list(void); /* NULL-terminated */

/* --- called by targets and devices --- */
void cpu_interrupt_set(CpuState *cpu, uint32_t bits);   /* any thread: sets lines, kicks */
void cpu_interrupt_clear(CpuState *cpu, uint32_t bits); /* any thread */
static inline uint32_t cpu_interrupts(const CpuState *cpu) { return __atomic_load_n(&cpu->interrupt_lines, __ATOMIC_ACQUIRE); }
void cpu_kick(CpuState *cpu); /* any thread: leaves generated code soon, wakes from halt */
/* Runs fn on the vCPU thread between regions. Any thread; does not wait. */
typedef void CpuWorkFn(CpuState *cpu, void *opaque);
void cpu_run_on(CpuState *cpu, CpuWorkFn *fn, void *opaque);
void cpu_run_on_sync(CpuState *cpu, CpuWorkFn *fn, void *opaque); /* waits; from the vCPU itself: runs at once */
void cpu_process_work(CpuState *cpu);
/* Generic part of instance initialisation, called by the target's `init`. */
void cpu_init_common(CpuState *cpu, const TargetRecord *target);

extern __thread CpuState *current_cpu; /* NULL outside of vCPU threads */

#endif
