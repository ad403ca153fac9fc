/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <signal.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "metric/metric.h"
#include "server/beat.h"
#include "server/keys.h"
#include "server/migrate.h"
#include "server/openness.h"

#define LOOPS_MAX 64
#define ACCEPT_MS 50
#define HEALTH_MS 200
#define SAME_SIGNAL_NS (250 * UINT64_C(1000000))
#define RETIRED_NS UINT64_C(1000000000)
#define WATCH_DELAY_MS 50 /* editors write a file in several steps */

struct worker {
    const struct server_options *options;
    const struct config *config;
    struct loop_shared shared;
    struct server_loop *loops;
    unsigned loop_count;
    unsigned ended; /* loops that are done; changed by their threads */
    uv_loop_t uv;
    uv_async_t loop_ended;
    uv_async_t asked; /* somebody wants a reload, on the database's channel */
    struct db_listener *listener;
    uv_signal_t signals[3];
    uv_timer_t abort_timer, drain_timer, watch_timer, health_timer;
    uv_fs_event_t watch;
    uv_work_t reload;
    bool reloads, reload_again, may_migrate;
    struct site *reloaded; /* NULL: it failed */
    struct site *site;     /* what the loops have, or are about to */
    struct site *retired;  /* what they had before; large ones are not freed on their time */
    uint64_t retired_ns;   /* since when */
    struct auth *reloaded_auth;
    struct auth *auth; /* what the loops have */
    struct keys keys;
    struct beat beat;
    struct err reload_err;
    bool is_stopping, was_poisoned;
    uint64_t stopping_ns; /* since when */
    uint64_t start_ns;
};

static unsigned
choose_loop_count(const struct config *config)
{
    unsigned count = (unsigned)config->server_threads;

    if (count == 0)
        count = uv_available_parallelism();
    return count > LOOPS_MAX ? LOOPS_MAX : count;
}

static void
log_applied(void *ctx, struct str name, int64_t took_us)
{
    (void)ctx;
    log_event(LOG_INFO, "migration_applied", LOG_STR("name", name),
              LOG_F64("duration_ms", (double)took_us / 1e3));
}

static bool
apply_migrations(struct worker *w, struct err *err)
{
    const struct migrate_watcher watcher = {.applied = log_applied};
    struct arena *arena = NULL;
    size_t count = 0;
    bool ok = false;

    if (!w->config->database_managed)
        return true;
    arena = arena_new(64 * 1024, 256U * 1024 * 1024);
    ok = migrate_up(w->shared.db, w->config->migrations_dir, arena, &watcher, &count, err);
    arena_free(arena);
    return ok;
}

/* Runs in the pool: new migrations (dev only), then the schema as it is now, and what is made of
 * it. */
static void
reload_work(uv_work_t *work)
{
    struct worker *w = work->data;
    struct model *model = NULL;

    w->reloaded = NULL;
    err_clear(&w->reload_err);
    if (w->may_migrate && !apply_migrations(w, &w->reload_err))
        return;
    if (!auth_open(w->config, &w->reloaded_auth, &w->reload_err))
        return;
    if (db_introspect(w->shared.db, &model, &w->reload_err))
        w->reloaded = site_new(w->config, model, NULL);
    else
        auth_unref(w->reloaded_auth);
}

static void start_reload(struct worker *w);

/* With the published keys as they are now; takes the reference. */
static void
use_auth(struct worker *w, struct auth *auth)
{
    struct auth *with_keys = auth_with_keys(auth, w->keys.set);

    auth_unref(auth);
    auth_unref(w->auth);
    w->auth = with_keys;
}

static void
on_keys_changed(void *ctx, struct jwk_set *set)
{
    struct worker *w = ctx;

    (void)set;
    use_auth(w, auth_ref(w->auth));
    for (unsigned i = 0; i < w->loop_count; i++)
        server_loop_set_auth(&w->loops[i], auth_ref(w->auth));
}

static void
on_keys_asked(void *ctx)
{
    struct worker *w = ctx;

    for (unsigned i = 0; i < w->loop_count; i++)
        server_loop_keys_asked(&w->loops[i]);
}

/* From a loop's thread. */
static void
want_keys(void *ctx)
{
    struct worker *w = ctx;

    keys_want(&w->keys);
}

static void
retire(struct worker *w)
{
    site_unref(w->retired);
    w->retired = w->site;
    w->retired_ns = clock_mono_ns();
}

