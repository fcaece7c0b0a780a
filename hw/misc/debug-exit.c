/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-debug-exit: writing v ends the process with status (v << 1) | 1, which is how test programs tell their result.
 * Reads give 0. Guarded by the machine lock.
 */
#include "hw/isa.h"
#include "hw/misc/pc-misc.h"

typedef struct DebugExit {
    IsaDevice isa;
    MemoryRegion io;
    uint32_t iobase, iosize;
} DebugExit;

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size) { return 0; }

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    DebugExit *s = opaque;
    machine_request_shutdown(s->isa.dev.machine, SHUTDOWN_GUEST, (int)((uint32_t)value << 1 | 1));
    if (current_cpu) { /* and nothing behind it is executed */
        __atomic_store_n(&current_cpu->stop_request, true, __ATOMIC_SEQ_CST);
        cpu_kick(current_cpu);
    }
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, .access_max = 4, .allow_unaligned = true};

static bool exit_realize(Object *obj, Error **errp)
{
    DebugExit *s = (DebugExit *)obj;
    isa_add_ports(&s->isa, &s->io, &port_ops, s, TYPE_ISA_DEBUG_EXIT, (uint16_t)s->iobase, s->iosize);
    return true;
}

static const Field exit_fields[] = {
    FIELD(DebugExit, iobase, FIELD_U32, "iobase", FIELD_PROP, .def = 0x501, .min = 0, .max = 0xffff,
          .help = "first port"),
    FIELD(DebugExit, iosize, FIELD_U32, "iosize", FIELD_PROP, .def = 2, .min = 1, .max = 16, .help = "number of ports"),
    FIELD_END,
};
static const DeviceClass exit_class = {
    .bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .user_creatable = true,
};
static const TypeRecord exit_type = {
    .name = TYPE_ISA_DEBUG_EXIT, .parent = TYPE_ISA_DEVICE, .help = "a port that ends the emulator",
    .instance_size = sizeof(DebugExit), .class_kind = TYPE_DEVICE, .class_data = &exit_class, .fields = exit_fields,
    .realize = exit_realize,
};
TYPE_REGISTER(exit_type);
