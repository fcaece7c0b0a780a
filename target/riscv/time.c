/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time: the `time` counter of the board, the supervisor timer comparator (Sstc), and the cycle and instret counters, which
 * count nanoseconds of the machine's virtual clock.
 *
 * The comparator is armed lazily: a timer that is due earlier than needed is left alone and armed anew when it fires. timer_lock
 * orders the vCPU's writes of stimecmp against the timer's callback on the main loop's thread, so that STIP always
 * says what `time >= stimecmp` says.
 */
#include "riscv-cpu.h"
#include "softmmu/machine.h"

#define DEFAULT_HZ 10000000u

static int64_t clock_ns(const RiscvCpu *rc) { return rc->cpu.machine ? virtual_clock_ns(rc->cpu.machine->clock) : 0; }

uint64_t riscv_time(const RiscvCpu *rc)
{
    if (rc->read_time) {
        return rc->read_time(rc->time_opaque);
    }
    return (uint64_t)clock_ns(rc) / (NS_PER_SEC / DEFAULT_HZ);
}

static int64_t deadline(const RiscvCpu *rc, uint64_t ticks)
{
    uint32_t hz = rc->time_hz ? rc->time_hz : DEFAULT_HZ;
    unsigned __int128 ns = ((unsigned __int128)ticks * NS_PER_SEC + hz - 1) / hz + (uint64_t)clock_ns(rc);
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static void timer_fired(void *opaque);

static void arm(RiscvCpu *rc, uint64_t ticks)
{
    int64_t at = deadline(rc, ticks);
    if (at == INT64_MAX || !rc->cpu.machine) {
        return; /* never: an earlier timer only finds nothing due */
    }
    if (!rc->timer) {
        rc->timer = timer_new(rc->cpu.machine->loop, CLOCK_KIND_VIRTUAL, timer_fired, rc);
    }
    if (timer_deadline_ns(rc->timer) > at) {
        timer_set_ns(rc->timer, at);
    }
}

static void update_locked(RiscvCpu *rc)
{
    bool due = false;
    if (riscv_has(rc, RISCV_EXT_SSTC) && (rc->menvcfg & MENVCFG_STCE)) {
        uint64_t now = riscv_time(rc);
        due = now >= rc->stimecmp;
        if (!due) {
            arm(rc, rc->stimecmp - now);
        }
    }
    bool line = cpu_interrupts(&rc->cpu) & RISCV_IRQ_STIP;
    if (due != line) {
        riscv_cpu_irq(&rc->cpu, RISCV_IRQ_STIP, due);
    }
}

void riscv_stimer_update(RiscvCpu *rc)
{
    if (rc->menvcfg & MENVCFG_STCE) { /* STIP is the comparator's from now on */
        __atomic_and_fetch(&rc->mip_sw, ~(uint32_t)RISCV_IRQ_STIP, __ATOMIC_ACQ_REL);
    }
    g_mutex_lock(&rc->timer_lock);
    update_locked(rc);
    g_mutex_unlock(&rc->timer_lock);
}

static void timer_fired(void *opaque)
{
    RiscvCpu *rc = opaque;
    g_mutex_lock(&rc->timer_lock);
    update_locked(rc);
    g_mutex_unlock(&rc->timer_lock);
}

void riscv_stimecmp_write(RiscvCpu *rc, uint64_t v)
{
    g_mutex_lock(&rc->timer_lock);
    rc->stimecmp = v;
    update_locked(rc);
    g_mutex_unlock(&rc->timer_lock);
}

void riscv_cpu_time_changed(CpuState *cpu) { timer_fired(riscv_cpu(cpu)); }

void riscv_cpu_set_time_base(CpuState *cpu, uint64_t (*read_time)(void *opaque), void *opaque, uint32_t hz)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    rc->read_time = read_time;
    rc->time_opaque = opaque;
    rc->time_hz = hz;
}

/* ---- cycle and instret ---- */

static int64_t *counter_offset(RiscvCpu *rc, bool instret) { return instret ? &rc->instret_offset : &rc->cycle_offset; }
static bool inhibited(const RiscvCpu *rc, bool instret) { return rc->mcountinhibit >> (instret ? 2 : 0) & 1; }

uint64_t riscv_counter_read(RiscvCpu *rc, bool instret)
{
    uint64_t running = inhibited(rc, instret) ? 0 : (uint64_t)clock_ns(rc);
    return running + (uint64_t)*counter_offset(rc, instret);
}

void riscv_counter_write(RiscvCpu *rc, bool instret, uint64_t v)
{
    uint64_t running = inhibited(rc, instret) ? 0 : (uint64_t)clock_ns(rc);
    *counter_offset(rc, instret) = (int64_t)(v - running);
}

void riscv_countinhibit_write(RiscvCpu *rc, uint64_t v)
{
    uint64_t cycle = riscv_counter_read(rc, false), instret = riscv_counter_read(rc, true);
    rc->mcountinhibit = v;
    riscv_counter_write(rc, false, cycle);
    riscv_counter_write(rc, true, instret);
}
