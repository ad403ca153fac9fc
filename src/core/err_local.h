/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error on the stack, for functions on the way of a request.
 *
 * struct err has 6 KiB for its texts, and both "= {0}" and the compiler's own zeroing of locals
 * write all of it each time: in a function that SQLite calls for each row this was most of its
 * cost. What isn't written is not read either: a text ends where it is cut, and err_clear ends all
 * of them.
 */
#ifndef CAIRN_CORE_ERR_LOCAL_H
#define CAIRN_CORE_ERR_LOCAL_H

#include "core/err.h"

/* A declaration: ERR_LOCAL(err); instead of struct err err = {0}; */
#define ERR_LOCAL(name)                             \
    struct err name __attribute__((uninitialized)); \
    err_clear(&(name))

#endif
