/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the translator tells about itself: `info jit`, and the profile that `-d profile` prints at the end.
 *
 * TLB hits are not counted: the inline path stays free of counters. The profile counts entries by the dispatcher; with
 * it on, regions are not linked, so every execution is one.
 */
#include <string.h>

#include "internal.h"

static double ratio(uint64_t a, uint64_t b) { return b ? (double)a / (double)b : 0.0; }

static void print_code(const TcgAccel *a, FILE *out)
{
    const AccelStats *s = &a->stats;
    size_t used = 0;

    for (unsigned i = 0; i < a->seg_count; i++) {
        used += a->seg[i].used;
    }
    fprintf(out, "Translated code:\n");
    fprintf(out, "  buffer              %zu of %zu KiB in %u segments (current: %u)\n", used >> 10, a->tb_size >> 10,
            a->seg_count, a->seg_current);
    if (a->be) {
        fprintf(out, "  host features       %s\n", tcg_backend_host_features(a->be));
    }
    fprintf(out, "  regions             %" PRIu64 " made, %" PRIu64 " interpreted\n", s->regions, s->interp_regions);
    fprintf(out, "  guest instructions  %" PRIu64 " (%.1f per region)\n", s->insns, ratio(s->insns, s->regions));
    fprintf(out, "  TinyCode operations %" PRIu64 " (%.2f per guest instruction)\n", s->ops, ratio(s->ops, s->insns));
    fprintf(out, "  host code           %" PRIu64 " bytes (%.1f per guest instruction)\n", s->code_bytes,
            ratio(s->code_bytes, s->insns));
    fprintf(out, "  translation         %.3f ms (%.0f ns per guest instruction), %" PRIu64 " done again\n",
            (double)s->translate_ns / 1e6, ratio(s->translate_ns, s->insns), s->retries);
    fprintf(out,
            "  links               %" PRIu64 " made; not: %" PRIu64 " guard failed, %" PRIu64 " remapped, %" PRIu64
            " others\n",
            s->links, s->link_present, s->link_guard, s->link_other);
    fprintf(out,
            "  invalidations       %" PRIu64 " (%" PRIu64 " by stores, %" PRIu64 " evicted), %" PRIu64
            " whole flushes\n",
            s->kills, s->store_kills, s->evicted, s->flush_all);
}

static void print_vcpu(const TcgVcpu *v, FILE *out)
{
    const VcpuStats *s = &v->stats;

    fprintf(out, "CPU %u:\n", v->cpu->index);
    fprintf(out, "  TLB                 %" PRIu64 " misses, %" PRIu64 " fills, %" PRIu64 " victim hits\n", s->tlb_miss,
            s->tlb_fill, s->victim_hit);
    fprintf(out, "  flushes             %" PRIu64 " whole, %" PRIu64 " of a context, %" PRIu64 " of a page\n",
            s->flush_all, s->flush_ctx, s->flush_page);
    fprintf(out, "  address spaces      %" PRIu64 " switches, %" PRIu64 " recycled, %u remembered\n", s->switches,
            s->recycled, v->ctx_count);
    fprintf(out,
            "  dispatcher          %" PRIu64 " entries, %" PRIu64 " by unlinked exits, %" PRIu64 " jump-cache misses\n",
            s->enters, s->link_exits, s->jc_miss);
    fprintf(out, "  indirect lookups    %" PRIu64 "\n", s->lookups);
    fprintf(out, "  device accesses     %" PRIu64 "; watched stores %" PRIu64 "; page-crossing accesses %" PRIu64 "\n",
            s->io, s->watched_store, s->split);
    fprintf(out, "  sleeps              %" PRIu64 "\n", s->sleeps);
}

void tcg_accel_print_info(TcgAccel *a, FILE *out)
{
    g_mutex_lock(&a->translate_lock);
    print_code(a, out);
    for (unsigned i = 0; i < a->vcpu_count; i++) {
        print_vcpu(a->vcpus[i], out);
    }
    g_mutex_unlock(&a->translate_lock);
}

static int by_work(const void *x, const void *y)
{
    const Region *a = *(Region *const *)x, *b = *(Region *const *)y;
    uint64_t wa = a->execs * a->insns, wb = b->execs * b->insns;

    return wa < wb ? 1 : wa > wb ? -1 : 0;
}

#define PROFILE_LINES 50

void info_print_profile(TcgAccel *a)
{
    GPtrArray *all = g_ptr_array_new();
    uint64_t total = 0;

    for (unsigned i = 0; i < a->seg_count; i++) {
        for (uint32_t k = 0; k < a->seg[i].count; k++) {
            Region *r = a->seg[i].regions[k];

            g_ptr_array_add(all, r);
            total += r->execs * r->insns;
        }
    }
    if (all->len) {
        qsort(all->pdata, all->len, sizeof(void *), by_work);
    }
    FILE *out = log_lock();
    fprintf(out, "%-18s %12s %6s %7s %10s %7s\n", "region", "executions", "insns", "bytes", "bytes/insn", "share");
    for (unsigned i = 0; i < all->len && i < PROFILE_LINES; i++) {
        const Region *r = all->pdata[i];
        unsigned bytes = r->code ? r->code->size : 0;

        fprintf(out, "%#-18" PRIx64 " %12" PRIu64 " %6u %7u %10.1f %6.2f%%\n", r->pc, r->execs, r->insns, bytes,
                ratio(bytes, r->insns), 100.0 * ratio(r->execs * r->insns, total));
    }
    tcg_accel_print_info(a, out);
    log_unlock(out);
    g_ptr_array_free(all, TRUE);
}
