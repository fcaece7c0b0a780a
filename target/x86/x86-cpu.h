/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of an x86 processor and what the files of this folder share: registers, slots, region flags, exceptions.
 * "SDM" is the Intel 64 and IA-32 Architectures Software Developer's Manual; numbers are its volumes and sections.
 *
 * The PC slot holds the LINEAR address of the next instruction (CS base + EIP): what is fetched, looked up and linked. EIP is
 * pc - cs.base (x86_eip()). In 64-bit mode both are RIP. Outside long mode linear addresses wrap at 4 GiB.
 *
 * EFLAGS is in three places: the six status flags in the lazy `flags`, DF in `df` as +1 or -1, everything else
 * in `eflags` (whose status bits and DF are 0). x86_get_eflags() puts it together.
 *
 * All of it belongs to the vCPU thread except the pins (CpuState.interrupt_lines, atomic) and what is constant after realize.
 */
#ifndef X86_CPU_H
#define X86_CPU_H

#include "accel/tcg/tcg-accel.h"
#include "target/cpu.h"
#include "target/x86.h"
#include "tcg/reference.h"

enum { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_SEG_COUNT };
enum { X86_AX, X86_CX, X86_DX, X86_BX, X86_SP, X86_BP, X86_SI, X86_DI };

/* A segment register with its hidden part (SDM 3A 3.4.3). */
typedef struct X86Seg {
    uint64_t base;
    uint64_t read_end;  /* offsets below it may be read without further check: limit + 1, or 0 where not readable, not present, or expand-down */
    uint64_t write_end; /* the same for writing */
    uint32_t limit;     /* last byte, granularity applied */
    uint16_t selector;
    uint16_t attr;      /* X86_ATTR_*: access byte, then AVL L D G in bits 12-15 */
    bool unusable;      /* null selector loaded */
} X86Seg;
enum {
    X86_ATTR_TYPE = 0xf, X86_ATTR_S = 1 << 4, X86_ATTR_DPL_SHIFT = 5, X86_ATTR_P = 1 << 7, X86_ATTR_AVL = 1 << 12, X86_ATTR_L = 1 << 13,
    X86_ATTR_DB = 1 << 14, X86_ATTR_G = 1 << 15,
    X86_ATTR_ACCESSED = 1, X86_ATTR_RW = 2, X86_ATTR_EXPAND_DOWN = 4, X86_ATTR_CONFORMING = 4, X86_ATTR_CODE = 8, /* of TYPE where S */
};

/* x87 register: SDM 1 8.2, in memory format. MMX registers are the mantissas. */
typedef struct X86Fpr {
    uint64_t mantissa;
    uint16_t exponent; /* with sign in bit 15 */
    uint16_t pad[3];
} X86Fpr;

/* Properties of the CPU object (model.c); constant after realize. */
#define X86_FEATURE_NAMES_MAX 256
typedef struct X86Config {
    bool feature[X86_FEATURE_NAMES_MAX]; /* by index into x86_feature_names: as asked for */
    bool check, enforce, ignored_bool;   /* ignored_bool: reference properties without a meaning here */
    char *vendor, *model_id;
    uint32_t family, model, stepping;
    uint32_t level, xlevel;
    uint32_t phys_bits;                  /* 0: by the model */
    uint64_t tsc_hz;
    uint32_t socket_id, die_id, core_id, thread_id, apic_id;
} X86Config;

