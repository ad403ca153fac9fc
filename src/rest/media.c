/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/media.h"

/* The relation that handlers are for: that of a function is the table whose rows it returns. */
static void
find_target(const struct rest_call *call, struct str *schema, struct str *name)
{
    const struct model *model = call->rest->schema->model;
    const struct model_table *table = call->table->model;
    const struct schema_function *function = call->call.function;

    *schema = table->schema;
    *name = table->name;
    if (function != NULL &&
        (table < model->tables || table >= model->tables + model->table_count)) {
        *schema = function->model->schema;
        *name = function->model->name;
    }
}

/* A handler takes whole rows as the table has them. */
static bool
selects_all(const struct api_item *select)
{
    return select == NULL || (select->kind == API_ITEM_STAR && select->next == NULL);
}

static const struct model_handler *
find_handler(const struct model *model, struct str schema, struct str target, struct str media_type)
{
    uint32_t from = 0;
    uint32_t to = model->handler_count;

    /* The first that does not come before the target. */
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        const struct model_handler *handler = &model->handlers[middle];
        int order = str_cmp(handler->target_schema, schema);

        if (order < 0 || (order == 0 && str_cmp(handler->target, target) < 0))
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < model->handler_count; from++) {
        const struct model_handler *handler = &model->handlers[from];

        if (!str_eq(handler->target_schema, schema) || !str_eq(handler->target, target))
            break;
        if (str_eq_nocase(handler->media_type, media_type))
            return handler;
    }
    return NULL;
}

static bool
find(const void *ctx, struct str media_type, struct api_request *out)
{
    const struct rest_call *call = ctx;
    const struct model *model = call->rest->schema->model;
    const struct model_handler *handler = NULL;
    struct str schema, target;

    if (model->handler_count == 0)
        return false;
    find_target(call, &schema, &target);
    if (selects_all(call->api.select)) {
        handler = find_handler(model, schema, target, STR("*/*"));
        if (handler == NULL)
            handler = find_handler(model, schema, target, media_type);
    }
    if (handler == NULL)
        handler = find_handler(model, STR(""), STR(""), media_type);
    if (handler == NULL)
        return false;
    out->handler = (uint32_t)(handler - model->handlers);
    return true;
}

/* Behind the parameters, and never mistaken for one: no name is that long. */
static void
add_key(struct rest_call *call)
{
    struct buf *key = &call->rest->key;
    const struct api_explain *explain = &call->api.explain;
    uint32_t parts[] = {
        UINT32_MAX - 1,
        call->handler != NULL ? call->api.handler + 1 : 0,
        explain->is_on ? 1 + explain->is_json + 2 * explain->options : 0,
    };

    buf_add(key, parts, sizeof(parts));
    buf_add_char(key, call->api.nulls_stripped ? '1' : '0');
    /* Some types look different there. */
    buf_add_char(key, call->api.media == API_MEDIA_CSV ? '1' : '0');
}

bool
media_choose(struct rest_call *call, struct err *err)
{
    const struct rest_options *options = &call->rest->options;
    struct request *request = call->request;
    const struct api_offers offers = {
        .plans = options->plans && options->dialect == DB_POSTGRES,
        .find = find,
        .ctx = call,
    };
    bool shows = call->action == PLAN_READ ? request->method != HTTP_HEAD
                                           : call->api.prefer.ret == API_RETURN_REPRESENTATION;

    if (!api_parse_accept(request->known[HTTP_H_ACCEPT], &offers, &call->api, err))
        return false;
    if (call->api.media == API_MEDIA_CUSTOM && (shows || call->api.explain.is_on))
        call->handler = &call->rest->schema->model->handlers[call->api.handler];
    add_key(call);
    return true;
}

/* Without its character set. */
static struct str
base_type(const struct rest_call *call)
{
    const struct api_request *api = &call->api;

    if (api->media == API_MEDIA_CUSTOM)
        return call->rest->schema->model->handlers[api->handler].content_type;
    if (api->media == API_MEDIA_CSV)
        return STR("text/csv");
    if (api->media == API_MEDIA_OBJECT)
        return api->nulls_stripped ? STR("application/vnd.pgrst.object+json;nulls=stripped")
                                   : STR("application/vnd.pgrst.object+json");
    return api->array_media ? STR("application/vnd.pgrst.array+json;nulls=stripped")
                            : STR("application/json");
}

static struct str
plan_type(const struct rest_call *call)
{
    static const char *const names[] = {"analyze", "verbose", "settings", "buffers", "wal"};
    const struct api_explain *explain = &call->api.explain;
    struct buf text;
    struct str type;

    buf_init(&text, 4096);
    buf_printf(&text, "application/vnd.pgrst.plan+%s; for=\"%.*s\"",
               explain->is_json ? "json" : "text", STR_ARG(base_type(call)));
    for (size_t i = 0, count = 0; i < COUNTOF(names); i++) {
        if (explain->options & 1U << i)
            buf_printf(&text, "%s%s", count++ == 0 ? "; options=" : "|", names[i]);
    }
    BUF_ADD_LIT(&text, "; charset=utf-8");
    type = arena_copy(call->request->arena, buf_str(&text));
    buf_fini(&text);
    return type;
}

struct str
media_content_type(const struct rest_call *call)
{
    static const char *const texts[] = {
        "application/json", "application/geo+json", "application/openapi+json",
        "text/csv",         "text/plain",           "text/xml"};
    struct str type;

    if (call->api.explain.is_on)
        return plan_type(call);
    /* What nearly every answer has needs no memory. */
    if (call->api.media == API_MEDIA_JSON && !call->api.array_media)
        return STR("application/json; charset=utf-8");
    type = base_type(call);
    if (call->api.media != API_MEDIA_CUSTOM)
        return arena_printf(call->request->arena, "%.*s; charset=utf-8", STR_ARG(type));
    for (size_t i = 0; i < COUNTOF(texts); i++) {
        if (str_eq_nocase(type, str_from(texts[i])))
            return arena_printf(call->request->arena, "%.*s; charset=utf-8", STR_ARG(type));
    }
    return arena_copy(call->request->arena, type);
}
