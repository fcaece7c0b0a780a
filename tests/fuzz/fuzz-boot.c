/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the files a RISC-V board starts from: firmware, kernel (ELF, Image, flat, gzip) and initrd, through the loader. First byte: bit 0: rv32;
 * bit 1: the input is the firmware too; bit 2: packed with gzip first; bit 3: an initrd of that; bits 4 to 6: amount of memory. Whatever is
 * accepted lies in RAM and does not overlap; whatever is refused has a message.
 */
#include <glib.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "../../hw/riscv/boot.h"
#include "fuzz.h"

#define RAM_BASE 0x80000000ull

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("\130MZ\0\0\0\0\0\0\0\0\040\0\0\0\0\0\0\0\100\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0RISCV\0\0\0RSC\5\0\0\0\0code"),
    FUZZ_SEED("\54MZ\0\0\0\0\0\0\0\0\040\0\0\0\0\0\0\0\100\377\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0RISCV\0\0\0RSC\5\0\0\0\0code"),
    FUZZ_SEED("\122\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0\1\0\0\0\0\0\0\200\0\0\0\0\100\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\100\0\070\0\1\0\0\0"
              "\0\0\0\0\1\0\0\0\7\0\0\0\170\0\0\0\0\0\0\0\0\0\40\200\0\0\0\0\0\0\40\200\0\0\0\0\4\0\0\0\0\0\0\0\040\0\0\0\0\0\0\0\0\020\0\0\0\0\0\0abcd"),
    FUZZ_SEED("\133flat"),
    FUZZ_SEED("\10\37\213\10\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0"),
    FUZZ_SEEDS_END,
};

static const MachineRecord record = {.name = "fuzz-boot", .desc = "start-up files", .max_cpus = 1, .default_ram = 1 << 20};

/* The bytes as a file without a name; its path is /proc/self/fd/N. */
static int make_file(const uint8_t *data, size_t size, bool pack, char **path)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_autofree uint8_t *packed = NULL;
    if (pack) {
        z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)size};
        packed = g_malloc(size + 1024);
        z.next_out = packed;
        z.avail_out = (uInt)size + 1024;
        deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
        deflate(&z, Z_FINISH);
        size = z.total_out;
        deflateEnd(&z);
        data = packed;
    }
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    *path = g_strdup_printf("/proc/self/fd/%d", fd);
    return fd;
}

static Machine *machine_with(uint64_t ram)
{
    Machine *m = machine_new(&record);
    m->ram_size = ram;
    if (!machine_realize(m, NULL)) {
        abort();
    }
    memory_map(m->system_memory, RAM_BASE, m->ram);
    return m;
}

static void check_layout(const RiscvBoot *b, uint64_t ram, uint64_t dtb_size)
{
    uint64_t end = RAM_BASE + ram;
    bool good = b->kernel_end <= end && b->firmware_end <= end && b->initrd_start <= b->initrd_end && b->initrd_end <= end &&
                b->dtb_addr >= RAM_BASE && b->dtb_addr + dtb_size <= end && b->dtb_addr >= b->kernel_end && b->dtb_addr >= b->firmware_end &&
                b->dtb_addr >= b->initrd_end && (!b->initrd_start || b->initrd_start >= b->kernel_end);
    if (!good) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }
    uint8_t how = data[0];
    uint64_t ram = (2ull << 20) << (how >> 4 & 7), dtb_size = 16384;
    Machine *m = machine_with(ram);
    g_autofree char *path = NULL;
    g_autoptr(Error) err = NULL;
    int fd = make_file(data + 1, size - 1, how & 4, &path);
    m->kernel = g_strdup(path);
    m->firmware = g_strdup(how & 2 ? path : "none");
    m->initrd = how & 8 ? g_strdup(path) : NULL;
    RiscvBoot b = {.machine = m, .xlen = how & 1 ? 32 : 64, .ram_base = RAM_BASE};
    bool ok = riscv_boot_firmware(&b, &err) && riscv_boot_kernel(&b, &err) && riscv_boot_initrd(&b, &err) &&
              riscv_boot_place_dtb(&b, dtb_size, &err);
    if (ok == (err != NULL)) {
        abort();
    }
    if (ok) {
        check_layout(&b, ram, dtb_size);
        machine_reset(m);
    }
    int answer = fuzz_answer((int)ok + (b.kernel_entry != 0) * 2, ok ? NULL : error_message(err));
    machine_free(m);
    close(fd);
    return answer;
}
