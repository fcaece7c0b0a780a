/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt controllers of a PC: the 8259 pair by its data sheet, I/O APIC and local APICs by theirs: edges and
 * levels, priorities, all forms of EOI, destinations, the timer, x2APIC.
 */
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "pc-bench.h"

enum { CPUS = 3, X2_BASE = 0x400 };
enum {
    ID = 2, VERSION = 3, TPR = 8, PPR = 10, EOI = 11, LDR = 13, DFR = 14, SVR = 15, TMR = 24, IRR = 32, ESR = 40, ICR = 48,
    ICR_HIGH = 49, LVT_TIMER = 0x32, LVT_LINT0 = 0x35, LVT_LINT1 = 0x36, LVT_ERROR = 0x37, INITIAL = 0x38, CURRENT = 0x39,
    DIVIDE = 0x3e, SELF = 0x3f,
};

/* --- 8259 --- */
static void pic_init(PcBench *b, uint8_t icw4)
{
    const uint8_t icw[2][4] = {{0x11, 0x20, 4, icw4}, {0x11, 0x28, 2, icw4 & ~0x10}};
    for (unsigned i = 0; i < 2; i++) {
        uint16_t port = i ? 0xa0 : 0x20;
        outb(b, port, icw[i][0]);
        for (unsigned k = 1; k < 4; k++) {
            outb(b, port + 1, icw[i][k]);
        }
    }
}

static DeviceState *pic_new(PcBench *b, HwLine *intr)
{
    DeviceState *pic = i8259_create(b->isa, hw_line(intr), &error_fatal);
    pic_init(b, 1);
    return pic;
}

static void drive(DeviceState *pic, unsigned n, int level)
{
    Irq irq = i8259_line(pic, n);
    irq_set(&irq, level);
}

static void test_pic_edges(PcBench *b, gconstpointer data)
{
    HwLine intr = {0};
    DeviceState *pic = pic_new(b, &intr);
    drive(pic, 4, 1);
    g_assert_cmpint(intr.level, ==, 1);
    drive(pic, 3, 1);
    g_assert_cmphex(inb(b, 0x20), ==, 0x18); /* IRR */
    g_assert_cmphex(i8259_ack(pic), ==, 0x23); /* the lower number first */
    g_assert_cmpint(intr.level, ==, 0);       /* 4 is below 3 in service */
    outb(b, 0x20, 0x0b);
    g_assert_cmphex(inb(b, 0x20), ==, 8);     /* ISR */
    outb(b, 0x20, 0x20);
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmphex(i8259_ack(pic), ==, 0x24);
    drive(pic, 1, 1);
    g_assert_cmpint(intr.level, ==, 1);       /* 1 is above 4 */
    g_assert_cmphex(i8259_ack(pic), ==, 0x21);
    g_assert_cmphex(inb(b, 0x20), ==, 0x12);
    outb(b, 0x20, 0x64);                      /* specific EOI */
    g_assert_cmphex(inb(b, 0x20), ==, 2);
    outb(b, 0x20, 0x20);
    g_assert_cmpint(intr.level, ==, 0);       /* no level is an edge again */
    drive(pic, 1, 0);
    drive(pic, 1, 1);
    g_assert_cmpint(intr.level, ==, 1);
    outb(b, 0x21, 2);                         /* masked, but not forgotten */
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmphex(i8259_ack(pic), ==, 0x27);/* spurious */
    g_assert_cmphex(inb(b, 0x20), ==, 0);
    outb(b, 0x21, 0);
    g_assert_cmphex(i8259_ack(pic), ==, 0x21);
}

