/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/root.h"

#include "rest/rest_impl.h"
#include "rest/role.h"
#include "rest/swagger.h"
#include "rest/timing.h"

/* One text for all; the cache of shapes counts up from 1. */
#define ACCESS_ID (UINT64_MAX - 20)

/* A row for each table and each function that the role may use in any way, and one for the
 * comment. */
static const char access_sql[] =
    "SELECT 't', c.relname, 0 FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND"
    " (pg_catalog.pg_has_role(c.relowner, 'USAGE')"
    "  OR pg_catalog.has_table_privilege(c.oid,"
    "   'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
    "  OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))"
    " UNION ALL "
    "SELECT 'f', p.proname, p.oid FROM pg_catalog.pg_proc p"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE n.nspname = $1 AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
    " UNION ALL "
    "SELECT 'c', pg_catalog.obj_description(n.oid, 'pg_namespace'), 0"
    " FROM pg_catalog.pg_namespace n WHERE n.nspname = $1";

struct root_call {
    struct rest_call call;    /* first: what the job's functions get */
    struct schema *schema;    /* a reference, as is the next */
    struct root_texts *texts; /* what was answered before; may be NULL */
    struct value param;
    struct str comment;
    bool *tables, *functions; /* by index; what the role may use */
};

bool
root_split_url(struct str url, struct rest_root *root)
{
    bool is_tls = str_has_prefix(url, STR("https://"));
    size_t start = is_tls ? 8 : 7;
    size_t end = 0;

    if (!is_tls && !str_has_prefix(url, STR("http://")))
        return false;
    end = str_find_char(url, '/', start);
    root->scheme = is_tls ? STR("https") : STR("http");
    root->host = str_slice(url, start, end);
    root->base_path = str_slice(url, end, url.len);
    while (root->base_path.len > 1 && root->base_path.data[root->base_path.len - 1] == '/')
        root->base_path.len--;
    if (root->base_path.len == 0)
        root->base_path = STR("/");
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.data[i] <= ' ' || strchr("\"<>\\^`{|}?#\x7f", url.data[i]) != NULL)
            return false;
    }
    return root->host.len > 0;
}

static void
forget_access(struct db_job *job)
{
    struct root_call *root = job->ctx;

    memset(root->tables, 0, root->schema->table_count);
    memset(root->functions, 0, root->schema->function_count);
    root->comment = STR_NULL;
    root->call.begin.is_taken = false;
}

static void
allow_function(struct root_call *root, struct str name, struct str oid)
{
    uint32_t count = 0;
    int64_t number = 0;
    const struct schema_function *found =
        schema_find_functions(root->schema, root->call.api.schema, name, &count);

    for (uint32_t i = 0; i < count && str_to_i64(oid, &number); i++) {
        if (found[i].model->oid == number)
            root->functions[&found[i] - root->schema->functions] = true;
    }
}

static bool
take_access(void *ctx, const struct value *cells, uint32_t count)
{
    struct root_call *root = ctx;
    const struct schema_table *table = NULL;

    if (count != 3 || cells[0].kind != VALUE_TEXT || cells[1].kind != VALUE_TEXT ||
        cells[0].s.len != 1)
        return true;
    switch (cells[0].s.data[0]) {
    case 't':
        table = schema_find_table(root->schema, root->call.api.schema, cells[1].s);
        if (table != NULL)
            root->tables[table - root->schema->tables] = true;
        break;
    case 'f':
        allow_function(root, cells[1].s, cells[2].s);
        break;
    default:
        root->comment = arena_copy(root->call.request->arena, cells[1].s);
        break;
    }
    return true;
}

/* All that the document depends on besides the snapshot: the configuration doesn't change. */
static struct str
document_key(const struct root_call *root)
{
    size_t tables = root->schema->table_count;
    size_t functions = root->schema->function_count;
    size_t bits = (tables + functions + 7) / 8;
    struct str schema = root->call.api.schema;
    size_t len = schema.len + 1 + root->comment.len + bits;
    unsigned char *key = ARENA_ARRAY(root->call.request->arena, unsigned char, len);
    unsigned char *at = key + len - bits;

    memcpy(key, schema.data, schema.len);
    if (root->comment.len > 0)
        memcpy(key + schema.len + 1, root->comment.data, root->comment.len);
    for (size_t i = 0; i < tables; i++)
        at[i / 8] |= (unsigned char)(root->tables[i] << i % 8);
    for (size_t i = tables; i < tables + functions; i++)
        at[i / 8] |= (unsigned char)(root->functions[i - tables] << i % 8);
    return str_make((const char *)key, len);
}

static bool
write_document(struct root_call *root, const struct swagger_info *info)
{
    struct buf *body = &root->call.request->response.body;
    struct str key = root->texts != NULL ? document_key(root) : STR_NULL;
    struct root_text *known = root->texts != NULL ? root_texts_find(root->texts, key) : NULL;

    if (known != NULL) {
        buf_add_str(body, known->text);
        root_text_unref(known);
        return buf_ok(body);
    }
    swagger_write(body, root->schema, info);
    if (root->texts != NULL && buf_ok(body))
        root_texts_keep(root->texts, key, buf_str(body));
    return buf_ok(body);
}

static void
release(struct root_call *root)
{
    root_texts_unref(root->texts);
    schema_unref(root->schema);
}

