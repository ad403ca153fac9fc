/* SPDX-License-Identifier: Apache-2.0 */
/* What the database answered, as status, headers and body. */
#include "core/err_local.h"
#include "rest/answer.h"
#include "rest/count.h"
#include "rest/media.h"
#include "rest/raise.h"
#include "rest/rest_impl.h"
#include "rest/timing.h"

#define FEW_PARAMS 8

static uint64_t
rows_affected(const struct rest_call *call)
{
    /* Rows that came back were counted; else the engine says how many changed. */
    if (call->call.function != NULL || call->shape->plan->returns_rows ||
        call->encoder.marks_inserted)
        return call->encoder.rows;
    return call->main->affected > 0 ? (uint64_t)call->main->affected : 0;
}

static bool
fail_singular(uint64_t rows, struct err *err)
{
    err_set(err, ERR_REQUEST, "PGRST116", "Cannot coerce the result to a single JSON object");
    err_details(err, "The result contains %llu rows", (unsigned long long)rows);
    err->http_status = 406;
    return false;
}

bool
rest_check(struct db_job *job)
{
    const struct rest_call *call = job->ctx;
    const struct api_prefer *prefer = &call->api.prefer;
    uint64_t rows = rows_affected(call);

    if (call->late.kind != ERR_NONE) {
        job->err = call->late;
        return false;
    }
    if (call->api.media == API_MEDIA_OBJECT && rows != 1)
        return fail_singular(rows, &job->err);
    if (prefer->strict && prefer->has_max_affected && call->action != PLAN_INSERT &&
        (int64_t)rows > prefer->max_affected) {
        err_set(&job->err, ERR_REQUEST, "PGRST124",
                "Query result exceeds max-affected preference constraint");
        err_details(&job->err, "The query affects %llu rows", (unsigned long long)rows);
        job->err.http_status = 400;
        return false;
    }
    return true;
}

/* Room for a header that is made in place: the arena is its end. */
static struct buf
header_room(struct rest_call *call, size_t size)
{
    return (struct buf){.data = arena_alloc(call->request->arena, size), .cap = size, .max = size};
}

static void
add_content_range(struct rest_call *call, int64_t first, uint64_t rows, int64_t total)
{
    struct buf text = header_room(call, 64);

    if (rows == 0) {
        buf_add_char(&text, '*');
    } else {
        buf_add_i64(&text, first);
        buf_add_char(&text, '-');
        buf_add_i64(&text, first + (int64_t)rows - 1);
    }
    buf_add_char(&text, '/');
    if (total < 0)
        buf_add_char(&text, '*');
    else
        buf_add_i64(&text, total);
    response_add_header(call->request, STR("Content-Range"), buf_str(&text));
}

/* By name, and of one name in the order in which they came. */
static int
compare_params(const void *a, const void *b)
{
    const struct api_param *x = *(const struct api_param *const *)a;
    const struct api_param *y = *(const struct api_param *const *)b;
    int order = str_cmp(x->key, y->key);

    return order != 0 ? order : (x > y) - (x < y);
}

/* Each goes to its place among those before it. */
static void
sort_few(const struct api_param **params, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const struct api_param *one = params[i];
        uint32_t at = i;

        for (; at > 0 && str_cmp(params[at - 1]->key, one->key) > 0; at--)
            params[at] = params[at - 1];
        params[at] = one;
    }
}

static const struct api_param **
sort_params(struct rest_call *call)
{
    const struct api_param **sorted =
        ARENA_ARRAY(call->request->arena, const struct api_param *, call->param_count + 1);

    for (uint32_t i = 0; i < call->param_count; i++)
        sorted[i] = &call->params[i];
    if (call->param_count <= FEW_PARAMS) {
        sort_few(sorted, call->param_count);
        return sorted;
    }
    qsort(sorted, call->param_count, sizeof(*sorted), compare_params);
    return sorted;
}

/* /NAME?parameters, sorted by name: point 1. */
static void
add_content_location(struct rest_call *call)
{
    const struct api_param **params = sort_params(call);
    size_t size = 1 + 3 * call->name.len;
    struct buf text;

    for (uint32_t i = 0; i < call->param_count; i++)
        size += 2 + 3 * (params[i]->key.len + params[i]->value.len);
    text = header_room(call, size);
    buf_add_char(&text, '/');
    encode_percent(&text, call->name);
    for (uint32_t i = 0; i < call->param_count; i++) {
        buf_add_char(&text, i == 0 ? '?' : '&');
        encode_percent(&text, params[i]->key);
        buf_add_char(&text, '=');
        encode_percent(&text, params[i]->value);
    }
    response_add_header(call->request, STR("Content-Location"), buf_str(&text));
}

