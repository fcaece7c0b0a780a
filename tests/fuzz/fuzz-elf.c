/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the ELF loader. Whatever it takes lies within the machine's RAM and is restored by a reset without
 * touching anything else; whatever it refuses it refuses with an error.
 */
#include <glib.h>
#include <stdlib.h>

#include "fuzz.h"
#include "softmmu/machine.h"

/* 64 bits, one segment of 16 bytes at 0x80000000 */
static const uint8_t elf64[] =
    "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0\1\0\0\0\0\0\0\200\0\0\0\0\100\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\100\0\070\0\1\0\0\0\0\0\0\0"
    "\1\0\0\0\7\0\0\0\170\0\0\0\0\0\0\0\0\0\0\200\0\0\0\0\0\0\0\200\0\0\0\0\020\0\0\0\0\0\0\0\040\0\0\0\0\0\0\0\0\020\0\0\0\0\0\0"
    "0123456789abcdef";
/* 32 bits */
static const uint8_t elf32[] =
    "\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0\1\0\0\0\0\0\0\200\064\0\0\0\0\0\0\0\0\0\0\0\064\0\040\0\1\0\0\0\0\0\0\0"
    "\1\0\0\0\124\0\0\0\0\0\0\200\0\0\0\200\010\0\0\0\020\0\0\0\7\0\0\0\0\020\0\0"
    "01234567";

const FuzzSeed fuzz_seeds[] = {{elf64, sizeof(elf64) - 1}, {elf32, sizeof(elf32) - 1}, FUZZ_SEEDS_END};

static const MachineRecord record = {.name = "fuzz-elf", .desc = "ELF loader", .max_cpus = 1, .default_ram = 1 << 20};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Machine *m;
    if (!m) {
        m = machine_new(&record);
        if (!machine_realize(m, NULL)) {
            abort();
        }
        memory_map(m->system_memory, 0x80000000, m->ram);
    }
    g_autoptr(Error) err = NULL;
    ElfInfo info;
    g_ptr_array_set_size(m->roms, 0);
    bool ok = load_elf(m, "input", data, size, 243, &info, &err);
    if (ok == (err != NULL)) {
        abort();
    }
    if (ok) {
        if (info.low < 0x80000000 || info.high > 0x80000000 + m->ram_size || info.low > info.high) {
            abort();
        }
        machine_reset(m);
    }
    return fuzz_answer(ok, ok ? NULL : error_message(err));
}
