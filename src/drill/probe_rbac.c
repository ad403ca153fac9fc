/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a project's access rules are what is answered: each table is asked for without a token,
 * and on PostgreSQL with one of a user's, too, and the answer held against the rules; and no role
 * may change a whole table. The rules are those of the migrations (SQLite), or of the clone's
 * catalogues.
 */
#include "auth/jwt.h"
#include "core/clock.h"
#include "db/engine.h"
#include "drill/examiner.h"
#include "lifecycle/check_schema.h"
#include "rest/encode.h"
#include "schema/access.h"

enum { ASK_MS = 10000, NAMES_SHOWN = 3, CONNECT_MS = 5000, SECRET_BYTES = 32, TOKEN_S = 600 };

/* Many policies take it for a number of this form. */
#define USER_ID "00000000-0000-4000-8000-000000000000"
#define CHANGES (MODEL_MAY_INSERT | MODEL_MAY_UPDATE | MODEL_MAY_DELETE)

enum answer_due { DUE_REFUSED, DUE_GIVEN, DUE_EITHER };

/* What the rules say of one table. */
struct rule {
    struct str name;
    enum answer_due anon, user; /* who has no token; who has one of role authenticated */
    bool is_unguarded;          /* a whole role may change it */
};

struct rules {
    struct rule *items;
    size_t count;
    bool has_any;         /* migrations say who may do what */
    bool has_users;       /* user is known */
    const char *else_may; /* without any, for people */
};

struct asked {
    size_t count, open;
    const char *first; /* the first that was answered otherwise; NULL: none */
};

/* --- asking ----------------------------------------------------------------------------------- */

static const char *
path_of(struct str table, struct arena *arena)
{
    struct buf path;
    const char *out;

    buf_init(&path, 4096);
    BUF_ADD_LIT(&path, "/rest/v1/");
    encode_percent(&path, table);
    BUF_ADD_LIT(&path, "?limit=0");
    out = arena_cstr(arena, buf_str(&path));
    buf_fini(&path);

    return out;
}

static bool
is_given(const struct client_response *response)
{
    return response->outcome == CLIENT_ANSWERED && response->status / 100 == 2;
}

/* A policy that can't make anything of the caller that was made up says nothing of the rules:
 * 400. */
static bool
is_other(enum answer_due due, const struct client_response *response)
{
    if (due == DUE_GIVEN)
        return !is_given(response) && response->status != 400;

    return due == DUE_REFUSED && is_given(response);
}

/* headers is NULL for who has no token. */
static struct asked
ask_tables(struct service *service, const struct rules *rules, const char *headers,
           struct arena *arena)
{
    struct asked asked = {0};
    struct client client;

    service_init_client(service, &client, ASK_MS);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        enum answer_due due = headers == NULL ? rule->anon : rule->user;
        struct client_response response;

        client_ask(&client, "GET", path_of(rule->name, arena), headers, STR_NULL, &response);
        asked.count++;
        asked.open += is_given(&response);
        if (asked.first == NULL && is_other(due, &response))
            asked.first = arena_printf(arena, "%.*s: %d, and the rules say %s", STR_ARG(rule->name),
                                       response.status, due == DUE_GIVEN ? "yes" : "no")
                              .data;
    }
    client_fini(&client);

    return asked;
}

/* Tables that a whole role may change, each row of them: no policy, or one that says USING
 * (true). */
static const char *
name_unguarded(const struct rules *rules, struct arena *arena, size_t *count)
{
    const char *names = "";

    *count = 0;
    for (size_t i = 0; i < rules->count; i++) {
        if (!rules->items[i].is_unguarded)
            continue;
        if ((*count)++ < NAMES_SHOWN)
            names = arena_printf(arena, "%s%s%.*s", names, *count > 1 ? ", " : "",
                                 STR_ARG(rules->items[i].name))
                        .data;
    }

    return names;
}

static void
judge(struct examiner *examiner, const struct check_input *input, struct service *service,
      const struct rules *rules, const char *headers, struct evidence *out)
{
    struct asked anon = ask_tables(service, rules, NULL, input->arena);
    struct asked user = {0};
    size_t unguarded;
    const char *names = name_unguarded(rules, input->arena, &unguarded);

    if (rules->has_users)
        user = ask_tables(service, rules, headers, input->arena);
    if (anon.first != NULL)
        check_fail(input, out, "without a token, %s", anon.first);
    else if (user.first != NULL)
        check_fail(input, out, "as role authenticated, %s", user.first);
    else if (!examiner->is_brief && !rules->has_any)
        check_fail(input, out, "no migration says who may do what: %s", rules->else_may);
    else if (!examiner->is_brief && unguarded > 0)
        check_fail(input, out,
                   "%zu table%s changed by a whole role, and no policy says which rows: %s%s",
                   unguarded, unguarded == 1 ? " is" : "s are", names,
                   unguarded > NAMES_SHOWN ? ", ..." : "");
    else if (rules->has_users)
        check_pass(
            input, out,
            "%zu tables answer as the rules say: without a token %zu open, %zu refused; as role "
            "authenticated %zu open, %zu refused",
            anon.count, anon.open, anon.count - anon.open, user.open, user.count - user.open);
    else
        check_pass(input, out,
                   "%zu tables answer who has no token as the rules say (%zu open, %zu refused)",
                   anon.count, anon.open, anon.count - anon.open);
}

