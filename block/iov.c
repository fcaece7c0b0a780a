/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scatter lists: copying to and from, zeroing, slicing. Ranges beyond the list are cut off.
 */
#include <string.h>

#include "block/driver.h"
#include "util/bytes.h"

int64_t iov_length(const struct iovec *iov, int cnt)
{
    uint64_t len = 0;
    for (int i = 0; i < cnt; i++) {
        if (!add_u64(len, iov[i].iov_len, &len) || len > INT64_MAX) {
            return INT64_MAX;
        }
    }
    return (int64_t)len;
}

int iov_slice(const struct iovec *iov, int cnt, int64_t offset, int64_t len, struct iovec *out)
{
    int n = 0;
    for (int i = 0; i < cnt && len > 0; i++) {
        int64_t piece = (int64_t)iov[i].iov_len;
        if (offset >= piece) {
            offset -= piece;
            continue;
        }
        piece = MIN(piece - offset, len);
        out[n++] = (struct iovec){.iov_base = (uint8_t *)iov[i].iov_base + offset, .iov_len = (size_t)piece};
        len -= piece;
        offset = 0;
    }
    return n;
}

typedef enum CopyKind { COPY_OUT, COPY_IN, COPY_ZERO } CopyKind;

static void copy(const struct iovec *iov, int cnt, int64_t offset, uint8_t *buf, int64_t len, CopyKind kind)
{
    for (int i = 0; i < cnt && len > 0; i++) {
        int64_t piece = (int64_t)iov[i].iov_len;
        if (offset >= piece) {
            offset -= piece;
            continue;
        }
        piece = MIN(piece - offset, len);
        uint8_t *at = (uint8_t *)iov[i].iov_base + offset;
        switch (kind) {
        case COPY_OUT: memcpy(buf, at, (size_t)piece); break;
        case COPY_IN: memcpy(at, buf, (size_t)piece); break;
        case COPY_ZERO: memset(at, 0, (size_t)piece); break;
        }
        buf = buf ? buf + piece : NULL;
        len -= piece;
        offset = 0;
    }
}

void iov_to_buf(const struct iovec *iov, int cnt, int64_t offset, void *buf, int64_t len)
{
    copy(iov, cnt, offset, buf, len, COPY_OUT);
}

void iov_from_buf(const struct iovec *iov, int cnt, int64_t offset, const void *buf, int64_t len)
{
    copy(iov, cnt, offset, (uint8_t *)(uintptr_t)buf, len, COPY_IN);
}

void iov_zero(const struct iovec *iov, int cnt, int64_t offset, int64_t len)
{
    copy(iov, cnt, offset, NULL, len, COPY_ZERO);
}
