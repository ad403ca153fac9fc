/* SPDX-License-Identifier: Apache-2.0 */
/* Time, chance, sequences, errors and casts. */
#include "core/clock.h"
#include "core/err_local.h"
#include "db/sqlite/functions_impl.h"
#include "sql/datetime.h"
#include "sql/zone.h"

#define SHOWN_MAX 64 /* bytes of a value in "Failing row contains", as PostgreSQL */

static void
result_timestamp(struct fn *fn, sqlite3_context *ctx, int64_t usec)
{
    datetime_write_timestamp(&fn->out, usec, true, 'T');
    fn_result_out(fn, ctx);
}

static void
call_now(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    result_timestamp(fn, ctx, fn->env->now_us);
}

static void
call_clock(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    result_timestamp(fn, ctx, clock_wall_us());
}

static void
call_uuid(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    char text[36];
    size_t len = 0;

    random_bytes(bytes, sizeof(bytes));
    /* RFC 9562: version 4, variant 10. */
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[len++] = '-';
        text[len++] = digits[bytes[i] >> 4];
        text[len++] = digits[bytes[i] & 15];
    }
    fn_result_str(ctx, str_make(text, len));
}

static void
fail_no_sequences(sqlite3_context *ctx, const char *name)
{
    ERR_LOCAL(err);

    err_set(&err, ERR_DB, "25006", "cannot execute %s() in a read-only transaction", name);
    fn_fail(ctx, &err);
}

static void
call_nextval(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ERR_LOCAL(err);
    int64_t value;

    if (fn->env->nextval == NULL)
        fail_no_sequences(ctx, "nextval");
    else if (fn->env->nextval(fn->env->nextval_ctx, fn_text_of(argv[0]), &value, &err))
        sqlite3_result_int64(ctx, value);
    else
        fn_fail(ctx, &err);
}

static void
call_currval(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ERR_LOCAL(err);
    int64_t value;

    if (fn->env->currval == NULL)
        fail_no_sequences(ctx, "currval");
    else if (fn->env->currval(fn->env->nextval_ctx, fn_text_of(argv[0]), &value, &err))
        sqlite3_result_int64(ctx, value);
    else
        fn_fail(ctx, &err);
}

static void
call_setval(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    bool is_called = argc < 3 || sqlite3_value_int(argv[2]) != 0;
    int64_t value = sqlite3_value_int64(argv[1]);
    ERR_LOCAL(err);

    if (fn->env->setval == NULL)
        fail_no_sequences(ctx, "setval");
    else if (fn->env->setval(fn->env->nextval_ctx, fn_text_of(argv[0]), value, is_called, &err))
        sqlite3_result_int64(ctx, value);
    else
        fn_fail(ctx, &err);
}

/* Fails when the file is not where it was: what is written now would be gone with the process. */
static void
call_check_file(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ERR_LOCAL(err);
    int has_moved = 0;

    sqlite3_file_control(sqlite3_context_db_handle(ctx), "main", SQLITE_FCNTL_HAS_MOVED,
                         &has_moved);
    if (has_moved != 0) {
        err_set(&err, ERR_DB, "58030", "the database file was moved or deleted");
        err_hint(&err, "put it back, or stop the service and restore it");
        fn_fail(ctx, &err);
        return;
    }
    sqlite3_result_int(ctx, 1);
}

static void
call_raise(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str code = fn_text_of(argv[0]);
    ERR_LOCAL(err);
    char code_text[6] = "XX000";

    if (fn_is_null(argv[0]))
        return;
    if (code.len == 5)
        memcpy(code_text, code.data, 5);
    err_set(&err, ERR_DB, code_text, "%.*s", STR_ARG(fn_text_of(argv[1])));
    if (!fn_is_null(argv[2]))
        err_details(&err, "%.*s", STR_ARG(fn_text_of(argv[2])));
    fn_fail(ctx, &err);
}

/* An assignment is a cast that cuts nothing. */
static bool
assign(const struct type *from, const struct value *value, const struct type *to,
       struct arena *arena, struct value *out, struct err *err)
{
    const struct type *plain = type_builtin(TYPE_TEXT);

