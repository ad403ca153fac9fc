/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/rest.h"

#include "core/err_local.h"
#include "metric/metric.h"
#include "rest/answer.h"
#include "rest/encode_gather.h"
#include "rest/media.h"
#include "rest/plan_check.h"
#include "rest/put.h"
#include "rest/raise.h"
#include "rest/rest_impl.h"
#include "rest/timing.h"

#define SHAPES_MAX 1024
#define KEY_MAX (1024 * 1024)

struct rest *
rest_new(const struct rest_options *options, struct schema *schema, struct root_texts *texts)
{
    struct rest *rest = xcalloc(1, sizeof(*rest));

    rest->options = *options;
    rest->options.limits.fixes_limits = options->dialect == DB_POSTGRES;
    rest->schema = schema;
    rest->root_texts = texts;
    rest->shapes = shape_cache_new(SHAPES_MAX);
    if (options->dialect == DB_POSTGRES)
        rest->begin = begin_new(&rest->options, schema);
    else
        rest->zones = zones_new();
    buf_init(&rest->key, KEY_MAX);
    return rest;
}

void
rest_free(struct rest *rest)
{
    if (rest == NULL)
        return;
    shape_cache_free(rest->shapes);
    begin_free(rest->begin);
    zones_free(rest->zones);
    root_texts_unref(rest->root_texts);
    schema_unref(rest->schema);
    buf_fini(&rest->key);
    free(rest);
}

void
rest_set_schema(struct rest *rest, struct schema *schema, struct root_texts *texts)
{
    shape_cache_clear(rest->shapes);
    if (rest->begin != NULL)
        begin_set_schema(rest->begin, schema);
    root_texts_unref(rest->root_texts);
    rest->root_texts = texts;
    schema_unref(rest->schema);
    rest->schema = schema;
}

struct rest_call *
rest_call_new(struct rest *rest, struct request *request)
{
    struct rest_call *call = arena_alloc(request->arena, sizeof(*call));

    memset(call, 0, offsetof(struct rest_call, stmts));
    db_job_clear(&call->job);
    err_clear(&call->late);
    call->rest = rest;
    call->request = request;
    call->total = call->guess = -1;
    return call;
}

void
rest_finish(struct rest_call *call, struct err *err)
{
    shape_unref(call->shape);
    call->shape = NULL;
    gather_free(call->encoder.gather);
    begin_release(&call->begin);
    buf_fini(&call->rowids);
    if (err != NULL) {
        raise_translate(call->request, err);
        answer_error(call->request, err);
    } else {
        timing_add_header(call->request);
        http_respond(call->request);
    }
}

/* All Prefer headers as one list. */
static struct str
prefer_header(const struct request *request)
{
    struct str all = request->known[HTTP_H_PREFER];
    uint32_t found = 0;

    for (uint32_t i = 0; all.data != NULL && i < request->header_count; i++) {
        if (str_eq(request->headers[i].name, STR("prefer")) && ++found > 1)
            all = arena_printf(request->arena, "%.*s, %.*s", STR_ARG(all),
                               STR_ARG(request->headers[i].value));
    }
    return all;
}

bool
rest_choose_schema(struct rest_call *call, struct err *err)
{
    const struct rest_options *options = &call->rest->options;
    bool reads = call->action == PLAN_READ && call->request->method != HTTP_POST;
    struct str name = call->request->known[reads ? HTTP_H_ACCEPT_PROFILE : HTTP_H_CONTENT_PROFILE];
    struct buf list;

    call->api.schema = str_from(options->schemas[0]);
    if (name.data == NULL)
        return true;
    for (size_t i = 0; i < options->schema_count; i++) {
        if (str_eq(name, str_from(options->schemas[i]))) {
            call->api.schema = str_from(options->schemas[i]);
            return true;
        }
    }
    buf_init(&list, sizeof(err->hint));
    for (size_t i = 0; i < options->schema_count; i++)
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", options->schemas[i]);
    err_set(err, ERR_REQUEST, "PGRST106", "Invalid schema: %.*s", STR_ARG(str_slice(name, 0, 200)));
    err_hint(err, "Only the following schemas are exposed: %.*s", STR_ARG(buf_str(&list)));
    err->http_status = 406;
    buf_fini(&list);
    return false;
}

