/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the monitor. First byte 'e': the rest is an expression; 'k': keys for the line editor, whose finished lines are commands; else each
 * line is a command. Commands that write files are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "../../monitor/internal.h"
#include "fuzz-machine.h"
#include "fuzz.h"

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("-info registers\ninfo registers -a\ninfo mtree\ninfo mtree -f\ninfo status\ninfo cpus\ninfo roms\ninfo qom-tree"),
    FUZZ_SEED("-x/4xw 0x80000000\nxp/2i 0x80000000\nx /8cb $pc\nx/3dg $sp+8*2\nxp/65536ub 0x800ff000"),
    FUZZ_SEED("-p/x 1+2*(3-4)\nprint $pc\np 'a'\ngva2gpa 0x80000000\ncpu 1\nhelp\nhelp info\ninfo\n?"),
    FUZZ_SEED("-stop\ncont\nsystem_reset\nsystem_powerdown\nlog none\ntrace-event x* off\nnonsense\ninfo nothing"),
    FUZZ_SEED("e1+2*3-(4/5)%6|7^8&~9"),
    FUZZ_SEED("e((((((((1))))))))+$pc-$a0*0x10+'c'"),
    FUZZ_SEED("kinfo \t\tstatus\r\33[A\33[D\33[3~\1\5\13\25\27xp/1 0\n"),
    FUZZ_SEEDS_END,
};

static bool writes_files(const char *line)
{
    return strstr(line, "save") || strstr(line, "dump") || strstr(line, "log"); /* memsave, pmemsave, logfile */
}

static int run(Machine *m, const char *line, int answer)
{
    if (writes_files(line)) {
        return answer;
    }
    g_autofree char *out = hmp_run_line(m, line, 0);
    return fuzz_answer(answer, out);
}

/* --- the line editor --- */
typedef struct Keys {
    Machine *m;
    int answer;
    size_t printed;
} Keys;

static void keys_print(void *opaque, const char *text, size_t len)
{
    ((Keys *)opaque)->printed += strnlen(text, len);
}

static void keys_line(void *opaque, const char *line)
{
    Keys *k = opaque;
    k->answer = run(k->m, line, k->answer + 1);
}

static char **keys_complete(void *opaque, const char *head)
{
    Monitor mon = {.machine = ((Keys *)opaque)->m};
    return hmp_complete(&mon, head);
}

static int type_keys(Machine *m, const uint8_t *data, size_t size)
{
    static const ReadlineOps ops = {.print = keys_print, .line = keys_line, .complete = keys_complete};
    Keys k = {.m = m};
    Readline *rl = readline_new(&ops, "(qemu) ", &k);
    readline_prompt(rl);
    for (size_t i = 0; i < size; i++) {
        readline_feed(rl, data[i]);
    }
    readline_free(rl);
    return k.answer * 8 + (int)(k.printed & 7);
}

static void swallow(const char *line, void *opaque)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Machine *m = fuzz_machine();
    int answer = 0;
    if (!size) {
        return 0;
    }
    error_set_sink(swallow, NULL);
    fuzz_machine_reset(m);
    g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
    if (data[0] == 'e') {
        g_autoptr(Error) err = NULL;
        const char *p = text;
        uint64_t v = 0;
        bool good = expr_eval(g_ptr_array_index(m->cpus, 0), &p, &v, &err);
        if (good == (err != NULL) || (good && (p < text || p > text + strlen(text)))) {
            abort();
        }
        answer = fuzz_answer(good ? 1 + (int)(v & 3) : 0, err ? error_message(err) : NULL);
    } else if (data[0] == 'k') {
        answer = type_keys(m, data + 1, size - 1);
    } else {
        g_auto(GStrv) lines = g_strsplit(text, "\n", 50);
        for (char **line = lines; *line; line++) {
            answer = run(m, *line, answer);
        }
    }
    machine_stop(m, RUN_STATE_PAUSED);
    error_set_sink(NULL, NULL);
    return fuzz_answer(answer, NULL);
}
