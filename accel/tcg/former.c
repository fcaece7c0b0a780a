/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The region former: decides what one translation covers, and drives frontend, passes and backend.
 *
 * A prescan follows the fall-through path and unconditional jumps within the page of the entry, so that branches among
 * the collected instructions become internal edges and small loops stay inside one region. The page's bytes are copied
 * once, after the page is watched for stores, and everything works on the copy; if a store hit the page meanwhile the
 * result is thrown away and made again. An instruction over the page's end is a region of its own with two pages in its
 * identity.
 *
 * All of it runs under translate_lock; builder, IR and scratch memory are reused.
 */
#include <string.h>

#include "internal.h"
#include "util/clock.h"

#define MAX_INSNS 64    /* guest instructions per region */
#define MAX_BRANCHES 8  /* conditional branches followed on their fall-through side */
#define SLOP 64         /* readable bytes behind the page copy */
#define RETRIES 8

typedef struct Planned {
    uint64_t pc;
    uint16_t off;
    uint8_t len;
    uint8_t kind; /* ScanKind */
    uint64_t target;
} Planned;

typedef struct Former {
    TcgAccel *a;
    TcgBuilder *builder;
    TcgRegion *ir;
    uint8_t bytes[4096 + SLOP];  /* of the page, then of the second one for an instruction over its end */
    Planned plan[TCG_MAX_GUEST_INSNS];
    unsigned count;
    int16_t at[4096];            /* plan index + 1 by offset in the page; only the plan's offsets are set */
    uint64_t next_pc;            /* where control goes behind the last instruction */
    bool hit_breakpoint;         /* next_pc is one */
} Former;

Former *former_new(TcgAccel *a)
{
    Former *f = g_new0(Former, 1);

    f->a = a;
    f->builder = tcg_builder_new();
    f->ir = tcg_region_new(a->target->slots, a->target->slot_count);
    return f;
}

void former_free(Former *f)
{
    if (f) {
        tcg_builder_free(f->builder);
        tcg_region_free(f->ir);
        g_free(f);
    }
}

static bool is_breakpoint(const TcgAccel *a, uint64_t pc)
{
    for (unsigned i = 0; i < a->breakpoints->len; i++) {
        if (g_array_index(a->breakpoints, uint64_t, i) == pc) {
            return true;
        }
    }
    return false;
}

static void forget_plan(Former *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        f->at[f->plan[i].off & 4095] = 0;
    }
    f->count = 0;
}

static const Planned *planned_at(const Former *f, uint64_t page, uint64_t pc)
{
    if ((pc & TLB_PAGE_MASK) != page || !f->at[IN_PAGE(pc)]) {
        return NULL;
    }
    return &f->plan[f->at[IN_PAGE(pc)] - 1];
}

/* Collects the instructions of one region from @pc on. */
static void plan_region(Former *f, uint64_t pc, uint64_t flags, unsigned max, unsigned avail_end, bool step)
{
    const TargetRecord *t = f->a->target;
    uint64_t page = pc & TLB_PAGE_MASK, cur = pc;
    unsigned branches = 0;

    forget_plan(f);
    f->hit_breakpoint = false;
    while (f->count < max && (cur & TLB_PAGE_MASK) == page && !planned_at(f, page, cur)) {
        unsigned off = (unsigned)IN_PAGE(cur);
        ScanInfo info = {.len = 0, .kind = SCAN_STOP};

        if (!step && is_breakpoint(f->a, cur)) {
            f->hit_breakpoint = true;
            break;
        }
        t->scan(f->bytes + off, avail_end - off, cur, flags, &info);
        if (!info.len || info.len > 255 || (f->count && off + info.len > GUEST_PAGE)) {
            break;
        }
        f->plan[f->count] = (Planned){cur, (uint16_t)off, (uint8_t)info.len, (uint8_t)info.kind, info.target};
        f->at[off] = (int16_t)++f->count;
        cur += info.len;
        if (info.kind == SCAN_BRANCH && ++branches >= MAX_BRANCHES) {
            break;
        }
        if (info.kind == SCAN_JUMP) {
            if ((info.target & TLB_PAGE_MASK) != page || planned_at(f, page, info.target) || f->count >= max) {
                break;
            }
            cur = info.target;
        } else if (info.kind == SCAN_CALL || info.kind == SCAN_STOP) {
            break;
        }
    }
    f->next_pc = cur;
}