bool
rest_read_headers(struct rest_call *call, struct err *err)
{
    struct request *request = call->request;
    struct api_prefer *prefer = &call->api.prefer;

    api_parse_prefer(prefer_header(request), request->arena, prefer);
    if (prefer->strict && prefer->invalid.data != NULL) {
        err_refuse(err, 400, "PGRST122", "Invalid preferences given with handling=strict");
        err_details(err, "Invalid preferences: %.*s", STR_ARG(prefer->invalid));
        return false;
    }
    if (request->method == HTTP_GET && request->known[HTTP_H_RANGE].data != NULL)
        api_parse_range(request->known[HTTP_H_RANGE], &call->api);
    if (call->is_put)
        prefer->resolution = API_RESOLUTION_MERGE;
    return true;
}

static bool
find_table(struct rest_call *call, struct str name, struct err *err)
{
    if (!api_decode_segment(name, call->request->arena, &call->name))
        return err_refuse(err, 404, "PGRST125", "Invalid path specified in request URL");
    call->table = schema_find_table(call->rest->schema, call->api.schema, call->name);
    if (call->table == NULL || !call->table->is_exposed)
        return plan_fail_table(call->rest->schema, call->api.schema, call->name, err);
    return true;
}

static uint32_t
add_number_slot(struct rest_call *call, int64_t number)
{
    struct arena *arena = call->request->arena;
    struct api_request *api = &call->api;
    struct api_slot *slots = ARENA_ARRAY(arena, struct api_slot, api->slot_count + 1);

    if (api->slot_count > 0)
        memcpy(slots, api->slots, api->slot_count * sizeof(*slots));
    slots[api->slot_count] =
        (struct api_slot){.text = arena_printf(arena, "%lld", (long long)number)};
    api->slots = slots;
    api->slot_cap = api->slot_count + 1;
    return api->slot_count++;
}

static int64_t
slot_number(const struct api_request *api, uint32_t slot, int64_t fallback)
{
    int64_t number = fallback;

    if (slot != API_NO_SLOT && !str_to_i64(api->slots[slot].text, &number))
        number = fallback;
    return number;
}

static bool
fail_range(const char *details, struct err *err)
{
    err_refuse(err, 416, "PGRST103", "Requested range not satisfiable");
    err_details(err, "%s", details);
    return false;
}

/* The Range header narrows limit and offset: point 32. Nothing is asked for by limit=0, with it or
 * not. */
static bool
apply_range(struct rest_call *call, struct err *err)
{
    struct api_request *api = &call->api;
    struct api_level *root = api->levels;
    int64_t offset = slot_number(api, root->offset_slot, 0);
    int64_t limit = slot_number(api, root->limit_slot, -1);
    int64_t end = limit < 0 || offset > INT64_MAX - limit ? INT64_MAX : offset + limit;

    if (!api->has_range || limit == 0)
        return true;
    if (api->range_to >= 0 && api->range_from > api->range_to)
        return fail_range("The lower boundary must be lower than or equal to the upper boundary in "
                          "the Range header.",
                          err);
    if (api->range_from > offset)
        offset = api->range_from;
    if (api->range_to >= 0 && api->range_to < INT64_MAX && api->range_to + 1 < end)
        end = api->range_to + 1;
    if (end <= offset && end != INT64_MAX)
        return fail_range("Limit should be greater than or equal to zero.", err);
    limit = end - offset;
    root->offset_slot = add_number_slot(call, offset);
    root->is_offset_zero = offset == 0 && call->rest->options.limits.fixes_limits;
    if (end != INT64_MAX)
        root->limit_slot = add_number_slot(call, limit);
    root->limit_fixed = api_is_usual_limit(&call->rest->options.limits, limit) ? limit : 0;
    buf_printf(&call->rest->key, "range%c%c%lld", end != INT64_MAX ? '1' : '0',
               root->is_offset_zero ? '0' : 'n', (long long)root->limit_fixed);
    return true;
}

/* What the plan depends on and the query string doesn't say. */
static void
begin_key(struct rest_call *call)
{
    struct buf *key = &call->rest->key;
    const struct api_prefer *prefer = &call->api.prefer;

    buf_clear(key);
    buf_add_char(key, (char)('0' + call->action));
    buf_add_char(key, call->is_put ? '1' : '0');
    buf_add_char(key, (char)('0' + prefer->ret));
    buf_add_char(key, (char)('0' + prefer->resolution));
    buf_add_char(key, (char)('0' + prefer->count));
    buf_add_char(key, prefer->missing_default ? '1' : '0');
    if (call->rest->options.dialect == DB_SQLITE)
        buf_add_str(key, role_get_name(call));
    buf_add_char(key, '\0');
    buf_add_str(key, call->api.schema);
    buf_add_char(key, '\0');
    buf_add_str(key, call->name);
    buf_add_char(key, '\0');
}

