/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator, memory and machine that target/riscv's tests run against; see riscv-fake.h. One hart at a time per process.
 */
#include <elf.h>
#include <string.h>

#include "riscv-fake.h"

#include "accel/tcg/tcg-accel.h"
#include "tcg/backend.h"
#include "util/rcu.h"

static RiscvFake *the_fake;
static MemoryRegion fake_region = {.kind = MEM_RAM, .size = FAKE_RAM_SIZE};

/* ---- physical memory ---- */

MemorySection address_space_lookup(AddressSpace *as, uint64_t addr)
{
    if (addr < FAKE_RAM_BASE || addr >= FAKE_RAM_BASE + FAKE_RAM_SIZE) {
        return (MemorySection){.left = 4096};
    }
    uint64_t off = addr - FAKE_RAM_BASE;
    return (MemorySection){.mr = &fake_region, .offset = off, .left = FAKE_RAM_SIZE - off, .host = the_fake->ram + off};
}

void ram_written(struct Machine *m, RamBlock *rb, uint64_t offset, uint64_t len) {}

/* ---- the accelerator's face ---- */

static uint64_t filled_pa;

void tlb_set_page(CpuState *cpu, uint64_t va, uint64_t pa, unsigned prot, unsigned mode, uint64_t page_size) { filled_pa = pa; }
void tlb_switch(CpuState *cpu, uint64_t key) { the_fake->flushes++; }
void tlb_flush_all(CpuState *cpu) { the_fake->flushes++; }
void tlb_flush_matching(CpuState *cpu, bool (*match)(uint64_t key, void *opaque), void *opaque, uint64_t va)
{
    match(0, opaque);
    the_fake->flushes++;
}

void cpu_loop_exit(CpuState *cpu)
{
    tcg_interp_restore(cpu);
    siglongjmp(cpu->jmp_env, 1);
}

void cpu_raise(CpuState *cpu, int32_t exception)
{
    cpu->exception = exception;
    cpu_loop_exit(cpu);
}

static uint64_t translate(CpuState *cpu, uint64_t va, MmuAccess access, unsigned mode)
{
    cpu->target->tlb_fill(cpu, va, access, mode, false);
    uint64_t pa = (filled_pa & TLB_PAGE_MASK) | (va & ~TLB_PAGE_MASK);
    bool ram = pa >= FAKE_RAM_BASE && pa < FAKE_RAM_BASE + FAKE_RAM_SIZE;
    if (!ram && pa != 0x100000 && pa != 0x100001 && pa != 0x100002 && pa != 0x100003) {
        cpu->target->bus_error(cpu, va, pa, access);
    }
    return pa;
}

static uint8_t *host(uint64_t pa)
{
    static uint8_t mmio[8];
    memset(mmio, 0, sizeof(mmio)); /* the device reads as zero */
    return pa >= FAKE_RAM_BASE ? the_fake->ram + (pa - FAKE_RAM_BASE) : &mmio[pa & 3];
}

static uint64_t extend(uint64_t v, TcgMem mem)
{
    unsigned up = 64 - 8 * tcg_mem_bytes(mem);
    return tcg_mem_signed(mem) ? (uint64_t)((int64_t)(v << up) >> up) : v << up >> up;
}

uint64_t cpu_load(CpuState *cpu, uint64_t va, TcgMem mem)
{
    unsigned n = tcg_mem_bytes(mem);
    if (tcg_mem_align(mem) == TCG_ALIGN_NATURAL && (va & (n - 1))) {
        cpu->target->misaligned(cpu, va, MMU_READ);
    }
    uint64_t v = 0, pa = translate(cpu, va, MMU_READ, tcg_mem_mmu(mem));
    for (unsigned i = 0; i < n; i++) {
        if (i && !((va + i) & 0xfff)) {
            pa = translate(cpu, va + i, MMU_READ, tcg_mem_mmu(mem)) - i;
        }
        v |= (uint64_t)*host(pa + i) << (8 * i);
    }
    return extend(v, mem);
}

