/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a RISC-V hart and what the files of this folder share: extensions, status bits, causes, region flags.
 *
 * 32-bit harts keep their x registers and XLEN-wide CSRs sign-extended in the same 64-bit members: most semantics are then the
 * same code for both widths. The pc is zero-extended, since it is an address.
 *
 * Everything belongs to the vCPU thread except: mip_sw and cpu.interrupt_lines (atomic), stimecmp and the timer
 * (timer_lock), the configuration (constant after realize).
 */
#ifndef RISCV_CPU_H
#define RISCV_CPU_H

#include "target/cpu.h"
#include "target/riscv.h"
#include "util/main-loop.h"

/*
 * X(ID, member and property, default of rv64, of max, help). The first 32 travel in the upper half of the region flags, where decoding
 * finds them: whatever has instructions of its own must be among them. V and its companions will be.
 */
#define RISCV_EXTENSIONS(X)                                                                                            \
    X(ZICSR, zicsr, true, true, "control and status registers")                                                        \
    X(M, m, true, true, "integer multiplication and division")                                                         \
    X(A, a, true, true, "atomic instructions")                                                                         \
    X(F, f, true, true, "single-precision floating point")                                                             \
    X(D, d, true, true, "double-precision floating point")                                                             \
    X(C, c, true, true, "compressed instructions")                                                                     \
    X(ZIFENCEI, zifencei, true, true, "instruction-fetch fence")                                                       \
    X(ZICBOM, zicbom, true, true, "cache-block management")                                                            \
    X(ZICBOZ, zicboz, true, true, "cache-block zero")                                                                  \
    X(ZICOND, zicond, false, true, "integer conditional operations")                                                   \
    X(ZAWRS, zawrs, true, true, "wait on reservation set")                                                             \
    X(ZFA, zfa, true, true, "additional floating point")                                                               \
    X(ZFH, zfh, false, true, "half-precision floating point")                                                          \
    X(ZFHMIN, zfhmin, false, true, "half-precision conversions, loads and stores")                                     \
    X(ZCB, zcb, false, true, "more compressed instructions")                                                           \
    X(ZBA, zba, true, true, "address generation")                                                                      \
    X(ZBB, zbb, true, true, "basic bit manipulation")                                                                  \
    X(ZBC, zbc, true, true, "carry-less multiplication")                                                               \
    X(ZBKB, zbkb, false, true, "bit manipulation for cryptography")                                                    \
    X(ZBKC, zbkc, false, true, "carry-less multiplication for cryptography")                                           \
    X(ZBKX, zbkx, false, true, "crossbar permutations")                                                                \
    X(ZBS, zbs, true, true, "single-bit instructions")                                                                 \
    X(SVINVAL, svinval, false, true, "fine-grained address-translation cache invalidation")                            \
    X(ZICBOP, zicbop, true, true, "cache-block prefetch hints")                                                        \
    X(ZICNTR, zicntr, true, true, "base counters")                                                                     \
    X(ZIHINTPAUSE, zihintpause, true, true, "pause hint")                                                              \
    X(ZIHINTNTL, zihintntl, true, true, "non-temporal locality hints")                                                 \
    X(ZIHPM, zihpm, true, true, "hardware performance counters (read as zero)")                                        \
    X(SMSTATEEN, smstateen, false, true, "state enable")                                                               \
    X(SSTC, sstc, true, true, "supervisor timer comparator")                                                           \
    X(SVADU, svadu, true, true, "hardware update of accessed and dirty bits")                                          \
    X(SVNAPOT, svnapot, false, true, "naturally aligned power-of-two translation contiguity")                          \
    X(SVPBMT, svpbmt, false, true, "page-based memory types")                                                          \
    X(SVVPTC, svvptc, true, true, "entries made valid are seen without a fence")

typedef enum RiscvExt {
#define X(ID, member, rv64, max, help) RISCV_EXT_##ID,
    RISCV_EXTENSIONS(X)
#undef X
    RISCV_EXT_COUNT,
    RISCV_EXT_I = 63, /* what every hart has */
} RiscvExt;

