/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/begin.h"

#include "auth/caller.h"
#include "core/json.h"
#include "core/map.h"
#include "rest/rest_impl.h"
#include "sql/quote.h"

#define TEXT_MAX ((size_t)32 << 20) /* the largest head, all of it escaped */
#define SQL_MAX ((size_t)1 << 20)
#define TEXTS_MAX 4096
#define RESPONSE_ID \
    (UINT64_MAX - 1) /* shapes count up from 1, a role's salt is in the upper half */

/* The first statement for one kind of call. */
struct begin_text {
    struct str sql;
    uint64_t id;
};

/* What its text depends on. */
struct begin_key {
    uint32_t schema;
    uint32_t role, function; /* 1 and up: whose settings are in it */
    uint32_t flags;
};
enum { HAS_ROLE = 1, HAS_TIMEZONE = 2, IS_READ = 4, ASKS_RESPONSE = 8 };

/* Those for one snapshot of the schema. Counted: a call in flight still sends what it took. */
struct begin_texts {
    unsigned refs;
    struct arena *arena;
    struct map *map; /* by struct begin_key */
    struct str pre_request;
    uint64_t pre_request_id;
};

struct begin {
    const struct rest_options *options;
    const struct model *model;
    struct begin_texts *texts;
};

/* --- the texts ------------------------------------------------------------------------------- */

struct begin *
begin_new(const struct rest_options *options, const struct schema *schema)
{
    struct begin *begin = xcalloc(1, sizeof(*begin));

    begin->options = options;
    begin_set_schema(begin, schema);
    return begin;
}

static void
texts_unref(struct begin_texts *texts)
{
    if (texts == NULL || --texts->refs > 0)
        return;
    map_free(texts->map);
    arena_free(texts->arena);
    free(texts);
}

void
begin_free(struct begin *begin)
{
    if (begin == NULL)
        return;
    texts_unref(begin->texts);
    free(begin);
}

/* SELECT "schema"."name"() */
static void
make_pre_request(struct begin *begin)
{
    struct str rest = str_from(begin->options->transaction.pre_request);
    struct buf sql;

    if (rest.data == NULL)
        return;
    buf_init(&sql, SQL_MAX);
    BUF_ADD_LIT(&sql, "SELECT ");
    if (str_find_char(rest, '.', 0) < rest.len) {
        quote_ident(&sql, str_cut(&rest, '.'));
        buf_add_char(&sql, '.');
    }
    quote_ident(&sql, rest);
    BUF_ADD_LIT(&sql, "()");
    begin->texts->pre_request = arena_copy(begin->texts->arena, buf_str(&sql));
    begin->texts->pre_request_id = shape_take_ids(1);
    buf_fini(&sql);
}

static void
forget(struct begin *begin)
{
    texts_unref(begin->texts);
    begin->texts = xcalloc(1, sizeof(*begin->texts));
    begin->texts->refs = 1;
    begin->texts->arena = arena_new(4096, (size_t)1 << 30);
    begin->texts->map = map_new();
    make_pre_request(begin);
}

void
begin_set_schema(struct begin *begin, const struct schema *schema)
{
    begin->model = schema->model;
    forget(begin);
}

static void
add_name(struct buf *sql, const char *name)
{
    buf_add_str(sql, sql->len > 0 ? STR(", pg_catalog.set_config(")
                                  : STR("SELECT pg_catalog.set_config("));
    quote_text(sql, str_from(name));
    BUF_ADD_LIT(sql, ", ");
}

static void
add_literal(struct buf *sql, struct str name, struct str value)
{
    buf_add_str(sql, sql->len > 0 ? STR(", pg_catalog.set_config(")
                                  : STR("SELECT pg_catalog.set_config("));
    quote_text(sql, name);
    BUF_ADD_LIT(sql, ", ");
    quote_text(sql, value);
    BUF_ADD_LIT(sql, ", true)");
}

static void
add_param(struct buf *sql, const char *name, unsigned *number)
{
    add_name(sql, name);
    buf_printf(sql, "$%u, true)", ++*number);
}

/* Always in quotes, as PostgREST has them: functions may read the setting. */
static void
add_search_path(struct buf *sql, const struct rest_options *options, uint32_t schema)
{
    const struct rest_transaction *transaction = &options->transaction;
    struct buf path;

    buf_init(&path, SQL_MAX);
    quote_ident(&path, str_from(options->schemas[schema]));
    for (size_t i = 0; i < transaction->extra_search_path_count; i++) {
        BUF_ADD_LIT(&path, ", ");
        quote_ident(&path, str_from(transaction->extra_search_path[i]));
    }
    add_literal(sql, STR("search_path"), buf_str(&path));
    buf_fini(&path);
}

