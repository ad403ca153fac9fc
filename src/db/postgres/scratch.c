/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/scratch.h"

#include "core/clock.h"
#include "core/json.h"
#include "db/postgres/session.h"
#include "sql/quote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define PREFIX "cairn_drill_"
#define HOST_FILE "/proc/sys/kernel/random/boot_id"

enum {
    URL_MAX = 16 * 1024,
    SQL_MAX = 64 * 1024,
    CONNECT_MS = 5000,
    MAKE_TRIES = 10,
    MAKE_WAIT_MS = 200,
    INSIDE_TRIES = 4,
    SHUT_TRIES = 40,
    SHUT_WAIT_MS = 25,
    STRANGER_AGE_S = 6 * 3600,
    TIME_DIGITS = 8,
    HOST_DIGITS = 8,
    RANDOM_DIGITS = 8
};

struct pg_scratch {
    char name[PG_SCRATCH_NAME_SIZE];
    char user[64];
    struct buf url, home; /* home: the database from which it is made */
    PGconn *pq;           /* to home */
};

/* --- names ------------------------------------------------------------------------------------ */

static uint32_t
add_hash(uint32_t hash, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;

    return hash;
}

/* This machine since it was started, and the container: a process number means something there
 * only. */
static uint32_t
host_number(void)
{
    char boot[128] = "", space[128] = "";
    FILE *file = fopen(HOST_FILE, "re");

    if (file == NULL || fgets(boot, sizeof(boot), file) == NULL)
        gethostname(boot, sizeof(boot) - 1);
    if (file != NULL)
        fclose(file);
    if (readlink("/proc/self/ns/pid", space, sizeof(space) - 1) < 0)
        space[0] = '\0';

    return add_hash(add_hash(2166136261U, boot), space);
}

void
pg_scratch_write_name(long pid, int64_t now_s, char *name)
{
    uint32_t chance = 0;

    random_bytes(&chance, sizeof(chance));
    snprintf(name, PG_SCRATCH_NAME_SIZE, PREFIX "%ld_%08x%08x%08x", pid, (uint32_t)now_s,
             host_number(), chance);
}

static bool
read_hex(const char *text, size_t digits, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = text[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        *out = *out << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }

    return true;
}

bool
pg_scratch_is_left(const char *name, int64_t now_s)
{
    struct str rest = str_from(name);
    uint64_t pid = 0;
    uint32_t made = 0, host = 0, chance = 0;

    if (!str_has_prefix(rest, STR(PREFIX)))
        return false;
    rest = str_slice(rest, sizeof(PREFIX) - 1, rest.len);
    if (!str_to_u64(str_cut(&rest, '_'), &pid) || pid <= 1 || pid > INT32_MAX ||
        rest.len != TIME_DIGITS + HOST_DIGITS + RANDOM_DIGITS ||
        !read_hex(rest.data, TIME_DIGITS, &made) ||
        !read_hex(rest.data + TIME_DIGITS, HOST_DIGITS, &host) ||
        !read_hex(rest.data + TIME_DIGITS + HOST_DIGITS, RANDOM_DIGITS, &chance))
        return false;
    if (host == host_number())
        return kill((pid_t)pid, 0) != 0 && errno == ESRCH;

    return now_s > (int64_t)made + STRANGER_AGE_S;
}

bool
pg_scratch_replace_name(const char *url, const char *name, struct buf *out)
{
    const char *authority = strstr(url, "://");
    const char *query;
    struct str rest;
    char mark = '?';

    if (authority == NULL ||
        (strncmp(url, "postgres://", 11) != 0 && strncmp(url, "postgresql://", 13) != 0))
        return false;
    authority += 3;
    query = authority + strcspn(authority, "?");
    buf_add(out, url, (size_t)(authority + strcspn(authority, "/?") - url));
    buf_printf(out, "/%s", name);
    rest = str_from(*query == '?' ? query + 1 : query);
    while (rest.len > 0) {
        struct str item = str_cut(&rest, '&');

        if (item.len == 0 || str_has_prefix(item, STR("dbname=")))
            continue;
        buf_printf(out, "%c%.*s", mark, STR_ARG(item));
        mark = '&';
    }

    return buf_ok(out);
}

