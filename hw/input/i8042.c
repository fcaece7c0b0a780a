/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboard controller of the AT and PS/2 (Intel 8042 with IBM's program; IBM PS/2 Hardware Interface Technical
 * Reference), and port 0x92.
 *
 * One byte at a time is in the output buffer: the controller's own answers first, then the keyboard's, then the
 * mouse's. IRQ 1 or 12 is high while a byte of that side is in it. Reading it makes room for the next at once. While
 * an interface is switched off its bytes stay in the device.
 *
 * Guarded by the machine lock.
 */
#include <string.h>

#include "hw/input/i8042.h"
#include "hw/input/ps2.h"
#include "i8042-translate.h"
#include "ui/input.h"
#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(i8042_command, "0x%02x");
TRACE_EVENT(i8042_data_write, "0x%02x");
TRACE_EVENT(i8042_data_read, "0x%02x");

enum { ST_OBF = 1, ST_SYSTEM = 4, ST_COMMAND = 8, ST_UNLOCKED = 0x10, ST_MOUSE = 0x20 };
enum { M_KBD_IRQ = 1, M_MOUSE_IRQ = 2, M_SYSTEM = 4, M_KBD_OFF = 0x10, M_MOUSE_OFF = 0x20, M_TRANSLATE = 0x40 };
enum { OUT_RESET = 1, OUT_A20 = 2, OUT_KBD_FULL = 0x10, OUT_MOUSE_FULL = 0x20, OUT_ONES = 0xcc };
enum { KBD_LINE = 1, MOUSE_LINE = 12, RAM_BYTES = 32, ANSWERS = 4 };

typedef struct Kbc {
    IsaDevice isa;
    MemoryRegion data_io, command_io;
    DeviceState *kbd, *mouse;
    Irq irq[2], a20;
    uint8_t status, mode, outport;
    uint8_t data;           /* the output buffer */
    uint8_t pending;        /* command whose argument comes by the data port; 0: none */
    uint8_t ram[RAM_BYTES];
    uint8_t answers[ANSWERS], answer_count; /* of the controller; bit by bit whether they count as the mouse's */
    uint8_t answer_mouse;
    InputSink sink;
    bool translate_break;   /* 0xf0 of set 2 was read: the next code gets bit 7 */
} Kbc;

uint8_t i8042_translate(unsigned byte)
{
    static const uint8_t table[128] = {
        0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
        0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
        0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
        0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
        0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
        0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
        0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
        0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
    };
    return byte < 128 ? table[byte] : byte == 0x83 ? 0x41 : byte == 0x84 ? 0x54 : (uint8_t)byte;
}

/* --- the output buffer --- */
static void update_lines(Kbc *s)
{
    bool full = s->status & ST_OBF, mouse = s->status & ST_MOUSE;
    s->outport &= ~(OUT_KBD_FULL | OUT_MOUSE_FULL);
    s->outport |= !full ? 0 : mouse ? OUT_MOUSE_FULL : OUT_KBD_FULL;
    irq_set(&s->irq[0], full && !mouse && (s->mode & M_KBD_IRQ));
    irq_set(&s->irq[1], full && mouse && (s->mode & M_MOUSE_IRQ));
}

/* A byte of the keyboard as the host sees it; false: it was only a prefix. */
static bool from_keyboard(Kbc *s, uint8_t byte)
{
    if (!(s->mode & M_TRANSLATE)) {
        s->data = byte;
        return true;
    }
    if (byte == 0xf0) {
        s->translate_break = true;
        return false;
    }
    s->data = i8042_translate(byte) | (s->translate_break ? 0x80 : 0);
    s->translate_break = false;
    return true;
}

static void fill(Kbc *s)
{
    bool filled = false;
    if (s->status & ST_OBF) {
        return;
    }
    s->status |= ST_OBF; /* a device that says it is ready while it is read comes back to here */
    if (s->answer_count) {
        s->data = s->answers[0];
        s->status = (s->status & ~ST_MOUSE) | (s->answer_mouse & 1 ? ST_MOUSE : 0);
        memmove(s->answers, s->answers + 1, ANSWERS - 1);
        s->answer_mouse >>= 1;
        s->answer_count--;
        filled = true;
    }
    while (!filled && !(s->mode & M_KBD_OFF) && ps2_waiting(s->kbd)) {
        filled = from_keyboard(s, ps2_read(s->kbd));
        s->status &= ~ST_MOUSE;
    }
    if (!filled && !(s->mode & M_MOUSE_OFF) && ps2_waiting(s->mouse)) {
        s->data = ps2_read(s->mouse);
        s->status |= ST_MOUSE;
        filled = true;
    }
    if (!filled) {
        s->status &= ~(ST_OBF | ST_MOUSE);
    }
    update_lines(s);
}

