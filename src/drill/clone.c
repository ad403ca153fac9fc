/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/roles.h"
#include "drill/service.h"
#include "io/file.h"
#include "io/process.h"

#include <unistd.h>

enum {
    FILES_MAX = 4096,
    FILE_MAX = 64 * 1024 * 1024,
    TEXTS_MAX = 4 * FILE_MAX,
    OUTPUT_MAX = 64 * 1024,
    LINE_MAX_LEN = 300,
    MIGRATE_MS = 60000
};

/* Sorts after every migration of a project's own. */
#define LEDGER_FILE "9998_drill_ledger.sql"

static const char ledger_sql[] = "CREATE TABLE drill_ledger (\n"
                                 "    id bigint PRIMARY KEY,\n"
                                 "    run text NOT NULL DEFAULT '',\n"
                                 "    note text NOT NULL DEFAULT '' CHECK (length(note) <= 200)\n"
                                 ");\n";

/* What is done with each migration on its way. */
struct copying {
    const struct roles *own; /* NULL: roles are of no matter */
    bool is_own_server;      /* nobody else uses it */
};

/* The text lies in arena; empty when the file isn't there. */
static bool
read_file(const char *path, struct arena *arena, struct str *out, bool *found, struct err *err)
{
    struct buf text;
    bool ok;

    buf_init(&text, FILE_MAX);
    ok = file_read(path, &text, found, err);
    *out = ok && *found ? arena_copy(arena, buf_str(&text)) : STR("");
    buf_fini(&text);

    return ok;
}

static bool
copy_file(const char *from, const char *to, const char *name, const struct copying *copying,
          struct err *err)
{
    struct arena *arena = arena_new(64 * 1024, TEXTS_MAX);
    struct str text;
    bool found = false;
    bool ok;

    ok = read_file(from, arena, &text, &found, err) &&
         (copying->own == NULL ||
          roles_blank(text, name, copying->own, copying->is_own_server, arena, &text, err)) &&
         (!found || file_replace(to, text, 0600, err));
    arena_free(arena);

    return ok;
}

static bool
list_migrations(const struct config *config, struct arena *arena, struct str **names, size_t *count,
                struct err *err)
{
    *names = NULL;
    *count = 0;

    return !file_exists(config->migrations_dir) ||
           dir_list(config->migrations_dir, FILES_MAX, arena, names, count, err);
}

static bool
copy_migrations(const struct config *config, struct service *service, const struct copying *copying,
                struct err *err)
{
    const char *to = arena_printf(service->arena, "%s/migrations", service->dir).data;
    struct str *names;
    size_t count;

    if (!dir_make(to, 0700, err) || !list_migrations(config, service->arena, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!copy_file(
                arena_printf(service->arena, "%s/%s", config->migrations_dir, names[i].data).data,
                arena_printf(service->arena, "%s/%s", to, names[i].data).data, names[i].data,
                copying, err))
            return false;
    }

    return file_replace(arena_printf(service->arena, "%s/" LEDGER_FILE, to).data,
                        str_from(ledger_sql), 0600, err);
}

static bool
copy_project(const struct config *config, struct service *service, const struct copying *copying,
             struct err *err)
{
    const struct copying plain = {0};

    return copy_migrations(config, service, copying, err) &&
           copy_file(arena_printf(service->arena, "%s/cairn.yaml", config->dir).data,
                     arena_printf(service->arena, "%s/cairn.yaml", service->dir).data, "cairn.yaml",
                     &plain, err);
}

/* --- on PostgreSQL ---------------------------------------------------------------------------- */

static bool
find_roles_of(const struct config *config, const char *name, struct arena *arena,
              struct roles *roles, struct err *err)
{
    struct arena *texts = arena_new(64 * 1024, TEXTS_MAX);
    struct str text;
    bool found = false;
    bool ok = read_file(arena_printf(texts, "%s/%s", config->migrations_dir, name).data, texts,
                        &text, &found, err);

    if (ok)
        roles_find(text, arena, roles);
    arena_free(texts);

    return ok;
}

/* The roles that the migrations may make and the server doesn't have. cairn makes three itself. */
static bool
find_new_roles(const struct config *config, struct service *service, struct roles *out,
               struct err *err)
{
    struct roles all = {.names = {"anon", "authenticated", "service_role"}, .count = 3};
    struct str *names;
    size_t count;

    *out = (struct roles){0};
    if (!list_migrations(config, service->arena, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!find_roles_of(config, names[i].data, service->arena, &all, err))
            return false;
    }
    for (size_t i = 0; i < all.count; i++) {
        bool has = false;

        if (!pg_scratch_has_role(service->database, all.names[i], &has, err))
            return false;
        if (!has)
            roles_add(out, all.names[i]);
    }

    return true;
}

/* What doesn't run there says nothing about the project: an extension that only a superuser may
 * make, a role that nobody has made yet. */
