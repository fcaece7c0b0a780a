/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disassembly by capstone where it is installed, else names and bytes by our own rows. The library is opened when first
 * needed and stays open; the handles are per call, so that any thread may ask.
 */
#include <dlfcn.h>
#include <string.h>

#if __has_include(<capstone/capstone.h>)
#define X86_OP_IMM CS_X86_OP_IMM /* names that both have */
#define X86_OP_MEM CS_X86_OP_MEM
#include <capstone/capstone.h>
#undef X86_OP_IMM
#undef X86_OP_MEM
#endif

#include "insn.h"

#if __has_include(<capstone/capstone.h>)
typedef struct Capstone {
    cs_err (*open)(cs_arch arch, cs_mode mode, csh *handle);
    size_t (*disasm)(csh handle, const uint8_t *code, size_t size, uint64_t address, size_t count, cs_insn **insn);
    void (*free)(cs_insn *insn, size_t count);
    cs_err (*close)(csh *handle);
    bool ok;
} Capstone;

static gpointer load(gpointer unused)
{
    static Capstone cs;
    void *lib = dlopen("libcapstone.so.4", RTLD_NOW | RTLD_LOCAL);
    if (lib) {
        *(void **)&cs.open = dlsym(lib, "cs_open");
        *(void **)&cs.disasm = dlsym(lib, "cs_disasm");
        *(void **)&cs.free = dlsym(lib, "cs_free");
        *(void **)&cs.close = dlsym(lib, "cs_close");
        cs.ok = cs.open && cs.disasm && cs.free && cs.close;
    }
    return &cs;
}

static bool by_capstone(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, char *text, size_t size)
{
    static GOnce once = G_ONCE_INIT;
    const Capstone *cs = g_once(&once, load, NULL);
    cs_mode mode = flags & X86_RF_CS64 ? CS_MODE_64 : flags & X86_RF_CS32 ? CS_MODE_32 : CS_MODE_16;
    csh handle;
    cs_insn *insn;
    if (!cs->ok || cs->open(CS_ARCH_X86, mode, &handle) != CS_ERR_OK) {
        return false;
    }
    size_t n = cs->disasm(handle, code, MIN(avail, (size_t)X86_MAX_INSN_LEN), pc, 1, &insn);
    if (n) {
        g_snprintf(text, size, *insn->op_str ? "%-8s %s" : "%s", insn->mnemonic, insn->op_str);
        cs->free(insn, n);
    }
    cs->close(&handle);
    return n != 0;
}
#else
static bool by_capstone(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, char *text, size_t size)
{
    return false;
}
#endif

void x86_disassemble(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, char *text, size_t size)
{
    X86Insn d = {.b = NULL};
    if (!x86_decode(&d, code, avail, pc, flags)) {
        g_strlcpy(text, "(truncated)", size);
    } else if (!by_capstone(code, d.len, pc, flags, text, size)) {
        if (d.row) {
            g_snprintf(text, size, "%s", d.row->name);
        } else {
            g_snprintf(text, size, ".byte    0x%02x", avail ? code[0] : 0);
        }
    }
}
