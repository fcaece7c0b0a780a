/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port of the AHCI controller (AHCI 1.3.1, chapters 4 to 6): takes command slots one after another, hands the
 * command's registers to the drive, moves PIO data, and writes what the drive would send as frames (Serial ATA 3.0,
 * 10.5) into the host's receive area.
 */
#include <string.h>

#include "ahci-internal.h"
#include "util/bytes.h"
#include "util/log.h"

enum {
    FIS_H2D = 0x27, FIS_D2H = 0x34, FIS_SET_BITS = 0xa1, FIS_PIO_SETUP = 0x5f, AREA_PIO = 0x20, AREA_D2H = 0x40,
    AREA_SET_BITS = 0x58,
    HEADER_BYTES = 32, TABLE_ACMD = 0x40, TABLE_PRDT = 0x80, PACKET = 0xa0,
};

AddressSpace *ahci_as(AhciPort *p) { return pci_dma_as(&p->ahci->pci); }

static IdeDrive *drive(AhciPort *p) { return p->bus->drives[0]; }

static void post(AhciPort *p, unsigned area, const uint8_t *fis, unsigned bytes)
{
    if (p->cmd & PCMD_FIS_ENABLE) {
        dma_write(ahci_as(p), p->fb + area, fis, bytes);
    }
}

static void fill_registers(const IdeDrive *d, uint8_t *fis)
{
    fis[2] = d->status;
    fis[3] = d->error;
    fis[4] = d->lba_low;
    fis[5] = d->lba_mid;
    fis[6] = d->lba_high;
    fis[7] = d->device;
    fis[8] = d->hob_low;
    fis[9] = d->hob_mid;
    fis[10] = d->hob_high;
    fis[12] = d->count;
    fis[13] = d->hob_count;
}

static void post_d2h(AhciPort *p, bool interrupt)
{
    const IdeDrive *d = drive(p);
    uint8_t fis[20] = {FIS_D2H, interrupt ? 0x40 : 0};
    fill_registers(d, fis);
    post(p, AREA_D2H, fis, sizeof(fis));
    p->tfd = d->status | (uint32_t)d->error << 8;
    if (d->status & ST_ERR) {
        ahci_raise(p, PIS_TASK_FILE_ERROR | (interrupt ? PIS_D2H : 0));
    } else if (interrupt) {
        ahci_raise(p, PIS_D2H);
    }
}

void ahci_post_set_bits(AhciPort *p, uint32_t done, uint8_t status, uint8_t error)
{
    uint8_t fis[8] = {FIS_SET_BITS, 0x40, status & 0x77, error};
    st_le32(fis + 4, done);
    post(p, AREA_SET_BITS, fis, sizeof(fis));
    p->sact &= ~done;
    p->tfd = (p->tfd & 0x88) | (status & 0x77) | (uint32_t)error << 8;
    ahci_raise(p, PIS_SET_BITS | (status & ST_ERR ? PIS_TASK_FILE_ERROR : 0));
}

void ahci_post_signature(AhciPort *p)
{
    const IdeDrive *d = drive(p);
    if (!(p->cmd & PCMD_FIS_ENABLE)) {
        p->signature_due = true; /* 1.3.1, 10.10.2: kept until there is room for it */
        p->tfd = d->status | (uint32_t)d->error << 8;
        p->sig = (uint32_t)d->lba_high << 24 | (uint32_t)d->lba_mid << 16 | (uint32_t)d->lba_low << 8 | d->count;
        return;
    }
    p->signature_due = false;
    p->sig = (uint32_t)d->lba_high << 24 | (uint32_t)d->lba_mid << 16 | (uint32_t)d->lba_low << 8 | d->count;
    post_d2h(p, false);
}

/* --- stop and reset --- */
void ahci_port_stop(AhciPort *p)
{
    p->ci = p->sact = 0;
    p->busy_slot = -1;
    p->halted = false;
    p->epoch++;
}