const char *
pg_scratch_name(const struct pg_scratch *scratch)
{
    return scratch->name;
}

const char *
pg_scratch_url(const struct pg_scratch *scratch)
{
    return scratch->url.data;
}

const char *
pg_scratch_user(const struct pg_scratch *scratch)
{
    return scratch->user;
}

/* --- asking the server ------------------------------------------------------------------------ */

static bool
open_url(const char *url, PGconn **out, struct err *err)
{
    struct pg_target target;
    bool ok;

    if (!pg_target_init(&target, url, err))
        return false;
    ok = pg_session_open(&target, STR("pg_catalog"), CONNECT_MS, out, err);
    pg_target_fini(&target);

    return ok;
}

/* The database of url, or where that isn't there yet the one that every server has. */
static bool
connect_home(struct pg_scratch *scratch, const char *url, struct err *err)
{
    struct buf other;
    bool ok = open_url(url, &scratch->pq, err);

    buf_add_str(&scratch->home, str_from(url));
    if (ok || strstr(err->message, "does not exist") == NULL)
        return ok;
    buf_init(&other, URL_MAX);
    if (pg_scratch_replace_name(url, "postgres", &other)) {
        err_clear(err);
        ok = open_url(buf_cstr(&other), &scratch->pq, err);
        buf_clear(&scratch->home);
        buf_add_str(&scratch->home, buf_str(&other));
    }
    buf_fini(&other);

    return ok;
}

/* NULL when it failed. A connection that was lost meanwhile is made anew. */
static PGresult *
ask(struct pg_scratch *scratch, const char *sql, const char *param, struct err *err)
{
    PGresult *res;

    if (scratch->pq == NULL || PQstatus(scratch->pq) != CONNECTION_OK) {
        PQfinish(scratch->pq);
        scratch->pq = NULL;
        if (!open_url(buf_cstr(&scratch->home), &scratch->pq, err))
            return NULL;
    }
    res = pg_session_query(scratch->pq, sql, &param, param != NULL ? 1 : 0, err);
    if (res == NULL)
        err->kind = ERR_UNAVAILABLE;

    return res;
}

static bool
run(struct pg_scratch *scratch, const char *sql, struct err *err)
{
    PGresult *res = ask(scratch, sql, NULL, err);

    PQclear(res);

    return res != NULL;
}

/* BEFORE "name" AFTER */
static bool
run_named(struct pg_scratch *scratch, const char *before, const char *name, const char *after,
          struct err *err)
{
    struct buf sql;
    bool ok;

    buf_init(&sql, SQL_MAX);
    buf_add_str(&sql, str_from(before));
    quote_ident(&sql, str_from(name));
    buf_add_str(&sql, str_from(after));
    ok = run(scratch, buf_cstr(&sql), err);
    buf_fini(&sql);

    return ok;
}

/* --- dropping --------------------------------------------------------------------------------- */

/* The roles that stand in the comment of a database of ours, as [[oid, "name"], ...]. A role that
 * is used elsewhere by now is kept by the server, one of the same name that isn't it by its
 * number. */
static void
drop_roles(struct pg_scratch *scratch, const char *comment)
{
    struct arena *arena = arena_new(4096, 1024 * 1024);
    struct err err = {0};
    struct json *list = NULL;

    if (json_parse(str_from(comment), JSON_LIMITS_DEFAULT, arena, &list, &err) &&
        list->type == JSON_ARRAY && list->count <= PG_SCRATCH_ROLES_MAX) {
        for (const struct json *one = list->first; one != NULL; one = one->next) {
            const struct json *oid = one->type == JSON_ARRAY ? one->first : NULL;
            const char *name;
            PGresult *res;
            bool is_it;

            if (oid == NULL || oid->next == NULL || oid->next->type != JSON_STRING)
                continue;
            name = arena_cstr(arena, oid->next->text);
            res = ask(scratch, "SELECT oid::text FROM pg_catalog.pg_roles WHERE rolname = $1", name,
                      &err);
            is_it = res != NULL && PQntuples(res) == 1 &&
                    str_eq(oid->text, str_from(PQgetvalue(res, 0, 0)));
            PQclear(res);
            err_clear(&err);
            if (is_it && !run_named(scratch, "DROP ROLE ", name, "", &err))
                err_clear(&err);
        }
    }
    arena_free(arena);
}