typedef struct RiscvConfig {
#define X(ID, member, rv64, max, help) bool member;
    RISCV_EXTENSIONS(X)
#undef X
    bool i, s, u, g, h, v; /* h and v: refused at realize while they are not implemented */
    bool mmu, pmp, debug, sv32, sv39, sv48, sv57;
    bool short_isa, start_powered_off;
    uint16_t cbom_blocksize, cboz_blocksize, cbop_blocksize;
    uint64_t resetvec, hartid, mvendorid, marchid, mimpid;
    char *priv_spec;
} RiscvConfig;

#define RISCV_PMP_ENTRIES 16
/* PMP grain is the page (G = 10), so that a page is covered by one entry or by none. */
#define RISCV_PMP_GRAIN_BITS 12

typedef struct RiscvCpu {
    CpuState cpu;

    /* slots */
    uint64_t pc;
    uint64_t x[32]; /* x[0] stays 0 */
    uint64_t f[32]; /* narrower values are NaN-boxed */
    uint64_t mstatus, sscratch, sepc, scause, stval, mscratch, mepc, mcause, mtval;

    uint8_t priv; /* RISCV_PRIV_* */
    uint8_t frm;  /* as written; MXCSR holds it too where it is a mode the host has */
    bool end_region; /* a CSR write wants the region left */

    /* constant after realize */
    uint64_t ext; /* 1 << RiscvExt */
    unsigned xlen;
    uint64_t flags_base; /* region flags that never change */
    uint8_t flags_cbo;   /* by privilege: whether RISCV_FLAG_CBO_ZERO holds; follows menvcfg and senvcfg */
    uint64_t misa;
    RiscvConfig cfg;

    /* machine-level CSRs */
    uint64_t mie, mideleg, medeleg, mtvec, mcounteren, mcountinhibit, menvcfg;
    uint64_t mstateen[4], sstateen[4];
    uint32_t mip_sw; /* bits of mip that software wrote; atomic */
    int64_t cycle_offset, instret_offset; /* counter = virtual clock + offset; while inhibited: the value */
    uint8_t pmpcfg[RISCV_PMP_ENTRIES];
    uint64_t pmpaddr[RISCV_PMP_ENTRIES];
    struct RiscvPmpRange {
        uint64_t first, last; /* bytes, inclusive; first > last: off */
    } pmp_range[RISCV_PMP_ENTRIES];
    unsigned pmp_active; /* entries up to the highest one that is on */
    struct {
        uint64_t first, last; /* bytes, inclusive, of which the same holds; first > last: nothing known */
        unsigned prot;
    } pmp_last; /* the last answer for S and U */

    /* supervisor-level CSRs */
    uint64_t satp, stvec, scounteren, senvcfg;

    /* pending exception: cause is cpu.exception */
    uint64_t trap_value;

    /* time */
    uint64_t (*read_time)(void *opaque);
    void *time_opaque;
    uint32_t time_hz;
    GMutex timer_lock;
    Timer *timer;
    uint64_t stimecmp;
} RiscvCpu;

static inline RiscvCpu *riscv_cpu(CpuState *cpu) { return (RiscvCpu *)cpu; }
static inline bool riscv_has(const RiscvCpu *rc, RiscvExt e) { return rc->ext >> e & 1; }
static inline bool riscv_is32(const RiscvCpu *rc) { return rc->xlen == 32; }

/* Slots: number n is x[n], 32 + n is f[n]. */
enum {
    RISCV_SLOT_F0 = 32,
    RISCV_SLOT_MSTATUS = 64,
    RISCV_SLOT_SSCRATCH, RISCV_SLOT_SEPC, RISCV_SLOT_SCAUSE, RISCV_SLOT_STVAL,
    RISCV_SLOT_MSCRATCH, RISCV_SLOT_MEPC, RISCV_SLOT_MCAUSE, RISCV_SLOT_MTVAL,
    RISCV_SLOT_COUNT,
};
extern const TcgSlot riscv_slots[RISCV_SLOT_COUNT];
/* For helper declarations: the CSR slots, and single ones. */
#define RISCV_SLOTS_CSR {{0, 0x1ff}}
#define RISCV_SLOTS_MSTATUS {{0, 1}}

enum { RISCV_PRIV_U = 0, RISCV_PRIV_S = 1, RISCV_PRIV_M = 3 };

