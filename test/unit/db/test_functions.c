/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function, through a real connection. functions.tsv holds what PostgreSQL 15 answers to the
 * same question; the rest is what it has no word for.
 */
#include "core/buf.h"
#include "db/engine.h"
#include "db/sqlite/functions.h"
#include "unit/table.h"

static const char *table_path;

struct fixture {
    sqlite3 *db;
    struct functions_env env;
    int64_t last;
};

static bool
count_up(void *ctx, struct str name, int64_t *out, struct err *err)
{
    struct fixture *fixture = ctx;

    if (!str_eq(name, STR("public.seq")))
        return err_set(err, ERR_DB, "42P01", "relation \"%.*s\" does not exist", STR_ARG(name));
    *out = ++fixture->last;
    return true;
}

static bool
read_last(void *ctx, struct str name, int64_t *out, struct err *err)
{
    *out = ((struct fixture *)ctx)->last;
    return true;
}

static bool
set_last(void *ctx, struct str name, int64_t value, bool is_called, struct err *err)
{
    ((struct fixture *)ctx)->last = is_called ? value : value - 1;
    return true;
}

static int
setup(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));

    fixture->env = (struct functions_env){.now_us = INT64_C(1700000000123456),
                                          .nextval = count_up,
                                          .currval = read_last,
                                          .setval = set_last,
                                          .nextval_ctx = fixture};
    assert_int_equal(sqlite3_open(":memory:", &fixture->db), SQLITE_OK);
    assert_true(functions_register(fixture->db, &fixture->env));
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(sqlite3_close(fixture->db), SQLITE_OK);
    free(fixture);
    return 0;
}

/* The first column of the first row as the table writes results. */
static void
answer(struct fixture *fixture, struct str sql, struct buf *out)
{
    sqlite3_stmt *stmt;
    struct err err = {0};
    int rc;

    buf_clear(out);
    if (sqlite3_prepare_v2(fixture->db, sql.data, (int)sql.len, &stmt, NULL) != SQLITE_OK)
        fail_msg("%.*s: %s", STR_ARG(sql), sqlite3_errmsg(fixture->db));
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);

        buf_add_str(out, text != NULL ? str_make(text, (size_t)sqlite3_column_bytes(stmt, 0))
                                      : STR("NULL"));
    } else if (rc == SQLITE_DONE) {
        buf_add_str(out, STR("DONE"));
    } else if (functions_split_error(sqlite3_errmsg(fixture->db), &err)) {
        buf_printf(out, "E|%s|%s|%s", err.code, err.message, err.has_details ? err.details : "");
    } else {
        buf_printf(out, "SQLite: %s", sqlite3_errmsg(fixture->db));
    }
    sqlite3_finalize(stmt);
}

static void
expect(struct fixture *fixture, const char *sql, const char *result)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    answer(fixture, str_from(sql), &out);
    if (!str_eq(buf_str(&out), str_from(result)))
        fail_msg("%s: '%.*s' is not '%s'", sql, STR_ARG(buf_str(&out)), result);
    buf_fini(&out);
}

static void
functions_answer_as_postgresql_does(void **state)
{
    struct table table;
    struct buf out;
    struct buf sql;
    unsigned rows = 0;
    unsigned bad = 0;

    assert_true(table_open(&table, table_path));
    buf_init(&out, 1 << 20);
    buf_init(&sql, 1 << 20);
    for (; table_next(&table); rows++) {
        buf_clear(&sql);
        buf_add_str(&sql, STR("select "));
        buf_add_str(&sql, table.cells[0]);
        answer(*state, buf_str(&sql), &out);
        if (!str_eq(buf_str(&out), table.cells[2])) {
            print_message("line %u, %.*s:\n  %.*s\n  %.*s\n", table.line, STR_ARG(table.cells[0]),
                          STR_ARG(table.cells[2]), STR_ARG(buf_str(&out)));
            bad++;
        }
    }
    buf_fini(&sql);
    buf_fini(&out);
    table_close(&table);
    assert_true(rows > 2500);
    assert_int_equal(bad, 0);
}

