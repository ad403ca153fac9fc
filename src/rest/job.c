/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of a request on a table, as one job of the database. */
#include "core/err_local.h"
#include "rest/count.h"
#include "rest/encode_gather.h"
#include "rest/key_check.h"
#include "rest/rest_impl.h"

#define ROWIDS_MAX (64 * 1024 * 1024)
#define UNGATHERED_MAX 1023

static void
gather(struct rest_call *call)
{
    const struct plan *plan = call->shape->plan;
    struct encoder *encoder = &call->encoder;

    encoder->columns = call->shape->gathered_columns;
    encoder->gather = gather_new(encoder->columns, encoder->column_count, plan->root->rows_max,
                                 encoder->out->max, call->request->arena);
}

void
rest_gather(struct rest_call *call)
{
    if (call->shape->ungathered_left > 0)
        call->shape->ungathered_left--;
    else
        gather(call);
}

static void
ungather(struct rest_call *call)
{
    gather_free(call->encoder.gather);
    call->encoder.gather = NULL;
    call->encoder.columns = call->shape->columns;
}

static void
forget_rowids(struct rest_call *call)
{
    buf_clear(&call->rowids);
    *call->rowids_param = (struct value){.kind = VALUE_TEXT, .s = STR("[]")};
}

/* Keeps the list whole after each row: [1,2] */
static bool
add_rowid(void *ctx, const struct value *cells, uint32_t count)
{
    struct rest_call *call = ctx;
    struct buf *list = &call->rowids;

    if (count != 1 || cells[0].kind != VALUE_INT)
        return err_set(&call->job.err, ERR_INTERNAL, "CAIRN-INTERNAL", "a row without a number");
    if (list->len > 0)
        list->len--;
    buf_add_char(list, list->len == 0 ? '[' : ',');
    buf_add_i64(list, cells[0].i);
    buf_add_char(list, ']');
    call->rowids_param->s = buf_str(list);
    return buf_ok(list) || err_set(&call->job.err, ERR_REQUEST, "54000", "too many rows to show");
}

static void
restart(struct db_job *job)
{
    struct rest_call *call = job->ctx;

    encode_restart(&call->encoder);
    if (call->encoder.gather != NULL) {
        ungather(call);
        gather(call);
    }
    call->begin.is_taken = false;
    call->existing.rows = 0;
    call->guc_headers = call->guc_status = STR_NULL;
    call->total = call->guess = -1;
    if (call->rowids_param != NULL)
        forget_rowids(call);
}

/* Once more, in the form in which the database says which rows belong to which, and which are too
 * many. */
static void
run_ungathered(struct rest_call *call)
{
    ERR_LOCAL(err);

    if (call->shape->ungathered < UNGATHERED_MAX)
        call->shape->ungathered = 2 * call->shape->ungathered + 1;
    call->shape->ungathered_left = call->shape->ungathered;
    ungather(call);
    restart(&call->job);
    begin_release(&call->begin);
    call->begin = (struct begin_call){0};
    db_job_clear(&call->job);
    if (rest_make_job(call, &err))
        db_submit(call->rest->options.db, &call->job);
    else
        rest_finish(call, &err);
}

static void
on_done(struct db_job *job)
{
    struct rest_call *call = job->ctx;
    const struct gather *gathered = call->encoder.gather;

    if (gathered != NULL && (job->ok ? gather_has_strays(gathered) : gather_is_full(gathered))) {
        run_ungathered(call);
        return;
    }
    if (gathered != NULL)
        call->shape->ungathered /= 2;
    rest_respond(call);
}

bool
rest_add_stmt(struct rest_call *call, const struct emit_stmt *sql, uint64_t id,
              bool (*on_row)(void *, const struct value *, uint32_t), void *ctx, struct err *err)
{
    struct bind_input input = {
        .dialect = call->rest->options.dialect,
        .plan = call->shape->plan,
        .slots = call->api.slots,
        .payload = call->shape->sql.denied == NULL ? &call->payload : NULL,
        .rowids = &call->rowids_param,
        .zone = call->job.zone,
        .arena = call->request->arena,
    };
    struct db_stmt *stmt = &call->job.stmts[call->job.stmt_count++];

    *stmt = (struct db_stmt){
        .sql = sql->sql,
        .uncut_sql = sql->uncut_sql,
        .id = begin_stmt_id(&call->begin, id),
        .target = call->action != PLAN_READ ? call->shape->plan->target->model : NULL,
        .on_row = on_row,
        .ctx = ctx,
    };
    return bind_stmt(&input, sql, stmt, err);
}

/* The statement that shows what a write changed. */
static bool
add_shown(struct rest_call *call, struct err *err)
{
    buf_init(&call->rowids, ROWIDS_MAX);
    return rest_add_stmt(call, &call->shape->sql.shown, call->shape->shown_id, encode_row,
                         &call->encoder, err);
}

/* Policies look at each row before its key does: where there are any, two rows of one key are
 * refused when the first of them is through. */
