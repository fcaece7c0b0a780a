/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of cross-page links (docs/devel/regions.md): all interleavings of two vCPUs and the patcher are walked
 * through, with instruction fetch that sees the guard's immediate and the jump at different times in either order.
 *
 * One exit leads to virtual page V. Region 0 and 2 are made from RAM page 0 (2 after 0 died), region 1 from RAM page 1.
 * Each vCPU maps V to one of the two, remaps and flushes at will. Wrong is: control reaches a region of a page that is
 * not mapped, or memory that was given back. Two broken variants of the protocol show that the model would notice.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { NONE = 3 };                       /* TLB: nothing; immediate: not written yet (matches no TLB entry) */
enum { J_UNLINKED = 3, UNREAD = 7 };
enum { R_LIVE, R_KILLED, R_FREED, R_ABSENT };

typedef struct Vcpu {
    uint8_t map, tlb;                    /* RAM page behind V; what the fetch TLB holds */
    uint8_t running;                     /* in the region with the exit; else in the dispatcher */
    uint8_t imm, jump;                   /* as fetched; UNREAD */
    uint8_t passed;                      /* regions for which a quiescent point was passed since their death */
} Vcpu;

typedef struct State {
    Vcpu v[2];
    uint8_t imm, jump;                   /* in memory */
    uint8_t region[3];
    uint8_t linking, step;               /* the patcher is about to link this region; 3: idle */
} State;

typedef struct Rules {
    bool guard_once;                     /* immediates are written once */
    bool wait_quiescent;                 /* memory is given back after all passed */
} Rules;

static const uint8_t page_of[3] = {0, 1, 0};

typedef struct Walk {
    Rules rules;
    GHashTable *seen;
    GQueue todo;
    unsigned wrong;
} Walk;

static guint state_hash(gconstpointer p)
{
    const uint8_t *b = p;
    guint h = 5381;

    for (size_t i = 0; i < sizeof(State); i++) {
        h = h * 33 + b[i];
    }
    return h;
}

static gboolean state_equal(gconstpointer a, gconstpointer b) { return !memcmp(a, b, sizeof(State)); }

static void visit(Walk *w, const State *s)
{
    if (!g_hash_table_contains(w->seen, s)) {
        State *copy = g_memdup2(s, sizeof(*s));

        g_hash_table_add(w->seen, copy);
        g_queue_push_tail(&w->todo, copy);
    }
}

static void to_dispatcher(Vcpu *v)
{
    v->running = 0;
    v->imm = v->jump = UNREAD;
}

static void vcpu_steps(Walk *w, const State *s, int i)
{
    State n = *s;
    Vcpu *v = &n.v[i];

    if (!v->running) {
        v->running = 1; /* enters the region with the exit */
        visit(w, &n);
        n = *s;
        v->tlb = v->map; /* a look-up fills the TLB */
        visit(w, &n);
        n = *s;
        for (int r = 0; r < 3; r++) {
            if (n.region[r] == R_KILLED) {
                v->passed |= (uint8_t)(1 << r);
            }
        }
        visit(w, &n);
        n = *s;
        v->map = !v->map; /* the guest remaps the page and flushes; such a region ends in the dispatcher */
        v->tlb = NONE;
        visit(w, &n);
        return;
    }
    if (v->imm == UNREAD) {
        v->imm = n.imm;
        visit(w, &n);
        n = *s;
    }
    if (v->jump == UNREAD) {
        v->jump = n.jump;
        visit(w, &n);
        n = *s;
    }
    if (v->imm != UNREAD && v->jump != UNREAD) {
        bool match = v->imm == v->tlb && v->tlb != NONE;

        if (match && v->jump != J_UNLINKED) {
            uint8_t r = v->jump;

            if (page_of[r] != v->map || n.region[r] == R_FREED) {
                w->wrong++;
            }
        }
        to_dispatcher(v);
        visit(w, &n);
    }
}

static void patcher_steps(Walk *w, const State *s)
{
    State n = *s;

    for (uint8_t r = 0; r < 3 && s->linking == 3; r++) {
        bool guard_fits = s->imm == NONE || s->imm == page_of[r] || !w->rules.guard_once;

        if (s->region[r] == R_LIVE && s->jump == J_UNLINKED && guard_fits) {
            n.linking = r;
            n.step = 0;
            visit(w, &n);
            n = *s;
        }
        if (s->region[r] == R_LIVE) { /* kill: under the same lock, so never between the steps of linking */
            n.region[r] = R_KILLED;
            n.v[0].passed &= (uint8_t)~(1 << r);
            n.v[1].passed &= (uint8_t)~(1 << r);
            if (n.jump == r) {
                n.jump = J_UNLINKED;
            }
            if (r == 0) {
                n.region[2] = R_LIVE;
            }
            visit(w, &n);
            n = *s;
        }
    }
    if (s->linking != 3) {
        if (s->step == 0) {
            n.imm = page_of[s->linking];
            n.step = 1;
        } else {
            n.jump = s->linking;
            n.linking = 3;
            n.step = 0;
        }
        visit(w, &n);
        n = *s;
    }
    for (int r = 0; r < 3; r++) {
        bool all = (s->v[0].passed & s->v[1].passed) >> r & 1;

        if (s->region[r] == R_KILLED && (all || !w->rules.wait_quiescent)) {
            n.region[r] = R_FREED;
            visit(w, &n);
            n = *s;
        }
    }
}

static unsigned walk(Rules rules, unsigned *states)
{
    Walk w = {.rules = rules, .seen = g_hash_table_new_full(state_hash, state_equal, g_free, NULL)};
    State first, *s;

    memset(&first, 0, sizeof(first));
    for (int i = 0; i < 2; i++) {
        first.v[i].tlb = NONE;
        to_dispatcher(&first.v[i]);
    }
    first.v[1].map = 1;
    first.imm = NONE;
    first.jump = J_UNLINKED;
    first.region[2] = R_ABSENT;
    first.linking = 3;
    g_queue_init(&w.todo);
    visit(&w, &first);
    while ((s = g_queue_pop_head(&w.todo))) {
        vcpu_steps(&w, s, 0);
        vcpu_steps(&w, s, 1);
        patcher_steps(&w, s);
    }
    *states = g_hash_table_size(w.seen);
    g_hash_table_destroy(w.seen);
    return w.wrong;
}

static void test_protocol(void)
{
    unsigned states;

    g_assert_cmpuint(walk((Rules){true, true}, &states), ==, 0);
    g_test_message("%u states", states);
    g_assert_cmpuint(states, >, 1000);
}

static void test_broken_guard(void)
{
    unsigned states;

    g_assert_cmpuint(walk((Rules){false, true}, &states), >, 0);
}

static void test_broken_reuse(void)
{
    unsigned states;

    g_assert_cmpuint(walk((Rules){true, false}, &states), >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accel-model/protocol", test_protocol);
    g_test_add_func("/accel-model/guard-rewritten", test_broken_guard);
    g_test_add_func("/accel-model/early-reuse", test_broken_reuse);
    return g_test_run();
}
