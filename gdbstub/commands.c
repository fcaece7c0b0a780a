/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers to packets (GDB manual, "Packets", "General Query Packets", "vCont Packet"). One function for each packet, found by a table. What is
 * not known is answered with an empty packet, as the protocol asks. Numbers are hexadecimal; register and memory bytes are in
 * target byte order. Threads are CPUs, numbered from 1.
 */
#include "internal.h"

#include <string.h>

#include "monitor/monitor.h"
#include "util/bytes.h"

enum { MEMORY_MAX = GDB_PACKET_MAX / 2 }; /* as hexadecimal digits */

/* --- parsing: a cursor over the packet --- */
typedef struct Cursor {
    const char *p;
} Cursor;

static bool take_hex(Cursor *c, uint64_t *v)
{
    int digits = 0;
    *v = 0;
    for (int d; (d = g_ascii_xdigit_value(*c->p)) >= 0; c->p++, digits++) {
        *v = *v << 4 | (unsigned)d;
    }
    return digits > 0 && digits <= 16;
}

static bool take(Cursor *c, char ch)
{
    if (*c->p != ch) {
        return false;
    }
    c->p++;
    return true;
}

/* "-1" and "0" are any CPU: NULL with true. */
static bool take_thread(GdbServer *s, Cursor *c, CpuState **cpu)
{
    uint64_t id;
    *cpu = NULL;
    if (take(c, '-')) {
        return take_hex(c, &id);
    }
    if (!take_hex(c, &id) || id > s->machine->cpus->len) {
        return false;
    }
    if (id) {
        *cpu = g_ptr_array_index(s->machine->cpus, id - 1);
    }
    return true;
}

static void append_hex(GString *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        g_string_append_c(out, digits[bytes[i] >> 4]);
        g_string_append_c(out, digits[bytes[i] & 15]);
    }
}

static bool parse_hex_bytes(const char *text, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[2 * i + 1]);
        if (low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* --- registers --- */
#define WIDE_MAX 64u /* bytes of a register */

static void append_register(GString *out, CpuState *cpu, const RegisterRecord *r)
{
    if (r->get_bytes) {
        uint8_t wide[WIDE_MAX] = {0};
        r->get_bytes(cpu, r, wide);
        append_hex(out, wide, MIN((r->bits + 7) / 8, WIDE_MAX));
        return;
    }
    uint64_t v = r->get(cpu, r);
    uint8_t bytes[8];
    unsigned len = MIN((r->bits + 7) / 8, 8u);
    if (cpu->target->big_endian) {
        st_be64(bytes, v << (64 - 8 * len));
    } else {
        st_le64(bytes, v);
    }
    append_hex(out, bytes, len);
}

static bool set_register(CpuState *cpu, const RegisterRecord *r, const char **text)
{
    uint8_t bytes[WIDE_MAX] = {0};
    unsigned len = MIN((r->bits + 7) / 8, r->get_bytes ? WIDE_MAX : 8u);
    if (strlen(*text) < 2 * len || !parse_hex_bytes(*text, bytes, len)) {
        return false;
    }
    *text += 2 * len;
    if (r->get_bytes) {
        return r->set_bytes && r->set_bytes(cpu, r, bytes);
    }
    uint64_t v = cpu->target->big_endian ? ld_be64(bytes) >> (64 - 8 * len) : ld_le64(bytes);
    return r->set && r->set(cpu, r, v);
}

static const RegisterRecord *register_by_number(CpuState *cpu, uint64_t number)
{
    for (const RegisterRecord *r = cpu->target->registers; r->name; r++) {
        if (r->gdb_number >= 0 && (uint64_t)r->gdb_number == number) {
            return r;
        }
    }
    return NULL;
}

/* The `g` packet holds the first feature only; gdb asks for the others by `p`. */
static bool in_g_packet(CpuState *cpu, const RegisterRecord *r)
{
    const char *first = cpu->target->registers->feature;
    return r->gdb_number >= 0 && r->feature && first && !strcmp(r->feature, first);
}

static void cmd_read_all(GdbServer *s, Cursor c)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const RegisterRecord *r = s->query_cpu->target->registers; r->name; r++) {
        if (in_g_packet(s->query_cpu, r)) {
            append_register(out, s->query_cpu, r);
        }
    }
    gdb_reply(s, out->str);
}

