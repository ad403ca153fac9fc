/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "pg_fixture.h"
#include "unit/unit.h"

static struct fixture f;

static int
open_fixture(void **state)
{
    pg_cluster_exec(&cluster, "SET client_min_messages = error; DROP TABLE IF EXISTS item;"
                              "CREATE TABLE item (id int PRIMARY KEY)");
    fixture_open_default(&f);
    return 0;
}

static int
close_fixture(void **state)
{
    fixture_close(&f);
    return 0;
}

static void
kill_all_sessions(void)
{
    pg_cluster_exec(&cluster, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                              " WHERE application_name = 'cairn'");
}

static void
a_terminated_idle_connection_comes_back(void **state)
{
    struct job job;

    for (unsigned i = 0; i < 3; i++) {
        job_init(&job, &f, DB_READ);
        job_add(&job, 1, "SELECT 1", NULL);
        job_run(&job);
        assert_true(job.base.ok);
        assert_string_equal(job.seen, "1;");
        kill_all_sessions();
    }
}

static void
a_read_in_flight_is_run_again_unseen(void **state)
{
    struct job job;

    run(&job, &f, DB_READ, "SELECT 1");
    job_init(&job, &f, DB_READ);
    job_add(&job, 0, "SELECT 5", NULL);
    job_add(&job, 0, "SELECT pg_sleep(3)", NULL);
    job_submit(&job);
    fixture_wait(&f, 100);
    kill_all_sessions();
    fixture_drain(&f);
    assert_true(job.base.ok);
    assert_int_equal(job.restarts, 1);
    assert_string_equal(job.seen, "5;;");
}

static void
a_read_that_can_not_start_again_is_unavailable(void **state)
{
    struct job job;

    run(&job, &f, DB_READ, "SELECT 1");
    job_init(&job, &f, DB_READ);
    job_add(&job, 0, "SELECT 5", NULL);
    job_add(&job, 0, "SELECT pg_sleep(3)", NULL);
    job.base.restart = NULL;
    job_submit(&job);
    fixture_wait(&f, 100);
    kill_all_sessions();
    fixture_drain(&f);
    assert_false(job.base.ok);
    assert_int_equal(job.base.err.kind, ERR_UNAVAILABLE);
    assert_string_equal(job.base.err.code, "08006");
}

/* The server says that it ends the session while the statement runs: then nothing was committed,
 * neither of this job nor of those behind it, and all may run again. */
static void
a_write_that_the_server_gave_up_is_run_again(void **state)
{
    struct job jobs[3];

    run(&jobs[0], &f, DB_READ, "SELECT 1");
    for (unsigned i = 0; i < 3; i++) {
        job_init(&jobs[i], &f, DB_WRITE);
        job_add(&jobs[i], 0,
                i == 0 ? "INSERT INTO item SELECT 1 FROM pg_sleep(3)"
                       : "INSERT INTO item SELECT max(id) + 1 FROM item",
                NULL);
        job_submit(&jobs[i]);
    }
    fixture_wait(&f, 100);
    kill_all_sessions();
    fixture_drain(&f);
    for (unsigned i = 0; i < 3; i++)
        assert_true(jobs[i].base.ok);
    assert_string_equal(pg_cluster_value(&cluster, "SELECT string_agg(id::text, ' ') FROM item"),
                        "1 2 3");
}

