/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

static const char text[] =
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
    "CREATE TABLE clients (id integer PRIMARY KEY, name text NOT NULL);"
    "CREATE TABLE projects (id integer PRIMARY KEY, name text NOT NULL,"
    "    client_id integer REFERENCES clients, settings jsonb, price numeric(10,2), feeling mood);"
    "CREATE TABLE tasks (id integer PRIMARY KEY, name text, project_id integer REFERENCES projects);"
    "CREATE TABLE users (id integer PRIMARY KEY, name text);"
    "CREATE TABLE users_tasks (user_id integer REFERENCES users, task_id integer REFERENCES tasks,"
    "    PRIMARY KEY (user_id, task_id));"
    "CREATE TABLE agents (id integer PRIMARY KEY, department_id integer);"
    "CREATE TABLE departments (id integer PRIMARY KEY, head_id integer REFERENCES agents);"
    "ALTER TABLE agents ADD CONSTRAINT agents_department_id_fkey"
    "    FOREIGN KEY (department_id) REFERENCES departments;"
    "CREATE TABLE people (id integer PRIMARY KEY, mother integer REFERENCES people);"
    "CREATE TABLE kinds (id bigserial PRIMARY KEY, code text UNIQUE, made timestamptz DEFAULT now(),"
    "    flag boolean NOT NULL DEFAULT true, data bytea, doc json, docb jsonb, mood mood,"
    "    label character varying(5), price numeric, ratio double precision, \"a \"\"b\"\".c\" text,"
    "    twice integer GENERATED ALWAYS AS (2 * 2) STORED);"
    "CREATE TABLE numbered (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);"
    "CREATE TABLE rowid_table (rowid integer, name text);"
    "CREATE VIEW project_names AS SELECT id, name FROM projects;"
    "CREATE VIEW project_counts AS SELECT client_id, count(*) AS n FROM projects GROUP BY client_id;"
    "CREATE VIEW loud_names AS SELECT id AS number, name AS title, upper(name) AS loud FROM "
    "project_names WHERE id > 5 WITH CHECK OPTION;"
    "CREATE TABLE plain (a text, b text);"
    "COMMENT ON TABLE plain IS 'No key: \"a\" and <b>';"
    "COMMENT ON COLUMN plain.a IS 'The first';";

static bool
ignore_step(void *ctx, const struct migration_step *step, struct err *err)
{
    return true;
}

static struct schema *
make_schema(struct str migration, const struct migration_sink *sink)
{
    static const char *const schemas[] = {"public"};
    struct model *model = model_new();
    struct err err = {0};

    if (!migration_translate(STR("sample.sql"), migration, model, sink, &err)) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return schema_new(model, schemas, 1);
}

struct schema *
sample_schema_into(const struct migration_sink *sink)
{
    return make_schema(str_from(text), sink);
}

struct schema *
sample_schema_wide(unsigned columns)
{
    const struct migration_sink sink = {.run = ignore_step};
    struct schema *schema = NULL;
    struct buf migration;

    buf_init(&migration, 1024 * 1024);
    BUF_ADD_LIT(&migration, "CREATE TABLE wide (id integer PRIMARY KEY");
    for (unsigned i = 1; i < columns - 1; i++)
        buf_printf(&migration, ", c%u text", i);
    BUF_ADD_LIT(&migration, ", up integer REFERENCES wide);");
    schema = make_schema(buf_str(&migration), &sink);
    buf_fini(&migration);
    return schema;
}

struct schema *
sample_schema(void)
{
    const struct migration_sink sink = {.run = ignore_step};

    return sample_schema_into(&sink);
}

struct schema *
sample_schema_text(const char *sql)
{
    const struct migration_sink sink = {.run = ignore_step};

    return make_schema(str_from(sql), &sink);
}

