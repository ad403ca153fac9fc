/* SPDX-License-Identifier: Apache-2.0 */
#include "db/driver.h"

#include "core/log.h"
#include "metric/metric.h"

bool
db_open(const struct db_options *options, struct db **out, struct err *err)
{
    struct str url = str_from(options->url);

    *out = NULL;
    if (str_has_prefix(url, STR("sqlite:")))
        return db_sqlite_driver.open(options, options->url + sizeof("sqlite:") - 1, out, err);
    if (str_has_prefix(url, STR("postgres://")) || str_has_prefix(url, STR("postgresql://")))
        return db_postgres_driver.open(options, options->url, out, err);

    /* The URL may hold a password: only what is before the first colon is shown. */
    struct str scheme = str_cut(&url, ':');
    if (scheme.len > 32 || url.data == NULL)
        scheme = STR("");
    err_set(err, ERR_CONFIG, "CAIRN-CONFIG",
            "unable to open the database: the URL's scheme '%.*s' "
            "is not known",
            STR_ARG(scheme));
    err_hint(err, "Use sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME.");
    return false;
}

void
db_close(struct db *db)
{
    if (db != NULL)
        db->driver->close(db);
}

enum db_dialect
db_get_dialect(const struct db *db)
{
    return db->driver->dialect;
}

const char *
db_describe(const struct db *db)
{
    return db->description;
}

bool
db_is_poisoned(const struct db *db)
{
    return db->driver->is_poisoned != NULL && db->driver->is_poisoned(db);
}

bool
db_loop_open(struct db *db, uv_loop_t *loop, struct db_loop **out, struct err *err)
{
    *out = NULL;
    return db->driver->loop_open(db, loop, out, err);
}

void
db_loop_close(struct db_loop *dl, void (*closed)(void *ctx), void *ctx)
{
    dl->driver->loop_close(dl, closed, ctx);
}

/* Without what is bound to the parameters: that is other people's data. */
static void
log_statements(const struct db_job *job)
{
    for (uint32_t i = 0; i < job->stmt_count; i++) {
        const struct log_field fields[] = {
            LOG_STR("sql", job->stmts[i].sql),
            LOG_I64("params", job->stmts[i].param_count),
            LOG_BOOL("write", job->mode == DB_WRITE),
            LOG_ID("request_id", job->request_id),
        };

        log_write_later(LOG_DEBUG, "statement", fields, COUNTOF(fields));
    }
}

void
db_submit(struct db_loop *dl, struct db_job *job)
{
    if (UNLIKELY(log_is_on(LOG_DEBUG)))
        log_statements(job);
    dl->driver->submit(dl, job);
}

bool
db_submit_inline(struct db_loop *dl, struct db_job *job)
{
    if (UNLIKELY(log_is_on(LOG_DEBUG)))
        log_statements(job);
    if (dl->driver->submit_inline != NULL)
        return dl->driver->submit_inline(dl, job);
    dl->driver->submit(dl, job);
    return false;
}

enum db_link
db_loop_get_link(const struct db_loop *dl, struct err *err)
{
    return dl->driver->get_link != NULL ? dl->driver->get_link(dl, err) : DB_LINKED;
}

bool
db_listen(struct db *db, const char *channel, void (*heard)(void *ctx, struct str payload),
          void *ctx, struct db_listener **out, struct err *err)
{
    *out = NULL;
    return db->driver->listen == NULL || db->driver->listen(db, channel, heard, ctx, out, err);
}

void
db_listen_stop(struct db *db, struct db_listener *listener)
{
    if (listener != NULL)
        db->driver->listen_stop(listener);
}

bool
db_introspect(struct db *db, struct model **out, struct err *err)
{
    *out = NULL;
    return db->driver->introspect(db, out, err);
}

bool
db_list_rights(struct db *db, const char *role, struct arena *arena, struct db_table_rights **out,
               uint32_t *count, struct err *err)
{
    *out = NULL;
    *count = 0;
    return db->driver->list_rights == NULL ||
           db->driver->list_rights(db, role, arena, out, count, err);
}

bool
db_migrations_list(struct db *db, struct arena *arena, struct db_migration **out, size_t *count,
                   struct err *err)
{
    *out = NULL;
    *count = 0;
    return db->driver->migrations_list(db, arena, out, count, err);
}

bool
db_migrate(struct db *db, struct str name, struct str text, struct str checksum, bool *applied,
           struct err *err)
{
    *applied = false;
    return db->driver->migrate(db, name, text, checksum, applied, err);
}

bool
db_refresh_rules(struct db *db, struct err *err)
{
    return db->driver->refresh_rules == NULL || db->driver->refresh_rules(db, err);
}

void
db_job_count(const struct db_job *job, uint64_t now_ns)
{
    bool is_write = job->mode == DB_WRITE;
    size_t kind = is_write ? METRIC_DB_STATEMENTS_KIND_WRITE : METRIC_DB_STATEMENTS_KIND_READ;
    size_t outcome = METRIC_DB_STATEMENTS_OUTCOME_ERROR;

    if (LIKELY(job->ok))
        outcome = METRIC_DB_STATEMENTS_OUTCOME_OK;
    else if (job->err.kind == ERR_UNAVAILABLE)
        outcome = METRIC_DB_STATEMENTS_OUTCOME_UNAVAILABLE;
    else if (job->err.kind == ERR_UNKNOWN)
        outcome = METRIC_DB_STATEMENTS_OUTCOME_UNKNOWN;
    metric_add(METRIC_DB_STATEMENTS, metric_cell(METRIC_DB_STATEMENTS, kind, outcome), 1);
    metric_observe(METRIC_DB_STATEMENT_DURATION, kind, (double)(now_ns - job->submitted_ns) / 1e9);
}

/* --- what functions set ---------------------------------------------------------------------- */

/* More than any answer can say. */
#define SETTINGS_MAX ((size_t)256 * 1024)

void
db_settings_clear(struct db_settings *settings)
{
    settings->first = NULL;
    settings->size = 0;
}

static struct db_setting *
find_setting(const struct db_settings *settings, struct str name)
{
    struct db_setting *setting = settings->first;

    while (setting != NULL && !str_eq_nocase(setting->name, name))
        setting = setting->next;
    return setting;
}

const struct db_setting *
db_settings_find(const struct db_settings *settings, struct str name)
{
    return find_setting(settings, name);
}

bool
db_settings_put(struct db_settings *settings, struct str name, struct str value, struct err *err)
{
    struct db_setting *setting = find_setting(settings, name);
    size_t size = value.len + (setting == NULL ? name.len : 0);

    /* What is set again and again takes the same place. */
    if (setting != NULL && value.len <= setting->room_size) {
        if (value.len > 0)
            memmove(setting->room, value.data, value.len);
        setting->value = str_make(setting->room, value.len);
        return true;
    }
    if (size > SETTINGS_MAX - settings->size)
        return err_set(err, ERR_DB, "54000", "the settings of this request are too large");
    settings->size += size;
    if (setting == NULL) {
        setting = ARENA_NEW(settings->arena, struct db_setting);
        *setting =
            (struct db_setting){.name = arena_copy(settings->arena, name), .next = settings->first};
        settings->first = setting;
    }
    setting->room = arena_cstr(settings->arena, value);
    setting->room_size = value.len;
    setting->value = str_make(setting->room, value.len);
    return true;
}
