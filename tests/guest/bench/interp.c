/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bytecode interpreter (computed goto) that runs a sieve and a search:
 * indirect jumps whose targets change all the time, as every language
 * runtime makes them.
 */
#include "bench.h"

enum op { PUSH, LOAD, STORE, GET, SET, ADD, SUB, MUL, LESS, JUMP, JUMP_IF_NOT, DUP, DROP, HALT };
enum { LIMIT = 2000 };

static int64_t memory[LIMIT + 1], variables[8];

/* count = 0; for (i = 2; i < LIMIT; i++) if (!composite[i]) { count++; for (j = i * i; j < LIMIT; j += i) composite[j] = 1; } */
static const int16_t program[] = {
    /*  0 */ PUSH, 0, STORE, 2, PUSH, 2, STORE, 0,
    /*  8 */ LOAD, 0, PUSH, LIMIT, LESS, JUMP_IF_NOT, 66,
    /* 15 */ PUSH, 1, LOAD, 0, GET, SUB, JUMP_IF_NOT, 57,
    /* 23 */ LOAD, 2, PUSH, 1, ADD, STORE, 2,
    /* 30 */ LOAD, 0, DUP, MUL, STORE, 1,
    /* 36 */ LOAD, 1, PUSH, LIMIT, LESS, JUMP_IF_NOT, 57,
    /* 43 */ LOAD, 1, PUSH, 1, SET, LOAD, 1, LOAD, 0, ADD, STORE, 1, JUMP, 36,
    /* 57 */ LOAD, 0, PUSH, 1, ADD, STORE, 0, JUMP, 8,
    /* 66 */ HALT,
};

static int64_t interpret(const int16_t *code)
{
    static const void *const labels[] = {
        &&push, &&load, &&store, &&get, &&set, &&add, &&sub, &&mul, &&less, &&jump, &&jump_if_not, &&dup, &&drop, &&halt,
    };
    int64_t stack[16], *sp = stack;
    const int16_t *pc = code;

#define NEXT goto *labels[*pc++]
    NEXT;
push:
    *sp++ = *pc++;
    NEXT;
load:
    *sp++ = variables[*pc++];
    NEXT;
store:
    variables[*pc++] = *--sp;
    NEXT;
get:
    sp[-1] = memory[sp[-1]];
    NEXT;
set:
    sp -= 2;
    memory[sp[0]] = sp[1];
    NEXT;
add:
    sp--;
    sp[-1] += sp[0];
    NEXT;
sub:
    sp--;
    sp[-1] -= sp[0];
    NEXT;
mul:
    sp--;
    sp[-1] *= sp[0];
    NEXT;
less:
    sp--;
    sp[-1] = sp[-1] < sp[0];
    NEXT;
jump:
    pc = code + *pc;
    NEXT;
jump_if_not:
    pc = *--sp ? pc + 1 : code + *pc;
    NEXT;
dup:
    sp[0] = sp[-1];
    sp++;
    NEXT;
drop:
    sp--;
    NEXT;
halt:
    return variables[2];
}

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED;

    for (long i = 0; i < iterations; i++) {
        memset(memory, 0, sizeof memory);
        memory[3 + i % 1000] = 1; /* another path each time */
        hash = bench_mix(hash, (uint64_t)interpret(program));
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "interp", work);
}