static void test_pic_cascade(PcBench *b, gconstpointer data)
{
    HwLine intr = {0};
    DeviceState *pic = pic_new(b, &intr);
    drive(pic, 12, 1);
    drive(pic, 8, 1);
    g_assert_cmphex(i8259_ack(pic), ==, 0x28);
    g_assert_cmpint(intr.level, ==, 0);
    outb(b, 0xa0, 0x20);
    g_assert_cmpint(intr.level, ==, 0); /* line 2 is in service in the first still */
    outb(b, 0x20, 0x20);
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmphex(i8259_ack(pic), ==, 0x2c);
    outb(b, 0xa0, 0x20);
    outb(b, 0x20, 0x62);
    drive(pic, 14, 1);
    outb(b, 0xa1, 0x40); /* masked after it has asked */
    g_assert_cmpint(intr.level, ==, 1); /* the first chip has seen the edge */
    g_assert_cmphex(i8259_ack(pic), ==, 0x2f);
    outb(b, 0x20, 0x20);
    g_assert_cmpint(intr.level, ==, 0);
}

static void test_pic_level(PcBench *b, gconstpointer data)
{
    HwLine intr = {0};
    DeviceState *pic = pic_new(b, &intr);
    outb(b, 0x4d0, 0xff);
    outb(b, 0x4d1, 0xff);
    g_assert_cmphex(inb(b, 0x4d0), ==, 0xf8);
    g_assert_cmphex(inb(b, 0x4d1), ==, 0xde);
    drive(pic, 5, 1);
    g_assert_cmphex(i8259_ack(pic), ==, 0x25);
    outb(b, 0x20, 0x20);
    g_assert_cmpint(intr.level, ==, 1); /* still high */
    g_assert_cmphex(i8259_ack(pic), ==, 0x25);
    drive(pic, 5, 0);
    outb(b, 0x20, 0x20);
    g_assert_cmpint(intr.level, ==, 0);
    drive(pic, 5, 1);
    drive(pic, 5, 0);
    g_assert_cmpint(intr.level, ==, 0); /* a level is not remembered */
}

static void test_pic_modes(PcBench *b, gconstpointer data)
{
    HwLine intr = {0};
    DeviceState *pic = pic_new(b, &intr);
    drive(pic, 0, 1);
    outb(b, 0x20, 0x0c); /* poll */
    g_assert_cmphex(inb(b, 0x20), ==, 0x80);
    outb(b, 0x20, 0x0c);
    g_assert_cmphex(inb(b, 0x20), ==, 0);
    outb(b, 0x21, 1);
    outb(b, 0x20, 0x68); /* special mask: a masked line in service holds nobody back */
    drive(pic, 6, 1);
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmphex(i8259_ack(pic), ==, 0x26);
    outb(b, 0x20, 0x20); /* ends 6, not the masked 0 */
    outb(b, 0x20, 0x0b);
    g_assert_cmphex(inb(b, 0x20), ==, 1);
    outb(b, 0x20, 0x60);
    outb(b, 0x20, 0x48);
    outb(b, 0x21, 0);
    outb(b, 0x20, 0xc5); /* 5 is the lowest, 6 the highest */
    for (unsigned i = 3; i < 8; i++) {
        drive(pic, i, 0);
        drive(pic, i, 1);
    }
    g_assert_cmphex(i8259_ack(pic), ==, 0x26);
    outb(b, 0x20, 0xa0); /* rotate on EOI: 7 is next */
    g_assert_cmphex(i8259_ack(pic), ==, 0x27);
    outb(b, 0x20, 0xa0);
    g_assert_cmphex(i8259_ack(pic), ==, 0x23);
    pic_init(b, 3); /* automatic EOI */
    drive(pic, 1, 1);
    g_assert_cmphex(i8259_ack(pic), ==, 0x21);
    outb(b, 0x20, 0x0b);
    g_assert_cmphex(inb(b, 0x20), ==, 0);
}

/* --- APICs --- */
typedef struct Cpu {
    CpuState state;
    LocalApic *apic;
    HwLine intr, nmi, smi, init;
    int sipi;
} Cpu;

typedef struct Irqs {
    PcBench b;
    DeviceState *apics, *ioapic, *pic;
    Cpu cpu[CPUS];
} Irqs;

static void got_sipi(void *opaque, uint8_t vector) { ((Cpu *)opaque)->sipi = vector; }
static uint64_t tsc(void *opaque) { return (uint64_t)virtual_clock_ns(((Cpu *)opaque)->state.machine->clock); }

