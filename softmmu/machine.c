/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine object: its kinds, its lock, and its making and end. What happens in between is in runstate.c.
 */
#include "machine-internal.h"

#include <inttypes.h>
#include <string.h>

#include "memory-internal.h"
#include "util/rcu.h"
#include "util/registry.h"

REGISTRY_OWN(machine);

static const TypeRecord machine_type = {
    .name = "machine",
    .parent = "object",
    .help = "a machine: CPUs, memory and devices",
    .instance_size = sizeof(Machine),
};
TYPE_REGISTER(machine_type);

/* --- kinds --- */

/* Several targets may have a machine of one name. */
static int by_name_and_target(const void *a, const void *b)
{
    const MachineRecord *ma = a, *mb = b;
    int c = strcmp(ma->name, mb->name);
    return c ? c : g_strcmp0(ma->target, mb->target);
}

const MachineRecord *const *machine_list(void)
{
    size_t n;
    return (const MachineRecord *const *)REGISTRY_SORTED_BY(machine, &n, by_name_and_target);
}

static unsigned target_bits(const MachineRecord *r)
{
    const TargetRecord *t = r->target ? target_find(r->target) : NULL;
    return t ? t->long_bits : 0;
}

static bool record_has_name(const MachineRecord *r, const char *name)
{
    const char *slash = strchr(name, '/');
    if (slash) {
        size_t len = (size_t)(slash - name);
        if (!r->target || strlen(r->target) != len || strncmp(r->target, name, len)) {
            return false;
        }
        name = slash + 1;
    }
    return !strcmp(r->name, name) || (r->alias && !strcmp(r->alias, name));
}

const MachineRecord *machine_find(const char *name, const char *target, Error **errp)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    const MachineRecord *elsewhere = NULL, *found = NULL;
    for (const MachineRecord *const *r = machine_list(); *r; r++) {
        bool here = !target || !(*r)->target || !strcmp((*r)->target, target);
        if (record_has_name(*r, name)) {
            if (!here) {
                elsewhere = *r;
            } else if (!found || target_bits(*r) > target_bits(found)) {
                found = *r; /* without a target, the widest one that has a machine of this name */
            }
        }
        if (here) {
            g_ptr_array_add(known, (gpointer)(*r)->name);
            if ((*r)->alias) {
                g_ptr_array_add(known, (gpointer)(*r)->alias);
            }
        }
    }
    if (found) {
        return found;
    }
    g_ptr_array_add(known, NULL);
    if (elsewhere) {
        error_setg(errp, "machine '%s' belongs to target %s, not %s", name, elsewhere->target, target);
        return NULL;
    }
    error_set_unknown(errp, name, (const char *const *)known->pdata, "unsupported machine type '%s' (-machine help lists them)", name);
    return NULL;
}

const MachineRecord *machine_default(const char *target)
{
    const MachineRecord *found = NULL;
    for (const MachineRecord *const *r = machine_list(); *r; r++) {
        bool here = (*r)->target && (!target || !strcmp((*r)->target, target));
        if (here && (*r)->is_default && (!found || target_bits(*r) > target_bits(found))) {
            found = *r;
        }
    }
    return found;
}

/* --- lock --- */

void machine_lock(Machine *m)
{
    g_rec_mutex_lock(&m->lock);
    if (m->lock_depth++ == 0) {
        __atomic_store_n(&m->lock_owner, g_thread_self(), __ATOMIC_RELAXED);
    }
}

void machine_unlock(Machine *m)
{
    if (--m->lock_depth == 0) {
        __atomic_store_n(&m->lock_owner, NULL, __ATOMIC_RELAXED);
    }
    g_rec_mutex_unlock(&m->lock);
}

bool machine_locked_by_me(const Machine *m) { return __atomic_load_n(&m->lock_owner, __ATOMIC_RELAXED) == g_thread_self(); }

unsigned machine_unlock_all(Machine *m)
{
    unsigned depth = machine_locked_by_me(m) ? m->lock_depth : 0;
    for (unsigned i = 0; i < depth; i++) {
        machine_unlock(m);
    }
    return depth;
}

void machine_relock(Machine *m, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        machine_lock(m);
    }
}

/* The main loop sleeps without the lock, at whatever depth it is held. */
static void loop_lock(void *opaque)
{
    Machine *m = opaque;
    unsigned depth = m->loop_lock_depth;
    machine_relock(m, depth);
}

static void loop_unlock(void *opaque)
{
    Machine *m = opaque;
    m->loop_lock_depth = m->lock_depth; /* still ours to read */
    machine_unlock_all(m);
}

/* --- life --- */

