/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault points: places where a test makes the outside world fail.
 *
 * In a release build FAULT() is the constant false. In a build with CAIRN_FAULTS (buildtype debug)
 * a test arms one point by name: its nth passing fails, and only that one. The name "*" is any
 * point. The environment variable CAIRN_FAULT=name:n arms one in a whole process.
 */
#ifndef CAIRN_CORE_FAULT_H
#define CAIRN_CORE_FAULT_H

#include "core/base.h"

#ifdef CAIRN_FAULTS
bool fault_hit(const char *name);
void fault_arm(const char *name, unsigned nth); /* 0 disarms all */
bool fault_was_hit(void);                       /* what is armed has failed */
#define FAULT(name) fault_hit(name)
#else
#define FAULT(name) false
#endif

#endif