static bool
is_hoisted(const struct rest_transaction *transaction, struct str name)
{
    for (size_t i = 0; i < transaction->hoisted_count; i++) {
        if (str_eq_nocase(name, str_from(transaction->hoisted[i])))
            return true;
    }
    return false;
}

/* Of a role all; of a function those that have to be there before it begins. */
static void
add_settings(struct buf *sql, const struct begin *begin, const struct model_settings *settings,
             bool is_function)
{
    for (uint32_t i = 0; i < settings->count; i++) {
        if (!is_function || is_hoisted(&begin->options->transaction, settings->items[i].name))
            add_literal(sql, settings->items[i].name, settings->items[i].value);
    }
}

static void
add_configured(struct buf *sql, const struct rest_transaction *transaction)
{
    struct buf name;

    buf_init(&name, SQL_MAX);
    for (size_t i = 0; i < transaction->setting_count; i++) {
        struct str value = str_from(transaction->settings[i]);

        buf_clear(&name);
        BUF_ADD_LIT(&name, "app.settings.");
        buf_add_str(&name, str_cut(&value, '='));
        add_literal(sql, buf_str(&name), value);
    }
    buf_fini(&name);
}

/* What tells of the request is set where code asks for it. Claims always are: a policy that is new
 * must not find them missing. */
static const struct {
    const char *name;
    int64_t asked; /* 0: always */
} request_settings[] = {{"request.jwt.claims", 0},
                        {"request.method", MODEL_ASKS_METHOD},
                        {"request.path", MODEL_ASKS_PATH},
                        {"request.headers", MODEL_ASKS_HEADERS},
                        {"request.cookies", MODEL_ASKS_COOKIES}};

static bool
is_set(const struct model *model, size_t setting)
{
    int64_t asked = request_settings[setting].asked;

    return asked == 0 || (model->asks & asked) != 0;
}

/* The role is last: who it is may not be allowed to set the others. */
static void
write_text(const struct begin *begin, const struct begin_key *key, struct buf *sql)
{
    const struct model *model = begin->model;
    unsigned number = 0;

    if (key->schema > 0)
        add_search_path(sql, begin->options, key->schema);
    if (key->role > 0)
        add_settings(sql, begin, &model->role_settings[key->role - 1], false);
    if (key->function > 0)
        add_settings(sql, begin, &model->functions[key->function - 1].settings, true);
    add_configured(sql, &begin->options->transaction);
    for (size_t i = 0; i < COUNTOF(request_settings); i++) {
        if (is_set(model, i))
            add_param(sql, request_settings[i].name, &number);
    }
    if (key->flags & HAS_TIMEZONE)
        add_param(sql, "timezone", &number);
    /* What a function has set for the whole session would speak for the next request. */
    if (key->flags & ASKS_RESPONSE) {
        add_literal(sql, STR("response.headers"), STR(""));
        add_literal(sql, STR("response.status"), STR(""));
    }
    if (key->flags & IS_READ)
        add_literal(sql, STR("transaction_read_only"), STR("on"));
    if (key->flags & HAS_ROLE)
        add_param(sql, "role", &number);
}

static const struct begin_text *
find_text(struct begin *begin, const struct begin_key *key)
{
    struct str bytes = str_make((const char *)key, sizeof(*key));
    struct begin_text *text = map_get(begin->texts->map, bytes);
    struct buf sql;

    if (text != NULL)
        return text;
    if (map_count(begin->texts->map) >= TEXTS_MAX)
        forget(begin);
    buf_init(&sql, SQL_MAX);
    write_text(begin, key, &sql);
    text = ARENA_NEW(begin->texts->arena, struct begin_text);
    text->sql = arena_copy(begin->texts->arena, buf_str(&sql));
    text->id = shape_take_ids(1);
    map_put(begin->texts->map, arena_copy(begin->texts->arena, bytes), text);
    buf_fini(&sql);
    return text;
}

/* --- a request ------------------------------------------------------------------------------- */

static struct value
text_value(struct str text)
{
    /* PostgreSQL takes nothing else, and a header or a path may be anything. */
    return (struct value){.kind = VALUE_TEXT, .s = str_is_utf8(text) ? text : STR("")};
}

static void
add_member(struct buf *out, struct str name, struct str value)
{
    if (out->len > 1)
        buf_add_char(out, ',');
    json_write_str(out, name);
    buf_add_char(out, ':');
    json_write_str(out, value);
}

