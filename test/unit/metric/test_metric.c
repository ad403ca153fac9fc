/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"
#include "metric/metric.h"
#include "unit/unit.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>

#include "def/routes.h"

static struct buf out;

static int
set_up(void **state)
{
    buf_init(&out, (size_t)4 << 20);
    return 0;
}

static int
tear_down(void **state)
{
    buf_fini(&out);
    return 0;
}

static const char *
text(void)
{
    buf_clear(&out);
    metric_write_text(&out);
    assert_true(buf_ok(&out));
    return buf_cstr(&out);
}

static void
counters_count_by_label(void **state)
{
    int64_t before = metric_get(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_WRITER);

    metric_add(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_WRITER, 2);
    metric_add(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_WRITER, 1);
    metric_add(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_POSTGRES, 5);
    assert_int_equal(metric_get(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_WRITER),
                     before + 3);
    assert_contains(text(), "\ncairn_db_queue_refused_total{queue=\"writer\"} 3\n");
    assert_contains(text(), "\ncairn_db_queue_refused_total{queue=\"postgres\"} 5\n");
    assert_contains(text(), "\ncairn_db_queue_refused_total{queue=\"reader\"} 0\n");
}

static void
two_labels_make_one_cell_each(void **state)
{
    size_t cell = metric_cell(METRIC_HTTP_REQUESTS, ROUTE_NONE, metric_status_index(404));
    size_t other = metric_cell(METRIC_HTTP_REQUESTS, 0, metric_status_index(299));
    char want[200];

    assert_null(strstr(text(), "cairn_http_requests_total{"));
    metric_add(METRIC_HTTP_REQUESTS, cell, 1);
    metric_add(METRIC_HTTP_REQUESTS, other, 4);
    assert_contains(text(), "\ncairn_http_requests_total{route=\"none\",status=\"404\"} 1\n");
    snprintf(want, sizeof(want), "\ncairn_http_requests_total{route=\"%s\",status=\"other\"} 4\n",
             route_names[0]);
    assert_contains(text(), want);
}

static void
gauges_go_up_and_down_and_below_zero(void **state)
{
    metric_add(METRIC_HTTP_REQUESTS_IN_FLIGHT, 0, 3);
    metric_add(METRIC_HTTP_REQUESTS_IN_FLIGHT, 0, -5);
    assert_contains(text(), "\ncairn_http_requests_in_flight -2\n");
    metric_set(METRIC_HTTP_REQUESTS_IN_FLIGHT, 0, 7);
    assert_contains(text(), "\ncairn_http_requests_in_flight 7\n");
}

static void
histograms_are_cumulative_and_bounds_belong_to_their_bucket(void **state)
{
    const char *now;

    metric_observe(METRIC_DB_COMMIT_GROUP, 0, 1);
    metric_observe(METRIC_DB_COMMIT_GROUP, 0, 1.5);
    metric_observe(METRIC_DB_COMMIT_GROUP, 0, 1024);
    metric_observe(METRIC_DB_COMMIT_GROUP, 0, 1025);
    assert_int_equal(metric_get(METRIC_DB_COMMIT_GROUP, 0), 4);
    now = text();
    assert_contains(now, "# TYPE cairn_db_commit_group_size histogram\n");
    assert_contains(now, "\ncairn_db_commit_group_size_bucket{le=\"1\"} 1\n");
    assert_contains(now, "\ncairn_db_commit_group_size_bucket{le=\"2\"} 2\n");
    assert_contains(now, "\ncairn_db_commit_group_size_bucket{le=\"1024\"} 3\n");
    assert_contains(now, "\ncairn_db_commit_group_size_bucket{le=\"+Inf\"} 4\n");
    assert_contains(now, "\ncairn_db_commit_group_size_sum 2051.5\n");
    assert_contains(now, "\ncairn_db_commit_group_size_count 4\n");
}

static void
nonsense_observed_counts_as_zero(void **state)
{
    const char *now;

    metric_observe(METRIC_DB_COMMIT_DURATION, 0, -1);
    metric_observe(METRIC_DB_COMMIT_DURATION, 0, strtod("nan", NULL));
    metric_observe(METRIC_DB_COMMIT_DURATION, 0, 0);
    now = text();
    assert_contains(now, "\ncairn_db_commit_duration_seconds_bucket{le=\"0.0005\"} 3\n");
    assert_contains(now, "\ncairn_db_commit_duration_seconds_sum 0\n");
}

static void
a_histogram_with_labels_names_the_bound_last(void **state)
{
    metric_observe(METRIC_DB_STATEMENT_DURATION, METRIC_DB_STATEMENT_DURATION_KIND_WRITE, 0.25);
    assert_contains(text(),
                    "\ncairn_db_statement_duration_seconds_bucket{kind=\"write\",le=\"0.25\"} 1\n");
    assert_contains(text(), "\ncairn_db_statement_duration_seconds_sum{kind=\"write\"} 0.25\n");
}

