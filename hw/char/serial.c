/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550A UART (National Semiconductor PC16550D data sheet).
 *
 * The transmitter is as fast as the host takes bytes: a written byte goes to the character device at once and the holding register is
 * empty again. Only where the host takes no more do bytes wait in the FIFO, and THRE stays low until they are gone.
 *
 * The receiver takes what its FIFO holds. Data below the trigger level raises the character timeout interrupt after four
 * character times of silence. In loopback mode nothing reaches the host or comes from it.
 *
 * Guarded by the machine lock.
 */
#include "serial.h"
#include "util/trace.h"

TRACE_EVENT(serial_read, "register %u value 0x%02x");
TRACE_EVENT(serial_write, "register %u value 0x%02x");

enum { R_DATA, R_IER, R_IIR, R_LCR, R_MCR, R_LSR, R_MSR, R_SCR };
enum { IER_RDI = 1, IER_THRI = 2, IER_RLSI = 4, IER_MSI = 8 };
enum { IIR_NONE = 1, IIR_MSI = 0, IIR_THRI = 2, IIR_RDI = 4, IIR_RLSI = 6, IIR_TIMEOUT = 0xc, IIR_ID = 0xf, IIR_FIFO = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4 };
enum { LCR_STOP = 4, LCR_PARITY = 8, LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10 };
enum { LSR_DR = 1, LSR_OE = 2, LSR_PE = 4, LSR_FE = 8, LSR_BI = 0x10, LSR_THRE = 0x20, LSR_TEMT = 0x40,
       LSR_ERRORS = LSR_OE | LSR_PE | LSR_FE | LSR_BI };
