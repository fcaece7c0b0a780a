/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port 0x61: gate and output of the timer's channel 2, and the bit that shows memory refresh. The speaker is silent.
 *
 * Bits 0 gate, 1 speaker, 2 and 3 what NMI sources are off (kept only), 4 toggles with each refresh cycle of 15 us,
 * which software of old counts for delays, 5 the output of channel 2. Guarded by the machine lock.
 */
#include "hw/timer/i8254.h"

enum { GATE = 1, WRITABLE = 0xf, REFRESH = 0x10, OUT = 0x20, REFRESH_NS = 15085 };

typedef struct PcSpeaker {
    IsaDevice isa;
    MemoryRegion io;
    DeviceState *pit;
    char *audiodev;
    uint32_t iobase;
    uint8_t value;
} PcSpeaker;

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    PcSpeaker *s = opaque;
    bool refresh = virtual_clock_ns(s->isa.dev.machine->clock) / REFRESH_NS & 1;
    return s->value | (refresh ? REFRESH : 0) | (pit_get_out(s->pit, 2) ? OUT : 0);
}

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PcSpeaker *s = opaque;
    s->value = value & WRITABLE;
    pit_set_gate(s->pit, 2, value & GATE);
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, ISA_BYTE_PORTS};

static bool speaker_realize(Object *obj, Error **errp)
{
    PcSpeaker *s = (PcSpeaker *)obj;
    isa_add_ports(&s->isa, &s->io, &port_ops, s, "pcspk", (uint16_t)s->iobase, 1);
    return true;
}

static const Field speaker_fields[] = {
    FIELD(PcSpeaker, audiodev, FIELD_STRING, "audiodev", FIELD_PROP, .help = "accepted; the speaker is silent"),
    FIELD(PcSpeaker, iobase, FIELD_U32, "iobase", FIELD_PROP, .def = 0x61, .min = 0, .max = 0xffff, .help = "port"),
    FIELD(PcSpeaker, value, FIELD_U8, "value", FIELD_STATE, .min = 0, .max = WRITABLE),
    FIELD_END,
};
static const DeviceClass speaker_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_SOUND};
static const TypeRecord speaker_type = {
    .name = TYPE_PC_SPEAKER, .parent = TYPE_ISA_DEVICE, .help = "speaker port", .instance_size = sizeof(PcSpeaker),
    .class_kind = TYPE_DEVICE, .class_data = &speaker_class, .fields = speaker_fields, .realize = speaker_realize,
};
TYPE_REGISTER(speaker_type);

DeviceState *pcspk_create(IsaBus *bus, DeviceState *pit, Error **errp)
{
    DeviceState *dev = device_new(bus->bus.machine, TYPE_PC_SPEAKER);
    ((PcSpeaker *)dev)->pit = pit;
    return device_attach(dev, &bus->bus, NULL, errp) ? dev : NULL;
}
