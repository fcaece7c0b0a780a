/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550A: bytes out and in over a socket, FIFOs with trigger level and timeout, interrupt priorities, loopback, modem
 * lines, a host that takes no more.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "hw-board.h"
#include "hw/sysbus.h"

enum { BASE = 0x10000000 };
enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

typedef struct Fixture {
    Machine *m;
    DeviceState *uart;
    HwLine line;
    int fd; /* the other end */
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    int fds[2];
    f->m = hw_board_new();
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
    f->fd = fds[0];
    g_autofree char *text = g_strdup_printf("socket,id=c0,fd=%d", fds[1]);
    OptionSet *opts = option_set_parse(text, "backend", &error_fatal);
    g_assert_nonnull(chardev_create(f->m->root, opts, &error_fatal));
    option_set_free(opts);
    f->uart = device_new(f->m, "serial-mm");
    g_assert_true(object_set(OBJECT(f->uart), "chardev", "c0", &error_fatal));
    g_assert_true(device_attach(f->uart, NULL, NULL, &error_fatal));
    sys_map(f->uart, 0, BASE);
    sys_connect(f->uart, 0, hw_line(&f->line));
    machine_reset(f->m);
    virtual_clock_start(f->m->clock);
    event_loop_clock_changed(f->m->loop);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    virtual_clock_stop(f->m->clock);
    device_unplug(f->uart);
    hw_board_free(f->m);
    close(f->fd);
}

static uint8_t rd(Fixture *f, unsigned reg) { return hw_read(f->m, BASE + reg, 1); }
static void wr(Fixture *f, unsigned reg, uint8_t v) { hw_write(f->m, BASE + reg, v, 1); }

static void send_in(Fixture *f, const char *text)
{
    size_t len = strlen(text);
    g_assert_cmpint(write(f->fd, text, len), ==, (ssize_t)len);
    hw_spin(f->m, 30, NULL);
}

static void test_reset_values(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(rd(f, IER), ==, 0);
    g_assert_cmphex(rd(f, IIR), ==, 1);
    g_assert_cmphex(rd(f, LSR), ==, 0x60);
    g_assert_cmphex(rd(f, MSR), ==, 0xb0);
    wr(f, SCR, 0x5a);
    g_assert_cmphex(rd(f, SCR), ==, 0x5a);
    wr(f, LCR, 0x83);
    wr(f, DATA, 0x34);
    wr(f, IER, 0x12);
    g_assert_cmphex(rd(f, DATA), ==, 0x34);
    g_assert_cmphex(rd(f, IER), ==, 0x12);
    wr(f, LCR, 3);
    g_assert_cmphex(rd(f, IER), ==, 0);
}

static void test_transmit(Fixture *f, gconstpointer data)
{
    char got[8] = {0};
    wr(f, DATA, 'h');
    wr(f, DATA, 'i');
    g_assert_cmphex(rd(f, LSR) & 0x60, ==, 0x60);
    hw_spin(f->m, 10, NULL);
    g_assert_cmpint(read(f->fd, got, sizeof(got)), ==, 2);
    g_assert_cmpstr(got, ==, "hi");
    g_assert_cmpint(f->line.level, ==, 0);
    wr(f, IER, 2); /* empty already: asks at once */
    g_assert_cmpint(f->line.level, ==, 1);
    g_assert_cmphex(rd(f, IIR), ==, 2);
    g_assert_cmpint(f->line.level, ==, 0); /* reading it answers it */
    g_assert_cmphex(rd(f, IIR), ==, 1);
    wr(f, DATA, '!');
    g_assert_cmphex(rd(f, IIR), ==, 2);
}

