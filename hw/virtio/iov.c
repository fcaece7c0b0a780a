/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies between the buffers of a request and a buffer of the device. Guest memory is copied once and looked at afterwards, because the guest may
 * change it at any time.
 */
#include <string.h>

#include "hw/virtio/virtio.h"

typedef void CopyPiece(uint8_t *guest, uint8_t *host, size_t len);

static size_t each_piece(const struct iovec *iov, unsigned count, uint64_t offset, uint8_t *host, size_t len, CopyPiece *copy)
{
    size_t done = 0;
    for (unsigned i = 0; i < count && done < len; i++) {
        if (offset >= iov[i].iov_len) {
            offset -= iov[i].iov_len;
            continue;
        }
        size_t n = MIN(iov[i].iov_len - (size_t)offset, len - done);
        copy((uint8_t *)iov[i].iov_base + offset, host + done, n);
        done += n;
        offset = 0;
    }
    return done;
}

static void from_guest(uint8_t *guest, uint8_t *host, size_t len) { memcpy(host, guest, len); }
static void to_guest(uint8_t *guest, uint8_t *host, size_t len) { memcpy(guest, host, len); }

size_t virtio_gather(const struct iovec *iov, unsigned count, uint64_t offset, void *buf, size_t len)
{
    return each_piece(iov, count, offset, buf, len, from_guest);
}

size_t virtio_scatter(const struct iovec *iov, unsigned count, uint64_t offset, const void *buf, size_t len)
{
    return each_piece(iov, count, offset, (uint8_t *)(uintptr_t)buf, len, to_guest);
}
