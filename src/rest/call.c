/* SPDX-License-Identifier: Apache-2.0 */
/* A call of a function: /rpc/NAME. From the plan on it is a read, whose rows come out of it. */
#include "core/err_local.h"
#include "rest/args.h"
#include "rest/media.h"
#include "rest/rest_impl.h"
#include "rest/timing.h"

#define RETURNED_MAX (64 * 1024 * 1024)

static bool
is_read(const struct rest_call *call)
{
    return call->request->method != HTTP_POST ||
           call->call.function->model->volatility != MODEL_VOLATILE;
}

static bool
find_name(struct rest_call *call, struct str raw, struct err *err)
{
    struct request *request = call->request;

    if (!api_decode_segment(raw, request->arena, &call->name)) {
        err_set(err, ERR_REQUEST, "PGRST125", "Invalid path specified in request URL");
        err->http_status = 404;
        return false;
    }
    if (request->method == HTTP_PUT || request->method == HTTP_PATCH ||
        request->method == HTTP_DELETE) {
        err_set(err, ERR_REQUEST, "PGRST101", "Cannot use the %.*s method on RPC",
                STR_ARG(request->method_name));
        err->http_status = 405;
        return false;
    }
    return true;
}

static void
respond_options(struct rest_call *call)
{
    ERR_LOCAL(err);
    struct args none = {.kind = ARGS_QUERY};
    struct response *response = &call->request->response;
    uint32_t count = 0;
    const struct schema_function *functions =
        schema_find_functions(call->rest->schema, call->api.schema, call->name, &count);
    bool reads = false;

    if (count == 0) {
        none.items = ARENA_NEW(call->request->arena, struct args_item);
        if (!args_choose(call->rest->schema, call->api.schema, call->name, &none, &call->api,
                         call->request->arena, &call->call, &err))
            rest_finish(call, &err);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        reads = reads || functions[i].model->volatility != MODEL_VOLATILE;
    response->status = 200;
    response_add_header(call->request, STR("Allow"),
                        reads ? STR("OPTIONS,GET,HEAD,POST") : STR("OPTIONS,POST"));
    rest_finish(call, NULL);
}

/* Which function, and which arguments: what the plan depends on beside the query string. */
static void
add_call_key(struct rest_call *call)
{
    struct buf *key = &call->rest->key;
    uint32_t index = (uint32_t)(call->call.function - call->rest->schema->functions);

    BUF_ADD_LIT(key, "call");
    buf_add(key, &index, sizeof(index));
    for (uint32_t i = 0; i < call->call.argument_count; i++) {
        const struct plan_argument *given = &call->call.arguments[i];
        uint32_t place = (uint32_t)(given->argument - call->call.function->model->arguments);

        buf_add(key, &place, sizeof(place));
        buf_add_char(key, given->as_json ? 'j' : given->is_list ? 'l' : given->is_null ? 'n' : 't');
    }
}

static bool
choose_function(struct rest_call *call, struct err *err)
{
    struct request *request = call->request;
    const struct api_prefer *prefer = &call->api.prefer;
    struct args args;

    if (request->method != HTTP_POST)
        args_read_query(&call->api, request->arena, &args);
    else if (!args_read_body(request, &call->api, call->rest->options.limits.json_depth_max, &args,
                             err))
        return false;
    if (!args_choose(call->rest->schema, call->api.schema, call->name, &args, &call->api,
                     request->arena, &call->call, err))
        return false;
    if (prefer->strict && prefer->has_max_affected && !call->call.function->model->returns_set) {
        err_set(err, ERR_REQUEST, "PGRST128",
                "Function must return SETOF or TABLE when max-affected preference is used with "
                "handling=strict");
        err->http_status = 400;
        return false;
    }
    call->table = call->call.function->row;
    add_call_key(call);
    if (!buf_ok(&call->rest->key)) {
        err_set(err, ERR_REQUEST, "PGRST100", "the query string is too long");
        err->http_status = 414;
        return false;
    }
    return true;
}

static void
prepare_encoder(struct rest_call *call)
{
    const struct model_function *function = call->call.function->model;
    struct encoder *encoder = &call->encoder;

    rest_prepare_encoder(call);
    if (encoder->mode == ENCODE_LINES)
        return;
    encoder->carries_total = call->shape->sql.carries_total;
    encoder->is_value =
        (function->result == MODEL_RESULT_SCALAR || function->result == MODEL_RESULT_RECORD) &&
        encoder->column_count == 1;
    encoder->is_on_one_line = function->result == MODEL_RESULT_SCALAR;
    if (function->result == MODEL_RESULT_VOID)
        encoder->mode = ENCODE_NOTHING;
    else if (encoder->mode == ENCODE_JSON && !function->returns_set)
        encoder->mode = ENCODE_OBJECT;
}

/* What a call changed must not stay without its answer. */
static bool
needs_check(const struct rest_call *call)
{
    const struct api_prefer *prefer = &call->api.prefer;

    return !call->api.explain.is_on &&
           (call->api.media == API_MEDIA_OBJECT || (prefer->strict && prefer->has_max_affected) ||
            call->call.function->model->returns_set);
}

/* --- the embedded engine ---------------------------------------------------------------------- */

/* The first statement of the body that writes; NULL: only sequences are written. */
static const struct model_statement *
find_write(const struct model_function *function)
{
    for (uint32_t i = 0; i < function->statement_count; i++) {
        if (!str_eq(function->statements[i].kind, STR("SELECT")))
            return &function->statements[i];
    }
    return NULL;
}

/* What writes although it said that it would not, or where it may not. */
static bool
check_write(const struct rest_call *call, struct err *err)
{
    const struct model_function *function = call->call.function->model;
    const struct model_statement *write = find_write(function);
    struct str kind = write != NULL ? write->kind : STR("nextval()");

    if (!function->writes || call->call.is_null)
        return true;
    if (write != NULL && function->volatility != MODEL_VOLATILE)
        return err_set(err, ERR_DB, "0A000", "%.*s is not allowed in a non-volatile function",
                       STR_ARG(kind));
    return !is_read(call) ||
           err_set(err, ERR_DB, "25006", "cannot execute %.*s in a read-only transaction",
                   STR_ARG(kind));
}

/* A row that the body's last statement returned; the list is whole after each: [[1,"a"],[2,"b"]] */
static bool
add_returned(void *ctx, const struct value *cells, uint32_t count)
{
    struct rest_call *call = ctx;
    struct buf *list = &call->rowids;

    if (list->len > 0)
        list->len--;
    buf_add_str(list, list->len == 0 ? STR("[[") : STR(",["));
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(list, ',');
        bind_json_value(list, &cells[i]);
    }
    BUF_ADD_LIT(list, "]]");
    call->rowids_param->s = buf_str(list);
    return buf_ok(list) || err_set(&call->job.err, ERR_REQUEST, "54000", "too many rows to show");
}

