/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ready.h"

#include "core/clock.h"
#include "db/driver.h"
#include "unit/unit.h"

/* A database that answers when the test says so. */
static struct world {
    uv_loop_t uv;
    uv_timer_t alarm;
    struct db_driver driver;
    struct db db;
    struct db_loop dl;
    enum db_link link;
    struct db_job *asked; /* a look that is under way */
    unsigned looks;
    bool inline_ok;
    struct ready_watch watch;
    atomic_bool is_ready, is_draining;
} w;

struct question {
    struct ready_call call;
    unsigned dones;
    bool ok;
    char why[200];
};

static enum db_link
get_link(const struct db_loop *dl, struct err *err)
{
    if (w.link == DB_AWAY)
        err_set(err, ERR_UNAVAILABLE, "PGRST000", "gone");
    return w.link;
}

static void
submit(struct db_loop *dl, struct db_job *job)
{
    assert_null(w.asked);
    w.asked = job;
    w.looks++;
}

static bool
submit_inline(struct db_loop *dl, struct db_job *job)
{
    w.looks++;
    job->ok = w.inline_ok;
    if (!job->ok)
        err_set(&job->err, ERR_UNAVAILABLE, "58030", "moved");
    return true;
}

static void
begin(enum db_dialect dialect)
{
    w = (struct world){.driver = {.dialect = dialect, .submit = submit, .get_link = get_link}};
    if (dialect == DB_SQLITE)
        w.driver.submit_inline = submit_inline;
    w.db.driver = w.dl.driver = &w.driver;
    w.dl.db = &w.db;
    assert_int_equal(uv_loop_init(&w.uv), 0);
    assert_int_equal(uv_timer_init(&w.uv, &w.alarm), 0);
    assert_true(ready_watch_open(&w.watch, &w.uv));
    ready_watch_start(&w.watch, &w.dl, dialect, &w.is_ready, &w.is_draining);
}

static void
end(void)
{
    ready_watch_close(&w.watch);
    uv_close((uv_handle_t *)&w.alarm, NULL);
    uv_run(&w.uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w.uv), 0);
}

static void
on_done(struct ready_call *call, const struct err *err)
{
    struct question *q = call->ctx;

    q->dones++;
    q->ok = err == NULL;
    snprintf(q->why, sizeof(q->why), "%.80s%.80s", err != NULL ? err->message : "",
             err != NULL && err->has_details ? err->details : "");
}

static void
ask(struct question *q)
{
    *q = (struct question){.call = {.done = on_done, .ctx = q}};
    ready_ask(&w.watch, &q->call);
}

static void
answer_look(bool ok)
{
    struct db_job *job = w.asked;

    assert_non_null(job);
    w.asked = NULL;
    job->ok = ok;
    if (!ok)
        err_set(&job->err, ERR_UNAVAILABLE, "57014", "too slow");
    job->done(job);
}

static void
on_alarm(uv_timer_t *timer)
{
    uv_stop(&w.uv);
}

/* Until the condition holds, however long that takes. */
#define WAIT_UNTIL(condition)                     \
    do {                                          \
        uv_timer_start(&w.alarm, on_alarm, 5, 5); \
        while (!(condition))                      \
            uv_run(&w.uv, UV_RUN_DEFAULT);        \
        uv_timer_stop(&w.alarm);                  \
    } while (0)

static void
the_first_waits_for_a_look_and_the_next_do_not(void **state)
{
    struct question first, second, third;

    begin(DB_POSTGRES);
    ask(&first);
    ask(&second);
    assert_int_equal(first.dones + second.dones, 0);
    assert_int_equal(w.looks, 1);
    answer_look(true);
    assert_int_equal(first.dones, 1);
    assert_int_equal(second.dones, 1);
    assert_true(first.ok && second.ok);
    ask(&third);
    assert_int_equal(third.dones, 1);
    assert_true(third.ok);
    assert_int_equal(w.looks, 1);
    assert_true(atomic_load(&w.is_ready));
    end();
}

