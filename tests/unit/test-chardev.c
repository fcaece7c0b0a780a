/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices: input that waits for room, output that never blocks, the multiplexer's keys, sockets that come and go,
 * passed descriptors, pseudo terminals, and the short syntax.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "util/clock.h"

typedef struct Bench {
    Object *root;
    EventLoop *loop;
    unsigned quits;
} Bench;

typedef struct Front {
    CharFrontend fe;
    GString *got;
    size_t room;
    int opened, closed, breaks, mux_in, mux_out, writable;
} Front;

static size_t can(void *opaque) { return ((Front *)opaque)->room; }
static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    Front *f = opaque;
    g_assert_cmpuint(len, <=, f->room);
    g_string_append_len(f->got, (const char *)buf, (gssize)len);
}
static void writable(void *opaque) { ((Front *)opaque)->writable++; }
static void event(void *opaque, CharEvent ev)
{
    Front *f = opaque;
    int *const counters[] = {&f->opened, &f->closed, &f->breaks, &f->mux_in, &f->mux_out};
    ++*counters[ev];
}
static const CharHandlers handlers = {.can_receive = can, .receive = receive, .event = event, .writable = writable};

static void quit(void *opaque) { ((Bench *)opaque)->quits++; }
static const ChardevHooks hooks = {.quit = quit};

static Bench bench_new(void)
{
    Bench b = {.root = object_new("container"), .loop = event_loop_new(NULL)};
    event_loop_set_current(b.loop);
    return b;
}

static void bench_start(Bench *b) { chardevs_init(b->root, b->loop, &hooks, b); }

static void bench_end(Bench *b)
{
    chardevs_shutdown(b->root);
    object_unref(b->root);
    event_loop_free(b->loop);
}

static void turn(Bench *b)
{
    for (int i = 0; i < 8; i++) {
        main_loop_wait(b->loop, false);
    }
}

static Chardev *make(Bench *b, const char *text)
{
    Error *err = NULL;
    g_autoptr(OptionSet) o = option_set_parse(text, "backend", &err);
    Chardev *c = o ? chardev_create(b->root, o, &err) : NULL;
    if (err) {
        g_test_message("%s", error_message(err));
    }
    g_assert_nonnull(c);
    return c;
}

static void front_open(Front *f, Chardev *c)
{
    *f = (Front){.got = g_string_new(NULL), .room = 4096};
    g_assert_true(char_frontend_attach(&f->fe, c, NULL));
    char_frontend_set_handlers(&f->fe, &handlers, f);
}

static void front_close(Front *f)
{
    char_frontend_detach(&f->fe);
    g_string_free(f->got, true);
}

/* A pair of FIFOs stands for a terminal: what is written to `in` is typed. */
static void pipe_open(char *dir, int *in, int *out)
{
    g_autofree char *a = g_strconcat(dir, "/p.in", NULL), *c = g_strconcat(dir, "/p.out", NULL);
    g_assert_cmpint(mkfifo(a, 0600), ==, 0);
    g_assert_cmpint(mkfifo(c, 0600), ==, 0);
    *in = open(a, O_RDWR | O_NONBLOCK);
    *out = open(c, O_RDWR | O_NONBLOCK);
    g_assert_true(*in >= 0 && *out >= 0);
}

static void pipe_close(char *dir, int in, int out)
{
    g_autofree char *a = g_strconcat(dir, "/p.in", NULL), *c = g_strconcat(dir, "/p.out", NULL);
    close(in);
    close(out);
    unlink(a);
    unlink(c);
    rmdir(dir);
}

static void type(Bench *b, int in, const char *text, size_t len)
{
    g_assert_cmpint(write(in, text, len), ==, len);
    turn(b);
}

static char *shown(int out)
{
    static char buf[65536];
    ssize_t n = read(out, buf, sizeof(buf) - 1);
    buf[n > 0 ? n : 0] = 0;
    return buf;
}

