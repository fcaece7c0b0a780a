/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fuzz target offers to driver.c (and to clang's libFuzzer, which needs the function only).
 *
 * A target is one file: it includes this header, defines LLVMFuzzerTestOneInput() and fuzz_seeds. The function must not keep
 * state between calls and must free what it makes. Its return value is a small number that tells inputs of different
 * fate apart (fuzz_answer() of what came out); driver.c keeps inputs with new answers as seeds. libFuzzer reads
 * other values than 0 as a mistake, so under it the answer is 0.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct FuzzSeed {
    const uint8_t *data;
    size_t len;
} FuzzSeed;

/* Ended by data NULL. */
extern const FuzzSeed fuzz_seeds[];
#define FUZZ_SEED(text) {(const uint8_t *)("" text), sizeof(text) - 1}
#define FUZZ_SEEDS_END {NULL, 0}

/*
 * A hash of 16 bits of @answer and the outline of @text: what stands in quotes, numbers, and what follows the first 200
 * characters make no difference, so that only inputs of another kind get another answer.
 */
static inline int fuzz_answer(int answer, const char *text)
{
#ifdef FUZZ_LIBFUZZER
    return 0;
#else
    uint32_t h = 2166136261u ^ (uint32_t)answer;
    char quote = 0;

    for (int n = 0; text && *text && n < 200; text++, n++) {
        if (quote ? *text == quote : *text == '\'' || *text == '"') {
            quote = quote ? 0 : *text;
        } else if (!quote && (*text < '0' || *text > '9')) {
            h = (h ^ (uint8_t)*text) * 16777619u;
        }
    }
    return (int)((h ^ h >> 16) & 0xffff);
#endif
}

#endif