/* Tells the builder which planned instructions are jumped to. */
static void label_targets(Former *f)
{
    uint64_t page = f->plan[0].pc & TLB_PAGE_MASK;

    for (unsigned i = 0; i < f->count; i++) {
        const Planned *p = &f->plan[i];

        if ((p->kind == SCAN_BRANCH || p->kind == SCAN_JUMP) && planned_at(f, page, p->target)) {
            tcg_builder_label_pc(f->builder, p->target);
        }
    }
    if (planned_at(f, page, f->next_pc)) {
        tcg_builder_label_pc(f->builder, f->next_pc);
    }
}

static uint64_t helper_second_page(CpuState *cpu, uint64_t va, uint64_t addend, uint64_t mode)
{
    TcgVcpu *v = vcpu_of(cpu);
    const TlbEntry *e = &v->ctx->pub.table[mode][TLB_FETCH][(va >> TLB_PAGE_BITS) & (TLB_ENTRIES - 1)];

    return e->tag == va && e->addend == addend;
}

/* Marked FP although it computes nothing: spares the switch of MXCSR. */
static const TcgHelper second_page_helper = {
    .name = "second_page",
    .fn = (void *)helper_second_page,
    .flags = TCG_HELPER_FP,
    .ret = TCG_I64,
    .args = {TCG_I64, TCG_I64, TCG_I64},
};

/*
 * A region with two pages looks whether the second one is still what it was made from; whoever leads to it has proven
 * the first. If not it goes to the dispatcher, which looks both pages up.
 */
static void check_second_page(Former *f, const Region *r)
{
    TcgBuilder *b = f->builder;
    uint64_t va = (r->pc & TLB_PAGE_MASK) + GUEST_PAGE, addend = (uintptr_t)r->host2 - va;
    TcgVal same = tcg_call(b, &second_page_helper, tcg_const(b, TCG_I64, va), tcg_const(b, TCG_I64, addend),
                           tcg_const(b, TCG_I64, f->a->target->fetch_mode(r->flags)), TCG_NONE);
    TcgLabel good = tcg_label_new(b);

    tcg_label_branch(b, good, TCG_COND_NE, TCG_I64, same, tcg_const(b, TCG_I64, 0));
    tcg_exit(b, TCG_REASON_NONE, r->pc);
    tcg_label_bind(b, good);
}

static void build(Former *f, const Region *r)
{
    TcgBuilder *b = f->builder;
    uint64_t pc = r->pc, flags = r->flags;

    tcg_region_reset(f->ir, pc, flags);
    f->ir->wide_flags = flags & f->a->target->wide_flag;
    tcg_builder_begin(b, f->ir);
    label_targets(f);
    for (unsigned i = 0; i < f->count; i++) {
        tcg_builder_insn(b, f->plan[i].pc, f->plan[i].len);
        if (r->host2) {
            check_second_page(f, r);
        }
        f->a->target->translate(b, f->bytes + f->plan[i].off, f->plan[i].pc, flags);
    }
    if (!f->count) { /* a breakpoint at the first one */
        tcg_builder_insn(b, pc, 1);
        tcg_exit(b, TCG_REASON_DEBUG, pc);
    } else if (tcg_builder_reachable(b)) {
        if (f->hit_breakpoint) {
            tcg_exit(b, TCG_REASON_DEBUG, f->next_pc);
        } else {
            tcg_goto(b, f->next_pc, TCG_EDGE_FALL, 0);
        }
    }
    tcg_builder_end(b, f->next_pc);
}

/* ------------------------------------------------------------------ logging */

static void log_guest(const Former *f, uint64_t flags)
{
    FILE *out = log_lock();

    fprintf(out, "IN: %#" PRIx64 ", %u instructions, flags %#" PRIx64 "\n", f->plan[0].pc, f->count, flags);
    for (unsigned i = 0; i < f->count; i++) {
        const Planned *p = &f->plan[i];
        char text[128] = "";

        if (f->a->target->disassemble) {
            f->a->target->disassemble(f->bytes + p->off, p->len, p->pc, flags, text, sizeof(text));
        }
        fprintf(out, "  %#" PRIx64 ":  ", p->pc);
        for (int k = p->len - 1; k >= 0; k--) {
            fprintf(out, "%02x", f->bytes[p->off + k]);
        }
        fprintf(out, "%*s%s\n", 2 * (p->len < 8 ? 8 - p->len : 0) + 2, "", text);
    }
    fputc('\n', out);
    log_unlock(out);
}