static void cmd_write_all(GdbServer *s, Cursor c)
{
    for (const RegisterRecord *r = s->query_cpu->target->registers; r->name && *c.p; r++) {
        if (in_g_packet(s->query_cpu, r)) {
            const char *before = c.p;
            if (!set_register(s->query_cpu, r, &c.p) && c.p == before) {
                gdb_reply(s, "E01");
                return;
            }
        }
    }
    gdb_reply(s, "OK");
}

static void cmd_read_one(GdbServer *s, Cursor c)
{
    uint64_t number;
    const RegisterRecord *r = take_hex(&c, &number) ? register_by_number(s->query_cpu, number) : NULL;
    if (!r) {
        gdb_reply(s, "E14");
        return;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    append_register(out, s->query_cpu, r);
    gdb_reply(s, out->str);
}

static void cmd_write_one(GdbServer *s, Cursor c)
{
    uint64_t number;
    const RegisterRecord *r = take_hex(&c, &number) && take(&c, '=') ? register_by_number(s->query_cpu, number) : NULL;
    gdb_reply(s, r && set_register(s->query_cpu, r, &c.p) ? "OK" : "E14");
}

/* --- memory: a page at a time, as the CPU sees it or by physical address, without side effects --- */
static bool access_memory(GdbServer *s, uint64_t va, uint8_t *buf, uint64_t len, bool write)
{
    CpuState *cpu = s->query_cpu;
    while (len) {
        uint64_t pa = va, chunk = MIN(len, 4096 - (va & 4095));
        if (!s->physical && !cpu->target->translate_debug(cpu, va, &pa)) {
            return false;
        }
        MemoryResult result = write ? address_space_write_rom(cpu->as, pa, buf, chunk) : address_space_read_debug(cpu->as, pa, buf, chunk);
        if (result != MEM_OK) {
            return false;
        }
        va += chunk;
        buf += chunk;
        len -= chunk;
    }
    return true;
}

static void cmd_read_memory(GdbServer *s, Cursor c)
{
    uint64_t addr, len;
    if (!take_hex(&c, &addr) || !take(&c, ',') || !take_hex(&c, &len)) {
        gdb_reply(s, "E22");
        return;
    }
    len = MIN(len, (uint64_t)MEMORY_MAX); /* a short answer is legal */
    g_autofree uint8_t *buf = g_malloc(len + 1);
    if (!access_memory(s, addr, buf, len, false)) {
        gdb_reply(s, "E14");
        return;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    append_hex(out, buf, len);
    gdb_reply(s, out->str);
}

static bool take_range(Cursor *c, uint64_t *addr, uint64_t *len)
{
    return take_hex(c, addr) && take(c, ',') && take_hex(c, len) && take(c, ':') && *len <= GDB_PACKET_MAX;
}

static void cmd_write_memory(GdbServer *s, Cursor c)
{
    uint64_t addr, len;
    if (!take_range(&c, &addr, &len) || strlen(c.p) < 2 * len) {
        gdb_reply(s, "E22");
        return;
    }
    g_autofree uint8_t *buf = g_malloc(len + 1);
    bool good = parse_hex_bytes(c.p, buf, len) && access_memory(s, addr, buf, len, true);
    gdb_reply(s, good ? "OK" : "E14");
}

static void cmd_write_binary(GdbServer *s, Cursor c)
{
    uint64_t addr, len;
    const char *end = s->packets.buf + s->packets.len;
    if (!take_range(&c, &addr, &len) || (uint64_t)(end - c.p) < len) {
        gdb_reply(s, "E22");
        return;
    }
    gdb_reply(s, access_memory(s, addr, (uint8_t *)(uintptr_t)c.p, len, true) ? "OK" : "E14");
}

/* --- run control --- */
/* `c` and `s` without thread: the chosen CPU steps alone, or all continue. */
static void run(GdbServer *s, Cursor c, bool step)
{
    uint64_t pc;
    g_autofree char *actions = step ? g_malloc0(s->machine->cpus->len) : NULL;
    if (take_hex(&c, &pc)) {
        s->run_cpu->target->set_pc(s->run_cpu, pc);
    }
    if (step) {
        actions[s->run_cpu->index] = GDB_STEP;
    }
    gdb_resume(s, actions);
}

static void cmd_continue(GdbServer *s, Cursor c) { run(s, c, false); }
static void cmd_step(GdbServer *s, Cursor c) { run(s, c, true); }

static void cmd_continue_signal(GdbServer *s, Cursor c)
{
    uint64_t signal;
    take_hex(&c, &signal);
    take(&c, ';');
    run(s, c, s->packets.buf[0] == 'S');
}

/* One ";action[:thread]": for the CPUs that none before it spoke of. */
static bool take_action(GdbServer *s, Cursor *c, char *actions)
{
    CpuState *cpu = NULL;
    uint64_t signal;
    char action = *c->p;
    if (!action || !strchr("cCsS", action)) {
        return false;
    }
    c->p++;
    if (g_ascii_isupper(action) && !take_hex(c, &signal)) {
        return false;
    }
    if (take(c, ':') && !take_thread(s, c, &cpu)) {
        return false;
    }
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        if (actions[i] == GDB_HOLD && (!cpu || cpu->index == i)) {
            actions[i] = g_ascii_tolower(action);
        }
    }
    return true;
}

static void cmd_vcont(GdbServer *s, Cursor c)
{
    g_autofree char *actions = g_malloc0(s->machine->cpus->len);
    do {
        if (!take_action(s, &c, actions)) {
            gdb_reply(s, "E22");
            return;
        }
    } while (take(&c, ';'));
    if (*c.p) {
        gdb_reply(s, "E22");
        return;
    }
    gdb_resume(s, actions);
}

static void cmd_why(GdbServer *s, Cursor c) { gdb_reply_stop(s, GDB_SIGNAL_TRAP); }

static void cmd_stop_point(GdbServer *s, Cursor c)
{
    uint64_t kind, addr, len = 0;
    bool add = s->packets.buf[0] == 'Z';
    if (!take_hex(&c, &kind) || !take(&c, ',') || !take_hex(&c, &addr) || !take(&c, ',') || !take_hex(&c, &len)) {
        gdb_reply(s, "E22");
    } else if (kind > 4) {
        gdb_reply(s, "");
    } else {
        gdb_reply(s, gdb_insert(s, (int)kind, addr, len, add) ? "OK" : "E22");
    }
}

static void cmd_detach(GdbServer *s, Cursor c)
{
    gdb_reply(s, "OK");
    gdb_release(s, true);
}

static void cmd_kill(GdbServer *s, Cursor c)
{
    if (s->packets.buf[0] == 'v') { /* `k` has no reply */
        gdb_reply(s, "OK");
    }
    machine_request_shutdown(s->machine, SHUTDOWN_HOST_UI, 0);
}

/* --- threads --- */
static void cmd_choose_thread(GdbServer *s, Cursor c)
{
    char what = *c.p;
    CpuState *cpu;
    if (!what || (c.p++, !take_thread(s, &c, &cpu))) {
        gdb_reply(s, "E22");
        return;
    }
    if (cpu && what == 'g') {
        s->query_cpu = cpu;
    } else if (cpu && what == 'c') {
        s->run_cpu = cpu;
    }
    gdb_reply(s, "OK");
}

static void cmd_thread_alive(GdbServer *s, Cursor c)
{
    CpuState *cpu;
    gdb_reply(s, take_thread(s, &c, &cpu) ? "OK" : "E22");
}

static void cmd_first_threads(GdbServer *s, Cursor c)
{
    g_autoptr(GString) out = g_string_new("m");
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        g_string_append_printf(out, "%s%x", i ? "," : "", i + 1);
    }
    gdb_reply(s, out->str);
}

