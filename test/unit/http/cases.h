/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw cases of test/data/http and their verdicts.
 */
#ifndef CAIRN_TEST_HTTP_CASES_H
#define CAIRN_TEST_HTTP_CASES_H

#include "unit/unit.h"

/* Calls check for each case of the index; returns how many there are. */
size_t for_each_case(void (*check)(const char *name, const char *verdict, struct str input));

#endif