/* Region flags. */
#define RISCV_FLAG_PRIV(f) ((unsigned)(f) & 3)
#define RISCV_FLAG_RV32 (1u << 2)
#define RISCV_FLAG_FS(f) ((unsigned)(f) >> 3 & 3) /* RISCV_FS_* */
#define RISCV_FLAG_FS_SHIFT 3
#define RISCV_FLAG_MODE(f) ((unsigned)(f) >> 5 & 3) /* TLB mode of data accesses */
#define RISCV_FLAG_MODE_SHIFT 5
#define RISCV_FLAG_FRM(f) ((unsigned)(f) >> 7 & 3) /* RISCV_FRM_* */
#define RISCV_FLAG_FRM_SHIFT 7
/* bits 9, 10: VS, once there is V */
#define RISCV_FLAG_CBO_ZERO (1u << 11) /* cbo.zero is allowed and zeroes 64 bytes */
#define RISCV_FLAG_NO_S (1u << 12)     /* the hart has no supervisor mode */
#define RISCV_FLAG_EXT_SHIFT 32
static inline bool riscv_flag_ext(uint64_t flags, unsigned ext)
{
    return ext >= 32 || (flags >> (RISCV_FLAG_EXT_SHIFT + ext) & 1);
}
enum { RISCV_FS_OFF, RISCV_FS_CLEAN, RISCV_FS_DIRTY };
enum { RISCV_FRM_HOST, RISCV_FRM_RMM, RISCV_FRM_INVALID }; /* whether the host can follow frm */
uint64_t riscv_region_flags(CpuState *cpu);
void riscv_update_flags(RiscvCpu *rc); /* menvcfg or senvcfg changed, or reset */

/* TLB modes. SUM chooses between two modes, so that no flush is needed when it changes. */
enum { RISCV_MODE_U, RISCV_MODE_S, RISCV_MODE_S_SUM, RISCV_MODE_M };

/* mstatus */
#define MSTATUS_SIE (1ull << 1)
#define MSTATUS_MIE (1ull << 3)
#define MSTATUS_SPIE (1ull << 5)
#define MSTATUS_MPIE (1ull << 7)
#define MSTATUS_SPP (1ull << 8)
#define MSTATUS_MPP_SHIFT 11
#define MSTATUS_MPP (3ull << MSTATUS_MPP_SHIFT)
#define MSTATUS_FS_SHIFT 13
#define MSTATUS_FS (3ull << MSTATUS_FS_SHIFT)
#define MSTATUS_MPRV (1ull << 17)
#define MSTATUS_SUM (1ull << 18)
#define MSTATUS_MXR (1ull << 19)
#define MSTATUS_TVM (1ull << 20)
#define MSTATUS_TW (1ull << 21)
#define MSTATUS_TSR (1ull << 22)
#define MSTATUS_UXL (3ull << 32)
#define MSTATUS_SXL (3ull << 34)
#define MSTATUS_SD (1ull << 63) /* kept up to date in the member; seen at bit 31 by 32-bit harts */
#define SSTATUS_MASK                                                                                                   \
    (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_UXL | MSTATUS_SD)

#define MENVCFG_FIOM (1ull << 0)
#define MENVCFG_CBIE (3ull << 4)
#define MENVCFG_CBCFE (1ull << 6)
#define MENVCFG_CBZE (1ull << 7)
#define MENVCFG_ADUE (1ull << 61)
#define MENVCFG_PBMTE (1ull << 62)
#define MENVCFG_STCE (1ull << 63)

#define STATEEN_ENVCFG (1ull << 62)
#define STATEEN_SE0 (1ull << 63)

#define SATP32_MODE (1ull << 31)
#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44
/* Physical addresses have at most 55 bits: the top bit of satp's PPN is never set, and stands for MXR in TLB keys. */
#define SATP_PPN ((1ull << 43) - 1)

