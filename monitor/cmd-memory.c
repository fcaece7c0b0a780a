/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that show memory and values: x, xp, print, gva2gpa, memsave, pmemsave. Reading never touches device registers.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/bytes.h"

/* One access by virtual or physical address. */
static bool read_bytes(CpuState *cpu, bool physical, uint64_t addr, uint8_t *buf, uint64_t len)
{
    while (len) {
        uint64_t pa = addr, chunk = MIN(len, 4096 - (addr & 4095));
        if (!physical && !cpu->target->translate_debug(cpu, addr, &pa)) {
            return false;
        }
        if (address_space_read_debug(cpu->as, pa, buf, chunk) != MEM_OK) {
            return false;
        }
        addr += chunk;
        buf += chunk;
        len -= chunk;
    }
    return true;
}

/* A value in a column of memory. */
static void format_value(Monitor *mon, char format, unsigned size, uint64_t v)
{
    int64_t sv = (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
    switch (format) {
    case 'd': monitor_printf(mon, "%*" G_GINT64_FORMAT, (80 * size + 32) / 33, sv); break;
    case 'u': monitor_printf(mon, "%*" G_GUINT64_FORMAT, (80 * size + 32) / 33, v); break;
    case 'o': monitor_printf(mon, "%#*" G_GINT64_MODIFIER "o", (8 * size + 2) / 3, v); break;
    case 'c':
        if (v >= 32 && v < 127) {
            monitor_printf(mon, "'%c'", (char)v);
        } else {
            monitor_printf(mon, "'\\x%02x'", (unsigned)(v & 0xff));
        }
        break;
    default: monitor_printf(mon, "0x%0*" G_GINT64_MODIFIER "x", size * 2, v); break;
    }
}

/* A value alone. */
static void print_value(Monitor *mon, char format, uint64_t v)
{
    switch (format) {
    case 'x': monitor_printf(mon, "%#" G_GINT64_MODIFIER "x", v); break;
    case 'u': monitor_printf(mon, "%" G_GUINT64_FORMAT, v); break;
    case 'o': monitor_printf(mon, "%#" G_GINT64_MODIFIER "o", v); break;
    case 'c': format_value(mon, 'c', 8, v & 0xff); break;
    default: monitor_printf(mon, "%" G_GINT64_FORMAT, (int64_t)v); break;
    }
}

static void show_code(Monitor *mon, CpuState *cpu, bool physical, uint64_t addr, unsigned count)
{
    const TargetRecord *t = cpu->target;
    for (unsigned i = 0; i < count; i++) {
        uint8_t code[16];
        char text[256];
        ScanInfo info = {0};
        uint64_t avail = t->max_insn_len;
        while (avail && !read_bytes(cpu, physical, addr, code, avail)) {
            avail--;
        }
        if (!avail) {
            monitor_printf(mon, "0x%" G_GINT64_MODIFIER "x: Cannot access memory\n", addr);
            return;
        }
        uint64_t flags = t->region_flags(cpu);
        t->scan(code, avail, addr, flags, &info);
        t->disassemble(code, avail, addr, flags, text, sizeof(text));
        monitor_printf(mon, "0x%0*" G_GINT64_MODIFIER "x:  %s\n", t->long_bits / 4, addr, text);
        addr += info.len ? info.len : t->insn_align;
    }
}

static void show(Monitor *mon, HmpArgs *args, bool physical)
{
    CpuState *cpu = monitor_cpu(mon);
    uint64_t addr = 0;
    hmp_arg_u64(args, "addr", &addr);
    if (!cpu) {
        return;
    }
    char format = args->fmt.format ? args->fmt.format : 'x';
    if (format == 'i') {
        show_code(mon, cpu, physical, addr, args->fmt.count);
        return;
    }
    unsigned size = args->fmt.size ? args->fmt.size : format == 'c' ? 1 : 4;
    unsigned per_line = format == 'c' ? 8 : MAX(1u, 16 / size);
    for (unsigned i = 0; i < args->fmt.count; i++, addr += size) {
        uint8_t bytes[8] = {0};
        if (i % per_line == 0) {
            monitor_printf(mon, "%s%0*" G_GINT64_MODIFIER "x:", i ? "\n" : "", cpu->target->long_bits / 4, addr);
        }
        if (!read_bytes(cpu, physical, addr, bytes, size)) {
            monitor_printf(mon, " Cannot access memory");
            break;
        }
        uint64_t v = cpu->target->big_endian ? ld_be64(bytes) >> (64 - 8 * size) : ld_le64(bytes);
        monitor_printf(mon, " ");
        format_value(mon, format, size, v);
    }
    monitor_printf(mon, "\n");
}

static void hmp_x(Monitor *mon, HmpArgs *args) { show(mon, args, false); }
static const HmpCommand x_command = {"x", NULL, "fmt:/,addr:i", "/FMT ADDR", "show memory at a virtual address; FMT: count, x d u o c i, size b h w g", hmp_x};
HMP_COMMAND(x_command);

static void hmp_xp(Monitor *mon, HmpArgs *args) { show(mon, args, true); }
static const HmpCommand xp_command = {"xp", NULL, "fmt:/,addr:i", "/FMT ADDR", "show memory at a physical address", hmp_xp};
HMP_COMMAND(xp_command);

static void hmp_print(Monitor *mon, HmpArgs *args)
{
    uint64_t v = 0;
    hmp_arg_u64(args, "value", &v);
    print_value(mon, args->fmt.format, v);
    monitor_printf(mon, "\n");
}
static const HmpCommand print_command = {"print", "p", "fmt:/,value:i", "/FMT EXPRESSION", "show the value of an expression (FMT: d x u o c; $reg: a register)", hmp_print};
HMP_COMMAND(print_command);

static void hmp_gva2gpa(Monitor *mon, HmpArgs *args)
{
    CpuState *cpu = monitor_cpu(mon);
    uint64_t va = 0, pa;
    hmp_arg_u64(args, "addr", &va);
    if (cpu && cpu->target->translate_debug(cpu, va, &pa)) {
        monitor_printf(mon, "gpa: 0x%" G_GINT64_MODIFIER "x\n", pa);
    } else {
        monitor_printf(mon, "Unmapped\n");
    }
}
static const HmpCommand gva2gpa_command = {"gva2gpa", NULL, "addr:i", "ADDR", "physical address of a virtual one", hmp_gva2gpa};
HMP_COMMAND(gva2gpa_command);

static void save(Monitor *mon, HmpArgs *args, bool physical)
{
    CpuState *cpu = monitor_cpu(mon);
    uint64_t addr = 0, size = 0;
    const char *path = hmp_arg_str(args, "file");
    hmp_arg_u64(args, "addr", &addr);
    hmp_arg_u64(args, "size", &size);
    FILE *out = cpu ? fopen(path, "wbe") : NULL;
    if (!out) {
        monitor_printf(mon, "Error: cannot write '%s': %s\n", path, strerror(errno));
        return;
    }
    bool good = true;
    for (uint64_t done = 0; done < size && good;) {
        uint8_t buf[4096];
        uint64_t chunk = MIN(size - done, sizeof(buf));
        if (!read_bytes(cpu, physical, addr + done, buf, chunk)) {
            monitor_printf(mon, "Error: cannot access memory at 0x%" G_GINT64_MODIFIER "x\n", addr + done);
            good = false;
        } else if (fwrite(buf, 1, chunk, out) != chunk) {
            monitor_printf(mon, "Error: cannot write '%s': %s\n", path, strerror(errno));
            good = false;
        }
        done += chunk;
    }
    if (fclose(out) && good) {
        monitor_printf(mon, "Error: cannot write '%s': %s\n", path, strerror(errno));
    }
}

static void hmp_memsave(Monitor *mon, HmpArgs *args) { save(mon, args, false); }
static const HmpCommand memsave_command = {"memsave", NULL, "addr:i,size:i,file:s", "ADDR SIZE FILE", "save virtual memory to a file", hmp_memsave};
HMP_COMMAND(memsave_command);

static void hmp_pmemsave(Monitor *mon, HmpArgs *args) { save(mon, args, true); }
static const HmpCommand pmemsave_command = {"pmemsave", NULL, "addr:i,size:i,file:s", "ADDR SIZE FILE", "save physical memory to a file", hmp_pmemsave};
HMP_COMMAND(pmemsave_command);
