/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction tester: random sequences run by the host processor and by Mimic, interpreted and compiled, and
 * everything they leave compared: registers, flags that are defined, vector and x87 state, memory, the exception. A
 * sequence that differs is made as short as possible and printed; `--save` appends it to a file of cases, which are run
 * first (cases.txt beside this file; case.c says how they are written).
 *
 *   test-x86-native [--seed N] [--count N] [--seconds N] [--mode 64|32|16] [--only GLOB] [--pattern GLOB] [--alone]
 * [--max N]
 *                   [--failures N] [--cases FILE] [--save FILE] [--interp] [--compiled] [--x87-pointers] [--strict]
 * [-v]
 *
 * With --count 0 and --seconds 0 it does not end. Without arguments it does what scripts/check wants.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <glib.h>

#include "case.h"
#include "generate.h"

typedef struct Tester {
    X86Native *native;
    X86Bench *bench[2]; /* interpreter, compiled; NULL: not asked for */
    uint64_t flags[X86_BENCH_MODES];
    GenOptions options;
    uint64_t runs, skipped, failures, max_failures;
    const char *save;
    GHashTable *seen; /* names of failed sequences: printed once or twice */
    CompareOptions compare;
    bool verbose;
} Tester;

static const char *const mode_names[] = {"64", "32", "16"};

/* The address sanitizer has its own memory at low addresses, also in the child. */
#ifdef __SANITIZE_ADDRESS__
enum { WITH_SHADOW = 1 };
#else
enum { WITH_SHADOW = 0 };
#endif

/* ---- running ---- */

/* A case that does not end must not stop the tests: the signal makes the vCPU leave. */
static CpuState *volatile watched;

