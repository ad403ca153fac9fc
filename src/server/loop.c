/* SPDX-License-Identifier: Apache-2.0 */
#include "server/loop.h"

#include "core/clock.h"
#include "core/log.h"
#include "rest/root.h"

#define RESPONSE_MAX ((size_t)64 * 1024 * 1024)

static struct http_limits
http_limits_from(const struct config *config)
{
    return (struct http_limits){
        .head_max = config->http_head_max,
        .line_max = config->http_line_max,
        .body_max = config->http_body_max,
        .trailers_max = config->http_trailers_max,
        .response_max = RESPONSE_MAX,
        .fields_max = (uint32_t)config->http_fields_max,
        .h2_streams_max = (uint32_t)config->http_h2_streams_max,
        .connections_max = (uint32_t)config->server_connections_max,
        .h2_header_list_max = config->http_h2_header_list_max,
        .header_timeout_ms = config->http_header_timeout,
        .body_timeout_ms = config->http_body_timeout,
        .idle_timeout_ms = config->http_idle_timeout,
        .write_timeout_ms = config->http_write_timeout,
        .body_min_rate = (uint64_t)config->http_body_min_rate,
        .compress_min = config->http_compress_min,
    };
}

static struct rest_root
root_from(const struct config *config)
{
    static const enum rest_root_mode modes[] = {
        [CONFIG_OPENAPI_MODE_FOLLOW_PRIVILEGES] = REST_ROOT_FOLLOWS,
        [CONFIG_OPENAPI_MODE_IGNORE_PRIVILEGES] = REST_ROOT_IGNORES,
        [CONFIG_OPENAPI_MODE_DISABLED] = REST_ROOT_DISABLED,
    };
    struct rest_root root = {
        .mode = modes[config->openapi_mode],
        .title = config->project_name,
        .scheme = config->tls_cert != NULL ? STR("https") : STR("http"),
        .host = str_from(config->listen.text),
        .base_path = STR("/rest/v1"),
        .has_security = config->openapi_security,
    };

    root.function = str_from(config->openapi_root_function);
    /* It was checked with the configuration. */
    if (config->openapi_url != NULL && !root_split_url(str_from(config->openapi_url), &root))
        root.host = STR_NULL;
    return root;
}

static struct rest_options
rest_options_from(const struct config *config, struct server_loop *loop)
{
    return (struct rest_options){
        .limits =
            {
                .depth_max = (uint32_t)config->api_depth_max,
                .terms_max = (uint32_t)config->api_terms_max,
                .nodes_max = (uint32_t)config->api_nodes_max,
                .embed_depth_max = (uint32_t)config->api_embed_depth_max,
                .list_max = (uint32_t)config->api_list_max,
                .json_depth_max = (uint32_t)config->api_json_depth_max,
                .rows_max = config->database_max_rows,
                .aggregates = config->database_aggregates,
                .aliases_only = !config->api_legacy_target_names,
            },
        .schemas = config->database_schemas.items,
        .schema_count = config->database_schemas.count,
        .transaction =
            {
                .rolls_back = config->transaction_end == CONFIG_TRANSACTION_END_ROLLBACK,
                .allows_override = config->transaction_allow_override,
                .pre_request = config->transaction_pre_request,
                .extra_search_path =
                    (const char *const *)config->transaction_extra_search_path.items,
                .extra_search_path_count = config->transaction_extra_search_path.count,
                .hoisted = (const char *const *)config->transaction_hoisted_settings.items,
                .hoisted_count = config->transaction_hoisted_settings.count,
                .settings = (const char *const *)config->app_settings.items,
                .setting_count = config->app_settings.count,
            },
        .root = root_from(config),
        .plans = config->database_plans,
        .managed = config->database_managed,
        .dialect = db_get_dialect(loop->shared->db),
        .db = loop->db,
    };
}

static void
on_handle_closed(uv_handle_t *handle)
{
    (void)handle;
}

/* The last step of a drain: without handles the loop ends. */
static void
on_db_closed(void *ctx)
{
    struct server_loop *loop = ctx;

    loop->db = NULL;
    uv_close((uv_handle_t *)&loop->wake, on_handle_closed);
    uv_close((uv_handle_t *)&loop->prepare, on_handle_closed);
    waiting_close(&loop->waiting);
    gauges_close(&loop->gauges);
    ready_watch_close(&loop->ready_watch);
}

static void
on_drained(void *ctx)
{
    struct server_loop *loop = ctx;

    db_loop_close(loop->db, on_db_closed, loop);
}

static enum auth_rules
rules_of(const struct schema *schema)
{
    if (schema->has_rules)
        return AUTH_RULES_SOME;
    return schema->model->has_no_rules ? AUTH_RULES_NONE : AUTH_RULES_UNKNOWN;
}