/* What the plan depends on besides the query string, as rest.c has it. */
static void
begin_shape(struct sample_request *request, const struct sample_input *input)
{
    const struct api_prefer *prefer = &request->api.prefer;

    buf_printf(&request->shape, "%d %d %d %d %d %d %d %d %u %.*s|", input->action, prefer->ret,
               prefer->resolution, prefer->count, prefer->missing_default,
               request->api.nulls_stripped, request->api.explain.is_on,
               request->api.explain.is_json, request->api.explain.options, STR_ARG(input->table));
}

static bool
read_payload(struct sample_request *request, const struct sample_input *input)
{
    if (input->action != PLAN_INSERT && input->action != PLAN_UPDATE)
        return true;
    if (!payload_parse(input->body, STR_NULL, request->api.columns != NULL,
                       sample_limits.json_depth_max, request->arena, &request->payload,
                       &request->err))
        return false;
    for (uint32_t i = 0; request->api.columns == NULL && i < request->payload.key_count; i++)
        buf_printf(&request->shape, "|%zu %.*s", request->payload.keys[i].len,
                   STR_ARG(request->payload.keys[i]));
    /* Such a write is answered without a plan. */
    return (request->payload.row_count > 0 &&
            (input->action == PLAN_INSERT || request->payload.key_count > 0)) ||
           err_set(&request->err, ERR_REQUEST, "EMPTY", "nothing to write");
}

static enum payload_way
sample_way(const struct sample_request *request, const struct schema_table *table,
           enum plan_action action)
{
    const struct api_request *api = &request->api;
    bool named = api->columns != NULL;
    const struct payload_names names = {
        .items = named ? api->columns : request->payload.keys,
        .count = named ? api->column_count : request->payload.key_count,
        .all_present = named && api->prefer.missing_default,
    };

    return payload_choose_way(&request->payload,
                              action == PLAN_UPDATE ? 1 : request->payload.row_count, &names, table,
                              request->arena);
}

bool
sample_make(struct sample_request *request, const struct schema *schema, enum db_dialect dialect,
            const struct sample_input *input)
{
    struct api_param *params = NULL;
    uint32_t count = 0;
    struct api_limits limits = sample_limits;
    struct plan_input plan = {
        .schema = schema,
        .table = schema_find_table(schema, STR("public"), input->table),
        .limits = &limits,
        .api = &request->api,
        .action = input->action,
        .dialect = dialect,
        .role = input->role.data != NULL ? schema_find_role(schema, input->role) : NULL,
    };
    const struct api_offers offers = {.plans = dialect == DB_POSTGRES};

    memset(request, 0, sizeof(*request));
    limits.fixes_limits = dialect == DB_POSTGRES;
    /* As a shape has it. */
    request->arena = plan.arena = arena_new(4096, 8 * 1024 * 1024);
    arena_set_soft(request->arena);
    buf_init(&request->shape, 1024 * 1024);
    api_parse_prefer(input->prefer, request->arena, &request->api.prefer);
    if (!api_parse_accept(input->accept, &offers, &request->api, &request->err))
        return false;
    api_parse_range(input->range, &request->api);
    begin_shape(request, input);
    if (!api_parse_params(input->query, request->arena, &params, &count, &request->err) ||
        !api_parse_query(params, count, &limits, request->arena, &request->api, &request->shape,
                         &request->err) ||
        !read_payload(request, input))
        return false;
    plan.payload_keys = request->payload.keys;
    plan.payload_key_count = request->payload.key_count;
    if (input->by_columns)
        plan.way = sample_way(request, plan.table, input->action);
    return plan_make(&plan, &request->plan, &request->err) &&
           emit_plan(dialect, request->plan, request->arena, &request->sql, &request->err);
}

bool
sample_read(struct sample_request *request, const struct schema *schema, enum db_dialect dialect,
            struct str table, struct str query)
{
    const struct sample_input input = {.table = table, .action = PLAN_READ, .query = query};

    return sample_make(request, schema, dialect, &input);
}

void
sample_fini(struct sample_request *request)
{
    buf_fini(&request->shape);
    arena_free(request->arena);
}