static void test_receive(Fixture *f, gconstpointer data)
{
    wr(f, IER, 1);
    send_in(f, "ab");
    g_assert_cmpint(f->line.level, ==, 1);
    g_assert_cmphex(rd(f, IIR), ==, 4);
    g_assert_cmphex(rd(f, LSR) & 1, ==, 1);
    g_assert_cmphex(rd(f, DATA), ==, 'a'); /* no FIFO: the second waits outside */
    hw_spin(f->m, 30, NULL);
    g_assert_cmphex(rd(f, DATA), ==, 'b');
    g_assert_cmphex(rd(f, LSR) & 3, ==, 0);
    g_assert_cmpint(f->line.level, ==, 0);
}

static void test_fifo(Fixture *f, gconstpointer data)
{
    wr(f, FCR, 0x81); /* trigger at 8 */
    wr(f, IER, 1);
    g_assert_cmphex(rd(f, IIR), ==, 0xc1);
    send_in(f, "0123456789abcdefgh"); /* two more than there is room for */
    g_assert_cmphex(rd(f, IIR) & 0xf, !=, 1);
    for (unsigned i = 0; i < 18; i++) {
        g_assert_cmphex(rd(f, LSR) & 1, ==, 1);
        g_assert_cmphex(rd(f, DATA), ==, "0123456789abcdefgh"[i]);
        hw_spin(f->m, 5, NULL);
    }
    g_assert_cmphex(rd(f, LSR) & 3, ==, 0);
    g_assert_cmphex(rd(f, IIR), ==, 0xc1);
    send_in(f, "xyz"); /* below the trigger: told by the timeout */
    g_assert_cmphex(rd(f, IIR), ==, 0xcc);
    g_assert_cmpint(f->line.level, ==, 1);
    wr(f, FCR, 0x83); /* cleared */
    g_assert_cmphex(rd(f, LSR) & 1, ==, 0);
    g_assert_cmpint(f->line.level, ==, 0);
}

static void test_loopback(Fixture *f, gconstpointer data)
{
    wr(f, MCR, 0x1a); /* RTS and OUT2 come back as CTS and DCD */
    g_assert_cmphex(rd(f, MSR) & 0xf0, ==, 0x90);
    wr(f, DATA, 0x77);
    g_assert_cmphex(rd(f, LSR) & 1, ==, 1);
    g_assert_cmphex(rd(f, DATA), ==, 0x77);
    wr(f, IER, 0xf);
    wr(f, DATA, 1);
    wr(f, DATA, 2);
    g_assert_cmphex(rd(f, IIR), ==, 6); /* overrun comes first */
    g_assert_cmphex(rd(f, LSR) & 2, ==, 2);
    g_assert_cmphex(rd(f, IIR), ==, 4);
    rd(f, DATA);
    wr(f, MCR, 0);
    hw_spin(f->m, 5, NULL);
    char c;
    g_assert_cmpint(read(f->fd, &c, 1), ==, -1); /* nothing of it left the chip */
}

/* The host stops reading: THRE falls when queue and FIFO are full, and everything arrives in order later. */
static void test_blocked(Fixture *f, gconstpointer data)
{
    unsigned sent = 0, got = 0;
    wr(f, FCR, 1);
    while (sent < 1000000 && (rd(f, LSR) & 0x20)) {
        wr(f, DATA, sent++ & 0xff);
        if (!(sent % 4096)) {
            main_loop_wait(f->m->loop, false);
        }
    }
    g_assert_cmphex(rd(f, LSR) & 0x60, ==, 0);
    for (unsigned i = 0; i < 100; i++) {
        uint8_t buf[65536];
        ssize_t n = read(f->fd, buf, sizeof(buf));
        for (ssize_t j = 0; j < n; j++) {
            g_assert_cmphex(buf[j], ==, got++ & 0xff);
        }
        hw_spin(f->m, 2, NULL);
    }
    g_assert_cmpuint(got, ==, sent);
    g_assert_cmphex(rd(f, LSR) & 0x60, ==, 0x60);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define UART_TEST(name) g_test_add("/uart/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    UART_TEST(reset_values);
    UART_TEST(transmit);
    UART_TEST(receive);
    UART_TEST(fifo);
    UART_TEST(loopback);
    UART_TEST(blocked);
    return g_test_run();
}