static void
an_unanswered_write_is_unknown_and_one_not_committed_is_not(void **state)
{
    struct job write, checked, read;

    run(&read, &f, DB_READ, "SELECT 1");
    job_init(&write, &f, DB_WRITE);
    job_add(&write, 0, "INSERT INTO item SELECT 1 FROM pg_sleep(4)", NULL);
    job_init(&checked, &f, DB_WRITE);
    job_add(&checked, 0, "INSERT INTO item SELECT 2 FROM pg_sleep(4)", NULL);
    job_check(&checked, true);
    checked.base.restart = NULL;
    job_submit(&write);
    job_submit(&checked);
    fixture_wait(&f, 200);
    /* SIGKILL of one backend: all sessions go, without a word. */
    kill((pid_t)strtol(pg_cluster_value(&cluster,
                                        "SELECT pid FROM pg_stat_activity WHERE application_name = "
                                        "'cairn' AND state = 'active' LIMIT 1"),
                       NULL, 10),
         SIGKILL);
    fixture_drain(&f);
    assert_false(write.base.ok);
    assert_int_equal(write.base.err.kind, ERR_UNKNOWN);
    assert_string_equal(write.base.err.code, "CAIRN-UNKNOWN");
    assert_true(write.base.err.has_hint);
    /* Its COMMIT had not been sent: it is run again. */
    assert_true(checked.base.ok);
    assert_string_equal(pg_cluster_value(&cluster, "SELECT string_agg(id::text, ' ') FROM item"),
                        "2");
}

static void
jobs_wait_for_a_server_that_is_down_and_are_served_when_it_is_back(void **state)
{
    struct job jobs[20];

    /* On both connections: one whose end is read together with its last answer to the setup can't
     * tell that the server has gone before it ran anything. */
    run(&jobs[0], &f, DB_READ, "SELECT 1");
    run(&jobs[1], &f, DB_WRITE, "SELECT 1");
    pg_cluster_stop(&cluster, SIGINT);
    for (unsigned i = 0; i < 20; i++) {
        job_init(&jobs[i], &f, i % 2 ? DB_WRITE : DB_READ);
        job_add(&jobs[i], 1 + i % 2,
                i % 2 ? "INSERT INTO item SELECT count(*) FROM item" : "SELECT 1", NULL);
        job_submit(&jobs[i]);
    }
    fixture_wait(&f, 300);
    assert_int_equal(f.open, 20);
    pg_cluster_spawn(&cluster);
    fixture_drain(&f);
    for (unsigned i = 0; i < 20; i++)
        assert_true(jobs[i].base.ok);
    assert_string_equal(pg_cluster_value(&cluster, "SELECT count(*) FROM item"), "10");
}

static enum db_link
link_of(struct fixture *fixture, char *why)
{
    struct err err = {0};
    enum db_link link = db_loop_get_link(fixture->dl, &err);

    snprintf(why, 300, "%.250s", err.has_details ? err.details : "");
    return link;
}

static void
what_is_known_of_the_way_to_the_database_needs_no_question(void **state)
{
    char why[300];

    for (unsigned i = 0; link_of(&f, why) != DB_LINKED && i < 1000; i++)
        fixture_wait(&f, 20);
    assert_int_equal(link_of(&f, why), DB_LINKED);
    pg_cluster_stop(&cluster, SIGINT);
    for (unsigned i = 0; link_of(&f, why) != DB_AWAY && i < 1000; i++)
        fixture_wait(&f, 20);
    assert_int_equal(link_of(&f, why), DB_AWAY);
    assert_string_not_equal(why, "");
    /* Long enough for pauses between attempts to have grown. */
    fixture_wait(&f, 1500);
    pg_cluster_start(&cluster);
    for (unsigned i = 0; link_of(&f, why) != DB_LINKED && i < 1000; i++)
        fixture_wait(&f, 20);
    assert_int_equal(link_of(&f, why), DB_LINKED);
}

static void
jobs_do_not_wait_longer_than_their_deadline(void **state)
{
    struct job job;
    uint64_t begin;

    run(&job, &f, DB_READ, "SELECT 1");
    pg_cluster_stop(&cluster, SIGINT);
    fixture_wait(&f, 50);
    job_init(&job, &f, DB_READ);
    job_add(&job, 0, "SELECT 1", NULL);
    job.base.timeout_ms = 300;
    begin = clock_mono_ns();
    job_run(&job);
    assert_in_range((clock_mono_ns() - begin) / 1000000, 290, 20000);
    assert_false(job.base.ok);
    assert_int_equal(job.base.err.kind, ERR_UNAVAILABLE);
    assert_string_equal(job.base.err.code, "PGRST000");
    assert_true(job.base.err.has_details);
    pg_cluster_start(&cluster);
    run(&job, &f, DB_READ, "SELECT 1");
    assert_true(job.base.ok);
}

