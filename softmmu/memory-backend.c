/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What main memory is made of: `-object memory-backend-ram|-memfd|-file`, named by `-machine memory-backend=ID`, or -mem-path,
 * or anonymous memory. A backend owns its RAM block; the machine maps its region.
 */
#include "machine-internal.h"
#include "memory-internal.h"

#include "qom/object.h"

typedef struct MemoryBackend {
    Object obj;
    uint64_t size;
    char *mem_path;
    bool share, prealloc;
    bool merge, dump, discard_data, seal, reserve; /* accepted */
    uint64_t align;
    MemoryRegion mr;
    bool used;
} MemoryBackend;

#define COMMON_FIELDS                                                                                                   \
    FIELD(MemoryBackend, size, FIELD_SIZE, "size", FIELD_PROP | FIELD_REQUIRED, .help = "bytes of memory"),             \
        FIELD(MemoryBackend, share, FIELD_BOOL, "share", FIELD_PROP, .help = "writes reach the file and its other users"),\
        FIELD(MemoryBackend, prealloc, FIELD_BOOL, "prealloc", FIELD_PROP, .help = "allocate all of it at once"),       \
        FIELD(MemoryBackend, merge, FIELD_BOOL, "merge", FIELD_PROP, .def = 1, .help = "accepted: shared memory is not merged"),\
        FIELD(MemoryBackend, dump, FIELD_BOOL, "dump", FIELD_PROP, .def = 1, .help = "accepted"),        \
        FIELD(MemoryBackend, reserve, FIELD_BOOL, "reserve", FIELD_PROP, .def = 1, .help = "accepted")

static const Field ram_fields[] = {COMMON_FIELDS, FIELD_END};
static const Field memfd_fields[] = {
    COMMON_FIELDS, FIELD(MemoryBackend, seal, FIELD_BOOL, "seal", FIELD_PROP, .def = 1, .help = "accepted"),
    FIELD_END};
static const Field file_fields[] = {
    COMMON_FIELDS,
    FIELD(MemoryBackend, mem_path, FIELD_STRING, "mem-path", FIELD_PROP | FIELD_REQUIRED, .help = "file, or directory for an unnamed file"),
    FIELD(MemoryBackend, discard_data, FIELD_BOOL, "discard-data", FIELD_PROP, .help = "accepted: the file keeps its contents"),
    FIELD(MemoryBackend, align, FIELD_SIZE, "align", FIELD_PROP, .help = "accepted; memory is always aligned to 2 MiB"), FIELD_END};

static bool backend_complete(Object *obj, Error **errp)
{
    MemoryBackend *b = (MemoryBackend *)obj;
    if (!b->size) {
        error_setg(errp, "%s '%s' needs a size (size=1G)", object_type_name(obj), obj->name ? obj->name : "");
        return false;
    }
    if (object_is_a(obj, "memory-backend-file") && !b->mem_path) {
        error_setg(errp, "memory-backend-file needs a path (mem-path=/dev/shm/guest)");
        return false;
    }
    return true; /* the block is made when the machine takes it: only then the machine is known */
}

static void backend_finalize(Object *obj)
{
    MemoryBackend *b = (MemoryBackend *)obj;
    memory_region_destroy(&b->mr);
}

static const UserCreatable creatable = {.complete = backend_complete};
static const InterfaceRecord interfaces[] = {{INTERFACE_USER_CREATABLE, &creatable}, {NULL, NULL}};

static const TypeRecord backend_type = {
    .name = "memory-backend", .parent = "object", .abstract = true, .instance_size = sizeof(MemoryBackend), .finalize = backend_finalize};
TYPE_REGISTER(backend_type);
static const TypeRecord ram_type = {
    .name = "memory-backend-ram", .parent = "memory-backend", .help = "anonymous memory", .interfaces = interfaces, .fields = ram_fields};
TYPE_REGISTER(ram_type);
static const TypeRecord memfd_type = {.name = "memory-backend-memfd", .parent = "memory-backend",
                                      .help = "memory that another process can be given", .interfaces = interfaces, .fields = memfd_fields};
TYPE_REGISTER(memfd_type);
static const TypeRecord file_type = {
    .name = "memory-backend-file", .parent = "memory-backend", .help = "memory in a file", .interfaces = interfaces, .fields = file_fields};
TYPE_REGISTER(file_type);

static bool ram_from_backend(Machine *m, MemoryBackend *b, Error **errp)
{
    if (b->used) {
        error_setg(errp, "memory backend '%s' is in use already", b->obj.name);
        return false;
    }
    if (b->size != m->ram_size) {
        g_autofree char *a = g_format_size_full(b->size, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *c = g_format_size_full(m->ram_size, G_FORMAT_SIZE_IEC_UNITS);
        error_setg(errp, "memory backend '%s' has %s, but the machine's memory is %s (-m)", b->obj.name, a, c);
        return false;
    }
    RamSource src = {.path = b->mem_path, .share = b->share, .prealloc = b->prealloc};
    if (!memory_region_init_ram_from(&b->mr, m, OBJECT(b), b->obj.name, b->size, &src, errp)) {
        return false;
    }
    b->used = true;
    m->ram = &b->mr;
    return true;
}

bool machine_make_ram(Machine *m, Error **errp)
{
    if (m->ram_backend) {
        return ram_from_backend(m, (MemoryBackend *)m->ram_backend, errp);
    }
    if (!m->ram_size) {
        return true;
    }
    RamSource src = {.path = m->mem_path, .prealloc = m->mem_prealloc};
    MemoryRegion *mr = g_new0(MemoryRegion, 1);
    if (!memory_region_init_ram_from(mr, m, OBJECT(m), "ram", m->ram_size, &src, errp)) {
        g_free(mr);
        return false;
    }
    m->ram = mr;
    return true;
}
