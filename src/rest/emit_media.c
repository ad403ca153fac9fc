/* SPDX-License-Identifier: Apache-2.0 */
/* One answer of all rows, made by the database; and the plan of a statement. PostgreSQL only. */
#include "rest/emit_impl.h"

static void
emit_qualified(struct emitter *e, struct str schema, struct str name)
{
    quote_ident(&e->sql, schema);
    buf_add_char(&e->sql, '.');
    quote_ident(&e->sql, name);
}

/* The one value of a function that returns no rows. */
static bool
is_value(const struct plan *plan)
{
    const struct plan_call *call = plan->root->call;

    return call != NULL && call->function->model->result == MODEL_RESULT_SCALAR &&
           !call->function->model->returns_set;
}

void
emit_handler(struct emitter *e)
{
    const struct model_handler *handler = e->plan->handler;

    if (handler->is_value)
        BUF_ADD_LIT(&e->sql, "CAST(");
    else if (handler->is_geojson)
        BUF_ADD_LIT(&e->sql, "json_build_object('type', 'FeatureCollection', 'features', "
                             "coalesce(json_agg(");
    if (!handler->is_value) {
        emit_qualified(e, handler->schema, handler->name);
        buf_add_char(&e->sql, '(');
    }
    BUF_ADD_LIT(&e->sql, EMIT_ROW_ALIAS);
    if (is_value(e->plan)) {
        buf_add_char(&e->sql, '.');
        quote_ident(&e->sql, e->plan->root->columns[0].key);
    } else if (handler->target.len > 0) {
        BUF_ADD_LIT(&e->sql, "::");
        emit_qualified(e, handler->target_schema, handler->target);
    }
    if (handler->is_value) {
        BUF_ADD_LIT(&e->sql, " AS ");
        emit_qualified(e, handler->schema, handler->name);
    } else if (handler->is_geojson) {
        BUF_ADD_LIT(&e->sql, ")::json), '[]')");
    }
    buf_add_char(&e->sql, ')');
}

bool
emit_explained(const struct plan *plan, struct arena *arena, struct emit_output *out)
{
    static const char *const names[] = {"ANALYZE", "VERBOSE", "SETTINGS", "BUFFERS", "WAL"};
    /* What a request without EXPLAIN tries first. */
    const struct emit_stmt *stmt = out->gathered.sql.data != NULL ? &out->gathered : &out->main;
    struct buf sql;
    bool ok = false;

    buf_init(&sql, stmt->sql.len + 200);
    buf_printf(&sql, "EXPLAIN (FORMAT %s", plan->explain.is_json ? "JSON" : "TEXT");
    for (size_t i = 0; i < COUNTOF(names); i++) {
        if (plan->explain.options & 1U << i)
            buf_printf(&sql, ", %s", names[i]);
    }
    BUF_ADD_LIT(&sql, ") ");
    buf_add_str(&sql, stmt->sql);
    ok = buf_ok(&sql);
    *out = (struct emit_output){
        .main = {.sql = arena_copy(arena, buf_str(&sql)),
                 .params = stmt->params,
                 .param_count = stmt->param_count},
    };
    buf_fini(&sql);
    return ok;
}