    if (to->id != TYPE_VARCHAR && to->id != TYPE_BPCHAR)
        return type_cast_value(from, value, to, arena, out, err);
    /* The blanks of a char(n) belong to its text on the way to another char(n). */
    if (from->id != TYPE_BPCHAR || to->id != TYPE_BPCHAR || value->kind != VALUE_TEXT) {
        if (!type_cast_value(from, value, plain, arena, out, err))
            return false;
    } else {
        *out = *value;
    }
    return out->kind == VALUE_NULL || type_input(to, out->s, arena, out, err);
}

static void
convert(struct fn *fn, sqlite3_context *ctx, sqlite3_value **argv, bool is_assignment)
{
    const struct type *from = fn_type_of(ctx, 1, argv[1], false);
    const struct type *to = from != NULL ? fn_type_of(ctx, 2, argv[2], true) : NULL;
    struct value value = fn_value_of(argv[0]);
    struct value out = {0};
    char room[ZONE_ROOM];
    ERR_LOCAL(err);
    bool ok;

    if (to == NULL)
        return;
    from = zone_before_cast(fn->env->zone, from, &value, to, room);
    ok = is_assignment ? assign(from, &value, to, fn->scratch, &out, &err)
                       : type_cast_value(from, &value, to, fn->scratch, &out, &err);
    if (!ok)
        fn_fail(ctx, &err);
    else if (arena_is_exhausted(fn->scratch))
        fn_fail_with(ctx, "54000", "the result is too large");
    else
        fn_result(ctx, &out);
}

static void
call_cast(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    convert(fn, ctx, argv, false);
}

/* A text as a value of an enum: its name and labels stand behind it. */
static void
call_enum(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str *labels = ARENA_ARRAY(fn->scratch, struct str, (size_t)argc);
    struct type type = *type_builtin(TYPE_ENUM);
    struct value value = fn_value_of(argv[0]);
    struct value out = {0};
    ERR_LOCAL(err);

    for (int i = 2; i < argc; i++)
        labels[i - 2] = fn_value_of(argv[i]).s;
    type.name = argc > 1 ? fn_value_of(argv[1]).s : STR_NULL;
    type.labels = labels;
    type.label_count = argc > 2 ? (uint32_t)argc - 2 : 0;
    if (type_input(&type, value.s, fn->scratch, &out, &err))
        fn_result(ctx, &value);
    else
        fn_fail(ctx, &err);
}

static void
call_assign(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    convert(fn, ctx, argv, true);
}

/* A value as "Failing row contains" has it: PostgreSQL's execMain.c shows at most so much of
 * one. */
static void
call_shown(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct type *type = fn_type_of(ctx, 1, argv[1], false);
    struct value value = fn_value_of(argv[0]);
    struct str text;
    size_t end = 0;

    if (type == NULL)
        return;
    if (fn_is_null(argv[0])) {
        fn_result_str(ctx, STR("null"));
        return;
    }
    type_write_output(&fn->out, type, &value);
    text = buf_str(&fn->out);
    if (text.len > SHOWN_MAX) {
        for (size_t step; (step = str_utf8_step(text, end)) > 0 && end + step <= SHOWN_MAX;)
            end += step;
        fn->out.len = end;
        BUF_ADD_LIT(&fn->out, "...");
    }
    fn_result_out(fn, ctx);
}

static const struct fn_def defs[] = {
    {"cairn_now", 0, FN_VOLATILE, call_now},
    {"cairn_clock", 0, FN_VOLATILE, call_clock},
    {"cairn_uuid", 0, FN_VOLATILE, call_uuid},
    {"cairn_nextval", 1, FN_VOLATILE, call_nextval},
    {"cairn_currval", 1, FN_VOLATILE, call_currval},
    {"cairn_setval", 2, FN_VOLATILE, call_setval},
    {"cairn_setval", 3, FN_VOLATILE, call_setval},
    {"cairn_check_file", 0, FN_VOLATILE, call_check_file},
    {"cairn_raise", 3, FN_VOLATILE | FN_NULLS, call_raise},
    {"cairn_cast", 3, 0, call_cast},
    {"cairn_assign", 3, 0, call_assign},
    {"cairn_enum", -1, 0, call_enum},
    {"cairn_shown", 2, FN_NULLS, call_shown},
};

const struct fn_defs fn_session = {defs, COUNTOF(defs)};
