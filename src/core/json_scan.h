/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight bytes of a string at a time: which of them can't stand for themselves? Used by json.c and
 * json_write.c alone.
 */
#ifndef CAIRN_CORE_JSON_SCAN_H
#define CAIRN_CORE_JSON_SCAN_H

#include "core/base.h"

#define JSON_ONES 0x0101010101010101U
#define JSON_HIGHS 0x8080808080808080U

static inline uint64_t
json_bytes_equal(uint64_t w, unsigned char c)
{
    uint64_t x = w ^ (JSON_ONES * c);

    return (x - JSON_ONES) & ~x & JSON_HIGHS;
}

/* The high bit of the lowest byte that is a quote, a backslash or a control character, and nothing
 * when there is none. Bits of higher bytes may be wrong. */
static inline uint64_t
json_bytes_special(uint64_t w)
{
    uint64_t below_space = (w - JSON_ONES * 0x20) & ~w & JSON_HIGHS;

    return below_space | json_bytes_equal(w, '"') | json_bytes_equal(w, '\\');
}

#endif
