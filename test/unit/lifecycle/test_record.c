/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "lifecycle/record.h"
#include "unit/unit_dir.h"

static struct err err;
static struct arena *arena;

static int
set_up(void **state)
{
    arena = arena_new(4096, 16 << 20);

    return unit_dir_make(state);
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return unit_dir_remove(state);
}

static void
a_project_without_a_record_has_an_empty_one(void **state)
{
    struct record record;

    assert_ok(record_load(unit_dir, arena, &record, &err));
    assert_int_equal(record.attested_count, 0);
    assert_string_equal(record.poc.started, "");
    assert_null(record_find_waiver(&record, "tls"));
}

static void
what_is_saved_is_read_back(void **state)
{
    struct poc_criterion *criterion;
    struct record record, again;

    assert_ok(record_load(unit_dir, arena, &record, &err));
    assert_ok(record_attest(
        &record, arena,
        &(struct attestation){"on-call", "Ann \"A\"", "2026-11-21", "2027-01-31", "by turns"},
        &err));
    assert_ok(record_waive(
        &record, arena, &(struct waiver){"backups", "Ben", "demo data", "2026-11-21", "2026-12-24"},
        &err));
    *RECORD_ADD(arena, record.promoted, record.promoted_count) =
        (struct promotion){"mvp", "2026-11-21"};
    record.poc.started = "2026-11-01";
    record.poc.ends = "2026-11-29";
    record.poc.weeks = 4;
    *RECORD_ADD(arena, record.poc.questions, record.poc.question_count) = "Is it fast enough?";
    criterion = RECORD_ADD(arena, record.poc.criteria, record.poc.criterion_count);
    *criterion = (struct poc_criterion){.text = "throughput >= 100.5",
                                        .figure = "throughput",
                                        .op = ">=",
                                        .value = 100.5,
                                        .met_by = "",
                                        .met_on = ""};
    assert_ok(record_save(unit_dir, &record, &err));

    assert_ok(record_load(unit_dir, arena, &again, &err));
    assert_string_equal(record_find_attestation(&again, "on-call")->by, "Ann \"A\"");
    assert_string_equal(record_find_attestation(&again, "on-call")->until, "2027-01-31");
    assert_string_equal(record_find_waiver(&again, "backups")->reason, "demo data");
    assert_string_equal(again.promoted[0].stage, "mvp");
    assert_int_equal(again.poc.weeks, 4);
    assert_string_equal(again.poc.questions[0], "Is it fast enough?");
    assert_true(again.poc.criteria[0].value == 100.5);
    unlink(unit_path(RECORD_FILE));
}

static void
the_later_word_about_a_row_replaces_the_earlier(void **state)
{
    struct record record;

    assert_ok(record_load(unit_dir, arena, &record, &err));
    for (int i = 0; i < 2; i++)
        assert_ok(record_attest(
            &record, arena,
            &(struct attestation){"on-call", i == 0 ? "Ann" : "Ben", "2026-11-21", "", ""}, &err));
    assert_int_equal(record.attested_count, 1);
    assert_string_equal(record.attested[0].by, "Ben");
}

static void
many_entries_stay_in_order(void **state)
{
    struct record record;

    assert_ok(record_load(unit_dir, arena, &record, &err));
    for (int i = 0; i < RECORD_ITEMS_MAX; i++)
        assert_ok(record_attest(&record, arena,
                                &(struct attestation){arena_printf(arena, "row-%d", i).data, "Ann",
                                                      "2026-11-21", "", ""},
                                &err));
    assert_string_equal(record.attested[777].row, "row-777");
    assert_false(record_attest(
        &record, arena, &(struct attestation){"one-more", "Ann", "2026-11-21", "", ""}, &err));
}

static void
an_unsound_file_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "line 1"},
        {"{", "line 1"},
        {"[]", "an object is needed"},
        {"{}", "schema is not 1"},
        {"{\"schema\": 2}", "schema is not 1"},
        {"{\"schema\": 1, \"atested\": []}", "unknown field 'atested'"},
        {"{\"schema\": 1, \"attested\": {}}", "attested: a list"},
        {"{\"schema\": 1, \"attested\": [1]}", "attested[0]: an object"},
        {"{\"schema\": 1, \"attested\": [{\"row\": \"a\", \"by\": \"b\", \"on\": \"today\"}]}",
         "attested[0]: on is no day: 'today'"},
        {"{\"schema\": 1, \"attested\": [{\"row\": \"a\", \"on\": \"2026-01-01\"}]}",
         "attested[0]: by is missing"},
        {"{\"schema\": 1, \"waived\": [{\"row\": \"a\", \"owner\": \"b\", \"reason\": \"c\", \"on\": "
         "\"2026-01-01\"}]}",
         "waived[0]: until is no day"},
        {"{\"schema\": 1, \"promoted\": [{\"stage\": \"beta\", \"on\": \"2026-01-01\"}]}",
         "promoted[0]: stage is poc"},
        {"{\"schema\": 1, \"poc\": {\"questions\": \"why\"}}", "poc: questions is a list of texts"},
        {"{\"schema\": 1, \"poc\": {\"criteria\": [{\"text\": \"t\", \"figure\": \"p95\"}]}}",
         "criteria[0]: a figure needs op"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct record record;

        assert_ok(file_replace(unit_path(RECORD_FILE), str_from(cases[i].text), 0644, &err));
        if (record_load(unit_dir, arena, &record, &err))
            fail_msg("accepted: %s", cases[i].text);
        assert_contains(err.message, RECORD_FILE);
        assert_contains(err.message, cases[i].says);
        assert_int_equal(record.attested_count, 0);
    }
    unlink(unit_path(RECORD_FILE));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_project_without_a_record_has_an_empty_one),
        cmocka_unit_test(what_is_saved_is_read_back),
        cmocka_unit_test(the_later_word_about_a_row_replaces_the_earlier),
        cmocka_unit_test(many_entries_stay_in_order),
        cmocka_unit_test(an_unsound_file_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