static bool
check_keys(struct rest_call *call, struct err *err)
{
    const struct plan *plan = call->shape->plan;
    const struct emit_stmt *sql = &call->shape->sql.main;
    struct arena *arena = call->request->arena;
    bool is_limited =
        call->role != NULL && access_applies(plan->schema, plan->target_role, plan->target);
    uint32_t at = 0;

    if (!is_limited)
        return key_check_rows(plan, sql, call->main, err) &&
               key_check_merge(plan, sql, call->main, arena, &at, err);
    if (!key_check_merge(plan, sql, call->main, arena, &at, &call->late)) {
        call->main->row_count = at;
        call->job.check = rest_check;
    }
    return true;
}

static bool
add_main(struct rest_call *call, struct err *err)
{
    const struct emit_output *sql = &call->shape->sql;
    const struct plan *plan = call->shape->plan;
    bool (*on_row)(void *, const struct value *, uint32_t) = encode_row;
    void *ctx = &call->encoder;

    if (sql->shown.sql.data != NULL) {
        on_row = call->rowids_param != NULL ? add_rowid : NULL;
        ctx = call;
    } else if (plan->action != PLAN_READ && !plan->returns_rows && !sql->marks_inserted &&
               !plan->explain.is_on) {
        /* A write without a row function costs the embedded engine no savepoint. */
        on_row = NULL;
    }
    call->main = &call->stmts[call->job.stmt_count];
    if (call->encoder.gather != NULL)
        return rest_add_stmt(call, &sql->gathered, call->shape->gathered_id, on_row, ctx, err);
    if (!rest_add_stmt(call, &sql->main, call->shape->main_id, on_row, ctx, err))
        return false;
    if (sql->bulk.sql.data != NULL)
        call->main->bulk = &sql->bulk;
    return call->rest->options.dialect != DB_SQLITE || plan->action == PLAN_READ ||
           plan->action == PLAN_DELETE || sql->denied != NULL || check_keys(call, err);
}

/* What shows the rows of a delete comes before it, of other writes after; both orders begin here,
 * because the numbers of rows need a place first. */
static bool
add_write(struct rest_call *call, struct err *err)
{
    const struct emit_output *sql = &call->shape->sql;
    struct db_stmt shown;

    if (sql->existing.sql.data != NULL) {
        call->existing = (struct encoder){.mode = ENCODE_NOTHING, .out = call->encoder.out};
        if (!rest_add_stmt(call, &sql->existing, call->shape->existing_id, encode_row,
                           &call->existing, err))
            return false;
    }
    if (sql->shown.sql.data == NULL)
        return add_main(call, err);
    if (!add_shown(call, err))
        return false;
    if (call->action == PLAN_DELETE)
        return add_main(call, err);
    shown = call->stmts[--call->job.stmt_count];
    if (!add_main(call, err))
        return false;
    call->stmts[call->job.stmt_count++] = shown;
    return true;
}

/* Whether something may undo the write after it was done. */
static bool
needs_check(const struct rest_call *call)
{
    const struct api_prefer *prefer = &call->api.prefer;
    const struct plan *plan = call->shape->plan;

    if (plan->explain.is_on)
        return false;
    /* A representation may be too large, but not of one row or of what the body brought. */
    return call->api.media == API_MEDIA_OBJECT || (prefer->strict && prefer->has_max_affected) ||
           (plan->returns_rows && plan->action != PLAN_INSERT && !plan->at_most_one);
}

/* The request's own word, where it has one. */
static bool
rolls_back(const struct rest_call *call)
{
    const struct rest_transaction *transaction = &call->rest->options.transaction;
    const struct api_prefer *prefer = &call->api.prefer;

    if (transaction->allows_override && (prefer->tx_commit || prefer->tx_rollback))
        return prefer->tx_rollback;
    return transaction->rolls_back;
}

void
rest_prepare_job(struct rest_call *call, enum db_mode mode)
{
    struct db_job *job = &call->job;

    job->mode = mode;
    job->rollback_only = mode == DB_WRITE && rolls_back(call);
    job->stmts = call->stmts;
    job->request_id = call->request->request_id;
    job->ctx = call;
    job->done = on_done;
    job->restart = restart;
    if (call->role != NULL)
        role_set(call);
    if (call->rest->begin != NULL)
        begin_add(call, mode == DB_READ);
}

bool
rest_make_job(struct rest_call *call, struct err *err)
{
    struct db_job *job = &call->job;

    rest_prepare_job(call, call->action == PLAN_READ ? DB_READ : DB_WRITE);
    if (call->action != PLAN_READ) {
        job->check = needs_check(call) ? rest_check : NULL;
        if (!add_write(call, err))
            return false;
    } else if (!add_main(call, err) || !count_add(call, err)) {
        return false;
    }
    begin_add_response(call);
    if (call->shape->sql.denied == NULL)
        return true;
    *err = *call->shape->sql.denied;
    return false;
}