/* Its roles are in its comment, and go after it. */
static bool
drop_one(struct pg_scratch *scratch, const char *name, struct err *err)
{
    PGresult *res = ask(scratch,
                        "SELECT pg_catalog.shobj_description(oid, 'pg_database')"
                        " FROM pg_catalog.pg_database WHERE datname = $1",
                        name, err);
    bool ok =
        res != NULL && run_named(scratch, "DROP DATABASE IF EXISTS ", name, " WITH (FORCE)", err);

    if (ok && PQntuples(res) == 1 && !PQgetisnull(res, 0, 0))
        drop_roles(scratch, PQgetvalue(res, 0, 0));
    PQclear(res);

    return ok;
}

/* What processes that were killed have left, of this user only. It is in nobody's way if it
 * stays. */
static void
sweep(struct pg_scratch *scratch)
{
    struct err err = {0};
    PGresult *res = ask(scratch,
                        "SELECT d.datname FROM pg_catalog.pg_database d"
                        " JOIN pg_catalog.pg_roles r ON r.oid = d.datdba"
                        " WHERE r.rolname = current_user"
                        " AND d.datname ~ '^" PREFIX "[0-9]+_[0-9a-f]{24}$'",
                        NULL, &err);

    for (int i = 0; res != NULL && i < PQntuples(res); i++) {
        const char *name = PQgetvalue(res, i, 0);

        if (pg_scratch_is_left(name, clock_wall_us() / 1000000) && !drop_one(scratch, name, &err))
            err_clear(&err);
    }
    PQclear(res);
}

bool
pg_scratch_drop(struct pg_scratch *scratch, struct err *err)
{
    bool ok = true;

    if (scratch == NULL)
        return true;
    if (scratch->name[0] != '\0')
        ok = drop_one(scratch, scratch->name, err);
    PQfinish(scratch->pq);
    buf_fini(&scratch->url);
    buf_fini(&scratch->home);
    free(scratch);

    return ok;
}

/* --- making ----------------------------------------------------------------------------------- */

/* With the locale of the home database, so that texts are ordered alike. */
static bool
write_make(struct pg_scratch *scratch, struct buf *sql, struct err *err)
{
    PGresult *res = ask(scratch,
                        "SELECT current_user, pg_catalog.pg_encoding_to_char(d.encoding),"
                        " d.datcollate, d.datctype, d.datlocprovider <> 'c'"
                        " OR (d.encoding, d.datcollate, d.datctype, d.datlocprovider)"
                        " = (t.encoding, t.datcollate, t.datctype, t.datlocprovider)"
                        " FROM pg_catalog.pg_database d, pg_catalog.pg_database t"
                        " WHERE d.datname = current_database() AND t.datname = 'template1'",
                        NULL, err);
    bool ok = res != NULL && PQntuples(res) == 1;

    if (ok) {
        snprintf(scratch->user, sizeof(scratch->user), "%s", PQgetvalue(res, 0, 0));
        BUF_ADD_LIT(sql, "CREATE DATABASE ");
        quote_ident(sql, str_from(scratch->name));
        if (strcmp(PQgetvalue(res, 0, 4), "t") != 0) {
            BUF_ADD_LIT(sql, " TEMPLATE template0 ENCODING ");
            quote_text(sql, str_from(PQgetvalue(res, 0, 1)));
            BUF_ADD_LIT(sql, " LC_COLLATE ");
            quote_text(sql, str_from(PQgetvalue(res, 0, 2)));
            BUF_ADD_LIT(sql, " LC_CTYPE ");
            quote_text(sql, str_from(PQgetvalue(res, 0, 3)));
        }
    }
    PQclear(res);

    return ok;
}

