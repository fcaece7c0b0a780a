/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers, clock, keyboard controller and the small devices on a PC's ISA bus.
 */
#include "chardev/chardev.h"
#include "hw/input/i8042.h"
#include "hw/input/ps2.h"
#include "hw/misc/pc-misc.h"
#include "hw/pci/pci.h"
#include "hw/rtc/mc146818.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "pc-bench.h"
#include "util/option.h"

/* --- PIT --- */
static unsigned pit_count(PcBench *b, unsigned n)
{
    outb(b, 0x43, (uint8_t)(n << 6));
    unsigned low = inb(b, (uint16_t)(0x40 + n));
    return low | (unsigned)inb(b, (uint16_t)(0x40 + n)) << 8;
}

static void pit_load(PcBench *b, unsigned n, unsigned mode, unsigned count)
{
    outb(b, 0x43, (uint8_t)(n << 6 | 0x30 | mode << 1));
    outb(b, (uint16_t)(0x40 + n), (uint8_t)count);
    outb(b, (uint16_t)(0x40 + n), (uint8_t)(count >> 8));
}

static uint8_t pit_status(PcBench *b, unsigned n)
{
    outb(b, 0x43, (uint8_t)(0xe0 | 2u << n));
    return inb(b, (uint16_t)(0x40 + n));
}

static void test_pit(PcBench *b, gconstpointer data)
{
    HwLine irq0 = {0};
    DeviceState *pit = pit_create(b->isa, hw_line(&irq0), &error_fatal);
    machine_reset(b->m);
    outb(b, 0x43, 0x30);
    g_assert_cmphex(pit_status(b, 0), ==, 0x70); /* low, nothing loaded, two bytes, mode 0 */
    pit_load(b, 0, 0, 11932);                    /* 10 ms */
    g_assert_cmphex(pit_status(b, 0), ==, 0x30);
    unsigned first = pit_count(b, 0);
    g_assert_cmpuint(first, <=, 11932);
    hw_spin(b->m, 1, NULL);
    g_assert_cmpuint(pit_count(b, 0), <, first);
    g_assert_cmpint(irq0.level, ==, 0);
    hw_spin(b->m, 2000, &irq0.level);
    g_assert_cmpint(irq0.rises, ==, 1);
    g_assert_cmphex(pit_status(b, 0), ==, 0xb0);
    hw_spin(b->m, 30, NULL);
    g_assert_cmpint(irq0.rises, ==, 1);
    pit_load(b, 0, 2, 1193); /* 1 kHz */
    g_assert_cmpint(irq0.level, ==, 0);
    irq0.rises = 0;
    hw_spin(b->m, 100, NULL);
    g_assert_cmpint(irq0.rises, >=, 50);
    g_assert_cmpint(irq0.rises, <=, 1000);
    pit_load(b, 0, 3, 2); /* absurdly fast */
    hw_spin(b->m, 10, NULL);
    pit_load(b, 0, 0, 0);
    outb(b, 0x43, 0x31); /* BCD */
    outb(b, 0x40, 0x99);
    outb(b, 0x40, 0x99);
    unsigned bcd = pit_count(b, 0);
    g_assert_cmpuint(bcd & 15, <=, 9);
    g_assert_cmpuint(bcd >> 12, <=, 9);
    outb(b, 0x43, 0xe2); /* channel 0 only: status latched once */
    g_assert_cmphex(inb(b, 0x40) & 0x3f, ==, 0x31);
    g_assert_false(pit_get_gate(pit, 2));
}