/* Clients that always have one job in flight, through restarts of every kind: what was confirmed is
 * there, once; what was refused for certain is not; only what was unknown may be either. */
enum { CLIENTS = 16, MOST = 200000 };
static struct job clients[CLIENTS];
static char numbers[CLIENTS][16];
static unsigned next_id, confirmed, refused, unknown;
static unsigned char fate[MOST]; /* 0 not used, 1 confirmed, 2 refused, 3 unknown */
static bool is_over;
static uint64_t slowest_ns;

static void client_next(struct job *job);

static void
client_done(struct db_job *base)
{
    struct job *job = CONTAINER_OF(base, struct job, base);
    unsigned id = (unsigned)strtoul(numbers[job - clients], NULL, 10);

    job->fixture->open--;
    fate[id] = base->ok ? 1 : base->err.kind == ERR_UNKNOWN ? 3 : 2;
    confirmed += base->ok;
    refused += fate[id] == 2;
    unknown += fate[id] == 3;
    slowest_ns = base->ran_ns > slowest_ns ? base->ran_ns : slowest_ns;
    if (fate[id] == 2)
        assert_int_equal(base->err.kind, ERR_UNAVAILABLE);
    if (!is_over && next_id + 1 < MOST)
        client_next(job);
}

static void
client_next(struct job *job)
{
    char *number = numbers[job - clients];
    struct fixture *fixture = &f;

    snprintf(number, sizeof(numbers[0]), "%u", ++next_id);
    job_init(job, fixture, DB_WRITE);
    job_add(job, 1, "INSERT INTO item VALUES ($1)", number, NULL);
    job->base.done = client_done;
    if (next_id % 5 == 0)
        job_check(job, true);
    job_submit(job);
}

static void
nothing_confirmed_is_lost_over_restarts_under_load(void **state)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGINT, SIGQUIT};
    PGconn *pq;
    PGresult *res;

    for (unsigned i = 0; i < CLIENTS; i++)
        client_next(&clients[i]);
    for (unsigned i = 0; i < COUNTOF(signals); i++) {
        unsigned before;

        fixture_wait(&f, 300);
        pg_cluster_stop(&cluster, signals[i]);
        fixture_wait(&f, 100);
        pg_cluster_start(&cluster);
        before = confirmed;
        fixture_wait(&f, 700);
        for (unsigned turn = 0; turn < 300 && confirmed == before; turn++)
            fixture_wait(&f, 100);
        assert_true(confirmed > before);
    }
    is_over = true;
    fixture_drain(&f);

    pq = pg_cluster_connect(&cluster);
    res = PQexec(pq, "SELECT id FROM item");
    for (int row = 0; row < PQntuples(res); row++) {
        unsigned char *it = &fate[strtoul(PQgetvalue(res, row, 0), NULL, 10)];

        assert_true(*it == 1 || *it == 3);
        *it = 0;
    }
    for (unsigned i = 0; i < MOST; i++)
        assert_int_not_equal(fate[i], 1);
    printf("%u confirmed, %u refused, %u unknown\n", confirmed, refused, unknown);
    assert_true(confirmed > 100);
    /* Every loss was noticed, not only given up for its silence. */
    assert_in_range(slowest_ns / 1000000, 0, 20000);
    PQclear(res);
    PQfinish(pq);
}