/* Header fields as JSON; what is no text can't be a setting. */
struct str
begin_headers_json(const struct request *request)
{
    struct buf out;
    struct str text;

    buf_init(&out, TEXT_MAX);
    buf_add_char(&out, '{');
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];

        if (str_is_utf8(header->value) && !str_eq(header->name, STR("cookie")))
            add_member(&out, header->name, header->value);
    }
    buf_add_char(&out, '}');
    text = arena_copy(request->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* RFC 6265, 4.2.1: a=b; c=d */
struct str
begin_cookies_json(const struct request *request)
{
    struct str rest = request_header(request, "cookie");
    struct buf out;
    struct str text;

    buf_init(&out, TEXT_MAX);
    buf_add_char(&out, '{');
    while (str_is_utf8(rest) && rest.len > 0) {
        struct str value = str_cut(&rest, ';');
        struct str name = str_trim(str_cut(&value, '='));

        if (name.len > 0)
            add_member(&out, name, str_trim(value));
    }
    buf_add_char(&out, '}');
    text = arena_copy(request->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* As it is below the API's root, which is what functions compare it with. */
struct str
begin_path(const struct request *request)
{
    struct str root = STR("/rest/v1");
    struct str path = request->path;

    if (str_has_prefix(path, root) && path.len > root.len)
        return str_slice(path, root.len, path.len);
    return path;
}

/* Claims of a caller without a token: nothing but the role. */
struct str
begin_claims_json(const struct request *request)
{
    const struct caller *caller = request->caller;
    struct buf out = {0};

    if (caller != NULL && caller->claims_json.data != NULL)
        return caller->claims_json;
    if (caller == NULL || caller->role.data == NULL)
        return STR("{}");
    /* In place: no character takes more than six bytes. */
    out.max = out.cap = 16 + 6 * caller->role.len;
    out.data = arena_alloc(request->arena, out.cap);
    BUF_ADD_LIT(&out, "{\"role\":");
    json_write_str(&out, caller->role);
    buf_add_char(&out, '}');
    return buf_str(&out);
}

/* --- a call ---------------------------------------------------------------------------------- */

static bool
take(void *ctx, const struct value *cells, uint32_t count)
{
    struct begin_call *begin = ctx;

    (void)cells;
    (void)count;
    begin->is_taken = true;
    return true;
}

static uint32_t
schema_index(const struct rest_call *call)
{
    const struct rest_options *options = &call->rest->options;

    for (size_t i = 0; i < options->schema_count; i++) {
        if (options->schemas[i] == call->api.schema.data)
            return (uint32_t)i;
    }
    return 0;
}

/* 1 and up; 0: the role brings nothing along. */
static uint32_t
find_role(const struct model *model, struct str role)
{
    for (uint32_t i = 0; i < model->role_settings_count; i++) {
        if (str_eq(model->role_settings[i].role, role))
            return i + 1;
    }
    return 0;
}

/* "5s", "1min", "250"; 0: there is none. */
static int64_t
parse_timeout(struct str text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = 0;
    int64_t number = 0;

    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    if (!str_to_i64(str_slice(text, 0, digits), &number))
        return 0;
    text = str_trim(str_slice(text, digits, text.len));
    for (size_t i = 0; i < COUNTOF(units); i++) {
        if (str_eq(text, str_from(units[i].unit)) && number <= INT32_MAX)
            return number * units[i].ms;
    }
    return 0;
}

/* What the engine has to know about settings: it waits for an answer no longer than that, and how a
 * transaction is isolated has to be said before its first statement. */
static void
apply(struct db_job *job, const struct model_settings *settings,
      const struct rest_transaction *transaction, bool is_function)
{
    for (uint32_t i = 0; i < settings->count; i++) {
        struct str name = settings->items[i].name;

        if (str_eq(name, STR("statement_timeout")) &&
            (!is_function || is_hoisted(transaction, name)))
            job->timeout_ms = parse_timeout(settings->items[i].value);
    }
    if (is_function && !is_hoisted(transaction, STR("default_transaction_isolation")))
        return;
    if (str_eq_nocase(settings->isolation, STR("serializable")))
        job->isolation = DB_SERIALIZABLE;
    else if (str_eq_nocase(settings->isolation, STR("repeatable read")))
        job->isolation = DB_REPEATABLE_READ;
    else if (settings->isolation.len > 0)
        job->isolation = DB_ISOLATION_DEFAULT;
}

static struct begin_key
make_key(struct rest_call *call, bool is_read)
{
    const struct rest_transaction *transaction = &call->rest->options.transaction;
    const struct model *model = call->rest->schema->model;
    const struct caller *caller = call->request->caller;
    const struct schema_function *function = call->call.function;
    struct begin_key key = {.schema = schema_index(call), .flags = is_read ? IS_READ : 0};

    if (caller != NULL && caller->role.data != NULL) {
        key.flags |= HAS_ROLE;
        key.role = find_role(model, caller->role);
    }
    if (key.role > 0)
        apply(&call->job, &model->role_settings[key.role - 1], transaction, false);
    if (function != NULL &&
        (function->model->settings.count > 0 || function->model->settings.isolation.len > 0)) {
        key.function = (uint32_t)(function->model - model->functions) + 1;
        apply(&call->job, &function->model->settings, transaction, true);
    }
    if (call->api.prefer.timezone.data != NULL)
        key.flags |= HAS_TIMEZONE;
    if (call->begin.asks_response)
        key.flags |= ASKS_RESPONSE;
    return key;
}

/* Could anybody tell whether it was sent? */
static bool
is_needed(const struct rest_call *call)
{
    const struct caller *caller = call->request->caller;

    return call->begin.asks_response || call->rest->schema->model->asks != 0 ||
           call->call.function != NULL || call->handler != NULL ||
           call->api.prefer.timezone.data != NULL || schema_index(call) > 0 ||
           (caller != NULL && (caller->role.data != NULL || caller->claims_json.data != NULL));
}

static struct str
request_setting(const struct request *request, size_t setting)
{
    switch (request_settings[setting].asked) {
    case MODEL_ASKS_METHOD:
        return request->method_name;
    case MODEL_ASKS_PATH:
        return begin_path(request);
    case MODEL_ASKS_HEADERS:
        return begin_headers_json(request);
    case MODEL_ASKS_COOKIES:
        return begin_cookies_json(request);
    default:
        return begin_claims_json(request);
    }
}

static uint32_t
fill_params(struct rest_call *call, const struct begin_key *key)
{
    const struct request *request = call->request;
    struct value *params = call->begin.params;
    uint32_t count = 0;

    for (size_t i = 0; i < COUNTOF(request_settings); i++) {
        if (is_set(call->rest->begin->model, i))
            params[count++] = text_value(request_setting(request, i));
    }
    if (key->flags & HAS_TIMEZONE)
        params[count++] = text_value(call->api.prefer.timezone);
    if (key->flags & HAS_ROLE)
        params[count++] = text_value(request->caller->role);
    return count;
}

void
begin_add(struct rest_call *call, bool is_read)
{
    struct begin *begin = call->rest->begin;
    const struct begin_text *text = NULL;
    struct begin_key key;
    uint32_t count = 0;

    call->begin.asks_response =
        begin->texts->pre_request.data != NULL || begin->model->sets_response;
    call->job.may_share = is_read && !call->begin.asks_response && !begin->model->sets_anything;
    if (!is_needed(call))
        return;
    key = make_key(call, is_read);
    text = find_text(begin, &key);
    count = fill_params(call, &key);
    call->begin.texts = begin->texts;
    begin->texts->refs++;
    call->begin.is_set = true;
    call->job.setting_count = 1;
    call->begin.salt = key.flags & HAS_ROLE ? str_hash(call->request->caller->role, 0) << 32 : 0;
    call->stmts[call->job.stmt_count++] = (struct db_stmt){
        .sql = text->sql,
        .id = text->id,
        .params = call->begin.params,
        .param_count = count,
        .row_count = 1,
        .runs_before_prepare = true,
        .on_row = take,
        .ctx = &call->begin,
    };
    if (begin->texts->pre_request.data != NULL)
        call->stmts[call->job.stmt_count++] = (struct db_stmt){
            .sql = begin->texts->pre_request,
            .id = begin_stmt_id(&call->begin, begin->texts->pre_request_id),
            .row_count = 1,
            .runs_before_prepare = true,
        };
}

static bool
take_response(void *ctx, const struct value *cells, uint32_t count)
{
    struct rest_call *call = ctx;

    if (count == 2 && cells[0].kind == VALUE_TEXT)
        call->guc_headers = arena_copy(call->request->arena, cells[0].s);
    if (count == 2 && cells[1].kind == VALUE_TEXT)
        call->guc_status = arena_copy(call->request->arena, cells[1].s);
    return true;
}

void
begin_add_response(struct rest_call *call)
{
    if (!call->begin.asks_response)
        return;
    call->stmts[call->job.stmt_count++] = (struct db_stmt){
        .sql = STR("SELECT pg_catalog.current_setting('response.headers', true), "
                   "pg_catalog.current_setting('response.status', true)"),
        .id = RESPONSE_ID,
        .row_count = 1,
        .on_row = take_response,
        .ctx = call,
    };
}

void
begin_release(struct begin_call *begin)
{
    texts_unref(begin->texts);
    begin->texts = NULL;
}

void
begin_explain(struct rest_call *call)
{
    const struct begin_call *begin = &call->begin;
    struct err *err = &call->job.err;

    if (begin->is_set && !begin->is_taken && !call->job.has_joined &&
        strcmp(err->code, "22023") == 0 && strncmp(err->message, "role ", 5) == 0)
        err->http_status = 401;
}
