/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones, for the embedded engine: how far local time is from UTC at a moment. Names are those
 * of the system's zone files, numbers of hours east of UTC, and hours and minutes west of it, as
 * POSIX counts them; PostgreSQL knows more spellings. Source: RFC 8536 (TZif); POSIX, "Other
 * Environment Variables" (TZ), for what follows the last transition of a file.
 */
#ifndef CAIRN_SQL_ZONE_H
#define CAIRN_SQL_ZONE_H

#include "core/str.h"
#include "sql/type.h"

struct zone;

#define ZONE_ROOM 64

/* Reads a file the first time. NULL: there is no zone of that name. */
struct zone *zone_open(struct str name);
/* From the content of a zone file; NULL: it is none. */
struct zone *zone_parse(struct str content);
void zone_free(struct zone *zone); /* NULL is safe */

/* Seconds east of UTC at a moment, in seconds since 1970. */
int32_t zone_offset(const struct zone *zone, int64_t moment_s);
/* A timestamp with time zone in normal form as it reads there: the value's text is then in room.
 * Another value stays as it is. zone NULL is UTC. */
void zone_shift(const struct zone *zone, struct value *value, char room[ZONE_ROOM]);

/*
 * The text of a timestamp with time zone as it is meant there: where it doesn't say a zone of its
 * own, with the offset of that one, in room; otherwise, and when it is no such text, as it is. zone
 * NULL is UTC. What the change to summer time leaves out is read as before the change, what comes
 * twice as after it, as PostgreSQL does.
 */
struct str zone_add_offset(const struct zone *zone, struct str text, char room[ZONE_ROOM]);

/* What a cast makes of a value that has a zone, or of what gets one: from and value as they are
 * there. */
const struct type *zone_before_cast(const struct zone *zone, const struct type *from,
                                    struct value *value, const struct type *to,
                                    char room[ZONE_ROOM]);

#endif
