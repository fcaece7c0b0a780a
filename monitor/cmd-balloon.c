/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about the memory balloon. The device is whatever in the machine's tree has the interface.
 */
#include "internal.h"

#include <inttypes.h>

#include "softmmu/balloon.h"

static void find_balloon(Object *child, void *opaque)
{
    Object **found = opaque;

    if (!*found && type_interface(child->type, INTERFACE_BALLOON)) {
        *found = child;
    }
    if (!*found) {
        object_foreach_child(child, find_balloon, found);
    }
}

static const BalloonInterface *balloon_of(Monitor *mon, Object **obj)
{
    Error *err = NULL;

    *obj = NULL;
    object_foreach_child(OBJECT(mon->machine), find_balloon, obj);
    if (!*obj) {
        error_setg(&err, "this machine has no memory balloon; give it -device virtio-balloon-pci");
        monitor_error(mon, err);
        return NULL;
    }
    return type_interface((*obj)->type, INTERFACE_BALLOON);
}

static void hmp_info_balloon(Monitor *mon, HmpArgs *args)
{
    Object *obj;
    const BalloonInterface *b = balloon_of(mon, &obj);

    if (b) {
        FILE *out = monitor_file(mon);
        fprintf(out, "balloon: actual=%" PRIu64 "\n", b->actual(obj) >> 20);
        b->print(obj, out);
        fclose(out);
    }
}
static const HmpCommand info_balloon_command = {"info balloon", NULL, NULL, "", "megabytes that the guest has, and what it said about them last", hmp_info_balloon};
HMP_COMMAND(info_balloon_command);

static void hmp_balloon(Monitor *mon, HmpArgs *args)
{
    Object *obj;
    const BalloonInterface *b = balloon_of(mon, &obj);
    uint64_t megabytes = 0;
    Error *err = NULL;

    if (!b) {
        return;
    }
    if (!hmp_arg_u64(args, "megabytes", &megabytes) || !megabytes || megabytes > UINT64_MAX >> 20) {
        error_setg(&err, "the guest needs a size of 1 megabyte at least");
        monitor_error(mon, err);
        return;
    }
    b->set_target(obj, megabytes << 20);
}
static const HmpCommand balloon_command = {"balloon", NULL, "megabytes:i", "MB", "ask the guest to make do with so many megabytes", hmp_balloon};
HMP_COMMAND(balloon_command);