static void
open_as_app(struct fixture *own)
{
    static const char *const schemas[] = {"public"};
    char url[256];

    pg_cluster_exec(&cluster, "GRANT ALL ON item TO app");
    snprintf(url, sizeof(url), "postgres://app@/postgres?host=%s&port=%d", cluster.dir,
             cluster.port);
    fixture_open(own, &(struct db_options){.url = url,
                                           .schemas = schemas,
                                           .schema_count = 1,
                                           .pool = 1,
                                           .statement_timeout_ms = 2000,
                                           .connect_timeout_ms = 5000,
                                           .queue_max = 100});
}

static unsigned
run_group(struct fixture *own, struct job *jobs, unsigned count)
{
    static unsigned number = 1000;
    char text[16][16];
    unsigned ok = 0;

    assert_true(count <= 16);
    for (unsigned i = 0; i < count; i++) {
        snprintf(text[i], sizeof(text[i]), "%u", number++);
        job_init(&jobs[i], own, DB_WRITE);
        job_add(&jobs[i], 1, "INSERT INTO item VALUES ($1)", text[i], NULL);
        if (i == 3)
            job_check(&jobs[i], true);
        job_submit(&jobs[i]);
    }
    fixture_drain(own);
    for (unsigned i = 0; i < count; i++)
        ok += jobs[i].base.ok;
    return ok;
}

/* How a write's own commit goes, of several in one turn (NULL: either way): a job for each letter,
 * "w" a write, "c" one that is looked at before it commits, "n" one that the look undoes, "f" one
 * that fails, "r" a read. */
static void
assert_modes(struct fixture *own, const char *kinds, const char *expected)
{
    struct job jobs[16];
    struct buf modes;
    unsigned count = (unsigned)strlen(kinds);

    assert_true(count <= 16);
    for (unsigned i = 0; i < count; i++) {
        job_init(&jobs[i], own, kinds[i] == 'r' ? DB_READ : DB_WRITE);
        job_add(&jobs[i], 9, "SELECT current_setting('synchronous_commit')", NULL);
        if (kinds[i] == 'f')
            job_add(&jobs[i], 0, "INSERT INTO item VALUES (1), (1)", NULL);
        if (kinds[i] == 'c' || kinds[i] == 'n')
            job_check(&jobs[i], kinds[i] == 'c');
        job_submit(&jobs[i]);
    }
    fixture_drain(own);
    buf_init(&modes, 1024);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(jobs[i].base.ok, kinds[i] != 'n' && kinds[i] != 'f');
        buf_add_str(&modes, str_from(jobs[i].seen));
    }
    if (expected != NULL)
        assert_string_equal(buf_cstr(&modes), expected);
    buf_fini(&modes);
}

/* Whatever was done before: a write that is alone commits in the session's own mode, or, where what
 * came before has left no reason to set that again, as a group of one. */
static void
commits_wait_for_the_disk_again_behind_a_group(void **state)
{
    static const char *const settings[] = {"on", "off", "local", "remote_write"};
    struct fixture own;

    pg_cluster_exec(&cluster, "DROP ROLE IF EXISTS app; CREATE ROLE app LOGIN");
    for (size_t i = 0; i < COUNTOF(settings); i++) {
        char sql[80], alone[32];

        snprintf(sql, sizeof(sql), "ALTER ROLE app SET synchronous_commit = %s", settings[i]);
        pg_cluster_exec(&cluster, sql);
        snprintf(alone, sizeof(alone), "%s;", i == 1 ? "on" : settings[i]);
        open_as_app(&own);
        assert_modes(&own, "r", alone);
        assert_modes(&own, "w", alone);
        assert_modes(&own, "www", "off;off;off;");
        assert_modes(&own, "w", alone);
        assert_modes(&own, "fww", "off;off;off;");
        assert_modes(&own, "r", alone);
        /* The last one may be alone by the time it is sent. */
        assert_modes(&own, "wcw", NULL);
        assert_modes(&own, "w", alone);
        assert_modes(&own, "wnw", NULL);
        assert_modes(&own, "w", alone);
        /* A group that was undone whole. */
        assert_modes(&own, "nn", "off;off;");
        assert_modes(&own, "w", "off;");
        assert_modes(&own, "w", alone);
        fixture_close(&own);
    }
    pg_cluster_exec(&cluster, "DROP OWNED BY app; DROP ROLE app");
}

