/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database in memory that migrations are applied to, as the engine does it: the steps run in
 * order, and errors have the place in the migration in front.
 */
#ifndef CAIRN_TEST_SQL_LITE_H
#define CAIRN_TEST_SQL_LITE_H

#include "db/sqlite/functions.h"
#include "sql/migration.h"
#include "unit/unit.h"

struct lite {
    sqlite3 *db;
    struct functions_env env;
    struct model *model;
    unsigned steps; /* run so far */
    unsigned rows;  /* of all steps */
};

static inline bool
lite_exec(struct lite *lite, const char *sql)
{
    char *message = NULL;
    bool ok = sqlite3_exec(lite->db, sql, NULL, NULL, &message) == SQLITE_OK;

    if (!ok)
        print_message("%s: %s\n", sql, message);
    sqlite3_free(message);
    return ok;
}

static inline bool
lite_nextval(void *ctx, struct str name, int64_t *out, struct err *err)
{
    struct lite *lite = ctx;
    sqlite3_stmt *stmt = NULL;
    bool found;

    sqlite3_prepare_v2(lite->db,
                       "UPDATE cairn_sequence SET last_value = last_value + increment * is_called, "
                       "is_called = 1 WHERE name = ?1 RETURNING last_value",
                       -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, name.data, (int)name.len, SQLITE_STATIC);
    found = sqlite3_step(stmt) == SQLITE_ROW;
    *out = found ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return found || err_set(err, ERR_DB, "42P01", "no such sequence");
}

static inline bool
lite_setval(void *ctx, struct str name, int64_t value, bool is_called, struct err *err)
{
    struct lite *lite = ctx;
    sqlite3_stmt *stmt = NULL;

    (void)err;
    sqlite3_prepare_v2(lite->db,
                       "UPDATE cairn_sequence SET last_value = ?2, is_called = ?3 WHERE name = ?1",
                       -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, name.data, (int)name.len, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, value);
    sqlite3_bind_int(stmt, 3, is_called);
    sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return true;
}

static inline void
lite_open(struct lite *lite)
{
    *lite = (struct lite){.model = model_new()};
    /* 2023-11-14 22:13:20 */
    lite->env = (struct functions_env){
        .now_us = 1700000000000000,
        .nextval = lite_nextval,
        .currval = lite_nextval,
        .setval = lite_setval,
        .nextval_ctx = lite,
    };
    assert_int_equal(sqlite3_open(":memory:", &lite->db), SQLITE_OK);
    assert_true(functions_register(lite->db, &lite->env));
    assert_true(lite_exec(
        lite, "CREATE TABLE cairn_sequence(name TEXT PRIMARY KEY, last_value INTEGER NOT NULL, "
              "is_called INTEGER NOT NULL, start_value INTEGER NOT NULL, increment INTEGER NOT "
              "NULL, min_value INTEGER NOT NULL, max_value INTEGER NOT NULL, cycle INTEGER NOT "
              "NULL); BEGIN"));
}

static inline void
lite_close(struct lite *lite)
{
    model_free(lite->model);
    sqlite3_close(lite->db);
}

static inline void
lite_bind(sqlite3_stmt *stmt, int index, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        sqlite3_bind_null(stmt, index);
        break;
    case VALUE_INT:
        sqlite3_bind_int64(stmt, index, value->i);
        break;
    case VALUE_REAL:
        sqlite3_bind_double(stmt, index, value->f);
        break;
    case VALUE_TEXT:
        sqlite3_bind_text64(stmt, index, value->s.len > 0 ? value->s.data : "", value->s.len,
                            SQLITE_STATIC, SQLITE_UTF8);
        break;
    case VALUE_BLOB:
        sqlite3_bind_blob64(stmt, index, value->s.len > 0 ? value->s.data : "", value->s.len,
                            SQLITE_STATIC);
        break;
    }
}

