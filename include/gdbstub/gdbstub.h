/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The remote debugger's server: the gdb remote serial protocol on a chardev (-gdb DEV, -s is tcp::1234). */
#ifndef GDBSTUB_GDBSTUB_H
#define GDBSTUB_GDBSTUB_H

#include "softmmu/machine.h"

typedef struct GdbServer GdbServer;
/* @device: "tcp::1234", "unix:path,server", "stdio", or a chardev id. Main thread, before machine_run. */
GdbServer *gdbserver_start(Machine *m, const char *device, Error **errp);
void gdbserver_free(GdbServer *s);

#endif
