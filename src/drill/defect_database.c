/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/defect_database.h"

#include <stdatomic.h>

static void
answer(struct client_response *response, int status, struct str body)
{
    response->status = status;
    response->body = body;
}

static void
drop_retry_after(struct client_response *response)
{
    for (unsigned i = 0; i < response->header_count; i++) {
        if (str_eq_nocase(response->headers[i].name, STR("Retry-After")))
            response->headers[i--] = response->headers[--response->header_count];
    }
}

/* A refusal for want of room says that the database is there. */
static bool
says_full(const struct client_response *response)
{
    return response->status == 503 &&
           memmem(response->body.data, response->body.len, "\"53100\"", 7) != NULL;
}

void
defect_spoil_absence(const char *name, struct str method, struct str path,
                     struct client_response *response)
{
    static atomic_bool was_away;
    bool is_away = response->status == 503 && !says_full(response);
    bool is_write = str_eq(method, STR("POST"));

    if (is_away && str_eq(path, STR("/readyz")))
        atomic_store(&was_away, true);
    if (strcmp(name, "ready-without-database") == 0 && is_away && str_eq(path, STR("/readyz")))
        answer(response, 200, STR("{\"status\":\"ok\"}"));
    /* Its connections are gone for good, as a client library has it that makes none again. */
    if (strcmp(name, "stays-away") == 0 && atomic_load(&was_away) &&
        !str_has_prefix(path, STR("/livez")))
        answer(response, 503, STR("{}"));
    if (strcmp(name, "keeps-it-in-memory") == 0 && is_away && is_write)
        answer(response, 201, STR(""));
    if (strcmp(name, "errors-without-database") == 0 && is_away && is_write)
        answer(response, 500, STR("{}"));
    if (strcmp(name, "no-retry-after") == 0 && is_away)
        drop_retry_after(response);
}

void
defect_spoil_fullness(const char *name, struct str method, struct str path,
                      struct client_response *response)
{
    static atomic_bool is_full, was_full;
    bool is_api = str_has_prefix(path, STR("/rest/"));
    bool is_write = is_api && str_eq(method, STR("POST"));
    bool is_refused = is_write && says_full(response);

    if (is_refused)
        atomic_store(&was_full, true);
    if (is_refused || (is_write && response->status / 100 == 2))
        atomic_store(&is_full, is_refused);
    if (strcmp(name, "says-done-without-room") == 0 && is_refused)
        answer(response, 201, STR(""));
    if (strcmp(name, "errors-without-room") == 0 && is_refused)
        answer(response, 500, STR("{}"));
    if (strcmp(name, "reads-need-room") == 0 && atomic_load(&is_full) && is_api && !is_write)
        answer(response, 503, STR("{}"));
    if (strcmp(name, "stays-full") == 0 && atomic_load(&was_full) && is_write)
        answer(response, 503, STR("{}"));
}