typedef struct X86Cpu {
    CpuState cpu;

    /* --- slots --- */
    uint64_t pc;               /* linear */
    uint64_t gpr[16];          /* upper halves are 0 outside 64-bit mode */
    TcgLazyFlags flags;        /* OF SF ZF AF PF CF */
    uint64_t df;               /* 1 or -1 */
    uint64_t eflags;           /* the rest; bit 1 set */
    uint64_t inhibit;          /* linear address behind a STI or load of SS whose shadow is on there; all ones: none */
    X86Seg seg[X86_SEG_COUNT]; /* base, read_end, write_end are slots */
    uint64_t xmm[16][2];       /* low halves of YMM */
    uint64_t ymmh[16][2];      /* upper halves */
    X86Fpr fpr[8];             /* physical registers; mantissas are slots MM0-7 */

    /* --- x87 and SSE state beside the registers --- */
    uint16_t fcw, fsw;         /* fsw without TOP */
    uint8_t ftop;
    uint8_t ftag;              /* one bit each: 1: empty, by physical register */
    uint16_t fop, fcs, fds;
    uint64_t fip, fdp;
    uint64_t xcr0;
    /* MXCSR: cpu.tcg.guest_mxcsr (in helpers without TCG_HELPER_FP; in generated code it is in the host's register), which always has the
     * exceptions masked: the guest's mask bits (0x1f80) are here. Only x86_set_mxcsr() and x86_get_mxcsr() know. */
    uint32_t mxcsr_masks, sticky_saved;

    /* --- system --- */
    uint64_t cr0, cr2, cr3, cr4, efer;
    uint64_t dr[8];
    X86Seg ldt, tr;
    struct { uint64_t base; uint32_t limit; } gdt, idt;
    uint64_t star, lstar, cstar, sfmask, kernel_gs_base, tsc_aux;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t pat, misc_enable, tsc_offset, debugctl, pkru, smbase, tsc_adjust, spec_ctrl;
    uint64_t mtrr_def, mtrr_fixed[11], mtrr_var[16];
    uint8_t cpl;               /* = CS.RPL in protected mode; 0 in real, 3 in virtual-8086 mode */
    bool smm, nmi_blocked, wait_sipi;
    uint8_t sipi_vector;       /* atomic */
    uint64_t a20_mask;         /* all ones, or with bit 20 clear */

    /* --- pending exception: vector is cpu.exception (x86_raise) --- */
    uint32_t error_code;
    bool has_error, is_int;    /* is_int: INT n, INT3, INTO: next_pc is pushed, gate DPL is checked */
    uint64_t fault_address;    /* of a page fault: goes to CR2 when it is delivered */
    uint64_t next_pc;          /* linear, behind the instruction, where is_int */
    int32_t delivering;        /* what is being delivered, for double faults: vector, or X86_DELIVERING_*; -1: nothing */
    bool delivering_ext;       /* error codes raised meanwhile have the EXT bit */

    /* --- constant after realize --- */
    uint64_t flags_config;     /* x86_decode_config() index at its place in region flags */
    uint32_t feature_words[16];/* X86_FEATW_*: CPUID bits */
    uint32_t apic_id, sockets, cores, threads;
    unsigned phys_bits, virt_bits;
    struct AddressSpace *io;
    struct AddressSpace *normal_memory, *smm_memory;
    const X86ApicOps *apic_ops;
    void *apic;
    void (*ferr)(void *opaque, bool level);
    void *ferr_opaque;
    struct X86Model *model;    /* model.c's */

    uint64_t region_flags;     /* cached: x86_update_flags() */
    uint32_t dr_pending;       /* data breakpoints that the instruction being stepped met: bits of DR6, and 16 */
    uint64_t irq_waiting;      /* not 0: INTR was pending when the dispatcher looked last; what sets IF has to go there then */
    X86Config cfg;
    uint32_t signature;        /* CPUID 1 EAX; also EDX after reset */
    uint64_t phys_mask;        /* bits of a physical address that exist */
    uint64_t xss;              /* IA32_XSS */
    uint64_t xcr0_mask;        /* bits XCR0 may have */
    uint64_t global_first, global_last; /* linear range of global pages filled since they were flushed; first > last: none */
    uint64_t msr_misc[8];      /* X86_MISC_*: storage without effect */
    uint64_t mc_status[10][4]; /* machine-check banks: CTL, STATUS, ADDR, MISC */
    uint64_t mcg_status, mcg_ctl;
} X86Cpu;
enum { X86_MISC_MTRR_SPARE, X86_MISC_PLATFORM, X86_MISC_BIOS_SIGN, X86_MISC_FEATURE_CONTROL, X86_MISC_PERF_CTL, X86_MISC_VM_HSAVE,
       X86_MISC_HWCR, X86_MISC_TSC_DEADLINE };