static void
now_is_what_the_transaction_says_and_clock_goes_on(void **state)
{
    struct fixture *fixture = *state;

    expect(fixture, "select cairn_now()", "2023-11-14T22:13:20.123456+00:00");
    fixture->env.now_us++;
    expect(fixture, "select cairn_now()", "2023-11-14T22:13:20.123457+00:00");
    expect(fixture, "select cairn_clock() > '2024'", "1");
}

static void
uuids_are_random_and_of_version_4(void **state)
{
    expect(*state,
           "with u(v) as materialized (select cairn_uuid() from (values (1), (2), (3))) select "
           "count(distinct v) = 3 and min(cairn_regex(v, "
           "'^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 0)) from u",
           "1");
}

static void
sequences_are_asked_where_there_are_some(void **state)
{
    struct fixture *fixture = *state;

    expect(fixture, "select cairn_nextval('public.seq') + 0 * cairn_nextval('public.seq')", "1");
    expect(fixture, "select cairn_currval('public.seq')", "2");
    expect(fixture, "select cairn_setval('public.seq', 41)", "41");
    expect(fixture, "select cairn_nextval('public.seq')", "42");
    expect(fixture, "select cairn_setval('public.seq', 7, 0)", "7");
    expect(fixture, "select cairn_nextval('public.seq')", "7");
    expect(fixture, "select cairn_nextval('public.other')",
           "E|42P01|relation \"public.other\" does not exist|");
    fixture->env.nextval = NULL;
    fixture->env.setval = NULL;
    fixture->env.currval = NULL;
    expect(fixture, "select cairn_nextval('public.seq')",
           "E|25006|cannot execute nextval() in a read-only transaction|");
    expect(fixture, "select cairn_setval('public.seq', 1)",
           "E|25006|cannot execute setval() in a read-only transaction|");
    expect(fixture, "select cairn_currval('public.seq')",
           "E|25006|cannot execute currval() in a read-only transaction|");
}

static void
raise_fails_with_what_it_is_given(void **state)
{
    expect(*state, "select cairn_raise(null, 'x', 'y')", "NULL");
    expect(*state, "select cairn_raise('23514', 'no' || char(10) || 'good', null)",
           "E|23514|no\ngood|");
    expect(*state, "select cairn_raise('23514', 'no', 'why' || char(1) || 'not')",
           "E|23514|no|why not");
    expect(*state, "select cairn_raise('x', 'no', 'why')", "E|XX000|no|why");
}

static void
an_error_comes_apart_or_is_not_ours(void **state)
{
    struct err err = {0};

    assert_true(functions_split_error("22P02\1bad\1details\1hint", &err));
    assert_string_equal(err.code, "22P02");
    assert_string_equal(err.message, "bad");
    assert_string_equal(err.details, "details");
    assert_string_equal(err.hint, "hint");
    assert_true(functions_split_error("22P02\1bad\1\1", &err));
    assert_false(err.has_details || err.has_hint);
    assert_true(functions_split_error("22P02\1", &err));
    assert_false(functions_split_error("no such table: x", &err));
    assert_false(functions_split_error("", &err));
}