static bool
run_migrations(struct service *service, struct err *err)
{
    const char *argv[] = {service->target.start[0], "migrate", "up", NULL};
    const struct process_options options = {
        .argv = argv, .dir = service->dir, .env = service->target.env, .out_fd = -1, .err_fd = -1};
    struct str line, rest;
    struct buf said;
    int code = 0;
    bool ok;

    buf_init(&said, OUTPUT_MAX);
    ok = process_run(&options, MIGRATE_MS, &said, &code, err);
    rest = buf_str(&said);
    line = str_trim(str_cut(&rest, '\n'));
    while (rest.len > 0 && memmem(line.data, line.len, "unable", 6) == NULL &&
           memmem(line.data, line.len, ".sql:", 5) == NULL)
        line = str_trim(str_cut(&rest, '\n'));
    /* Without the mark before it. */
    while (line.len > 0 && (unsigned char)line.data[0] >= 0x80)
        line = str_trim(str_slice(line, 1, line.len));
    if (ok && code != 0)
        ok = err_set(err, ERR_UNAVAILABLE, "", "the migrations don't run on a clone: %.*s",
                     STR_ARG(str_slice(line, 0, LINE_MAX_LEN)));
    buf_fini(&said);

    return ok;
}

static bool
make_on_postgres(const struct config *config, struct service *service, struct err *err)
{
    struct copying copying = {.is_own_server = config->check_clone_url != NULL};
    const char **env = (const char **)(uintptr_t)service->target.env;
    struct roles own;
    struct err later = {0};
    bool ok;

    for (size_t i = 0; env[i] != NULL; i++)
        env[i] = target_fill(service->arena, env[i], "{user}", pg_scratch_user(service->database));
    copying.own = &own;
    if (!find_new_roles(config, service, &own, err) ||
        !copy_project(config, service, &copying, err))
        return false;
    ok = run_migrations(service, err);

    /* Also after some of them: who made a role drops it. */
    return pg_scratch_own_roles(service->database, own.names, own.count, &later) && ok;
}

/* --- both ------------------------------------------------------------------------------------- */

static const char *
get_self(struct arena *arena)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    return arena_cstr(arena, str_make(self, len > 0 ? (size_t)len : 0));
}

bool
service_open_clone(const struct config *config, struct arena *arena, struct service *out,
                   struct err *err)
{
    bool is_postgres = config->database_engine != CONFIG_ENGINE_SQLITE;
    const char *argv[] = {get_self(arena), "serve", NULL};
    const char *stage = config_options[CONFIG_STAGE].values[config->stage];
    const char *url =
        config->check_clone_url != NULL ? config->check_clone_url : config->database_url;
    const char *const env[] = {
        "CAIRN_LISTEN=127.0.0.1:{port}",
        is_postgres ? "CAIRN_DATABASE_URL={database}" : "CAIRN_DATABASE_URL=sqlite:data/clone.db",
        "CAIRN_DATABASE_MANAGED=true",
        "CAIRN_LOG_FILE=log/clone.log",
        "CAIRN_LOG_FORMAT=json",
        "CAIRN_LOG_LEVEL=info",
        "CAIRN_AUTH_ANONYMOUS=open",
        "CAIRN_METRICS_ENABLED=true",
        "CAIRN_TLS_CERT=",
        "CAIRN_TLS_KEY=",
        arena_printf(arena, "CAIRN_STAGE=%s", stage).data,
        arena_printf(arena, "CAIRN_PROJECT_NAME=%s", config->project_name).data,
        /* The ledger is its owner's: no role needs a right to it. */
        is_postgres && config->auth_anon_role != NULL ? "CAIRN_AUTH_ANON_ROLE={user}" : NULL,
        NULL,
    };
    const struct target target = {
        .name = config->project_name,
        .dir = "{dir}",
        .start = argv,
        .env = env,
        .live = "/livez",
        .ready = "/readyz",
        .metrics = "/metrics",
        .docs = "/openapi.json",
        .write_path = "/rest/v1/drill_ledger",
        .write_body = "{\"id\": {n}, \"run\": \"drill\"}",
        .read_path = "/rest/v1/drill_ledger?select=id&order=id&limit=1000&offset={offset}",
        .read_key = "id",
        .one_path = "/rest/v1/drill_ledger?id=eq.{n}",
        .data = is_postgres ? NULL : "{dir}/data/clone.db",
        .database = is_postgres ? url : NULL,
        .log = "{dir}/log/clone.log",
        .start_timeout_s = 20,
        .is_cairn = true,
    };
    const struct copying copying = {0};

    if (!config->database_managed)
        return err_set(err, ERR_UNAVAILABLE, "",
                       "a clone is made from migrations, and the database isn't this project's "
                       "(database.managed is false)");
    if (!service_open(&target, arena, out, err))
        return false;
    if (is_postgres ? make_on_postgres(config, out, err) : copy_project(config, out, &copying, err))
        return true;
    service_close(out);

    return false;
}
