/* SPDX-License-Identifier: Apache-2.0 */
#include "server/migrate.h"

#include "core/buf.h"
#include "core/clock.h"
#include "io/checksum.h"
#include "io/file.h"

enum {
    FILES_MAX = 10000,
    NAME_MAX_LEN = 100,
    FILE_MAX_BYTES = 1 << 30,
    NUMBER_DIGITS = 4,
};

#define SUFFIX STR(".sql")

struct db_options
migrate_db_options(const struct config *config, unsigned loops)
{
    return (struct db_options){
        .url = config->database_url,
        .schemas = (const char *const *)config->database_schemas.items,
        .schema_count = config->database_schemas.count,
        .extra_search_path = (const char *const *)config->transaction_extra_search_path.items,
        .extra_search_path_count = config->transaction_extra_search_path.count,
        .unprepared = !config->database_prepared_statements,
        .channel = config->database_channel,
        .anon = config->auth_anon_role != NULL || !config->database_managed ? DB_ANON_GIVEN
                : config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN      ? DB_ANON_OPEN
                                                                            : DB_ANON_CLOSED,
        .loops = loops,
        .pool = (unsigned)config->database_pool,
        .pool_threads = (unsigned)config->server_pool_threads,
        /* Counted from when a request reaches the database. */
        .statement_timeout_ms = config->database_statement_timeout < config->http_request_timeout
                                    ? config->database_statement_timeout
                                    : config->http_request_timeout,
        .connect_timeout_ms = config->database_connect_timeout,
        .pool_timeout_ms = config->database_pool_timeout,
        .read_budget = (uint64_t)config->database_read_budget,
        .queue_max = (size_t)config->database_queue_max,
        .synchronous_extra = config->database_synchronous == CONFIG_DATABASE_SYNCHRONOUS_EXTRA,
    };
}

bool
migrate_prepare(const struct config *config, struct err *err)
{
    const char *slash;
    char *dir;
    bool ok;

    if (config->database_path == NULL)
        return true;
    slash = strrchr(config->database_path, '/');
    if (slash == NULL || slash == config->database_path)
        return true;
    dir = xstrdup(config->database_path);
    dir[slash - config->database_path] = '\0';
    ok = dir_make(dir, 0700, err);
    free(dir);

    return ok;
}

/* The folder's .sql files, sorted. */
static bool
list_files(const char *dir, struct arena *arena, struct str **out, size_t *out_count,
           struct err *err)
{
    struct str *names = NULL;
    size_t count = 0;
    size_t kept = 0;

    *out = NULL;
    *out_count = 0;
    if (!file_exists(dir))
        return true;
    if (!dir_list(dir, FILES_MAX, arena, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (str_has_suffix(names[i], SUFFIX))
            names[kept++] = names[i];
    }
    *out = names;
    *out_count = kept;

    return true;
}

static bool
read_file(const char *dir, struct str name, struct buf *text, struct err *err)
{
    char path[4096];
    int len = snprintf(path, sizeof(path), "%s/%.*s", dir, STR_ARG(name));

    if (len < 0 || (size_t)len >= sizeof(path))
        return err_set(err, ERR_IO, "", "unable to read '%.*s': the path is too long",
                       STR_ARG(name));
    buf_clear(text);

    return file_read(path, text, NULL, err);
}

static const struct db_migration *
find_applied(const struct db_migration *applied, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(applied[i].name, name))
            return &applied[i];
    }

    return NULL;
}

static int
compare_items(const void *a, const void *b)
{
    const struct migrate_item *x = a;
    const struct migrate_item *y = b;

    return str_cmp(x->name, y->name);
}

static void
finish_list(struct migrate_list *list)
{
    bool applied_after = false;

    qsort(list->items, list->count, sizeof(list->items[0]), compare_items);
    list->is_clean = true;
    list->pending = 0;
    for (size_t i = list->count; i > 0; i--) {
        struct migrate_item *item = &list->items[i - 1];

        if (item->state == MIGRATE_PENDING && applied_after)
            item->state = MIGRATE_LATE;
        if (item->state == MIGRATE_PENDING)
            list->pending++;
        else
            applied_after = true;
        if (item->state != MIGRATE_PENDING && item->state != MIGRATE_APPLIED)
            list->is_clean = false;
    }
}

bool
migrate_status(struct db *db, const char *dir, struct arena *arena, struct migrate_list *out,
               struct err *err)
{
    struct db_migration *applied = NULL;
    struct str *names = NULL;
    size_t applied_count = 0;
    size_t name_count = 0;
    struct buf text;
    bool ok = false;

    *out = (struct migrate_list){0};
    buf_init(&text, FILE_MAX_BYTES);
    if (!list_files(dir, arena, &names, &name_count, err) ||
        !db_migrations_list(db, arena, &applied, &applied_count, err))
        goto out;
    out->items = ARENA_ARRAY(arena, struct migrate_item, name_count + applied_count + 1);