static void irqs_init(Irqs *f, gconstpointer data)
{
    pc_bench_init(&f->b);
    f->apics = apics_create(f->b.m, &error_fatal);
    f->ioapic = ioapic_create(f->b.m, IOAPIC_DEFAULT_ADDRESS, apic_deliver_msi, f->apics, &error_fatal);
    apics_add_eoi(f->apics, ioapic_eoi, f->ioapic);
    f->pic = i8259_create(f->b.isa, apic_pic_line(f->apics), &error_fatal);
    apics_set_pic(f->apics, i8259_ack, f->pic);
    for (unsigned i = 0; i < CPUS; i++) {
        Cpu *c = &f->cpu[i];
        c->state.index = i;
        c->state.machine = f->b.m;
        c->apic = apic_create(f->apics, i, &(ApicPins){
            .intr = hw_line(&c->intr), .nmi = hw_line(&c->nmi), .smi = hw_line(&c->smi), .init = hw_line(&c->init),
            .sipi = got_sipi, .tsc = tsc, .opaque = c, .tsc_hz = NS_PER_SEC, .x2apic = true, .tsc_deadline = true},
            &error_fatal);
    }
    machine_reset(f->b.m);
}

static void irqs_free(Irqs *f, gconstpointer data)
{
    current_cpu = NULL;
    pc_bench_free(&f->b);
}

static uint32_t rd(Irqs *f, unsigned cpu, unsigned reg)
{
    current_cpu = &f->cpu[cpu].state;
    return (uint32_t)hw_read(f->b.m, APIC_DEFAULT_ADDRESS + reg * 16, 4);
}

static void wr(Irqs *f, unsigned cpu, unsigned reg, uint32_t v)
{
    current_cpu = &f->cpu[cpu].state;
    hw_write(f->b.m, APIC_DEFAULT_ADDRESS + reg * 16, v, 4);
}

static void enable(Irqs *f)
{
    for (unsigned i = 0; i < CPUS; i++) {
        wr(f, i, SVR, 0x1ff);
        wr(f, i, DFR, UINT32_MAX);
        wr(f, i, LDR, 1u << (24 + i));
    }
}

static unsigned bit(Irqs *f, unsigned cpu, unsigned set, unsigned vector)
{
    return rd(f, cpu, set + vector / 32) >> vector % 32 & 1;
}

static void test_apic_registers(Irqs *f, gconstpointer data)
{
    g_assert_cmphex(rd(f, 1, ID), ==, 1 << 24);
    g_assert_cmphex(rd(f, 0, VERSION), ==, 0x50014);
    g_assert_cmphex(rd(f, 0, SVR), ==, 0xff);
    g_assert_cmphex(rd(f, 1, LVT_LINT0), ==, 0x10000);
    wr(f, 1, LVT_LINT1, 0x400);
    g_assert_cmphex(rd(f, 1, LVT_LINT1), ==, 0x10400); /* off: stays masked */
    enable(f);
    wr(f, 1, LVT_LINT1, 0x400);
    g_assert_cmphex(rd(f, 1, LVT_LINT1), ==, 0x400);
    wr(f, 1, LVT_ERROR, 0x33);
    rd(f, 1, 0x3f);      /* not there */
    wr(f, 1, ESR, 0);
    g_assert_cmphex(rd(f, 1, ESR), ==, 0x80);
    g_assert_cmpuint(bit(f, 1, IRR, 0x33), ==, 1);
    g_assert_cmphex(hw_read(f->b.m, APIC_DEFAULT_ADDRESS + VERSION * 16 + 2, 1), ==, 5);
    hw_write(f->b.m, APIC_DEFAULT_ADDRESS + TPR * 16, 0x50, 1); /* too narrow */
    g_assert_cmphex(rd(f, 1, TPR), ==, 0);
    wr(f, 1, SVR, 0xff);
    g_assert_cmphex(rd(f, 1, LVT_LINT1), ==, 0x10400);
    wr(f, 1, SVR, 0x1ff);
    g_assert_cmphex(rd(f, 1, LVT_LINT1), ==, 0x10400);
    current_cpu = &f->cpu[1].state;
    g_assert_true(apic_set_base(f->cpu[1].apic, APIC_DEFAULT_ADDRESS));
    g_assert_cmphex(rd(f, 1, VERSION), ==, UINT32_MAX);
    g_assert_false(apic_set_base(f->cpu[1].apic, APIC_DEFAULT_ADDRESS | 0xc00)); /* x2APIC from nothing */
    g_assert_true(apic_set_base(f->cpu[1].apic, 0xfed40000 | 0x800)); /* moved */
    g_assert_cmphex(hw_read(f->b.m, 0xfed40000 + VERSION * 16, 4), ==, 0x50014);
    g_assert_cmphex(rd(f, 1, VERSION), ==, UINT32_MAX);
    g_assert_cmphex(rd(f, 0, VERSION), ==, 0x50014);
    g_assert_cmphex(hw_read(f->b.m, 0xfed40000 + VERSION * 16, 4), ==, UINT32_MAX); /* another CPU's */
    g_assert_true(apic_set_base(f->cpu[1].apic, APIC_DEFAULT_ADDRESS | 0x800));
    g_assert_cmphex(rd(f, 1, SVR), ==, 0xff);
}