static void device_ready(void *opaque, int n, int level)
{
    Kbc *s = opaque;
    if (level && s->kbd && s->mouse) {
        fill(s);
    }
}

static void answer(Kbc *s, uint8_t byte, bool mouse)
{
    if (s->answer_count < ANSWERS) {
        s->answer_mouse |= (uint8_t)(mouse << s->answer_count);
        s->answers[s->answer_count++] = byte;
    }
    fill(s);
}

static uint64_t data_read(void *opaque, uint64_t offset, unsigned size)
{
    Kbc *s = opaque;
    uint8_t value = s->data;
    if (s->status & ST_OBF) {
        s->status &= ~(ST_OBF | ST_MOUSE);
        update_lines(s);
        fill(s);
    }
    trace(i8042_data_read, value);
    return value;
}

/* --- commands --- */
static void set_mode(Kbc *s, uint8_t mode)
{
    s->mode = mode;
    s->status = (s->status & ~ST_SYSTEM) | (mode & M_SYSTEM);
    update_lines(s);
    fill(s);
}

static void set_outport(Kbc *s, uint8_t value)
{
    bool reset = (s->outport & OUT_RESET) && !(value & OUT_RESET);
    s->outport = (s->outport & (OUT_KBD_FULL | OUT_MOUSE_FULL)) | (value & ~(OUT_KBD_FULL | OUT_MOUSE_FULL));
    irq_set(&s->a20, !!(value & OUT_A20));
    if (reset) {
        s->outport |= OUT_RESET;
        machine_request_reset(s->isa.dev.machine, SHUTDOWN_GUEST);
    }
}

static void control_command(Kbc *s, uint8_t value)
{
    switch (value) {
    case 0x20 ... 0x3f: answer(s, value == 0x20 ? s->mode : s->ram[value & 31], false); break;
    case 0x60 ... 0x7f: case 0xd1: case 0xd2: case 0xd3: case 0xd4: s->pending = value; break;
    case 0xa4: answer(s, 0xf1, false); break; /* no password */
    case 0xa7: set_mode(s, s->mode | M_MOUSE_OFF); break;
    case 0xa8: set_mode(s, s->mode & ~M_MOUSE_OFF); break;
    case 0xa9: case 0xab: answer(s, 0, false); break; /* the lines to the devices are fine */
    case 0xaa: /* self test */
        s->status |= ST_SYSTEM;
        answer(s, 0x55, false);
        break;
    case 0xad: set_mode(s, s->mode | M_KBD_OFF); break;
    case 0xae: set_mode(s, s->mode & ~M_KBD_OFF); break;
    case 0xc0: answer(s, 0x80, false); break; /* input port: not locked */
    case 0xd0: answer(s, s->outport, false); break;
    case 0xdd: set_outport(s, s->outport & ~OUT_A20); break;
    case 0xdf: set_outport(s, s->outport | OUT_A20); break;
    case 0xf0 ... 0xff: /* pulses those of the lower output bits that are 0 */
        if (!(value & OUT_RESET)) {
            machine_request_reset(s->isa.dev.machine, SHUTDOWN_GUEST);
        }
        break;
    default: log_if(LOG_GUEST_ERROR, "i8042: unknown command 0x%02x\n", value); break;
    }
}

static void command_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Kbc *s = opaque;
    trace(i8042_command, (unsigned)value);
    s->status |= ST_COMMAND;
    s->pending = 0;
    control_command(s, (uint8_t)value);
}

