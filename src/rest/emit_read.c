/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, and counting what could be read. */
#include "rest/emit_impl.h"

void
emit_root_tail(struct emitter *e)
{
    const struct plan_rel *root = e->plan->root;

    emit_from(e, root);
    emit_joins(e, root);
    e->joins = true;
    emit_where(e, root);
    e->joins = false;
    emit_group(e, root);
    emit_order(e, root);
    emit_limit(e, root);
}

/* more follows the columns, which have names where a handler takes the rows. */
static void
emit_rows(struct emitter *e, struct str more)
{
    const struct plan_rel *root = e->plan->root;

    BUF_ADD_LIT(&e->sql, "SELECT ");
    emit_columns(e, root, e->plan->handler != NULL ? EMIT_KEYS : EMIT_CELLS);
    buf_add_str(&e->sql, more);
    emit_root_tail(e);
}

/* An estimate counts no further than to what one read returns: past it there is the guess. */
static void
emit_count(struct emitter *e)
{
    const struct plan_rel *root = e->plan->root;
    bool is_bounded = e->plan->count == API_COUNT_ESTIMATED && root->rows_max > 0;

    buf_add_str(&e->sql,
                is_bounded ? STR("SELECT count(*) FROM (SELECT 1") : STR("SELECT count(*)"));
    emit_from(e, root);
    emit_where(e, root);
    if (is_bounded) {
        BUF_ADD_LIT(&e->sql, " LIMIT ");
        buf_add_i64(&e->sql, root->rows_max + 1);
        BUF_ADD_LIT(&e->sql, ") AS c");
    }
}

static void
emit_guess(struct emitter *e)
{
    BUF_ADD_LIT(&e->sql, "EXPLAIN (FORMAT JSON) SELECT 1");
    emit_from(e, e->plan->root);
    emit_where(e, e->plan->root);
}

static void
emit_counted_call(struct emitter *e)
{
    const struct plan_rel *root = e->plan->root;

    if (emit_is_postgres(e)) {
        BUF_ADD_LIT(&e->sql, "WITH " EMIT_CALL_NAME " AS MATERIALIZED (SELECT *");
        emit_from(e, root);
        BUF_ADD_LIT(&e->sql, ") ");
    } else {
        emit_call_with(e, root, true);
    }
    BUF_ADD_LIT(&e->sql, "SELECT q.*, c.n FROM (SELECT count(*) AS n");
    e->call_is_named = true;
    emit_from(e, root);
    emit_where(e, root);
    /* The left side is one row, so the order of the right side stays. */
    BUF_ADD_LIT(&e->sql, ") AS c LEFT JOIN (");
    emit_rows(e, STR(", true"));
    /* SQLite forgets the order of what has no limit. */
    if (!emit_is_postgres(e) && root->limit_slot == API_NO_SLOT && root->rows_max == 0 &&
        root->offset_slot == API_NO_SLOT)
        BUF_ADD_LIT(&e->sql, " LIMIT -1");
    BUF_ADD_LIT(&e->sql, ") AS q ON true");
    e->call_is_named = false;
}

/* One row: the number of all rows where a function's are counted, that of these, and the answer. */
static void
emit_handled(struct emitter *e, bool is_counted)
{
    const struct plan_rel *root = e->plan->root;

    if (is_counted) {
        BUF_ADD_LIT(&e->sql, "WITH " EMIT_CALL_NAME " AS MATERIALIZED (SELECT *");
        emit_from(e, root);
        BUF_ADD_LIT(&e->sql, ") SELECT (SELECT count(*)");
        e->call_is_named = true;
        emit_from(e, root);
        emit_where(e, root);
        BUF_ADD_LIT(&e->sql, "), ");
    } else {
        BUF_ADD_LIT(&e->sql, "SELECT NULL, ");
    }
    buf_add_str(&e->sql, e->plan->handler->is_value ? STR("1, ") : STR("count(*), "));
    emit_handler(e);
    BUF_ADD_LIT(&e->sql, " FROM (");
    emit_rows(e, STR(""));
    BUF_ADD_LIT(&e->sql, ") AS " EMIT_ROW_ALIAS);
    e->call_is_named = false;
}

/* A function of the embedded engine without a count. */
static void
emit_named_call(struct emitter *e)
{
    emit_call_with(e, e->plan->root, false);
    e->call_is_named = true;
    emit_rows(e, STR(""));
    e->call_is_named = false;
}

/* Most embeds are shorter than they may be, and those that need not be cut cost a fifth less. */
static bool
emit_uncut(struct emitter *e, struct emit_output *out, struct err *err)
{
    struct emit_stmt uncut = {0};

    if (!e->has_cuts || e->plan->explain.is_on)
        return true;
    e->is_uncut = true;
    if (e->plan->root->call != NULL)
        emit_named_call(e);
    else
        emit_rows(e, STR(""));
    e->is_uncut = false;
    if (!emit_take(e, &uncut, err))
        return false;
    assert(uncut.param_count == out->main.param_count);
    out->main.uncut_sql = uncut.sql;
    return true;
}

bool
emit_read(struct emitter *e, struct emit_output *out, struct err *err)
{
    bool is_plain = false;
    bool is_counted = e->plan->root->call != NULL && e->plan->count != API_COUNT_NONE;
    bool is_embedded_call = e->plan->root->call != NULL && !emit_is_postgres(e);

    if (is_embedded_call && !emit_body(e, out, err))
        return false;
    if (e->plan->handler != NULL) {
        emit_handled(e, is_counted);
    } else if (is_counted) {
        emit_counted_call(e);
        out->carries_total = true;
    } else if (is_embedded_call) {
        emit_named_call(e);
        is_plain = true;
    } else {
        emit_rows(e, STR(""));
        is_plain = true;
    }
    if (!emit_take(e, &out->main, err))
        return false;
    if (is_plain && !emit_uncut(e, out, err))
        return false;
    if (is_plain && e->plan->gather_count > 0) {
        emit_gathered(e);
        if (!emit_take(e, &out->gathered, err))
            return false;
    }
    if (is_counted)
        return true;
    if (e->plan->count == API_COUNT_EXACT || e->plan->count == API_COUNT_ESTIMATED) {
        emit_count(e);
        if (!emit_take(e, &out->count, err))
            return false;
    }
    if (e->plan->count == API_COUNT_PLANNED || e->plan->count == API_COUNT_ESTIMATED) {
        emit_guess(e);
        return emit_take(e, &out->guess, err);
    }
    return true;
}