static inline X86Cpu *x86_cpu(CpuState *cpu) { return (X86Cpu *)cpu; }
static inline uint64_t x86_eip(const X86Cpu *x) { return x->pc - x->seg[X86_CS].base; }

/* --- slots --- */
enum {
    X86_SLOT_PC = TCG_SLOT_PC,
    X86_SLOT_GPR = 1,            /* + 0..15 */
    X86_SLOT_FLAGS = 17,
    X86_SLOT_DF, X86_SLOT_EFLAGS, X86_SLOT_INHIBIT,
    X86_SLOT_SEG_BASE = 21,      /* + X86_ES.. */
    X86_SLOT_SEG_READ = 27,
    X86_SLOT_SEG_WRITE = 33,
    X86_SLOT_XMM = 39,           /* + 0..15, v128 */
    X86_SLOT_YMMH = 55,          /* + 0..15, v128 */
    X86_SLOT_MM = 71,            /* + 0..7, i64 */
    X86_SLOT_KERNEL_GS = 79,     /* kernel_gs_base, for SWAPGS */
    X86_SLOT_IRQ_WAITING,        /* irq_waiting: never written by translated code or helpers */
    X86_SLOT_COUNT,
};
extern const TcgSlot x86_slots[X86_SLOT_COUNT];
/* Slot sets for helper declarations; combine the words with |. */
#define X86_S0(n) (1ull << (n))
#define X86_SLOTS_GPR 0x1fffeull
#define X86_SLOTS_SEG (0x3ffffull << 21)
#define X86_SLOTS_EFL (X86_S0(X86_SLOT_FLAGS) | X86_S0(X86_SLOT_DF) | X86_S0(X86_SLOT_EFLAGS))
/* Everything but the vector registers: for helpers that change modes, segments, flags and general registers. */
#define X86_SLOTS_SYSTEM {{0x7fffffffffull, 0}}
#define X86_SLOTS_ALL {{~0ull, 0xffff}}

/*
 * --- region flags ---
 * The low 32 bits identify a mode; where X86_RF_CSBASE is set the upper 32 are CS.base and count as well.
 */
#define X86_RF_CPL 3u                 /* current privilege level */
#define X86_RF_CS32 (1u << 2)         /* CS.D: default operand and address size */
#define X86_RF_CS64 (1u << 3)         /* 64-bit mode */
#define X86_RF_SS32 (1u << 4)         /* SS.B: ESP, else SP (64-bit mode: RSP) */
#define X86_RF_PE (1u << 5)           /* protected mode */
#define X86_RF_VM (1u << 6)           /* virtual-8086 mode */
#define X86_RF_LMA (1u << 7)          /* long mode is active, compatibility mode included */
#define X86_RF_FLAT (1u << 8)         /* DS, ES, SS have base 0 and no limit (always in 64-bit mode); FS and GS never count */
#define X86_RF_CSBASE (1u << 9)       /* CS.base is not 0 */
#define X86_RF_IOPL (1u << 10)        /* CPL <= IOPL, or real mode: CLI, STI, IN, OUT need no more checks */
#define X86_RF_TF (1u << 11)          /* single-step: #DB behind each instruction */
#define X86_RF_EM (1u << 12)          /* CR0.EM */
#define X86_RF_TS (1u << 13)          /* CR0.TS */
#define X86_RF_MP (1u << 14)          /* CR0.MP */
#define X86_RF_OSFXSR (1u << 15)      /* CR4.OSFXSR */
#define X86_RF_AVX (1u << 16)         /* CR4.OSXSAVE and XCR0 says SSE and AVX */
#define X86_RF_SSE_TRAPS (1u << 17)   /* MXCSR has unmasked exceptions: packed and scalar FP goes through checking helpers */
#define X86_RF_MODE_SHIFT 18          /* 2 bits: TLB mode of data accesses, X86_MODE_* */
#define X86_RF_SMM (1u << 20)
#define X86_RF_BREAK (1u << 21)       /* DR7 has instruction breakpoints enabled: each instruction calls a checking helper */
#define X86_RF_SHADOW (1u << 22)      /* an interrupt waits for the end of the instruction in the shadow of STI or a load of SS: it is a region of its own */
#define X86_RF_FSGSBASE (1u << 23)    /* CR4.FSGSBASE */
#define X86_RF_OSXSAVE (1u << 24)     /* CR4.OSXSAVE */
#define X86_RF_CR4_UMIP (1u << 25)
#define X86_RF_VME (1u << 26)         /* CR4.VME */
#define X86_RF_NE (1u << 27)          /* CR0.NE */
#define X86_RF_CONFIG_SHIFT 28        /* 4 bits: X86DecodeConfig number */
static inline unsigned x86_rf_mode(uint64_t f) { return f >> X86_RF_MODE_SHIFT & 3; }
static inline uint32_t x86_rf_cs_base(uint64_t f) { return f & X86_RF_CSBASE ? (uint32_t)(f >> 32) : 0; }
enum { X86_MODE_U, X86_MODE_K, X86_MODE_K_AC }; /* user; supervisor; supervisor that may touch user pages in spite of SMAP (EFLAGS.AC) */

