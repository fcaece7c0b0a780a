/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices on a PC's ISA bus, and its graphic card.
 */
#include "chardev/chardev.h"
#include "hw/dma/i8257.h"
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/misc/pc-misc.h"
#include "hw/rtc/mc146818.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "pc.h"
#include "target/x86.h"

enum { SERIALS_MAX = 4 };

static void set_a20(void *opaque, int n, int level)
{
    Machine *m = opaque;
    for (unsigned i = 0; i < m->cpus->len; i++) {
        x86_cpu_set_a20(m->cpus->pdata[i], level != 0);
    }
}

static bool make_keyboard(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    b->a20.out = irq_make(set_a20, m, 0);
    if (b->i8042_on) {
        b->kbc = i8042_create(b->isa, a20_gate_line(&b->a20, 0), errp);
        if (!b->kbc) {
            return false;
        }
    }
    return port92_create(b->isa, a20_gate_line(&b->a20, 1), errp) != NULL;
}

/* HPET may take the place of PIT and RTC, so their lines lead through it. */
static bool make_clocks(Machine *m, uint32_t hpet_lines, Error **errp)
{
    PcBoard *b = pc_board(m);
    Irq irq0 = b->gsi[0], irq8 = b->gsi[8];
    if (b->hpet_on && type_find(TYPE_HPET)) {
        b->hpet = hpet_create(m, HPET_DEFAULT_ADDRESS, b->gsi, GSI_COUNT, hpet_lines, irq0, irq8, errp);
        if (!b->hpet) {
            return false;
        }
        irq0 = hpet_legacy_line(b->hpet, 0);
        irq8 = hpet_legacy_line(b->hpet, 1);
    }
    b->rtc = mc146818_create(b->isa, irq8, errp);
    if (!b->rtc) {
        return false;
    }
    if (b->pit_on != OFF) {
        b->pit = pit_create(b->isa, irq0, errp);
        return b->pit && pcspk_create(b->isa, b->pit, errp);
    }
    return true;
}

static bool make_serials(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    for (unsigned i = 0; i < MIN(m->serials->len, SERIALS_MAX); i++) {
        struct Chardev *chr = m->serials->pdata[i];
        char index[4];
        g_snprintf(index, sizeof(index), "%u", i);
        if (chr && !isa_create(b->isa, TYPE_ISA_SERIAL, errp, "index", index, "chardev", chardev_id(chr), NULL)) {
            return false;
        }
    }
    return true;
}

static bool make_floppy(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    if (!type_find(TYPE_ISA_FDC)) {
        return true;
    }
    b->fdc = isa_create(b->isa, TYPE_ISA_FDC, errp, NULL);
    return b->fdc && fdc_add_default_drives(b->fdc, errp);
}

bool pc_make_isa(Machine *m, uint32_t hpet_lines, Error **errp)
{
    PcBoard *b = pc_board(m);
    b->pic = i8259_create(b->isa, apic_pic_line(b->apics), errp);
    if (!b->pic) {
        return false;
    }
    apics_set_pic(b->apics, i8259_ack, b->pic);
    return make_clocks(m, hpet_lines, errp) && i8257_create(b->isa, errp) && make_keyboard(m, errp) && make_serials(m, errp) && make_floppy(m, errp);
}

bool pc_make_vga(Machine *m, PciBus *bus, Error **errp)
{
    static const struct {
        const char *option, *type;
    } cards[] = {{"std", "VGA"}, {"cirrus", "cirrus-vga"}, {"vmware", "vmware-svga"}, {"qxl", "qxl-vga"}, {"virtio", "virtio-vga"}};
    const char *vga = m->vga ? m->vga : m->nodefaults ? "none" : "std";
    if (!strcmp(vga, "none")) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
        if (strcmp(cards[i].option, vga)) {
            continue;
        }
        if (type_find(cards[i].type)) {
            return pci_create(bus, cards[i].type, -1, errp) != NULL;
        }
        if (!m->vga) {
            return true; /* a build without screens */
        }
    }
    error_setg(errp, "-vga %s: this version has no such graphic card (std, none)", vga);
    return false;
}