static void
casts_cut_and_assignments_refuse(void **state)
{
    static const struct {
        const char *sql;
        const char *result;
    } rows[] = {
        {"cairn_cast('abcdef', 'text', 'varchar(3)')", "abc"},
        {"cairn_assign('abcdef', 'text', 'varchar(3)')",
         "E|22001|value too long for type character varying(3)|"},
        {"cairn_assign('abc   ', 'text', 'varchar(3)')", "abc"},
        {"cairn_assign('ab', 'text', 'char(4)') || '|'", "ab  |"},
        {"cairn_assign('ab  ', 'char(4)', 'char(6)') || '|'", "ab    |"},
        {"cairn_assign('ab  ', 'char(4)', 'text') || '|'", "ab|"},
        {"cairn_assign('abcd', 'char(4)', 'char(2)')",
         "E|22001|value too long for type character(2)|"},
        {"cairn_assign(1234, 'integer', 'varchar(3)')",
         "E|22001|value too long for type character varying(3)|"},
        {"cairn_assign('1.005', 'text', 'numeric(5,2)')", "1.01"},
        {"cairn_assign('12345.6', 'numeric', 'numeric(5,2)')",
         "E|22003|numeric field overflow|A field with precision 5, scale 2 must round to an "
         "absolute value less than 10^3."},
        {"cairn_cast(1, 'integer', 'boolean')", "1"},
        {"cairn_cast(1, 'boolean', 'text')", "true"},
        {"cairn_cast(2.5, 'double precision', 'integer')", "2"},
        {"cairn_cast('2.5', 'numeric', 'integer')", "3"},
        {"cairn_cast(x'4142', 'bytea', 'text')", "\\x4142"},
        {"cairn_cast('happy', 'mood', 'text')", "happy"},
        {"cairn_cast('happy', 'text', 'enum')", "happy"},
        {"cairn_cast('x', 'text', 'mood')", "E|42704|type \"mood\" does not exist|"},
        {"cairn_cast(null, 'text', 'integer')", "NULL"},
        {"cairn_cast('x', 'text', 'integer')",
         "E|22P02|invalid input syntax for type integer: \"x\"|"},
        {"cairn_cast('2020-01-01T10:00:00+00:00', 'timestamptz', 'text')",
         "2020-01-01 10:00:00+00"},
        {"cairn_cast(cairn_now(), 'timestamp with time zone', 'date')", "2023-11-14"},
        {"cairn_cast(cairn_now(), 'timestamp with time zone', 'time without time zone')",
         "22:13:20.123456"},
        {"cairn_cast('{\"b\":1,\"a\":[1, 2]}', 'json', 'jsonb')", "{\"a\": [1, 2], \"b\": 1}"},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        char sql[256];

        snprintf(sql, sizeof(sql), "select %s", rows[i].sql);
        expect(*state, sql, rows[i].result);
    }
}

static void
types_that_vary_from_row_to_row_are_not_mixed_up(void **state)
{
    expect(*state,
           "select group_concat(cairn_cast('12.50', 'text', t), ' ') from (select 'text' as t "
           "union all select 'numeric(4,1)' union all select 'double precision')",
           "12.50 12.5 12.5");
    expect(*state,
           "select group_concat(cairn_regex('abc', p, 0), '') from (select '^a' as p "
           "union all select '^b' union all select 'c$')",
           "101");
    expect(*state,
           "select group_concat(cairn_json_row(s, 1), '') from (select 'na' as s "
           "union all select 'sb' union all select 'bc')",
           "{\"a\":1}{\"b\":\"1\"}{\"c\":true}");
}

static void
numbers_sort_by_value(void **state)
{
    sqlite3 *db = ((struct fixture *)*state)->db;

    assert_int_equal(
        sqlite3_exec(db,
                     "create table n(v text collate cairn_numeric, w text collate cairn_numeric "
                     "unique);"
                     "insert into n(v) values ('10'), ('9.50'), ('NaN'), ('-1'), ('Infinity'), "
                     "('-Infinity'), ('9.5'), ('0.00');"
                     "create index n_v on n(v);",
                     NULL, NULL, NULL),
        SQLITE_OK);
    expect(*state, "select group_concat(v, ' ') from (select v from n order by v)",
           "-Infinity -1 0.00 9.50 9.5 10 Infinity NaN");
    expect(*state, "select count(*) from n where v = '9.500'", "2");
    expect(*state, "select count(*) from n where v > '9.5' and v < 'Infinity'", "1");
    expect(*state, "select count(*) from n where v = 10", "1");
    expect(*state, "insert into n(w) values ('1.0'), ('1.00')",
           "SQLite: UNIQUE constraint failed: n.w");
}

