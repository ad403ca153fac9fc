/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "sql/migration.h"

static const char text[] =
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
    "CREATE TABLE clients (id integer PRIMARY KEY, name text NOT NULL);"
    "CREATE TABLE projects (id integer PRIMARY KEY, name text NOT NULL,"
    "    client_id integer REFERENCES clients, settings jsonb, price numeric(10,2), feeling mood);"
    "CREATE TABLE tasks (id integer PRIMARY KEY, name text, project_id integer REFERENCES projects);"
    "CREATE TABLE users (id integer PRIMARY KEY, name text);"
    "CREATE TABLE users_tasks (user_id integer REFERENCES users, task_id integer REFERENCES tasks,"
    "    PRIMARY KEY (user_id, task_id));";

static bool
ignore_step(void *ctx, const struct migration_step *step, struct err *err)
{
    (void)ctx;
    (void)step;
    (void)err;
    return true;
}

struct schema *
sample_schema(void)
{
    static const char *const schemas[] = {"public"};
    const struct migration_sink sink = {.run = ignore_step};
    struct model *model = model_new();
    struct err err = {0};

    if (!migration_translate(STR("sample.sql"), str_from(text), model, &sink, &err)) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return schema_new(model, schemas, 1);
}

bool
sample_read(struct sample_request *request, const struct schema *schema, enum db_dialect dialect,
            struct str table, struct str query)
{
    struct plan_input input = {
        .schema = schema,
        .table = schema_find_table(schema, STR("public"), table),
        .limits = &sample_limits,
        .action = PLAN_READ,
        .dialect = dialect,
    };
    struct api_param *params = NULL;
    uint32_t count = 0;
    struct buf shape;
    bool ok = false;

    memset(request, 0, sizeof(*request));
    request->arena = arena_new(4096, 64 * 1024 * 1024);
    arena_set_soft(request->arena);
    input.api = &request->api;
    input.arena = request->arena;
    buf_init(&shape, 1024 * 1024);
    ok = api_parse_params(query, request->arena, &params, &count, &request->err) &&
         api_parse_query(params, count, &sample_limits, request->arena, &request->api, &shape,
                         &request->err) &&
         plan_make(&input, &request->plan, &request->err) &&
         emit_plan(dialect, request->plan, request->arena, &request->sql, &request->err);
    buf_fini(&shape);
    return ok;
}

void
sample_fini(struct sample_request *request)
{
    arena_free(request->arena);
}
