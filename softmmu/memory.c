/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of memory regions, and the transactions that publish it.
 *
 * A change is made between memory_begin() and memory_commit(), which take the machine lock. The outermost commit builds the
 * views of all address spaces anew, publishes them and then tells the listeners; readers see the old or the new view,
 * never a mixture. A region belongs to at most one container.
 */
#include "memory-internal.h"

#include "util/rcu.h"

MemoryState *memory_state_new(struct Machine *m)
{
    MemoryState *ms = g_new0(MemoryState, 1);
    ms->machine = m;
    ms->spaces = g_ptr_array_new();
    ms->ram = g_malloc0(sizeof(RamTable));
    ms->listeners = g_malloc0(sizeof(ListenerTable));
    return ms;
}

void memory_state_free(MemoryState *ms)
{
    g_ptr_array_free(ms->spaces, true);
    rcu_drain();
    g_free(ms->ram);
    g_free(ms->listeners);
    g_free(ms);
}

/* --- regions --- */

void memory_region_init(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size)
{
    memset(mr, 0, sizeof(*mr));
    mr->kind = MEM_CONTAINER;
    mr->machine = m;
    mr->owner = owner;
    mr->name = g_strdup(name ? name : "anonymous");
    mr->size = size;
    mr->enabled = true;
}

bool memory_region_init_ram_from(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size,
                                 const RamSource *src, Error **errp)
{
    memory_region_init(mr, m, owner, name, size);
    mr->kind = MEM_RAM;
    mr->ram = ram_block_new(m, name, size, src, errp);
    if (!mr->ram) {
        g_clear_pointer(&mr->name, g_free);
        return false;
    }
    return true;
}

bool memory_region_init_ram(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size, Error **errp)
{
    return memory_region_init_ram_from(mr, m, owner, name, size, NULL, errp);
}

bool memory_region_init_rom(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size, Error **errp)
{
    if (!memory_region_init_ram_from(mr, m, owner, name, size, NULL, errp)) {
        return false;
    }
    mr->kind = MEM_ROM;
    mr->readonly = true;
    return true;
}

void memory_region_init_mmio(MemoryRegion *mr, struct Machine *m, Object *owner, const MmioOps *ops, void *opaque,
                             const char *name, uint64_t size)
{
    memory_region_init(mr, m, owner, name, size);
    mr->kind = MEM_MMIO;
    mr->ops = ops;
    mr->opaque = opaque;
}

bool memory_region_init_romd(MemoryRegion *mr, struct Machine *m, Object *owner, const MmioOps *ops, void *opaque,
                             const char *name, uint64_t size, Error **errp)
{
    if (!memory_region_init_ram_from(mr, m, owner, name, size, NULL, errp)) {
        return false;
    }
    mr->kind = MEM_ROMD;
    mr->romd = true;
    mr->ops = ops;
    mr->opaque = opaque;
    return true;
}

void memory_region_init_alias(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, MemoryRegion *orig,
                              uint64_t offset, uint64_t size)
{
    memory_region_init(mr, m, owner, name, size);
    mr->kind = MEM_ALIAS;
    mr->alias = orig;
    mr->alias_offset = offset;
}

void memory_region_destroy(MemoryRegion *mr)
{
    if (!mr->machine) {
        return; /* never initialised, or destroyed before */
    }
    struct Machine *m = mr->machine;
    memory_begin(m);
    memory_unmap(mr);
    while (mr->children) {
        memory_unmap(mr->children->data);
    }
    memory_commit(m);
    if (mr->ram) {
        ram_block_free(m, mr->ram);
    }
    g_free(mr->name);
    memset(mr, 0, sizeof(*mr));
}

/* --- transactions --- */

void memory_begin(struct Machine *m)
{
    machine_lock(m);
    memory_state(m)->depth++;
}

