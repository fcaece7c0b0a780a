/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the local APIC share: apic.c (interrupts and registers), apic-bus.c (messages between APICs,
 * life), apic-timer.c.
 *
 * All state of a LocalApic is guarded by its lock. What other threads read to find the destination of a message (id,
 * base, ldr, dfr) is stored atomically. Functions named apic_l_* are called with the lock held.
 */
#ifndef HW_INTC_APIC_INTERNAL_H
#define HW_INTC_APIC_INTERNAL_H

#include "hw/intc/apic.h"
#include "hw/sysbus.h"

enum { APIC_BASE_BSP = 1 << 8, APIC_BASE_X2 = 1 << 10, APIC_BASE_ENABLE = 1 << 11 };
/* Registers by index: MMIO offset / 16, MSR number - 0x800. */
enum {
    AR_ID = 0x02, AR_VERSION = 0x03, AR_TPR = 0x08, AR_APR = 0x09, AR_PPR = 0x0a, AR_EOI = 0x0b, AR_LDR = 0x0d,
    AR_DFR = 0x0e, AR_SVR = 0x0f, AR_ISR = 0x10, AR_TMR = 0x18, AR_IRR = 0x20, AR_ESR = 0x28, AR_ICR = 0x30,
    AR_ICR_HIGH = 0x31, AR_LVT = 0x32, AR_TIMER_INITIAL = 0x38, AR_TIMER_CURRENT = 0x39, AR_TIMER_DIVIDE = 0x3e,
    AR_SELF_IPI = 0x3f,
};
enum { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };
enum { LVT_MASKED = 1 << 16, LVT_LEVEL = 1 << 15 };
enum { TIMER_ONE_SHOT = 0, TIMER_PERIODIC = 1, TIMER_DEADLINE = 2 };
enum { DM_FIXED, DM_LOWEST, DM_SMI, DM_RESERVED, DM_NMI, DM_INIT, DM_SIPI, DM_EXTINT };
enum { ESR_SEND_VECTOR = 0x20, ESR_RECEIVE_VECTOR = 0x40, ESR_REGISTER = 0x80 };
enum { SVR_ENABLE = 0x100 };
enum { VECTOR_WORDS = 8 };

typedef struct ApicBus ApicBus;

struct LocalApic {
    SysDevice sys;
    ApicBus *bus;
    GMutex lock;
    ApicPins pins;
    unsigned index;
    uint32_t id;            /* initial, of the CPU */
    uint64_t base;          /* IA32_APIC_BASE; atomic */
    uint32_t xapic_id, ldr, dfr; /* atomic */
    uint32_t tpr, svr, esr, errors; /* errors: gathered until ESR is written */
    uint64_t icr;
    uint32_t lvt[LVT_COUNT];
    uint32_t irr[VECTOR_WORDS], isr[VECTOR_WORDS], tmr[VECTOR_WORDS];
    bool extint;            /* an ExtINT message came, by the I/O APIC */
    bool lint[2];           /* levels of the pins */
    bool intr;              /* level of the output */
    /* timer */
    Timer *timer;
    uint32_t divide, initial;
    int64_t start_ns;       /* when `initial` was written */
    bool ended;             /* a one shot that was over became periodic: nothing counts until `initial` is written */
    uint64_t deadline;      /* TSC; 0: not armed */
    int64_t fire_ns;        /* what the host's timer waits for; INT64_MAX: nothing */
};

typedef struct ApicMessage {
    uint32_t dest;
    bool logical, wide;     /* wide: 32 bits of destination (x2APIC) */
    uint8_t mode, vector;
    bool level;             /* trigger mode */
} ApicMessage;

struct ApicBus {
    SysDevice sys;
    MemoryRegion mmio;
    MemoryRegion moved;         /* one page: where the last CPU has put its registers that did not leave them in mmio */
    LocalApic *apic[APICS_MAX]; /* by CPU index */
    unsigned count;
    int (*pic_ack)(void *pic);
    void *pic;
    void (*eoi)(void *opaque, uint8_t vector);
    void *eoi_opaque;
};

static inline uint64_t apic_base(const LocalApic *a) { return __atomic_load_n(&a->base, __ATOMIC_RELAXED); }
static inline uint64_t apic_address(const LocalApic *a) { return apic_base(a) & 0xffffffffff000ull; }
static inline bool apic_on(const LocalApic *a) { return apic_base(a) & APIC_BASE_ENABLE; }
static inline bool apic_x2(const LocalApic *a) { return (apic_base(a) & APIC_BASE_X2) != 0; }

/* apic.c */
void apic_l_update(LocalApic *a);                                /* drives INTR */
void apic_l_accept(LocalApic *a, uint8_t vector, bool level);    /* a fixed interrupt */
void apic_l_local(LocalApic *a, unsigned lvt);                   /* an interrupt of the local vector table */
void apic_l_error(LocalApic *a, uint32_t bit);
void apic_l_reset(LocalApic *a);                                 /* registers as after INIT; base and id stay */
uint32_t apic_priority(LocalApic *a); /* PPR, UINT32_MAX - 1 where it is off; takes the lock */
uint64_t apic_mmio_read(LocalApic *a, uint64_t offset);
void apic_mmio_write(LocalApic *a, uint64_t offset, uint32_t value);

/* apic-bus.c; no lock held */
void apic_bus_move(ApicBus *bus, uint64_t address);
void apic_send(ApicBus *bus, const ApicMessage *msg);
void apic_send_ipi(LocalApic *from, uint64_t icr, bool wide);

/* apic-timer.c */
void apic_l_timer_arm(LocalApic *a);                             /* after a change of mode, mask, count or deadline */
void apic_l_timer_stop(LocalApic *a);
void apic_l_timer_start(LocalApic *a, uint32_t initial);
void apic_l_timer_mode(LocalApic *a, unsigned old, unsigned new);
uint32_t apic_l_timer_current(LocalApic *a);
void apic_timer_fired(void *opaque);

#endif