static void test_flow(void)
{
    Bench b = bench_new();
    bench_start(&b);
    char dir[] = "/tmp/chardev-XXXXXX";
    int in, out;
    Front f;
    g_assert_nonnull(mkdtemp(dir));
    pipe_open(dir, &in, &out);
    g_autofree char *text = g_strdup_printf("pipe,id=p,path=%s/p", dir);
    Chardev *c = make(&b, text);
    front_open(&f, c);
    g_assert_cmpint(f.opened, ==, 1);
    Front second = {0};
    Error *err = NULL;
    g_assert_false(char_frontend_attach(&second.fe, c, &err));
    g_clear_pointer(&err, error_free);

    f.room = 3;
    type(&b, in, "abcdef", 6);
    g_assert_cmpstr(f.got->str, ==, "abcdef");
    f.room = 0;
    type(&b, in, "ghi", 3);
    g_assert_cmpstr(f.got->str, ==, "abcdef");
    f.room = 8;
    char_frontend_accept_input(&f.fe);
    turn(&b);
    g_assert_cmpstr(f.got->str, ==, "abcdefghi");

    /* nobody reads: the pipe fills up, then the queue; the rest is not taken, and nothing blocks */
    g_autofree char *big = g_malloc0(1 << 20);
    memset(big, 'x', 1 << 20);
    size_t took = char_frontend_write(&f.fe, big, 1 << 20);
    g_assert_cmpuint(took, <, 1 << 20);
    g_assert_cmpuint(took, >=, CHARDEV_QUEUE_MAX);
    g_assert_cmpuint(char_frontend_write(&f.fe, big, 1), ==, 0);
    turn(&b);
    g_assert_cmpint(f.writable, ==, 0);
    size_t seen = 0;
    for (int i = 0; i < 100 && seen < took; i++) {
        seen += strlen(shown(out));
        turn(&b);
    }
    g_assert_cmpuint(seen, ==, took);
    g_assert_cmpint(f.writable, ==, 1);
    front_close(&f);
    pipe_close(dir, in, out);
    bench_end(&b);
}

static void test_mux(void)
{
    Bench b = bench_new();
    bench_start(&b);
    char dir[] = "/tmp/chardev-XXXXXX";
    int in, out;
    Front serial, monitor;
    g_assert_nonnull(mkdtemp(dir));
    pipe_open(dir, &in, &out);
    g_autofree char *text = g_strdup_printf("pipe,id=p,mux=on,path=%s/p", dir);
    Chardev *c = make(&b, text);
    front_open(&serial, c);
    front_open(&monitor, c);
    g_assert_true(char_frontend_focused(&serial.fe) && !char_frontend_focused(&monitor.fe));
    g_assert_true(serial.mux_in == 1 && monitor.mux_in == 0 && monitor.opened == 1);

    type(&b, in, "one", 3);
    type(&b, in, "\001c", 2);
    g_assert_true(serial.mux_out == 1 && monitor.mux_in == 1);
    type(&b, in, "two", 3);
    type(&b, in, "\001", 1); /* the two halves of an escape may come apart */
    type(&b, in, "c", 1);
    type(&b, in, "\001\001", 2);
    g_assert_cmpstr(serial.got->str, ==, "one\001");
    g_assert_cmpstr(monitor.got->str, ==, "two");
    type(&b, in, "\001b", 2);
    g_assert_true(serial.breaks == 1 && monitor.breaks == 0);
    type(&b, in, "\001q\001h", 4); /* an unknown key is nothing */
    g_assert_nonnull(strstr(shown(out), "C-a x"));
    g_assert_cmpuint(b.quits, ==, 0);

    /* a guest that does not read does not keep the user from leaving */
    serial.room = 0;
    type(&b, in, "lost?\001x", 7);
    g_assert_cmpuint(b.quits, ==, 1);
    serial.room = 64;
    char_frontend_accept_input(&serial.fe);
    turn(&b);
    g_assert_cmpstr(serial.got->str, ==, "one\001lost?");

    type(&b, in, "\001t", 2);
    shown(out);
    char_frontend_write(&serial.fe, "a\nb\n", 4);
    g_assert_nonnull(strstr(shown(out), "a\n[00:00:0"));

    char_frontend_detach(&serial.fe);
    g_assert_true(char_frontend_focused(&monitor.fe));
    g_string_free(serial.got, true);
    front_close(&monitor);
    pipe_close(dir, in, out);
    bench_end(&b);
}

static int client(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    return fd;
}