static void test_pit_channel2(PcBench *b, gconstpointer data)
{
    DeviceState *pit = pit_create(b->isa, (Irq){0}, &error_fatal);
    pcspk_create(b->isa, pit, &error_fatal);
    machine_reset(b->m);
    outb(b, 0x61, 0);
    pit_load(b, 2, 0, 1193);
    hw_spin(b->m, 5, NULL);
    g_assert_cmpuint(pit_count(b, 2), ==, 1193); /* the gate is shut */
    g_assert_cmphex(inb(b, 0x61) & 0x2f, ==, 0);
    outb(b, 0x61, 1);
    hw_spin(b->m, 10, NULL);
    g_assert_cmphex(inb(b, 0x61) & 0x2f, ==, 0x21); /* as calibration loops wait for it */
    uint8_t refresh = inb(b, 0x61) & 0x10;
    int64_t end = realtime_ns() + NS_PER_SEC;
    while ((inb(b, 0x61) & 0x10) == refresh && realtime_ns() < end) {
    }
    g_assert_cmphex(inb(b, 0x61) & 0x10, !=, refresh);
    pit_load(b, 2, 1, 1193); /* one shot by the gate */
    g_assert_cmphex(inb(b, 0x61) & 0x20, ==, 0x20);
    outb(b, 0x61, 0);
    outb(b, 0x61, 1);
    g_assert_cmphex(inb(b, 0x61) & 0x20, ==, 0);
    hw_spin(b->m, 10, NULL);
    g_assert_cmphex(inb(b, 0x61) & 0x20, ==, 0x20);
}

/* --- RTC --- */
static uint8_t cmos(PcBench *b, unsigned reg)
{
    outb(b, 0x70, (uint8_t)reg);
    return inb(b, 0x71);
}

static void cmos_write(PcBench *b, unsigned reg, uint8_t v)
{
    outb(b, 0x70, (uint8_t)reg);
    outb(b, 0x71, v);
}

static void test_rtc(PcBench *b, gconstpointer data)
{
    HwLine irq8 = {0};
    DeviceState *rtc = mc146818_create(b->isa, hw_line(&irq8), &error_fatal);
    machine_reset(b->m);
    g_assert_cmphex(cmos(b, 13), ==, 0x80);
    g_assert_cmphex(cmos(b, 10) & 0x7f, ==, 0x26);
    g_assert_cmphex(cmos(b, 11), ==, 2);
    g_assert_cmphex(cmos(b, 0x32), ==, 0x20);
    mc146818_set_cmos(rtc, 0x5b, 0x77);
    machine_reset(b->m);
    g_assert_cmphex(cmos(b, 0x5b), ==, 0x77); /* outlives a reset */
    cmos_write(b, 11, 0x82);
    static const uint8_t time[][2] = {{0, 0x58}, {2, 0x59}, {4, 0x23}, {7, 0x28}, {8, 0x02}, {9, 0x24}, {0x32, 0x20}};
    for (unsigned i = 0; i < G_N_ELEMENTS(time); i++) {
        cmos_write(b, time[i][0], time[i][1]);
    }
    cmos_write(b, 11, 0x02);
    g_assert_cmphex(cmos(b, 4), ==, 0x23);
    g_assert_cmphex(cmos(b, 7), ==, 0x28);
    g_assert_cmphex(cmos(b, 6), ==, 4);     /* a Wednesday */
    cmos_write(b, 11, 0x06);                /* binary */
    g_assert_cmphex(cmos(b, 4), ==, 23);
    cmos_write(b, 11, 0x00);                /* 12 hours */
    g_assert_cmphex(cmos(b, 4), ==, 0x91);
    cmos_write(b, 11, 0x02);
    cmos(b, 12);
    cmos_write(b, 1, 0xc0);                 /* any second, minute, hour */
    cmos_write(b, 3, 0xc0);
    cmos_write(b, 5, 0xc0);
    cmos_write(b, 11, 0x32);                /* alarm and update */
    hw_spin(b->m, 3000, &irq8.level);
    g_assert_cmpint(irq8.level, ==, 1);
    g_assert_cmphex(cmos(b, 12) & 0xb0, ==, 0xb0);
    g_assert_cmpint(irq8.level, ==, 0);
    cmos_write(b, 11, 0x02);
    hw_spin(b->m, 1500, NULL);              /* over midnight */
    g_assert_cmphex(cmos(b, 7), ==, 0x29);  /* a leap year */
    g_assert_cmphex(cmos(b, 12) & 0xb0, ==, 0x30); /* flags without interrupt */
    cmos_write(b, 11, 0x42);
    irq8.rises = 0;
    for (unsigned i = 0; i < 5; i++) { /* 1024 Hz */
        hw_spin(b->m, 2000, &irq8.level);
        g_assert_cmphex(cmos(b, 12) & 0xc0, ==, 0xc0);
    }
    g_assert_cmpint(irq8.rises, ==, 5);
    cmos_write(b, 11, 0x02);
    cmos_write(b, 10, 0x76); /* divider held: the clock stands */
    uint8_t second = cmos(b, 0);
    hw_spin(b->m, 1100, NULL);
    g_assert_cmphex(cmos(b, 0), ==, second);
    for (unsigned i = 0; i < 14; i++) { /* nonsense */
        cmos_write(b, i, 0xff);
        cmos(b, i);
    }
    cmos_write(b, 11, 0x7f);
    cmos_write(b, 10, 0x2f);
    hw_spin(b->m, 5, NULL);
}

