/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a project of cairn's can be asked: its version, and whether its access rules are what is
 * answered.
 */
#include "def/version.h"
#include "drill/examiner.h"
#include "io/file.h"
#include "lifecycle/check_schema.h"
#include "lifecycle/running.h"
#include "schema/access.h"

enum { ASK_MS = 5000, NAMES_SHOWN = 3, INSTANCES_MIN = 2, INSTANCES_SCALE = 5 };

/* --- the version ---------------------------------------------------------------------------------- */

static void
look_version(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const char *sample = "cairn_build_info{version=\"" CAIRN_VERSION "\"} 1";
    const char *changes = arena_printf(input->arena, "%s/CHANGELOG.md", input->config->dir).data;
    struct client_response response;
    struct client client;
    bool says;

    client_init(&client, &examiner->service.at, ASK_MS);
    client_ask(&client, "GET", "/metrics", NULL, STR_NULL, &response);
    says = response.status == 200 &&
           memmem(response.body.data, response.body.len, sample, strlen(sample)) != NULL;
    client_fini(&client);
    if (!says)
        check_fail(input, out, "/metrics doesn't say that it is cairn " CAIRN_VERSION);
    else if (!examiner->is_brief && !file_exists(changes))
        check_fail(input, out,
                   "it says that it is cairn " CAIRN_VERSION "; the project has no CHANGELOG.md");
    else
        check_pass(input, out, "it says that it is cairn " CAIRN_VERSION "%s",
                   examiner->is_brief ? "" : ", and CHANGELOG.md what changed");
}

/* --- access rules --------------------------------------------------------------------------------- */

static bool
may_change(const struct schema *schema, const char *role, const struct model_table *table)
{
    const struct schema_role *who = schema_find_role(schema, str_from(role));

    return who != NULL && schema_may_use_schema(schema, who, table->schema) &&
           (schema_may_some(schema, who, table, MODEL_MAY_INSERT) ||
            schema_may_some(schema, who, table, MODEL_MAY_UPDATE) ||
            schema_may(schema, who, table, MODEL_MAY_DELETE));
}

/* Tables that a whole role may change, each row of them. */
static size_t
find_unguarded(const struct schema *schema, struct buf *names)
{
    size_t found = 0;

    for (uint32_t i = 0; i < schema->table_count; i++) {
        const struct model_table *table = schema->tables[i].model;

        if (!schema->tables[i].is_exposed || table->is_view || table->rls_enabled ||
            (!may_change(schema, "anon", table) && !may_change(schema, "authenticated", table)))
            continue;
        if (found++ < NAMES_SHOWN)
            buf_printf(names, "%s%.*s", found > 1 ? ", " : "", STR_ARG(table->name));
    }

    return found;
}

/* Asks for each table without a token, and holds the answer against the rules. Returns how many were
 * asked; *first is the first that was answered otherwise, or NULL. */
static size_t
ask_tables(struct service *service, const struct check_input *input, const struct schema *schema,
           size_t *open, const char **first)
{
    const struct schema_role *anon = schema_find_role(schema, STR("anon"));
    struct str exposed = str_from(input->config->database_schemas.items[0]);
    struct client client;
    size_t asked = 0;

    *open = 0;
    *first = NULL;
    client_init(&client, &service->at, ASK_MS);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const struct model_table *table = schema->tables[i].model;
        struct client_response response;
        bool may;

        if (!str_eq(table->schema, exposed))
            continue;
        may = anon != NULL && schema_may_use_schema(schema, anon, table->schema) &&
              schema_may_some(schema, anon, table, MODEL_MAY_SELECT);
        client_ask(&client, "GET",
                   arena_printf(input->arena, "/rest/v1/%.*s?limit=0", STR_ARG(table->name)).data,
                   NULL, STR_NULL, &response);
        asked++;
        *open += may;
        if (*first == NULL && may != (response.status / 100 == 2))
            *first = arena_printf(input->arena, "%.*s: %d, and the rules say %s",
                                  STR_ARG(table->name), response.status, may ? "yes" : "no")
                         .data;
    }
    client_fini(&client);

    return asked;
}

static void
judge_rules(struct examiner *examiner, const struct check_input *input, const struct schema *schema,
            struct evidence *out)
{
    size_t unguarded, open, asked;
    struct service second;
    struct err err = {0};
    const char *first;
    struct buf names;
    const char *env[] = {
        schema->is_open ? "CAIRN_AUTH_ANONYMOUS=open" : "CAIRN_AUTH_ANONYMOUS=closed", NULL};

    if (!examiner_open_service(examiner, &second, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    buf_init(&names, 4096);
    unguarded = find_unguarded(schema, &names);
    if (!service_start(&second, env, &err)) {
        check_unknown(input, out, "%s", err.message);
    } else {
        asked = ask_tables(&second, input, schema, &open, &first);
        if (first != NULL)
            check_fail(input, out, "without a token, %s", first);
        else if (!examiner->is_brief && !schema->has_rules)
            check_fail(input, out, "no migration says who may do what: %s",
                       schema->is_open ? "everybody may do everything"
                                       : "who is signed in may do everything");
        else if (!examiner->is_brief && unguarded > 0)
            check_fail(input, out,
                       "%zu tables are changed by a whole role, without row-level security: %s%s",
                       unguarded, buf_cstr(&names), unguarded > NAMES_SHOWN ? ", ..." : "");
        else
            check_pass(
                input, out,
                "%zu tables answer who has no token as the rules say (%zu open, %zu refused)",
                asked, open, asked - open);
    }
    buf_fini(&names);
    service_close(&second);
}

static void
look_rules(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct err err = {0};
    struct schema *schema;

    if (input->config->database_engine != CONFIG_ENGINE_SQLITE) {
        check_unknown(input, out,
                      "PostgreSQL answers for its own rules; a test that asks as another "
                      "user shows it, as a row of your own in checks/");
        return;
    }
    schema = check_load_schema(input, &err);
    if (schema == NULL) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    if (examiner->is_brief)
        schema_set_open(schema, false);
    judge_rules(examiner, input, schema, out);
    schema_unref(schema);
}

/* --- instances ------------------------------------------------------------------------------------ */

/* Those of other machines are not seen from here. */
static void
look_instances(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    size_t needed = input->stage == LIFECYCLE_SCALE ? INSTANCES_SCALE : INSTANCES_MIN;
    struct running *running;
    struct err err = {0};
    size_t count = 0;

    out->limit = arena_printf(input->arena, "%zu at a time", needed).data;
    if (input->config->database_engine == CONFIG_ENGINE_SQLITE) {
        check_fail(input, out,
                   "the embedded database is one instance's: database.url: postgres://...");
        return;
    }
    if (!running_find(input->config->dir, input->arena, &running, &count, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    evidence_add_figure(out, "instances", (double)count, "instances");
    if (count >= needed)
        check_pass(input, out, "%zu run on this machine", count);
    else
        check_unknown(input, out, "%zu run%s on this machine; others aren't seen from here", count,
                      count == 1 ? "s" : "");
}

const struct probe_def probe_project[] = {
    {"version", 0, look_version, true},
    {"rbac", 1, look_rules, true},
    {"instances", 0, look_instances, true},
};
const size_t probe_project_count = COUNTOF(probe_project);
