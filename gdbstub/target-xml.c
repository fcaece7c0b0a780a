/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The target description (GDB manual, appendix "Target Descriptions"), made from the target's register table: one
 * <feature> for each run of rows that name the same feature.
 */
#include "internal.h"

#include <string.h>

char *gdb_target_xml(const TargetRecord *target)
{
    GString *xml = g_string_new("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n");
    if (target->gdb_arch) {
        g_string_append_printf(xml, "<architecture>%s</architecture>\n", target->gdb_arch);
    }
    const char *feature = NULL;
    for (const RegisterRecord *r = target->registers; r->name; r++) {
        if (r->gdb_number < 0 || !r->feature) {
            continue;
        }
        if (!feature || strcmp(feature, r->feature)) {
            if (feature) {
                g_string_append(xml, "</feature>\n");
            }
            feature = r->feature;
            g_string_append_printf(xml, "<feature name=\"%s\">\n", feature);
        }
        g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%d\" type=\"%s\"%s%s%s/>\n", r->name, r->bits,
                               r->gdb_number, r->gdb_type ? r->gdb_type : "int", r->group ? " group=\"" : "",
                               r->group ? r->group : "", r->group ? "\"" : "");
    }
    if (feature) {
        g_string_append(xml, "</feature>\n");
    }
    g_string_append(xml, "</target>\n");
    return g_string_free(xml, FALSE);
}