/* --- HPET --- */
static void test_hpet(PcBench *b, gconstpointer data)
{
    HwLine gsi[24] = {0}, legacy[2] = {0};
    Irq lines[24];
    for (unsigned i = 0; i < 24; i++) {
        lines[i] = hw_line(&gsi[i]);
    }
    DeviceState *hpet = hpet_create(b->m, HPET_DEFAULT_ADDRESS, lines, 24, 1u << 2 | 1u << 20, hw_line(&legacy[0]),
                                    hw_line(&legacy[1]), &error_fatal);
    machine_reset(b->m);
#define H(off) (HPET_DEFAULT_ADDRESS + (off))
    g_assert_cmphex(hw_read(b->m, H(0), 8), ==, 0x009896808086a201);
    g_assert_cmphex(hw_read(b->m, H(0x100), 8), ==, 0x0010000400000030);
    hw_write(b->m, H(0xf0), 1000, 8);
    g_assert_cmpuint(hw_read(b->m, H(0xf0), 8), ==, 1000);
    hw_write(b->m, H(0x10), 1, 8);
    uint64_t t = hw_read(b->m, H(0xf0), 8);
    g_assert_cmpuint(t, >=, 1000);
    hw_write(b->m, H(0x100), 20 << 9 | 4, 4);           /* one shot, edge, line 20 */
    hw_write(b->m, H(0x108), t + 500000, 8);            /* 5 ms */
    hw_spin(b->m, 2000, &gsi[20].rises);
    g_assert_cmpint(gsi[20].rises, ==, 1);
    g_assert_cmpint(gsi[20].level, ==, 0);
    hw_write(b->m, H(0x120), 2 << 9 | 0x14e, 4); /* periodic, level, 32 bits, line 2 */
    hw_write(b->m, H(0x128), hw_read(b->m, H(0xf0), 4) + 100000, 4);
    hw_write(b->m, H(0x128), 100000, 4);                /* 1 ms */
    for (unsigned i = 0; i < 3; i++) {
        hw_spin(b->m, 2000, &gsi[2].level);
        g_assert_cmphex(hw_read(b->m, H(0x20), 4), ==, 2);
        hw_write(b->m, H(0x20), 2, 4);
        g_assert_cmpint(gsi[2].level, ==, 0);
    }
    hw_write(b->m, H(0x120), 0, 4);
    Irq pit = hpet_legacy_line(hpet, 0);
    irq_set(&pit, 1);
    g_assert_cmpint(legacy[0].level, ==, 1);
    irq_set(&pit, 0);
    hw_write(b->m, H(0x10), 3, 4);                      /* the PIT is cut off */
    irq_set(&pit, 1);
    g_assert_cmpint(legacy[0].level, ==, 0);
    legacy[0].rises = 0;
    hw_write(b->m, H(0x100), 4 | 0x100, 4);             /* 32 bits, by line 0 */
    hw_write(b->m, H(0x108), (uint32_t)hw_read(b->m, H(0xf0), 4) + 100000, 4);
    hw_spin(b->m, 2000, &legacy[0].rises);
    g_assert_cmpint(legacy[0].rises, ==, 1);
    hw_write(b->m, H(0x10), 0, 4);
    g_assert_cmpint(legacy[0].level, ==, 1);            /* the PIT's is back */
    hw_write(b->m, H(0x100), 31 << 9 | 0x4e, 4);        /* a line that is not there */
    hw_write(b->m, H(0x108), 1, 8);
    hw_write(b->m, H(0x10), 1, 4);
    hw_spin(b->m, 10, NULL);
}

