/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call of a function of the embedded engine: its body's statements, one after the other, and the
 * query that shapes what the last one gives.
 */
#include "rest/emit_impl.h"
#include "sql/body.h"

static const struct plan_argument *
find_argument(const struct plan_call *call, uint32_t index)
{
    for (uint32_t i = 0; i < call->argument_count; i++) {
        if (call->arguments[i].argument == &call->function->model->arguments[index])
            return &call->arguments[i];
    }
    return NULL;
}

/* An argument has one parameter in a statement, however often it is named. */
static void
emit_argument(struct emitter *e, const struct plan_call *call, uint32_t index)
{
    const struct model_argument *argument = &call->function->model->arguments[index];
    const struct plan_argument *given = find_argument(call, index);

    if (given == NULL) {
        buf_printf(&e->sql, "(%.*s)", STR_ARG(argument->default_sqlite));
        return;
    }
    for (uint32_t i = 0; i < e->param_count; i++) {
        if (e->params[i].source == EMIT_SLOT && e->params[i].index == given->slot) {
            buf_printf(&e->sql, "?%u", i + 1);
            return;
        }
    }
    emit_param(
        e, (struct emit_param){.source = EMIT_SLOT, .index = given->slot, .type = &argument->type});
}

static void
emit_table_piece(struct emitter *e, const struct body_piece *piece,
                 const struct model_statement *statement)
{
    const struct schema_table *table =
        schema_find_table(e->plan->schema, piece->schema, piece->name);

    if (table == NULL)
        return;
    if (piece->kind == BODY_TABLE)
        emit_body_source(e, table, piece);
    else if (piece->kind == BODY_TARGET)
        emit_body_target(e, table, statement, piece->alias);
    else
        emit_body_check(e, table, statement, piece->part, piece->alias);
}

static void
emit_statement(struct emitter *e, const struct plan_call *call,
               const struct model_statement *statement)
{
    struct str sql = statement->sql;
    struct body_piece piece;
    size_t from = e->sql.len;
    size_t at = 0;

    while (body_next(sql, &at, &piece)) {
        switch (piece.kind) {
        case BODY_TEXT:
            buf_add_str(&e->sql, piece.text);
            break;
        case BODY_ARGUMENT:
            if (piece.index < call->function->model->argument_count)
                emit_argument(e, call, piece.index);
            break;
        case BODY_TABLE:
        case BODY_TARGET:
        case BODY_CHECK:
            emit_table_piece(e, &piece, statement);
            break;
        }
    }
    emit_name_role(e, emit_body_role(e), from);
}

/* One cell of what RETURNING gave, out of the JSON in which it waited. */
static void
emit_returned(struct emitter *e, const struct model_column *column, uint32_t index)
{
    switch (column->type.id) {
    case TYPE_BYTEA:
        buf_printf(&e->sql, "unhex(value->>%u)", index);
        break;
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        /* A whole number comes back as an integer; text is NaN. */
        buf_printf(&e->sql,
                   "CASE typeof(value->>%u) WHEN 'integer' THEN CAST(value->>%u AS REAL) ELSE "
                   "value->>%u END",
                   index, index, index);
        break;
    default:
        buf_printf(&e->sql, "value->>%u", index);
    }
}

/* The rows that the last statement gives. */
static void
emit_result(struct emitter *e, const struct plan_call *call)
{
    const struct model_function *function = call->function->model;
    const struct model_table *row = call->function->row->model;
    const struct model_statement *last = &function->statements[function->statement_count - 1];

    if (call->is_null) {
        for (uint32_t i = 0; i < row->column_count; i++)
            buf_add_str(&e->sql, i == 0 ? STR("SELECT NULL") : STR(", NULL"));
        BUF_ADD_LIT(&e->sql, " WHERE false");
    } else if (str_eq(last->kind, STR("SELECT"))) {
        emit_statement(e, call, last);
    } else {
        for (uint32_t i = 0; i < row->column_count; i++) {
            buf_add_str(&e->sql, i == 0 ? STR("SELECT ") : STR(", "));
            emit_returned(e, &row->columns[i], i);
        }
        BUF_ADD_LIT(&e->sql, " FROM json_each(");
        emit_param(e, (struct emit_param){.source = EMIT_ROWIDS});
        buf_add_char(&e->sql, ')');
    }
}

void
emit_call_with(struct emitter *e, const struct plan_rel *root, bool is_used_twice)
{
    const struct model_function *function = root->call->function->model;
    const struct model_table *row = root->table->model;

    BUF_ADD_LIT(&e->sql, "WITH " EMIT_CALL_NAME);
    for (uint32_t i = 0; i < row->column_count; i++) {
        buf_add_char(&e->sql, i == 0 ? '(' : ',');
        quote_ident(&e->sql, row->columns[i].name);
    }
    if (row->column_count > 0)
        buf_add_char(&e->sql, ')');
    buf_add_str(&e->sql, is_used_twice ? STR(" AS MATERIALIZED (") : STR(" AS ("));
    if (row->column_count == 0) {
        BUF_ADD_LIT(&e->sql, "SELECT 1");
    } else if (function->returns_set) {
        emit_result(e, root->call);
    } else {
        /* What is no set is one row always, of nulls if need be. */
        BUF_ADD_LIT(&e->sql, "SELECT b.* FROM (SELECT 1) LEFT JOIN (SELECT * FROM (");
        emit_result(e, root->call);
        BUF_ADD_LIT(&e->sql, ") LIMIT 1) AS b ON true");
    }
    BUF_ADD_LIT(&e->sql, ") ");
}

/* Whether the last statement is part of the query that shows its rows. */
static bool
is_query(const struct model_function *function)
{
    return function->result != MODEL_RESULT_VOID &&
           str_eq(function->statements[function->statement_count - 1].kind, STR("SELECT"));
}

bool
emit_body(struct emitter *e, struct emit_output *out, struct err *err)
{
    const struct plan_call *call = e->plan->root->call;
    const struct model_function *function = call->function->model;
    uint32_t count = function->statement_count;

    if (call->is_null)
        return true;
    if (count > 0 && is_query(function))
        count--;
    out->body = ARENA_ARRAY(e->arena, struct emit_body_stmt, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct model_statement *statement = &function->statements[i];
        const struct schema_table *table =
            schema_find_table(e->plan->schema, statement->table_schema, statement->table_name);

        emit_statement(e, call, statement);
        if (!emit_take(e, &out->body[i].stmt, err))
            return false;
        out->body[i].target = table == NULL         ? NULL
                              : table->view != NULL ? table->view->base->model
                                                    : table->model;
    }
    out->body_count = count;
    out->body_returns =
        count == function->statement_count && count > 0 && function->result != MODEL_RESULT_VOID;
    return true;
}
