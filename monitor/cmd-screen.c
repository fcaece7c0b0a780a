/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about the screen.
 */
#include "internal.h"

#include "ui/console.h"

static void hmp_screendump(Monitor *mon, HmpArgs *args)
{
    Console *c = console_nth(mon->machine->consoles, 0);
    Error *err = NULL;

    if (!c) {
        error_setg(&err, "there is no screen: this machine has no display device");
    } else {
        console_screendump(c, hmp_arg_str(args, "file"), hmp_arg_str(args, "format"), &err);
    }
    if (err) {
        monitor_error(mon, err);
    }
}
static const HmpCommand screendump_command = {
    "screendump", NULL, "file:s,format:s?", "FILE [ppm|png|txt]", "save the screen as a picture, or a text mode's text", hmp_screendump};
HMP_COMMAND(screendump_command);