/* --- keyboard controller --- */
static uint8_t kbd_byte(PcBench *b)
{
    g_assert_cmphex(inb(b, 0x64) & 0x21, ==, 1);
    return inb(b, 0x60);
}

static uint8_t mouse_byte(PcBench *b)
{
    g_assert_cmphex(inb(b, 0x64) & 0x21, ==, 0x21);
    return inb(b, 0x60);
}

static void key(PcBench *b, const char *name)
{
    g_assert_true(i8042_send_key(b->m, name, true, &error_fatal));
    g_assert_true(i8042_send_key(b->m, name, false, &error_fatal));
}

static void expect(PcBench *b, const char *hex)
{
    for (; *hex; hex += hex[2] ? 3 : 2) {
        g_assert_cmphex(kbd_byte(b), ==, g_ascii_strtoull((char[]){hex[0], hex[1], 0}, NULL, 16));
    }
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 0);
}

static void test_keyboard(PcBench *b, gconstpointer data)
{
    HwLine a20 = {0};
    i8042_create(b->isa, hw_line(&a20), &error_fatal);
    machine_reset(b->m);
    g_assert_cmpint(a20.level, ==, 1);
    outb(b, 0x64, 0xaa);
    expect(b, "55");
    outb(b, 0x64, 0xab);
    expect(b, "00");
    outb(b, 0x60, 0xff);
    g_assert_cmpint(b->lines[1].level, ==, 1);
    expect(b, "fa aa");
    g_assert_cmpint(b->lines[1].level, ==, 0);
    key(b, "a");
    expect(b, "1c f0 1c"); /* set 2 as it is */
    outb(b, 0x64, 0x60);
    outb(b, 0x60, 0x47);   /* translated, interrupts */
    key(b, "a");
    expect(b, "1e 9e");
    key(b, "up");
    expect(b, "e0 48 e0 c8");
    key(b, "f7");
    expect(b, "41 c1");
    key(b, "pause");
    expect(b, "e1 1d 45 e1 9d c5");
    key(b, "print");
    expect(b, "e0 2a e0 37 e0 b7 e0 aa");
    outb(b, 0x60, 0xf2);
    expect(b, "fa ab 41");
    outb(b, 0x60, 0xf0);
    expect(b, "fa");
    outb(b, 0x60, 0);
    expect(b, "fa 41");
    outb(b, 0x60, 0xed);
    outb(b, 0x60, 7);
    expect(b, "fa fa");
    outb(b, 0x60, 0xf0);
    outb(b, 0x60, 3);
    expect(b, "fa fa");
    outb(b, 0x64, 0x60);
    outb(b, 0x60, 0x07); /* not translated */
    key(b, "ctrl_r");
    expect(b, "58 f0 58");
    outb(b, 0x60, 0xf6);
    expect(b, "fa");
    outb(b, 0x64, 0xad); /* the interface off: the keyboard keeps its bytes */
    key(b, "z");
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 0);
    outb(b, 0x64, 0xae);
    expect(b, "1a f0 1a");
    for (unsigned i = 0; i < 100; i++) {
        key(b, "delete"); /* more than it holds: whole keys are lost */
    }
    unsigned n = 0;
    while (inb(b, 0x64) & 1) {
        inb(b, 0x60);
        n++;
    }
    g_assert_cmpuint(n, >, 40);
    outb(b, 0x64, 0xd0);
    expect(b, "cf");
    outb(b, 0x64, 0xd1);
    outb(b, 0x60, 0xcd);
    g_assert_cmpint(a20.level, ==, 0);
    outb(b, 0x64, 0xdf);
    g_assert_cmpint(a20.level, ==, 1);
    Error *err = NULL;
    g_assert_false(i8042_send_key(b->m, "nokey", true, &err));
    g_clear_pointer(&err, error_free);
}