void ahci_port_reset(AhciPort *p)
{
    IdeDrive *d = drive(p);
    p->busy_slot = -1;
    p->halted = false;
    p->epoch++;
    p->ci = p->sact = 0;
    p->tfd = 0x7f;
    p->sig = UINT32_MAX;
    p->ssts = d ? 0x113 : 0; /* present, generation 1, active */
    if (d) {
        ide_drive_reset(d, false);
        p->bus->control = 0;
        if (d->draining) {
            p->tfd = ST_BUSY;
        } else {
            ahci_post_signature(p);
        }
    }
}

/* --- memory lists --- */
bool ahci_load_list(AhciPort *p, uint64_t table, uint32_t count, IdeSg *sg)
{
    uint8_t raw[64 * AHCI_PRD_BYTES];
    ide_sg_clear(sg);
    for (uint32_t i = 0; i < count;) {
        uint32_t n = MIN(count - i, (uint32_t)64);
        if (dma_read(ahci_as(p), table + TABLE_PRDT + (uint64_t)i * AHCI_PRD_BYTES, raw,
                     n * AHCI_PRD_BYTES) != MEM_OK) {
            return false;
        }
        for (uint32_t k = 0; k < n; k++) {
            const uint8_t *e = raw + k * AHCI_PRD_BYTES;
            ide_sg_add(sg, ld_le64(e), (ld_le32(e + 12) & 0x3fffff) + 1);
        }
        i += n;
    }
    return true;
}

static void add_byte_count(AhciPort *p, uint64_t bytes)
{
    uint8_t raw[4];
    if (p->busy_slot < 0) {
        return;
    }
    p->prd_done += (uint32_t)bytes;
    st_le32(raw, p->prd_done);
    dma_write(ahci_as(p), p->clb + (uint64_t)p->busy_slot * HEADER_BYTES + 4, raw, sizeof(raw));
}

/* --- what the drive asks for --- */
static void set_irq(IdeBus *bus, bool level) {} /* frames carry it */

static AddressSpace *dma_as(IdeBus *bus) { return ahci_as(bus->opaque); }

static bool dma_list(IdeBus *bus, IdeSg *sg)
{
    AhciPort *p = bus->opaque;
    return p->busy_slot >= 0 && ahci_load_list(p, p->table, p->prd_count, sg);
}

static void dma_wanted(IdeBus *bus, IdeDrive *d) { ide_dma_go(d); }

static void dma_done(IdeBus *bus, uint64_t moved, uint64_t left, bool ok)
{
    AhciPort *p = bus->opaque;
    add_byte_count(p, moved);
    if (!ok && !left && p->busy_slot >= 0) {
        ahci_raise(p, PIS_OVERFLOW);
    }
}

static bool move_block(AhciPort *p, IdeDrive *d)
{
    if (d->command == PACKET && !d->to_host) {
        return dma_read(ahci_as(p), p->table + TABLE_ACMD, d->data, d->data_end) == MEM_OK;
    }
    if (!p->sg_loaded) {
        p->sg_loaded = true;
        if (!ahci_load_list(p, p->table, p->prd_count, &p->sg)) {
            return false;
        }
    }
    bool ok = ide_sg_copy(&p->sg, ahci_as(p), d->data, d->data_end, d->to_host);
    if (ok) {
        add_byte_count(p, d->data_end);
    }
    return ok;
}

static void data_ready(IdeBus *bus, IdeDrive *d)
{
    AhciPort *p = bus->opaque;
    if (p->busy_slot < 0) {
        return; /* the host stopped the port: nobody waits for it */
    }
    bool interrupt = d->to_host;
    uint8_t fis[20] = {FIS_PIO_SETUP, (uint8_t)((interrupt ? 0x40 : 0) | (d->to_host ? 0x20 : 0))};
    fill_registers(d, fis);
    fis[15] = (uint8_t)((d->status & ~ST_DRQ) | (d->to_host ? 0 : ST_BUSY));
    st_le16(fis + 16, (uint16_t)d->data_end);
    post(p, AREA_PIO, fis, sizeof(fis));
    p->tfd = ST_BUSY | (uint32_t)d->error << 8;
    if (!move_block(p, d)) {
        d->data_moved = NULL;
        ide_later(d, ide_abort);
        return;
    }
    if (interrupt) {
        ahci_raise(p, PIS_PIO_SETUP);
    }
    ide_later(d, ide_data_moved);
}

