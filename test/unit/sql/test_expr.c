/* SPDX-License-Identifier: Apache-2.0 */
/* expressions.tsv holds what PostgreSQL 15 answers. */
#include "unit/sql/lite.h"
#include "unit/table.h"

static const char *rows_path;
static const char *table_path;

static struct str
read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = xmalloc((size_t)1 << 20);
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, (size_t)1 << 20, file);
    fclose(file);
    return str_make(text, len);
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
read_cell(sqlite3_stmt *stmt, struct value *out)
{
    switch (sqlite3_column_type(stmt, 0)) {
    case SQLITE_INTEGER:
        *out = (struct value){.kind = VALUE_INT, .i = sqlite3_column_int64(stmt, 0)};
        break;
    case SQLITE_FLOAT:
        *out = (struct value){.kind = VALUE_REAL, .f = sqlite3_column_double(stmt, 0)};
        break;
    case SQLITE_BLOB:
        out->kind = VALUE_BLOB;
        out->s = str_make(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
        break;
    default:
        out->kind = VALUE_TEXT;
        out->s = str_make((const char *)sqlite3_column_text(stmt, 0),
                          (size_t)sqlite3_column_bytes(stmt, 0));
    }
}

/* The view's only column: its rows in the table's form, or E and the error's code. */
static void
read_rows(struct lite *lite, const struct type *type, struct buf *out)
{
    sqlite3_stmt *stmt = NULL;
    char *lines[64];
    size_t count = 0;
    int rc;

    assert_int_equal(sqlite3_prepare_v2(lite->db, "SELECT * FROM e", -1, &stmt, NULL), SQLITE_OK);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct value value = {0};
        struct buf line;

        buf_init(&line, 65536);
        read_cell(stmt, &value);
        if (sqlite3_column_type(stmt, 0) == SQLITE_NULL)
            BUF_ADD_LIT(&line, "\\N");
        else
            type_write_output(&line, type, &value);
        assert_true(count < COUNTOF(lines));
        lines[count++] = xstrdup(buf_cstr(&line));
        buf_fini(&line);
    }
    qsort(lines, count, sizeof(*lines), compare_lines);
    if (rc != SQLITE_DONE) {
        struct err err = {0};

        functions_split_error(sqlite3_errmsg(lite->db), &err);
        buf_printf(out, "E %s", err.code);
    }
    for (size_t i = 0; i < count; i++) {
        if (rc == SQLITE_DONE)
            buf_printf(out, "%s%s", i > 0 ? "\n" : "", lines[i]);
        free(lines[i]);
    }
    sqlite3_finalize(stmt);
}

static bool
check_row(struct lite *lite, const struct table *table)
{
    struct err err = {0};
    struct buf sql;
    struct buf type;
    struct buf rows;
    bool ok;

    buf_init(&sql, 65536);
    buf_init(&type, 65536);
    buf_init(&rows, 65536);
    buf_printf(&sql, "DROP VIEW IF EXISTS e; CREATE VIEW e AS SELECT %.*s FROM t;",
               STR_ARG(table->cells[0]));
    if (!lite_migrate(lite, "e.sql", buf_str(&sql), &err)) {
        buf_printf(&type, "%s", err.message);
    } else {
        const struct model_table *view = model_find_table(lite->model, STR("public"), STR("e"));

        assert_non_null(view);
        buf_printf(&type, "%.*s %.*s", STR_ARG(view->columns[0].name),
                   STR_ARG(view->columns[0].type.name));
        read_rows(lite, &view->columns[0].type, &rows);
    }
    ok = str_eq(buf_str(&type), table->cells[1]) && str_eq(buf_str(&rows), table->cells[2]);
    if (!ok)
        print_message("line %u, %.*s:\n want %.*s: %.*s\n have %.*s: %.*s\n", table->line,
                      STR_ARG(table->cells[0]), STR_ARG(table->cells[1]), STR_ARG(table->cells[2]),
                      STR_ARG(buf_str(&type)), STR_ARG(buf_str(&rows)));
    buf_fini(&sql);
    buf_fini(&type);
    buf_fini(&rows);
    return ok;
}

static void
expressions_have_postgresqls_types_and_values(void **state)
{
    struct table table;
    struct lite lite;
    struct err err = {0};
    struct str text = read_file(rows_path);
    unsigned count = 0;
    unsigned bad = 0;

    (void)state;
    lite_open(&lite);
    assert_ok(lite_migrate(&lite, "expressions.sql", text, &err));
    assert_true(table_open(&table, table_path));
    for (; table_next(&table); count++) {
        assert_int_equal(table.count, 3);
        bad += !check_row(&lite, &table);
    }
    table_close(&table);
    lite_close(&lite);
    free((void *)(uintptr_t)text.data);
    assert_true(count > 300);
    assert_int_equal(bad, 0);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_postgresqls_types_and_values),
    };

    if (argc != 3)
        return 2;
    rows_path = argv[1];
    table_path = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