static void
reload_done(uv_work_t *work, int status)
{
    struct worker *w = work->data;

    (void)status;
    w->reloads = false;
    if (w->reloaded == NULL) {
        struct log_field fields[] = {
            LOG_CSTR("code", w->reload_err.code),
            LOG_CSTR("message", w->reload_err.message),
            LOG_CSTR("hint", w->reload_err.hint),
        };

        log_write(LOG_ERROR, "reload_failed", fields, COUNTOF(fields) - !w->reload_err.has_hint);
    } else {
        struct site *site = w->reloaded;

        use_auth(w, w->reloaded_auth);
        site->auth = auth_ref(w->auth); /* nobody else has seen it yet */
        retire(w);
        w->site = site;
        for (unsigned i = 0; i < w->loop_count; i++)
            server_loop_set_site(&w->loops[i], site_ref(site));
        log_event(LOG_INFO, "schema_loaded", LOG_I64("tables", site->schema->table_count));
        metric_add(METRIC_SCHEMA_RELOADS, 0, 1);
        metric_set(METRIC_SCHEMA_TABLES, 0, (int64_t)site->schema->table_count);
    }
    if (w->reload_again && !w->is_stopping)
        start_reload(w);
}

static void
start_reload(struct worker *w)
{
    if (w->reloads) {
        w->reload_again = true;
        return;
    }
    w->reload_again = false;
    w->reloads = true;
    w->reload.data = w;
    uv_queue_work(&w->uv, &w->reload, reload_work, reload_done);
}

/* On the listener's thread. "reload config" reads the keys again, which a reload does too. */
static void
on_heard(void *ctx, struct str payload)
{
    struct worker *w = ctx;

    if (payload.data == NULL || payload.len == 0 || str_eq(payload, STR("reload schema")) ||
        str_eq(payload, STR("reload config")))
        uv_async_send(&w->asked);
}

static void
on_asked(uv_async_t *async)
{
    struct worker *w = async->data;

    if (!w->is_stopping)
        start_reload(w);
}

static void
on_abort(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    log_event(LOG_WARN, "drain_timeout", LOG_I64("after_ms", w->config->server_drain_timeout));
    for (unsigned i = 0; i < w->loop_count; i++)
        server_loop_abort(&w->loops[i]);
}

/* What had connected when the supervisor turned new ones away was accepted meanwhile. */
static void
on_accepted(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    for (unsigned i = 0; i < w->loop_count; i++)
        server_loop_drain(&w->loops[i]);
    /* The loops close their own when they drain. */
    close(w->shared.listen_fd);
}

static void
stop(struct worker *w)
{
    w->is_stopping = true;
    w->stopping_ns = clock_mono_ns();
    atomic_store(&w->shared.is_draining, true);
    atomic_store(&w->shared.is_ready, false);
    log_event(LOG_INFO, "draining", LOG_I64("timeout_ms", w->config->server_drain_timeout));
    uv_timer_start(&w->drain_timer, on_accepted, ACCEPT_MS, 0);
    uv_timer_start(&w->abort_timer, on_abort, (uint64_t)w->config->server_drain_timeout, 0);
}

/* After an outcome unknown only a new start, which recovers from the log, may write again. */
static void
on_health(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    if (w->retired != NULL && clock_mono_ns() - w->retired_ns > RETIRED_NS) {
        site_unref(w->retired);
        w->retired = NULL;
    }
    if (!w->is_stopping && db_is_poisoned(w->shared.db)) {
        w->was_poisoned = true;
        stop(w);
    }
}

static void
on_signal(uv_signal_t *handle, int signal_number)
{
    struct worker *w = handle->data;

    if (signal_number == SIGHUP) {
        log_reopen();
        start_reload(w);
        keys_refresh(&w->keys);
        return;
    }
    /* What is sent to the whole group of processes comes twice: from the sender, and from the
     * supervisor, which passes it on. */
    if (w->is_stopping && clock_mono_ns() - w->stopping_ns < SAME_SIGNAL_NS)
        return;
    if (w->is_stopping) {
        log_event(LOG_WARN, "stopped_at_once", LOG_I64("signal", signal_number));
        _exit(128 + signal_number);
    }
    stop(w);
}

static void
on_handle_closed(uv_handle_t *handle)
{
    (void)handle;
}

static void
close_handles(struct worker *w)
{
    uv_handle_t *handles[] = {
        (uv_handle_t *)&w->loop_ended,   (uv_handle_t *)&w->asked,
        (uv_handle_t *)&w->signals[0],   (uv_handle_t *)&w->signals[1],
        (uv_handle_t *)&w->signals[2],   (uv_handle_t *)&w->abort_timer,
        (uv_handle_t *)&w->watch_timer,  (uv_handle_t *)&w->watch,
        (uv_handle_t *)&w->health_timer,
    };

    keys_close(&w->keys);
    beat_close(&w->beat);
    for (size_t i = 0; i < COUNTOF(handles); i++) {
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], on_handle_closed);
    }
}

