/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/scratch.h"

#include "pg_cluster.h"
#include "unit/unit.h"

#include <sys/wait.h>
#include <unistd.h>

static struct pg_cluster cluster;
static struct err err;

static void
the_name_of_the_database_is_replaced_and_nothing_else(void **state)
{
    static const struct {
        const char *url, *becomes;
    } cases[] = {
        {"postgres://me:p%2Fw@h:6000/shop?sslmode=require",
         "postgres://me:p%2Fw@h:6000/x?sslmode=require"},
        {"postgresql:///shop?host=/tmp&dbname=other&port=1", "postgresql:///x?host=/tmp&port=1"},
        {"postgres://a:1,b:2", "postgres://a:1,b:2/x"},
        {"postgres://h?dbname=shop", "postgres://h/x"},
        {"postgres://[::1]:5432/", "postgres://[::1]:5432/x"},
        {"sqlite:data/shop.db", NULL},
        {"http://h/shop", NULL},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct buf out;
        bool ok;

        buf_init(&out, 1024);
        ok = pg_scratch_replace_name(cases[i].url, "x", &out);
        assert_int_equal(ok, cases[i].becomes != NULL);
        if (ok)
            assert_string_equal(buf_cstr(&out), cases[i].becomes);
        buf_fini(&out);
    }
}

static void
what_may_be_dropped_is_told_by_its_name(void **state)
{
    char mine[PG_SCRATCH_NAME_SIZE], gone[PG_SCRATCH_NAME_SIZE], strange[PG_SCRATCH_NAME_SIZE];
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(0);
    waitpid(pid, &status, 0);
    pg_scratch_write_name((long)getpid(), 1000, mine);
    pg_scratch_write_name((long)pid, 1000, gone);
    assert_false(pg_scratch_is_left(mine, 1000000));
    assert_true(pg_scratch_is_left(gone, 1000));

    /* Of another host: by its age. */
    memcpy(strange, gone, sizeof(strange));
    strange[strlen(strange) - 9] = strange[strlen(strange) - 9] == '0' ? '1' : '0';
    assert_false(pg_scratch_is_left(strange, 1000 + 3600));
    assert_true(pg_scratch_is_left(strange, 1000 + 7 * 3600));

    assert_false(pg_scratch_is_left("shop", 1000000));
    assert_false(pg_scratch_is_left("cairn_drill_99999999", 1000000));
    assert_false(pg_scratch_is_left("cairn_drill_x_000000000000000000000000", 1000000));
    assert_false(pg_scratch_is_left("cairn_drill_1_000000000000000000000000", 1000000));
    assert_false(pg_scratch_is_left("cairn_drill_99_00000000000000000000000g", 1000000));
    assert_false(pg_scratch_is_left("my_cairn_drill_99_000000000000000000000000", 1000000));
}

static const char *
count(const char *sql)
{
    return pg_cluster_value(&cluster, sql);
}

#define SCRATCHES "SELECT count(*) FROM pg_database WHERE datname LIKE 'cairn_drill_%'"

static void
one_is_made_shut_opened_and_dropped(void **state)
{
    struct pg_scratch *scratch;
    PGconn *inside;

    assert_ok(pg_scratch_make(cluster.url, &scratch, &err));
    assert_string_equal(count(SCRATCHES), "1");
    inside = PQconnectdb(pg_scratch_url(scratch));
    assert_int_equal(PQstatus(inside), CONNECTION_OK);
    assert_string_equal(PQdb(inside), pg_scratch_name(scratch));

    assert_ok(pg_scratch_shut(scratch, &err));
    PQclear(PQexec(inside, "SELECT 1"));
    assert_int_equal(PQstatus(inside), CONNECTION_BAD);
    PQreset(inside);
    assert_int_equal(PQstatus(inside), CONNECTION_BAD);
    assert_contains(PQerrorMessage(inside), "not currently accepting connections");

    assert_ok(pg_scratch_open(scratch, &err));
    PQreset(inside);
    assert_int_equal(PQstatus(inside), CONNECTION_OK);
    assert_true(pg_scratch_drop(scratch, &err));
    assert_string_equal(count(SCRATCHES), "0");
    PQfinish(inside);
}

/* What the server says of a statement in that database: its SQLSTATE, "00000" when it was done. */
static const char *
try_in(const struct pg_scratch *scratch, const char *sql)
{
    static char state[6];
    PGconn *pq = PQconnectdb(pg_scratch_url(scratch));
    PGresult *res = PQexec(pq, sql);
    const char *found = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    snprintf(state, sizeof(state), "%s", found != NULL ? found : "00000");
    PQclear(res);
    PQfinish(pq);

    return state;
}