static void
add_preference(struct buf *out, const char *text)
{
    if (out->len > 0)
        BUF_ADD_LIT(out, ", ");
    buf_add_str(out, str_from(text));
}

static void
add_preference_applied(struct rest_call *call)
{
    static const char *const returns[] = {NULL, "return=minimal", "return=headers-only",
                                          "return=representation"};
    static const char *const counts[] = {NULL, "count=exact", "count=planned", "count=estimated"};
    const struct api_prefer *prefer = &call->api.prefer;
    bool is_write = call->action != PLAN_READ;
    char room[48];
    struct buf text;

    buf_init(&text, 64 * 1024);
    if (call->action == PLAN_INSERT && !call->is_put &&
        call->shape->plan->resolution != API_RESOLUTION_NONE)
        add_preference(&text, call->shape->plan->resolution == API_RESOLUTION_MERGE
                                  ? "resolution=merge-duplicates"
                                  : "resolution=ignore-duplicates");
    if ((call->action == PLAN_INSERT || call->action == PLAN_UPDATE) && prefer->missing_default)
        add_preference(&text, "missing=default");
    if (is_write && prefer->ret != API_RETURN_NONE)
        add_preference(&text, returns[prefer->ret]);
    if (prefer->count != API_COUNT_NONE)
        add_preference(&text, counts[prefer->count]);
    if (call->rest->options.transaction.allows_override &&
        (prefer->tx_commit || prefer->tx_rollback))
        add_preference(&text, prefer->tx_commit ? "tx=commit" : "tx=rollback");
    if (prefer->strict || prefer->lenient)
        add_preference(&text, prefer->strict ? "handling=strict" : "handling=lenient");
    if (prefer->timezone.data != NULL)
        add_preference(
            &text,
            arena_printf(call->request->arena, "timezone=%.*s", STR_ARG(prefer->timezone)).data);
    if (prefer->strict && prefer->has_max_affected &&
        (call->action == PLAN_UPDATE || call->action == PLAN_DELETE ||
         call->call.function != NULL)) {
        snprintf(room, sizeof(room), "max-affected=%lld", (long long)prefer->max_affected);
        add_preference(&text, room);
    }
    if (text.len > 0)
        response_add_header(call->request, STR("Preference-Applied"),
                            arena_copy(call->request->arena, buf_str(&text)));
    buf_fini(&text);
}

/* 299 is a warning that lasts: RFC 7234, 5.5. */
static void
add_warning(struct rest_call *call, struct str name, struct str alias)
{
    struct buf text = header_room(call, 160 + 3 * (name.len + alias.len));

    BUF_ADD_LIT(&text,
                "299 - \"An embed with an alias was called by its target's name, which will not "
                "be taken for ever. Change '");
    encode_percent(&text, name);
    BUF_ADD_LIT(&text, "' to '");
    encode_percent(&text, alias);
    BUF_ADD_LIT(&text, "' in filters, orders or limits.\"");
    response_add_header(call->request, STR("Warning"), buf_str(&text));
}

static void
add_common_headers(struct rest_call *call)
{
    const struct plan *plan = call->shape->plan;

    response_add_header(call->request, STR("Vary"), STR("Accept, Prefer, Range"));
    if (plan->legacy_name.data != NULL)
        add_warning(call, plan->legacy_name, plan->legacy_alias);
    if (call->rest->options.schema_count > 1)
        response_add_header(call->request, STR("Content-Profile"), call->api.schema);
    if (call->api.prefer.strict || call->api.prefer.lenient ||
        call->request->known[HTTP_H_PREFER].data != NULL)
        add_preference_applied(call);
}

static bool
respond_read(struct rest_call *call, struct err *err)
{
    struct response *response = &call->request->response;
    uint64_t rows = call->encoder.rows;

    count_settle(call);
    if (call->api.media == API_MEDIA_OBJECT && rows != 1)
        return fail_singular(rows, err);
    if (call->total >= 0 && call->offset > call->total) {
        err_set(err, ERR_REQUEST, "PGRST103", "Requested range not satisfiable");
        err_details(err, "An offset of %lld was requested, but there are only %lld rows.",
                    (long long)call->offset, (long long)call->total);
        err->http_status = 416;
        add_content_range(call, 0, 0, call->total);
        return false;
    }
    response->status = call->total >= 0 && (int64_t)rows < call->total ? 206 : 200;
    response->content_type = media_content_type(call);
    add_content_range(call, call->offset, rows, call->total);
    if (call->call.function == NULL)
        add_content_location(call);
    add_common_headers(call);
    return true;
}

static bool
respond_call(struct rest_call *call, struct err *err)
{
    struct response *response = &call->request->response;

    if (call->encoder.total >= 0)
        call->total = call->encoder.total;
    if (call->encoder.mode == ENCODE_OBJECT && call->encoder.rows == 0)
        BUF_ADD_LIT(&response->body, "null");
    if (!respond_read(call, err))
        return false;
    if (call->call.function->model->result == MODEL_RESULT_VOID) {
        response->status = 204;
        response->content_type = STR_NULL;
    }
    return true;
}