#define THREADS 4
#define ROUNDS 20000

static atomic_int ready;
static atomic_bool go_on;

static void *
count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(METRIC_DB_READS_MOVED, 0, 1);
        metric_observe(METRIC_LOOP_LAG, 0, 0.5);
    }
    metric_set(METRIC_SCHEMA_TABLES, 0, 10);
    metric_add(METRIC_HTTP_CONNECTIONS, 0, 1);
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&go_on))
        ;
    return NULL;
}

static void
threads_count_alone_and_are_summed(void **state)
{
    for (int round = 1; round <= 3; round++) {
        pthread_t threads[THREADS];

        atomic_store(&ready, 0);
        atomic_store(&go_on, false);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
        while (atomic_load(&ready) < THREADS)
            text();
        assert_int_equal(metric_get(METRIC_DB_READS_MOVED, 0), round * THREADS * ROUNDS);
        assert_int_equal(metric_get(METRIC_LOOP_LAG, 0), round * THREADS * ROUNDS);
        assert_int_equal(metric_get(METRIC_SCHEMA_TABLES, 0), 10);
        assert_int_equal(metric_get(METRIC_HTTP_CONNECTIONS, 0), THREADS);
        atomic_store(&go_on, true);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);

        /* What was counted stays, and another thread can take it back. */
        assert_int_equal(metric_get(METRIC_DB_READS_MOVED, 0), round * THREADS * ROUNDS);
        assert_int_equal(metric_get(METRIC_SCHEMA_TABLES, 0), 10);
        metric_add(METRIC_HTTP_CONNECTIONS, 0, -THREADS);
        assert_int_equal(metric_get(METRIC_HTTP_CONNECTIONS, 0), 0);
        metric_set(METRIC_SCHEMA_TABLES, 0, 3);
        assert_int_equal(metric_get(METRIC_SCHEMA_TABLES, 0), 3);
    }
}

static void
what_others_count_is_asked_for(void **state)
{
    char want[100];

    assert_contains(text(), "\ncairn_build_info{version=\"");
    assert_null(strstr(text(), "process_resident_memory_bytes 0\n"));
    assert_null(strstr(text(), "process_start_time_seconds 0\n"));
    snprintf(want, sizeof(want), "\ncairn_log_lines_total{level=\"error\"} %ju\n",
             (uintmax_t)log_count(LOG_ERROR));
    assert_contains(text(), want);
}

static bool
is_metric_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!isalnum((unsigned char)name.data[i]) && name.data[i] != '_' && name.data[i] != ':')
            return false;
    }
    return name.len > 0 && !isdigit((unsigned char)name.data[0]);
}

/* The part of a sample's name that HELP and TYPE speak of. */
static bool
belongs_to(struct str name, struct str family)
{
    struct str suffix = str_slice(name, family.len, name.len);

    return str_has_prefix(name, family) &&
           (suffix.len == 0 || str_eq(suffix, STR("_bucket")) || str_eq(suffix, STR("_sum")) ||
            str_eq(suffix, STR("_count")));
}

static void
every_line_is_in_the_exposition_format(void **state)
{
    struct str rest = str_from(text());
    struct str family = STR_NULL;
    size_t families = 0;

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str name;
        struct str value;
        char number[64];
        char *end;

        if (str_has_prefix(line, STR("# HELP "))) {
            line = str_slice(line, 7, line.len);
            family = str_cut(&line, ' ');
            assert_true(is_metric_name(family));
            assert_true(line.len > 0);
            families++;
            continue;
        }
        if (str_has_prefix(line, STR("# TYPE "))) {
            line = str_slice(line, 7, line.len);
            assert_true(str_eq(str_cut(&line, ' '), family));
            assert_true(str_eq(line, STR("counter")) || str_eq(line, STR("gauge")) ||
                        str_eq(line, STR("histogram")));
            continue;
        }
        name = str_slice(line, 0, strcspn(line.data, "{ "));
        assert_true(is_metric_name(name));
        assert_true(belongs_to(name, family));
        value = line;
        while (str_find_char(value, ' ', 0) < value.len)
            str_cut(&value, ' ');
        snprintf(number, sizeof(number), "%.*s", STR_ARG(value));
        strtod(number, &end);
        assert_true(end != number && *end == '\0');
    }
    assert_int_equal(families, METRIC_COUNT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_labels_make_one_cell_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counters_count_by_label, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gauges_go_up_and_down_and_below_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(histograms_are_cumulative_and_bounds_belong_to_their_bucket,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(nonsense_observed_counts_as_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_histogram_with_labels_names_the_bound_last, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(threads_count_alone_and_are_summed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_others_count_is_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_line_is_in_the_exposition_format, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
