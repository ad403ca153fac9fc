/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/args.h"

#include "rest/args_hint.h"
#include "rest/payload.h"
#include "rest/payload_text.h"

/* What was given */

static int
compare_items(const void *a, const void *b)
{
    const struct args_item *x = a;
    const struct args_item *y = b;
    int order = str_cmp(x->name, y->name);

    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static void
sort_items(struct args *args)
{
    for (uint32_t i = 0; i < args->count; i++)
        args->items[i].place = i;
    if (args->count > 1)
        qsort(args->items, args->count, sizeof(*args->items), compare_items);
}

static void
take_params(const struct api_param *params, uint32_t count, struct arena *arena, struct args *out)
{
    out->items = ARENA_ARRAY(arena, struct args_item, count + 1);
    for (uint32_t i = 0; i < count; i++)
        out->items[out->count++] =
            (struct args_item){.name = params[i].key, .text = params[i].value};
    sort_items(out);
}

void
args_read_query(const struct api_request *api, struct arena *arena, struct args *out)
{
    *out = (struct args){.kind = ARGS_QUERY};
    take_params(api->arguments, api->argument_count, arena, out);
}

static void
take_columns(const struct api_request *api, const struct json *object, struct args *out)
{
    for (uint32_t i = 0; i < api->column_count; i++) {
        struct args_item *item = &out->items[out->count++];

        item->name = api->columns[i];
        for (const struct json *member = object != NULL ? object->first : NULL;
             member != NULL && item->value == NULL; member = member->next) {
            if (str_eq(member->key, item->name))
                item->value = member;
        }
        item->is_missing = item->value == NULL;
    }
}

/* Of an array the first element; what is no object names no argument. */
static bool
read_json(const struct request *request, const struct api_request *api, uint32_t depth_max,
          struct args *out, struct err *err)
{
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json *root = NULL;
    const struct json *object = NULL;

    limits.max_depth = depth_max;
    if (str_trim(out->body).len == 0)
        out->body = STR("{}");
    limits.unique_depth = str_has_prefix(str_trim(out->body), STR("[")) ? 2 : 1;
    if (!json_parse(out->body, limits, request->arena, &root, err)) {
        err->has_details = false;
        return false;
    }
    object = root->type == JSON_ARRAY ? root->first : root;
    if (object != NULL && object->type != JSON_OBJECT)
        object = NULL;
    out->items = ARENA_ARRAY(request->arena, struct args_item,
                             (size_t)(object != NULL ? object->count : 0) + api->column_count + 1);
    if (api->columns != NULL) {
        take_columns(api, object, out);
    } else {
        for (const struct json *member = object != NULL ? object->first : NULL; member != NULL;
             member = member->next)
            out->items[out->count++] = (struct args_item){.name = member->key, .value = member};
    }
    sort_items(out);
    return true;
}

static bool
find_kind(struct str content_type, enum args_body *out, struct err *err)
{
    static const struct {
        const char *name;
        enum args_body kind;
    } rows[] = {
        {"", ARGS_JSON},
        {"application/json", ARGS_JSON},
        {"application/vnd.pgrst.object+json", ARGS_JSON},
        {"application/vnd.pgrst.array+json", ARGS_JSON},
        {"application/x-www-form-urlencoded", ARGS_FORM},
        {"text/csv", ARGS_CSV},
        {"text/plain", ARGS_TEXT},
        {"text/xml", ARGS_XML},
        {"application/octet-stream", ARGS_BYTES},
    };
    struct str rest = content_type;
    struct str name = str_trim(str_cut(&rest, ';'));

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (str_eq_nocase(name, str_from(rows[i].name))) {
            *out = rows[i].kind;
            return true;
        }
    }
    err_set(err, ERR_REQUEST, "PGRST102", "Content-Type not acceptable: %.*s",
            STR_ARG(str_slice(name, 0, 200)));
    err->http_status = 400;
    return false;
}