/*
 * CPUID features as the decoder needs them: frontends see code bytes and region flags only, so the flags carry the number of
 * a configuration. Equal ones share a number; there are at most 16 in a process.
 */
typedef struct X86DecodeConfig {
    uint32_t words[16]; /* X86_FEATW_* */
} X86DecodeConfig;
bool x86_decode_config_add(const X86DecodeConfig *c, unsigned *number); /* false: all 16 are taken. Thread safe */
const X86DecodeConfig *x86_decode_config(uint64_t region_flags);

/* Feature bits: word << 5 | bit. The words are CPUID outputs (SDM 2A, CPUID). */
enum { X86_FEATW_1_EDX, X86_FEATW_1_ECX, X86_FEATW_7_EBX, X86_FEATW_7_ECX, X86_FEATW_7_EDX, X86_FEATW_7_1_EAX, X86_FEATW_8001_EDX, X86_FEATW_8001_ECX,
       X86_FEATW_8007_EDX, X86_FEATW_8008_EBX, X86_FEATW_D_1_EAX, X86_FEATW_6_EAX, X86_FEATW_COUNT };
#define X86_F(word, bit) ((X86_FEATW_##word) << 5 | (bit))
enum {
    X86_FEAT_FPU = X86_F(1_EDX, 0), X86_FEAT_VME = X86_F(1_EDX, 1), X86_FEAT_DE = X86_F(1_EDX, 2), X86_FEAT_PSE = X86_F(1_EDX, 3),
    X86_FEAT_TSC = X86_F(1_EDX, 4), X86_FEAT_MSR = X86_F(1_EDX, 5), X86_FEAT_PAE = X86_F(1_EDX, 6), X86_FEAT_CX8 = X86_F(1_EDX, 8),
    X86_FEAT_APIC = X86_F(1_EDX, 9), X86_FEAT_SEP = X86_F(1_EDX, 11), X86_FEAT_PGE = X86_F(1_EDX, 13), X86_FEAT_CMOV = X86_F(1_EDX, 15),
    X86_FEAT_PSE36 = X86_F(1_EDX, 17), X86_FEAT_CLFSH = X86_F(1_EDX, 19), X86_FEAT_MMX = X86_F(1_EDX, 23), X86_FEAT_FXSR = X86_F(1_EDX, 24), X86_FEAT_SSE = X86_F(1_EDX, 25), X86_FEAT_SSE2 = X86_F(1_EDX, 26),
    X86_FEAT_SSE3 = X86_F(1_ECX, 0), X86_FEAT_PCLMUL = X86_F(1_ECX, 1), X86_FEAT_MONITOR = X86_F(1_ECX, 3), X86_FEAT_SSSE3 = X86_F(1_ECX, 9), X86_FEAT_FMA = X86_F(1_ECX, 12),
    X86_FEAT_CX16 = X86_F(1_ECX, 13), X86_FEAT_PCID = X86_F(1_ECX, 17), X86_FEAT_SSE41 = X86_F(1_ECX, 19), X86_FEAT_SSE42 = X86_F(1_ECX, 20),
    X86_FEAT_X2APIC = X86_F(1_ECX, 21), X86_FEAT_MOVBE = X86_F(1_ECX, 22), X86_FEAT_POPCNT = X86_F(1_ECX, 23), X86_FEAT_TSC_DEADLINE = X86_F(1_ECX, 24), X86_FEAT_AES = X86_F(1_ECX, 25),
    X86_FEAT_XSAVE = X86_F(1_ECX, 26), X86_FEAT_OSXSAVE = X86_F(1_ECX, 27), X86_FEAT_AVX = X86_F(1_ECX, 28), X86_FEAT_F16C = X86_F(1_ECX, 29),
    X86_FEAT_RDRAND = X86_F(1_ECX, 30), X86_FEAT_HYPERVISOR = X86_F(1_ECX, 31),
    X86_FEAT_FSGSBASE = X86_F(7_EBX, 0), X86_FEAT_TSC_ADJUST = X86_F(7_EBX, 1), X86_FEAT_BMI1 = X86_F(7_EBX, 3), X86_FEAT_AVX2 = X86_F(7_EBX, 5), X86_FEAT_SMEP = X86_F(7_EBX, 7),
    X86_FEAT_BMI2 = X86_F(7_EBX, 8), X86_FEAT_ERMS = X86_F(7_EBX, 9), X86_FEAT_INVPCID = X86_F(7_EBX, 10), X86_FEAT_RDSEED = X86_F(7_EBX, 18), X86_FEAT_ADX = X86_F(7_EBX, 19),
    X86_FEAT_SMAP = X86_F(7_EBX, 20), X86_FEAT_CLFLUSHOPT = X86_F(7_EBX, 23), X86_FEAT_CLWB = X86_F(7_EBX, 24), X86_FEAT_SHA = X86_F(7_EBX, 29),
    X86_FEAT_UMIP = X86_F(7_ECX, 2), X86_FEAT_PKU = X86_F(7_ECX, 3), X86_FEAT_VAES = X86_F(7_ECX, 9), X86_FEAT_VPCLMUL = X86_F(7_ECX, 10), X86_FEAT_LA57 = X86_F(7_ECX, 16), X86_FEAT_RDPID = X86_F(7_ECX, 22),
    X86_FEAT_FSRM = X86_F(7_EDX, 4), X86_FEAT_SYSCALL = X86_F(8001_EDX, 11), X86_FEAT_NX = X86_F(8001_EDX, 20), X86_FEAT_PDPE1GB = X86_F(8001_EDX, 26), X86_FEAT_RDTSCP = X86_F(8001_EDX, 27), X86_FEAT_LM = X86_F(8001_EDX, 29),
    X86_FEAT_LAHF = X86_F(8001_ECX, 0), X86_FEAT_ABM = X86_F(8001_ECX, 5), X86_FEAT_SSE4A = X86_F(8001_ECX, 6), X86_FEAT_PREFETCHW = X86_F(8001_ECX, 8),
    X86_FEAT_XSAVEOPT = X86_F(D_1_EAX, 0), X86_FEAT_XSAVEC = X86_F(D_1_EAX, 1), X86_FEAT_XGETBV1 = X86_F(D_1_EAX, 2), X86_FEAT_XSAVES = X86_F(D_1_EAX, 3),
};
static inline bool x86_has(const X86Cpu *x, unsigned feat) { return x->feature_words[feat >> 5] >> (feat & 31) & 1; }