static void data_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Kbc *s = opaque;
    uint8_t byte = (uint8_t)value, pending = s->pending;
    trace(i8042_data_write, byte);
    s->status &= ~ST_COMMAND;
    s->pending = 0;
    switch (pending) {
    case 0:
        s->mode &= ~M_KBD_OFF; /* who writes to the keyboard wants its answer */
        ps2_write(s->kbd, byte);
        fill(s);
        break;
    case 0x60: set_mode(s, byte); break;
    case 0xd1: set_outport(s, byte); break;
    case 0xd2: answer(s, byte, false); break;
    case 0xd3: answer(s, byte, true); break;
    case 0xd4:
        s->mode &= ~M_MOUSE_OFF;
        ps2_write(s->mouse, byte);
        fill(s);
        break;
    default: s->ram[pending & 31] = byte; break;
    }
}

static uint64_t status_read(void *opaque, uint64_t offset, unsigned size) { return ((Kbc *)opaque)->status; }

static const MmioOps data_ops = {.read = data_read, .write = data_write, ISA_BYTE_PORTS};
static const MmioOps command_ops = {.read = status_read, .write = command_write, ISA_BYTE_PORTS};

DeviceState *i8042_keyboard(DeviceState *kbc) { return ((Kbc *)kbc)->kbd; }
DeviceState *i8042_mouse(DeviceState *kbc) { return ((Kbc *)kbc)->mouse; }

static void find_controller(Object *child, void *opaque)
{
    DeviceState **found = opaque;
    if (!*found && object_is_a(child, TYPE_I8042)) {
        *found = DEVICE(child);
    }
    if (!*found) {
        object_foreach_child(child, find_controller, found);
    }
}

static bool key_known(void *opaque, const char *qcode, Error **errp)
{
    if (ps2_key_from_name(qcode)) {
        return true;
    }
    g_autofree const char **names = ps2_key_names();
    error_set_unknown(errp, qcode, names, "unknown key: '%s' (names are as in 'ctrl', 'alt', 'delete', 'ret', 'spc', 'f1', 'a')", qcode);
    return false;
}

static void key_event(void *opaque, const char *qcode, bool down)
{
    ps2_keyboard_event(((Kbc *)opaque)->kbd, ps2_key_from_name(qcode), down);
}
static const InputOps key_ops = {.name = "PS/2 keyboard", .known = key_known, .key = key_event};

bool i8042_send_key(Machine *m, const char *qcode, bool down, Error **errp)
{
    DeviceState *kbc = NULL;
    object_foreach_child(OBJECT(m), find_controller, &kbc);
    if (!kbc) {
        error_setg(errp, "this machine has no PS/2 keyboard that keys could be sent to");
        return false;
    }
    if (!key_known(kbc, qcode, errp)) {
        return false;
    }
    key_event(kbc, qcode, down);
    return true;
}

static void a20_changed(void *opaque, int n, int level)
{
    A20Gate *gate = opaque;
    gate->in[n] = level;
    irq_set(&gate->out, level);
}

Irq a20_gate_line(A20Gate *gate, unsigned n) { return irq_make(a20_changed, gate, n & 1); }

/* --- life --- */
static void kbc_reset(DeviceState *dev)
{
    Kbc *s = (Kbc *)dev;
    irq_set(&s->irq[0], 0);
    irq_set(&s->irq[1], 0);
    irq_set(&s->a20, 1);
}

static bool kbc_realize(Object *obj, Error **errp)
{
    Kbc *s = (Kbc *)obj;
    Machine *m = s->isa.dev.machine;
    s->irq[0] = isa_irq(&s->isa, KBD_LINE);
    s->irq[1] = isa_irq(&s->isa, MOUSE_LINE);
    s->kbd = ps2_create(m, TYPE_PS2_KEYBOARD, irq_make(device_ready, s, 0), errp);
    s->mouse = s->kbd ? ps2_create(m, TYPE_PS2_MOUSE, irq_make(device_ready, s, 1), errp) : NULL;
    if (!s->mouse) {
        return false;
    }
    isa_add_ports(&s->isa, &s->data_io, &data_ops, s, "i8042-data", 0x60, 1);
    isa_add_ports(&s->isa, &s->command_io, &command_ops, s, "i8042-cmd", 0x64, 1);
    s->sink = (InputSink){.ops = &key_ops, .opaque = s};
    input_attach(&m->inputs, &s->sink);
    return true;
}

