/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info mtree`: the tree of regions of each address space, or (-f) the flat views that follow from it.
 */
#include "memory-internal.h"

#include "util/rcu.h"

static const char *kind_name(const MemoryRegion *mr, bool readonly)
{
    switch (mr->kind) {
    case MEM_RAM:
        return readonly ? "rom" : "ram";
    case MEM_ROM:
        return "rom";
    case MEM_ROMD:
        return mr->romd ? "romd" : "i/o";
    case MEM_MMIO:
        return "i/o";
    case MEM_ALIAS:
        return "alias";
    default:
        return "container";
    }
}

static void print_region(FILE *out, const MemoryRegion *mr, uint64_t base, int depth)
{
    uint64_t last = mr->size ? base + (mr->size == UINT64_MAX ? UINT64_MAX - base : mr->size - 1) : base;
    fprintf(out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s", 2 + 2 * depth, "", base, last, mr->priority,
            kind_name(mr, mr->readonly), mr->name);
    if (mr->kind == MEM_ALIAS) {
        fprintf(out, " @%s %016" PRIx64 "-%016" PRIx64, mr->alias->name, mr->alias_offset, mr->alias_offset + mr->size - 1);
    }
    fprintf(out, "%s\n", mr->enabled ? "" : " [disabled]");
    if (depth > MEMORY_MAX_DEPTH) {
        return;
    }
    /* the tree keeps priorities first; people look for addresses */
    GList *sorted = g_list_copy(mr->children);
    for (bool again = true; again;) {
        again = false;
        for (GList *l = sorted; l && l->next; l = l->next) {
            MemoryRegion *a = l->data, *b = l->next->data;
            if (a->addr > b->addr) {
                l->data = b;
                l->next->data = a;
                again = true;
            }
        }
    }
    for (GList *l = sorted; l; l = l->next) {
        const MemoryRegion *child = l->data;
        print_region(out, child, base + child->addr, depth + 1);
    }
    g_list_free(sorted);
}

static void print_flat(FILE *out, const AddressSpace *as)
{
    const FlatView *v = as->view;
    fprintf(out, "FlatView of \"%s\", root: %s\n", as->name, as->root ? as->root->name : "none");
    for (unsigned i = 0; i < v->count; i++) {
        const FlatRange *r = &v->ranges[i];
        fprintf(out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s", r->start, r->last, r->mr->priority,
                kind_name(r->mr, r->readonly), r->mr->name);
        if (r->offset) {
            fprintf(out, " @%016" PRIx64, r->offset);
        }
        fputc('\n', out);
    }
    if (!v->count) {
        fprintf(out, "  No rendered FlatView\n");
    }
    fputc('\n', out);
}

void memory_print_tree(struct Machine *m, FILE *out, bool flat)
{
    machine_lock(m);
    MemoryState *ms = memory_state(m);
    for (unsigned i = 0; i < ms->spaces->len; i++) {
        const AddressSpace *as = ms->spaces->pdata[i];
        if (flat) {
            print_flat(out, as);
        } else {
            fprintf(out, "address-space: %s\n", as->name);
            if (as->root) {
                print_region(out, as->root, 0, 0);
            }
            fputc('\n', out);
        }
    }
    machine_unlock(m);
}
