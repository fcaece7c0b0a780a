/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory balloons: devices by which a guest lends memory back to the host. Found by this interface in the machine's tree.
 * Guarded by the machine lock.
 */
#ifndef SOFTMMU_BALLOON_H
#define SOFTMMU_BALLOON_H

#include "softmmu/machine.h"

#define INTERFACE_BALLOON "balloon"

typedef struct BalloonInterface {
    uint64_t (*actual)(Object *obj);                   /* bytes of memory that the guest has now */
    void (*set_target)(Object *obj, uint64_t bytes);   /* asks the guest; more than all memory is all */
    void (*print)(Object *obj, FILE *out);             /* what the guest said about its memory last, and asks again */
} BalloonInterface;

#endif
