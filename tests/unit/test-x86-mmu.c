/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging of x86: all forms of tables, every bit of their entries, rights against an oracle that follows SDM 3A 4.6 sentence
 * by sentence, fault codes, A and D, A20; and which writes of control registers are refused. The TLB is a stand-in that
 * remembers what it was given.
 */
#include <string.h>

#include "accel/tcg/tcg-accel.h"
#include "softmmu/machine.h"
#include "../../target/x86/x86-cpu.h"
#include "util/rcu.h"

#define RAM_SIZE (16u << 20)

/* ---- what the translator would be ---- */

static struct {
    uint64_t pa, size;
    unsigned prot, fills, flushes_all, flushes_current, flushes_page, flushes_matching;
    uint64_t key;
} tlb;

void tlb_set_page(CpuState *cpu, uint64_t va, uint64_t pa, unsigned prot, unsigned mode, uint64_t page_size)
{
    tlb.pa = pa;
    tlb.prot = prot;
    tlb.size = page_size;
    tlb.fills++;
}
void tlb_switch(CpuState *cpu, uint64_t key) { tlb.key = key; }
void tlb_flush_all(CpuState *cpu) { tlb.flushes_all++; }
void tlb_flush_current(CpuState *cpu) { tlb.flushes_current++; }
void tlb_flush_page(CpuState *cpu, uint64_t va) { tlb.flushes_page++; }
void tlb_flush_matching(CpuState *cpu, bool (*match)(uint64_t, void *), void *opaque, uint64_t va) { tlb.flushes_matching++; }
void cpu_sync_state(CpuState *cpu) {}
void cpu_loop_exit(CpuState *cpu) { siglongjmp(cpu->jmp_env, 1); }
void cpu_raise(CpuState *cpu, int32_t exception)
{
    cpu->exception = exception;
    cpu_loop_exit(cpu);
}
uint64_t cpu_load(CpuState *cpu, uint64_t va, TcgMem mem) { return 0; }
void cpu_store(CpuState *cpu, uint64_t va, uint64_t val, TcgMem mem) {}
void *cpu_probe(CpuState *cpu, uint64_t va, unsigned len, MmuAccess access, unsigned mode) { return NULL; }

/* ---- the machine ---- */

static bool board_init(Machine *m, Error **errp)
{
    memory_map(m->system_memory, 0, m->ram);
    return true;
}
static const MachineRecord test_board = {
    .name = "x86-mmu", .target = "x86_64", .desc = "paging tests", .max_cpus = 1, .default_ram = RAM_SIZE, .min_ram = 1 << 20,
    .max_ram = 1 << 30, .init = board_init};
MACHINE(test_board);

static Machine *machine;
static X86Cpu *x;
static uint8_t *ram;

static void setup(const char *model)
{
    Error *err = NULL;
    machine = machine_new(&test_board);
    machine->ram_size = RAM_SIZE;
    g_assert_true(machine_realize(machine, NULL));
    CpuState *cpu = x86_cpu_new(target_find("x86_64"), model, &err);
    if (!cpu) {
        g_error("%s", error_message(err));
    }
    cpu->machine = machine;
    cpu->as = machine->as;
    g_assert_true(object_realize(OBJECT(cpu), NULL));
    x = x86_cpu(cpu);
    cpu->accel = &tlb; /* flushes and switches reach the stand-in */
    ram = machine->ram->ram->host;
}

static void teardown(void)
{
    x->cpu.accel = NULL;
    object_unref(OBJECT(x));
    machine_free(machine);
}

/* ---- tables ---- */

typedef enum Kind { P32, PAE, L4, L5, KINDS } Kind;
static const struct {
    unsigned levels, bits, bytes;
} kinds[KINDS] = {{2, 10, 4}, {3, 9, 8}, {4, 9, 8}, {5, 9, 8}};

#define TABLE(level) (0x100000ull + 0x1000 * (level))
#define VA 0x12345678ull

static uint8_t *entry_at(Kind k, unsigned level)
{
    unsigned shift = 12 + level * kinds[k].bits;
    uint64_t index = VA >> shift & ((1u << kinds[k].bits) - 1);
    return ram + TABLE(level) + index * kinds[k].bytes;
}