static void on_alarm(int sig)
{
    CpuState *cpu = watched;
    if (cpu) {
        cpu->stop_request = true;
        __atomic_store_n(&cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
    }
}

static void set_watch(X86Bench *b)
{
    struct itimerval t = {.it_value = {.tv_sec = b ? 5 : 0}};
    watched = b ? &x86_bench_cpu(b)->cpu : NULL;
    setitimer(ITIMER_REAL, &t, NULL);
}

static bool has_name(const GenSequence *seq, const char *part)
{
    for (unsigned i = 0; i < seq->count; i++) {
        if (strstr(seq->insn[i].name, part)) {
            return true;
        }
    }
    return false;
}

/* Its result is the processor's choice within bounds: only the host's own instruction gives the host's result. */
static bool approximates(const GenSequence *seq) { return has_name(seq, "rcp") || has_name(seq, "rsqrt"); }

/* What is different, or NULL; g_free. Runs the guest's side. */
static char *differs(Tester *t, const GenSequence *seq, const X86BenchCase *c, bool *by_interp)
{
    static X86BenchState out;
    static uint8_t data[X86_BENCH_DATA_SIZE];
    uint32_t undefined = seq ? gen_undefined(seq, c, t->flags[c->mode]) : t->compare.undefined;
    for (unsigned i = 0; i < 2; i++) {
        if (!t->bench[i] || (i == 0 && seq && approximates(seq))) {
            continue;
        }
        set_watch(t->bench[i]);
        x86_bench_run(t->bench[i], c, &out, data);
        watched = NULL;
        if (WITH_SHADOW && out.vector == X86_EXC_PF && out.fault_address - X86_BENCH_CODE >= 0x20000) {
            continue;
        }
        CompareOptions o = t->compare;
        o.undefined = undefined;
        if (seq && out.vector == X86_EXC_UD && (c->out.vector != X86_EXC_UD || c->out.rip != out.rip) &&
            has_name(seq, "(illegal)")) {
            continue; /* the host has instructions that Mimic does not claim to have */
        }
        if (seq && c->out.vector == X86_EXC_PF &&
            (has_name(seq, "maskmov") || has_name(seq, "fstp") || has_name(seq, "fbstp"))) {
            continue; /* bytes that the mask leaves out may fault; half of 10 bytes may be written before the other half
                         faults */
        }
        char *text = compare_states(&o, c, &out, data);
        if (text) {
            *by_interp = i == 0;
            return text;
        }
    }
    return NULL;
}

static bool comparable(const X86BenchCase *c)
{
    return c->out.vector != X86_BENCH_DIED && c->out.vector != X86_BENCH_ENDLESS && c->out.vector != X86_EXC_AC;
}

/* Runs the case in slot 0 on both sides. */
static char *rerun(Tester *t, const GenSequence *seq, const X86BenchCase *c, bool *by_interp)
{
    X86BenchCase *slot = x86_native_case(t->native, 0);
    *slot = *c;
    x86_native_run(t->native, 1);
    return comparable(slot) ? differs(t, seq, slot, by_interp) : NULL;
}

/* ---- making failures small ---- */

static bool still_differs(Tester *t, const GenSequence *seq, X86BenchCase *c)
{
    bool by_interp;
    g_autofree char *text = rerun(t, seq, c, &by_interp);
    return text != NULL;
}

static void drop_instructions(Tester *t, GenSequence *seq, X86BenchCase *c)
{
    for (unsigned i = seq->count; i-- > 0 && seq->count > 1;) {
        GenSequence shorter = *seq;
        memmove(&shorter.insn[i], &shorter.insn[i + 1], (shorter.count - i - 1) * sizeof(GenInsn));
        shorter.count--;
        bool uncleaned = false; /* undefined flags must not get another reader */
        for (unsigned k = 0; k + 1 < shorter.count; k++) {
            uncleaned |= shorter.insn[k].undefined && strcmp(shorter.insn[k + 1].name, "cmp") != 0;
        }
        X86BenchCase try = *c;
        gen_assemble(&shorter, &try);
        if (!uncleaned && still_differs(t, &shorter, &try)) {
            *seq = shorter;
            *c = try;
        }
    }
}

static void try_zero(Tester *t, const GenSequence *seq, X86BenchCase *c, void *field, size_t size)
{
    uint8_t saved[64];
    uint8_t *at = field;
    memcpy(saved, at, size);
    memset(at, 0, size);
    if (!still_differs(t, seq, c)) {
        memcpy(at, saved, size);
    }
}

static void simplify_state(Tester *t, const GenSequence *seq, X86BenchCase *c)
{
    X86BenchCase try = *c;
    memset(try.data, 0, sizeof(try.data));
    if (still_differs(t, seq, &try)) {
        *c = try;
    } else {
        for (unsigned i = 0; i < sizeof(c->data); i += 2048) {
            try = *c;
            memset(try.data + i, 0, 2048);
            if (still_differs(t, seq, &try)) {
                *c = try;
            }
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        try_zero(t, seq, c, &c->in.gpr[i], 8);
        try_zero(t, seq, c, c->in.ymm[i], 32);
    }
    for (unsigned i = 0; i < 8; i++) {
        try_zero(t, seq, c, &c->in.st[i], sizeof(c->in.st[i]));
    }
    uint64_t flags = c->in.rflags;
    c->in.rflags = EFL_IF | EFL_FIXED;
    c->in.rflags = still_differs(t, seq, c) ? c->in.rflags : flags;
    uint32_t mxcsr = c->in.mxcsr;
    c->in.mxcsr = 0x1f80;
    c->in.mxcsr = still_differs(t, seq, c) ? 0x1f80 : mxcsr;
    X86BenchState fpu = c->in;
    c->in.fcw = 0x37f;
    c->in.fsw = 0;
    c->in.ftw = 0;
    if (!still_differs(t, seq, c)) {
        c->in = fpu;
    }
}

static void report(Tester *t, const GenSequence *found, const X86BenchCase *found_case)
{
    GenSequence seq = *found;
    g_autofree X86BenchCase *c = g_memdup2(found_case, sizeof(*c));
    drop_instructions(t, &seq, c);
    g_autoptr(GString) names = g_string_new(mode_names[seq.mode]);
    for (unsigned i = 0; i < seq.count; i++) {
        g_string_append_printf(names, " %s", seq.insn[i].name);
    }
    unsigned times = GPOINTER_TO_UINT(g_hash_table_lookup(t->seen, names->str));
    g_hash_table_insert(t->seen, g_strdup(names->str), GUINT_TO_POINTER(times + 1));
    if (times >= (t->verbose ? 5u : 1u)) {
        return;
    }
    simplify_state(t, &seq, c);
    bool by_interp = false;
    g_autofree char *text = rerun(t, &seq, c, &by_interp);
    if (!text) {
        printf("# DIFFERENCE once, not again: %s\n", names->str);
        return;
    }
    *c = *x86_native_case(t->native, 0);
    printf("# DIFFERENCE (%s) in %s-bit code:\n", by_interp ? "interpreted" : "compiled", mode_names[seq.mode]);
    uint32_t undefined = gen_undefined(&seq, c, t->flags[c->mode]);
    case_print(c, t->flags[seq.mode], undefined, stdout);
    printf("%s\n", text);
    fflush(stdout);
    FILE *f = t->save ? fopen(t->save, "a") : NULL;
    if (f) {
        case_write(c, t->flags[seq.mode], undefined, f);
        fclose(f);
    }
}

/* ---- the loop ---- */

static void run_random(Tester *t, GenRandom *r, X86BenchMode mode, unsigned count)
{
    static GenSequence seq[X86_NATIVE_BATCH];
    static X86BenchCase cases[X86_NATIVE_BATCH];
    for (unsigned i = 0; i < count; i++) {
        X86BenchCase *c = x86_native_case(t->native, i);
        if (!gen_sequence(r, &t->options, mode, t->flags[mode], &seq[i])) {
            fprintf(stderr, "no instruction fits --only and --pattern in %s-bit mode\n", mode_names[mode]);
            exit(2);
        }
        gen_state(r, &seq[i], c);
        gen_assemble(&seq[i], c);
    }
    x86_native_run(t->native, count);
    memcpy(cases, x86_native_case(t->native, 0), count * sizeof(X86BenchCase));
    for (unsigned i = 0; i < count && t->failures < t->max_failures; i++) {
        bool by_interp;
        if (!comparable(&cases[i])) {
            t->skipped++;
            continue;
        }
        t->runs++;
        g_autofree char *text = differs(t, &seq[i], &cases[i], &by_interp);
        if (text) {
            t->failures++;
            report(t, &seq[i], &cases[i]);
        }
    }
}

/* Cases of earlier failures. */
static bool run_saved(Tester *t, const char *path)
{
    g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func(g_free);
    if (!case_read_file(path, cases)) {
        return false;
    }
    for (unsigned i = 0; i < cases->len; i++) {
        X86BenchCase *c = cases->pdata[i];
        bool by_interp;
        if (!x86_native_has_mode(t->native, (X86BenchMode)c->mode)) {
            continue;
        }
        t->compare.undefined = (uint32_t)c->out.rflags; /* where case_read_file() puts it */
        g_autofree char *text = rerun(t, NULL, c, &by_interp);
        t->runs++;
        if (text) {
            t->failures++;
            printf("# DIFFERENCE (%s) in saved case %u:\n", by_interp ? "interpreted" : "compiled", i + 1);
            *c = *x86_native_case(t->native, 0);
            case_print(c, t->flags[c->mode], t->compare.undefined, stdout);
            printf("%s\n", text);
        }
    }
    t->compare.undefined = 0;
    return true;
}

static void run_all(Tester *t, uint64_t seed, uint64_t count, double seconds, int only_mode)
{
    gint64 start = g_get_monotonic_time(), last = start;
    GenRandom r = {seed * 0xd1342543de82ef95};
    r.state = gen_random(&r) ^ seed << 32; /* neighbours must not share a sequence */
    for (uint64_t n = 0; (!count || t->runs + t->skipped < count) && t->failures < t->max_failures; n++) {
        static const uint8_t order[] = {0, 0, 0, 1, 0, 1, 0, 2};
        X86BenchMode mode = (X86BenchMode)(only_mode >= 0 ? only_mode : order[n % sizeof(order)]);
        gint64 now = g_get_monotonic_time();
        if (seconds > 0 && (double)(now - start) / 1e6 > seconds) {
            break;
        }
        if (t->verbose && now - last > 10000000) {
            fprintf(stderr,
                    "%" G_GUINT64_FORMAT " sequences, %" G_GUINT64_FORMAT " differ, %" G_GUINT64_FORMAT " skipped\n",
                    t->runs, t->failures, t->skipped);
            last = now;
        }
        if (x86_native_has_mode(t->native, mode)) {
            run_random(t, &r, mode, X86_NATIVE_BATCH);
        } else if (only_mode >= 0) {
            printf("1..0 # SKIP this host does not run %s-bit code\n", mode_names[mode]);
            exit(0);
        }
    }
}

int main(int argc, char **argv)
{
    int64_t seed = 1, count = 6000, failures = 1, max = 8;
    double seconds = 0;
    gboolean alone = FALSE, interp = FALSE, compiled = FALSE, pointers = FALSE, strict = FALSE, verbose = FALSE;
    g_autofree char *mode = NULL, *only = NULL, *pattern = NULL, *save = NULL, *cases = NULL, *model = NULL;
    const GOptionEntry entries[] = {
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of the random numbers", "N"},
        {"count", 0, 0, G_OPTION_ARG_INT64, &count, "sequences to run; 0: until --seconds are over, or for ever", "N"},
        {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "time to run", "N"},
        {"mode", 0, 0, G_OPTION_ARG_STRING, &mode, "only that mode", "64|32|16"},
        {"only", 0, 0, G_OPTION_ARG_STRING, &only, "only instructions of that name", "GLOB"},
        {"pattern", 0, 0, G_OPTION_ARG_STRING, &pattern, "only instructions of that pattern", "GLOB"},
        {"alone", 0, 0, G_OPTION_ARG_NONE, &alone, "one instruction at a time", NULL},
        {"max", 0, 0, G_OPTION_ARG_INT64, &max, "instructions in a sequence (at most 10)", "N"},
        {"failures", 0, 0, G_OPTION_ARG_INT64, &failures, "end after that many", "N"},
        {"cases", 0, 0, G_OPTION_ARG_FILENAME, &cases, "cases to run first", "FILE"},
        {"save", 0, 0, G_OPTION_ARG_FILENAME, &save, "append failures to", "FILE"},
        {"model", 0, 0, G_OPTION_ARG_STRING, &model, "CPU model (max)", "CPU"},
        {"interp", 0, 0, G_OPTION_ARG_NONE, &interp, "only the interpreter", NULL},
        {"compiled", 0, 0, G_OPTION_ARG_NONE, &compiled, "only compiled code", NULL},
        {"x87-pointers", 0, 0, G_OPTION_ARG_NONE, &pointers, "compare the x87's instruction pointer", NULL},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &strict, "tell #SS from #GP for non-canonical addresses", NULL},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "progress, and more of the same differences", NULL},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    GError *err = NULL;
    GOptionContext *ctx = g_option_context_new("- x86 instructions here and on the host");
    g_option_context_add_main_entries(ctx, entries, NULL);
    if (!g_option_context_parse(ctx, &argc, &argv, &err)) {
        fprintf(stderr, "%s\n", err->message);
        return 2;
    }
    g_option_context_free(ctx);
    int only_mode = !mode ? -1 : !strcmp(mode, "64") ? X86_BENCH_64 : !strcmp(mode, "32") ? X86_BENCH_32 : X86_BENCH_16;
    Tester t = {.options = {.only = only, .group = pattern, .max_insns = (unsigned)CLAMP(max, 1, 10), .alone = alone},
                .max_failures = (uint64_t)failures,
                .save = save,
                .compare.x87_pointers = pointers,
                .compare.strict = strict,
                .verbose = verbose,
                .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    const char *why;
    t.native = x86_native_new(&why);
    if (!t.native) {
        printf("1..0 # SKIP %s\n", why);
        return 0;
    }
    signal(SIGALRM, on_alarm);
    t.bench[0] = compiled ? NULL : x86_bench_new("interp=on", model);
    t.bench[1] = interp ? NULL : x86_bench_new(NULL, model);
    for (unsigned m = 0; m < X86_BENCH_MODES; m++) {
        t.flags[m] = x86_bench_flags(t.bench[t.bench[0] ? 0 : 1], (X86BenchMode)m);
    }
    if (cases && !run_saved(&t, cases)) {
        return 2;
    }
    run_all(&t, (uint64_t)seed, (uint64_t)count, seconds, only_mode);
    printf("1..1\n%s 1 x86 native # %" G_GUINT64_FORMAT " sequences, %" G_GUINT64_FORMAT " differ, %" G_GUINT64_FORMAT
           " skipped\n",
           t.failures ? "not ok" : "ok", t.runs, t.failures, t.skipped);
    x86_native_free(t.native);
    for (unsigned i = 0; i < 2; i++) {
        g_clear_pointer(&t.bench[i], x86_bench_free);
    }
    g_hash_table_destroy(t.seen);
    return t.failures != 0;
}
