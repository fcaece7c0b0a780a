/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images made and checked without any of the code under test, written from the format's specification alone. See block-support.h.
 */
#include "block-support.h"

#include <string.h>

#include "util/bytes.h"

#define OFFSET_MASK 0x00fffffffffffe00ull
#define COPIED (1ull << 63)
#define COMPRESSED (1ull << 62)

/* --- refcounts of any width --- */
static uint64_t refcount_get(const uint8_t *block, unsigned order, uint64_t i)
{
    unsigned bits = 1u << order;
    if (bits >= 8) {
        uint64_t v = 0;
        for (unsigned k = 0; k < bits / 8; k++) {
            v = v << 8 | block[i * (bits / 8) + k];
        }
        return v;
    }
    return block[i * bits / 8] >> (i * bits % 8) & ((1u << bits) - 1);
}

static void refcount_set_one(uint8_t *block, unsigned order, uint64_t i)
{
    unsigned bits = 1u << order;
    if (bits >= 8) {
        block[(i + 1) * (bits / 8) - 1] = 1;
    } else {
        block[i * bits / 8] |= (uint8_t)(1u << (i * bits % 8));
    }
}

GByteArray *image_make(const ImageSpec *spec)
{
    uint64_t cs = 1ull << spec->cluster_bits, per_l2 = cs * (cs / 8);
    uint32_t l1_size = (uint32_t)(((uint64_t)spec->size + per_l2 - 1) / per_l2);
    uint64_t l1_clusters = (l1_size * 8ull + cs - 1) / cs, clusters = 3 + l1_clusters;
    GByteArray *a = g_byte_array_new();
    g_byte_array_set_size(a, (guint)(clusters * cs));
    memset(a->data, 0, a->len);
    uint8_t *h = a->data;
    st_be32(h, 0x514649fb);
    st_be32(h + 4, spec->version);
    st_be32(h + 20, spec->cluster_bits);
    st_be64(h + 24, (uint64_t)spec->size);
    st_be32(h + 36, l1_size);
    st_be64(h + 40, 3 * cs);
    st_be64(h + 48, cs);
    st_be32(h + 56, 1);
    if (spec->version >= 3) {
        st_be32(h + 96, spec->refcount_order);
        st_be32(h + 100, 104);
    }
    if (spec->backing) {
        uint8_t *at = h + (spec->version >= 3 ? 104 : 72);
        st_be32(at, 0xe2792aca);
        st_be32(at + 4, 3);
        memcpy(at + 8, "raw", 3);
        at += 24; /* and the end of the extensions */
        st_be64(h + 8, (uint64_t)(at - h));
        st_be32(h + 16, (uint32_t)strlen(spec->backing));
        g_assert_cmpuint((size_t)(at - h) + strlen(spec->backing), <, cs);
        memcpy(at, spec->backing, strlen(spec->backing));
    }
    st_be64(a->data + cs, 2 * cs);
    for (uint64_t i = 0; i < clusters; i++) {
        refcount_set_one(a->data + 2 * cs, spec->version >= 3 ? spec->refcount_order : 4, i);
    }
    return a;
}

/* --- checking --- */
typedef struct Check {
    const uint8_t *data;
    uint64_t len, cs, clusters;
    unsigned bits, order, version;
    uint64_t l1, l1_size, rt, rt_size;
    uint32_t *refs;
    char *why;
} Check;

static bool bad(Check *c, const char *what, uint64_t at)
{
    if (!c->why) {
        c->why = g_strdup_printf("%s (0x%" G_GINT64_MODIFIER "x)", what, at);
    }
    return false;
}

static uint64_t refcount_of(const Check *c, uint64_t cluster)
{
    uint64_t per_block = c->cs * 8 >> c->order, i = cluster / per_block;
    uint64_t block = i < c->rt_size ? ld_be64(c->data + c->rt + i * 8) & ~511ull : 0;
    return block ? refcount_get(c->data + block, c->order, cluster % per_block) : 0;
}

/* @whole: must lie in the file entirely; a data cluster may reach behind its end. */
static bool refer(Check *c, uint64_t offset, uint64_t len, bool whole, const char *what)
{
    if (offset & (c->cs - 1) || offset >= c->len || (whole && len > c->len - offset)) {
        return bad(c, what, offset);
    }
    for (uint64_t at = offset; at < offset + len && at < c->clusters * c->cs; at += c->cs) {
        if (c->refs[at >> c->bits]++) {
            return bad(c, "a cluster is referenced twice", at);
        }
        if (!refcount_of(c, at >> c->bits)) {
            return bad(c, "a cluster with refcount 0 is referenced", at);
        }
    }
    return true;
}

