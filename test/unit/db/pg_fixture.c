/* SPDX-License-Identifier: Apache-2.0 */
#include "pg_fixture.h"

#include <stdarg.h>

#include "unit/unit.h"

struct pg_cluster cluster;

static void
on_alarm(uv_timer_t *timer)
{
    struct fixture *f = timer->data;

    f->is_late = true;
    uv_stop(&f->uv);
}

void
fixture_open(struct fixture *f, const struct db_options *options)
{
    struct err err;

    *f = (struct fixture){0};
    assert_int_equal(uv_loop_init(&f->uv), 0);
    uv_timer_init(&f->uv, &f->alarm);
    f->alarm.data = f;
    if (!db_open(options, &f->db, &err) || !db_loop_open(f->db, &f->uv, &f->dl, &err))
        fail_msg("%s", err.message);
}

void
fixture_open_default(struct fixture *f)
{
    static const char *const schemas[] = {"public"};

    fixture_open(f, &(struct db_options){.url = cluster.url,
                                         .schemas = schemas,
                                         .schema_count = 1,
                                         .loops = 1,
                                         .pool = 2,
                                         .statement_timeout_ms = 5000,
                                         .connect_timeout_ms = 5000,
                                         .queue_max = 10000});
}

static void
on_closed(void *ctx)
{
    *(bool *)ctx = true;
}

void
fixture_close(struct fixture *f)
{
    bool closed = false;

    db_loop_close(f->dl, on_closed, &closed);
    uv_close((uv_handle_t *)&f->alarm, NULL);
    uv_run(&f->uv, UV_RUN_DEFAULT);
    assert_true(closed);
    db_close(f->db);
    assert_int_equal(uv_loop_close(&f->uv), 0);
}

void
fixture_drain(struct fixture *f)
{
    f->is_late = false;
    uv_timer_start(&f->alarm, on_alarm, 30000, 0);
    while (f->open > 0 && !f->is_late)
        uv_run(&f->uv, UV_RUN_ONCE);
    uv_timer_stop(&f->alarm);
    assert_false(f->is_late);
}

void
fixture_wait(struct fixture *f, unsigned ms)
{
    f->is_late = false;
    uv_timer_start(&f->alarm, on_alarm, ms, 0);
    while (!f->is_late)
        uv_run(&f->uv, UV_RUN_ONCE);
}

static bool
on_row(void *ctx, const struct value *cells, uint32_t count)
{
    struct job *job = ctx;

    job->rows++;
    for (uint32_t i = 0; i < count; i++) {
        size_t len = strlen(job->seen);
        struct str text = cells[i].kind == VALUE_NULL ? STR("null") : cells[i].s;
        char length[24];

        if (job->length_only) {
            snprintf(length, sizeof(length), "%zu", text.len);
            text = str_from(length);
        }

        snprintf(job->seen + len, sizeof(job->seen) - len, "%.*s%c", STR_ARG(text),
                 i + 1 < count ? ',' : ';');
    }
    if (job->stop_at_first_row)
        return err_set(&job->base.err, ERR_REQUEST, "TEST", "enough");
    return true;
}

static void
on_done(struct db_job *base)
{
    struct job *job = CONTAINER_OF(base, struct job, base);

    job->dones++;
    job->fixture->open--;
}

static void
on_restart(struct db_job *base)
{
    struct job *job = CONTAINER_OF(base, struct job, base);

    job->restarts++;
    job->rows = 0;
    job->seen[0] = '\0';
}

static bool
on_check(struct db_job *base)
{
    struct job *job = CONTAINER_OF(base, struct job, base);

    job->checks++;
    if (!job->check_answer)
        return err_set(&base->err, ERR_REQUEST, "PGRST116", "no");
    return true;
}

void
job_init(struct job *job, struct fixture *f, enum db_mode mode)
{
    *job = (struct job){.fixture = f};
    job->base.mode = mode;
    job->base.stmts = job->stmts;
    job->base.done = on_done;
    job->base.restart = on_restart;
}

void
job_add(struct job *job, uint64_t id, const char *sql, ...)
{
    struct db_stmt *stmt = &job->stmts[job->base.stmt_count];
    struct value *params = job->params[job->base.stmt_count];
    va_list args;

    job->base.stmt_count++;
    *stmt = (struct db_stmt){.sql = str_from(sql),
                             .id = id,
                             .row_count = 1,
                             .params = params,
                             .on_row = on_row,
                             .ctx = job};
    va_start(args, sql);
    for (const char *p = va_arg(args, const char *); p != NULL; p = va_arg(args, const char *))
        params[stmt->param_count++] = (struct value){.kind = VALUE_TEXT, .s = str_from(p)};
    va_end(args);
}

void
job_check(struct job *job, bool answer)
{
    job->base.check = on_check;
    job->check_answer = answer;
}

void
job_submit(struct job *job)
{
    job->fixture->open++;
    db_submit(job->fixture->dl, &job->base);
    assert_int_equal(job->dones, 0);
}

void
job_run(struct job *job)
{
    job_submit(job);
    fixture_drain(job->fixture);
    assert_int_equal(job->dones, 1);
}

void
run(struct job *job, struct fixture *f, enum db_mode mode, const char *sql)
{
    job_init(job, f, mode);
    job_add(job, 0, sql, NULL);
    job_run(job);
}