/* Behind the parameters, and never mistaken for one: no name is that long. */
static void
add_payload_key(struct rest_call *call)
{
    uint32_t mark = UINT32_MAX;

    buf_add(&call->rest->key, &mark, sizeof(mark));
    buf_add_char(&call->rest->key, (char)('0' + call->way));
    for (uint32_t i = 0; call->api.columns == NULL && i < call->payload.key_count; i++) {
        uint32_t len = (uint32_t)call->payload.keys[i].len;

        buf_add(&call->rest->key, &len, sizeof(len));
        buf_add_str(&call->rest->key, call->payload.keys[i]);
    }
}

bool
rest_read_query(struct rest_call *call, struct err *err)
{
    struct request *request = call->request;

    begin_key(call);
    if (!api_parse_params(request->query, request->arena, &call->params, &call->param_count, err) ||
        !api_parse_query(call->params, call->param_count, &call->rest->options.limits,
                         request->arena, &call->api, &call->rest->key, err) ||
        !apply_range(call, err))
        return false;
    if (!buf_ok(&call->rest->key))
        return err_refuse(err, 414, "PGRST100", "the query string is too long");
    /* Of no rows, none is the first. */
    if (slot_number(&call->api, call->api.levels->limit_slot, -1) != 0)
        call->offset = slot_number(&call->api, call->api.levels->offset_slot, 0);
    return true;
}

static enum payload_way
choose_way(const struct rest_call *call)
{
    const struct api_request *api = &call->api;
    const struct payload *payload = &call->payload;
    bool named = api->columns != NULL;
    const struct payload_names names = {
        .items = named ? api->columns : payload->keys,
        .count = named ? api->column_count : payload->key_count,
        .all_present = api->prefer.missing_default,
    };

    if (call->rest->options.dialect != DB_POSTGRES || payload->row_count == 0)
        return PAYLOAD_AS_JSON;
    return payload_choose_way(payload, call->action == PLAN_UPDATE ? 1 : payload->row_count, &names,
                              call->table, call->request->arena);
}

static bool
read_payload(struct rest_call *call, struct err *err)
{
    struct request *request = call->request;

    if (call->action != PLAN_INSERT && call->action != PLAN_UPDATE)
        return true;
    if (!payload_parse(request->body, request->known[HTTP_H_CONTENT_TYPE],
                       call->api.columns != NULL, call->rest->options.limits.json_depth_max,
                       request->arena, &call->payload, err) ||
        (call->is_put && !put_check(call->table, &call->api, &call->payload, request->arena, err)))
        return false;
    call->way = choose_way(call);
    add_payload_key(call);
    return true;
}

/* The arguments of a function outlive the request, as the rest of the plan does. */
static const struct plan_call *
copy_call(const struct rest_call *call, struct arena *arena)
{
    const struct plan_call *from = &call->call;
    struct plan_argument *arguments = NULL;
    struct plan_call *copy = NULL;

    if (from->function == NULL)
        return NULL;
    copy = ARENA_NEW(arena, struct plan_call);
    arguments = ARENA_ARRAY(arena, struct plan_argument, from->argument_count + 1);
    if (from->argument_count > 0)
        memcpy(arguments, from->arguments, from->argument_count * sizeof(*arguments));
    *copy = (struct plan_call){
        .function = from->function,
        .arguments = arguments,
        .argument_count = from->argument_count,
        .is_null = from->is_null,
    };
    return copy;
}

/* For the statements that the shape has no names for. */
static void
take_ids(struct shape *shape)
{
    if (shape->main_id == 0)
        return;
    shape->body_id = shape_take_ids(shape->sql.body_count);
    if (shape->sql.gathered.sql.data != NULL)
        shape->gathered_id = shape_take_ids(1);
    if (shape->sql.bulk.sql.data != NULL)
        shape->sql.bulk.id = shape_take_ids(3);
}

/*
 * Makes the plan in the shape's own arena, from a second parse there: what the first one made dies
 * with the request, and this happens once for each shape.
 */
