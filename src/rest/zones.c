/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/zones.h"

#include "core/arena.h"
#include "core/map.h"

struct zones {
    struct arena *names;
    struct map *by_name;
};

struct zones *
zones_new(void)
{
    struct zones *zones = xcalloc(1, sizeof(*zones));

    zones->names = arena_new(1024, (size_t)1 << 20);
    zones->by_name = map_new();
    return zones;
}

void
zones_free(struct zones *zones)
{
    size_t pos = 0;
    struct str name;
    void *zone = NULL;

    if (zones == NULL)
        return;
    while (map_next(zones->by_name, &pos, &name, &zone))
        zone_free(zone);
    map_free(zones->by_name);
    arena_free(zones->names);
    free(zones);
}

/* PostgreSQL takes no zone that is off by seconds, and judges it by how it was then: 2000-01-01. */
static bool
check_seconds(const struct zone *zone, struct str name, struct err *err)
{
    if (zone_offset(zone, 946684800) % 60 == 0)
        return true;
    err_set(err, ERR_DB, "22023", "time zone \"%.*s\" appears to use leap seconds",
            STR_ARG(str_slice(name, 0, 200)));
    err_details(err, "PostgreSQL does not support leap seconds.");
    return false;
}

/* There are some 10,000 names and numbers, so that what is kept has an end. */
const struct zone *
zones_find(struct zones *zones, struct str name, struct err *err)
{
    struct zone *zone = map_get(zones->by_name, name);

    if (zone != NULL)
        return zone;
    zone = zone_open(name);
    if (zone == NULL) {
        err_set(err, ERR_DB, "22023", "invalid value for parameter \"TimeZone\": \"%.*s\"",
                STR_ARG(str_slice(name, 0, 200)));
        return NULL;
    }
    if (!check_seconds(zone, name, err)) {
        zone_free(zone);
        return NULL;
    }
    map_put(zones->by_name, arena_copy(zones->names, name), zone);
    return zone;
}