static void log_ir(const TcgRegion *ir, const char *title)
{
    FILE *out = log_lock();

    fprintf(out, "%s: %#" PRIx64 "\n", title, ir->pc);
    tcg_print(ir, out);
    fputc('\n', out);
    log_unlock(out);
}

static void log_code(const TcgAccel *a, const TcgCode *c)
{
    FILE *out = log_lock();

    fprintf(out, "OUT: %#" PRIx64 ", %u bytes at %p\n", c->pc, c->size, (void *)c->rx);
    tcg_backend_print_code(a->be, c, out);
    fputc('\n', out);
    log_unlock(out);
}

/* ------------------------------------------------------------------ compiling */

/* Hands the built IR to the region: it is interpreted. */
static void keep_ir(Former *f, Region *r, const uint8_t *room)
{
    r->ir = f->ir;
    r->addr = room;
    f->ir = tcg_region_new(f->a->target->slots, f->a->target->slot_count);
    f->a->stats.interp_regions++;
    segment_commit(f->a, r, 64 + (size_t)r->ir->insn_count * 16);
}

/* False: does not fit in what is left of this segment. */
static bool compile(Former *f, Region *r)
{
    TcgAccel *a = f->a;
    size_t room;
    uint8_t *rx = segment_room(a, &room);
    bool too_big = false;
    Error *err = NULL;

    if (!rx) {
        return false;
    }
    if (a->interp) {
        keep_ir(f, r, rx);
        return true;
    }
    r->code = tcg_backend_compile(a->be, f->ir, rx, room, a->target->fetch_mode(r->flags), &too_big, &err);
    if (!r->code && too_big) {
        error_free(err);
        return false;
    }
    if (!r->code) {
        log_if(LOG_UNIMP, "region at %#" PRIx64 " is interpreted: %s\n", r->pc,
               err ? error_message(err) : "unknown reason");
        error_free(err);
        keep_ir(f, r, rx);
        return true;
    }
    r->code->owner = r;
    r->addr = r->code->rx;
    segment_commit(a, r, (size_t)(r->code->rx + r->code->size - rx));
    if (log_on(LOG_OUT_ASM)) {
        log_code(a, r->code);
    }
    return true;
}

/* Bytes hull and granules of the plan in each page. */
static void cover(const Former *f, Region *r)
{
    unsigned lo = 4096, hi = 0;

    if (r->page[1] && r->page[1] == r->page[0]) { /* two virtual pages, one of RAM: it is in one list, once */
        r->page[1] = NULL;
        r->hi[0] = 4096;
        r->granules[0] = ~(uint64_t)0;
        return;
    }
    for (unsigned i = 0; i < f->count; i++) {
        unsigned first = f->plan[i].off, end = MIN(first + f->plan[i].len, 4096u);

        lo = MIN(lo, first);
        hi = MAX(hi, end);
        r->granules[0] |= granule_mask(first, end);
        if (first + f->plan[i].len > 4096) {
            r->lo[1] = 0;
            r->hi[1] = (uint16_t)(first + f->plan[i].len - 4096);
            r->granules[1] = granule_mask(0, r->hi[1]);
        }
    }
    if (!f->count) { /* only a breakpoint */
        lo = (unsigned)IN_PAGE(r->pc);
        hi = lo + 1;
        r->granules[0] = granule_mask(lo, hi);
    }
    r->lo[0] = (uint16_t)lo;
    r->hi[0] = (uint16_t)hi;
}

static uint64_t sum_bytes(uint64_t h, const uint8_t *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        h = (h ^ __atomic_load_n(&p[i], __ATOMIC_RELAXED)) * 0x100000001b3ull;
    }
    return h;
}

/* Of the bytes in RAM now. */
uint64_t region_sum(const Region *r)
{
    const uint8_t *page = r->host - IN_PAGE(r->pc);
    uint64_t h = sum_bytes(0xcbf29ce484222325ull, page + r->lo[0], r->hi[0] - r->lo[0]);

    return r->hi[1] ? sum_bytes(h, r->host2, r->hi[1]) : h;
}

