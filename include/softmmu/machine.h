/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: the object everything hangs from, its life cycle and run state. There may be several in one process.
 *
 * The machine lock guards the device tree, the memory tree, the run state and every device whose MMIO guard says so. The
 * main loop holds it while it dispatches. vCPU threads run guest code without it. Order: machine lock before any
 * vCPU's work_lock; never wait for another vCPU while holding a device's own lock.
 */
#ifndef SOFTMMU_MACHINE_H
#define SOFTMMU_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "qom/object.h"
#include "softmmu/memory.h"
#include "target/cpu.h"
#include "util/main-loop.h"

typedef struct Machine Machine;
typedef struct MachineRecord MachineRecord;
struct TcgAccel;
struct Chardev;

typedef enum RunState {
    RUN_STATE_PRELAUNCH, RUN_STATE_RUNNING, RUN_STATE_PAUSED, RUN_STATE_SHUTDOWN, RUN_STATE_SUSPENDED, RUN_STATE_DEBUG,
    RUN_STATE_INTERNAL_ERROR, RUN_STATE_IO_ERROR, RUN_STATE_GUEST_PANICKED, RUN_STATE_INMIGRATE, RUN_STATE_POSTMIGRATE,
    RUN_STATE_SAVE_VM, RUN_STATE_RESTORE_VM, RUN_STATE_WATCHDOG, RUN_STATE_COUNT
} RunState;
extern const char *const run_state_names[]; /* as QMP names them */

/* A kind of machine: `-machine NAME`. The file that holds it reads like the block diagram of the board. */
struct MachineRecord {
    const char *name;      /* "virt" */
    const char *target;    /* "riscv64"; the full name is "riscv64/virt" */
    const char *alias;     /* may be NULL */
    const char *desc;      /* "RISC-V VirtIO board" */
    bool is_default;       /* of its target */
    unsigned max_cpus;
    uint64_t default_ram, min_ram, max_ram;
    const char *default_cpu;
    const char *default_block_interface; /* "virtio" */
    unsigned ide_units_per_bus;          /* drives on each IDE bus, for index=; 0: 2 */
    const char *default_nic;             /* "virtio-net-pci" */
    size_t state_size;     /* of the board's own state, allocated zeroed as machine->board */
    const Field *fields;   /* -machine properties, members of the board's state; may be NULL */
    bool (*init)(Machine *m, Error **errp);  /* builds the board: CPUs, memory, devices */
    void (*ready)(Machine *m);               /* all devices of the command line exist: make the device tree, load images; may exit through errors */
    bool (*finish)(Machine *m, Error **errp);/* the same with errors; called after ready */
    void (*reset)(Machine *m);               /* after all devices and CPUs were reset */
    void (*cleanup)(Machine *m);             /* undoes init: memory regions in the board's state; all devices are gone */
};
#define MACHINE(record) REGISTRY_ADD(machine, record)
const MachineRecord *const *machine_list(void);
/* "virt", "riscv64/virt", an alias; @target narrows (may be NULL: of several the target with the widest registers). Error with suggestion. */
const MachineRecord *machine_find(const char *name, const char *target, Error **errp);
const MachineRecord *machine_default(const char *target); /* NULL: there is none; @target as above */

/* What runs guest code. softmmu/ is below accel/, so the accelerator hands itself down as a table. */
typedef struct AccelOps {
    const char *name;       /* "tcg" */
    const char *thread_tag; /* threads are named "CPU 0/TCG" */
    bool (*add_cpu)(void *accel, CpuState *cpu, Error **errp); /* before its thread starts */
    void (*run)(void *accel, CpuState *cpu); /* on the vCPU thread; returns on stop_request, unplug, powered_off */
} AccelOps;

typedef void ResetFn(void *opaque);

struct Machine {
    Object obj;                 /* "/machine" in the composition tree; its root's other children: objects, chardevs, backend */
    Object *root;               /* "/" */
    const MachineRecord *record;
    void *board;
    char *name;                 /* -name */
    char uuid[37];

