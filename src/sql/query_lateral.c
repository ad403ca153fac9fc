/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LATERAL. A query in SQLite's FROM can't read what stands beside it, but the argument of a
 * table-valued function can: so the query's rows are made into one JSON text for each row on the
 * left, and json_each() makes them rows again. All values but bytea pass through JSON as they are;
 * NaN is text here.
 */
#include "sql/expr.h"
#include "sql/quote.h"

static void
write_cell(const struct expr *column, uint32_t index, struct buf *out)
{
    if (column->type.id == TYPE_BYTEA)
        buf_printf(out, "CASE WHEN c%u IS NOT NULL THEN hex(c%u) END", index, index);
    else
        buf_printf(out, "c%u", index);
}

/* A column as an expression; \x01 stands for the item's alias. */
static struct str
cell_value(struct expr_context *x, const struct expr *column, uint32_t index)
{
    struct str collation = expr_collation(&column->type);

    if (column->type.id == TYPE_BYTEA)
        return arena_printf(x->a->tmp, "unhex(\1.value->>%u)", index);
    return arena_printf(x->a->tmp, "(\1.value->>%u%.*s)", index, STR_ARG(collation));
}

void
query_lateral(struct expr_context *x, const struct query *query, struct scope_item *item,
              struct buf *out)
{
    uint32_t count = query->column_count;

    assert(item->column_count == count);
    BUF_ADD_LIT(out, "json_each((WITH cairn_rows(");
    for (uint32_t i = 0; i < count; i++)
        buf_printf(out, "%sc%u", i > 0 ? ", " : "", i);
    buf_printf(out, ") AS (%.*s) SELECT json_group_array(json_array(", STR_ARG(query->sql));
    for (uint32_t i = 0; i < count; i++) {
        buf_add_str(out, i > 0 ? STR(", ") : STR(""));
        write_cell(&query->columns[i], i, out);
        item->columns[i].value = cell_value(x, &query->columns[i], i);
    }
    BUF_ADD_LIT(out, ")) FROM cairn_rows)) AS ");
    marks_write_alias(x, item, out);
}