static void
rows_become_objects_as_row_to_json_writes_them(void **state)
{
    static const struct {
        const char *sql;
        const char *result;
    } rows[] = {
        {"cairn_json_row('nid' || char(1) || 'sna\\\"me' || char(1) || 'bok', 1, 'x\"y', 0)",
         "{\"id\":1,\"na\\\"me\":\"x\\\"y\",\"ok\":false}"},
        {"cairn_json_row('nid', null)", "{\"id\":null}"},
        {"cairn_json_row('!nid' || char(1) || 'sb' || char(1) || 'rc', null, 'x', null)",
         "{\"b\":\"x\"}"},
        {"cairn_json_row('!nid', null)", "{}"},
        {"cairn_json_row('')", "{}"},
        {"cairn_json_row('ra' || char(1) || 'rb', '[1, 2]', null)", "{\"a\":[1, 2],\"b\":null}"},
        {"cairn_json_row('fa' || char(1) || 'db' || char(1) || 'nc', 14.3999996185303, 0.1, '1.50')",
         "{\"a\":14.4,\"b\":0.1,\"c\":1.50}"},
        {"cairn_json_row('xa' || char(1) || 'tb', x'00ff', '2020-01-01T00:00:00')",
         "{\"a\":\"\\\\x00ff\",\"b\":\"2020-01-01T00:00:00\"}"},
        {"cairn_json_row('na' || char(1) || 'nb', 'NaN', 9223372036854775807)",
         "{\"a\":\"NaN\",\"b\":9223372036854775807}"},
        {"cairn_json_row('na', 1, 2)",
         "E|XX000|the values of a JSON row are not as many as the keys|"},
        {"cairn_json_value('s', 'a' || char(10))", "\"a\\n\""},
        {"cairn_json_value('n', null)", "null"},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        char sql[256];

        snprintf(sql, sizeof(sql), "select %s", rows[i].sql);
        expect(*state, sql, rows[i].result);
    }
}

static void
claims_can_be_looked_into_and_kept(void **state)
{
    struct fixture *fixture = *state;
    /* No NUL ends them: what follows belongs to others. */
    struct db_session session = {.claims_json =
                                     str_make("{\"sub\":\"a\\u0062c\",\"role\":\"web\"}xyz", 31)};

    fixture->env.session = &session;
    expect(fixture, "select cairn_setting('request.jwt.claims')",
           "{\"sub\":\"a\\u0062c\",\"role\":\"web\"}");
    expect(fixture,
           "select cairn_json_get(cairn_cast(cairn_setting('request.jwt.claims', 1), 'text', "
           "'json'), 'role', 1) || '!'",
           "web!");
    expect(fixture,
           "select cairn_json_get(cairn_setting('request.jwt.claims'), 'sub', 1) || "
           "cairn_upper(cairn_json_get(cairn_setting('request.jwt.claims'), 'role', 0))",
           "abc\"WEB\"");
    sqlite3_exec(fixture->db,
                 "create table kept as select cairn_json_get(cairn_setting('request.jwt.claims'), "
                 "'role', 1) as v",
                 NULL, NULL, NULL);
    fixture->env.session = NULL;
    expect(fixture, "select v from kept", "web");
}

