/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS tables (DMTF DSP0134 3.2): what a PC says about itself. Structures of types 0, 1, 2, 3, 4, 16, 17, 19, 32
 * and 127 from the board's facts, overridden by `-smbios type=N,key=value`; types 8 and 11 and whole binary
 * structures (file=) on request.
 */
#ifndef HW_SMBIOS_H
#define HW_SMBIOS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct FwCfg;
struct OptionSet;

typedef struct SmbiosConfig {
    const char *manufacturer, *product, *version; /* of type 1 and others; NULL: "QEMU", "Standard PC", "" */
    const char *uuid;           /* text form; NULL or "": none */
    uint64_t ram_size;          /* all of it */
    uint64_t ram_below_4g;      /* bytes from address 0 */
    uint64_t ram_above_base;    /* where the rest lies; 0: 4 GiB */
    unsigned sockets, cores, threads; /* cores for each socket, threads for each core */
    uint32_t cpu_signature, cpu_features_edx; /* CPUID 1 */
    bool entry_point_64;        /* SMBIOS 3.0 anchor; else 2.8 */
    GPtrArray *options;         /* struct OptionSet * of -smbios (Machine.smbios); may be NULL */
} SmbiosConfig;

typedef struct SmbiosBlobs {
    GByteArray *tables;         /* "etc/smbios/smbios-tables" */
    GByteArray *anchor;         /* "etc/smbios/smbios-anchor": the address of the tables is filled in by firmware */
} SmbiosBlobs;

/* The syntax and keys of one -smbios option, so that mistakes are told at once. */
bool smbios_check_option(struct OptionSet *o, Error **errp);
bool smbios_build(const SmbiosConfig *c, SmbiosBlobs *out, Error **errp);
void smbios_blobs_clear(SmbiosBlobs *b);
bool smbios_publish(const SmbiosBlobs *b, struct FwCfg *fw, Error **errp);
/* Where no firmware runs: sets the tables' address in the anchor and makes its checksums right. */
void smbios_place(SmbiosBlobs *b, uint64_t tables_addr);

#endif
