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

/* There are some 2,000 names and numbers, so that what is kept has an end. */
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
    map_put(zones->by_name, arena_copy(zones->names, name), zone);
    return zone;
}
