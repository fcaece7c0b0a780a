/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side of the x86 bench: a child process that runs a case by returning from a signal handler into it. The
 * signal frame holds all of a thread's user state, so sigreturn loads everything at once, and the signal that ends the
 * run shows everything again, together with the exception's vector and error code.
 *
 * The child shares nothing with its parent but the cases, has a small address space at known low addresses, and before
 * its first case gives up all system calls but read, write and sigreturn (seccomp's strict mode). A timer ends endless
 * cases. While a case runs FS and GS hold the case's bases, so the handler may not touch thread-local storage before it
 * has its own again.
 */
#include <asm/ldt.h>
#include <cpuid.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <glib.h>

#include "x86-bench.h"

enum { HLT = 0xf4, STACK_SIZE = 1 << 18, XSTATE_MAGIC_OFFSET = 464, XSTATE_BV = 512, RFLAGS_AC = 1 << 18 };
#define RFLAGS_SETTABLE 0x40dd5ull /* AC OF DF SF ZF AF PF CF TF is left out */

typedef struct Shared {
    X86BenchCase cases[X86_NATIVE_BATCH];
    uint16_t cs[X86_BENCH_MODES], ss[X86_BENCH_MODES], ds;
    uint8_t code[X86_BENCH_CODE_SIZE];
} Shared;

struct X86Native {
    Shared *shared;
    int code_fd; /* of the code pages: the child has them read-only */
    uint8_t *code;
    int to_child, from_child;
    pid_t pid;
    bool modes[X86_BENCH_MODES];
};

/* ------------------------------------------------------------------ in the child */

static struct Child {
    uint64_t host_fs, host_gs, guest_fs, guest_gs;
    Shared *shared;
    uint8_t *code; /* writable */
    int in, out;
    unsigned now, count; /* case that runs, cases of this batch */
    bool running;
    unsigned ticks;
    unsigned ymm_offset;         /* in the extended state; 0: no AVX */
    unsigned used_from, used_to; /* of the code pages */
} child;

G_STATIC_ASSERT(offsetof(struct Child, guest_gs) == 24);

/* Entry of every signal: clears AC, NT and ID (sigreturn leaves them), swaps segment bases, and swaps them again on the
 * way out. */
void x86_native_entry(int sig, siginfo_t *info, void *uc);
void x86_native_signal(int sig, siginfo_t *info, void *uc);
extern struct Child *const x86_native_child;
struct Child *const x86_native_child = &child;
__asm__(".text\n"
        ".globl x86_native_entry\n"
        "x86_native_entry:\n"
        "    pushfq\n"
        "    andq $~0x244000, (%rsp)\n" /* AC NT ID */
        "    popfq\n"
        "    movq x86_native_child(%rip), %rcx\n"
        "    rdfsbase %rax\n"
        "    movq %rax, 16(%rcx)\n"
        "    rdgsbase %rax\n"
        "    movq %rax, 24(%rcx)\n"
        "    movq 0(%rcx), %rax\n"
        "    wrfsbase %rax\n"
        "    movq 8(%rcx), %rax\n"
        "    wrgsbase %rax\n"
        "    subq $8, %rsp\n"
        "    call x86_native_signal\n"
        "    addq $8, %rsp\n"
        "    movq x86_native_child(%rip), %rcx\n"
        "    movq 16(%rcx), %rax\n"
        "    wrfsbase %rax\n"
        "    movq 24(%rcx), %rax\n"
        "    wrgsbase %rax\n"
        "    ret\n");

static const int greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void get_fpu(const uint8_t *f, X86BenchState *s)
{
    uint64_t bv;
    memcpy(&s->fcw, f, 2);
    memcpy(&s->fsw, f + 2, 2);
    s->ftw = f[4];
    memcpy(&s->fop, f + 6, 2);
    memcpy(&s->fip, f + 8, 8);
    memcpy(&s->fdp, f + 16, 8);
    memcpy(&s->mxcsr, f + 24, 4);
    memcpy(&bv, f + XSTATE_BV, 8);
    memset(s->st, 0, sizeof(s->st));
    for (unsigned i = 0; i < 8; i++) {
        memcpy(&s->st[i].mantissa, f + 32 + 16 * i, 8);
        memcpy(&s->st[i].exponent, f + 40 + 16 * i, 2);
    }
    for (unsigned i = 0; i < 16; i++) {
        memcpy(s->ymm[i], f + 160 + 16 * i, 16);
        memset(s->ymm[i] + 2, 0, 16);
        if (child.ymm_offset && (bv & 4)) {
            memcpy(s->ymm[i] + 2, f + child.ymm_offset + 16 * i, 16);
        }
    }
}

static void put_fpu(uint8_t *f, const X86BenchState *s)
{
    uint64_t bv = child.ymm_offset ? 7 : 3;
    memcpy(f, &s->fcw, 2);
    memcpy(f + 2, &s->fsw, 2);
    f[4] = (uint8_t)s->ftw;
    f[5] = 0;
    memcpy(f + 6, &s->fop, 2);
    memcpy(f + 8, &s->fip, 8);
    memcpy(f + 16, &s->fdp, 8);
    memcpy(f + 24, &s->mxcsr, 4);
    for (unsigned i = 0; i < 8; i++) {
        memset(f + 32 + 16 * i, 0, 16);
        memcpy(f + 32 + 16 * i, &s->st[i].mantissa, 8);
        memcpy(f + 40 + 16 * i, &s->st[i].exponent, 2);
    }
    for (unsigned i = 0; i < 16; i++) {
        memcpy(f + 160 + 16 * i, s->ymm[i], 16);
        if (child.ymm_offset) {
            memcpy(f + child.ymm_offset + 16 * i, s->ymm[i] + 2, 16);
        }
    }
    memcpy(f + XSTATE_BV, &bv, 8);
    memset(f + XSTATE_BV + 8, 0, 8);
}

static void finish_case(ucontext_t *uc, uint32_t vector)
{
    X86BenchCase *c = &child.shared->cases[child.now];
    X86BenchState *s = &c->out;
    const greg_t *g = uc->uc_mcontext.gregs;
    for (unsigned i = 0; i < 16; i++) {
        s->gpr[i] = (uint64_t)g[greg_of[i]];
    }
    s->rip = (uint64_t)g[REG_RIP] + (c->mode == X86_BENCH_16 ? X86_BENCH_CODE : 0);
    s->rflags = (uint64_t)g[REG_EFL];
    s->fs_base = child.guest_fs;
    s->gs_base = child.guest_gs;
    s->vector = vector;
    s->error = vector < 32 ? (uint32_t)g[REG_ERR] : 0;
    s->fault_address = vector == 14 ? (uint64_t)g[REG_CR2] : 0;
    get_fpu((const uint8_t *)uc->uc_mcontext.fpregs, s);
    memcpy(c->data_out, (const void *)(uintptr_t)X86_BENCH_DATA, X86_BENCH_DATA_SIZE);
}

static void start_case(ucontext_t *uc)
{
    const X86BenchCase *c = &child.shared->cases[child.now];
    const X86BenchState *s = &c->in;
    greg_t *g = uc->uc_mcontext.gregs;
    memset(child.code + child.used_from, HLT, child.used_to - child.used_from);
    memcpy(child.code + c->code_offset, c->code, c->code_len);
    child.used_from = c->code_offset;
    child.used_to = c->code_offset + c->code_len;
    memcpy((void *)(uintptr_t)X86_BENCH_DATA, c->data, X86_BENCH_DATA_SIZE);
    for (unsigned i = 0; i < 16; i++) {
        g[greg_of[i]] = (greg_t)s->gpr[i];
    }
    g[REG_RIP] = (greg_t)(s->rip - (c->mode == X86_BENCH_16 ? X86_BENCH_CODE : 0));
    g[REG_EFL] = (greg_t)((s->rflags & RFLAGS_SETTABLE) | 0x202);
    uint16_t sel[4] = {child.shared->cs[c->mode], 0, 0, child.shared->ss[c->mode]};
    memcpy(&g[REG_CSGSFS], sel, 8);
    child.guest_fs = s->fs_base;
    child.guest_gs = s->gs_base;
    put_fpu((uint8_t *)uc->uc_mcontext.fpregs, s);
    unsigned data = c->mode == X86_BENCH_16 ? child.shared->ss[c->mode] : child.shared->ds;
    __asm__ volatile("mov %0, %%ds\n mov %0, %%es" : : "r"(data));
    child.ticks = 0;
    child.running = true;
}

static void next_batch(void)
{
    uint8_t byte = 1;
    if (child.count && write(child.out, &byte, 1) != 1) {
        syscall(SYS_exit, 1);
    }
    if (read(child.in, &byte, 1) != 1 || !byte) {
        syscall(SYS_exit, 0);
    }
    child.count = byte;
    child.now = 0;
}

void x86_native_signal(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;
    if (sig == SIGALRM) {
        if (child.ticks++ < 2) {
            return;
        }
        finish_case(uc, X86_BENCH_ENDLESS);
        child.now++;
    } else if (child.running) {
        finish_case(uc, (uint32_t)uc->uc_mcontext.gregs[REG_TRAPNO]);
        child.now++;
    }
    if (child.now >= child.count) {
        child.running = false;
        next_batch();
    }
    start_case(uc);
}

/* 16-bit segments of 64 KiB for code and data, entries 0 and 1 of the local table. */
static bool make_ldt(void)
{
    struct user_desc d = {.entry_number = 0,
                          .base_addr = X86_BENCH_CODE,
                          .limit = 0xffff,
                          .contents = MODIFY_LDT_CONTENTS_CODE,
                          .useable = 1};
    if (syscall(SYS_modify_ldt, 0x11, &d, sizeof(d)) != 0) {
        return false;
    }
    d = (struct user_desc){.entry_number = 1,
                           .base_addr = X86_BENCH_DATA,
                           .limit = 0xffff,
                           .contents = MODIFY_LDT_CONTENTS_DATA,
                           .useable = 1};
    return syscall(SYS_modify_ldt, 0x11, &d, sizeof(d)) == 0;
}

static unsigned find_ymm_offset(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid_count(13, 0, &a, &b, &c, &d) || !(a & 4)) {
        return 0;
    }
    return __get_cpuid_count(13, 2, &a, &b, &c, &d) ? b : 0;
}

