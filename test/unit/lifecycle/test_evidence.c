/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "lifecycle/evidence.h"
#include "unit/unit_dir.h"

#define NOW_US ((int64_t)1795256043 * 1000000)

static struct err err;
static struct arena *arena;
static const struct evidence_subject subject = {"c0", "50", "b0", LIFECYCLE_POC};

static int
set_up(void **state)
{
    arena = arena_new(4096, 64 << 20);

    return unit_dir_make(state);
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return unit_dir_remove(state);
}

static const char *
write_run_at(enum lifecycle_stage stage, int64_t at_us, const char *row,
             enum evidence_outcome outcome, enum lifecycle_class class, const char *target)
{
    struct evidence item = {.row = row,
                            .class = class,
                            .outcome = outcome,
                            .measured = "p95 12 ms \"quick\"",
                            .limit = "below 1 s",
                            .detail = "",
                            .at_us = at_us,
                            .seconds = 1.5};
    struct evidence_run run = {.at_us = at_us,
                               .version = "0.1.0",
                               .target = target,
                               .host = "test",
                               .subject = subject,
                               .items = &item,
                               .count = 1};
    const char *file = NULL;

    run.subject.stage = stage;
    evidence_add_figure(&item, "p95", 12.25, "ms");
    assert_ok(evidence_write(unit_dir, &run, arena, &file, &err));

    return file;
}

static const char *
write_run(int64_t at_us, const char *row, enum evidence_outcome outcome, enum lifecycle_class class,
          const char *target)
{
    return write_run_at(LIFECYCLE_POC, at_us, row, outcome, class, target);
}

static void
load(const struct evidence_subject *now, int64_t now_us, struct evidence_store *out)
{
    assert_ok(evidence_load(unit_dir, "", now, now_us, arena, out, &err));
}

static void
clean(const char *file)
{
    unlink(unit_path(file));
}

static void
what_a_run_found_is_read_back(void **state)
{
    const char *file = write_run(NOW_US, "latency", EVIDENCE_PASS, LIFECYCLE_MEASURED, "");
    const struct evidence *found;
    struct evidence_store store;

    assert_string_equal(file, EVIDENCE_DIR "/2026-11-21T10-14-03Z.json");
    load(&subject, NOW_US, &store);
    assert_int_equal(store.fault_count, 0);
    found = evidence_find(&store, "latency");
    assert_non_null(found);
    assert_int_equal(found->outcome, EVIDENCE_PASS);
    assert_string_equal(found->measured, "p95 12 ms \"quick\"");
    assert_true(evidence_get_figure(found, "p95")->value == 12.25);
    assert_string_equal(evidence_get_figure(found, "p95")->unit, "ms");
    assert_false(found->is_stale);
    assert_null(evidence_find(&store, "throughput"));
    clean(file);
}

static void
the_newest_of_a_row_counts(void **state)
{
    const char *old = write_run(NOW_US - 5000000, "latency", EVIDENCE_FAIL, LIFECYCLE_MEASURED, "");
    const char *new = write_run(NOW_US, "latency", EVIDENCE_PASS, LIFECYCLE_MEASURED, "");
    struct evidence_store store;

    load(&subject, NOW_US, &store);
    assert_int_equal(store.count, 1);
    assert_int_equal(evidence_find(&store, "latency")->outcome, EVIDENCE_PASS);
    clean(old);
    clean(new);
}

static enum evidence_outcome
outcome_at(const struct evidence_store *store, const char *row, enum lifecycle_stage stage,
           bool *is_stale)
{
    const struct evidence *found = evidence_find_of_stage(store, row, stage, is_stale);

    assert_non_null(found);

    return found->outcome;
}

static void
each_stage_has_evidence_of_its_own(void **state)
{
    const char *mvp = write_run_at(LIFECYCLE_MVP, NOW_US - 5000000, "latency", EVIDENCE_FAIL,
                                   LIFECYCLE_MEASURED, "");
    const char *poc = write_run(NOW_US, "latency", EVIDENCE_PASS, LIFECYCLE_MEASURED, "");
    struct evidence_store store;
    bool is_stale;

    load(&subject, NOW_US, &store);
    assert_int_equal(store.count, 2);
    assert_int_equal(evidence_find(&store, "latency")->outcome, EVIDENCE_PASS);
    assert_int_equal(outcome_at(&store, "latency", LIFECYCLE_POC, &is_stale), EVIDENCE_PASS);
    assert_false(is_stale);
    assert_int_equal(outcome_at(&store, "latency", LIFECYCLE_MVP, &is_stale), EVIDENCE_FAIL);
    assert_false(is_stale);
    assert_int_equal(outcome_at(&store, "latency", LIFECYCLE_SCALE, &is_stale), EVIDENCE_PASS);
    assert_true(is_stale);
    assert_null(evidence_find_of_stage(&store, "throughput", LIFECYCLE_MVP, &is_stale));
    assert_false(is_stale);
    clean(mvp);
    clean(poc);
}

