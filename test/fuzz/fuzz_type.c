/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input functions: what a type takes, it prints so that it takes it again as the same value,
 * and the JSON of it is JSON. The first byte picks the type; from FIRST_ARRAY on an array of it.
 */
#include "core/json.h"
#include "fuzz.h"
#include "sql/type.h"

#define ARENA_MAX ((size_t)256 << 20)
#define OUT_MAX ((size_t)32 << 20)
#define FIRST_ARRAY 0xE0

static const char *const names[] = {
    "boolean",     "smallint",     "integer",       "bigint",  "real",       "float8",
    "numeric",     "numeric(9,3)", "numeric(2,-3)", "text",    "varchar(5)", "char(5)",
    "bytea",       "date",         "time",          "time(2)", "timestamp",  "timestamp(1)",
    "timestamptz", "uuid",         "json",          "jsonb",
};

static void
check_json(const struct type *type, const struct value *value, struct arena *arena)
{
    struct json_limits limits = {
        .max_depth = 1000, .allow_duplicate_keys = true, .allow_nul = true};
    struct json *json;
    struct err err;
    struct buf out;

    buf_init(&out, OUT_MAX);
    type_write_json(&out, type, value);
    /* json keeps lone surrogates, which core/json.h refuses. */
    if (buf_ok(&out) && type->id != TYPE_JSON)
        FUZZ_CHECK(json_parse(buf_str(&out), limits, arena, &json, &err));
    buf_fini(&out);
}

static void
check_again(const struct type *type, const struct value *value, struct arena *arena)
{
    struct value again;
    struct err err;
    struct buf out;

    buf_init(&out, OUT_MAX);
    type_write_output(&out, type, value);
    FUZZ_CHECK(buf_ok(&out));
    FUZZ_CHECK(type_input(type, buf_str(&out), arena, &again, &err));
    FUZZ_CHECK(again.kind == value->kind);
    if (value->kind == VALUE_INT)
        FUZZ_CHECK(again.i == value->i);
    else if (value->kind == VALUE_REAL)
        FUZZ_CHECK(memcmp(&again.f, &value->f, sizeof(again.f)) == 0);
    else
        FUZZ_CHECK(str_eq(again.s, value->s));
    buf_fini(&out);
}

static const char *const item_names[] = {"integer",     "text",       "numeric(9,3)",
                                         "timestamptz", "varchar(5)", "boolean"};

static void
pick_type(unsigned char byte, struct type *type, struct type *elem)
{
    if (byte < FIRST_ARRAY) {
        FUZZ_CHECK(type_parse_name(str_from(names[byte % COUNTOF(names)]), type));
        return;
    }
    FUZZ_CHECK(type_parse_name(str_from(item_names[byte % COUNTOF(item_names)]), elem));
    *type = *type_builtin(TYPE_ARRAY);
    type->elem = elem;
}

void
fuzz_one(struct str input)
{
    struct arena *arena;
    struct type type;
    struct type elem;
    struct type text;
    struct value value;
    struct value cast;
    struct err err = {0};

    if (input.len == 0)
        return;
    pick_type((unsigned char)input.data[0], &type, &elem);
    FUZZ_CHECK(type_parse_name(STR("text"), &text));
    arena = arena_new((size_t)16 << 10, ARENA_MAX);
    if (type_input(&type, str_slice(input, 1, input.len), arena, &value, &err)) {
        check_again(&type, &value, arena);
        check_json(&type, &value, arena);
        FUZZ_CHECK(type_cast_value(&type, &value, &text, arena, &cast, &err));
        FUZZ_CHECK(cast.kind == VALUE_TEXT && str_is_utf8(cast.s));
    } else {
        FUZZ_CHECK(strlen(err.code) == 5 && err.message[0] != '\0');
    }
    arena_free(arena);
}
