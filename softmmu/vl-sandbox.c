/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox: from the moment guest code may run, the process gains no privileges and the kernel refuses system calls that
 * an emulator has no use for. On unless `-sandbox off`; `-sandbox on,spawn=allow` and the like open single classes.
 *
 * Calls that only an intruder would make end the process; those that a library might try and survive without fail
 * with EPERM. Memory can never be writable and executable at once: the translator maps its code twice. The filter is
 * put on all threads that exist (TSYNC) and inherited by those to come.
 */
#include "vl.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#if defined(HAVE_SECCOMP) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>

typedef enum CallClass { CLASS_ALWAYS, CLASS_OBSOLETE, CLASS_ELEVATE, CLASS_SPAWN, CLASS_RESOURCE, CLASS_COUNT } CallClass;
static const char *const class_options[CLASS_COUNT] = {NULL, "obsolete", "elevateprivileges", "spawn", "resourcecontrol"};

static const struct {
    int nr;
    CallClass cls;
    bool kill;
} calls[] = {
    {SCMP_SYS(reboot), CLASS_ALWAYS, true}, {SCMP_SYS(swapon), CLASS_ALWAYS, true}, {SCMP_SYS(swapoff), CLASS_ALWAYS, true},
    {SCMP_SYS(mount), CLASS_ALWAYS, true}, {SCMP_SYS(umount2), CLASS_ALWAYS, true}, {SCMP_SYS(pivot_root), CLASS_ALWAYS, true},
    {SCMP_SYS(move_mount), CLASS_ALWAYS, true}, {SCMP_SYS(open_tree), CLASS_ALWAYS, true}, {SCMP_SYS(fsopen), CLASS_ALWAYS, true},
    {SCMP_SYS(fsmount), CLASS_ALWAYS, true}, {SCMP_SYS(chroot), CLASS_ALWAYS, true}, {SCMP_SYS(unshare), CLASS_ALWAYS, true},
    {SCMP_SYS(setns), CLASS_ALWAYS, true}, {SCMP_SYS(init_module), CLASS_ALWAYS, true}, {SCMP_SYS(finit_module), CLASS_ALWAYS, true},
    {SCMP_SYS(delete_module), CLASS_ALWAYS, true}, {SCMP_SYS(kexec_load), CLASS_ALWAYS, true},
    {SCMP_SYS(kexec_file_load), CLASS_ALWAYS, true}, {SCMP_SYS(ptrace), CLASS_ALWAYS, true},
    {SCMP_SYS(process_vm_readv), CLASS_ALWAYS, true}, {SCMP_SYS(process_vm_writev), CLASS_ALWAYS, true},
    {SCMP_SYS(kcmp), CLASS_ALWAYS, true}, {SCMP_SYS(bpf), CLASS_ALWAYS, true}, {SCMP_SYS(acct), CLASS_ALWAYS, true},
    {SCMP_SYS(settimeofday), CLASS_ALWAYS, true}, {SCMP_SYS(clock_settime), CLASS_ALWAYS, true},
    {SCMP_SYS(adjtimex), CLASS_ALWAYS, false}, {SCMP_SYS(sethostname), CLASS_ALWAYS, true},
    {SCMP_SYS(setdomainname), CLASS_ALWAYS, true}, {SCMP_SYS(add_key), CLASS_ALWAYS, true},
    {SCMP_SYS(request_key), CLASS_ALWAYS, true}, {SCMP_SYS(keyctl), CLASS_ALWAYS, true}, {SCMP_SYS(syslog), CLASS_ALWAYS, true},
    {SCMP_SYS(quotactl), CLASS_ALWAYS, true}, {SCMP_SYS(name_to_handle_at), CLASS_ALWAYS, false},
    {SCMP_SYS(open_by_handle_at), CLASS_ALWAYS, true}, {SCMP_SYS(perf_event_open), CLASS_ALWAYS, false},
    {SCMP_SYS(userfaultfd), CLASS_ALWAYS, false}, {SCMP_SYS(iopl), CLASS_ALWAYS, true}, {SCMP_SYS(ioperm), CLASS_ALWAYS, true},
    {SCMP_SYS(modify_ldt), CLASS_ALWAYS, true}, {SCMP_SYS(personality), CLASS_ALWAYS, false},
    {SCMP_SYS(uselib), CLASS_OBSOLETE, true}, {SCMP_SYS(ustat), CLASS_OBSOLETE, true}, {SCMP_SYS(sysfs), CLASS_OBSOLETE, true},
    {SCMP_SYS(_sysctl), CLASS_OBSOLETE, true}, {SCMP_SYS(readdir), CLASS_OBSOLETE, true}, {SCMP_SYS(create_module), CLASS_OBSOLETE, true},
    {SCMP_SYS(setuid), CLASS_ELEVATE, false}, {SCMP_SYS(setgid), CLASS_ELEVATE, false}, {SCMP_SYS(setreuid), CLASS_ELEVATE, false},
    {SCMP_SYS(setregid), CLASS_ELEVATE, false}, {SCMP_SYS(setresuid), CLASS_ELEVATE, false},
    {SCMP_SYS(setresgid), CLASS_ELEVATE, false}, {SCMP_SYS(setfsuid), CLASS_ELEVATE, false}, {SCMP_SYS(setfsgid), CLASS_ELEVATE, false},
    {SCMP_SYS(setgroups), CLASS_ELEVATE, false}, {SCMP_SYS(capset), CLASS_ELEVATE, false},
    {SCMP_SYS(fork), CLASS_SPAWN, false}, {SCMP_SYS(vfork), CLASS_SPAWN, false}, {SCMP_SYS(execve), CLASS_SPAWN, false},
    {SCMP_SYS(execveat), CLASS_SPAWN, false},
    {SCMP_SYS(setpriority), CLASS_RESOURCE, false}, {SCMP_SYS(sched_setparam), CLASS_RESOURCE, false},
    {SCMP_SYS(sched_setscheduler), CLASS_RESOURCE, false}, {SCMP_SYS(sched_setaffinity), CLASS_RESOURCE, false},
};

