/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code memory: one memfd mapped twice, once readable and writable for the compiler, once readable and executable for the
 * CPU. No page is ever writable and executable in one mapping. Both mappings have the same size, so relative distances
 * inside the buffer are the same in both.
 *
 * The memfd is sealed against resizing; it is not a guest's memory and nobody else gets the descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tcg/backend.h"

bool tcg_code_buffer_new(TcgCodeBuffer *cb, size_t size, Error **errp)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    *cb = (TcgCodeBuffer){0};
    if (size == 0 || size > ((size_t)1 << 31) - page) {
        error_setg(errp, "The code buffer cannot have %zu bytes; from 1 to 2147479552 would do (jumps reach 2 GiB)", size);
        return false;
    }
    size = (size + page - 1) & ~(page - 1);
    int fd = memfd_create("mimic-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        error_setg_errno(errp, errno, "Cannot make a memory file for translated code");
        return false;
    }
    if (ftruncate(fd, (off_t)size) < 0) {
        error_setg_errno(errp, errno, "Cannot give %zu bytes to translated code", size);
        close(fd);
        return false;
    }
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    void *rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *rx = rw == MAP_FAILED ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    int err = errno;
    close(fd);
    if (rx == MAP_FAILED) {
        error_setg_errno(errp, err, "Cannot map %zu bytes of translated code %s", size,
                         rw == MAP_FAILED ? "for writing" : "for execution (is executable memory forbidden here?)");
        if (rw != MAP_FAILED)
            munmap(rw, size);
        return false;
    }
    *cb = (TcgCodeBuffer){.rw = rw, .rx = rx, .size = size};
    return true;
}

void tcg_code_buffer_free(TcgCodeBuffer *cb)
{
    if (cb->rw)
        munmap(cb->rw, cb->size);
    if (cb->rx)
        munmap(cb->rx, cb->size);
    *cb = (TcgCodeBuffer){0};
}