static void test_socket_server(void)
{
    Bench b = bench_new();
    bench_start(&b);
    char dir[] = "/tmp/chardev-XXXXXX";
    Front f;
    g_assert_nonnull(mkdtemp(dir));
    g_autofree char *path = g_strconcat(dir, "/s", NULL);
    g_autofree char *text = g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    Chardev *c = make(&b, text);
    g_autofree char *name = chardev_filename(c);
    g_assert_nonnull(strstr(name, "disconnected:unix:"));
    front_open(&f, c);
    g_assert_cmpint(f.opened, ==, 0);
    g_assert_cmpuint(char_frontend_write(&f.fe, "nobody", 6), ==, 6);

    for (int round = 1; round <= 3; round++) {
        int fd = client(path);
        turn(&b);
        g_assert_cmpint(f.opened, ==, round);
        g_assert_cmpint(write(fd, "hi", 2), ==, 2);
        turn(&b);
        g_assert_cmpuint(f.got->len, ==, 2 * round);
        char_frontend_write(&f.fe, "yo", 2);
        char buf[8];
        g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 2);
        if (round == 3) { /* the server hangs up */
            char_frontend_disconnect(&f.fe);
            turn(&b);
            g_assert_cmpint(read(fd, buf, 1), ==, 0);
        }
        close(fd);
        turn(&b);
        g_assert_cmpint(f.closed, ==, round);
    }

    /* a descriptor comes with the data */
    int fd = client(path), zero = open("/dev/zero", O_RDONLY);
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (char *)"x", .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
    *h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(h), &zero, sizeof(int));
    g_assert_cmpint(sendmsg(fd, &msg, 0), ==, 1);
    close(zero);
    turn(&b);
    int passed = char_frontend_take_fd(&f.fe);
    g_assert_cmpint(passed, >=, 0);
    char z = 1;
    g_assert_true(read(passed, &z, 1) == 1 && z == 0);
    close(passed);
    g_assert_cmpint(char_frontend_take_fd(&f.fe), ==, -1);
    close(fd);

    front_close(&f);
    bench_end(&b);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    rmdir(dir);
}

static void wait_for(Bench *b, const int *value, int want)
{
    for (int i = 0; i < 300 && *value < want; i++) {
        turn(b);
        g_usleep(10000);
    }
    g_assert_cmpint(*value, ==, want);
}