/* Whether a class is refused: all but resource control, unless said otherwise. */
static bool class_denied(Startup *st, CallClass cls)
{
    const char *v = st->sandbox_opts && class_options[cls] ? option_get(st->sandbox_opts, class_options[cls]) : NULL;
    return v ? strcmp(v, "allow") != 0 : cls != CLASS_RESOURCE;
}

static int add_rules(Startup *st, scmp_filter_ctx ctx)
{
    int r = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(calls) && !r; i++) {
        if (calls[i].nr != __NR_SCMP_ERROR && class_denied(st, calls[i].cls)) {
            r = seccomp_rule_add(ctx, calls[i].kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM), calls[i].nr, 0);
        }
    }
    if (!r && class_denied(st, CLASS_SPAWN)) { /* threads, but no processes; clone3's flags cannot be seen: libc falls back to clone */
        r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
        r = r ? r : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    }
    const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(pkey_mprotect)};
    const scmp_datum_t wx = PROT_WRITE | PROT_EXEC;
    for (size_t i = 0; i < G_N_ELEMENTS(maps) && !r; i++) {
        r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), maps[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, wx, wx));
    }
    return r;
}

static bool install_filter(Startup *st, Error **errp)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    if (!ctx) {
        error_setg(errp, "cannot make a system call filter");
        return false;
    }
    int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    r = r ? r : add_rules(st, ctx);
    r = r ? r : seccomp_load(ctx);
    seccomp_release(ctx);
    if (r) {
        error_setg_errno(errp, -r, "cannot install the system call filter");
    }
    return r == 0;
}
#else
static bool install_filter(Startup *st, Error **errp)
{
    error_setg(errp, "-sandbox: this build has no system call filter");
    return false;
}
#endif

bool vl_enter_sandbox(Startup *st, Error **errp)
{
    if (st->sandbox_given && !st->sandbox) {
        return true;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 && st->sandbox_given) {
        error_setg_errno(errp, errno, "cannot give up gaining privileges");
        return false;
    }
    /* asked for, it must work; as a default it is as good as the kernel lets it be (containers may forbid filters) */
    return install_filter(st, st->sandbox_given ? errp : NULL) || !st->sandbox_given;
}
