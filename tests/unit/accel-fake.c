/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tiny guest and machine of accel-fake.h. The functions of softmmu that the accelerator calls are defined here, so
 * the tests link without softmmu.
 */
#include "accel-fake.h"

#include <string.h>
#include <sys/mman.h>

#include "util/option.h"
#include "util/rcu.h"

struct AddressSpace {
    ToyMachine *tm;
};

static ToyMachine *toy_of(const struct Machine *m) { return m->board; }
static ToyCpu *toy(CpuState *cpu) { return (ToyCpu *)cpu; }

/* ------------------------------------------------------------------ memory */

static MemoryRegion ram_region = {.kind = MEM_RAM, .name = (char *)"ram"};
static MemoryRegion ram2_region = {.kind = MEM_RAM, .name = (char *)"ram2"};
static MemoryRegion io_region = {.kind = MEM_MMIO, .name = (char *)"io"};

MemorySection address_space_lookup(AddressSpace *as, uint64_t addr)
{
    ToyMachine *tm = as->tm;

    if (addr < TOY_RAM_SIZE) {
        return (MemorySection){&ram_region, addr, TOY_RAM_SIZE - addr, false, tm->ram + addr};
    }
    if (addr - TOY_RAM2_BASE < TOY_RAM_SIZE) {
        uint64_t o = addr - TOY_RAM2_BASE;
        return (MemorySection){&ram2_region, o, TOY_RAM_SIZE - o, false, tm->ram2 + o};
    }
    if (addr - TOY_IO_BASE < 4096) {
        return (MemorySection){&io_region, addr - TOY_IO_BASE, 4096 - (addr - TOY_IO_BASE), false, NULL};
    }
    return (MemorySection){.left = 4096};
}

MemoryResult address_space_read_mmio(AddressSpace *as, uint64_t addr, unsigned size, uint64_t *value)
{
    MemorySection s = address_space_lookup(as, addr);

    *value = 0;
    if (s.mr != &io_region) {
        return MEM_UNMAPPED;
    }
    as->tm->io_reads++;
    memcpy(value, (uint8_t *)as->tm->io + s.offset, size);
    return MEM_OK;
}

MemoryResult address_space_write_mmio(AddressSpace *as, uint64_t addr, unsigned size, uint64_t value)
{
    MemorySection s = address_space_lookup(as, addr);

    if (s.mr != &io_region) {
        return MEM_UNMAPPED;
    }
    as->tm->io_writes++;
    memcpy((uint8_t *)as->tm->io + s.offset, &value, size);
    return MEM_OK;
}

RamBlock *ram_block_from_host(struct Machine *m, const void *host, uint64_t *offset)
{
    ToyMachine *tm = toy_of(m);

    for (int i = 0; i < 2; i++) {
        uint64_t o = (uint64_t)((const uint8_t *)host - tm->rb[i].host);

        if ((const uint8_t *)host >= tm->rb[i].host && o < tm->rb[i].size) {
            *offset = o;
            return &tm->rb[i];
        }
    }
    return NULL;
}

void memory_listener_add(struct Machine *m, MemoryListener *l) { m->memory_state = l; }
void memory_listener_remove(struct Machine *m, MemoryListener *l) { m->memory_state = NULL; }
void machine_lock(Machine *m) { g_rec_mutex_lock(&m->lock); }
void machine_unlock(Machine *m) { g_rec_mutex_unlock(&m->lock); }
void machine_request_stop(Machine *m, RunState why) { toy_of(m)->stop_requests++; }

