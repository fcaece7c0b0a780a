/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info SUBJECT`: what the machine is made of and what it is doing.
 */
#include "internal.h"

#include "accel/tcg/tcg-accel.h"
#include "block/block.h"
#include "hw/device.h"
#include "util/trace.h"

/* Runs @print on a stream of the monitor. */
static void on_stream(Monitor *mon, void (*print)(Machine *m, FILE *out))
{
    FILE *out = monitor_file(mon);
    print(mon->machine, out);
    fclose(out);
}

static void print_one_cpu(CpuState *cpu, FILE *out)
{
    fprintf(out, "\nCPU#%u\n", cpu->index);
    cpu->target->print_state(cpu, out);
}

static void hmp_info_registers(Monitor *mon, HmpArgs *args)
{
    FILE *out = monitor_file(mon);
    bool running = machine_is_running(mon->machine);
    if (running) {
        cpus_pause_all(mon->machine);
    }
    if (hmp_arg_flag(args, 'a')) {
        for (unsigned i = 0; i < mon->machine->cpus->len; i++) {
            print_one_cpu(g_ptr_array_index(mon->machine->cpus, i), out);
        }
    } else if (monitor_cpu(mon)) {
        print_one_cpu(monitor_cpu(mon), out);
    }
    if (running) {
        cpus_resume_all(mon->machine);
    }
    fclose(out);
}
static const HmpCommand registers_command = {"info registers", NULL, "all:-a", "[-a]", "registers of the chosen CPU (-a: of all)", hmp_info_registers};
HMP_COMMAND(registers_command);

static void hmp_info_mtree(Monitor *mon, HmpArgs *args)
{
    FILE *out = monitor_file(mon);
    memory_print_tree(mon->machine, out, hmp_arg_flag(args, 'f'));
    fclose(out);
}
static const HmpCommand mtree_command = {"info mtree", NULL, "flat:-f", "[-f]", "memory regions (-f: as the CPU sees them)", hmp_info_mtree};
HMP_COMMAND(mtree_command);

static void hmp_info_qtree(Monitor *mon, HmpArgs *args) { on_stream(mon, device_print_tree); }
static const HmpCommand qtree_command = {"info qtree", NULL, NULL, "", "devices and buses", hmp_info_qtree};
HMP_COMMAND(qtree_command);

static void hmp_info_cpus(Monitor *mon, HmpArgs *args)
{
    for (unsigned i = 0; i < mon->machine->cpus->len; i++) {
        CpuState *cpu = g_ptr_array_index(mon->machine->cpus, i);
        monitor_printf(mon, "%c CPU #%u: thread_id=%d%s\n", i == mon->cpu_index ? '*' : ' ', i, cpu->thread_id,
                       cpu->powered_off ? " (powered off)" : cpu->halted ? " (halted)" : "");
    }
}
static const HmpCommand cpus_command = {"info cpus", NULL, NULL, "", "CPUs and their threads", hmp_info_cpus};
HMP_COMMAND(cpus_command);

static void hmp_info_status(Monitor *mon, HmpArgs *args)
{
    Machine *m = mon->machine;
    monitor_printf(mon, "VM status: %s%s%s%s\n", machine_is_running(m) ? "running" : "paused",
                   m->state != RUN_STATE_RUNNING && m->state != RUN_STATE_PAUSED ? " (" : "",
                   m->state != RUN_STATE_RUNNING && m->state != RUN_STATE_PAUSED ? run_state_names[m->state] : "",
                   m->state != RUN_STATE_RUNNING && m->state != RUN_STATE_PAUSED ? ")" : "");
}
static const HmpCommand status_command = {"info status", NULL, NULL, "", "does the machine run", hmp_info_status};
HMP_COMMAND(status_command);

static void hmp_info_version(Monitor *mon, HmpArgs *args) { monitor_printf(mon, "Mimic %s\n", MIMIC_VERSION); }
static const HmpCommand version_command = {"info version", NULL, NULL, "", "version of Mimic", hmp_info_version};
HMP_COMMAND(version_command);

static void hmp_info_name(Monitor *mon, HmpArgs *args)
{
    if (mon->machine->name) {
        monitor_printf(mon, "%s\n", mon->machine->name);
    }
}
static const HmpCommand name_command = {"info name", NULL, NULL, "", "name of the machine", hmp_info_name};
HMP_COMMAND(name_command);

static void hmp_info_uuid(Monitor *mon, HmpArgs *args) { monitor_printf(mon, "%s\n", mon->machine->uuid); }
static const HmpCommand uuid_command = {"info uuid", NULL, NULL, "", "UUID of the machine", hmp_info_uuid};
HMP_COMMAND(uuid_command);

static void hmp_info_roms(Monitor *mon, HmpArgs *args)
{
    for (unsigned i = 0; i < mon->machine->roms->len; i++) {
        const RomBlob *rom = g_ptr_array_index(mon->machine->roms, i);
        monitor_printf(mon, "addr=%016" G_GINT64_MODIFIER "x size=0x%06" G_GINT64_MODIFIER "x name=\"%s\"\n", rom->addr, rom->len, rom->name);
    }
}
static const HmpCommand roms_command = {"info roms", NULL, NULL, "", "images that are put into memory at reset", hmp_info_roms};
HMP_COMMAND(roms_command);

static void hmp_info_jit(Monitor *mon, HmpArgs *args)
{
    FILE *out = monitor_file(mon);
    if (mon->machine->tcg) {
        tcg_accel_print_info(mon->machine->tcg, out);
    }
    fclose(out);
}
static const HmpCommand jit_command = {"info jit", NULL, NULL, "", "what the translator did", hmp_info_jit};
HMP_COMMAND(jit_command);

static void print_chardev(Chardev *chr, void *opaque)
{
    g_autofree char *file = chardev_filename(chr);
    monitor_printf(opaque, "%s: filename=%s\n", chardev_id(chr), file);
}
static void hmp_info_chardev(Monitor *mon, HmpArgs *args) { chardev_foreach(mon->machine->root, print_chardev, mon); }
static const HmpCommand chardev_command = {"info chardev", NULL, NULL, "", "character devices", hmp_info_chardev};
HMP_COMMAND(chardev_command);

static void hmp_info_block(Monitor *mon, HmpArgs *args)
{
    FILE *out = monitor_file(mon);
    if (mon->machine->block) {
        block_print_info(mon->machine->block, out);
    }
    fclose(out);
}
static const HmpCommand block_command = {"info block", NULL, NULL, "", "disks and their images", hmp_info_block};
HMP_COMMAND(block_command);

static void hmp_info_trace_events(Monitor *mon, HmpArgs *args)
{
    const char *pattern = hmp_arg_str(args, "pattern");
    FILE *out = monitor_file(mon);
    trace_print_events(out, pattern ? pattern : "*");
    fclose(out);
}
static const HmpCommand trace_events_command = {"info trace-events", NULL, "pattern:s?", "[PATTERN]", "trace events and whether they are on", hmp_info_trace_events};
HMP_COMMAND(trace_events_command);

static void hmp_info_history(Monitor *mon, HmpArgs *args)
{
    const char *line;
    for (unsigned i = 0; mon->readline && (line = readline_history(mon->readline, i)); i++) {
        monitor_printf(mon, "%u: '%s'\n", i, line);
    }
}
static const HmpCommand history_command = {"info history", NULL, NULL, "", "lines that were typed", hmp_info_history};
HMP_COMMAND(history_command);

typedef struct TreePrint {
    Monitor *mon;
    int depth;
} TreePrint;
static void print_object(Object *obj, void *opaque)
{
    TreePrint *tp = opaque;
    monitor_printf(tp->mon, "%*s/%s (%s)\n", tp->depth * 2, "", obj->name ? obj->name : "", object_type_name(obj));
    TreePrint below = {tp->mon, tp->depth + 1};
    if (below.depth < 32) {
        object_foreach_child(obj, print_object, &below);
    }
}
static void hmp_info_qom_tree(Monitor *mon, HmpArgs *args)
{
    TreePrint tp = {mon, 0};
    print_object(OBJECT(mon->machine), &tp);
}
static const HmpCommand qom_tree_command = {"info qom-tree", NULL, NULL, "", "the composition tree of objects", hmp_info_qom_tree};
HMP_COMMAND(qom_tree_command);
