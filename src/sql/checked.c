/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/checked.h"

#include "sql/quote.h"

bool
checked_is_needed(const struct apply *a, const struct model_table *table)
{
    return a->marks != NULL && (table->rls_enabled || a->view != NULL);
}

/* The row's value of a column; the key that is SQLite's row number may not be NULL. */
static void
write_value(const struct model_table *table, const struct model_column *column, bool fails_null,
            struct buf *out)
{
    struct buf name;

    apply_buf(&name);
    BUF_ADD_LIT(&name, CHECKED_ALIAS ".");
    quote_ident(&name, column->name);
    if (fails_null)
        apply_write_not_null(out, table, column, buf_str(&name));
    else
        buf_add_str(out, buf_str(&name));
    buf_fini(&name);
}

/* The same, of the first column that is written. */
static void
write_first(struct apply *a, const struct model_table *table, const struct model_column *column,
            bool fails_null, enum body_part part, struct buf *out)
{
    BUF_ADD_LIT(out, "CASE WHEN 0 THEN NULL");
    table = a->view != NULL ? a->view : table;
    body_write_check(out, part, table->schema, table->name, STR(CHECKED_ALIAS));
    BUF_ADD_LIT(out, " ELSE ");
    write_value(table, column, fails_null, out);
    BUF_ADD_LIT(out, " END");
}

/* What a generated column is made of are the others by their names, so it stands one level
 * above. */
static void
write_row_source(const struct model_table *table, struct buf *out)
{
    BUF_ADD_LIT(out, "SELECT *");
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct model_column *c = &table->columns[i];

        if (!c->is_generated)
            continue;
        buf_printf(out, ", (%.*s) AS ", STR_ARG(c->generated_sqlite));
        quote_ident(out, c->name);
    }
    BUF_ADD_LIT(out, " FROM " CHECKED_ROW);
}

static const struct write_value *
find_value(const struct write_value *values, uint32_t count, const struct model_column *column)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].column == column)
            return &values[i];
    }
    return NULL;
}

/* The row as it will be: what is set, and what stays. */
static void
write_changed_row(const struct model_table *table, struct str alias,
                  const struct write_value *values, uint32_t count, struct buf *out)
{
    const char *separator = "";

    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct model_column *c = &table->columns[i];
        const struct write_value *value = find_value(values, count, c);

        if (c->is_generated)
            continue;
        buf_printf(out, "%s", separator);
        separator = ", ";
        if (value != NULL) {
            buf_add_str(out, value->sql);
        } else {
            quote_ident(out, alias);
            buf_add_char(out, '.');
            quote_ident(out, c->name);
        }
        BUF_ADD_LIT(out, " AS ");
        quote_ident(out, c->name);
    }
}

void
checked_write_set(struct apply *a, const struct model_table *table, struct str alias,
                  const struct write_value *values, uint32_t count, struct buf *out)
{
    BUF_ADD_LIT(out, " SET ");
    if (count > 1)
        buf_add_char(out, '(');
    for (uint32_t i = 0; i < count; i++) {
        buf_add_str(out, i > 0 ? STR(", ") : STR(""));
        quote_ident(out, values[i].column->name);
    }
    if (count > 1)
        buf_add_char(out, ')');
    BUF_ADD_LIT(out, " = (WITH " CHECKED_ROW " AS MATERIALIZED (SELECT ");
    write_changed_row(table, alias, values, count, out);
    BUF_ADD_LIT(out, ") SELECT ");
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0) {
            write_first(a, table, values[i].column, values[i].fails_null, BODY_UPDATED, out);
            continue;
        }
        BUF_ADD_LIT(out, ", ");
        write_value(table, values[i].column, values[i].fails_null, out);
    }
    BUF_ADD_LIT(out, " FROM (");
    write_row_source(table, out);
    BUF_ADD_LIT(out, ") AS " CHECKED_ALIAS ")");
}

static bool
is_row_id(const struct model_table *table, const struct model_column *column)
{
    return table->rowid_pk && &table->columns[table->keys[0].columns[0]] == column;
}

static void
write_names(const struct model_table *table, const uint32_t *columns, uint32_t count,
            struct buf *out)
{
    const char *separator = "(";

    for (uint32_t i = 0; i < count; i++) {
        if (table->columns[columns[i]].is_generated)
            continue;
        buf_printf(out, "%s", separator);
        separator = ", ";
        quote_ident(out, table->columns[columns[i]].name);
    }
    buf_add_char(out, ')');
}

void
checked_write_insert(struct apply *a, const struct model_table *table, struct str with,
                     const uint32_t *columns, uint32_t count, struct str rows, struct buf *out)
{
    bool is_first = true;
    struct buf names;

    apply_buf(&names);
    write_names(table, columns, count, &names);

    BUF_ADD_LIT(out, "INSERT INTO ");
    quote_ident(out, table->sqlite_name);
    buf_printf(out, " %.*s SELECT ", STR_ARG(buf_str(&names)));
    for (uint32_t i = 0; i < count; i++) {
        const struct model_column *c = &table->columns[columns[i]];

        if (c->is_generated)
            continue;
        if (is_first) {
            write_first(a, table, c, is_row_id(table, c), BODY_INSERTED, out);
        } else {
            BUF_ADD_LIT(out, ", ");
            write_value(table, c, is_row_id(table, c), out);
        }
        is_first = false;
    }
    buf_printf(out, " FROM (WITH %.*s" CHECKED_ROW "%.*s AS MATERIALIZED (%.*s) ", STR_ARG(with),
               STR_ARG(buf_str(&names)), STR_ARG(rows));
    buf_fini(&names);
    write_row_source(table, out);
    /* WHERE keeps SQLite from reading ON CONFLICT as a join's ON. */
    BUF_ADD_LIT(out, ") AS " CHECKED_ALIAS " WHERE true");
}

void
checked_write_found(const struct apply *a, const struct model_table *table, struct str condition,
                    struct buf *out)
{
    const struct model_table *written = a->view != NULL ? a->view : table;

    BUF_ADD_LIT(out, " WHERE CASE WHEN 0 THEN NULL");
    body_write_check(out, BODY_CONFLICTING, written->schema, written->name, table->sqlite_name);
    buf_printf(out, " ELSE %.*s END", STR_ARG(condition.len > 0 ? condition : STR("true")));
}
