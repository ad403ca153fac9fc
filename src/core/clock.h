/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and randomness from the system, in one place so that tests can drive what uses them.
 */
#ifndef CAIRN_CORE_CLOCK_H
#define CAIRN_CORE_CLOCK_H

#include "core/base.h"

uint64_t clock_mono_ns(void);             /* since an arbitrary start; never goes back */
int64_t clock_boot_ms(void);              /* since the machine's start, sleep included */
int64_t clock_wall_us(void);              /* microseconds since 1970-01-01 UTC */
void random_bytes(void *out, size_t len); /* from the kernel; aborts if it can't */

#endif
