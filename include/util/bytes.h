/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes from outside: byte-order accessors, overflow-checked arithmetic and the bounds-carrying reader through which
 * every byte from guest, file, socket or stream enters. Everything here is inline and allocation free.
 */
#ifndef UTIL_BYTES_H
#define UTIL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BYTES_ACCESSORS(bits)                                                                                           \
    static inline uint##bits##_t ld_le##bits(const void *p)                                                             \
    {                                                                                                                   \
        uint##bits##_t v;                                                                                               \
        memcpy(&v, p, sizeof(v));                                                                                       \
        return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : (uint##bits##_t)__builtin_bswap##bits(v);                \
    }                                                                                                                   \
    static inline uint##bits##_t ld_be##bits(const void *p)                                                             \
    {                                                                                                                   \
        uint##bits##_t v;                                                                                               \
        memcpy(&v, p, sizeof(v));                                                                                       \
        return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v : (uint##bits##_t)__builtin_bswap##bits(v);                   \
    }                                                                                                                   \
    static inline void st_le##bits(void *p, uint##bits##_t v)                                                           \
    {                                                                                                                   \
        v = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : (uint##bits##_t)__builtin_bswap##bits(v);                   \
        memcpy(p, &v, sizeof(v));                                                                                       \
    }                                                                                                                   \
    static inline void st_be##bits(void *p, uint##bits##_t v)                                                           \
    {                                                                                                                   \
        v = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v : (uint##bits##_t)__builtin_bswap##bits(v);                      \
        memcpy(p, &v, sizeof(v));                                                                                       \
    }
BYTES_ACCESSORS(16)
BYTES_ACCESSORS(32)
BYTES_ACCESSORS(64)
#undef BYTES_ACCESSORS

/* True where the result fits; *out is set only then. */
static inline bool add_u64(uint64_t a, uint64_t b, uint64_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool sub_u64(uint64_t a, uint64_t b, uint64_t *out) { return !__builtin_sub_overflow(a, b, out); }
static inline bool mul_u64(uint64_t a, uint64_t b, uint64_t *out) { return !__builtin_mul_overflow(a, b, out); }
/* [start, start+len) lies within [0, limit). len 0 is within wherever start <= limit. */
static inline bool range_within(uint64_t start, uint64_t len, uint64_t limit)
{
    return start <= limit && len <= limit - start;
}
static inline bool align_up_u64(uint64_t v, uint64_t align, uint64_t *out) /* align: power of two */
{
    return add_u64(v, align - 1, out) ? (*out &= ~(align - 1), true) : false;
}
static inline bool is_power_of_2(uint64_t v) { return v && !(v & (v - 1)); }

/*
 * The reader: a cursor over bytes that were already copied. A read past the end returns zero and sets `failed`, which stays
 * set, so a parser may read a whole header and check once.
 */
typedef struct Reader {
    const uint8_t *data;
    size_t size;
    size_t pos;
    bool failed;
} Reader;

static inline Reader reader_init(const void *data, size_t size) { return (Reader){.data = data, .size = size}; }
static inline size_t reader_left(const Reader *r) { return r->failed ? 0 : r->size - r->pos; }
static inline const uint8_t *reader_bytes(Reader *r, size_t n) /* NULL on failure */
{
    if (r->failed || n > r->size - r->pos) {
        r->failed = true;
        return NULL;
    }
    r->pos += n;
    return r->data + r->pos - n;
}
static inline bool reader_seek(Reader *r, size_t pos)
{
    if (pos > r->size) {
        r->failed = true;
    } else {
        r->pos = pos;
    }
    return !r->failed;
}
#define READER_GET(name, type, load)                                                                                    \
    static inline type reader_##name(Reader *r)                                                                         \
    {                                                                                                                   \
        const uint8_t *p = reader_bytes(r, sizeof(type));                                                               \
        return p ? (type)load(p) : (type)0;                                                                             \
    }
READER_GET(u8, uint8_t, *)
READER_GET(le16, uint16_t, ld_le16)
READER_GET(le32, uint32_t, ld_le32)
READER_GET(le64, uint64_t, ld_le64)
READER_GET(be16, uint16_t, ld_be16)
READER_GET(be32, uint32_t, ld_be32)
READER_GET(be64, uint64_t, ld_be64)
#undef READER_GET

#endif