/* From a loop's thread. */
static void
loop_ended(void *ctx)
{
    struct worker *w = ctx;

    __atomic_add_fetch(&w->ended, 1, __ATOMIC_ACQ_REL);
    uv_async_send(&w->loop_ended);
}

static void
on_loop_ended(uv_async_t *async)
{
    struct worker *w = async->data;

    if (__atomic_load_n(&w->ended, __ATOMIC_ACQUIRE) < w->loop_count)
        return;
    db_listen_stop(w->shared.db, w->listener);
    close_handles(w);
}

static void
on_watch_timer(uv_timer_t *timer)
{
    start_reload(timer->data);
}

static void
on_watch(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct worker *w = handle->data;
    size_t len = name != NULL ? strlen(name) : 0;

    (void)events;
    if (status == 0 && len > 4 && name[0] != '.' && strcmp(name + len - 4, ".sql") == 0)
        uv_timer_start(&w->watch_timer, on_watch_timer, WATCH_DELAY_MS, 0);
}

static bool
init_main_loop(struct worker *w, struct err *err)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    if (uv_loop_init(&w->uv) != 0)
        return err_set(err, ERR_IO, "CAIRN-IO", "unable to start an event loop");
    uv_async_init(&w->uv, &w->loop_ended, on_loop_ended);
    w->loop_ended.data = w;
    uv_async_init(&w->uv, &w->asked, on_asked);
    w->asked.data = w;
    for (size_t i = 0; i < COUNTOF(numbers); i++) {
        uv_signal_init(&w->uv, &w->signals[i]);
        w->signals[i].data = w;
        uv_signal_start(&w->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&w->uv, &w->abort_timer);
    w->abort_timer.data = w;
    uv_timer_init(&w->uv, &w->drain_timer);
    w->drain_timer.data = w;
    uv_timer_init(&w->uv, &w->watch_timer);
    w->watch_timer.data = w;
    uv_timer_init(&w->uv, &w->health_timer);
    w->health_timer.data = w;
    uv_timer_start(&w->health_timer, on_health, HEALTH_MS, HEALTH_MS);
    uv_fs_event_init(&w->uv, &w->watch);
    w->watch.data = w;
    if (w->options->is_dev && uv_fs_event_start(&w->watch, on_watch, w->config->migrations_dir, 0))
        log_event(LOG_WARN, "not_watching", LOG_CSTR("folder", w->config->migrations_dir));
    return (beat_open(&w->beat, &w->uv, w->config->history_every, &w->shared.is_ready) &&
            keys_open(&w->keys, &w->uv)) ||
           err_set(err, ERR_IO, "CAIRN-IO", "unable to start an event loop");
}

static bool
open_site(struct worker *w, struct site **out, struct err *err)
{
    struct model *model = NULL;
    struct auth *auth = NULL;

    /* First, because nobody should wait for migrations to hear of a key that can't be used. */
    if (!auth_open(w->config, &auth, err))
        return false;
    keys_ask_first(&w->keys);
    if (!apply_migrations(w, err) || !db_introspect(w->shared.db, &model, err)) {
        auth_unref(auth);
        return false;
    }
    if (!auth_has_keys(auth) && w->config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_CLOSED)
        log_event(LOG_WARN, "no_keys",
                  LOG_CSTR("hint", "cairn keys makes a secret; until then nobody "
                                   "may use the API"));
    use_auth(w, auth);
    *out = site_new(w->config, model, auth_ref(w->auth));
    metric_set(METRIC_SCHEMA_TABLES, 0, (int64_t)(*out)->schema->table_count);
    return true;
}

/* The address that is really listened on: port 0 in the configuration stands for any. */
static const char *
listen_address(const char *configured, uint16_t port, struct arena *arena)
{
    const char *colon = strrchr(configured, ':');
    int host_len = colon != NULL ? (int)(colon - configured) : 0;

    if (port == 0 || colon == NULL)
        return configured;
    return arena_printf(arena, "%.*s:%u", host_len, configured, port).data;
}