static void test_apic_priorities(Irqs *f, gconstpointer data)
{
    LocalApic *a = f->cpu[0].apic;
    enable(f);
    wr(f, 0, ICR, 0x40000 | 0x51); /* to itself */
    g_assert_cmpint(f->cpu[0].intr.level, ==, 1);
    wr(f, 0, ICR, 0x40000 | 0x71);
    g_assert_cmphex(apic_ack(a), ==, 0x71);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    g_assert_cmphex(rd(f, 0, PPR), ==, 0x70);
    wr(f, 0, ICR, 0x40000 | 0x7f); /* same class: waits */
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    g_assert_cmphex(apic_ack(a), ==, -1);
    wr(f, 0, EOI, 0);
    g_assert_cmphex(apic_ack(a), ==, 0x7f);
    wr(f, 0, EOI, 0);
    apic_set_cr8(a, 5);
    g_assert_cmphex(rd(f, 0, TPR), ==, 0x50);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    apic_set_cr8(a, 4);
    g_assert_cmpint(apic_get_cr8(a), ==, 4);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 1);
    g_assert_cmphex(apic_ack(a), ==, 0x51);
    wr(f, 0, EOI, 0);
    wr(f, 0, EOI, 0); /* one too many */
    g_assert_cmphex(rd(f, 0, PPR), ==, 0x40);
    wr(f, 0, ICR, 0x40000 | 5);
    wr(f, 0, ESR, 0);
    g_assert_cmphex(rd(f, 0, ESR), ==, 0x20);
}

static void send(Irqs *f, unsigned from, uint32_t dest, uint32_t low)
{
    wr(f, from, ICR_HIGH, dest << 24);
    wr(f, from, ICR, low);
}

static unsigned got(Irqs *f, unsigned vector)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < CPUS; i++) {
        mask |= bit(f, i, IRR, vector) << i;
    }
    return mask;
}

