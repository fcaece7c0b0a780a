/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry of targets: constant TargetRecords, one per instruction set, sorted by name.
 */
#include "target/cpu.h"
#include "util/registry.h"

REGISTRY_OWN(target);

const TargetRecord *const *target_list(void)
{
    return (const TargetRecord *const *)REGISTRY_SORTED(target, NULL);
}

const TargetRecord *target_find(const char *name)
{
    size_t count;
    const void *const *all = REGISTRY_SORTED(target, &count);

    return registry_find(all, count, name);
}
