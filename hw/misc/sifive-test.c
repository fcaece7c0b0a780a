/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SiFive test finisher: how firmware ends the machine. One register; the low half of what is written says what
 * happens, the high half is the exit status of a failure.
 */
#include "hw/sysbus.h"
#include "util/log.h"

enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };

typedef struct SifiveTest {
    SysDevice sys;
    MemoryRegion mmio;
} SifiveTest;

static void finisher_write(void *opaque, uint32_t offset, uint64_t value)
{
    Machine *m = ((SifiveTest *)opaque)->sys.dev.machine;
    unsigned code = value >> 16 & 0xffff;
    switch (value & 0xffff) {
    case FINISHER_FAIL: machine_request_shutdown(m, SHUTDOWN_GUEST_PANIC, code); break;
    case FINISHER_PASS: machine_request_shutdown(m, SHUTDOWN_GUEST, 0); break;
    case FINISHER_RESET: machine_request_reset(m, SHUTDOWN_GUEST); break;
    default: log_if(LOG_GUEST_ERROR, "sifive-test: 0x%x is no command\n", (unsigned)value); break;
    }
}

static const RegisterRow rows[] = {{0, 4, REG_RW, "finisher", NULL, finisher_write}, {0}};
static const RegisterBlock test_registers = {
    .name = "riscv.sifive.test", .size = 0x1000, .access_min = 2, .access_max = 4, .rows = rows,
};

static bool test_realize(Object *obj, Error **errp)
{
    SifiveTest *s = (SifiveTest *)obj;
    register_block_init(&s->mmio, s->sys.dev.machine, obj, &test_registers, s);
    sys_add_mmio(&s->sys, &s->mmio);
    return true;
}

static const DeviceClass test_class = {.bus_type = "System", .registers = &test_registers};
static const TypeRecord test_type = {
    .name = "riscv.sifive.test", .parent = TYPE_SYS_DEVICE, .help = "ends or resets the machine",
    .instance_size = sizeof(SifiveTest), .class_kind = TYPE_DEVICE, .class_data = &test_class,
    .realize = test_realize,
};
TYPE_REGISTER(test_type);