static bool
add_body(struct rest_call *call, struct err *err)
{
    const struct emit_output *sql = &call->shape->sql;

    call->job.stmts =
        ARENA_ARRAY(call->request->arena, struct db_stmt, (size_t)sql->body_count + 1);
    buf_init(&call->rowids, RETURNED_MAX);
    for (uint32_t i = 0; i < sql->body_count; i++) {
        bool returns = sql->body_returns && i + 1 == sql->body_count;
        uint64_t id = call->shape->body_id != 0 ? call->shape->body_id + i : 0;

        if (!rest_add_stmt(call, &sql->body[i].stmt, id, returns ? add_returned : NULL, call, err))
            return false;
        call->job.stmts[i].target = sql->body[i].target;
    }
    if (!rest_add_stmt(call, &sql->main, call->shape->main_id, encode_row, &call->encoder, err))
        return false;
    call->main = &call->job.stmts[call->job.stmt_count - 1];
    return true;
}

static bool
submit_embedded(struct rest_call *call, struct err *err)
{
    const struct model_function *function = call->call.function->model;

    rest_prepare_job(call, function->writes ? DB_WRITE : DB_READ);
    call->job.check = !is_read(call) && needs_check(call) ? rest_check : NULL;
    if (!add_body(call, err))
        return false;
    if (call->shape->sql.denied != NULL) {
        *err = *call->shape->sql.denied;
        return false;
    }
    /* What the body does comes after wrong arguments, and after what the caller may not. */
    if (!check_write(call, err))
        return false;
    if (function->writes)
        db_submit(call->rest->options.db, &call->job);
    else if (db_submit_inline(call->rest->options.db, &call->job))
        rest_respond(call);
    return true;
}

static bool
submit(struct rest_call *call, struct err *err)
{
    bool read = is_read(call);

    rest_prepare_job(call, read ? DB_READ : DB_WRITE);
    call->job.check = !read && needs_check(call) ? rest_check : NULL;
    if (!rest_add_stmt(call, &call->shape->sql.main, call->shape->main_id, encode_row,
                       &call->encoder, err))
        return false;
    call->main = &call->stmts[call->job.stmt_count - 1];
    begin_add_response(call);
    timing_end(call->request, TIMING_PLAN);
    db_submit(call->rest->options.db, &call->job);
    return true;
}

void
rest_handle_function(struct rest *rest, struct request *request, struct str name)
{
    struct rest_call *call = rest_call_new(rest, request);
    ERR_LOCAL(err);

    call->action = PLAN_READ;
    call->api.takes_arguments = request->method != HTTP_POST;
    if (!find_name(call, name, &err) || !rest_choose_schema(call, &err))
        goto fail;
    if (request->method == HTTP_OPTIONS) {
        timing_end(request, TIMING_PARSE);
        respond_options(call);
        return;
    }
    if (!rest_read_headers(call, &err) || !rest_read_query(call, &err) ||
        !choose_function(call, &err) || !media_choose(call, &err))
        goto fail;
    timing_end(request, TIMING_PARSE);
    if ((rest->options.dialect == DB_SQLITE && !role_find(call, &err)) ||
        !rest_find_shape(call, &err))
        goto fail;
    prepare_encoder(call);
    if (rest->options.dialect == DB_SQLITE ? submit_embedded(call, &err) : submit(call, &err))
        return;

fail:
    rest_finish(call, &err);
}
