/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What PS/2 keyboard and mouse have in common: the bytes that wait for the controller, and answers to commands, which
 * go first (IBM Personal System/2 Hardware Interface Technical Reference, keyboard and auxiliary device).
 *
 * A queue that is full drops whole keys or movements, never part of one. Guarded by the machine lock.
 */
#include "ps2-internal.h"

static bool fifo_put(Ps2Fifo *f, uint8_t byte)
{
    if (f->count >= PS2_QUEUE) {
        return false;
    }
    f->data[(f->head + f->count++) % PS2_QUEUE] = byte;
    return true;
}

static uint8_t fifo_get(Ps2Fifo *f)
{
    uint8_t byte = f->data[f->head % PS2_QUEUE];
    f->head = (f->head + 1) % PS2_QUEUE;
    f->count--;
    return byte;
}

static void update(Ps2Device *s) { irq_set(&s->ready, s->answers.count || s->queue.count); }

void ps2_answer(Ps2Device *s, uint8_t byte)
{
    fifo_put(&s->answers, byte);
    update(s);
}

bool ps2_send(Ps2Device *s, const uint8_t *bytes, unsigned len)
{
    if (len + s->queue.count > PS2_QUEUE) {
        return false;
    }
    for (unsigned i = 0; i < len; i++) {
        fifo_put(&s->queue, bytes[i]);
    }
    update(s);
    return true;
}

void ps2_clear(Ps2Device *s)
{
    s->answers = s->queue = (Ps2Fifo){0};
    update(s);
}

bool ps2_waiting(DeviceState *dev)
{
    Ps2Device *s = (Ps2Device *)dev;
    return s->answers.count || s->queue.count;
}

uint8_t ps2_read(DeviceState *dev)
{
    Ps2Device *s = (Ps2Device *)dev;
    if (s->answers.count) {
        s->last = fifo_get(&s->answers);
    } else if (s->queue.count) {
        s->last = fifo_get(&s->queue);
        if (!s->queue.count && s->drained) {
            s->drained(s);
        }
    }
    update(s);
    return s->last;
}

void ps2_write(DeviceState *dev, uint8_t byte)
{
    Ps2Device *s = (Ps2Device *)dev;
    s->command(s, byte);
}

static const Field ps2_fields[] = {
    FIELD(Ps2Device, answers.data, FIELD_U8, "answers", FIELD_STATE, .count = PS2_QUEUE),
    FIELD(Ps2Device, answers.head, FIELD_U8, "answers-head", FIELD_STATE, .min = 0, .max = PS2_QUEUE - 1),
    FIELD(Ps2Device, answers.count, FIELD_U8, "answers-count", FIELD_STATE, .min = 0, .max = PS2_QUEUE),
    FIELD(Ps2Device, queue.data, FIELD_U8, "queue", FIELD_STATE, .count = PS2_QUEUE),
    FIELD(Ps2Device, queue.head, FIELD_U8, "queue-head", FIELD_STATE, .min = 0, .max = PS2_QUEUE - 1),
    FIELD(Ps2Device, queue.count, FIELD_U8, "queue-count", FIELD_STATE, .min = 0, .max = PS2_QUEUE),
    FIELD(Ps2Device, last, FIELD_U8, "last", FIELD_STATE),
    FIELD(Ps2Device, pending, FIELD_U8, "pending", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass ps2_class = {.bus_type = "System", .category = DEVICE_CAT_INPUT};
static const TypeRecord ps2_type = {
    .name = TYPE_PS2_DEVICE, .parent = TYPE_SYS_DEVICE, .help = "any PS/2 device", .abstract = true,
    .instance_size = sizeof(Ps2Device), .class_kind = TYPE_DEVICE, .class_data = &ps2_class, .fields = ps2_fields,
};
TYPE_REGISTER(ps2_type);

DeviceState *ps2_create(Machine *m, const char *type, Irq ready, Error **errp)
{
    DeviceState *dev = device_new(m, type);
    ((Ps2Device *)dev)->ready = ready;
    return device_attach(dev, NULL, NULL, errp) ? dev : NULL;
}
