/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zone files: whatever is taken has an offset of less than eight days at any moment.
 */
#include "fuzz.h"
#include "sql/zone.h"

void
fuzz_one(struct str input)
{
    static const int64_t moments[] = {INT64_C(-62135596800), -1, 0, 1774746000, 4102444800,
                                      INT64_C(253402300799)};
    struct zone *zone = zone_parse(input);

    for (size_t i = 0; zone != NULL && i < COUNTOF(moments); i++) {
        int32_t offset = zone_offset(zone, moments[i]);

        FUZZ_CHECK(offset > -8 * 86400 && offset < 8 * 86400);
    }
    zone_free(zone);
}