static G_NORETURN void child_main(X86Native *n, int in, int out)
{
    static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS, SIGALRM};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    struct rlimit seconds = {6 * 3600, 6 * 3600};
    setrlimit(RLIMIT_CPU, &seconds);
    child.shared = n->shared;
    child.code = n->code;
    child.in = in;
    child.out = out;
    child.ymm_offset = find_ymm_offset();
    uint64_t base;
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    child.host_fs = base;
    __asm__ volatile("rdgsbase %0" : "=r"(base));
    child.host_gs = base;
    int fixed = MAP_FIXED_NOREPLACE | MAP_SHARED;
    if (mmap((void *)(uintptr_t)X86_BENCH_CODE, X86_BENCH_CODE_SIZE, PROT_READ | PROT_EXEC, fixed, n->code_fd, 0) ==
            MAP_FAILED ||
        mmap((void *)(uintptr_t)X86_BENCH_DATA, X86_BENCH_DATA_SIZE + X86_BENCH_RO_SIZE, PROT_READ | PROT_WRITE,
             MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED ||
        mprotect((void *)(uintptr_t)(X86_BENCH_DATA + X86_BENCH_DATA_SIZE), X86_BENCH_RO_SIZE, PROT_READ) < 0) {
        _exit(1);
    }
    memset(n->code, HLT, X86_BENCH_CODE_SIZE);
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    stack_t ss = {.ss_sp = stack, .ss_size = STACK_SIZE};
    sigaltstack(&ss, NULL);
    struct sigaction sa = {.sa_sigaction = x86_native_entry, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&sa.sa_mask);
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
        sigaction(signals[i], &sa, NULL);
    }
    Shared *s = n->shared;
    uint16_t cs, segs;
    __asm__ volatile("mov %%cs, %0" : "=r"(cs));
    __asm__ volatile("mov %%ss, %0" : "=r"(segs));
    s->cs[X86_BENCH_64] = cs;
    s->cs[X86_BENCH_32] = 0x23;
    s->cs[X86_BENCH_16] = make_ldt() ? 7 : 0;
    s->ss[X86_BENCH_64] = s->ss[X86_BENCH_32] = s->ds = segs;
    s->ss[X86_BENCH_16] = 0xf;
    struct itimerval timer = {.it_interval = {.tv_usec = 20000}, .it_value = {.tv_usec = 20000}};
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm_only, NULL); /* until the first case: its frame says what is blocked */
    signal(SIGALRM, SIG_IGN);
    setitimer(ITIMER_REAL, &timer, NULL);
    sigaction(SIGALRM, &sa, NULL);
    sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    __asm__ volatile("ud2");
    __builtin_unreachable();
}