void cpu_store(CpuState *cpu, uint64_t va, uint64_t val, TcgMem mem)
{
    unsigned n = tcg_mem_bytes(mem), in_first = (unsigned)MIN(n, 4096 - (va & 0xfff));
    uint64_t first = translate(cpu, va, MMU_WRITE, tcg_mem_mmu(mem)), second = 0;
    if (in_first < n) {
        second = translate(cpu, va + in_first, MMU_WRITE, tcg_mem_mmu(mem));
    }
    if (first == 0x100000) {
        the_fake->finished = true;
        the_fake->finish_code = (uint32_t)val;
        __atomic_store_n(&cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
    }
    for (unsigned i = 0; i < n; i++) {
        *host(i < in_first ? first + i : second + i - in_first) = (uint8_t)(val >> (8 * i));
    }
}

void *cpu_probe(CpuState *cpu, uint64_t va, unsigned len, MmuAccess access, unsigned mode)
{
    return host(translate(cpu, va, access, mode));
}

static uint64_t combine(TcgRmw op, uint64_t old, uint64_t v, TcgMem mem)
{
    TcgMem s = mem | 8, u = mem & ~8u;
    bool less = (int64_t)extend(v, s) < (int64_t)extend(old, s), below = extend(v, u) < extend(old, u);
    switch (op) {
    case TCG_RMW_ADD: return old + v;
    case TCG_RMW_AND: return old & v;
    case TCG_RMW_OR: return old | v;
    case TCG_RMW_XOR: return old ^ v;
    case TCG_RMW_SWAP: return v;
    case TCG_RMW_MIN: return less ? v : old;
    case TCG_RMW_MAX: return less ? old : v;
    case TCG_RMW_MINU: return below ? v : old;
    default: return below ? old : v;
    }
}

static void check_alignment(CpuState *cpu, uint64_t va, TcgMem mem)
{
    if (va & (tcg_mem_bytes(mem) - 1)) {
        cpu->target->misaligned(cpu, va, MMU_WRITE);
    }
}

static uint64_t fake_atomic(CpuState *cpu, uint64_t va, uint64_t val, uint32_t mem_rmw)
{
    TcgMem mem = mem_rmw & 0xffff;
    check_alignment(cpu, va, mem);
    translate(cpu, va, MMU_WRITE, tcg_mem_mmu(mem));
    uint64_t old = cpu_load(cpu, va, mem);
    cpu_store(cpu, va, combine((TcgRmw)(mem_rmw >> 16), old, val, mem), mem);
    return old;
}

static uint64_t fake_cmpxchg(CpuState *cpu, uint64_t va, uint64_t expected, uint64_t desired, TcgMem mem)
{
    check_alignment(cpu, va, mem);
    translate(cpu, va, MMU_WRITE, tcg_mem_mmu(mem));
    uint64_t old = cpu_load(cpu, va, mem);
    if (extend(old, mem & ~8u) == extend(expected, mem & ~8u)) {
        cpu_store(cpu, va, desired, mem);
    }
    return old;
}

static void fake_store_vec(CpuState *cpu, uint64_t va, TcgMem mem)
{
    for (unsigned i = 0; i < tcg_mem_bytes(mem); i += 8) {
        cpu_store(cpu, va + i, cpu->tcg.call_arg[i / 8], (mem & ~7u) | 3);
    }
}

static const TcgRuntime runtime = {.store_vec = fake_store_vec, .load = cpu_load, .store = cpu_store, .atomic = fake_atomic, .cmpxchg = fake_cmpxchg};

/* ---- running ---- */

static void fetch(CpuState *cpu, uint64_t pc, unsigned mode, uint8_t *code)
{
    for (unsigned i = 0; i < 4; i += 2) {
        uint64_t pa = translate(cpu, pc + i, MMU_FETCH, mode);
        memcpy(code + i, host(pa), 2);
        if ((code[0] & 3) != 3) {
            return;
        }
    }
}

static void build(RiscvFake *f, TcgBuilder *b, TcgRegion *r)
{
    CpuState *cpu = f->cpu;
    const TargetRecord *t = cpu->target;
    uint64_t pc = t->get_pc(cpu), flags = t->region_flags(cpu), start = pc;
    ScanInfo info = {.kind = SCAN_NEXT};

    tcg_region_reset(r, pc, flags);
    tcg_builder_begin(b, r);
    for (unsigned n = 0; n < f->region_insns && (info.kind == SCAN_NEXT || info.kind == SCAN_BRANCH); n++) {
        uint8_t code[4] = {0};
        if (n && (pc >> 12) != (start >> 12)) {
            break;
        }
        if (n && (pc & 0xfff) == 0xffe) {
            break;
        }
        fetch(cpu, pc, t->fetch_mode(flags), code);
        t->scan(code, 4, pc, flags, &info);
        tcg_builder_insn(b, pc, info.len);
        t->translate(b, code, pc, flags);
        pc += info.len;
        f->insns++;
    }
    tcg_builder_end(b, t->long_bits == 32 ? (uint32_t)pc : pc);
}

static void run_region(RiscvFake *f, TcgBuilder *b, TcgRegion *r)
{
    Error *err = NULL;
    build(f, b, r);
    if (!tcg_verify(r, &err)) {
        tcg_print(r, stderr);
        g_error("built region: %s", error_message(err));
    }
    if (f->optimize) {
        tcg_optimize(r);
        if (!tcg_verify(r, &err)) {
            tcg_print(r, stderr);
            g_error("optimised region: %s", error_message(err));
        }
    }
    f->cpu->tcg.exit_request = 0;
    tcg_interp_run(r, f->cpu, &runtime);
}

bool riscv_fake_run(RiscvFake *f, uint64_t max_insns)
{
    CpuState *cpu = f->cpu;
    TcgBuilder *b = tcg_builder_new();
    TcgRegion *r = tcg_region_new(cpu->target->slots, cpu->target->slot_count);
    uint64_t end = f->insns + max_insns;

    the_fake = f;
    if (sigsetjmp(cpu->jmp_env, 0)) {
        f->exceptions++;
        f->insns++; /* a handler that is not there must not go on for ever */
    }
    while (!f->finished && f->insns < end) {
        if (cpu->exception >= 0) {
            f->last_exception = cpu->exception;
            if (f->stop_at_exception) {
                break;
            }
            cpu->target->deliver_exception(cpu);
        }
        cpu->target->deliver_interrupt(cpu);
        run_region(f, b, r);
    }
    tcg_region_free(r);
    tcg_builder_free(b);
    return f->finished;
}

void riscv_fake_put(RiscvFake *f, uint64_t addr, const void *code, size_t len)
{
    g_assert_cmpuint(addr, >=, FAKE_RAM_BASE);
    g_assert_cmpuint(addr + len, <=, FAKE_RAM_BASE + FAKE_RAM_SIZE);
    memcpy(f->ram + (addr - FAKE_RAM_BASE), code, len);
}

RiscvFake *riscv_fake_new(const char *target, const char *model)
{
    RiscvFake *f = g_new0(RiscvFake, 1);
    Error *err = NULL;

    rcu_thread_register();
    the_fake = f;
    f->ram = g_malloc0(FAKE_RAM_SIZE);
    f->region_insns = 16;
    f->last_exception = -1;
    f->cpu = riscv_cpu_new(target_find(target), model, &err);
    if (!f->cpu) {
        g_error("%s", error_message(err));
    }
    f->cpu->machine = g_new0(Machine, 1);
    f->cpu->machine->clock = virtual_clock_new();
    f->cpu->machine->loop = event_loop_new(f->cpu->machine->clock);
    virtual_clock_start(f->cpu->machine->clock);
    riscv_cpu_set_reset_vector(f->cpu, FAKE_RAM_BASE);
    if (!object_realize(OBJECT(f->cpu), &err)) {
        g_error("%s", error_message(err));
    }
    return f;
}

void riscv_fake_free(RiscvFake *f)
{
    struct Machine *m = f->cpu->machine;
    object_unref(OBJECT(f->cpu));
    event_loop_free(m->loop);
    virtual_clock_free(m->clock);
    g_free(m);
    g_free(f->ram);
    g_free(f);
}

bool riscv_fake_load_elf(RiscvFake *f, const char *path)
{
    g_autofree char *data = NULL;
    gsize len;
    if (!g_file_get_contents(path, &data, &len, NULL) || len < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG, SELFMAG)) {
        return false;
    }
    bool is64 = data[EI_CLASS] == ELFCLASS64;
    const Elf64_Ehdr *h64 = (const void *)data;
    const Elf32_Ehdr *h32 = (const void *)data;
    for (unsigned i = 0; i < (is64 ? h64->e_phnum : h32->e_phnum); i++) {
        const Elf64_Phdr *p64 = (const void *)(data + h64->e_phoff + i * sizeof(Elf64_Phdr));
        const Elf32_Phdr *p32 = (const void *)(data + h32->e_phoff + i * sizeof(Elf32_Phdr));
        if ((is64 ? p64->p_type : p32->p_type) == PT_LOAD) {
            riscv_fake_put(f, is64 ? p64->p_paddr : p32->p_paddr, data + (is64 ? p64->p_offset : p32->p_offset),
                           is64 ? p64->p_filesz : p32->p_filesz);
        }
    }
    f->cpu->target->set_pc(f->cpu, is64 ? h64->e_entry : h32->e_entry);
    return true;
}
