/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/ledger.h"

#include "core/json.h"

enum { ASK_MS = 10000, PAGES_MAX = 100000, ARENA_MAX = 256 * 1024 * 1024 };

/* Counts the rows of a page; false when it is no page of rows. */
static bool
count_page(struct str body, const struct target *target, const struct load_ledger *ledger,
           uint8_t *seen, uint64_t *rows)
{
    struct arena *arena = arena_new(64 * 1024, ARENA_MAX);
    struct err err = {0};
    struct json *page;
    bool ok = json_parse(body, JSON_LIMITS_DEFAULT, arena, &page, &err) && page->type == JSON_ARRAY;

    for (const struct json *row = ok ? page->first : NULL; row != NULL; row = row->next) {
        const struct json *key = json_get(row, target->read_key);
        uint64_t number;

        (*rows)++;
        if (key == NULL || !str_to_u64(key->text, &number)) {
            ok = false;
            break;
        }
        number -= ledger->first;
        if (number < ledger->count && seen[number] < 2)
            seen[number]++;
    }
    arena_free(arena);

    return ok;
}

static bool
read_all(struct service *service, const struct load_ledger *ledger, uint8_t *seen, struct err *err)
{
    const struct target *target = &service->target;
    struct client client;
    uint64_t offset = 0;
    bool ok = true;

    service_init_client(service, &client, ASK_MS);
    for (unsigned page = 0; page < PAGES_MAX; page++) {
        struct client_response response;
        uint64_t rows = 0;
        char number[24];

        snprintf(number, sizeof(number), "%llu", (unsigned long long)offset);
        client_ask(&client, "GET",
                   target_fill(service->arena, target->read_path, "{offset}", number), NULL,
                   STR_NULL, &response);
        if (response.outcome != CLIENT_ANSWERED || response.status / 100 != 2) {
            ok = err_set(err, ERR_UNAVAILABLE, "", "unable to read the rows back: %s %d",
                         client_describe(response.outcome), response.status);
            break;
        }
        if (!count_page(response.body, target, ledger, seen, &rows)) {
            ok = err_set(err, ERR_UNAVAILABLE, "",
                         "unable to read the rows back: no JSON array of objects with '%s'",
                         target->read_key);
            break;
        }
        if (rows == 0)
            break;
        offset += rows;
    }
    client_fini(&client);

    return ok;
}

bool
ledger_count(struct service *service, const struct load_ledger *ledger, struct ledger_count *out,
             struct err *err)
{
    uint8_t *seen = xcalloc(ledger->count + 1, 1);
    bool ok = read_all(service, ledger, seen, err);

    *out = (struct ledger_count){0};
    for (uint64_t i = 0; ok && i < ledger->count; i++) {
        enum load_fate fate = (enum load_fate)ledger->fates[i];

        out->acknowledged += fate == LOAD_ACKNOWLEDGED;
        out->refused += fate == LOAD_REFUSED;
        out->unknown += fate == LOAD_UNKNOWN;
        out->lost += fate == LOAD_ACKNOWLEDGED && seen[i] == 0;
        out->ghosts += fate == LOAD_REFUSED && seen[i] > 0;
        out->duplicated += seen[i] > 1;
        out->found += seen[i] > 0;
    }
    free(seen);

    return ok;
}
