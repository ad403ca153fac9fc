/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of candidates behind indexes for full text search.
 *
 * Such an index is a table of FTS5 without content: for the number of each row the words of its
 * vectors. Triggers keep it, so every way to write a row does, also the actions of foreign keys,
 * and it is part of the same transaction.
 */
#include "sql/ddl.h"
#include "sql/quote.h"
#include "sql/search.h"

enum event { ON_INSERT, ON_UPDATE, ON_DELETE, EVENTS };

static const struct {
    const char *word, *suffix; /* of the trigger's name */
} events[EVENTS] = {
    {"INSERT", "_insert"},
    {"UPDATE", "_update"},
    {"DELETE", "_delete"},
};

static struct str
table_name(struct apply *a, const struct model_table *table, const struct model_index *index,
           const char *suffix)
{
    struct buf name;

    apply_buf(&name);
    model_write_search_name(&name, table, index);
    buf_add_str(&name, str_from(suffix));
    return apply_quote(a->tmp, apply_take(a->tmp, &name));
}

bool
ddl_search_can(const struct model_table *table)
{
    /* Without a key nothing keeps SQLite's VACUUM from numbering the rows anew. */
    return !table->is_view && table->key_count > 0 && model_rowid_name(table) != NULL;
}

bool
ddl_search_drop(struct apply *a, const struct model_table *table, const struct model_index *index)
{
    for (size_t i = 0; i < EVENTS; i++) {
        if (!apply_run(a, a->at,
                       arena_printf(a->tmp, "DROP TRIGGER IF EXISTS %.*s",
                                    STR_ARG(table_name(a, table, index, events[i].suffix)))))
            return false;
    }
    return apply_run(a, a->at,
                     arena_printf(a->tmp, "DROP TABLE IF EXISTS %.*s",
                                  STR_ARG(table_name(a, table, index, ""))));
}

/* INSERT of the words of rows, up to what says which. */
static void
write_fill(struct buf *sql, struct apply *a, const struct model_table *table,
           const struct model_index *index)
{
    buf_printf(sql, "INSERT INTO %.*s(rowid, words) SELECT %s, cairn_tsterms(",
               STR_ARG(table_name(a, table, index, "")), model_rowid_name(table));
    for (uint32_t i = 0; i < index->search_count; i++) {
        buf_add_str(sql, i > 0 ? STR(", ") : STR(""));
        buf_add_str(sql, index->search[i]);
    }
    BUF_ADD_LIT(sql, ") FROM ");
    quote_ident(sql, table->sqlite_name);
}

static bool
make_table(struct apply *a, const struct model_table *table, const struct model_index *index,
           size_t at)
{
    struct str name = table_name(a, table, index, "");
    struct buf sql;

    if (!apply_run(a, at,
                   arena_printf(a->tmp,
                                "CREATE VIRTUAL TABLE %.*s USING fts5(words, content='', "
                                "contentless_delete=1, detail=none, "
                                "tokenize=\"ascii tokenchars '_'\")",
                                STR_ARG(name))))
        return false;
    apply_buf(&sql);
    write_fill(&sql, a, table, index);
    if (!apply_run(a, at, apply_take(a->tmp, &sql)))
        return false;
    return apply_run(a, at,
                     arena_printf(a->tmp, "INSERT INTO %.*s(%.*s) VALUES ('optimize')",
                                  STR_ARG(name), STR_ARG(name)));
}

/* Whether an update changes what the index is made of. */
static void
write_when(struct buf *sql, struct apply *a, const struct model_table *table,
           const struct model_index *index)
{
    buf_printf(sql, " WHEN OLD.%s <> NEW.%s", model_rowid_name(table), model_rowid_name(table));
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct str column = apply_quote(a->tmp, table->columns[i].name);

        if (apply_index_mentions(a, index, table->columns[i].name))
            buf_printf(sql, " OR OLD.%.*s IS NOT NEW.%.*s", STR_ARG(column), STR_ARG(column));
    }
}

static bool
make_trigger(struct apply *a, const struct model_table *table, const struct model_index *index,
             enum event event, size_t at)
{
    const char *rowid = model_rowid_name(table);
    struct buf sql;

    apply_buf(&sql);
    buf_printf(&sql, "CREATE TRIGGER %.*s AFTER %s ON ",
               STR_ARG(table_name(a, table, index, events[event].suffix)), events[event].word);
    quote_ident(&sql, table->sqlite_name);
    if (event == ON_UPDATE)
        write_when(&sql, a, table, index);
    BUF_ADD_LIT(&sql, " BEGIN ");
    if (event != ON_INSERT)
        buf_printf(&sql, "DELETE FROM %.*s WHERE rowid = OLD.%s; ",
                   STR_ARG(table_name(a, table, index, "")), rowid);
    if (event != ON_DELETE) {
        /* Out of the table again, so that the expressions can stay as they are. */
        write_fill(&sql, a, table, index);
        buf_printf(&sql, " WHERE %s = NEW.%s; ", rowid, rowid);
    }
    BUF_ADD_LIT(&sql, "END");
    return apply_run(a, at, apply_take(a->tmp, &sql));
}

bool
ddl_search_make(struct apply *a, const struct model_table *table, const struct model_index *index,
                size_t at)
{
    return ddl_search_drop(a, table, index) && make_table(a, table, index, at) &&
           make_trigger(a, table, index, ON_INSERT, at) &&
           make_trigger(a, table, index, ON_UPDATE, at) &&
           make_trigger(a, table, index, ON_DELETE, at);
}

bool
ddl_search_settle_table(struct apply *a, struct model_table *table)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        struct model_index *index = &table->indexes[i];
        bool has = index->search_count > 0;

        if (has && !ddl_search_can(table)) {
            index->search_count = 0;
            if (!ddl_search_drop(a, table, index))
                return false;
        }
        /* Every other index is one of SQLite's own. */
        if (has || index->sqlite_sql.len > 0 || !ddl_search_can(table))
            continue;
        if (!apply_index_vectors(a, table, index))
            return false;
        if (index->search_count > 0 && !ddl_search_make(a, table, index, a->at))
            return false;
    }
    return true;
}

bool
ddl_search_settle(struct apply *a)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        if (!ddl_search_settle_table(a, &a->model->tables[t]))
            return false;
    }
    return true;
}