/* --- EFLAGS, control registers --- */
enum {
    EFL_CF = 1, EFL_FIXED = 2, EFL_PF = 4, EFL_AF = 0x10, EFL_ZF = 0x40, EFL_SF = 0x80, EFL_TF = 0x100, EFL_IF = 0x200, EFL_DF = 0x400, EFL_OF = 0x800,
    EFL_IOPL = 0x3000, EFL_NT = 0x4000, EFL_RF = 0x10000, EFL_VM = 0x20000, EFL_AC = 0x40000, EFL_VIF = 0x80000, EFL_VIP = 0x100000, EFL_ID = 0x200000,
    EFL_STATUS = EFL_CF | EFL_PF | EFL_AF | EFL_ZF | EFL_SF | EFL_OF,
};
enum { CR0_PE = 1, CR0_MP = 2, CR0_EM = 4, CR0_TS = 8, CR0_ET = 16, CR0_NE = 32, CR0_WP = 1 << 16, CR0_AM = 1 << 18, CR0_NW = 1 << 29, CR0_CD = 1 << 30 };
#define CR0_PG (1u << 31)
enum { CR4_VME = 1, CR4_PVI = 2, CR4_TSD = 4, CR4_DE = 8, CR4_PSE = 16, CR4_PAE = 32, CR4_MCE = 64, CR4_PGE = 128, CR4_PCE = 256, CR4_OSFXSR = 512, CR4_OSXMMEXCPT = 1024,
       CR4_UMIP = 1 << 11, CR4_LA57 = 1 << 12, CR4_SMXE = 1 << 14, CR4_FSGSBASE = 1 << 16, CR4_PCIDE = 1 << 17, CR4_OSXSAVE = 1 << 18, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21, CR4_PKE = 1 << 22 };