/* Of the bytes that were translated. */
static uint64_t former_sum(const Former *f, const Region *r)
{
    uint64_t h = sum_bytes(0xcbf29ce484222325ull, f->bytes + r->lo[0], r->hi[0] - r->lo[0]);

    return r->hi[1] ? sum_bytes(h, f->bytes + 4096, r->hi[1]) : h;
}

/*
 * A vCPU that had passed its TLB check before the page was watched may store after the copy was made. With several
 * vCPUs each region is therefore compared with RAM once more after all of them passed a quiescent point.
 */
static void check_unconfirmed(TcgAccel *a, TcgVcpu *me)
{
    uint64_t seen = UINT64_MAX;
    unsigned n = atomic_get_sc(&a->vcpu_count);

    if (++a->confirm_tick % 32) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        if (a->vcpus[i] != me && atomic_get_sc(&a->vcpus[i]->online)) {
            seen = MIN(seen, atomic_get_sc(&a->vcpus[i]->turn_gen));
        }
    }
    for (Region **p = &a->unconfirmed; *p;) {
        Region *r = *p;

        if (r->confirm_gen >= seen) {
            p = &r->unconfirmed_next;
            continue;
        }
        *p = r->unconfirmed_next;
        g_mutex_lock(&a->code_lock);
        if (r->state == REGION_LIVE && region_sum(r) != r->sum) {
            region_kill(a, r);
        }
        g_mutex_unlock(&a->code_lock);
    }
}

static void note_unconfirmed(Former *f, Region *r)
{
    TcgAccel *a = f->a;

    if (atomic_get_sc(&a->vcpu_count) < 2) {
        return;
    }
    r->sum = former_sum(f, r);
    r->confirm_gen = __atomic_fetch_add(&a->turn_gen, 1, __ATOMIC_SEQ_CST);
    r->unconfirmed_next = a->unconfirmed;
    a->unconfirmed = r;
}

/* ------------------------------------------------------------------ the whole */

typedef struct Source {
    const uint8_t *host, *host2; /* first byte; second page's start or NULL */
    CodePage *page[2];
    uint32_t seq[2];
} Source;

static bool watch_source(TcgVcpu *v, Former *f, Source *s)
{
    const uint8_t *host[2] = {s->host, s->host2};

    for (unsigned i = 0; i < 2 && host[i]; i++) {
        uint64_t offset;
        RamBlock *rb = vcpu_ram_block(v, host[i], &offset);

        s->page[i] = rb && rb->code_pages ? code_page_get(f->a, rb, offset >> TLB_PAGE_BITS) : NULL;
        if (!s->page[i]) {
            return false;
        }
    }
    for (unsigned i = 0; i < 2 && s->page[i]; i++) {
        s->seq[i] = code_page_watch(f->a, s->page[i]);
    }
    return true;
}

/* code_lock held. True where no store came between. */
static bool settle_source(Former *f, Source *s)
{
    bool good = true;

    for (unsigned i = 0; i < 2 && s->page[i]; i++) {
        good &= code_page_settled(f->a, s->page[i], s->seq[i]);
    }
    return good;
}

/* Guest memory that others may write meanwhile; both ends are aligned. */
static void copy_words(uint8_t *dst, const uint8_t *src, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 8) {
        uint64_t w = __atomic_load_n((const uint64_t *)(const void *)(src + i), __ATOMIC_RELAXED);

        memcpy(dst + i, &w, 8);
    }
}

static void copy_bytes(Former *f, uint64_t pc, const Source *s)
{
    copy_words(f->bytes, s->host - IN_PAGE(pc), 4096);
    if (s->host2) {
        copy_words(f->bytes + 4096, s->host2, SLOP);
    } else {
        memset(f->bytes + 4096, 0, SLOP);
    }
}

static void plan_and_build(Former *f, const Region *r, unsigned max, bool second)
{
    bool step = r->variant & VARIANT_STEP;

    plan_region(f, r->pc, r->flags, max, second ? 4096 + SLOP : 4096, step);
    if (log_on(LOG_IN_ASM) && f->count) {
        log_guest(f, r->flags);
    }
    build(f, r);
    if (log_on(LOG_OP)) {
        log_ir(f->ir, "OP");
    }
    f->a->stats.ops += f->ir->insn_count;
    tcg_optimize(f->ir);
    if (log_on(LOG_OP_OPT)) {
        Error *err = NULL;

        log_ir(f->ir, "OP after optimisation");
        if (!tcg_verify(f->ir, &err)) {
            log_printf(LOG_OP_OPT, "verifier: %s\n", error_message(err));
            error_free(err);
        }
    }
}

