/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time that stands still: the monotonic clock of the test program, libuv's included, goes on only
 * as far as a test lets it. What is too late is so on any machine, and nothing is late because a
 * machine is busy. The loop must not wait meanwhile (UV_RUN_NOWAIT).
 */
#ifndef CAIRN_TEST_HTTP_STILL_TIME_H
#define CAIRN_TEST_HTTP_STILL_TIME_H

#include <stdint.h>

void still_time_begin(void);
void still_time_pass(int64_t ms);
void still_time_end(void);

#endif