static void test_apic_destinations(Irqs *f, gconstpointer data)
{
    enable(f);
    send(f, 0, 2, 0x41);
    g_assert_cmphex(got(f, 0x41), ==, 4);
    send(f, 0, 0xff, 0x42);
    g_assert_cmphex(got(f, 0x42), ==, 7);
    send(f, 0, 5, 0x843); /* logical flat: CPUs 0 and 2 */
    g_assert_cmphex(got(f, 0x43), ==, 5);
    send(f, 1, 0, 0x80044);
    g_assert_cmphex(got(f, 0x44), ==, 7);
    send(f, 1, 0, 0xc0045);
    g_assert_cmphex(got(f, 0x45), ==, 5);
    send(f, 1, 0, 0x40046);
    g_assert_cmphex(got(f, 0x46), ==, 2);
    wr(f, 0, TPR, 0x80);
    wr(f, 2, TPR, 0x90);
    send(f, 1, 7, 0x947); /* lowest priority */
    g_assert_cmphex(got(f, 0x47), ==, 2);
    for (unsigned i = 0; i < CPUS; i++) { /* clusters */
        wr(f, i, DFR, 0x0fffffff);
        wr(f, i, LDR, (i == 2 ? 0x12u : 0x01u << i) << 24);
    }
    send(f, 1, 0x03, 0x848);
    g_assert_cmphex(got(f, 0x48), ==, 3);
    send(f, 1, 0x12, 0x849);
    g_assert_cmphex(got(f, 0x49), ==, 4);
    send(f, 0, 1, 0x400);
    g_assert_cmpint(f->cpu[1].nmi.rises, ==, 1);
    send(f, 0, 1, 0x200);
    g_assert_cmpint(f->cpu[1].smi.rises, ==, 1);
}

static void test_apic_start_up(Irqs *f, gconstpointer data)
{
    enable(f);
    send(f, 0, 0, 0xc4500); /* INIT to all others */
    g_assert_cmpint(f->cpu[0].init.rises + f->cpu[1].init.rises * 2 + f->cpu[2].init.rises * 4, ==, 6);
    g_assert_cmphex(rd(f, 1, SVR), ==, 0xff);
    send(f, 0, 0, 0x88500); /* de-assert */
    g_assert_cmpint(f->cpu[0].init.rises, ==, 0);
    send(f, 0, 0, 0xc4699);
    g_assert_cmphex(f->cpu[1].sipi, ==, 0x99);
    g_assert_cmphex(f->cpu[0].sipi, ==, 0);
}

static void test_apic_extint(Irqs *f, gconstpointer data)
{
    pic_init(&f->b, 1);
    drive(f->pic, 4, 1); /* virtual wire: LINT0 of the first CPU is open after reset */
    g_assert_cmpint(f->cpu[0].intr.level, ==, 1);
    g_assert_cmpint(f->cpu[1].intr.level, ==, 0);
    g_assert_cmphex(apic_ack(f->cpu[0].apic), ==, 0x24);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    outb(&f->b, 0x20, 0x20);
    enable(f);
    wr(f, 0, LVT_LINT0, 0x10700);
    drive(f->pic, 1, 1);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    wr(f, 0, LVT_LINT0, 0x700);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 1);
    wr(f, 0, ICR, 0x40000 | 0x33);
    g_assert_cmphex(apic_ack(f->cpu[0].apic), ==, 0x33); /* its own first */
    g_assert_cmphex(apic_ack(f->cpu[0].apic), ==, 0x21);
    outb(&f->b, 0x20, 0x20);
    wr(f, 0, LVT_LINT0, 0x431); /* NMI, then fixed */
    drive(f->pic, 3, 1);
    g_assert_cmpint(f->cpu[0].nmi.rises, ==, 1);
    Irq nmi = apic_nmi_line(f->apics);
    wr(f, 2, LVT_LINT1, 0x400);
    irq_set(&nmi, 1);
    g_assert_cmpint(f->cpu[2].nmi.rises, ==, 1);
}

