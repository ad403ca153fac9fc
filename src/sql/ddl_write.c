/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model's tables as SQLite's CREATE TABLE.
 *
 * Tables are not STRICT: a REAL column also holds NaN as text, and the input functions let nothing
 * else in that does not belong. All keys have their names, because errors show them.
 */
#include "sql/ddl.h"
#include "sql/quote.h"

static void
write_names(struct buf *out, const struct model_table *table, const uint32_t *columns,
            uint32_t count)
{
    buf_add_char(out, '(');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        quote_ident(out, table->columns[columns[i]].name);
    }
    buf_add_char(out, ')');
}

void
ddl_write_column(struct buf *out, const struct model_table *table, uint32_t column)
{
    const struct model_column *c = &table->columns[column];

    quote_ident(out, c->name);
    buf_add_char(out, ' ');
    buf_add_str(out, type_sqlite_decl(&c->type));
    if (table->rowid_pk && table->keys[0].columns[0] == column) {
        BUF_ADD_LIT(out, " CONSTRAINT ");
        quote_ident(out, table->keys[0].name);
        BUF_ADD_LIT(out, " PRIMARY KEY");
    }
    if (c->not_null)
        BUF_ADD_LIT(out, " NOT NULL");
    if (c->default_sqlite.len > 0) {
        BUF_ADD_LIT(out, " DEFAULT (");
        buf_add_str(out, c->default_sqlite);
        buf_add_char(out, ')');
    }
    if (c->is_generated) {
        BUF_ADD_LIT(out, " GENERATED ALWAYS AS (");
        buf_add_str(out, c->generated_sqlite);
        BUF_ADD_LIT(out, ") STORED");
    }
}

static const char *
action_words(enum model_action action)
{
    static const char *const words[] = {
        [MODEL_NO_ACTION] = "NO ACTION",     [MODEL_RESTRICT] = "RESTRICT",
        [MODEL_CASCADE] = "CASCADE",         [MODEL_SET_NULL] = "SET NULL",
        [MODEL_SET_DEFAULT] = "SET DEFAULT",
    };

    return words[action];
}

static void
write_foreign_key(struct buf *out, const struct model *model, const struct model_table *table,
                  const struct model_foreign_key *key)
{
    const struct model_table *ref = model_find_table(model, key->ref_schema, key->ref_table);

    BUF_ADD_LIT(out, ", CONSTRAINT ");
    quote_ident(out, key->name);
    BUF_ADD_LIT(out, " FOREIGN KEY ");
    write_names(out, table, key->columns, key->column_count);
    BUF_ADD_LIT(out, " REFERENCES ");
    quote_ident(out, ref != NULL ? ref->sqlite_name : key->ref_table);
    for (uint32_t i = 0; i < key->column_count; i++) {
        buf_add_str(out, i == 0 ? STR(" (") : STR(", "));
        quote_ident(out, key->ref_columns[i]);
    }
    buf_printf(out, ") ON DELETE %s ON UPDATE %s", action_words(key->on_delete),
               action_words(key->on_update));
    if (key->deferrable)
        buf_printf(out, " DEFERRABLE INITIALLY %s",
                   key->initially_deferred ? "DEFERRED" : "IMMEDIATE");
}

void
ddl_write_table(struct buf *out, const struct model *model, const struct model_table *table,
                struct str sqlite_name)
{
    BUF_ADD_LIT(out, "CREATE TABLE ");
    quote_ident(out, sqlite_name);
    BUF_ADD_LIT(out, " (");
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        ddl_write_column(out, table, i);
    }
    for (uint32_t i = table->rowid_pk ? 1 : 0; i < table->key_count; i++) {
        const struct model_key *key = &table->keys[i];

        BUF_ADD_LIT(out, ", CONSTRAINT ");
        quote_ident(out, key->name);
        buf_add_str(out, key->kind == MODEL_PRIMARY ? STR(" PRIMARY KEY ") : STR(" UNIQUE "));
        write_names(out, table, key->columns, key->column_count);
    }
    for (uint32_t i = 0; i < table->check_count; i++) {
        BUF_ADD_LIT(out, ", CONSTRAINT ");
        quote_ident(out, table->checks[i].name);
        BUF_ADD_LIT(out, " CHECK (");
        buf_add_str(out, table->checks[i].sqlite_sql);
        buf_add_char(out, ')');
    }
    /* SQLite does what the last one asks for first, PostgreSQL what the first one does. */
    for (uint32_t i = table->foreign_key_count; i-- > 0;)
        write_foreign_key(out, model, table, &table->foreign_keys[i]);
    buf_add_char(out, ')');
}