static void kbc_unrealize(Object *obj)
{
    Kbc *s = (Kbc *)obj;
    input_detach(&s->isa.dev.machine->inputs, &s->sink);
}

static const Field kbc_fields[] = {
    FIELD(Kbc, status, FIELD_U8, "status", FIELD_STATE, .def = ST_COMMAND | ST_UNLOCKED),
    FIELD(Kbc, mode, FIELD_U8, "mode", FIELD_STATE, .def = M_KBD_IRQ | M_MOUSE_IRQ),
    FIELD(Kbc, outport, FIELD_U8, "outport", FIELD_STATE, .def = OUT_RESET | OUT_A20 | OUT_ONES),
    FIELD(Kbc, data, FIELD_U8, "data", FIELD_STATE),
    FIELD(Kbc, pending, FIELD_U8, "pending", FIELD_STATE),
    FIELD(Kbc, ram, FIELD_U8, "ram", FIELD_STATE, .count = RAM_BYTES),
    FIELD(Kbc, answers, FIELD_U8, "answers", FIELD_STATE, .count = ANSWERS),
    FIELD(Kbc, answer_count, FIELD_U8, "answer-count", FIELD_STATE, .min = 0, .max = ANSWERS),
    FIELD(Kbc, answer_mouse, FIELD_U8, "answer-mouse", FIELD_STATE),
    FIELD(Kbc, translate_break, FIELD_BOOL, "translate-break", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass kbc_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_INPUT, .reset = kbc_reset};
static const TypeRecord kbc_type = {
    .name = TYPE_I8042, .parent = TYPE_ISA_DEVICE, .help = "keyboard controller with keyboard and mouse",
    .instance_size = sizeof(Kbc), .class_kind = TYPE_DEVICE, .class_data = &kbc_class, .fields = kbc_fields,
    .realize = kbc_realize, .unrealize = kbc_unrealize,
};
TYPE_REGISTER(kbc_type);

DeviceState *i8042_create(IsaBus *bus, Irq a20, Error **errp)
{
    DeviceState *dev = device_new(bus->bus.machine, TYPE_I8042);
    ((Kbc *)dev)->a20 = a20;
    return device_attach(dev, &bus->bus, NULL, errp) ? dev : NULL;
}

/* --- port 0x92: bit 0 resets when it rises, bit 1 is the A20 gate --- */
enum { P92_RESET = 1, P92_A20 = 2 };

typedef struct Port92 {
    IsaDevice isa;
    MemoryRegion io;
    Irq a20;
    uint8_t value;
} Port92;

static uint64_t port92_read(void *opaque, uint64_t offset, unsigned size) { return ((Port92 *)opaque)->value; }

static void port92_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Port92 *s = opaque;
    bool reset = (value & P92_RESET) && !(s->value & P92_RESET);
    s->value = (uint8_t)value;
    irq_set(&s->a20, !!(value & P92_A20));
    if (reset) {
        machine_request_reset(s->isa.dev.machine, SHUTDOWN_GUEST);
    }
}

static const MmioOps port92_ops = {.read = port92_read, .write = port92_write, ISA_BYTE_PORTS};

static bool port92_realize(Object *obj, Error **errp)
{
    Port92 *s = (Port92 *)obj;
    isa_add_ports(&s->isa, &s->io, &port92_ops, s, TYPE_PORT92, 0x92, 1);
    return true;
}

static const Field port92_fields[] = {
    FIELD(Port92, value, FIELD_U8, "value", FIELD_STATE, .def = P92_A20),
    FIELD_END,
};
static const DeviceClass port92_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC};
static const TypeRecord port92_type = {
    .name = TYPE_PORT92, .parent = TYPE_ISA_DEVICE, .help = "fast A20 gate and reset", .instance_size = sizeof(Port92),
    .class_kind = TYPE_DEVICE, .class_data = &port92_class, .fields = port92_fields, .realize = port92_realize,
};
TYPE_REGISTER(port92_type);

DeviceState *port92_create(IsaBus *bus, Irq a20, Error **errp)
{
    DeviceState *dev = device_new(bus->bus.machine, TYPE_PORT92);
    ((Port92 *)dev)->a20 = a20;
    return device_attach(dev, &bus->bus, NULL, errp) ? dev : NULL;
}
