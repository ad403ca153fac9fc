/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the rows that are there hold to a constraint: a query that raises PostgreSQL's error for
 * the first one that does not, and else gives nothing.
 */
#include "sql/ddl.h"
#include "sql/quote.h"

/* Of a row, in an error's details. */
#define MAX_SHOWN_COLUMNS 16
#define MAX_SHOWN_TEXT "64"

/* SELECT cairn_raise('code', 'message', details) with the details still to come. */
static void
begin_raise(struct buf *out, const char *code, struct str message)
{
    buf_printf(out, "SELECT cairn_raise('%s', ", code);
    quote_text(out, message);
    BUF_ADD_LIT(out, ", ");
}

static void
add_text(struct buf *out, struct str text)
{
    quote_text(out, text);
}

/* 'a, b' of names as part of a text. */
static struct str
list_names(struct arena *arena, const struct str *names, uint32_t count)
{
    struct buf buf;

    apply_buf(&buf);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&buf, ", ");
        buf_add_str(&buf, names[i]);
    }
    return apply_take(arena, &buf);
}

static void
add_shown_value(struct buf *out, struct str qualifier, struct str name)
{
    BUF_ADD_LIT(out, "coalesce(substr(CAST(");
    buf_add_str(out, qualifier);
    quote_ident(out, name);
    BUF_ADD_LIT(out, " AS TEXT), 1, " MAX_SHOWN_TEXT "), 'null')");
}

/* 'Failing row contains (...).' */
static void
add_row_details(struct buf *out, const struct model_table *table)
{
    uint32_t count =
        table->column_count < MAX_SHOWN_COLUMNS ? table->column_count : MAX_SHOWN_COLUMNS;

    add_text(out, STR("Failing row contains ("));
    for (uint32_t i = 0; i < count; i++) {
        buf_add_str(out, i > 0 ? STR(" || ', ' || ") : STR(" || "));
        add_shown_value(out, STR_NULL, table->columns[i].name);
    }
    BUF_ADD_LIT(out, " || ");
    add_text(out, count < table->column_count ? STR(", ...).") : STR(")."));
}

/* 'Key (a, b)=(1, 2)' and the rest of the sentence. */
static void
add_key_details(struct buf *out, struct str names, struct str qualifier, const struct str *columns,
                uint32_t count, struct str rest)
{
    struct buf text;

    apply_buf(&text);
    buf_printf(&text, "Key (%.*s)=(", STR_ARG(names));
    add_text(out, buf_str(&text));
    for (uint32_t i = 0; i < count; i++) {
        buf_add_str(out, i > 0 ? STR(" || ', ' || ") : STR(" || "));
        add_shown_value(out, qualifier, columns[i]);
    }
    buf_clear(&text);
    buf_printf(&text, ")%.*s", STR_ARG(rest));
    BUF_ADD_LIT(out, " || ");
    add_text(out, buf_str(&text));
    buf_fini(&text);
}

static bool
finish(struct apply *a, size_t at, struct buf *sql)
{
    return apply_run(a, at, apply_take(a->tmp, sql));
}

static bool
check_condition(struct apply *a, const struct model_table *table, struct str from,
                const struct model_check *check, size_t at)
{
    struct buf sql;

    apply_buf(&sql);
    begin_raise(&sql, "23514",
                arena_printf(a->tmp,
                             "check constraint \"%.*s\" of relation \"%.*s\" is violated by some "
                             "row",
                             STR_ARG(check->name), STR_ARG(table->name)));
    add_row_details(&sql, table);
    BUF_ADD_LIT(&sql, ") FROM ");
    buf_add_str(&sql, from);
    BUF_ADD_LIT(&sql, " WHERE NOT (");
    buf_add_str(&sql, check->sqlite_sql);
    BUF_ADD_LIT(&sql, ") LIMIT 1");
    return finish(a, at, &sql);
}

static bool
check_not_null(struct apply *a, const struct model_table *table, struct str from, struct str column,
               size_t at)
{
    struct buf sql;

    apply_buf(&sql);
    begin_raise(&sql, "23502",
                arena_printf(a->tmp, "column \"%.*s\" of relation \"%.*s\" contains null values",
                             STR_ARG(column), STR_ARG(table->name)));
    add_row_details(&sql, table);
    BUF_ADD_LIT(&sql, ") FROM ");
    buf_add_str(&sql, from);
    BUF_ADD_LIT(&sql, " WHERE ");
    quote_ident(&sql, column);
    BUF_ADD_LIT(&sql, " IS NULL LIMIT 1");
    return finish(a, at, &sql);
}

static bool
check_key(struct apply *a, const struct model_table *table, struct str from,
          const struct model_key *key, size_t at)
{
    struct str *names = ARENA_ARRAY(a->tmp, struct str, key->column_count);
    struct buf sql;

    for (uint32_t i = 0; i < key->column_count; i++)
        names[i] = table->columns[key->columns[i]].name;
    apply_buf(&sql);
    begin_raise(&sql, "23505",
                arena_printf(a->tmp, "could not create unique index \"%.*s\"", STR_ARG(key->name)));
    add_key_details(&sql, list_names(a->tmp, names, key->column_count), STR_NULL, names,
                    key->column_count, STR(" is duplicated."));
    BUF_ADD_LIT(&sql, ") FROM ");
    buf_add_str(&sql, from);
    for (uint32_t i = 0; i < key->column_count; i++) {
        buf_add_str(&sql, i == 0 ? STR(" WHERE ") : STR(" AND "));
        quote_ident(&sql, names[i]);
        BUF_ADD_LIT(&sql, " IS NOT NULL");
    }
    for (uint32_t i = 0; i < key->column_count; i++) {
        buf_add_str(&sql, i == 0 ? STR(" GROUP BY ") : STR(", "));
        quote_ident(&sql, names[i]);
    }
    BUF_ADD_LIT(&sql, " HAVING count(*) > 1 LIMIT 1");
    return finish(a, at, &sql);
}

