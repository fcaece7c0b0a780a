/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550A UART without its bus: registers, FIFOs and line, shared by the memory-mapped and later the ISA form.
 */
#ifndef HW_CHAR_SERIAL_H
#define HW_CHAR_SERIAL_H

#include "chardev/chardev.h"
#include "hw/device.h"

enum { SERIAL_FIFO = 16, SERIAL_REGISTERS = 8 };

typedef struct SerialFifo {
    uint8_t data[SERIAL_FIFO];
    uint8_t head, count;
} SerialFifo;

typedef struct SerialCore {
    Machine *machine;
    CharFrontend chr;
    Timer *rx_timeout;       /* character timeout: data waits below the trigger level */
    Irq irq;
    uint32_t baudbase;
    uint16_t divider;
    uint8_t ier, iir, fcr, lcr, mcr, lsr, msr, scr;
    uint8_t rbr;             /* receive buffer where FIFOs are off */
    bool thr_pending;        /* THR empty interrupt */
    bool timeout_pending;
    bool tx_blocked;         /* the host takes no more for now */
    SerialFifo rx, tx;
} SerialCore;

#define SERIAL_STATE_FIELDS(S, core)                                                                                   \
    FIELD(S, core.divider, FIELD_U16, "divider", FIELD_STATE, .def = 12),                                              \
        FIELD(S, core.ier, FIELD_U8, "ier", FIELD_STATE), FIELD(S, core.iir, FIELD_U8, "iir", FIELD_STATE, .def = 1),  \
        FIELD(S, core.fcr, FIELD_U8, "fcr", FIELD_STATE), FIELD(S, core.lcr, FIELD_U8, "lcr", FIELD_STATE),            \
        FIELD(S, core.mcr, FIELD_U8, "mcr", FIELD_STATE, .def = 8),                                                    \
        FIELD(S, core.lsr, FIELD_U8, "lsr", FIELD_STATE, .def = 0x60),                                                 \
        FIELD(S, core.msr, FIELD_U8, "msr", FIELD_STATE, .def = 0xb0), FIELD(S, core.scr, FIELD_U8, "scr", FIELD_STATE), \
        FIELD(S, core.rbr, FIELD_U8, "rbr", FIELD_STATE), FIELD(S, core.thr_pending, FIELD_BOOL, "thr-pending", FIELD_STATE), \
        FIELD(S, core.timeout_pending, FIELD_BOOL, "timeout-pending", FIELD_STATE),                                    \
        FIELD(S, core.rx.data, FIELD_U8, "rx-data", FIELD_STATE, .count = SERIAL_FIFO),                                \
        FIELD(S, core.rx.head, FIELD_U8, "rx-head", FIELD_STATE, .min = 0, .max = SERIAL_FIFO - 1),                    \
        FIELD(S, core.rx.count, FIELD_U8, "rx-count", FIELD_STATE, .min = 0, .max = SERIAL_FIFO),                      \
        FIELD(S, core.tx.data, FIELD_U8, "tx-data", FIELD_STATE, .count = SERIAL_FIFO),                                \
        FIELD(S, core.tx.head, FIELD_U8, "tx-head", FIELD_STATE, .min = 0, .max = SERIAL_FIFO - 1),                    \
        FIELD(S, core.tx.count, FIELD_U8, "tx-count", FIELD_STATE, .min = 0, .max = SERIAL_FIFO)

/* @chr may be NULL. The core's irq is set by its owner. */
bool serial_core_init(SerialCore *s, Machine *m, Chardev *chr, Error **errp);
void serial_core_free(SerialCore *s);
void serial_core_reset(SerialCore *s); /* after the state fields were reset */
uint8_t serial_core_read(SerialCore *s, unsigned reg);
void serial_core_write(SerialCore *s, unsigned reg, uint8_t value);

#endif