static bool check_l2(Check *c, uint64_t table)
{
    for (uint64_t i = 0; i < c->cs / 8; i++) {
        uint64_t e = ld_be64(c->data + table + i * 8), host = e & OFFSET_MASK;
        if (e & COMPRESSED) {
            return bad(c, "a compressed cluster where none was written", table + i * 8);
        }
        if (!host) {
            if (e & ~1ull) {
                return bad(c, "an entry without cluster has flags", table + i * 8);
            }
            continue;
        }
        if (!refer(c, host, c->cs, false, "a data cluster lies outside of the file")) {
            return false;
        }
        if (!(e & COPIED) != (refcount_of(c, host >> c->bits) != 1)) {
            return bad(c, "the COPIED flag of a data cluster is wrong", table + i * 8);
        }
        if (e & 1 && c->version < 3) {
            return bad(c, "a zero flag in version 2", table + i * 8);
        }
    }
    return true;
}

static bool check_header(Check *c)
{
    const uint8_t *h = c->data;
    if (c->len < 104 || ld_be32(h) != 0x514649fb) {
        return bad(c, "no header", 0);
    }
    c->version = ld_be32(h + 4);
    c->bits = ld_be32(h + 20);
    c->order = c->version >= 3 ? ld_be32(h + 96) : 4;
    if (c->version < 2 || c->version > 3 || c->bits < 9 || c->bits > 21 || c->order > 6) {
        return bad(c, "header is damaged", 0);
    }
    c->cs = 1ull << c->bits;
    c->clusters = (c->len + c->cs - 1) >> c->bits;
    c->l1_size = ld_be32(h + 36);
    c->l1 = ld_be64(h + 40);
    c->rt = ld_be64(h + 48);
    c->rt_size = ld_be32(h + 56) * c->cs / 8;
    if (!range_within(c->l1, c->l1_size * 8, c->len) || !range_within(c->rt, c->rt_size * 8, c->len)) {
        return bad(c, "a table lies outside of the file", c->rt);
    }
    return true;
}

static bool check_all(Check *c)
{
    for (uint64_t i = 0; i < c->rt_size; i++) { /* before anything is looked up in them */
        uint64_t e = ld_be64(c->data + c->rt + i * 8);
        if (e & (c->cs - 1) || (e && !range_within(e, c->cs, c->len))) {
            return bad(c, "a refcount block lies outside of the file", e);
        }
    }
    if (!refer(c, 0, c->cs, true, "header") || !refer(c, c->l1, MAX(c->l1_size * 8, 1), true, "L1 table") ||
        !refer(c, c->rt, c->rt_size * 8, true, "refcount table")) {
        return false;
    }
    for (uint64_t i = 0; i < c->rt_size; i++) {
        uint64_t e = ld_be64(c->data + c->rt + i * 8);
        if (e && !refer(c, e, c->cs, true, "refcount block")) {
            return false;
        }
    }
    for (uint64_t i = 0; i < c->l1_size; i++) {
        uint64_t e = ld_be64(c->data + c->l1 + i * 8), table = e & OFFSET_MASK;
        if (!table) {
            if (e) {
                return bad(c, "an L1 entry without table has flags", c->l1 + i * 8);
            }
            continue;
        }
        if (!refer(c, table, c->cs, true, "an L2 table lies outside of the file") || !check_l2(c, table)) {
            return false;
        }
        if (!(e & COPIED) != (refcount_of(c, table >> c->bits) != 1)) {
            return bad(c, "the COPIED flag of an L2 table is wrong", c->l1 + i * 8);
        }
    }
    return true;
}

bool image_check(const uint8_t *data, int64_t len, unsigned *leaks, char **why)
{
    Check c = {.data = data, .len = (uint64_t)len};
    *leaks = 0;
    bool good = check_header(&c);
    if (good) {
        c.refs = g_new0(uint32_t, c.clusters);
        good = check_all(&c);
    }
    for (uint64_t i = 0; good && i < c.clusters; i++) {
        uint64_t count = refcount_of(&c, i);
        if (count > 1 && c.refs[i]) {
            good = bad(&c, "a refcount is above 1", i << c.bits);
        }
        *leaks += count && !c.refs[i];
    }
    g_free(c.refs);
    *why = c.why;
    return good;
}

const uint8_t *image_sector(const uint8_t *data, int64_t len, int64_t sector)
{
    static const uint8_t zeros[512];
    unsigned bits = ld_be32(data + 20);
    uint64_t offset = (uint64_t)sector * 512, cs = 1ull << bits, in_cluster = offset & (cs - 1);
    uint64_t l1 = ld_be64(data + 40), table = ld_be64(data + l1 + (offset >> (2 * bits - 3)) * 8) & OFFSET_MASK;
    if (!table) {
        return NULL;
    }
    uint64_t e = ld_be64(data + table + (offset >> bits & (cs / 8 - 1)) * 8), host = e & OFFSET_MASK;
    if (e & 1) {
        return zeros;
    }
    if (!host) {
        return NULL;
    }
    return host + in_cluster + 512 <= (uint64_t)len ? data + host + in_cluster : zeros;
}