static void
a_full_disk_refuses_what_takes_room_and_nothing_else(void **state)
{
    struct pg_scratch *scratch;

    assert_ok(pg_scratch_make(cluster.url, &scratch, &err));
    assert_string_equal(try_in(scratch,
                               "CREATE SCHEMA \"two words\"; CREATE TABLE \"two words\".t (a int);"
                               "CREATE TABLE parted (a int) PARTITION BY LIST (a);"
                               "CREATE TABLE one PARTITION OF parted FOR VALUES IN (1);"
                               "CREATE TABLE items (a int); INSERT INTO items VALUES (1)"),
                        "00000");
    assert_ok(pg_scratch_fill_disk(scratch, &err));
    assert_string_equal(try_in(scratch, "INSERT INTO items VALUES (2)"), "53100");
    assert_string_equal(try_in(scratch, "UPDATE items SET a = 2"), "53100");
    assert_string_equal(try_in(scratch, "INSERT INTO \"two words\".t VALUES (2)"), "53100");
    assert_string_equal(try_in(scratch, "INSERT INTO parted VALUES (1)"), "53100");
    assert_string_equal(try_in(scratch, "INSERT INTO one VALUES (1)"), "53100");
    assert_string_equal(try_in(scratch, "SELECT 1 / count(*) FROM items"), "00000");
    assert_string_equal(try_in(scratch, "DELETE FROM items"), "00000");
    assert_ok(pg_scratch_free_disk(scratch, &err));
    assert_string_equal(try_in(scratch, "INSERT INTO items VALUES (2)"), "00000");
    assert_string_equal(try_in(scratch, "DROP SCHEMA cairn_drill_disk"), "3F000");
    assert_ok(pg_scratch_free_disk(scratch, &err));
    assert_ok(pg_scratch_drop(scratch, &err));
}

static void
a_role_without_the_right_is_told_what_to_do(void **state)
{
    struct pg_scratch *scratch;
    char url[300];

    pg_cluster_exec(&cluster, "CREATE ROLE poor LOGIN");
    snprintf(url, sizeof(url), "postgres://poor@/postgres?host=%s&port=%d", cluster.dir,
             cluster.port);
    assert_false(pg_scratch_make(url, &scratch, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_contains(err.message, "ALTER ROLE poor CREATEDB");
    assert_contains(err.message, "check.clone_url");
    assert_null(scratch);
}

static void
where_the_database_is_not_there_yet_another_one_serves(void **state)
{
    struct pg_scratch *scratch;
    char url[300];

    snprintf(url, sizeof(url), "postgres://postgres@/notyet?host=%s&port=%d", cluster.dir,
             cluster.port);
    assert_ok(pg_scratch_make(url, &scratch, &err));
    assert_true(pg_scratch_drop(scratch, &err));
}

/* The end of a process that is killed: nothing is dropped. */
static void
leave_one_behind(void)
{
    struct pg_scratch *scratch;
    const char *names[] = {"fresh", "old", "absent"};
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (!pg_scratch_make(cluster.url, &scratch, &err))
            _exit(1);
        pg_cluster_exec(&cluster, "CREATE ROLE fresh");
        if (!pg_scratch_own_roles(scratch, names, 1, &err))
            _exit(2);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void
what_was_left_is_dropped_with_its_roles_and_nothing_else(void **state)
{
    struct pg_scratch *scratch;

    pg_cluster_exec(&cluster, "CREATE ROLE old");
    pg_cluster_exec(&cluster, "CREATE DATABASE cairn_drill_mine");
    leave_one_behind();
    assert_string_equal(count(SCRATCHES), "2");
    assert_string_equal(count("SELECT count(*) FROM pg_roles WHERE rolname = 'fresh'"), "1");

    assert_ok(pg_scratch_make(cluster.url, &scratch, &err));
    assert_string_equal(count(SCRATCHES), "2");
    assert_string_equal(count("SELECT count(*) FROM pg_roles WHERE rolname = 'fresh'"), "0");
    assert_true(pg_scratch_drop(scratch, &err));
    assert_string_equal(count("SELECT datname FROM pg_database WHERE datname LIKE 'cairn_drill_%'"),
                        "cairn_drill_mine");
    assert_string_equal(count("SELECT count(*) FROM pg_roles WHERE rolname = 'old'"), "1");
}

static void
a_role_that_took_the_name_meanwhile_stays(void **state)
{
    const char *names[] = {"web", "used"};
    struct pg_scratch *scratch;

    assert_ok(pg_scratch_make(cluster.url, &scratch, &err));
    pg_cluster_exec(&cluster, "CREATE ROLE web; CREATE ROLE used");
    assert_ok(pg_scratch_own_roles(scratch, names, 2, &err));
    pg_cluster_exec(&cluster, "DROP ROLE web; CREATE ROLE web; CREATE TABLE thing (id int); "
                              "GRANT SELECT ON thing TO used");
    assert_true(pg_scratch_drop(scratch, &err));
    assert_string_equal(count("SELECT count(*) FROM pg_roles WHERE rolname IN ('web', 'used')"),
                        "2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_of_the_database_is_replaced_and_nothing_else),
        cmocka_unit_test(what_may_be_dropped_is_told_by_its_name),
        cmocka_unit_test(one_is_made_shut_opened_and_dropped),
        cmocka_unit_test(a_full_disk_refuses_what_takes_room_and_nothing_else),
        cmocka_unit_test(a_role_without_the_right_is_told_what_to_do),
        cmocka_unit_test(where_the_database_is_not_there_yet_another_one_serves),
        cmocka_unit_test(what_was_left_is_dropped_with_its_roles_and_nothing_else),
        cmocka_unit_test(a_role_that_took_the_name_meanwhile_stays),
    };
    int failed;

    if (!pg_cluster_is_possible()) {
        fprintf(stderr, "PostgreSQL is not installed\n");
        return 77;
    }
    pg_cluster_create(&cluster);
    pg_cluster_start(&cluster);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_cluster_destroy(&cluster);

    return failed;
}
