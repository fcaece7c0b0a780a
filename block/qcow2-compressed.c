/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: reading compressed clusters (raw deflate with a 4 KiB window, or zstd). Output is bounded by one cluster, input by the extent.
 */
#include <errno.h>
#include <zlib.h>
#include <zstd.h>

#include "qcow2.h"

Extent qcow2_compressed_extent(const Qcow2 *s, uint64_t entry)
{
    unsigned x = 62 - (s->cluster_bits - 8);
    int64_t offset = (int64_t)(entry & ((1ull << x) - 1));
    int64_t sectors = (int64_t)(entry >> x & ((1ull << (62 - x)) - 1)) + 1;
    return (Extent){offset, sectors * 512 - (offset & 511)};
}

static bool inflate_raw(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)in, .avail_in = (uInt)in_len, .next_out = out, .avail_out = (uInt)out_len};
    if (inflateInit2(&z, -12) != Z_OK) {
        return false;
    }
    int ret = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    /* The stream may end before the extent does. */
    return (ret == Z_STREAM_END || ret == Z_BUF_ERROR) && z.avail_out == 0;
}

static bool unpack_zstd(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer ib = {in, in_len, 0};
    ZSTD_outBuffer ob = {out, out_len, 0};
    size_t left = 1;
    while (z && left && ob.pos < ob.size) {
        size_t before = ib.pos + ob.pos;
        left = ZSTD_decompressStream(z, &ob, &ib);
        if (ZSTD_isError(left) || ib.pos + ob.pos == before) {
            break;
        }
    }
    ZSTD_freeDStream(z);
    return ob.pos == ob.size;
}

int coroutine_fn qcow2_read_compressed(Qcow2 *s, uint64_t entry, uint8_t *out)
{
    Extent e = qcow2_compressed_extent(s, entry);
    int64_t file_len = block_node_length(s->node->file);
    if (e.offset <= 0 || e.offset >= file_len) {
        return qcow2_damaged(s, "compressed cluster lies outside of the file", e.offset);
    }
    e.len = MIN(e.len, file_len - e.offset);
    g_autofree uint8_t *in = g_try_malloc((gsize)e.len);
    int ret = in ? node_co_pread(s->node->file, e.offset, in, e.len) : -ENOMEM;
    if (ret < 0) {
        return ret;
    }
    bool good = s->compression == 1 ? unpack_zstd(in, (size_t)e.len, out, (size_t)s->cluster_size)
                                    : inflate_raw(in, (size_t)e.len, out, (size_t)s->cluster_size);
    return good ? 0 : qcow2_damaged(s, "compressed cluster cannot be decompressed", e.offset);
}