static void mouse_command(PcBench *b, uint8_t byte)
{
    outb(b, 0x64, 0xd4);
    outb(b, 0x60, byte);
    g_assert_cmphex(mouse_byte(b), ==, 0xfa);
}

static void test_mouse(PcBench *b, gconstpointer data)
{
    DeviceState *mouse = i8042_mouse(i8042_create(b->isa, (Irq){0}, &error_fatal));
    machine_reset(b->m);
    outb(b, 0x64, 0xa8);
    mouse_command(b, 0xff);
    g_assert_cmpint(b->lines[12].level, ==, 1);
    g_assert_cmphex(mouse_byte(b), ==, 0xaa);
    g_assert_cmphex(mouse_byte(b), ==, 0);
    ps2_mouse_event(mouse, 5, 5, 0, 0);
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 0); /* not enabled */
    mouse_command(b, 0xf4);
    ps2_mouse_event(mouse, 5, 3, 0, PS2_MOUSE_LEFT);
    g_assert_cmphex(mouse_byte(b), ==, 0x29);
    g_assert_cmphex(mouse_byte(b), ==, 5);
    g_assert_cmphex(mouse_byte(b), ==, 0xfd); /* up is positive */
    static const uint8_t knock[] = {200, 100, 80};
    for (unsigned i = 0; i < 3; i++) {
        mouse_command(b, 0xf3);
        mouse_command(b, knock[i]);
    }
    mouse_command(b, 0xf2);
    g_assert_cmphex(mouse_byte(b), ==, 3);
    ps2_mouse_event(mouse, 0, 0, -1, PS2_MOUSE_LEFT);
    g_assert_cmphex(mouse_byte(b), ==, 9);
    inb(b, 0x60);
    inb(b, 0x60);
    g_assert_cmphex(mouse_byte(b), ==, 0xff);
    for (unsigned i = 0; i < 1000; i++) {
        ps2_mouse_event(mouse, 100, 0, 0, 0);
    }
    unsigned bytes = 0, moved = 0;
    while (inb(b, 0x64) & 1) { /* what found no room is added up */
        uint8_t v = inb(b, 0x60);
        moved += bytes++ % 4 == 1 ? v : 0;
    }
    g_assert_cmpuint(moved, ==, 100000);
    mouse_command(b, 0xe9);
    g_assert_cmphex(mouse_byte(b), ==, 0x20);
    g_assert_cmphex(mouse_byte(b), ==, 2);
    g_assert_cmphex(mouse_byte(b), ==, 80);
    mouse_command(b, 0xee);
    outb(b, 0x64, 0xd4);
    outb(b, 0x60, 0x55);
    g_assert_cmphex(mouse_byte(b), ==, 0x55);
    mouse_command(b, 0xec);
    outb(b, 0x64, 0xd4);
    outb(b, 0x60, 0x01);
    g_assert_cmphex(mouse_byte(b), ==, 0xfe);
}