/* Commits share the wait for the disk by means of a function that a role may be denied. */
static void
commits_are_not_grouped_when_the_wait_is_denied(void **state)
{
    struct fixture own;
    struct job jobs[10];

    pg_cluster_exec(&cluster, "DROP ROLE IF EXISTS app; CREATE ROLE app LOGIN;"
                              "REVOKE EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, "
                              "text) FROM PUBLIC");
    open_as_app(&own);
    assert_int_equal(run_group(&own, jobs, 10), 10);
    fixture_close(&own);
    pg_cluster_exec(&cluster, "GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, "
                              "text) TO PUBLIC");
}

static void
a_wait_for_the_disk_that_fails_leaves_commits_unknown_once(void **state)
{
    struct fixture own;
    struct job jobs[10];
    unsigned ok;

    open_as_app(&own);
    assert_int_equal(run_group(&own, jobs, 10), 10);
    pg_cluster_exec(&cluster, "REVOKE EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, "
                              "text) FROM PUBLIC");
    ok = run_group(&own, jobs, 10);
    assert_in_range(ok, 0, 9);
    for (unsigned i = 0; i < 10; i++)
        if (!jobs[i].base.ok)
            assert_int_equal(jobs[i].base.err.kind, ERR_UNKNOWN);
    assert_int_equal(run_group(&own, jobs, 10), 10);
    /* Each waits alone now. */
    assert_modes(&own, "ww", "on;on;");
    pg_cluster_exec(&cluster, "GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, "
                              "text) TO PUBLIC");
    fixture_close(&own);
    assert_string_equal(pg_cluster_value(&cluster, "SELECT count(*) FROM item WHERE id >= 1000"),
                        "30");
    pg_cluster_exec(&cluster, "DROP OWNED BY app; DROP ROLE app");
}

static void
a_server_that_hangs_costs_its_connection_only(void **state)
{
    static const char *const schemas[] = {"public"};
    struct fixture own;
    struct job read, write, after;
    pid_t pid;

    fixture_open(&own, &(struct db_options){.url = cluster.url,
                                            .schemas = schemas,
                                            .schema_count = 1,
                                            .pool = 1,
                                            .statement_timeout_ms = 1500,
                                            .connect_timeout_ms = 5000,
                                            .queue_max = 100});
    run(&read, &own, DB_READ, "SELECT pg_backend_pid()");
    pid = (pid_t)strtol(read.seen, NULL, 10);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    job_init(&write, &own, DB_WRITE);
    job_add(&write, 0, "INSERT INTO item VALUES (1)", NULL);
    job_submit(&write);
    job_init(&read, &own, DB_READ);
    job_add(&read, 0, "SELECT 1", NULL);
    job_submit(&read);
    fixture_drain(&own);
    assert_false(write.base.ok);
    assert_int_equal(write.base.err.kind, ERR_UNKNOWN);
    assert_false(read.base.ok);
    assert_int_equal(read.base.err.kind, ERR_UNAVAILABLE);
    run(&after, &own, DB_READ, "SELECT 7");
    assert_true(after.base.ok);
    kill(pid, SIGCONT);
    fixture_close(&own);
}

static void
a_port_where_nobody_listens_fails_jobs_in_time(void **state)
{
    static const char *const schemas[] = {"public"};
    struct fixture own;
    struct job job;

    fixture_open(&own, &(struct db_options){.url = "postgres://u@localhost:1/x",
                                            .schemas = schemas,
                                            .schema_count = 1,
                                            .pool = 2,
                                            .statement_timeout_ms = 1000,
                                            .connect_timeout_ms = 300,
                                            .queue_max = 100});
    run(&job, &own, DB_READ, "SELECT 1");
    assert_false(job.base.ok);
    assert_string_equal(job.base.err.code, "PGRST000");
    assert_contains(job.base.err.details, "refused");
    fixture_close(&own);
}

