/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations with access rules on a real database, asked what a role may do, and which rows it
 * sees.
 */
#ifndef CAIRN_TEST_UNIT_SCHEMA_WORLD_H
#define CAIRN_TEST_UNIT_SCHEMA_WORLD_H

#include "db/engine.h"
#include "schema/access.h"
#include "unit/sql/lite.h"

struct world {
    struct lite lite;
    struct schema *schema;
    struct arena *arena;
    char text[4096]; /* of the last answer */
};

static inline void
world_open(struct world *world, const char *sql)
{
    static const char *const schemas[] = {"public"};
    struct err err = {0};

    lite_open(&world->lite);
    assert_ok(lite_migrate(&world->lite, "m.sql", str_from(sql), &err));
    world->schema = schema_new(lite_copy_model(world->lite.model), schemas, 1);
    world->arena = arena_new(4096, (size_t)16 << 20);
}

static inline void
world_close(struct world *world)
{
    arena_free(world->arena);
    schema_unref(world->schema);
    lite_close(&world->lite);
}

/* The migration is refused: where, and with what. */
static inline void
assert_refused(const char *sql, const char *place, const char *code, const char *part)
{
    struct lite lite;
    struct err err = {0};

    lite_open(&lite);
    assert_false(lite_migrate(&lite, "m", str_from(sql), &err));
    if (strcmp(err.code, code) != 0 || strstr(err.message, part) == NULL ||
        strncmp(err.message, place, strlen(place)) != 0)
        fail_msg("%s %s", err.code, err.message);
    lite_close(&lite);
}

static inline void
assert_taken(const char *sql)
{
    struct world world;

    world_open(&world, sql);
    world_close(&world);
}

static inline const struct schema_role *
role_of(struct world *world, const char *name)
{
    const struct schema_role *role = schema_find_role(world->schema, str_from(name));

    assert_non_null(role);
    return role;
}

static inline const struct schema_table *
table_of(struct world *world, const char *name)
{
    const struct schema_table *table =
        schema_find_table(world->schema, STR("public"), str_from(name));

    assert_non_null(table);
    return table;
}

static inline bool
may(struct world *world, const char *role, int64_t rights, const char *table)
{
    return schema_may(world->schema, role_of(world, role), table_of(world, table)->model, rights);
}

static inline bool
may_column(struct world *world, const char *role, int64_t right, const char *table,
           const char *column)
{
    const struct schema_table *t = table_of(world, table);

    return schema_may_column(world->schema, role_of(world, role), t->model, right,
                             schema_find_column(t, str_from(column)));
}

/* Runs a query that gives one text, as the caller. */
static inline const char *
ask(struct world *world, const char *role, const char *claims, struct str sql)
{
    struct db_session session = {.role = str_from(role), .claims_json = str_from(claims)};
    sqlite3_stmt *stmt = NULL;
    int rc;

    world->lite.env.session = &session;
    rc = sqlite3_prepare_v2(world->lite.db, sql.data, (int)sql.len, &stmt, NULL);
    if (rc != SQLITE_OK)
        fail_msg("%s in %.*s", sqlite3_errmsg(world->lite.db), STR_ARG(sql));
    rc = sqlite3_step(stmt);
    snprintf(world->text, sizeof(world->text), "%s",
             rc == SQLITE_ROW && sqlite3_column_text(stmt, 0) != NULL
                 ? (const char *)sqlite3_column_text(stmt, 0)
             : rc == SQLITE_ROW ? ""
                                : sqlite3_errmsg(world->lite.db));
    sqlite3_finalize(stmt);
    world->lite.env.session = NULL;
    return world->text;
}

/* The first columns of the rows that role sees, or the code of the error. */
static inline const char *
rows(struct world *world, const char *role, const char *claims, const char *name)
{
    const struct schema_table *table = table_of(world, name);
    int64_t reads = 0;
    struct buf sql;
    struct err err = {0};

    buf_init(&sql, (size_t)1 << 20);
    BUF_ADD_LIT(&sql, "SELECT group_concat(v) FROM (SELECT t0.\"");
    buf_add_str(&sql, table->model->columns[0].name);
    BUF_ADD_LIT(&sql, "\" AS v FROM ");
    if (!access_write_source(world->schema, role_of(world, role), table, STR("t0"), &sql, &reads,
                             &err)) {
        snprintf(world->text, sizeof(world->text), "%s", err.code);
    } else {
        BUF_ADD_LIT(&sql, " ORDER BY v)");
        ask(world, role, claims, buf_str(&sql));
    }
    buf_fini(&sql);
    return world->text;
}

/* What CHECK says of a new row, given as a query: "ok", or the message of the first that fails. */
static inline const char *
check(struct world *world, const char *role, const char *claims, const char *name,
      enum model_command command, const char *row)
{
    const struct schema_table *table = table_of(world, name);
    struct access_rule rule;
    struct err err = {0};

    assert_ok(access_rule(world->schema, role_of(world, role), table, command, ACCESS_CHECK,
                          STR("n"), world->arena, &rule, &err));
    for (uint32_t i = 0; i < rule.count; i++) {
        struct str sql = arena_printf(world->arena, "SELECT %.*s IS TRUE FROM (%s) AS n",
                                      STR_ARG(rule.conditions[i].sql), row);

        if (strcmp(ask(world, role, claims, sql), "1") != 0) {
            snprintf(world->text, sizeof(world->text), "%.*s",
                     STR_ARG(access_check_message(table, &rule.conditions[i], world->arena)));
            return world->text;
        }
    }
    return "ok";
}

/* A table with rows of two owners. */
#define NOTES                                                                                \
    "CREATE TABLE notes (id int PRIMARY KEY, owner text, team int, body text);\n"            \
    "INSERT INTO notes VALUES (1, 'ann', 1, 'a'), (2, 'bob', 1, 'b'), (3, 'ann', 2, 'c');\n" \
    "GRANT ALL ON notes TO anon, authenticated, service_role;\n"                             \
    "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\n"

#define ANN "{\"role\":\"authenticated\",\"sub\":\"ann\"}"
#define SUB "(current_setting('request.jwt.claims', true)::json ->> 'sub')"

#endif