    for (size_t i = 0; i < name_count; i++) {
        const struct db_migration *row = find_applied(applied, applied_count, names[i]);
        struct migrate_item *item = &out->items[out->count++];
        char checksum[CHECKSUM_HEX_SIZE];

        *item = (struct migrate_item){.name = names[i], .state = MIGRATE_PENDING};
        if (row == NULL)
            continue;
        if (!read_file(dir, names[i], &text, err))
            goto out;
        checksum_sha256_hex(buf_str(&text), checksum);
        item->applied_us = row->applied_us;
        item->state = str_eq(row->checksum, str_from(checksum)) ? MIGRATE_APPLIED : MIGRATE_CHANGED;
    }
    for (size_t i = 0; i < applied_count; i++) {
        bool found = false;

        for (size_t j = 0; j < name_count && !found; j++)
            found = str_eq(names[j], applied[i].name);
        if (!found)
            out->items[out->count++] = (struct migrate_item){
                .name = str_from(arena_cstr(arena, applied[i].name)),
                .state = MIGRATE_MISSING,
                .applied_us = applied[i].applied_us,
            };
    }
    finish_list(out);
    ok = true;

out:
    buf_fini(&text);

    return ok;
}

bool
migrate_check(const struct migrate_list *list, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct migrate_item *item = &list->items[i];

        switch (item->state) {
        case MIGRATE_APPLIED:
        case MIGRATE_PENDING:
            break;
        case MIGRATE_CHANGED:
            err_set(err, ERR_MIGRATION, "",
                    "unable to go on from '%.*s': it was changed after it "
                    "had been applied",
                    STR_ARG(item->name));
            err_hint(err, "restore the file as it was (git checkout), and put the change into a "
                          "new migration: cairn migrate new NAME");
            return false;
        case MIGRATE_MISSING:
            err_set(err, ERR_MIGRATION, "",
                    "unable to go on from '%.*s': it was applied to this "
                    "database, and the file is gone",
                    STR_ARG(item->name));
            err_hint(err, "restore the file, or use the database that belongs to this folder "
                          "(database.url)");
            return false;
        case MIGRATE_LATE:
            err_set(err, ERR_MIGRATION, "",
                    "unable to apply '%.*s': a migration that sorts after "
                    "it is applied already",
                    STR_ARG(item->name));
            err_hint(err, "rename it so that it comes last");
            return false;
        }
    }

    return true;
}

/* Blanks and comments only. */
static bool
is_blank(struct str text)
{
    size_t i = 0;

    while (i < text.len) {
        struct str rest = str_slice(text, i, text.len);

        if (str_has_prefix(rest, STR("--"))) {
            i = str_find_char(text, '\n', i);
        } else if (str_has_prefix(rest, STR("/*"))) {
            const char *end = memmem(rest.data + 2, rest.len - 2, "*/", 2);

            if (end == NULL)
                return false;
            i += (size_t)(end - rest.data) + 2;
        } else if (memchr(" \t\r\n\f\v", text.data[i], 6) != NULL) {
            i++;
        } else {
            return false;
        }
    }

    return true;
}

bool
migrate_up(struct db *db, const char *dir, struct arena *arena,
           const struct migrate_watcher *watcher, size_t *count, struct err *err)
{
    struct migrate_list list;
    struct buf text;
    bool ok = false;

    *count = 0;
    buf_init(&text, FILE_MAX_BYTES);
    if (!migrate_status(db, dir, arena, &list, err) || !migrate_check(&list, err))
        goto out;
    for (size_t i = 0; i < list.count; i++) {
        char checksum[CHECKSUM_HEX_SIZE];
        uint64_t start = clock_mono_ns();
        bool applied;

        if (list.items[i].state != MIGRATE_PENDING)
            continue;
        if (!read_file(dir, list.items[i].name, &text, err))
            goto out;
        if (is_blank(buf_str(&text)))
            continue;
        checksum_sha256_hex(buf_str(&text), checksum);
        if (!db_migrate(db, list.items[i].name, buf_str(&text), str_from(checksum), &applied, err))
            goto out;
        if (!applied)
            continue;
        ++*count;
        if (watcher != NULL && watcher->applied != NULL)
            watcher->applied(watcher->ctx, list.items[i].name,
                             (int64_t)((clock_mono_ns() - start) / 1000));
    }
    ok = db_refresh_rules(db, err);

out:
    buf_fini(&text);

    return ok;
}

static bool
is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || (c == '-' && i > 0)))
            return false;
    }

    return name.len > 0 && name.len <= NAME_MAX_LEN;
}

/* The number that the name of the last file begins with. */
static uint64_t
last_number(const struct str *names, size_t count)
{
    uint64_t last = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t number;
        size_t digits = 0;

        while (digits < names[i].len && names[i].data[digits] >= '0' &&
               names[i].data[digits] <= '9')
            digits++;
        if (str_to_u64(str_slice(names[i], 0, digits), &number) && number > last)
            last = number;
    }

    return last;
}

bool
migrate_new(const char *dir, struct str name, struct arena *arena, const char **path,
            struct err *err)
{
    static const char template[] =
        "-- What this changes, and why. Applied in one transaction, and never edited afterwards.\n"
        "\n";
    struct str *names;
    size_t count;
    bool created;

    *path = NULL;
    if (!is_name(name)) {
        err_set(err, ERR_USAGE, "", "'%.*s' can't be the name of a migration", STR_ARG(name));
        err_hint(err, "letters, digits, _ and -, at most %d", NAME_MAX_LEN);
        return false;
    }
    if (!dir_make(dir, 0755, err) || !list_files(dir, arena, &names, &count, err))
        return false;
    *path = arena_printf(arena, "%s/%0*llu_%.*s.sql", dir, NUMBER_DIGITS,
                         (unsigned long long)(last_number(names, count) + 1), STR_ARG(name))
                .data;
    if (!file_create(*path, str_from(template), 0644, &created, err))
        return false;
    if (!created)
        return err_set(err, ERR_USAGE, "", "unable to create '%s': it exists", *path);

    return true;
}
