/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disassembly of generated code for -d out_asm: by capstone where the build found it, else as bytes.
 */
#include "cg.h"

#if __has_include(<capstone/capstone.h>)
#include <capstone/capstone.h>

static bool disassemble(const TcgCode *c, FILE *out)
{
    csh handle;
    cs_insn *insn;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return false;
    cs_option(handle, CS_OPT_SKIPDATA, CS_OPT_ON);
    size_t n = cs_disasm(handle, c->rx, c->size, (uintptr_t)c->rx, 0, &insn);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "  %" PRIx64 "  %-8s %s\n", insn[i].address, insn[i].mnemonic, insn[i].op_str);
    if (n)
        cs_free(insn, n);
    cs_close(&handle);
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