enum { EFER_SCE = 1, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };

/* Reasons of runtime exits, for TargetRecord.runtime_exit: state and pc are in memory, pc is behind the instruction. */
enum { X86_REASON_STEP = TCG_REASON_TARGET, /* an instruction began with TF set: #DB, DR6.BS */
       X86_REASON_STEP_IF_TF };              /* the same where TF is set behind it (SYSCALL, SYSRET) */

typedef enum X86Exception {
    X86_EXC_DE, X86_EXC_DB, X86_EXC_NMI, X86_EXC_BP, X86_EXC_OF, X86_EXC_BR, X86_EXC_UD, X86_EXC_NM, X86_EXC_DF, X86_EXC_CSO, X86_EXC_TS,
    X86_EXC_NP, X86_EXC_SS, X86_EXC_GP, X86_EXC_PF, X86_EXC_MF = 16, X86_EXC_AC, X86_EXC_MC, X86_EXC_XM,
} X86Exception;
enum { X86_PFEC_P = 1, X86_PFEC_W = 2, X86_PFEC_U = 4, X86_PFEC_RSVD = 8, X86_PFEC_I = 16, X86_PFEC_PK = 32 };

/* --- exception.c: raising (from helpers and tlb_fill; never return) and delivery --- */
G_NORETURN void x86_raise(X86Cpu *x, X86Exception vector);                 /* fault without error code */
G_NORETURN void x86_raise_error(X86Cpu *x, X86Exception vector, uint32_t error_code);
G_NORETURN void x86_raise_page_fault(X86Cpu *x, uint64_t va, uint32_t error_code);
/* INT n, INT3, INTO, INT1 (is_int false for INT1): pc is the instruction's, @next behind it. */
G_NORETURN void x86_raise_int(X86Cpu *x, uint8_t vector, uint64_t next, bool is_int);
/* A trap: pc has to be behind the instruction already (#DB after single step; DR6 bits set by the caller). */
G_NORETURN void x86_raise_trap(X86Cpu *x, X86Exception vector);
enum { X86_DELIVERING_INTERRUPT = 256, X86_DELIVERING_INT = 257, X86_DELIVERING_SHUTDOWN = 258 }; /* X86Cpu.delivering */
void x86_deliver_exception(CpuState *cpu);
bool x86_deliver_interrupt(CpuState *cpu);
bool x86_has_work(CpuState *cpu);
void x86_runtime_exit(CpuState *cpu, uint32_t reason); /* TargetRecord.runtime_exit */
/* Entry of an interrupt or exception through the IDT (or the real-mode table); may raise. interrupt.c */
void x86_interrupt(X86Cpu *x, uint8_t vector, bool is_int, bool has_error, uint32_t error_code, uint64_t return_pc, bool external);