enum { MSR_DELTA = 0xf, MSR_TERI = 4, MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

static bool fifo_put(SerialFifo *f, uint8_t byte)
{
    if (f->count >= SERIAL_FIFO) {
        return false;
    }
    f->data[(f->head + f->count++) % SERIAL_FIFO] = byte;
    return true;
}

static uint8_t fifo_get(SerialFifo *f)
{
    if (!f->count) {
        return 0;
    }
    uint8_t byte = f->data[f->head % SERIAL_FIFO];
    f->head = (f->head + 1) % SERIAL_FIFO;
    f->count--;
    return byte;
}

static bool fifos_on(const SerialCore *s) { return s->fcr & FCR_ENABLE; }

static unsigned trigger_level(const SerialCore *s)
{
    static const uint8_t levels[] = {1, 4, 8, 14};
    return fifos_on(s) ? levels[s->fcr >> 6] : 1;
}

static int64_t char_time_ns(const SerialCore *s)
{
    unsigned bits = 1 + 5 + (s->lcr & 3) + (s->lcr & LCR_PARITY ? 1 : 0) + (s->lcr & LCR_STOP ? 2 : 1);
    unsigned divider = s->divider ? s->divider : 1;
    return MIN((int64_t)bits * NS_PER_SEC * divider / s->baudbase, NS_PER_SEC);
}

/* The interrupt with the highest priority, and the line. */
static void update_irq(SerialCore *s)
{
    uint8_t id = IIR_NONE;
    if ((s->ier & IER_RLSI) && (s->lsr & LSR_ERRORS)) {
        id = IIR_RLSI;
    } else if ((s->ier & IER_RDI) && s->timeout_pending) {
        id = IIR_TIMEOUT;
    } else if ((s->ier & IER_RDI) && (s->lsr & LSR_DR) && (!fifos_on(s) || s->rx.count >= trigger_level(s))) {
        id = IIR_RDI;
    } else if ((s->ier & IER_THRI) && s->thr_pending) {
        id = IIR_THRI;
    } else if ((s->ier & IER_MSI) && (s->msr & MSR_DELTA)) {
        id = IIR_MSI;
    }
    s->iir = id | (fifos_on(s) ? IIR_FIFO : 0);
    irq_set(&s->irq, id != IIR_NONE);
}

/* --- receive --- */
static void rx_arm_timeout(SerialCore *s)
{
    if (s->rx.count && fifos_on(s)) {
        timer_set_ns(s->rx_timeout, virtual_clock_ns(s->machine->clock) + 4 * char_time_ns(s));
    } else {
        timer_cancel(s->rx_timeout);
    }
}

static void rx_timed_out(void *opaque)
{
    SerialCore *s = opaque;
    if (s->rx.count) {
        s->timeout_pending = true;
        update_irq(s);
    }
}

static void rx_byte(SerialCore *s, uint8_t byte, uint8_t errors)
{
    if (!fifos_on(s)) {
        s->lsr |= (s->lsr & LSR_DR) ? LSR_OE : 0;
        s->rbr = byte;
    } else if (!fifo_put(&s->rx, byte)) {
        s->lsr |= LSR_OE;
    }
    s->lsr |= LSR_DR | errors;
}

static uint8_t rx_read(SerialCore *s)
{
    uint8_t byte = s->rbr;
    s->timeout_pending = false;
    if (fifos_on(s)) {
        byte = fifo_get(&s->rx);
        rx_arm_timeout(s);
    }
    if (!fifos_on(s) || !s->rx.count) {
        s->lsr &= ~(LSR_DR | LSR_BI);
    }
    update_irq(s);
    if (!(s->mcr & MCR_LOOP)) {
        char_frontend_accept_input(&s->chr);
    }
    return byte;
}

static size_t can_receive(void *opaque)
{
    SerialCore *s = opaque;
    if (s->mcr & MCR_LOOP) {
        return 0;
    }
    /* a guest that set a trigger level wants to be told there: the rest waits, as on a line with flow control */
    return fifos_on(s) ? SERIAL_FIFO - s->rx.count : !(s->lsr & LSR_DR);
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    SerialCore *s = opaque;
    for (size_t i = 0; i < len; i++) {
        rx_byte(s, buf[i], 0);
    }
    rx_arm_timeout(s);
    update_irq(s);
}

static void event(void *opaque, CharEvent ev)
{
    SerialCore *s = opaque;
    if (ev == CHAR_EVENT_BREAK && !(s->mcr & MCR_LOOP)) {
        rx_byte(s, 0, LSR_BI);
        rx_arm_timeout(s);
        update_irq(s);
    }
}

/* --- transmit --- */
static void tx_pump(SerialCore *s)
{
    while (s->tx.count) {
        uint8_t byte = s->tx.data[s->tx.head % SERIAL_FIFO];
        if (!char_frontend_write(&s->chr, &byte, 1)) {
            s->tx_blocked = true;
            return;
        }
        fifo_get(&s->tx);
    }
    s->tx_blocked = false;
    if (!(s->lsr & LSR_THRE)) {
        s->lsr |= LSR_THRE | LSR_TEMT;
        s->thr_pending = true;
    }
}

static void writable(void *opaque)
{
    SerialCore *s = opaque;
    tx_pump(s);
    update_irq(s);
}

static void tx_write(SerialCore *s, uint8_t byte)
{
    s->thr_pending = false;
    if (s->mcr & MCR_LOOP) {
        rx_byte(s, byte, 0);
        rx_arm_timeout(s);
        s->thr_pending = true;
    } else if (!s->tx_blocked && !s->tx.count && char_frontend_write(&s->chr, &byte, 1)) {
        s->thr_pending = true; /* gone at once */
    } else {
        fifo_put(&s->tx, byte); /* a byte beyond the FIFO is lost, as on the chip */
        s->tx_blocked = true;
        s->lsr &= ~(LSR_THRE | LSR_TEMT);
    }
    update_irq(s);
}

static const CharHandlers handlers = {
    .can_receive = can_receive, .receive = receive, .event = event, .writable = writable,
};

/* --- registers --- */
static uint8_t modem_status(const SerialCore *s)
{
    if (!(s->mcr & MCR_LOOP)) {
        return s->msr;
    }
    /* the outputs come back as inputs */
    return (s->msr & MSR_DELTA) | (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
           (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

static uint8_t iir_read(SerialCore *s)
{
    uint8_t value = s->iir;
    if ((value & IIR_ID) == IIR_THRI) {
        s->thr_pending = false;
        update_irq(s);
    }
    return value;
}

static uint8_t lsr_read(SerialCore *s)
{
    uint8_t value = s->lsr;
    if (s->lsr & LSR_ERRORS) {
        s->lsr &= ~LSR_ERRORS;
        update_irq(s);
    }
    return value;
}

static uint8_t msr_read(SerialCore *s)
{
    uint8_t value = modem_status(s);
    if (s->msr & MSR_DELTA) {
        s->msr &= ~MSR_DELTA;
        update_irq(s);
    }
    return value;
}

uint8_t serial_core_read(SerialCore *s, unsigned reg)
{
    bool dlab = s->lcr & LCR_DLAB;
    uint8_t value = 0;
    switch (reg) {
    case R_DATA: value = dlab ? s->divider & 0xff : rx_read(s); break;
    case R_IER: value = dlab ? s->divider >> 8 : s->ier; break;
    case R_IIR: value = iir_read(s); break;
    case R_LCR: value = s->lcr; break;
    case R_MCR: value = s->mcr; break;
    case R_LSR: value = lsr_read(s); break;
    case R_MSR: value = msr_read(s); break;
    case R_SCR: value = s->scr; break;
    }
    trace(serial_read, reg, value);
    return value;
}

static void ier_write(SerialCore *s, uint8_t value)
{
    uint8_t now_on = value & ~s->ier;
    s->ier = value & 0xf;
    if ((now_on & IER_THRI) && (s->lsr & LSR_THRE)) {
        s->thr_pending = true; /* enabling it while the register is empty asks at once */
    } else if (!(s->ier & IER_THRI)) {
        s->thr_pending = false;
    }
    update_irq(s);
}

static void fcr_write(SerialCore *s, uint8_t value)
{
    if ((value ^ s->fcr) & FCR_ENABLE) {
        value |= FCR_CLEAR_RX | FCR_CLEAR_TX;
    }
    if (value & FCR_CLEAR_RX) {
        s->rx = (SerialFifo){0};
        s->timeout_pending = false;
        s->lsr &= ~(LSR_DR | LSR_BI);
        timer_cancel(s->rx_timeout);
        char_frontend_accept_input(&s->chr);
    }
    if (value & FCR_CLEAR_TX) {
        s->tx = (SerialFifo){0};
        s->tx_blocked = false;
        s->lsr |= LSR_THRE | LSR_TEMT;
        s->thr_pending = true;
    }
    s->fcr = value & 0xc9;
    update_irq(s);
}

static void mcr_write(SerialCore *s, uint8_t value)
{
    uint8_t before = modem_status(s), left = s->mcr & ~value;
    s->mcr = value & 0x1f;
    uint8_t changed = before ^ modem_status(s);
    /* deltas of CTS, DSR, DCD; RI counts where it goes away */
    s->msr |= (changed >> 4 & 0xb) | ((changed & before & MSR_RI) ? MSR_TERI : 0);
    update_irq(s);
    if (left & MCR_LOOP) {
        char_frontend_accept_input(&s->chr);
    }
}

void serial_core_write(SerialCore *s, unsigned reg, uint8_t value)
{
    bool dlab = s->lcr & LCR_DLAB;
    trace(serial_write, reg, value);
    switch (reg) {
    case R_DATA:
        if (dlab) {
            s->divider = (s->divider & 0xff00) | value;
        } else {
            tx_write(s, value);
        }
        break;
    case R_IER:
        if (dlab) {
            s->divider = (s->divider & 0xff) | value << 8;
        } else {
            ier_write(s, value);
        }
        break;
    case R_IIR: fcr_write(s, value); break;
    case R_LCR:
        if ((value & ~s->lcr) & LCR_BREAK) {
            char_frontend_send_break(&s->chr);
        }
        s->lcr = value;
        break;
    case R_MCR: mcr_write(s, value); break;
    case R_SCR: s->scr = value; break;
    default: break; /* LSR and MSR are read only */
    }
}

/* --- life --- */
void serial_core_reset(SerialCore *s)
{
    timer_cancel(s->rx_timeout);
    s->tx_blocked = false;
    irq_set(&s->irq, 0);
    char_frontend_accept_input(&s->chr);
}

bool serial_core_init(SerialCore *s, Machine *m, Chardev *chr, Error **errp)
{
    s->machine = m;
    if (!char_frontend_attach(&s->chr, chr, errp)) {
        return false;
    }
    s->rx_timeout = timer_new(m->loop, CLOCK_KIND_VIRTUAL, rx_timed_out, s);
    char_frontend_set_handlers(&s->chr, &handlers, s);
    return true;
}

void serial_core_free(SerialCore *s)
{
    if (s->rx_timeout) {
        char_frontend_detach(&s->chr);
        timer_free(s->rx_timeout);
        s->rx_timeout = NULL;
    }
}