/* err NULL: the document. */
static void
finish(struct root_call *root, struct err *err)
{
    struct request *request = root->call.request;
    const struct rest_options *options = &root->call.rest->options;
    bool limits = options->root.mode == REST_ROOT_FOLLOWS;
    struct swagger_info info = {
        .title = options->root.title,
        .schema = root->call.api.schema,
        .comment = root->comment,
        .scheme = options->root.scheme,
        .host = options->root.host,
        .base_path = options->root.base_path,
        .has_security = options->root.has_security,
        .tables = limits ? root->tables : NULL,
        .functions = limits ? root->functions : NULL,
    };

    if (err == NULL && request->method != HTTP_HEAD && !write_document(root, &info))
        err_set(err = &root->call.job.err, ERR_REQUEST, "54000",
                "the description of the schema is too large");
    if (err == NULL) {
        request->response.status = 200;
        request->response.content_type = STR("application/openapi+json; charset=utf-8");
        response_add_header(request, STR("Vary"), STR("Accept, Prefer, Range"));
        if (options->schema_count > 1)
            response_add_header(request, STR("Content-Profile"), root->call.api.schema);
    }
    release(root);
    rest_finish(&root->call, err);
}

static void
on_access(struct db_job *job)
{
    struct root_call *root = job->ctx;

    timing_end(root->call.request, TIMING_TRANSACTION);
    if (!job->ok)
        begin_explain(&root->call);
    finish(root, job->ok ? NULL : &job->err);
}

static void
ask_access(struct root_call *root)
{
    struct rest_call *call = &root->call;

    rest_prepare_job(call, DB_READ);
    call->job.done = on_access;
    call->job.restart = forget_access;
    root->param = (struct value){.kind = VALUE_TEXT, .s = call->api.schema};
    call->stmts[call->job.stmt_count++] = (struct db_stmt){
        .sql = str_from(access_sql),
        .id = ACCESS_ID,
        .params = &root->param,
        .param_count = 1,
        .row_count = 1,
        .on_row = take_access,
        .ctx = root,
    };
    timing_end(call->request, TIMING_PLAN);
    db_submit(call->rest->options.db, &call->job);
}

/* The embedded engine's rules are in the snapshot. */
static void
take_rules(struct root_call *root)
{
    static const int64_t rights[] = {MODEL_MAY_SELECT, MODEL_MAY_INSERT, MODEL_MAY_UPDATE,
                                     MODEL_MAY_DELETE};
    const struct schema *schema = root->schema;
    const struct schema_role *role = root->call.role;

    for (uint32_t i = 0; i < schema->table_count; i++) {
        for (size_t k = 0; k < COUNTOF(rights) && !root->tables[i]; k++)
            root->tables[i] = schema_may_some(schema, role, schema->tables[i].model, rights[k]);
    }
    for (uint32_t i = 0; i < schema->function_count; i++)
        root->functions[i] = schema_may_call(schema, role, schema->functions[i].model);
}

/* Whether the root can answer what is asked for: its own type, or JSON, which that is. */
static bool
takes_document(struct str accept)
{
    static const char *const names[] = {"application/openapi+json", "application/json", "*/*",
                                        "application/*"};

    if (str_trim(accept).len == 0)
        return true;
    while (accept.len > 0) {
        struct str item = str_cut(&accept, ',');
        struct str name = str_trim(str_cut(&item, ';'));

        for (size_t i = 0; i < COUNTOF(names); i++) {
            if (str_eq_nocase(name, str_from(names[i])))
                return true;
        }
    }
    return false;
}

static bool
check(struct root_call *root, struct err *err)
{
    struct request *request = root->call.request;

    if (!rest_choose_schema(&root->call, err))
        return false;
    if (request->method == HTTP_OPTIONS)
        return true;
    if (root->call.rest->options.root.mode == REST_ROOT_DISABLED)
        return err_set(err, ERR_REQUEST, "PGRST126", "Root endpoint metadata is disabled");
    if (!takes_document(request->known[HTTP_H_ACCEPT]))
        return api_fail_accept(request->known[HTTP_H_ACCEPT], err);
    return root->call.rest->options.dialect != DB_SQLITE || role_find(&root->call, err);
}

void
rest_handle_root(struct rest *rest, struct request *request)
{
    struct root_call *root = NULL;
    struct err err = {0};

    if (rest->options.root.function.len > 0 && request->method != HTTP_OPTIONS) {
        rest_handle_function(rest, request, rest->options.root.function);
        return;
    }
    root = ARENA_NEW(request->arena, struct root_call);
    root->call.rest = rest;
    root->call.request = request;
    root->call.action = PLAN_READ;
    root->schema = schema_ref(rest->schema);
    if (rest->root_texts != NULL)
        root->texts = root_texts_ref(rest->root_texts);
    root->tables = ARENA_ARRAY(request->arena, bool, root->schema->table_count + 1);
    root->functions = ARENA_ARRAY(request->arena, bool, root->schema->function_count + 1);
    if (!check(root, &err)) {
        release(root);
        rest_finish(&root->call, &err);
        return;
    }
    timing_end(request, TIMING_PARSE);
    if (request->method == HTTP_OPTIONS) {
        request->response.status = 200;
        response_add_header(request, STR("Allow"), STR("OPTIONS,GET,HEAD"));
        release(root);
        rest_finish(&root->call, NULL);
    } else if (rest->options.dialect == DB_POSTGRES) {
        ask_access(root);
    } else {
        take_rules(root);
        timing_end(request, TIMING_PLAN);
        finish(root, NULL);
    }
}
