/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disassembly of generated code for -d out_asm: by capstone where it is installed, else as bytes. The library is opened when it is
 * first needed: linked, it would cost every start two megabytes.
 */
#include <dlfcn.h>

#include "cg.h"

#if __has_include(<capstone/capstone.h>)
#include <capstone/capstone.h>

typedef struct Capstone {
    cs_err (*open)(cs_arch arch, cs_mode mode, csh *handle);
    cs_err (*option)(csh handle, cs_opt_type type, size_t value);
    size_t (*disasm)(csh handle, const uint8_t *code, size_t size, uint64_t address, size_t count, cs_insn **insn);
    void (*free)(cs_insn *insn, size_t count);
    cs_err (*close)(csh *handle);
} Capstone;

static bool load_capstone(Capstone *cs)
{
    void *lib = dlopen("libcapstone.so.4", RTLD_NOW | RTLD_LOCAL); /* stays open */
    if (!lib)
        return false;
    *(void **)&cs->open = dlsym(lib, "cs_open");
    *(void **)&cs->option = dlsym(lib, "cs_option");
    *(void **)&cs->disasm = dlsym(lib, "cs_disasm");
    *(void **)&cs->free = dlsym(lib, "cs_free");
    *(void **)&cs->close = dlsym(lib, "cs_close");
    return cs->open && cs->option && cs->disasm && cs->free && cs->close;
}

static bool disassemble(const TcgCode *c, FILE *out)
{
    Capstone cs;
    csh handle;
    cs_insn *insn;
    if (!load_capstone(&cs) || cs.open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return false;
    cs.option(handle, CS_OPT_SKIPDATA, CS_OPT_ON);
    size_t n = cs.disasm(handle, c->rx, c->size, (uintptr_t)c->rx, 0, &insn);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "  %" PRIx64 "  %-8s %s\n", insn[i].address, insn[i].mnemonic, insn[i].op_str);
    if (n)
        cs.free(insn, n);
    cs.close(&handle);
    return n != 0;
}
#else
static bool disassemble(const TcgCode *c, FILE *out) { return false; }
#endif

void tcg_backend_print_code(const TcgBackend *be, const TcgCode *c, FILE *out)
{
    fprintf(out, "code of 0x%" PRIx64 ": %u bytes at %p, %u links, %u sites\n", c->pc, c->size, (void *)c->rx, c->link_count,
            c->site_count);
    if (disassemble(c, out))
        return;
    for (uint32_t i = 0; i < c->size; i++)
        fprintf(out, "%s%02x%s", i % 16 ? " " : "  ", c->rx[i], i % 16 == 15 || i + 1 == c->size ? "\n" : "");
}