static bool
fill_shape(struct rest_call *call, struct shape *shape, struct err *err)
{
    struct arena *arena = shape->arena;
    struct api_request *api = ARENA_NEW(arena, struct api_request);
    struct api_param *params = NULL;
    uint32_t count = 0;
    struct buf ignored;
    struct plan *plan = NULL;
    struct plan_input input = {
        .schema = shape->schema,
        .table = call->table,
        .call = copy_call(call, arena),
        .api = api,
        .limits = &call->rest->options.limits,
        .action = call->action,
        .handler = call->handler,
        .dialect = call->rest->options.dialect,
        .role = call->role,
        .arena = arena,
    };
    struct str *keys = ARENA_ARRAY(arena, struct str, call->payload.key_count + 1);
    bool ok = false;

    buf_init(&ignored, KEY_MAX);
    api->prefer = call->api.prefer;
    api->takes_arguments = call->api.takes_arguments;
    api->nulls_stripped = call->api.nulls_stripped;
    api->explain = call->api.explain;
    api->media = call->api.media;
    if (!api_parse_params(arena_copy(arena, call->request->query), arena, &params, &count, err) ||
        !api_parse_query(params, count, input.limits, arena, api, &ignored, err))
        goto out;
    /* The key in the URL is what a PUT conflicts with. */
    if (call->is_put)
        api->on_conflict_count = 0;
    api->levels->limit_slot = call->api.levels->limit_slot;
    api->levels->offset_slot = call->api.levels->offset_slot;
    api->levels->limit_fixed = call->api.levels->limit_fixed;
    api->levels->is_offset_zero = call->api.levels->is_offset_zero;
    for (uint32_t i = 0; i < call->payload.key_count; i++)
        keys[i] = arena_copy(arena, call->payload.keys[i]);
    input.payload_keys = keys;
    input.payload_key_count = call->payload.key_count;
    input.way = call->way;
    if (!plan_make(&input, &plan, err) ||
        (!plan_asks_nothing(plan) &&
         !emit_plan(call->rest->options.dialect, plan, arena, &shape->sql, err)))
        goto out;
    take_ids(shape);
    shape->plan = plan;
    shape->columns = encode_prepare(plan, false, arena);
    if (shape->sql.gathered.sql.data != NULL)
        shape->gathered_columns = encode_prepare(plan, true, arena);
    ok = !arena_is_exhausted(arena) || plan_fail_memory(err);

out:
    buf_fini(&ignored);

    return ok;
}

static bool
find_shape(struct rest_call *call, struct err *err)
{
    struct rest *rest = call->rest;
    struct str key = buf_str(&rest->key);
    bool keep = !call->api.has_literals;

    call->shape = shape_cache_get(rest->shapes, key);
    metric_add(METRIC_PLAN_CACHE,
               call->shape != NULL ? METRIC_PLAN_CACHE_RESULT_HIT : METRIC_PLAN_CACHE_RESULT_MISS,
               1);
    if (call->shape != NULL)
        return true;
    call->shape = shape_new(rest->schema, key, keep);
    if (!fill_shape(call, call->shape, err))
        return false;
    if (keep)
        shape_cache_put(rest->shapes, call->shape);
    return true;
}

bool
rest_find_shape(struct rest_call *call, struct err *err)
{
    bool is_found = find_shape(call, err);
    struct str zone = call->api.prefer.timezone;

    if (zone.data == NULL || call->rest->zones == NULL ||
        (!is_found && str_has_prefix(str_from(err->code), STR("PGRST"))))
        return is_found;
    /* A zone that is none comes before what the database says of the statement. */
    call->job.zone = zones_find(call->rest->zones, zone, err);
    return is_found && call->job.zone != NULL;
}

