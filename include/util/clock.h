/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three clocks. All are in nanoseconds.
 *   CLOCK_KIND_REALTIME  monotonic host time, never stops
 *   CLOCK_KIND_VIRTUAL   guest time: stands still while the machine is stopped
 *   CLOCK_KIND_HOST      wall clock (may jump)
 * The virtual clock belongs to a machine; the other two to the host. Reading is lock free from any thread.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ClockKind { CLOCK_KIND_REALTIME, CLOCK_KIND_VIRTUAL, CLOCK_KIND_HOST, CLOCK_KIND_COUNT } ClockKind;

typedef struct VirtualClock VirtualClock;

VirtualClock *virtual_clock_new(void); /* stopped, at 0 */
void virtual_clock_free(VirtualClock *c);
void virtual_clock_start(VirtualClock *c);
void virtual_clock_stop(VirtualClock *c);
bool virtual_clock_running(const VirtualClock *c);
int64_t virtual_clock_ns(const VirtualClock *c);
void virtual_clock_set(VirtualClock *c, int64_t ns); /* only while stopped (snapshot load) */

int64_t realtime_ns(void);
int64_t hosttime_ns(void);

#define NS_PER_SEC 1000000000LL
#define NS_PER_MS 1000000LL
#define NS_PER_US 1000LL

#endif