static void
lists_separate_as_json_agg_does(void **state)
{
    expect(*state,
           "select cairn_json_agg(cairn_json_row('nid', column1)) from (values (1), (2), (3))",
           "[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}]");
    expect(*state, "select cairn_json_agg(column1) from (values ('{}'), (null), ('{}'))",
           "[{}, null, \n {}]");
    expect(*state, "select cairn_json_agg(column1) from (values (null), ('{}'))", "[null, \n {}]");
    expect(*state, "select cairn_json_agg(1) where 0", "[]");
    expect(*state,
           "select cairn_json_rows('na' || char(1) || 'sb', column1, column2) "
           "from (values (1, 'x\"'), (null, ''), (3, null))",
           "[{\"a\":1,\"b\":\"x\\\"\"}, \n {\"a\":null,\"b\":\"\"}, \n {\"a\":3,\"b\":null}]");
    expect(*state, "select cairn_json_rows('!na', column1) from (values (1), (null))",
           "[{\"a\":1}, \n {}]");
    expect(*state, "select cairn_json_rows('') from (values (1), (2))", "[{}, \n {}]");
    expect(*state, "select cairn_json_rows('2na', column1) from (values (1), (2))",
           "[{\"a\":1}, \n {\"a\":2}]");
    expect(*state, "select cairn_json_rows('10!na', column1) from (values (1), (null))",
           "[{\"a\":1}, \n {}]");
    expect(*state, "select cairn_json_rows('2na', column1) from (values (1), (2), (3))",
           "SQLite: query aborted");
    expect(*state, "select cairn_json_rows('na', 1) where 0", "[]");
    expect(*state, "select cairn_json_rows('na', 1, 2) from (values (1), (2))",
           "E|XX000|the values of a JSON row are not as many as the keys|");
    expect(*state, "select cairn_json_array('s', column1) from (values (1), (null), ('a'))",
           "[\"1\", null, \"a\"]");
    expect(*state, "select cairn_json_array('n', 1) where 0", "[]");
    expect(*state,
           "select cairn_json_agg(column1 order by column2 desc) from (values ('1', 1), ('2', 2))",
           "[2, \n 1]");
    expect(*state,
           "select group_concat(x, ';') from (select column1, cairn_json_array('n', column2) as x "
           "from (values (1, 10), (2, 20), (1, 11)) group by column1)",
           "[10, 11];[20]");
}

static void
sums_of_nothing_are_null_and_the_others_exact(void **state)
{
    static const struct {
        const char *sql;
        const char *result;
    } rows[] = {
        {"cairn_num_sum(column1) from (values ('0.1'), ('0.2'), (null), (3))", "3.3"},
        {"cairn_num_avg(column1) from (values (1), (2))", "1.5000000000000000"},
        {"cairn_num_sum(column1) from (values (null))", "NULL"},
        {"cairn_num_avg(1) where 0", "NULL"},
        {"cairn_num_min(column1) from (values ('10'), ('9'), (null))", "9"},
        {"cairn_num_max(column1) from (values ('10'), ('9'), (null))", "10"},
        {"cairn_num_max(1) where 0", "NULL"},
        {"cairn_int_sum(column1) from (values (9223372036854775807), (1), (-5))",
         "E|22003|bigint out of range|"},
        {"cairn_int_sum(column1) from (values (1), (2), (null))", "3"},
        {"cairn_int_sum(1) where 0", "NULL"},
        {"cairn_json_value('d', cairn_float_sum(column1)) from (values (0.1), (0.2), (0.3))",
         "0.6000000000000001"},
        {"cairn_json_value('f', cairn_float4_sum(column1)) from (values (0.1), (0.2), (0.3))",
         "0.6"},
        {"cairn_json_value('d', cairn_float_avg(column1)) from (values (1.0), (2.0), ('NaN'))",
         "\"NaN\""},
        {"cairn_float_sum(column1) from (values (1e308), (1e308))",
         "E|22003|value out of range: overflow|"},
        {"cairn_num_sum(column1) from (values ('x'))",
         "E|22P02|invalid input syntax for type numeric: \"x\"|"},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        char sql[256];

        snprintf(sql, sizeof(sql), "select %s", rows[i].sql);
        expect(*state, sql, rows[i].result);
    }
}