/* Where PostgreSQL doesn't tell, that is what is said. */
static const char *
open_to(const struct worker *w, const struct site *site, const char *role, struct arena *arena)
{
    struct db_table_rights *tables = NULL;
    uint32_t count = 0;
    struct buf out;
    const char *text;
    struct err err = {0};

    if (w->config->database_engine == CONFIG_ENGINE_SQLITE)
        count = openness_list(site->schema, str_from(role), arena, &tables);
    else if (!db_list_rights(w->shared.db, role, arena, &tables, &count, &err))
        return arena_printf(arena, "what PostgreSQL grants to role %s", role).data;
    buf_init(&out, 1024 * 1024);
    openness_write(tables, count, &out);
    text = arena_cstr(arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* Who may use which tables. */
static void
add_openness(const struct worker *w, const struct site *site, struct server_ready *ready,
             struct arena *arena)
{
    if (!site->schema->has_rules) {
        if (w->config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN)
            ready->open_count = ready->table_count;
    } else {
        ready->open_to_anon = open_to(w, site, "anon", arena);
        ready->open_to_users = open_to(w, site, "authenticated", arena);
    }
}

static void
tell_ready(struct worker *w, const struct site *site, uint16_t port, int *ready_fd)
{
    const struct model *model = site->schema->model;
    int64_t took_ms = (int64_t)((clock_mono_ns() - w->start_ns) / 1000000);
    struct server_ready ready = {
        .database = db_describe(w->shared.db),
        .port = port,
        .took_ms = took_ms,
    };
    const char **names = xcalloc(model->table_count + 1, sizeof(*names));
    struct arena *arena = arena_new(4096, 64 * 1024 * 1024);

    for (uint32_t i = 0; i < site->schema->table_count; i++) {
        if (site->schema->tables[i].is_exposed)
            names[ready.table_count++] = arena_cstr(arena, model->tables[i].name);
    }
    ready.tables = names;
    if (w->options->ready != NULL) {
        add_openness(w, site, &ready, arena);
        w->options->ready(w->options->ctx, &ready);
    }
    log_event(LOG_INFO, "ready",
              LOG_CSTR("listen", listen_address(w->config->listen.text, port, arena)),
              LOG_I64("port", port), LOG_CSTR("database", ready.database),
              LOG_I64("tables", ready.table_count), LOG_I64("threads", w->loop_count),
              LOG_I64("took_ms", took_ms));
    (void)!write(*ready_fd, "1", 1);
    close(*ready_fd);
    *ready_fd = -1;
    free(names);
    arena_free(arena);
}

static bool
open_loops(struct worker *w, struct site *site, struct err *err)
{
    w->loops = xcalloc(w->loop_count, sizeof(*w->loops));
    for (unsigned i = 0; i < w->loop_count; i++) {
        if (!server_loop_open(&w->loops[i], &w->shared, site_ref(site), err))
            return false;
        server_loop_watch_ready(&w->loops[i], i == 0);
    }
    return true;
}

static bool
start_loops(struct worker *w, struct err *err)
{
    for (unsigned i = 0; i < w->loop_count; i++) {
        if (!server_loop_start(&w->loops[i], err))
            return false;
    }
    return true;
}

bool
worker_run(const struct server_options *options, struct worker_place *place, struct err *err)
{
    struct worker w = {
        .options = options,
        .config = options->config,
        .may_migrate = options->is_dev,
        .start_ns = clock_mono_ns(),
        .shared = {.config = options->config,
                   .listen_fd = place->listen_fd,
                   .is_ready = true,
                   .want_keys = want_keys,
                   .ended = loop_ended},
    };
    struct db_options db_options;
    struct site *site = NULL;

    w.shared.ctx = &w;
    keys_init(&w.keys, w.config);
    w.keys.changed = on_keys_changed;
    w.keys.asked = on_keys_asked;
    w.keys.ctx = &w;
    journal_fork(place->journal, place->number, &w.beat.journal);
    w.loop_count = choose_loop_count(w.config);
    db_options = migrate_db_options(w.config, w.loop_count);
    if (!migrate_prepare(w.config, err) || !db_open(&db_options, &w.shared.db, err))
        return false;
    if (w.config->tls_cert != NULL &&
        !http_tls_load(w.config->tls_cert, w.config->tls_key, &w.shared.tls, err))
        return false;
    if (!open_site(&w, &site, err) || !init_main_loop(&w, err) || !open_loops(&w, site, err))
        /* The process ends with this; what is open goes with it. */
        return false;
    /* The socket is open: who connects from now on is answered. So these are the first lines. */
    tell_ready(&w, site, place->port, &place->ready_fd);
    beat_start(&w.beat);
    w.site = site;
    if (!start_loops(&w, err) ||
        (w.config->database_channel != NULL &&
         !db_listen(w.shared.db, w.config->database_channel, on_heard, &w, &w.listener, err)))
        return false;
    uv_run(&w.uv, UV_RUN_DEFAULT);
    beat_end(&w.beat);

    for (unsigned i = 0; i < w.loop_count; i++)
        server_loop_join(&w.loops[i]);
    free(w.loops);
    site_unref(w.site);
    site_unref(w.retired);
    http_tls_free(w.shared.tls);
    db_close(w.shared.db);
    uv_loop_close(&w.uv);
    auth_unref(w.auth);
    keys_fini(&w.keys);
    if (w.was_poisoned)
        return err_set(err, ERR_UNKNOWN, "CAIRN-UNKNOWN",
                       "the outcome of a commit is unknown: the database is opened anew");
    log_event(LOG_INFO, "stopped");
    return true;
}
