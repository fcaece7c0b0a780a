/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: RISC-V code. Every instruction is scanned, decoded and disassembled with any number of bytes at hand and any room for the text; then the
 * code runs on the interpreter, as built and optimised (both verified), from the same reset state with interesting register values. Both runs
 * must end with the same registers, unless the code looks at clocks.
 *
 * First byte: bit 0: rv32, bits 1 and 2: guest instructions per region. The rest is code at the reset vector.
 */
#include <stdlib.h>
#include <string.h>

#include "../../target/riscv/insn.h"
#include "../unit/riscv-fake.h"
#include "fuzz.h"

enum { RUN_INSNS = 200, CODE_MAX = 512 };

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("\0\x13\x05\x10\x00\x93\x05\x50\x00\x33\x06\xb5\x02\x73\x00\x00\x00"),          /* li, li, mul, ecall */
    FUZZ_SEED("\2\x01\x45\x85\x05\x89\x8d\x05\x65\x02\x90\x0c\x42\x82\x80"),                    /* compressed */
    FUZZ_SEED("\4\x97\x02\x00\x00\x23\xb0\x52\x00\x03\xb3\x02\x00\x2f\xb4\x52\x00\x2f\xb3\x02\x10\xaf\xb3\x62\x18"), /* memory, AMO */
    FUZZ_SEED("\0\x73\x23\x00\x30\xb7\x62\x00\x00\x73\xa0\x02\x30\xd3\x70\x31\x02\x53\x00\x10\xd2\x43\x71\x21\x1a"), /* CSR, float */
    FUZZ_SEED("\1\xb7\x02\x00\x80\x67\x80\x02\x00\x6f\x00\x40\x00\x63\x84\x52\x00\x73\x50\x40\x30"),
    FUZZ_SEED("\0\x73\x10\x15\x34\x73\x00\x20\x30\x73\x00\x50\x10\x73\x00\x00\x12\x0f\x10\x00\x00"), /* mret, wfi, fences */
    FUZZ_SEEDS_END,
};

/* With every extension, as machine and as user; clocks seen: those of the text's names. */
static bool look(const uint8_t *code, size_t len, uint64_t exts, bool rv32)
{
    bool clocks = false;
    for (size_t at = 0; at + 2 <= len; at += 2) {
        for (unsigned k = 0; k < 4; k++) {
            uint64_t flags = (k & 1 ? exts : 0xffffffffull << RISCV_FLAG_EXT_SHIFT) | (k & 2 ? RISCV_PRIV_U : RISCV_PRIV_M);
            size_t avail = MIN(len - at, (size_t)4);
            g_autofree uint8_t *exact = g_memdup2(code + at, avail);
            char text[80], tiny[5] = "....";
            ScanInfo info = {.len = 99};
            flags |= rv32 ? RISCV_FLAG_RV32 : 0;
            riscv_scan(exact, avail, 0x80000000, flags, &info);
            if (info.len > avail || (info.len == 0 && avail == 4)) {
                abort();
            }
            memset(text, 'x', sizeof(text));
            riscv_disassemble(exact, avail, 0x80000000, flags, text, sizeof(text));
            riscv_disassemble(exact, avail, 0x80000000, flags, tiny, 4);
            if (!memchr(text, 0, sizeof(text)) || !memchr(tiny, 0, 4) || tiny[4] != 0) {
                abort();
            }
            clocks |= strstr(text, "time") || strstr(text, "cycle") || strstr(text, "instret") || strstr(text, "ip") || strstr(text, "seed");
        }
    }
    return clocks;
}

static RiscvFake *start(const uint8_t *code, size_t len, uint8_t how, bool optimize)
{
    static const uint64_t values[] = {0, 1, ~0ull, FAKE_RAM_BASE + 0x1000, FAKE_RAM_BASE + 0x2ff8, 1ull << 63, 0x7fffffff, 0x100000, 64, 0x80000fff,
                                      0x3ff0000000000000, 0x7ff8000000000000, 0xffffffff80000000, 3, 0xaaaaaaaa55555555, 0x1800};
    static const uint32_t handler[] = {0x34102ff3, 0x004f8f93, 0x341f9073, 0x30200073}; /* mepc += 4; mret */
    RiscvFake *f = riscv_fake_new(how & 1 ? "riscv32" : "riscv64", "max");
    f->optimize = optimize;
    f->region_insns = 1u << (how >> 1 & 3) * 2;
    f->cpu->target->reset(f->cpu);
    riscv_fake_put(f, FAKE_RAM_BASE, code, len);
    riscv_fake_put(f, FAKE_RAM_BASE + 0x800, handler, sizeof(handler));
    for (const RegisterRecord *r = f->cpu->target->registers; r->name; r++) {
        if (!strcmp(r->name, "mtvec") && !r->set(f->cpu, r, FAKE_RAM_BASE + 0x800)) {
            abort();
        }
    }
    for (unsigned i = 1; i < 32; i++) {
        uint64_t v = values[i % G_N_ELEMENTS(values)];
        riscv_cpu_set_gpr(f->cpu, i, how & 1 ? (uint64_t)(int64_t)(int32_t)v : v);
    }
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    size_t len = MIN(size - 1, (size_t)CODE_MAX);
    const uint8_t *code = data + 1;
    RiscvFake *one = start(code, len, data[0], false);
    bool clocks = look(code, len, one->cpu->target->region_flags(one->cpu), data[0] & 1);
    riscv_fake_run(one, RUN_INSNS);
    uint64_t regs[33];
    for (unsigned i = 0; i < 32; i++) {
        regs[i] = riscv_cpu_get_gpr(one->cpu, i);
    }
    regs[32] = one->cpu->target->get_pc(one->cpu);
    int answer = (int)(one->exceptions * 64 + (unsigned)(one->last_exception & 63));
    riscv_fake_free(one);
    RiscvFake *two = start(code, len, data[0], true);
    riscv_fake_run(two, RUN_INSNS);
    for (unsigned i = 0; i < 33 && !clocks; i++) {
        uint64_t v = i < 32 ? riscv_cpu_get_gpr(two->cpu, i) : two->cpu->target->get_pc(two->cpu);
        if (v != regs[i]) {
            fprintf(stderr, "fuzz-riscv: register %u is 0x%llx as built and 0x%llx optimised\n", i, (unsigned long long)regs[i], (unsigned long long)v);
            abort();
        }
    }
    riscv_fake_free(two);
    return fuzz_answer(answer, NULL);
}
