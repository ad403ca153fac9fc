/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz targets share. A target is one file fuzz_NAME.c with one function, fuzz_one, that must
 * return for any input and checks properties with FUZZ_CHECK. It is built twice: with libFuzzer
 * (-Dfuzz=true, clang) to search, and with replay.c to run the kept inputs as an ordinary test.
 */
#ifndef CAIRN_TEST_FUZZ_H
#define CAIRN_TEST_FUZZ_H

#include "core/str.h"

void fuzz_one(struct str input);

#define FUZZ_CHECK(holds)                                                              \
    do {                                                                               \
        if (!(holds)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

#endif
