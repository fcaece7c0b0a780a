/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: qcow2 images. The first byte chooses a good image (versions, cluster and refcount sizes, compressed clusters), what follows are
 * changes to it of eight bytes each: place, kind, value. With a first byte of 255 the rest is the image itself.
 * The image is opened, read, written, zeroed, flushed, closed and opened again. An image that opened must stay readable where it was; memory and
 * the file are bounded; nothing may crash or hang. What unchanged images give is checked.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../unit/block-support.h"
#include "fuzz.h"
#include "util/bytes.h"

enum { DISK_BYTES = 96 * 1024, PATCH = 8, FILE_MAX = 4 << 20 };

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("\0"), FUZZ_SEED("\1"), FUZZ_SEED("\2"), FUZZ_SEED("\3"), FUZZ_SEED("\4"), FUZZ_SEED("\5"), FUZZ_SEED("\6"),
    FUZZ_SEED("\0\0\4\1\200\1\0\0\0"), /* an L1 or L2 entry to another cluster */
    FUZZ_SEED("\1\30\0\2\0\0\1\0\0"),
    FUZZ_SEED("\2\60\0\1\0\2\0\0\0\70\0\2\0\0\0\2\0"),
    FUZZ_SEED("\5\0\10\1\100\4\0\0\0\10\10\1\100\377\377\0\0"),
    FUZZ_SEED("\377QFI\373\0\0\0\3"),
    FUZZ_SEEDS_END,
};

static const ImageSpec specs[] = {
    {3, 9, 4, DISK_BYTES, NULL}, {3, 9, 0, DISK_BYTES, NULL}, {2, 9, 4, DISK_BYTES, NULL}, {3, 9, 6, DISK_BYTES, NULL},
    {3, 12, 3, DISK_BYTES - 512, NULL}, {3, 9, 4, DISK_BYTES, NULL} /* compressed */, {3, 16, 4, DISK_BYTES, NULL},
};

