/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O threads as objects of the command line. The thread starts when the object is complete and ends with it.
 */
#include "softmmu/iothread.h"

typedef struct IoThreadObject {
    Object obj;
    uint64_t poll_max_ns, poll_grow, poll_shrink, aio_max_batch;
    uint64_t pool_min, pool_max;
    IoThread *thread;
} IoThreadObject;

static bool iothread_complete(Object *obj, Error **errp)
{
    g_autofree char *name = g_strdup_printf("IO %s", obj->name ? obj->name : "");
    ((IoThreadObject *)obj)->thread = io_thread_new(name);
    return true;
}

static void iothread_finalize(Object *obj)
{
    IoThreadObject *o = (IoThreadObject *)obj;
    if (o->thread) {
        io_thread_free(o->thread);
    }
}

EventLoop *iothread_loop(Object *obj) { return io_thread_loop(((IoThreadObject *)obj)->thread); }

static const Field iothread_fields[] = {
    FIELD(IoThreadObject, poll_max_ns, FIELD_U64, "poll-max-ns", FIELD_PROP, .def = 32768, .help = "accepted: how long to poll before sleeping"),
    FIELD(IoThreadObject, poll_grow, FIELD_U64, "poll-grow", FIELD_PROP, .help = "accepted"),
    FIELD(IoThreadObject, poll_shrink, FIELD_U64, "poll-shrink", FIELD_PROP, .help = "accepted"),
    FIELD(IoThreadObject, aio_max_batch, FIELD_U64, "aio-max-batch", FIELD_PROP, .help = "accepted"),
    FIELD(IoThreadObject, pool_min, FIELD_U64, "thread-pool-min", FIELD_PROP, .help = "accepted"),
    FIELD(IoThreadObject, pool_max, FIELD_U64, "thread-pool-max", FIELD_PROP, .def = 64, .help = "accepted"),
    FIELD_END,
};
static const UserCreatable creatable = {.complete = iothread_complete};
static const InterfaceRecord interfaces[] = {{INTERFACE_USER_CREATABLE, &creatable}, {NULL, NULL}};
static const TypeRecord iothread_type = {
    .name = TYPE_IOTHREAD, .parent = "object", .help = "a thread for the work of disks and networks",
    .instance_size = sizeof(IoThreadObject), .interfaces = interfaces, .fields = iothread_fields, .finalize = iothread_finalize};
TYPE_REGISTER(iothread_type);