void toy_dma(ToyMachine *tm, uint64_t pa, const void *data, uint64_t len)
{
    MemoryListener *l = tm->m->memory_state;
    unsigned which = pa >= TOY_RAM2_BASE;
    uint64_t offset = which ? pa - TOY_RAM2_BASE : pa;

    for (uint64_t i = 0; i < len; i++) { /* the vCPUs run: a data race of the guest, not ours */
        uint8_t byte = __atomic_load_n((const uint8_t *)data + i, __ATOMIC_RELAXED);

        __atomic_store_n(tm->rb[which].host + offset + i, byte, __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    l->code_written(l, &tm->rb[which], offset, len);
}

void toy_memory_changed(ToyMachine *tm)
{
    MemoryListener *l = tm->m->memory_state;

    l->changed(l);
}

void toy_dirty_log(ToyMachine *tm, bool on)
{
    MemoryListener *l = tm->m->memory_state;

    ram_region.dirty_log = on ? DIRTY_DISPLAY : 0;
    memset(tm->rb[0].dirty, 0, TOY_RAM_SIZE >> 12);
    l->dirty_log(l, &tm->rb[0]);
}

/* ------------------------------------------------------------------ the guest: MMU and exceptions */

G_NORETURN static void toy_raise(ToyCpu *t, int cause, uint64_t tval)
{
    t->tval = tval;
    cpu_raise(&t->cpu, cause);
}

static bool toy_tlb_fill(CpuState *cpu, uint64_t va, MmuAccess access, unsigned mode, bool probe)
{
    ToyCpu *t = toy(cpu);
    static const unsigned need[] = {PAGE_R, PAGE_W, PAGE_X};
    static const int cause[] = {TOY_LOAD_FAULT, TOY_STORE_FAULT, TOY_FETCH_FAULT};
    ToyMap found = {.prot = t->strict ? 0 : PAGE_R | PAGE_W | PAGE_X, .pa = va & ~0xfffull, .page_size = 4096};

    t->fills++;
    for (unsigned i = 0; i < t->maps->len; i++) {
        const ToyMap *m = &g_array_index(t->maps, ToyMap, i);

        if (m->key == t->key && va - m->va < m->page_size) {
            found = *m;
            found.pa = m->pa + ((va - m->va) & ~0xfffull);
        }
    }
    if (!(found.prot & need[access])) {
        if (!probe) {
            t->faults++;
            toy_raise(t, cause[access], va);
        }
        return false;
    }
    tlb_set_page(cpu, va, found.pa, found.prot, mode, found.page_size);
    return true;
}

static void toy_bus_error(CpuState *cpu, uint64_t va, uint64_t pa, MmuAccess access)
{
    toy_raise(toy(cpu), TOY_BUS_ERROR, va);
}
static void toy_misaligned(CpuState *cpu, uint64_t va, MmuAccess access) { toy_raise(toy(cpu), TOY_MISALIGNED, va); }

static void toy_deliver_exception(CpuState *cpu)
{
    ToyCpu *t = toy(cpu);

    t->cause = (uint64_t)cpu->exception;
    cpu->exception = -1;
    t->epc = t->pc;
    t->pc = t->vector;
}

static bool toy_deliver_interrupt(CpuState *cpu)
{
    ToyCpu *t = toy(cpu);

    if (!t->irq_enable || !cpu_interrupts(cpu)) {
        return false;
    }
    cpu_interrupt_clear(cpu, ~0u);
    t->irq_enable = false;
    t->irq_epc = t->pc;
    t->pc = t->irq_vector;
    return true;
}

static bool toy_has_work(CpuState *cpu) { return cpu_interrupts(cpu) != 0; }
static uint64_t toy_flags(CpuState *cpu) { return toy(cpu)->mode_flags; }
static unsigned toy_fetch_mode(uint64_t flags) { return flags & 3; }

static void toy_runtime_exit(CpuState *cpu, uint32_t reason)
{
    ToyCpu *t = toy(cpu);
    unsigned n = (reason - TCG_REASON_TARGET) % 16;

    t->sys_count[n]++;
    if (t->on_sys) {
        t->on_sys(t, n);
    }
    if (n == 0) {
        __atomic_store_n(&cpu->stop_request, true, __ATOMIC_SEQ_CST);
        cpu_kick(cpu);
    }
}

/* ------------------------------------------------------------------ the guest: instructions */

static unsigned toy_len(unsigned op) { return op < 0x80 ? 2 : 4; }

static void toy_scan(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, ScanInfo *info)
{
    unsigned op = avail ? code[0] : 0;

    info->len = avail && toy_len(op) <= avail ? toy_len(op) : 0;
    info->kind = SCAN_NEXT;
    if (!info->len) {
        return;
    }
    if (op >= 0x80) {
        info->target = pc + (uint64_t)(int64_t)(int16_t)(code[2] | code[3] << 8);
    }
    switch (op) {
    case T_BNE: case T_BEQ: case T_BLT: info->kind = SCAN_BRANCH; break;
    case T_J: info->kind = SCAN_JUMP; break;
    case T_CALL: info->kind = SCAN_CALL; break;
    case T_JR: case T_RET: case T_SYS: case T_WFI: case T_BREAK: case T_FLUSH: case T_SWITCH: info->kind = SCAN_STOP; break;
    default: break;
    }
}

static void helper_break(CpuState *cpu) { toy_raise(toy(cpu), TOY_BREAK, 0); }
static void helper_flush(CpuState *cpu, uint64_t va)
{
    va == UINT64_MAX ? tlb_flush_all(cpu) : tlb_flush_page(cpu, va);
}
static void helper_switch(CpuState *cpu, uint64_t key)
{
    toy(cpu)->key = key;
    tlb_switch(cpu, key);
}

static const TcgHelper h_break = {
    .name = "break", .fn = helper_break, .flags = TCG_HELPER_RAISES | TCG_HELPER_NORETURN, .ret = TCG_VOID};
static const TcgHelper h_flush = {.name = "flush", .fn = helper_flush, .ret = TCG_VOID, .args = {TCG_I64}};
static const TcgHelper h_switch = {.name = "switch", .fn = helper_switch, .ret = TCG_VOID, .args = {TCG_I64}};

static TcgVal get_r(TcgBuilder *b, unsigned r) { return tcg_get(b, 1 + r, TCG_I64); }
static void put_r(TcgBuilder *b, unsigned r, TcgVal v) { tcg_put(b, 1 + r, v); }

static void translate_short(TcgBuilder *b, unsigned op, unsigned ra, unsigned rb, uint64_t pc, unsigned mode)
{
    uint64_t next = pc + 2;

    switch (op) {
    case T_MOV: put_r(b, ra, get_r(b, rb)); break;
    case T_ADD: put_r(b, ra, tcg_add(b, TCG_I64, get_r(b, ra), get_r(b, rb))); break;
    case T_SUB: put_r(b, ra, tcg_sub(b, TCG_I64, get_r(b, ra), get_r(b, rb))); break;
    case T_LD8: put_r(b, ra, tcg_load(b, TCG_I64, get_r(b, rb), 0, TCG_MEM(3, 0, 0, 0, mode))); break;
    case T_LD4: put_r(b, ra, tcg_load(b, TCG_I64, get_r(b, rb), 0, TCG_MEM(2, 1, 0, 0, mode))); break;
    case T_LD1: put_r(b, ra, tcg_load(b, TCG_I64, get_r(b, rb), 0, TCG_MEM(0, 0, 0, 0, mode))); break;
    case T_ST8: tcg_store(b, TCG_I64, get_r(b, rb), 0, get_r(b, ra), TCG_MEM(3, 0, 0, 0, mode)); break;
    case T_ST1: tcg_store(b, TCG_I64, get_r(b, rb), 0, get_r(b, ra), TCG_MEM(0, 0, 0, 0, mode)); break;
    case T_AMOADD:
        put_r(b, ra, tcg_atomic(b, TCG_RMW_ADD, TCG_I64, get_r(b, rb), get_r(b, ra), TCG_MEM(3, 0, 0, 1, mode)));
        break;
    case T_LDX: put_r(b, ra, tcg_load_exclusive(b, TCG_I64, get_r(b, rb), TCG_MEM(3, 0, 0, 1, mode))); break;
    case T_STX:
        put_r(b, ra, tcg_store_exclusive(b, TCG_I64, get_r(b, rb), get_r(b, ra), TCG_MEM(3, 0, 0, 1, mode)));
        break;
    case T_MASK: put_r(b, ra, tcg_and(b, TCG_I64, get_r(b, ra), tcg_const(b, TCG_I64, rb * 16 + 15))); break;
    case T_JR: tcg_goto_indirect(b, get_r(b, ra), TCG_EDGE_JUMP, 0); break;
    case T_RET: tcg_goto_indirect(b, get_r(b, 7), TCG_EDGE_RETURN, 0); break;
    case T_SYS: tcg_exit(b, (TcgReason)(TCG_REASON_TARGET + ra), next); break;
    case T_WFI: tcg_exit(b, TCG_REASON_IDLE, next); break;
    case T_BREAK: tcg_call(b, &h_break, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE); break;
    case T_FLUSH:
        tcg_call(b, &h_flush, get_r(b, ra), TCG_NONE, TCG_NONE, TCG_NONE);
        tcg_exit(b, TCG_REASON_NONE, next);
        break;
    case T_SWITCH:
        tcg_call(b, &h_switch, get_r(b, ra), TCG_NONE, TCG_NONE, TCG_NONE);
        tcg_exit(b, TCG_REASON_NONE, next);
        break;
    default: break;
    }
}

static void toy_translate(TcgBuilder *b, const uint8_t *code, uint64_t pc, uint64_t flags)
{
    unsigned op = code[0], ra = code[1] >> 4 & 7, rb = code[1] & 7;
    int64_t imm = toy_len(op) == 4 ? (int16_t)(code[2] | code[3] << 8) : 0;
    uint64_t target = pc + (uint64_t)imm;

    switch (op) {
    case T_LI: put_r(b, ra, tcg_const(b, TCG_I64, (uint64_t)imm)); break;
    case T_ADDI: put_r(b, ra, tcg_addi(b, TCG_I64, get_r(b, ra), imm)); break;
    case T_SHLI: put_r(b, ra, tcg_shl(b, TCG_I64, get_r(b, ra), tcg_const(b, TCG_I64, (uint64_t)imm))); break;
    case T_BNE: tcg_branch(b, TCG_COND_NE, TCG_I64, get_r(b, ra), get_r(b, rb), target); break;
    case T_BEQ: tcg_branch(b, TCG_COND_EQ, TCG_I64, get_r(b, ra), get_r(b, rb), target); break;
    case T_BLT: tcg_branch(b, TCG_COND_LT, TCG_I64, get_r(b, ra), get_r(b, rb), target); break;
    case T_J: tcg_goto(b, target, TCG_EDGE_JUMP, 0); break;
    case T_CALL:
        put_r(b, 7, tcg_const(b, TCG_I64, pc + 4));
        tcg_goto(b, target, TCG_EDGE_CALL, pc + 4);
        break;
    default: translate_short(b, op, ra, code[1] & 15, pc, flags & 3); break;
    }
}

#define SLOT(n) {"r" #n, TCG_I64, offsetof(ToyCpu, r[n])}
static const TcgSlot toy_slots[] = {
    {"pc", TCG_I64, offsetof(ToyCpu, pc)}, SLOT(0), SLOT(1), SLOT(2), SLOT(3), SLOT(4), SLOT(5), SLOT(6), SLOT(7)};

#define TOY_TARGET(...)                                                                                                 \
    {                                                                                                                   \
        __VA_ARGS__, .long_bits = 64, .state_size = sizeof(ToyCpu), .slots = toy_slots,                                  \
        .slot_count = G_N_ELEMENTS(toy_slots), .insn_align = 2, .max_insn_len = 4, .region_flags = toy_flags,            \
        .fetch_mode = toy_fetch_mode, .scan = toy_scan, .translate = toy_translate, .tlb_fill = toy_tlb_fill,            \
        .bus_error = toy_bus_error, .misaligned = toy_misaligned, .deliver_exception = toy_deliver_exception,            \
        .deliver_interrupt = toy_deliver_interrupt, .has_work = toy_has_work, .runtime_exit = toy_runtime_exit,          \
    }
static const TargetRecord toy_target = TOY_TARGET(.name = "toy");
static const TargetRecord toy_exact_target = TOY_TARGET(.name = "toy-exact", .exact_code_writes = true);
TARGET(toy_target);

static void toy_cpu_init(Object *obj) { cpu_init_common((CpuState *)obj, &toy_target); }
static const TypeRecord toy_cpu_type = {
    .name = "toy-cpu", .parent = TYPE_CPU, .instance_size = sizeof(ToyCpu), .init = toy_cpu_init};
TYPE_REGISTER(toy_cpu_type);
static void toy_exact_cpu_init(Object *obj) { cpu_init_common((CpuState *)obj, &toy_exact_target); }
static const TypeRecord toy_exact_cpu_type = {
    .name = "toy-exact-cpu", .parent = TYPE_CPU, .instance_size = sizeof(ToyCpu), .init = toy_exact_cpu_init};
TYPE_REGISTER(toy_exact_cpu_type);

/* ------------------------------------------------------------------ the machine */

static void ram_new(RamBlock *rb, const char *name, uint64_t ram_offset)
{
    rb->name = (char *)name;
    rb->size = TOY_RAM_SIZE;
    rb->ram_offset = ram_offset;
    rb->host = mmap(NULL, rb->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert(rb->host != MAP_FAILED);
    rb->dirty = g_malloc0(rb->size >> 12);
    rb->code_pages = g_new0(unsigned long, rb->size >> 18);
}

static ToyMachine *make(unsigned cpus, const char *opts, const char *type)
{
    ToyMachine *tm = g_new0(ToyMachine, 1);
    OptionSet *set = opts ? option_set_parse(opts, "accel", &error_fatal) : NULL;

    rcu_thread_register();
    tm->m = g_new0(Machine, 1);
    tm->m->board = tm;
    g_rec_mutex_init(&tm->m->lock);
    ram_new(&tm->rb[0], "ram", 0);
    ram_new(&tm->rb[1], "ram2", 1ull << 32);
    ram_region.ram = &tm->rb[0];
    ram2_region.ram = &tm->rb[1];
    ram_region.dirty_log = 0;
    tm->ram = tm->rb[0].host;
    tm->ram2 = tm->rb[1].host;
    tm->accel = tcg_accel_new(tm->m, set, &error_fatal);
    tm->cpus = cpus;
    for (unsigned i = 0; i < cpus; i++) {
        ToyCpu *t = (ToyCpu *)object_new(type);

        tm->cpu[i] = t;
        t->cpu.machine = tm->m;
        t->cpu.index = i;
        t->cpu.as = g_new0(AddressSpace, 1);
        t->cpu.as->tm = tm;
        t->maps = g_array_new(FALSE, FALSE, sizeof(ToyMap));
        tcg_accel_add_cpu(tm->accel, &t->cpu, &error_fatal);
    }
    if (set) {
        option_set_free(set);
    }
    return tm;
}

ToyMachine *toy_new(unsigned cpus, const char *opts) { return make(cpus, opts, "toy-cpu"); }
ToyMachine *toy_new_exact(unsigned cpus, const char *opts) { return make(cpus, opts, "toy-exact-cpu"); }

void toy_free(ToyMachine *tm)
{
    tcg_accel_free(tm->accel);
    for (unsigned i = 0; i < tm->cpus; i++) {
        g_array_unref(tm->cpu[i]->maps);
        g_free(tm->cpu[i]->cpu.as);
        object_unref(OBJECT(&tm->cpu[i]->cpu));
    }
    for (int i = 0; i < 2; i++) {
        munmap(tm->rb[i].host, tm->rb[i].size);
        g_free(tm->rb[i].dirty);
        g_free(tm->rb[i].code_pages);
    }
    g_rec_mutex_clear(&tm->m->lock);
    g_free(tm->m);
    g_free(tm);
    current_cpu = NULL;
}

void toy_run(ToyMachine *tm, unsigned cpu, uint64_t pc)
{
    ToyCpu *t = tm->cpu[cpu];

    t->pc = pc;
    t->cpu.stop_request = false;
    tcg_accel_run(tm->accel, &t->cpu);
}

bool toy_has_backend(void)
{
#if defined(__x86_64__)
    return true;
#else
    return false;
#endif
}

void toy_map(ToyCpu *t, uint64_t key, uint64_t va, uint64_t pa, unsigned prot, uint64_t page_size)
{
    ToyMap m = {key, va, pa, prot, page_size};

    g_array_append_val(t->maps, m);
}

void toy_unmap_all(ToyCpu *t) { g_array_set_size(t->maps, 0); }

/* ------------------------------------------------------------------ the assembler */

uint16_t toy_encode2(unsigned op, unsigned a, unsigned b) { return (uint16_t)(op | (a << 4 | b) << 8); }
uint32_t toy_encode4(unsigned op, unsigned a, unsigned b, int imm)
{
    return toy_encode2(op, a, b) | (uint32_t)(uint16_t)imm << 16;
}

static uint8_t *here(ToyMachine *tm)
{
    return tm->at >= TOY_RAM2_BASE ? tm->ram2 + (tm->at - TOY_RAM2_BASE) : tm->ram + tm->at;
}

void t2(ToyMachine *tm, unsigned op, unsigned a, unsigned b)
{
    uint16_t v = toy_encode2(op, a, b);

    memcpy(here(tm), &v, 2);
    tm->at += 2;
}

void t4(ToyMachine *tm, unsigned op, unsigned a, unsigned b, int imm)
{
    uint32_t v = toy_encode4(op, a, b, imm);

    memcpy(here(tm), &v, 4);
    tm->at += 4;
}

void t_jump(ToyMachine *tm, unsigned op, unsigned a, unsigned b, uint64_t target)
{
    t4(tm, op, a, b, (int)(int64_t)(target - tm->at));
}

void t_const(ToyMachine *tm, unsigned reg, uint64_t value)
{
    if ((int64_t)value >= -0x8000 && (int64_t)value <= 0x7fff) {
        t4(tm, T_LI, reg, 0, (int)(int64_t)value);
        return;
    }
    t4(tm, T_LI, reg, 0, (int16_t)(value >> 45));
    for (int shift = 30; shift >= 0; shift -= 15) {
        t4(tm, T_SHLI, reg, 0, 15);
        t4(tm, T_ADDI, reg, 0, (int)(value >> shift & 0x7fff));
    }
}
