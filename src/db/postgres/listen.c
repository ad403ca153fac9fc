/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said on a channel, heard by a thread with a connection of its own. The connection is
 * asked for a sign of life now and then, and made anew when it is gone; what was said meanwhile
 * can't be known, so that coming back is told like something heard.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/postgres/error.h"
#include "db/postgres/pg.h"
#include "db/postgres/session.h"
#include "sql/quote.h"

#define ALIVE_MS 30000
#define ANSWER_MS 5000
#define PAUSE_FIRST_MS 250
#define PAUSE_MAX_MS 30000

struct db_listener {
    struct pg_db *db;
    struct buf listen_sql; /* LISTEN "channel" */
    void (*heard)(void *ctx, struct str payload);
    void *ctx;
    uv_thread_t thread;
    int wake; /* readable: stop */
    PGconn *pq;
    struct err why; /* the last failure */
};

/* False: it is time to stop. *ready: the socket has what was waited for. */
static bool
wait_for(struct db_listener *l, short events, int timeout_ms, bool *ready)
{
    struct pollfd fds[] = {
        {.fd = l->wake, .events = POLLIN},
        {.fd = l->pq != NULL ? PQsocket(l->pq) : -1, .events = events},
    };
    int count = poll(fds, COUNTOF(fds), timeout_ms);

    *ready = count > 0 && fds[1].revents != 0;
    return fds[0].revents == 0;
}

/* False: stopped, or it failed, which l->why says. */
static bool
connect_to(struct db_listener *l)
{
    const struct pg_target *target = &l->db->target;
    uint64_t end_ns = clock_mono_ns() + (uint64_t)l->db->connect_timeout_ms * 1000000;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    struct pg_params params;
    bool goes_on = true;

    pg_params_init(&params, target, target->hosts, target->host_count, l->db->connect_timeout_ms);
    l->pq = PQconnectStartParams(params.keywords, params.values, 0);
    pg_params_fini(&params);
    if (l->pq == NULL)
        return err_set(&l->why, ERR_UNAVAILABLE, "08006", "out of memory");
    PQsetNoticeProcessor(l->pq, pg_notice_ignore, NULL);
    while (goes_on && PQstatus(l->pq) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
           status != PGRES_POLLING_FAILED && clock_mono_ns() < end_ns) {
        bool ready = false;

        goes_on =
            wait_for(l, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, ANSWER_MS, &ready);
        if (ready)
            status = PQconnectPoll(l->pq);
    }
    if (goes_on && status != PGRES_POLLING_OK)
        pg_error_from_connection(&l->why, l->pq);
    return goes_on && status == PGRES_POLLING_OK;
}

/* Runs a statement, waiting no longer than ANSWER_MS for its answer. */
static bool
run(struct db_listener *l, const char *sql)
{
    uint64_t end_ns = clock_mono_ns() + (uint64_t)ANSWER_MS * 1000000;
    bool ok = PQsendQuery(l->pq, sql) == 1;
    PGresult *res = NULL;

    while (ok && PQisBusy(l->pq) && clock_mono_ns() < end_ns) {
        bool ready = false;

        if (!wait_for(l, POLLIN, ANSWER_MS, &ready))
            return false;
        ok = !ready || PQconsumeInput(l->pq) == 1;
    }
    if (ok && PQisBusy(l->pq))
        return err_set(&l->why, ERR_UNAVAILABLE, "08006", "no answer");
    if (!ok) {
        pg_error_from_connection(&l->why, l->pq);
        return false;
    }
    while ((res = PQgetResult(l->pq)) != NULL) {
        ExecStatusType status = PQresultStatus(res);

        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            pg_error_from_result(&l->why, res, l->pq);
            ok = false;
        }
        PQclear(res);
    }
    return ok;
}

/* Until the connection is lost or it is time to stop, which false says. */
static bool
listen_on(struct db_listener *l)
{
    for (;;) {
        PGnotify *notify = NULL;
        bool ready = false;

        while ((notify = PQnotifies(l->pq)) != NULL) {
            l->heard(l->ctx, str_from(notify->extra));
            PQfreemem(notify);
        }
        if (!wait_for(l, POLLIN, ALIVE_MS, &ready))
            return false;
        if (ready && PQconsumeInput(l->pq) != 1) {
            pg_error_from_connection(&l->why, l->pq);
            return true;
        }
        if (!ready && !run(l, "SELECT"))
            return true;
    }
}

static void
on_thread(void *arg)
{
    struct db_listener *l = arg;
    int pause_ms = PAUSE_FIRST_MS;
    bool was_lost = false;
    bool goes_on = true;

    while (goes_on) {
        bool ready = false;

        err_clear(&l->why);
        if (connect_to(l) && run(l, buf_cstr(&l->listen_sql))) {
            log_event(LOG_INFO, "db_listening", LOG_CSTR("database", l->db->base.description));
            if (was_lost)
                l->heard(l->ctx, STR_NULL);
            pause_ms = PAUSE_FIRST_MS;
            goes_on = listen_on(l);
        }
        PQfinish(l->pq);
        l->pq = NULL;
        was_lost = true;
        if (l->why.kind != ERR_NONE)
            log_event(LOG_WARN, "db_listen_failed", LOG_CSTR("error", l->why.message),
                      LOG_I64("again_ms", pause_ms));
        goes_on = goes_on && wait_for(l, 0, pause_ms, &ready);
        pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
    }
    log_end_thread();
}

bool
pg_listen(struct db *base, const char *channel, void (*heard)(void *ctx, struct str payload),
          void *ctx, struct db_listener **out, struct err *err)
{
    struct db_listener *l = xcalloc(1, sizeof(*l));

    l->db = (struct pg_db *)base;
    l->heard = heard;
    l->ctx = ctx;
    buf_init(&l->listen_sql, 4096);
    BUF_ADD_LIT(&l->listen_sql, "LISTEN ");
    quote_ident(&l->listen_sql, str_from(channel));
    l->wake = eventfd(0, EFD_CLOEXEC);
    if (l->wake < 0 || uv_thread_create(&l->thread, on_thread, l) != 0) {
        if (l->wake >= 0)
            close(l->wake);
        buf_fini(&l->listen_sql);
        free(l);
        return err_set(err, ERR_IO, "CAIRN-IO", "unable to start a thread");
    }
    *out = l;
    return true;
}

void
pg_listen_stop(struct db_listener *l)
{
    uint64_t one = 1;

    (void)!write(l->wake, &one, sizeof(one));
    uv_thread_join(&l->thread);
    close(l->wake);
    buf_fini(&l->listen_sql);
    free(l);
}