static void cmd_more_threads(GdbServer *s, Cursor c) { gdb_reply(s, "l"); }

static void cmd_thread_info(GdbServer *s, Cursor c)
{
    CpuState *cpu;
    if (!take_thread(s, &c, &cpu) || !cpu) {
        gdb_reply(s, "E22");
        return;
    }
    g_autofree char *text = g_strdup_printf("CPU#%u [%s]", cpu->index, cpu->powered_off ? "off" : cpu->halted ? "halted" : "running");
    g_autoptr(GString) out = g_string_new(NULL);
    append_hex(out, (const uint8_t *)text, strlen(text));
    gdb_reply(s, out->str);
}

static void cmd_current_thread(GdbServer *s, Cursor c)
{
    g_autofree char *text = g_strdup_printf("QC%x", s->query_cpu->index + 1);
    gdb_reply(s, text);
}

/* --- queries --- */
static void cmd_supported(GdbServer *s, Cursor c)
{
    g_autofree char *text = g_strdup_printf("PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+", GDB_PACKET_MAX);
    gdb_reply(s, text);
}

static void cmd_no_ack(GdbServer *s, Cursor c)
{
    gdb_reply(s, "OK");
    s->packets.no_ack = true;
}

static void cmd_features(GdbServer *s, Cursor c)
{
    uint64_t offset, length;
    if (!g_str_has_prefix(c.p, "target.xml:") || (c.p += 11, !take_hex(&c, &offset)) || !take(&c, ',') || !take_hex(&c, &length)) {
        gdb_reply(s, "E00");
        return;
    }
    size_t total = strlen(s->target_xml);
    if (offset > total) {
        gdb_reply(s, "E00");
        return;
    }
    length = MIN(length, (uint64_t)GDB_PACKET_MAX / 2);
    bool last = total - offset <= length;
    g_autoptr(GString) out = g_string_new(last ? "l" : "m");
    g_string_append_len(out, s->target_xml + offset, (gssize)(last ? total - offset : length));
    gdb_packets_send(&s->packets, out->str, out->len);
}