static void test_apic_timer(Irqs *f, gconstpointer data)
{
    enable(f);
    wr(f, 0, DIVIDE, 0xb);
    g_assert_cmphex(rd(f, 0, CURRENT), ==, 0);
    wr(f, 0, LVT_TIMER, 0x40);
    wr(f, 0, INITIAL, 5000000);
    uint32_t now = rd(f, 0, CURRENT);
    g_assert_cmpuint(now, <=, 5000000);
    g_assert_cmpuint(now, >, 0);
    hw_spin(f->b.m, 2000, &f->cpu[0].intr.level);
    g_assert_cmphex(apic_ack(f->cpu[0].apic), ==, 0x40);
    wr(f, 0, EOI, 0);
    g_assert_cmpuint(rd(f, 0, CURRENT), ==, 0);
    hw_spin(f->b.m, 10, NULL);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    wr(f, 0, LVT_TIMER, 0x20041); /* periodic */
    wr(f, 0, DIVIDE, 0);          /* by 2 */
    wr(f, 0, INITIAL, 1000000);
    for (unsigned i = 0; i < 3; i++) {
        hw_spin(f->b.m, 2000, &f->cpu[0].intr.level);
        g_assert_cmphex(apic_ack(f->cpu[0].apic), ==, 0x41);
        wr(f, 0, EOI, 0);
    }
    wr(f, 0, LVT_TIMER, 0x30041);
    hw_spin(f->b.m, 10, NULL);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    wr(f, 0, LVT_TIMER, 0x20041);
    wr(f, 0, INITIAL, 1); /* absurdly fast: the main loop lives */
    hw_spin(f->b.m, 20, NULL);
    wr(f, 0, INITIAL, 0);
    apic_ack(f->cpu[0].apic);
    wr(f, 0, EOI, 0);
    wr(f, 0, LVT_TIMER, 0x40042); /* TSC deadline */
    LocalApic *a = f->cpu[0].apic;
    uint64_t v;
    g_assert_true(apic_write_msr(a, APIC_TSC_DEADLINE, tsc(&f->cpu[0]) + 3000000));
    g_assert_true(apic_read_msr(a, APIC_TSC_DEADLINE, &v));
    g_assert_cmpuint(v, !=, 0);
    hw_spin(f->b.m, 2000, &f->cpu[0].intr.level);
    g_assert_cmphex(apic_ack(a), ==, 0x42);
    wr(f, 0, EOI, 0);
    apic_read_msr(a, APIC_TSC_DEADLINE, &v);
    g_assert_cmpuint(v, ==, 0);
    apic_write_msr(a, APIC_TSC_DEADLINE, 1); /* long past: at once */
    g_assert_cmphex(apic_ack(a), ==, 0x42);
    apic_write_msr(a, APIC_TSC_DEADLINE, UINT64_MAX);
    apic_write_msr(a, APIC_TSC_DEADLINE, 0);
}

static void test_x2apic(Irqs *f, gconstpointer data)
{
    uint64_t v;
    LocalApic *a = f->cpu[2].apic;
    g_assert_false(apic_read_msr(a, ID, &v));
    g_assert_true(apic_set_base(a, apic_get_base(a) | X2_BASE));
    g_assert_true(apic_read_msr(a, ID, &v));
    g_assert_cmphex(v, ==, 2);
    g_assert_cmphex(rd(f, 2, ID), ==, UINT32_MAX);
    apic_read_msr(a, LDR, &v);
    g_assert_cmphex(v, ==, 4);
    g_assert_false(apic_write_msr(a, LDR, 1));
    g_assert_false(apic_write_msr(a, DFR, 0));
    g_assert_false(apic_write_msr(a, EOI, 1));
    g_assert_false(apic_write_msr(a, TPR, 0x100));
    g_assert_false(apic_read_msr(a, ICR_HIGH, &v));
    g_assert_true(apic_write_msr(a, SVR, 0x1ff));
    wr(f, 0, SVR, 0x1ff);
    g_assert_true(apic_write_msr(a, ICR, 0x45));
    g_assert_cmpuint(bit(f, 0, IRR, 0x45), ==, 1);
    g_assert_true(apic_write_msr(a, SELF, 0x46));
    g_assert_cmphex(apic_ack(a), ==, 0x46);
    g_assert_true(apic_write_msr(a, EOI, 0));
    apic_deliver_msi(f->apics, 0xfee02000, 0x47);
    g_assert_cmphex(apic_ack(a), ==, 0x47);
    apic_deliver_msi(f->apics, 0xfee04004, 0x57); /* logical, cluster 0 */
    g_assert_cmphex(apic_ack(a), ==, 0x57);
    g_assert_false(apic_set_base(a, APIC_DEFAULT_ADDRESS | 0x800));
    g_assert_true(apic_set_base(a, APIC_DEFAULT_ADDRESS));
    g_assert_false(apic_set_base(a, 1));
}

