/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer work as small embedded programs do it: a linked list that is
 * searched, reversed and merge sorted; a matrix of 16-bit numbers; a state
 * machine that scans numbers in text; and a CRC over the results.
 */
#include "bench.h"

enum { NODES = 400, SIDE = 24, TEXT = 2000 };

struct node {
    struct node *next;
    int16_t key;
    uint16_t data;
};

static struct node nodes[NODES];
static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
static char text[TEXT + 1];

static uint16_t crc16(uint16_t crc, uint32_t value)
{
    for (int i = 0; i < 32; i++) {
        unsigned bit = (crc ^ value) & 1;

        crc >>= 1;
        value >>= 1;
        if (bit) {
            crc ^= 0xa001;
        }
    }
    return crc;
}

static struct node *list_reverse(struct node *list)
{
    struct node *done = NULL;

    while (list) {
        struct node *next = list->next;

        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static int by_key(const struct node *x, const struct node *y)
{
    return x->key - y->key;
}

static int by_data(const struct node *x, const struct node *y)
{
    return (int)x->data - (int)y->data;
}

static struct node *list_sort(struct node *list,
                              int (*compare)(const struct node *, const struct node *))
{
    for (int width = 1;; width *= 2) {
        struct node *left = list, *head = NULL, **tail = &head;
        int merges = 0;

        while (left) {
            struct node *right = left;
            int left_count = 0, right_count = width;

            merges++;
            while (right && left_count < width) {
                right = right->next;
                left_count++;
            }
            while (left_count > 0 || (right_count > 0 && right)) {
                struct node *take;

                if (left_count == 0 || (right_count > 0 && right && compare(left, right) > 0)) {
                    take = right;
                    right = right->next;
                    right_count--;
                } else {
                    take = left;
                    left = left->next;
                    left_count--;
                }
                *tail = take;
                tail = &take->next;
            }
            left = right;
        }
        *tail = NULL;
        list = head;
        if (merges <= 1) {
            return list;
        }
    }
}

static uint16_t list_work(uint16_t crc, int seed)
{
    struct node *list = nodes, *node;
    int found = 0;

    for (int i = 0; i < NODES; i++) {
        nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
        nodes[i].key = (int16_t)((i * 7919 + seed * 31) & 0x7fff);
        nodes[i].data = (uint16_t)(i ^ seed);
    }
    list = list_sort(list, by_key);
    for (int wanted = 0; wanted < 20; wanted++) {
        for (node = list; node; node = node->next) {
            if ((node->data & 0xff) == wanted) {
                found += node->key;
                break;
            }
        }
        list = list_reverse(list);
    }
    crc = crc16(crc, (uint32_t)found);
    list = list_sort(list, by_data);
    for (node = list; node; node = node->next) {
        crc = (uint16_t)(crc + (node->key ^ node->data));
    }
    return crc16(crc, (uint32_t)list->key);
}

static uint16_t matrix_work(uint16_t crc, int seed)
{
    int32_t sum = 0;

    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (int16_t)(i * 3 + j * seed);
            b[i][j] = (int16_t)((i ^ j) + seed);
        }
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            int32_t cell = 0;

            for (int k = 0; k < SIDE; k++) {
                cell += (int32_t)a[i][k] * b[k][j];
            }
            product[i][j] = cell;
        }
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            sum += ((product[i][j] >> 2) & 0xf) * ((product[i][j] >> 5) & 0x7f);
            sum = sum > 1000000 ? sum - 1000000 : sum + 3;
        }
    }
    return crc16(crc, (uint32_t)sum);
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };

static enum state scan(const char **at)
{
    enum state state = START;
    const char *p = *at;

    for (; *p && *p != ','; p++) {
        int digit = *p >= '0' && *p <= '9';

        switch (state) {
        case START:
            state = digit ? INTEGER : *p == '+' || *p == '-' ? SIGN : *p == '.' ? POINT : INVALID;
            break;
        case SIGN:
            state = digit ? INTEGER : *p == '.' ? POINT : INVALID;
            break;
        case INTEGER:
            state = digit ? INTEGER : *p == '.' ? FRACTION : *p == 'e' ? EXPONENT : INVALID;
            break;
        case POINT:
        case FRACTION:
            state = digit ? FRACTION : *p == 'e' && state == FRACTION ? EXPONENT : INVALID;
            break;
        case EXPONENT:
            state = *p == '+' || *p == '-' ? EXPONENT_SIGN : digit ? SCIENTIFIC : INVALID;
            break;
        case EXPONENT_SIGN:
        case SCIENTIFIC:
            state = digit ? SCIENTIFIC : INVALID;
            break;
        default:
            break;
        }
    }
    *at = *p ? p + 1 : p;
    return state;
}

static uint16_t text_work(uint16_t crc, int seed)
{
    static const char *const words[] = {
        "1234", "-874", "+122", "35.54400", ".1234500", "-110.700", "+0.64400",
        "5.500e+3", "-.123e-2", "-87e+832", "+0.6e-12", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^",
    };
    uint32_t counts[STATES] = { 0 };
    const char *p = text;
    size_t length = 0;

    for (unsigned i = (unsigned)seed; ; i++) {
        const char *word = words[i * 5 % (sizeof words / sizeof *words)];
        size_t size = strlen(word);

        if (length + size + 1 > TEXT) {
            break;
        }
        memcpy(text + length, word, size);
        length += size;
        text[length++] = ',';
    }
    text[length] = 0;
    while (*p) {
        counts[scan(&p)]++;
    }
    for (int i = 0; i < STATES; i++) {
        crc = crc16(crc, counts[i]);
    }
    return crc;
}

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED;
    uint16_t crc = 0;

    for (long i = 0; i < iterations; i++) {
        crc = list_work(crc, (int)(i & 0xff));
        crc = matrix_work(crc, (int)(i & 0x3f));
        crc = text_work(crc, (int)(i & 0xff));
        hash = bench_mix(hash, crc);
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "core", work);
}
