/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/role.h"

#include "auth/caller.h"
#include "rest/rest_impl.h"

#define ANON STR("anon")

struct str
role_get_name(const struct rest_call *call)
{
    const struct caller *caller = call->request->caller;

    return caller != NULL && caller->role.data != NULL ? caller->role : ANON;
}

bool
role_find(struct rest_call *call, struct err *err)
{
    struct str name = role_get_name(call);

    call->role = schema_find_role(call->rest->schema, name);
    if (call->role == NULL) {
        err_set(err, ERR_REQUEST, "22023", "role \"%.*s\" does not exist",
                STR_ARG(str_slice(name, 0, 200)));
        err->http_status = 401;
        return false;
    }
    /* Who owns everything has no rules to keep to, and is nobody's role from outside. */
    if (call->role->model->is_superuser || str_eq(name, MODEL_OWNER))
        return err_set(err, ERR_DB, "42501", "permission denied to set role \"%.*s\"",
                       STR_ARG(name));
    return true;
}

static const struct model_table *
find_table(const struct rest_call *call, struct str schema, struct str name)
{
    const struct schema_table *table = schema_find_table(call->shape->schema, schema, name);

    return table != NULL ? table->model : NULL;
}

/* As whom the statement runs that a constraint has refused. */
static const struct schema_role *
writer_of(const struct rest_call *call)
{
    const struct schema_function *function = call->call.function;

    return function != NULL ? access_body_role(call->shape->schema, call->role, function->model)
                            : call->role;
}

static enum db_sight
get_sight(const struct db_viewer *viewer, struct str schema, struct str name)
{
    const struct rest_call *call = viewer->ctx;
    const struct schema_table *table = schema_find_table(call->shape->schema, schema, name);

    if (table == NULL || access_applies(call->shape->schema, writer_of(call), table))
        return DB_SEES_NOTHING;
    return schema_may(call->shape->schema, writer_of(call), table->model, MODEL_MAY_SELECT)
               ? DB_SEES_ALL
               : DB_SEES_COLUMNS;
}

static bool
sees_column(const struct db_viewer *viewer, struct str schema, struct str name, struct str column,
            bool or_set)
{
    const struct rest_call *call = viewer->ctx;
    const struct plan *plan = call->shape->plan;
    const struct model_table *table = find_table(call, schema, name);
    const struct model_column *found = table != NULL ? model_find_column(table, column) : NULL;

    if (found == NULL)
        return false;
    for (uint32_t i = 0; or_set && i < plan->column_count; i++) {
        if (plan->target_columns[i] == found)
            return true;
    }
    return schema_may_column(call->shape->schema, writer_of(call), table, MODEL_MAY_SELECT, found);
}

void
role_set(struct rest_call *call)
{
    const struct request *request = call->request;
    int64_t reads = call->shape->sql.reads;

    call->set.arena = request->arena;
    call->session = (struct db_session){
        .role = call->role->model->name,
        .claims_json = begin_claims_json(request),
        .method = request->method_name,
        .path = begin_path(request),
        .settings = call->rest->options.transaction.settings,
        .setting_count = call->rest->options.transaction.setting_count,
        .set = &call->set,
    };
    if ((reads & MODEL_READS_HEADERS) != 0)
        call->session.headers_json = begin_headers_json(request);
    if ((reads & MODEL_READS_COOKIES) != 0)
        call->session.cookies_json = begin_cookies_json(request);
    call->viewer =
        (struct db_viewer){.get_sight = get_sight, .sees_column = sees_column, .ctx = call};
    call->job.session = &call->session;
    call->job.viewer = &call->viewer;
}