Machine *machine_new(const MachineRecord *record)
{
    Machine *m = (Machine *)object_new("machine");
    rcu_thread_register();
    g_rec_mutex_init(&m->lock);
    m->record = record;
    m->root = object_new("container");
    object_add_child(m->root, "machine", OBJECT(m));
    m->board = g_malloc0(record->state_size ? record->state_size : 1);
    if (record->fields) {
        fields_set_defaults(record->fields, m->board);
    }
    m->graphics = true;
    m->ram_size = record->default_ram;
    m->cpu_count = m->max_cpus = m->sockets = m->cores = m->threads = 1;
    m->state = RUN_STATE_PRELAUNCH;

    m->clock = virtual_clock_new();
    m->loop = event_loop_new(m->clock);
    event_loop_set_lock(m->loop, loop_lock, loop_unlock, m);

    m->cpus = g_ptr_array_new();
    m->reset_handlers = g_ptr_array_new_with_free_func(g_free);
    m->state_notifiers = g_ptr_array_new_with_free_func(g_free);
    m->powerdown_notifiers = g_ptr_array_new_with_free_func(g_free);
    m->event_notifiers = g_ptr_array_new_with_free_func(g_free);
    m->serials = g_ptr_array_new();
    m->netdevs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->default_nics = g_ptr_array_new();
    m->default_drives = g_ptr_array_new();
    m->smbios = g_ptr_array_new();
    m->boot_splash_time = m->boot_reboot_timeout = -1;
    m->roms = g_ptr_array_new_with_free_func(rom_free);
    m->firmware_dirs = g_ptr_array_new_with_free_func(g_free);

    m->memory_state = memory_state_new(m);
    m->system_memory = g_new0(MemoryRegion, 1);
    memory_region_init(m->system_memory, m, OBJECT(m), "system", UINT64_MAX);
    m->as = address_space_new(m, m->system_memory, "memory");
    return m;
}

static bool check_cpus(Machine *m, Error **errp)
{
    const MachineRecord *r = m->record;
    unsigned limit = r->max_cpus ? r->max_cpus : 1;
    if (m->max_cpus > limit) {
        error_setg(errp, "machine '%s' takes at most %u CPUs, but %u were asked for", r->name, limit, m->max_cpus);
        return false;
    }
    return true;
}

static bool check_ram(Machine *m, Error **errp)
{
    const MachineRecord *r = m->record;
    if (r->min_ram && m->ram_size < r->min_ram) {
        g_autofree char *min = g_format_size_full(r->min_ram, G_FORMAT_SIZE_IEC_UNITS);
        error_setg(errp, "machine '%s' needs at least %s of memory (-m)", r->name, min);
        return false;
    }
    if (r->max_ram && m->ram_size > r->max_ram) {
        g_autofree char *max = g_format_size_full(r->max_ram, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *is = g_format_size_full(m->ram_size, G_FORMAT_SIZE_IEC_UNITS);
        error_setg(errp, "machine '%s' takes at most %s of memory, but %s was asked for (-m)", r->name, max, is);
        return false;
    }
    return true;
}

bool machine_realize(Machine *m, Error **errp)
{
    bool ok = false;
    machine_lock(m);
    if (!check_cpus(m, errp) || !check_ram(m, errp) || !machine_make_ram(m, errp)) {
        goto out;
    }
    if (m->record->init && !m->record->init(m, errp)) {
        goto out;
    }
    ok = true;
out:
    machine_unlock(m);
    return ok;
}

bool machine_finish(Machine *m, Error **errp)
{
    bool ok = true;
    machine_lock(m);
    if (m->record->ready) {
        m->record->ready(m);
    }
    if (m->record->finish) {
        ok = m->record->finish(m, errp);
    }
    if (ok) {
        machine_reset(m);
    }
    machine_unlock(m);
    return ok;
}

static void free_region(MemoryRegion **mr)
{
    if (*mr) {
        memory_region_destroy(*mr);
        g_clear_pointer(mr, g_free);
    }
}

static void collect_child(Object *child, void *opaque) { g_ptr_array_add(opaque, child); }

/* The newest first: a device before its bus, a user before what it uses. */
static void remove_children(Object *parent, const Object *keep)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    object_foreach_child(parent, collect_child, all);
    for (unsigned i = all->len; i-- > 0;) {
        Object *child = all->pdata[i];
        if (child != keep && child->parent == parent) {
            object_remove_from_parent(child);
        }
    }
}

static void free_lists(Machine *m)
{
    GPtrArray *const lists[] = {m->roms, m->reset_handlers, m->state_notifiers, m->powerdown_notifiers, m->event_notifiers, m->serials,
                                m->default_nics, m->default_drives, m->smbios, m->firmware_dirs,
                                m->cpus};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_ptr_array_free(lists[i], true);
    }
    g_hash_table_unref(m->netdevs);
}

void machine_free(Machine *m)
{
    machine_lock(m);
    cpus_shutdown(m);
    remove_children(OBJECT(m), NULL);
    m->bus_state = NULL; /* was one of them */
    for (unsigned i = 0; i < m->cpus->len; i++) {
        object_unref(OBJECT(m->cpus->pdata[i]));
    }
    if (m->record->cleanup) {
        m->record->cleanup(m);
    }
    if (m->ram && m->ram->mapped) {
        memory_unmap(m->ram);
    }
    remove_children(m->root, OBJECT(m)); /* memory backends, character devices */
    if (!m->ram_backend) {
        free_region(&m->ram);
    }
    address_space_free(m->as);
    free_region(&m->system_memory); /* what a board left mapped is unmapped */
    if (m->record->fields) {
        fields_free(m->record->fields, m->board);
    }
    g_clear_pointer(&m->board, g_free);
    free_lists(m);
    machine_unlock(m);
    rcu_drain();

    char **const texts[] = {&m->name, &m->cpu_model, &m->kernel, &m->initrd, &m->append, &m->dtb, &m->dumpdtb, &m->firmware, &m->mem_path, &m->boot_order,
                            &m->boot_once, &m->boot_splash, &m->vga};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_clear_pointer(texts[i], g_free);
    }
    event_loop_free(m->loop);
    virtual_clock_free(m->clock);
    memory_state_free(m->memory_state);
    g_rec_mutex_clear(&m->lock);
    Object *root = m->root;
    object_remove_from_parent(OBJECT(m));
    object_unref(OBJECT(m));
    object_unref(root);
}