static inline bool
lite_fail(struct lite *lite, const struct migration_step *step, uint32_t line, struct err *err)
{
    struct err cause = {0};

    if (!functions_split_error(sqlite3_errmsg(lite->db), &cause))
        err_set(&cause, ERR_DB,
                sqlite3_extended_errcode(lite->db) == SQLITE_CONSTRAINT_UNIQUE ||
                        sqlite3_extended_errcode(lite->db) == SQLITE_CONSTRAINT_PRIMARYKEY ||
                        sqlite3_extended_errcode(lite->db) == SQLITE_CONSTRAINT_ROWID
                    ? "23505"
                : sqlite3_extended_errcode(lite->db) == SQLITE_CONSTRAINT_CHECK ? "23514"
                                                                                : "XX000",
                "%s in %.*s", sqlite3_errmsg(lite->db), STR_ARG(step->sql));
    err_set(err, ERR_MIGRATION, cause.code, "%.*s:%u:%u: %s", STR_ARG(step->file), line,
            step->column, cause.message);
    if (cause.has_details)
        err_details(err, "%s", cause.details);
    return false;
}

static inline bool
lite_step(void *ctx, const struct migration_step *step, struct err *err)
{
    struct lite *lite = ctx;
    sqlite3_stmt *stmt = NULL;
    bool ok = true;

    assert_true(step->row_count >= 1);
    lite->steps++;
    if (sqlite3_prepare_v2(lite->db, step->sql.data, (int)step->sql.len, &stmt, NULL) != SQLITE_OK)
        return lite_fail(lite, step, step->line, err);
    assert_int_equal(sqlite3_bind_parameter_count(stmt), step->param_count);
    for (uint32_t row = 0; row < step->row_count && ok; row++) {
        int rc;

        for (uint32_t i = 0; i < step->param_count; i++)
            lite_bind(stmt, (int)i + 1, &step->params[row * step->param_count + i]);
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
            continue;
        ok =
            rc == SQLITE_DONE ||
            lite_fail(lite, step, step->row_lines != NULL ? step->row_lines[row] : step->line, err);
        sqlite3_reset(stmt);
        lite->rows++;
    }
    sqlite3_finalize(stmt);
    return ok;
}

/* Puts the model in the place of the database's, as it reads back from its record. */
static inline void
lite_record(struct lite *lite, const struct model *model)
{
    struct model *read = NULL;
    struct err err = {0};
    struct buf first;
    struct buf second;

    buf_init(&first, (size_t)64 << 20);
    buf_init(&second, (size_t)64 << 20);
    model_write_json(&first, model);
    assert_ok(model_read_json(buf_str(&first), &read, &err));
    model_write_json(&second, read);
    assert_true(buf_ok(&first) && str_eq(buf_str(&first), buf_str(&second)));
    model_free(lite->model);
    lite->model = read;
    buf_fini(&first);
    buf_fini(&second);
}

/* The same model, on its own. */
static inline struct model *
lite_copy_model(const struct model *model)
{
    struct model *copy = NULL;
    struct err err = {0};
    struct buf record;

    buf_init(&record, (size_t)64 << 20);
    model_write_json(&record, model);
    assert_ok(model_read_json(buf_str(&record), &copy, &err));
    buf_fini(&record);
    return copy;
}

/* Applies one migration, or nothing of it. */
static inline bool
lite_migrate(struct lite *lite, const char *name, struct str text, struct err *err)
{
    const struct migration_sink sink = {.run = lite_step, .ctx = lite};
    struct model *model = lite_copy_model(lite->model);
    bool ok;

    assert_true(lite_exec(lite, "SAVEPOINT migration"));
    ok = migration_translate(str_from(name), text, model, &sink, err);
    if (ok)
        lite_record(lite, model);
    else
        assert_true(lite_exec(lite, "ROLLBACK TO migration"));
    assert_true(lite_exec(lite, "RELEASE migration"));
    model_free(model);
    return ok;
}

/* The rows of a query: cells joined by "|", rows by newlines; NULL is empty. */
static inline void
lite_query(struct lite *lite, struct str sql, struct buf *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(lite->db, sql.data, (int)sql.len, &stmt, NULL);
    bool first = true;

    if (rc != SQLITE_OK)
        buf_printf(out, "error: %s", sqlite3_errmsg(lite->db));
    while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        if (!first)
            buf_add_char(out, '\n');
        first = false;
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const unsigned char *text = sqlite3_column_text(stmt, i);

            buf_printf(out, "%s%s", i > 0 ? "|" : "", text != NULL ? (const char *)text : "");
        }
    }
    sqlite3_finalize(stmt);
}

#endif