static uint64_t get_entry(Kind k, unsigned level)
{
    uint64_t v = 0;
    memcpy(&v, entry_at(k, level), kinds[k].bytes);
    return v;
}

static void set_entry(Kind k, unsigned level, uint64_t v) { memcpy(entry_at(k, level), &v, kinds[k].bytes); }

static bool is_pdpte(Kind k, unsigned level) { return k == PAE && level == 2; }

/* Entries down to the leaf at @leaf_level, all rights. */
static void map(Kind k, unsigned leaf_level, uint64_t pa)
{
    memset(ram + 0x100000, 0, 0x10000);
    for (unsigned level = leaf_level + 1; level < kinds[k].levels; level++) {
        set_entry(k, level, TABLE(level - 1) | (is_pdpte(k, level) ? 1 : 7));
    }
    set_entry(k, leaf_level, pa | 7 | (leaf_level ? 0x80 : 0));
}

static void choose(Kind k)
{
    x->cr3 = TABLE(kinds[k].levels - 1);
    x->cr0 = CR0_PE | CR0_PG | CR0_ET | CR0_WP;
    x->cr4 = (k == P32 ? CR4_PSE : CR4_PAE) | (k == L5 ? CR4_LA57 : 0);
    x->efer = k >= L4 ? EFER_LME | EFER_LMA | EFER_NXE : k == PAE ? EFER_NXE : 0;
    x->pkru = 0;
    x->a20_mask = UINT64_MAX;
    x->cpl = 0;
    x->eflags = EFL_FIXED;
    x86_update_flags(x);
}

enum { NONE = -1 };

/* The exception, or NONE; *error: its error code. */
static int fill(uint64_t va, MmuAccess access, unsigned mode, uint32_t *error)
{
    *error = 0;
    x->cpu.exception = NONE;
    tlb.prot = 0;
    tlb.pa = UINT64_MAX;
    if (sigsetjmp(x->cpu.jmp_env, 0)) {
        *error = x->has_error ? x->error_code : 0;
        return x->cpu.exception;
    }
    g_assert_true(x86_tlb_fill(&x->cpu, va, access, mode, false));
    return NONE;
}

/* ---- forms ---- */