    /* configuration, fixed before init */
    uint64_t ram_size;
    unsigned cpu_count, max_cpus, sockets, cores, threads;
    char *cpu_model;            /* "rv64,zbb=off"; NULL: default */
    char *kernel, *initrd, *append, *dtb, *dumpdtb, *firmware;
    bool nodefaults, no_reboot, no_shutdown, start_paused;
    bool graphics;              /* false: -nographic */
    bool panic_exit;            /* -action panic=exit-failure */
    char *boot_order;           /* -boot order=, as far as once= does not say otherwise */
    char *boot_once;            /* -boot once=: for the first boot; NULL: none */
    char *boot_splash;          /* -boot splash=FILE */
    int boot_splash_time, boot_reboot_timeout; /* milliseconds; -1: not given */
    bool boot_menu, boot_menu_given, boot_strict;
    char *vga;                  /* -vga; NULL: not given */
    bool default_cdrom, default_floppy; /* no option named a drive of the kind, nor -nodefaults */
    int64_t rtc_offset_ns;      /* -rtc base=: added to the host's wall clock (UTC) by clock devices */
    char *mem_path;             /* -mem-path */
    bool mem_prealloc;
    Object *ram_backend;        /* -machine memory-backend=: a "memory-backend" that `ram` is made of */
    GPtrArray *firmware_dirs;   /* char *: -L */

    /* memory */
    MemoryRegion *system_memory; /* root container */
    MemoryRegion *ram;           /* main RAM, `ram_size`: made by machine_realize(), mapped by the board's init; NULL where 0 */
    AddressSpace *as;            /* of system_memory */
    void *memory_state;          /* softmmu/memory.c */

    /* CPUs */
    GPtrArray *cpus;             /* CpuState *, by index */
    struct TcgAccel *tcg;
    const AccelOps *accel_ops;   /* NULL: vCPUs only wait (tests, `none`) */
    void *accel;
    void *cpus_state;            /* softmmu/cpus.c */

    /* time and events */
    VirtualClock *clock;
    EventLoop *loop;             /* the main loop */
    GRecMutex lock;
    GThread *lock_owner;         /* atomic */
    unsigned lock_depth, loop_lock_depth;
    RunState state;
    GPtrArray *reset_handlers, *state_notifiers, *powerdown_notifiers, *event_notifiers;
    int pending;                 /* requests for the main loop, atomic bits */
    int shutdown_cause, reset_cause, stop_reason, requested_status; /* that go with them, atomic */
    int exit_status;             /* of the process, by the finisher device */
    bool quit;

    /* host ends, by index: -serial 0..3 ; -monitor */
    GPtrArray *serials;          /* struct Chardev * or NULL */
    GHashTable *netdevs;         /* id -> struct NetClient * */
    struct BlockGraph *block;    /* all disks of the command line; NULL where there is no block layer */
    GPtrArray *default_nics;     /* struct OptionSet *: -nic options for the board's default NICs */
    GPtrArray *default_drives;   /* struct OptionSet *: -drive if=pflash|none|virtio..., consumed by boards and devices */
    GPtrArray *smbios;           /* struct OptionSet *: -smbios */
    struct ConsoleSet *consoles; /* screens (ui/console.h); NULL: none. Made by the first display device, freed by the last */
    struct InputSink *inputs;    /* keyboards (ui/input.h), newest first; NULL: none */
    GPtrArray *roms;             /* RomBlob *: restored at each reset */
    void *bus_state;             /* hw/core: system bus */
};

/* --- lock --- */
void machine_lock(Machine *m);
void machine_unlock(Machine *m);
bool machine_locked_by_me(const Machine *m);
/* Lets go of every level this thread holds (to wait for a thread that needs the lock); takes them again. */
unsigned machine_unlock_all(Machine *m);
void machine_relock(Machine *m, unsigned depth);

/* --- life cycle, main thread --- */
Machine *machine_new(const MachineRecord *record);
bool machine_realize(Machine *m, Error **errp); /* checks the configuration, makes `ram`, record->init */
bool machine_finish(Machine *m, Error **errp);  /* after the devices of the command line: record->ready and finish, first reset */
void machine_free(Machine *m);                  /* stops and joins the vCPUs first */

