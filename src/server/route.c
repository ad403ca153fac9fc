/* SPDX-License-Identifier: Apache-2.0 */
/* From path to handler, and the handlers that need no more than a few lines. */
#include "auth/auth.h"
#include "core/err_local.h"
#include "core/log.h"
#include "def/routes.h"
#include "metric/metric.h"
#include "rest/answer.h"
#include "rest/timing.h"
#include "server/cors.h"
#include "server/docs.h"
#include "server/loop.h"

/* Whether path is what the route says; {name} takes one segment, into *segment. Most routes are
 * told apart by the last character before that. */
static bool
path_fits(const struct route_def *route, struct str path, struct str *segment)
{
    size_t fixed = route->fixed;

    if (path.len < fixed || path.data[fixed - 1] != route->path[fixed - 1] ||
        memcmp(path.data, route->path, fixed) != 0)
        return false;
    if (route->path[fixed] == '\0')
        return fixed == path.len;
    *segment = str_slice(path, fixed, path.len);
    return segment->len > 0 && memchr(segment->data, '/', segment->len) == NULL;
}

static const struct route_def *
find_route(struct str path, struct str *segment)
{
    for (size_t i = 0; i < route_table_count; i++) {
        if (path_fits(&route_table[i], path, segment))
            return &route_table[i];
    }
    return NULL;
}

static bool
allows_method(const struct route_def *route, enum http_method method)
{
    static const unsigned bits[] = {
        [HTTP_GET] = ROUTE_METHOD_GET,         [HTTP_HEAD] = ROUTE_METHOD_HEAD,
        [HTTP_POST] = ROUTE_METHOD_POST,       [HTTP_PUT] = ROUTE_METHOD_PUT,
        [HTTP_PATCH] = ROUTE_METHOD_PATCH,     [HTTP_DELETE] = ROUTE_METHOD_DELETE,
        [HTTP_OPTIONS] = ROUTE_METHOD_OPTIONS, [HTTP_OTHER] = 0,
    };

    return (route->methods & bits[method]) != 0;
}

static void
fail(struct request *request, int status, const char *code, const char *message)
{
    ERR_LOCAL(err);

    err_set(&err, ERR_REQUEST, code, "%s", message);
    err.http_status = status;
    answer_error(request, &err);
}

static void
answer_text(struct request *request, int status, struct str content_type, struct str text)
{
    request->response.status = status;
    request->response.content_type = content_type;
    request->response.static_body = text;
    http_respond(request);
}

static void
handle_live(struct request *request)
{
    answer_text(request, 200, STR("application/json"), STR("{\"status\":\"ok\"}"));
}

static void
on_ready_known(struct ready_call *call, const struct err *err)
{
    struct request *request = call->ctx;
    struct buf *body = &request->response.body;

    request->response.status = err == NULL ? 200 : 503;
    request->response.content_type = STR("application/json");
    if (err == NULL) {
        BUF_ADD_LIT(body, "{\"status\":\"ok\",\"checks\":{\"database\":{\"status\":\"ok\"}}}");
    } else {
        BUF_ADD_LIT(body, "{\"status\":\"unavailable\",\"checks\":{\"database\":{\"status\":"
                          "\"unavailable\",\"error\":");
        answer_error_body(body, err, request->wants_terse_errors);
        BUF_ADD_LIT(body, "}}}");
        response_add_header(request, STR("Retry-After"), STR("1"));
    }
    http_respond(request);
}

static void
handle_ready(struct server_loop *loop, struct request *request)
{
    struct ready_call *call = NULL;

    response_add_header(request, STR("Cache-Control"), STR("no-store"));
    if (atomic_load(&loop->shared->is_draining)) {
        answer_text(request, 503, STR("application/json"), STR("{\"status\":\"draining\"}"));
        return;
    }
    call = ARENA_NEW(request->arena, struct ready_call);
    call->done = on_ready_known;
    call->ctx = request;
    ready_ask(&loop->ready_watch, call);
}

static void
handle_metrics(struct server_loop *loop, struct request *request)
{
    if (!loop->shared->config->metrics_enabled) {
        fail(request, 404, "PGRST125", "metrics are switched off (metrics.enabled)");
        return;
    }
    metric_write_text(&request->response.body);
    request->response.status = 200;
    request->response.content_type = STR(METRIC_CONTENT_TYPE);
    http_respond(request);
}

static void
answer_document(struct request *request, const struct buf *document, struct str content_type)
{
    /* A copy: the site may be swapped before the last byte is sent. */
    buf_add_str(&request->response.body, buf_str(document));
    request->response.status = 200;
    request->response.content_type = content_type;
    response_add_header(request, STR("Cache-Control"), STR("no-cache"));
    http_respond(request);
}

static bool
takes_gzip(const struct request *request)
{
    struct str accepted = request->known[HTTP_H_ACCEPT_ENCODING];

    while (accepted.len > 0) {
        struct str item = str_trim(str_cut(&accepted, ','));

        if (str_has_prefix(item, STR("gzip")) && !str_has_suffix(item, STR("q=0")))
            return true;
    }
    return false;
}