typedef enum RiscvCause {
    CAUSE_FETCH_MISALIGNED = 0, CAUSE_FETCH_ACCESS = 1, CAUSE_ILLEGAL = 2, CAUSE_BREAKPOINT = 3, CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5, CAUSE_STORE_MISALIGNED = 6, CAUSE_STORE_ACCESS = 7, CAUSE_ECALL_U = 8, CAUSE_ECALL_S = 9,
    CAUSE_ECALL_M = 11, CAUSE_FETCH_PAGE = 12, CAUSE_LOAD_PAGE = 13, CAUSE_STORE_PAGE = 15,
} RiscvCause;
#define CAUSE_INTERRUPT(rc) (1ull << ((rc)->xlen - 1))
#define RISCV_IRQ_ALL (RISCV_IRQ_SSIP | RISCV_IRQ_MSIP | RISCV_IRQ_STIP | RISCV_IRQ_MTIP | RISCV_IRQ_SEIP | RISCV_IRQ_MEIP)
#define RISCV_IRQ_S (RISCV_IRQ_SSIP | RISCV_IRQ_STIP | RISCV_IRQ_SEIP)

/* trap.c */
G_NORETURN void riscv_raise(RiscvCpu *rc, RiscvCause cause, uint64_t value);
void riscv_deliver_exception(CpuState *cpu);
bool riscv_deliver_interrupt(CpuState *cpu);
bool riscv_has_work(CpuState *cpu);
uint32_t riscv_mip(const RiscvCpu *rc);
bool riscv_interrupt_ready(const RiscvCpu *rc); /* one would be taken now */
void riscv_set_priv(RiscvCpu *rc, unsigned priv);
const char *riscv_cause_name(bool interrupt, unsigned cause); /* "illegal_instruction" */

/* system.c */
bool riscv_env_allows(const RiscvCpu *rc, unsigned priv, uint64_t bits); /* menvcfg and senvcfg let it use what @bits controls */

/* mmu.c, pmp.c */
bool riscv_tlb_fill(CpuState *cpu, uint64_t va, MmuAccess access, unsigned mode, bool probe);
bool riscv_translate_debug(CpuState *cpu, uint64_t va, uint64_t *pa);
void riscv_misaligned(CpuState *cpu, uint64_t va, MmuAccess access);
void riscv_bus_error(CpuState *cpu, uint64_t va, uint64_t pa, MmuAccess access);
unsigned riscv_data_mode(CpuState *cpu);
void riscv_mmu_switch(RiscvCpu *rc); /* satp, MXR changed: chooses the TLB's address space */
void riscv_sfence(RiscvCpu *rc, bool has_va, uint64_t va, bool has_asid, uint64_t asid);
bool riscv_satp_mode_ok(const RiscvCpu *rc, unsigned mode);
unsigned riscv_pmp_prot(RiscvCpu *rc, uint64_t pa, unsigned priv); /* PAGE_* allowed for the page at pa */
void riscv_pmp_update(RiscvCpu *rc);                                     /* after pmpcfg or pmpaddr changed */
uint64_t riscv_pmpaddr_read(const RiscvCpu *rc, unsigned n);
void riscv_pmpaddr_write(RiscvCpu *rc, unsigned n, uint64_t v);
void riscv_pmpcfg_write(RiscvCpu *rc, unsigned first, unsigned count, uint64_t v);

/* time.c */
uint64_t riscv_time(const RiscvCpu *rc);
void riscv_stimecmp_write(RiscvCpu *rc, uint64_t v);
void riscv_stimer_update(RiscvCpu *rc); /* STCE or mtime changed */
uint64_t riscv_counter_read(RiscvCpu *rc, bool instret);
void riscv_counter_write(RiscvCpu *rc, bool instret, uint64_t v);
void riscv_countinhibit_write(RiscvCpu *rc, uint64_t v);

/* fp.c: fcsr over the guest's MXCSR */
uint32_t riscv_fflags_read(const RiscvCpu *rc);
void riscv_fflags_write(RiscvCpu *rc, uint32_t v);
void riscv_frm_write(RiscvCpu *rc, uint32_t v);
void riscv_fs_dirty(RiscvCpu *rc);

/* csr.c */
void riscv_mstatus_write(RiscvCpu *rc, uint64_t v);

/* model.c, print.c, registers.c */
void riscv_reset(CpuState *cpu);
void riscv_print_state(CpuState *cpu, FILE *out);
extern const RegisterRecord riscv64_registers[], riscv32_registers[];
extern const char *const riscv_x_names[32], *const riscv_f_names[32];

#endif