/* Guest cluster 3 becomes a compressed one, at the end of the file. */
static void add_compressed(GByteArray *a)
{
    uint8_t plain[512], packed[600] = {0};
    memset(plain, 'c', sizeof(plain));
    z_stream z = {.next_in = plain, .avail_in = sizeof(plain), .next_out = packed, .avail_out = sizeof(packed)};
    deflateInit2(&z, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    guint at = a->len;
    g_byte_array_append(a, packed, 512);
    uint64_t l1 = ld_be64(a->data + 40), l2 = ld_be64(a->data + l1) & 0x00fffffffffffe00ull;
    st_be64(a->data + l2 + 3 * 8, 1ull << 62 | at); /* one sector */
    uint64_t block = ld_be64(a->data + ld_be64(a->data + 48));
    st_be16(a->data + block + at / 512 * 2, 1);
}

/* An image with something in it: data, a hole, zeros. Made once for each kind; never changed. */
static const GByteArray *base_image(unsigned kind)
{
    static GByteArray *made[G_N_ELEMENTS(specs)];
    if (!made[kind]) {
        g_autoptr(GByteArray) empty = image_make(&specs[kind]);
        g_autofree uint8_t *data = g_malloc(20000);
        MemDisk disk;
        Rig rig;
        memset(data, 'd', 20000);
        mem_disk_init(&disk, empty->data, empty->len, NULL);
        rig_open(&rig, &disk, "qcow2", NULL, NULL, NULL);
        bool good = rig.blk && blk_pwrite(rig.blk, 4096, data, 20000, 0) == 0 && blk_pwrite(rig.blk, 80000, data, 700, 0) == 0;
        rig_close(&rig);
        if (!good) {
            abort();
        }
        made[kind] = g_byte_array_new();
        g_byte_array_append(made[kind], disk.data, (guint)disk.len);
        mem_disk_clear(&disk);
        if (kind == 5) {
            add_compressed(made[kind]);
        }
    }
    return made[kind];
}

static void change(uint8_t *image, int64_t *len, const uint8_t *p)
{
    if (!*len) {
        return;
    }
    int64_t at = (p[0] | p[1] << 8) % *len, room = *len - at;
    switch (p[2] & 7) {
    case 1: /* a table entry: flags, cluster */
        if (room >= 8) {
            st_be64(image + at / 8 * 8, (uint64_t)p[3] << 56 | (uint64_t)(p[4] | p[5] << 8) * 512 | (p[6] & 1));
        }
        break;
    case 2:
        if (room >= 4) {
            st_be32(image + at, ld_be32(p + 3));
        }
        break;
    case 3: memset(image + at, p[3], (size_t)MIN((int64_t)p[4] * 8, room)); break;
    case 4: *len = at; break;
    case 5: image[at] ^= (uint8_t)(1 << (p[3] & 7)); break;
    default: image[at] = p[3]; break;
    }
}

static int use(BlockBackend *blk)
{
    g_autofree uint8_t *buf = g_malloc(65536);
    int64_t size = blk_length(blk), some = MIN(size, (int64_t)65536);
    int answer = 0;
    memset(buf, 'w', 65536);
    answer = answer * 2 + (blk_pread(blk, 0, buf, some) == 0);
    answer = answer * 2 + (blk_pread(blk, size - some, buf, some) == 0);
    answer = answer * 2 + (blk_pwrite(blk, MIN(some, (int64_t)5000), buf, MIN(some - MIN(some, (int64_t)5000), (int64_t)3000), 0) == 0);
    answer = answer * 2 + (blk_pwrite(blk, size - some / 3, buf, some / 4, 0) == 0);
    answer = answer * 2 + (blk_flush(blk) == 0);
    answer = answer * 2 + (blk_pwrite(blk, 0, buf, some, BLOCK_REQ_FUA) == 0);
    answer = answer * 2 + (blk_pread(blk, 0, buf, some) == 0);
    return answer;
}

static int coroutine_fn zero_some(void *opaque)
{
    BlockBackend *blk = opaque;
    return blk_co_write_zeroes(blk, 0, MIN(blk_length(blk), (int64_t)4 << 20), BLOCK_REQ_MAY_UNMAP);
}

static void swallow(const char *line, void *opaque)
{
}

static int open_and_use(MemDisk *disk, const char *options, bool must_work, int *answer)
{
    Rig rig;
    rig_open(&rig, disk, "qcow2", NULL, NULL, options);
    int ret = rig.blk != NULL;
    if (rig.blk) {
        *answer = *answer * 1024 + use(rig.blk);
        *answer = *answer * 2 + (block_run_coroutine(rig.loop, zero_some, rig.blk) == 0);
    } else if (!rig.err) {
        abort();
    } else {
        *answer = fuzz_answer(*answer, error_message(rig.err));
    }
    rig_close(&rig);
    if (must_work && !ret) {
        abort();
    }
    return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MemDisk disk;
    int answer = 0;
    error_set_sink(swallow, NULL);
    if (size && data[0] == 255) {
        mem_disk_init(&disk, data + 1, (int64_t)size - 1, NULL);
    } else {
        const GByteArray *base = base_image(size ? data[0] % G_N_ELEMENTS(specs) : 0);
        mem_disk_init(&disk, base->data, base->len, NULL);
        for (size_t i = 1; i + PATCH <= size; i += PATCH) {
            change(disk.data, &disk.len, data + i);
        }
    }
    disk.max = FILE_MAX;
    bool unchanged = size == 1 && data[0] != 255;
    if (open_and_use(&disk, "read-only=on", unchanged, &answer)) {
        open_and_use(&disk, NULL, unchanged, &answer);
        open_and_use(&disk, NULL, unchanged, &answer);
    }
    if (unchanged && data[0] != 5) {
        unsigned leaks;
        g_autofree char *why = NULL;
        if (!image_check(disk.data, disk.len, &leaks, &why) || leaks) {
            abort();
        }
    }
    mem_disk_clear(&disk);
    error_set_sink(NULL, NULL);
    return fuzz_answer(answer, NULL);
}