static void
an_aggregate_that_is_broken_off_leaves_nothing_behind(void **state)
{
    static const char *const statements[] = {
        "select cairn_json_agg(column1), cairn_num_sum(column1), cairn_num_max(column1), "
        "cairn_raise(case when max(column1) then '23514' end, 'stop', null) from (values (1), (2))",
        "select cairn_json_agg(column1), cairn_num_max(column1), "
        "cairn_num_sum(cairn_cast(column1, 'text', 'numeric')) from (values ('1'), ('x'))",
    };

    for (size_t i = 0; i < COUNTOF(statements); i++) {
        struct buf out;

        buf_init(&out, 1 << 16);
        answer(*state, str_from(statements[i]), &out);
        assert_true(str_has_prefix(buf_str(&out), STR("E|")));
        buf_fini(&out);
    }
}

static void
results_that_grow_without_end_are_refused(void **state)
{
    expect(*state, "select cairn_repeat('0123456789', 2000000000)",
           "E|54000|requested length too large|");
    expect(*state, "select cairn_lpad('x', 2000000000)", "E|54000|requested length too large|");
    expect(*state, "select length(cairn_num_mul('1e131000', '1e60'))", "131061");
    expect(*state, "select cairn_num_mul('1e131000', '1e100')",
           "E|22003|value overflows numeric format|");
}

static void
a_null_argument_gives_null(void **state)
{
    static const char *const calls[] = {
        "cairn_cast(1, null, 'text')",
        "cairn_int_add(1, null, 4)",
        "cairn_num_add(null, '1')",
        "cairn_float_mul(1, null, 8)",
        "cairn_like(null, '%', 0)",
        "cairn_regex('a', null, 0)",
        "cairn_substr('a', null)",
        "cairn_left(null, 1)",
        "cairn_split_part('a', null, 1)",
        "cairn_date_add(null, 1)",
        "cairn_json_get('{}', null, 0)",
        "cairn_extract('day', null, 'date')",
        "cairn_date_trunc('day', null, 'timestamp')",
    };

    for (size_t i = 0; i < COUNTOF(calls); i++) {
        char sql[128];

        snprintf(sql, sizeof(sql), "select %s", calls[i]);
        expect(*state, sql, "NULL");
    }
}

static void
they_may_stand_in_a_schema(void **state)
{
    sqlite3 *db = ((struct fixture *)*state)->db;

    assert_int_equal(
        sqlite3_exec(db,
                     "pragma trusted_schema = off;"
                     "create table t(id integer primary key default (cairn_nextval('public.seq')),"
                     " at text default (cairn_now()), u text default (cairn_uuid()),"
                     " a integer check (cairn_int_add(a, 1, 4) > 0),"
                     " b text generated always as (cairn_upper(u)) stored);"
                     "create index t_lower on t(cairn_lower(u));"
                     "insert into t(a) values (1);",
                     NULL, NULL, NULL),
        SQLITE_OK);
    expect(*state, "select b = upper(u) and at = cairn_now() from t", "1");
    expect(*state, "insert into t(a) values (2147483647)", "E|22003|integer out of range|");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(functions_answer_as_postgresql_does),
        TEST(now_is_what_the_transaction_says_and_clock_goes_on),
        TEST(uuids_are_random_and_of_version_4),
        TEST(sequences_are_asked_where_there_are_some),
        TEST(raise_fails_with_what_it_is_given),
        TEST(an_error_comes_apart_or_is_not_ours),
        TEST(casts_cut_and_assignments_refuse),
        TEST(types_that_vary_from_row_to_row_are_not_mixed_up),
        TEST(numbers_sort_by_value),
        TEST(rows_become_objects_as_row_to_json_writes_them),
        TEST(claims_can_be_looked_into_and_kept),
        TEST(lists_separate_as_json_agg_does),
        TEST(sums_of_nothing_are_null_and_the_others_exact),
        TEST(an_aggregate_that_is_broken_off_leaves_nothing_behind),
        TEST(results_that_grow_without_end_are_refused),
        TEST(a_null_argument_gives_null),
        TEST(they_may_stand_in_a_schema),
    };

    assert(argc == 2);
    table_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