/* ------------------------------------------------------------------ in the parent */

static bool start_child(X86Native *n)
{
    int down[2], up[2];
    if (pipe(down) < 0) {
        return false;
    }
    if (pipe(up) < 0) {
        close(down[0]);
        close(down[1]);
        return false;
    }
    fflush(NULL);
    n->pid = fork();
    if (n->pid == 0) {
        close(down[1]);
        close(up[0]);
        child_main(n, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    n->to_child = down[1];
    n->from_child = up[0];
    return n->pid > 0;
}

static void stop_child(X86Native *n)
{
    close(n->to_child);
    close(n->from_child);
    if (n->pid > 0) {
        kill(n->pid, SIGKILL);
        waitpid(n->pid, NULL, 0);
    }
    n->pid = -1;
}

/* False: it died or does not answer. */
static bool run_batch(X86Native *n, uint8_t count)
{
    struct pollfd p = {.fd = n->from_child, .events = POLLIN};
    uint8_t byte;
    if (write(n->to_child, &count, 1) != 1) {
        return false;
    }
    int got;
    do {
        got = poll(&p, 1, 5000 + 200 * count);
    } while (got < 0 && errno == EINTR);
    return got > 0 && read(n->from_child, &byte, 1) == 1;
}

X86BenchCase *x86_native_case(X86Native *n, unsigned k) { return &n->shared->cases[k]; }
bool x86_native_has_mode(const X86Native *n, X86BenchMode mode) { return n->modes[mode]; }
uint16_t x86_native_selector(const X86Native *n, X86BenchMode mode, char seg)
{
    return seg == 'c' ? n->shared->cs[mode] : seg == 's' || mode == X86_BENCH_16 ? n->shared->ss[mode] : n->shared->ds;
}

/* A batch that kills the child is done again one by one, to find the case that did it. */
void x86_native_run(X86Native *n, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        n->shared->cases[i].out.vector = X86_BENCH_DIED;
    }
    if (n->pid > 0 && run_batch(n, (uint8_t)count)) {
        return;
    }
    g_autofree X86BenchCase *copies = g_memdup2(n->shared->cases, count * sizeof(X86BenchCase));
    stop_child(n);
    if (!start_child(n)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        n->shared->cases[0] = copies[i];
        if (!run_batch(n, 1)) {
            n->shared->cases[0].out.vector = X86_BENCH_DIED;
            stop_child(n);
            start_child(n);
        }
        copies[i] = n->shared->cases[0];
    }
    memcpy(n->shared->cases, copies, count * sizeof(X86BenchCase));
}

/* A HLT in each mode: it has to end with a general protection fault where it stands. */
static void try_modes(X86Native *n)
{
    for (unsigned m = 0; m < X86_BENCH_MODES; m++) {
        X86BenchCase *c = x86_native_case(n, 0);
        memset(c, 0, sizeof(*c));
        c->mode = m;
        c->code_len = 2;
        memcpy(c->code, "\x90\xf4", 2);
        c->in.rip = X86_BENCH_CODE;
        c->in.fcw = 0x37f;
        c->in.mxcsr = 0x1f80;
        x86_native_run(n, 1);
        n->modes[m] = c->out.vector == 13 && c->out.rip == X86_BENCH_CODE + 1;
    }
}

X86Native *x86_native_new(const char **why)
{
    *why = NULL;
    if (!(getauxval(AT_HWCAP2) & 2)) {
        *why = "the host kernel does not allow FSGSBASE";
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    X86Native *n = g_new0(X86Native, 1);
    n->pid = -1;
    n->shared = mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    n->code_fd = memfd_create("x86-bench-code", MFD_CLOEXEC);
    if (n->shared == MAP_FAILED || n->code_fd < 0 || ftruncate(n->code_fd, X86_BENCH_CODE_SIZE) < 0) {
        g_error("no memory for the x86 bench");
    }
    n->code = mmap(NULL, X86_BENCH_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, n->code_fd, 0);
    if (n->code == MAP_FAILED) {
        g_error("no memory for the x86 bench");
    }
    if (start_child(n)) {
        try_modes(n);
    }
    if (!n->modes[X86_BENCH_64]) {
        *why = "the sandbox for host code does not work here";
        x86_native_free(n);
        return NULL;
    }
    return n;
}

void x86_native_free(X86Native *n)
{
    stop_child(n);
    munmap(n->shared, sizeof(Shared));
    munmap(n->code, X86_BENCH_CODE_SIZE);
    close(n->code_fd);
    g_free(n);
}
