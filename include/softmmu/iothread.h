/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `-object iothread,id=ID`: a thread with an own event loop that devices are assigned to (iothread=ID). */
#ifndef SOFTMMU_IOTHREAD_H
#define SOFTMMU_IOTHREAD_H

#include "qom/object.h"
#include "util/main-loop.h"

#define TYPE_IOTHREAD "iothread"

/* The loop of an iothread object (a FIELD_LINK of type TYPE_IOTHREAD). Lives as long as the object. */
EventLoop *iothread_loop(Object *obj);

#endif