static bool
make(struct pg_scratch *scratch, struct err *err)
{
    char name[PG_SCRATCH_NAME_SIZE];
    struct buf sql;
    bool ok;

    pg_scratch_write_name((long)getpid(), clock_wall_us() / 1000000, name);
    memcpy(scratch->name, name, sizeof(name));
    buf_init(&sql, SQL_MAX);
    ok = write_make(scratch, &sql, err);
    for (int i = 0; ok; i++) {
        if (run(scratch, buf_cstr(&sql), err))
            break;
        /* Someone is in the template. */
        ok = strcmp(err->code, "55006") == 0 && i < MAKE_TRIES;
        poll(NULL, 0, ok ? MAKE_WAIT_MS : 0);
    }
    buf_fini(&sql);
    if (ok) {
        err_clear(err);
        return true;
    }
    scratch->name[0] = '\0';
    if (strcmp(err->code, "42501") == 0) {
        err_set(
            err, ERR_UNAVAILABLE, "42501",
            "a clone needs a database of its own, and role '%s' may not make one: ALTER ROLE %s "
            "CREATEDB, or name a server where it may: check.clone_url (of a target: database)",
            scratch->user, scratch->user);
    } else {
        err_prefix(err, "unable to make a database for a clone: ");
        err->kind = ERR_UNAVAILABLE;
    }

    return false;
}

bool
pg_scratch_make(const char *url, struct pg_scratch **out, struct err *err)
{
    struct pg_scratch *scratch = xcalloc(1, sizeof(*scratch));
    struct err unimportant = {0};

    *out = NULL;
    buf_init(&scratch->url, URL_MAX);
    buf_init(&scratch->home, URL_MAX);
    if (!connect_home(scratch, url, err)) {
        err->kind = ERR_UNAVAILABLE;
        goto out;
    }
    sweep(scratch);
    if (!make(scratch, err))
        goto out;
    if (!pg_scratch_replace_name(url, scratch->name, &scratch->url)) {
        err_set(err, ERR_UNAVAILABLE, "",
                "unable to make a database for a clone: the URL can't be read");
        goto out;
    }
    buf_cstr(&scratch->url);
    *out = scratch;

out:
    if (*out == NULL)
        pg_scratch_drop(scratch, &unimportant);

    return *out != NULL;
}

/* --- shut and open ---------------------------------------------------------------------------- */

static bool
allow(struct pg_scratch *scratch, const char *word, struct err *err)
{
    if (run_named(scratch, "ALTER DATABASE ", scratch->name, word, err))
        return true;
    err_prefix(err, "unable to take the database away: ");

    return false;
}

/* How many were in it; -1 when that can't be told. */
static int
throw_out(struct pg_scratch *scratch, struct err *err)
{
    PGresult *res = ask(scratch,
                        "SELECT pg_catalog.pg_terminate_backend(pid)"
                        " FROM pg_catalog.pg_stat_activity"
                        " WHERE datname = $1 AND backend_type = 'client backend'"
                        " AND pg_catalog.pg_has_role(usesysid, 'MEMBER')",
                        scratch->name, err);
    int count = res != NULL ? PQntuples(res) : -1;

    PQclear(res);

    return count;
}

bool
pg_scratch_shut(struct pg_scratch *scratch, struct err *err)
{
    int quiet = 0, count = 0;

    if (!allow(scratch, " WITH ALLOW_CONNECTIONS false", err))
        return false;
    /* Who was on the way in when it was shut shows up a moment later. */
    for (int i = 0; i < SHUT_TRIES && quiet < 2 && count >= 0; i++) {
        count = throw_out(scratch, err);
        quiet = count == 0 ? quiet + 1 : 0;
        if (quiet < 2 && count >= 0)
            poll(NULL, 0, SHUT_WAIT_MS);
    }
    if (quiet < 2 && count >= 0)
        return err_set(err, ERR_UNAVAILABLE, "",
                       "unable to take the database away: %d connections stay", count);

    return count >= 0;
}

bool
pg_scratch_empty(struct pg_scratch *scratch, struct err *err)
{
    return throw_out(scratch, err) >= 0;
}

bool
pg_scratch_open(struct pg_scratch *scratch, struct err *err)
{
    return allow(scratch, " WITH ALLOW_CONNECTIONS true", err);
}