/* --- segment.c, far.c, task.c: SDM 3A chapters 3, 5, 6, 7. They work on state in memory (declare all slots) and may raise --- */
void x86_load_seg(X86Cpu *x, unsigned seg, uint16_t selector);             /* MOV/POP/LxS to a data segment register */
void x86_set_seg_real(X86Cpu *x, unsigned seg, uint16_t selector);         /* real and virtual-8086 mode */
void x86_set_seg(X86Cpu *x, unsigned seg, uint16_t selector, uint64_t base, uint32_t limit, uint16_t attr); /* hidden part as given; derives the ends */
void x86_far_jump(X86Cpu *x, uint16_t selector, uint64_t offset, unsigned opsize, uint64_t next_eip);
void x86_far_call(X86Cpu *x, uint16_t selector, uint64_t offset, unsigned opsize, uint64_t next_eip);
void x86_far_return(X86Cpu *x, unsigned opsize, unsigned pop_bytes);
void x86_iret(X86Cpu *x, unsigned opsize, uint64_t next_eip);
void x86_syscall(X86Cpu *x, uint64_t next_pc);
void x86_sysret(X86Cpu *x, unsigned opsize);
void x86_sysenter(X86Cpu *x);
void x86_sysexit(X86Cpu *x, unsigned opsize);
enum { X86_TASK_JUMP, X86_TASK_CALL, X86_TASK_IRET };
void x86_task_switch(X86Cpu *x, uint16_t selector, unsigned how, bool has_error, uint32_t error_code, uint64_t next_eip);
/* LAR, LSL, VERR, VERW: true: ZF. */
bool x86_lar(X86Cpu *x, uint16_t selector, uint32_t *result);
bool x86_lsl(X86Cpu *x, uint16_t selector, uint32_t *result);
bool x86_verify(X86Cpu *x, uint16_t selector, bool write);
void x86_lldt(X86Cpu *x, uint16_t selector);
void x86_ltr(X86Cpu *x, uint16_t selector);
void x86_check_io(X86Cpu *x, uint32_t port, unsigned size);                /* IN, OUT, INS, OUTS without X86_RF_IOPL: the TSS's I/O bitmap; raises #GP(0) */

/* --- eflags.c --- */
uint32_t x86_get_eflags(const X86Cpu *x);
void x86_set_eflags(X86Cpu *x, uint32_t v); /* everything, no privilege checks; updates region flags */

/* --- mmu.c --- */
bool x86_tlb_fill(CpuState *cpu, uint64_t va, MmuAccess access, unsigned mode, bool probe);
bool x86_translate_debug(CpuState *cpu, uint64_t va, uint64_t *pa);
void x86_mmu_switch(X86Cpu *x);                  /* CR0, CR3, CR4, EFER, A20 or SMM changed: chooses the TLB's context; flushes nothing */
void x86_mmu_flush(X86Cpu *x);                   /* all contexts, global pages too */
void x86_invlpg(X86Cpu *x, uint64_t va);
bool x86_invpcid(X86Cpu *x, uint64_t type, uint64_t pcid, uint64_t va); /* false: #GP */
/* PAE paging: the four entries at @cr3 may be loaded; false: #GP. */
bool x86_pdptes_ok(X86Cpu *x, uint64_t cr3);
void x86_bus_error(CpuState *cpu, uint64_t va, uint64_t pa, MmuAccess access);
unsigned x86_data_mode(CpuState *cpu);
static inline bool x86_canonical(const X86Cpu *x, uint64_t va)
{
    unsigned shift = x->cr4 & CR4_LA57 ? 7 : 16;
    return (uint64_t)((int64_t)(va << shift) >> shift) == va;
}

/* Bases in registers (MSRs, GDTR, IDTR, LDTR, TR, FS, GS) are checked by the width that the CPU has, whatever CR4.LA57 says. */
static inline bool x86_canonical_base(const X86Cpu *x, uint64_t va)
{
    unsigned shift = 64 - x->virt_bits;
    return x->virt_bits < 48 || (uint64_t)((int64_t)(va << shift) >> shift) == va;
}