bool
ddl_check_unique(struct apply *a, struct str from, struct str keys, struct str condition,
                 struct str name, size_t at)
{
    struct buf sql;

    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "SELECT cairn_raise('23505', ");
    quote_text(&sql, arena_printf(a->tmp, "could not create unique index \"%.*s\"", STR_ARG(name)));
    BUF_ADD_LIT(&sql, ", 'Key is duplicated.') FROM (SELECT ");
    buf_add_str(&sql, keys);
    BUF_ADD_LIT(&sql, " FROM ");
    buf_add_str(&sql, from);
    if (condition.len > 0) {
        BUF_ADD_LIT(&sql, " WHERE ");
        buf_add_str(&sql, condition);
    }
    BUF_ADD_LIT(&sql, " GROUP BY ");
    buf_add_str(&sql, keys);
    BUF_ADD_LIT(&sql, " HAVING count(*) > 1) LIMIT 1");
    return finish(a, at, &sql);
}

bool
ddl_check_rows(struct apply *a, const struct model_table *table, struct str from,
               enum ddl_rule rule, struct str name, size_t at)
{
    switch (rule) {
    case DDL_CHECK:
        for (uint32_t i = 0; i < table->check_count; i++) {
            if (str_eq(table->checks[i].name, name))
                return check_condition(a, table, from, &table->checks[i], at);
        }
        return true;
    case DDL_UNIQUE:
        for (uint32_t i = 0; i < table->key_count; i++) {
            if (str_eq(table->keys[i].name, name))
                return check_key(a, table, from, &table->keys[i], at);
        }
        return true;
    case DDL_NOT_NULL:
        return model_find_column(table, name) == NULL ||
               !model_find_column(table, name)->not_null ||
               check_not_null(a, table, from, name, at);
    case DDL_FOREIGN:
        break; /* at the end, when all tables are there: ddl_check_foreign */
    }
    return true;
}

bool
ddl_check_foreign(struct apply *a, const struct model_table *table,
                  const struct model_foreign_key *key, bool is_written, size_t at)
{
    const struct model_table *ref = model_find_table(a->model, key->ref_schema, key->ref_table);
    struct str *names = ARENA_ARRAY(a->tmp, struct str, key->column_count);
    struct buf sql;

    if (ref == NULL)
        return true;
    for (uint32_t i = 0; i < key->column_count; i++)
        names[i] = table->columns[key->columns[i]].name;
    apply_buf(&sql);
    if (is_written) {
        begin_raise(&sql, "23503",
                    arena_printf(a->tmp,
                                 "insert or update on table \"%.*s\" violates foreign key "
                                 "constraint \"%.*s\"",
                                 STR_ARG(table->name), STR_ARG(key->name)));
        add_key_details(
            &sql, list_names(a->tmp, names, key->column_count), STR("c."), names, key->column_count,
            arena_printf(a->tmp, " is not present in table \"%.*s\".", STR_ARG(ref->name)));
    } else {
        begin_raise(&sql, "23503",
                    arena_printf(a->tmp,
                                 "update or delete on table \"%.*s\" violates foreign key "
                                 "constraint \"%.*s\" on table \"%.*s\"",
                                 STR_ARG(ref->name), STR_ARG(key->name), STR_ARG(table->name)));
        add_key_details(&sql, list_names(a->tmp, key->ref_columns, key->column_count), STR("c."),
                        names, key->column_count,
                        arena_printf(a->tmp, " is still referenced from table \"%.*s\".",
                                     STR_ARG(table->name)));
    }
    BUF_ADD_LIT(&sql, ") FROM ");
    quote_ident(&sql, table->sqlite_name);
    BUF_ADD_LIT(&sql, " AS c WHERE ");
    for (uint32_t i = 0; i < key->column_count; i++) {
        BUF_ADD_LIT(&sql, "c.");
        quote_ident(&sql, names[i]);
        BUF_ADD_LIT(&sql, " IS NOT NULL AND ");
    }
    BUF_ADD_LIT(&sql, "NOT EXISTS (SELECT 1 FROM ");
    quote_ident(&sql, ref->sqlite_name);
    BUF_ADD_LIT(&sql, " AS p");
    for (uint32_t i = 0; i < key->column_count; i++) {
        buf_add_str(&sql, i == 0 ? STR(" WHERE p.") : STR(" AND p."));
        quote_ident(&sql, key->ref_columns[i]);
        BUF_ADD_LIT(&sql, " = c.");
        quote_ident(&sql, names[i]);
    }
    BUF_ADD_LIT(&sql, ") LIMIT 1");
    return finish(a, at, &sql);
}