/* --- small ones --- */
static Chardev *ringbuf(PcBench *b, const char *id)
{
    g_autofree char *text = g_strdup_printf("ringbuf,id=%s", id);
    g_autoptr(OptionSet) opts = option_set_parse(text, "backend", &error_fatal);
    return chardev_create(b->m->root, opts, &error_fatal);
}

static void expect_text(Chardev *chr, const char *text)
{
    size_t len;
    g_autofree uint8_t *got = chardev_ringbuf_read(chr, 100, &len);
    g_assert_cmpstr((char *)got, ==, text);
}

static void test_character_devices(PcBench *b, gconstpointer data)
{
    Chardev *c[4];
    for (unsigned i = 0; i < 4; i++) {
        char id[4] = {'c', (char)('0' + i), 0};
        c[i] = ringbuf(b, id);
    }
    g_assert_nonnull(isa_create(b->isa, TYPE_ISA_SERIAL, &error_fatal, "chardev", "c0", NULL));
    g_assert_nonnull(isa_create(b->isa, TYPE_ISA_SERIAL, &error_fatal, "chardev", "c1", NULL));
    outb(b, 0x3f8, '1');
    outb(b, 0x2f8, '2');
    expect_text(c[0], "1");
    expect_text(c[1], "2");
    outb(b, 0x3f9, 2);
    g_assert_cmpint(b->lines[4].level, ==, 1);
    g_assert_nonnull(isa_create(b->isa, TYPE_ISA_SERIAL, &error_fatal, "index", "3", NULL));
    g_assert_cmphex(inb(b, 0x2ed), ==, 0x60);
    Error *err = NULL;
    g_assert_null(isa_create(b->isa, TYPE_ISA_SERIAL, &err, "irq", "16", NULL));
    g_clear_pointer(&err, error_free);
    g_assert_null(isa_create(b->isa, TYPE_ISA_SERIAL, &err, "chardev", "nope", NULL));
    g_clear_pointer(&err, error_free);
    isa_create(b->isa, TYPE_ISA_DEBUGCON, &error_fatal, "iobase", "0x402", "chardev", "c2", NULL);
    g_assert_cmphex(inb(b, 0x402), ==, 0xe9);
    outb(b, 0x402, 'd');
    expect_text(c[2], "d");
    isa_create(b->isa, TYPE_ISA_PARALLEL, &error_fatal, "chardev", "c3", NULL);
    outb(b, 0x37a, 0x1c);
    outb(b, 0x378, 'p');
    g_assert_cmphex(inb(b, 0x379), ==, 0xd8);
    outb(b, 0x37a, 0x1d);
    outb(b, 0x37a, 0x1c);
    expect_text(c[3], "p");
    g_assert_cmpint(b->lines[7].rises, ==, 1);
}

static void test_small(PcBench *b, gconstpointer data)
{
    HwLine a20 = {0};
    A20Gate gate = {.out = hw_line(&a20)};
    port92_create(b->isa, a20_gate_line(&gate, 1), &error_fatal);
    outb(b, 0x92, 2);
    g_assert_cmpint(a20.level, ==, 1);
    outb(b, 0x92, 0);
    g_assert_cmpint(a20.level, ==, 0);
    isa_create(b->isa, TYPE_PVPANIC, &error_fatal, NULL);
    g_assert_cmphex(inb(b, 0x505), ==, 3);
    isa_create(b->isa, TYPE_PC_TESTDEV, &error_fatal, NULL);
    outl(b, 0xe0, 0x12345678);
    g_assert_cmphex(inb(b, 0xe2), ==, 0x34);
    outb(b, 0x2000 + 14, 1);
    g_assert_cmpint(b->lines[14].level, ==, 1);
    hw_write(b->m, 0xff000008, 0x1122334455667788, 8);
    g_assert_cmphex(hw_read(b->m, 0xff00000a, 2), ==, 0x5566);
    isa_create(b->isa, TYPE_ISA_DEBUG_EXIT, &error_fatal, "iobase", "0xf4", "iosize", "4", NULL);
    outl(b, 0xf4, 0x10);
    g_assert_true(machine_handle_requests(b->m));
    g_assert_cmpint(b->m->exit_status, ==, 0x21);
}

