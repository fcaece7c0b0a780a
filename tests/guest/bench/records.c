/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statement mix of ordinary systems code: records with a variant part that
 * are copied through pointers, small functions with in-out parameters, string
 * copies and comparisons, array updates, enumerations.
 */
#include "bench.h"

enum kind { ONE, TWO, THREE, FOUR, FIVE };

struct record {
    struct record *link;
    enum kind discriminant;
    union {
        struct {
            enum kind component;
            int number;
            char name[32];
        } plain;
        struct {
            enum kind other;
            char text[36];
        } textual;
    } part;
};

static struct record *current, *following;
static int total, flags[64], grid[64][64];
static char letter_one, letter_two;

__attribute__((noinline)) static enum kind classify(char left, char right)
{
    char copy = left;

    if (copy != right) {
        return ONE;
    }
    letter_one = copy;
    return TWO;
}

__attribute__((noinline)) static int ordered(const char *left, const char *right)
{
    int at = 2;
    char letter = 'A';

    while (at <= 2) {
        if (classify(left[at], right[at + 1]) == ONE) {
            letter = 'A';
            at++;
        } else {
            break;
        }
    }
    if (letter >= 'W' && letter < 'Z') {
        at = 7;
    }
    if (letter == 'R') {
        return 1;
    }
    if (strcmp(left, right) > 0) {
        total += at + 7;
        return 1;
    }
    return 0;
}

__attribute__((noinline)) static void next_kind(enum kind value, enum kind *result)
{
    *result = value == THREE ? value : FOUR;
    switch (value) {
    case ONE:
        *result = ONE;
        break;
    case TWO:
        *result = total > 100 ? ONE : FOUR;
        break;
    case THREE:
        *result = TWO;
        break;
    case FOUR:
        break;
    case FIVE:
        *result = THREE;
        break;
    }
}

__attribute__((noinline)) static void add(int left, int right, int *result)
{
    *result = right + left + 2;
}

__attribute__((noinline)) static void update_arrays(int *line, int (*table)[64], int index, int value)
{
    int at = (index + 5) & 31;

    line[at] = value;
    line[at + 1] = line[at];
    line[at + 30] = at;
    for (int i = at; i <= at + 1; i++) {
        table[at][i] = at;
    }
    table[at][at ? at - 1 : 0] += 1;
    table[at + 20][at] = line[at];
    total = 5;
}

__attribute__((noinline)) static void copy_record(struct record *from)
{
    struct record *to = from->link;

    *from->link = *current;
    from->part.plain.number = 5;
    to->part.plain.number = from->part.plain.number;
    to->link = from->link;
    if (to->discriminant == ONE) {
        to->part.plain.number = 6;
        next_kind(from->part.plain.component, &to->part.plain.component);
        to->link = current->link;
        add(to->part.plain.number, 10, &to->part.plain.number);
    } else {
        *from = *from->link;
    }
}

static uint64_t work(long iterations)
{
    static struct record first, second;
    char left[32], right[32];
    uint64_t hash = BENCH_SEED;
    int one = 0, two, three = 0;
    enum kind kind;

    following = &second;
    current = &first;
    for (long i = 0; i < iterations; i++) {
        first.link = following;
        first.discriminant = ONE;
        first.part.plain.component = THREE;
        first.part.plain.number = 40;
        strcpy(first.part.plain.name, "A RECORD WITH A LENGTHY NAME");
        strcpy(left, "A RECORD WITH A LENGTHY N'1");
        strcpy(right, "A RECORD WITH A LENGTHY N'2");
        letter_one = 'A';
        letter_two = 'B';
        one = 2;
        two = 3;
        kind = TWO;
        total += !ordered(left, right);
        while (one < two) {
            three = 5 * one - two;
            add(one, two, &three);
            one++;
        }
        update_arrays(flags, grid, one + (int)(i & 15), three);
        copy_record(current);
        for (char c = 'A'; c <= letter_two; c++) {
            if (kind == classify(c, 'C')) {
                next_kind(ONE, &kind);
            }
        }
        two = two * one;
        one = two / three;
        two = 7 * (two - three) - one;
        hash = (hash ^ (uint64_t)(uint32_t)(one + two * 3 + total + flags[i & 63] + grid[i & 31][i & 63] +
                                            second.part.plain.number)) * 0x100000001b3u;
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "records", work);
}
