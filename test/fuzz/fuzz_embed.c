/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of embedded rows: whatever comes instead of what PostgreSQL prints, the answer is JSON.
 */
#include "core/arena.h"
#include "core/json.h"
#include "fuzz.h"
#include "rest/encode.h"

/* With what may be read behind them. */
static const char first[2 * BUF_BLOCK] = "{\"a\":";
static const char second[2 * BUF_BLOCK] = ",\"b\":";
static const char third[2 * BUF_BLOCK] = ",\"c\":";

static const struct encode_column names[] = {
    {.prefix = {first, 5}, .json_class = 's'},
    {.prefix = {second, 5}, .json_class = 's'},
};

static const struct encode_column rows[] = {
    {.prefix = {first, 5}, .json_class = 's'},
    {.prefix = {second, 5}, .form = ENCODE_RECORDS, .members = names, .member_count = 2},
    {.prefix = {third, 5}, .form = ENCODE_RECORD, .members = names, .member_count = 2},
};

static void
check(struct str input, enum encode_form form)
{
    const struct encode_column column = {.form = form, .members = rows, .member_count = 3};
    struct arena *arena = arena_new(4096, (size_t)256 << 20);
    struct buf out;
    const struct json_limits limits = {.max_depth = 8};
    struct json *value = NULL;
    struct err err = {0};

    buf_init(&out, (size_t)16 << 20);
    encode_records(&out, &column, input);
    FUZZ_CHECK(!buf_ok(&out) || json_parse(buf_str(&out), limits, arena, &value, &err));
    buf_fini(&out);
    arena_free(arena);
}

void
fuzz_one(struct str input)
{
    if (input.len > 4096 || !str_is_utf8(input) || memchr(input.data, '\0', input.len) != NULL)
        return;
    check(input, ENCODE_RECORD);
    check(input, ENCODE_RECORDS);
}