bool
args_read_body(const struct request *request, const struct api_request *api, uint32_t depth_max,
               struct args *out, struct err *err)
{
    struct api_param *params = NULL;
    uint32_t count = 0;

    *out = (struct args){.body = request->body};
    if (!find_kind(request->known[HTTP_H_CONTENT_TYPE], &out->kind, err))
        return false;
    switch (out->kind) {
    case ARGS_JSON:
        return read_json(request, api, depth_max, out, err);
    case ARGS_CSV:
        return payload_text_from_csv(request->body, request->arena, &out->body, err) &&
               read_json(request, api, depth_max, out, err);
    case ARGS_FORM:
        if (!api_parse_params(str_trim(request->body), request->arena, &params, &count, err))
            return err_refuse(err, 400, "PGRST102", "Empty or invalid form");
        take_params(params, count, request->arena, out);
        return true;
    case ARGS_TEXT:
    case ARGS_XML:
        if (!str_is_utf8(request->body) ||
            (request->body.len > 0 && memchr(request->body.data, '\0', request->body.len) != NULL))
            return err_refuse(err, 400, "PGRST102", "The body is not UTF-8 text");
        return true;
    case ARGS_BYTES:
    case ARGS_QUERY:
        break;
    }
    return true;
}

/* Which function takes it */