static void cmd_monitor(GdbServer *s, Cursor c)
{
    size_t len = strlen(c.p) / 2;
    g_autofree char *line = g_malloc0(len + 1);
    if (!parse_hex_bytes(c.p, (uint8_t *)line, len)) {
        gdb_reply(s, "E22");
        return;
    }
    g_autofree char *text = hmp_run_line(s->machine, line, (int)s->query_cpu->index);
    for (size_t total = strlen(text), done = 0; done < total; done += MEMORY_MAX) {
        g_autoptr(GString) out = g_string_new("O"); /* console output, as much as it takes */
        append_hex(out, (const uint8_t *)text + done, MIN(total - done, (size_t)MEMORY_MAX));
        gdb_reply(s, out->str);
    }
    gdb_reply(s, "OK");
}

/* As in the reference: addresses are physical ones ("maintenance packet Qqemu.PhyMemMode:1"). */
static void cmd_physical_query(GdbServer *s, Cursor c) { gdb_reply(s, s->physical ? "1" : "0"); }
static void cmd_physical(GdbServer *s, Cursor c)
{
    uint64_t on;
    bool good = take_hex(&c, &on);
    s->physical = good ? on != 0 : s->physical;
    gdb_reply(s, good ? "OK" : "E22");
}

static void cmd_attached(GdbServer *s, Cursor c) { gdb_reply(s, "1"); }
static void cmd_vcont_query(GdbServer *s, Cursor c) { gdb_reply(s, "vCont;c;C;s;S"); }

static const struct {
    const char *prefix;
    void (*run)(GdbServer *s, Cursor c); /* @c stands behind the prefix */
    bool whole;                          /* the prefix is the whole packet */
} commands[] = {
    {"?", cmd_why, true},
    {"g", cmd_read_all, true},
    {"G", cmd_write_all, false},
    {"p", cmd_read_one, false},
    {"P", cmd_write_one, false},
    {"m", cmd_read_memory, false},
    {"M", cmd_write_memory, false},
    {"X", cmd_write_binary, false},
    {"c", cmd_continue, false},
    {"s", cmd_step, false},
    {"C", cmd_continue_signal, false},
    {"S", cmd_continue_signal, false},
    {"D", cmd_detach, false},
    {"H", cmd_choose_thread, false},
    {"k", cmd_kill, true},
    {"T", cmd_thread_alive, false},
    {"Z", cmd_stop_point, false},
    {"z", cmd_stop_point, false},
    {"vCont?", cmd_vcont_query, true},
    {"vCont;", cmd_vcont, false},
    {"vKill", cmd_kill, false},
    {"qSupported", cmd_supported, false},
    {"QStartNoAckMode", cmd_no_ack, true},
    {"qXfer:features:read:", cmd_features, false},
    {"qC", cmd_current_thread, true},
    {"qfThreadInfo", cmd_first_threads, true},
    {"qsThreadInfo", cmd_more_threads, true},
    {"qThreadExtraInfo,", cmd_thread_info, false},
    {"qAttached", cmd_attached, false},
    {"qRcmd,", cmd_monitor, false},
    {"qqemu.PhyMemMode", cmd_physical_query, true},
    {"Qqemu.PhyMemMode:", cmd_physical, false},
};

void gdb_command(GdbServer *s, char *packet, size_t len)
{
    if (s->running) {
        return; /* only an interrupt is legal now */
    }
    if (machine_is_running(s->machine)) { /* by a monitor's `cont`; this client believes that it stands */
        machine_stop(s->machine, RUN_STATE_PAUSED);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        const char *prefix = commands[i].prefix;
        if (commands[i].whole ? !strcmp(packet, prefix) : g_str_has_prefix(packet, prefix)) {
            commands[i].run(s, (Cursor){packet + strlen(prefix)});
            return;
        }
    }
    gdb_reply(s, "");
}