static void command_done(IdeBus *bus, IdeDrive *d, bool reset)
{
    AhciPort *p = bus->opaque;
    if (reset) {
        ahci_post_signature(p);
        if (p->busy_slot >= 0) { /* DEVICE RESET */
            p->ci &= ~(1u << p->busy_slot);
        }
    } else if (p->busy_slot >= 0) {
        if (d->status & ST_ERR) {
            p->halted = true;
        } else {
            p->ci &= ~(1u << p->busy_slot);
        }
        post_d2h(p, true);
    } else {
        post_d2h(p, false);
    }
    p->busy_slot = -1;
    bh_schedule(p->check);
}

const IdeBusOps ahci_bus_ops = {
    .set_irq = set_irq, .data_ready = data_ready, .dma_wanted = dma_wanted, .dma_list = dma_list, .dma_as = dma_as,
    .dma_done = dma_done,
    .command_done = command_done,
};

/* --- command slots --- */
static void load_registers(IdeDrive *d, const uint8_t *fis)
{
    d->feature = fis[3];
    d->lba_low = fis[4];
    d->lba_mid = fis[5];
    d->lba_high = fis[6];
    d->device = fis[7] | 0xa0;
    d->hob_low = fis[8];
    d->hob_mid = fis[9];
    d->hob_high = fis[10];
    d->hob_feature = fis[11];
    d->count = fis[12];
    d->hob_count = fis[13];
}

static void run_slot(AhciPort *p, unsigned slot)
{
    IdeDrive *d = drive(p);
    uint8_t header[HEADER_BYTES], cfis[CFIS_BYTES];
    AddressSpace *as = ahci_as(p);
    if (dma_read(as, p->clb + (uint64_t)slot * HEADER_BYTES, header, sizeof(header)) != MEM_OK ||
        dma_read(as, ld_le64(header + 8) & ~(uint64_t)127, cfis, sizeof(cfis)) != MEM_OK) {
        p->halted = true;
        ahci_raise(p, PIS_BUS_ERROR);
        return;
    }
    uint64_t table = ld_le64(header + 8) & ~(uint64_t)127;
    uint32_t prd_count = ld_le16(header + 2);
    if (cfis[0] != FIS_H2D) {
        log_if(LOG_GUEST_ERROR, "ahci: port %u slot %u: frame of type 0x%02x\n", p->number, slot, cfis[0]);
        p->ci &= ~(1u << slot);
    } else if (!(cfis[1] & 0x80)) { /* control: soft reset, in two frames */
        p->ci &= ~(1u << slot);
        ide_control_write(p->bus, cfis[15] & CTL_SRST);
        if (cfis[15] & CTL_SRST) {
            p->tfd &= ~(uint32_t)(ST_BUSY | ST_DRQ); /* the second frame must get through */
        } else if (d->draining) {
            p->tfd = ST_BUSY;
        }
    } else if (d->draining || p->bus->control & CTL_SRST) {
        return; /* waits until the reset is over */
    } else if (ahci_is_queued(cfis[2]) && !d->cdrom) {
        ahci_queue(p, d, slot, cfis, table, prd_count);
    } else {
        p->busy_slot = (int)slot;
        p->table = table;
        p->prd_count = prd_count;
        p->prd_done = 0;
        p->sg_loaded = false;
        p->tfd = ST_BUSY;
        d->status &= (uint8_t)~(ST_BUSY | ST_DRQ); /* the host may have cleared them (PxCMD.CLO) */
        load_registers(d, cfis);
        ide_start_command(p->bus, d, cfis[2]);
    }
}

void ahci_port_check(void *opaque)
{
    AhciPort *p = opaque;
    for (unsigned slot = 0; slot < AHCI_SLOTS; slot++) {
        IdeDrive *d = drive(p);
        if (!d || !(p->cmd & PCMD_START) || p->halted || p->busy_slot >= 0 || p->tfd & (ST_BUSY | ST_DRQ)) {
            break;
        }
        if (p->ci & 1u << slot) {
            run_slot(p, slot);
        }
    }
}