static void io_wr(Irqs *f, unsigned reg, uint32_t v)
{
    hw_write(f->b.m, IOAPIC_DEFAULT_ADDRESS, reg, 4);
    hw_write(f->b.m, IOAPIC_DEFAULT_ADDRESS + 0x10, v, 4);
}

static uint32_t io_rd(Irqs *f, unsigned reg)
{
    hw_write(f->b.m, IOAPIC_DEFAULT_ADDRESS, reg, 4);
    return (uint32_t)hw_read(f->b.m, IOAPIC_DEFAULT_ADDRESS + 0x10, 4);
}

static void io_line(Irqs *f, unsigned n, int level)
{
    Irq irq = ioapic_line(f->ioapic, n);
    irq_set(&irq, level);
}

static void test_ioapic(Irqs *f, gconstpointer data)
{
    LocalApic *a = f->cpu[1].apic;
    enable(f);
    g_assert_cmphex(io_rd(f, 1), ==, 0x170020);
    g_assert_cmphex(io_rd(f, 0x10), ==, 0x10000);
    io_wr(f, 0x10 + 5 * 2 + 1, 1 << 24);
    io_line(f, 5, 1); /* masked: an edge is lost */
    io_line(f, 5, 0);
    io_wr(f, 0x10 + 5 * 2, 0x61);
    g_assert_cmpint(f->cpu[1].intr.level, ==, 0);
    io_line(f, 5, 1);
    g_assert_cmphex(apic_ack(a), ==, 0x61);
    wr(f, 1, EOI, 0);
    g_assert_cmpint(f->cpu[1].intr.level, ==, 0);
    io_wr(f, 0x10 + 9 * 2 + 1, 1 << 24);
    io_wr(f, 0x10 + 9 * 2, 0x8071);
    io_line(f, 9, 1);
    g_assert_cmphex(io_rd(f, 0x10 + 9 * 2), ==, 0xc071); /* remote IRR */
    g_assert_cmphex(apic_ack(a), ==, 0x71);
    g_assert_cmpuint(bit(f, 1, TMR, 0x71), ==, 1);
    wr(f, 1, EOI, 0);
    g_assert_cmphex(apic_ack(a), ==, 0x71); /* still high */
    io_line(f, 9, 0);
    wr(f, 1, EOI, 0);
    g_assert_cmpint(f->cpu[1].intr.level, ==, 0);
    g_assert_cmphex(io_rd(f, 0x10 + 9 * 2), ==, 0x8071);
    io_wr(f, 0x10 + 2, 0x700); /* line 1: ExtINT to CPU 0 */
    pic_init(&f->b, 1);
    outb(&f->b, 0x21, 0xff);
    io_line(f, 1, 1);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 1);
    g_assert_cmphex(apic_ack(f->cpu[0].apic), ==, 0x27);
    g_assert_cmpint(f->cpu[0].intr.level, ==, 0);
    io_wr(f, 0x10 + 9 * 2, 0x8171); /* lowest priority, EOI by its own register */
    io_line(f, 9, 1);
    hw_write(f->b.m, IOAPIC_DEFAULT_ADDRESS + 0x40, 0x71, 4);
    g_assert_cmphex(io_rd(f, 0x10 + 9 * 2), ==, 0xc171);
    io_wr(f, 0xff, 1);
    g_assert_cmphex(io_rd(f, 0xff), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    PC_TEST("/pic/edges", test_pic_edges);
    PC_TEST("/pic/cascade", test_pic_cascade);
    PC_TEST("/pic/level", test_pic_level);
    PC_TEST("/pic/modes", test_pic_modes);
#define APIC_TEST(name) g_test_add("/apic/" #name, Irqs, NULL, irqs_init, test_##name, irqs_free)
    APIC_TEST(apic_registers);
    APIC_TEST(apic_priorities);
    APIC_TEST(apic_destinations);
    APIC_TEST(apic_start_up);
    APIC_TEST(apic_extint);
    APIC_TEST(apic_timer);
    APIC_TEST(x2apic);
    APIC_TEST(ioapic);
    return g_test_run();
}
