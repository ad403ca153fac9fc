/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar days as people write them, "2026-11-21" (ISO 8601, UTC), which sort as text.
 */
#ifndef CAIRN_LIFECYCLE_DATE_H
#define CAIRN_LIFECYCLE_DATE_H

#include "core/str.h"

enum { DATE_SIZE = 11, DATE_TIME_SIZE = 21 }; /* with their NUL */

bool date_is_valid(struct str s); /* a day that exists, years 1970 to 9999 */
/* The day that began at or before wall_us (microseconds since 1970). */
void date_from_us(int64_t wall_us, char out[DATE_SIZE]);
/* "2026-11-21T10:14:03Z" */
void date_time_from_us(int64_t wall_us, char out[DATE_TIME_SIZE]);
/* The inverse of date_time_from_us; false for any other form. */
bool date_time_to_us(struct str s, int64_t *out);
/* day must be valid. */
void date_add_days(const char *day, int days, char out[DATE_SIZE]);
/* Days from one to the other; negative when to lies before. Both must be valid. */
int date_days_between(const char *from, const char *to);

#endif