void
rest_prepare_encoder(struct rest_call *call)
{
    const struct plan *plan = call->shape->plan;
    struct encoder *encoder = &call->encoder;
    bool wants_location = plan->action == PLAN_INSERT && plan->returns_rows &&
                          call->api.prefer.ret == API_RETURN_HEADERS;

    encoder->columns = call->shape->columns;
    encoder->column_count = plan->root->column_count;
    encoder->nulls_stripped = call->api.nulls_stripped;
    encoder->marks_inserted = call->shape->sql.marks_inserted;
    encoder->out = &call->request->response.body;
    encoder->err = &call->job.err;
    encoder->zone = call->job.zone;
    encoder->total = -1;
    encoder->is_bytes = plan->handler != NULL && plan->handler->is_bytes;
    encoder->has_version =
        plan->handler != NULL && plan->handler->is_jsonb && !call->rest->options.managed;
    if (plan->explain.is_on)
        encoder->mode = ENCODE_LINES;
    else if (plan->handler != NULL)
        encoder->mode = ENCODE_HANDLED;
    else if (call->request->method == HTTP_HEAD ||
             (plan->action != PLAN_READ && !plan->returns_rows))
        encoder->mode = ENCODE_NOTHING;
    else if (wants_location)
        encoder->mode = ENCODE_LOCATION;
    else if (call->api.media == API_MEDIA_OBJECT)
        encoder->mode = ENCODE_OBJECT;
    else
        encoder->mode = call->api.media == API_MEDIA_CSV ? ENCODE_CSV : ENCODE_JSON;
    if (encoder->mode == ENCODE_JSON && call->shape->gathered_columns != NULL)
        rest_gather(call);
}

static void
options_respond(struct rest_call *call)
{
    const struct model_table *model = call->table->model;
    struct response *response = &call->request->response;
    bool put = model->insertable && model->updatable && call->table->pk_column_count > 0;

    response->status = 200;
    response_add_header(call->request, STR("Allow"),
                        arena_printf(call->request->arena, "OPTIONS,GET,HEAD%s%s%s%s",
                                     model->insertable ? ",POST" : "", put ? ",PUT" : "",
                                     model->updatable ? ",PATCH" : "",
                                     model->deletable ? ",DELETE" : ""));
    rest_finish(call, NULL);
}

static bool
choose_action(struct rest_call *call, struct err *err)
{
    switch (call->request->method) {
    case HTTP_GET:
    case HTTP_HEAD:
    case HTTP_OPTIONS:
        call->action = PLAN_READ;
        return true;
    case HTTP_POST:
    case HTTP_PUT:
        call->action = PLAN_INSERT;
        call->is_put = call->request->method == HTTP_PUT;
        return true;
    case HTTP_PATCH:
        call->action = PLAN_UPDATE;
        return true;
    case HTTP_DELETE:
        call->action = PLAN_DELETE;
        return true;
    case HTTP_OTHER:
        break;
    }
    err_set(err, ERR_REQUEST, "PGRST117", "Unsupported HTTP method: %.*s",
            STR_ARG(str_slice(call->request->method_name, 0, 40)));
    err->http_status = 405;
    return false;
}

/* An insert of no rows and an update of no columns change nothing: points 39 and 41. */
static bool
changes_nothing(const struct rest_call *call)
{
    if (call->action == PLAN_INSERT)
        return call->payload.row_count == 0;
    return call->action == PLAN_UPDATE &&
           (call->payload.row_count == 0 || call->payload.key_count == 0);
}

void
rest_handle_table(struct rest *rest, struct request *request, struct str name)
{
    struct rest_call *call = rest_call_new(rest, request);
    ERR_LOCAL(err);

    if (!choose_action(call, &err) || !rest_choose_schema(call, &err) ||
        !find_table(call, name, &err)) {
        rest_finish(call, &err);
        return;
    }
    if (request->method == HTTP_OPTIONS) {
        timing_end(request, TIMING_PARSE);
        options_respond(call);
        return;
    }
    if (!rest_read_headers(call, &err) || !rest_read_query(call, &err) ||
        !media_choose(call, &err) || !read_payload(call, &err)) {
        rest_finish(call, &err);
        return;
    }
    timing_end(request, TIMING_PARSE);
    if ((rest->options.dialect == DB_SQLITE && !role_find(call, &err)) ||
        !rest_find_shape(call, &err)) {
        rest_finish(call, &err);
        return;
    }
    rest_prepare_encoder(call);
    if (changes_nothing(call)) {
        timing_end(request, TIMING_PLAN);
        rest_respond_unchanged(call);
        return;
    }
    if (!rest_make_job(call, &err)) {
        rest_finish(call, &err);
        return;
    }
    timing_end(request, TIMING_PLAN);
    if (call->job.mode == DB_WRITE)
        db_submit(rest->options.db, &call->job);
    else if (db_submit_inline(rest->options.db, &call->job))
        rest_respond(call);
}