static void
without_a_connection_it_is_said_at_once_and_so_is_the_recovery(void **state)
{
    struct question q;

    begin(DB_POSTGRES);
    ask(&q);
    answer_look(true);
    w.link = DB_AWAY;
    ask(&q);
    assert_int_equal(q.dones, 1);
    assert_false(q.ok);
    assert_string_equal(q.why, "gone");
    /* What was seen before it went says nothing of now. */
    w.link = DB_LINKED;
    ask(&q);
    assert_int_equal(q.dones, 0);
    answer_look(true);
    assert_int_equal(q.dones, 1);
    assert_true(q.ok);
    end();
}

static void
who_is_asked_in_between_waits_for_the_connection(void **state)
{
    struct question q;

    begin(DB_POSTGRES);
    w.link = DB_LINKING;
    ask(&q);
    assert_int_equal(q.dones, 0);
    w.link = DB_LINKED;
    WAIT_UNTIL(w.asked != NULL);
    answer_look(true);
    assert_true(q.ok);
    w.link = DB_LINKING;
    ask(&q);
    w.link = DB_AWAY;
    WAIT_UNTIL(q.dones == 1);
    assert_string_equal(q.why, "gone");
    end();
}

static void
a_database_that_keeps_silent_is_not_waited_for_longer_than_said(void **state)
{
    struct question q;
    uint64_t begun;

    begin(DB_POSTGRES);
    begun = clock_mono_ns();
    ask(&q);
    WAIT_UNTIL(q.dones == 1);
    assert_false(q.ok);
    assert_non_null(strstr(q.why, "no answer from the database within"));
    assert_true(clock_mono_ns() - begun >= (uint64_t)READY_WAIT_MS * 1000000);
    /* The next one isn't kept waiting for the same silence. */
    ask(&q);
    assert_int_equal(q.dones, 1);
    assert_false(q.ok);
    assert_int_equal(w.looks, 1);
    answer_look(true);
    ask(&q);
    assert_true(q.ok);
    end();
}

static void
a_silence_that_begins_later_is_noticed_and_its_end_too(void **state)
{
    struct question q;

    begin(DB_POSTGRES);
    ask(&q);
    answer_look(true);
    uv_ref((uv_handle_t *)&w.watch.timer);
    WAIT_UNTIL(w.asked != NULL);
    ask(&q);
    assert_true(q.ok);
    WAIT_UNTIL(!atomic_load(&w.is_ready));
    ask(&q);
    assert_int_equal(q.dones, 1);
    assert_false(q.ok);
    answer_look(false);
    ask(&q);
    assert_string_equal(q.why, "too slow");
    WAIT_UNTIL(w.asked != NULL);
    answer_look(true);
    assert_true(atomic_load(&w.is_ready));
    end();
}

static void
a_drain_is_told_to_the_history_and_nobody_waits_past_an_abort(void **state)
{
    struct question q;

    begin(DB_POSTGRES);
    ask(&q);
    ready_watch_release(&w.watch);
    assert_int_equal(q.dones, 1);
    assert_false(q.ok);
    answer_look(true);
    assert_true(atomic_load(&w.is_ready));
    atomic_store(&w.is_draining, true);
    WAIT_UNTIL(!atomic_load(&w.is_ready));
    assert_int_equal(w.looks, 1);
    end();
}

static void
an_embedded_database_is_asked_each_time(void **state)
{
    struct question q;

    begin(DB_SQLITE);
    w.inline_ok = true;
    ask(&q);
    assert_true(q.ok);
    w.inline_ok = false;
    ask(&q);
    assert_int_equal(q.dones, 1);
    assert_string_equal(q.why, "moved");
    assert_int_equal(w.looks, 2);
    end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_waits_for_a_look_and_the_next_do_not),
        cmocka_unit_test(without_a_connection_it_is_said_at_once_and_so_is_the_recovery),
        cmocka_unit_test(who_is_asked_in_between_waits_for_the_connection),
        cmocka_unit_test(a_database_that_keeps_silent_is_not_waited_for_longer_than_said),
        cmocka_unit_test(a_silence_that_begins_later_is_noticed_and_its_end_too),
        cmocka_unit_test(a_drain_is_told_to_the_history_and_nobody_waits_past_an_abort),
        cmocka_unit_test(an_embedded_database_is_asked_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