static void
on_wake(uv_async_t *async)
{
    struct server_loop *loop = async->data;
    struct site *site = NULL;
    struct auth *auth = NULL;

    uv_mutex_lock(&loop->mutex);
    site = loop->next_site;
    loop->next_site = NULL;
    auth = loop->next_auth;
    loop->next_auth = NULL;
    uv_mutex_unlock(&loop->mutex);
    if (site != NULL) {
        rest_set_schema(loop->rest, schema_ref(site->schema), root_texts_ref(site->root_texts));
        auth_loop_set(loop->auth, auth_ref(site->auth));
        auth_loop_set_rules(loop->auth, rules_of(site->schema));
        site_unref(loop->site);
        loop->site = site;
    }
    if (auth != NULL)
        auth_loop_set(loop->auth, auth);
    if (atomic_exchange(&loop->keys_asked, false))
        waiting_release(&loop->waiting);
    if (atomic_load(&loop->wants_drain) && !loop->is_draining) {
        int64_t grace = loop->shared->config->server_drain_timeout / 10;

        loop->is_draining = true;
        http_server_drain(loop->http, grace < 1000 ? grace : 1000, on_drained, loop);
    }
    if (atomic_load(&loop->wants_abort)) {
        waiting_release(&loop->waiting);
        ready_watch_release(&loop->ready_watch);
        http_server_abort(loop->http);
    }
}

static void
on_prepare(uv_prepare_t *prepare)
{
    (void)prepare;
    log_flush();
}

static void
run(void *arg)
{
    struct server_loop *loop = arg;

    uv_run(&loop->uv, UV_RUN_DEFAULT);
    log_end_thread();
    loop->shared->ended(loop->shared->ctx);
}

bool
server_loop_open(struct server_loop *loop, struct loop_shared *shared, struct site *site,
                 struct err *err)
{
    const struct config *config = shared->config;
    struct http_limits limits = http_limits_from(config);
    struct http_handler handler = {
        .on_request = route_request,
        .on_complete = observe_complete,
        .on_bad_request = observe_bad_request,
        .ctx = loop,
    };
    struct rest_options options;

    loop->shared = shared;
    loop->site = site;
    loop->waiting.resume = route_resume;
    loop->waiting.ctx = loop;
    random_bytes(loop->random, sizeof(loop->random));
    if (uv_loop_init(&loop->uv) != 0 || uv_mutex_init(&loop->mutex) != 0 ||
        uv_async_init(&loop->uv, &loop->wake, on_wake) != 0 ||
        uv_prepare_init(&loop->uv, &loop->prepare) != 0 || !gauges_open(&loop->gauges, &loop->uv) ||
        !ready_watch_open(&loop->ready_watch, &loop->uv) ||
        !waiting_open(&loop->waiting, &loop->uv))
        return err_set(err, ERR_IO, "CAIRN-IO", "unable to start an event loop");
    loop->wake.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    if (!db_loop_open(shared->db, &loop->uv, &loop->db, err))
        return false;
    options = rest_options_from(config, loop);
    loop->rest = rest_new(&options, schema_ref(site->schema), root_texts_ref(site->root_texts));
    loop->auth = auth_loop_new(auth_ref(site->auth));
    auth_loop_set_rules(loop->auth, rules_of(site->schema));
    if (!http_server_open(&loop->uv, &limits, &handler, &loop->http, err))
        return false;
    gauges_watch(&loop->gauges, loop->http);
    return http_server_listen(loop->http, shared->listen_fd, shared->tls, err);
}

void
server_loop_watch_ready(struct server_loop *loop, bool keeps)
{
    ready_watch_start(&loop->ready_watch, loop->db, db_get_dialect(loop->shared->db),
                      keeps ? &loop->shared->is_ready : NULL, &loop->shared->is_draining);
}

bool
server_loop_start(struct server_loop *loop, struct err *err)
{
    if (uv_thread_create(&loop->thread, run, loop) != 0)
        return err_set(err, ERR_IO, "CAIRN-IO", "unable to start a thread");
    loop->has_thread = true;
    return true;
}

void
server_loop_set_site(struct server_loop *loop, struct site *site)
{
    struct site *unseen = NULL;
    struct auth *older = NULL;

    uv_mutex_lock(&loop->mutex);
    unseen = loop->next_site;
    loop->next_site = site;
    older = loop->next_auth;
    loop->next_auth = NULL;
    uv_mutex_unlock(&loop->mutex);
    site_unref(unseen);
    auth_unref(older);
    uv_async_send(&loop->wake);
}

void
server_loop_set_auth(struct server_loop *loop, struct auth *auth)
{
    struct auth *older = NULL;

    uv_mutex_lock(&loop->mutex);
    older = loop->next_auth;
    loop->next_auth = auth;
    uv_mutex_unlock(&loop->mutex);
    auth_unref(older);
    uv_async_send(&loop->wake);
}

void
server_loop_keys_asked(struct server_loop *loop)
{
    atomic_store(&loop->keys_asked, true);
    uv_async_send(&loop->wake);
}

void
server_loop_drain(struct server_loop *loop)
{
    atomic_store(&loop->wants_drain, true);
    uv_async_send(&loop->wake);
}

void
server_loop_abort(struct server_loop *loop)
{
    atomic_store(&loop->wants_abort, true);
    uv_async_send(&loop->wake);
}

void
server_loop_join(struct server_loop *loop)
{
    if (!loop->has_thread)
        return;
    uv_thread_join(&loop->thread);
    http_server_free(loop->http);
    rest_free(loop->rest);
    auth_loop_free(loop->auth);
    site_unref(loop->site);
    site_unref(loop->next_site);
    auth_unref(loop->next_auth);
    uv_loop_close(&loop->uv);
    uv_mutex_destroy(&loop->mutex);
}