static uint64_t
rows_inserted(const struct rest_call *call, uint64_t affected)
{
    if (call->shape->plan->resolution != API_RESOLUTION_MERGE)
        return affected;
    if (call->encoder.marks_inserted)
        return call->encoder.inserted;
    /* What is shown may be groups. */
    if (call->shape->plan->root->is_grouped)
        affected = call->main->affected > 0 ? (uint64_t)call->main->affected : 0;
    return affected > call->existing.rows ? affected - call->existing.rows : 0;
}

/* The encoder wrote what follows the table's name into the body. */
static void
add_location(struct rest_call *call, uint64_t rows)
{
    struct buf *body = &call->request->response.body;
    struct buf text = header_room(call, 1 + 3 * call->name.len + body->len);

    buf_add_char(&text, '/');
    encode_percent(&text, call->name);
    buf_add_str(&text, buf_str(body));
    if (rows == 1 && !call->is_put)
        response_add_header(call->request, STR("Location"), buf_str(&text));
    buf_clear(body);
}

static int
write_status(const struct rest_call *call, uint64_t affected)
{
    bool representation = call->api.prefer.ret == API_RETURN_REPRESENTATION;

    if (call->action != PLAN_INSERT || call->is_put) {
        if (!representation)
            return 204;
        return call->is_put && rows_inserted(call, affected) > 0 ? 201 : 200;
    }
    return call->shape->plan->resolution == API_RESOLUTION_MERGE &&
                   rows_inserted(call, affected) == 0
               ? 200
               : 201;
}

static void
respond_write(struct rest_call *call, uint64_t affected)
{
    struct response *response = &call->request->response;
    enum api_count count = call->api.prefer.count;
    /* There is nothing to plan any more. */
    bool is_counted = count == API_COUNT_EXACT || count == API_COUNT_ESTIMATED;
    int64_t total = is_counted ? (int64_t)affected : -1;

    response->status = write_status(call, affected);
    if (call->api.prefer.ret == API_RETURN_REPRESENTATION)
        response->content_type = media_content_type(call);
    if (call->encoder.mode == ENCODE_LOCATION)
        add_location(call, affected);
    if (!call->is_put)
        add_content_range(call, 0, call->action == PLAN_UPDATE ? affected : 0, total);
    add_common_headers(call);
}

void
rest_respond_unchanged(struct rest_call *call)
{
    ERR_LOCAL(err);
    bool ok = true;

    if (call->api.media == API_MEDIA_OBJECT)
        ok = fail_singular(0, &err);
    if (ok && call->api.prefer.ret == API_RETURN_REPRESENTATION)
        ok = encode_end(&call->encoder);
    if (ok)
        respond_write(call, 0);
    rest_finish(call, ok ? NULL : &err);
}

/* The plan, of whatever was asked. */
static void
respond_explained(struct rest_call *call)
{
    call->request->response.status = 200;
    call->request->response.content_type = media_content_type(call);
    response_add_header(call->request, STR("Vary"), STR("Accept, Prefer, Range"));
    if (call->rest->options.schema_count > 1)
        response_add_header(call->request, STR("Content-Profile"), call->api.schema);
}

/* What a function of the embedded engine has set; on PostgreSQL it was asked. */
static void
take_settings(struct rest_call *call)
{
    const struct db_setting *headers = db_settings_find(&call->set, STR("response.headers"));
    const struct db_setting *status = db_settings_find(&call->set, STR("response.status"));

    if (headers != NULL)
        call->guc_headers = headers->value;
    if (status != NULL)
        call->guc_status = status->value;
}

void
rest_respond(struct rest_call *call)
{
    struct response *response = &call->request->response;
    uint32_t header_count = response->header_count;
    bool ok = call->job.ok && encode_end(&call->encoder);

    timing_end(call->request, TIMING_TRANSACTION);
    if (!call->job.ok)
        begin_explain(call);
    if (ok && call->api.explain.is_on)
        respond_explained(call);
    else if (ok && call->call.function != NULL)
        ok = respond_call(call, &call->job.err);
    else if (ok && call->action == PLAN_READ)
        ok = respond_read(call, &call->job.err);
    else if (ok)
        respond_write(call, rows_affected(call));
    /* What the database says itself comes last. */
    take_settings(call);
    if (ok &&
        !raise_apply_settings(call->request, call->guc_headers, call->guc_status, &call->job.err)) {
        response->header_count = header_count;
        ok = false;
    }
    rest_finish(call, ok ? NULL : &call->job.err);
}