/* --- edu, on a PCI bus --- */
enum { ECAM = 0x30000000, BAR = 0x40000000 };

static void test_edu(PcBench *b, gconstpointer data)
{
    HwLine pins[4] = {0};
    Irq lines[4];
    for (unsigned i = 0; i < 4; i++) {
        lines[i] = hw_line(&pins[i]);
    }
    const GpexWindows windows = {
        .ecam = ECAM, .mmio = BAR, .mmio_size = 0x10000000, .pio = 0x3000000, .pio_size = 0x10000,
    };
    PciBus *bus = gpex_create(b->m, &windows, lines, &error_fatal);
    g_assert_nonnull(pci_create(bus, "edu", PCI_DEVFN(4, 0), &error_fatal));
    machine_reset(b->m);
    uint64_t config = ECAM + (4 << 15);
    g_assert_cmphex(hw_read(b->m, config, 4), ==, 0x11e81234);
    hw_write(b->m, config + PCI_BAR0, 0xffffffff, 4);
    g_assert_cmphex(hw_read(b->m, config + PCI_BAR0, 4), ==, 0xfff00000);
    hw_write(b->m, config + PCI_BAR0, BAR, 4);
    hw_write(b->m, config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    g_assert_cmphex(hw_read(b->m, BAR, 4), ==, 0x010000ed);
    hw_write(b->m, BAR + 4, 0x12345678, 4);
    g_assert_cmphex(hw_read(b->m, BAR + 4, 4), ==, 0xedcba987);
    hw_write(b->m, BAR + 0x20, 0x80, 4);
    hw_write(b->m, BAR + 8, 5, 4);
    g_assert_cmphex(hw_read(b->m, BAR + 0x20, 4), ==, 0x81);
    hw_spin(b->m, 2000, &pins[0].level); /* INTA of slot 4 */
    g_assert_cmpuint(hw_read(b->m, BAR + 8, 4), ==, 120);
    g_assert_cmphex(hw_read(b->m, BAR + 0x24, 4), ==, 1);
    hw_write(b->m, BAR + 0x64, 1, 4);
    g_assert_cmpint(pins[0].level, ==, 0);
    hw_write(b->m, BAR + 8, UINT32_MAX, 4); /* a long one */
    hw_spin(b->m, 2000, &pins[0].level);
    g_assert_cmpuint(hw_read(b->m, BAR + 8, 4), ==, 0);
    hw_write(b->m, BAR + 0x64, 1, 4);
    hw_write(b->m, BAR + 0x98, 5, 4);       /* DMA that misses the buffer */
    hw_spin(b->m, 3000, &pins[0].level);
    g_assert_cmphex(hw_read(b->m, BAR + 0x24, 4), ==, 0x100);
    hw_write(b->m, BAR + 0x64, 0x100, 4);
    hw_write(b->m, BAR + 0x60, 0xf0, 4);
    g_assert_cmpint(pins[0].level, ==, 1);
    hw_write(b->m, BAR + 0x64, 0xff, 4);
    g_assert_cmpint(pins[0].level, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    PC_TEST("/pc/pit", test_pit);
    PC_TEST("/pc/pit-channel-2", test_pit_channel2);
    PC_TEST("/pc/rtc", test_rtc);
    PC_TEST("/pc/hpet", test_hpet);
    PC_TEST("/pc/keyboard", test_keyboard);
    PC_TEST("/pc/mouse", test_mouse);
    PC_TEST("/pc/character-devices", test_character_devices);
    PC_TEST("/pc/small", test_small);
    PC_TEST("/pc/edu", test_edu);
    return g_test_run();
}
