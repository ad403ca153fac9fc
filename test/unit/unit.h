/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What unit tests share: cmocka with what it needs, and checks of views and errors.
 */
#ifndef CAIRN_TEST_UNIT_H
#define CAIRN_TEST_UNIT_H

#include "core/err.h"
#include "core/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Compares a view with a C string. */
#define assert_str(s, expected)                                              \
    do {                                                                     \
        struct str got_ = (s);                                               \
        struct str want_ = str_from(expected);                               \
        if (!str_eq(got_, want_))                                            \
            fail_msg("'%.*s' is not '%.*s'", STR_ARG(got_), STR_ARG(want_)); \
    } while (0)

/* For calls that report through an err of this name. */
#define assert_ok(call)                                             \
    do {                                                            \
        if (!(call))                                                \
            fail_msg("%s: %s %s", #call, err.message, err.details); \
    } while (0)

#define assert_contains(text, part)                                \
    do {                                                           \
        if (strstr((text), (part)) == NULL)                        \
            fail_msg("'%s' doesn't contain '%s'", (text), (part)); \
    } while (0)

#endif