static int server(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static void test_reconnect(void)
{
    Bench b = bench_new();
    bench_start(&b);
    char dir[] = "/tmp/chardev-XXXXXX";
    Front f;
    g_assert_nonnull(mkdtemp(dir));
    g_autofree char *path = g_strconcat(dir, "/s", NULL);
    g_autofree char *text = g_strdup_printf("socket,id=s,path=%s,reconnect=1", path);
    front_open(&f, make(&b, text)); /* nobody listens yet: no error */
    turn(&b);
    int l = server(path);
    wait_for(&b, &f.opened, 1);
    int fd = accept(l, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    wait_for(&b, &f.closed, 1);
    wait_for(&b, &f.opened, 2);
    close(l);
    front_close(&f);
    bench_end(&b);
    unlink(path);
    rmdir(dir);
}

static void test_telnet(void)
{
    Bench b = bench_new();
    bench_start(&b);
    Front f;
    bool none;
    char dir[] = "/tmp/chardev-XXXXXX";
    g_assert_nonnull(mkdtemp(dir));
    g_autofree char *path = g_strconcat(dir, "/s", NULL);
    g_autofree char *text = g_strdup_printf("unix:%s,server,nowait,telnet", path);
    Chardev *c = chardev_create_legacy(b.root, "t", text, &none, NULL, NULL);
    g_assert_nonnull(c);
    front_open(&f, c);
    int fd = client(path);
    turn(&b);
    uint8_t hello[64];
    g_assert_cmpint(read(fd, hello, sizeof(hello)), ==, 12);
    g_assert_cmphex(hello[0], ==, 255);
    static const char typed[] = "a\377\375\001b\377\377c\377\363d\377\372\030\001\377\360e";
    g_assert_cmpint(write(fd, typed, sizeof(typed) - 1), ==, sizeof(typed) - 1);
    turn(&b);
    g_assert_cmpstr(f.got->str, ==, "ab\377cde");
    g_assert_cmpint(f.breaks, ==, 1);
    close(fd);
    front_close(&f);
    bench_end(&b);
    rmdir(dir);
}

static void test_pty(void)
{
    Bench b = bench_new();
    bench_start(&b);
    Front f;
    Chardev *c = make(&b, "pty,id=p");
    front_open(&f, c);
    g_autofree char *name = chardev_filename(c);
    g_assert_true(g_str_has_prefix(name, "pty:/dev/"));
    turn(&b);
    g_assert_cmpuint(char_frontend_write(&f.fe, "dropped", 7), ==, 7);
    int fd = open(name + 4, O_RDWR | O_NOCTTY | O_NONBLOCK);
    g_assert_cmpint(fd, >=, 0);
    wait_for(&b, &f.opened, 1);
    g_assert_cmpint(write(fd, "in\r", 3), ==, 3);
    turn(&b);
    g_assert_cmpstr(f.got->str, ==, "in\r"); /* raw */
    char_frontend_write(&f.fe, "out\n", 4);
    char buf[16] = "";
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 4);
    g_assert_cmpstr(buf, ==, "out\n");
    close(fd);
    wait_for(&b, &f.closed, 1);
    front_close(&f);
    bench_end(&b);
}

static void test_ringbuf(void)
{
    Bench b = bench_new();
    bench_start(&b);
    Front f;
    Chardev *c = make(&b, "ringbuf,id=r,size=8");
    front_open(&f, c);
    char_frontend_write(&f.fe, "0123456789", 10);
    size_t len;
    g_autofree uint8_t *text = chardev_ringbuf_read(c, 4, &len);
    g_assert_cmpstr((char *)text, ==, "2345");
    g_autofree uint8_t *rest = chardev_ringbuf_read(c, 100, &len);
    g_assert_cmpstr((char *)rest, ==, "6789");
    Error *err = NULL;
    g_assert_false(chardev_remove(b.root, "r", &err));
    g_clear_pointer(&err, error_free);
    front_close(&f);
    g_assert_true(chardev_remove(b.root, "r", NULL));
    g_assert_null(chardev_find(b.root, "r"));
    bench_end(&b);
}

static void test_file(void)
{
    Bench b = bench_new();
    bench_start(&b);
    Front f;
    char dir[] = "/tmp/chardev-XXXXXX";
    g_assert_nonnull(mkdtemp(dir));
    g_autofree char *path = g_strconcat(dir, "/out", NULL), *log = g_strconcat(dir, "/log", NULL);
    g_autofree char *text = g_strdup_printf("file,id=f,path=%s,logfile=%s", path, log);
    front_open(&f, make(&b, text));
    char_frontend_printf(&f.fe, "%d lines\n", 2);
    turn(&b);
    front_close(&f);
    bench_end(&b);
    g_autofree char *got = NULL, *logged = NULL;
    g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
    g_assert_true(g_file_get_contents(log, &logged, NULL, NULL));
    g_assert_cmpstr(got, ==, "2 lines\n");
    g_assert_cmpstr(logged, ==, "2 lines\n");
    unlink(path);
    unlink(log);
    rmdir(dir);
}

static void test_errors(void)
{
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"sockt,id=a", "sockt"}, {"null", "id"}, {"socket,id=a", "path="}, {"socket,id=a,path=/x,port=1", "exclude"},
        {"socket,id=a,path=/nonexistent/x", "/nonexistent/x"}, {"socket,id=a,fd=999,server=on", "999"},
        {"socket,id=a,host=localhost,port=notaport,server=on,wait=off", "notaport"}, {"file,id=a", "path"},
        {"file,id=a,path=/nonexistent/x", "/nonexistent/x"}, {"ringbuf,id=a,size=3", "power"}, {"null,id=a,foo=1", "foo"},
        {"null,id=1a", "1a"}, {"pipe,id=a,path=/nonexistent/x", "/nonexistent/x"},
    };
    Bench b = bench_new();
    bench_start(&b);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Error *err = NULL;
        g_autoptr(OptionSet) o = option_set_parse(bad[i].text, "backend", NULL);
        g_assert_null(chardev_create(b.root, o, &err));
        g_assert_nonnull(err);
        if (!strstr(error_message(err), bad[i].word)) {
            g_error("%s: message '%s' does not name '%s'", bad[i].text, error_message(err), bad[i].word);
        }
        error_free(err);
    }
    g_assert_null(chardev_find(b.root, "a")); /* nothing is left behind */
    static const char *const shorts[] = {"foo", "tcp:host", "unix:", "chardev:none", "mon:stdio", "file:", NULL};
    for (int i = 0; shorts[i]; i++) {
        Error *err = NULL;
        bool none;
        g_assert_null(chardev_create_legacy(b.root, "s", shorts[i], &none, NULL, &err));
        g_assert_true(err && !none);
        error_free(err);
    }
    bool none;
    g_assert_null(chardev_create_legacy(b.root, "s", "none", &none, NULL, NULL));
    g_assert_true(none);
    bench_end(&b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/flow", test_flow);
    g_test_add_func("/chardev/mux", test_mux);
    g_test_add_func("/chardev/socket-server", test_socket_server);
    g_test_add_func("/chardev/reconnect", test_reconnect);
    g_test_add_func("/chardev/telnet", test_telnet);
    g_test_add_func("/chardev/pty", test_pty);
    g_test_add_func("/chardev/ringbuf", test_ringbuf);
    g_test_add_func("/chardev/file", test_file);
    g_test_add_func("/chardev/errors", test_errors);
    return g_test_run();
}