/* --- SQLite: as the migrations say ------------------------------------------------------------ */

static bool
may_change_all(const struct schema *schema, const char *role, const struct schema_table *table)
{
    const struct schema_role *who = schema_find_role(schema, str_from(role));
    const struct model_table *model = table->model;

    if (who == NULL || model->is_view || !schema_may_use_schema(schema, who, model->schema))
        return false;

    return (schema_may_some(schema, who, model, MODEL_MAY_UPDATE) &&
            access_lets_all(schema, who, table, MODEL_FOR_UPDATE)) ||
           (schema_may(schema, who, model, MODEL_MAY_DELETE) &&
            access_lets_all(schema, who, table, MODEL_FOR_DELETE)) ||
           (schema_may_some(schema, who, model, MODEL_MAY_INSERT) && !model->rls_enabled);
}

static void
read_schema(const struct schema *schema, const char *exposed, struct arena *arena,
            struct rules *rules)
{
    const struct schema_role *anon = schema_find_role(schema, STR("anon"));

    *rules = (struct rules){.items = ARENA_ARRAY(arena, struct rule, schema->table_count + 1),
                            .has_any = schema->has_rules,
                            .else_may = schema->is_open ? "everybody may do everything"
                                                        : "who is signed in may do everything"};
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const struct model_table *table = schema->tables[i].model;
        bool may = anon != NULL && schema_may_use_schema(schema, anon, table->schema) &&
                   schema_may_some(schema, anon, table, MODEL_MAY_SELECT);

        if (!str_eq(table->schema, str_from(exposed)))
            continue;
        rules->items[rules->count++] = (struct rule){
            .name = table->name,
            .anon = may ? DUE_GIVEN : DUE_REFUSED,
            .is_unguarded = may_change_all(schema, "anon", &schema->tables[i]) ||
                            may_change_all(schema, "authenticated", &schema->tables[i]),
        };
    }
}

static void
look_sqlite(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct err err = {0};
    struct schema *schema = check_load_schema(input, &err);
    struct service second;
    struct rules rules;

    if (schema == NULL) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    if (examiner->is_brief)
        schema_set_open(schema, false);
    if (!examiner_open_service(examiner, &second, &err)) {
        check_unknown(input, out, "%s", err.message);
    } else {
        const char *env[] = {
            schema->is_open ? "CAIRN_AUTH_ANONYMOUS=open" : "CAIRN_AUTH_ANONYMOUS=closed", NULL};

        read_schema(schema, input->config->database_schemas.items[0], input->arena, &rules);
        if (service_start(&second, env, &err))
            judge(examiner, input, &second, &rules, NULL, out);
        else
            check_unknown(input, out, "%s", err.message);
        service_close(&second);
    }
    schema_unref(schema);
}

/* --- PostgreSQL: as the clone's catalogues say ------------------------------------------------ */

/* What a role has; without a name, what the connection's own has: everything. */
struct role_rights {
    const char *role;
    bool is_let_in;
    struct db_table_rights *tables;
    uint32_t count;
};

static const struct db_table_rights *
find_rights(const struct role_rights *rights, struct str table)
{
    for (uint32_t i = 0; i < rights->count; i++) {
        if (str_eq(rights->tables[i].name, table))
            return &rights->tables[i];
    }

    return NULL;
}

static enum answer_due
due_to(const struct role_rights *rights, const struct model_table *table)
{
    const struct db_table_rights *found;

    if (!rights->is_let_in)
        return DUE_REFUSED;
    if (rights->role == NULL)
        return DUE_GIVEN;
    found = find_rights(rights, table->name);
    if (found == NULL || (found->rights & MODEL_MAY_SELECT) == 0)
        return DUE_REFUSED;

    /* What a view stands on may be refused all the same, and so may the columns beside those
     * granted. */
    return found->reads_all && !table->is_view ? DUE_GIVEN : DUE_EITHER;
}

static bool
is_unguarded_by(const struct role_rights *rights, const struct model_table *table)
{
    const struct db_table_rights *found = find_rights(rights, table->name);

    return !table->is_view && found != NULL && (found->rights & CHANGES) != 0 &&
           (!found->by_policies || found->lets_all);
}

static bool
list_rights(struct db *db, struct role_rights *rights, struct arena *arena, struct err *err)
{
    return rights->role == NULL ||
           db_list_rights(db, rights->role, arena, &rights->tables, &rights->count, err);
}

/* As the service decides: see auth.h. */
static bool
read_database(struct db *db, const struct config *config, bool is_open, struct arena *arena,
              struct rules *rules, struct err *err)
{
    struct model *model = NULL;
    struct role_rights anon = {.role = config->auth_anon_role}, user = {0};
    struct schema *schema;
    bool has_roles, ok;