static void
files_are_the_same_at_each_stage(void **state)
{
    const char *mvp = write_run_at(LIFECYCLE_MVP, NOW_US - 5000000, "readme", EVIDENCE_FAIL,
                                   LIFECYCLE_STATIC, "");
    const char *poc = write_run(NOW_US, "readme", EVIDENCE_PASS, LIFECYCLE_STATIC, "");
    struct evidence_store store;
    bool is_stale;

    load(&subject, NOW_US, &store);
    assert_int_equal(outcome_at(&store, "readme", LIFECYCLE_MVP, &is_stale), EVIDENCE_PASS);
    assert_false(is_stale);
    clean(mvp);
    clean(poc);
}

static void
evidence_about_something_else_is_stale(void **state)
{
    const char *file = write_run(NOW_US, "latency", EVIDENCE_PASS, LIFECYCLE_MEASURED, "");
    struct evidence_subject now = subject;
    struct evidence_store store;

    now.schema[0] = 'x';
    load(&now, NOW_US, &store);
    assert_true(evidence_find(&store, "latency")->is_stale);
    load(&subject, NOW_US - 1000000, &store); /* a clock that went back */
    assert_true(evidence_find(&store, "latency")->is_stale);
    clean(file);
}

/* What a clock that was ahead has left is in the way of nothing. */
static void
older_evidence_counts_when_the_newer_is_stale(void **state)
{
    const char *ahead =
        write_run(NOW_US + 86400000000, "latency", EVIDENCE_FAIL, LIFECYCLE_MEASURED, "");
    const char *old = write_run(NOW_US - 9000000, "latency", EVIDENCE_FAIL, LIFECYCLE_MEASURED, "");
    const char *new = write_run(NOW_US - 5000000, "latency", EVIDENCE_PASS, LIFECYCLE_MEASURED, "");
    struct evidence_store store;

    load(&subject, NOW_US, &store);
    assert_int_equal(store.count, 1);
    assert_int_equal(store.items[0].outcome, EVIDENCE_PASS);
    assert_false(store.items[0].is_stale);
    clean(ahead);
    clean(old);
    clean(new);
}

static void
evidence_about_another_service_does_not_count(void **state)
{
    const char *file = write_run(NOW_US, "latency", EVIDENCE_PASS, LIFECYCLE_MEASURED, "fastify");
    struct evidence_store store;

    load(&subject, NOW_US, &store);
    assert_int_equal(store.count, 0);
    assert_int_equal(store.fault_count, 0);
    clean(file);
}

/* Every byte of a file that is changed or cut off makes it worth nothing. */
static void
a_file_that_was_cut_or_edited_counts_for_nothing(void **state)
{
    const char *file = write_run(NOW_US, "latency", EVIDENCE_FAIL, LIFECYCLE_MEASURED, "");
    const char *why = NULL;
    struct buf text;

    buf_init(&text, 1 << 20);
    assert_ok(file_read(unit_path(file), &text, NULL, &err));
    assert_non_null(evidence_parse(buf_str(&text), arena, &why));
    for (size_t i = 0; i < text.len; i++) {
        assert_null(evidence_parse(str_make(text.data, i), arena, &why));
        text.data[i] ^= 1;
        if (evidence_parse(buf_str(&text), arena, &why) != NULL)
            fail_msg("byte %zu was changed", i);
        text.data[i] ^= 1;
    }
    buf_fini(&text);
    clean(file);
}

static void
a_file_that_is_no_evidence_is_named(void **state)
{
    struct evidence_store store;

    assert_ok(dir_make(unit_path(EVIDENCE_DIR), 0755, &err));
    assert_ok(file_replace(unit_path(EVIDENCE_DIR "/x.json"), STR("{}\n"), 0644, &err));
    load(&subject, NOW_US, &store);
    assert_int_equal(store.fault_count, 1);
    assert_string_equal(store.faults[0].file, "x.json");
    assert_contains(store.faults[0].why, "cut short or changed");
    clean(EVIDENCE_DIR "/x.json");
}

static void
two_runs_in_one_second_are_both_kept(void **state)
{
    const char *one = write_run(NOW_US, "latency", EVIDENCE_PASS, LIFECYCLE_MEASURED, "");
    const char *two = write_run(NOW_US, "throughput", EVIDENCE_PASS, LIFECYCLE_MEASURED, "");
    struct evidence_store store;

    assert_string_not_equal(one, two);
    load(&subject, NOW_US, &store);
    assert_int_equal(store.count, 2);
    clean(one);
    clean(two);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_run_found_is_read_back),
        cmocka_unit_test(the_newest_of_a_row_counts),
        cmocka_unit_test(each_stage_has_evidence_of_its_own),
        cmocka_unit_test(files_are_the_same_at_each_stage),
        cmocka_unit_test(evidence_about_something_else_is_stale),
        cmocka_unit_test(older_evidence_counts_when_the_newer_is_stale),
        cmocka_unit_test(evidence_about_another_service_does_not_count),
        cmocka_unit_test(a_file_that_was_cut_or_edited_counts_for_nothing),
        cmocka_unit_test(a_file_that_is_no_evidence_is_named),
        cmocka_unit_test(two_runs_in_one_second_are_both_kept),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