/* --- the disk --------------------------------------------------------------------------------- */

static const char fill_sql[] =
    "DO $do$ DECLARE t regclass; BEGIN"
    " PERFORM set_config('lock_timeout', '5s', true);"
    " CREATE SCHEMA cairn_drill_disk;"
    " CREATE FUNCTION cairn_drill_disk.is_full() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
    "  RAISE EXCEPTION 'could not extend file: No space left on device'"
    "  USING ERRCODE = '53100', HINT = 'Check free disk space.'; END $f$;"
    " FOR t IN SELECT c.oid FROM pg_catalog.pg_class c"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'"
    "  AND n.nspname <> 'information_schema'"
    "  AND pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY c.oid"
    " LOOP EXECUTE format('CREATE TRIGGER cairn_drill_disk BEFORE INSERT OR UPDATE ON %s"
    "  FOR EACH STATEMENT EXECUTE FUNCTION cairn_drill_disk.is_full()', t);"
    " END LOOP; END $do$";
static const char free_sql[] = "DO $do$ BEGIN PERFORM set_config('lock_timeout', '5s', true);"
                               " DROP SCHEMA IF EXISTS cairn_drill_disk CASCADE; END $do$";

/* Inside of the scratch database. Who writes to several tables may stand in the way once. */
static bool
run_inside(struct pg_scratch *scratch, const char *sql, struct err *err)
{
    PGconn *pq = NULL;
    bool ok = open_url(buf_cstr(&scratch->url), &pq, err);
    bool tries = ok;

    for (int i = 0; tries; i++) {
        PGresult *res = pg_session_query(pq, sql, NULL, 0, err);

        ok = res != NULL;
        tries = !ok && i < INSIDE_TRIES &&
                (strcmp(err->code, "40P01") == 0 || strcmp(err->code, "55P03") == 0);
        PQclear(res);
    }
    PQfinish(pq);
    if (ok)
        err_clear(err);
    else
        err->kind = ERR_UNAVAILABLE;

    return ok;
}

bool
pg_scratch_fill_disk(struct pg_scratch *scratch, struct err *err)
{
    return run_inside(scratch, fill_sql, err) ||
           (err_prefix(err, "unable to play a full disk: "), false);
}

bool
pg_scratch_free_disk(struct pg_scratch *scratch, struct err *err)
{
    return run_inside(scratch, free_sql, err) ||
           (err_prefix(err, "unable to end a full disk: "), false);
}

/* --- roles ------------------------------------------------------------------------------------ */

bool
pg_scratch_has_role(struct pg_scratch *scratch, const char *name, bool *out, struct err *err)
{
    PGresult *res = ask(scratch, "SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", name, err);

    *out = res != NULL && PQntuples(res) > 0;
    PQclear(res);

    return res != NULL;
}

bool
pg_scratch_own_roles(struct pg_scratch *scratch, const char *const *names, size_t count,
                     struct err *err)
{
    struct buf list, sql;
    bool ok = true;

    buf_init(&list, SQL_MAX);
    buf_init(&sql, SQL_MAX);
    BUF_ADD_LIT(&list, "[");
    for (size_t i = 0; ok && i < count; i++) {
        PGresult *res =
            ask(scratch, "SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1", names[i], err);

        ok = res != NULL;
        if (ok && PQntuples(res) > 0) {
            buf_printf(&list, "%s[%s, ", list.len > 1 ? ", " : "", PQgetvalue(res, 0, 0));
            json_write_str(&list, str_from(names[i]));
            BUF_ADD_LIT(&list, "]");
        }
        PQclear(res);
    }
    BUF_ADD_LIT(&list, "]");
    if (ok && list.len > 2) {
        BUF_ADD_LIT(&sql, "COMMENT ON DATABASE ");
        quote_ident(&sql, str_from(scratch->name));
        BUF_ADD_LIT(&sql, " IS ");
        quote_text(&sql, buf_str(&list));
        ok = run(scratch, buf_cstr(&sql), err);
    }
    buf_fini(&list);
    buf_fini(&sql);

    return ok;
}