/* The last item called so; *first is then the first. NULL: none. */
static const struct args_item *
find_items(const struct args *args, struct str name, const struct args_item **first)
{
    uint32_t from = 0;
    uint32_t to = args->count;
    uint32_t end = 0;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;

        if (str_cmp(args->items[middle].name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    for (end = from; end < args->count && str_eq(args->items[end].name, name);)
        end++;
    *first = &args->items[from];
    return end > from ? &args->items[end - 1] : NULL;
}

static bool
is_whole(enum args_body kind)
{
    return kind == ARGS_TEXT || kind == ARGS_XML || kind == ARGS_BYTES;
}

static uint32_t
count_names(const struct args *args)
{
    uint32_t names = 0;

    for (uint32_t i = 0; i < args->count; i++)
        names += i == 0 || !str_eq(args->items[i].name, args->items[i - 1].name);
    return names;
}

/* All that is required is there, and nothing else is. */
static bool
takes_names(const struct model_function *function, const struct args *args, uint32_t names)
{
    const struct args_item *first = NULL;
    uint32_t found = 0;

    if (is_whole(args->kind))
        return false;
    for (uint32_t i = 0; i < function->argument_count; i++) {
        const struct model_argument *argument = &function->arguments[i];

        /* The one without a name can be named too, by the empty key. */
        if ((argument->name.len > 0 || args->kind == ARGS_JSON) &&
            find_items(args, argument->name, &first) != NULL)
            found++;
        else if (!argument->has_default)
            return false;
    }
    return found == names;
}

static bool
is_unnamed(const struct model_function *function)
{
    return function->argument_count == 1 && function->arguments[0].name.len == 0;
}

static bool
takes_body(const struct model_function *function, enum args_body kind)
{
    const struct type *type = NULL;

    if (!is_unnamed(function))
        return false;
    type = &function->arguments[0].type;
    switch (kind) {
    case ARGS_JSON:
        return type_is_json(type);
    case ARGS_TEXT:
        return type->id == TYPE_TEXT;
    case ARGS_XML:
        return str_eq(type->name, STR("xml"));
    case ARGS_BYTES:
        return type->id == TYPE_BYTEA;
    case ARGS_CSV:
    case ARGS_FORM:
    case ARGS_QUERY:
        break;
    }
    return false;
}

/* "a, b": the names given, or those that a function has. */
static void
add_names(struct buf *out, const struct args *args)
{
    for (uint32_t i = 0; i < args->count; i++) {
        if (i > 0 && str_eq(args->items[i].name, args->items[i - 1].name))
            continue;
        buf_printf(out, "%s%.*s", i > 0 ? ", " : "",
                   STR_ARG(str_slice(args->items[i].name, 0, 100)));
    }
}

static bool
fail_none(const struct schema *schema, struct str schema_name, struct str name,
          const struct args *args, const struct schema_function *overloads, uint32_t count,
          struct err *err)
{
    static const char *const whole[] = {
        [ARGS_TEXT] = "text", [ARGS_XML] = "xml", [ARGS_BYTES] = "bytea"};
    struct str shown = str_slice(name, 0, 200);
    struct buf names;
    uint32_t name_count = count_names(args);

    buf_init(&names, 16 * 1024);
    add_names(&names, args);
    if (is_whole(args->kind)) {
        err_set(err, ERR_REQUEST, "PGRST202",
                "Could not find the function %.*s.%.*s in the schema cache", STR_ARG(schema_name),
                STR_ARG(shown));
        err_details(
            err,
            "Searched for the function %.*s.%.*s with a single unnamed %s parameter, but no "
            "matches were found in the schema cache.",
            STR_ARG(schema_name), STR_ARG(shown), whole[args->kind]);
    } else {
        bool any = name_count > 0;
        struct str given = str_slice(buf_str(&names), 0, 600);

        err_set(err, ERR_REQUEST, "PGRST202",
                "Could not find the function %.*s.%.*s%s%.*s%s in the schema cache",
                STR_ARG(schema_name), STR_ARG(shown), any ? "(" : " without parameters",
                STR_ARG(given), any ? ")" : "");
        err_details(err,
                    "Searched for the function %.*s.%.*s %s%.*s%s, but no matches were found in "
                    "the schema cache.",
                    STR_ARG(schema_name), STR_ARG(shown),
                    !any             ? "without parameters"
                    : name_count > 1 ? "with parameters "
                                     : "with parameter ",
                    STR_ARG(given),
                    args->kind == ARGS_JSON ? " or with a single unnamed json/jsonb parameter"
                                            : "");
        args_hint(schema,
                  &(struct args_search){.schema_name = schema_name,
                                        .name = name,
                                        .given = buf_str(&names),
                                        .overloads = overloads,
                                        .overload_count = count},
                  err);
    }
    buf_fini(&names);
    err->http_status = 404;
    return false;
}

static bool
fail_several(const struct schema_function *const *found, uint32_t count, struct err *err)
{
    struct buf list;

    buf_init(&list, sizeof(err->message));
    for (uint32_t i = 0; i < count; i++) {
        const struct model_function *function = found[i]->model;

        buf_printf(&list, "%s%.*s.%.*s(", i > 0 ? ", " : "", STR_ARG(function->schema),
                   STR_ARG(function->name));
        for (uint32_t k = 0; k < function->argument_count; k++)
            buf_printf(&list, "%s%.*s => %.*s", k > 0 ? ", " : "",
                       STR_ARG(function->arguments[k].name),
                       STR_ARG(function->arguments[k].type.name));
        buf_add_char(&list, ')');
    }
    err_set(err, ERR_REQUEST, "PGRST203",
            "Could not choose the best candidate function between: %.*s", STR_ARG(buf_str(&list)));
    err_hint(err, "Try renaming the parameters or the function itself in the database so function "
                  "overloading can be resolved");
    err->http_status = 300;
    buf_fini(&list);
    return false;
}

/* Into slots */

static void
fill_slot(const struct model_argument *argument, const struct args_item *item, struct arena *arena,
          struct plan_argument *out, struct api_slot *slot)
{
    bool takes_json = type_is_json(&argument->type);

    if (item->value == NULL) {
        slot->text = item->text;
        slot->is_null = item->is_missing;
        return;
    }
    /* Arrays, and rows and whatever else, out of JSON: PostgreSQL's own way. */
    if (argument->type.id == TYPE_ARRAY || argument->type.id == TYPE_OTHER) {
        out->as_json = true;
        slot->json = item->value;
        slot->text = arena_printf(arena, "{\"v\":%.*s}", STR_ARG(item->value->raw));
        return;
    }
    slot->text = payload_value_text(item->value, takes_json);
    slot->is_null = slot->text.data == NULL;
}

static void
fill_list(const struct args_item *first, const struct args_item *last, struct arena *arena,
          struct api_slot *slot)
{
    uint32_t count = (uint32_t)(last - first) + 1;
    struct str *list = ARENA_ARRAY(arena, struct str, count);

    for (uint32_t i = 0; i < count; i++)
        list[i] = first[i].text;
    *slot = (struct api_slot){.list = list, .list_count = count, .is_list = true};
}

/* The body as the only argument. bytea goes as hexadecimal digits. */
static void
fill_body(const struct args *args, struct arena *arena, struct api_slot *slot)
{
    char *text = NULL;

    slot->text = args->body;
    if (args->kind != ARGS_BYTES)
        return;
    text = arena_alloc(arena, args->body.len * 2 + 2);
    text[0] = '\\';
    text[1] = 'x';
    str_write_hex(args->body, text + 2);
    slot->text = str_make(text, args->body.len * 2 + 2);
}

static void
bind_arguments(const struct schema_function *function, const struct args *args, bool whole,
               struct api_request *api, struct arena *arena, struct plan_call *out)
{
    const struct model_function *model = function->model;
    struct plan_argument *given =
        ARENA_ARRAY(arena, struct plan_argument, model->argument_count + 1);
    struct api_slot *slots =
        ARENA_ARRAY(arena, struct api_slot, (size_t)api->slot_count + model->argument_count + 1);

    if (api->slot_count > 0)
        memcpy(slots, api->slots, api->slot_count * sizeof(*slots));
    *out = (struct plan_call){.function = function, .arguments = given};
    for (uint32_t i = 0; i < model->argument_count; i++) {
        const struct model_argument *argument = &model->arguments[i];
        struct plan_argument *at = &given[out->argument_count];
        struct api_slot *slot = &slots[api->slot_count];
        const struct args_item *first = NULL;
        const struct args_item *last = whole ? NULL : find_items(args, argument->name, &first);

        if (last == NULL && !whole) {
            out->is_null =
                out->is_null || (model->is_strict && str_eq(argument->default_sqlite, STR("NULL")));
            continue;
        }
        at->argument = argument;
        at->slot = api->slot_count++;
        at->is_list = !whole && argument->is_variadic && last->value == NULL;
        if (whole)
            fill_body(args, arena, slot);
        else if (at->is_list)
            fill_list(first, last, arena, slot);
        else
            fill_slot(argument, last, arena, at, slot);
        at->is_null = model->is_strict &&
                      (slot->is_null || (slot->json != NULL && slot->json->type == JSON_NULL));
        out->is_null = out->is_null || at->is_null;
        out->argument_count++;
    }
    api->slots = slots;
    api->slot_cap = api->slot_count;
}

bool
args_choose(const struct schema *schema, struct str schema_name, struct str name,
            const struct args *args, struct api_request *api, struct arena *arena,
            struct plan_call *out, struct err *err)
{
    uint32_t count = 0;
    const struct schema_function *overloads =
        schema_find_functions(schema, schema_name, name, &count);
    const struct schema_function **found =
        ARENA_ARRAY(arena, const struct schema_function *, count + 1);
    uint32_t names = count_names(args);
    uint32_t matches = 0;
    bool whole = false;

    for (uint32_t i = 0; i < count; i++) {
        if (takes_names(overloads[i].model, args, names))
            found[matches++] = &overloads[i];
    }
    for (uint32_t i = 0; i < count && (matches == 0 || whole); i++) {
        if (takes_body(overloads[i].model, args->kind)) {
            whole = true;
            found[matches++] = &overloads[i];
        }
    }
    if (matches == 0)
        return fail_none(schema, schema_name, name, args, overloads, count, err);
    if (matches > 1)
        return fail_several(found, matches, err);
    /* However it was chosen, an argument without a name is given the body as it came. */
    whole = whole || (args->kind == ARGS_JSON && is_unnamed(found[0]->model));
    bind_arguments(found[0], args, whole, api, arena, out);
    return true;
}
