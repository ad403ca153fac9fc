/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/batch.h"
#include "sql/quote.h"

#define MAX_ROWS 1000
#define MAX_BYTES ((size_t)1 << 20)

struct batch {
    struct str schema, name; /* of the model's table */
    struct str table;        /* its SQLite name */
    struct str suffix;
    uint32_t *columns; /* of the model's table, and the expression or nothing for each */
    struct str *expressions;
    uint32_t count, count_cap;
    uint32_t param_count;
    struct value *params;
    size_t params_cap;
    uint32_t lines[MAX_ROWS];
    uint32_t rows; /* 0: the batch is empty */
    size_t bytes;
    struct str sql; /* in a->tmp */
    struct script_position position;
};

struct batch *
batch_new(void)
{
    return xcalloc(1, sizeof(struct batch));
}

void
batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    free(batch->columns);
    free(batch->expressions);
    free(batch->params);
    free(batch);
}

static bool
matches(const struct batch *b, const struct model_table *table, const struct batch_cell *cells,
        uint32_t count, struct str suffix)
{
    if (b->rows == 0 || count != b->count || !str_eq(b->table, table->sqlite_name) ||
        !str_eq(b->suffix, suffix))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (cells[i].column != b->columns[i] || !str_eq(cells[i].expression, b->expressions[i]))
            return false;
    }
    return true;
}

static struct str
write_sql(struct apply *a, const struct model_table *table, const struct batch *b)
{
    struct buf buf;

    apply_buf(&buf);
    BUF_ADD_LIT(&buf, "INSERT INTO ");
    quote_ident(&buf, table->sqlite_name);
    for (uint32_t i = 0; i < b->count; i++) {
        buf_add_str(&buf, i == 0 ? STR(" (") : STR(", "));
        quote_ident(&buf, table->columns[b->columns[i]].name);
    }
    for (uint32_t i = 0; i < b->count; i++) {
        buf_add_str(&buf, i == 0 ? STR(") VALUES (") : STR(", "));
        buf_add_str(&buf, b->expressions[i].len > 0 ? b->expressions[i] : STR("?"));
    }
    buf_add_str(&buf, b->count > 0 ? STR(")") : STR(" DEFAULT VALUES"));
    buf_add_str(&buf, b->suffix);
    return apply_take(a->tmp, &buf);
}

static void
begin(struct apply *a, struct batch *b, const struct model_table *table,
      const struct batch_cell *cells, uint32_t count, struct str suffix, size_t at)
{
    if (count > b->count_cap) {
        b->count_cap = count;
        b->columns = xrealloc(b->columns, count * sizeof(*b->columns));
        b->expressions = xrealloc(b->expressions, count * sizeof(*b->expressions));
    }
    b->schema = table->schema;
    b->name = table->name;
    b->table = table->sqlite_name;
    b->suffix = suffix;
    b->count = count;
    b->param_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        b->columns[i] = cells[i].column;
        b->expressions[i] = cells[i].expression;
        if (cells[i].expression.len == 0)
            b->param_count++;
    }
    b->position = apply_position(a, at);
    b->sql = write_sql(a, table, b);
}

bool
batch_add(struct apply *a, const struct model_table *table, const struct batch_cell *cells,
          uint32_t count, struct str suffix, size_t at)
{
    struct batch *b = a->batch;
    size_t used;

    if (!matches(b, table, cells, count, suffix)) {
        if (!batch_flush(a))
            return false;
        begin(a, b, table, cells, count, suffix, at);
    }
    used = (size_t)b->rows * b->param_count;
    if (used + b->param_count > b->params_cap) {
        b->params_cap = 2 * (used + b->param_count);
        b->params = xrealloc(b->params, b->params_cap * sizeof(*b->params));
    }
    for (uint32_t i = 0; i < count; i++) {
        if (cells[i].expression.len > 0)
            continue;
        b->params[used++] = cells[i].value;
        if (cells[i].value.kind == VALUE_TEXT || cells[i].value.kind == VALUE_BLOB)
            b->bytes += cells[i].value.s.len;
    }
    b->lines[b->rows++] = apply_position(a, at).line;
    return (b->rows < MAX_ROWS && b->bytes < MAX_BYTES) || batch_flush(a);
}

bool
batch_flush(struct apply *a)
{
    struct batch *b = a->batch;
    struct migration_step step = {
        .sql = b->sql,
        .params = b->params,
        .param_count = b->param_count,
        .row_count = b->rows,
        .row_lines = b->lines,
        .line = b->position.line,
        .column = b->position.column,
        .target = model_find_table(a->model, b->schema, b->name),
    };

    if (b->rows == 0)
        return true;
    b->rows = 0;
    b->bytes = 0;
    return apply_run_step(a, &step);
}

bool
batch_is_empty(const struct apply *a)
{
    return a->batch->rows == 0;
}