    if (!db_introspect(db, &model, err))
        return false;
    schema = schema_new(model, config->database_schemas.items, config->database_schemas.count);
    /* Those that cairn makes; a project with a role of its own for callers without a token has
     * others. */
    has_roles = schema->has_rules && config->auth_anon_role == NULL;
    if (has_roles) {
        anon.role = "anon";
        user = (struct role_rights){.role = "authenticated", .is_let_in = true};
    }
    anon.is_let_in = is_open || has_roles;
    *rules = (struct rules){.items = ARENA_ARRAY(arena, struct rule, schema->table_count + 1),
                            .has_any = has_roles || config->auth_anon_role != NULL,
                            .has_users = has_roles,
                            .else_may = is_open ? "everybody may do everything"
                                                : "who is signed in may do everything"};
    ok = list_rights(db, &anon, arena, err) && list_rights(db, &user, arena, err);
    for (uint32_t i = 0; ok && i < schema->table_count; i++) {
        const struct model_table *table = schema->tables[i].model;

        if (!str_eq(table->schema, str_from(config->database_schemas.items[0])) ||
            str_eq(table->name, STR("drill_ledger")))
            continue;
        rules->items[rules->count++] = (struct rule){
            .name = arena_copy(arena, table->name),
            .anon = due_to(&anon, table),
            .user = due_to(&user, table),
            .is_unguarded = is_unguarded_by(&anon, table) || is_unguarded_by(&user, table),
        };
    }
    schema_unref(schema);

    return ok;
}

/* The header of one who is signed in, by a secret that only this clone has. */
static const char *
make_token(const struct config *config, const char *secret, struct arena *arena)
{
    struct buf claims, token;
    const char *out;

    buf_init(&claims, 4096);
    buf_init(&token, 8192);
    buf_printf(&claims, "{\"role\": \"authenticated\", \"sub\": \"" USER_ID "\", \"exp\": %lld",
               (long long)(clock_wall_us() / 1000000 + TOKEN_S));
    if (config->auth_jwt_aud != NULL) {
        BUF_ADD_LIT(&claims, ", \"aud\": ");
        json_write_str(&claims, str_from(config->auth_jwt_aud));
    }
    BUF_ADD_LIT(&claims, "}");
    jwt_sign(str_from(secret), buf_str(&claims), &token);
    out = arena_printf(arena, "Authorization: Bearer %.*s\r\n", STR_ARG(buf_str(&token))).data;
    buf_fini(&claims);
    buf_fini(&token);

    return out;
}

static const char *
make_secret(struct arena *arena)
{
    unsigned char bytes[SECRET_BYTES];
    char *out = arena_zalloc(arena, 2 * SECRET_BYTES + 1);

    random_bytes(bytes, sizeof(bytes));
    str_write_hex(str_make((const char *)bytes, sizeof(bytes)), out);

    return out;
}

/* The clone runs with the project's own rules by then: what is open without one was settled at its
 * start. */
static void
judge_clone(struct examiner *examiner, const struct check_input *input, struct service *service,
            bool is_open, const char *headers, struct evidence *out)
{
    const struct config *config = input->config;
    const struct db_options options = {
        .url = pg_scratch_url(service->database),
        .schemas = (const char *const *)config->database_schemas.items,
        .schema_count = config->database_schemas.count,
        /* It only reads. */
        .anon = config->auth_anon_role != NULL ? DB_ANON_GIVEN : DB_ANON_CLOSED,
        .loops = 1,
        .pool = 1,
        .connect_timeout_ms = CONNECT_MS,
    };
    struct err err = {0};
    struct rules rules;
    struct db *db;

    if (!db_open(&options, &db, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    if (read_database(db, config, is_open, input->arena, &rules, &err))
        judge(examiner, input, service, &rules, headers, out);
    else
        check_unknown(input, out, "%s", err.message);
    db_close(db);
}

static void
look_postgres(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct config *config = input->config;
    bool is_open = config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN && !examiner->is_brief;
    const char *secret = make_secret(input->arena);
    const char *env[] = {
        is_open ? "CAIRN_AUTH_ANONYMOUS=open" : "CAIRN_AUTH_ANONYMOUS=closed",
        "CAIRN_AUTH_JWT_SECRET_IS_BASE64=false",
        "CAIRN_AUTH_ROLE_CLAIM=.role",
        arena_printf(input->arena, "CAIRN_AUTH_JWT_SECRET=%s", secret).data,
        config->auth_anon_role != NULL
            ? arena_printf(input->arena, "CAIRN_AUTH_ANON_ROLE=%s", config->auth_anon_role).data
            : NULL,
        NULL,
    };
    struct service second;
    struct err err = {0};

    if (!examiner_open_service(examiner, &second, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    if (service_start(&second, env, &err))
        judge_clone(examiner, input, &second, is_open, make_token(config, secret, input->arena),
                    out);
    else
        check_unknown(input, out, "%s", err.message);
    service_close(&second);
}

void
probe_look_rules(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    if (input->config->database_engine == CONFIG_ENGINE_SQLITE)
        look_sqlite(examiner, input, out);
    else
        look_postgres(examiner, input, out);
}
