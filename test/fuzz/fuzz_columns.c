/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads that go to PostgreSQL as columns: what is taken for plain, the input function of its
 * type takes, and json_to_recordset() would have found the same rows.
 */
#include "fuzz.h"
#include "unit/rest/sample.h"

#define ARENA_MAX ((size_t)256 << 20)

static const char table[] =
    "CREATE TYPE mood AS ENUM ('sad', 'ok');"
    "CREATE TABLE t (a boolean, b smallint, c integer, d bigint, e real, f double precision,"
    "  g numeric, h numeric(6,2), i text, j varchar(5), k char(5), l bytea, m date, n time,"
    "  o timestamp(3), p timestamptz, q uuid, r mood, s json, t jsonb, u integer[]);";

/* A zone takes these out of the years that the embedded engine keeps, and PostgreSQL has more. */
static bool
is_at_the_edge(struct str text)
{
    return str_has_prefix(text, STR("0001-01-01")) || str_has_prefix(text, STR("9999-12-31"));
}

static void
check_row(const struct json *row, const struct payload *payload, const struct schema_table *t,
          struct arena *arena)
{
    const struct json *cursor = NULL;

    for (uint32_t i = 0; i < payload->key_count; i++) {
        const struct type *type = &schema_find_column(t, payload->keys[i])->type;
        const struct json *member = payload_find_member(row, payload->keys[i], &cursor);
        struct str text;
        struct value value;
        struct err err;

        FUZZ_CHECK(member != NULL);
        text = payload_column_text(member, type, arena);
        FUZZ_CHECK((text.data == NULL) == (member->type == JSON_NULL));
        FUZZ_CHECK(text.data == NULL || is_at_the_edge(text) ||
                   type_input(type, text, arena, &value, &err));
    }
}

void
fuzz_one(struct str input)
{
    static struct schema *schema;
    struct arena *arena = arena_new(64 * 1024, ARENA_MAX);
    const struct schema_table *t = NULL;
    struct payload payload;
    struct payload_names names = {0};
    struct err err;

    if (schema == NULL)
        schema = sample_schema_text(table);
    t = schema_find_table(schema, STR("public"), STR("t"));
    if (payload_parse(input, STR_NULL, false, 64, arena, &payload, &err)) {
        const struct json *row = payload.first;

        names.items = payload.keys;
        names.count = payload.key_count;
        if (payload_choose_way(&payload, payload.row_count, &names, t, arena) == PAYLOAD_AS_JSON)
            payload.row_count = 0;
        for (uint32_t i = 0; i < payload.row_count; i++, row = row->next)
            check_row(row, &payload, t, arena);
    }
    arena_free(arena);
}
