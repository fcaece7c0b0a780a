/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys on their way from front ends to the machine's keyboard.
 */
#include "ui/input.h"

bool input_key_known(InputSink *list, const char *qcode, Error **errp)
{
    if (!list) {
        error_setg(errp, "this machine has no keyboard that keys could be sent to");
        return false;
    }
    return list->ops->known(list->opaque, qcode, errp);
}

bool input_key(InputSink *list, const char *qcode, bool down, Error **errp)
{
    if (!input_key_known(list, qcode, errp)) {
        return false;
    }
    list->ops->key(list->opaque, qcode, down);
    return true;
}