static void test_forms(void)
{
    static const struct {
        Kind k;
        unsigned leaf;
        uint64_t pa, size;
    } forms[] = {
        {P32, 0, 0x7000, 0x1000}, {P32, 1, 0x400000, 0x400000}, {PAE, 0, 0x7000, 0x1000}, {PAE, 1, 0x600000, 0x200000},
        {L4, 0, 0x7000, 0x1000}, {L4, 1, 0x600000, 0x200000}, {L4, 2, 0x40000000, 0x40000000}, {L5, 0, 0x7000, 0x1000},
        {L5, 1, 0x600000, 0x200000}, {L5, 2, 0x40000000, 0x40000000}, {L4, 0, 0xffff7000, 0x1000}, {PAE, 0, 0xf00007000, 0x1000},
    };
    uint32_t error;
    setup("max");
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        choose(forms[i].k);
        map(forms[i].k, forms[i].leaf, forms[i].pa);
        g_assert_cmpint(fill(VA, MMU_WRITE, X86_MODE_U, &error), ==, NONE);
        g_assert_cmphex(tlb.pa, ==, forms[i].pa | (VA & (forms[i].size - 1)));
        g_assert_cmphex(tlb.size, ==, forms[i].size);
        g_assert_cmphex(tlb.prot, ==, PAGE_R | PAGE_W | PAGE_X);
        uint64_t pa = 0;
        g_assert_true(x86_translate_debug(&x->cpu, VA, &pa));
        g_assert_cmphex(pa, ==, tlb.pa);
    }
    choose(P32); /* PSE-36: bits 39-32 stand at 20-13 */
    map(P32, 1, 0x400000 | 0x5u << 13);
    g_assert_cmpint(fill(VA, MMU_READ, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.pa, ==, 0x500400000 | (VA & 0x3fffff));
    x->cr4 = 0; /* no PSE: bit 7 means nothing */
    set_entry(P32, 1, TABLE(0) | 0x87);
    set_entry(P32, 0, 0x9007);
    g_assert_cmpint(fill(VA, MMU_READ, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.pa, ==, 0x9000 | (VA & 0xfff));
    x->cr0 = CR0_PE | CR0_ET; /* no paging */
    g_assert_cmpint(fill(0x234567, MMU_FETCH, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.pa, ==, 0x234567);
    x->a20_mask = ~(1ull << 20);
    g_assert_cmpint(fill(0x334567, MMU_FETCH, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.pa, ==, 0x234567);
    teardown();
}

/* ---- rights: SDM 3A 4.6.1, 4.6.2 ---- */

typedef struct Rights {
    bool user_page, writable, nx, wp, smep, smap, nxe, pke;
    unsigned key_bits;
} Rights;

static bool allowed(const Rights *r, MmuAccess access, unsigned mode, bool *key)
{
    bool user_access = mode == X86_MODE_U, exec = access == MMU_FETCH, write = access == MMU_WRITE;
    *key = false;
    if (user_access && !r->user_page) {
        return false;
    }
    if (exec) {
        if (r->nx && r->nxe) {
            return false;
        }
        return user_access || !r->user_page || !r->smep;
    }
    if (!user_access && r->user_page && r->smap && mode != X86_MODE_K_AC) {
        return false;
    }
    if (write && !r->writable && (user_access || r->wp)) {
        return false;
    }
    if (r->pke && r->user_page) {
        if ((r->key_bits & 1) || (write && (r->key_bits & 2) && (user_access || r->wp))) {
            *key = true;
            return false;
        }
    }
    return true;
}

static void check_rights(Kind k, const Rights *r, unsigned where, MmuAccess access, unsigned mode)
{
    uint64_t leaf = 0x7000 | 7, upper = TABLE(0) | 7;
    uint64_t *limited = where ? &upper : &leaf;
    uint32_t error;
    bool key, unused;
    map(k, 0, 0x7000);
    *limited &= ~(uint64_t)((r->user_page ? 0 : 4) | (r->writable ? 0 : 2));
    *limited |= r->nx ? 1ull << 63 : 0;
    leaf |= k >= L4 ? 9ull << 59 : 0;
    set_entry(k, 0, leaf);
    set_entry(k, 1, upper);
    bool ok = allowed(r, access, mode, &key);
    bool nx_on = r->nxe && k != P32;
    uint32_t expect = 1 | (access == MMU_WRITE ? 2 : 0) | (mode == X86_MODE_U ? 4 : 0) |
                      (access == MMU_FETCH && (nx_on || r->smep) ? 16 : 0) | (key ? 32 : 0);
    int exception = fill(VA, access, mode, &error);
    g_assert_cmpint(exception, ==, ok ? NONE : X86_EXC_PF);
    if (!ok) {
        g_assert_cmphex(error, ==, expect);
        g_assert_cmphex(x->fault_address, ==, VA);
        g_assert_cmphex(get_entry(k, 0) & 0x60, ==, 0);
        return;
    }
    unsigned prot = (allowed(r, MMU_READ, mode, &unused) ? PAGE_R : 0) | (allowed(r, MMU_FETCH, mode, &unused) ? PAGE_X : 0) |
                    (access == MMU_WRITE ? PAGE_W : 0);
    g_assert_cmphex(tlb.prot, ==, prot);
    g_assert_cmphex(get_entry(k, 0) & 0x60, ==, access == MMU_WRITE ? 0x60 : 0x20);
    g_assert_cmphex(get_entry(k, 1) & 0x60, ==, 0x20);
}

static void test_rights(void)
{
    setup("max");
    for (Kind k = P32; k < KINDS; k++) {
        for (unsigned bits = 0; bits < 1 << 11; bits++) {
            Rights r = {.user_page = bits & 1, .writable = bits & 2, .nx = bits & 4, .wp = bits & 8, .smep = bits & 16,
                        .smap = bits & 32, .nxe = bits & 64, .pke = bits & 128, .key_bits = bits >> 8 & 3};
            unsigned where = bits >> 10 & 1;
            if ((r.nx && (k == P32 || !r.nxe)) || (r.pke && k < L4) || (!r.pke && r.key_bits)) {
                continue; /* reserved or meaningless */
            }
            choose(k);
            x->cr0 = (x->cr0 & ~(uint64_t)CR0_WP) | (r.wp ? CR0_WP : 0);
            x->cr4 |= (r.smep ? CR4_SMEP : 0) | (r.smap ? CR4_SMAP : 0) | (r.pke ? CR4_PKE : 0);
            x->efer = (x->efer & ~(uint64_t)EFER_NXE) | (r.nxe ? EFER_NXE : 0);
            x->pkru = (uint64_t)r.key_bits << 18; /* key 9 */
            for (unsigned mode = X86_MODE_U; mode <= X86_MODE_K_AC; mode++) {
                check_rights(k, &r, where, MMU_READ, mode);
                check_rights(k, &r, where, MMU_WRITE, mode);
                check_rights(k, &r, where, MMU_FETCH, mode);
            }
        }
    }
    teardown();
}

/* D set already: a read makes the page writable at once. */
static void test_dirty(void)
{
    uint32_t error;
    setup("max");
    choose(L4);
    map(L4, 0, 0x7000);
    g_assert_cmpint(fill(VA, MMU_READ, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.prot, ==, PAGE_R | PAGE_X);
    g_assert_cmpint(fill(VA, MMU_WRITE, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.prot, ==, PAGE_R | PAGE_W | PAGE_X);
    g_assert_cmpint(fill(VA, MMU_READ, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.prot, ==, PAGE_R | PAGE_W | PAGE_X);
    uint64_t pa;
    map(L4, 0, 0x7000);
    g_assert_true(x86_translate_debug(&x->cpu, VA, &pa)); /* no side effects */
    g_assert_cmphex(get_entry(L4, 0), ==, 0x7007);
    g_assert_cmphex(get_entry(L4, 3), ==, TABLE(2) | 7);
    g_assert_false(x86_tlb_fill(&x->cpu, VA + 0x1000, MMU_READ, X86_MODE_K, true)); /* a probe raises nothing */
    teardown();
}

/* ---- every bit of every entry ---- */

static uint64_t reserved(Kind k, unsigned level, unsigned leaf, bool nxe, unsigned phys)
{
    uint64_t beyond = 0xfffffffffffffull & ~((1ull << phys) - 1);
    if (k == P32) {
        return level == 1 && leaf == 1 ? 1u << 21 : 0;
    }
    uint64_t r = beyond | (nxe ? 0 : 1ull << 63);
    if (k == PAE) {
        r |= 0x7ffull << 52;
        if (level == 2) {
            return r | 1ull << 63 | 0x1e6;
        }
    }
    if (level >= 3) {
        r |= 1u << 7;
    }
    if (leaf == level && level) {
        r |= ((1ull << (12 + 9 * level)) - 1) & ~0x1fffull;
    }
    return r;
}

static void check_bits(Kind k, unsigned leaf, bool nxe)
{
    uint32_t error;
    for (unsigned level = leaf; level < kinds[k].levels; level++) {
        for (unsigned bit = 0; bit < kinds[k].bytes * 8; bit++) {
            map(k, leaf, 0);
            uint64_t good = get_entry(k, level), bad = good ^ 1ull << bit;
            bool rsvd = (bad & 1) && (bad & reserved(k, level, leaf, nxe, x->phys_bits));
            bool pointer = bit >= 12 && bit < x->phys_bits && bad != good && level != leaf;
            if ((bit == 7 && level && !rsvd) || (pointer && !rsvd)) {
                continue; /* another table or another form */
            }
            set_entry(k, level, bad);
            int exception = fill(VA, MMU_READ, X86_MODE_K, &error);
            if (rsvd) {
                g_assert_cmpint(exception, ==, X86_EXC_PF);
                g_assert_cmphex(error, ==, X86_PFEC_P | X86_PFEC_RSVD);
            } else if (bit == 0) {
                g_assert_cmpint(exception, ==, X86_EXC_PF);
                g_assert_cmphex(error, ==, 0);
            } else {
                g_assert_cmpint(exception, ==, NONE);
            }
        }
    }
}

static void test_bits(void)
{
    static const struct {
        Kind k;
        unsigned leaf;
    } forms[] = {{P32, 0}, {P32, 1}, {PAE, 0}, {PAE, 1}, {L4, 0}, {L4, 1}, {L4, 2}, {L5, 0}, {L5, 2}};
    setup("max");
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        for (unsigned nxe = 0; nxe < 2; nxe++) {
            choose(forms[i].k);
            x->efer = (x->efer & ~(uint64_t)EFER_NXE) | (nxe ? EFER_NXE : 0);
            check_bits(forms[i].k, forms[i].leaf, nxe);
        }
    }
    teardown();
    setup("qemu64"); /* no 1 GiB pages: PS is reserved there */
    uint32_t error;
    choose(L4);
    map(L4, 2, 0x40000000);
    g_assert_cmpint(fill(VA, MMU_READ, X86_MODE_K, &error), ==, X86_EXC_PF);
    g_assert_cmphex(error, ==, X86_PFEC_P | X86_PFEC_RSVD);
    teardown();
}

static void test_addresses(void)
{
    uint32_t error;
    setup("max");
    choose(L4);
    map(L4, 0, 0x7000);
    g_assert_cmpint(fill(0x0000800000000000, MMU_READ, X86_MODE_K, &error), ==, X86_EXC_GP);
    g_assert_cmpint(fill(0xffff7fffffffffff, MMU_WRITE, X86_MODE_U, &error), ==, X86_EXC_GP);
    g_assert_cmpint(fill(0xffff800000000000, MMU_READ, X86_MODE_K, &error), ==, X86_EXC_PF);
    choose(L5);
    map(L5, 0, 0x7000);
    g_assert_cmpint(fill(0x0000800000000000, MMU_READ, X86_MODE_K, &error), ==, X86_EXC_PF);
    g_assert_cmpint(fill(0x0100000000000000, MMU_READ, X86_MODE_K, &error), ==, X86_EXC_GP);
    choose(P32); /* 4 GiB wrap */
    map(P32, 0, 0x7000);
    g_assert_cmpint(fill(VA + (1ull << 32), MMU_READ, X86_MODE_K, &error), ==, NONE);
    g_assert_cmphex(tlb.pa, ==, 0x7678);
    x->cr3 = 0xfffff000; /* tables where no memory is */
    g_assert_cmpint(fill(VA, MMU_READ, X86_MODE_U, &error), ==, X86_EXC_PF);
    g_assert_cmphex(error, ==, X86_PFEC_U);
    teardown();
}

/* ---- control registers ---- */

static int write_cr(unsigned n, uint64_t v)
{
    x->cpu.exception = NONE;
    if (sigsetjmp(x->cpu.jmp_env, 0)) {
        return x->cpu.exception;
    }
    if (n == 0) {
        x86_write_cr0(x, v);
    } else if (n == 3) {
        x86_write_cr3(x, v);
    } else {
        x86_write_cr4(x, v);
    }
    return NONE;
}

static void test_control(void)
{
    setup("max");
    g_assert_cmpint(write_cr(0, CR0_PG), ==, X86_EXC_GP);           /* PG without PE */
    g_assert_cmpint(write_cr(0, CR0_NW), ==, X86_EXC_GP);           /* NW without CD */
    g_assert_cmpint(write_cr(0, 1ull << 32), ==, X86_EXC_GP);
    g_assert_cmpint(write_cr(0, CR0_PE), ==, NONE);
    g_assert_cmphex(x->cr0, ==, CR0_PE | CR0_ET);
    g_assert_true(x->region_flags & X86_RF_PE);
    g_assert_cmpint(write_cr(4, CR4_PCIDE), ==, X86_EXC_GP);        /* not in long mode */
    g_assert_cmpint(write_cr(4, 1u << 13), ==, X86_EXC_GP);         /* VMXE: not there */
    g_assert_true(x86_wrmsr(x, 0xc0000080, EFER_LME));
    g_assert_cmpint(write_cr(0, CR0_PE | CR0_PG), ==, X86_EXC_GP);  /* long mode without PAE */
    g_assert_cmpint(write_cr(4, CR4_PAE | CR4_PGE), ==, NONE);
    memset(ram + TABLE(3), 0, 0x1000);
    g_assert_cmpint(write_cr(3, TABLE(3)), ==, NONE);
    g_assert_cmpint(write_cr(0, CR0_PE | CR0_PG), ==, NONE);
    g_assert_true(x->efer & EFER_LMA);
    g_assert_true(x->region_flags & X86_RF_LMA);
    g_assert_false(x86_wrmsr(x, 0xc0000080, 0));                    /* LME while paging is on */
    g_assert_cmpint(write_cr(4, CR4_PGE), ==, X86_EXC_GP);          /* PAE in long mode */
    g_assert_cmpint(write_cr(4, CR4_PAE | CR4_LA57), ==, X86_EXC_GP);
    unsigned flushes = tlb.flushes_current;
    g_assert_cmpint(write_cr(3, TABLE(3)), ==, NONE);               /* no PCIDs: flushes */
    g_assert_cmpuint(tlb.flushes_current, ==, flushes + 1);
    g_assert_cmpint(write_cr(3, TABLE(3) | 1ull << 63), ==, X86_EXC_GP);
    g_assert_cmpint(write_cr(3, 1ull << x->phys_bits), ==, X86_EXC_GP);
    g_assert_cmpint(write_cr(4, CR4_PAE | CR4_PGE | CR4_PCIDE), ==, NONE);
    flushes = tlb.flushes_matching;
    uint64_t key = tlb.key;
    g_assert_cmpint(write_cr(3, TABLE(3) | 5), ==, NONE);
    g_assert_cmpuint(tlb.flushes_matching, ==, flushes + 1);
    g_assert_cmphex(tlb.key, !=, key);
    g_assert_cmpint(write_cr(3, TABLE(3) | 6 | 1ull << 63), ==, NONE); /* keeps what there is */
    g_assert_cmpuint(tlb.flushes_matching, ==, flushes + 1);
    g_assert_cmphex(x->cr3, ==, TABLE(3) | 6);
    g_assert_cmpint(write_cr(0, CR0_PE), ==, X86_EXC_GP);           /* PCIDE needs paging */
    g_assert_true(x86_invpcid(x, 0, 5, VA));
    g_assert_false(x86_invpcid(x, 4, 0, 0));
    g_assert_false(x86_invpcid(x, 0, 0x1000, VA));
    g_assert_false(x86_invpcid(x, 0, 5, 1ull << 63));
    g_assert_cmpint(write_cr(4, CR4_PAE), ==, NONE);
    g_assert_cmpint(write_cr(0, CR0_PE), ==, NONE);
    g_assert_false(x->efer & EFER_LMA);
    teardown();
}

static void test_pdptes(void)
{
    setup("max");
    choose(P32);
    x->cr0 = CR0_PE | CR0_ET;
    x->cr4 = CR4_PAE;
    memset(ram + TABLE(2), 0, 32);
    ram[TABLE(2) + 8] = 3; /* P and a reserved bit */
    x->cr3 = TABLE(2);
    g_assert_cmpint(write_cr(0, CR0_PE | CR0_PG), ==, X86_EXC_GP);
    ram[TABLE(2) + 8] = 2; /* not present: anything goes */
    g_assert_cmpint(write_cr(0, CR0_PE | CR0_PG), ==, NONE);
    ram[TABLE(2) + 16] = 0x21;
    g_assert_cmpint(write_cr(3, TABLE(2)), ==, X86_EXC_GP);
    teardown();
}

static void test_global(void)
{
    uint32_t error;
    setup("max");
    choose(L4);
    x->cr4 |= CR4_PGE;
    x86_mmu_flush(x);
    map(L4, 0, 0x7000);
    unsigned pages = tlb.flushes_page, matching = tlb.flushes_matching;
    x86_invlpg(x, VA);
    g_assert_cmpuint(tlb.flushes_page, ==, pages + 1);
    set_entry(L4, 0, 0x7107);
    g_assert_cmpint(fill(VA, MMU_READ, X86_MODE_K, &error), ==, NONE);
    x->region_flags |= X86_RF_CS64;
    x86_invlpg(x, VA); /* global: in every context */
    g_assert_cmpuint(tlb.flushes_matching, ==, matching + 1);
    x86_invlpg(x, VA + 0x10000);
    g_assert_cmpuint(tlb.flushes_page, ==, pages + 2);
    teardown();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    rcu_thread_register();
    g_test_add_func("/x86/mmu/forms", test_forms);
    g_test_add_func("/x86/mmu/rights", test_rights);
    g_test_add_func("/x86/mmu/dirty", test_dirty);
    g_test_add_func("/x86/mmu/bits", test_bits);
    g_test_add_func("/x86/mmu/addresses", test_addresses);
    g_test_add_func("/x86/mmu/control", test_control);
    g_test_add_func("/x86/mmu/pdptes", test_pdptes);
    g_test_add_func("/x86/mmu/global", test_global);
    return g_test_run();
}