static Region *make_region(TcgVcpu *v, Former *f, uint64_t pc, uint64_t flags, uint32_t variant, const Source *s)
{
    Region *r = g_new0(Region, 1);
    unsigned max = (variant & VARIANT_STEP) || f->a->one_insn || s->host2 ? 1 : MAX_INSNS;

    *r = (Region){.pc = pc,
                  .flags = flags,
                  .host = s->host,
                  .host2 = s->host2,
                  .variant = variant,
                  .straddles = s->host2 != NULL,
                  .page = {s->page[0], s->page[1]}};
    for (unsigned tries = 0; tries < 40; tries++) {
        plan_and_build(f, r, max, s->host2 != NULL);
        if (compile(f, r)) {
            r->insns = f->count;
            cover(f, r);
            f->a->stats.regions++;
            f->a->stats.insns += f->count;
            f->a->stats.code_bytes += r->code ? r->code->size : 0;
            return r;
        }
        if (tries & 1) {
            max = MAX(max / 2, 1u); /* does not fit even a fresh segment */
        }
        segment_next(f->a, v);
    }
    g_free(r);
    return NULL;
}

/* The first instruction runs over the page's end: fetches from the next page (may raise). */
static const uint8_t *second_page(TcgVcpu *v, uint64_t pc, uint64_t flags, const uint8_t *host)
{
    const TargetRecord *t = v->target;
    unsigned avail = (unsigned)(GUEST_PAGE - IN_PAGE(pc));
    ScanInfo info = {.len = 0};
    uint8_t bytes[64] = {0};

    if (avail >= t->max_insn_len || avail > sizeof(bytes)) {
        return NULL;
    }
    for (unsigned i = 0; i < avail; i++) {
        bytes[i] = __atomic_load_n(&host[i], __ATOMIC_RELAXED);
    }
    t->scan(bytes, avail, pc, flags, &info);
    if (info.len && info.len <= avail) {
        return NULL;
    }
    uint64_t va = (pc & TLB_PAGE_MASK) + GUEST_PAGE;
    TlbEntry e = tlb_get(v, va, MMU_FETCH, t->fetch_mode(flags));
    if (e.tag & TLB_IO) {
        access_bus_error(v, va, va + e.addend, MMU_FETCH);
        return NULL;
    }
    return (const uint8_t *)(uintptr_t)(va + e.addend);
}

Region *former_translate(TcgVcpu *v, uint64_t pc, uint64_t flags, const uint8_t *host, uint32_t variant)
{
    TcgAccel *a = v->accel;
    Source s = {.host = host, .host2 = second_page(v, pc, flags, host)};
    Region *r = NULL;

    translate_lock(a, v);
    Former *f = a->former;
    int64_t began = realtime_ns();
    if (a->unconfirmed) {
        check_unconfirmed(a, v);
    }
    /* Another vCPU may have made it while we waited. */
    r = region_find_hashed(a, host, pc, flags, variant, s.host2);
    for (unsigned tries = 0; !r && tries < RETRIES; tries++) {
        if (!watch_source(v, f, &s)) {
            break;
        }
        copy_bytes(f, pc, &s);
        r = make_region(v, f, pc, flags, variant, &s);
        if (r) {
            note_unconfirmed(f, r);
        }
        g_mutex_lock(&a->code_lock);
        if (r && r->state != REGION_LIVE) { /* everything was flushed meanwhile */
            r->page[0] = r->page[1] = NULL;
            r = NULL;
        }
        if (r) {
            region_insert(a, r);
        }
        /*
         * From here on a store finds the region by its granules; one that came earlier shows in the sequence and the
         * bytes.
         */
        if (!settle_source(f, &s) && r && region_sum(r) != former_sum(f, r)) {
            a->stats.retries++;
            region_kill(a, r);
            r = NULL;
        }
        g_mutex_unlock(&a->code_lock);
    }
    a->stats.translate_ns += (uint64_t)(realtime_ns() - began);
    g_mutex_unlock(&a->translate_lock);
    return r;
}