/* A server that accepts and then says nothing. */
static void
a_server_that_never_answers_is_given_up(void **state)
{
    static const char *const schemas[] = {"public"};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct fixture own;
    struct job job;
    char url[64];

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(url, sizeof(url), "postgres://u@127.0.0.1:%d/x", ntohs(address.sin_port));
    fixture_open(&own, &(struct db_options){.url = url,
                                            .schemas = schemas,
                                            .schema_count = 1,
                                            .pool = 1,
                                            .statement_timeout_ms = 1000,
                                            .connect_timeout_ms = 200,
                                            .queue_max = 100});
    run(&job, &own, DB_READ, "SELECT 1");
    assert_false(job.base.ok);
    job_init(&job, &own, DB_READ);
    job_add(&job, 0, "SELECT 1", NULL);
    job_run(&job);
    assert_contains(job.base.err.details, "within 200 ms");
    fixture_close(&own);
    close(fd);
}

static void
closing_in_any_state_ends(void **state)
{
    static const char *const urls[] = {NULL, "postgres://u@localhost:1/x",
                                       "postgres://u@no.such.host.invalid/x"};
    static const char *const schemas[] = {"public"};

    for (unsigned i = 0; i < 15; i++) {
        struct fixture own;
        struct job job;
        const char *url = urls[i % COUNTOF(urls)];

        fixture_open(&own, &(struct db_options){.url = url != NULL ? url : cluster.url,
                                                .schemas = schemas,
                                                .schema_count = 1,
                                                .pool = 3,
                                                .statement_timeout_ms = 1000,
                                                .connect_timeout_ms = 300,
                                                .queue_max = 100});
        job_init(&job, &own, DB_READ);
        job_add(&job, 0, "SELECT 1", NULL);
        job_submit(&job);
        fixture_wait(&own, i);
        fixture_close(&own);
        assert_int_equal(job.dones, 1);
    }
}

int
main(void)
{
#define WITH_FIXTURE(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_terminated_idle_connection_comes_back),
        WITH_FIXTURE(a_read_in_flight_is_run_again_unseen),
        WITH_FIXTURE(a_read_that_can_not_start_again_is_unavailable),
        WITH_FIXTURE(a_write_that_the_server_gave_up_is_run_again),
        WITH_FIXTURE(an_unanswered_write_is_unknown_and_one_not_committed_is_not),
        WITH_FIXTURE(jobs_wait_for_a_server_that_is_down_and_are_served_when_it_is_back),
        WITH_FIXTURE(what_is_known_of_the_way_to_the_database_needs_no_question),
        WITH_FIXTURE(jobs_do_not_wait_longer_than_their_deadline),
        WITH_FIXTURE(nothing_confirmed_is_lost_over_restarts_under_load),
        WITH_FIXTURE(commits_wait_for_the_disk_again_behind_a_group),
        WITH_FIXTURE(commits_are_not_grouped_when_the_wait_is_denied),
        WITH_FIXTURE(a_wait_for_the_disk_that_fails_leaves_commits_unknown_once),
        WITH_FIXTURE(a_server_that_hangs_costs_its_connection_only),
        cmocka_unit_test(a_port_where_nobody_listens_fails_jobs_in_time),
        cmocka_unit_test(a_server_that_never_answers_is_given_up),
        cmocka_unit_test(closing_in_any_state_ends),
    };
    int failed;

    if (!pg_cluster_is_possible())
        return 77;
    pg_cluster_create(&cluster);
    pg_cluster_start(&cluster);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_cluster_destroy(&cluster);
    return failed;
}