static void
handle_docs(struct server_loop *loop, struct request *request, struct str name)
{
    const struct docs_file *file = docs_find(name);
    bool gzip = file != NULL && file->gzip.data != NULL &&
                (takes_gzip(request) || file->plain.data == NULL);

    if (!loop->shared->config->docs_enabled || file == NULL) {
        fail(request, 404, "PGRST125", "there is no such page");
        return;
    }
    request->response.no_compress = true;
    /* The page loads nothing from elsewhere; its renderer sets styles in its elements. */
    response_add_header(request, STR("Content-Security-Policy"),
                        STR("default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "
                            "data:; frame-ancestors 'none'"));
    if (gzip)
        response_add_header(request, STR("Content-Encoding"), STR("gzip"));
    response_add_header(request, STR("Vary"), STR("Accept-Encoding"));
    response_add_header(request, STR("Cache-Control"), STR("no-cache"));
    answer_text(request, 200, str_from(file->content_type), gzip ? file->gzip : file->plain);
}

static void
handle_index(struct request *request)
{
    request->response.status = 302;
    response_add_header(request, STR("Location"), STR("/docs"));
    http_respond(request);
}

static void
dispatch(struct server_loop *loop, const struct route_def *route, struct request *request,
         struct str segment)
{
    switch (route->id) {
    case ROUTE_REST_TABLE:
        rest_handle_table(loop->rest, request, segment);
        break;
    case ROUTE_REST_FUNCTION:
        rest_handle_function(loop->rest, request, segment);
        break;
    case ROUTE_LIVE:
        handle_live(request);
        break;
    case ROUTE_READY:
    case ROUTE_HEALTH:
        handle_ready(loop, request);
        break;
    case ROUTE_METRICS:
        handle_metrics(loop, request);
        break;
    case ROUTE_OPENAPI:
        answer_document(request, &loop->site->openapi, STR("application/json"));
        break;
    case ROUTE_DOCS:
        handle_docs(loop, request, STR("index.html"));
        break;
    case ROUTE_DOCS_ASSET:
        handle_docs(loop, request, segment);
        break;
    case ROUTE_INDEX:
        handle_index(request);
        break;
    case ROUTE_REST_ROOT:
        rest_handle_root(loop->rest, request);
        break;
    case ROUTE_NONE:
        fail(request, 404, "PGRST125", "Invalid path specified in request URL");
        break;
    }
}

/* Sends back the header that api.trace_header names; true when it is the request's id itself. */
static bool
add_trace_header(const struct config *config, struct request *request)
{
    struct str name = str_from(config->api_trace_header);

    for (uint32_t i = 0; name.len > 0 && i < request->header_count; i++) {
        if (!str_eq_nocase(request->headers[i].name, name))
            continue;
        response_add_header(request, name, request->headers[i].value);
        return str_eq_nocase(name, STR("X-Request-Id"));
    }
    return false;
}

static void
admit(struct server_loop *loop, const struct route_def *route, struct request *request,
      struct str segment, bool may_wait)
{
    ERR_LOCAL(err);

    if (auth_check(loop->auth, request, route->right, &err)) {
        timing_end(request, TIMING_JWT);
        /* What one caller may see is not for a cache that others ask. */
        if (request->caller != NULL && request->caller->claims_json.data != NULL)
            response_add_header(request, STR("Cache-Control"), STR("no-store"));
        dispatch(loop, route, request, segment);
    } else if (may_wait && auth_misses_key(loop->auth) &&
               waiting_add(&loop->waiting, request, route, segment)) {
        loop->shared->want_keys(loop->shared->ctx);
    } else {
        answer_error(request, &err);
    }
}

void
route_request(void *ctx, struct request *request)
{
    struct server_loop *loop = ctx;
    const struct config *config = loop->shared->config;
    struct str segment = STR_NULL;
    const struct route_def *route = find_route(request->path, &segment);
    ERR_LOCAL(err);

    observe_begin(loop, request);
    request->route = route != NULL ? route->id : ROUTE_NONE;
    request->route_name = route_names[request->route];
    request->wants_terse_errors = config->api_error_detail == CONFIG_API_ERROR_DETAIL_MINIMAL;
    if (config->api_server_timing)
        timing_begin(request);
    cors_add_headers(config, request);
    if (cors_is_preflight(request)) {
        cors_answer_preflight(request);
        http_respond(request);
        return;
    }
    if (!add_trace_header(config, request))
        response_add_header(request, STR("X-Request-Id"), request->request_id);
    response_add_header(request, STR("X-Content-Type-Options"), STR("nosniff"));
    if (route == NULL) {
        fail(request, 404, "PGRST125", "Invalid path specified in request URL");
    } else if (!allows_method(route, request->method)) {
        response_add_header(request, STR("Allow"), str_from(route->allow));
        err_set(&err, ERR_REQUEST, "PGRST117", "Unsupported HTTP method: %.*s",
                STR_ARG(str_slice(request->method_name, 0, 40)));
        answer_error(request, &err);
    } else {
        admit(loop, route, request, segment, true);
    }
}

void
route_resume(void *ctx, struct request *request, const struct route_def *route, struct str segment)
{
    admit(ctx, route, request, segment, false);
}