static void publish_views(MemoryState *ms)
{
    for (unsigned i = 0; i < ms->spaces->len; i++) {
        AddressSpace *as = ms->spaces->pdata[i];
        FlatView *old = as->view;
        rcu_publish(as->view, flat_view_build(as->root));
        rcu_defer(g_free, old);
    }
    ListenerTable *lt = ms->listeners;
    for (unsigned i = 0; i < lt->count; i++) {
        if (lt->listeners[i]->changed) {
            lt->listeners[i]->changed(lt->listeners[i]);
        }
    }
}

void memory_commit(struct Machine *m)
{
    MemoryState *ms = memory_state(m);
    if (--ms->depth == 0 && ms->changed) {
        ms->changed = false;
        publish_views(ms);
    }
    machine_unlock(m);
}

void memory_map_overlap(MemoryRegion *container, uint64_t addr, MemoryRegion *mr, int priority)
{
    struct Machine *m = container->machine;
    memory_begin(m);
    memory_unmap(mr); /* a region is in one place; mapping it again moves it */
    mr->container = container;
    mr->mapped = true;
    mr->addr = addr;
    mr->priority = priority;
    GList *l = container->children;
    while (l && ((MemoryRegion *)l->data)->priority > priority) {
        l = l->next;
    }
    container->children = g_list_insert_before(container->children, l, mr);
    memory_state(m)->changed = true;
    memory_commit(m);
}

void memory_map(MemoryRegion *container, uint64_t addr, MemoryRegion *mr) { memory_map_overlap(container, addr, mr, 0); }

void memory_unmap(MemoryRegion *mr)
{
    if (!mr->mapped) {
        return;
    }
    memory_begin(mr->machine);
    mr->container->children = g_list_remove(mr->container->children, mr);
    mr->container = NULL;
    mr->mapped = false;
    memory_state(mr->machine)->changed = true;
    memory_commit(mr->machine);
}

void memory_set_enabled(MemoryRegion *mr, bool enabled)
{
    if (mr->enabled == enabled) {
        return;
    }
    memory_begin(mr->machine);
    mr->enabled = enabled;
    memory_state(mr->machine)->changed = true;
    memory_commit(mr->machine);
}

void memory_set_address(MemoryRegion *mr, uint64_t addr)
{
    if (mr->addr == addr) {
        return;
    }
    memory_begin(mr->machine);
    if (mr->mapped) {
        memory_map_overlap(mr->container, addr, mr, mr->priority);
    } else {
        mr->addr = addr;
    }
    memory_commit(mr->machine);
}

void memory_romd_set(MemoryRegion *mr, bool romd)
{
    if (mr->kind != MEM_ROMD || mr->romd == romd) {
        return;
    }
    memory_begin(mr->machine);
    mr->romd = romd;
    memory_state(mr->machine)->changed = true;
    memory_commit(mr->machine);
}

/* --- listeners --- */

static void listeners_publish(MemoryState *ms, ListenerTable *fresh)
{
    ListenerTable *old = ms->listeners;
    rcu_publish(ms->listeners, fresh);
    rcu_defer(g_free, old);
}

void memory_listener_add(struct Machine *m, MemoryListener *l)
{
    machine_lock(m);
    MemoryState *ms = memory_state(m);
    ListenerTable *old = ms->listeners;
    ListenerTable *t = g_malloc(sizeof(*t) + (old->count + 1) * sizeof(t->listeners[0]));
    memcpy(t->listeners, old->listeners, old->count * sizeof(t->listeners[0]));
    t->listeners[old->count] = l;
    t->count = old->count + 1;
    listeners_publish(ms, t);
    machine_unlock(m);
}

void memory_listener_remove(struct Machine *m, MemoryListener *l)
{
    machine_lock(m);
    MemoryState *ms = memory_state(m);
    ListenerTable *old = ms->listeners;
    ListenerTable *t = g_malloc0(sizeof(*t) + old->count * sizeof(t->listeners[0]));
    for (unsigned i = 0; i < old->count; i++) {
        if (old->listeners[i] != l) {
            t->listeners[t->count++] = old->listeners[i];
        }
    }
    listeners_publish(ms, t);
    machine_unlock(m);
}