/* --- requests: any thread, carried out by the main loop --- */
typedef enum ShutdownCause {
    SHUTDOWN_GUEST, SHUTDOWN_GUEST_PANIC, SHUTDOWN_HOST_SIGNAL, SHUTDOWN_HOST_QMP, SHUTDOWN_HOST_UI, SHUTDOWN_HOST_ERROR,
    SHUTDOWN_GUEST_RESET, SHUTDOWN_HOST_QMP_RESET, SHUTDOWN_CAUSE_COUNT
} ShutdownCause;
void machine_request_shutdown(Machine *m, ShutdownCause cause, int exit_status);
void machine_request_reset(Machine *m, ShutdownCause cause);
void machine_request_powerdown(Machine *m);
void machine_request_stop(Machine *m, RunState why); /* e.g. RUN_STATE_DEBUG by the debugger */
void machine_request_panic(Machine *m); /* the guest crashed: by -action panic= */
/* Requests made so far; true where the process should end. Main thread. */
bool machine_handle_requests(Machine *m);
int machine_run(Machine *m); /* main loop until quit; the exit status */

void machine_start(Machine *m); /* cont: clocks before vCPUs */
void machine_stop(Machine *m, RunState why); /* pauses all vCPUs, waits for them */
bool machine_is_running(const Machine *m);
void machine_reset(Machine *m); /* now; vCPUs are paused meanwhile */

void machine_add_reset(Machine *m, ResetFn *fn, void *opaque); /* called in order of adding */
void machine_remove_reset(Machine *m, ResetFn *fn, void *opaque);
typedef void StateFn(Machine *m, bool running, RunState state, void *opaque);
void machine_add_state_notifier(Machine *m, StateFn *fn, void *opaque);
/* What a management client is told; main loop, machine lock held. */
typedef enum MachineEvent { MACHINE_EVENT_SHUTDOWN, MACHINE_EVENT_RESET, MACHINE_EVENT_POWERDOWN, MACHINE_EVENT_PANIC } MachineEvent;
typedef void MachineEventFn(Machine *m, MachineEvent event, ShutdownCause cause, void *opaque);
void machine_add_event_notifier(Machine *m, MachineEventFn *fn, void *opaque);
extern const char *const shutdown_cause_names[]; /* as QMP names them: "guest-shutdown", "host-signal", ... */
typedef void PowerdownFn(void *opaque);
void machine_add_powerdown(Machine *m, PowerdownFn *fn, void *opaque);

/* --- vCPUs (softmmu/cpus.c) --- */
bool machine_add_cpu(Machine *m, CpuState *cpu, Error **errp); /* index, tree, accelerator; its thread starts with machine_run */
void cpus_pause_all(Machine *m);  /* returns when each is out of guest code */
void cpus_resume_all(Machine *m);
void cpus_start_threads(Machine *m); /* of CPUs that have none; they wait until resumed. By machine_run() and machine_start() */
void cpu_power_on(CpuState *cpu); /* any thread */

/* --- images put into memory at each reset --- */
typedef struct RomBlob {
    char *name;
    uint8_t *data;  /* NULL: it is read from @fd again at each reset */
    uint64_t len, addr;
    int fd;
    int64_t mtime_ns;
} RomBlob;
/*
 * @name: the path of the file it is, or what it is. Copies @data, but of a large one that is all of that file only the file is kept
 * open. Error where [addr, addr+len) is not RAM or ROM or overlaps another blob (both are named).
 */
bool machine_add_rom(Machine *m, const char *name, const void *data, uint64_t len, uint64_t addr, Error **errp);

/* --- images (softmmu/loader.c) --- */
/* Whole file, bounded; understands gzip where @gunzip. Clear errors for directories, missing, empty and too large files. */
bool load_file(const char *path, uint64_t max, bool gunzip, uint8_t **data, uint64_t *len, Error **errp);
typedef struct ElfInfo {
    uint64_t entry, low, high; /* lowest and highest physical address + 1 */
    bool is64;
} ElfInfo;
bool image_is_elf(const uint8_t *data, uint64_t len);
/* Adds every PT_LOAD by physical address as rom; @machine_id: EM_*. */
bool load_elf(Machine *m, const char *name, const uint8_t *data, uint64_t len, uint16_t machine_id, ElfInfo *info, Error **errp);
/* Finds a firmware or data file: absolute or existing path as is, else -L directories, then the distributions' usual places. g_free; error lists where it looked. */
char *find_firmware(Machine *m, const char *name, Error **errp);

/* --- interrupt lines --- */
typedef void IrqHandler(void *opaque, int n, int level);
typedef struct Irq {
    IrqHandler *handler;
    void *opaque;
    int n;
} Irq;
static inline void irq_set(const Irq *irq, int level)
{
    if (irq && irq->handler) {
        irq->handler(irq->opaque, irq->n, level);
    }
}

#endif