/* --- control.c, msr.c, cpuid.c --- */
void x86_update_flags(X86Cpu *x);                /* recomputes region_flags: after any change of what they are made of */
uint64_t x86_region_flags(CpuState *cpu);
void x86_write_cr0(X86Cpu *x, uint64_t v);       /* raise where the manual says so */
void x86_write_cr3(X86Cpu *x, uint64_t v);
void x86_write_cr4(X86Cpu *x, uint64_t v);
bool x86_write_efer(X86Cpu *x, uint64_t v);      /* false: #GP */
uint64_t x86_cr4_allowed(const X86Cpu *x);       /* bits that CPUID lets it have */
bool x86_write_xcr0(X86Cpu *x, uint64_t v);      /* false: #GP */
uint64_t x86_read_cr8(X86Cpu *x);
void x86_write_pkru(X86Cpu *x, uint32_t v);      /* also what XRSTOR has to call */
bool x86_rdmsr(X86Cpu *x, uint32_t index, uint64_t *value); /* false: #GP */
bool x86_wrmsr(X86Cpu *x, uint32_t index, uint64_t value);
void x86_cpuid(X86Cpu *x, uint32_t leaf, uint32_t subleaf, uint32_t out[4]); /* eax, ebx, ecx, edx */

/* --- debug.c --- */
enum { DR6_FIXED = 0xffff0ff0u, DR6_B = 15, DR6_BD = 1 << 13, DR6_BS = 1 << 14, DR6_BT = 1 << 15, DR7_FIXED = 1 << 10, DR7_GD = 1 << 13 };
void x86_write_dr(X86Cpu *x, unsigned n, uint64_t v); /* n 0-3, 6, 7; raises #GP for set upper halves */
uint64_t x86_read_dr(X86Cpu *x, unsigned n);
/* At the start of the instruction at @linear, where X86_RF_BREAK: raises #DB, or clears RF. State in memory but for what a fault restores. */
void x86_check_breakpoint(X86Cpu *x, uint64_t linear);
/* An I/O breakpoint (DR7 type 2, CR4.DE) covers the ports: DR6 is set; the caller raises the trap behind the instruction. */
bool x86_check_io_breakpoint(X86Cpu *x, uint32_t port, unsigned bytes);

/* Data breakpoints: TargetRecord.page_watched and access_watched. A hit runs the instruction alone, then raises the trap. */
bool x86_page_watched(CpuState *cpu, uint64_t va);
void x86_access_watched(CpuState *cpu, uint64_t va, unsigned len, MmuAccess access);
/* The instruction is done (a runtime exit in the middle of such a step): DR6, and #DB is pending. */
void x86_data_breakpoint(X86Cpu *x, bool single_step);

/* --- smm.c (SDM 3C chapter 32) --- */
void x86_smi(X86Cpu *x);                         /* enters SMM; the caller has taken the pin. Nothing where there is no SMM memory */
void x86_rsm(X86Cpu *x);                         /* a state that cannot be resumed resets the machine, as a shutdown does on a PC */
static inline bool x86_has_smm(const X86Cpu *x) { return x->smm_memory != NULL; }

/* Places in the XSAVE area's standard format, as CPUID leaf 0xD tells them. */
enum { X86_XSAVE_AVX_OFFSET = 576, X86_XSAVE_PKRU_OFFSET = 2688 };
/* --- fpu-state.c: FSAVE, FXSAVE, XSAVE images --- */
void x86_fpu_reset(X86Cpu *x);                   /* as FNINIT */
void x86_set_mxcsr(X86Cpu *x, uint32_t v);       /* also region flags; no reserved-bit check. Not from TCG_HELPER_FP helpers */
static inline uint32_t x86_get_mxcsr(const X86Cpu *x) { return (x->cpu.tcg.guest_mxcsr & ~0x1f80u) | x->mxcsr_masks; }

/* --- model.c, registers.c, print.c --- */
void x86_reset(CpuState *cpu);
void x86_init_reset(X86Cpu *x);                  /* INIT: as reset, but FPU, MSRs and caches keep their state; an AP waits for SIPI */
void x86_sipi_start(X86Cpu *x);                  /* the CPU takes the SIPI it waits for: real mode at sipi_vector << 12 */
void x86_print_state(CpuState *cpu, FILE *out);
extern const RegisterRecord x86_64_registers[], i386_registers[];
extern const char *const x86_gpr_names[16];

#endif
